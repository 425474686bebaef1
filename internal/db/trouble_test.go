package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
)

// wantUnavailable checks that err is the answer "not now", with a sentence that names the trouble.
func wantUnavailable(t *testing.T, err error, detail string) {
	t.Helper()
	var fe *fail.Error
	if !errors.As(err, &fe) || fe.Kind != fail.KindUnavailable || fe.RetryAfter <= 0 || !strings.Contains(fe.Detail, detail) {
		t.Errorf("error = %v, want one of kind unavailable that says %q and when to try again", err, detail)
	}
}

func TestLockedFile(t *testing.T) {
	t.Parallel()
	config := dbtest.SQLite(t).Config
	config.Dir = dbtest.SQLiteDir(t)
	config.LockWait = time.Millisecond
	d, err := db.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	other, err := sql.Open("sqlite", "file:"+filepath.Join(config.Dir, db.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, d.Write(t.Context(), putting("x")), "locked")
	wantStored(t, d, "x")
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), putting("x")); err != nil {
		t.Errorf("after the lock was let go: %v", err)
	}
	wantStored(t, d, "x", "x")
}

// limitPages lets the database grow by so many pages more, or without a limit.
func limitPages(t *testing.T, d *db.DB, more int) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		var n int
		if err := tx.SQL().QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&n); err != nil {
			return err
		}
		if more < 0 {
			n, more = 1<<30, 0
		}
		return tx.SQL().QueryRowContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", n+more)).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 1<<20)
	var ran atomic.Int32
	tests := map[string]func(tx *db.Tx) error{
		"told":                    func(tx *db.Tx) error { return put(tx, "x-large", large) },
		"told in other words":     func(tx *db.Tx) error { return fmt.Errorf("store: %w", put(tx, "x-large", large)) },
		"hidden":                  func(tx *db.Tx) error { _ = put(tx, "x-large", large); return nil },
		"hidden, then goes on":    func(tx *db.Tx) error { _ = put(tx, "x-large", large); return put(tx, "x-small", "1") },
		"hidden, then reads":      func(tx *db.Tx) error { _ = put(tx, "x-large", large); _, _ = names(tx, "x"); return nil },
		"mistaken for an absence": func(tx *db.Tx) error { _ = put(tx, "x-large", large); return sql.ErrNoRows },
		"within a savepoint that may fail": func(tx *db.Tx) error {
			_ = tx.Savepoint(context.Background(), func() error { return put(tx, "x-large", large) })
			tx.OnCommit(func() { ran.Add(1) })
			return put(tx, "x-small", "1")
		},
		"within a savepoint that hides it": func(tx *db.Tx) error {
			_ = tx.Savepoint(context.Background(), func() error { _ = put(tx, "x-large", large); return nil })
			_ = tx.Savepoint(context.Background(), func() error { return put(tx, "x-small", "1") })
			return nil
		},
	}
	for name, f := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := dbtest.SQLite(t)
			if err := s.DB.Write(t.Context(), putting("before")); err != nil {
				t.Fatal(err)
			}
			limitPages(t, s.DB, 4)
			wantUnavailable(t, s.DB.Write(t.Context(), f), "disk is full")
			wantStored(t, s.DB, "x")
			wantStored(t, s.DB, "before", "before")

			errs := inGroup(t, s.DB, putting("y1"), f, putting("y2"))
			if errs[0] != nil || errs[2] != nil {
				t.Errorf("what still finds room is refused: %v, %v", errs[0], errs[2])
			}
			wantUnavailable(t, errs[1], "disk is full")
			wantStored(t, s.DB, "x")
			wantStored(t, s.DB, "y", "y1", "y2")

			limitPages(t, s.DB, -1)
			if err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return put(tx, "x-large", large) }); err != nil {
				t.Errorf("with room again: %v", err)
			}
			wantStored(t, s.DB, "x", "x-large")
		})
	}
	t.Cleanup(func() {
		if ran.Load() != 0 {
			t.Error("a lost transaction told of its commit")
		}
	})
}

