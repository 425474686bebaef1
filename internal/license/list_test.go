package license

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// shelf is a small store in which every filter finds something: licenses of two products and three plans, in every
// status, some checked, some nearly full.
func shelf(t *testing.T, s *store) []License {
	t.Helper()
	s.product("prd_gadget", "gadget", "Gadget", "'GA-', 6, TRUE")
	s.plan("pln_team", "prd_widget", "Team", "seat", 0)
	s.plan("pln_gadget", "prd_gadget", "Gadget", "device", 2)
	plans := []string{"pln_dev", "pln_team", "pln_gadget"}
	customers := []string{"cus_ann", "cus_bob"}
	statuses := Statuses()
	for i := range 40 {
		s.Clock.Advance(time.Minute)
		in := IssueInput{PlanID: plans[i%3], CustomerID: customers[(i/3)%2]}
		if i%4 == 0 {
			in.OrderID, _ = s.line()
		}
		if i%2 == 0 {
			in.ExpiresAt = s.in(time.Duration(1+i%5) * 24 * time.Hour)
		}
		l := s.issue(in)
		for j := range i % 4 {
			_, err := s.Activate(as(software), ActivateInput{Key: l.Key, Identifier: fmt.Sprintf("Place-%d-%d", i%5, j)})
			if err != nil && fail.Of(err).Code != CodeLimitReached {
				t.Fatal(err)
			}
		}
		if i%3 == 1 {
			s.exec("UPDATE license_checks SET last_check_at = $1, check_count = 7, last_check_ip = '192.0.2.3' WHERE license_id = $2",
				s.in(-time.Duration(i)*24*time.Hour).UnixMicro(), l.ID)
		}
		switch i % 5 {
		case 1, 2:
			s.exec("UPDATE licenses SET updates_until = $1 WHERE id = $2", s.in(time.Duration(i*5-40)*24*time.Hour).UnixMicro(), l.ID)
		case 3:
			s.exec("UPDATE licenses SET type = 'leased' WHERE id = $1", l.ID)
		}
		if st := statuses[(i/2)%5]; st != Active {
			if _, err := s.Patch(as(sue), l.ID, statusPatch(st, "")); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.Clock.Advance(50 * time.Hour) // some expire, and nobody has written it down
	var ids []string
	err := s.DB.Read(context.Background(), func(tx *db.Tx) error {
		rows, err := tx.SQL().QueryContext(context.Background(), "SELECT id FROM licenses")
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
	if err != nil {
		t.Fatal(err)
	}
	all := make([]License, len(ids))
	for i, id := range ids {
		all[i] = s.get(id)
	}
	return all
}

// picks says whether a filter without a query picks a license, by reading its words.
func picks(f Filter, l License, now time.Time) bool {
	seen := time.UnixMicro(0)
	if l.LastCheckAt != nil {
		seen = *l.LastCheckAt
	}
	since := now.AddDate(0, 0, -f.NotSeenDays)
	return (f.Status == "" || l.Status == f.Status) &&
		(f.CustomerID == "" || l.CustomerID == f.CustomerID) &&
		(f.OrderID == "" || l.OrderID == f.OrderID) &&
		(f.ProductID == "" || l.ProductID == f.ProductID) &&
		(f.PlanID == "" || l.PlanID == f.PlanID) &&
		(f.Type == "" || l.Type == f.Type) &&
		(f.SupportEndsDays == 0 || l.SupportUntil() != nil && !l.SupportUntil().Before(now) && l.SupportUntil().Before(now.AddDate(0, 0, f.SupportEndsDays))) &&
		(!f.NearLimit || nearLimit(l.ActivationLimit, l.ActivationsUsed)) &&
		(f.NotSeenDays == 0 || seen.Before(since) && l.CreatedAt.Before(since))
}

// order compares two licenses by a sort.
func order(sort Sort, a, b License) int {
	far := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	instant := func(t *time.Time, missing time.Time) time.Time {
		if t == nil {
			return missing
		}
		return *t
	}
	switch sort {
	case ByExpiry:
		return cmp.Or(instant(a.ExpiresAt, far).Compare(instant(b.ExpiresAt, far)), cmp.Compare(a.ID, b.ID))
	case ByLastSeen:
		return cmp.Or(instant(a.LastCheckAt, time.Time{}).Compare(instant(b.LastCheckAt, time.Time{})), cmp.Compare(a.ID, b.ID))
	case BySupport:
		other := func(l License) int { return map[bool]int{true: 1}[l.Type != Purchased] }
		return cmp.Or(cmp.Compare(other(a), other(b)), a.SupportUntil().Compare(*b.SupportUntil()), cmp.Compare(a.ID, b.ID))
	case ByNewest:
	}
	return -cmp.Compare(a.ID, b.ID)
}

// walk reads all pages of a list.
func walk(t interface{ Fatalf(string, ...any) }, s *store, f Filter) []string {
	var ids []string
	for range 1000 {
		licenses, next, err := s.List(context.Background(), f)
		if err != nil {
			t.Fatalf("List(%+v): %v", f, err)
		}
		if len(licenses) > f.Limit {
			t.Fatalf("a page of %d has %d licenses", f.Limit, len(licenses))
		}
		for _, l := range licenses {
			ids = append(ids, l.ID)
		}
		if f.Cursor = next; next == "" {
			return ids
		}
	}
	t.Fatalf("List(%+v) has no end", f)
	return nil
}

func TestListMatchesItsFilter(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		all := shelf(t, s)
		orders := []string{""}
		for _, l := range all {
			if l.OrderID != "" {
				orders = append(orders, l.OrderID)
			}
		}
		rapid.Check(t, func(t *rapid.T) {
			f := Filter{
				Status:      rapid.SampledFrom(append([]Status{"", ""}, Statuses()...)).Draw(t, "status"),
				ProductID:   rapid.SampledFrom([]string{"", "", "prd_widget", "prd_gadget", "prd_none"}).Draw(t, "product"),
				PlanID:      rapid.SampledFrom([]string{"", "", "pln_dev", "pln_team", "pln_gadget"}).Draw(t, "plan"),
				Type:        rapid.SampledFrom([]Type{"", "", Purchased, Leased, Trial}).Draw(t, "type"),
				NotSeenDays: rapid.SampledFrom([]int{0, 0, 1, 2, 10}).Draw(t, "not seen"),
				NearLimit:   rapid.Bool().Draw(t, "near"),
				Sort:        rapid.SampledFrom([]Sort{"", ByNewest, ByExpiry, ByLastSeen}).Draw(t, "sort"),
				Limit:       rapid.IntRange(1, 12).Draw(t, "limit"),
			}
			if f.SupportEndsDays = rapid.SampledFrom([]int{0, 0, 3, 30, 100}).Draw(t, "support ends"); f.SupportEndsDays > 0 && rapid.Bool().Draw(t, "by support") {
				f.Sort = BySupport
			}
			if f.Sort == "" || f.Sort == ByNewest {
				f.CustomerID = rapid.SampledFrom([]string{"", "", "cus_ann", "cus_bob"}).Draw(t, "customer")
				f.OrderID = rapid.SampledFrom(orders).Draw(t, "order")
			}
			service := *s.Service
			service.examine = rapid.SampledFrom([]int{1, 2, 7, examineAtMost}).Draw(t, "examine")
			got := walk(t, &store{Store: s.Store, Service: &service}, f)

			if err := f.Validate(); err != nil {
				t.Fatal(err)
			}
			var want []License
			for _, l := range all {
				if picks(f, l, s.Clock.Now()) {
					want = append(want, l)
				}
			}
			slices.SortFunc(want, func(a, b License) int { return order(f.Sort, a, b) })
			ids := make([]string, len(want))
			for i, l := range want {
				ids[i] = l.ID
			}
			if !slices.Equal(got, ids) {
				t.Fatalf("%+v found\n%v, want\n%v", f, got, ids)
			}
		})
	})
}

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		all := shelf(t, s)
		matches := map[string]func(l License) bool{}
		of := func(q string, match func(l License) bool) { matches[q] = match }
		one := all[7]
		of(one.Key, func(l License) bool { return l.ID == one.ID })
		of(one.Key[:len(one.Key)-2], func(l License) bool { return strings.HasPrefix(l.Key, one.Key[:len(one.Key)-2]) })
		of(strings.ToLower(one.Key[:5]), func(l License) bool { return strings.HasPrefix(strings.ToUpper(l.Key), strings.ToUpper(one.Key[:5])) })
		of("ga-", func(l License) bool { return l.ProductID == "prd_gadget" })
		of(one.ID, func(l License) bool { return l.ID == one.ID })
		of("lic_0", func(License) bool { return false })
		of("cus_bob", func(l License) bool { return l.CustomerID == "cus_bob" })
		of(all[0].OrderID+"x", func(License) bool { return false })
		for _, q := range []string{"ann@example.com", "ANN ARCH", "acme"} {
			of(q, func(l License) bool { return l.CustomerID == "cus_ann" })
		}
		of("ann", func(l License) bool { return l.CustomerID == "cus_ann" })
		of("bob@", func(l License) bool { return l.CustomerID == "cus_bob" })
		of("Widg", func(l License) bool { return l.ProductID == "prd_widget" })
		of("gadget", func(l License) bool { return l.ProductID == "prd_gadget" })
		of("nothing at all", func(License) bool { return false })
		of("%", func(License) bool { return false })
		places := map[string][]string{}
		for _, l := range all {
			activations, _, err := s.Activations(context.Background(), l.ID, "", 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range activations {
				places[l.ID] = append(places[l.ID], a.Identifier)
			}
		}
		for _, q := range []string{"Place-2-", "place-2-0", "https://www.PLACE-3-1/x"} {
			of(q, func(l License) bool {
				return slices.ContainsFunc(places[l.ID], func(p string) bool {
					return slices.ContainsFunc(identifierForms(q), func(form string) bool { return strings.HasPrefix(p, form) })
				})
			})
		}
		for _, q := range slices.Sorted(maps.Keys(matches)) {
			for _, status := range []Status{"", Active, Expired} {
				var want []string
				for _, l := range all {
					if matches[q](l) && (status == "" || l.Status == status) {
						want = append(want, l.ID)
					}
				}
				for _, limit := range []int{1, 3, 50} {
					for _, examine := range []int{2, examineAtMost} {
						service := *s.Service
						service.examine = examine
						got := walk(t, &store{Store: s.Store, Service: &service}, Filter{Query: q, Status: status, Limit: limit})
						slices.Sort(got)
						slices.Sort(want)
						if !slices.Equal(got, want) {
							t.Errorf("%q, %s, pages of %d, examining %d: found\n%v, want\n%v", q, status, limit, examine, got, want)
						}
					}
				}
			}
		}
	})
}

