package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite" // registers the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/keystead/keystead/internal/db/query"
)

// FileName is the name of a SQLite store's database inside its folder.
const FileName = "keystead.db"

const (
	groupSize       = 64               // most members of one group commit
	checkpointEvery = time.Second      // how often the write-ahead log is moved into the database
	truncateAbove   = 64 << 20         // bytes of write-ahead log above which a checkpoint also shortens it
	mmapSize        = "2147418112"     // the most that SQLite maps; pages beyond it go through the cache
	lockWait        = 10 * time.Second // how long a statement waits for another process's lock
)

// lite is a SQLite store: one connection that writes, in groups, and a pool that reads.
type lite struct {
	path    string
	log     *slog.Logger
	writeDB *sql.DB
	readDB  *sql.DB
	writer  *liteConn
	readers chan *liteConn // those that are idle
	spare   chan struct{}  // one for each reader that may still be opened
	queue   chan *member
	commits chan []*member // groups that are committed and wait to be synced
	done    chan struct{}  // closed when everybody has been answered
	stop    chan struct{}
	loops   sync.WaitGroup
	close   func() error // safe to call twice
}

// member is one write transaction that waits for its turn in a group.
type member struct {
	ctx   context.Context //nolint:containedctx // of the caller who waits
	db    *DB
	f     func(tx *Tx) error
	err   error
	tx    *Tx
	state atomic.Int32
	// committed says that what f did is in the database, even if err says that it could not be synced.
	committed bool
	done      chan struct{} // closed when err holds the verdict
}

// The states of a member.
const (
	waiting int32 = iota
	taken         // by the writer, which will answer
	gone          // its caller no longer waits
)

// take claims m for the writer, before a first run and again before a second.
func (m *member) take() bool {
	return m.state.CompareAndSwap(waiting, taken) || m.state.Load() == taken
}

