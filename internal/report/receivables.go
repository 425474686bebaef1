package report

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
)

// Age says how late an invoice is.
type Age string

// The ages, in days after the due date.
const (
	NotDue Age = "not_due"
	Late30 Age = "1-30"
	Late60 Age = "31-60"
	Late90 Age = "61-90"
	Later  Age = "over_90"
)

// ages are from and to how many days after its due date an invoice has each age.
var ages = []struct {
	age      Age
	from, to int
}{{NotDue, -1 << 20, 0}, {Late30, 1, 30}, {Late60, 31, 60}, {Late90, 61, 90}, {Later, 91, 1 << 20}}

// Ages lists the ages, the youngest first.
func Ages() []Age {
	out := make([]Age, len(ages))
	for i, a := range ages {
		out[i] = a.age
	}
	return out
}

func ageOf(daysLate int) Age {
	for _, a := range ages {
		if daysLate <= a.to {
			return a.age
		}
	}
	return Later
}

// Ageing is what customers owe in one currency, by how late it is.
type Ageing struct {
	Currency money.Currency
	By       map[Age]OpenInvoices
	Total    OpenInvoices
}

// Receivable is an invoice that is owed.
type Receivable struct {
	InvoiceID    string
	Number       string // empty: a proforma invoice
	Kind         string
	CustomerID   string
	CustomerName string
	Company      string
	Email        string
	IssuedOn     civil.Date
	DueOn        civil.Date
	DaysLate     int // negative: so many days are left
	Age          Age
	Total        money.Money
	Balance      money.Money
	Disputed     bool
	Step         string // what collecting it does next, on the day StepOn
	StepOn       civil.Date
}

// ReceivableFilter picks a page of what is owed.
type ReceivableFilter struct {
	Age      Age            // empty: all
	Currency money.Currency // empty: all
	Cursor   string         // where the page before ended; empty: the first page
	Limit    int            // see page.Limit
}

// Ageing adds up the open invoices by how late they are today in the zone, one for each currency.
func (s *Service) Ageing(ctx context.Context, zone *time.Location) (all []Ageing, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		all = nil
		today := civil.Of(tx.Now, zone)
		rows, err := tx.SQL().QueryContext(ctx, `SELECT currency, due_on, COUNT(*), CAST(SUM(total - credited - paid) AS BIGINT)
			FROM invoices WHERE status = 'open' GROUP BY currency, due_on ORDER BY currency, due_on`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var currency, due string
			var n, amount int64
			if err := rows.Scan(&currency, &due, &n, &amount); err != nil {
				return err
			}
			day, err := civil.Parse(due)
			if err != nil {
				return err
			}
			if len(all) == 0 || string(all[len(all)-1].Currency) != currency {
				c := money.Currency(currency)
				all = append(all, Ageing{Currency: c, By: map[Age]OpenInvoices{}, Total: OpenInvoices{Balance: money.New(0, c)}})
				for _, a := range ages {
					all[len(all)-1].By[a.age] = OpenInvoices{Balance: money.New(0, c)}
				}
			}
			sums := &all[len(all)-1]
			age := ageOf(day.DaysUntil(today))
			sums.By[age] = sums.By[age].plus(n, amount)
			sums.Total = sums.Total.plus(n, amount)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("ageing of receivables: %w", err)
	}
	return all, nil
}

func (o OpenInvoices) plus(n, amount int64) OpenInvoices {
	o.Invoices += n
	o.Balance.Amount += amount
	return o
}

// Receivables returns a page of the open invoices, those that were due first at the beginning, and the cursor of the next
// page, empty after the last one.
func (s *Service) Receivables(ctx context.Context, zone *time.Location, f ReceivableFilter) (owed []Receivable, next string, err error) {
	f.Limit = page.Limit(f.Limit)
	if f.Age != "" && !slices.Contains(Ages(), f.Age) {
		return nil, "", fail.Invalid("age", "is not an age of receivables")
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		today := civil.Of(tx.Now, zone)
		where, err := f.where(today)
		if err != nil {
			return err
		}
		rows, err := selectReceivables(ctx, tx, where, f.Limit+1, today)
		if err != nil {
			return fmt.Errorf("receivables: %w", err)
		}
		var more bool
		owed, more = page.Cut(rows, f.Limit)
		next = ""
		if more {
			last := owed[len(owed)-1]
			next = page.Cursor(last.DueOn.String(), last.InvoiceID)
		}
		return nil
	})
	return owed, next, err
}

