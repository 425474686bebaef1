package license

import (
	"context"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
)

// MissingLines judges done fulfilment links: each must name a license that was made for its line. It is a
// [billing.TargetCheck].
func (s *Service) MissingLines(ctx context.Context, tx *db.Tx, links []billing.DoneLink) ([]billing.Difference, error) {
	targets := make([]string, len(links))
	for i, l := range links {
		targets[i] = l.Target
	}
	lines, err := s.InvoiceLines(ctx, tx, targets)
	if err != nil {
		return nil, err
	}
	var differences []billing.Difference
	for _, l := range links {
		line, exists := lines[l.Target]
		switch {
		case !exists:
			differences = append(differences, billing.Difference{Subject: l.LineID, Want: "license " + l.Target, Got: "none"})
		case line != l.LineID:
			differences = append(differences, billing.Difference{Subject: l.LineID, Want: "license " + l.Target + " for this line", Got: "for line " + line})
		}
	}
	return differences, nil
}
