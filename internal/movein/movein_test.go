package movein_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/movein"
)

// store is a store into which something is taken over.
type store struct {
	*dbtest.Store
	*movein.Service
	catalog   *catalog.Service
	customers *customer.Service
	licenses  *license.Service
	problems  []movein.Problem
}

func open(t testing.TB, s *dbtest.Store) *store {
	t.Helper()
	st := &store{Store: s, catalog: catalog.New(s.DB), licenses: license.New(s.DB)}
	st.customers = customer.New(s.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil })
	st.Service = movein.New(s.DB, st.catalog, st.customers, st.licenses)
	for slug, plans := range map[string][]catalog.NewPlan{
		"widget": {{Name: "Monthly", LicenseType: catalog.Leased, ActivationType: "domain", ActivationLimit: 5}, {Name: "Developer", ActivationType: "domain", ActivationLimit: 5}},
		"gadget": {{Name: "Only", ActivationType: "domain", ActivationLimit: 1}},
	} {
		p, err := st.catalog.CreateProduct(t.Context(), catalog.NewProduct{Slug: slug, Name: strings.ToUpper(slug[:1]) + slug[1:]})
		if err != nil {
			t.Fatal(err)
		}
		for _, plan := range plans {
			if _, err := st.catalog.CreatePlan(t.Context(), p.ID, plan); err != nil {
				t.Fatal(err)
			}
		}
	}
	return st
}

