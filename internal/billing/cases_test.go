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

// E7: a gateway captures a part, the payment is charged back, and the chargeback is reversed.
func TestPartialCaptureChargebackReversal(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		inv := b.issue(t, line(24995))
		b.pay(t, inv.ID, 1000)
		b.wantInvoice(t, inv.ID, billing.Open, 23995, 1000, 0)
		b.chargeBack(t, inv.ID, "dsp_1", 1000)
		b.wantInvoice(t, inv.ID, billing.Open, 24995, 0, 0)
		b.proven(t)
		b.win(t, inv.ID, "dsp_1", 1000)
		b.wantInvoice(t, inv.ID, billing.Open, 23995, 1000, 0)
		b.proven(t)
		if owed := b.owed(t); owed != 0 {
			t.Errorf("credit = %d", owed)
		}
	})
}

// E10: two payments, each given back together with a part of the line.
func TestTwoPaymentsTwoRefundsWithAdjustment(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		inv := b.issue(t, line(1000))
		b.pay(t, inv.ID, 400)
		b.wantInvoice(t, inv.ID, billing.Open, 600, 400, 0)
		b.pay(t, inv.ID, 600)
		b.wantInvoice(t, inv.ID, billing.Paid, 0, 1000, 0)

		id := inv.Lines[0].ID
		b.refund(t, inv.ID, 400, true, billing.Crediting{Lines: []billing.LineCredit{{LineID: id, Amount: eur(400)}}})
		if got := b.wantInvoice(t, inv.ID, billing.Paid, 0, 600, 400); got.Lines[0].TakenBack {
			t.Error("a part was taken for the whole")
		}
		b.refund(t, inv.ID, 600, true, billing.Crediting{Lines: []billing.LineCredit{{LineID: id, Amount: eur(600)}}})
		if got := b.wantInvoice(t, inv.ID, billing.Paid, 0, 0, 1000); !got.Lines[0].TakenBack || got.Lines[0].Link.State != billing.Done {
			t.Errorf("line = %+v", got.Lines[0])
		}
		b.proven(t)
	})
}

// E11: a paid invoice can't be voided before its money was given back. Its number is not used again.
func TestVoidAPaidInvoice(t *testing.T) {
	t.Parallel()
	for name, adjust := range map[string]bool{"with a credit note": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachBooks(t, func(t *testing.T, b *books) {
				inv := b.issue(t, line(24995))
				b.pay(t, inv.ID, 24995)
				_, err := b.billing.VoidInvoice(t.Context(), inv.ID, "a mistake")
				wantCode(t, err, fail.KindConflict, "INVOICE_NOT_OPEN")
				b.wantInvoice(t, inv.ID, billing.Paid, 0, 24995, 0)

				b.refund(t, inv.ID, 24995, adjust, billing.Crediting{})
				void, err := b.billing.VoidInvoice(t.Context(), inv.ID, "a mistake")
				if err != nil || void.Status != billing.Void || void.Number != inv.Number {
					t.Fatalf("%+v, %v", void, err)
				}
				b.proven(t)
				if next := b.issue(t, line(100)); next.Number != "INV-2" {
					t.Errorf("number = %s", next.Number)
				}
				b.proven(t)
			})
		})
	}
}

// E5: money that goes back without a credit note leaves the debt.
func TestRefundWithoutAdjustmentReopens(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		inv := b.issue(t, line(24995))
		b.pay(t, inv.ID, 24995)
		b.observed = nil
		b.refund(t, inv.ID, 24995, false, billing.Crediting{})
		got := b.wantInvoice(t, inv.ID, billing.Open, 24995, 0, 0)
		if got.PaidAt != nil || got.Lines[0].Link.State != billing.Done {
			t.Errorf("invoice = %+v", got)
		}
		b.pay(t, inv.ID, 24995)
		b.wantInvoice(t, inv.ID, billing.Paid, 0, 24995, 0)
		if want := []billing.Status{billing.Open, billing.Paid}; !slices.Equal(b.observedStatuses(), want) {
			t.Errorf("observed %v, want %v", b.observedStatuses(), want)
		}
		if len(b.work.done) != 1 {
			t.Errorf("the work was done %d times", len(b.work.done))
		}
		b.proven(t)
	})
}

// F4: a proforma invoice takes its number when it is paid.
func TestNumberAtPayment(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		b.exec(t, "INSERT INTO number_series (series, last_number, last_on) VALUES ('invoice', 2000, '2026-01-01')")
		// The series says 2000 although those invoices are not here: Verify would name it.
		last := func() (n int) {
			b.write(t, func(ctx context.Context, tx *db.Tx) error {
				return tx.SQL().QueryRowContext(ctx, "SELECT last_number FROM number_series WHERE series = 'invoice'").Scan(&n)
			})
			return n
		}
		b.terms.NumberAtPayment = true
		inv := b.issue(t, line(1000))
		if inv.Status != billing.Open || inv.Number != "" || last() != 2000 {
			t.Errorf("%s %q, counter %d", inv.Status, inv.Number, last())
		}
		_, err := b.on(inv.ID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error) {
			_, inv, err := b.billing.Credit(ctx, tx, inv, billing.Crediting{Cause: billing.CauseGoodwill})
			return inv, err
		})
		wantCode(t, err, fail.KindConflict, "INVOICE_WITHOUT_NUMBER")
		b.Clock.Advance(48 * 3600e9)
		b.pay(t, inv.ID, 1000)
		inv = b.wantInvoice(t, inv.ID, billing.Paid, 0, 1000, 0)
		if inv.Number != "INV-2001" || last() != 2001 || inv.IssuedOn.String() != "2026-03-03" || inv.DueOn.String() != "2026-03-15" {
			t.Errorf("%s of %s due on %s, counter %d", inv.Number, inv.IssuedOn, inv.DueOn, last())
		}
	})
}

