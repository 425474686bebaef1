package registration_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar"
)

// A4: a registration of ten years renews by the longest renewal that is priced, and never for ten.
func TestA4TenYears(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		renew  map[int]int64
		term   int
		amount int64
	}{
		{"1 2 5 9", map[int]int64{3: -1}, 9, 9900},
		{"1 2 5", map[int]int64{3: -1, 9: -1}, 5, 5800},
		{"none", map[int]int64{1: -1, 2: -1, 3: -1, 5: -1, 9: -1}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(s *shop) {
				s.prices("example", domainname.ForRenewal, "", tt.renew)
				o := s.placed(register("name.example", 10))
				if o.Total != eur(9500) || len(o.DomainIDs) != 0 {
					t.Errorf("order: %+v", o)
				}
				id := o.Items[0].Domain.DomainID
				d := s.domain(id)
				if d.Status != domainname.Pending || d.BoughtYears != 10 || d.OrderID != o.ID || d.RegistrarID != "reg_1" || d.Registrant.Name != "ada" || d.DoNotRenew {
					t.Errorf("ordered: %+v", d)
				}
				s.Pay(t, o.InvoiceID, 9500, "p1")
				if d = s.domain(id); d.Status != domainname.PendingRegistration {
					t.Errorf("paid: %s", d.Status)
				}
				if o = s.Order(t, o.ID); o.Status != order.Completed || !slices.Equal(o.DomainIDs, []string{id}) {
					t.Errorf("paid order: %s %v", o.Status, o.DomainIDs)
				}
				if n := s.Count(t, `SELECT COUNT(*) FROM domains WHERE id = $1 AND work_at IS NOT NULL`, id); n != 1 {
					t.Error("nobody is to ask the registrar")
				}
				d = s.confirmed(id, "2036-11-22T12:00:00Z")
				if d.Status != domainname.Active || d.Expiry.Date() != civil.On(2036, 11, 22) || d.PaidThrough != d.Expiry.Date() || d.Term != tt.term || d.Recurring != eur(tt.amount) {
					t.Errorf("confirmed: %+v", d)
				}
				due := civil.On(2036, 11, 22)
				if tt.term == 0 {
					due = civil.Date{}
				}
				tasks := s.Count(t, `SELECT COUNT(*) FROM staff_tasks WHERE kind = 'domain.never_renews'`)
				if d.NextDue != due || (tasks == 1) != (tt.term == 0) {
					t.Errorf("next due %s, %d tasks", d.NextDue, tasks)
				}
				want := []string{"domain.ordered", "domain.requested", "domain.registered"}
				got := slices.DeleteFunc(s.Events(t, id), func(what string) bool { return what == "task.opened" })
				if !slices.Equal(got, want) {
					t.Errorf("events = %v", got)
				}
				s.Proven(t)
			})
		})
	}
}

// C4: the promotional price of the first year is never the recurring one. C4b: a client group has prices of its own.
func TestC4RecurringAmount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, group string
		recurring   int64
	}{{"C4", "", 1200}, {"C4b", "resellers", 900}} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(s *shop) {
				s.prices("example", domainname.ForRenewal, "resellers", map[int]int64{1: 900})
				s.Exec(t, `UPDATE customers SET customer_group = $1`, tt.group)
				o := s.placed(register("name.example", 1))
				if o.Total != eur(199) {
					t.Errorf("total %s", o.Total)
				}
				// What changes between the order and the registrar's answer changes nothing of what was promised.
				s.prices("example", domainname.ForRenewal, "", map[int]int64{1: 1400})
				s.prices("example", domainname.ForRenewal, "resellers", map[int]int64{1: 950})
				s.Pay(t, o.InvoiceID, 199, "p1")
				d := s.confirmed(s.Order(t, o.ID).DomainIDs[0], "2027-11-22T12:00:00Z")
				if d.Term != 1 || d.Recurring != eur(tt.recurring) || d.NextDue != civil.On(2027, 11, 22) {
					t.Errorf("%d years for %s, due %s", d.Term, d.Recurring, d.NextDue)
				}
			})
		})
	}
}