// What could not be brought to the disk is not promised to anybody, and nothing after it is.
func TestSyncFails(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	if err := s.DB.Write(t.Context(), putting("x1")); err != nil {
		t.Fatal(err)
	}
	wal := filepath.Join(s.Config.Dir, db.FileName+"-wal")
	if err := os.Rename(wal, wal+"-away"); err != nil {
		t.Fatal(err)
	}
	told := false
	err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
		tx.OnCommit(func() { told = true })
		return put(tx, "x2", "1")
	})
	wantUnavailable(t, err, "can't be used")
	wantStored(t, s.DB, "x", "x1", "x2")
	if !told {
		t.Error("what is in memory was not told of what others can read now")
	}
	if err := os.Rename(wal+"-away", wal); err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, s.DB.Write(t.Context(), putting("x3")), "can't be used")
	if err := s.DB.Write(t.Context(), func(*db.Tx) error { return errTest }); !errors.Is(err, errTest) {
		t.Errorf("error = %v, want that of the function", err)
	}

	if err := s.DB.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := db.Open(t.Context(), s.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if err := again.Write(t.Context(), putting("x4")); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	wantStored(t, again, "x", "x1", "x2", "x3", "x4")
}

// proxy stands between a store and its PostgreSQL so that a test can cut the line.
type proxy struct {
	t        *testing.T
	listener net.Listener
	network  string
	server   string

	mu    sync.Mutex
	down  bool
	lines map[net.Conn]bool
}

// throughProxy gives the store of s as it is reached through a proxy.
func throughProxy(t *testing.T, s *dbtest.Store) (db.Config, *proxy) {
	t.Helper()
	u, err := url.Parse(s.Config.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pgx.ParseConfig(s.Config.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, lines: map[net.Conn]bool{}}
	p.network, p.server = pgconn.NetworkAddress(c.Host, c.Port)
	if p.listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(p.serve)
	t.Cleanup(func() {
		_ = p.listener.Close()
		p.cut()
		serving.Wait()
	})
	u.Host = p.listener.Addr().String()
	q := u.Query()
	q.Del("host")
	u.RawQuery = q.Encode()
	config := s.Config
	config.URL = u.String()
	return config, p
}

func (p *proxy) serve() {
	var lines sync.WaitGroup
	defer lines.Wait()
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).DialContext(context.Background(), p.network, p.server)
		if err != nil || !p.add(client, server) {
			_ = client.Close()
			if server != nil {
				_ = server.Close()
			}
			continue
		}
		for from, to := range map[net.Conn]net.Conn{client: server, server: client} {
			lines.Go(func() {
				b := make([]byte, 32<<10)
				for {
					n, err := from.Read(b)
					if n > 0 {
						if _, err := to.Write(b[:n]); err != nil {
							break
						}
					}
					if err != nil {
						break
					}
				}
				_, _ = client.Close(), server.Close()
			})
		}
	}
}

func (p *proxy) add(lines ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range lines {
		p.lines[c] = true
	}
	return !p.down
}

// cut ends all connections and takes no new ones until mend is called.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	for c := range p.lines {
		_ = c.Close()
		delete(p.lines, c)
	}
}

func (p *proxy) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
}

func TestPostgresAway(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	config, line := throughProxy(t, s)
	d, err := db.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Write(t.Context(), putting("x1")); err != nil {
		t.Fatal(err)
	}

	// In the middle of a transaction.
	err = d.Write(t.Context(), func(tx *db.Tx) error {
		if err := put(tx, "x2", "1"); err != nil {
			return err
		}
		line.cut()
		return put(tx, "x3", "1")
	})
	wantUnavailable(t, err, "can't be reached")
	err = d.Write(t.Context(), putting("x4"))
	wantUnavailable(t, err, "can't be reached")
	wantUnavailable(t, d.Read(t.Context(), func(*db.Tx) error { return nil }), "can't be reached")

	// Whoever hides the failure is not told that anything is stored.
	line.mend()
	err = d.Write(t.Context(), func(tx *db.Tx) error {
		_ = put(tx, "x5", "1")
		line.cut()
		_ = tx.Savepoint(t.Context(), func() error { return put(tx, "x6", "1") })
		_ = put(tx, "x7", "1")
		return nil
	})
	wantUnavailable(t, err, "can't be reached")

	line.mend()
	if err := d.Write(t.Context(), putting("x8")); err != nil {
		t.Errorf("with the line mended: %v", err)
	}
	wantStored(t, s.DB, "x", "x1", "x8")
}