func TestListRefuses(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		for i := range 3 {
			s.issue(IssueInput{ExpiresAt: s.in(time.Duration(i+1) * time.Hour)})
		}
		_, byAge, err := s.List(context.Background(), Filter{Limit: 1})
		if err != nil || byAge == "" {
			t.Fatalf("cursor %q, %v", byAge, err)
		}
		tests := []struct {
			f    Filter
			want []string
		}{
			{Filter{Status: "paused", Sort: "random"}, []string{"status", "sort"}},
			{Filter{Query: "\x00", NotSeenDays: -1}, []string{"q", "not_seen_days"}},
			{Filter{NotSeenDays: maxDays + 1}, []string{"not_seen_days"}},
			{Filter{Query: "x", Sort: ByExpiry}, []string{"sort"}},
			{Filter{CustomerID: "cus_ann", Sort: ByLastSeen}, []string{"sort"}},
			{Filter{ProductID: "'; --"}, []string{"product_id"}},
			{Filter{Cursor: "nonsense"}, []string{"cursor"}},
			{Filter{Cursor: byAge, Sort: ByExpiry}, []string{"cursor"}},
			{Filter{Cursor: "WyJlbmRzIiwieCIsInkiXQ", Sort: ByExpiry}, []string{"cursor"}}, // ["ends","x","y"]
		}
		for _, tt := range tests {
			_, _, err := s.List(context.Background(), tt.f)
			var got []string
			if err != nil {
				for _, f := range fail.Of(err).Fields {
					got = append(got, f.Field)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("List(%+v): %v, want the fields %v", tt.f, err, tt.want)
			}
		}
	})
}