// F7: one movement of money is booked once, and reverted once.
func TestOneMovementIsRevertedOnce(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		inv := b.issue(t, line(1000))
		b.pay(t, inv.ID, 1000)
		revert := func() error {
			_, err := b.on(inv.ID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error) {
				return b.billing.Unapply(ctx, tx, inv, billing.Taking{Amount: eur(500), Kind: billing.TakenRefund, SourceID: "rfd_1"})
			})
			return err
		}
		errs := make(chan error, 2)
		for range 2 {
			go func() { errs <- revert() }()
		}
		first, second := <-errs, <-errs
		if first != nil {
			first, second = second, first
		}
		if first != nil {
			t.Fatal(first)
		}
		wantCode(t, second, fail.KindConflict, "ALREADY_BOOKED")
		b.wantInvoice(t, inv.ID, billing.Open, 500, 500, 0)
		b.proven(t)
	})
}

// Group D, as far as invoices and their credit notes go: what is credited of lines, and what the notes say.
func TestCreditNotes(t *testing.T) {
	t.Parallel()
	type want struct{ net, tax, total int64 }
	type note struct {
		line   int // −1: all that is left
		amount int64
		want   want
	}
	for name, tt := range map[string]struct {
		rates   map[string]string
		lines   []billing.NewLine
		invoice want
		notes   []note
	}{
		"D4, D5: a part of a discounted line": {
			map[string]string{"standard": "20", "reduced": "10"},
			[]billing.NewLine{
				{Description: "book", Quantity: 1, UnitAmount: eur(17900), TaxClass: "reduced"},
				{Description: "app", Quantity: 1, UnitAmount: eur(39900), Discount: eur(25000)},
			},
			want{32800, 4770, 37570},
			[]note{{1, 26260, want{9806, 1961, 11767}}, {-1, 0, want{22994, 2809, 25803}}},
		},
		"D7: two notes that must not exceed the invoice": {
			map[string]string{"standard": "20"},
			[]billing.NewLine{{Description: "a", Quantity: 1, UnitAmount: eur(6833)}, {Description: "b", Quantity: 1, UnitAmount: eur(6833)}},
			want{13666, 2733, 16399},
			[]note{{0, 6833, want{6833, 1367, 8200}}, {1, 6833, want{6833, 1366, 8199}}},
		},
		"D10: the unused part of 200.00": {
			map[string]string{"standard": "25"},
			[]billing.NewLine{{Description: "a", Quantity: 1, UnitAmount: eur(20000)}},
			want{20000, 5000, 25000},
			[]note{{0, 19333, want{19333, 4833, 24166}}},
		},
		"D11: the unused part of 160.00": {
			map[string]string{"standard": "25"},
			[]billing.NewLine{{Description: "a", Quantity: 1, UnitAmount: eur(16000)}},
			want{16000, 4000, 20000},
			[]note{{0, 15467, want{15467, 3867, 19334}}},
		},
		"D13: two parts of one line": {
			map[string]string{"standard": "20"},
			[]billing.NewLine{{Description: "a", Quantity: 1, UnitAmount: eur(76900)}},
			want{76900, 15380, 92280},
			[]note{{0, 72686, want{72686, 14537, 87223}}, {0, 4214, want{4214, 843, 5057}}},
		},
		"a plan change credited as a whole": {
			map[string]string{"standard": "20"},
			[]billing.NewLine{{Description: "new", Quantity: 1, UnitAmount: eur(14940)}, {Description: "old", Quantity: 1, UnitAmount: eur(-5940)}},
			want{9000, 1800, 10800},
			[]note{{-1, 0, want{9000, 1800, 10800}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachBooks(t, func(t *testing.T, b *books) {
				b.taxed(t, tax.Exclusive, tt.rates)
				inv := b.issue(t, tt.lines...)
				if got := (want{inv.Net.Amount, inv.Tax.Amount, inv.Total.Amount}); got != tt.invoice {
					t.Fatalf("invoice = %+v, want %+v", got, tt.invoice)
				}
				b.pay(t, inv.ID, inv.Total.Amount)
				var sum int64
				for i, n := range tt.notes {
					c := billing.Crediting{Cause: billing.CauseGoodwill, Reason: "as agreed"}
					if n.line >= 0 {
						c.Lines = []billing.LineCredit{{LineID: inv.Lines[n.line].ID, Amount: eur(n.amount)}}
					}
					made := b.credit(t, inv.ID, c)
					if got := (want{made.Net.Amount, made.Tax.Amount, made.Total.Amount}); got != n.want || made.Freed != made.Total {
						t.Errorf("note %d = %+v, freed %v; want %+v", i+1, got, made.Freed, n.want)
					}
					sum += made.Total.Amount
				}
				if owed := b.owed(t); owed != sum {
					t.Errorf("credit = %d, want %d", owed, sum)
				}
				b.wantInvoice(t, inv.ID, billing.Paid, 0, inv.Total.Amount-sum, sum)
				b.proven(t)
				if sum < inv.Total.Amount {
					return
				}
				_, err := b.on(inv.ID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error) {
					_, inv, err := b.billing.Credit(ctx, tx, inv, billing.Crediting{Cause: billing.CauseGoodwill})
					return inv, err
				})
				wantCode(t, err, fail.KindConflict, "NOTHING_TO_CREDIT")
			})
		})
	}
}
