package domainname_test

import (
	"fmt"
	"maps"
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

// Cases C2d and C2e.
func TestPriceChange(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id       string
		change   domainname.PriceChange
		before   money.Money
		list     int64
		cost     int64
		want     int64 // 0: refused
		currency money.Currency
	}{
		{"C2d", domainname.PriceChange{Mode: "percent", Value: "5"}, eur(999), 0, 0, 1049, "EUR"},
		{"C2d", domainname.PriceChange{Mode: "percent", Value: "5"}, eur(1200), 0, 0, 1260, "EUR"},
		{"C2d", domainname.PriceChange{Mode: "percent", Value: "5"}, eur(10), 0, 0, 11, "EUR"},
		{"C2d", domainname.PriceChange{Mode: "percent", Value: "5"}, money.New(1480, "JPY"), 0, 0, 1554, "JPY"},
		{"C2d", domainname.PriceChange{Mode: "percent", Value: "5"}, money.New(1490, "JPY"), 0, 0, 1565, "JPY"},
		{"C2e", domainname.PriceChange{Mode: "percent", Value: "50", Ceiling: "14.00"}, eur(1000), 0, 0, 1400, "EUR"},
		{"C2e", domainname.PriceChange{Mode: "delta", Value: "-3.00", NotBelowCost: true}, eur(1200), 0, 950, 950, "EUR"},
		{"C2e", domainname.PriceChange{Mode: "delta", Value: "-3.00", Floor: "9.50"}, eur(1200), 0, 0, 950, "EUR"},
		{"to list", domainname.PriceChange{Mode: "list"}, eur(1000), 1400, 0, 1400, "EUR"},
		{"no list price", domainname.PriceChange{Mode: "list"}, eur(1000), 0, 0, 0, "EUR"},
		{"to an amount", domainname.PriceChange{Mode: "amount", Value: "15"}, eur(1000), 0, 0, 1500, "EUR"},
		{"rounded once, to the step", domainname.PriceChange{Mode: "percent", Value: "4.95", Step: "0.50"}, eur(1000), 0, 0, 1050, "EUR"},
		{"below one minor unit", domainname.PriceChange{Mode: "percent", Value: "-100"}, eur(1000), 0, 0, 0, "EUR"},
		{"below one minor unit", domainname.PriceChange{Mode: "delta", Value: "-10.00"}, eur(1000), 0, 0, 0, "EUR"},
		{"too large", domainname.PriceChange{Mode: "percent", Value: "1000"}, eur(1e14), 0, 0, 0, "EUR"},
	} {
		var list, cost *money.Money
		if tt.list > 0 {
			list = ptr(eur(tt.list))
		}
		if tt.cost > 0 {
			cost = ptr(eur(tt.cost))
		}
		after, refused := tt.change.New(tt.before, list, cost)
		if (refused == "") != (tt.want > 0) || tt.want > 0 && after != money.New(tt.want, tt.currency) {
			t.Errorf("%s: %s becomes %s (%s), want %d", tt.id, tt.before, after, refused, tt.want)
		}
	}
}

// amounts are the domains of case C2.
func (s *shop) amounts() map[string]domainname.Domain {
	s.Helper()
	set := func(term int, amount int64) func(*domainname.Domain) {
		return func(d *domainname.Domain) { d.Term, d.Recurring = term, eur(amount) }
	}
	all := map[string]domainname.Domain{
		"a": s.put("a.example", "2027-03-10", set(1, 1000)), "b": s.put("b.example", "2027-03-10", set(1, 1200)),
		"c": s.put("c.example", "2027-03-10", set(2, 2400)), "d": s.put("d.example", "2027-03-10", set(1, 1400)),
		"e": s.put("e.example", "2027-03-10", set(1, 25_000), func(d *domainname.Domain) { d.Premium = &domainname.Premium{Class: "gold"} }),
		"f": s.put("f.example", "2027-03-10", set(1, 0)),
	}
	_, err := s.SetPrices(s.ctx, domainname.Prices{
		{Extension: "example", Kind: domainname.ForRenewal, Years: 1, Currency: "EUR", Amount: 1400, ValidFrom: civil.On(2026, 1, 1)},
		{Extension: "example", Kind: domainname.ForRenewal, Years: 2, Currency: "EUR", Amount: 2800, ValidFrom: civil.On(2026, 1, 1)},
	})
	s.must(err)
	return all
}

