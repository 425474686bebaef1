package renewal_test

import (
	"fmt"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
)

func TestC1Prices(t *testing.T) {
	each(t, "2026-11-15T12:00:00Z", func(s *shop) {
		grace := s.buyer("grace", "")
		old := s.put("old.cctld", "2026-11-29", func(d *domainname.Domain) { d.CustomerID = grace })
		s.advance("2026-11-16")
		s.prices("cctld", "2026-11-22", map[int]int64{1: 1400})
		auto := s.put("auto.cctld", "2026-12-06")
		other := s.put("other.cctld", "2027-06-01")
		s.advance("2026-11-22T12:00:00Z")
		if inv := s.invoice(s.last(auto.ID).InvoiceID); inv.Total != eur(1000) || inv.IssuedOn.String() != "2026-11-22" || inv.Kind != billing.KindRenewal {
			s.Errorf("automatic: %+v", inv)
		}
		if o := s.ordered(other.ID); o.Total != eur(1400) {
			s.Errorf("on demand: %s", o.Total)
		}
		if inv := s.invoice(s.last(old.ID).InvoiceID); inv.Total != eur(1000) || inv.Status != billing.Open {
			s.Errorf("open: %+v", inv)
		}
		s.proven()
	})
}

func TestA2cStaleCart(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2031-06-01")
		_, err := s.Orders.Place(s.ctx, order.Input{CustomerID: s.customer, Items: []order.Item{{
			Domain: &order.DomainItem{Action: domainname.ForRenewal, DomainID: d.ID, Years: 9},
		}}})
		_ = s.refused(err, "TERM_NOT_AVAILABLE", "cap")
		s.states(d.ID)
		if len(s.bills(s.customer)) > 0 {
			s.Error("there is an invoice")
		}
		// Another customer's domain is none.
		other := s.buyer("eve", "")
		_, err = s.Orders.Place(s.ctx, order.Input{CustomerID: other, Items: []order.Item{{
			Domain: &order.DomainItem{Action: domainname.ForRenewal, DomainID: d.ID, Years: 1},
		}}})
		_ = s.refused(err, "DOMAIN_NOT_FOUND", "")
	})
}

func TestA6OnDemand(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2027-06-30")
		o := s.ordered(d.ID)
		s.states(d.ID, "ordered open")
		_ = s.refused(second(s.order(d.ID)), "RENEWAL_OPEN", "renewal_open")
		s.pay(o.InvoiceID)
		s.states(d.ID, "ordered paid")
		s.dates(d.ID, "2027-06-30", "2028-06-30", "2028-06-30")
		_ = s.refused(second(s.order(d.ID)), "RENEWAL_OPEN", "renewal_open")
		if s.work(d.ID) != 1 {
			s.Error("nothing was sent")
		}
		s.states(d.ID, "ordered confirmed")
		s.dates(d.ID, "2028-06-30", "2028-06-30", "2028-06-30")
		s.events(d.ID, "renewal_ordered", "renewal_paid", "renewed")
		// E5: more years from the new expiry.
		o = s.ordered(d.ID)
		if r := s.last(d.ID); r.Base.String() != "2028-06-30" {
			s.Errorf("base %s", r.Base)
		}
		s.pay(o.InvoiceID)
		s.work(d.ID)
		s.dates(d.ID, "2029-06-30", "2029-06-30", "2029-06-30")
		s.proven()
	})
}

func second[T any](_ T, err error) error { return err }

func TestB1eInvoiceWaitsForTheWindow(t *testing.T) {
	each(t, "2026-11-10T12:00:00Z", func(s *shop) {
		earliest := 180
		s.policy("early", func(p *domainname.Policy) { p.Earliest, p.GraceDays = &earliest, 90 })
		s.set(map[string]any{"domains.invoice_days": 200})
		d := s.put("example.early", "2027-06-01")
		s.advance("2026-12-02T23:00:00Z")
		s.states(d.ID)
		s.advance("2026-12-03T01:00:00Z")
		s.states(d.ID, "automatic open")
		s.asked(d.ID)
	})
}

