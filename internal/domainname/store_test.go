package domainname_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// shop is a store with a policy and a customer, at the time of the ground data.
type shop struct {
	*testing.T
	*domainname.Service
	store    *dbtest.Store
	ctx      context.Context
	customer string
	policy   domainname.Policy
}

func each(t *testing.T, f func(s *shop)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		store.Clock.Set(noon)
		s := &shop{T: t, Service: domainname.New(store.DB), store: store, ctx: t.Context()}
		c, err := customer.New(store.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil }).Create(s.ctx, customer.Input{Email: "ada@example.com", Name: "Ada"})
		if err != nil {
			t.Fatal(err)
		}
		s.customer = c.ID
		if s.policy, err = s.CreatePolicy(s.ctx, cctld()); err != nil {
			t.Fatal(err)
		}
		f(s)
	})
}

func (s *shop) write(f func(tx *db.Tx) error) error { return s.store.DB.Write(s.ctx, f) }

func (s *shop) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shop) code(err error, code, field string) {
	s.Helper()
	if err == nil {
		s.Fatalf("no error, want %s %s", code, field)
	}
	if e := fail.Of(err); e.Code != code || e.Field != field {
		s.Fatalf("%v, want %s %s", err, code, field)
	}
}

// put stores a domain whose term ends on a day.
func (s *shop) put(domain string, end string, change ...func(*domainname.Domain)) domainname.Domain {
	s.Helper()
	d := domainOf(s, domain, end, change...)
	s.must(s.write(func(tx *db.Tx) error { return domainname.Insert(s.ctx, tx, &d) }))
	return d
}

func domainOf(s *shop, n, end string, change ...func(*domainname.Domain)) domainname.Domain {
	d := domain(s.T, end, change...)
	d.Name, d.CustomerID, d.Kind = name(s.T, n), s.customer, domainname.Registered
	return d
}

func (s *shop) renewal(d domainname.Domain, base string, change ...func(*domainname.Renewal)) domainname.Renewal {
	r := domainname.Renewal{
		DomainID: d.ID, CustomerID: s.customer, Base: day(s.T, base), Years: 1, Kind: domainname.Ordered, State: domainname.RenewalOpen,
		Price: eur(1200), Fee: eur(0), Stage: domainname.StageActive, PolicyID: s.policy.ID, Expected: domainname.AddYears(day(s.T, base), 1),
	}
	for _, f := range change {
		f(&r)
	}
	return r
}

func (s *shop) insert(r *domainname.Renewal) error {
	return s.write(func(tx *db.Tx) error { return domainname.InsertRenewal(s.ctx, tx, r) })
}

func TestDomainsAreKept(t *testing.T) {
	each(t, func(s *shop) {
		three := 3
		want := s.put("bücher.example", "2027-03-10", func(d *domainname.Domain) {
			d.Expiry = domainname.Expiry{At: at(t, "2027-03-10T22:59:59.999Z"), Raw: "2027-03-10T22:59:59.999Z", Source: domainname.FromEPP, ReadAt: noon}
			d.Accounting, d.BundledWith, d.LockedByUs, d.Unanswered, d.DoNotRenew = day(t, "2027-03-01"), "", true, false, true
			d.State = domainname.RegistryState{EPP: []string{"ok"}, RGP: []string{"renewPeriod"}, Sponsor: domainname.SponsorOurs, YearsAheadLimit: &three, ReadAt: noon}
			d.Premium = &domainname.Premium{Class: "gold", Renew: domainname.List{1: eur(25_000)}, QuotedAt: noon}
		})
		read := func(f func(tx *db.Tx) (domainname.Domain, error)) (got domainname.Domain) {
			s.Helper()
			s.must(s.write(func(tx *db.Tx) (err error) { got, err = f(tx); return err }))
			return got
		}
		for _, f := range []func(tx *db.Tx) (domainname.Domain, error){
			func(tx *db.Tx) (domainname.Domain, error) { return domainname.Load(s.ctx, tx, want.ID) },
			func(tx *db.Tx) (domainname.Domain, error) { return domainname.Lock(s.ctx, tx, want.ID) },
			func(tx *db.Tx) (domainname.Domain, error) {
				return domainname.ByName(s.ctx, tx, name(t, "BÜCHER.example."))
			},
		} {
			if diff := cmp.Diff(want, read(f), cmp.AllowUnexported(domainname.Name{})); diff != "" {
				s.Errorf("read (-want +got):\n%s", diff)
			}
		}
		// A10: one domain, however it is written.
		again := domainOf(s, "xn--bcher-kva.example", "2027-03-10")
		s.code(s.write(func(tx *db.Tx) error { return domainname.Insert(s.ctx, tx, &again) }), "DOMAIN_TAKEN", "")

		// Who has read an older version overwrites nothing.
		first, second := want, want
		first.NextDue = day(t, "2027-03-01")
		s.must(s.write(func(tx *db.Tx) error { return domainname.Save(s.ctx, tx, &first) }))
		s.code(s.write(func(tx *db.Tx) error { return domainname.Save(s.ctx, tx, &second) }), "CHANGED_MEANWHILE", "")

		// A record that is over gives the name free.
		first.Status = domainname.TransferredAway
		s.must(s.write(func(tx *db.Tx) error { return domainname.Save(s.ctx, tx, &first) }))
		s.must(s.write(func(tx *db.Tx) error { return domainname.Insert(s.ctx, tx, &again) }))
		first.Status = domainname.Active
		s.code(s.write(func(tx *db.Tx) error { return domainname.Save(s.ctx, tx, &first) }), "DOMAIN_TAKEN", "")
		s.code(s.write(func(tx *db.Tx) error { _, err := domainname.Load(s.ctx, tx, "dom_none"); return err }), "DOMAIN_NOT_FOUND", "")
	})
}

