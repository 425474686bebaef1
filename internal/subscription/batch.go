package subscription

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
)

// batchSize is how many plain renewals one transaction invoices: few enough that whoever else wants to write waits for some
// hundredths of a second.
const batchSize = 250

// errMeanwhile says that one of a batch was changed by somebody else while the batch was made.
var errMeanwhile = errors.New("a subscription changed meanwhile")

// plain is a renewal of which nothing is to be decided: it is active and paid, its next invoice is due, and neither a coupon
// nor credit nor a planned change has a part in it. On the first of a month that is nearly all of them, and they are
// invoiced together. What the batch writes is what [Service.settle] writes for one.
type plain struct {
	Subscription
	buyer billing.Party
}

// renewPlain invoices the plain renewals that are due, batch by batch. What it can't do is left to settle.
func (s *Service) renewPlain(ctx context.Context, pass *automation.Pass) error {
	for {
		n := 0
		err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = s.renewBatch(ctx, tx, pass.CustomerID())
			return err
		})
		switch {
		case errors.Is(err, errMeanwhile):
			return nil
		case err != nil:
			// One of them can't be invoiced: each by itself shows which.
			return nil //nolint:nilerr // the failure is found again, and recorded, with the subscription that it belongs to
		case n == 0:
			return nil
		}
		pass.DoneMany(n)
	}
}

func (s *Service) renewBatch(ctx context.Context, tx *db.Tx, customerID string) (int, error) {
	p, err := policyOf(ctx, tx)
	if err != nil {
		return 0, err
	}
	due, err := plainDue(ctx, tx, today(tx, p), customerID)
	if err != nil {
		return 0, fmt.Errorf("renewals that are due: %w", err)
	}
	due = slices.DeleteFunc(due, func(d plain) bool {
		st := Assess(d.Subscription, false, p.Rules, tx.Now)
		part, whole, _ := d.nextPeriod()
		return !st.Invoice || st.End != NotEnded || part != whole
	})
	if len(due) == 0 {
		return 0, nil
	}
	if err := lockCustomers(ctx, tx, due); err != nil {
		return 0, err
	}
	invoices := make([]billing.NewInvoice, len(due))
	periods := make([]Period, len(due))
	for i := range due {
		line, period, err := s.nextLine(ctx, tx, &due[i].Subscription, p)
		if err != nil {
			return 0, err
		}
		periods[i] = period
		invoices[i] = billing.NewInvoice{
			CustomerID: due[i].CustomerID, Kind: billing.KindRenewal, Currency: due[i].Unit.Currency, Buyer: due[i].buyer,
			Lines: []billing.NewLine{line}, DueOn: period.DueOn,
		}
	}
	issued, err := s.billing.IssueRenewals(ctx, tx, invoices)
	if err != nil {
		return 0, err
	}
	for i := range due {
		periods[i].InvoiceID = issued[i].ID
	}
	if err := insertPeriods(ctx, tx, due, periods); err != nil {
		return 0, fmt.Errorf("periods: %w", err)
	}
	for _, d := range due {
		if d.Kind == OfAddon && d.LicenseID != "" {
			if err := s.licenses.NoteChange(ctx, tx, d.LicenseID); err != nil {
				return 0, err
			}
		}
	}
	return len(due), moveOn(ctx, tx, due, periods, p)
}