func (s *shop) wantAmounts(all map[string]domainname.Domain, want map[string]int64) {
	s.Helper()
	got := map[string]int64{}
	for n, d := range all {
		s.must(s.store.DB.Read(s.ctx, func(tx *db.Tx) error {
			now, err := domainname.Load(s.ctx, tx, d.ID)
			got[n] = now.Recurring.Amount
			return err
		}))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("recurring amounts (-want +got):\n%s", diff)
	}
}

func TestPriceUpdate(t *testing.T) {
	each(t, func(s *shop) {
		all := s.amounts()
		u := domainname.PriceUpdate{Change: domainname.PriceChange{Mode: domainname.ToList}, StartsOn: civil.On(2026, 11, 22), Reason: "costs"}
		preview, err := s.PreviewPriceUpdate(s.ctx, u) // C2
		s.must(err)
		if preview.Changed != 3 || preview.Same != 1 || len(preview.Rows) != 4 || len(preview.Refused) != 0 || len(preview.Totals) != 1 {
			s.Fatalf("C2: %+v", preview)
		}
		difference := map[string]int64{}
		for _, r := range preview.Rows {
			difference[r.Name[:1]] = r.After.Amount - r.Before.Amount
		}
		if diff := cmp.Diff(map[string]int64{"a": 400, "b": 200, "c": 400, "d": 0}, difference); diff != "" {
			s.Errorf("C2 (-want +got):\n%s", diff)
		}
		sum := preview.Totals[0]
		if sum.Domains != 4 || sum.Before != eur(6000) || sum.After != eur(7000) || sum.YearBefore != eur(4800) || sum.YearAfter != eur(5600) || sum.MonthAfter.Amount-sum.MonthBefore.Amount != 67 {
			s.Errorf("C2: %+v", sum)
		}
		before := map[string]int64{"a": 1000, "b": 1200, "c": 2400, "d": 1400, "e": 25_000, "f": 0}
		s.wantAmounts(all, before)

		planned, err := s.SchedulePriceUpdate(s.ctx, u)
		s.must(err)
		if planned.Counts["planned"] != 3 || planned.Counts["same"] != 1 {
			s.Errorf("C2b: %+v", planned)
		}
		for range 2 { // C2b: a second run changes nothing
			s.must(s.ApplyPriceUpdates(s.ctx, civil.On(2026, 11, 22)))
			s.wantAmounts(all, map[string]int64{"a": 1400, "b": 1400, "c": 2800, "d": 1400, "e": 25_000, "f": 0})
		}
		_, err = s.SchedulePriceUpdate(s.ctx, u)
		s.code(err, "NOTHING_TO_UPDATE", "")

		s.setAmount(all["b"], 1350) // C2c
		undone, err := s.UndoPriceUpdate(s.ctx, planned.ID, "a mistake")
		s.must(err)
		if undone.Status != "undone" || undone.Counts["undone"] != 2 || undone.Counts["kept"] != 1 {
			s.Errorf("C2c: %+v", undone)
		}
		after := maps.Clone(before)
		after["b"] = 1350
		s.wantAmounts(all, after)
		kept, next, err := s.PriceUpdateRows(s.ctx, planned.ID, "kept", "", 10)
		if err != nil || next != "" || len(kept) != 1 || kept[0].DomainID != all["b"].ID {
			s.Errorf("C2c: listed %+v, %v", kept, err)
		}
		_, err = s.UndoPriceUpdate(s.ctx, planned.ID, "again")
		s.code(err, "PRICE_UPDATE_UNDONE", "")
	})
}

func (s *shop) setAmount(d domainname.Domain, amount int64) {
	s.Helper()
	s.must(s.write(func(tx *db.Tx) error {
		d, err := domainname.Lock(s.ctx, tx, d.ID)
		if err != nil {
			return err
		}
		d.Recurring.Amount = amount
		return domainname.Save(s.ctx, tx, &d)
	}))
}

