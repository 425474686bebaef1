package license

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// explainer records how SQLite would run each statement instead of running it.
type explainer struct {
	query.DBTX
	plans map[string][]string
}

func (e explainer) record(ctx context.Context, q string, args []any) error {
	rows, err := e.DBTX.QueryContext(ctx, "EXPLAIN QUERY PLAN "+q, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(q), "-- name: "), " ")
	e.plans[name] = []string{}
	for rows.Next() {
		var id, parent, unused int
		var line string
		if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
			return err
		}
		e.plans[name] = append(e.plans[name], line)
	}
	return rows.Err()
}

var errOnlyExplained = errors.New("explained, not run")

func (e explainer) ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error) {
	return nil, errors.Join(errOnlyExplained, e.record(ctx, q, args))
}

func (e explainer) QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return nil, errors.Join(errOnlyExplained, e.record(ctx, q, args))
}

func (e explainer) QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row {
	if e.record(ctx, q, args) != nil {
		e.plans[q] = []string{"SCAN: could not be explained"}
	}
	return e.DBTX.QueryRowContext(ctx, "SELECT 1")
}

// TestJobsUseIndexes looks at the statements that must cost what is due, not what exists.
func TestJobsUseIndexes(t *testing.T) {
	t.Parallel()
	eachLite(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			e := explainer{tx.SQL(), map[string][]string{}}
			q := query.New(e)
			// Each of these fails: what is looked at is what they would have done.
			_, _ = q.AnyLicenseDue(ctx, 0)
			_, _ = q.EndDueLicenses(ctx, query.EndDueLicensesParams{})
			_, _ = q.SuspendDueLicenses(ctx, query.SuspendDueLicensesParams{})
			_, _ = q.PruneRejections(ctx, query.PruneRejectionsParams{})
			_, _ = q.PruneVerifications(ctx, query.PruneVerificationsParams{})
			_, _ = q.PruneDownloads(ctx, query.PruneDownloadsParams{})
			_, _ = q.ManyRefusals(ctx, query.ManyRefusalsParams{})
			_, _ = q.ManyAddresses(ctx, query.ManyAddressesParams{})
			_, _ = q.AnomalyReported(ctx, query.AnomalyReportedParams{})
			_, _ = q.LicensesByKey(ctx, query.LicensesByKeyParams{})
			_, _ = q.LicenseHistory(ctx, query.LicenseHistoryParams{})
			_, _ = q.ActivationsOfLicense(ctx, query.ActivationsOfLicenseParams{})

			want := map[string]string{
				"AnyLicenseDue":      "licenses_end_due (status=? AND ends_at>?)",
				"EndDueLicenses":     "licenses_end_due (status=? AND ends_at<?)",
				"SuspendDueLicenses": "licenses_grace_due (status=? AND grace_until<?)",
				"PruneRejections":    "rejected_activations_by_age (last_at<?)",
				"PruneVerifications": "verification_log_by_age (at<?)",
				"PruneDownloads":     "download_log_by_age (at<?)",
				"ManyRefusals":       "rejected_activations_by_age (last_at>?)",
				"ManyAddresses":      "verification_log_by_age (at>?)",
			}
			if len(e.plans) != 12 {
				t.Errorf("%d statements were explained", len(e.plans))
			}
			for name, lines := range e.plans {
				plan := strings.Join(lines, "\n")
				scans := strings.NewReplacer("SCAN CONSTANT ROW", "", "SCAN a\n", "", "SCAN s\n", "").Replace(plan + "\n")
				if strings.Contains(scans, "SCAN ") || strings.Contains(name, "Due") && strings.Contains(plan, "TEMP B-TREE") || !strings.Contains(plan, want[name]) {
					t.Errorf("%s:\n%s\nwant it to use %q and scan nothing", name, plan, want[name])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