// Section 9: what the ledger holds by itself.
func TestLedgerConstraints(t *testing.T) {
	each(t, func(s *shop) {
		d := s.put("a.example", "2027-03-10")
		move := func(r *domainname.Renewal, on domainname.RenewalTrigger) error {
			return s.write(func(tx *db.Tx) error { return domainname.MoveRenewal(s.ctx, tx, r, on) })
		}
		automatic := func(r *domainname.Renewal) { r.Kind, r.DueOn = domainname.Automatic, day(t, "2027-03-10") }

		first := s.renewal(d, "2027-03-10", automatic)
		s.must(s.insert(&first))
		second := s.renewal(d, "2028-03-10")
		s.code(s.insert(&second), "RENEWAL_OPEN", "") // one open row per domain

		s.code(move(&first, domainname.OnReadDone), "RENEWAL_STATE", "")
		stale := first
		s.must(move(&first, domainname.OnWithdrawal))
		s.code(move(&stale, domainname.OnWithdrawal), "CHANGED_MEANWHILE", "")

		// A withdrawn line frees its due date, a revoked one does not.
		again := s.renewal(d, "2027-03-10", automatic)
		s.must(s.insert(&again))
		s.must(move(&again, domainname.OnRevocation))
		third := s.renewal(d, "2027-03-10", automatic)
		s.code(s.insert(&third), "RENEWAL_OPEN", "")

		// One row per base that is open, confirmed or satisfied.
		ordered := s.renewal(d, "2027-03-10")
		s.must(s.insert(&ordered))
		s.code(move(&again, domainname.OnRestoredLink), "RENEWAL_OPEN", "") // E14 comes too late
		now := s.store.Clock.Now()
		ordered.PaidAt = &now
		for _, on := range []domainname.RenewalTrigger{domainname.OnPayment, domainname.OnSend, domainname.OnSilence, domainname.OnReadDone} {
			s.must(move(&ordered, on))
		}
		same := s.renewal(d, "2027-03-10")
		s.code(s.insert(&same), "RENEWAL_OPEN", "")
		next := s.renewal(d, "2028-03-10")
		s.must(s.insert(&next)) // E5

		unpaid := next
		if err := move(&unpaid, domainname.OnPayment); err == nil {
			s.Error("paid without a payment")
		}
		byHand := next // E6: staff renew, the line is still owed
		for _, on := range []domainname.RenewalTrigger{domainname.OnManualSend, domainname.OnSend, domainname.OnReadBase, domainname.OnSend} {
			s.must(move(&byHand, on))
		}
		next = byHand

		var open *domainname.Renewal
		var all []domainname.Renewal
		s.must(s.write(func(tx *db.Tx) (err error) {
			if open, err = domainname.OpenRenewal(s.ctx, tx, d.ID); err != nil {
				return err
			}
			all, err = domainname.RenewalsOf(s.ctx, tx, d.ID, 10)
			return err
		}))
		if diff := cmp.Diff(&next, open); diff != "" {
			s.Errorf("open (-want +got):\n%s", diff)
		}
		if len(all) != 4 || all[1].State != domainname.RenewalConfirmed || all[1].SettledAt == nil || all[1].PaidAt == nil {
			s.Errorf("%+v", all)
		}
	})
}