// Case C2f: who was not told in time is left out, and listed.
func TestPriceUpdateWithNotice(t *testing.T) {
	each(t, func(s *shop) {
		all := s.amounts()
		days := 30
		planned, err := s.SchedulePriceUpdate(s.ctx, domainname.PriceUpdate{
			Change: domainname.PriceChange{Mode: domainname.ToList}, StartsOn: civil.On(2027, 1, 15), NoticeDays: &days, Reason: "costs",
		})
		s.must(err)
		for _, n := range []string{"a", "c"} {
			s.must(s.write(func(tx *db.Tx) error { return domainname.NoteNotice(s.ctx, tx, planned.ID, all[n].ID) }))
		}
		s.must(s.ApplyPriceUpdates(s.ctx, civil.On(2027, 1, 14)))
		s.wantAmounts(all, map[string]int64{"a": 1000, "b": 1200, "c": 2400, "d": 1400, "e": 25_000, "f": 0})
		s.must(s.ApplyPriceUpdates(s.ctx, civil.On(2027, 1, 15)))
		s.wantAmounts(all, map[string]int64{"a": 1400, "b": 1200, "c": 2800, "d": 1400, "e": 25_000, "f": 0})
		skipped, _, err := s.PriceUpdateRows(s.ctx, planned.ID, "skipped", "", 10)
		if err != nil || len(skipped) != 1 || skipped[0].DomainID != all["b"].ID || skipped[0].Detail != "notice" {
			s.Errorf("%+v, %v", skipped, err)
		}
		s.store.Clock.Advance(91 * 24 * time.Hour)
		_, err = s.UndoPriceUpdate(s.ctx, planned.ID, "too late")
		s.code(err, "PRICE_UPDATE_TOO_OLD", "")
	})
}

// Customers are told as long before as it says, and no price of a day that is over counts.
func TestPriceUpdateInTime(t *testing.T) {
	each(t, func(s *shop) {
		s.amounts()
		for _, tt := range []struct {
			starts civil.Date
			notice *int
			field  string
		}{
			{civil.On(2026, 11, 21), nil, "starts_on"},
			{civil.On(2026, 12, 21), ptr(30), "starts_on"},
			{civil.On(2026, 12, 22), ptr(0), "notice_days"},
			{civil.On(2026, 12, 22), ptr(30), ""},
			{civil.On(2026, 11, 22), nil, ""},
		} {
			u := domainname.PriceUpdate{Change: domainname.PriceChange{Mode: domainname.ToList}, StartsOn: tt.starts, NoticeDays: tt.notice, Reason: "costs"}
			_, err := s.PreviewPriceUpdate(s.ctx, u)
			if tt.field == "" {
				s.must(err)
				continue
			}
			s.code(err, fail.CodeInvalidInput, tt.field)
			_, err = s.SchedulePriceUpdate(s.ctx, u)
			s.code(err, fail.CodeInvalidInput, tt.field)
		}
	})
}

func TestPriceUpdateFilters(t *testing.T) {
	each(t, func(s *shop) {
		s.amounts()
		for _, tt := range []struct {
			filter domainname.PriceFilter
			rows   int
		}{
			{domainname.PriceFilter{}, 4},
			{domainname.PriceFilter{Term: 2}, 1},
			{domainname.PriceFilter{Extension: "example", Currency: "EUR"}, 4},
			{domainname.PriceFilter{Extension: "com"}, 0},
			{domainname.PriceFilter{Currency: "USD"}, 0},
			{domainname.PriceFilter{From: ptr[int64](1100), To: ptr[int64](1400)}, 2},
			{domainname.PriceFilter{Premium: true}, 5},
			{domainname.PriceFilter{Free: true}, 5},
			{domainname.PriceFilter{Status: domainname.Grace}, 0},
			{domainname.PriceFilter{RegistrarID: "rgr_none"}, 0},
		} {
			u := domainname.PriceUpdate{Filter: tt.filter, Change: domainname.PriceChange{Mode: domainname.ToList}, StartsOn: civil.On(2026, 12, 1), Reason: "x"}
			preview, err := s.PreviewPriceUpdate(s.ctx, u)
			if err != nil || len(preview.Rows) != tt.rows {
				s.Errorf("%+v: %d rows, %v", tt.filter, len(preview.Rows), err)
			}
		}
		for _, odd := range []string{"1e-999999", "1/3", "0x10", "1_0", "1e2", "+5", ".5", "5.", ""} {
			u := domainname.PriceUpdate{Change: domainname.PriceChange{Mode: domainname.ByPercent, Value: odd}, StartsOn: civil.On(2026, 12, 1), Reason: "x"}
			_, err := s.PreviewPriceUpdate(s.ctx, u)
			s.code(err, fail.CodeInvalidInput, "value")
		}
		for field, u := range map[string]domainname.PriceUpdate{
			"value":     {Change: domainname.PriceChange{Mode: domainname.ByPercent, Value: "much"}, StartsOn: civil.On(2026, 12, 1), Reason: "x"},
			"currency":  {Change: domainname.PriceChange{Mode: domainname.ByDelta, Value: "1.00"}, StartsOn: civil.On(2026, 12, 1), Reason: "x"},
			"mode":      {StartsOn: civil.On(2026, 12, 1), Reason: "x"},
			"starts_on": {Change: domainname.PriceChange{Mode: domainname.ToList}, Reason: "x"},
			"reason":    {Change: domainname.PriceChange{Mode: domainname.ToList}, StartsOn: civil.On(2026, 12, 1)},
		} {
			_, err := s.PreviewPriceUpdate(s.ctx, u)
			s.code(err, fail.CodeInvalidInput, field)
		}
	})
}

