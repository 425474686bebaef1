package billing

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/text"
)

// Cause says why a part of an invoice is taken back.
type Cause string

// The causes of credit notes.
const (
	CauseRefund       Cause = "refund"
	CauseChange       Cause = "change"
	CauseCancellation Cause = "cancellation"
	CauseGoodwill     Cause = "goodwill"
)

// LineCredit is a part of a line, before the line's discount, in terms of the prices.
type LineCredit struct {
	LineID string
	Amount money.Money
}

// Crediting is what a credit note takes back: parts of lines or, without Lines, a total with tax, over all lines in
// proportion to what is left of them; without Amount too, all that is left.
type Crediting struct {
	Lines  []LineCredit
	Amount money.Money
	// Refund is money that is about to be paid out: by at least so much less is the invoice paid then.
	Refund money.Money
	Cause  Cause
	Keep   bool // what the lines gave is kept, although a refund credits them wholly
	// AtMost cuts Lines, from the last, to what is left of an invoice that takes something off elsewhere. They do nothing any more
	// when it is paid, however much of them is credited.
	AtMost bool
	Reason string
}

// Credit makes a credit note for a part of an invoice, which the caller has locked. It lowers what is still to be paid
// first; what was paid beyond that becomes the customer's credit.
//
// Whatever the notes of an invoice take back, they sum to it exactly, per tax category (rule P9). A line that is wholly
// credited does nothing any more when it is paid; what goes with it is credited together with it, unless it did already what it
// promised (see [Undoer]).
func (s *Service) Credit(ctx context.Context, tx *db.Tx, inv Invoice, c Crediting) (CreditNote, Invoice, error) {
	if err := c.validate(inv); err != nil {
		return CreditNote{}, Invoice{}, err
	}
	note, err := s.composeNote(ctx, tx, inv, c)
	if err != nil {
		return CreditNote{}, Invoice{}, err
	}
	if note.Freed, err = freed(inv, note.Total, c.Refund); err != nil {
		return CreditNote{}, Invoice{}, err
	}
	if err := insertNote(ctx, tx, note); err != nil {
		return CreditNote{}, Invoice{}, err
	}
	if err := bookNote(ctx, tx, inv, note); err != nil {
		return CreditNote{}, Invoice{}, err
	}
	if err := s.creditLines(ctx, tx, inv, note, c); err != nil {
		return CreditNote{}, Invoice{}, err
	}
	if err := s.tellNote(ctx, tx, inv, note); err != nil {
		return CreditNote{}, Invoice{}, err
	}
	if inv.Status == Open {
		inv, err = s.settle(ctx, tx, inv, -note.Freed.Amount, note.Total.Amount)
	} else {
		inv, err = s.takeOff(ctx, tx, inv, note.Freed.Amount, note.Total.Amount)
	}
	if err != nil {
		return CreditNote{}, Invoice{}, err
	}
	if inv.Status == Paid && inv.PaidAt != nil && inv.PaidAt.Equal(tx.Now) && note.Freed.Amount == 0 {
		return note, inv, nil // settled just now: those who watch were told
	}
	return note, inv, s.changed(ctx, tx, inv)
}

func (c *Crediting) validate(inv Invoice) error {
	switch {
	case inv.Status == Draft || inv.Status == Void:
		return notOpen(inv.Status)
	case inv.Number == "":
		return fail.Conflict("INVOICE_WITHOUT_NUMBER", "The invoice has no number yet, so a credit note can't refer to it: change its lines instead.")
	}
	var bad fail.Fields
	switch c.Cause {
	case CauseRefund, CauseChange, CauseCancellation, CauseGoodwill:
	default:
		bad.Add("cause", "is not a cause of a credit note")
	}
	var err error
	c.Reason, err = text.Notes(c.Reason, text.NotesLength)
	bad.Check("reason", err)
	for _, m := range []*money.Money{&c.Amount, &c.Refund} {
		if *m == (money.Money{}) {
			*m = inv.money(0)
		}
		if m.Currency != inv.Total.Currency || m.Amount < 0 {
			bad.Add("money", fmt.Sprintf("is not an amount in %s", inv.Total.Currency))
		}
	}
	return bad.Err()
}