// TestListNeverScansLicenses looks at how SQLite would run the statements of every filter and sort: each is one range
// of an index, without a full scan of licenses and without sorting what it finds.
func TestListNeverScansLicenses(t *testing.T) {
	t.Parallel()
	eachLite(t, func(t *testing.T, s *store) {
		var filters []Filter
		for _, sort := range []Sort{ByNewest, ByExpiry, ByLastSeen} {
			for _, status := range []Status{"", Active} {
				for _, product := range []string{"", "prd_widget"} {
					for _, plan := range []string{"", "pln_dev"} {
						for _, near := range []bool{false, true} {
							for _, days := range []int{0, 30} {
								filters = append(filters, Filter{Sort: sort, Status: status, ProductID: product, PlanID: plan, NearLimit: near, NotSeenDays: days})
							}
						}
					}
				}
			}
		}
		for _, status := range []Status{"", Active} {
			filters = append(filters, Filter{SupportEndsDays: 30, Status: status}, Filter{SupportEndsDays: 30, CustomerID: "cus_ann", Status: status})
			for _, q := range []string{"a", "https://Example.com/x", "Wid", "lic_1", "ord_1", "cus_1"} {
				filters = append(filters, Filter{Query: q, Status: status})
			}
			filters = append(filters, Filter{CustomerID: "cus_ann", Status: status}, Filter{OrderID: "ord_1", Status: status})
		}
		for _, f := range filters {
			if err := f.Validate(); err != nil {
				t.Fatal(err)
			}
			err := s.DB.Read(context.Background(), func(tx *db.Tx) error {
				stages, err := stagesOf(context.Background(), tx, f)
				if err != nil {
					return err
				}
				for _, st := range stages {
					after := make([]string, len(st.keys))
					for i, k := range st.keys {
						after[i] = "x"
						if k.number {
							after[i] = "5"
						}
					}
					for _, key := range [][]string{nil, after} {
						for _, b := range st.branches {
							checkPlan(t, tx, f, st, st.query(b, key, 50, 1000))
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func checkPlan(t *testing.T, tx *db.Tx, f Filter, st stage, q *statement) {
	t.Helper()
	rows, err := tx.SQL().QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+q.String(), q.args...)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	defer func() { _ = rows.Close() }()
	var plan []string
	sorts := 0
	bad := false
	for rows.Next() {
		var id, parent, unused int
		var line string
		if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, line)
		switch {
		case strings.HasPrefix(line, "SCAN e"): // the candidates
		case strings.Contains(line, "AUTOMATIC"): // an index made for this statement
			bad = true
		case strings.HasPrefix(line, "SCAN ") && !strings.Contains(line, "USING"):
			bad = true
		case strings.HasPrefix(line, "SCAN l") && (f.Status != "" || f.ProductID != "" || f.PlanID != "" || f.NearLimit || st.name != "new"):
			bad = true // only a list of everything may walk along a whole index
		case strings.Contains(line, "TEMP B-TREE FOR ORDER BY"):
			sorts++
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	// Candidates that are left after filtering are few, so they may be sorted; so may the licenses of one order.
	allowed := 0
	if len(st.rest) > 0 {
		allowed = 1
	}
	if st.name == "own" || st.name == "id" {
		allowed++
	}
	if bad || sorts > allowed {
		t.Errorf("%+v, stage %s:\n%s\n%s", f, st.name, q, strings.Join(plan, "\n"))
	}
}

func TestCandidateOrder(t *testing.T) {
	t.Parallel()
	st := stage{keys: []column{{expr: "n", number: true}, {expr: "t"}}}
	if st.compare([]string{"9", "b"}, []string{"10", "a"}) >= 0 || st.compare([]string{"9", "a"}, []string{"9", "b"}) >= 0 {
		t.Error("numbers compare as text")
	}
	st.desc = true
	if st.compare([]string{"9", "b"}, []string{"10", "a"}) <= 0 || st.compare([]string{"9", "b"}, []string{"9", "b"}) != 0 {
		t.Error("descending compares ascending")
	}
}

func TestPrefixesFindWhatTheyBegin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		prefix, rest := rapid.StringN(1, 5, -1).Draw(t, "prefix"), rapid.String().Draw(t, "rest")
		low, high := text.PrefixRange(prefix)
		if s := prefix + rest; strings.HasPrefix(rest, string(rune(0x10FFFF))) == (s >= low && s < high) {
			t.Fatalf("%q is not between %q and %q", s, low, high)
		}
	})
}

// TestWhatIsNoID asks for ids that one of the databases refuses to look for.
func TestWhatIsNoID(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := as(sue)
		l := s.issue(IssueInput{})
		for _, id := range []string{"", "\x00", "\xff", "lic_none", strings.Repeat("x", 100)} {
			_, err := s.ByID(ctx, id)
			wantCode(t, err, CodeNotFound)
			_, err = s.Patch(ctx, id, Patch{})
			wantCode(t, err, CodeNotFound)
			wantCode(t, s.RemoveActivation(ctx, l.ID, id, ""), CodeActivationNotFound)
			if id == "lic_none" {
				continue // has no history, no activations and no attempts: empty lists
			}
			_, _, err = s.History(ctx, id, "", 0)
			wantCode(t, err, CodeNotFound)
			_, _, err = s.Activations(ctx, id, "", 0)
			wantCode(t, err, CodeNotFound)
			_, err = s.Rejected(ctx, id)
			wantCode(t, err, CodeNotFound)
		}
	})
}
