// Package recovery holds a restored store back from the world outside until staff say that it is the only one.
//
//  1. A backup is of the past. What the store would do next, the original may have done since: the same mails, the same
//     charges. So whoever restores it marks it ([Mark]), in the transaction that fills it.
//  2. While it is marked nothing leaves it: mails, webhooks and jobs wait, gateways are asked but for nothing, and due work
//     stays due. License checks, pages, and what gateways tell by webhook go on.
//  3. Staff look, and confirm ([Service.Confirm]). First the gateways are asked about every charge whose outcome the store
//     does not know; then all goes on.
//  4. For a while after that ([Service.Doubtful]) a gateway is asked about each charge before it is asked for it: the
//     original may have asked for the same, longer ago than gateways remember. A renewal has the same key in
//     both stores.
package recovery

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/setting"
)

// Fact is the name of the fact of a store that is in recovery.
const Fact = "recovery"

// confirmedFact is the name of the fact that says when a restored store went on.
const confirmedFact = "recovery_confirmed"

// doubtful is for how long after it went on a store may still come to ask for what the original asked for: the longest
// schedule of charges for an invoice, and some more.
const doubtful = 90 * 24 * time.Hour

// EventConfirmed tells that a restored store goes on.
const EventConfirmed = "recovery.confirmed"

// ErrHeld is the answer to whoever asks a store in recovery for something that would leave it.
var ErrHeld = fail.Conflict("STORE_IN_RECOVERY", "The store was restored from a backup, and nothing leaves it until staff have confirmed that it is the only one.")

var errNone = fail.Conflict("NOT_IN_RECOVERY", "The store is not in recovery: nothing is held back.")

// Since is when a store was restored, and as of when.
type Since struct {
	RestoredAt time.Time `json:"restored_at"`
	TakenAt    time.Time `json:"taken_at"` // the instant of the backup
}

// Mark puts a store that is being restored into recovery.
func Mark(ctx context.Context, tx *db.Tx, takenAt time.Time) error {
	value, err := json.Marshal(Since{RestoredAt: tx.Now.UTC(), TakenAt: takenAt.UTC()})
	if err != nil {
		return err
	}
	if err := tx.PutStoreFact(ctx, query.PutStoreFactParams{Name: Fact, Value: string(value)}); err != nil {
		return fmt.Errorf("mark the store as restored: %w", err)
	}
	return nil
}

// Read tells since when a store is in recovery; nil: it is not.
func Read(ctx context.Context, tx *db.Tx) (*Since, error) {
	value, err := tx.StoreFact(ctx, Fact)
	if db.NotFound(err) {
		return nil, nil //nolint:nilnil // a store that is in no recovery
	}
	if err != nil {
		return nil, fmt.Errorf("recovery of the store: %w", err)
	}
	since := &Since{}
	if err := json.Unmarshal([]byte(value), since); err != nil {
		return nil, fmt.Errorf("recovery of the store: %w", err)
	}
	return since, nil
}

// Asked is what asking gateways about charges came to.
type Asked struct {
	Settled int // by what the gateway said
	Open    int // that the gateway has not heard of, or that still wait for somebody
	Silent  int // about which the gateway gave no answer
}

// Config is what the recovery works with.
type Config struct {
	// Ask asks the gateways about every charge whose outcome is not known, and asks for none; nil: there are none.
	Ask func(context.Context) (Asked, error)
	// Go is called when the store goes on: it has whoever waited look for work. Nil: they look by themselves.
	Go func()
}

// Service knows whether a store is in recovery, and ends it. It is safe for concurrent use. Nil is that of a store which
// never was restored.
type Service struct {
	db     *db.DB
	config Config
	// over is set once the store is known to be in no recovery: it never comes into one while it is open.
	over atomic.Pointer[past]
}

// past is a recovery that is over.
type past struct{ confirmedAt time.Time } // zero: there was none

// New returns the recovery of the store d.
func New(d *db.DB, c Config) *Service { return &Service{db: d, config: c} }

// Held reports whether nothing may leave the store. It is cheap for a store that is in no recovery.
func (s *Service) Held(ctx context.Context) (bool, error) {
	if s == nil {
		return false, nil
	}
	over, err := s.look(ctx)
	return over == nil, err
}

// Refuse is [Service.Held] for whoever was asked to do what has to wait: ErrHeld, or nil.
func (s *Service) Refuse(ctx context.Context) error {
	held, err := s.Held(ctx)
	if err == nil && held {
		err = ErrHeld
	}
	return err
}

// Reason is [Service.Held] in words: why something has to wait; empty: it has not.
func (s *Service) Reason(ctx context.Context) (string, error) {
	held, err := s.Held(ctx)
	if err != nil || !held {
		return "", err
	}
	return "the store was restored from a backup, and nobody has confirmed yet that it is the only one", nil
}

// Doubtful reports whether the original of this store may have asked for what it is about to ask for.
func (s *Service) Doubtful(ctx context.Context) (bool, error) {
	if s == nil {
		return false, nil
	}
	over, err := s.look(ctx)
	if err != nil || over == nil {
		return true, err
	}
	return !over.confirmedAt.IsZero() && s.db.Clock().Now().Before(over.confirmedAt.Add(doubtful)), nil
}

