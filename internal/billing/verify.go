package billing

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// Difference is something that is not as the ledger, or the other half of a fact, says it must be.
type Difference struct {
	Check   string // the rule that is broken, such as "invoice.paid"
	Subject string // the id, or the name, of what is wrong
	Want    string
	Got     string
}

// DoneLink is a line whose work is done, and the id of what the work made.
type DoneLink struct {
	LineID string
	Target string
}

// TargetCheck judges done links of one kind: whether what they name exists and was made for them. It gets them in
// batches, as part of one transaction.
type TargetCheck func(ctx context.Context, tx *db.Tx, links []DoneLink) ([]Difference, error)

// CheckTargets names who judges the done links of a kind.
func (s *Service) CheckTargets(kind string, check TargetCheck) { s.targets[kind] = check }

const (
	differencesPerCheck = 100 // of one rule; whoever has more learns nothing from them
	linksPerBatch       = 500
)

// check is one rule of the books. It returns where the rule is broken.
type check struct {
	rule string
	find func(ctx context.Context, tx *db.Tx) ([]Difference, error)
}

// Verify proves the books, in one state of the store: every ledger transaction balances; credits, paid amounts and
// states of invoices are what the entries add up to; numbers have no gaps and follow the dates; orders, invoices,
// fulfilled lines and what these made agree; coupons were used as often as they say. It returns what does not, nothing if all is well.
func (s *Service) Verify(ctx context.Context) ([]Difference, error) {
	var found []Difference
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		found = []Difference{}
		for _, c := range append(checks, s.targetChecks()...) {
			differences, err := c.find(ctx, tx)
			if err != nil {
				return fmt.Errorf("verify %s: %w", c.rule, err)
			}
			for _, d := range differences {
				d.Check = c.rule
				found = append(found, d)
			}
		}
		return nil
	})
	return found, err
}

func (s *Service) targetChecks() []check {
	var all []check
	for _, kind := range slices.Sorted(maps.Keys(s.targets)) {
		judge := s.targets[kind]
		all = append(all, check{"fulfilment.target." + kind, func(ctx context.Context, tx *db.Tx) ([]Difference, error) {
			var found []Difference
			for after := ""; ; {
				rows, err := tx.DoneLinks(ctx, query.DoneLinksParams{Kind: kind, After: after, N: linksPerBatch})
				if err != nil || len(rows) == 0 {
					return found, err
				}
				links := make([]DoneLink, len(rows))
				for i, r := range rows {
					links[i] = DoneLink{LineID: r.LineID, Target: r.Target}
				}
				differences, err := judge(ctx, tx, links)
				if err != nil {
					return nil, err
				}
				if found = append(found, differences...); len(found) >= differencesPerCheck {
					return found[:differencesPerCheck], nil
				}
				after = links[len(links)-1].LineID
			}
		}})
	}
	return all
}

// rule makes a check of a query that finds what breaks the rule.
func rule[Row any](
	name string, find func(q *query.Queries, ctx context.Context, n int64) ([]Row, error), describe func(Row) Difference,
) check {
	return check{name, func(ctx context.Context, tx *db.Tx) ([]Difference, error) {
		rows, err := find(tx.Queries, ctx, differencesPerCheck)
		if err != nil {
			return nil, err
		}
		found := make([]Difference, len(rows))
		for i, r := range rows {
			found[i] = describe(r)
		}
		return found, nil
	}}
}

func amounts(subject string, want, got int64) Difference {
	return Difference{Subject: subject, Want: fmt.Sprint(want), Got: fmt.Sprint(got)}
}

