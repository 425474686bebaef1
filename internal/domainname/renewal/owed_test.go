package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
)

// ahead has the registry read a year ahead of a domain whose line is open, as sync does.
func (s *shop) ahead(id string, states ...string) {
	s.Helper()
	s.write(func(tx *db.Tx) error {
		d, err := domainname.Lock(s.ctx, tx, id)
		if err != nil {
			return err
		}
		open, err := domainname.OpenRenewal(s.ctx, tx, id)
		if err != nil {
			return err
		}
		d.Adopt(d.Expiry.At.AddDate(1, 0, 0), domainname.Reading{Raw: "read", Source: domainname.FromEPP}, tx.Now)
		if open != nil {
			if err := s.Renewals.YearsThere(s.ctx, tx, &d, open, "registry auto-renew"); err != nil {
				return err
			}
		}
		return domainname.Save(s.ctx, tx, &d)
	})
	s.states(id, states...)
}

// kept has the registry name a domain as the store's now, with its statuses of RFC 3915.
func (s *shop) kept(id string, rgp ...string) {
	s.Helper()
	s.write(func(tx *db.Tx) error {
		d, err := domainname.Lock(s.ctx, tx, id)
		if err != nil {
			return err
		}
		d.State = domainname.RegistryState{Sponsor: domainname.SponsorOurs, RGP: rgp, ReadAt: tx.Now}
		return domainname.Save(s.ctx, tx, &d)
	})
}

func (s *shop) void(invoiceID, why string) {
	s.Helper()
	s.write(func(tx *db.Tx) error {
		_, err := s.Billing.Void(s.ctx, tx, invoiceID, why)
		return err
	})
}

// What the registry has made and nobody has paid for is in the way of another renewal of the term: for everybody, with the
// invoice to pay, and in every place.
func TestOwedYearIsInTheWay(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.gtld")
		s.ahead(d.ID, "automatic satisfied")
		for _, by := range []domainname.Asker{domainname.ByCustomer, domainname.ByStaff, domainname.ByAutomation} {
			_, o, err := s.Renewals.Offer(s.ctx, d.ID, by)
			s.ok(err)
			if o.Refusal == nil || o.Refusal.Reason != domainname.AlreadyOpen || o.Refusal.InvoiceID != r.InvoiceID || o.Refusal.RenewalID != r.ID || len(o.On()) > 0 {
				s.Errorf("by %s: %+v", by, o.Refusal)
			}
		}
		_, err := s.order(d.ID)
		if e := s.refused(err, "RENEWAL_OPEN", ""); e.More["invoice_id"] != r.InvoiceID {
			s.Errorf("%+v", e.More)
		}
		_, err = s.Renewals.Manual(s.ctx, d.ID, renewal.ManualInput{Years: 1, MoveNextDue: no()})
		if e := s.refused(err, "RENEWAL_OPEN", ""); e.More["renewal_id"] != r.ID {
			s.Errorf("%+v", e.More)
		}
		row := must(s.Domains.ByID(s.ctx, d.ID))(s.T)
		unpaid, _, err := s.Domains.List(s.ctx, domainname.Filter{Special: "unpaid"})
		s.ok(err)
		if row.Open != nil || row.Owed == nil || row.Owed.ID != r.ID || len(unpaid) != 1 {
			s.Errorf("open %+v, owed %+v, %d in the list of what is unpaid", row.Open, row.Owed, len(unpaid))
		}
		out := must(s.Renewals.Outlook(s.ctx, d.ID))(s.T)
		if len(out.Steps) == 0 || out.Steps[0].What != "charge" || out.Steps[0].Sum != eur(1000) {
			s.Errorf("steps %+v", out.Steps)
		}
		s.pay(r.InvoiceID)
		if _, o, err := s.Renewals.Offer(s.ctx, d.ID, domainname.ByCustomer); err != nil || len(o.On()) == 0 {
			s.Errorf("paid, and %+v %v", o.Refusal, err)
		}
		if row := must(s.Domains.ByID(s.ctx, d.ID))(s.T); row.Owed != nil {
			s.Errorf("owed %+v", row.Owed)
		}
		s.proven()
	})
}

