package billing

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/money"
)

func eur(n int64) money.Money { return money.New(n, "EUR") }

func TestEntriesBalance(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := eur(rapid.Int64Range(0, 1<<50).Draw(t, "a"))
		b := eur(rapid.Int64Range(0, 1<<50).Draw(t, "b"))
		for name, entries := range map[string][]entry{
			"finalised":   entriesFinalised(a, b),
			"payment":     entriesPayment(a, b),
			"credit":      entriesCredit(a),
			"freed":       entriesFreed(a),
			"voided":      entriesVoided(a, b),
			"written off": entriesWrittenOff(a),
			"note":        entriesNote(a, b, b),
			"paid out":    entriesOut(a, b),
			"paid in":     entriesIn(a, b),
		} {
			if err := checkBalance(entries); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	})
}

// What an invoice owes after any of its ways through life is what the entries of that way leave.
func TestEntriesLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	sums := func(groups ...[]entry) map[Account]int64 {
		sum := map[Account]int64{}
		for _, group := range groups {
			for _, e := range group {
				sum[e.account] += e.amount.Amount
			}
		}
		return sum
	}
	for name, tt := range map[string]struct {
		entries [][]entry
		want    map[Account]int64
	}{
		"paid with too much": {
			[][]entry{entriesFinalised(eur(84), eur(16)), entriesPayment(eur(100), eur(30))},
			map[Account]int64{Receivable: 0, Revenue: -84, TaxOwed: -16, Bank: 130, CustomerCredit: -30},
		},
		"paid from credit": {
			[][]entry{entriesFinalised(eur(100), eur(0)), entriesCredit(eur(100))},
			map[Account]int64{Receivable: 0, Revenue: -100, CustomerCredit: 100},
		},
		"void after a part": {
			[][]entry{entriesFinalised(eur(84), eur(16)), entriesPayment(eur(40), eur(0)), entriesVoided(eur(84), eur(16)), entriesFreed(eur(40))},
			map[Account]int64{Receivable: 0, Revenue: 0, TaxOwed: 0, Bank: 40, CustomerCredit: -40},
		},
		"given up after a part": {
			[][]entry{entriesFinalised(eur(100), eur(0)), entriesPayment(eur(40), eur(0)), entriesWrittenOff(eur(60))},
			map[Account]int64{Receivable: 0, Revenue: -100, Bank: 40, CustomerCredit: 0, Loss: 60},
		},
		"refunded": {
			[][]entry{
				entriesFinalised(eur(84), eur(16)), entriesPayment(eur(100), eur(0)), entriesNote(eur(84), eur(16), eur(0)),
				entriesFreed(eur(100)), entriesOut(eur(100), eur(0)),
			},
			map[Account]int64{Receivable: 0, Revenue: 0, TaxOwed: 0, Bank: 0, CustomerCredit: 0},
		},
		"charged back, the credit being spent, and back again": {
			[][]entry{
				entriesFinalised(eur(100), eur(0)), entriesPayment(eur(100), eur(0)), entriesFreed(eur(100)), entriesOut(eur(30), eur(70)),
				entriesIn(eur(30), eur(70)), entriesCredit(eur(100)),
			},
			map[Account]int64{Receivable: 0, Revenue: -100, Bank: 100, CustomerCredit: 0, Loss: 0},
		},
		"credited after it was given up": {
			[][]entry{
				entriesFinalised(eur(100), eur(0)), entriesPayment(eur(40), eur(0)), entriesWrittenOff(eur(60)),
				entriesNote(eur(70), eur(0), eur(30)), entriesFreed(eur(40)),
			},
			map[Account]int64{Receivable: 0, Revenue: -30, Bank: 40, CustomerCredit: -40, Loss: 30},
		},
	} {
		got := sums(tt.entries...)
		for account, want := range tt.want {
			if got[account] != want {
				t.Errorf("%s: %s is %d, want %d", name, account, got[account], want)
			}
		}
	}
}

func TestUnbalancedEntriesAreNotWritten(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		for name, entries := range map[string][]entry{
			"one side":       {{Bank, eur(100)}},
			"a cent":         {{Bank, eur(100)}, {Receivable, eur(-99)}},
			"two currencies": {{Bank, eur(100)}, {Receivable, money.New(-100, "USD")}},
		} {
			err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
				return post(t.Context(), tx, movement{about{"cus_1", "inv_1"}, postingPayment, "pay_1", entries})
			})
			if err == nil {
				t.Errorf("%s: written", name)
			}
		}
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			return post(t.Context(), tx, movement{about{"cus_1", "inv_1"}, postingPayment, "pay_1", entriesPayment(eur(0), eur(0))})
		})
		if err != nil {
			t.Errorf("nothing: %v", err) // customer and invoice do not exist: nothing may be written
		}
	})
}

func TestFormatNumber(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		format string
		n      int64
		want   string
	}{
		{"INV-{yyyy}-{n}", 2001, "INV-2023-2001"},
		{"{yyyy}{mm}/{n}", 7, "202309/7"}, // B10: the tag is 202309 here, 202310 in Paris
		{"{n}", 1, "1"},
		{"{n}-{n} {year}", 5, "5-5 {year}"},
	} {
		if got := FormatNumber(tt.format, civil.On(2023, 9, 30), tt.n); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.format, got, tt.want)
		}
	}
}

func TestAccepts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status          Status
		paid, amount    int64
		applied, credit int64
	}{
		{Open, 0, 50, 50, 0},
		{Open, 0, 100, 100, 0},
		{Open, 40, 100, 60, 40},
		{Draft, 0, 10, 0, 10},
		{Paid, 100, 10, 0, 10},
		{Void, 0, 10, 0, 10},
		{Uncollectible, 40, 10, 0, 10},
	} {
		inv := Invoice{Status: tt.status, Total: eur(100), Paid: eur(tt.paid)}
		applied, credit := inv.Accepts(eur(tt.amount))
		if applied != eur(tt.applied) || credit != eur(tt.credit) {
			t.Errorf("%s with %d paid: %v of %d applied, %v credit", tt.status, tt.paid, applied, tt.amount, credit)
		}
	}
}
