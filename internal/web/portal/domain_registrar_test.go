package portal

import (
	"strings"
	"testing"
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