func liteDSN(path string, wait time.Duration, readOnly bool) string {
	if wait == 0 {
		wait = lockWait
	}
	q := url.Values{}
	// busy_timeout comes first: the pragmas after it may already meet a lock.
	pragmas := []string{
		fmt.Sprintf("busy_timeout(%d)", wait.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(NORMAL)", // commits are synced by syncLoop, before their callers are told
		"foreign_keys(1)",
		"mmap_size(" + mmapSize + ")",
		"cache_size(-8000)",
		"temp_store(MEMORY)",
		"wal_autocheckpoint(20000)", // only a safety net: the timer checkpoints
	}
	if readOnly {
		pragmas = append(pragmas, "query_only(1)")
	}
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	q.Set("_txlock", "immediate")
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func openLite(ctx context.Context, c Config, log *slog.Logger) (*lite, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(c.Dir, FileName)
	l := &lite{path: path, log: log, queue: make(chan *member, 1024), commits: make(chan []*member, groupSize), done: make(chan struct{}), stop: make(chan struct{})}
	l.close = sync.OnceValue(l.shutDown)
	var err error
	if l.writeDB, err = sql.Open("sqlite", liteDSN(path, c.LockWait, false)); err != nil {
		return nil, err
	}
	if err := migrate(ctx, l.writeDB, SQLite, c.Schema); err != nil {
		return nil, errors.Join(err, l.writeDB.Close())
	}
	if l.readDB, err = sql.Open("sqlite", liteDSN(path, c.LockWait, true)); err != nil {
		return nil, errors.Join(err, l.writeDB.Close())
	}
	if l.writer, err = newLiteConn(ctx, l.writeDB); err != nil {
		return nil, errors.Join(err, l.writeDB.Close(), l.readDB.Close())
	}
	n := max(4, runtime.NumCPU())
	l.readDB.SetMaxOpenConns(n + 1)
	l.readers, l.spare = make(chan *liteConn, n), make(chan struct{}, n)
	first, err := newLiteConn(ctx, l.readDB)
	if err != nil {
		return nil, errors.Join(err, l.writeDB.Close(), l.readDB.Close())
	}
	l.readers <- first
	for range n - 1 {
		l.spare <- struct{}{}
	}
	l.loops.Go(l.writeLoop)
	l.loops.Go(l.syncLoop)
	l.loops.Go(l.checkpointLoop)
	return l, nil
}

func (l *lite) shutDown() error {
	close(l.stop)
	l.loops.Wait()
	for range cap(l.readers) {
		select {
		case c := <-l.readers:
			c.close()
		case <-l.spare:
		}
	}
	l.writer.close()
	return errors.Join(l.readDB.Close(), l.writeDB.Close())
}

// liteConn is a connection with its prepared statements. It serves one transaction at a time. Statements of a
// writer ignore cancellation: SQLite answers an interrupted write by rolling back the whole transaction, which
// may belong to others as well.
type liteConn struct {
	*sql.Conn
	stmts map[string]*sql.Stmt
}

func newLiteConn(ctx context.Context, db *sql.DB) (*liteConn, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &liteConn{Conn: c, stmts: map[string]*sql.Stmt{}}, nil
}

func (c *liteConn) close() {
	for _, s := range c.stmts {
		_ = s.Close()
	}
	_ = c.Close()
}

// maxStatements bounds the cache: list pages make statements of many shapes.
const maxStatements = 400

// trim empties a cache that has grown too large. It is called between transactions only: within one, somebody may
// still be reading the rows of a statement.
func (c *liteConn) trim() {
	if len(c.stmts) < maxStatements {
		return
	}
	for q, s := range c.stmts {
		_ = s.Close()
		delete(c.stmts, q)
	}
}

func (c *liteConn) stmt(q string) (*sql.Stmt, error) {
	if s, ok := c.stmts[q]; ok {
		return s, nil
	}
	s, err := c.Conn.PrepareContext(context.Background(), q)
	if err == nil {
		c.stmts[q] = s
	}
	return s, err
}

// liteTx runs statements on a connection for one transaction.
type liteTx struct {
	c     *liteConn
	write bool
	lost  error // why the transaction can't be committed any more
}

func (t *liteTx) context(ctx context.Context) context.Context {
	if t.write {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// stmt prepares a statement of the transaction. A lost one gives none: SQLite may have rolled it back already, and
// whoever went on after its error would write outside of any transaction.
func (t *liteTx) stmt(q string) (*sql.Stmt, error) {
	if t.lost != nil {
		return nil, t.lost
	}
	s, err := t.c.stmt(q)
	return s, t.note(err)
}

// note watches for the errors after which SQLite rolls back the whole transaction, not only the statement.
func (t *liteTx) note(err error) error {
	var le *sqlite.Error
	if !t.write || !errors.As(err, &le) {
		return err
	}
	switch le.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		t.lose(err)
	}
	return err
}

func (t *liteTx) lose(err error) {
	if t.lost == nil {
		t.lost = &lostError{err}
	}
}

func (t *liteTx) ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error) {
	s, err := t.stmt(q)
	if err != nil {
		return nil, err
	}
	r, err := s.ExecContext(t.context(ctx), args...)
	return r, t.note(err)
}

func (t *liteTx) QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	s, err := t.stmt(q)
	if err != nil {
		return nil, err
	}
	r, err := s.QueryContext(t.context(ctx), args...)
	return r, t.note(err)
}

func (t *liteTx) QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row {
	s, err := t.stmt(q)
	switch {
	case t.lost != nil:
		// A Row can't be made by hand; a cancelled context gives one that carries an error and touches nothing.
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return t.c.QueryRowContext(ctx, q, args...)
	case err != nil:
		return t.c.QueryRowContext(t.context(ctx), q, args...) // meets the same error
	}
	r := s.QueryRowContext(t.context(ctx), args...)
	_ = t.note(r.Err())
	return r
}

func (t *liteTx) PrepareContext(ctx context.Context, q string) (*sql.Stmt, error) {
	return t.c.PrepareContext(ctx, q)
}

var _ query.DBTX = (*liteTx)(nil)

// reader gives a connection that reads, once one is free. A new one reads the whole schema, so it is opened only when
// all that are open are busy. It goes back to readers.
func (l *lite) reader(ctx context.Context) (*liteConn, error) {
	select {
	case c := <-l.readers:
		return c, nil
	default:
	}
	select {
	case c := <-l.readers:
		return c, nil
	case <-l.spare:
		c, err := newLiteConn(ctx, l.readDB)
		if err != nil {
			l.spare <- struct{}{}
		}
		return c, err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.stop:
		return nil, errClosed
	}
}

func (l *lite) read(ctx context.Context, d *DB, f func(tx *Tx) error) (err error) {
	c, err := l.reader(ctx)
	if err != nil {
		return err
	}
	defer func() {
		c.trim()
		l.readers <- c
	}()
	t := &liteTx{c: c}
	if _, err := t.ExecContext(ctx, "BEGIN DEFERRED"); err != nil {
		return err
	}
	defer func() {
		if _, rerr := t.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); rerr != nil && err == nil {
			err = rerr
		}
	}()
	return f(d.newTx(t))
}

var (
	errClosed = errors.New("the store is closed")
	errSync   = errors.New("the write-ahead log could not be synced")
)

func (l *lite) write(ctx context.Context, d *DB, f func(tx *Tx) error) error {
	m := &member{ctx: ctx, db: d, f: f, done: make(chan struct{})}
	select {
	case l.queue <- m:
	case <-ctx.Done():
		return ctx.Err()
	case <-l.stop:
		return errClosed
	}
	select {
	case <-m.done:
	case <-ctx.Done():
		if m.state.CompareAndSwap(waiting, gone) {
			return ctx.Err()
		}
		<-m.done // it is running, or has
	case <-l.done:
		// The loop ended; it has answered whom it took.
		select {
		case <-m.done:
		default:
			return errClosed
		}
	}
	if m.committed {
		for _, hook := range m.tx.onCommit {
			hook()
		}
	}
	return m.err
}

