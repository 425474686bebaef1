package billing

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

const sealsPerBatch = 500

// checkSeals rebuilds the chain of seals. It names the first seal that does not hold: those after it stand on it.
func checkSeals(ctx context.Context, tx *db.Tx) ([]Difference, error) {
	var last query.LedgerSeal
	for {
		seals, err := tx.Seals(ctx, query.SealsParams{After: last.Sequence, N: sealsPerBatch})
		if err != nil || len(seals) == 0 {
			return nil, err
		}
		for _, seal := range seals {
			entries, err := tx.SealedEntries(ctx, &seal.Sequence)
			if err != nil {
				return nil, err
			}
			d := newDigest(last.Hash)
			for _, e := range entries {
				d.add(e)
			}
			want := query.LedgerSeal{
				Sequence: last.Sequence + 1, Transactions: d.transactions, Previous: last.Hash, Hash: d.sum(), SealedAt: seal.SealedAt,
			}
			if seal != want {
				return []Difference{{Subject: fmt.Sprint("seal ", seal.Sequence), Want: describeSeal(want), Got: describeSeal(seal)}}, nil
			}
			last = seal
		}
	}
}

func describeSeal(s query.LedgerSeal) string {
	return fmt.Sprintf("seal %d over %d transactions with hash %.12s after %.12s", s.Sequence, s.Transactions, s.Hash, s.Previous)
}
