package domainname

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/civil"
)

// Every reason has a sentence of its own in each language, and it names the day where there is one.
func TestSentences(t *testing.T) {
	t.Parallel()
	day := civil.Date{Year: 2027, Month: 3, Day: 4}
	written := map[string]string{"en": "4 March 2027", "de": "4. März 2027", "de-AT": "4. März 2027"}
	dated := map[Reason]bool{OverCap: true, TooEarly: true, TooLate: true, InRedemption: true}
	for language, on := range written {
		seen := map[string]Reason{}
		for _, reason := range Reasons() {
			plain := Refusal{Reason: reason}.Sentence(language)
			if plain == string(reason) || !strings.HasSuffix(plain, ".") || strings.Contains(plain, "%") || strings.Contains(plain, " .") {
				t.Errorf("%s, %s: %q is no sentence", language, reason, plain)
			}
			if other, twice := seen[plain]; twice {
				t.Errorf("%s: %s says what %s says: %q", language, reason, other, plain)
			}
			seen[plain] = reason
			said := Refusal{Reason: reason, FirstDay: day, LastDay: day}.Sentence(language)
			if strings.Contains(said, on) != dated[reason] {
				t.Errorf("%s, %s: %q", language, reason, said)
			}
		}
	}
	if got := (Refusal{Reason: TooEarly, FirstDay: day}).Sentence("fr"); got != "It is too early for a renewal: possible from 4 March 2027 on." {
		t.Errorf("other languages: %q", got)
	}
}
