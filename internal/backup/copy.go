package backup

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/recovery"
)

// past are the tables that only tell what was. Nothing that runs by itself decides by them, and they are the long ones.
var past = map[string]bool{
	"idempotency_keys": true, "one_time_links": true, "events": true, "audit_log": true, "license_history": true,
	"license_checks_daily": true, "checks_hourly": true, "verification_log": true, "download_log": true, "automation_runs": true,
	"webhook_attempts": true, "webhook_deliveries": true,
}

// ownFacts are the facts that a copy does not share with its original.
var ownFacts = map[string]bool{"mode": true, "test_clock": true, recovery.Fact: true}

// Copy fills the empty store to with what from holds at one moment, which it returns: all that decides what happens next,
// and nothing that only tells what was. The copy is a test store. What was running there waits in it to be run again.
func Copy(ctx context.Context, from, to *db.DB) (at time.Time, err error) {
	err = from.Read(db.Patient(ctx), func(source *db.Tx) error {
		at = source.Now
		return to.Write(ctx, func(tx *db.Tx) error {
			in := &filler{ctx: ctx, tx: tx}
			if err := in.begin(nil); err != nil {
				return err
			}
			for _, t := range tables {
				if past[t.name] {
					continue
				}
				if err := in.copy(source, t); err != nil {
					return fmt.Errorf("copy the store: table %s: %w", t.name, err)
				}
			}
			if err := in.renumber(); err != nil {
				return err
			}
			if _, err := tx.AddStoreFact(ctx, query.AddStoreFactParams{Name: "mode", Value: "test"}); err != nil {
				return err
			}
			if err := tx.RequeueJobs(ctx); err != nil {
				return err
			}
			return tx.ReleaseDomainLeases(ctx)
		})
	})
	return at, err
}

// copy stores the rows of one table of another store.
func (in *filler) copy(source *db.Tx, t table) (err error) {
	rows, err := source.SQL().QueryContext(in.ctx, "SELECT * FROM "+t.name+" ORDER BY "+t.order)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	most := max(1, valuesPerInsert[in.tx.Engine()]/len(columns)) * len(columns)
	args := make([]any, 0, most)
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		if name, ok := values[0].(string); t.name == "store_facts" && ok && (ownFacts[name] || strings.HasPrefix(name, "license_changes")) {
			continue
		}
		for i, v := range values {
			if v, err = plain(v); err != nil {
				return fmt.Errorf("column %s: %w", columns[i], err)
			}
			if n, ok := v.(int64); ok && in.booleans[t.name+"."+columns[i]] {
				v = n != 0
			}
			args = append(args, v)
		}
		if len(args) == most {
			if err := in.insert(t.name, columns, args); err != nil {
				return err
			}
			args = args[:0]
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return in.insert(t.name, columns, args)
}
