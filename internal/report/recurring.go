package report

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/money"
)

// Recurring is the recurring business of a store in one currency.
type Recurring struct {
	Currency money.Currency
	// Monthly is the monthly recurring revenue: what all running subscriptions cost, brought to a month, before discounts
	// and tax. A year of it is the annual one.
	Monthly       money.Money
	Subscriptions int64 // that run: trials, active, past due, cancelled to the end of their period
	// Months is the monthly recurring revenue on the first day of each of the last twelve months, oldest first.
	Months []MonthRevenue
	// Due is what will be invoiced or charged within so many days, for subscriptions and for domains.
	Due [3]DueRenewals
	// Ended are subscriptions that ended in the last 30 days, Before those that ran 30 days ago: the churn is one by the
	// other.
	Ended, Before int64
	// Failed are subscriptions that became past due in the last 90 days, Recovered those that were paid after that.
	Failed, Recovered int64
	Products          []Part // revenue of the last 30 days by product, and of domains by extension
	Countries         []Part // and by the customer's country
}

// MonthRevenue is the recurring revenue on the first day of a month, and what happened in it.
type MonthRevenue struct {
	On             civil.Date
	Monthly        money.Money
	Received       money.Money // what was paid for invoices; refunds are not taken off
	Started, Ended int64       // subscriptions
}

// Running is the monthly recurring revenue in one currency, and of how many subscriptions.
type Running struct {
	Monthly       money.Money
	Subscriptions int64
}

// Running returns the monthly recurring revenue per currency, first's first.
func (s *Service) Running(ctx context.Context, first money.Currency) (all []Running, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = running(ctx, tx, first)
		return err
	})
	return all, err
}

// runs are the subscriptions that bring money.
const runs = `s.ended_on IS NULL AND s.status IN ('active', 'past_due', 'cancelled')`

