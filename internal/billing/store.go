package billing

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/text"
)

var (
	errInvoiceNotFound = fail.NotFound("INVOICE_NOT_FOUND", "There is no such invoice.")
	errLineNotFound    = fail.NotFound("LINE_NOT_FOUND", "There is no such invoice line.")
)

// invoiceOf maps an invoice without its lines.
func invoiceOf(r query.Invoice) (Invoice, error) {
	currency := money.Currency(r.Currency)
	inv := Invoice{
		ID: r.ID, OrderID: orEmpty(r.OrderID), CustomerID: r.CustomerID, Kind: Kind(r.Kind), Number: orEmpty(r.Number),
		Status: Status(r.Status), TaxMode: tax.Mode(r.TaxMode), Net: money.New(r.Net, currency), Tax: money.New(r.Tax, currency),
		Total: money.New(r.Total, currency), Credited: money.New(r.Credited, currency), Paid: money.New(r.Paid, currency),
		Disputes: r.Disputes, Note: r.Note, Replaces: orEmpty(r.Replaces), Step: r.Step, Version: r.Version,
		CreatedAt: r.CreatedAt.Time(), PaidAt: clock.TimePtr(r.PaidAt),
	}
	var err error
	for _, date := range []struct {
		from *string
		to   *civil.Date
	}{{r.IssuedOn, &inv.IssuedOn}, {r.DueOn, &inv.DueOn}, {r.StepOn, &inv.StepOn}} {
		if *date.to, err = dateOf(date.from); err != nil {
			return Invoice{}, fmt.Errorf("invoice %s: %w", r.ID, err)
		}
	}
	if inv.Seller, inv.Buyer, err = readParties(r.Seller, r.Buyer); err != nil {
		return Invoice{}, fmt.Errorf("invoice %s: %w", r.ID, err)
	}
	return inv, nil
}

func readParties(sellerJSON, buyerJSON string) (seller, buyer Party, err error) {
	if err := json.Unmarshal([]byte(sellerJSON), &seller); err != nil {
		return Party{}, Party{}, fmt.Errorf("seller: %w", err)
	}
	if err := json.Unmarshal([]byte(buyerJSON), &buyer); err != nil {
		return Party{}, Party{}, fmt.Errorf("buyer: %w", err)
	}
	return seller, buyer, nil
}

