package portal

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/domainname"
)

// Of a domain that is only ordered one sentence says when it can be renewed.
func TestTermsOfWhatIsNotHereYet(t *testing.T) {
	t.Parallel()
	terms := make([]domainname.Term, 10)
	for i := range terms {
		terms[i] = domainname.Term{Years: i + 1, Refusal: &domainname.Refusal{Reason: domainname.NotActive}}
	}
	for _, status := range []domainname.Status{domainname.Pending, domainname.PendingRegistration, domainname.PendingTransfer} {
		h := holding{Row: domainname.Row{Standing: domainname.Standing{Status: status}}}
		c := termsCard(h, domainname.Offer{Terms: terms, Refusal: terms[0].Refusal}, true)
		if c == nil || c.Table != nil || len(c.Buttons) > 0 || !strings.HasPrefix(c.Text, "It can be renewed once ") {
			t.Errorf("%s: %+v", status, c)
		}
	}
}

// A wrong nameserver is refused in words that say something to a customer.
func TestWrongNameserver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	d := b.domain(marie, "mine.com", 300)
	br := b.signedIn(marie)
	br.post("/account/domains/"+d.ID+"/nameservers", "nameservers", "bad_host ns2.example.net").is(422).sound().says("is not a domain name").hides("IDNA2008")
}