var checks = []check{
	rule("ledger.transaction", (*query.Queries).UnbalancedTransactions, func(r query.UnbalancedTransactionsRow) Difference {
		return Difference{Subject: r.ID, Want: "two entries or more that sum to 0", Got: fmt.Sprintf("%d that sum to %d", r.Entries, r.Got)}
	}),
	rule("ledger.currency", (*query.Queries).UnbalancedCurrencies, func(r query.UnbalancedCurrenciesRow) Difference {
		return amounts(r.Currency, 0, r.Got)
	}),
	{"ledger.seal", checkSeals},
	rule("customer.credit", (*query.Queries).WrongCredits, func(r query.WrongCreditsRow) Difference {
		return amounts(r.CustomerID+" "+r.Currency, r.Want, r.Got)
	}),
	rule("line.total", (*query.Queries).WrongLines, func(r query.WrongLinesRow) Difference {
		return amounts(r.ID, r.Want, r.Got)
	}),
	rule("invoice.total", (*query.Queries).WrongTotals, func(r query.WrongTotalsRow) Difference {
		return amounts(r.ID, r.Want, r.Got)
	}),
	rule("invoice.taxes", (*query.Queries).WrongTaxSums, func(r query.WrongTaxSumsRow) Difference {
		return Difference{
			Subject: r.ID, Want: fmt.Sprintf("%d with tax of %d, as %d categories sum to", r.BaseSum, r.TaxSum, r.Categories),
			Got: fmt.Sprintf("%d with tax of %d, mode %s", r.Net, r.Tax, r.TaxMode),
		}
	}),
	{"invoice.tax_category", checkTaxes},
	rule("credit_note.total", (*query.Queries).WrongNoteSums, func(r query.WrongNoteSumsRow) Difference {
		return Difference{
			Subject: r.ID, Want: fmt.Sprintf("lines of %d, %d with tax of %d", r.LinesSum, r.BaseSum, r.TaxSum),
			Got: fmt.Sprintf("%d with tax of %d", r.Net, r.Tax),
		}
	}),
	rule("credit_note.exceeds", (*query.Queries).ExceededCategories, func(r query.ExceededCategoriesRow) Difference {
		return Difference{
			Subject: fmt.Sprintf("%s %s %s", r.InvoiceID, r.Category, r.Rate), Want: "credit notes that take back no more than the invoice",
			Got: fmt.Sprintf("%d with tax of %d too much", -r.Base, -r.Tax),
		}
	}),
	{"document.file", checkDocuments},
	rule("invoice.paid", (*query.Queries).WrongPaid, func(r query.WrongPaidRow) Difference {
		return amounts(orEmpty(r.ID), r.Want, r.Got)
	}),
	rule("invoice.receivable", (*query.Queries).WrongReceivables, func(r query.WrongReceivablesRow) Difference {
		return amounts(orEmpty(r.ID), r.Want, r.Got)
	}),
	rule("invoice.revenue", (*query.Queries).WrongRevenue, func(r query.WrongRevenueRow) Difference {
		return amounts(orEmpty(r.ID), r.Want, r.Got)
	}),
	rule("invoice.status", (*query.Queries).UnsettledInvoices, func(id string) Difference {
		return Difference{Subject: id, Want: string(Paid), Got: string(Open)}
	}),
	rule("invoice.tax", (*query.Queries).WrongTaxOwed, func(r query.WrongTaxOwedRow) Difference {
		return amounts(orEmpty(r.ID), r.Want, r.Got)
	}),
	rule("invoice.loss", (*query.Queries).WrongLosses, func(r query.WrongLossesRow) Difference {
		return amounts(orEmpty(r.ID), r.Want, r.Got)
	}),
	rule("invoice.credited", (*query.Queries).WrongCredited, func(r query.WrongCreditedRow) Difference {
		return amounts(r.ID, r.Want, r.Got)
	}),
	rule("invoice.disputes", (*query.Queries).WrongDisputes, func(r query.WrongDisputesRow) Difference {
		return amounts(r.ID, r.Want, r.Got)
	}),
	rule("invoice.replaced", (*query.Queries).WrongReplacements, func(r query.WrongReplacementsRow) Difference {
		return Difference{Subject: r.ID, Want: string(Void), Got: r.Status}
	}),
	rule("line.credited", (*query.Queries).WrongCreditedLines, func(r query.WrongCreditedLinesRow) Difference {
		return Difference{
			Subject: r.ID, Want: fmt.Sprintf("%d, discount %d", r.Want, r.WantDiscount),
			Got: fmt.Sprintf("%d, discount %d", r.Got, r.GotDiscount),
		}
	}),
	rule("payment.applied", (*query.Queries).WrongApplied, func(r query.WrongAppliedRow) Difference {
		return amounts(r.ID, r.Want, r.Got)
	}),
	rule("payment.refunded", (*query.Queries).WrongRefunded, func(r query.WrongRefundedRow) Difference {
		return amounts(r.ID, r.Want, r.Got)
	}),
	rule("payout.ledger", (*query.Queries).WrongPayouts, func(r query.WrongPayoutsRow) Difference {
		return amounts(r.ID, r.Want, r.Got)
	}),
	rule("payment.ledger", (*query.Queries).UnbookedPayments, func(r query.UnbookedPaymentsRow) Difference {
		return amounts(r.ID, r.Want, r.Got)
	}),
	rule("number.count", (*query.Queries).SeriesCounts, func(r query.SeriesCountsRow) Difference {
		return Difference{
			Subject: r.Series, Want: fmt.Sprintf("%d numbers", r.Want), Got: fmt.Sprintf("%d, the highest %d", r.Got, r.Highest),
		}
	}),
	rule("number.gap", (*query.Queries).NumberGaps, func(r query.NumberGapsRow) Difference {
		return Difference{
			Subject: orEmpty(r.Series), Want: fmt.Sprintf("number %d", r.Missing), Got: orEmpty(r.Number) + " in its place",
		}
	}),
	rule("number.order", (*query.Queries).NumbersOutOfOrder, func(r query.NumbersOutOfOrderRow) Difference {
		return Difference{Subject: r.ID, Want: "issued on " + r.Before + " or later", Got: orEmpty(r.IssuedOn)}
	}),
	rule("order.status", (*query.Queries).WrongOrders, func(r query.WrongOrdersRow) Difference {
		return Difference{Subject: r.ID, Want: r.Want, Got: r.Got}
	}),
	rule("coupon.uses", (*query.Queries).WrongCouponUses, func(r query.WrongCouponUsesRow) Difference {
		return amounts(r.ID, r.Want, r.Got)
	}),
	rule("fulfilment.state", (*query.Queries).WrongLinks, func(r query.WrongLinksRow) Difference {
		return Difference{Subject: r.LineID, Want: "one that goes with an invoice that is " + r.Status, Got: r.State}
	}),
}
