package domainname

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Name is a domain in the one form in which it is stored, compared and sent: A-labels in lower case, without the dot of
// the root. Two ways to write the same domain give the same Name. The zero value is no name.
type Name struct{ ascii string }

// profile maps what people type (capitals, wide dots), then asks for what IDNA2008 asks for: no transitional mapping, so
// ß stays ß; letters, digits and hyphens only; joiners and directions where they belong; labels and name not too long.
var profile = idna.New(
	idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(true), idna.ValidateLabels(true), idna.CheckHyphens(true),
	idna.CheckJoiners(true), idna.BidiRule(), idna.VerifyDNSLength(true),
)

// longestInput bounds what is looked at: a name of 253 octets that was typed with the widest letters.
const longestInput = 2048

// ParseName reads a domain as people or other programs write it. A name has at least two labels. The error says in a
// sentence's end what is wrong.
func ParseName(s string) (Name, error) {
	ascii, err := normal(s)
	if err != nil {
		return Name{}, err
	}
	if !strings.Contains(ascii, ".") {
		return Name{}, errors.New("is not a domain name with an extension")
	}
	return Name{ascii}, nil
}

// ParseExtension reads an extension under which domains are sold: "com", "co.uk", "рф". Extensions that a company has
// registered for its customers (the private part of the public suffix list) are none.
func ParseExtension(s string) (string, error) {
	ascii, err := normal(strings.TrimPrefix(s, "."))
	if err != nil {
		return "", err
	}
	if suffix(ascii) != ascii {
		return "", errors.New("is not an extension of a registry")
	}
	return ascii, nil
}

func normal(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", errors.New("is required")
	}
	if len(s) > longestInput || !utf8.ValidString(s) {
		return "", errors.New("is not a domain name")
	}
	ascii, err := profile.ToASCII(s)
	if err != nil {
		return "", errors.New("is not a domain name that IDNA2008 allows")
	}
	ascii = strings.TrimSuffix(ascii, ".")
	for label := range strings.SplitSeq(ascii, ".") {
		if err := checkLabel(label); err != nil {
			return "", err
		}
	}
	if last := ascii[strings.LastIndexByte(ascii, '.')+1:]; !strings.ContainsFunc(last, unicode.IsLetter) {
		return "", errors.New("is an address, not a domain name")
	}
	return ascii, nil
}

// checkLabel asks of a label what the mapping of UTS 46 leaves out and registries demand (RFC 5892): no symbols, and the
// characters that are allowed only beside certain others; nor letters of scripts that nobody writes together.
func checkLabel(label string) error {
	if !strings.HasPrefix(label, "xn--") {
		return nil
	}
	u, err := profile.ToUnicode(label)
	if err != nil || !strings.ContainsFunc(u, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return errors.New("is not a domain name that IDNA2008 allows")
	}
	runes := []rune(u)
	for i, r := range runes {
		if !allowed(runes, i) {
			return fmt.Errorf("has a character that IDNA2008 does not allow there: %U", r)
		}
	}
	return oneScript(runes)
}

// allowed reports whether the i-th character of a label may stand there (RFC 5892, section 2 and appendix A). The joiners
// of A.1 and A.2 were judged before.
func allowed(label []rune, i int) bool {
	before, after := rune(0), rune(0)
	if i > 0 {
		before = label[i-1]
	}
	if i+1 < len(label) {
		after = label[i+1]
	}
	has := func(tables ...*unicode.RangeTable) bool {
		for _, r := range label {
			if unicode.In(r, tables...) {
				return true
			}
		}
		return false
	}
	arabicIndic := &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x0660, Hi: 0x0669, Stride: 1}}}
	extended := &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x06F0, Hi: 0x06F9, Stride: 1}}}
	switch r := label[i]; r {
	case 0x00B7:
		return before == 'l' && after == 'l'
	case 0x0375:
		return unicode.Is(unicode.Greek, after)
	case 0x05F3, 0x05F4:
		return unicode.Is(unicode.Hebrew, before)
	case 0x30FB:
		return has(unicode.Hiragana, unicode.Katakana, unicode.Han)
	case '-', 0x200C, 0x200D, 0x06FD, 0x06FE, 0x0F0B, 0x3007:
		return true
	case 0x0640, 0x07FA, 0x302E, 0x302F, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303B:
		return false
	default:
		if unicode.Is(arabicIndic, r) {
			return !has(extended)
		}
		if unicode.Is(extended, r) {
			return !has(arabicIndic)
		}
		return unicode.In(r, unicode.Ll, unicode.Lo, unicode.Lm, unicode.Mn, unicode.Mc, unicode.Nd)
	}
}

// String is the stored form.
func (n Name) String() string { return n.ascii }

// IsZero reports whether n is no name.
func (n Name) IsZero() bool { return n.ascii == "" }

// Unicode is the name as people read it.
func (n Name) Unicode() string {
	u, err := profile.ToUnicode(n.ascii)
	if err != nil {
		return n.ascii // what can't be shown is shown as it is stored
	}
	return u
}

// Extension returns the extension under which the name is registered, and whether it is sold. Names are sold directly
// under an extension of a registry: www.example.com is none of ours, and neither is example.github.io.
func (n Name) Extension(sold func(extension string) bool) (string, bool) {
	_, parent, _ := strings.Cut(n.ascii, ".")
	return parent, parent != "" && suffix(n.ascii) == parent && sold(parent)
}

// suffix is the longest suffix of a name under which a registry registers: the ICANN part of the public suffix list. A
// name in a top-level domain that the list does not know is registered directly under it.
func suffix(ascii string) string {
	for {
		found, icann := publicsuffix.PublicSuffix(ascii)
		if icann || !strings.Contains(found, ".") {
			return found
		}
		// Somebody's own suffix: the registry's is shorter.
		_, ascii, _ = strings.Cut(found, ".")
	}
}