// theirs is what is left of lines that go with one of which nothing is left once it is credited, and whose promise is not kept any
// more: nobody owes it.
func (s *Service) theirs(ctx context.Context, tx *db.Tx, inv Invoice, credits []LineCredit) (all []LineCredit, err error) {
	named := map[string]int64{}
	for _, c := range credits {
		named[c.LineID] += c.Amount.Amount
	}
	for _, l := range inv.Lines {
		of, ok := inv.Line(l.With)
		rest := l.Left().Amount - named[l.ID]
		if !ok || rest <= 0 || of.Link == nil || named[of.ID] == 0 || named[of.ID] != of.Left().Amount {
			continue
		}
		f, ok := s.fulfillers[of.Link.Kind].(Undoer)
		if !ok {
			continue
		}
		undone, err := f.Undone(ctx, tx, of.ID)
		if err != nil {
			return nil, fmt.Errorf("what goes with line %s: %w", of.ID, err)
		}
		if undone {
			all = append(all, LineCredit{LineID: l.ID, Amount: inv.money(rest)})
		}
	}
	return all, nil
}

// amounts says how much of each line is credited.
func (c Crediting) amounts(inv Invoice, document tax.Document, so tax.Credited) ([]money.Money, error) {
	switch {
	case len(c.Lines) == 0 && c.Amount.Amount == 0:
		return document.Left(so), nil
	case len(c.Lines) == 0:
		amounts, err := document.InProportion(so, c.Amount)
		if err != nil {
			return nil, exceeds(inv, err)
		}
		return amounts, nil
	}
	amounts := make([]money.Money, len(inv.Lines))
	for i := range amounts {
		amounts[i] = inv.money(0)
	}
	for _, credit := range c.Lines {
		at := lineAt(inv, credit.LineID)
		if at < 0 {
			return nil, errLineNotFound
		}
		if credit.Amount.Currency != inv.Total.Currency {
			return nil, fail.Invalid("lines", fmt.Sprintf("are not in %s", inv.Total.Currency))
		}
		amounts[at].Amount += credit.Amount.Amount
	}
	return amounts, nil
}

func lineAt(inv Invoice, id string) int {
	for i, line := range inv.Lines {
		if line.ID == id {
			return i
		}
	}
	return -1
}

const codeExceeds = "CREDIT_EXCEEDS_INVOICE"

func exceeds(inv Invoice, err error) error {
	return fail.Conflict(codeExceeds, fmt.Sprintf("Not so much is left of invoice %s.", inv.Number)).Because(err)
}

// figures computes what is credited of an invoice, rounding included.
func (c Crediting) figures(inv Invoice, document tax.Document, so tax.Credited) (tax.Note, error) {
	amounts, err := c.amounts(inv, document, so)
	if err != nil {
		return tax.Note{}, err
	}
	figures, err := document.Credit(so, amounts)
	if err != nil {
		return tax.Note{}, exceeds(inv, err)
	}
	if len(c.Lines) == 0 && c.Amount.Amount > 0 {
		roundUp(&figures, document, so, c.Amount.Amount-figures.Total.Amount)
	}
	// Where an invoice gives back in one category what it asks for in another, its categories allow more than it does.
	if left := inv.Total.Amount - inv.Credited.Amount; figures.Total.Amount > left || figures.Net.Amount < 0 || figures.Tax.Amount < 0 {
		return tax.Note{}, exceeds(inv, fmt.Errorf("%s of %s", figures.Total, inv.money(left)))
	}
	return figures, nil
}

// withAtMost is figures of Lines and of some more, of which the last ones are left out as far as the invoice has no room for them.
func (c Crediting) withAtMost(more []LineCredit, inv Invoice, document tax.Document, so tax.Credited) (figures tax.Note, err error) {
	sum, whole := int64(0), c.Lines
	for _, l := range more {
		sum += max(0, l.Amount.Amount)
	}
	c.Lines = slices.Concat(whole, more)
	if figures, err = c.figures(inv, document, so); err == nil || fail.Of(err).Code != codeExceeds {
		return figures, err
	}
	try := func(off int) error {
		c.Lines = slices.Concat(whole, first(more, sum-int64(off)))
		figures, err = c.figures(inv, document, so)
		return err
	}
	err = try(sort.Search(int(sum), func(off int) bool { return try(off) == nil }))
	return figures, err
}

