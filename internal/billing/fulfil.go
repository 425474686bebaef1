package billing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// RetryJob is the kind of the job that tries a failed line again. Its payload is the id of the line.
const RetryJob = "billing.fulfil"

// retryAfter is how long a failed line waits for its first retry; the job's back-off does the rest.
const retryAfter = time.Minute

// errorLength bounds what is kept of an error.
const errorLength = 2000

// fulfilAll does the work of every line of a paid invoice that is still to be done, and tells those who watch.
func (s *Service) fulfilAll(ctx context.Context, tx *db.Tx, invoiceID string) (Invoice, error) {
	work, err := tx.FulfilmentWork(ctx, invoiceID)
	if err != nil {
		return Invoice{}, fmt.Errorf("fulfil invoice %s: %w", invoiceID, err)
	}
	for _, row := range work {
		if _, err := s.fulfil(ctx, tx, row); err != nil {
			return Invoice{}, err
		}
	}
	inv, err := load(ctx, tx, invoiceID)
	if err != nil {
		return Invoice{}, err
	}
	return inv, s.changed(ctx, tx, inv)
}

// fulfil does the work of one paid line in a savepoint. failure is why it did not succeed: then the link is failed, an
// event says so, and a job will try again. err means that the whole transaction can't go on.
func (s *Service) fulfil(ctx context.Context, tx *db.Tx, row query.FulfilmentWorkRow) (failure, err error) {
	link := Link{Kind: row.Kind, State: LinkState(row.State)}
	about := Invoice{ID: row.InvoiceID, CustomerID: row.CustomerID}
	line, err := workOf(row)
	if err != nil {
		return nil, err
	}
	failure = tx.Savepoint(ctx, func() error {
		target, err := s.try(ctx, tx, row.Kind, line)
		if err != nil {
			return err
		}
		if err := moveLink(ctx, tx, line.ID, link, fulfilled, target, ""); err != nil {
			return err
		}
		return s.tellLine(ctx, tx, "fulfilment.done", about, line.ID, map[string]any{"kind": row.Kind, "target": target})
	})
	if failure == nil {
		return nil, nil
	}
	if err := moveLink(ctx, tx, line.ID, link, notFulfilled, "", describe(failure)); err != nil {
		return nil, err
	}
	if link.State == Failed {
		return failure, nil // told before; its job is on the way
	}
	if err := s.tellLine(ctx, tx, "fulfilment.failed", about, line.ID, map[string]any{"kind": row.Kind, "error": describe(failure)}); err != nil {
		return nil, err
	}
	if err := s.jobs.Enqueue(ctx, tx, job.New{Kind: RetryJob, DedupKey: line.ID, Payload: line.ID, RunAt: tx.Now.Add(retryAfter)}); err != nil {
		return nil, fmt.Errorf("retry of line %s: %w", line.ID, err)
	}
	return failure, nil
}

// try calls the fulfiller. Its panic is a failure of its line, not of the payment.
func (s *Service) try(ctx context.Context, tx *db.Tx, kind string, line Line) (target string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	f, ok := s.fulfillers[kind]
	if !ok {
		return "", fmt.Errorf("nobody fulfils lines of kind %q", kind)
	}
	target, err = f.Fulfil(ctx, tx, line)
	if err == nil && target == "" {
		err = errors.New("the work named nothing that it made")
	}
	return target, err
}

// describe is an error as staff read it beside the line. Whatever bytes are in it, both databases can store it: an error
// that can't be kept would take the payment with it.
func describe(err error) string {
	message := strings.ReplaceAll(strings.ToValidUTF8(err.Error(), "\ufffd"), "\x00", "\ufffd")
	if runes := []rune(message); len(runes) > errorLength {
		message = string(runes[:errorLength]) + "…"
	}
	return message
}

func workOf(r query.FulfilmentWorkRow) (Line, error) {
	line := Line{
		ID: r.LineID, InvoiceID: r.InvoiceID, InvoiceKind: Kind(r.InvoiceKind), CustomerID: r.CustomerID,
		SubscriptionID: orEmpty(r.SubscriptionID), Kind: r.Kind, Target: orEmpty(r.Target), Payload: r.Payload,
		Description: r.Description, Quantity: r.Quantity, Total: money.New(r.Total, money.Currency(r.Currency)),
		OrderID: orEmpty(r.OrderID), OrderItemID: orEmpty(r.OrderItemID), OrderKind: orEmpty(r.OrderKind),
		Reason: orEmpty(r.Reason), PriceID: orEmpty(r.PriceID), PlanID: orEmpty(r.PlanID),
	}
	if r.ValidForCount != nil && r.ValidForUnit != nil {
		line.ValidFor = civil.Span{Count: int(*r.ValidForCount), Unit: *r.ValidForUnit}
	}
	var err error
	line.Period, err = periodOf(r.PeriodStart, r.PeriodEnd)
	return line, err
}

