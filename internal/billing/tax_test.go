package billing_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

func taxes(inv billing.Invoice) (all []string) {
	for _, t := range inv.Taxes {
		all = append(all, t.Category.String()+" "+t.Base.Decimal()+" "+t.Tax.Decimal())
	}
	return all
}

// Tax is decided by the store's settings and rates, the buyer's place, and the day; and it is frozen.
func TestTaxOfAnInvoice(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		b.taxed(t, tax.Exclusive, map[string]string{"standard": "20", "reduced": "5.5"})
		reduced := billing.NewLine{Description: "book", Quantity: 2, UnitAmount: eur(1000), TaxClass: "reduced", Discount: eur(500)}

		inv := b.issue(t, line(10000), reduced)
		if want := []string{"S 20 100.00 20.00", "S 5.5 15.00 0.83"}; !slices.Equal(taxes(inv), want) || inv.Total != eur(13583) {
			t.Errorf("%v in all, taxes %q", inv.Total, taxes(inv))
		}
		if diff := cmp.Diff(b.invoice(t, inv.ID), inv); diff != "" {
			t.Errorf("what was returned is not what is there (-there +returned):\n%s", diff)
		}

		b.terms.Tax.Mode = tax.Inclusive
		gross := b.issue(t, line(12000))
		if want := []string{"S 20 100.00 20.00"}; !slices.Equal(taxes(gross), want) || gross.Total != eur(12000) || gross.Net != eur(10000) {
			t.Errorf("%v in all, taxes %q", gross.Total, taxes(gross))
		}
		if was := b.invoice(t, inv.ID); was.TaxMode != tax.Exclusive || was.Total != eur(13583) {
			t.Errorf("the older invoice = %+v", was)
		}

		b.terms.Tax.EU = tax.EUOSS
		for name, tt := range map[string]struct {
			buyer     billing.Party
			confirmed bool
			want      string
		}{
			"abroad, no rate":      {billing.Party{Country: "US"}, false, "O 0 120.00 0.00"},
			"a business elsewhere": {billing.Party{Country: "IT", TaxID: "IT00743110157"}, true, "AE 0 120.00 0.00"},
			"a business at home":   {billing.Party{Country: "FR", TaxID: "FR40303265045"}, true, "S 20 100.00 20.00"},
		} {
			in := b.new(line(12000))
			in.Buyer, in.Confirmed = tt.buyer, tt.confirmed
			b.write(t, func(ctx context.Context, tx *db.Tx) error {
				inv, err := b.billing.Issue(ctx, tx, in)
				if err == nil && !slices.Equal(taxes(inv), []string{tt.want}) {
					t.Errorf("%s: %q", name, taxes(inv))
				}
				return err
			})
		}
		in := b.new(line(12000))
		in.Buyer.Country = "IT"
		err := b.try(func(ctx context.Context, tx *db.Tx) error {
			_, err := b.billing.Issue(ctx, tx, in)
			return err
		})
		wantCode(t, err, fail.KindConflict, "TAX_RATE_MISSING")
		b.proven(t)
	})
}

// A preview says what the invoice will say, and writes nothing.
func TestPreview(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		b.taxed(t, tax.Exclusive, map[string]string{"": "20"})
		in := b.new(line(999), line(-100))
		var preview billing.Invoice
		b.write(t, func(ctx context.Context, tx *db.Tx) (err error) {
			preview, err = b.billing.Preview(ctx, tx, in)
			return err
		})
		inv := b.issue(t, in.Lines...)
		if preview.Total != inv.Total || preview.DueOn != inv.DueOn || !slices.Equal(taxes(preview), taxes(inv)) || preview.ID != "" || inv.Number != "INV-1" {
			t.Errorf("preview = %+v\ninvoice = %+v", preview, inv)
		}
		in.Lines[1].UnitAmount = eur(-1000)
		err := b.try(func(ctx context.Context, tx *db.Tx) error {
			_, err := b.billing.Preview(ctx, tx, in)
			return err
		})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput)
	})
}