// A server that was restarted leaves dead connections in the pool; no caller gets to feel them.
func TestPostgresRestarted(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	admin, err := pgx.Connect(t.Context(), s.Config.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(context.Background()) }()
	endAll := func() {
		t.Helper()
		const q = `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 300000)) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`
		var n int
		if err := admin.QueryRow(t.Context(), q).Scan(&n); err != nil || n == 0 {
			t.Fatalf("ended %d connections, %v", n, err)
		}
	}
	fillPool := func() {
		var together, done sync.WaitGroup
		const n = 6
		together.Add(n)
		for range n {
			done.Go(func() {
				arrived := sync.OnceFunc(together.Done)
				defer arrived()
				err := s.DB.Read(t.Context(), func(*db.Tx) error {
					arrived()
					together.Wait()
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
	}

	fillPool()
	endAll()
	if err := s.DB.Write(t.Context(), putting("x1")); err != nil {
		t.Errorf("write: %v", err)
	}
	fillPool()
	endAll()
	wantStored(t, s.DB, "x", "x1")

	err = s.DB.Write(t.Context(), func(tx *db.Tx) error {
		if err := put(tx, "x2", "1"); err != nil {
			return err
		}
		endAll()
		return put(tx, "x3", "1")
	})
	wantUnavailable(t, err, "can't be reached")
	wantStored(t, s.DB, "x", "x1")
}

// throwing runs a statement that fails with an SQLSTATE of choice.
func throwing(tx *db.Tx, state string) error {
	q := fmt.Sprintf("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '%s'; END $$", state)
	_, err := tx.SQL().ExecContext(context.Background(), q)
	return err
}

func TestPostgresTroubleIsTold(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	for state, unavailable := range map[string]bool{
		"53100": true,  // disk full
		"53300": true,  // too many connections
		"57014": true,  // statement timeout
		"58030": true,  // I/O error
		"25006": true,  // read-only: a standby
		"55P03": true,  // lock not available
		"22012": false, // division by zero
		"23514": false, // check violation
	} {
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return throwing(tx, state) })
		var fe *fail.Error
		if err == nil || errors.As(err, &fe) != unavailable {
			t.Errorf("%s: %v, want unavailable: %t", state, err, unavailable)
		}
	}
	s.Config.URL = strings.Replace(s.Config.URL, "/t_", "/gone_", 1)
	if _, err := db.Open(t.Context(), s.Config); err == nil {
		t.Error("a database that does not exist was opened")
	}
}

func TestPostgresRetries(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	for _, state := range []string{"40001", "40P01"} {
		runs, told := 0, 0
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			runs++
			tx.OnCommit(func() { told++ })
			if err := put(tx, "x-"+state, "1"); err != nil {
				return err
			}
			if runs < 3 {
				return fmt.Errorf("charge: %w", throwing(tx, state))
			}
			return nil
		})
		if err != nil || runs != 3 || told != 1 {
			t.Errorf("%s: %v after %d runs, told %d times", state, err, runs, told)
		}
	}
	wantStored(t, s.DB, "x-", "x-40001", "x-40P01")

	runs := 0
	err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
		runs++
		return throwing(tx, "40001")
	})
	if err == nil || runs != 10 {
		t.Errorf("%v after %d runs, want an end of it", err, runs)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		defer cancel()
		return throwing(tx, "40001")
	})
	if err == nil {
		t.Error("a cancelled write went on")
	}
}