// A line that staff take away of a year that the registry has: they are asked, and can have it invoiced again.
func TestOwedYearTakenAway(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.gtld")
		s.ahead(d.ID, "automatic satisfied")
		s.void(r.InvoiceID, "a mistake")
		s.states(d.ID, "automatic revoked")
		s.advance("2027-02-27T12:00:00Z")
		s.asked(d.ID, renewal.TaskUnpaid)
		s.bills(s.customer, "2027-02-24 2027-03-10 void 10.00")
		s.ok(s.Renewals.Answer(s.ctx, d.ID, renewal.InvoiceAgain, "asked the customer"))
		s.advance("2027-02-28T12:00:00Z")
		s.states(d.ID, "automatic withdrawn", "automatic open")
		s.pay(s.last(d.ID).InvoiceID)
		if s.work(d.ID) != 0 {
			s.Error("it was sent, and the registry has it")
		}
		s.states(d.ID, "automatic withdrawn", "automatic satisfied")
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
		s.proven()
	})
}

// The same of what staff have renewed by hand, the money being owed.
func TestOwedByHandTakenAway(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		must(s.Renewals.Manual(s.ctx, d.ID, renewal.ManualInput{Years: 1, MoveNextDue: no(), OpenLine: renewal.StillOwed}))(s.T)
		s.work(d.ID)
		s.void(r.InvoiceID, "a gift")
		s.states(d.ID, "automatic revoked")
		s.advance("2027-02-27T12:00:00Z")
		s.asked(d.ID, renewal.TaskUnpaid)
		s.ok(s.Renewals.Answer(s.ctx, d.ID, renewal.ExtendPaid, "a gift"))
		for _, answer := range []string{renewal.ExtendPaid, renewal.InvoiceAgain, renewal.LetGo} {
			_ = s.refused(s.Renewals.Answer(s.ctx, d.ID, answer, "somebody else decides in the same moment"), "NOTHING_TO_ANSWER", "")
		}
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
		s.proven()
	})
}

// Not wanted any more: the line goes, and an order of the same term sends nothing for the year that is there.
func TestOwedYearNotWanted(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.gtld")
		s.ahead(d.ID, "automatic satisfied")
		must(s.Renewals.SetAutoRenew(s.ctx, d.ID, false, ""))(s.T)
		s.states(d.ID, "automatic withdrawn")
		if inv := s.invoice(r.InvoiceID); inv.Status != billing.Void {
			s.Errorf("the invoice is %s", inv.Status)
		}
		s.pay(s.ordered(d.ID).InvoiceID)
		if s.work(d.ID) != 0 {
			s.Error("it was sent, and the registry has it")
		}
		s.states(d.ID, "automatic withdrawn", "ordered satisfied")
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
		s.proven()
	})
}

// Unpaid at expiry, and the registry has added its year: the fee of the grace is asked for as of every other, the line stays
// payable while the registry keeps the name, and goes when it does not.
func TestOwedYearUnpaidAtExpiry(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.gtld")
		s.advance("2027-03-10T11:00:00Z")
		s.ahead(d.ID, "automatic satisfied")
		s.advance("2027-03-11T12:00:00Z")
		s.bills(s.customer, "2027-02-24 2027-03-10 open 10.00", "2027-03-11 2027-03-11 open 5.00")
		s.advance("2027-05-08T12:00:00Z") // the last day of the redemption is the 9th
		s.kept(d.ID)
		s.advance("2027-05-09T11:00:00Z")
		s.kept(d.ID)
		if inv := s.invoice(r.InvoiceID); inv.Status != billing.Open {
			s.Fatalf("the invoice is %s", inv.Status)
		}
		s.advance("2027-05-10T10:00:00Z")
		s.states(d.ID, "automatic satisfied")
		s.kept(d.ID, "redemptionPeriod")
		s.advance("2027-05-11T01:00:00Z")
		s.states(d.ID, "automatic withdrawn")
		s.bills(s.customer, "2027-02-24 2027-03-10 void 10.00", "2027-03-11 2027-03-11 void 5.00")
		s.proven()
	})
}

// Money that comes when the registry has let go of the name is credit.
func TestOwedYearPaidTooLate(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.gtld")
		s.ahead(d.ID, "automatic satisfied")
		s.advance("2027-04-20T11:00:00Z")
		s.kept(d.ID, "pendingDelete")
		s.pay(r.InvoiceID)
		s.states(d.ID, "automatic withdrawn")
		s.dates(d.ID, "2028-03-10", "2027-03-10", "2027-03-10")
		s.credit(s.customer, 1000)
		s.proven()
	})
}

