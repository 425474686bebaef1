package civil

import (
	"fmt"
	"strings"
)

var germanMonths = [...]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}

// Format returns the date as readers of a language write it in a sentence: "10 March 2027" for en, "10. März 2027" for de.
// The language is a BCP 47 tag of which only the first part counts; one that is not known reads as English. The zero Date
// is the empty string.
func (d Date) Format(lang string) string {
	if d.IsZero() {
		return ""
	}
	if base, _, _ := strings.Cut(lang, "-"); strings.EqualFold(base, "de") {
		return fmt.Sprintf("%d. %s %d", d.Day, germanMonths[d.Month-1], d.Year)
	}
	return fmt.Sprintf("%d %s %d", d.Day, d.Month, d.Year)
}
