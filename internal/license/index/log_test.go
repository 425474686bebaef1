package index

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

func TestMain(m *testing.M) {
	if os.Getenv(childDir) != "" {
		countUntilKilled(os.Getenv(childDir))
		return
	}
	os.Exit(m.Run())
}

// quietLog opens the log of a SQLite store without a goroutine that folds: the test folds, and kills it by letting
// it go.
func (b *bundle) quietLog(fs files) *checkLog {
	b.t.Helper()
	l, err := openLog(context.Background(), b.DB, b.Config.Dir, fs, slog.New(slog.DiscardHandler))
	if err != nil {
		b.t.Fatal(err)
	}
	l.folder.atOnce = 10
	return l
}

func (b *bundle) segments() (names []string) {
	b.t.Helper()
	found, err := filepath.Glob(filepath.Join(b.Config.Dir, "checks-*"))
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

// counted is how often a license was checked according to the table and to what is pending.
func (b *bundle) counted(l *checkLog, n int) int64 {
	b.t.Helper()
	pending, _, _ := l.pending.of(licenseID(n))
	return pending + number(b.t, b.DB, fmt.Sprintf(`SELECT coalesce(sum(check_count), 0) FROM license_checks WHERE license_id = '%s'`, licenseID(n)))
}

func write(t testing.TB, l *checkLog, checks ...Check) {
	t.Helper()
	if err := l.write(checks); err != nil {
		t.Fatal(err)
	}
}

func finish(t testing.TB, l *checkLog) {
	t.Helper()
	if err := l.finishSegment(); err != nil {
		t.Fatal(err)
	}
}

func foldAll(t testing.TB, l *checkLog) {
	t.Helper()
	if err := l.folder.foldAll(); err != nil {
		t.Fatal(err)
	}
}

func TestLogIsTakenUpAfterAKill(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	b.issue(1, 2)
	l := b.quietLog(osFiles{})
	write(t, l, check(1, 1), check(1, 3), check(2, 2))
	write(t, l, check(1, 2))

	for range 3 { // killed again and again before anything is folded
		l = b.quietLog(osFiles{})
		count, at, ip := l.pending.of(licenseID(1))
		if want := check(1, 3); count != 3 || !at.Equal(want.At) || ip != want.IP.String() {
			t.Fatalf("pending: %d, %v, %s", count, at, ip)
		}
		write(t, l, check(2, 5))
	}
	foldAll(t, l)
	if got, want := b.rows(`SELECT license_id, check_count FROM license_checks ORDER BY license_id`), licenseID(1)+" 3\n"+licenseID(2)+" 4"; got != want {
		t.Errorf("stored:\n%s\nwant\n%s", got, want)
	}
	if left := b.segments(); len(left) != 0 {
		t.Errorf("folded, but still there: %v", left)
	}
	l = b.quietLog(osFiles{})
	foldAll(t, l)
	if n := b.counted(l, 1) + b.counted(l, 2); n != 7 {
		t.Errorf("%d checks after another start, want 7", n)
	}
}

// faulty is a disk that fails when it is told to.
type faulty struct {
	files
	fail      bool
	writes    int // bytes that still get through
	truncates bool
	reads     bool // reading finished segments works all the same
}

var errDisk = errors.New("no space left on device")

func (f *faulty) failing() bool { return f.fail }

func (f *faulty) create(path string) (file, error) {
	if f.fail && f.writes == 0 {
		return nil, errDisk
	}
	under, err := f.files.create(path)
	return &faultyFile{under, f}, err
}

func (f *faulty) read(path string) ([]byte, error) {
	if f.fail && !f.reads {
		return nil, errDisk
	}
	return f.files.read(path)
}

type faultyFile struct {
	file
	disk *faulty
}

func (f *faultyFile) Write(b []byte) (int, error) {
	if !f.disk.fail || len(b) <= f.disk.writes {
		return f.file.Write(b)
	}
	n, err := f.file.Write(b[:f.disk.writes])
	f.disk.writes = 0
	return n, errors.Join(err, errDisk)
}

func (f *faultyFile) Truncate(size int64) error {
	if f.disk.fail && !f.disk.truncates {
		return errDisk
	}
	return f.file.Truncate(size)
}

func TestFullDiskRefusesChecksAndRecovers(t *testing.T) {
	t.Parallel()
	for _, truncates := range []bool{true, false} {
		t.Run(fmt.Sprintf("truncate works %v", truncates), func(t *testing.T) {
			t.Parallel()
			b := setup(t, dbtest.SQLite(t))
			b.issue(1, 1)
			disk := &faulty{files: osFiles{}, truncates: truncates}
			c := &Counts{db: b.DB, log: b.quietLog(disk)}
			c.group.init(1, c.log.write)

			disk.fail = true
			if err := c.Count(t.Context(), check(1, 0)); !unavailable(err) || !errors.Is(err, errDisk) {
				t.Errorf("before there is a file: %v", err)
			}
			disk.fail = false
			count(t, c, check(1, 1))
			disk.fail, disk.writes = true, 20
			for range 3 {
				if err := c.Count(t.Context(), check(1, 2)); !unavailable(err) {
					t.Errorf("disk full: %v", err)
				}
			}
			if n, _, _ := c.PendingChecks(licenseID(1)); n != 1 {
				t.Errorf("%d pending, want 1", n)
			}
			disk.fail = false
			count(t, c, check(1, 3), check(1, 4))
			foldAll(t, c.log)
			if n := number(t, b.DB, `SELECT check_count FROM license_checks`); n != 3 {
				t.Errorf("%d stored, want 3", n)
			}
		})
	}
}

func TestFoldingHappensByItself(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	b.issue(1, 1)
	c := b.open()
	count(t, c, check(1, 1))
	waitFor(t, "the check in the table", func() bool {
		return number(t, b.DB, `SELECT count(*) FROM license_checks WHERE check_count = 1`) == 1
	})
	b.exec(`ALTER TABLE checks_hourly RENAME TO gone`)
	count(t, c, check(1, 2))
	waitFor(t, "a failure to fold", func() bool { return c.Flush(context.Background()) != nil })
	b.exec(`ALTER TABLE gone RENAME TO checks_hourly`)
	waitFor(t, "folding to work again", func() bool {
		return number(t, b.DB, `SELECT count(*) FROM license_checks WHERE check_count = 2`) == 1
	})
}

func TestFoldingGivesWayInARush(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		rush    bool
		backlog int64
		want    time.Duration
	}{
		{"quiet", false, 0, 0},
		{"rush", true, 0, rushPause},
		{"rush, the log grows", true, largeBacklog + 1, largePause},
		{"rush, the log is huge", true, hugeBacklog + 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := folder{l: &checkLog{backlog: tt.backlog}, rush: tt.rush}
			if got := f.pause(); got != tt.want {
				t.Errorf("a pause of %v, want %v", got, tt.want)
			}
		})
	}
}

func TestFoldingThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	b.issue(1, 1)
	disk := &faulty{files: osFiles{}}
	l := b.quietLog(disk)
	write(t, l, check(1, 1))
	disk.fail = true
	if err := l.folder.foldAll(); !errors.Is(err, errDisk) {
		t.Errorf("folded from a disk that can't be read: %v", err)
	}
	disk.fail = false
	b.exec(`ALTER TABLE checks_hourly RENAME TO gone`)
	if err := l.folder.foldAll(); err == nil {
		t.Fatal("folded without a table")
	}
	if n := b.counted(l, 1); n != 1 {
		t.Errorf("%d counted after a failed fold", n)
	}
	b.exec(`ALTER TABLE gone RENAME TO checks_hourly`)
	foldAll(t, l)
	if n := number(t, b.DB, `SELECT check_count FROM license_checks`); n != 1 {
		t.Errorf("%d stored, want 1", n)
	}
}

func TestTooMuchBacklogRefusesChecks(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	l := b.quietLog(osFiles{})
	l.backlog = mostBacklog + 1
	if err := l.write([]Check{check(1, 1)}); !errors.Is(err, errBacklog) {
		t.Errorf("%v", err)
	}
}

func TestLargeLogIsCutIntoSegments(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	b.issue(1, 1)
	l := b.quietLog(osFiles{})
	c := check(1, 1)
	var checks []Check
	for range segmentSize/len(appendRecord(nil, &c)) + 1 {
		checks = append(checks, c)
	}
	write(t, l, checks...)
	write(t, l, checks...)
	if n := len(l.finished); n != 2 {
		t.Errorf("%d segments are finished, want 2", n)
	}
	l = b.quietLog(osFiles{})
	if n := len(l.finished); n != 2 {
		t.Errorf("%d segments are found, want 2", n)
	}
	foldAll(t, l)
	if n := number(t, b.DB, `SELECT check_count FROM license_checks`); n != int64(2*len(checks)) {
		t.Errorf("%d stored, want %d", n, 2*len(checks))
	}
	if l.backlog != 0 {
		t.Errorf("a backlog of %d bytes is left", l.backlog)
	}
}

