package index

import (
	"strings"
	"unicode/utf8"
)

// tidy makes text of a caller fit to be stored: valid UTF-8 without control characters, at most so many bytes. What
// one caller sends must never make the store refuse the checks of others.
func tidy(s string, most int) string {
	clean := len(s) <= most
	for i := 0; clean && i < len(s); i++ {
		clean = s[i] >= 0x20 && s[i] < 0x7f
	}
	if clean {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