// A10 for new domains: three ways to write a name are one domain.
func TestA10OneDomain(t *testing.T) {
	each(t, func(s *shop) {
		o := s.placed(register("BÜCHER.example", 1))
		if d := o.Items[0].Domain; d.Name != "xn--bcher-kva.example" || o.Items[0].Description != "Registration of bücher.example for 1 year" {
			t.Errorf("item %+v: %s", d, o.Items[0].Description)
		}
		for _, same := range []string{"bücher.example.", "xn--bcher-kva.example"} {
			_, err := s.order(register(same, 1))
			s.wantCode(err, fail.KindConflict, "DOMAIN_TAKEN")
			_, err = s.order(transfer(same, "secret"))
			s.wantCode(err, fail.KindConflict, "DOMAIN_TAKEN")
		}
		_, err := s.order(register("ß.example", 1), register("XN--ZCA.example.", 2))
		s.wantCode(err, fail.KindConflict, "DOMAIN_TWICE")
	})
}

func TestTransfers(t *testing.T) {
	each(t, func(s *shop) {
		o := s.placed(transfer("moved.example", " s3cret-code "))
		d := s.domain(o.Items[0].Domain.DomainID)
		secret, err := s.reg.Secret(d)
		if err != nil || secret != "s3cret-code" || strings.Contains(d.TransferSecret, "s3cret") || strings.Contains(d.TransferSecret, base64.StdEncoding.EncodeToString([]byte("s3cret"))[:6]) {
			t.Errorf("secret %q of %q: %v", secret, d.TransferSecret, err)
		}
		if o.Total != eur(900) || d.Kind != domainname.Transferred || d.BoughtYears != 1 {
			t.Errorf("order %s, domain %+v", o.Total, d)
		}
		for table, column := range map[string]string{"order_items": "description", "events": "data", "invoice_lines": "description", "fulfilments": "payload"} {
			if n := s.Count(t, `SELECT COUNT(*) FROM `+table+` WHERE `+column+` LIKE '%s3cret%'`); n != 0 {
				t.Errorf("%s keeps the secret", table)
			}
		}
		s.Pay(t, o.InvoiceID, 900, "p1")
		if d = s.domain(d.ID); d.Status != domainname.PendingTransfer {
			t.Errorf("paid: %s", d.Status)
		}
		// The date after a transfer is read, never computed.
		d = s.confirmed(d.ID, "2029-05-05T00:00:00Z")
		if d.Status != domainname.Active || d.PaidThrough != civil.On(2029, 5, 5) || d.TransferSecret != "" || d.Term != 1 || d.Recurring != eur(1200) {
			t.Errorf("confirmed: %+v", d)
		}
		if got := s.Events(t, d.ID); got[len(got)-1] != "domain.transferred_in" {
			t.Errorf("events: %v", got)
		}
	})
}

// However a transfer ends, what authorised it is forgotten.
func TestTransferSecretsAreForgotten(t *testing.T) {
	t.Parallel()
	for how, end := range map[string]func(s *shop, id string){
		"confirmed": func(s *shop, id string) { s.confirmed(id, "2029-05-05T00:00:00Z") },
		"refused": func(s *shop, id string) {
			s.judged(id, func(tx *db.Tx, d *domainname.Domain) error { return s.reg.Refused(s.ctx, tx, d, "2202") })
		},
		"ended by staff": func(s *shop, id string) {
			if _, err := s.domains.Change(s.ctx, id, domainname.Patch{Status: new(domainname.Cancelled), Reason: "given up"}); err != nil {
				s.Fatal(err)
			}
		},
	} {
		t.Run(how, func(t *testing.T) {
			each(t, func(s *shop) {
				o := s.placed(transfer("moved.example", "s3cret-code"))
				s.Pay(t, o.InvoiceID, 900, "p1")
				id := o.Items[0].Domain.DomainID
				if d := s.domain(id); d.Status != domainname.PendingTransfer || d.TransferSecret == "" {
					t.Fatalf("paid: %s %q", d.Status, d.TransferSecret)
				}
				end(s, id)
				if d := s.domain(id); d.Status == domainname.PendingTransfer || d.TransferSecret != "" {
					t.Errorf("over: %s %q", d.Status, d.TransferSecret)
				}
			})
		})
	}
}

