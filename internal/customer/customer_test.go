package customer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

func ptr[T any](v T) *T { return &v }

func open(s *dbtest.Store) *customer.Service {
	return customer.New(s.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil })
}

func wantCode(t *testing.T, err error, kind fail.Kind, code string, fields ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	e := fail.Of(err)
	if e.Kind != kind || e.Code != code {
		t.Fatalf("error = %v, want %s %s", err, kind, code)
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Field)
	}
	if diff := cmp.Diff(fields, got); diff != "" {
		t.Fatalf("fields (-want +got):\n%s", diff)
	}
}

func TestCreateAndRead(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Grace"})
		customers := open(s)
		c, err := customers.Create(ctx, customer.Input{
			Email: " Ada@Example.com ", Name: "Ada Lovelace", Company: "Engines", Country: "GB", State: "Kent", Address: "1 High Street\r\nTown",
			TaxID: "GB123", Language: "en", Currency: "GBP", TimeZone: "Europe/London",
		})
		if err != nil {
			t.Fatal(err)
		}
		want := customer.Customer{
			ID: c.ID, Email: "Ada@Example.com", Name: "Ada Lovelace", Company: "Engines", Country: "GB", State: "Kent",
			Address: "1 High Street\nTown", TaxID: "GB123", Language: "en", Currency: "GBP", TimeZone: "Europe/London", Version: 1, CreatedAt: dbtest.Start, UpdatedAt: dbtest.Start,
		}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		plain, err := customers.Create(ctx, customer.Input{Email: "bob@example.com", Name: "Bob"})
		if err != nil || plain.Currency != "EUR" {
			t.Errorf("in the store's currency = %+v, %v", plain, err)
		}
		for name, read := range map[string]func() (customer.Customer, error){
			"id":             func() (customer.Customer, error) { return customers.ByID(ctx, c.ID) },
			"e-mail":         func() (customer.Customer, error) { return customers.ByEmail(ctx, "Ada@Example.com") },
			"e-mail, folded": func() (customer.Customer, error) { return customers.ByEmail(ctx, " ADA@example.COM ") },
		} {
			got, err := read()
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("by %s: %v (-want +got):\n%s", name, err, diff)
			}
		}
		_, err = customers.Create(ctx, customer.Input{Email: "ADA@EXAMPLE.COM", Name: "Another"})
		wantCode(t, err, fail.KindConflict, "EMAIL_TAKEN")
		for _, id := range []string{"cus_unknown", "", "cus_\x00", "\xff"} {
			_, err = customers.ByID(ctx, id)
			wantCode(t, err, fail.KindNotFound, "CUSTOMER_NOT_FOUND")
			_, err = customers.Update(ctx, id, customer.Patch{Name: ptr("x")})
			wantCode(t, err, fail.KindNotFound, "CUSTOMER_NOT_FOUND")
		}
		for _, email := range []string{"nobody@example.com", "", "\x00@example.com"} {
			_, err = customers.ByEmail(ctx, email)
			wantCode(t, err, fail.KindNotFound, "CUSTOMER_NOT_FOUND")
		}
		var events, audits int
		err = s.DB.Read(ctx, func(tx *db.Tx) error {
			row := tx.SQL().QueryRowContext(ctx, `SELECT
				(SELECT COUNT(*) FROM events WHERE type = 'customer.created' AND subject_id = $1 AND customer_id = $1 AND actor_id = 'stf_1'),
				(SELECT COUNT(*) FROM audit_log WHERE what = 'customer.created' AND subject_id = $1 AND actor_name = 'Grace')`, c.ID)
			return row.Scan(&events, &audits)
		})
		if err != nil || events != 1 || audits != 1 {
			t.Errorf("%d events, %d audit entries, %v", events, audits, err)
		}
	})
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		customers := open(s)
		ada, err := customers.Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada", Company: "Engines"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := customers.Create(ctx, customer.Input{Email: "bob@example.com", Name: "Bob"}); err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(time.Minute)
		want := ada
		want.Email, want.Company, want.Currency, want.Version, want.UpdatedAt = "countess@example.com", "", "GBP", 2, s.Clock.Now()
		changed, err := customers.Update(ctx, ada.ID, customer.Patch{
			Email: ptr("countess@example.com"), Company: ptr(" "), Currency: ptr[money.Currency]("GBP"), Version: 1,
		})
		if diff := cmp.Diff(want, changed); diff != "" || err != nil {
			t.Errorf("changed, %v (-want +got):\n%s", err, diff)
		}
		_, err = customers.Update(ctx, ada.ID, customer.Patch{Name: ptr("Late"), Version: 1})
		wantCode(t, err, fail.KindConflict, "CHANGED_MEANWHILE")
		_, err = customers.Update(ctx, ada.ID, customer.Patch{Email: ptr("BOB@example.com")})
		wantCode(t, err, fail.KindConflict, "EMAIL_TAKEN")
		same, err := customers.Update(ctx, ada.ID, customer.Patch{Email: ptr("countess@example.com"), Version: 2})
		if diff := cmp.Diff(want, same); diff != "" || err != nil {
			t.Errorf("changing nothing, %v (-want +got):\n%s", err, diff)
		}
		var before, after string
		err = s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.SQL().QueryRowContext(ctx, "SELECT before, after FROM audit_log WHERE what = 'customer.updated'").Scan(&before, &after)
		})
		if err != nil || before != `{"company":"Engines","currency":"EUR","email":"ada@example.com"}` ||
			after != `{"company":"","currency":"GBP","email":"countess@example.com"}` {
			t.Errorf("audit = %s → %s, %v", before, after, err)
		}
	})
}

