package event

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// EmitAll is [Emit] of many events, in their order, by few statements.
func EmitAll(ctx context.Context, tx *db.Tx, events []New) error {
	rows := db.NewRows("events", "id", "type", "occurred_at", "actor_kind", "actor_id", "subject_id", "customer_id", "data")
	written := make([]query.InsertEventParams, len(events))
	for i, e := range events {
		row, err := rowOf(ctx, tx, e)
		if err != nil {
			return err
		}
		written[i] = row
		var customer any
		if row.CustomerID != nil {
			customer = *row.CustomerID
		}
		rows.Add(row.ID, row.Type, int64(row.OccurredAt), row.ActorKind, row.ActorID, row.SubjectID, customer, row.Data)
	}
	if err := rows.Insert(ctx, tx); err != nil {
		return fmt.Errorf("%d events: %w", len(events), err)
	}
	return tell(ctx, tx, written...)
}