func TestWhatIsRefusedBecomesCredit(t *testing.T) {
	each(t, func(s *shop) {
		price := s.NewPrice(t, "editor", 4900, 0)
		o := s.placed(order.Item{PriceID: price.ID, Quantity: 1}, register("one.example", 2), register("two.example", 1))
		if o.Total != eur(4900+1399+199) {
			t.Errorf("total %s", o.Total)
		}
		s.Pay(t, o.InvoiceID, o.Total.Amount, "p1")
		ids := s.Order(t, o.ID).DomainIDs
		s.judged(ids[0], func(tx *db.Tx, d *domainname.Domain) error { return s.reg.Refused(s.ctx, tx, d, "2302 object exists") })
		if d := s.domain(ids[0]); d.Status != domainname.Cancelled {
			t.Errorf("refused: %s", d.Status)
		}
		if d := s.domain(ids[1]); d.Status != domainname.PendingRegistration {
			t.Errorf("the other: %s", d.Status)
		}
		if credit := s.Credit(t, s.ada.ID); credit != 1399 {
			t.Errorf("credit %d", credit)
		}
		if o = s.Order(t, o.ID); o.Status != order.Completed {
			t.Errorf("order %s", o.Status)
		}
		if n := s.Count(t, `SELECT COUNT(*) FROM staff_tasks WHERE kind = 'domain.refused' AND detail LIKE '%: 2302 object exists. %became the customer''s credit.' AND detail NOT LIKE '%refused%'`); n != 1 {
			t.Errorf("%d tasks", n)
		}
		s.Proven(t)
		// The name is free for another order.
		s.placed(register("one.example", 2))
	})
}

func TestWhatIsNotPaidIsCancelled(t *testing.T) {
	each(t, func(s *shop) {
		o := s.placed(register("one.example", 1), transfer("two.example", "code"))
		if _, err := s.Orders.Cancel(s.ctx, o.ID, "changed my mind"); err != nil {
			t.Fatal(err)
		}
		for _, item := range o.Items {
			d := s.domain(item.Domain.DomainID)
			if d.Status != domainname.Cancelled || d.TransferSecret != "" {
				t.Errorf("%s: %s %q", d.Name, d.Status, d.TransferSecret)
			}
		}
		// A line that staff take off its invoice takes its domain along, and no other.
		o = s.placed(register("one.example", 1), register("two.example", 1))
		inv := s.Invoice(t, o.InvoiceID)
		if _, err := s.Billing.DeleteLine(s.ctx, inv.ID, inv.Lines[0].ID, "not wanted"); err != nil {
			t.Fatal(err)
		}
		if a, b := s.domain(o.Items[0].Domain.DomainID), s.domain(o.Items[1].Domain.DomainID); a.Status != domainname.Cancelled || b.Status != domainname.Pending {
			t.Errorf("%s, %s", a.Status, b.Status)
		}
		s.Proven(t)
	})
}

func TestADateThatCantBeTrueConfirmsNothing(t *testing.T) {
	each(t, func(s *shop) {
		o := s.placed(register("one.example", 1))
		s.Pay(t, o.InvoiceID, 199, "p1")
		id := o.Items[0].Domain.DomainID
		for _, raw := range []string{"", "soon", "0000-00-00", "1970-01-01", "2099-01-01"} {
			err := s.DB.Write(s.ctx, func(tx *db.Tx) error {
				d, err := domainname.Lock(s.ctx, tx, id)
				if err != nil {
					return err
				}
				return s.reg.Confirmed(s.ctx, tx, &d, domainname.Reading{Raw: raw, Source: domainname.FromEPP})
			})
			s.wantCode(err, fail.KindConflict, "EXPIRY_UNREADABLE")
		}
		if d := s.domain(id); d.Status != domainname.PendingRegistration {
			t.Errorf("%s", d.Status)
		}
	})
}

