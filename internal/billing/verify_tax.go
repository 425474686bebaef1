package billing

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

const taxesPerBatch = 1000

// checkTaxes computes the tax of each category of each invoice again, from what its lines cost (BR-CO-17).
func checkTaxes(ctx context.Context, tx *db.Tx) ([]Difference, error) {
	var found []Difference
	var after query.TaxFiguresParams
	after.N = taxesPerBatch
	for {
		rows, err := tx.TaxFigures(ctx, after)
		if err != nil || len(rows) == 0 {
			return found, err
		}
		for _, r := range rows {
			want, err := wantedTax(r)
			if err != nil {
				return nil, err
			}
			if got := fmt.Sprintf("%d on %d", r.Tax, r.Base); got != want {
				found = append(found, Difference{Subject: fmt.Sprintf("%s %s %s", r.InvoiceID, r.Category, r.Rate), Want: want, Got: got})
			}
			if len(found) == differencesPerCheck {
				return found, nil
			}
		}
		last := rows[len(rows)-1]
		after.AfterInvoice, after.AfterCategory, after.AfterRate = last.InvoiceID, last.Category, last.Rate
	}
}

func wantedTax(r query.TaxFiguresRow) (string, error) {
	category, err := categoryOf(r.Category, r.Rate)
	if err != nil {
		return "", err
	}
	const anyCurrency = "EUR" // the arithmetic is the same in all
	lines := []tax.Line{{Amount: money.New(r.Lines, anyCurrency), Category: category}}
	d, err := tax.Compute(tax.Mode(r.TaxMode), anyCurrency, lines, nil)
	if err != nil {
		return "", fmt.Errorf("taxes of invoice %s: %w", r.InvoiceID, err)
	}
	return fmt.Sprintf("%d on %d", d.Tax.Amount, d.Net.Amount), nil
}

const documentsPerBatch = 50

// checkDocuments compares the files that were kept with their fingerprints.
func checkDocuments(ctx context.Context, tx *db.Tx) ([]Difference, error) {
	var found []Difference
	for after := ""; ; {
		rows, err := tx.KeptDocuments(ctx, query.KeptDocumentsParams{After: after, N: documentsPerBatch})
		if err != nil || len(rows) == 0 {
			return found, err
		}
		for _, r := range rows {
			after = r.SubjectID
			p, ok, err := keptPaper(ctx, tx, r.SubjectID)
			if err != nil || !ok {
				found = append(found, Difference{Subject: r.SubjectID, Want: "a document that can be read", Got: fmt.Sprint(err)})
				continue
			}
			if got := fingerprint(p.PDF); got != r.Sha256 {
				found = append(found, Difference{Subject: r.SubjectID, Want: r.Sha256, Got: got})
			}
		}
	}
}