func (st *store) take(t testing.TB, table string, o movein.Options) movein.Summary {
	t.Helper()
	ctx := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Ada"})
	st.problems = nil
	sum, err := st.Licenses(ctx, strings.NewReader(table), o, func(p movein.Problem) error {
		st.problems = append(st.problems, p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func (st *store) number(t testing.TB, q string) (n int64) {
	t.Helper()
	err := st.DB.Read(t.Context(), func(tx *db.Tx) error { return tx.SQL().QueryRowContext(t.Context(), q).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// sound fails the test where the books of the licenses do not agree with themselves.
func (st *store) sound(t *testing.T) {
	t.Helper()
	found, err := st.licenses.Verify(t.Context())
	if err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
}

func (st *store) by(t *testing.T, key string) license.License {
	t.Helper()
	l, err := st.licenses.ByKey(t.Context(), key)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return l
}

func example(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (st *store) saidOf(line int) string {
	var said []string
	for _, p := range st.problems {
		if p.Line == line {
			said = append(said, p.Field+" "+p.Message)
		}
	}
	return strings.Join(said, "; ")
}

func TestWHMCS(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		st := open(t, s)
		now := s.Clock.Now()
		o := movein.Options{Product: "widget", Plan: "Monthly", Only: "12", DryRun: true}
		dry := st.take(t, example(t, "whmcs.csv"), o)
		if st.number(t, "SELECT (SELECT count(*) FROM licenses) + (SELECT count(*) FROM customers) + (SELECT count(*) FROM foreign_numbers) + (SELECT count(*) FROM audit_log WHERE what = 'licenses.imported')") != 0 {
			t.Error("a dry run left something behind")
		}
		o.DryRun = false
		sum := st.take(t, example(t, "whmcs.csv"), o)
		if fmt.Sprint(sum) != fmt.Sprint(dry) {
			t.Errorf("the dry run said\n%+v, and it was\n%+v", dry, sum)
		}
		if sum.Rows != 10 || sum.Imported != 5 || sum.Failed != 4 || sum.LeftOut != 1 || sum.Customers != 3 || sum.Overdue != 1 {
			t.Errorf("%+v\n%v", sum, st.problems)
		}
		for line, want := range map[int]string{8: `status is "Pending"`, 9: `regdate is "31/12/2020", not a date`, 10: "email is missing", 11: "serviceid is the number of another license"} {
			if got := st.saidOf(line); !strings.Contains(got, want) {
				t.Errorf("line %d: %q, want %q", line, got, want)
			}
		}
		if !slices.ContainsFunc(sum.Notes, func(n string) bool { return strings.Contains(n, "billingcycle") }) {
			t.Errorf("%q", sum.Notes)
		}
		first := st.by(t, "Owned-7fd563bdca")
		if first.Status != license.Active || first.CustomerName != "Ada Lovelace" || first.ExpiresAt.Format(time.DateOnly) != "2026-12-15" || first.CreatedAt.Format(time.DateOnly) != "2024-01-15" || first.Type != license.Leased {
			t.Errorf("%+v", first)
		}
		if got := fmt.Sprint(first.Bound); got != "{[example.com] [203.0.113.7] [/home/ada/public_html]}" {
			t.Errorf("bound to %s", got)
		}
		if l := st.by(t, "Owned-0011223344"); l.Status != license.Suspended || !l.GraceUntil.Equal(now.Add(14*24*time.Hour)) || l.Holds[0].Source != "stf_1" {
			t.Errorf("overdue: %+v", l)
		}
		if l := st.by(t, "Owned-5566778899"); l.Status != license.Active || l.CustomerID != first.CustomerID || len(l.Bound.Domains) != 0 || l.Reissues != 3 {
			t.Errorf("reissued: %+v", l)
		}
		if l := st.by(t, "Owned-aabbccddee"); l.Status != license.Cancelled {
			t.Errorf("terminated: %+v", l)
		}
		if l := st.by(t, "Owned-expired001"); l.Status != license.Expired || !l.ExpiresAt.Equal(now) {
			t.Errorf("expired: %+v", l)
		}
		if n := st.number(t, "SELECT count(*) FROM customers WHERE email_fold = 'new@example.com'"); n != 0 {
			t.Error("a customer was taken up for a license that was refused")
		}
		if n := st.number(t, "SELECT count(*) FROM customers WHERE password_hash IS NOT NULL"); n != 0 {
			t.Error("customers have passwords")
		}
		if n := st.number(t, "SELECT number FROM foreign_numbers WHERE kind = 'service' AND subject_id = '"+first.ID+"'"); n != 501 {
			t.Errorf("service number %d", n)
		}
		if n := st.number(t, "SELECT number FROM foreign_numbers WHERE kind = 'product'"); n != 12 {
			t.Errorf("product number %d", n)
		}
		if n := st.number(t, "SELECT count(*) FROM events WHERE type = 'license.imported'"); n != 5 {
			t.Errorf("%d events", n)
		}
		st.sound(t)

		again := st.take(t, example(t, "whmcs.csv"), o)
		if again.Imported != 0 || again.Present != 5 || again.Customers != 0 || st.number(t, "SELECT count(*) FROM licenses") != 5 {
			t.Errorf("again: %+v", again)
		}
		s.Clock.Advance(14*24*time.Hour + time.Second)
		if l := st.by(t, "Owned-0011223344"); l.Status != license.Expired {
			t.Errorf("after 14 days: %s", l.Status)
		}
	})
}

func TestLicenseDock(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		st := open(t, s)
		dry := st.take(t, example(t, "licensedock.csv"), movein.Options{DryRun: true})
		sum := st.take(t, example(t, "licensedock.csv"), movein.Options{})
		if fmt.Sprint(sum) != fmt.Sprint(dry) {
			t.Errorf("the dry run said\n%+v, and it was\n%+v", dry, sum)
		}
		if sum.Rows != 9 || sum.Imported != 4 || sum.Failed != 4 || sum.Present != 1 || sum.Customers != 2 {
			t.Errorf("%+v\n%+v", sum, st.problems)
		}
		for line, want := range map[int]string{
			7: `Product is "Unknown"`, 8: `Plan is "Team"`, 10: "row has 14 values under 12 columns", 11: "Email",
		} {
			if got := st.saidOf(line); !strings.Contains(got, want) {
				t.Errorf("line %d: %q, want %q", line, got, want)
			}
		}
		first := st.by(t, "A1B2C3D4-E5F6A7B8-C9D0E1F2-00000001")
		if first.CustomerName != `Mia "M." Müller` || first.ExpiresAt != nil || first.ActivationsUsed != 2 || first.ActivationLimit != 5 || first.Type != license.Purchased {
			t.Errorf("%+v", first)
		}
		if first.UpdatesUntil == nil || first.UpdatesUntil.Format(time.DateOnly) != "2027-03-20" {
			t.Errorf("support until %v", first.UpdatesUntil)
		}
		periods, err := st.licenses.Support(t.Context(), first.ID)
		if err != nil || len(periods) != 1 || periods[0].Kind != license.SupportImported || periods[0].EndsOn.String() != "2027-03-20" {
			t.Errorf("%+v, %v", periods, err)
		}
		second := st.by(t, "A1B2C3D4-E5F6A7B8-C9D0E1F2-00000002")
		if second.ActivationsUsed != 3 || second.ActivationLimit != 2 || second.ExpiresAt.Format(time.DateOnly) != "2026-09-01" {
			t.Errorf("%+v", second)
		}
		activations, _, err := st.licenses.Activations(t.Context(), second.ID, "", 10)
		if err != nil || activations[0].Override || !activations[2].Override {
			t.Errorf("%+v, %v", activations, err)
		}
		for key, want := range map[string]license.Status{"3": license.Expired, "4": license.Revoked} {
			if l := st.by(t, "A1B2C3D4-E5F6A7B8-C9D0E1F2-0000000"+key); l.Status != want || l.ActivationsUsed != 0 {
				t.Errorf("%s: %+v", key, l)
			}
		}
		st.sound(t)
	})
}

func TestTables(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	st := open(t, s)
	o := movein.Options{Product: "Gadget"}
	for name, c := range map[string]struct {
		table string
		rows  int64
		taken int64
		says  string
	}{
		"tabs":            {"key\temail\nT-1\ta@example.com\n", 1, 1, ""},
		"old line ends":   {"key;email\r\nT-2;a@example.com\r\n\r\n", 1, 1, ""},
		"short rows":      {"key,email,name\nT-3,a@example.com\n", 1, 1, ""},
		"trailing commas": {"key,email\nT-4,a@example.com,,,\n", 1, 1, ""},
		"a header alone":  {"key,email\n", 0, 0, ""},
		"a bare quote":    {"key,email\nT\"5,a@example.com\nT-6,a@example.com\n", 2, 1, "has a quote within a value"},
		"latin-1":         {"key,email,name\nT-7,a@example.com,M\xfcller\nT-8,a@example.com,M\n", 2, 1, "is not UTF-8"},
		"no end of quote": {"key,email\nT-9,\"a@example.com\n", 1, 0, "not closed"},
		"a zero byte":     {"key,email\n", 0, 0, ""},
		"long key":        {"key,email\n" + strings.Repeat("x", 300) + ",a@example.com\n", 1, 0, "is not a key"},
		"quoted header":   {"\"License, Key\";\"E-Mail\"\n\"T-10\";a@example.com\n", 1, 1, ""},
	} {
		sum := st.take(t, c.table, o)
		if sum.Rows != c.rows || sum.Imported != c.taken || c.says != "" && !strings.Contains(fmt.Sprint(st.problems), c.says) {
			t.Errorf("%s: %+v, %v", name, sum, st.problems)
		}
	}
	for name, c := range map[string]struct {
		table string
		o     movein.Options
		says  string
	}{
		"empty":           {"", o, "is empty"},
		"utf-16":          {"\xff\xfek\x00e\x00y\x00", o, "is not UTF-8"},
		"no key":          {"email,name\n", o, "has no column for license_key"},
		"no email":        {"key,name\n", o, "has no column for email"},
		"unknown product": {"key,email\n", movein.Options{Product: "nope"}, "no product here"},
		"no product":      {"key,email\n", movein.Options{}, "no column that names it"},
		"unknown plan":    {"key,email\n", movein.Options{Product: "widget", Plan: "nope"}, "no plan of widget"},
		"plan alone":      {"key,email\n", movein.Options{Plan: "nope"}, "is of a product"},
		"endless quote":   {"key,email\nX,\"" + strings.Repeat("x\n", 200<<10), o, "is a quote never closed"},
	} {
		_, err := st.Licenses(t.Context(), strings.NewReader(c.table), c.o, func(movein.Problem) error { return nil })
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// rows are as many rows of a table, made as they are read.
type rows struct {
	n, at int
	rest  []byte
}

func (r *rows) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		switch {
		case r.at == 0:
			r.rest = []byte("key,email,name,status,expires,validdomain\n")
		case r.at <= r.n:
			r.rest = fmt.Appendf(nil, "BULK-%07d,buyer%d@example.com,Buyer %d,Active,2030-01-01,d%d.example.com\n", r.at, r.at/3, r.at/3, r.at)
		default:
			return 0, io.EOF
		}
		r.at++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// TestLargeTable takes many licenses over. KEYSTEAD_LONG makes it a hundred thousand.
func TestLargeTable(t *testing.T) {
	t.Parallel()
	n := 2_000
	if os.Getenv("KEYSTEAD_LONG") != "" {
		n = 100_000
	}
	st := open(t, dbtest.SQLite(t))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	sum, err := st.Licenses(t.Context(), &rows{n: n}, movein.Options{Product: "widget", Plan: "Developer"}, func(p movein.Problem) error {
		return fmt.Errorf("%+v", p)
	})
	if err != nil || sum.Imported != int64(n) || sum.Customers != int64(n/3+1) {
		t.Errorf("%+v, %v", sum, err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("%d bytes are held", grown)
	}
}