// Bad input (section 13): refused before anything is looked up or written.
func TestBadOrders(t *testing.T) {
	each(t, func(s *shop) {
		long := strings.Repeat("a.", 130) + "example"
		yes := true
		for _, tt := range []struct {
			what string
			item order.Item
			kind fail.Kind
			code string
		}{
			{"term 0", register("a.example", 0), fail.KindMalformed, "INVALID_REQUEST"},
			{"term 11", register("a.example", 11), fail.KindMalformed, "INVALID_REQUEST"},
			{"term -1", register("a.example", -1), fail.KindMalformed, "INVALID_REQUEST"},
			{"no name", register("", 1), fail.KindMalformed, "INVALID_REQUEST"},
			{"bad label", register("-a.example", 1), fail.KindMalformed, "INVALID_REQUEST"},
			{"underscore", register("a_b.example", 1), fail.KindMalformed, "INVALID_REQUEST"},
			{"private suffix", register("a.github.io", 1), fail.KindMalformed, "INVALID_REQUEST"},
			{"below a name", register("www.a.example", 1), fail.KindMalformed, "INVALID_REQUEST"},
			{"over 253 characters", register(long, 1), fail.KindMalformed, "INVALID_REQUEST"},
			{"directions mixed", register("aא.example", 1), fail.KindMalformed, "INVALID_REQUEST"},
			{"transfer without a code", transfer("a.example", " "), fail.KindMalformed, "INVALID_REQUEST"},
			{"another action", order.Item{Domain: &order.DomainItem{Action: "steal", Name: "a.example", Years: 1}}, fail.KindMalformed, "INVALID_REQUEST"},
			{"a price beside it", order.Item{PriceID: "prc_1", Domain: &order.DomainItem{Action: domainname.ForRegistration, Name: "a.example", Years: 1, AutoRenew: &yes}}, fail.KindInvalid, "INVALID_INPUT"},
			{"not sold", register("a.invalid", 1), fail.KindInvalid, "TERM_NOT_AVAILABLE"},
			{"not priced", register("a.example", 3), fail.KindInvalid, "TERM_NOT_AVAILABLE"},
			{"renewals are not sold here", order.Item{Domain: &order.DomainItem{Action: domainname.ForRenewal, Name: "a.example", Years: 1}}, fail.KindInvalid, "INVALID_INPUT"},
		} {
			_, err := s.order(tt.item)
			if e := fail.Of(err); e == nil || e.Kind != tt.kind || e.Code != tt.code {
				t.Errorf("%s: %v", tt.what, err)
			} else if tt.what != "another action" && (len(e.Fields) != 1 || !strings.HasPrefix(e.Fields[0].Field, "items.0.")) {
				t.Errorf("%s: fields %v", tt.what, e.Fields)
			}
			guest := tt.item
			if _, err := s.Orders.QuoteGuest(s.ctx, order.Guest{}, order.Input{Items: []order.Item{guest}}); fail.Of(err) == nil || fail.Of(err).Code != tt.code {
				t.Errorf("%s as a guest: %v", tt.what, err)
			}
		}
		if n := s.Count(t, `SELECT COUNT(*) FROM domains`) + s.Count(t, `SELECT COUNT(*) FROM orders`); n != 0 || len(s.checker.asked) != 0 {
			t.Errorf("%d rows, asked %v", n, s.checker.asked)
		}
	})
}

