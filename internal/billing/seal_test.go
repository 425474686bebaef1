package billing_test

import (
	"context"
	"sync"
	"testing"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/job"
)

func (b *books) count(t testing.TB, q string) (n int) {
	t.Helper()
	ctx := context.Background()
	if err := b.DB.Read(ctx, func(tx *db.Tx) error { return tx.SQL().QueryRowContext(ctx, q).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

// What is booked is sealed, once; the task finds nothing to do after that.
func TestSeal(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		due := automation.New(b.DB, job.NewQueue(b.DB, nil), automation.Options{})
		for _, task := range b.billing.Tasks() {
			due.Register(task)
		}
		seals := 0
		for range 3 {
			inv := b.issue(t, line(1000))
			b.pay(t, inv.ID, 400)
			seals++
			for range 2 { // the second time nothing is left
				if _, err := due.RunDue(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n := b.count(t, "SELECT COUNT(*) FROM ledger_seals"); n != seals {
					t.Errorf("%d seals, want %d", n, seals)
				}
			}
			if n := b.count(t, "SELECT COUNT(*) FROM ledger_transactions WHERE seal IS NULL"); n != 0 {
				t.Errorf("%d are not sealed", n)
			}
			b.proven(t)
		}
		b.issue(t, line(5)) // what is not sealed yet is no fault
		b.proven(t)
	})
}

// Two processes that seal at once make one chain, and what is booked meanwhile is not lost to it.
func TestSealAtOnce(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	b := openBooks(t, s)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 10 {
				if _, err := b.billing.Seal(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 20 {
		b.issue(t, line(1000))
	}
	wg.Wait()
	if _, err := b.billing.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := b.count(t, "SELECT COUNT(*) FROM ledger_transactions WHERE seal IS NULL"); n != 0 {
		t.Errorf("%d are not sealed", n)
	}
	b.proven(t)
}

// A change of anything that is sealed breaks the chain, even one that balances.
func TestASealShowsWhatWasChanged(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		inv := b.issue(t, line(1000))
		b.pay(t, inv.ID, 1000)
		if n, err := b.billing.Seal(t.Context()); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		b.issue(t, line(2000))
		if _, err := b.billing.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]string{
			"an amount":         "UPDATE ledger_entries SET amount = amount * 2",
			"an account":        "UPDATE ledger_entries SET account = 'loss' WHERE account = 'revenue'",
			"a currency":        "UPDATE ledger_entries SET currency = 'USD'",
			"a place":           "UPDATE ledger_entries SET position = position + 10",
			"a time":            "UPDATE ledger_transactions SET occurred_at = occurred_at + 1 WHERE kind = 'payment.received'",
			"a source":          "UPDATE ledger_transactions SET source_id = 'pay_other' WHERE kind = 'payment.received'",
			"a transaction out": "UPDATE ledger_transactions SET seal = NULL WHERE kind = 'payment.received'",
			"a seal":            "UPDATE ledger_seals SET hash = 'x' WHERE sequence = 1",
			"the chain":         "UPDATE ledger_seals SET previous = 'x' WHERE sequence = 2",
		} {
			found := map[string]bool{}
			for _, d := range tamperedBooks(t, b, change) {
				found[d.Check] = true
			}
			if !found["ledger.seal"] {
				t.Errorf("%s: found %v", name, found)
			}
		}
		b.proven(t)
	})
}

func tamperedBooks(t *testing.T, b *books, change string) []billing.Difference {
	t.Helper()
	return tamperedWith(t, b.DB, b.billing, change)
}
