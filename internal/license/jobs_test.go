package license

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
)

func TestWriteDown(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ends := s.issue(IssueInput{ExpiresAt: s.in(time.Hour)})
		later := s.issue(IssueInput{ExpiresAt: s.in(2 * time.Hour)})
		never := s.issue(IssueInput{})
		held := s.issue(IssueInput{ExpiresAt: s.in(time.Hour)})
		if _, err := s.PlaceHold(as(sue), held.ID, HoldStaff, ""); err != nil {
			t.Fatal(err)
		}
		promised := s.issue(IssueInput{})
		if _, err := s.PlaceHold(as(sue), promised.ID, HoldPayment, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := s.LiftHold(as(sue), promised.ID, HoldPayment, LiftInput{Until: s.in(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		revoked := s.issue(IssueInput{ExpiresAt: s.in(time.Hour)})
		if _, err := s.Patch(as(sue), revoked.ID, statusPatch(Revoked, "")); err != nil {
			t.Fatal(err)
		}
		stored := func(want map[string]Status) {
			t.Helper()
			for id, status := range want {
				if n := s.number("SELECT count(*) FROM licenses WHERE id = $1 AND status = $2", id, string(status)); n != 1 {
					t.Errorf("license %s is not stored as %s", id, status)
				}
			}
		}
		run := func() {
			t.Helper()
			if err := s.WriteDown(as(sue)); err != nil {
				t.Fatal(err)
			}
		}
		s.Clock.Advance(time.Hour - time.Microsecond)
		run()
		stored(map[string]Status{ends.ID: Active, later.ID: Active, never.ID: Active, held.ID: Suspended, promised.ID: Active, revoked.ID: Revoked})
		s.Clock.Advance(time.Microsecond)
		version := s.get(ends.ID).Version
		s.drainTold()
		run()
		run()
		stored(map[string]Status{ends.ID: Expired, later.ID: Active, never.ID: Active, held.ID: Expired, promised.ID: Suspended, revoked.ID: Revoked})
		wantLines(t, "listeners: no answer changes", s.drainTold())
		if got := s.get(ends.ID).Version; got != version {
			t.Errorf("version %d became %d", version, got)
		}
		wantLines(t, "history", s.story(ends.ID)[1:], "end_passes active, expires 2026-03-01T13:00:00Z→expired, expires 2026-03-01T13:00:00Z")
		wantLines(t, "history of the held one", s.story(held.ID)[2:], "end_passes suspended (staff), expires 2026-03-01T13:00:00Z→expired, expires 2026-03-01T13:00:00Z")
		wantLines(t, "events", s.events(ends.ID), EventCreated, EventExpired)
		wantLines(t, "events of the promised one", s.events(promised.ID)[4:], EventResumed, EventGraceExtended, EventSuspended)
		entries, _, err := s.History(context.Background(), ends.ID, "", 1)
		if err != nil || entries[0].Actor.Kind != "system" {
			t.Errorf("the history says that %+v did it, %v", entries[0].Actor, err)
		}
		// What staff do afterwards finds nothing left to write down.
		if _, err := s.Patch(as(sue), ends.ID, expiryPatch(nil)); err != nil {
			t.Fatal(err)
		}
		wantLines(t, "events", s.events(ends.ID), EventCreated, EventExpired, EventResumed, EventUpdated)
	})
}

// TestWriteDownInBatches has more licenses due than one transaction takes.
func TestWriteDownInBatches(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		s.exec(fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d)
			INSERT INTO licenses (id, key, key_lookup, customer_id, product_id, plan_id, type, status, activation_limit, expires_at, grace_until, ends_at, created_at, updated_at)
			SELECT 'lic_' || i, 'k' || i, 'k' || i, 'cus_ann', 'prd_widget', 'pln_dev', 'purchased', 'active', 1, 5, 5, CASE WHEN i < 700 THEN 5 END, 0, 0 FROM n`, 2*settleSize+7))
		// A list with a status sees it at once, whether or not the job has run.
		found, _, err := s.List(context.Background(), Filter{Status: Active})
		if err != nil || len(found) != 0 {
			t.Fatalf("%d licenses are active, %v", len(found), err)
		}
		if err := s.WriteDown(context.Background()); err != nil {
			t.Fatal(err)
		}
		expired := s.number("SELECT count(*) FROM licenses WHERE status = 'expired'")
		suspended := s.number("SELECT count(*) FROM licenses WHERE status = 'suspended'")
		if expired != 700 || suspended != 2*settleSize+7-700 {
			t.Errorf("%d expired and %d suspended", expired, suspended)
		}
		if n := s.number("SELECT count(*) FROM events WHERE type IN ('license.expired', 'license.suspended')"); n != 2*settleSize+7 {
			t.Errorf("%d events", n)
		}
	})
}

// TestListWithoutWriting shows that a list with a status survives a store that can't write down what is due.
func TestListWithoutWriting(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		l := s.issue(IssueInput{ExpiresAt: s.in(time.Hour)})
		s.Clock.Advance(2 * time.Hour)
		ctx, cancel := context.WithCancel(context.Background())
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			// Inside a read-only transaction the write fails.
			found, _, err := s.List(db.With(ctx, tx), Filter{Status: Active})
			if err != nil || len(found) != 0 {
				t.Errorf("List = %d licenses, %v", len(found), err)
			}
			return err
		})
		cancel()
		if s.Engine == db.SQLite && err != nil {
			t.Error(err)
		}
		if got := s.get(l.ID); got.Status != Expired {
			t.Errorf("status %s", got.Status)
		}
	})
}

func TestPrune(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		l := s.issue(IssueInput{})
		for i := range pruneSize + 3 {
			s.exec("INSERT INTO rejected_activations (license_id, identifier, reason, attempts, first_at, last_at) VALUES ($1, $2, 'limit', 1, 0, $3)", l.ID, fmt.Sprint(i), i)
			if i > 20 {
				continue
			}
			s.exec("INSERT INTO verification_log (id, license_id, at, result) VALUES ($1, $2, $3, 'expired')", fmt.Sprint("ver_", i), l.ID, i)
			s.exec("INSERT INTO download_log (id, product_id, result, at) VALUES ($1, 'prd_widget', 'served', $2)", fmt.Sprint("dwn_", i), i)
		}
		before := time.UnixMicro(pruneSize + 1)
		if n, err := s.PruneRejected(ctx, before); err != nil || n != pruneSize+1 {
			t.Errorf("PruneRejected = %d, %v", n, err)
		}
		if n, err := s.PruneRejected(ctx, before); err != nil || n != 0 {
			t.Errorf("PruneRejected again = %d, %v", n, err)
		}
		if n, err := s.PruneVerifications(ctx, time.UnixMicro(5)); err != nil || n != 5 {
			t.Errorf("PruneVerifications = %d, %v", n, err)
		}
		if n, err := s.PruneDownloads(ctx, time.UnixMicro(6)); err != nil || n != 6 {
			t.Errorf("PruneDownloads = %d, %v", n, err)
		}
		left := s.number("SELECT (SELECT count(*) FROM rejected_activations) + (SELECT count(*) FROM verification_log) + (SELECT count(*) FROM download_log)")
		if left != 2+16+15 {
			t.Errorf("%d rows are left", left)
		}
	})
}

func TestReportAnomalies(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		leaked, busy := s.issue(IssueInput{}), s.issue(IssueInput{})
		refuse := func(l License, n int) {
			for i := range n {
				s.exec(`INSERT INTO rejected_activations (license_id, identifier, reason, attempts, first_at, last_at) VALUES ($1, $2, 'limit', 1, $3, $3)
					ON CONFLICT (license_id, identifier) DO UPDATE SET last_at = excluded.last_at`, l.ID, fmt.Sprintf("site%d.example", i), s.Clock.Now().UnixMicro())
				s.exec("INSERT INTO verification_log (id, license_id, at, result, ip) VALUES ($1, $2, $3, 'not_activated', $4)",
					fmt.Sprintf("ver_%s_%d_%d", l.ID, i, s.Clock.Now().UnixMicro()), l.ID, s.Clock.Now().UnixMicro(), fmt.Sprintf("192.0.2.%d", i))
			}
		}
		report := func() {
			t.Helper()
			if err := s.ReportAnomalies(ctx); err != nil {
				t.Fatal(err)
			}
		}
		refuse(leaked, manyRefusals)
		refuse(busy, manyRefusals-1)
		report()
		report()
		wantLines(t, "events", s.events(leaked.ID), EventCreated, EventManyRefusals, EventManyAddresses)
		wantLines(t, "events of the busy one", s.events(busy.ID), EventCreated)
		s.Clock.Advance(anomalyWindow)
		report()
		wantLines(t, "a day later", s.events(leaked.ID)[3:])
		refuse(leaked, manyRefusals)
		report()
		wantLines(t, "when it goes on", s.events(leaked.ID)[3:], EventManyRefusals, EventManyAddresses)
		if got := s.get(leaked.ID); got.Status != Active {
			t.Errorf("an anomaly made the license %s", got.Status)
		}
	})
}

func TestPendingChecks(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		l := s.issue(IssueInput{})
		if l.LastCheckAt != nil || l.CheckCount != 0 {
			t.Errorf("a new license was seen at %v", l.LastCheckAt)
		}
		s.exec("UPDATE license_checks SET check_count = 3, last_check_at = $1, last_check_ip = '192.0.2.1' WHERE license_id = $2", s.Clock.Now().UnixMicro(), l.ID)
		if got := s.get(l.ID); got.CheckCount != 3 || got.LastCheckIP != "192.0.2.1" || !got.LastCheckAt.Equal(s.Clock.Now()) {
			t.Errorf("stored: %d, %v, %s", got.CheckCount, got.LastCheckAt, got.LastCheckIP)
		}
		count, at, ip := int64(2), s.Clock.Now().Add(time.Second), "192.0.2.2"
		s.ShowPending(func(context.Context, *db.Tx) (func(string) (int64, time.Time, string), error) {
			return func(id string) (int64, time.Time, string) {
				if id != l.ID {
					return 0, time.Time{}, ""
				}
				return count, at, ip
			}, nil
		})
		if got := s.get(l.ID); got.CheckCount != 5 || got.LastCheckIP != ip || !got.LastCheckAt.Equal(at) {
			t.Errorf("with pending: %d, %v, %s", got.CheckCount, got.LastCheckAt, got.LastCheckIP)
		}
		at = s.Clock.Now().Add(-time.Second) // an older log is folded later
		if got := s.get(l.ID); got.CheckCount != 5 || got.LastCheckIP != "192.0.2.1" {
			t.Errorf("with older pending: %d, %s", got.CheckCount, got.LastCheckIP)
		}
	})
}

func TestVerify(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		all := shelf(t, s)
		verify := func(want ...billing.Difference) {
			t.Helper()
			got, err := s.Verify(ctx)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("Verify: %v (-want +got):\n%s", err, diff)
			}
		}
		verify() // although nobody has written the expiries down
		if err := s.WriteDown(ctx); err != nil {
			t.Fatal(err)
		}
		verify()
		l := all[0]
		for _, candidate := range all {
			if candidate.Status == Active && candidate.ActivationsUsed > 0 && candidate.ActivationsUsed < 4 && candidate.ActivationLimit == 5 {
				l = candidate
			}
		}
		s.exec("DELETE FROM activations WHERE license_id = $1", l.ID)
		verify(billing.Difference{Check: "license.activations", Subject: l.ID, Want: fmt.Sprint(l.ActivationsUsed), Got: "0"})
		s.exec("UPDATE licenses SET status = 'suspended', near_limit = TRUE WHERE id = $1", l.ID)
		verify(
			billing.Difference{Check: "license.status", Subject: l.ID, Want: "active", Got: "suspended"},
			billing.Difference{Check: "license.history", Subject: l.ID, Want: "active", Got: "suspended"},
			billing.Difference{Check: "license.activations", Subject: l.ID, Want: fmt.Sprint(l.ActivationsUsed), Got: "0"},
			billing.Difference{Check: "license.near_limit", Subject: l.ID, Want: "false", Got: "true"},
		)
	})
}

func TestMissingLines(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		order, line := s.line()
		_, other := s.line()
		l := s.issue(IssueInput{OrderID: order, InvoiceLineID: line})
		var got []billing.Difference
		err := s.DB.Read(context.Background(), func(tx *db.Tx) (err error) {
			got, err = s.MissingLines(context.Background(), tx, []billing.DoneLink{{LineID: line, Target: l.ID}, {LineID: other, Target: l.ID}, {LineID: other, Target: "lic_none"}})
			none, nerr := s.MissingLines(context.Background(), tx, nil)
			if none != nil {
				t.Errorf("of nothing: %v", none)
			}
			return errors.Join(err, nerr)
		})
		want := []billing.Difference{
			{Subject: other, Want: "license " + l.ID + " for this line", Got: "for line " + line},
			{Subject: other, Want: "license lic_none", Got: "none"},
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("MissingLines: %v (-want +got):\n%s", err, diff)
		}
	})
}
