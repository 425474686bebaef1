package domainname_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

func (s *shop) registrar(name string) string {
	s.Helper()
	id := "rgr_" + name
	s.must(s.write(func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(s.ctx, `INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ($1, $2, 'manual', 'on', 'active', 0)`, id, name)
		return err
	}))
	return id
}

// names are the names of a list, all pages of it.
func (s *shop) names(f domainname.Filter) (names []string) {
	s.Helper()
	for {
		rows, next, err := s.List(s.ctx, f)
		s.must(err)
		for _, r := range rows {
			names = append(names, r.Name.String())
		}
		if f.Cursor = next; next == "" {
			return names
		}
	}
}

func TestList(t *testing.T) {
	each(t, func(s *shop) {
		one := s.registrar("one")
		s.put("active.example", "2027-03-10", func(d *domainname.Domain) { d.RegistrarID = one })
		grace := s.put("grace.example", "2026-11-10")
		s.put("redemption.example", "2026-10-10", func(d *domainname.Domain) { d.DoNotRenew = true })
		s.put("expired.example", "2026-01-10")
		s.put("ours.example", "2026-09-10", func(d *domainname.Domain) { // still ours at the registry: no more than in grace
			d.State = domainname.RegistryState{Sponsor: domainname.SponsorOurs, ReadAt: noon.Add(-time.Hour)}
		})
		s.put("stale.example", "2026-09-10", func(d *domainname.Domain) {
			d.State = domainname.RegistryState{Sponsor: domainname.SponsorOurs, ReadAt: noon.Add(-25 * time.Hour)}
		})
		s.put("deleted.example", "2027-03-10", func(d *domainname.Domain) { // before its end, says the registry
			d.State = domainname.RegistryState{RGP: []string{"pendingDelete"}, ReadAt: noon.Add(-time.Hour)}
		})
		s.put("waits.example", "", func(d *domainname.Domain) {
			d.Status, d.PaidThrough, d.NextDue = domainname.PendingRegistration, civil.Date{}, civil.Date{}
		})
		r := s.renewal(grace, "2026-11-10")
		s.must(s.insert(&r))
		for _, c := range []struct {
			name string
			f    domainname.Filter
			want string
		}{
			{"all", domainname.Filter{Limit: 3}, "active deleted expired grace ours redemption stale waits"},
			{"by end", domainname.Filter{Order: "term_end", Limit: 2}, "expired ours stale redemption grace active deleted waits"},
			{"part", domainname.Filter{Query: "E.EX"}, "active grace stale"},
			{"an underscore is one", domainname.Filter{Query: "g_r"}, ""},
			{"active", domainname.Filter{Status: domainname.Active, Limit: 1}, "active"},
			{"grace", domainname.Filter{Status: domainname.Grace, Limit: 1}, "grace ours"},
			{"redemption", domainname.Filter{Status: domainname.Redemption}, "redemption"},
			{"expired", domainname.Filter{Status: domainname.Expired, Limit: 2}, "deleted expired stale"},
			{"pending", domainname.Filter{Status: domainname.PendingRegistration}, "waits"},
			{"registrar", domainname.Filter{RegistrarID: one}, "active"},
			{"customer", domainname.Filter{CustomerID: "cus_other"}, ""},
			{"extension", domainname.Filter{Extension: "example", Status: domainname.Active}, "active"},
			{"ends", domainname.Filter{EndsFrom: day(t, "2026-10-10"), EndsBefore: day(t, "2026-11-11")}, "grace redemption"},
			{"unpaid", domainname.Filter{Special: "unpaid"}, "grace"},
			{"failed", domainname.Filter{Special: "failed"}, ""},
			{"never", domainname.Filter{Special: "never"}, "redemption"},
		} {
			got := strings.ReplaceAll(strings.Join(s.names(c.f), " "), ".example", "")
			if got != c.want {
				s.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
		rows, _, err := s.List(s.ctx, domainname.Filter{Query: "grace"})
		s.must(err)
		if r := rows[0]; r.CustomerName != "Ada" || r.Open == nil || r.Standing.Status != domainname.Grace || r.Confirming {
			s.Errorf("%+v", r)
		}
		for field, f := range map[string]domainname.Filter{
			"special": {Special: "x"}, "order": {Order: "x"}, "status": {Status: "x"}, "customer_id": {CustomerID: "x y"}, "extension": {Extension: "github.io"},
			"cursor": {Cursor: "x"},
		} {
			_, _, err := s.List(s.ctx, f)
			s.code(err, fail.CodeInvalidInput, field)
		}
	})
}

// A row of a list is the domain, with all that it has.
func TestRowsAreWhole(t *testing.T) {
	each(t, func(s *shop) {
		three := 3
		missing := noon.Add(-time.Hour)
		d := s.put("whole.example", "2027-03-10", func(d *domainname.Domain) {
			d.RegistrarID, d.Accounting, d.LockedByUs, d.Unanswered, d.BoughtYears = s.registrar("one"), day(t, "2027-03-01"), true, true, 3
			d.Nameservers, d.Registrant, d.Mode, d.TransferSecret = []string{"ns1.example"}, domainname.Registrant{Name: "Ada"}, domainname.ModeRenew, "x"
			d.State = domainname.RegistryState{EPP: []string{"ok"}, Sponsor: domainname.SponsorOurs, YearsAheadLimit: &three, ReadAt: noon}
			d.Premium = &domainname.Premium{Class: "gold", Renew: domainname.List{1: eur(25_000)}, QuotedAt: noon}
		})
		var want domainname.Domain
		s.must(s.write(func(tx *db.Tx) (err error) {
			d.MissingSince = &missing
			if err := domainname.Save(s.ctx, tx, &d); err != nil {
				return err
			}
			want, err = domainname.Load(s.ctx, tx, d.ID)
			return err
		}))
		rows, _, err := s.List(s.ctx, domainname.Filter{})
		s.must(err)
		one, err := s.ByID(s.ctx, d.ID)
		s.must(err)
		if diff := cmp.Diff(want, rows[0].Domain, cmp.AllowUnexported(domainname.Name{})); diff != "" {
			s.Errorf("in the list (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(rows[0], one, cmp.AllowUnexported(domainname.Name{})); diff != "" {
			s.Errorf("alone (-list +got):\n%s", diff)
		}
		_, err = s.ByID(s.ctx, "dom_none")
		s.code(err, "DOMAIN_NOT_FOUND", "")
		_, err = s.RenewalByID(s.ctx, "drn_none")
		s.code(err, "RENEWAL_NOT_FOUND", "")
		r := s.renewal(d, "2027-03-10")
		s.must(s.insert(&r))
		all, err := s.Renewals(s.ctx, d.ID, 0)
		s.must(err)
		again, err := s.RenewalByID(s.ctx, r.ID)
		s.must(err)
		if diff := cmp.Diff([]domainname.Renewal{again}, all); diff != "" {
			s.Errorf("ledger (-want +got):\n%s", diff)
		}
	})
}

func (s *shop) price(kind domainname.PriceKind, years int, amount int64, change ...func(*domainname.Price)) domainname.Price {
	p := domainname.Price{Extension: "example", Kind: kind, Years: years, Currency: "EUR", Amount: amount, ValidFrom: day(s.T, "2026-01-01")}
	for _, f := range change {
		f(&p)
	}
	return p
}

func TestCreate(t *testing.T) {
	each(t, func(s *shop) {
		_, err := s.SetPrices(s.ctx, domainname.Prices{s.price(domainname.ForRenewal, 1, 1200), s.price(domainname.ForRenewal, 2, 2400)})
		s.must(err)
		in := func(name string, change ...func(*domainname.Input)) domainname.Input {
			in := domainname.Input{Name: name, CustomerID: s.customer, Expiry: "2027-03-10"}
			for _, f := range change {
				f(&in)
			}
			return in
		}
		d, err := s.Create(s.ctx, in("BÜCHER.example."))
		s.must(err)
		got := fmt.Sprintf("%s %s %s %s %s %d %s %s %q", d.Name, d.Status, d.Expiry.Date(), d.PaidThrough, d.NextDue, d.Term, d.Recurring, d.Expiry.Source, d.RegistrarID)
		if want := `xn--bcher-kva.example active 2027-03-10 2027-03-10 2027-03-10 1 12.00 EUR staff ""`; got != want {
			s.Errorf("%s, want %s", got, want)
		}
		// A10: three ways to write one domain.
		for _, name := range []string{"bücher.example", "xn--bcher-kva.example"} {
			_, err := s.Create(s.ctx, in(name))
			s.code(err, "DOMAIN_TAKEN", "")
		}
		d, err = s.Create(s.ctx, in("old.example", func(in *domainname.Input) {
			in.Expiry, in.Term, in.PaidThrough, in.NextDue, in.Source = "2026-11-10T22:00:00Z", 2, day(t, "2026-11-10"), day(t, "2026-12-01"), domainname.FromImport
			in.Recurring = new(money.New(0, "EUR"))
		}))
		s.must(err)
		if d.Status != domainname.Grace || !d.Free() || d.NextDue != day(t, "2026-12-01") || d.Expiry.Source != domainname.FromImport {
			s.Errorf("%+v", d)
		}
		for _, c := range []struct {
			code, field string
			in          domainname.Input
		}{
			{"INVALID_REQUEST", "name", in("-.example")},
			{"INVALID_REQUEST", "name", in("example")},
			{"INVALID_REQUEST", "name", in("www.a.example")},
			{"INVALID_REQUEST", "name", in("a.github.io")},
			{"INVALID_REQUEST", "name", in(strings.Repeat("a.", 127) + "example")},
			{fail.CodeInvalidInput, "name", in("a.unknown")},
			{fail.CodeInvalidInput, "customer_id", in("a.example", func(in *domainname.Input) { in.CustomerID = "cus_none" })},
			{fail.CodeInvalidInput, "registry_expiry", in("a.example", func(in *domainname.Input) { in.Expiry = "" })},
			{fail.CodeInvalidInput, "registry_expiry", in("a.example", func(in *domainname.Input) { in.Expiry = "0000-00-00" })},
			{fail.CodeInvalidInput, "term_years", in("a.example", func(in *domainname.Input) { in.Term = 10 })},
			{fail.CodeInvalidInput, "recurring", in("a.example", func(in *domainname.Input) { in.Term = 3 })},
			{fail.CodeInvalidInput, "recurring", in("a.example", func(in *domainname.Input) { in.Recurring = new(eur(-1)) })},
			{fail.CodeInvalidInput, "registrar", in("a.example", func(in *domainname.Input) { in.Registrar = "nobody" })},
			{fail.CodeInvalidInput, "bundled_with", in("a.example", func(in *domainname.Input) { in.BundledWith = "sub_none" })},
		} {
			_, err := s.Create(s.ctx, c.in)
			s.code(err, c.code, c.field)
		}
		if names := s.names(domainname.Filter{}); len(names) != 2 {
			s.Errorf("%q", names)
		}
	})
}

func TestChange(t *testing.T) {
	each(t, func(s *shop) {
		_, err := s.SetPrices(s.ctx, domainname.Prices{s.price(domainname.ForRenewal, 2, 2400)})
		s.must(err)
		s.registrar("one")
		d := s.put("a.example", "2027-03-10")
		change := func(p domainname.Patch) domainname.Domain {
			s.Helper()
			got, err := s.Change(s.ctx, d.ID, p)
			s.must(err)
			return got
		}
		// What is due moves nothing else.
		got := change(domainname.Patch{NextDue: new(day(t, "2027-02-01")), Version: d.Version})
		if got.NextDue != day(t, "2027-02-01") || got.PaidThrough != d.PaidThrough || got.Expiry.Raw != d.Expiry.Raw {
			s.Errorf("%+v", got)
		}
		_, err = s.Change(s.ctx, d.ID, domainname.Patch{NextDue: new(day(t, "2027-02-02")), Version: d.Version})
		s.code(err, "CHANGED_MEANWHILE", "")
		if got = change(domainname.Patch{Term: new(2)}); got.Recurring != eur(2400) || got.Term != 2 {
			s.Errorf("list price of the new term: %+v", got)
		}
		if got = change(domainname.Patch{Term: new(3), Recurring: new(eur(3000))}); got.Recurring != eur(3000) || got.Term != 3 {
			s.Errorf("%+v", got)
		}
		if got = change(domainname.Patch{Term: new(0)}); got.Recurring != eur(0) || got.Term != 0 {
			s.Errorf("%+v", got)
		}
		if got = change(domainname.Patch{Registrar: new("one")}); got.RegistrarID != "rgr_one" {
			s.Errorf("%+v", got)
		}
		// Only the registrar that was asked can say what came of it.
		s.registrar("two")
		s.must(s.write(func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(s.ctx, `INSERT INTO registrar_commands (id, transaction_id, registrar_id, domain_id, attempt, command, guard_kind, created_at)
				VALUES ('rcm_1', 'KS-1', 'rgr_one', $1, 1, 'update', 'none', 1)`, d.ID)
			return err
		}))
		_, err = s.Change(s.ctx, d.ID, domainname.Patch{Registrar: new("two")})
		s.code(err, "COMMAND_IN_FLIGHT", "")
		s.must(s.write(func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(s.ctx, `UPDATE registrar_commands SET outcome = 'done', settled_at = 1`)
			return err
		}))
		if got = change(domainname.Patch{Registrar: new("two")}); got.RegistrarID != "rgr_two" {
			s.Errorf("%+v", got)
		}
		// A small correction moves what was paid for along, and not what is due.
		if got = change(domainname.Patch{Expiry: new("2027-03-12"), Reason: "read at the panel"}); got.PaidThrough != day(t, "2027-03-12") || got.NextDue != day(t, "2027-02-01") {
			s.Errorf("%+v", got)
		}
		// A year is the registry's.
		if got = change(domainname.Patch{Expiry: new("2028-03-12"), Reason: "read at the panel"}); got.PaidThrough != day(t, "2027-03-12") {
			s.Errorf("%+v", got)
		}
		if end, ahead := got.TermEnd(); ahead != 1 || end != day(t, "2027-03-12") {
			s.Errorf("%v, %d", end, ahead)
		}
		if got = change(domainname.Patch{Status: new(domainname.Cancelled), Reason: "asked for"}); got.Status != domainname.Cancelled {
			s.Errorf("%+v", got)
		}
		if got = change(domainname.Patch{Status: new(domainname.Active), Reason: "a slip"}); got.Status != domainname.Active {
			s.Errorf("%+v", got)
		}
		for _, c := range []struct {
			code, field string
			p           domainname.Patch
		}{
			{fail.CodeInvalidInput, "reason", domainname.Patch{PaidThrough: new(day(t, "2028-01-01"))}},
			{fail.CodeInvalidInput, "paid_through", domainname.Patch{PaidThrough: new(day(t, "9999-12-31")), Reason: "x"}},
			{fail.CodeInvalidInput, "paid_through", domainname.Patch{PaidThrough: new(day(t, "1969-12-31")), Reason: "x"}},
			{fail.CodeInvalidInput, "next_due", domainname.Patch{NextDue: new(day(t, "2099-01-01"))}},
			{fail.CodeInvalidInput, "term_years", domainname.Patch{Term: new(10)}},
			{fail.CodeInvalidInput, "recurring", domainname.Patch{Recurring: new(money.New(1, "USD")), Term: new(1)}},
			{fail.CodeInvalidInput, "recurring", domainname.Patch{Term: new(5)}},
			{fail.CodeInvalidInput, "recurring", domainname.Patch{Recurring: new(eur(5))}},
			{fail.CodeInvalidInput, "status", domainname.Patch{Status: new(domainname.Grace), Reason: "x"}},
			{fail.CodeInvalidInput, "registrar", domainname.Patch{Registrar: new("none")}},
			{fail.CodeInvalidInput, "bundled_with", domainname.Patch{BundledWith: new("sub_none")}},
			{fail.CodeInvalidInput, "registry_expiry", domainname.Patch{Expiry: new("soon"), Reason: "x"}},
		} {
			_, err := s.Change(s.ctx, d.ID, c.p)
			s.code(err, c.code, c.field)
		}
		_, err = s.Change(s.ctx, "dom_none", domainname.Patch{})
		s.code(err, "DOMAIN_NOT_FOUND", "")
	})
}

func TestTLDs(t *testing.T) {
	each(t, func(s *shop) {
		s.registrar("one")
		p := gtld()
		// A5: ten years are stored as disabled, the rest of the form is saved.
		got, disabled, err := s.SetTLD(s.ctx, domainname.TLDInput{
			Extension: "gtld", Registrar: new("one"), Policy: &p,
			Prices: domainname.Prices{
				{Kind: domainname.ForRenewal, Years: 10, Currency: "EUR", Amount: 11_000},
				{Kind: domainname.ForRenewal, Years: 1, Currency: "EUR", Amount: 1300},
			},
		})
		s.must(err)
		amounts := map[int]int64{}
		for _, p := range got.Prices {
			amounts[p.Years] = p.Amount
		}
		if diff := cmp.Diff(map[int]int64{1: 1300, 10: domainname.Disabled}, amounts); diff != "" || len(disabled) != 1 || got.Registrar != "one" || got.Today == nil {
			s.Errorf("%+v, disabled %v\n%s", got, disabled, diff)
		}
		// Only what is named changes.
		got, _, err = s.SetTLD(s.ctx, domainname.TLDInput{
			Extension: ".GTLD", Prices: domainname.Prices{{Kind: domainname.ForRenewal, Years: 1, Currency: "EUR", Amount: 1400}},
		})
		s.must(err)
		if len(got.Prices) != 2 || len(got.Policies) != 1 || got.Registrar != "one" {
			s.Errorf("%+v", got)
		}
		// All or nothing.
		bad := gtld()
		bad.ValidFrom, bad.StepYears = day(t, "2027-01-01"), 0
		_, _, err = s.SetTLD(s.ctx, domainname.TLDInput{Extension: "gtld", Registrar: new(""), Policy: &bad})
		s.code(err, fail.CodeInvalidInput, "policy.step_years")
		_, _, err = s.SetTLD(s.ctx, domainname.TLDInput{Extension: "gtld", Registrar: new(""), Prices: domainname.Prices{{Kind: domainname.ForRenewal, Years: 1, Currency: "EUR", Amount: -2}}})
		s.code(err, fail.CodeInvalidInput, "prices[0].amount")
		got, err = s.TLD(s.ctx, "gtld")
		s.must(err)
		if got.Registrar != "one" {
			s.Errorf("%+v", got)
		}
		_, err = s.TLD(s.ctx, "nothing")
		s.code(err, "TLD_NOT_FOUND", "")
		all, err := s.TLDs(s.ctx)
		s.must(err)
		names := make([]string, len(all))
		for i, t := range all {
			names[i] = t.Extension
		}
		if !slices.Equal(names, []string{"example", "gtld"}) {
			s.Errorf("%q", names)
		}
	})
}

func TestCalendar(t *testing.T) {
	each(t, func(s *shop) {
		s.put("a.example", "2027-03-10")
		s.put("b.example", "2027-03-10", func(d *domainname.Domain) { d.NextDue = day(t, "2027-03-01") })
		s.put("never.example", "2027-03-10", func(d *domainname.Domain) { d.DoNotRenew = true })
		s.put("gone.example", "2027-03-10", func(d *domainname.Domain) { d.Status = domainname.Cancelled })
		paid := s.put("paid.example", "2027-03-05", func(d *domainname.Domain) { d.NextDue = day(t, "2028-03-05") })
		r := s.renewal(paid, "2027-03-05", func(r *domainname.Renewal) { r.State, r.PaidAt = domainname.RenewalPaid, &noon })
		s.must(s.insert(&r))
		// Renewed by its registry and paid for, and not confirmed yet: safe until its old term ends, wherever its dates stand now.
		there := s.put("there.example", "2028-03-07", func(d *domainname.Domain) { d.NextDue = day(t, "2028-03-07") })
		r = s.renewal(there, "2027-03-07", func(r *domainname.Renewal) { r.State, r.PaidAt = domainname.RenewalPaid, &noon })
		s.must(s.insert(&r))
		show := func(from, to string) (lines []string) {
			s.Helper()
			days, err := s.Calendar(s.ctx, day(t, from), day(t, to))
			s.must(err)
			for _, d := range days {
				line := fmt.Sprintf("%s %s %d", d.On, d.What, d.Count)
				if d.What == "due" {
					line += " " + d.Total.String()
				}
				for _, r := range d.Rows {
					line += " " + strings.TrimSuffix(r.Name.String(), ".example")
				}
				lines = append(lines, line)
			}
			return lines
		}
		if diff := cmp.Diff([]string{
			"2027-03-01 due 1 10.00 EUR b", "2027-03-04 last_safe 1 paid", "2027-03-05 term_end 1 paid", "2027-03-06 last_safe 1 there", "2027-03-10 due 1 10.00 EUR a",
			"2027-03-10 term_end 3 a b never",
		}, show("2027-03-01", "2027-04-01")); diff != "" {
			s.Errorf("March (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"2027-04-04 last_plain 1 paid", "2027-04-09 last_plain 3 a b never"}, show("2027-04-01", "2027-05-01")); diff != "" {
			s.Errorf("April (-want +got):\n%s", diff)
		}
		_, err := s.Calendar(s.ctx, day(t, "2027-01-01"), day(t, "2029-01-01"))
		s.code(err, fail.CodeInvalidInput, "to")
	})
}
