package billing_test

import (
	"context"
	"slices"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/tax"
)

// late issues an invoice of a line, what goes with it, and a line of somebody else.
func (b *books) late(t *testing.T, with ...int64) billing.Invoice {
	t.Helper()
	var inv billing.Invoice
	err := b.try(func(ctx context.Context, tx *db.Tx) (err error) {
		renewal := line(1000)
		renewal.ID = tx.NewID("lin")
		in := b.new(renewal, line(2000))
		for _, amount := range with {
			in.Lines = append(in.Lines, billing.NewLine{With: renewal.ID, Description: "with it", Quantity: 1, UnitAmount: eur(amount)})
		}
		inv, err = b.billing.Issue(ctx, tx, in)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func amounts(inv billing.Invoice) (all []int64) {
	for _, l := range inv.Lines {
		all = append(all, l.Amount.Amount)
	}
	return all
}

// What goes with a line ends with it, in one new invoice.
func TestRemoveWithWhatGoesWithIt(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		old := b.late(t, 500, -100)
		inv, err := b.remove(old.Lines[0].ID, billing.Removal{Why: "not wanted"})
		if err != nil || inv.Replaces != old.ID || !slices.Equal(amounts(inv), []int64{2000}) {
			t.Errorf("%+v %v", inv, err)
		}
		b.proven(t)
	})
}

// Where a credit note refers to the invoice already, the rest of all of them is credited.
func TestCreditWithWhatGoesWithIt(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		old := b.late(t, 500, -100)
		err := b.try(func(ctx context.Context, tx *db.Tx) error {
			inv, err := billing.Lock(ctx, tx, old.ID)
			if err != nil {
				return err
			}
			_, _, err = b.billing.Credit(ctx, tx, inv, billing.Crediting{Lines: []billing.LineCredit{{LineID: old.Lines[0].ID, Amount: eur(200)}}, Cause: billing.CauseGoodwill})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		inv, err := b.remove(old.Lines[0].ID, billing.Removal{Why: "not wanted"})
		if err != nil || inv.ID != old.ID || inv.Balance() != eur(2000) {
			t.Errorf("%s is to be paid, %v", inv.Balance(), err)
		}
		b.proven(t)
	})
}

// A line that is credited already takes nothing else of its invoice with it.
func TestRemoveWhatIsCredited(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		old := b.late(t, 500)
		_, err := b.on(old.ID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error) {
			_, inv, err := b.billing.Credit(ctx, tx, inv, billing.Crediting{Lines: inv.LeftOf(old.Lines[0].ID), Cause: billing.CauseGoodwill})
			return inv, err
		})
		if err != nil {
			t.Fatal(err)
		}
		inv, err := b.remove(old.Lines[0].ID, billing.Removal{Why: "not wanted"})
		if err != nil || inv.ID != old.ID || inv.Balance() != eur(2000) {
			t.Errorf("%s is to be paid, %v", inv.Balance(), err)
		}
		b.proven(t)
	})
}

// Staff may put lines into any order. One whose line they take off stands by itself, and whatever its words are it is no longer
// removed with others.
func TestStaffPutLinesThatGoTogether(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		old := b.late(t, 500)
		var in []billing.LineInput
		for _, l := range slices.Backward(old.Lines) {
			in = append(in, billing.LineInput{ID: l.ID, Description: l.Description, Quantity: 1, UnitAmount: l.UnitAmount})
		}
		inv, err := b.billing.PutLines(t.Context(), old.ID, in, "")
		if err != nil || !slices.Equal(amounts(inv), []int64{500, 2000, 1000}) || inv.Lines[0].With != old.Lines[0].ID {
			t.Fatalf("%+v %v", inv.Lines, err)
		}
		inv, err = b.billing.DeleteLine(t.Context(), inv.ID, old.Lines[0].ID, "")
		if err != nil || !slices.Equal(amounts(inv), []int64{500, 2000}) || inv.Lines[0].With != "" {
			t.Errorf("%+v %v", inv.Lines, err)
		}
		b.proven(t)
	})
}