func TestOfManyWhoChangeOneVersionOneWins(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		customers := open(s)
		ada, err := customers.Create(t.Context(), customer.Input{Email: "ada@example.com", Name: "Ada"})
		if err != nil {
			t.Fatal(err)
		}
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				_, err := customers.Update(t.Context(), ada.ID, customer.Patch{Name: ptr(fmt.Sprint("Ada ", i)), Version: 1})
				if err == nil {
					won.Add(1)
				} else if fail.Of(err).Code != "CHANGED_MEANWHILE" {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if now, err := customers.ByID(t.Context(), ada.ID); err != nil || won.Load() != 1 || now.Version != 2 {
			t.Errorf("%d won, customer = %+v, %v", won.Load(), now, err)
		}
	})
}

func TestOfManyWithOneAddressOneIsTakenUp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		customers := open(s)
		var won atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := customers.Create(t.Context(), customer.Input{Email: "ada@example.com", Name: "Ada"})
				if err == nil {
					won.Add(1)
				} else if fail.Of(err).Code != "EMAIL_TAKEN" {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d were taken up", won.Load())
		}
	})
}

func TestInputThatIsRefused(t *testing.T) {
	t.Parallel()
	ok := customer.Input{Email: "a@b.c", Name: "A"}
	for name, tt := range map[string]struct {
		change func(*customer.Input)
		fields []string
	}{
		"nothing":            {func(in *customer.Input) { *in = customer.Input{} }, []string{"email", "name"}},
		"a long name":        {func(in *customer.Input) { in.Name = strings.Repeat("x", 256) }, []string{"name"}},
		"a name of lines":    {func(in *customer.Input) { in.Name = "a\nb" }, []string{"name"}},
		"a broken company":   {func(in *customer.Input) { in.Company = "\xff" }, []string{"company"}},
		"a country's name":   {func(in *customer.Input) { in.Country = "Germany" }, []string{"country"}},
		"a small country":    {func(in *customer.Input) { in.Country = "de" }, []string{"country"}},
		"a long tax id":      {func(in *customer.Input) { in.TaxID = strings.Repeat("1", 65) }, []string{"tax_id"}},
		"a long state":       {func(in *customer.Input) { in.State = strings.Repeat("x", 65) }, []string{"state"}},
		"a long address":     {func(in *customer.Input) { in.Address = strings.Repeat("x", 1001) }, []string{"address"}},
		"a broken address":   {func(in *customer.Input) { in.Address = "a\x00" }, []string{"address"}},
		"an unknown tongue":  {func(in *customer.Input) { in.Language = "tlh" }, []string{"language"}},
		"an old currency":    {func(in *customer.Input) { in.Currency = "DEM" }, []string{"currency"}},
		"an unknown zone":    {func(in *customer.Input) { in.TimeZone = "Europe/Atlantis" }, []string{"time_zone"}},
		"the machine's zone": {func(in *customer.Input) { in.TimeZone = "Local" }, []string{"time_zone"}},
		"a path as a zone":   {func(in *customer.Input) { in.TimeZone = "../../etc/passwd" }, []string{"time_zone"}},
		"several": {func(in *customer.Input) {
			*in = customer.Input{Email: "a", Country: "X", Currency: "?", TimeZone: "?"}
		}, []string{"email", "name", "country", "currency", "time_zone"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := ok
			tt.change(&in)
			wantCode(t, in.Validate(), fail.KindInvalid, fail.CodeInvalidInput, tt.fields...)
		})
	}
	if err := ok.Validate(); err != nil {
		t.Error(err)
	}
	patch := customer.Patch{Name: ptr(""), Email: ptr("?")}
	wantCode(t, patch.Validate(), fail.KindInvalid, fail.CodeInvalidInput, "email", "name")
}

