package billing

import (
	"context"

	"github.com/keystead/keystead/internal/db"
)

// TargetCheck judges done links of one kind.
type TargetCheck func(ctx context.Context, tx *db.Tx, links []DoneLink) ([]Difference, error)

// DoneLink is a line whose work is done, and what the work made.
type DoneLink struct {
	LineID string
	Target string
}

// Difference is something that is not as the ledger, or the other half of a fact, says it must be.
type Difference struct {
	Check   string // which rule is broken: "ledger.balance", "invoice.paid", …
	Subject string // the id, or the name, of what is wrong
	Want    string
	Got     string
}
