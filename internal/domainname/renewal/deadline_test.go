package renewal_test

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/subscription"
)

// byMode is an extension without a renew command, whose last plain day is 7 days before the end.
func (s *shop) byMode() domainname.Domain {
	s.Helper()
	latest := -7
	s.policy("mode", func(p *domainname.Policy) {
		p.GraceDays, p.GraceFee, p.RedemptionDays, p.RedemptionFee, p.ExplicitRenew, p.Latest, p.MaxYears = 0, nil, 0, nil, false, &latest, 1
	})
	recurring := eur(1000)
	return must(s.Domains.Create(s.ctx, domainname.Input{Name: "example.mode", CustomerID: s.customer, Expiry: "2027-02-01T10:00:00Z", Recurring: &recurring}))(s.T)
}

// B5: due before the last plain day, invoiced 14 days before that, paid in time.
func TestB5Paid(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.byMode()
		s.dates(d.ID, "2027-02-01", "2027-02-01", "2027-01-22")
		s.advance("2027-01-07T23:00:00Z")
		s.bills(s.customer)
		s.states(d.ID)
		s.advance("2027-01-20T12:00:00Z")
		list := s.bills(s.customer, "2027-01-08 2027-01-22 open 10.00")
		s.pay(list[0].ID)
		s.states(d.ID, "automatic paid")
		s.dates(d.ID, "2027-02-01", "2028-02-01", "2028-01-22")
		s.proven()
	})
}

// B5b: payable to the end of the last plain day, and void on the day after.
func TestB5bUnpaid(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.byMode()
		s.advance("2027-01-25T23:59:59Z")
		s.states(d.ID, "automatic open")
		s.bills(s.customer, "2027-01-08 2027-01-22 open 10.00")
		s.advance("2027-01-26T00:30:00Z")
		s.states(d.ID, "automatic withdrawn")
		s.bills(s.customer, "2027-01-08 2027-01-22 void 10.00")
		s.proven()
	})
}

// noGrace is a domain of an extension without grace and redemption, whose term ends on 2026-11-25, as in case C9.
func (s *shop) noGrace() domainname.Domain {
	s.Helper()
	s.policy("nograce", func(p *domainname.Policy) {
		p.GraceDays, p.GraceFee, p.RedemptionDays, p.RedemptionFee = 0, nil, 0, nil
	})
	return s.put("example.nograce", "2026-11-25")
}

// C9 with domains.void_after_days: voided so many days later.
func TestC9VoidAfterDays(t *testing.T) {
	each(t, noon, func(s *shop) {
		s.set(map[string]any{"domains.void_after_days": 2})
		d := s.noGrace()
		s.advance("2026-11-27T23:59:59Z")
		s.states(d.ID, "automatic open")
		s.advance("2026-11-28T00:30:00Z")
		s.states(d.ID, "automatic withdrawn")
		s.bills(s.customer, "2026-11-22 2026-11-25 void 10.00")
		s.proven()
	})
}

// C9 while a payment is being processed: nothing is voided under it. What arrives then, too late for the registry, is credit.
func TestC9PaymentUnderWay(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.noGrace()
		s.advance("2026-11-25T18:00:00Z")
		id := s.last(d.ID).InvoiceID
		must(s.Payments.AddMethod(s.ctx, s.customer, "sandbox", "tok_pending"))(s.T) // succeeds a day later
		must(s.Payments.Charge(s.ctx, id, payment.ChargeOptions{}))(s.T)
		s.advance("2026-11-26T12:00:00Z")
		s.states(d.ID, "automatic open")
		if inv := s.invoice(id); inv.Status != billing.Open {
			s.Errorf("the invoice is %s while it is being paid", inv.Status)
		}
		s.advance("2026-11-26T20:00:00Z")
		s.states(d.ID, "automatic withdrawn")
		s.credit(s.customer, 1000)
		s.dates(d.ID, "2026-11-25", "2026-11-25", "2026-11-25")
		s.proven()
	})
}

