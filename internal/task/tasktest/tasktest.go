// Package tasktest judges what staff were asked in a test.
package tasktest

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

var (
	// raw is a date or a sum as programs write it.
	raw = regexp.MustCompile(`\d{4}-\d{2}-\d{2}|\d (EUR|USD|GBP|JPY)\b`)
	// quoted is what others have written.
	quoted = regexp.MustCompile(`"[^"]*"`)
)

// Legible has a test fail that leaves a question with a date or a sum in it that is not written for people.
func Legible(t testing.TB, s *dbtest.Store) {
	t.Helper()
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			rows, err := tx.SQL().QueryContext(ctx, `SELECT kind, detail FROM staff_tasks`)
			if err != nil {
				return fmt.Errorf("questions to staff: %w", err)
			}
			defer func() { _ = rows.Close() }()
			for rows.Next() {
				var kind, detail string
				if err := rows.Scan(&kind, &detail); err != nil {
					return fmt.Errorf("question to staff: %w", err)
				}
				if found := raw.FindString(quoted.ReplaceAllString(detail, "")); found != "" {
					t.Errorf("%s says %q to people: %s", kind, found, detail)
				}
			}
			return rows.Err()
		})
		if err != nil {
			t.Error(err)
		}
	})
}
