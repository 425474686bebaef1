package mail

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
)

// language is what templates need to know of one besides their own words.
type language struct {
	months   [12]string
	date     string // day, month's name, year
	at       string // date, time, zone
	hello    string // with a name
	helloAll string // without one
	and      string
	per      map[civil.Cycle]string // price
	until    string                 // a license that is valid until a date
	count    string                 // a quantity of something
}

// languages are those whose dates and small words are known. Templates in others use the English ones.
var languages = map[string]language{
	"en": {
		months: [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		date:   "%d %s %d", at: "%s, %s %s", hello: "Hello %s,", helloAll: "Hello,", and: "and",
		per: map[civil.Cycle]string{
			civil.OneTime: "%s", civil.Monthly: "%s a month", civil.Quarterly: "%s a quarter", civil.SemiAnnual: "%s every six months",
			civil.Annual: "%s a year", civil.Biennial: "%s every two years", civil.Triennial: "%s every three years",
		},
		until: "valid until %s", count: "%d × %s",
	},
	"de": {
		months: [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
		date:   "%d. %s %d", at: "%s, %s Uhr (%s)", hello: "Guten Tag %s,", helloAll: "Guten Tag,", and: "und",
		per: map[civil.Cycle]string{
			civil.OneTime: "%s", civil.Monthly: "%s im Monat", civil.Quarterly: "%s im Vierteljahr", civil.SemiAnnual: "%s im halben Jahr",
			civil.Annual: "%s im Jahr", civil.Biennial: "%s für zwei Jahre", civil.Triennial: "%s für drei Jahre",
		},
		until: "gültig bis %s", count: "%d × %s",
	},
}

// wordsOf returns the words of the language of a BCP 47 tag.
func wordsOf(tag string) language {
	if l, ok := languages[baseOf(tag)]; ok {
		return l
	}
	return languages["en"]
}

// baseOf is the first part of a tag: "de" of "de-AT".
func baseOf(tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return base
}

func (l language) day(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf(l.date, d.Day, l.months[d.Month-1], d.Year)
}

func (l language) moment(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	return fmt.Sprintf(l.at, l.day(civil.Of(t, zone)), t.Format("15:04"), t.Format("MST"))
}

func (l language) list(items []string) string {
	if n := len(items); n > 1 {
		return strings.Join(items[:n-1], ", ") + " " + l.and + " " + items[n-1]
	}
	return strings.Join(items, "")
}

func (l language) price(m money.Money, c civil.Cycle, tag string) string {
	form, ok := l.per[c]
	if !ok {
		form = "%s"
	}
	return fmt.Sprintf(form, m.Format(tag))
}

// longestName is how long a name may be to be greeted by it.
const longestName = 60

// greeting leaves out what is no name. Whoever orders in the name of a stranger would else write to them through us.
func (l language) greeting(name string) string {
	name = oneLine(name)
	if name == "" || len([]rune(name)) > longestName || strings.ContainsAny(name, `/\@:<>[]{}`) || hasDotWithin(name) {
		return l.helloAll
	}
	return fmt.Sprintf(l.hello, name)
}

// hasDotWithin reports whether a dot stands between two letters or digits, as in addresses of sites.
func hasDotWithin(s string) bool {
	runes := []rune(s)
	for i := 1; i < len(runes)-1; i++ {
		if runes[i] == '.' && isWord(runes[i-1]) && isWord(runes[i+1]) {
			return true
		}
	}
	return false
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// oneLine returns s fit for a header: no control characters, no marks that turn the direction, single spaces.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar, unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return -1
		default:
			return r
		}
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}