// Copied reports whether the original of this store may have done what was to be done at an instant: the store was restored from
// a backup, and went on only after it.
func (s *Service) Copied(ctx context.Context, at time.Time) (bool, error) {
	if s == nil {
		return false, nil
	}
	over, err := s.look(ctx)
	if err != nil || over == nil {
		return true, err
	}
	return at.Before(over.confirmedAt), nil
}

// look returns what is known of a recovery that is over; nil: it is not.
func (s *Service) look(ctx context.Context) (*past, error) {
	if over := s.over.Load(); over != nil {
		return over, nil
	}
	var over *past
	// Outside of any transaction in ctx: what is not committed must not be kept.
	err := s.db.Read(db.With(ctx, nil), func(tx *db.Tx) error {
		over = nil
		since, err := Read(ctx, tx)
		if err != nil || since != nil {
			return err
		}
		over = &past{}
		value, err := tx.StoreFact(ctx, confirmedFact)
		if db.NotFound(err) {
			return nil
		}
		if err == nil {
			over.confirmedAt, err = time.Parse(time.RFC3339Nano, value)
		}
		if err != nil {
			return fmt.Errorf("recovery of the store: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if over != nil {
		s.over.Store(over)
	}
	return over, nil
}

// Waiting is how much waits to leave a store.
type Waiting struct {
	Mails      int64
	Webhooks   int64
	Charges    int64 // to be asked for at gateways, now or by what has fallen due
	Unanswered int64 // charges that were asked for, and of which the store does not know what became
	Refunds    int64
	Jobs       int64 // other than those for the above
}

// State is how the recovery of a store stands.
type State struct {
	Since   *Since // nil: the store is not in recovery
	Waiting Waiting
}

// State returns how the recovery stands.
func (s *Service) State(ctx context.Context) (State, error) {
	if held, err := s.Held(ctx); err != nil || !held {
		return State{}, err
	}
	var is State
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		since, err := Read(ctx, tx)
		if is = (State{Since: since}); err != nil || since == nil {
			return err
		}
		now, err := setting.Load(ctx, tx)
		if err != nil {
			return err
		}
		today := civil.Of(tx.Now, now.TimeZone).String()
		row, err := tx.CountHeldBack(ctx, query.CountHeldBackParams{Now: &tx.Stamp, At: tx.Stamp, Today: &today})
		if err != nil {
			return fmt.Errorf("what a recovery holds back: %w", err)
		}
		is.Waiting = Waiting{
			Mails: row.Mails, Webhooks: row.Webhooks, Charges: row.Charges + row.DueCharges, Unanswered: row.Unanswered, Refunds: row.Refunds, Jobs: row.Jobs,
		}
		return nil
	})
	return is, err
}

// Confirmed is the data of [EventConfirmed].
type Confirmed struct {
	Since
	ConfirmedAt time.Time `json:"confirmed_at"`
	Settled     int       `json:"charges_settled"`    // charges whose outcome the gateways told
	Silent      int       `json:"charges_unanswered"` // charges about which they gave no answer; they are asked again
}

// Confirm lets a restored store go on, after the gateways were asked about charges of unknown outcome. A gateway that does
// not answer keeps nothing from going on: it is asked again, before anything is asked for. It must not run inside a
// transaction.
func (s *Service) Confirm(ctx context.Context) (Confirmed, error) {
	if held, err := s.Held(ctx); err != nil || !held {
		return Confirmed{}, orNone(err)
	}
	var asked Asked
	if s.config.Ask != nil {
		var err error
		if asked, err = s.config.Ask(ctx); err != nil {
			return Confirmed{}, err
		}
	}
	var done Confirmed
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		since, err := Read(ctx, tx)
		if err != nil || since == nil {
			return orNone(err)
		}
		ended, err := tx.EndRecovery(ctx)
		if err != nil || ended == 0 {
			return orNone(err)
		}
		err = tx.PutStoreFact(ctx, query.PutStoreFactParams{Name: confirmedFact, Value: tx.Now.UTC().Format(time.RFC3339Nano)})
		if err != nil {
			return err
		}
		done = Confirmed{Since: *since, ConfirmedAt: tx.Now.UTC(), Settled: asked.Settled, Silent: asked.Silent}
		change := event.Change{What: EventConfirmed, Before: "restored at " + since.RestoredAt.Format(time.RFC3339) + " as of " + since.TakenAt.Format(time.RFC3339)}
		if err := event.Audit(ctx, tx, change); err != nil {
			return err
		}
		tx.OnCommit(func() {
			s.over.Store(&past{done.ConfirmedAt})
			if s.config.Go != nil {
				s.config.Go()
			}
		})
		return event.Emit(ctx, tx, event.New{Type: EventConfirmed, SubjectID: Fact, Data: done})
	})
	if err != nil {
		return Confirmed{}, fmt.Errorf("confirm the recovery: %w", err)
	}
	return done, nil
}

// orNone is err, or that there is no recovery to end.
func orNone(err error) error {
	if err == nil {
		err = errNone
	}
	return err
}