// AllReceivables yields all that a filter picks; its cursor and limit do not matter.
func (s *Service) AllReceivables(ctx context.Context, zone *time.Location, f ReceivableFilter) iter.Seq2[Receivable, error] {
	f.Limit = page.Longest
	return page.Walk(func(cursor string) ([]Receivable, string, error) {
		f.Cursor = cursor
		return s.Receivables(ctx, zone, f)
	})
}

func (f ReceivableFilter) where(today civil.Date) (*page.Where, error) {
	var w page.Where
	w.Add("invoices.status = 'open'")
	if f.Currency != "" {
		w.Add("invoices.currency = $?", string(f.Currency))
	}
	for _, a := range ages {
		if a.age != f.Age {
			continue
		}
		if a.age != NotDue {
			w.Add("invoices.due_on <= $?", today.AddDays(-a.from).String())
		}
		if a.age != Later {
			w.Add("invoices.due_on >= $?", today.AddDays(-a.to).String())
		}
	}
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 2)
		if err != nil {
			return nil, err
		}
		w.Add("(invoices.due_on > $? OR invoices.due_on = $? AND invoices.id > $?)", key[0], key[0], key[1])
	}
	return &w, nil
}

func selectReceivables(ctx context.Context, tx *db.Tx, w *page.Where, limit int, today civil.Date) (owed []Receivable, err error) {
	n := w.Arg(int64(limit))
	rows, err := tx.SQL().QueryContext(ctx, `SELECT invoices.id, COALESCE(invoices.number, ''), invoices.kind, invoices.customer_id, customers.name,
		customers.company, customers.email, invoices.issued_on, invoices.due_on, invoices.currency, invoices.total,
		invoices.total - invoices.credited - invoices.paid, invoices.disputes, invoices.step, COALESCE(invoices.step_on, '')
		FROM invoices JOIN customers ON customers.id = invoices.customer_id`+w.String()+`
		ORDER BY invoices.due_on, invoices.id LIMIT CAST(`+n+` AS BIGINT)`, w.Args()...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r Receivable
		var issued, due, currency, stepOn string
		var total, balance, disputes int64
		err := rows.Scan(&r.InvoiceID, &r.Number, &r.Kind, &r.CustomerID, &r.CustomerName, &r.Company, &r.Email, &issued, &due, &currency,
			&total, &balance, &disputes, &r.Step, &stepOn)
		if err != nil {
			return nil, err
		}
		if r.IssuedOn, err = civil.Parse(issued); err != nil {
			return nil, err
		}
		if r.DueOn, err = civil.Parse(due); err != nil {
			return nil, err
		}
		if stepOn != "" {
			if r.StepOn, err = civil.Parse(stepOn); err != nil {
				return nil, err
			}
		}
		c := money.Currency(currency)
		r.Total, r.Balance, r.Disputed = money.New(total, c), money.New(balance, c), disputes > 0
		r.DaysLate = r.DueOn.DaysUntil(today)
		r.Age = ageOf(r.DaysLate)
		owed = append(owed, r)
	}
	return owed, rows.Err()
}

// ReceivableCSVHeader names the columns of [Receivable.CSV].
var ReceivableCSVHeader = []string{
	"invoice_id", "number", "customer_id", "customer_name", "company", "customer_email", "currency", "total", "balance", "issued_on", "due_on",
	"days_late", "age", "disputed",
}

// CSV returns the receivable as a row of an export, amounts in major units.
func (r Receivable) CSV() []string {
	return []string{
		r.InvoiceID, r.Number, r.CustomerID, r.CustomerName, r.Company, r.Email, string(r.Balance.Currency), r.Total.Decimal(), r.Balance.Decimal(),
		r.IssuedOn.String(), r.DueOn.String(), strconv.Itoa(max(0, r.DaysLate)), string(r.Age), strconv.FormatBool(r.Disputed),
	}
}
