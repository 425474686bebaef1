package portal

import (
	"strings"
	"testing"
	"time"

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
		h.Bills = []domainname.Bill{{InvoiceID: "inv_1", Sum: money.New(1700, "EUR")}}
		all := h.todo(true, renewal.Outlook{Standing: h.Standing})
		if len(all) != 1 || !strings.Contains(all[0].Title, "run out") || !strings.Contains(all[0].Text, "€17.00") || len(all[0].Actions) != 1 || all[0].Actions[0].Href != "/account/invoices/inv_1" {
			t.Errorf("%s: %+v", status, all)
		}
		h.Bills = []domainname.Bill{{InvoiceID: "inv_1", Sum: money.New(1200, "EUR")}, {InvoiceID: "inv_2", Sum: money.New(500, "EUR")}}
		all = h.todo(true, renewal.Outlook{Standing: h.Standing})
		if len(all) != 1 || len(all[0].Actions) != 2 || all[0].Actions[0].Href != "/account/invoices/inv_1" || all[0].Actions[1].Href != "/account/invoices/inv_2" || !strings.Contains(all[0].Text, "both invoices") {
			t.Errorf("%s, with a fee by itself: %+v", status, all)
		}
		h.Bills[1].Paid = true
		all = h.todo(true, renewal.Outlook{Standing: h.Standing})
		if len(all) != 1 || len(all[0].Actions) != 1 || all[0].Actions[0].Href != "/account/invoices/inv_1" || !strings.Contains(all[0].Text, "to be paid: €12.00") ||
			!strings.Contains(all[0].Text, "paid €5.00 for its fee already") || strings.Contains(all[0].Text, "both") {
			t.Errorf("%s, with its fee paid alone: %+v", status, all)
		}
		if next := h.next(); next.Text != "Pay €12.00" || next.Href != "/account/invoices/inv_1" {
			t.Errorf("%s: %+v", status, next)
		}
	}
}

// A domain that is free with a service is promised a renewal only while the service renews it.
func TestFreeWithService(t *testing.T) {
	t.Parallel()
	end := civil.On(2027, 3, 10)
	h := holding{today: end.AddDays(-60)}
	h.Term, h.Recurring, h.BundledWith, h.Expiry.At = 1, money.New(0, "EUR"), "sub_1", end.StartIn(time.UTC)
	h.Standing = domainname.Standing{Status: domainname.Active, Stage: domainname.StageActive, Window: domainname.Window{End: end}}
	for _, tt := range []struct {
		off, unserved bool
		next, title   string
	}{
		{false, false, "Renews with its service", "Free with a service of yours"},
		{false, true, "Write to us to keep it", "It does not renew with its service any more"},
		{true, false, "Ends on ", "It is not renewed"},
		{true, true, "Ends on ", "It is not renewed"},
	} {
		h.DoNotRenew, h.unserved = tt.off, tt.unserved
		if next, todo := h.next().Text, h.todoActive(); !strings.HasPrefix(next, tt.next) || todo == nil || todo.Title != tt.title {
			t.Errorf("off %v, unserved %v: %q, %+v", tt.off, tt.unserved, next, todo)
		}
	}
}

// Why a term is not on offer stands with the term, not under the name of a column of dates or prices.
func TestRefusedTerm(t *testing.T) {
	t.Parallel()
	why := &domainname.Refusal{Reason: domainname.NotPriced}
	row := termRow(holding{}, domainname.Term{Years: 3, Refusal: why}, true, true)
	if row.Cells[0].Sub != why.Sentence("en") || row.Cells[1].Text != "" || row.Cells[2].Text != "" {
		t.Errorf("%+v", row.Cells)
	}
}