// A domain that is lost takes the line of its unpaid year with it.
func TestOwedYearLost(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.gtld")
		s.ahead(d.ID, "automatic satisfied")
		s.write(func(tx *db.Tx) error {
			if _, err := tx.LockCustomer(s.ctx, s.customer); err != nil {
				return err
			}
			d, err := domainname.Lock(s.ctx, tx, d.ID)
			if err != nil {
				return err
			}
			return s.Renewals.Lost(s.ctx, tx, &d, nil, "another sponsor")
		})
		s.states(d.ID, "automatic withdrawn")
		if inv := s.invoice(r.InvoiceID); inv.Status != billing.Void {
			s.Errorf("the invoice is %s", inv.Status)
		}
	})
}

// What is foretold of an ordered renewal counts from its invoice, not from next due.
func TestOutlookOfAnOrder(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2027-03-10")
		o := s.ordered(d.ID)
		due := s.invoice(o.InvoiceID).DueOn
		for _, step := range must(s.Renewals.Outlook(s.ctx, d.ID))(s.T).Steps {
			if step.What == "charge" && (step.Due != due || step.On != due || step.Sum != eur(1200)) {
				s.Errorf("%+v, and the invoice is due on %s", step, due)
			}
		}
	})
}

// Staff are asked about the last safe day of a paid renewal by one question at a time, until it is over.
func TestOneQuestionOfTheLastSafeDay(t *testing.T) {
	each(t, "2027-02-25T12:00:00Z", func(s *shop) {
		s.set(map[string]any{"domains.renew_on_payment": false})
		done, gone := s.put("done.cctld", "2027-03-10"), s.put("gone.cctld", "2027-03-10")
		s.pay(s.ordered(done.ID, gone.ID).InvoiceID)
		for _, to := range []string{"2027-03-02T12:00:00Z", "2027-03-06T12:00:00Z", "2027-03-08T12:00:00Z"} {
			s.advance(to)
			s.asked(done.ID, renewal.TaskLastDay)
			s.asked(gone.ID, renewal.TaskLastDay)
		}
		must(s.Renewals.Release(s.ctx, s.last(done.ID).ID, ""))(s.T)
		s.work(done.ID)
		s.asked(done.ID)
		(&world{shop: s, of: s.customer}).lose(gone.ID)
		s.asked(gone.ID)
	})
}

// giveUp is what the transaction does that has the registry delete a domain.
func (s *shop) giveUp(domainID string) error {
	return s.store.DB.Write(s.ctx, func(tx *db.Tx) error {
		if _, err := tx.LockCustomer(s.ctx, s.customer); err != nil {
			return err
		}
		d, err := domainname.Lock(s.ctx, tx, domainID)
		if err != nil {
			return err
		}
		return s.Renewals.GiveUp(s.ctx, tx, &d, "nobody pays")
	})
}

// A domain that is given up takes with it what is unpaid, whoever asked for it; what is paid and not confirmed is in the way.
func TestGiveUp(t *testing.T) {
	t.Parallel()
	over := func(s *shop, id, invoiceID string, states ...string) {
		s.Helper()
		s.states(id, states...)
		if inv := s.invoice(invoiceID); inv.Status != billing.Void {
			s.Errorf("the invoice is %s", inv.Status)
		}
		if !must(s.Domains.ByID(s.ctx, id))(s.T).DoNotRenew {
			s.Error("it is invoiced by itself still")
		}
		s.proven()
	}
	t.Run("unpaid", func(t *testing.T) {
		each(t, february, func(s *shop) {
			d, r := s.automatic("example.gtld")
			s.ok(s.giveUp(d.ID))
			over(s, d.ID, r.InvoiceID, "automatic withdrawn")
		})
	})
	t.Run("the registry's own year", func(t *testing.T) {
		each(t, february, func(s *shop) {
			d, r := s.automatic("example.gtld")
			s.ahead(d.ID, "automatic satisfied")
			s.ok(s.giveUp(d.ID))
			over(s, d.ID, r.InvoiceID, "automatic withdrawn")
		})
	})
	t.Run("ordered", func(t *testing.T) {
		each(t, february, func(s *shop) {
			d := s.put("example.gtld", "2027-03-10")
			r := s.ordered(d.ID)
			s.ok(s.giveUp(d.ID))
			over(s, d.ID, r.InvoiceID, "ordered withdrawn")
		})
	})
	t.Run("paid and not confirmed", func(t *testing.T) {
		each(t, february, func(s *shop) {
			d, r := s.automatic("example.gtld")
			s.pay(r.InvoiceID)
			_ = s.refused(s.giveUp(d.ID), "RENEWAL_UNCONFIRMED", "")
			s.states(d.ID, "automatic paid")
			if must(s.Domains.ByID(s.ctx, d.ID))(s.T).DoNotRenew {
				s.Error("given up all the same")
			}
			s.proven()
		})
	})
}