func TestCreditIn(t *testing.T) {
	t.Parallel()
	c := customer.Customer{Credit: []money.Money{money.New(5, "EUR"), money.New(7, "USD")}}
	for currency, want := range map[money.Currency]int64{"EUR": 5, "USD": 7, "JPY": 0} {
		if got := c.CreditIn(currency); got != money.New(want, currency) {
			t.Errorf("%s: %v", currency, got)
		}
	}
}

// people fills a store with customers whose names, addresses and companies have little to do with one another, some of
// them the same, and returns them in the order of creation.
func people(t *testing.T, customers *customer.Service, n int) []customer.Customer {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"ada", "Alan", "annika", "Ännchen", "bob", "Betty", "carla", "Zoë", "a%", "a_b", ""}
	word := func() string { return words[random.IntN(len(words))] }
	all := make([]customer.Customer, n)
	for i := range all {
		name := word()
		if name == "" {
			name = "nobody"
		}
		var err error
		all[i], err = customers.Create(t.Context(), customer.Input{
			Email: strings.ToUpper(strings.Map(func(r rune) rune {
				if r > 'z' || r == '%' {
					return 'x'
				}
				return r
			}, word())) + fmt.Sprintf("x%d@example.com", i),
			Name: name, Company: word(),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// walk lists all pages of a filter.
func walk(t *testing.T, customers *customer.Service, f customer.Filter) (ids []string) {
	t.Helper()
	for {
		page, next, err := customers.List(t.Context(), f)
		if err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		if next != "" && len(page) != f.Limit {
			t.Errorf("%+v: a page of %d is followed by another", f, len(page))
		}
		for _, c := range page {
			ids = append(ids, c.ID)
		}
		if f.Cursor = next; next == "" {
			return ids
		}
	}
}

func TestSorted(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		customers := open(s)
		all := people(t, customers, 41)
		keys := map[customer.Sort]func(c customer.Customer) string{
			customer.ByAge:     func(customer.Customer) string { return "" },
			customer.ByEmail:   func(c customer.Customer) string { return strings.ToLower(c.Email) },
			customer.ByName:    func(c customer.Customer) string { return strings.ToLower(c.Name) },
			customer.ByCompany: func(c customer.Customer) string { return strings.ToLower(c.Company) },
		}
		for by, key := range keys {
			want := slices.Clone(all)
			slices.SortStableFunc(want, func(a, b customer.Customer) int { return strings.Compare(key(a), key(b)) })
			var ids []string
			for _, c := range want {
				ids = append(ids, c.ID)
			}
			for _, limit := range []int{1, 7, 200} {
				if diff := cmp.Diff(ids, walk(t, customers, customer.Filter{Sort: by, Limit: limit})); diff != "" {
					t.Errorf("by %s, %d a page (-want +got):\n%s", by, limit, diff)
				}
			}
			slices.Reverse(ids)
			if diff := cmp.Diff(ids, walk(t, customers, customer.Filter{Sort: "-" + by, Limit: 7})); diff != "" {
				t.Errorf("by %s descending (-want +got):\n%s", by, diff)
			}
		}
		if diff := cmp.Diff(walk(t, customers, customer.Filter{Sort: "-created_at", Limit: 50}), walk(t, customers, customer.Filter{Limit: 50})); diff != "" {
			t.Errorf("the usual order (-newest first +got):\n%s", diff)
		}
	})
}

func TestFound(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		customers := open(s)
		all := people(t, customers, 60)
		columns := []func(c customer.Customer) string{
			func(c customer.Customer) string { return strings.ToLower(c.Email) },
			func(c customer.Customer) string { return strings.ToLower(c.Name) },
			func(c customer.Customer) string { return strings.ToLower(c.Company) },
		}
		for _, q := range []string{"a", "A", "an", "ann", "ä", "a%", "a_", "b", "bob", "zoë", "x1", "%", "nothing at all"} {
			var want []string
			seen := map[string]bool{}
			for _, column := range columns {
				var found []customer.Customer
				for _, c := range all {
					if strings.HasPrefix(column(c), strings.ToLower(q)) && !seen[c.ID] {
						seen[c.ID] = true
						found = append(found, c)
					}
				}
				slices.SortStableFunc(found, func(a, b customer.Customer) int { return strings.Compare(column(a), column(b)) })
				for _, c := range found {
					want = append(want, c.ID)
				}
			}
			for _, limit := range []int{1, 3, 10, 200} {
				if diff := cmp.Diff(want, walk(t, customers, customer.Filter{Query: q, Limit: limit})); diff != "" {
					t.Errorf("%q, %d a page (-want +got):\n%s", q, limit, diff)
				}
			}
		}
		if diff := cmp.Diff([]string{all[5].ID}, walk(t, customers, customer.Filter{Query: all[5].ID})); diff != "" {
			t.Errorf("by id (-want +got):\n%s", diff)
		}
		var exported []string
		for c, err := range customers.All(t.Context(), customer.Filter{Sort: customer.ByAge}) {
			if err != nil || len(c.CSV()) != len(customer.CSVHeader) {
				t.Fatal(c.CSV(), err)
			}
			exported = append(exported, c.ID)
		}
		if diff := cmp.Diff(walk(t, customers, customer.Filter{Sort: customer.ByAge, Limit: 50}), exported); diff != "" {
			t.Errorf("export (-want +got):\n%s", diff)
		}
	})
}

