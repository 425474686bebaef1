package tax

import (
	"regexp"
	"strings"
)

// vatIDs has, for each member state of the European Union, the form of its VAT identification numbers after the prefix,
// as the Commission's VIES publishes it. A number of this form need not exist: only VIES knows that.
var vatIDs = map[string]*regexp.Regexp{
	"AT": form(`U\d{8}`),
	"BE": form(`[01]\d{9}`),
	"BG": form(`\d{9,10}`),
	"CY": form(`\d{8}[A-Z]`),
	"CZ": form(`\d{8,10}`),
	"DE": form(`\d{9}`),
	"DK": form(`\d{8}`),
	"EE": form(`\d{9}`),
	"ES": form(`[A-Z]\d{7}[A-Z]|\d{8}[A-Z]|[A-Z]\d{8}`),
	"FI": form(`\d{8}`),
	"FR": form(`[A-HJ-NP-Z0-9]{2}\d{9}`),
	"GR": form(`\d{9}`),
	"HR": form(`\d{11}`),
	"HU": form(`\d{8}`),
	"IE": form(`\d[A-Z0-9+*]\d{5}[A-Z]|\d{7}[A-Z]{1,2}`),
	"IT": form(`\d{11}`),
	"LT": form(`\d{9}|\d{12}`),
	"LU": form(`\d{8}`),
	"LV": form(`\d{11}`),
	"MT": form(`\d{8}`),
	"NL": form(`[A-Z0-9+*]{10}\d{2}`),
	"PL": form(`\d{10}`),
	"PT": form(`\d{9}`),
	"RO": form(`\d{2,10}`),
	"SE": form(`\d{10}01`),
	"SI": form(`\d{8}`),
	"SK": form(`\d{10}`),
}

func form(number string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + number + `)$`) }

// InEU reports whether a country, by its ISO 3166 code, is a member state of the European Union.
func InEU(country string) bool {
	_, ok := vatIDs[country]
	return ok
}

// VATID is a VAT identification number of a well-formed kind, as VIES asks for it.
type VATID struct {
	Prefix string // of the member state: its ISO code, but EL for Greece
	Number string // without the prefix
}

// String returns the number with its prefix.
func (id VATID) String() string { return id.Prefix + id.Number }

// ParseVATID reads a VAT identification number of a member state of the European Union, with its prefix. Letters may be
// small, and spaces, points and hyphens between the characters don't count. It reports false if the form is wrong, if
// the number is of another country, or if the country has none. Whether the number exists is a question for VIES.
func ParseVATID(country, s string) (VATID, bool) {
	pattern, ok := vatIDs[country]
	if !ok {
		return VATID{}, false
	}
	prefix := country
	if country == "GR" {
		prefix = "EL"
	}
	s = strings.ToUpper(strings.NewReplacer(" ", "", ".", "", "-", "").Replace(s))
	number, ok := strings.CutPrefix(s, prefix)
	if !ok || !pattern.MatchString(number) {
		return VATID{}, false
	}
	return VATID{Prefix: prefix, Number: number}, true
}