func TestTaxRates(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		ctx := t.Context()
		in := billing.TaxRateInput{Country: "DE", Name: " USt ", Rate: tax.MustPercent("19"), ValidFrom: civil.On(2021, 1, 1)}
		rate, err := b.billing.CreateTaxRate(ctx, in)
		if err != nil || rate.Name != "USt" || rate.Rate.String() != "19" {
			t.Fatalf("%+v, %v", rate, err)
		}
		_, err = b.billing.CreateTaxRate(ctx, in)
		wantCode(t, err, fail.KindConflict, "TAX_RATE_EXISTS")
		in.Rate, in.ValidFrom = tax.MustPercent("16"), civil.On(2020, 7, 1)
		second, err := b.billing.CreateTaxRate(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		in.ValidFrom = rate.ValidFrom
		_, err = b.billing.UpdateTaxRate(ctx, second.ID, in)
		wantCode(t, err, fail.KindConflict, "TAX_RATE_EXISTS")
		in.ValidFrom, in.Class = second.ValidFrom, "reduced"
		if second, err = b.billing.UpdateTaxRate(ctx, second.ID, in); err != nil || second.Class != "reduced" {
			t.Fatalf("%+v, %v", second, err)
		}
		all, err := b.billing.TaxRates(ctx)
		if err != nil || len(all) != 2 || all[0].ID != rate.ID || all[1].ID != second.ID {
			t.Errorf("%+v, %v", all, err)
		}
		if err := b.billing.DeleteTaxRate(ctx, rate.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, b.billing.DeleteTaxRate(ctx, rate.ID), fail.KindNotFound, "TAX_RATE_NOT_FOUND")
		_, err = b.billing.UpdateTaxRate(ctx, "?", in)
		wantCode(t, err, fail.KindNotFound, "TAX_RATE_NOT_FOUND")
		_, err = b.billing.CreateTaxRate(ctx, billing.TaxRateInput{Country: "Germany", Name: "\x00", State: "a\x01", Class: "a\nb"})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput)
		if n := len(fail.Of(err).Fields); n != 5 {
			t.Errorf("%d fields are named: %v", n, err)
		}
	})
}

// The report adds up what was sold and takes off what credit notes took back, each in the period of its own date.
func TestTaxReport(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		ctx := t.Context()
		b.issue(t, line(7)) // before the store had tax
		b.taxed(t, tax.Exclusive, map[string]string{"standard": "20"})
		inv := b.issue(t, line(10000))
		b.issue(t, line(5000))
		void := b.issue(t, line(99999))
		if _, err := b.billing.VoidInvoice(ctx, void.ID, ""); err != nil {
			t.Fatal(err)
		}
		in := b.new(line(3000))
		in.Buyer.Country = "US"
		b.write(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := b.billing.Issue(ctx, tx, in)
			return err
		})
		b.Clock.Advance(31 * 24 * 3600e9)
		b.credit(t, inv.ID, billing.Crediting{Cause: billing.CauseGoodwill, Amount: eur(1200)})

		report := func(from, until civil.Date) (lines []string) {
			rows, err := b.billing.TaxReport(ctx, civil.Period{Start: from, End: until})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if len(r.CSV()) != len(billing.TaxCSVHeader) {
					t.Errorf("%q", r.CSV())
				}
				lines = append(lines, r.Country+" "+r.Category.String()+" "+r.Base.Decimal()+" "+r.Tax.Decimal())
			}
			return lines
		}
		for _, tt := range []struct {
			from, until civil.Date
			want        []string
		}{
			{civil.On(2026, 3, 1), civil.On(2026, 4, 1), []string{"FR  0 0.07 0.00", "FR S 20 150.00 30.00", "US O 0 30.00 0.00"}},
			{civil.On(2026, 4, 1), civil.On(2026, 5, 1), []string{"FR S 20 -10.00 -2.00"}},
			{civil.On(2026, 1, 1), civil.On(2027, 1, 1), []string{"FR  0 0.07 0.00", "FR S 20 140.00 28.00", "US O 0 30.00 0.00"}},
			{civil.On(2025, 1, 1), civil.On(2026, 1, 1), nil},
		} {
			if diff := cmp.Diff(tt.want, report(tt.from, tt.until)); diff != "" {
				t.Errorf("from %s (-want +got):\n%s", tt.from, diff)
			}
		}
		_, err := b.billing.TaxReport(ctx, civil.Period{})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput)
		b.proven(t)
	})
}

