package billing

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/money"
)

// Account is an account of the ledger. Debits are positive.
type Account string

// The accounts.
const (
	Receivable     Account = "receivable"      // what customers owe for finalised invoices
	Revenue        Account = "revenue"         // what was sold
	Bank           Account = "bank"            // what was received
	CustomerCredit Account = "customer_credit" // what the store owes customers
)

// posting is the kind of a ledger transaction. One source has at most one of each kind: a repeat can't count twice.
type posting string

const (
	postingFinalised  posting = "invoice.finalised"
	postingVoided     posting = "invoice.voided"
	postingWrittenOff posting = "invoice.written_off"
	postingPayment    posting = "payment.received"
	postingCredit     posting = "credit.used"
)

// entry is one half of a movement of money.
type entry struct {
	account Account
	amount  money.Money
}

// entriesFinalised: the customer owes what was sold.
func entriesFinalised(total money.Money) []entry {
	return []entry{{Receivable, total}, {Revenue, less(total)}}
}

// entriesPayment: money came in; a part of it pays the invoice, the rest the store owes to the customer.
func entriesPayment(applied, credit money.Money) []entry {
	received := money.New(applied.Amount+credit.Amount, applied.Currency)
	return []entry{{Bank, received}, {Receivable, less(applied)}, {CustomerCredit, less(credit)}}
}

// entriesCredit: what the store owed to the customer pays an invoice.
func entriesCredit(used money.Money) []entry {
	return []entry{{CustomerCredit, used}, {Receivable, less(used)}}
}

// entriesVoided: nothing was sold after all; what was paid towards it the store owes to the customer.
func entriesVoided(balance, paid money.Money) []entry {
	total := money.New(balance.Amount+paid.Amount, balance.Currency)
	return []entry{{Revenue, total}, {Receivable, less(balance)}, {CustomerCredit, less(paid)}}
}

// entriesWrittenOff: what is still owed will not come.
func entriesWrittenOff(balance money.Money) []entry {
	return []entry{{Revenue, balance}, {Receivable, less(balance)}}
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

// post appends a transaction to the ledger and brings the customer's credit in line with it. It fails, and with it the
// caller's transaction, unless the entries balance. Entries of nothing are left out; without any left there is nothing
// to post.
func post(ctx context.Context, tx *db.Tx, inv Invoice, kind posting, sourceID string, entries []entry) error {
	if err := checkBalance(entries); err != nil {
		return fmt.Errorf("ledger: %s of %s: %w", kind, sourceID, err)
	}
	id := ""
	for i, e := range entries {
		if e.amount.Amount == 0 {
			continue
		}
		if id == "" {
			id = tx.NewID("ltx")
			err := tx.InsertLedgerTransaction(ctx, query.InsertLedgerTransactionParams{
				ID: id, Kind: string(kind), SourceID: sourceID, CustomerID: inv.CustomerID, InvoiceID: &inv.ID, OccurredAt: tx.Stamp,
			})
			if err != nil {
				return fmt.Errorf("ledger: %s of %s: %w", kind, sourceID, err)
			}
		}
		err := tx.InsertLedgerEntry(ctx, query.InsertLedgerEntryParams{
			TransactionID: id, Position: int64(i + 1), Account: string(e.account), Currency: string(e.amount.Currency),
			Amount: e.amount.Amount,
		})
		if err != nil {
			return fmt.Errorf("ledger: %s of %s: %w", kind, sourceID, err)
		}
		if e.account == CustomerCredit {
			if err := moveCredit(ctx, tx, inv.CustomerID, less(e.amount)); err != nil {
				return fmt.Errorf("ledger: %s of %s: %w", kind, sourceID, err)
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
