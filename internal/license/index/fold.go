package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// Folding moves finished segments of the log into the tables.
//
// A segment is read as a whole and summed up into items, each one row of a table, in an order that depends on the
// segment alone. They are stored a few at a time, so that other writers get their turn, and each transaction stores
// with them how many of the segment's items are done. Whatever ends the process, the next one sums up the same
// segment, gets the same items, and goes on behind those that are done: nothing counts twice or not at all.
const (
	foldAtOnce = 256         // items in one transaction
	foldTick   = time.Second // how often is looked at what there is to do
	foldAge    = 2           // ticks after which a segment is finished although it is small
	// Above rushRate checks in a tick folding makes pauses, so that checks get the processor; shorter ones when the
	// log has grown by largeBacklog bytes, none beyond hugeBacklog.
	rushRate     = 2000
	rushPause    = 20 * time.Millisecond
	largeBacklog = 128 << 20
	largePause   = 4 * time.Millisecond
	hugeBacklog  = 512 << 20
)

// folder is the goroutine that folds.
type folder struct {
	l       *checkLog
	stop    chan struct{}
	once    sync.Once
	stopped chan struct{}
	flushes chan chan error

	// The rest belongs to the goroutine.
	atOnce int      // foldAtOnce; tests take less
	at     position // of the log in the tables
	items  []item   // of the segment that is being folded; nil: none is
	done   int      // how many of them are in the tables
	rush   bool
	age    int // ticks since the segment being written was first seen
	young  int64
	seen   uint64 // checks written at the last tick
	ill    bool
}

func (f *folder) init(l *checkLog, at position) {
	f.l, f.at, f.atOnce = l, at, foldAtOnce
	f.stop, f.stopped, f.flushes = make(chan struct{}), make(chan struct{}), make(chan chan error)
}

func (f *folder) end() {
	f.once.Do(func() { close(f.stop) })
	<-f.stopped
}

// run folds until end is called.
func (f *folder) run() {
	defer close(f.stopped)
	tick := time.NewTicker(foldTick)
	defer tick.Stop()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-f.stop:
			return
		case answer := <-f.flushes:
			answer <- f.foldAll()
		case <-tick.C:
			if err := f.look(); err != nil {
				f.report(err)
				continue
			}
			next.Reset(0)
		case <-next.C:
			more, err := f.step()
			f.report(err)
			if more && err == nil {
				next.Reset(f.pause())
			}
		}
	}
}

// flush folds all that was written before it.
func (l *checkLog) flush(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case l.folder.flushes <- answer:
	case <-l.folder.stopped:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// look notes how busy the log is, and finishes a segment that has waited long enough for more.
func (f *folder) look() error {
	written := f.l.written.Load()
	f.rush = written-f.seen > rushRate
	f.seen = written

	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	if f.l.number != f.young || f.l.file == nil {
		f.young, f.age = f.l.number, 0
	}
	if f.age++; f.age <= foldAge {
		return nil
	}
	return f.l.finishSegment()
}

func (f *folder) pause() time.Duration {
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	switch {
	case !f.rush || f.l.backlog > hugeBacklog:
		return 0
	case f.l.backlog > largeBacklog:
		return largePause
	default:
		return rushPause
	}
}

// report logs when folding begins to fail and when it works again.
func (f *folder) report(err error) {
	switch {
	case err != nil && !f.ill:
		f.l.log.Error("counted checks can't be moved into the database; it will be tried again", "err", err)
	case err == nil && f.ill:
		f.l.log.Info("counted checks are being moved into the database again")
	}
	f.ill = err != nil
}

func (f *folder) foldAll() error {
	f.l.mu.Lock()
	err := f.l.finishSegment()
	until := f.l.number
	f.l.mu.Unlock()
	if err != nil {
		return err
	}
	for {
		if s, ok := f.l.oldest(); !ok || s.number >= until {
			return nil
		}
		if _, err := f.step(); err != nil {
			return err
		}
	}
}

// step stores some items and reports whether there may be more.
func (f *folder) step() (more bool, err error) {
	s, ok := f.l.oldest()
	if !ok {
		return false, nil
	}
	if f.items == nil {
		items, err := f.l.items(s)
		if err != nil {
			return true, err
		}
		f.items, f.done = items, 0
		if s.number == f.at.segment {
			f.done = min(int(f.at.folded), len(items))
		}
	}
	end := min(f.done+f.atOnce, len(f.items))
	m := &move{from: f.at, to: position{segment: s.number, folded: int64(end)}, sums: f.l.pending.sumsOf(f.items[f.done:end])}
	last := end == len(f.items)
	if last {
		m.to = position{segment: s.number + 1}
	}
	f.l.pending.begin(m)
	err = f.l.store(m, f.items[f.done:end])
	f.l.pending.end(err == nil)
	if err != nil {
		return true, err
	}
	f.at, f.done = m.to, end
	if last {
		f.items = nil
		f.l.drop(s)
	}
	return true, nil
}

// oldest is the first of the finished segments.
func (l *checkLog) oldest() (segment, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.finished) == 0 {
		return segment{}, false
	}
	return l.finished[0], true
}

// drop removes the oldest segment, which is folded.
func (l *checkLog) drop(s segment) {
	if err := l.files.remove(l.path(s.number)); err != nil && !errors.Is(err, os.ErrNotExist) {
		l.log.Warn("a folded segment of the check log can't be removed; the next start will", "segment", s.number, "err", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finished = l.finished[1:]
	l.backlog -= s.size
}

// errPosition says that somebody else moves the stored position of the log.
var errPosition = errors.New("the check log does not stand where this process left it: is a second process using the data folder?")

// store writes items and the position behind them in one transaction.
func (l *checkLog) store(m *move, items []item) error {
	ctx := context.Background()
	return l.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.MoveCheckLogPosition(ctx, query.MoveCheckLogPositionParams{
			Epoch: l.epoch, WasSegment: m.from.segment, WasFolded: m.from.folded, Segment: m.to.segment, Folded: m.to.folded,
		})
		if err != nil {
			return fmt.Errorf("fold checks: %w", err)
		}
		if n != 1 {
			return errPosition
		}
		for i := range items {
			if err := items[i].store(ctx, tx); err != nil {
				return fmt.Errorf("fold checks: %w", err)
			}
		}
		return nil
	})
}
