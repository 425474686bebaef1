package domainname_test

import (
	"strings"
	"testing"

	"golang.org/x/net/idna"

	"github.com/keystead/keystead/internal/domainname"
)

// Section 13: a label that mixes scripts is refused with the scripts named, however it is written; what Japanese, Chinese
// and Korean write together is not (UTS 39, "highly restrictive").
func TestMixedScripts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ what, name, mixes string }{
		{"Cyrillic а in a Latin name", "pаypal.com", "Cyrillic, Latin"},
		{"Cyrillic о, twice", "gооgle.com", "Cyrillic, Latin"},
		{"Latin a in a Cyrillic name", "пaра.рф", "Cyrillic, Latin"},
		{"Greek ο", "gοοgle.com", "Greek, Latin"},
		{"Greek and Cyrillic", "αлфа.com", "Cyrillic, Greek"},
		{"three", "aαа.com", "Cyrillic, Greek, Latin"},
		{"Armenian օ", "gօogle.com", "Armenian, Latin"},
		{"Thai with Latin", "ไทยtest.com", "Latin, Thai"},
		{"Japanese and Korean", "かな한글.com", "Hangul, Hiragana"},
		{"Chinese and Cyrillic", "中文ж.com", "Cyrillic, Han"},
		{"Bopomofo and Hiragana", "ㄅあ.com", "Bopomofo, Hiragana"},
		{"only one label of several", "пример.pаypal.com", "Cyrillic, Latin"},

		{"Latin", "bücher.com", ""},
		{"Latin with digits and hyphens", "caf-é24.com", ""},
		{"Cyrillic", "пример24.com", ""},
		{"Greek", "παράδειγμα.com", ""},
		{"labels of different scripts", "пример.com", ""},
		{"Han", "例子.com", ""},
		{"Han and Latin", "例子abc.com", ""},
		{"Japanese", "例えばテスト.jp", ""},
		{"Japanese with Latin and digits", "例えばabcテスト2.jp", ""},
		{"the mark that lengthens", "サーバー.jp", ""},
		{"Korean with Han and Latin", "한글漢字abc.kr", ""},
		{"Bopomofo with Han and Latin", "ㄅㄆ例a.tw", ""},
		{"Arabic", "مثال.com", ""},
		{"Hebrew", "דוגמה.com", ""},
		{"Devanagari with a joiner", "क्\u200dष.com", ""},
		{"Thai", "ตัวอย่าง.com", ""},
	} {
		written := []string{tt.name, strings.ToUpper(tt.name)}
		if ascii, err := idna.Punycode.ToASCII(tt.name); err == nil {
			written = append(written, ascii)
		}
		for _, s := range written {
			n, err := domainname.ParseName(s)
			switch {
			case tt.mixes == "" && err != nil:
				t.Errorf("%s: %q %v", tt.what, s, err)
			case tt.mixes != "" && err == nil:
				t.Errorf("%s: %q was taken for %q", tt.what, s, n)
			case tt.mixes != "" && !strings.HasSuffix(err.Error(), "not written together: "+tt.mixes):
				t.Errorf("%s: %q %v, want it to mix %s", tt.what, s, err, tt.mixes)
			}
		}
	}
}