// first are the first of some credits, up to a sum.
func first(credits []LineCredit, sum int64) (some []LineCredit) {
	for _, l := range credits {
		l.Amount.Amount = min(max(0, l.Amount.Amount), sum)
		sum -= l.Amount.Amount
		some = append(some, l)
	}
	return some
}

// composeNote computes a credit note with what goes with its lines, and takes its number.
func (s *Service) composeNote(ctx context.Context, tx *db.Tx, inv Invoice, c Crediting) (CreditNote, error) {
	document, err := inv.figures()
	if err != nil {
		return CreditNote{}, err
	}
	so, err := creditedOf(ctx, tx, inv)
	if err != nil {
		return CreditNote{}, err
	}
	theirs, err := s.theirs(ctx, tx, inv, c.Lines)
	if err != nil {
		return CreditNote{}, err
	}
	var figures tax.Note
	if c.AtMost {
		cut := c
		cut.Lines = nil
		figures, err = cut.withAtMost(c.Lines, inv, document, so)
	} else if figures, err = c.figures(inv, document, so); err == nil && len(theirs) > 0 {
		figures, err = c.withAtMost(theirs, inv, document, so)
	}
	if err != nil {
		return CreditNote{}, err
	}
	if figures.Total.Amount <= 0 {
		return CreditNote{}, fail.Conflict("NOTHING_TO_CREDIT", "Nothing is left of the invoice that could be credited.")
	}
	terms, err := s.terms(ctx, tx)
	if err != nil {
		return CreditNote{}, fmt.Errorf("terms of credit notes: %w", err)
	}
	sequence, on, err := takeNumbers(ctx, tx, creditSeries, 1, civil.Of(tx.Now, terms.Zone))
	if err != nil {
		return CreditNote{}, err
	}
	note := CreditNote{
		ID: tx.NewID("crn"), InvoiceID: inv.ID, CustomerID: inv.CustomerID, sequence: sequence,
		Number: FormatNumber(terms.CreditNumberFormat, on, sequence), Net: figures.Net, Tax: figures.Tax, Total: figures.Total,
		Cause: c.Cause, Reason: c.Reason, IssuedOn: on, Seller: inv.Seller, Buyer: inv.Buyer, TaxMode: inv.TaxMode, CreatedAt: tx.Now,
	}
	for i, part := range figures.Lines {
		if part.Amount.Amount == 0 {
			continue
		}
		line := inv.Lines[i]
		note.Lines = append(note.Lines, NoteLine{
			LineID: line.ID, Description: line.Description, Period: line.Period, Amount: part.Amount, Discount: part.Discount,
			Category: line.Category,
		})
	}
	if inv.TaxMode != tax.None {
		for _, t := range figures.Subtotals {
			note.Taxes = append(note.Taxes, TaxLine(t))
		}
		sortTaxes(note.Taxes)
	}
	return note, nil
}

// roundUp gives a note the units that it lacks for a total. Where prices are net not every total has a net and a tax that
// are both whole; then the tax takes what is missing, a unit or two, as far as some is left in its category.
func roundUp(n *tax.Note, d tax.Document, so tax.Credited, missing int64) {
	for i := range n.Subtotals {
		s := &n.Subtotals[i]
		if s.Category.Rate.IsZero() {
			continue
		}
		more := max(0, min(missing, taxLeft(d, so, s.Category)-s.Tax.Amount))
		s.Tax.Amount += more
		n.Tax.Amount += more
		n.Total.Amount += more
		missing -= more
	}
}

func taxLeft(d tax.Document, so tax.Credited, c tax.Category) (left int64) {
	for _, s := range d.Subtotals {
		if s.Category == c {
			left += s.Tax.Amount
		}
	}
	for _, s := range so.Subtotals {
		if s.Category == c {
			left -= s.Tax.Amount
		}
	}
	return left
}

