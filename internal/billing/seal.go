package billing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// sealBatch is how many transactions of the ledger one seal covers at most.
const sealBatch = 1000

var errSealedMeanwhile = errors.New("the ledger was sealed, or grew, meanwhile")

// Tasks is the due work of this room: what was booked since the last look is sealed.
func (s *Service) Tasks() []automation.Task {
	due := func(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
		if customerID != "" {
			return false, nil // a seal is over what all have booked
		}
		return unsealed(ctx, tx)
	}
	seal := func(ctx context.Context, p *automation.Pass) error {
		n, err := s.Seal(ctx)
		p.DoneMany(n)
		return err
	}
	return []automation.Task{{Kind: "ledger.seal", Order: automation.OrderUpkeep, Due: due, Run: seal}}
}

// Seal puts all transactions of the ledger that have no seal yet under seals, in batches: the hash of a seal is over the
// hash of the one before and over everything that its transactions say, in the order of their ids. Whoever changes one
// afterwards breaks the chain, which [Service.Verify] rebuilds. It returns how many it sealed.
func (s *Service) Seal(ctx context.Context) (sealed int, err error) {
	var some bool
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		some, err = unsealed(ctx, tx)
		return err
	})
	if err != nil || !some {
		return 0, err
	}
	for {
		n := 0
		err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = sealNext(ctx, tx)
			return err
		})
		if errors.Is(err, errSealedMeanwhile) {
			return sealed, nil // another process is at it, or the next look finds the rest
		}
		if err != nil || n == 0 {
			return sealed, err
		}
		sealed += n
	}
}

// unsealed reports whether something was booked since the last seal.
func unsealed(ctx context.Context, tx *db.Tx) (bool, error) {
	some, err := tx.UnsealedEntries(ctx, 1)
	return len(some) > 0, err
}

// sealNext seals one batch.
func sealNext(ctx context.Context, tx *db.Tx) (int, error) {
	entries, err := tx.UnsealedEntries(ctx, sealBatch)
	if err != nil {
		return 0, fmt.Errorf("seal the ledger: %w", err)
	}
	if len(entries) == 0 {
		return 0, nil
	}
	last, err := tx.LastSeal(ctx)
	if err != nil && !db.NotFound(err) {
		return 0, fmt.Errorf("seal the ledger: %w", err)
	}
	d := newDigest(last.Hash)
	for _, e := range entries {
		d.add(query.SealedEntriesRow(e))
	}
	sequence := last.Sequence + 1
	err = tx.InsertSeal(ctx, query.InsertSealParams{
		Sequence: sequence, Transactions: d.transactions, Previous: last.Hash, Hash: d.sum(), SealedAt: tx.Stamp,
	})
	if db.Duplicate(err) {
		return 0, errSealedMeanwhile
	}
	if err != nil {
		return 0, fmt.Errorf("seal the ledger: %w", err)
	}
	rows, err := tx.SealTransactions(ctx, query.SealTransactionsParams{Seal: &sequence, LastID: entries[len(entries)-1].ID})
	if err != nil {
		return 0, fmt.Errorf("seal the ledger: %w", err)
	}
	if rows != d.transactions {
		// A transaction with a lower id was committed in between. The next try sees it.
		return 0, errSealedMeanwhile
	}
	return int(rows), nil
}

// digest hashes transactions of the ledger. It writes each field with its length before it, so that no two ledgers
// write the same.
type digest struct {
	hash         hash.Hash
	buffer       []byte
	transactions int64
	id           string // of the last transaction
}

func newDigest(previous string) *digest {
	d := &digest{hash: sha256.New()}
	d.text(previous)
	return d
}

// add takes the next entry, in the order of transactions and positions.
func (d *digest) add(e query.SealedEntriesRow) {
	if d.transactions == 0 || e.ID != d.id {
		d.id = e.ID
		d.transactions++
		for _, field := range []string{e.ID, e.Kind, e.SourceID, e.CustomerID, orEmpty(e.InvoiceID)} {
			d.text(field)
		}
		d.number(int64(e.OccurredAt))
	}
	d.number(e.Position)
	d.text(e.Account)
	d.text(e.Currency)
	d.number(e.Amount)
}

func (d *digest) text(s string) {
	d.buffer = strconv.AppendInt(d.buffer[:0], int64(len(s)), 10)
	d.buffer = append(d.buffer, ':')
	d.buffer = append(d.buffer, s...)
	d.hash.Write(d.buffer)
}

func (d *digest) number(n int64) { d.text(strconv.FormatInt(n, 10)) }

func (d *digest) sum() string { return hex.EncodeToString(d.hash.Sum(nil)) }