// Many domains are written down in batches; one whose price changes meanwhile is written down once, and left as it is.
func TestPriceUpdateOfManyDomains(t *testing.T) {
	each(t, func(s *shop) {
		const many = 2100
		first := s.put("many.example", "2027-03-10", func(d *domainname.Domain) { d.Term, d.Recurring = 1, eur(1000) })
		s.must(s.write(func(tx *db.Tx) error {
			for i := range many - 1 {
				d := first
				d.ID, d.Name = "", name(s.T, fmt.Sprintf("many%d.example", i))
				if err := domainname.Insert(s.ctx, tx, &d); err != nil {
					return err
				}
			}
			return nil
		}))
		u := domainname.PriceUpdate{Change: domainname.PriceChange{Mode: "percent", Value: "5"}, StartsOn: civil.On(2026, 11, 22), Reason: "costs"}
		planned, err := s.SchedulePriceUpdate(s.ctx, u)
		s.must(err)
		if planned.Status != "planning" || planned.Counts["planned"] != 1000 {
			s.Fatalf("%+v", planned)
		}
		s.must(s.ApplyPriceUpdates(s.ctx, civil.On(2026, 11, 22)))
		if now, err := s.PriceUpdate(s.ctx, planned.ID); err != nil || now.Status != "planning" || now.Counts["applied"] != 0 {
			s.Errorf("applied before all is written down: %+v, %v", now, err)
		}
		s.setAmount(first, 1100)
		for range 2 { // the second time there is nothing to do
			s.must(s.ResumePriceUpdates(s.ctx))
			s.must(s.ApplyPriceUpdates(s.ctx, civil.On(2026, 11, 22)))
		}
		now, err := s.PriceUpdate(s.ctx, planned.ID)
		if err != nil || now.Status != "applied" || now.Counts["applied"] != many-1 || now.Counts["skipped"] != 1 {
			s.Errorf("%+v, %v", now, err)
		}
		s.wantAmounts(map[string]domainname.Domain{"": first}, map[string]int64{"": 1100})

		again, err := s.SchedulePriceUpdate(s.ctx, u)
		s.must(err)
		undone, err := s.UndoPriceUpdate(s.ctx, again.ID, "once is enough")
		s.must(err)
		s.must(s.ResumePriceUpdates(s.ctx))
		s.must(s.ApplyPriceUpdates(s.ctx, civil.On(2026, 11, 22)))
		if undone.Status != "undone" || undone.Counts["undone"] != 1000 || len(undone.Counts) != 1 {
			s.Errorf("taken back before all was written down: %+v", undone)
		}
		s.wantAmounts(map[string]domainname.Domain{"": first}, map[string]int64{"": 1100})
	})
}

// A price is one of a term: a domain that renews by another one meanwhile is left as it is, also where the amount is the same.
func TestPriceUpdateOfAnotherTerm(t *testing.T) {
	each(t, func(s *shop) {
		all := s.amounts()
		longer := func(n string) {
			s.must(s.write(func(tx *db.Tx) error {
				d, err := domainname.Lock(s.ctx, tx, all[n].ID)
				if err != nil {
					return err
				}
				d.Term = 2
				return domainname.Save(s.ctx, tx, &d)
			}))
		}
		u := domainname.PriceUpdate{Change: domainname.PriceChange{Mode: domainname.ToList}, StartsOn: civil.On(2026, 11, 22), Reason: "costs"}
		planned, err := s.SchedulePriceUpdate(s.ctx, u)
		s.must(err)
		longer("a")
		s.must(s.ApplyPriceUpdates(s.ctx, civil.On(2026, 11, 22)))
		s.wantAmounts(all, map[string]int64{"a": 1000, "b": 1400, "c": 2800, "d": 1400, "e": 25_000, "f": 0})
		longer("b")
		undone, err := s.UndoPriceUpdate(s.ctx, planned.ID, "a mistake")
		s.must(err)
		if undone.Counts["undone"] != 1 || undone.Counts["kept"] != 1 || undone.Counts["skipped"] != 1 {
			s.Errorf("%+v", undone)
		}
		s.wantAmounts(all, map[string]int64{"a": 1000, "b": 1400, "c": 2400, "d": 1400, "e": 25_000, "f": 0})
	})
}

