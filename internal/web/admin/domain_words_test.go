package admin

import (
	"testing"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
)

// What is free is so for any term.
func TestRecurringReadsWell(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		term      int
		amount    int64
		text, sub string
	}{{0, 0, "–", "does not renew by itself"}, {1, 0, "Free", ""}, {2, 0, "Free", ""}, {1, 1200, "€12.00", "a year"}, {2, 2400, "€24.00", "every 2 years"}} {
		if got := recurringCell(domainname.Domain{Term: c.term, Recurring: money.New(c.amount, "EUR")}); got.Text != c.text || got.Sub != c.sub {
			t.Errorf("%d years, %d: %q, %q", c.term, c.amount, got.Text, got.Sub)
		}
	}
}
