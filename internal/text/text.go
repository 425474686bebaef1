// Package text checks what people type: names, notes and search words, before they are stored or shown.
package text

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The lengths that most fields have, in characters.
const (
	NameLength  = 255
	NotesLength = 10_000
)

var (
	errRequired = errors.New("is required")
	errUTF8     = errors.New("is not valid UTF-8")
	errControl  = errors.New("contains control characters")
)

// Line returns s without the space around it. It fails if s is not UTF-8, has control characters (line breaks
// included), or is longer than limit characters. Empty is fine; see [Required].
func Line(s string, limit int) (string, error) {
	return clean(s, limit, func(rune) bool { return false })
}

// Required is [Line] for a field that can't be empty.
func Required(s string, limit int) (string, error) {
	line, err := Line(s, limit)
	if err == nil && line == "" {
		err = errRequired
	}
	return line, err
}

// Notes is [Line] for text of several lines: it keeps tabs and line breaks, the latter as "\n".
func Notes(s string, limit int) (string, error) {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return clean(s, limit, func(r rune) bool { return r == '\n' || r == '\t' })
}

func clean(s string, limit int, allowed func(rune) bool) (string, error) {
	if !utf8.ValidString(s) {
		return "", errUTF8
	}
	s = strings.TrimSpace(s)
	for _, r := range s {
		if unhealthy(r) && !allowed(r) {
			return "", errControl
		}
	}
	if utf8.RuneCountInString(s) > limit {
		return "", fmt.Errorf("is longer than %d characters", limit)
	}
	return s, nil
}

// unhealthy reports whether r has no place in a name or a note: control characters, the separators that browsers
// and editors take for line breaks, and the marks that turn the direction of what follows.
func unhealthy(r rune) bool {
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == '\ufeff':
		return true
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return true
	default:
		return false
	}
}

// Fold returns s as searches compare it: lower case, without the space around it.
func Fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// Cell is s as a cell of a table that a spreadsheet may open: one does not take it for a formula. [FromCell] reads it back.
func Cell(s string) string {
	if first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, "'")); strings.ContainsRune("=+-@\t\r＝＋－＠", first) {
		return "'" + s
	}
	return s
}

// FromCell is what [Cell] has made a cell of.
func FromCell(s string) string {
	if rest, quoted := strings.CutPrefix(s, "'"); quoted && Cell(rest) == s {
		return rest
	}
	return s
}

// PrefixRange returns the half-open range [low, high) of the strings that begin with prefix when compared by their
// bytes. It is how a search by prefix uses an index on both databases.
func PrefixRange(prefix string) (low, high string) {
	// The greatest code point sorts after whatever can follow the prefix; no text that was checked here holds it.
	return prefix, prefix + string(unicode.MaxRune)
}

// IsID reports whether s can be an identifier of the store, such as "cus_0hxyz": what can't be one need not be
// looked up, and one of the databases refuses to look for some of it.
func IsID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// maxEmail is the longest address that mail can be sent to, by RFC 5321.
const maxEmail = 254

var errEmail = errors.New("is not an e-mail address")

// Email checks a bare address such as "ada@example.com": nothing around it, no display name, no quoted or bracketed
// parts. It returns the address as it was given, without space around it.
func Email(s string) (string, error) {
	s, err := Required(s, maxEmail)
	if err != nil {
		return "", err
	}
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s || parsed.Name != "" || len(s) > maxEmail {
		return "", errEmail
	}
	at := strings.LastIndexByte(s, '@')
	local, domain := s[:at], s[at+1:]
	if len(local) > 64 || strings.ContainsFunc(local, unicode.IsSpace) {
		return "", errEmail
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, notInLabel) {
			return "", errEmail
		}
	}
	return s, nil
}

func notInLabel(r rune) bool {
	return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}
