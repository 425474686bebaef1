package portal

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/money"
)

// What has run out and waits for its money is told once, with the day and the invoice.
func TestOneCalloutOfWhatHasRunOut(t *testing.T) {
	t.Parallel()
	end := civil.On(2026, 11, 14)
	for status, stage := range map[domainname.Status]domainname.Stage{domainname.Grace: domainname.StageGrace, domainname.Redemption: domainname.StageRedemption} {
		h := holding{today: end.AddDays(8)}
		h.Standing = domainname.Standing{Status: status, Stage: stage, Window: domainname.Window{End: end, LastPlain: end.AddDays(30), LastRestore: end.AddDays(60)}}
		h.Owed = &domainname.Renewal{InvoiceID: "inv_1", State: domainname.RenewalOpen, Years: 1, Price: money.New(1200, "EUR"), Fee: money.New(500, "EUR"), Expected: domainname.AddYears(end, 1)}
		all := h.todo(true, renewal.Outlook{Standing: h.Standing})
		if len(all) != 1 || !strings.Contains(all[0].Title, "run out") || !strings.Contains(all[0].Text, "€17.00") || len(all[0].Actions) != 1 || all[0].Actions[0].Href != "/account/invoices/inv_1" {
			t.Errorf("%s: %+v", status, all)
		}
	}
}
