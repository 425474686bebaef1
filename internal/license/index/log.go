package index

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/keystead/keystead/internal/db"
)

// checkLog is the log of a SQLite store's checks: files checks-<epoch>-<n>.log beside the database. One of these
// segments is being written; the others are finished, and go when they have been folded into the tables.
//
// The epoch ties the log to one life of the database: a restored one begins another, and the segments
// of the old one, which tell of checks that it may already have, are set aside.
type checkLog struct {
	db      *db.DB
	dir     string
	files   files
	log     *slog.Logger
	epoch   string
	pending pending

	written atomic.Uint64 // checks, since the start

	mu       sync.Mutex
	file     file  // the segment being written; nil: none is
	number   int64 // of the segment being written, or of the next one
	size     int64 // of the segment, as far as it is good
	torn     bool  // there may be more in the file than is good
	finished []segment
	backlog  int64 // bytes in finished
	ended    bool
	buffer   []byte

	folder folder
}

// segment is a finished part of the log.
type segment struct{ number, size int64 }

const (
	// segmentSize is when a segment is finished. All checks of a license in one segment are folded at once.
	segmentSize = 4 << 20
	// mostBacklog bounds the log if it can't be folded: some ten million checks.
	mostBacklog = 1 << 30
)

// files are how the log reaches the disk; tests make them fail.
type files interface {
	create(path string) (file, error)
	// read returns what a finished file holds, once that is certain to stay.
	read(path string) ([]byte, error)
	remove(path string) error
}

type file interface {
	Write(b []byte) (int, error)
	Truncate(size int64) error
	Close() error
}

type osFiles struct{}

func (osFiles) create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
}

func (osFiles) read(path string) (b []byte, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	// The position that is stored while a segment is folded means what the segment holds now. If a power cut took
	// some of that away, the position would point at something else.
	err = f.Sync()
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func (osFiles) remove(path string) error { return os.Remove(path) }

const (
	logPrefix = "checks-"
	logSuffix = ".log"
)

func (l *checkLog) path(number int64) string {
	return filepath.Join(l.dir, fmt.Sprintf("%s%s-%d%s", logPrefix, l.epoch, number, logSuffix))
}

// segmentName reads the name of a segment's file.
func segmentName(name string) (epoch string, number int64, ok bool) {
	name, isLog := strings.CutSuffix(name, logSuffix)
	name, isCheck := strings.CutPrefix(name, logPrefix)
	epoch, n, found := strings.Cut(name, "-")
	number, err := strconv.ParseInt(n, 10, 64)
	return epoch, number, isLog && isCheck && found && err == nil
}

// openLog takes up the log where the database says that it stands.
func openLog(ctx context.Context, d *db.DB, dir string, fs files, logger *slog.Logger) (*checkLog, error) {
	l := &checkLog{db: d, dir: dir, files: fs, log: logger}
	l.pending.init()
	at, err := l.readPosition(ctx)
	if err != nil {
		return nil, err
	}
	found, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	l.number = at.segment
	for _, f := range found {
		epoch, number, ok := segmentName(f.Name())
		if !ok {
			continue
		}
		path := filepath.Join(dir, f.Name())
		if epoch != l.epoch {
			logger.Warn("a log of checks from before a restore is set aside", "file", f.Name())
			if err := os.Rename(path, path+".aside"); err != nil {
				return nil, err
			}
			continue
		}
		l.number = max(l.number, number)
		if number < at.segment { // folded, but not removed any more
			if err := fs.remove(path); err != nil {
				return nil, err
			}
			continue
		}
		info, err := f.Info()
		if err != nil {
			return nil, err
		}
		l.finished = append(l.finished, segment{number: number, size: info.Size()})
		l.backlog += info.Size()
	}
	// Never a number that was used: the stored position may mean it.
	l.number++
	slices.SortFunc(l.finished, func(a, b segment) int { return int(a.number - b.number) })
	l.pending.at = at
	for _, s := range l.finished {
		items, err := l.items(s)
		if err != nil {
			return nil, err
		}
		if s.number == at.segment {
			items = items[min(int(at.folded), len(items)):]
		}
		l.pending.addItems(items)
	}
	l.folder.init(l, at)
	return l, nil
}

func (l *checkLog) readPosition(ctx context.Context) (at position, err error) {
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		p, err := tx.ReadCheckLogPosition(ctx)
		if db.NotFound(err) {
			if err := tx.StartCheckLog(ctx, strings.ToLower(rand.Text())); err != nil {
				return err
			}
			p, err = tx.ReadCheckLogPosition(ctx)
		}
		l.epoch, at = p.Epoch, position{segment: p.Segment, folded: p.Folded}
		return err
	})
	return at, err
}

var errBacklog = errors.New("too much of the check log waits to be folded")

// write appends checks to the log. On failure the log is as before.
func (l *checkLog) write(checks []Check) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ended:
		return errClosed
	case l.backlog > mostBacklog:
		return errBacklog
	}
	if l.file == nil {
		f, err := l.files.create(l.path(l.number))
		if err != nil {
			return err
		}
		l.file, l.size, l.torn = f, 0, false
	}
	if err := l.mend(); err != nil {
		return err
	}
	l.buffer = l.buffer[:0]
	if l.size == 0 {
		l.buffer = append(l.buffer, segmentHead...)
	}
	for i := range checks {
		l.buffer = appendRecord(l.buffer, &checks[i])
	}
	if _, err := l.file.Write(l.buffer); err != nil {
		// Part of it may be there. Nobody is told that these checks were counted, so they must not be.
		l.torn = true
		return errors.Join(err, l.mend())
	}
	l.size += int64(len(l.buffer))
	l.written.Add(uint64(len(checks)))
	l.pending.add(checks)
	if l.size >= segmentSize {
		return l.finishSegment()
	}
	return nil
}

// mend removes what a failed write left. The caller holds mu.
func (l *checkLog) mend() error {
	if !l.torn {
		return nil
	}
	err := l.file.Truncate(l.size)
	l.torn = err != nil
	return err
}

// finishSegment ends the segment being written, if it holds anything. The caller holds mu.
func (l *checkLog) finishSegment() error {
	if l.file == nil || l.size == 0 {
		return nil
	}
	if err := l.mend(); err != nil {
		return fmt.Errorf("segment %d: %w", l.number, err)
	}
	if err := l.file.Close(); err != nil {
		l.log.Warn("close a segment of the check log", "segment", l.number, "err", err)
	}
	l.finished = append(l.finished, segment{number: l.number, size: l.size})
	l.backlog += l.size
	l.file = nil
	l.number++
	return nil
}

// close ends the log: what can be folded is folded.
func (l *checkLog) close(ctx context.Context) error {
	err := l.flush(ctx)
	l.folder.end()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.file == nil {
		return err
	}
	err = errors.Join(err, l.mend(), l.file.Close())
	l.file = nil
	return err
}