// moveLink takes a link from the state in which it was read to where a trigger leads.
func moveLink(ctx context.Context, tx *db.Tx, lineID string, link Link, on linkTrigger, target, failure string) error {
	to, ok := linkStates.Next(link.State, on)
	if !ok {
		return fail.Conflict("FULFILMENT_STATE", fmt.Sprintf("The fulfilment of the line is %s.", link.State))
	}
	rows, err := tx.MoveFulfilment(ctx, query.MoveFulfilmentParams{
		LineID: lineID, FromState: string(link.State), ToState: string(to), Target: optional(target), Error: failure,
		ChangedAt: tx.Stamp,
	})
	if err != nil {
		return fmt.Errorf("fulfilment of line %s: %w", lineID, err)
	}
	if rows != 1 {
		return fail.Conflict("FULFILMENT_STATE", "The fulfilment of the line changed meanwhile. Look at it again.")
	}
	return nil
}

// tellLine writes an event about a line; it belongs to the story of the invoice.
func (s *Service) tellLine(ctx context.Context, tx *db.Tx, what string, inv Invoice, lineID string, more map[string]any) error {
	data := map[string]any{"line_id": lineID}
	for k, v := range more {
		data[k] = v
	}
	return s.tell(ctx, tx, what, inv, data)
}

// retry is the handler of RetryJob. What was paid may have been taken back meanwhile; then there is nothing to do until
// it is paid again.
func (s *Service) retry(ctx context.Context, j job.Job) error {
	var lineID string
	if err := j.Decode(&lineID); err != nil {
		return err
	}
	err := s.RetryFulfilment(ctx, lineID)
	if e := (*fail.Error)(nil); errors.As(err, &e) && e.Code == "INVOICE_NOT_PAID" {
		return nil
	}
	return err
}

// RetryFulfilment tries a failed line again. It does nothing if the work is done, so that the job, staff and a second
// click can all call it. If the work fails again, that is kept, and returned.
func (s *Service) RetryFulfilment(ctx context.Context, lineID string) error {
	var failure error
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		failure = nil
		inv, line, err := lockLine(ctx, tx, lineID)
		if err != nil {
			return err
		}
		switch {
		case line.Link == nil:
			return errLineNotFound
		case line.Link.State == Done:
			return nil
		case inv.Status != Paid:
			return fail.Conflict("INVOICE_NOT_PAID", "The invoice is not paid, so there is nothing to fulfil.")
		case line.Link.State == Revoked:
			return nil
		}
		work, err := tx.FulfilmentWork(ctx, inv.ID)
		if err != nil {
			return fmt.Errorf("fulfil line %s: %w", lineID, err)
		}
		for _, row := range work {
			if row.LineID != lineID {
				continue
			}
			if failure, err = s.fulfil(ctx, tx, row); err != nil {
				return err
			}
		}
		if inv, err = load(ctx, tx, inv.ID); err != nil {
			return err
		}
		return s.changed(ctx, tx, inv)
	})
	if err != nil {
		return err
	}
	if failure != nil {
		return fmt.Errorf("fulfil line %s: %w", lineID, failure)
	}
	return nil
}

// lockLine locks customer and invoice of a line, in this order, and returns invoice and line. Of the invoices with the
// line it is the newest.
func lockLine(ctx context.Context, tx *db.Tx, lineID string) (Invoice, InvoiceLine, error) {
	if !text.IsID(lineID) {
		return Invoice{}, InvoiceLine{}, errLineNotFound
	}
	return newestWith(ctx, tx, lineID, LockWithCustomer)
}

// LineOf is the newest invoice with a line, locked together with its customer, and the line.
func LineOf(ctx context.Context, tx *db.Tx, lineID string) (Invoice, InvoiceLine, error) {
	return lockLine(ctx, tx, lineID)
}

// ReadLine is [LineOf] without locks, for those who hold the customer's, or only look.
func ReadLine(ctx context.Context, tx *db.Tx, lineID string) (Invoice, InvoiceLine, error) {
	return newestWith(ctx, tx, lineID, load)
}

// newestWith gets the newest invoice with a line, and the line.
func newestWith(ctx context.Context, tx *db.Tx, lineID string, get func(context.Context, *db.Tx, string) (Invoice, error)) (Invoice, InvoiceLine, error) {
	invoiceID, err := tx.InvoiceOfLine(ctx, lineID)
	if db.NotFound(err) {
		return Invoice{}, InvoiceLine{}, errLineNotFound
	}
	if err != nil {
		return Invoice{}, InvoiceLine{}, fmt.Errorf("line %s: %w", lineID, err)
	}
	inv, err := get(ctx, tx, invoiceID)
	if err != nil {
		return Invoice{}, InvoiceLine{}, err
	}
	line, ok := inv.Line(lineID)
	if !ok {
		return Invoice{}, InvoiceLine{}, errLineNotFound
	}
	return inv, line, nil
}

// LockWithCustomer locks an invoice's customer and then the invoice.
func LockWithCustomer(ctx context.Context, tx *db.Tx, invoiceID string) (Invoice, error) {
	inv, err := load(ctx, tx, invoiceID)
	if err != nil {
		return Invoice{}, err
	}
	if _, err := customer.Lock(ctx, tx, inv.CustomerID); err != nil {
		return Invoice{}, err
	}
	return Lock(ctx, tx, invoiceID)
}