func lineOf(r query.LinesOfInvoiceRow, currency money.Currency) (InvoiceLine, error) {
	line := InvoiceLine{
		ID: r.ID, OrderItemID: orEmpty(r.OrderItemID), SubscriptionID: orEmpty(r.SubscriptionID), With: orEmpty(r.WithLine), Description: r.Description,
		Quantity: r.Quantity, UnitAmount: money.New(r.UnitAmount, currency), Amount: money.New(r.Amount, currency),
		Discount: money.New(r.Discount, currency), Total: money.New(r.Total, currency), TaxClass: r.TaxClass,
		Credited: money.New(r.Credited, currency), DiscountCredited: money.New(r.DiscountCredited, currency),
		TakenBack: r.TakenBack,
	}
	var err error
	if line.Period, err = periodOf(r.PeriodStart, r.PeriodEnd); err != nil {
		return InvoiceLine{}, fmt.Errorf("line %s: %w", r.ID, err)
	}
	if line.Category, err = categoryOf(r.TaxCategory, r.TaxRate); err != nil {
		return InvoiceLine{}, fmt.Errorf("line %s: %w", r.ID, err)
	}
	if r.Kind != nil {
		line.Link = &Link{
			Kind: *r.Kind, Target: orEmpty(r.Target), Payload: orEmpty(r.Payload), State: LinkState(orEmpty(r.State)),
			Note: orEmpty(r.Note), Error: orEmpty(r.Error), ChangedAt: clock.Instant(r.LinkChanged).Time(),
		}
	}
	return line, nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// optional is the stored form of an id that may be missing.
func optional(id string) *string {
	if id == "" {
		return nil
	}
	return &id
}

func dateOf(s *string) (civil.Date, error) {
	if s == nil {
		return civil.Date{}, nil
	}
	return civil.Parse(*s)
}

// dateColumn is the stored form of a date that may be missing.
func dateColumn(d civil.Date) *string { return optional(d.String()) }

func periodOf(start, end *string) (p civil.Period, err error) {
	if p.Start, err = dateOf(start); err != nil {
		return civil.Period{}, err
	}
	p.End, err = dateOf(end)
	return p, err
}

// categoryOf reads a tax category; nothing in a store without tax.
func categoryOf(code, rate string) (tax.Category, error) {
	if code == "" {
		return tax.Category{}, nil
	}
	percent, err := tax.ParsePercent(rate)
	return tax.Category{Code: tax.Code(code), Rate: percent}, err
}

// sortTaxes brings taxes into the order in which they are read.
func sortTaxes(taxes []TaxLine) {
	slices.SortFunc(taxes, func(a, b TaxLine) int {
		return cmp.Or(cmp.Compare(a.Category.Code, b.Category.Code), cmp.Compare(a.Category.Rate.String(), b.Category.Rate.String()))
	})
}

func complete(ctx context.Context, tx *db.Tx, r query.Invoice) (Invoice, error) {
	inv, err := invoiceOf(r)
	if err != nil {
		return Invoice{}, err
	}
	rows, err := tx.LinesOfInvoice(ctx, r.ID)
	if err != nil {
		return Invoice{}, fmt.Errorf("lines of invoice %s: %w", r.ID, err)
	}
	inv.Lines = make([]InvoiceLine, len(rows))
	for i, row := range rows {
		if inv.Lines[i], err = lineOf(row, inv.Total.Currency); err != nil {
			return Invoice{}, err
		}
	}
	if inv.TaxMode != tax.None {
		if inv.Taxes, err = taxesOf(ctx, tx, inv); err != nil {
			return Invoice{}, err
		}
	}
	if inv.Status != Void {
		return inv, nil // only a void invoice can have been replaced
	}
	inv.ReplacedBy, err = tx.ReplacementOfInvoice(ctx, &inv.ID)
	if err != nil && !db.NotFound(err) {
		return Invoice{}, fmt.Errorf("invoice %s: %w", r.ID, err)
	}
	return inv, nil
}

func taxesOf(ctx context.Context, tx *db.Tx, inv Invoice) ([]TaxLine, error) {
	rows, err := tx.TaxesOfInvoice(ctx, inv.ID)
	if err != nil {
		return nil, fmt.Errorf("taxes of invoice %s: %w", inv.ID, err)
	}
	taxes := make([]TaxLine, len(rows))
	for i, r := range rows {
		category, err := categoryOf(r.Category, r.Rate)
		if err != nil {
			return nil, fmt.Errorf("taxes of invoice %s: %w", inv.ID, err)
		}
		taxes[i] = TaxLine{Category: category, Base: inv.money(r.Base), Tax: inv.money(r.Tax)}
	}
	sortTaxes(taxes)
	return taxes, nil
}

func load(ctx context.Context, tx *db.Tx, id string) (Invoice, error) {
	if !text.IsID(id) {
		return Invoice{}, errInvoiceNotFound
	}
	r, err := tx.Invoice(ctx, id)
	if db.NotFound(err) {
		return Invoice{}, errInvoiceNotFound
	}
	if err != nil {
		return Invoice{}, fmt.Errorf("invoice %s: %w", id, err)
	}
	return complete(ctx, tx, r)
}

// Load returns an invoice with its lines as tx sees it.
func Load(ctx context.Context, tx *db.Tx, id string) (Invoice, error) { return load(ctx, tx, id) }

// Lock takes the lock of an invoice until the end of tx and returns the invoice as it is then. Whoever moves money
// holds the lock of the invoice's customer already.
func Lock(ctx context.Context, tx *db.Tx, id string) (Invoice, error) {
	if !text.IsID(id) {
		return Invoice{}, errInvoiceNotFound
	}
	r, err := tx.LockInvoice(ctx, id)
	if db.NotFound(err) {
		return Invoice{}, errInvoiceNotFound
	}
	if err != nil {
		return Invoice{}, fmt.Errorf("lock invoice %s: %w", id, err)
	}
	return complete(ctx, tx, r)
}

// Current follows an invoice that was issued anew, perhaps more than once, to the one that stands for it now.
func Current(ctx context.Context, tx *db.Tx, id string) (Invoice, error) {
	inv, err := load(ctx, tx, id)
	for err == nil && inv.ReplacedBy != "" {
		inv, err = load(ctx, tx, inv.ReplacedBy)
	}
	return inv, err
}

// ByID returns an invoice with its lines.
func (s *Service) ByID(ctx context.Context, id string) (Invoice, error) {
	var inv Invoice
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		inv, err = load(ctx, tx, id)
		return err
	})
	return inv, err
}