func TestListsThatAreRefused(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		customers := open(s)
		people(t, customers, 3)
		_, byName, err := customers.List(t.Context(), customer.Filter{Sort: customer.ByName, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			filter customer.Filter
			fields []string
		}{
			{customer.Filter{Query: "\x00"}, []string{"q"}},
			{customer.Filter{Sort: "password_hash"}, []string{"sort"}},
			{customer.Filter{Query: "\xff", Sort: "--name"}, []string{"q", "sort"}},
			{customer.Filter{Cursor: "?"}, []string{"cursor"}},
			{customer.Filter{Query: "a", Cursor: byName}, []string{"cursor"}},
		} {
			_, _, err := customers.List(t.Context(), tt.filter)
			wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, tt.fields...)
		}
		for _, err := range customers.All(t.Context(), customer.Filter{Sort: "?"}) {
			if err == nil {
				t.Error("an export in an unknown order goes on")
			}
		}
	})
}

func TestListsShowCredit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		customers := open(s)
		all := people(t, customers, 3)
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(ctx, `INSERT INTO customer_credits (customer_id, currency, amount)
				VALUES ($1, 'USD', 7), ($1, 'EUR', 5), ($1, 'JPY', 0), ($2, 'EUR', 9)`, all[0].ID, all[2].ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		page, _, err := customers.List(ctx, customer.Filter{Sort: customer.ByAge})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range [][]money.Money{{money.New(5, "EUR"), money.New(7, "USD")}, nil, {money.New(9, "EUR")}} {
			if diff := cmp.Diff(want, page[i].Credit); diff != "" {
				t.Errorf("credit of %d (-want +got):\n%s", i, diff)
			}
			if single, err := customers.ByID(ctx, all[i].ID); err != nil || !cmp.Equal(single, page[i]) {
				t.Errorf("by id: %+v, %v", single, err)
			}
		}
	})
}

func TestACustomerOfAnUnknownStoreIsNotTakenUp(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	broken := errors.New("settings can't be read")
	customers := customer.New(s.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "", broken })
	if _, err := customers.Create(t.Context(), customer.Input{Email: "a@b.c", Name: "A"}); !errors.Is(err, broken) {
		t.Errorf("error = %v", err)
	}
}
