package license

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/page"
)

const (
	verifyBatch     = 500
	differencesMost = 100 // of all licenses; whoever has more learns nothing from them
)

// Verify proves the states of all licenses: what is stored follows from the facts, is what the history says last, and
// the activations are those that the history has added and not removed. It returns what does not agree.
func (s *Service) Verify(ctx context.Context) ([]billing.Difference, error) {
	var found []billing.Difference
	for after := ""; ; {
		var rows []query.LicensesToVerifyRow
		var now time.Time
		err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
			now = tx.Now
			rows, err = tx.LicensesToVerify(ctx, query.LicensesToVerifyParams{After: after, N: verifyBatch})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("verify licenses: %w", err)
		}
		for _, r := range rows {
			found = append(found, differencesOf(r, now)...)
			after = r.ID
		}
		if len(found) >= differencesMost {
			return found[:differencesMost], nil
		}
		if len(rows) < verifyBatch {
			return found, nil
		}
	}
}

func differencesOf(r query.LicensesToVerifyRow, now time.Time) []billing.Difference {
	var found []billing.Difference
	check := func(rule, want, got string) {
		if want != got {
			found = append(found, billing.Difference{Check: rule, Subject: r.ID, Want: want, Got: got})
		}
	}
	f := stateOf(r.ExpiresAt, r.GraceUntil, r.EndsAt).Facts()
	f.Outcome, f.Held = Outcome(r.Outcome), r.Held
	stored := Status(r.Status)
	// What time has changed since may wait for a job to write it down.
	if stored != Effective(f, beforeInstant(f.GraceUntil, now)) && stored != Effective(f, beforeInstant(f.EndsAt, now)) {
		check("license.status", string(Effective(f, now)), r.Status)
	}
	told, _, _ := strings.Cut(strings.ReplaceAll(r.ToldState, ",", ""), " ")
	check("license.history", told, r.Status)
	check("license.activations", fmt.Sprint(r.ToldAdded-r.ToldRemoved), fmt.Sprint(r.ActivationsUsed))
	if r.UpdatesUntil != nil {
		ends := clock.Instant(r.SupportEnds)
		if ends == 0 {
			ends = r.CreatedAt // all was taken back
		}
		check("license.updates_until", ends.Time().Format(time.RFC3339Nano), r.UpdatesUntil.Time().Format(time.RFC3339Nano))
	}
	check("license.near_limit", fmt.Sprint(nearLimit(r.ActivationLimit, r.ActivationsUsed)), fmt.Sprint(r.NearLimit))
	return found
}

// MissingLines judges done fulfilment links: each must name a license that was made for its line. It is a
// [billing.TargetCheck].
func (s *Service) MissingLines(ctx context.Context, tx *db.Tx, links []billing.DoneLink) ([]billing.Difference, error) {
	if len(links) == 0 {
		return nil, nil
	}
	targets := make([]any, len(links))
	for i, l := range links {
		targets[i] = l.Target
	}
	lines, err := linesOf(ctx, tx, targets)
	if err != nil {
		return nil, fmt.Errorf("invoice lines of licenses: %w", err)
	}
	var differences []billing.Difference
	for _, l := range links {
		line, exists := lines[l.Target]
		switch {
		case !exists:
			differences = append(differences, billing.Difference{Subject: l.LineID, Want: "license " + l.Target, Got: "none"})
		case line.now != l.LineID && line.asTrial != l.LineID:
			differences = append(differences, billing.Difference{Subject: l.LineID, Want: "license " + l.Target + " for this line", Got: "for line " + line.now})
		}
	}
	return differences, nil
}

// madeFor are the invoice lines that a license was made for, and, if it was bought after a trial, that of the trial; empty:
// none.
type madeFor struct{ now, asTrial string }

// linesOf maps those of the licenses that exist to the invoice lines that they were made for.
func linesOf(ctx context.Context, tx *db.Tx, ids []any) (map[string]madeFor, error) {
	rows, err := tx.SQL().QueryContext(ctx, `SELECT id, COALESCE(invoice_line_id, ''), COALESCE(trial_line_id, '') FROM licenses WHERE id IN (`+page.Placeholders(len(ids))+`)`, ids...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	lines := make(map[string]madeFor, len(ids))
	for rows.Next() {
		var id string
		var line madeFor
		if err := rows.Scan(&id, &line.now, &line.asTrial); err != nil {
			return nil, err
		}
		lines[id] = line
	}
	return lines, rows.Err()
}
