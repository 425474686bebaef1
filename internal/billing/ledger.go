package billing

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// Account is an account of the ledger. Debits are positive.
type Account string

// The accounts.
const (
	Receivable     Account = "receivable"      // what customers owe for finalised invoices
	Revenue        Account = "revenue"         // what was sold
	TaxOwed        Account = "tax"             // what is owed to tax authorities
	Bank           Account = "bank"            // what was received
	CustomerCredit Account = "customer_credit" // what the store owes customers
	Loss           Account = "loss"            // what will not come
)

// movement is a transaction of the ledger: a balanced movement of money that one source brought about.
type movement struct {
	about   about
	kind    posting
	source  string
	entries []entry
}

// about is whose money moves, and for which invoice; none: for no invoice.
type about struct{ customerID, invoiceID string }

func of(inv Invoice) about { return about{inv.CustomerID, inv.ID} }

// entry is one half of a movement of money.
type entry struct {
	account Account
	amount  money.Money
}

// less returns −m. Amounts here are checked to be far from the ends of 64 bits.
func less(m money.Money) money.Money { return money.New(-m.Amount, m.Currency) }

// checkBalance fails unless entries are of one currency and sum to zero.
func checkBalance(entries []entry) error {
	sum := money.New(0, entries[0].amount.Currency)
	for _, e := range entries {
		var err error
		if sum, err = sum.Add(e.amount); err != nil {
			return err
		}
	}
	if sum.Amount != 0 {
		return fmt.Errorf("entries sum to %s, not to zero", sum)
	}
	return nil
}

// post appends movements to the ledger and brings the customers' credit in line with them. It fails, and with it the
// caller's transaction, unless the entries of each balance. Entries of nothing are left out, and so is a movement
// without any left. One source moves money once for each kind: who comes again is refused.
func post(ctx context.Context, tx *db.Tx, movements ...movement) error {
	transactions := db.NewRows("ledger_transactions", "id", "kind", "source_id", "customer_id", "invoice_id", "occurred_at")
	entries := db.NewRows("ledger_entries", "transaction_id", "position", "account", "currency", "amount")
	for _, m := range movements {
		if err := checkBalance(m.entries); err != nil {
			return fmt.Errorf("ledger: %s of %s: %w", m.kind, m.source, err)
		}
		id := ""
		for i, e := range m.entries {
			if e.amount.Amount == 0 {
				continue
			}
			if id == "" {
				id = tx.NewID("ltx")
				transactions.Add(id, string(m.kind), m.source, m.about.customerID, orNull(m.about.invoiceID), int64(tx.Stamp))
			}
			entries.Add(id, int64(i+1), string(e.account), string(e.amount.Currency), e.amount.Amount)
		}
	}
	if err := transactions.Insert(ctx, tx); err != nil {
		err = fmt.Errorf("ledger: %s of %s: %w", movements[0].kind, movements[0].source, err)
		if db.Duplicate(err) {
			return fail.Conflict("ALREADY_BOOKED", "This movement of money is in the books already.").Because(err)
		}
		return err
	}
	if err := entries.Insert(ctx, tx); err != nil {
		return fmt.Errorf("ledger: entries: %w", err)
	}
	for _, m := range movements {
		for _, e := range m.entries {
			if e.account != CustomerCredit || e.amount.Amount == 0 {
				continue
			}
			if err := moveCredit(ctx, tx, m.about.customerID, less(e.amount)); err != nil {
				return fmt.Errorf("ledger: %s of %s: %w", m.kind, m.source, err)
			}
		}
	}
	return nil
}

// moveCredit changes what the store owes a customer, which never falls below zero.
func moveCredit(ctx context.Context, tx *db.Tx, customerID string, by money.Money) error {
	if by.Amount > 0 {
		return tx.AddCredit(ctx, query.AddCreditParams{CustomerID: customerID, Currency: string(by.Currency), Amount: by.Amount})
	}
	rows, err := tx.TakeCredit(ctx, query.TakeCreditParams{CustomerID: customerID, Currency: string(by.Currency), Amount: -by.Amount})
	if err == nil && rows == 0 {
		err = fmt.Errorf("customer %s has less credit than %s", customerID, less(by))
	}
	return err
}

// CreditOf returns what the store owes a customer in a currency.
func CreditOf(ctx context.Context, tx *db.Tx, customerID string, currency money.Currency) (money.Money, error) {
	amount, err := tx.CreditOfCustomer(ctx, query.CreditOfCustomerParams{CustomerID: customerID, Currency: string(currency)})
	if db.NotFound(err) {
		return money.New(0, currency), nil
	}
	if err != nil {
		return money.Money{}, fmt.Errorf("credit of customer %s: %w", customerID, err)
	}
	return money.New(amount, currency), nil
}

// MoveCredit gives what the store owes one customer to another, such as from a guest to his account. The caller holds
// the locks of both.
func (s *Service) MoveCredit(ctx context.Context, tx *db.Tx, from, to string, currency money.Currency) error {
	credit, err := CreditOf(ctx, tx, from, currency)
	if err != nil || credit.Amount == 0 {
		return err
	}
	source := tx.NewID("mov")
	return post(
		ctx, tx,
		movement{about{customerID: from}, postingGiven, source, entriesCredit(credit)},
		movement{about{customerID: to}, postingTaken, source, entriesFreed(credit)},
	)
}