func running(ctx context.Context, tx *db.Tx, first money.Currency) (all []Running, err error) {
	rows, err := tx.SQL().QueryContext(ctx, `SELECT s.currency, COUNT(*), CAST(SUM(s.unit_amount * s.quantity / `+months+`) AS BIGINT)
		FROM subscriptions s WHERE `+runs+` GROUP BY s.currency ORDER BY CASE WHEN s.currency = $1 THEN 0 ELSE 1 END, s.currency`, string(first))
	if err != nil {
		return nil, fmt.Errorf("recurring revenue: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r Running
		if err := rows.Scan(&r.Monthly.Currency, &r.Subscriptions, &r.Monthly.Amount); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// DueRenewals is what falls due within a number of days.
type DueRenewals struct {
	Days   int
	Count  int64
	Amount money.Money
}

// Part is a part of the revenue.
type Part struct {
	Name   string
	Amount money.Money
}

// Churn is the share of subscriptions that ended within 30 days, in tenths of a percent; false if none ran.
func (r Recurring) Churn() (tenths int64, ok bool) {
	if r.Before == 0 {
		return 0, false
	}
	return (r.Ended*1000 + r.Before/2) / r.Before, true
}

// months is how many months a cycle has, in SQL.
const months = `CASE s.cycle WHEN 'monthly' THEN 1 WHEN 'quarterly' THEN 3 WHEN 'semi_annual' THEN 6 WHEN 'annual' THEN 12
	WHEN 'biennial' THEN 24 ELSE 36 END`

// Recurring counts the recurring business in a currency. It reads all subscriptions: it is for a page that is asked for, not
// for one that everybody sees all the time.
func (s *Service) Recurring(ctx context.Context, zone *time.Location, currency money.Currency) (r Recurring, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		r = Recurring{Currency: currency, Monthly: money.New(0, currency)}
		today := civil.Of(tx.Now, zone)
		for _, f := range []func(context.Context, *db.Tx, civil.Date, *Recurring) error{
			monthly, byMonth, inMonths(zone), due, churn, recovery, byProduct, byCountry,
		} {
			if err := f(ctx, tx, today, &r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Recurring{}, fmt.Errorf("recurring revenue: %w", err)
	}
	return r, nil
}

func one(ctx context.Context, tx *db.Tx, query string, args []any, into ...any) error {
	return tx.SQL().QueryRowContext(ctx, query, args...).Scan(into...)
}

func monthly(ctx context.Context, tx *db.Tx, _ civil.Date, r *Recurring) error {
	return one(ctx, tx, `SELECT COUNT(*), CAST(COALESCE(SUM(s.unit_amount * s.quantity / `+months+`), 0) AS BIGINT)
		FROM subscriptions s WHERE `+runs+` AND s.currency = $1`,
		[]any{string(r.Currency)}, &r.Subscriptions, &r.Monthly.Amount)
}

func byMonth(ctx context.Context, tx *db.Tx, today civil.Date, r *Recurring) error {
	first := civil.On(today.Year, today.Month, 1)
	for n := 11; n >= 0; n-- {
		m := MonthRevenue{On: first.AddMonthsClamped(-n), Monthly: money.New(0, r.Currency)}
		err := one(ctx, tx, `SELECT CAST(COALESCE(SUM(p.amount / `+months+`), 0) AS BIGINT)
			FROM subscription_periods p JOIN subscriptions s ON s.id = p.subscription_id
			WHERE p.starts_on <= $1 AND p.ends_on > $1 AND p.state IN ('paid', 'open') AND s.currency = $2`,
			[]any{m.On.String(), string(r.Currency)}, &m.Monthly.Amount)
		if err != nil {
			return err
		}
		r.Months = append(r.Months, m)
	}
	return nil
}

// inMonths adds what happened in each of the months.
func inMonths(zone *time.Location) func(context.Context, *db.Tx, civil.Date, *Recurring) error {
	return func(ctx context.Context, tx *db.Tx, _ civil.Date, r *Recurring) error {
		for i := range r.Months {
			m := &r.Months[i]
			m.Received = money.New(0, r.Currency)
			next := m.On.AddMonthsClamped(1)
			err := one(ctx, tx, `SELECT CAST(COALESCE(SUM(applied), 0) AS BIGINT) FROM payments
				WHERE currency = $1 AND state = 'succeeded' AND gateway <> 'credit' AND received_at >= $2 AND received_at < $3`,
				[]any{string(r.Currency), clock.FromTime(m.On.StartIn(zone)), clock.FromTime(next.StartIn(zone))}, &m.Received.Amount)
			if err != nil {
				return err
			}
			err = one(ctx, tx, `SELECT CAST(COALESCE(SUM(CASE WHEN started_on >= $1 AND started_on < $2 THEN 1 ELSE 0 END), 0) AS BIGINT),
				CAST(COALESCE(SUM(CASE WHEN ended_on >= $1 AND ended_on < $2 THEN 1 ELSE 0 END), 0) AS BIGINT)
				FROM subscriptions WHERE currency = $3`,
				[]any{m.On.String(), next.String(), string(r.Currency)}, &m.Started, &m.Ended)
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func due(ctx context.Context, tx *db.Tx, today civil.Date, r *Recurring) error {
	for i, days := range []int{30, 60, 90} {
		r.Due[i] = DueRenewals{Days: days, Amount: money.New(0, r.Currency)}
		until := today.AddDays(days).String()
		err := one(ctx, tx, `SELECT COUNT(*), CAST(COALESCE(SUM(s.unit_amount * s.quantity), 0) AS BIGINT) FROM subscriptions s
			WHERE s.ended_on IS NULL AND s.cancel_on IS NULL AND s.paused_on IS NULL AND s.status IN ('active', 'trialing')
				AND s.next_due <= $1 AND s.currency = $2`,
			[]any{until, string(r.Currency)}, &r.Due[i].Count, &r.Due[i].Amount.Amount)
		if err != nil {
			return err
		}
		var count, amount int64
		err = one(ctx, tx, `SELECT COUNT(*), CAST(COALESCE(SUM(recurring_amount), 0) AS BIGINT) FROM domains
			WHERE status = 'active' AND NOT do_not_renew AND term IS NOT NULL AND recurring_amount > 0 AND next_due <= $1 AND currency = $2`,
			[]any{until, string(r.Currency)}, &count, &amount)
		if err != nil {
			return err
		}
		r.Due[i].Count += count
		r.Due[i].Amount.Amount += amount
	}
	return nil
}

func churn(ctx context.Context, tx *db.Tx, today civil.Date, r *Recurring) error {
	since := today.AddDays(-30).String()
	return one(ctx, tx, `SELECT CAST(COALESCE(SUM(CASE WHEN ended_on > $1 THEN 1 ELSE 0 END), 0) AS BIGINT), COUNT(*) FROM subscriptions
		WHERE started_on <= $1 AND (ended_on IS NULL OR ended_on > $1) AND currency = $2`,
		[]any{since, string(r.Currency)}, &r.Ended, &r.Before)
}

func recovery(ctx context.Context, tx *db.Tx, _ civil.Date, r *Recurring) error {
	since := clock.FromTime(tx.Now.AddDate(0, 0, -90))
	return one(ctx, tx, `SELECT
		(SELECT COUNT(*) FROM events e JOIN subscriptions s ON s.id = e.subject_id
			WHERE e.type = 'subscription.past_due' AND e.occurred_at >= $1 AND s.currency = $2),
		(SELECT COUNT(*) FROM events e JOIN subscriptions s ON s.id = e.subject_id
			WHERE e.type = 'subscription.recovered' AND e.occurred_at >= $1 AND s.currency = $2)`,
		[]any{since, string(r.Currency)}, &r.Failed, &r.Recovered)
}

// topParts is how many parts a breakdown names.
const topParts = 8

func parts(ctx context.Context, tx *db.Tx, currency money.Currency, query string, args ...any) (all []Part, err error) {
	rows, err := tx.SQL().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		p := Part{Amount: money.New(0, currency)}
		if err := rows.Scan(&p.Name, &p.Amount.Amount); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// soldAs is the product that a line is of, in SQL: that of its price; of a domain what was done and under which extension; else
// nothing. The fee of a late renewal that stands beside it says with which line it goes.
const soldAs = `CASE WHEN products.name IS NOT NULL THEN products.name
	WHEN domains.extension IS NULL THEN ''
	WHEN fulfilments.kind = 'domain_registration' THEN 'Registrations of .' || domains.extension
	WHEN fulfilments.kind = 'domain_transfer' THEN 'Transfers of .' || domains.extension
	WHEN fulfilments.kind = 'domain_renewal' AND invoice_lines.with_line IS NULL THEN 'Renewals of .' || domains.extension
	ELSE 'Late fees of .' || domains.extension END`

// otherProducts is the name of what is not named in a breakdown by product, and of what no product was sold by.
const otherProducts = "Everything else"

// byProduct says for what invoices were paid. The parts add up to all of it.
func byProduct(ctx context.Context, tx *db.Tx, today civil.Date, r *Recurring) error {
	all, err := parts(ctx, tx, r.Currency, `SELECT sold.name, CAST(SUM(sold.total) AS BIGINT) AS amount FROM (
			SELECT `+soldAs+` AS name, invoice_lines.total AS total
			FROM invoices
			JOIN invoice_lines ON invoice_lines.invoice_id = invoices.id
			LEFT JOIN order_items ON order_items.id = invoice_lines.order_item_id
			LEFT JOIN subscriptions ON subscriptions.id = invoice_lines.subscription_id
			LEFT JOIN prices ON prices.id = COALESCE(order_items.price_id, subscriptions.price_id)
			LEFT JOIN plans ON plans.id = prices.plan_id
			LEFT JOIN products ON products.id = plans.product_id
			LEFT JOIN fulfilments ON fulfilments.invoice_id = invoices.id AND fulfilments.line_id = COALESCE(invoice_lines.with_line, invoice_lines.id)
				AND fulfilments.kind LIKE 'domain%'
			LEFT JOIN domains ON domains.id = fulfilments.target
			WHERE invoices.status = 'paid' AND invoices.issued_on > $1 AND invoices.currency = $2) AS sold
		GROUP BY sold.name ORDER BY amount DESC, sold.name`, today.AddDays(-30).String(), string(r.Currency))
	if err != nil {
		return err
	}
	other := Part{Name: otherProducts, Amount: money.New(0, r.Currency)}
	for _, p := range all {
		if p.Name == "" || len(r.Products) == topParts {
			other.Amount.Amount += p.Amount.Amount
		} else {
			r.Products = append(r.Products, p)
		}
	}
	if other.Amount.Amount != 0 {
		r.Products = append(r.Products, other)
	}
	return nil
}

func byCountry(ctx context.Context, tx *db.Tx, today civil.Date, r *Recurring) (err error) {
	r.Countries, err = parts(ctx, tx, r.Currency, `SELECT customers.country, CAST(SUM(invoices.net) AS BIGINT) AS amount
		FROM invoices JOIN customers ON customers.id = invoices.customer_id
		WHERE invoices.status = 'paid' AND invoices.issued_on > $1 AND invoices.currency = $2
		GROUP BY customers.country ORDER BY amount DESC LIMIT CAST($3 AS BIGINT)`,
		today.AddDays(-30).String(), string(r.Currency), int64(topParts))
	return err
}