func TestPostgresDeadlock(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	for _, name := range []string{"a", "b"} {
		if err := s.DB.Write(t.Context(), putting(name)); err != nil {
			t.Fatal(err)
		}
	}
	update := func(tx *db.Tx, name string) error {
		_, err := tx.SQL().ExecContext(t.Context(), "UPDATE store_facts SET value = value || 'I' WHERE name = $1", name)
		return err
	}
	var runs atomic.Int32
	var crossed, done sync.WaitGroup
	crossed.Add(2)
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		done.Go(func() {
			first := true
			err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
				runs.Add(1)
				if err := update(tx, order[0]); err != nil {
					return err
				}
				if first { // both hold one lock before either asks for the other
					first = false
					crossed.Done()
					crossed.Wait()
				}
				return update(tx, order[1])
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if runs.Load() < 3 {
		t.Errorf("%d runs, want one of the two to run again", runs.Load())
	}
	err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
		for _, name := range []string{"a", "b"} {
			var value string
			if err := tx.SQL().QueryRowContext(t.Context(), "SELECT value FROM store_facts WHERE name = $1", name).Scan(&value); err != nil || value != "1II" {
				t.Errorf("%s = %q, %v, want both changes once", name, value, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A process that stands still in the middle of a write does not keep the others out.
func TestPostgresFrozen(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	if err := s.DB.Write(t.Context(), putting("x")); err != nil {
		t.Fatal(err)
	}
	frozen := s.Open(t)
	change := func(tx *db.Tx, to string) error {
		_, err := tx.SQL().ExecContext(t.Context(), "UPDATE store_facts SET value = $1 WHERE name = 'x'", to)
		return err
	}
	err := frozen.Write(t.Context(), func(tx *db.Tx) error {
		if err := change(tx, "frozen"); err != nil {
			return err
		}
		// From here on it stands still. It has not until now, however slow this machine is.
		if _, err := tx.SQL().ExecContext(t.Context(), "SET LOCAL idle_in_transaction_session_timeout = 50"); err != nil {
			return err
		}
		if err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return change(tx, "other") }); err != nil {
			t.Error(err)
		}
		return change(tx, "late")
	})
	wantUnavailable(t, err, "can't be reached")
	if err := frozen.Write(t.Context(), func(tx *db.Tx) error { return put(tx, "y", "1") }); err != nil {
		t.Errorf("the next write: %v", err)
	}
	if got := limitOf(t, s.DB, t.Context()); got != "1min" {
		t.Errorf("limit %s", got)
	}
	s.Config.URL += map[bool]string{true: "&", false: "?"}[strings.Contains(s.Config.URL, "?")] + "idle_in_transaction_session_timeout=90s"
	if got := limitOf(t, s.Open(t), t.Context()); got != "90s" {
		t.Errorf("limit of the URL %s", got)
	}
	if got := limitOf(t, s.DB, db.Patient(t.Context())); got != "0" {
		t.Errorf("limit of a patient read %s", got)
	}
	err = s.DB.Read(t.Context(), func(tx *db.Tx) error {
		var value string
		err := tx.SQL().QueryRowContext(t.Context(), "SELECT value FROM store_facts WHERE name = 'x'").Scan(&value)
		if value != "other" {
			t.Errorf("stored %q", value)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// limitOf is for how long a transaction may stand still.
func limitOf(t *testing.T, d *db.DB, ctx context.Context) (limit string) {
	t.Helper()
	err := d.Read(ctx, func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(ctx, "SHOW idle_in_transaction_session_timeout").Scan(&limit)
	})
	if err != nil {
		t.Fatal(err)
	}
	return limit
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]db.Config{
		"nothing":         {},
		"both":            {Dir: t.TempDir(), URL: "postgres://localhost/x"},
		"not a URL":       {URL: "mysql://localhost/x"},
		"nobody listens":  {URL: "postgres://127.0.0.1:1/x?sslmode=disable"},
		"a file, no dir":  {Dir: "trouble_test.go"},
		"not for writing": {Dir: "/proc/nowhere"},
	} {
		if name == "not for writing" && runtime.GOOS != "linux" {
			continue
		}
		if d, err := db.Open(t.Context(), c); err == nil {
			t.Errorf("%s: opened", name)
			_ = d.Close()
		}
	}
	// Characters that mean something in a URI mean nothing in a path.
	parent := filepath.Join(t.TempDir(), "a b", "100% or?#&c=ü")
	for range 2 { // a new store, then one that is there
		d, err := db.Open(t.Context(), db.Config{Dir: filepath.Join(parent, "data"), Clock: clock.System()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(parent, "data", db.FileName)); err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}
