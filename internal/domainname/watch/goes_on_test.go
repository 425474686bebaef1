package watch_test

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// until lets time pass up to an instant, with all that falls due.
func (h *house) until(instant string) {
	h.Helper()
	at, err := time.Parse(time.RFC3339, instant)
	h.must(err)
	_, err = h.Automation.Advance(h.ctx, at, nil)
	h.must(err)
}

// mails is how many mails of a kind were written about a domain.
func (h *house) mails(kind, id string) (n int) {
	h.Helper()
	h.write(func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(h.ctx, `SELECT COUNT(*) FROM mails WHERE kind = $1 AND subject_id = $2`, kind, id).Scan(&n)
	})
	return n
}

// F1: whatever a registrar answers instead of a date, the invoice is made on its day and the notices are sent on theirs.
func TestF1InvoicesAndNoticesGoOn(t *testing.T) {
	each(t, func(h *house) {
		d := h.put("bad.gtld", civil.On(2026, 12, 20))
		day := 25
		for _, raw := range []string{"", "0000-00-00", "-0001-11-30", "1969-12-31", "1970-01-01", "2099-01-01", "soon"} {
			h.fake.Change("bad.gtld", func(at *registrartest.Domain) { at.Expiry = raw })
			h.until(civil.On(2026, 11, day).String() + "T12:00:00Z")
			h.sync()
			day++
		}
		h.until("2026-12-05T23:00:00Z")
		if _, r := h.read(d.ID); r.ID != "" {
			h.Errorf("invoiced too soon: %+v", r)
		}
		h.until("2026-12-06T12:00:00Z")
		_, r := h.read(d.ID)
		h.want("renewal", r.State, domainname.RenewalOpen)
		inv := h.invoice(r.InvoiceID)
		h.want("invoice", inv.IssuedOn.String()+" "+inv.DueOn.String()+" "+inv.Total.Decimal(), "2026-12-06 2026-12-20 10.00")
		before := h.mails("domain_expiring", d.ID)
		h.until("2026-12-13T12:00:00Z")
		h.want("notices 7 days before", h.mails("domain_expiring", d.ID)-before, 1)
		h.until("2026-12-23T12:00:00Z")
		h.want("notices 3 days after", h.mails("domain_expired", d.ID), 1)
		d, _ = h.read(d.ID)
		h.want("R, P, next due", d.Expiry.Date().String()+" "+d.PaidThrough.String()+" "+d.NextDue.String(), "2026-12-20 2026-12-20 2026-12-20")
	})
}

// B6: the date of the registry moves at the expiry. Until then a reading of the old one undoes nothing, and there is no second
// renewal.
func TestB6ArrangedUntilTheDateMoves(t *testing.T) {
	each(t, func(h *house) {
		latest := -2
		_, err := h.Domains.CreatePolicy(h.ctx, domainname.Policy{
			Extension: "later", ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 1, StepYears: 1, ExplicitRenew: true, Latest: &latest,
			DateMoves: domainname.AtExpiry, ExpiryRounding: domainname.NoRounding, DueMargin: 3,
		})
		h.must(err)
		_, err = h.Domains.SetPrices(h.ctx, domainname.Prices{{
			Extension: "later", Kind: domainname.ForRenewal, Years: 1, Currency: "EUR", ValidFrom: civil.On(2020, 1, 1), Amount: 1200,
		}})
		h.must(err)
		name, err := domainname.ParseName("date.later")
		h.must(err)
		end := civil.On(2026, 12, 10)
		d := domainname.Domain{
			Name: name, Extension: "later", CustomerID: h.customer, RegistrarID: h.to, Kind: domainname.Registered, Status: domainname.Active,
			Expiry:      domainname.Expiry{At: end.StartIn(time.UTC).Add(10 * time.Hour), Raw: "2026-12-10T10:00:00Z", Source: domainname.FromEPP},
			PaidThrough: end, NextDue: end.AddDays(-5), Term: 1, Recurring: money.New(1000, "EUR"), DoNotRenew: true,
		}
		h.write(func(tx *db.Tx) error { return domainname.Insert(h.ctx, tx, &d) })
		h.fake.Expires("date.later", d.Expiry.Raw)
		h.fake.Break(registrartest.Fault{Kind: registrartest.AtExpiry, Command: "renew"})

		orders := func() (order.Order, error) {
			return h.Orders.Place(h.ctx, order.Input{CustomerID: h.customer, Items: []order.Item{{
				Domain: &order.DomainItem{Action: domainname.ForRenewal, DomainID: d.ID, Years: 1},
			}}})
		}
		o, err := orders()
		h.must(err)
		h.pay(o.InvoiceID)
		h.run()
		stands := func(state domainname.RenewalState, dates string) {
			h.Helper()
			now, r := h.read(d.ID)
			h.want("renewal", r.State, state)
			h.want("R, P, next due", now.Expiry.Date().String()+" "+now.PaidThrough.String()+" "+now.NextDue.String(), dates)
			h.want("sent", h.fake.Sent("renew", "date.later"), 1)
		}
		const arranged = "2026-12-10 2027-12-10 2027-12-05"
		stands(domainname.RenewalArranged, arranged)
		out, err := h.Renewals.Outlook(h.ctx, d.ID)
		h.must(err)
		if len(out.Steps) != 1 || out.Steps[0].What != "registry_date_moves" || out.Steps[0].On != end || !out.Standing.Confirming {
			h.Errorf("outlook: %+v", out)
		}

		h.until("2026-11-25T12:00:00Z")
		h.sync()
		stands(domainname.RenewalArranged, arranged)
		_, err = orders()
		if e := fail.Of(err); e == nil || e.Code != "RENEWAL_OPEN" {
			h.Errorf("a second order: %v", err)
		}

		h.until("2026-12-10T09:00:00Z")
		stands(domainname.RenewalArranged, arranged)
		h.fake.Expires("date.later", "2027-12-10T10:00:00Z")
		h.until("2026-12-10T11:00:00Z")
		h.sync()
		stands(domainname.RenewalConfirmed, "2027-12-10 2027-12-10 2027-12-05")
		h.want("told", h.mails("domain_renewed", d.ID), 1)
		tasks, _, err := h.Tasks.Open(h.ctx, "", 100)
		h.must(err)
		h.want("questions", len(tasks), 0)
	})
}