// Of those who begin a renewal of one domain at once, one does.
func TestOneRenewalOfMany(t *testing.T) {
	each(t, func(s *shop) {
		d := s.put("a.example", "2027-03-10")
		var wg sync.WaitGroup
		done := make(chan error, 8)
		for range cap(done) {
			wg.Go(func() { r := s.renewal(d, "2027-03-10"); done <- s.insert(&r) })
		}
		wg.Wait()
		close(done)
		n := 0
		for err := range done {
			if err == nil {
				n++
			} else if fail.Of(err).Code != "RENEWAL_OPEN" {
				s.Error(err)
			}
		}
		if n != 1 {
			s.Errorf("%d renewals", n)
		}
	})
}

// What the database refuses whoever writes it.
func TestRowsThatCanNotBe(t *testing.T) {
	each(t, func(s *shop) {
		d := s.put("a.example", "2027-03-10")
		s.must(s.write(func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(s.ctx, `INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('rgr_1', 'one', 'manual', 'on', 'active', 0)`)
			return err
		}))
		command := func(id, transaction string, settled any) string {
			return fmt.Sprintf(`INSERT INTO registrar_commands (id, transaction_id, registrar_id, domain_id, attempt, command, guard_kind, outcome, created_at, settled_at)
				VALUES ('%s', '%s', 'rgr_1', '%s', 1, 'update', 'none', 'done', 0, %v)`, id, transaction, d.ID, settled)
		}
		price := func(kind string, years int, amount any) string {
			return fmt.Sprintf(`INSERT INTO domain_prices (extension, kind, years, currency, customer_group, valid_from, amount, updated_at)
				VALUES ('example', '%s', %d, 'EUR', '', '2026-01-01', %v, 0)`, kind, years, amount)
		}
		const update = `INSERT INTO domain_price_updates (id, filter, change, starts_on, reason, status, created_at)
			VALUES ('dpu_1', '{}', '{}', '2027-01-01', 'x', 'scheduled', 0)`
		item := func(state string, before, after int) string {
			return fmt.Sprintf(`INSERT INTO domain_price_update_items (update_id, domain_id, years, before_amount, after_amount, state)
				VALUES ('dpu_1', '%s', 1, %d, %d, '%s')`, d.ID, before, after, state)
		}
		for _, tt := range []struct {
			id, statement string
			ok            bool
		}{
			{"A5: a renewal of ten years", price("renew", 10, 11_000), false},
			{"A5: disabled", price("renew", 10, -1), true},
			{"a registration of ten years", price("register", 10, 11_000), true},
			{"less than disabled", price("register", 9, -2), false},
			{"a general price that is none", price("register", 8, "NULL"), false},
			{"a command", command("rcm_1", "tx-1", "NULL"), true},
			{"a second one on its way", command("rcm_2", "tx-2", "NULL"), false},
			{"D16: a transaction id twice", command("rcm_3", "tx-1", 1), false},
			{"a transaction id of two characters", command("rcm_4", "tx", 1), false},
			{"a settled one beside it", command("rcm_5", "tx-5", 1), true},
			{"capitals in a name", `UPDATE domains SET name = 'A.example'`, false},
			{"no date and active", `UPDATE domains SET expires_at = NULL, expires_on = NULL, expiry_source = ''`, false},
			{"renews for ten years", `UPDATE domains SET term = 10`, false},
			{"grace with a latest day", `UPDATE tld_policies SET latest = 0`, false},
			{"a first day after the last", `UPDATE tld_policies SET grace_days = 0, latest = -7, earliest = 6`, false},
			{"a first day that is the last", `UPDATE tld_policies SET grace_days = 0, latest = -7, earliest = 7`, true},
			{"years that nobody adds are given back", `UPDATE tld_policies SET registry_auto_renews = FALSE, argp_days = 45`, false},
			{"years ahead beyond ten", `UPDATE tld_policies SET years_ahead_limit = 11`, false},
			{"a price update", update, true},
			{"one that changes nothing", item("planned", 1000, 1000), false},
			{"down to nothing", item("planned", 1000, 0), false},
			{"the same, and another", item("same", 1000, 1100), false},
			{"another", item("planned", 1000, 1100), true},
		} {
			err := s.write(func(tx *db.Tx) error { _, err := tx.SQL().ExecContext(s.ctx, tt.statement); return err })
			if (err == nil) != tt.ok {
				s.Errorf("%s: %v", tt.id, err)
			}
		}
	})
}

