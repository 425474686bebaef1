package index

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
)

// open opens the counters of the bundle's store; they are closed with the test.
func (b *bundle) open() *Counts {
	b.t.Helper()
	c, err := OpenCounts(context.Background(), b.DB, CountOptions{Dir: b.Config.Dir})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			b.t.Errorf("close the counters: %v", err)
		}
	})
	return c
}

func count(t testing.TB, c *Counts, checks ...Check) {
	t.Helper()
	for _, check := range checks {
		if err := c.Count(context.Background(), check); err != nil {
			t.Fatal(err)
		}
	}
}

func flush(t testing.TB, c *Counts) {
	t.Helper()
	if err := c.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// table returns the rows of a query as text.
func (b *bundle) rows(q string) string {
	b.t.Helper()
	var lines []string
	err := b.DB.Read(context.Background(), func(tx *db.Tx) error {
		rows, err := tx.SQL().QueryContext(context.Background(), q)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		lines = nil
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			if err := rows.Scan(values...); err != nil {
				return err
			}
			var line []string
			for _, v := range values {
				line = append(line, fmt.Sprint(*v.(*any)))
			}
			lines = append(lines, strings.Join(line, " "))
		}
		return rows.Err()
	})
	if err != nil {
		b.t.Fatalf("%s: %v", q, err)
	}
	return strings.Join(lines, "\n")
}

func TestCountsReachTheTables(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		b.issue(1, 3)
		b.changeUnseen(1, activate("a.example"))
		c := b.open()
		midnight := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		paris := time.FixedZone("Paris", 3600)
		at := func(n int, at time.Time, ip, identifier string) Check {
			return Check{LicenseID: licenseID(n), At: at, IP: netip.MustParseAddr(ip), Identifier: identifier, Version: "1.0", UserAgent: "curl", Result: Valid}
		}
		late := at(2, midnight.Add(-time.Second), "2001:db8::1", "b.example")
		late.Result, late.Version, late.UserAgent = "not_activated", "2.1", "Mozilla"
		count(t, c,
			at(1, midnight.Add(-time.Microsecond), "192.0.2.1", "a.example"),
			at(1, midnight.In(paris), "::ffff:192.0.2.2", "a.example"),
			at(1, midnight.Add(-time.Hour), "192.0.2.3", ""),
			late,
			Check{LicenseID: licenseID(2), At: midnight.Add(-time.Minute)},
		)
		flush(t, c)
		flush(t, c) // nothing more to do

		for q, want := range map[string]string{
			`SELECT license_id, check_count, last_check_at, last_check_ip FROM license_checks ORDER BY license_id`: fmt.Sprintf(
				"%s 3 %d 192.0.2.2\n%s 2 %d 2001:db8::1", licenseID(1), midnight.UnixMicro(), licenseID(2), late.At.UnixMicro()),
			`SELECT license_id, day, check_count FROM license_checks_daily ORDER BY license_id, day`: fmt.Sprintf(
				"%[1]s 2026-03-01 2\n%[1]s 2026-03-02 1\n%[2]s 2026-03-01 2", licenseID(1), licenseID(2)),
			`SELECT hour, check_count FROM checks_hourly ORDER BY hour`: fmt.Sprintf("%d 4\n%d 1", midnight.Add(-time.Hour).UnixMicro(), midnight.UnixMicro()),
			`SELECT identifier, last_seen_at FROM activations`:          fmt.Sprintf("a.example %d", midnight.UnixMicro()),
			`SELECT license_id, at, result, identifier, version, ip, user_agent FROM verification_log`: fmt.Sprintf(
				"%s %d not_activated b.example 2.1 2001:db8::1 Mozilla", licenseID(2), late.At.UnixMicro()),
		} {
			if got := b.rows(q); got != want {
				t.Errorf("%s:\n%s\nwant\n%s", q, got, want)
			}
		}

		// An earlier check, counted by a slower process, does not turn the last one back.
		count(t, c, at(1, midnight.Add(-2*time.Hour), "192.0.2.9", "a.example"))
		flush(t, c)
		f, err := c.Figures(t.Context(), licenseID(1))
		if err != nil || f.Count != 4 || !f.LastAt.Equal(midnight) || f.LastIP != "192.0.2.2" {
			t.Errorf("figures %+v, %v", f, err)
		}
		if f, err := c.Figures(t.Context(), licenseID(3)); err != nil || f != (Figures{}) {
			t.Errorf("figures of a license that nobody checked: %+v, %v", f, err)
		}
		if got := number(t, b.DB, `SELECT last_seen_at FROM activations`); got != midnight.UnixMicro() {
			t.Errorf("the activation was last seen at %d", got)
		}
	})
}

