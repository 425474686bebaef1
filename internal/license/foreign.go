package license

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
)

// ForeignKind says what a foreign number stands for.
type ForeignKind string

// The kinds of foreign numbers: those of WHMCS's services, which are licenses here, and of its products.
const (
	ForeignService ForeignKind = "service"
	ForeignProduct ForeignKind = "product"
)

// CodeNumberTaken answers a foreign number that is another's, or that is not the first of its subject.
const CodeNumberTaken = "NUMBER_TAKEN"

const (
	// foreignFloor leaves room below it for the numbers that imported licenses and products bring.
	foreignFloor = 1_000_000
	// foreignTries is how many others may draw a number first.
	foreignTries = 100
)

// foreignNumber returns the number of a license or product. One that has none gets the next.
func foreignNumber(ctx context.Context, tx *db.Tx, kind ForeignKind, subjectID string) (int64, error) {
	for range foreignTries {
		n, err := tx.ForeignNumber(ctx, query.ForeignNumberParams{Kind: string(kind), SubjectID: subjectID})
		if err == nil || !db.NotFound(err) {
			return n, err
		}
		err = tx.DrawForeignNumber(ctx, query.DrawForeignNumberParams{Kind: string(kind), Floor: foreignFloor, SubjectID: subjectID})
		if err != nil {
			return 0, fmt.Errorf("number of %s: %w", subjectID, err)
		}
	}
	return 0, fmt.Errorf("number of %s: others have drawn one %d times meanwhile", subjectID, foreignTries)
}

// KeepForeignNumber gives a license or a product the number by which WHMCS knew it, as part of tx. It keeps the number for
// ever: another one, or one that is another's, is a conflict.
func KeepForeignNumber(ctx context.Context, tx *db.Tx, kind ForeignKind, subjectID string, number int64) error {
	if number < 1 {
		return fail.Invalid("number", "is not above 0")
	}
	n, err := tx.InsertForeignNumber(ctx, query.InsertForeignNumberParams{Kind: string(kind), Number: number, SubjectID: subjectID})
	if err != nil {
		return fmt.Errorf("number of %s: %w", subjectID, err)
	}
	if n > 0 {
		return nil
	}
	has, err := tx.ForeignNumber(ctx, query.ForeignNumberParams{Kind: string(kind), SubjectID: subjectID})
	switch {
	case err == nil && has == number:
		return nil
	case err == nil:
		return fail.Conflict(CodeNumberTaken, fmt.Sprintf("It has the number %d already.", has))
	case db.NotFound(err):
		return fail.Conflict(CodeNumberTaken, fmt.Sprintf("The number %d is another %s's.", number, kind))
	}
	return fmt.Errorf("number of %s: %w", subjectID, err)
}