// What an update does depends on one that is planned for the same domains before: both at once would tell customers two prices,
// of which one never comes.
func TestPriceUpdatesDoNotOverlap(t *testing.T) {
	each(t, func(s *shop) {
		s.amounts()
		dearer := domainname.PriceUpdate{
			Filter: domainname.PriceFilter{Term: 1, Currency: "EUR"}, Change: domainname.PriceChange{Mode: domainname.ByDelta, Value: "1.00"}, StartsOn: civil.On(2027, 1, 1), Reason: "plus one",
		}
		first, err := s.SchedulePriceUpdate(s.ctx, dearer)
		s.must(err)
		list := domainname.PriceUpdate{Change: domainname.PriceChange{Mode: domainname.ToList}, StartsOn: civil.On(2027, 1, 5), Reason: "list"}
		_, err = s.PreviewPriceUpdate(s.ctx, list)
		s.code(err, "PRICE_UPDATE_PLANNED", "")
		if d := fail.Of(err).Detail; !strings.Contains(d, "3 of these domains are") || !strings.Contains(d, "plus one") || !strings.Contains(d, "2027-01-01") || !strings.Contains(d, first.ID) {
			s.Errorf("the way out: %s", d)
		}
		_, err = s.SchedulePriceUpdate(s.ctx, list)
		s.code(err, "PRICE_UPDATE_PLANNED", "")
		s.code(s.EachPriceChange(s.ctx, list, func(domainname.PriceUpdateRow) error { return nil }), "PRICE_UPDATE_PLANNED", "")
		if all, err := s.PriceUpdates(s.ctx, 10); err != nil || len(all) != 1 {
			s.Errorf("%d updates, %v", len(all), err)
		}

		others := list
		others.Filter.Term = 2
		_, err = s.SchedulePriceUpdate(s.ctx, others)
		s.must(err)
		_, err = s.UndoPriceUpdate(s.ctx, first.ID, "list prices instead")
		s.must(err)
		list.Filter.Term = 1
		_, err = s.SchedulePriceUpdate(s.ctx, list)
		s.must(err)
	})
}

// Staff are told which domains an update has left as they are on its day, and why; a notice that was tried and not sent told nobody.
func TestSkippedDomainsAreAsked(t *testing.T) {
	each(t, func(s *shop) {
		all := s.amounts()
		planned, err := s.SchedulePriceUpdate(s.ctx, domainname.PriceUpdate{
			Change: domainname.PriceChange{Mode: domainname.ToList}, StartsOn: civil.On(2027, 1, 15), NoticeDays: ptr(30), Reason: "costs",
		})
		s.must(err)
		for n, state := range map[string]string{"a": "queued", "c": "sent"} {
			s.must(s.write(func(tx *db.Tx) error {
				var due, settled *int64
				if state == "queued" {
					due = ptr[int64](1)
				} else {
					settled = ptr[int64](1)
				}
				_, err := tx.SQL().ExecContext(s.ctx, `INSERT INTO mails (id, kind, subject_id, occasion, recipient, recipient_fold, language, message_id, data, state, due_at, settled_at, tried_at, created_at)
					VALUES ($1, 'domain_price_notice', $2, $3, 'x@y.example', 'x@y.example', '', $1, '{}', $4, $5, $6, 1, 1)`, "mai_"+n, all[n].ID, planned.ID, state, due, settled)
				if err != nil {
					return err
				}
				return domainname.NoteNotice(s.ctx, tx, planned.ID, all[n].ID)
			}))
		}
		s.must(s.write(func(tx *db.Tx) error { return domainname.NoteNotice(s.ctx, tx, planned.ID, all["b"].ID) }))
		s.setAmount(all["b"], 1300)
		for range 2 {
			s.must(s.ApplyPriceUpdates(s.ctx, civil.On(2027, 1, 15)))
		}
		s.wantAmounts(all, map[string]int64{"a": 1000, "b": 1300, "c": 2800, "d": 1400, "e": 25_000, "f": 0})
		s.must(s.store.DB.Read(s.ctx, func(tx *db.Tx) error {
			var n int
			var detail string
			err := tx.SQL().QueryRowContext(s.ctx, `SELECT COUNT(*), MAX(detail) FROM staff_tasks WHERE kind = $1 AND subject_id = $2`, domainname.TaskSkipped, planned.ID).Scan(&n, &detail)
			if n != 1 || !strings.Contains(detail, "of 15 January 2027 has skipped 2 of its domains") || !strings.Contains(detail, "1 of customers who were not told in time") || !strings.Contains(detail, "1 that somebody has changed") {
				s.Errorf("%d tasks: %s", n, detail)
			}
			return err
		}))
	})
}