// writeLoop commits waiting members in groups: whoever queued while the last group was synced goes together, so
// that one sync serves them all.
func (l *lite) writeLoop() {
	defer close(l.commits)
	for {
		select {
		case m := <-l.queue:
			l.commitGroup(l.gather(m))
		case <-l.stop:
			for {
				select {
				case m := <-l.queue:
					l.commitGroup(l.gather(m))
				default:
					return
				}
			}
		}
	}
}

func (l *lite) gather(first *member) []*member {
	// Let the requests that are ready to write do so: one more member costs less than one more sync.
	runtime.Gosched()
	group := []*member{first}
	for len(group) < groupSize {
		select {
		case m := <-l.queue:
			group = append(group, m)
		default:
			return group
		}
	}
	return group
}

func (l *lite) commitGroup(group []*member) {
	if !l.tryGroup(group) {
		// The transaction as a whole was lost. One at a time, each gets its own verdict.
		for _, m := range group {
			l.tryGroup([]*member{m})
		}
	}
	var promised []*member
	for _, m := range group {
		m.committed = m.err == nil && m.tx != nil
		if relaxed(m.ctx) {
			close(m.done)
			continue
		}
		promised = append(promised, m)
	}
	if len(promised) > 0 {
		l.commits <- promised
	}
}

// syncLoop answers the members of committed groups once the write-ahead log is on the disk. While it waits for that,
// the next group is already written; one sync serves all that have gathered meanwhile.
//
// So a commit is durable before its caller is told of it, as with synchronous=FULL, but the writer does not stand
// still for the disk. In between, others may read what a power cut can still take back; whatever they write because of
// it is synced after it, as both are in the same log.
//
// After a sync that failed nobody is told of success any more until the program is started again: the kernel has
// dropped what it could not write, and the next sync would not know of it.
func (l *lite) syncLoop() {
	defer close(l.done)
	var failed error
	for group := range l.commits {
		for len(l.commits) > 0 {
			group = append(group, <-l.commits...)
		}
		if failed == nil && slices.ContainsFunc(group, func(m *member) bool { return m.committed }) {
			if err := l.sync(); err != nil {
				failed = fmt.Errorf("%w: %w", errSync, err)
				l.log.Error("what was written could not be brought to the disk; nothing is promised until a restart", "err", err)
			}
		}
		for _, m := range group {
			if m.committed && failed != nil {
				m.err = failed
			}
			close(m.done)
		}
	}
}

// sync brings the write-ahead log to the disk. Frames that a checkpoint has moved out of it are in the database file,
// which SQLite synced before it used their place again.
func (l *lite) sync() error {
	wal, err := os.Open(l.path + "-wal")
	if err != nil {
		return err
	}
	return errors.Join(wal.Sync(), wal.Close())
}

// tryGroup runs the members in one transaction, each in its own savepoint, and reports whether every member has
// its verdict. If false, nothing is stored.
func (l *lite) tryGroup(group []*member) bool {
	l.writer.trim()
	t := &liteTx{c: l.writer, write: true}
	ctx := context.Background()
	alone := len(group) == 1
	if _, err := t.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		for _, m := range group {
			m.err = err
		}
		return true
	}
	for _, m := range group {
		m.tx, m.err = nil, m.ctx.Err()
		if !m.take() || m.err != nil {
			continue
		}
		m.tx = m.db.newTx(t)
		if alone {
			m.err = guard(m)
		} else {
			m.err = m.tx.Savepoint(ctx, func() error { return guard(m) })
		}
		if t.lost != nil {
			m.err = t.lost // whatever the member made of it
			break
		}
	}
	if t.lost == nil && (!alone || group[0].err == nil) {
		_, err := t.ExecContext(ctx, "COMMIT")
		if err == nil {
			return true
		}
		if alone {
			group[0].err = err
		}
	}
	// A failed statement may have ended the transaction already; then this says so and changes nothing.
	_, _ = (&liteTx{c: l.writer, write: true}).ExecContext(ctx, "ROLLBACK")
	return alone
}

// guard turns a panic of a member into its own error, so that neighbours keep their transaction.
func guard(m *member) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v\n%s", p, stack())
		}
	}()
	return m.f(m.tx)
}

func stack() []byte {
	b := make([]byte, 4<<10)
	return b[:runtime.Stack(b, false)]
}

func (l *lite) checkpointLoop() {
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
			mode := "PASSIVE"
			info, err := os.Stat(l.path + "-wal")
			if err != nil || info.Size() < 1<<20 {
				continue
			}
			if info.Size() > truncateAbove {
				mode = "TRUNCATE"
			}
			// A checkpoint writes the database file, so it needs a connection that is not query_only.
			if _, err := l.writeDB.ExecContext(context.Background(), "PRAGMA wal_checkpoint("+mode+")"); err != nil {
				l.log.Warn("checkpoint of the write-ahead log failed; it will be tried again", "err", err)
			}
		}
	}
}