// C7, and C7b beside it: each day one domain is ordered and paid, and another's automatic invoice.
func TestC7LateFees(t *testing.T) {
	days := []struct {
		on      string
		ordered int64 // C7
		auto    int64 // C7b
	}{
		{"2026-09-30T12:00:00Z", 1200, 1000},
		{"2026-10-01T12:00:00Z", 1200, 1000},
		{"2026-10-02T12:00:00Z", 1700, 1500},
		{"2026-10-31T12:00:00Z", 1700, 1500},
		{"2026-11-01T12:00:00Z", 9200, 9000},
		{"2026-11-30T12:00:00Z", 9200, 9000},
		{"2026-12-01T12:00:00Z", 0, 0},
	}
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		buyers, ordered, auto := make([]string, len(days)), make([]string, len(days)), make([]string, len(days))
		for i := range days {
			buyers[i] = s.buyer(fmt.Sprint("grace", i), "")
			ordered[i] = s.put(fmt.Sprintf("ordered%d.cctld", i), "2026-10-01", func(d *domainname.Domain) { d.DoNotRenew = true }).ID
			auto[i] = s.put(fmt.Sprintf("auto%d.cctld", i), "2026-10-01", func(d *domainname.Domain) { d.CustomerID = buyers[i] }).ID
		}
		for i, tt := range days {
			s.advance(tt.on)
			o, err := s.order(ordered[i])
			if tt.ordered == 0 {
				_ = s.refused(err, "TERM_NOT_AVAILABLE", "too_late")
				s.states(auto[i], "automatic withdrawn")
				if owes := s.owes(buyers[i]); owes != 0 {
					s.Errorf("the automatic invoice asks for %d", owes)
				}
				continue
			}
			s.ok(err)
			if o.Total != eur(tt.ordered) {
				s.Errorf("C7 %s: %s, want %d", tt.on, o.Total, tt.ordered)
			}
			if owes := s.owes(buyers[i]); owes != tt.auto {
				s.Errorf("C7b %s: %d, want %d", tt.on, owes, tt.auto)
			}
			s.pay(o.InvoiceID)
			s.payAll(buyers[i])
			s.states(ordered[i], "ordered paid")
			s.states(auto[i], "automatic paid")
			s.dates(auto[i], "2026-10-01", "2027-10-01", "2027-10-01")
			s.work(ordered[i])
			s.work(auto[i])
		}
		s.proven()
	})
}

// C7b with fees that take the place of the invoice.
func TestC7bReplace(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		s.set(map[string]any{"domains.fee_billing": "replace"})
		d := s.put("example.cctld", "2026-10-01")
		s.advance("2026-10-02T12:00:00Z")
		list := s.bills(s.customer)
		if len(list) != 2 || list[0].Status != billing.Void || list[1].Total != eur(1500) {
			s.Fatalf("invoices: %+v", list)
		}
		s.advance("2026-11-01T12:00:00Z")
		if owes := s.owes(s.customer); owes != 9000 {
			s.Errorf("in redemption %d", owes)
		}
		s.payAll(s.customer)
		s.states(d.ID, "automatic paid")
		s.proven()
	})
}

// Received on time, recorded late: the difference is the store's.
func TestC7bDelay(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		d := s.put("example.cctld", "2026-10-01")
		s.advance("2026-10-01T23:00:00Z")
		id := s.last(d.ID).InvoiceID
		s.ok(s.store.DB.MoveClock(s.ctx, instant(t, "2026-10-03T12:00:00Z")))
		s.pay(id, "2026-10-01T09:00:00Z")
		s.states(d.ID, "automatic paid")
	})
}

// Ordered in time, paid late: the difference is asked for, and nothing is sent before it is paid.
func TestC7TopUp(t *testing.T) {
	each(t, "2026-09-28T12:00:00Z", func(s *shop) {
		d := s.put("example.cctld", "2026-10-01", func(d *domainname.Domain) { d.DoNotRenew = true })
		o := s.ordered(d.ID)
		s.ok(s.store.DB.MoveClock(s.ctx, instant(t, "2026-10-02T12:00:00Z")))
		s.pay(o.InvoiceID)
		s.states(d.ID, "ordered held top_up")
		if s.owes(s.customer) != 500 || s.work(d.ID) != 0 {
			s.Errorf("owes %d", s.owes(s.customer))
		}
		s.payAll(s.customer)
		s.states(d.ID, "ordered paid")
		s.events(d.ID, "renewal_ordered", "renewal_paid", "renewal_held")
		s.proven()
	})
}

func TestC9Void(t *testing.T) {
	each(t, noon, func(s *shop) {
		s.policy("nograce", func(p *domainname.Policy) {
			p.GraceDays, p.GraceFee, p.RedemptionDays, p.RedemptionFee = 0, nil, 0, nil
		})
		d := s.put("example.nograce", "2026-11-25")
		g := s.put("example.cctld", "2026-11-25")
		s.advance("2026-11-25T12:00:00Z")
		s.states(d.ID, "automatic open")
		id := s.last(d.ID).InvoiceID
		s.advance("2026-11-26T12:00:00Z")
		s.states(d.ID, "automatic withdrawn")
		if inv := s.invoice(id); inv.Status != billing.Void {
			s.Errorf("invoice %s", inv.Status)
		}
		s.states(g.ID, "automatic open")
		s.events(d.ID, "renewal_invoiced", "renewal_withdrawn")
		// Money that comes after it is credit.
		must(s.Payments.Record(s.ctx, id, payment.Manual{Money: eur(1000), Reference: "late"}))(s.T)
		s.states(d.ID, "automatic withdrawn")
		s.proven()
	})
}

