package billing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/money"
)

// Terms is what an invoice takes from the settings of the store when it is finalised.
type Terms struct {
	Zone         *time.Location
	NumberFormat string // see FormatNumber
	DueDays      int
	Seller       Party
}

// Orders hears what became of an order's invoice. The order room implements it.
type Orders interface {
	// InvoiceChanged is called, in the same transaction, after an invoice was paid and its lines were tried, after a
	// failed line was tried again, and after an invoice ended unpaid.
	InvoiceChanged(ctx context.Context, tx *db.Tx, inv Invoice) error
}

// Service holds the verbs of billing.
type Service struct {
	db         *db.DB
	terms      func(ctx context.Context, tx *db.Tx) (Terms, error)
	jobs       *job.Queue
	orders     Orders
	fulfillers map[string]Fulfiller
	targets    map[string]TargetCheck
}

// New returns the billing of a store. [Service.Register], [Service.CheckTargets] and [Service.UseOrders] belong to
// building the program: call them before the first verb.
func New(d *db.DB, terms func(ctx context.Context, tx *db.Tx) (Terms, error), jobs *job.Queue) *Service {
	s := &Service{db: d, terms: terms, jobs: jobs, fulfillers: map[string]Fulfiller{}, targets: map[string]TargetCheck{}}
	jobs.Register(RetryJob, s.retry)
	return s
}

// Register names who fulfils the lines of a kind.
func (s *Service) Register(kind string, f Fulfiller) { s.fulfillers[kind] = f }

// UseOrders names who hears what became of invoices.
func (s *Service) UseOrders(o Orders) { s.orders = o }

// Draft writes an invoice without a number. It never leaves the transaction that makes it.
func (s *Service) Draft(ctx context.Context, tx *db.Tx, in NewInvoice) (Invoice, error) {
	total := money.New(0, in.Currency)
	totals := make([]money.Money, len(in.Lines))
	for i, line := range in.Lines {
		var err error
		if totals[i], err = line.UnitAmount.MulInt(line.Quantity); err != nil {
			return Invoice{}, fmt.Errorf("line %d: %w", i+1, err)
		}
		if total, err = total.Add(totals[i]); err != nil {
			return Invoice{}, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	buyer, err := json.Marshal(in.Buyer)
	if err != nil {
		return Invoice{}, err
	}
	id := tx.NewID("inv")
	err = tx.InsertInvoice(ctx, query.InsertInvoiceParams{
		ID: id, OrderID: optional(in.OrderID), CustomerID: in.CustomerID, Currency: string(in.Currency), Total: total.Amount,
		Seller: "{}", Buyer: string(buyer), CreatedAt: tx.Stamp,
	})
	if err != nil {
		return Invoice{}, fmt.Errorf("invoice of order %s: %w", in.OrderID, err)
	}
	for i, line := range in.Lines {
		if err := insertLine(ctx, tx, id, int64(i+1), line, totals[i].Amount); err != nil {
			return Invoice{}, fmt.Errorf("line %d of invoice %s: %w", i+1, id, err)
		}
	}
	return load(ctx, tx, id)
}

func insertLine(ctx context.Context, tx *db.Tx, invoiceID string, position int64, line NewLine, total int64) error {
	id := tx.NewID("lin")
	row := query.InsertInvoiceLineParams{
		ID: id, InvoiceID: invoiceID, Position: position, Description: line.Description, Quantity: line.Quantity,
		UnitAmount: line.UnitAmount.Amount, Total: total,
	}
	if line.OrderItemID != "" {
		row.OrderItemID = &line.OrderItemID
	}
	if err := tx.InsertInvoiceLine(ctx, row); err != nil || line.Kind == "" {
		return err
	}
	return tx.InsertFulfilment(ctx, query.InsertFulfilmentParams{LineID: id, InvoiceID: invoiceID, Kind: line.Kind, ChangedAt: tx.Stamp})
}

// Finalise opens a draft: the invoice takes its number and its dates, and from now on it never changes. One that asks
// for nothing is paid at once.
func (s *Service) Finalise(ctx context.Context, tx *db.Tx, inv Invoice) (Invoice, error) {
	if _, ok := invoiceStates.Next(inv.Status, finalised); !ok {
		return Invoice{}, fail.Conflict("INVOICE_FINAL", "The invoice is final already.")
	}
	terms, err := s.terms(ctx, tx)
	if err != nil {
		return Invoice{}, fmt.Errorf("terms of invoice %s: %w", inv.ID, err)
	}
	sequence, on, err := takeNumber(ctx, tx, civil.Of(tx.Now, terms.Zone))
	if err != nil {
		return Invoice{}, fmt.Errorf("number of invoice %s: %w", inv.ID, err)
	}
	seller, err := json.Marshal(terms.Seller)
	if err != nil {
		return Invoice{}, err
	}
	series, number := invoiceSeries, FormatNumber(terms.NumberFormat, on, sequence)
	issued, due := on.String(), on.AddDays(terms.DueDays).String()
	rows, err := tx.OpenInvoice(ctx, query.OpenInvoiceParams{
		ID: inv.ID, Series: &series, Sequence: &sequence, Number: &number, IssuedOn: &issued, DueOn: &due, Seller: string(seller),
	})
	if db.Duplicate(err) {
		return Invoice{}, fail.Conflict("NUMBER_TAKEN", fmt.Sprintf("The next invoice would have the number %s, which another has "+
			"already: change the setting billing.number_format.", number)).Because(err)
	}
	if err != nil {
		return Invoice{}, fmt.Errorf("open invoice %s: %w", inv.ID, err)
	}
	if rows != 1 {
		return Invoice{}, notOpen(inv.Status)
	}
	if inv, err = load(ctx, tx, inv.ID); err != nil {
		return Invoice{}, err
	}
	if err := post(ctx, tx, inv, postingFinalised, inv.ID, entriesFinalised(inv.Total)); err != nil {
		return Invoice{}, err
	}
	if err := s.tell(ctx, tx, "invoice.finalised", inv, nil); err != nil {
		return Invoice{}, err
	}
	if inv.Total.Amount == 0 {
		return s.settle(ctx, tx, inv)
	}
	return inv, nil
}

// tell writes an event about an invoice.
func (s *Service) tell(ctx context.Context, tx *db.Tx, what string, inv Invoice, more map[string]any) error {
	data := map[string]any{"invoice_id": inv.ID, "number": inv.Number, "order_id": inv.OrderID, "total": inv.Total}
	for k, v := range more {
		data[k] = v
	}
	return event.Emit(ctx, tx, event.New{Type: what, SubjectID: inv.ID, CustomerID: inv.CustomerID, Data: data})
}

// audit writes that somebody changed something about an invoice by hand.
func audit(ctx context.Context, tx *db.Tx, what string, inv Invoice, before, after, why string) error {
	return event.Audit(ctx, tx, event.Change{What: what, SubjectID: inv.ID, Before: before, After: after, Why: why})
}