func TestPolicyVerbs(t *testing.T) {
	each(t, func(s *shop) {
		installed, err := s.InstallShipped(s.ctx)
		if err != nil || installed != 51 {
			s.Fatalf("%d, %v", installed, err)
		}
		if installed, err := s.InstallShipped(s.ctx); err != nil || installed != 0 {
			s.Errorf("again: %d, %v", installed, err)
		}
		all, err := s.Policies(s.ctx, "")
		s.must(err)
		if diff := cmp.Diff(append(domainname.Shipped(), cctld()), all, cmpopts.IgnoreFields(domainname.Policy{}, "ID"),
			cmpopts.SortSlices(func(a, b domainname.Policy) bool {
				return a.Extension+a.ValidFrom.String() < b.Extension+b.ValidFrom.String()
			})); diff != "" {
			s.Errorf("stored (-want +got):\n%s", diff)
		}

		// Section 13: overlapping valid-from; the field is named, nothing is saved.
		_, err = s.CreatePolicy(s.ctx, cctld())
		s.code(err, fail.CodeInvalidInput, "valid_from")
		bad := cctld()
		bad.StepYears = 0
		_, err = s.CreatePolicy(s.ctx, bad)
		s.code(err, fail.CodeInvalidInput, "step_years")

		// B2: a second row from 1 December.
		later := cctld(earliest(20))
		later.ValidFrom = civil.On(2026, 12, 1)
		later, err = s.CreatePolicy(s.ctx, later)
		s.must(err)
		for on, want := range map[string]string{"2026-11-30": s.policy.ID, "2026-12-01": later.ID} {
			var got domainname.Policy
			s.must(s.write(func(tx *db.Tx) (err error) {
				got, _, err = domainname.PolicyAt(s.ctx, tx, "example", day(t, on))
				return err
			}))
			if got.ID != want {
				s.Errorf("on %s %s counts", on, got.ID)
			}
		}
		later.Earliest = ptr(25)
		if later, err = s.ChangePolicy(s.ctx, later.ID, later); err != nil || *later.Earliest != 25 {
			s.Errorf("%+v, %v", later, err)
		}
		moved := later
		moved.ValidFrom = s.policy.ValidFrom
		_, err = s.ChangePolicy(s.ctx, later.ID, moved)
		s.code(err, fail.CodeInvalidInput, "valid_from")

		// A row by which a renewal was decided stays as it is.
		d := s.put("a.example", "2027-03-10")
		r := s.renewal(d, "2027-03-10")
		s.must(s.insert(&r))
		_, err = s.ChangePolicy(s.ctx, s.policy.ID, s.policy)
		s.code(err, "POLICY_HAS_COUNTED", "")
		_, err = s.ChangePolicy(s.ctx, "tld_none", s.policy)
		s.code(err, "POLICY_NOT_FOUND", "")

		var table bytes.Buffer
		s.must(s.ExportPolicies(s.ctx, &table))
		result, err := s.ImportPolicies(s.ctx, bytes.NewReader(table.Bytes()), true)
		if err != nil || result.Same != 53 || len(result.New) != 0 || len(result.Bad) != 0 {
			s.Errorf("what was exported: %+v, %v", result, err)
		}
		const more = "extension,valid_from,min_years,max_years,step_years,grace_days\nnet,2027-01-01,1,10,1,20\ncom,2026-01-01,1,9,1,20\norg,2027-01-01,0,10,1,20\n"
		for _, dry := range []bool{true, false} {
			result, err = s.ImportPolicies(s.ctx, strings.NewReader(more), dry)
			if err != nil || len(result.New) != 1 || len(result.Bad) != 2 || result.Bad[0].Line != 3 || result.Bad[1].Line != 4 {
				s.Errorf("%+v, %v", result, err)
			}
			all, err := s.Policies(s.ctx, "net")
			if err != nil || (len(all) == 1) != dry {
				s.Errorf("dry %v: %d rows, %v", dry, len(all), err)
			}
		}
	})
}