// The deadline holds whether or not the automation has looked.
func TestC9BeforeMoney(t *testing.T) {
	each(t, noon, func(s *shop) {
		s.policy("nograce", func(p *domainname.Policy) {
			p.GraceDays, p.GraceFee, p.RedemptionDays, p.RedemptionFee = 0, nil, 0, nil
		})
		d := s.put("example.nograce", "2026-11-25")
		s.advance("2026-11-25T12:00:00Z")
		id := s.last(d.ID).InvoiceID
		s.ok(s.store.DB.MoveClock(s.ctx, instant(t, "2026-11-26T00:00:01Z")))
		must(s.Payments.Record(s.ctx, id, payment.Manual{Money: eur(1000), Reference: "late"}))(s.T)
		s.states(d.ID, "automatic withdrawn")
		s.credit(s.customer, 1000)
		s.proven()
	})
}

func TestC11FreeWithService(t *testing.T) {
	each(t, "2025-12-20T12:00:00Z", func(s *shop) {
		sub, _ := s.hosting("annual", 6000)
		d := s.put("example.cctld", "2026-12-20", func(d *domainname.Domain) { d.Recurring, d.BundledWith = eur(0), sub })
		s.advance("2026-12-10T12:00:00Z")
		s.states(d.ID)
		_ = s.refused(second(s.order(d.ID)), "TERM_NOT_AVAILABLE", "free_with_product")
		s.payAll(s.customer)
		s.states(d.ID, "free paid")
		s.dates(d.ID, "2026-12-20", "2027-12-20", "2027-12-20")
		if s.work(d.ID) != 1 {
			s.Error("nothing was sent")
		}
		s.states(d.ID, "free confirmed")
		s.asked(d.ID)
		s.proven()
	})
}

func TestC11bFreeAlone(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2026-12-20", func(d *domainname.Domain) { d.Recurring = eur(0) })
		_ = s.refused(second(s.order(d.ID)), "TERM_NOT_AVAILABLE", "free_not_bundled")
		s.advance("2026-12-05T23:00:00Z")
		s.asked(d.ID)
		s.advance("2026-12-06T01:00:00Z")
		s.asked(d.ID, renewal.TaskFreeDue)
		no := false
		r := must(s.Renewals.Manual(s.ctx, d.ID, renewal.ManualInput{Years: 1, MoveNextDue: &no}))(s.T)
		if r.State != domainname.RenewalPaid || s.work(d.ID) != 1 {
			s.Errorf("renewed by hand: %+v", r)
		}
	})
}

func TestC12AutomaticWithCard(t *testing.T) {
	each(t, "2027-02-01T12:00:00Z", func(s *shop) {
		s.set(map[string]any{"billing.capture_days": 3})
		ada := s.buyer("card", "tok_ok")
		d := s.put("example.cctld", "2027-03-10", func(d *domainname.Domain) { d.CustomerID = ada })
		s.advance("2027-02-23T23:00:00Z")
		s.bills(ada)
		s.states(d.ID)
		s.advance("2027-02-24T12:00:00Z")
		s.states(d.ID, "automatic open")
		s.advance("2027-03-06T12:00:00Z")
		s.states(d.ID, "automatic open")
		s.advance("2027-03-07T12:00:00Z")
		s.bills(ada, "2027-02-24 2027-03-10 paid 10.00")
		if r := s.last(d.ID); r.PaidAt == nil || r.State == domainname.RenewalOpen {
			s.Errorf("renewal %+v", r)
		}
		s.dates(d.ID, "2027-03-10", "2028-03-10", "2028-03-10")
		s.proven()
	})
}