// plainDue reads the plain renewals that are due, earliest first. Status is compared so that no index of it is used: the one
// by the due instant leads straight to what is due.
func plainDue(ctx context.Context, tx *db.Tx, today civil.Date, customerID string) (due []plain, err error) {
	of, args := "", []any{tx.Stamp, today.String(), int64(batchSize)}
	if customerID != "" {
		of, args = " AND customer_id = $4", append(args, customerID)
	}
	rows, err := tx.SQL().QueryContext(ctx, `SELECT s.id, s.customer_id, s.kind, COALESCE(s.license_id, ''), s.product_id, s.plan_id,
		s.price_id, s.description, s.currency, s.unit_amount, s.quantity, s.cycle, s.anchor, s.tax_class, s.started_on, s.next_due,
		s.version, p.starts_on, p.state, c.name, c.company, c.email, c.address, c.country, c.state, c.tax_id, c.language
		FROM (
			SELECT id FROM subscriptions
			WHERE next_at <= $1 AND next_due >= $2 AND COALESCE(status, '') = 'active' AND unit_amount > 0 AND cancel_on IS NULL
				AND paused_on IS NULL AND change_on IS NULL AND coupon_id IS NULL AND credit_due = 0`+of+`
				AND NOT EXISTS (SELECT 1 FROM customer_credits k WHERE k.customer_id = subscriptions.customer_id AND k.amount > 0)
				AND NOT EXISTS (SELECT 1 FROM price_update_items u WHERE u.subscription_id = subscriptions.id AND u.state = 'planned')
				AND NOT EXISTS (SELECT 1 FROM automation_failures f WHERE f.task = '`+taskKind+`' AND f.subject_id = subscriptions.id)
				AND NOT EXISTS (
					SELECT 1 FROM subscription_periods o WHERE o.subscription_id = subscriptions.id AND o.state IN ('open', 'disputed'))
			ORDER BY next_at, id LIMIT CAST($3 AS BIGINT)
		) due
		JOIN subscriptions s ON s.id = due.id
		JOIN subscription_periods p ON p.subscription_id = s.id AND p.ends_on = s.next_due AND p.state IN ('paid', 'given')
		JOIN customers c ON c.id = s.customer_id
		WHERE s.trial_ends_at IS NULL OR p.starts_on > s.started_on`, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var d plain
		var last Period
		var unit int64
		b := &d.buyer
		err := rows.Scan(&d.ID, &d.CustomerID, &d.Kind, &d.LicenseID, &d.ProductID, &d.PlanID, &d.PriceID, &d.Description,
			&d.Unit.Currency, &unit, &d.Quantity, &d.Cycle, &d.Anchor, &d.TaxClass, &d.StartedOn, &d.NextDue, &d.Version,
			&last.Start, &last.State, &b.Name, &b.Company, &b.Email, &b.Address, &b.Country, &b.State, &b.TaxID, &b.Language)
		if err != nil {
			return nil, err
		}
		d.Unit, d.Status, last.End = money.New(unit, d.Unit.Currency), Active, d.NextDue
		d.Periods = []Period{last}
		due = append(due, d)
	}
	return due, rows.Err()
}

// lockCustomers takes the locks of a batch's customers in the order of their ids, as all do who take several. A store with
// one writer needs none.
func lockCustomers(ctx context.Context, tx *db.Tx, due []plain) error {
	if tx.Engine() == db.SQLite {
		return nil
	}
	ids := make([]any, len(due))
	for i, d := range due {
		ids[i] = d.CustomerID
	}
	_, err := tx.SQL().ExecContext(ctx, `UPDATE customers SET version = customers.version + 1
		FROM (SELECT id FROM customers WHERE id IN (`+page.Placeholders(len(ids))+`) ORDER BY id FOR UPDATE) AS locked
		WHERE customers.id = locked.id`, ids...)
	return err
}

// insertPeriods writes the periods of a batch. That one is there already is an error: nobody is billed twice.
func insertPeriods(ctx context.Context, tx *db.Tx, due []plain, periods []Period) error {
	rows := db.NewRows("subscription_periods",
		"subscription_id", "starts_on", "ends_on", "line_id", "invoice_id", "due_on", "price_id", "amount", "state")
	for i, p := range periods {
		rows.Add(due[i].ID, p.Start.String(), p.End.String(), p.LineID, p.InvoiceID, p.DueOn.String(), p.PriceID, p.Amount.Amount, string(p.State))
	}
	return rows.Insert(ctx, tx)
}

// moveOn notes for each of a batch that its next period is invoiced, and when it is to be looked at again. Its license is
// none the wiser: its term is the same, whether the next invoice is about to be made or was made in time.
func moveOn(ctx context.Context, tx *db.Tx, due []plain, periods []Period, p policy) error {
	for i, d := range due {
		d.Periods, d.NextDue = append(d.Periods, periods[i]), periods[i].End
		st := Assess(d.Subscription, false, p.Rules, tx.Now)
		if st.Invoice || st.Status != Active {
			// Two periods are due at once: it is looked at again right away.
			now := tx.Now
			st.NextAt = &now
		}
		result, err := tx.SQL().ExecContext(ctx, `UPDATE subscriptions SET next_due = $1, next_at = $2, updated_at = $3, version = version + 1
			WHERE id = $4 AND version = $5`, d.NextDue.String(), clock.FromTimePtr(st.NextAt), tx.Stamp, d.ID, d.Version)
		if err != nil {
			return fmt.Errorf("subscription %s: %w", d.ID, err)
		}
		if n, err := result.RowsAffected(); err != nil || n != 1 {
			return errors.Join(errMeanwhile, err)
		}
	}
	return nil
}