// C2f: who is told, on which day and of what; who could not be told is left out, and listed.
func TestC2fWhatIsTold(t *testing.T) {
	each(t, noon, func(s *shop) {
		priced := func(term int, amount int64) func(*domainname.Domain) {
			return func(d *domainname.Domain) { d.Term, d.Recurring = term, eur(amount) }
		}
		s.prices("cctld", "2026-11-01", map[int]int64{1: 1400, 2: 2800})
		a, b := s.put("a.cctld", "2027-05-01", priced(1, 1000)), s.put("b.cctld", "2027-05-01", priced(1, 1200))
		c, d := s.put("c.cctld", "2027-05-01", priced(2, 2400)), s.put("d.cctld", "2027-05-01", priced(1, 1400))
		notice := 30
		u := must(s.Domains.SchedulePriceUpdate(s.ctx, domainname.PriceUpdate{
			Change: domainname.PriceChange{Mode: domainname.ToList}, StartsOn: civil.On(2027, 1, 15), NoticeDays: &notice, Reason: "dearer",
		}))(s.T)
		told := func(d domainname.Domain) (texts, ids []string) {
			s.write(func(tx *db.Tx) error {
				texts, ids = nil, nil
				rows, err := tx.SQL().QueryContext(s.ctx, `SELECT id FROM mails WHERE kind = 'domain_price_notice' AND subject_id = $1`, d.ID)
				if err != nil {
					return err
				}
				defer func() { _ = rows.Close() }()
				for rows.Next() {
					var id string
					if err := rows.Scan(&id); err != nil {
						return err
					}
					ids = append(ids, id)
				}
				return rows.Err()
			})
			for _, id := range ids {
				texts = append(texts, must(s.Mail.ByID(s.ctx, id))(s.T).Text)
			}
			return texts, ids
		}
		s.advance("2026-12-15T23:59:59Z")
		if texts, _ := told(a); len(texts) > 0 {
			s.Errorf("told too soon: %q", texts)
		}
		s.advance("2026-12-16T12:00:00Z")
		for _, tt := range []struct {
			d        domainname.Domain
			old, now string
		}{{a, "€10.00", "€14.00"}, {b, "€12.00", "€14.00"}, {c, "€24.00", "€28.00"}} {
			texts, _ := told(tt.d)
			if len(texts) != 1 {
				s.Errorf("%s was told %d times", tt.d.Name, len(texts))
				continue
			}
			for _, part := range []string{tt.d.Name.String(), tt.old, tt.now, "15 January 2027"} {
				if !strings.Contains(texts[0], part) {
					s.Errorf("the notice lacks %q:\n%s", part, texts[0])
				}
			}
		}
		if texts, _ := told(d); len(texts) > 0 {
			s.Errorf("d costs the same, and was told %q", texts)
		}
		s.write(func(tx *db.Tx) error { // the mail for b bounces
			return event.Emit(s.ctx, tx, event.New{Type: "mail.failed", Data: mail.Ended{Kind: mail.DomainPriceNotice, SubjectID: b.ID}})
		})
		s.advance("2027-01-14T23:59:59Z")
		want := func(amounts ...int64) {
			s.Helper()
			for i, d := range []domainname.Domain{a, b, c, d} {
				if got := s.domain(d.ID).Recurring; got != eur(amounts[i]) {
					s.Errorf("%s costs %s, want %d", d.Name, got, amounts[i])
				}
			}
		}
		want(1000, 1200, 2400, 1400)
		s.advance("2027-01-15T00:30:00Z")
		want(1400, 1200, 2800, 1400)
		rows, _, err := s.Domains.PriceUpdateRows(s.ctx, u.ID, "skipped", "", 10)
		s.ok(err)
		if len(rows) != 1 || rows[0].DomainID != b.ID {
			s.Errorf("left out: %+v", rows)
		}
	})
}

// Section 9: a renewal that was revoked is asked about 35 days before the term ends, not before.
func TestRevokedIsAskedAboutInTime(t *testing.T) {
	each(t, noon, func(s *shop) {
		s.set(map[string]any{"domains.invoice_days": 60})
		d := s.put("example.cctld", "2027-03-10")
		s.advance("2027-01-10T12:00:00Z")
		s.states(d.ID, "automatic open")
		r := s.last(d.ID)
		s.ok(s.Renewals.Revoke(s.ctx, r.LineID, false, "pay but do not renew"))
		s.pay(r.InvoiceID)
		s.advance("2027-02-02T23:59:59Z")
		s.asked(d.ID)
		s.advance("2027-02-03T01:00:00Z") // T − 35
		s.asked(d.ID, renewal.TaskUnpaid)
		s.dates(d.ID, "2027-03-10", "2027-03-10", "2027-03-10")
		s.states(d.ID, "automatic revoked")
		s.proven()
	})
}

// Section 6: the service ends with which a domain was free. Staff are asked; where the store says so, it costs the list price from
// then on, and the customer is told.
func TestFreeDomainWithoutItsService(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"task", "convert"} {
		t.Run(how, func(t *testing.T) {
			each(t, noon, func(s *shop) {
				s.set(map[string]any{"domains.free_lost": how})
				sub, _ := s.hosting("annual", 6000)
				free := func(d *domainname.Domain) { d.Recurring, d.BundledWith = eur(0), sub }
				d, other := s.put("example.cctld", "2027-12-20", free), s.put("other.cctld", "2027-12-20")
				must(s.Subscriptions.Cancel(s.ctx, sub, subscription.AtOnce, "enough"))(s.T)
				s.advance("2026-11-22T13:00:00Z")
				now := s.domain(d.ID)
				var told []string
				s.write(func(tx *db.Tx) error {
					var id string
					err := tx.SQL().QueryRowContext(s.ctx, `SELECT COALESCE(MAX(id), '') FROM mails WHERE kind = 'domain_price_notice' AND subject_id = $1`, d.ID).Scan(&id)
					if id != "" {
						told = append(told, id)
					}
					return err
				})
				if how == "task" {
					s.asked(d.ID, renewal.TaskFreeLost)
					if !now.Free() || now.BundledWith != sub || len(told) > 0 {
						s.Errorf("%+v, told %q", now, told)
					}
					return
				}
				s.asked(d.ID)
				if now.Recurring != eur(1200) || now.BundledWith != "" || now.Term != 1 {
					s.Errorf("costs %s for %d years, free with %q", now.Recurring, now.Term, now.BundledWith)
				}
				if got := s.domain(other.ID).Recurring; got != eur(1000) {
					s.Errorf("another one costs %s", got)
				}
				if len(told) != 1 {
					s.Fatal("nobody was told")
				}
				if text := must(s.Mail.ByID(s.ctx, told[0]))(s.T).Text; !strings.Contains(text, "example.cctld") || !strings.Contains(text, "€12.00") {
					s.Errorf("told: %s", text)
				}
				s.events(d.ID, "price_changed")
			})
		})
	}
}