func TestC13Who(t *testing.T) {
	each(t, noon, func(s *shop) {
		none := map[string]domainname.Domain{
			"do not renew": s.put("dnr.cctld", "2026-12-01", func(d *domainname.Domain) { d.DoNotRenew = true }),
			"grace":        s.put("grace.cctld", "2026-11-10"),
			"cancelled":    s.put("cancelled.cctld", "2026-12-01", func(d *domainname.Domain) { d.Status = domainname.Cancelled }),
			"away":         s.put("away.cctld", "2026-12-01", func(d *domainname.Domain) { d.Status = domainname.TransferredAway }),
			"pending":      s.put("pending.cctld", "2026-12-01", func(d *domainname.Domain) { d.Status = domainname.PendingTransfer }),
		}
		none["grace"] = s.domain(none["grace"].ID)
		s.write(func(tx *db.Tx) error {
			d := none["grace"]
			d.NextDue = day(t, "2026-12-01") // by the day of the invoice it was in grace
			return domainname.Save(s.ctx, tx, &d)
		})
		s.advance("2026-11-24T12:00:00Z")
		for what, d := range none {
			if all := s.renewals(d.ID); len(all) > 0 {
				s.Errorf("%s: %+v", what, all)
			}
		}
		s.ordered(none["do not renew"].ID)
		s.ordered(none["grace"].ID)
		_ = s.refused(second(s.order(none["cancelled"].ID)), "TERM_NOT_AVAILABLE", "not_active")
	})
}

func TestC15ByStaff(t *testing.T) {
	each(t, noon, func(s *shop) {
		s.set(map[string]any{"domains.renew_on_payment": false})
		d := s.put("example.cctld", "2027-03-10")
		s.pay(s.ordered(d.ID).InvoiceID)
		s.states(d.ID, "ordered held staff")
		s.dates(d.ID, "2027-03-10", "2028-03-10", "2028-03-10")
		if s.work(d.ID) != 0 {
			s.Error("it was sent")
		}
		if all := must(s.Renewals.Unconfirmed(s.ctx, 10))(s.T); len(all) != 1 || all[0].LastSafe.String() != "2027-03-09" {
			s.Errorf("unconfirmed: %+v", all)
		}
		r := must(s.Renewals.Release(s.ctx, s.last(d.ID).ID, "renew now"))(s.T)
		if r.State != domainname.RenewalPaid || s.work(d.ID) != 1 {
			s.Errorf("released: %+v", r)
		}
	})
}

func TestC15Countdown(t *testing.T) {
	each(t, noon, func(s *shop) {
		s.set(map[string]any{"domains.renew_on_payment": false, "mail.staff": []string{"eve@store.example"}})
		d := s.put("example.cctld", "2026-12-20")
		s.pay(s.ordered(d.ID).InvoiceID)
		s.advance("2026-12-11T12:00:00Z")
		s.asked(d.ID)
		s.alerted(d.ID, renewal.TaskLastDay)
		s.advance("2026-12-12T12:00:00Z")
		s.asked(d.ID, renewal.TaskLastDay)
		s.advance("2026-12-18T12:00:00Z")
		// Three times, of which the last question is open: 7, 3, and 1 days before 2026-12-19.
		s.alerted(d.ID, renewal.TaskLastDay, "2026-12-12", "2026-12-16", "2026-12-18")
		s.asked(d.ID, renewal.TaskLastDay)
	})
}

func TestC16NothingWithoutPayment(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2026-11-30")
		s.advance("2026-12-15T12:00:00Z")
		s.states(d.ID, "automatic open")
		if s.work(d.ID) != 0 {
			s.Error("it was sent")
		}
		s.dates(d.ID, "2026-11-30", "2026-11-30", "2026-11-30")
	})
}

func TestOrderedUnpaidIsWithdrawn(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2026-12-04")
		auto := func() string { s.advance("2026-11-22T12:00:00Z"); return s.last(d.ID).InvoiceID }()
		o := s.ordered(d.ID)
		if inv := s.invoice(auto); inv.Status != billing.Void {
			s.Errorf("the automatic invoice is %s", inv.Status)
		}
		s.states(d.ID, "automatic withdrawn", "ordered open")
		s.advance("2026-11-28T23:00:00Z")
		s.states(d.ID, "automatic withdrawn", "ordered open")
		s.advance("2026-11-29T12:00:00Z")
		s.states(d.ID, "automatic withdrawn", "ordered withdrawn", "automatic open")
		if inv := s.invoice(o.InvoiceID); inv.Status != billing.Void {
			s.Errorf("the order's invoice is %s", inv.Status)
		}
		s.proven()
	})
}

func TestNotOnOfferIsTriedAgain(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2026-12-04", func(d *domainname.Domain) { d.Term, d.Recurring = 4, eur(4000) })
		s.advance("2026-11-24T12:00:00Z")
		s.states(d.ID)
		s.asked(d.ID, renewal.TaskNotOnSale)
		s.prices("cctld", "2020-01-01", map[int]int64{4: 4400})
		s.advance("2026-11-25T12:00:00Z")
		s.states(d.ID, "automatic open")
		s.asked(d.ID)
		if r := s.last(d.ID); r.Price != eur(4000) || r.Years != 4 {
			s.Errorf("%+v", r)
		}
	})
}