// credits credits a line in parts, each by a note of its own, and returns what the last of them comes to.
func (b *books) credits(t *testing.T, invoiceID, lineID string, parts ...int64) (note billing.CreditNote) {
	t.Helper()
	for _, part := range parts {
		_, err := b.on(invoiceID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (_ billing.Invoice, err error) {
			note, inv, err = b.billing.Credit(ctx, tx, inv, billing.Crediting{Lines: []billing.LineCredit{{LineID: lineID, Amount: eur(part)}}, Cause: billing.CauseRefund})
			return inv, err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return note
}

// What goes with a line whose promise is not kept is credited with the last of it, as far as it wasn't before: by the same note, with
// its tax. Of what was kept it is owed.
func TestCreditTakesWhatGoesWithIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode   tax.Mode
		kept   bool
		before int64   // is credited of what goes with it
		parts  []int64 // are credited of the line
		net    int64   // of the last note
	}{
		"at once":          {parts: []int64{1000}, net: 1500},
		"in parts":         {parts: []int64{300, 700}, net: 1200},
		"a part":           {parts: []int64{300}, net: 300},
		"credited before":  {before: 500, parts: []int64{1000}, net: 1000},
		"a part before":    {before: 200, parts: []int64{1000}, net: 1300},
		"kept":             {kept: true, parts: []int64{1000}, net: 1000},
		"tax on the price": {mode: tax.Exclusive, parts: []int64{300, 700}, net: 1200},
		"tax in the price": {mode: tax.Inclusive, before: 200, parts: []int64{1000}, net: 1083},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachBooks(t, func(t *testing.T, b *books) {
				if b.work.undone = !c.kept; c.mode != "" {
					b.taxed(t, c.mode, map[string]string{billing.StandardTax: "20"})
				}
				old := b.late(t, 500)
				b.pay(t, old.ID, old.Total.Amount)
				of, with := old.Lines[0].ID, old.Lines[2].ID
				if c.before > 0 {
					b.credits(t, old.ID, with, c.before)
				}
				note := b.credits(t, old.ID, of, c.parts...)
				if note.Net != eur(c.net) || note.Freed != note.Total {
					t.Errorf("%s are taken back, %s with tax, %s freed; want %d", note.Net, note.Total, note.Freed, c.net)
				}
				inv, err := b.billing.ByID(t.Context(), old.ID)
				if err != nil || inv.Status != billing.Paid || inv.Lines[1].Credited.Amount != 0 {
					t.Errorf("%+v %v", inv, err)
				}
				// Again it is refused.
				_, err = b.on(old.ID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error) {
					_, _, err := b.billing.Credit(ctx, tx, inv, billing.Crediting{Lines: []billing.LineCredit{{LineID: of, Amount: eur(1000)}}, Cause: billing.CauseRefund})
					return inv, err
				})
				if err == nil {
					t.Error("more is taken back than the line was")
				}
				b.proven(t)
			})
		})
	}
}

// Of an invoice that takes something off elsewhere no more is taken back than it asked for: of what goes with a line only what there
// is room for, and of a line itself only where that is said.
func TestCreditOfAnInvoiceThatTakesSomethingOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode   tax.Mode
		off    int64 // besides 1000, 500 that goes with it and 2000
		atMost bool
		total  int64 // of the note; 0: it is refused
	}{
		"room for both":         {off: -2000, total: 1500},
		"room for a part of it": {off: -2300, total: 1200},
		"none for it":           {off: -2500, total: 1000},
		"too little":            {off: -2700},
		"at most":               {off: -2700, atMost: true, total: 800},
		"tax on the price":      {mode: tax.Exclusive, off: -2300, total: 1440},
		"at most, tax on it":    {mode: tax.Exclusive, off: -2703, atMost: true, total: 956},
		"at most, tax in it":    {mode: tax.Inclusive, off: -2703, atMost: true, total: 797},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachBooks(t, func(t *testing.T, b *books) {
				if b.work.undone = true; c.mode != "" {
					b.taxed(t, c.mode, map[string]string{billing.StandardTax: "20"})
				}
				inv := b.late(t, 500)
				inv, err := b.billing.AddLine(t.Context(), inv.ID, billing.LineInput{Description: "Goodwill", Quantity: 1, UnitAmount: eur(c.off)}, "")
				if err != nil {
					t.Fatal(err)
				}
				b.pay(t, inv.ID, inv.Total.Amount)
				var note billing.CreditNote
				_, err = b.on(inv.ID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (_ billing.Invoice, err error) {
					note, inv, err = b.billing.Credit(ctx, tx, inv, billing.Crediting{
						Lines: []billing.LineCredit{{LineID: inv.Lines[0].ID, Amount: eur(1000)}}, Cause: billing.CauseGoodwill, AtMost: c.atMost,
					})
					return inv, err
				})
				switch {
				case c.total == 0:
					if fail.Of(err) == nil || fail.Of(err).Code != "CREDIT_EXCEEDS_INVOICE" {
						t.Error(err)
					}
				case err != nil || note.Total != eur(c.total) || note.Freed != note.Total:
					t.Errorf("%s are taken back, %s freed, %v; want %d", note.Total, note.Freed, err, c.total)
				}
				b.proven(t)
			})
		})
	}
}

// A line goes with one of its own invoice, that is older: the database says so, too.
func TestWhatALineGoesWith(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		one, other := b.late(t, 500), b.late(t, 500)
		for what, with := range map[string]string{"another invoice's": other.Lines[0].ID, "itself": one.Lines[0].ID, "nothing": "lin_0"} {
			err := b.try(func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.SQL().ExecContext(ctx, `UPDATE invoice_lines SET with_line = $1 WHERE invoice_id = $2 AND id = $3`, with, one.ID, one.Lines[0].ID)
				return err
			})
			if err == nil {
				t.Errorf("%s", what)
			}
		}
	})
}

// What goes with a line may take off all that is left of it, or more: then nothing of them is credited, and paying renews nothing.
func TestRemoveWhatIsNearlyCredited(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		for credited, rest := range map[int64]int64{900: 2000, 950: 1950} {
			old := b.late(t, -100)
			_, err := b.on(old.ID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error) {
				_, inv, err := b.billing.Credit(ctx, tx, inv, billing.Crediting{Lines: []billing.LineCredit{{LineID: old.Lines[0].ID, Amount: eur(credited)}}, Cause: billing.CauseGoodwill})
				return inv, err
			})
			if err != nil {
				t.Fatal(err)
			}
			inv, err := b.remove(old.Lines[0].ID, billing.Removal{Why: "not wanted"})
			if err != nil || inv.Balance() != eur(rest) || inv.Lines[0].Link.State != billing.Revoked || inv.Lines[1].Link.State != billing.Pending {
				t.Errorf("%d credited: %s is to be paid, %v", credited, inv.Balance(), err)
			}
		}
		b.proven(t)
	})
}
