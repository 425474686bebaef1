package portal

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// A customer can't have a registrar so busy that renewals wait.
func TestActsAtTheRegistrarAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	d := b.domain(marie, "busy.com", 300)
	br := b.signedIn(marie)
	for range perCustomer.Count {
		br.post("/account/domains/"+d.ID+"/lock", "lock", "yes")
	}
	before := b.registry.Sent("update", "busy.com")
	servers := br.post("/account/domains/"+d.ID+"/nameservers", "nameservers", "ns1.example.net\nns2.example.net")
	servers.is(429)
	if !strings.Contains(servers.Body, "Wait a little") {
		t.Errorf("said: %s", servers.Body)
	}
	if n := b.registry.Sent("update", "busy.com"); before == 0 || n != before {
		t.Errorf("%d commands, then %d", before, n)
	}
}

// A code that the registry has taken on and not set yet is shown, too: nobody sees it afterwards.
func TestTransferCodeThatTakesAWhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	d := b.domain(marie, "moving.com", 300)
	br := b.signedIn(marie)
	b.registry.Break(registrartest.Fault{Kind: registrartest.Code, Command: "update", Code: 1001, Commit: true, Times: 1})
	page := br.post("/account/domains/"+d.ID+"/auth-code").is(200).says("shown this once", "may take a while")
	if there, _ := b.registry.Domain("moving.com"); there.AuthCode == "" || !strings.Contains(page.Body, there.AuthCode) {
		t.Errorf("the registry has %q, and it is not shown", there.AuthCode)
	}
}