func TestRestoreSetsTheOldLogAside(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	b.issue(1, 1)
	l := b.quietLog(osFiles{})
	write(t, l, check(1, 1))
	b.exec(`DELETE FROM check_log_position`) // a restored database does not have it
	for range 2 {
		l = b.quietLog(osFiles{})
		if n := b.counted(l, 1); n != 0 {
			t.Errorf("%d checks of another life of the database", n)
		}
	}
	if s := b.segments(); len(s) != 1 || !strings.HasSuffix(s[0], ".log.aside") {
		t.Errorf("files: %v", s)
	}
	write(t, l, check(1, 2))
	foldAll(t, l)
	if n := number(t, b.DB, `SELECT check_count FROM license_checks`); n != 1 {
		t.Errorf("%d stored, want 1", n)
	}
}

// A power cut may take a segment that was being folded. The stored position then means nothing that is there.
func TestLostSegmentIsNotMistaken(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	b.issue(1, 11)
	l := b.quietLog(osFiles{})
	for n := 1; n <= 11; n++ {
		write(t, l, check(n, 1))
	}
	finish(t, l)
	if _, err := l.folder.step(); err != nil {
		t.Fatal(err)
	}
	for _, s := range b.segments() {
		if err := os.Remove(s); err != nil {
			t.Fatal(err)
		}
	}
	l = b.quietLog(osFiles{})
	write(t, l, check(1, 2))
	foldAll(t, l)
	if n := number(t, b.DB, `SELECT check_count FROM license_checks WHERE license_id = '`+licenseID(1)+`'`); n != 2 {
		t.Errorf("%d stored, want 2", n)
	}

	// Gone while it is known: what is left goes on.
	write(t, l, check(1, 3))
	finish(t, l)
	if err := os.Remove(l.path(l.finished[0].number)); err != nil {
		t.Fatal(err)
	}
	write(t, l, check(1, 4))
	foldAll(t, l)
	if n := b.counted(l, 1); n != 4 { // the lost one stays pending until the next start
		t.Errorf("%d counted, want 4", n)
	}
}

func TestSecondFolderIsStopped(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	b.issue(1, 1)
	first := b.quietLog(osFiles{})
	write(t, first, check(1, 1))
	second := b.quietLog(osFiles{})
	foldAll(t, second)
	finish(t, first)
	if _, err := first.folder.step(); !errors.Is(err, errPosition) {
		t.Errorf("the first folded what the second had folded: %v", err)
	}
	if n := number(t, b.DB, `SELECT check_count FROM license_checks`); n != 1 {
		t.Errorf("%d stored, want 1", n)
	}
}

