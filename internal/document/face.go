package document

import (
	_ "embed"
	"encoding/binary"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The typeface is IBM Plex Sans, under the SIL Open Font License (fonts/OFL.txt): Latin
// with Vietnamese, Greek and Cyrillic, and figures that are all of one width.
var (
	//go:embed fonts/IBMPlexSans-Regular.ttf
	regularFont string
	//go:embed fonts/IBMPlexSans-SemiBold.ttf
	semiboldFont string
)

// replacement stands for a character that the typeface lacks.
const replacement = '\uFFFD'

// covered tells the characters that both fonts have.
var covered = sync.OnceValue(func() map[rune]bool {
	semibold := charactersOf(semiboldFont)
	both := map[rune]bool{}
	for r := range charactersOf(regularFont) {
		both[r] = semibold[r]
	}
	return both
})

// charactersOf reads the character map of a TrueType font, in format 4: the Basic
// Multilingual Plane, as segments of consecutive characters.
func charactersOf(font string) map[rune]bool {
	u16 := func(at int) int { return int(binary.BigEndian.Uint16([]byte(font[at:]))) }
	u32 := func(at int) int { return int(binary.BigEndian.Uint32([]byte(font[at:]))) }
	found := map[rune]bool{}
	for i := range u16(4) {
		entry := 12 + 16*i
		if font[entry:entry+4] != "cmap" {
			continue
		}
		cmap := u32(entry + 8)
		for j := range u16(cmap + 2) {
			sub := cmap + u32(cmap+4+8*j+4)
			if u16(sub) != 4 {
				continue
			}
			double := u16(sub + 6) // twice the number of segments
			for k := 0; k < double; k += 2 {
				last, first := u16(sub+14+k), u16(sub+16+double+k)
				for c := first; c <= last && c < 0xFFFF; c++ {
					found[rune(c)] = true
				}
			}
		}
	}
	return found
}

// printable makes of a text of one line what the fonts can show of it. Accents are put
// together with their letters. Control and formatting characters vanish: some of them
// turn the direction of what follows, and a document must not read differently from
// what it says. What the fonts lack becomes the replacement character.
func printable(s string) string {
	has := covered()
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector):
			return -1
		case has[r]:
			return r
		default:
			return replacement
		}
	}, norm.NFC.String(strings.ToValidUTF8(s, string(replacement))))
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// paragraphs splits a text at its line breaks, of whatever kind, and keeps empty lines
// between others.
func paragraphs(s string) []string {
	s = strings.Trim(lineBreaks.Replace(s), "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}