func TestPreviewPolicy(t *testing.T) {
	each(t, func(s *shop) {
		plainly := s.put("a.example", "2027-03-10")
		renewing := s.put("b.example", "2027-06-01")
		s.put("gone.example", "2027-03-10", func(d *domainname.Domain) { d.Status = domainname.Cancelled })
		r := s.renewal(renewing, "2027-06-01")
		s.must(s.insert(&r))

		// More grace moves no due date, but what becomes of the open renewal.
		p := cctld(graceDays(90))
		p.ValidFrom = civil.On(2026, 12, 1)
		preview, err := s.PreviewPolicy(s.ctx, "", p)
		s.must(err)
		if preview.Domains != 2 || preview.Renewals != 1 || preview.Due != 0 || len(preview.Touched) != 1 || preview.Touched[0].Lost {
			s.Errorf("%+v", preview)
		}
		// With an early limit it can't be carried out.
		p.Earliest = ptr(90)
		if preview, err = s.PreviewPolicy(s.ctx, "", p); err != nil || len(preview.Touched) != 1 || !preview.Touched[0].Lost || preview.Touched[0].RenewalID != r.ID {
			s.Errorf("%+v, %v", preview, err)
		}
		// Without grace both fall due earlier.
		p = plain(latest(-7))
		p.ValidFrom = civil.On(2026, 12, 1)
		preview, err = s.PreviewPolicy(s.ctx, "", p)
		s.must(err)
		if preview.Due != 2 || preview.Touched[0].DomainID != plainly.ID || preview.Touched[0].DueBefore.String() != "2027-03-10" ||
			preview.Touched[0].DueAfter.String() != "2027-02-28" {
			s.Errorf("%+v", preview)
		}
		// From two years on, no invoice can be made for a term of one.
		p = cctld()
		p.ValidFrom, p.MinYears = civil.On(2026, 12, 1), 2
		preview, err = s.PreviewPolicy(s.ctx, "", p)
		s.must(err)
		if preview.Terms != 2 || preview.Due != 0 || len(preview.Touched) != 2 || !preview.Touched[0].TermLost || preview.Touched[0].Term != 1 {
			s.Errorf("%+v", preview)
		}
		_, err = s.PreviewPolicy(s.ctx, "", cctld())
		s.code(err, fail.CodeInvalidInput, "valid_from")
		if preview, err := s.PreviewPolicy(s.ctx, s.policy.ID, cctld()); err != nil || preview.Due != 0 || preview.Renewals != 0 {
			s.Errorf("no change: %+v, %v", preview, err)
		}
		if all, err := s.Policies(s.ctx, "example"); err != nil || len(all) != 1 {
			s.Errorf("a preview wrote: %+v, %v", all, err)
		}
	})
}