// creditedOf is what credit notes have taken back of an invoice so far.
func creditedOf(ctx context.Context, tx *db.Tx, inv Invoice) (tax.Credited, error) {
	var so tax.Credited
	for _, line := range inv.Lines {
		so.Lines = append(so.Lines, tax.CreditedLine{Amount: line.Credited, Discount: line.DiscountCredited})
	}
	if inv.Credited.Amount == 0 {
		return so, nil
	}
	if inv.TaxMode == tax.None {
		so.Subtotals = []tax.Subtotal{{Category: tax.Category{Code: tax.OutOfScope}, Base: inv.Credited, Tax: inv.money(0)}}
		return so, nil
	}
	rows, err := tx.CreditedTaxes(ctx, inv.ID)
	if err != nil {
		return tax.Credited{}, fmt.Errorf("credit notes of invoice %s: %w", inv.ID, err)
	}
	for _, r := range rows {
		category, err := categoryOf(r.Category, r.Rate)
		if err != nil {
			return tax.Credited{}, err
		}
		so.Subtotals = append(so.Subtotals, tax.Subtotal{Category: category, Base: inv.money(r.Base), Tax: inv.money(r.Tax)})
	}
	return so, nil
}

// freed is what of an invoice's payments becomes credit: what is paid beyond what it asks for then, and no less than
// what is about to be paid out.
func freed(inv Invoice, note, refund money.Money) (money.Money, error) {
	var part int64
	if inv.Status == Uncollectible {
		part = max(refund.Amount, min(note.Amount, inv.Paid.Amount))
	} else {
		part = max(refund.Amount, note.Amount-inv.Balance().Amount)
	}
	if part > inv.Paid.Amount {
		return money.Money{}, fail.Conflict("NOT_PAID", fmt.Sprintf("Of this invoice only %s are paid.", inv.Paid))
	}
	return inv.money(part), nil
}

// bookNote books what a note takes back of the sale and, apart from it, what it frees of the payments.
func bookNote(ctx context.Context, tx *db.Tx, inv Invoice, note CreditNote) error {
	lost := inv.money(0)
	if inv.Status == Uncollectible {
		lost.Amount = note.Total.Amount - note.Freed.Amount
	}
	return post(
		ctx, tx,
		movement{of(inv), postingNote, note.ID, entriesNote(note.Net, note.Tax, lost)},
		movement{of(inv), postingFreed, note.ID, entriesFreed(note.Freed)},
	)
}

// creditLines keeps with the lines what a note took back of them.
func (s *Service) creditLines(ctx context.Context, tx *db.Tx, inv Invoice, note CreditNote, c Crediting) error {
	for _, part := range note.Lines {
		if err := creditLine(ctx, tx, part.LineID, part.Amount.Amount, part.Discount.Amount); err != nil {
			return err
		}
		line, _ := inv.Line(part.LineID)
		line.Credited.Amount += part.Amount.Amount
		if !line.allCredited() && !c.AtMost {
			continue
		}
		if err := dropLink(ctx, tx, line); err != nil {
			return err
		}
		if c.Cause != CauseRefund || c.Keep {
			continue
		}
		if err := tx.TakeBackLine(ctx, query.TakeBackLineParams{InvoiceID: inv.ID, ID: line.ID}); err != nil {
			return fmt.Errorf("line %s: %w", line.ID, err)
		}
	}
	return nil
}

// creditLine counts what is taken back of a line, which is never more than the line (invariant I5).
func creditLine(ctx context.Context, tx *db.Tx, lineID string, amount, discount int64) error {
	rows, err := tx.CreditLine(ctx, query.CreditLineParams{ID: lineID, Amount: amount, Discount: discount})
	if err != nil {
		return fmt.Errorf("credit of line %s: %w", lineID, err)
	}
	if rows != 1 {
		return fail.Conflict("CREDIT_EXCEEDS_LINE", "Not so much is left of the line that could be taken back.")
	}
	return nil
}
