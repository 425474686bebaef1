package license

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

// store is a store of a test with a service on it and something to sell.
type store struct {
	*dbtest.Store
	*Service
	t *testing.T

	numbers atomic.Int64
	told    chan string // ids that listeners heard of
}

// each runs f on both databases with a store of its own.
func each(t *testing.T, f func(t *testing.T, s *store)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) { f(t, newStore(t, s)) })
}

func newStore(t *testing.T, s *dbtest.Store) *store {
	t.Helper()
	st := &store{Store: s, Service: New(s.DB), t: t, told: make(chan string, 10_000)}
	st.OnChange(func(id string, _ int64) {
		select {
		case st.told <- id:
		default: // a test with that many changes does not read them
		}
	})
	st.exec(`INSERT INTO customers (id, email, email_fold, name, name_fold, company, company_fold, currency, created_at, updated_at)
		VALUES ('cus_ann', 'Ann@Example.com', 'ann@example.com', 'Ann Archer', 'ann archer', 'Acme', 'acme', 'EUR', 0, 0),
		       ('cus_bob', 'bob@example.net', 'bob@example.net', 'Bob Baker', 'bob baker', '', '', 'EUR', 0, 0)`)
	st.product("prd_widget", "widget", "Widget", "'', 0, FALSE")
	st.plan("pln_dev", "prd_widget", "Developer", "domain", 5)
	return st
}

// product makes a product; format is its key prefix, key length and whether case is ignored.
func (s *store) product(id, slug, name, format string) {
	s.t.Helper()
	s.exec(`INSERT INTO products (id, slug, name, requires_license, key_prefix, key_length, key_ignore_case, status, created_at, updated_at)
		VALUES ('` + id + `', '` + slug + `', '` + name + `', TRUE, ` + format + `, 'active', 0, 0)`)
}

func (s *store) plan(id, product, name, activation string, limit int64) {
	s.t.Helper()
	s.exec(fmt.Sprintf(`INSERT INTO plans (id, product_id, name, license_type, activation_type, activation_limit, entitlements, status, created_at, updated_at)
		VALUES ('%s', '%s', '%s', 'purchased', '%s', %d, '{"feature.sso":true,"projects.max":25}', 'active', 0, 0)`, id, product, name, activation, limit))
}

// line makes an order with one invoice line and returns the ids of both.
func (s *store) line() (order, line string) {
	s.t.Helper()
	n := s.numbers.Add(1)
	order, line = fmt.Sprintf("ord_%d", n), fmt.Sprintf("lin_%d", n)
	s.exec(fmt.Sprintf(`INSERT INTO orders (id, customer_id, kind, status, gateway, currency, total, created_at) VALUES ('%s', 'cus_ann', 'sale', 'pending', 'manual', 'EUR', 0, 0)`, order))
	s.exec(fmt.Sprintf(`INSERT INTO invoices (id, order_id, customer_id, kind, status, currency, net, tax, total, seller, buyer, created_at) VALUES ('inv_%d', '%s', 'cus_ann', 'order', 'draft', 'EUR', 0, 0, 0, '', '', 0)`, n, order))
	s.exec(fmt.Sprintf(`INSERT INTO invoice_lines (id, invoice_id, position, description, quantity, unit_amount, amount, total) VALUES ('%s', 'inv_%d', 1, '', 1, 0, 0, 0)`, line, n))
	s.exec(fmt.Sprintf(`INSERT INTO fulfilments (line_id, invoice_id, kind, state, changed_at) VALUES ('%s', 'inv_%d', 'license', 'pending', 0)`, line, n))
	return order, line
}

func (s *store) exec(q string, args ...any) {
	s.t.Helper()
	err := s.DB.Write(context.Background(), func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(context.Background(), q, args...)
		return err
	})
	if err != nil {
		s.t.Fatalf("%s: %v", q, err)
	}
}

// number reads one number.
func (s *store) number(q string, args ...any) int64 {
	s.t.Helper()
	var n int64
	err := s.DB.Read(context.Background(), func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(context.Background(), q, args...).Scan(&n)
	})
	if err != nil {
		s.t.Fatalf("%s: %v", q, err)
	}
	return n
}

// issue makes a license for one of the developer plan, or what in says otherwise.
func (s *store) issue(in IssueInput) License {
	s.t.Helper()
	if in.CustomerID == "" {
		in.CustomerID = "cus_ann"
	}
	if in.PlanID == "" {
		in.PlanID = "pln_dev"
	}
	if in.Quantity == 0 {
		in.Quantity = 1
	}
	var l License
	err := s.DB.Write(context.Background(), func(tx *db.Tx) (err error) {
		l, err = s.Issue(context.Background(), tx, in)
		return err
	})
	if err != nil {
		s.t.Fatalf("Issue(%+v): %v", in, err)
	}
	return l
}

// in is the instant that comes so much later than the clock's.
func (s *store) in(d time.Duration) *time.Time {
	t := s.Clock.Now().Add(d)
	return &t
}

func (s *store) get(id string) License {
	s.t.Helper()
	l, err := s.ByID(context.Background(), id)
	if err != nil {
		s.t.Fatalf("ByID(%s): %v", id, err)
	}
	return l
}

// story is the history of a license, the oldest first, as "what before→after".
func (s *store) story(id string) []string {
	s.t.Helper()
	var lines []string
	for cursor := ""; ; {
		entries, next, err := s.History(context.Background(), id, cursor, 2)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range entries {
			what := e.What
			if e.Override {
				what += "!"
			}
			lines = append([]string{what + " " + e.Before + "→" + e.After}, lines...)
		}
		if cursor = next; next == "" {
			return lines
		}
	}
}

// events are the types of the events about a license, the oldest first.
func (s *store) events(id string) []string {
	s.t.Helper()
	var types []string
	err := s.DB.Read(context.Background(), func(tx *db.Tx) error {
		rows, err := tx.SQL().QueryContext(context.Background(), "SELECT type FROM events WHERE subject_id = $1 ORDER BY seq", id)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var t string
			if err := rows.Scan(&t); err != nil {
				return err
			}
			types = append(types, t)
		}
		return rows.Err()
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return types
}

// drainTold returns the ids that listeners heard of since the last call.
func (s *store) drainTold() []string {
	var ids []string
	for {
		select {
		case id := <-s.told:
			ids = append(ids, id)
		default:
			return ids
		}
	}
}

// The actors of tests.
var (
	ann      = event.Actor{Kind: event.Customer, ID: "cus_ann", Name: "Ann Archer", IP: "198.51.100.7"}
	bob      = event.Actor{Kind: event.Customer, ID: "cus_bob", Name: "Bob Baker"}
	sue      = event.Actor{Kind: event.Staff, ID: "stf_sue", Name: "Sue Support", IP: "203.0.113.1"}
	software = event.Actor{Kind: event.Software, IP: "192.0.2.10"}
)

func as(a event.Actor) context.Context { return event.WithActor(context.Background(), a) }

// wantCode fails unless err carries a code; empty means no error.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil && code == "" {
		return
	}
	var e *fail.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("error = %v, want %q", err, code)
	}
}

func wantLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("%s:\n%s\nwant:\n%s", what, g, w)
	}
}

// eachLite runs f on SQLite alone.
func eachLite(t *testing.T, f func(t *testing.T, s *store)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		if s.Engine == db.SQLite {
			f(t, newStore(t, s))
		}
	})
}