// Many at once, over several rounds of folding: every answered check is in the figures at any time, and nothing is
// twice.
func TestFiguresAreExactAtAnyTime(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		const licenses, callers, each = 5, 12, 40
		b.issue(1, licenses)
		c := b.open()
		var begun, answered [licenses + 1]atomic.Int64
		var calling, watching sync.WaitGroup
		done := make(chan struct{})
		for caller := range callers {
			calling.Go(func() {
				for i := range each {
					n := (caller+i)%licenses + 1
					begun[n].Add(1)
					check := check(n, i)
					if i%5 == 0 {
						check.Result = "expired"
					}
					if err := c.Count(context.Background(), check); err != nil {
						t.Error(err)
					}
					answered[n].Add(1)
				}
			})
		}
		watching.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				n := rand.IntN(licenses) + 1
				least := answered[n].Load()
				f, err := c.Figures(context.Background(), licenseID(n))
				if most := begun[n].Load(); err != nil || f.Count < least || f.Count > most {
					t.Errorf("license %d: %d checks, %v; between %d and %d were counted", n, f.Count, err, least, most)
					return
				}
			}
		})
		watching.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					flush(t, c)
				}
			}
		})
		calling.Wait()
		close(done)
		watching.Wait()
		flush(t, c)
		if n := number(t, b.DB, `SELECT sum(check_count) FROM license_checks`); n != callers*each {
			t.Errorf("%d checks in the table, want %d", n, callers*each)
		}
		if n := number(t, b.DB, `SELECT count(*) FROM verification_log`); n != callers*each/5 {
			t.Errorf("%d in the verification log, want %d", n, callers*each/5)
		}
		for n := 1; n <= licenses; n++ {
			if pending, _, _ := c.PendingChecks(licenseID(n)); pending != 0 {
				t.Errorf("license %d: %d still pending", n, pending)
			}
		}
	})
}

func TestTwoProcessesCountTogether(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	b := setup(t, s)
	const licenses, callers, each = 7, 8, 30
	b.issue(1, licenses)
	for n := 1; n <= licenses; n++ {
		b.changeUnseen(n, activate("a.example"))
	}
	other := &bundle{Store: &dbtest.Store{DB: s.Open(t)}, t: t}
	var calling sync.WaitGroup
	for _, c := range []*Counts{b.open(), other.open()} {
		for range callers {
			calling.Go(func() {
				for i := range each {
					check := check(rand.IntN(licenses)+1, i)
					check.Identifier = "a.example"
					if err := c.Count(context.Background(), check); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	calling.Wait()
	for _, table := range []string{"license_checks", "license_checks_daily", "checks_hourly"} {
		if n := number(t, b.DB, `SELECT sum(check_count) FROM `+table); n != 2*callers*each {
			t.Errorf("%s: %d checks, want %d", table, n, 2*callers*each)
		}
	}
}

func TestWhatSoftwareSendsCanAlwaysBeStored(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		b.issue(1, 1)
		c := b.open()
		for _, text := range []string{"", "a\x00b", "\xff\xfe", "line\nbreak", strings.Repeat("é", 5000), "ok"} {
			count(t, c, Check{LicenseID: licenseID(1), At: dbtest.Start, Result: "expired", Identifier: text, Version: text, UserAgent: text})
		}
		flush(t, c)
		if n := number(t, b.DB, `SELECT count(*) FROM verification_log`); n != 6 {
			t.Errorf("%d stored", n)
		}
		longest := b.rows(`SELECT user_agent FROM verification_log ORDER BY length(user_agent) DESC LIMIT 1`)
		if len(longest) != 512 || !utf8.ValidString(longest) {
			t.Errorf("%d bytes of the longest user agent, valid %v", len(longest), utf8.ValidString(longest))
		}
	})
}

func TestChecksOfNoLicenseHarmNobody(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		b.issue(1, 1)
		c := b.open()
		checks := []Check{check(1, 1), check(2, 2)}
		checks[1].Result, checks[1].Identifier = "expired", "a.example"
		if err := c.group.keep(checks); err != nil { // as one batch
			t.Fatal(err)
		}
		flush(t, c)
		if got, want := b.rows(`SELECT license_id, check_count FROM license_checks`), licenseID(1)+" 1"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

func TestTidy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		s    string
		most int
		want string
	}{
		{"", 0, ""},
		{"plain", 5, "plain"},
		{"plain", 4, "plai"},
		{"é", 1, ""},
		{"aé", 2, "a"},
		{"a\x00\x1f\x7fb", 9, "ab"},
		{"a\xffb", 9, "a\uFFFDb"},
		{"日本", 6, "日本"},
		{"日本", 5, "日"},
	} {
		if got := tidy(tt.s, tt.most); got != tt.want {
			t.Errorf("tidy(%q, %d) = %q, want %q", tt.s, tt.most, got, tt.want)
		}
	}
}

func unavailable(err error) bool {
	e := fail.Of(err)
	return e != nil && e.Kind == fail.KindUnavailable && e.RetryAfter > 0
}

func TestClosedCountsRefuse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		b.issue(1, 1)
		c := b.open()
		count(t, c, check(1, 0))
		for range 2 {
			if err := c.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := number(t, b.DB, `SELECT check_count FROM license_checks`); n != 1 {
			t.Errorf("%d checks stored by closing", n)
		}
		if err := c.Count(t.Context(), check(1, 0)); !unavailable(err) || !errors.Is(err, errClosed) {
			t.Errorf("counting after closing: %v", err)
		}
	})
}

func TestPostgresAwayAndBack(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.Postgres(t))
	b.issue(1, 1)
	c := b.open()
	count(t, c, check(1, 0))

	b.exec(`ALTER TABLE license_checks RENAME TO gone`)
	if err := c.Count(t.Context(), check(1, 1)); !unavailable(err) {
		t.Errorf("without the table: %v", err)
	}
	b.exec(`ALTER TABLE gone RENAME TO license_checks`)
	count(t, c, check(1, 2))

	b.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE '%commit%'`)
	waitFor(t, "counting to work again", func() bool { return c.Count(t.Context(), check(1, 3)) == nil })
	if n := number(t, b.DB, `SELECT check_count FROM license_checks`); n != 3 {
		t.Errorf("%d checks, want 3", n)
	}
	if n := number(t, b.DB, `SELECT sum(check_count) FROM license_checks_daily`); n != 3 {
		t.Errorf("%d checks in the days, want 3", n)
	}
}
