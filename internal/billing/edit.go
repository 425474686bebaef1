package billing

import (
	"context"
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// LineInput is a line as staff write it. With the ID of a line that the invoice has it changes that one, which keeps
// everything else: what paying it does, its period, its discount.
type LineInput struct {
	ID          string
	Description string
	Quantity    int64
	UnitAmount  money.Money // may be negative
	TaxClass    string      // empty: as it is, or StandardTax
}

// The bounds of what staff write on an invoice.
const (
	maxLines      = 200
	maxQuantity   = 1_000_000
	maxUnitAmount = 100_000_000_000
)

func (in *LineInput) validate(bad *fail.Fields, field string, currency money.Currency) {
	var err error
	in.Description, err = text.Required(in.Description, text.NameLength)
	bad.Check(field+"description", err)
	if in.Quantity < 1 || in.Quantity > maxQuantity {
		bad.Add(field+"quantity", fmt.Sprintf("is not between 1 and %d", maxQuantity))
	}
	if in.UnitAmount.Currency != currency {
		bad.Add(field+"unit_amount", fmt.Sprintf("is not in %s", currency))
	} else if a := in.UnitAmount.Amount; a > maxUnitAmount || a < -maxUnitAmount {
		bad.Add(field+"unit_amount", "is too large")
	}
	in.TaxClass, err = text.Line(in.TaxClass, maxTaxClass)
	bad.Check(field+"tax_class", err)
}

// AddLine puts a line onto a draft or an open invoice. It returns the draft, or the invoice that replaces the open one.
func (s *Service) AddLine(ctx context.Context, invoiceID string, in LineInput, why string) (Invoice, error) {
	return s.edit(ctx, invoiceID, why, func(inv Invoice) ([]NewLine, error) {
		var bad fail.Fields
		in.ID = ""
		in.validate(&bad, "", inv.Total.Currency)
		return append(linesAgain(inv.Lines), in.onto(NewLine{})), bad.Err()
	})
}

// DeleteLine takes a line off a draft or an open invoice, and with it what paying it would have done. It returns the
// draft, the invoice that replaces the open one, or the void one if it had no other line.
func (s *Service) DeleteLine(ctx context.Context, invoiceID, lineID, why string) (Invoice, error) {
	return s.edit(ctx, invoiceID, why, func(inv Invoice) ([]NewLine, error) {
		var rest []NewLine
		for _, line := range inv.Lines {
			if line.ID != lineID {
				rest = append(rest, line.again())
			}
		}
		if len(rest) == len(inv.Lines) {
			return nil, errLineNotFound
		}
		return rest, nil
	})
}

// PutLines gives a draft or an open invoice these lines and no others. It returns what [Service.AddLine] does.
func (s *Service) PutLines(ctx context.Context, invoiceID string, in []LineInput, why string) (Invoice, error) {
	return s.edit(ctx, invoiceID, why, func(inv Invoice) ([]NewLine, error) {
		var bad fail.Fields
		if len(in) > maxLines {
			bad.Add("lines", fmt.Sprintf("are more than %d", maxLines))
			return nil, bad.Err()
		}
		lines := make([]NewLine, len(in))
		seen := map[string]bool{}
		for i := range in {
			field := fmt.Sprintf("lines[%d].", i)
			in[i].validate(&bad, field, inv.Total.Currency)
			before, ok := inv.Line(in[i].ID)
			if in[i].ID != "" && (!ok || seen[in[i].ID]) {
				bad.Add(field+"id", "is not that of a line of the invoice, or is there twice")
				continue
			}
			seen[in[i].ID] = true
			if lines[i] = in[i].onto(NewLine{}); ok {
				lines[i] = in[i].onto(before.again())
			}
		}
		return lines, bad.Err()
	})
}

// onto writes the input over a line.
func (in LineInput) onto(line NewLine) NewLine {
	line.Description, line.Quantity, line.UnitAmount = in.Description, in.Quantity, in.UnitAmount
	if in.TaxClass != "" {
		line.TaxClass = in.TaxClass
	}
	return line
}

// edit changes the lines of an unpaid invoice. One that was issued anew since is changed as it stands now.
func (s *Service) edit(ctx context.Context, invoiceID, why string, change func(Invoice) ([]NewLine, error)) (Invoice, error) {
	why, err := text.Notes(why, text.NotesLength)
	if err != nil {
		return Invoice{}, fail.Invalid("reason", err.Error())
	}
	var after Invoice
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		inv, err := lockCurrent(ctx, tx, invoiceID)
		if err != nil {
			return err
		}
		if inv.Status != Open && inv.Status != Draft {
			return notOpen(inv.Status)
		}
		lines, err := change(inv)
		if err != nil {
			return err
		}
		if err := nothingDelivered(inv, lines); err != nil {
			return err
		}
		after, err = s.replace(ctx, tx, inv, lines, Removal{Why: why})
		if errors.Is(err, errDiscount) {
			return fail.Invalid("lines", "include one that costs less than its discount").Because(err)
		}
		if err != nil {
			return err
		}
		if err := audit(ctx, tx, "invoice.lines_changed", after, describeLines(inv), describeLines(after), why); err != nil {
			return err
		}
		return s.useCredit(ctx, tx, inv)
	})
	if err != nil {
		return Invoice{}, err
	}
	if after.Status != Open {
		return after, nil
	}
	return s.ByID(ctx, after.ID) // credit may have paid some of it
}

// lockCurrent locks the invoice that stands for this one now, and its customer.
func lockCurrent(ctx context.Context, tx *db.Tx, invoiceID string) (Invoice, error) {
	inv, err := load(ctx, tx, invoiceID)
	if err != nil {
		return Invoice{}, err
	}
	if _, err := customer.Lock(ctx, tx, inv.CustomerID); err != nil {
		return Invoice{}, err
	}
	if inv, err = Current(ctx, tx, invoiceID); err != nil {
		return Invoice{}, err
	}
	return Lock(ctx, tx, inv.ID)
}

// nothingDelivered refuses to take away a line whose work is done: the debt for it stands, or is credited.
func nothingDelivered(inv Invoice, lines []NewLine) error {
	kept := map[string]bool{}
	for _, line := range lines {
		kept[line.ID] = true
	}
	for _, line := range inv.Lines {
		if !kept[line.ID] && line.Link != nil && line.Link.State == Done {
			return errDelivered
		}
	}
	return nil
}

func describeLines(inv Invoice) string {
	return fmt.Sprintf("%s %s: %d lines, %s", inv.ID, inv.Number, len(inv.Lines), inv.Total)
}