// A partial refund of a sum that has no exact net still gives back exactly that sum, and the notes sum to the invoice.
func TestRefundOfASumWithoutAnExactNet(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		b.taxed(t, tax.Exclusive, map[string]string{"standard": "20", "reduced": "5.5"})
		inv := b.issue(t, line(1000), billing.NewLine{Description: "book", Quantity: 1, UnitAmount: eur(333), TaxClass: "reduced"})
		b.pay(t, inv.ID, inv.Total.Amount)
		left := inv.Total.Amount
		for _, sum := range []int64{3, 9, 100, 1, 555} {
			if note := b.refund(t, inv.ID, sum, true, billing.Crediting{}); note.Total != eur(sum) {
				t.Errorf("a refund of %d is a note of %v", sum, note.Total)
			}
			left -= sum
			b.wantInvoice(t, inv.ID, billing.Paid, 0, left, inv.Total.Amount-left)
		}
		b.refund(t, inv.ID, left, true, billing.Crediting{})
		b.wantInvoice(t, inv.ID, billing.Paid, 0, 0, inv.Total.Amount)
		b.proven(t)
	})
}

// I15: what is in another currency has its own decimals.
func TestYen(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		b.taxed(t, tax.Exclusive, map[string]string{"standard": "10"})
		in := b.new(billing.NewLine{Description: "a", Quantity: 3, UnitAmount: money.New(335, "JPY")})
		in.Currency = "JPY"
		b.write(t, func(ctx context.Context, tx *db.Tx) error {
			inv, err := b.billing.Issue(ctx, tx, in)
			if err == nil && (inv.Total != money.New(1106, "JPY") || inv.Tax != money.New(101, "JPY")) {
				t.Errorf("%v, tax %v", inv.Total, inv.Tax)
			}
			return err
		})
		in.Lines = append(in.Lines, billing.NewLine{Description: "b", Quantity: 1, UnitAmount: eur(1)})
		if err := b.try(func(ctx context.Context, tx *db.Tx) error {
			_, err := b.billing.Issue(ctx, tx, in)
			return err
		}); err == nil {
			t.Error("an invoice in two currencies was issued")
		}
		b.proven(t)
	})
}

// An invoice that gives back in one tax category what it asks for in another is not exceeded by its credit notes.
func TestCreditOfAnInvoiceOfTwoSigns(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		b.taxed(t, tax.Exclusive, map[string]string{"standard": "20", "reduced": "5"})
		back := line(-1000)
		back.TaxClass = "reduced"
		inv := b.issue(t, line(4000), back)
		_, err := b.on(inv.ID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error) {
			_, inv, err := b.billing.Credit(ctx, tx, inv, billing.Crediting{
				Lines: []billing.LineCredit{{LineID: inv.Lines[0].ID, Amount: eur(4000)}}, Cause: billing.CauseGoodwill,
			})
			return inv, err
		})
		wantCode(t, err, fail.KindConflict, "CREDIT_EXCEEDS_INVOICE")
		if note := b.credit(t, inv.ID, billing.Crediting{Cause: billing.CauseGoodwill}); note.Total != inv.Total {
			t.Errorf("note of %v for %v", note.Total, inv.Total)
		}
		b.proven(t)
	})
}
