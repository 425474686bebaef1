package release

import (
	"errors"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the length of the longest file name, in bytes.
const maxName = 200

var errName = errors.New("is not a file name")

// CleanName makes a file name of what a browser or a script sent: the last part of a path, without control and
// invisible characters, without leading dots, at most 200 bytes with its extension kept. It fails when nothing is
// left.
func CleanName(name string) (string, error) {
	name = strings.ToValidUTF8(name, "")
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		// Other formats (Cf) include the marks that turn the direction of text, which can hide an extension.
		if r == '/' || unicode.Is(unicode.C, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return -1
		}
		return r
	}, name)
	name = strings.TrimSpace(strings.TrimLeftFunc(name, func(r rune) bool { return r == '.' || unicode.IsSpace(r) }))
	if len(name) > maxName {
		ext := path.Ext(name)
		if len(ext) > maxName/4 {
			ext = ""
		}
		name = strings.TrimSpace(truncate(name, maxName-len(ext))) + ext
	}
	if name == "" {
		return "", errName
	}
	return name, nil
}

// truncate cuts s to at most n bytes, between characters.
func truncate(s string, n int) string {
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