// Case A5, by form and by CSV.
func TestPriceVerbs(t *testing.T) {
	each(t, func(s *shop) {
		row := func(kind domainname.PriceKind, years int, amount int64) domainname.Price {
			return domainname.Price{Extension: "example", Kind: kind, Years: years, Currency: "EUR", Amount: amount, ValidFrom: civil.On(2026, 1, 1)}
		}
		disabled, err := s.SetPrices(s.ctx, domainname.Prices{row(domainname.ForRenewal, 10, 11_000), row(domainname.ForRenewal, 1, 1300)})
		if err != nil || len(disabled) != 1 || disabled[0].Years != 10 {
			s.Fatalf("%+v, %v", disabled, err)
		}
		list := func() domainname.List {
			all, err := s.Prices(s.ctx, "example")
			s.must(err)
			return all.List("example", domainname.ForRenewal, "EUR", "", day(t, "2026-11-22"))
		}
		if diff := cmp.Diff(domainname.List{1: eur(1300)}, list()); diff != "" {
			s.Errorf("(-want +got):\n%s", diff)
		}
		_, err = s.SetPrices(s.ctx, domainname.Prices{row(domainname.ForRenewal, 2, 2400), row(domainname.ForRenewal, 3, -2)})
		s.code(err, fail.CodeInvalidInput, "prices[1].amount")
		_, err = s.SetPrices(s.ctx, domainname.Prices{row(domainname.ForTransfer, 1, 900), row(domainname.ForTransfer, 2, 1800)})
		s.code(err, fail.CodeInvalidInput, "prices[1].years")
		if len(list()) != 1 {
			s.Error("some rows of a refused save were stored")
		}

		const file = `extension,kind,years,currency,group,valid_from,amount
example,renew,1,EUR,,2026-01-01,14.00
example,renew,10,EUR,,2026-01-01,110.00
example,renew,1,EUR,agency,2026-01-01,9.00
example,renew,1,EUR,agency,2027-01-01,
example,renew,2,EUR,,2026-01-01,-1
example,renew,3,EUR,,2026-01-01,36.001
example,renew,4,EURO,,2026-01-01,48.00
example,renew,5,EUR,,2026-01-01,-2
example,renew,1,EUR,,2026-01-01,15.00
example,transfer,2,EUR,,2026-01-01,15.00
example,renew,6,JPY,,2026-01-01,9000
example,renew,7,EUR,,2026-01-01,
`
		result, err := s.ImportPrices(s.ctx, strings.NewReader(file), true)
		if err != nil || len(result.Prices) != 5 || result.Same != 1 || len(result.Bad) != 6 || len(result.Disabled) != 1 || list()[1] != eur(1300) {
			s.Errorf("dry run: %+v, %v", result, err)
		}
		if _, err = s.ImportPrices(s.ctx, strings.NewReader(file), false); err != nil || list()[1] != eur(1400) || len(list()) != 1 {
			s.Errorf("%v, %v", list(), err)
		}
		var table bytes.Buffer
		s.must(s.ExportPrices(s.ctx, &table))
		before, err := s.Prices(s.ctx, "")
		s.must(err)
		for _, separator := range []string{",", ";", "\t"} {
			same, err := s.ImportPrices(s.ctx, strings.NewReader(strings.ReplaceAll(table.String(), ",", separator)), true)
			if err != nil || len(same.Prices) != 0 || len(same.Bad) != 0 || same.Same != len(before) {
				s.Errorf("read back with %q between: %+v, %v", separator, same, err)
			}
		}
		again, err := domainname.ReadPrices(&table)
		if diff := cmp.Diff(before, again.Prices); err != nil || diff != "" || len(again.Disabled) != 0 {
			s.Errorf("exported and read (-want +got): %v\n%s", err, diff)
		}
	})
}

// Gather reads all that an offer asks for.
func TestGather(t *testing.T) {
	each(t, func(s *shop) {
		_, err := s.SetPrices(s.ctx, domainname.Prices{{Extension: "example", Kind: domainname.ForRenewal, Years: 1, Currency: "EUR", Amount: 1200, ValidFrom: civil.On(2026, 1, 1)}})
		s.must(err)
		d := s.put("a.example", "2027-03-10")
		offer := func() (o domainname.Offer) {
			s.must(s.write(func(tx *db.Tx) error {
				q, err := domainname.Gather(s.ctx, tx, d, domainname.ByCustomer, "", civil.Of(tx.Now, time.UTC))
				o = domainname.Offers(q)
				return err
			}))
			return o
		}
		if o := offer(); len(o.On()) != 1 || o.On()[0].Price != eur(1200) {
			s.Errorf("%+v", o)
		}
		r := s.renewal(d, "2027-03-10")
		s.must(s.insert(&r))
		if o := offer(); o.Refusal == nil || o.Refusal.Reason != domainname.AlreadyOpen || o.Refusal.RenewalID != r.ID {
			s.Errorf("%+v", o)
		}
	})
}

func FuzzReadPrices(f *testing.F) {
	f.Add("extension,kind,years,currency,valid_from,amount\ncom,renew,1,EUR,2026-01-01,12.00\n")
	f.Add("extension,kind,years,currency,group,valid_from,amount\ncom,renew,10,JPY,x,2026-01-01,-1\n")
	f.Fuzz(func(t *testing.T, s string) {
		read, err := domainname.ReadPrices(strings.NewReader(s))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := domainname.WritePrices(&b, read.Prices); err != nil {
			t.Fatal(err)
		}
		again, err := domainname.ReadPrices(&b)
		if err != nil || len(again.Bad) > 0 || len(again.Disabled) > 0 {
			t.Fatalf("what was taken is not read again: %+v, %v", again, err)
		}
		if diff := cmp.Diff(read.Prices, again.Prices); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}