func TestOpenLogIgnoresOtherFiles(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	others := []string{"checks-.log", "checks-1.log", "checks-x-y.log", "checks-x-1.txt", "notes.log"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(b.Config.Dir, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.quietLog(osFiles{})
	for _, name := range others {
		if _, err := os.Stat(filepath.Join(b.Config.Dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// The moment between a commit of folded checks and this process's knowledge of it, seen from both sides.
func TestPendingBesideASnapshot(t *testing.T) {
	t.Parallel()
	var p pending
	p.init()
	p.add([]Check{check(1, 1), check(1, 2), check(1, 3)})
	sums := func(count int64) map[element]sum { return map[element]sum{p.key(licenseID(1)): {count: count, at: 1}} }
	at := []position{{}, {1, 1}, {1, 2}, {2, 0}}
	expect := func(when string, seen position, want int64) {
		t.Helper()
		if n, _, _ := p.beside(seen)(licenseID(1)); n != want {
			t.Errorf("%s, reading at %v: %d, want %d", when, seen, n, want)
		}
	}
	expect("at first", at[0], 3)
	p.begin(&move{from: at[0], to: at[1], sums: sums(1)})
	expect("committing", at[0], 3)
	expect("committed", at[1], 2)
	p.end(false)
	expect("rolled back", at[0], 3)
	for i := range 2 {
		p.begin(&move{from: at[i], to: at[i+1], sums: sums(1)})
		p.end(true)
	}
	expect("two folds later", at[0], 3)
	expect("one fold later", at[1], 2)
	expect("now", at[2], 1)
	p.begin(&move{from: at[2], to: at[3], sums: sums(1)})
	expect("committing the third", at[1], 2)
	expect("committed the third", at[3], 0)
	p.end(true)
	for range 2 * keptMoves {
		p.begin(&move{from: at[3], to: at[3]})
		p.end(true)
	}
	if n := len(p.moved); n != keptMoves {
		t.Errorf("%d folds are kept", n)
	}
}

const childDir = "KEYSTEAD_TEST_COUNT_IN"

// countUntilKilled is the process that TestKillLosesNoAnsweredCheck kills: it counts as fast as it can and says
// which checks it would have answered.
func countUntilKilled(dir string) {
	ctx := context.Background()
	d, err := db.Open(ctx, db.Config{Dir: dir, Clock: clock.NewTest(dbtest.Start)})
	if err != nil {
		panic(err)
	}
	c, err := OpenCounts(ctx, d, CountOptions{Dir: dir})
	if err != nil {
		panic(err)
	}
	var calling sync.WaitGroup
	var next atomic.Int64
	for range killedCallers {
		calling.Go(func() {
			for {
				n := int(next.Add(1)%killedLicenses) + 1
				if err := c.Count(ctx, check(n, 1)); err != nil {
					panic(err)
				}
				if _, err := os.Stdout.WriteString(strconv.Itoa(n) + "\n"); err != nil {
					return
				}
			}
		})
	}
	go func() {
		for {
			if err := c.Flush(ctx); err != nil { // so that some kills hit a fold
				panic(err)
			}
		}
	}()
	calling.Wait()
}

const (
	killedCallers  = 8
	killedLicenses = 600
)

func TestKillLosesNoAnsweredCheck(t *testing.T) {
	t.Parallel()
	dir := dbtest.SQLiteDir(t)
	open := func() *db.DB {
		d, err := db.Open(t.Context(), db.Config{Dir: dir, Clock: clock.NewTest(dbtest.Start)})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	setup(t, &dbtest.Store{DB: d}).issue(1, killedLicenses)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	var answered [killedLicenses + 1]int64
	for round := range 4 {
		child := exec.Command(os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), childDir+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for read := 0; lines.Scan(); read++ {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatal(err)
			}
			answered[n]++
			if read == 1500+700*round {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait() // it was killed

		d := open()
		c, err := OpenCounts(t.Context(), d, CountOptions{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		sum := int64(0)
		for n := 1; n <= killedLicenses; n++ {
			f, err := c.Figures(t.Context(), licenseID(n))
			if err != nil || f.Count < answered[n] {
				t.Errorf("round %d, license %d: %d checks, %v; %d were answered", round, n, f.Count, err, answered[n])
			}
			sum += f.Count
			// Those in flight may have been counted without an answer.
			answered[n] = f.Count
		}
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if stored := number(t, d, `SELECT sum(check_count) FROM license_checks`); stored != sum {
			t.Errorf("round %d: %d checks stored, %d were pending or stored", round, stored, sum)
		}
		if daily := number(t, d, `SELECT sum(check_count) FROM license_checks_daily`); daily != sum {
			t.Errorf("round %d: %d checks in the days, want %d", round, daily, sum)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
