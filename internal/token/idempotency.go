package token

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
)

// CodeKeyReused says that an idempotency key was used before, for something else.
const CodeKeyReused = "IDEMPOTENCY_KEY_REUSED"

var errKeyReused = fail.Conflict(CodeKeyReused, "This idempotency key was used before, for another request. Use a new key.")

// Answer is the first answer to a request, as its repeat gets it.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte // text
}

// Claim reserves an idempotency key of a token as part of tx, and returns nil if it was free: then the caller does
// the work in tx and calls [Service.Keep] in it. If the key has been used for the same request, it returns the first
// answer. A key that was used for another request is a conflict.
//
// A claim is there for as long as its transaction: of two first uses at the same time the second waits for the
// first, and gets its answer, or the key if the first was rolled back.
func (s *Service) Claim(ctx context.Context, tx *db.Tx, tokenID, key, request string) (*Answer, error) {
	n, err := tx.ClaimIdempotencyKey(ctx, query.ClaimIdempotencyKeyParams{TokenID: tokenID, Key: key, Request: request, CreatedAt: tx.WallStamp})
	if err != nil {
		return nil, fmt.Errorf("claim an idempotency key: %w", err)
	}
	if n == 1 {
		return nil, nil
	}
	return s.Lookup(ctx, tx, tokenID, key, request)
}

// Lookup is [Service.Claim] without reserving anything: nil says that there is no answer yet.
func (s *Service) Lookup(ctx context.Context, tx *db.Tx, tokenID, key, request string) (*Answer, error) {
	row, err := tx.GetIdempotencyKey(ctx, query.GetIdempotencyKeyParams{TokenID: tokenID, Key: key})
	switch {
	case db.NotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look up an idempotency key: %w", err)
	case row.Request != request:
		return nil, errKeyReused
	case row.Status == 0: // claimed, and not answered
		return nil, nil
	}
	return &Answer{Status: int(row.Status), ContentType: row.ContentType, Body: []byte(row.Body)}, nil
}

// Keep stores the answer for a key that was claimed in the same transaction.
func (s *Service) Keep(ctx context.Context, tx *db.Tx, tokenID, key string, a Answer) error {
	n, err := tx.AnswerIdempotencyKey(ctx, query.AnswerIdempotencyKeyParams{
		TokenID: tokenID, Key: key, Status: int64(a.Status), ContentType: a.ContentType, Body: string(a.Body),
	})
	if err == nil && n == 0 {
		return fmt.Errorf("keep an answer: idempotency key %q was not claimed", key)
	}
	if err != nil {
		return fmt.Errorf("keep an answer: %w", err)
	}
	return nil
}

const (
	keepAnswers = 7 * 24 * time.Hour
	pruneBatch  = 1000 // rows removed in one transaction
)

// Prune forgets the answers that are older than seven days.
func (s *Service) Prune(ctx context.Context) error {
	for {
		var n int64
		err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = tx.PruneIdempotencyKeys(ctx, query.PruneIdempotencyKeysParams{Before: clock.FromTime(tx.Wall.Add(-keepAnswers)), N: pruneBatch})
			return err
		})
		if err != nil {
			return fmt.Errorf("prune idempotency keys: %w", err)
		}
		if n < pruneBatch {
			return nil
		}
	}
}
