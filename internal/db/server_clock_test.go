package db_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

// The machines of two processes may believe what they like: on PostgreSQL both go by the clock of its server. Here the server
// is ten years ahead of this machine.
func TestPostgresTellsTheTime(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
		for _, q := range []string{
			"CREATE SCHEMA ahead",
			`CREATE FUNCTION ahead.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.clock_timestamp() + interval ''3650 days'''`,
		} {
			if _, err := tx.SQL().ExecContext(t.Context(), q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(s.Config.URL)
	if err != nil {
		t.Fatal(err)
	}
	path := at.Query()
	path.Set("search_path", "ahead,public,pg_catalog") // the server's own functions come last
	at.RawQuery = path.Encode()
	c := db.Config{URL: at.String(), Conns: 2}
	const decade = 3650 * 24 * time.Hour
	for name, write := range map[string]bool{"first process": true, "second process": false} {
		d, err := db.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		in := d.Read
		if write {
			in = d.Write
		}
		var now, wall time.Time
		if err := in(t.Context(), func(tx *db.Tx) error { now, wall = tx.Now, tx.Wall; return nil }); err != nil {
			t.Fatal(err)
		}
		ahead := clock.System().Now().Add(decade)
		for what, got := range map[string]time.Time{"Now": now, "Wall": wall, "the store's clock": d.Clock().Now(), "the real clock": d.Wall().Now()} {
			if off := ahead.Sub(got); off < -time.Minute || off > time.Minute {
				t.Errorf("%s: %s = %v, want that of the server, about %v", name, what, got, ahead)
			}
		}
	}
	// A test store stands still, and its real time is the server's, too.
	d, err := db.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.StandStill(t.Context(), dbtest.Start); err != nil {
		t.Fatal(err)
	}
	now, wall := nows(t, d)
	if off := clock.System().Now().Add(decade).Sub(wall); now != dbtest.Start || off < -time.Minute || off > time.Minute {
		t.Errorf("a test store: Now = %v and Wall = %v", now, wall)
	}
}

// Who gave a clock goes by it on every database.
func TestGivenClockCounts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		if now, wall := nows(t, s.DB); now != dbtest.Start || wall != dbtest.Start {
			t.Errorf("Now = %v, Wall = %v, want %v", now, wall, dbtest.Start)
		}
	})
}