func TestC5Price(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2027-03-10")
		s.pay(s.ordered(d.ID).InvoiceID)
		// What the worker does when the registry asks for another price.
		s.write(func(tx *db.Tx) error {
			d, err := domainname.Lock(s.ctx, tx, d.ID)
			if err != nil {
				return err
			}
			r, err := domainname.OpenRenewal(s.ctx, tx, d.ID)
			if err != nil {
				return err
			}
			d.Premium = &domainname.Premium{Class: "gold", Renew: domainname.List{1: eur(25000)}, QuotedAt: tx.Now}
			if err := domainname.Save(s.ctx, tx, &d); err != nil {
				return err
			}
			return s.Renewals.TopUp(s.ctx, tx, &d, r, eur(23800), domainname.HeldPrice, "premium")
		})
		s.states(d.ID, "ordered held price")
		id := s.last(d.ID).ID
		_ = s.refused(second(s.Renewals.Release(s.ctx, id, "")), "RENEWAL_WAITS_FOR_MONEY", "")
		_ = s.refused(second(s.Renewals.AcceptPrice(s.ctx, id, eur(24000))), "PRICE_CHANGED", "") // what was seen is no longer asked
		s.states(d.ID, "ordered held price")
		invoice := must(s.Renewals.AcceptPrice(s.ctx, id, eur(25000)))(s.T)
		if again := must(s.Renewals.AcceptPrice(s.ctx, id, eur(25000)))(s.T); again != invoice || s.invoice(invoice).Total != eur(23800) {
			s.Errorf("invoice %s, again %s: %s", invoice, again, s.invoice(invoice).Total)
		}
		_ = s.refused(second(s.Renewals.AcceptPrice(s.ctx, id, eur(1))), "PRICE_CHANGED", "") // somebody else agrees to another price
		s.pay(invoice)
		s.states(d.ID, "ordered paid")
		s.proven()
	})
}

func TestC2fNotices(t *testing.T) {
	each(t, noon, func(s *shop) {
		a, b := s.put("a.cctld", "2027-05-01"), s.put("b.cctld", "2027-05-02")
		notice := 30
		u := must(s.Domains.SchedulePriceUpdate(s.ctx, domainname.PriceUpdate{
			Change: domainname.PriceChange{Mode: domainname.ToList}, StartsOn: day(t, "2027-01-15"), NoticeDays: &notice, Reason: "dearer",
		}))(s.T)
		s.advance("2026-12-15T23:00:00Z")
		s.events(a.ID)
		s.advance("2026-12-16T12:00:00Z")
		s.events(a.ID, "price_notice")
		s.write(func(tx *db.Tx) error { // the mail for b bounces
			return event.Emit(s.ctx, tx, event.New{Type: "mail.failed", Data: mail.Ended{Kind: mail.DomainPriceNotice, SubjectID: b.ID}})
		})
		s.advance("2027-01-15T12:00:00Z")
		if got := s.domain(b.ID).Recurring; got != eur(1000) {
			s.Errorf("b costs %s", got)
		}
		if got := s.domain(a.ID).Recurring; got != eur(1200) {
			s.Errorf("it costs %s", got)
		}
		must(s.Domains.UndoPriceUpdate(s.ctx, u.ID, "not yet"))(s.T)
		if got := s.domain(a.ID).Recurring; got != eur(1000) {
			s.Errorf("undone: %s", got)
		}
	})
}

func TestC14Recurring(t *testing.T) {
	t.Parallel()
	line := func(due string, unit string) renewal.Recurring {
		r := renewal.Recurring{NextDue: day(t, due)}
		r.Every.Count, r.Every.Unit = 1, unit
		return r
	}
	domain := line("2026-12-22", "year")
	for what, tt := range map[string]struct {
		lines []renewal.Recurring
		can   bool
		want  bool
	}{
		"annual hosting":                {[]renewal.Recurring{domain, line("2026-12-22", "year")}, true, true},
		"monthly hosting":               {[]renewal.Recurring{domain, line("2026-12-22", "month")}, true, false},
		"annual hosting, two days ago":  {[]renewal.Recurring{domain, line("2026-12-20", "year")}, true, false},
		"a domain alone":                {[]renewal.Recurring{domain}, true, true},
		"a flow that can't":             {[]renewal.Recurring{domain}, false, false},
		"nothing recurring":             {nil, true, false},
		"a domain that never falls due": {[]renewal.Recurring{line("", "year")}, true, false},
	} {
		if got := renewal.MayRecur(tt.lines, tt.can); got != tt.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}
