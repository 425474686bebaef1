package account

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/registrar/rest"
)

// KeepFrames is how long the log of what went to registrars, and came from them, is kept.
const KeepFrames = 400 * 24 * time.Hour

// Frame is a message that went to a registrar or came from one, without secrets.
type Frame struct {
	ID          string
	RegistrarID string
	Session     int64
	Sent        bool
	Command     string
	Transaction string // empty: a greeting
	Body        string
	At          time.Time
}

// frames takes down frames in batches: whoever sends them doesn't wait for the database.
type frames struct {
	db  *db.DB
	log *slog.Logger

	mu      sync.Mutex
	waiting []query.InsertRegistrarFrameParams
	weight  int           // bytes of what waits
	wake    chan struct{} // nil: nobody writes
	end     chan struct{}
	writing sync.WaitGroup
	flush   sync.Mutex // one batch at a time
}

const (
	frameBatch = 500
	framePause = time.Second
	// frameLimit is how many wait at most while the database can't be written, and weightLimit of how many bytes; the newest
	// are lost then.
	frameLimit  = 100_000
	weightLimit = 64 << 20
	// longestFrame is how much of a message is kept: more than any that means something has.
	longestFrame = 128 << 10
)

// Frames returns what takes down the frames of a registrar.
func (s *Service) Frames(registrarID string) func(epp.Frame) {
	return func(f epp.Frame) {
		s.frames.add(query.InsertRegistrarFrameParams{
			RegistrarID: registrarID, Session: f.Session, Sent: f.Sent, Command: f.Command, TransactionID: f.ClTRID, Body: string(f.Text),
		})
	}
}

// exchange returns what takes down requests and answers of a plain interface.
func (f *frames) exchange(registrarID string) func(rest.Exchange) {
	return func(e rest.Exchange) {
		for _, half := range []struct {
			sent bool
			body string
		}{{true, e.Request}, {false, e.Answer}} {
			f.add(query.InsertRegistrarFrameParams{
				RegistrarID: registrarID, Sent: half.sent, Command: e.Command, TransactionID: e.Transaction, Body: half.body,
			})
		}
	}
}

func (f *frames) add(row query.InsertRegistrarFrameParams) {
	row.CreatedAt = clock.FromTime(f.db.Clock().Now())
	row.Body = storable(row.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiting) >= frameLimit || f.weight+len(row.Body) > weightLimit {
		return
	}
	f.waiting = append(f.waiting, row)
	f.weight += len(row.Body)
	if f.wake == nil && f.end == nil {
		f.wake, f.end = make(chan struct{}, 1), make(chan struct{})
		f.writing.Go(f.run)
	}
	if len(f.waiting) >= frameBatch {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
}

// storable is a message as the log keeps it. A registrar may send anything, and a database takes only text: one message that
// it refuses would keep all others from the log.
func storable(body string) string {
	if n := len(body); n > longestFrame {
		body = body[:longestFrame] + fmt.Sprintf(" … (of %d bytes)", n)
	}
	return strings.ReplaceAll(strings.ToValidUTF8(body, "\ufffd"), "\x00", "\ufffd")
}

// run writes what waits, every second or when a batch is full, until close.
func (f *frames) run() {
	ticker := time.NewTicker(framePause)
	defer ticker.Stop()
	for {
		select {
		case <-f.wake:
		case <-ticker.C:
		case <-f.end:
			return
		}
		if err := f.write(context.Background()); err != nil {
			f.log.Error("the log of a registrar could not be written; that is tried again", "err", err)
		}
	}
}

// write writes what waits.
func (f *frames) write(ctx context.Context) error {
	f.flush.Lock()
	defer f.flush.Unlock()
	for {
		f.mu.Lock()
		batch := f.waiting[:min(len(f.waiting), frameBatch)]
		f.mu.Unlock()
		if len(batch) == 0 {
			return nil
		}
		err := f.db.Write(ctx, func(tx *db.Tx) error {
			for _, row := range batch {
				row.ID = tx.NewID("frm")
				if err := tx.InsertRegistrarFrame(ctx, row); err != nil {
					return fmt.Errorf("frame of registrar %s: %w", row.RegistrarID, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		f.mu.Lock()
		for _, row := range batch {
			f.weight -= len(row.Body)
		}
		f.waiting = append([]query.InsertRegistrarFrameParams(nil), f.waiting[len(batch):]...)
		f.mu.Unlock()
	}
}

func (f *frames) close(ctx context.Context) {
	f.mu.Lock()
	if f.end == nil {
		f.end = make(chan struct{})
	}
	select {
	case <-f.end:
	default:
		close(f.end)
	}
	f.mu.Unlock()
	f.writing.Wait()
	if err := f.write(context.WithoutCancel(ctx)); err != nil {
		f.log.Error("the log of a registrar could not be written", "err", err)
	}
}

// FramesOf returns the frames of a transaction, in order: what was sent, and what was answered.
func (s *Service) FramesOf(ctx context.Context, transaction string) ([]Frame, error) {
	return s.readFrames(ctx, func(tx *db.Tx) ([]query.RegistrarFrame, error) {
		return tx.RegistrarFramesOf(ctx, query.RegistrarFramesOfParams{TransactionID: transaction, N: 500})
	})
}

// LastFrames returns a page of the frames of a registrar, newest first, and the cursor of the next page.
func (s *Service) LastFrames(ctx context.Context, id, cursor string, limit int) (all []Frame, next string, err error) {
	before := "frm_~" // behind all ids
	if cursor != "" {
		key, err := page.Key(cursor, 1)
		if err != nil {
			return nil, "", err
		}
		before = key[0]
	}
	limit = page.Limit(limit)
	all, err = s.readFrames(ctx, func(tx *db.Tx) ([]query.RegistrarFrame, error) {
		return tx.RegistrarFrames(ctx, query.RegistrarFramesParams{RegistrarID: id, Before: before, N: int64(limit + 1)})
	})
	if err != nil {
		return nil, "", err
	}
	all, more := page.Cut(all, limit)
	if more {
		next = page.Cursor(all[len(all)-1].ID)
	}
	return all, next, nil
}

func (s *Service) readFrames(ctx context.Context, read func(tx *db.Tx) ([]query.RegistrarFrame, error)) ([]Frame, error) {
	if err := s.frames.write(ctx); err != nil {
		return nil, err
	}
	var all []Frame
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := read(tx)
		if err != nil {
			return fmt.Errorf("frames of registrars: %w", err)
		}
		all = make([]Frame, len(rows))
		for i, r := range rows {
			all[i] = Frame{
				ID: r.ID, RegistrarID: r.RegistrarID, Session: r.Session, Sent: r.Sent, Command: r.Command, Transaction: r.TransactionID, Body: r.Body,
				At: r.CreatedAt.Time(),
			}
		}
		return nil
	})
	return all, err
}

// PruneFrames forgets frames from before an instant, and returns how many.
func (s *Service) PruneFrames(ctx context.Context, before time.Time) (int, error) {
	const size = 2000
	total := 0
	for {
		var n int64
		err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = tx.PruneRegistrarFrames(ctx, query.PruneRegistrarFramesParams{Before: clock.FromTime(before), N: size})
			return err
		})
		total += int(n)
		if err != nil || n < size {
			return total, err
		}
	}
}
