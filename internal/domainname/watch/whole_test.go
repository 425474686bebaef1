package watch_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// house is a whole store at the time of the ground data, whose registrar is in memory.
type house struct {
	*testing.T
	*roomstest.Rooms
	store    *dbtest.Store
	ctx      context.Context
	fake     *registrartest.Fake
	to       string // the registrar
	customer string
}

func each(t *testing.T, f func(h *house)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		s.Clock.Set(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
		h := &house{T: t, store: s, ctx: t.Context(), fake: registrartest.New(s.Clock)}
		h.Rooms = roomstest.InTestMode(t, s, roomstest.Log(), roomstest.Reach("fake", h.fake))
		to, err := h.Registrars.Create(h.ctx, account.Input{Name: "Fake", Adapter: "fake", SyncMode: account.SyncOn})
		h.must(err)
		h.to = to.ID
		c, err := h.Customers.Create(h.ctx, customer.Input{Email: "ada@example.com", Name: "Ada"})
		h.must(err)
		h.customer = c.ID
		_, err = h.Domains.CreatePolicy(h.ctx, domainname.Policy{
			Extension: "gtld", ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, RedemptionDays: 30, ExplicitRenew: true,
			DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding, DueMargin: 3, RegistryAutoRenews: true, ARGPDays: 45,
			GraceFee: domainname.Fee{"EUR": 500}, RedemptionFee: domainname.Fee{"EUR": 8000},
		})
		h.must(err)
		_, err = h.Domains.SetPrices(h.ctx, domainname.Prices{{
			Extension: "gtld", Kind: domainname.ForRenewal, Years: 1, Currency: "EUR", ValidFrom: civil.On(2020, 1, 1), Amount: 1200,
		}})
		h.must(err)
		f(h)
	})
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) want(what string, got, want any) {
	h.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		h.Errorf("%s: %v, want %v", what, got, want)
	}
}

// put stores a domain whose term ends on a day, and lets the day's automation run: its invoice is made if it is due.
func (h *house) put(name string, end civil.Date) domainname.Domain {
	h.Helper()
	n, err := domainname.ParseName(name)
	h.must(err)
	d := domainname.Domain{
		Name: n, Extension: "gtld", CustomerID: h.customer, RegistrarID: h.to, Kind: domainname.Registered, Status: domainname.Active,
		Expiry:      domainname.Expiry{At: end.StartIn(time.UTC).Add(10 * time.Hour), Raw: end.String() + "T10:00:00Z", Source: domainname.FromEPP},
		PaidThrough: end, NextDue: end, Term: 1, Recurring: money.New(1000, "EUR"),
	}
	h.write(func(tx *db.Tx) error { return domainname.Insert(h.ctx, tx, &d) })
	h.fake.Expires(name, d.Expiry.Raw)
	h.run()
	return d
}

func (h *house) run() {
	h.Helper()
	r, err := h.Automation.RunDue(h.ctx)
	h.must(err)
	if r.Failed() > 0 {
		h.Errorf("automation failed: %+v", r.Ran)
	}
}

func (h *house) write(f func(tx *db.Tx) error) {
	h.Helper()
	h.must(h.store.DB.Write(h.ctx, f))
}

// sync has all domains read now.
func (h *house) sync() {
	h.Helper()
	h.write(func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(h.ctx, "UPDATE domains SET sync_at = 1")
		return err
	})
	h.run()
}

func (h *house) read(id string) (d domainname.Domain, last domainname.Renewal) {
	h.Helper()
	h.write(func(tx *db.Tx) (err error) {
		if d, err = domainname.Load(h.ctx, tx, id); err != nil {
			return err
		}
		all, err := domainname.RenewalsOf(h.ctx, tx, id, 1)
		if len(all) > 0 {
			last = all[0]
		}
		return err
	})
	return d, last
}

func (h *house) invoice(id string) billing.Invoice {
	h.Helper()
	inv, err := h.Billing.ByID(h.ctx, id)
	h.must(err)
	return inv
}

func (h *house) pay(id string) {
	h.Helper()
	_, err := h.Payments.Record(h.ctx, id, payment.Manual{Money: h.invoice(id).Balance(), Reference: "wire " + id})
	h.must(err)
}

func (h *house) credit() money.Money {
	h.Helper()
	c, err := h.Customers.ByID(h.ctx, h.customer)
	h.must(err)
	for _, m := range c.Credit {
		return m
	}
	return money.New(0, "EUR")
}

// F9: of a domain that has left, an unpaid line is withdrawn and a paid, unsent renewal credited.
func TestF9LinesOfADomainThatLeft(t *testing.T) {
	each(t, func(h *house) {
		open, paid := h.put("open.gtld", civil.On(2026, 12, 1)), h.put("paid.gtld", civil.On(2026, 12, 1))
		_, unpaid := h.read(open.ID)
		h.fake.Break(registrartest.Fault{Kind: registrartest.Unreachable, Name: "paid.gtld"})
		_, r := h.read(paid.ID)
		h.pay(r.InvoiceID)
		h.run()
		_, r = h.read(paid.ID)
		h.want("paid and unsent", r.State, domainname.RenewalPaid)
		h.fake.Heal()
		for _, name := range []string{"open.gtld", "paid.gtld"} {
			h.fake.Change(name, func(d *registrartest.Domain) { d.Sponsor = registrartest.Them })
		}
		h.sync()
		for _, id := range []string{open.ID, paid.ID} {
			d, r := h.read(id)
			h.want("status", d.Status, domainname.TransferredAway)
			h.want("do not renew", d.DoNotRenew, true)
			h.want("renewal", r.State, domainname.RenewalLost)
		}
		h.want("unpaid invoice", h.invoice(unpaid.InvoiceID).Status, billing.Void)
		h.want("credit", h.credit().Amount, 1000)
		h.want("sent", h.fake.Sent("renew"), 0)
	})
}

// F10: a domain that was renewed at the registrar's own panel. Its open line stays payable; paying sends nothing and moves
// paid-through once.
func TestF10LineOfAYearThatIsThere(t *testing.T) {
	each(t, func(h *house) {
		d := h.put("f10.gtld", civil.On(2026, 12, 1))
		h.fake.Expires("f10.gtld", "2027-12-01T10:00:00Z")
		h.sync()
		d, r := h.read(d.ID)
		h.want("R, P", fmt.Sprint(d.Expiry.Date(), d.PaidThrough), "2027-12-01 2026-12-01")
		h.want("renewal", r.State, domainname.RenewalSatisfied)
		h.want("invoice", h.invoice(r.InvoiceID).Status, billing.Open)
		h.pay(r.InvoiceID)
		h.run()
		d, _ = h.read(d.ID)
		h.want("R, P, next due", fmt.Sprint(d.Expiry.Date(), d.PaidThrough, d.NextDue), "2027-12-01 2027-12-01 2027-12-01")
		h.want("sent", h.fake.Sent("renew"), 0)
	})
}