// The same request again returns its order, and one that differs is refused.
func TestARequestIsOneOrder(t *testing.T) {
	each(t, func(s *shop) {
		yes := true
		in := order.Input{CustomerID: s.ada.ID, RequestKey: "k1", Items: []order.Item{
			{Domain: &order.DomainItem{Action: domainname.ForRegistration, Name: "Name.Example.", Years: 2, AutoRenew: &yes}}, transfer("moved.example", "code"),
		}}
		first, err := s.Orders.Place(s.ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Orders.Place(s.ctx, in)
		if err != nil || again.ID != first.ID {
			t.Errorf("again: %s, %v", again.ID, err)
		}
		other := in
		other.Items = []order.Item{register("name.example", 1), transfer("moved.example", "code")}
		_, err = s.Orders.Place(s.ctx, other)
		s.wantCode(err, fail.KindConflict, "REQUEST_KEY_REUSED")
	})
}

// Without grace a domain falls due before its last day.
func TestNextDueWithoutGrace(t *testing.T) {
	each(t, func(s *shop) {
		latest := -7
		p := domainname.Policy{
			Extension: "test", ValidFrom: civil.On(2026, 1, 1), MinYears: 1, MaxYears: 1, StepYears: 1, Latest: &latest, ExplicitRenew: true,
			DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding, DueMargin: 3,
		}
		if _, err := s.domains.CreatePolicy(s.ctx, p); err != nil {
			t.Fatal(err)
		}
		no := false
		o := s.placed(order.Item{Domain: &order.DomainItem{Action: domainname.ForRegistration, Name: "a.test", Years: 1, AutoRenew: &no}})
		s.Pay(t, o.InvoiceID, 199, "p1")
		s.Clock.Advance(time.Hour)
		d := s.confirmed(o.Items[0].Domain.DomainID, "2027-11-22")
		if d.NextDue != civil.On(2027, 11, 12) || !d.DoNotRenew {
			t.Errorf("next due %s, do not renew %v", d.NextDue, d.DoNotRenew)
		}
		_, err := s.order(register("b.test", 2))
		s.wantCode(err, fail.KindInvalid, "TERM_NOT_AVAILABLE")
		if more := fail.Of(err).More; more["reason"] != domainname.RegistryLimit {
			t.Errorf("more: %v", more)
		}
	})
}

// domains.default_auto_renew: whether a new domain renews where its buyer says nothing. What the buyer says counts.
func TestDefaultAutoRenew(t *testing.T) {
	each(t, func(s *shop) {
		want := func(name string, said *bool, doNotRenew bool) {
			s.Helper()
			o := s.placed(order.Item{Domain: &order.DomainItem{Action: domainname.ForRegistration, Name: name, Years: 1, AutoRenew: said}})
			if d := s.domain(o.Items[0].Domain.DomainID); d.DoNotRenew != doNotRenew {
				t.Errorf("%s: do not renew %v", name, d.DoNotRenew)
			}
		}
		yes, no := true, false
		want("a.example", nil, false)
		want("b.example", &no, true)
		s.Exec(t, `INSERT INTO settings (name, value, updated_at) VALUES ('domains.default_auto_renew', 'false', 1)`)
		want("c.example", nil, true)
		want("d.example", &yes, false)
	})
}

// What was refunded while the registrar was asked for it is not asked for again.
func TestRefundedWhileAsked(t *testing.T) {
	each(t, func(s *shop) {
		o := s.placed(register("one.example", 1), register("two.example", 1))
		s.Pay(t, o.InvoiceID, o.Total.Amount, "p1")
		ids := s.Order(t, o.ID).DomainIDs
		wanted := func(id string) (wait string) {
			s.judged(id, func(tx *db.Tx, d *domainname.Domain) (err error) {
				wait, err = s.reg.Wanted(s.ctx, tx, d, registrar.Quote{}, registrar.Quote{})
				return err
			})
			return wait
		}
		if wait := wanted(ids[0]); wait != "" {
			t.Fatal(wait)
		}
		if err := s.DB.Write(s.ctx, func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(s.ctx, `INSERT INTO registrar_commands (id, transaction_id, registrar_id, domain_id, attempt, command, guard_kind, created_at)
				SELECT 'rcm_1', 'KS-1', registrar_id, id, 1, 'register', 'none', 1 FROM domains WHERE id = $1`, ids[0])
			return err
		}); err != nil {
			t.Fatal(err)
		}
		line := s.Invoice(t, o.InvoiceID).Lines[0]
		in := payment.RefundInput{Adjust: true, Reason: "changed my mind", Lines: []billing.LineCredit{{LineID: line.ID, Amount: line.Amount}}}
		if _, err := s.Payments.Refund(s.ctx, o.InvoiceID, in); err != nil {
			t.Fatal(err)
		}
		if d := s.domain(ids[0]); d.Status != domainname.PendingRegistration {
			t.Fatal(d.Status)
		}
		wanted(ids[0])
		wanted(ids[1])
		if a, b := s.domain(ids[0]), s.domain(ids[1]); a.Status != domainname.Cancelled || b.Status != domainname.PendingRegistration {
			t.Errorf("%s, %s", a.Status, b.Status)
		}
		s.Proven(t)
	})
}

// Money that goes back while the debt stays: nobody is asked for the domain until it is paid again.
func TestMoneyAway(t *testing.T) {
	each(t, func(s *shop) {
		for _, item := range []order.Item{register("one.example", 1), transfer("two.example", "secret")} {
			o := s.placed(item)
			s.Pay(t, o.InvoiceID, o.Total.Amount, "first "+o.ID)
			id := s.Order(t, o.ID).DomainIDs[0]
			waits := func(want bool) {
				t.Helper()
				s.judged(id, func(tx *db.Tx, d *domainname.Domain) error {
					wait, err := s.reg.Wanted(s.ctx, tx, d, registrar.Quote{}, registrar.Quote{})
					if (wait != "") != want {
						t.Errorf("%s waits %q", d.Name, wait)
					}
					return err
				})
			}
			waits(false)
			if _, err := s.Payments.Refund(s.ctx, o.InvoiceID, payment.RefundInput{Reason: "the wrong account"}); err != nil {
				t.Fatal(err)
			}
			waits(true)
			s.Pay(t, o.InvoiceID, o.Total.Amount, "second "+o.ID)
			waits(false)
		}
		s.Proven(t)
	})
}
