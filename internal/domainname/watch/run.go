package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
)

const (
	most      = 200              // domains whose leases are taken at once
	sliceTime = 10 * time.Second // for how long leases are held at a slow registrar, and a subject of a slice waits for its turn
	parallel  = 8                // sessions at most
	answerIn  = time.Minute      // after which a reading is given up
	leaseTime = 5 * time.Minute
	// askFor is for how long questions about a slice begin: their answers, two where a domain is said to be another's, come
	// before the leases are over.
	askFor    = leaseTime - 2*answerIn - 30*time.Second
	busyAgain = 10 * time.Minute // when a domain is read at which somebody works
)

// The breaker: a run with so many bad answers, which are such a part of all, stops.
const (
	leastBad = 5
	badPart  = 50 // one of so many
	// together is for how long runs count as one: sync runs all the time, and what it asks for at once may be few.
	together = time.Hour
)

// EventBreaker tells that too many answers of a registrar were bad.
const EventBreaker = "registrar.breaker_open"

// BreakerEvent is the data of [EventBreaker].
type BreakerEvent struct {
	Name  string `json:"name"`
	RunID string `json:"run_id"`
	Asked int    `json:"asked"`
	Bad   int    `json:"bad"`
}

// RunDue makes a run for each registrar that has domains which are to be read by now, and returns how many were asked for.
func (s *Service) RunDue(ctx context.Context) (n int, err error) {
	all, size, err := s.syncable(ctx)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, r := range all {
		if ctx.Err() != nil {
			continue
		}
		asked, err := s.runDue(ctx, r, size)
		n += asked
		errs = append(errs, err)
	}
	return n, errors.Join(errs...)
}

// syncable are the registrars that may be read now, and how many domains of each at once.
func (s *Service) syncable(ctx context.Context) (all []query.SyncableRegistrarsRow, size int, err error) {
	if held, err := s.config.Held(ctx); err != nil || held {
		return nil, 0, err
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		now, err := setting.Load(ctx, tx)
		if err != nil {
			return err
		}
		size = now.DomainSyncBatch
		all, err = tx.SyncableRegistrars(ctx, &tx.Stamp)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("registrars to read: %w", err)
	}
	return slices.DeleteFunc(all, func(r query.SyncableRegistrarsRow) bool { return s.rests(r.ID) }), size, nil
}

// runDue makes a run for a registrar.
func (s *Service) runDue(ctx context.Context, of query.SyncableRegistrarsRow, size int) (asked int, err error) {
	if asked, err = s.read(ctx, of, size); err != nil {
		err = fmt.Errorf("read registrar %s: %w", of.Name, err)
	}
	return asked, err
}

func (s *Service) read(ctx context.Context, of query.SyncableRegistrarsRow, size int) (asked int, err error) {
	reach, err := s.config.Registrars.Open(ctx, of.ID)
	if err != nil {
		s.rest(of.ID)
		s.log.Warn("a registrar can't be opened, so its domains are not read", "registrar", of.Name, "err", err)
		return 0, nil
	}
	var all []query.DueSyncsRow
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = tx.DueSyncs(ctx, query.DueSyncsParams{RegistrarID: &of.ID, Now: &tx.Stamp, Wall: &tx.WallStamp, N: int64(size)})
		return err
	})
	if err != nil || len(all) == 0 {
		return 0, err
	}
	if reach.Capabilities().Manual {
		return 0, s.leaveAlone(ctx, all)
	}
	subjects := make([]subject, len(all))
	for i, d := range all {
		subjects[i] = subject{id: d.ID, name: d.Name, status: domainname.Status(d.Status), version: d.Version}
	}
	r, err := s.begin(ctx, of.ID, of.Name, account.SyncMode(of.SyncMode), reach, len(subjects))
	if err != nil {
		return 0, err
	}
	return r.all(ctx, subjects)
}

// leaveAlone puts off domains of a registrar that is people: nothing can be read there.
func (s *Service) leaveAlone(ctx context.Context, all []query.DueSyncsRow) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		for _, d := range all {
			at := after(tx.Now, weekly, d.ID)
			if err := tx.PutSyncAt(ctx, query.PutSyncAtParams{ID: d.ID, At: clock.FromTimePtr(&at)}); err != nil {
				return fmt.Errorf("next sync of domain %s: %w", d.ID, err)
			}
		}
		return nil
	})
}

// subject is a domain that is to be read, as it was when that was decided.
type subject struct {
	id, name string
	status   domainname.Status
	version  int64
}

// pending: the registry need not know it yet.
func (s subject) pending() bool {
	return s.status == domainname.Pending || s.status == domainname.PendingRegistration || s.status == domainname.PendingTransfer
}

// answer is what came back.
type answer struct {
	subject
	info registrar.Info
	err  error
	none bool // it was not asked for
}

// bad reports whether it counts for the breaker.
func (a answer) bad() bool {
	return !a.none && (a.err != nil || !a.pending() && (!a.info.Found || a.elsewhere()))
}

// elsewhere reports whether the registry names another sponsor.
func (a answer) elsewhere() bool { return a.info.Found && !a.info.Ours && a.info.Sponsor != "" }

// run is one pass over some domains of a registrar.
type run struct {
	s        *Service
	id       string
	of, name string
	notify   bool // differences are reported, nothing is written
	byHand   bool // staff asked for it
	reach    registrar.Registrar
	planned  int // answers, with those of the runs that count as one with it
	before   int // bad answers of those

	mu    sync.Mutex
	asked int
	bad   int
	// kept are the bad answers, which count only when the run is over.
	kept []answer
}

// begin writes down that a run begins.
func (s *Service) begin(ctx context.Context, of, name string, mode account.SyncMode, reach registrar.Registrar, n int) (*run, error) {
	r := &run{s: s, of: of, name: name, notify: mode == account.SyncNotify, reach: reach}
	written := account.SyncOn
	if r.notify {
		written = account.SyncNotify
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		recent, err := tx.RecentSyncs(ctx, query.RecentSyncsParams{RegistrarID: of, Since: clock.FromTime(tx.Now.Add(-together))})
		if err != nil {
			return err
		}
		r.planned, r.before = int(recent.Asked)+n, int(recent.Bad)
		r.id = tx.NewID("syn")
		return tx.InsertSyncRun(ctx, query.InsertSyncRunParams{ID: r.id, RegistrarID: of, Mode: string(written), CreatedAt: tx.Stamp})
	})
	if err != nil {
		return nil, fmt.Errorf("begin a run: %w", err)
	}
	return r, nil
}

// tripped reports whether too many answers were bad. Staff may read single domains whatever came before.
func (r *run) tripped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	bad := r.bad + r.before
	return !r.byHand && r.bad > 0 && bad >= leastBad && bad*badPart > r.planned
}

// all reads the subjects, slice by slice, and takes in what was read.
func (r *run) all(ctx context.Context, subjects []subject) (asked int, err error) {
	size := most
	if per := r.reach.Capabilities().PerSecond; per > 0 {
		size = min(max(1, int(per*sliceTime.Seconds())), most)
	}
	for len(subjects) > 0 && !r.tripped() && err == nil && ctx.Err() == nil {
		n := min(size, len(subjects))
		err = r.slice(ctx, subjects[:n])
		subjects = subjects[n:]
	}
	ctx = context.WithoutCancel(ctx) // what was read is not lost
	stopped := r.tripped()
	if stopped {
		err = errors.Join(err, r.stop(ctx))
	} else {
		for _, a := range r.kept {
			failure := r.turnAway(ctx, a)
			if failure == nil {
				continue
			}
			r.s.log.Warn("what a bad answer asks for could not be done; the domain is read again", "domain", a.name, "err", failure)
			err = errors.Join(err, r.s.db.Write(ctx, func(tx *db.Tx) error { return r.again(ctx, tx, a.id, tx.Now.Add(failedAgain)) }))
		}
	}
	return r.asked, errors.Join(err, r.finish(ctx, stopped))
}

// slice takes the leases of some subjects, reads them, and takes in what was read.
func (r *run) slice(ctx context.Context, subjects []subject) error {
	leased, until, err := r.lease(ctx, subjects)
	if err != nil || len(leased) == 0 {
		return err
	}
	answers := r.ask(ctx, leased)
	return r.takeIn(context.WithoutCancel(ctx), answers, until)
}

// lease takes the leases of those at which nobody works.
func (r *run) lease(ctx context.Context, subjects []subject) (leased []subject, until time.Time, err error) {
	err = r.s.db.Write(ctx, func(tx *db.Tx) error {
		leased, until = nil, tx.Wall.Add(leaseTime).Truncate(time.Microsecond)
		for _, s := range subjects {
			ok, err := domainname.Claim(ctx, tx, s.id, until)
			if err != nil {
				return err
			}
			if ok {
				leased = append(leased, s)
				continue
			}
			if err := r.again(ctx, tx, s.id, tx.Now.Add(busyAgain)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, until, fmt.Errorf("leases: %w", err)
	}
	return leased, until, nil
}

// again says when a domain is read next; zero: no more.
func (r *run) again(ctx context.Context, tx *db.Tx, id string, at time.Time) error {
	p := query.PutSyncAtParams{ID: id}
	if !at.IsZero() {
		at = r.s.whole(tx.Now, at)
		p.At = clock.FromTimePtr(&at)
	}
	if err := tx.PutSyncAt(ctx, p); err != nil {
		return fmt.Errorf("next sync of domain %s: %w", id, err)
	}
	return nil
}

// ask reads the subjects, several at once.
func (r *run) ask(ctx context.Context, subjects []subject) []answer {
	answers := make([]answer, len(subjects))
	turn := make(chan int)
	var all sync.WaitGroup
	for range max(1, min(r.reach.Capabilities().Parallel, parallel, len(subjects))) {
		all.Go(func() {
			for i := range turn {
				answers[i] = r.askOne(ctx, subjects[i])
				r.count(answers[i])
			}
		})
	}
	over := time.NewTimer(askFor)
	defer over.Stop()
	for i := range subjects {
		select {
		case turn <- i:
			continue
		case <-over.C:
		}
		for ; i < len(subjects); i++ {
			answers[i] = answer{subject: subjects[i], none: true} // in the next run
		}
		break
	}
	close(turn)
	all.Wait()
	return answers
}

func (r *run) count(a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !a.none {
		r.asked++
	}
	if a.bad() {
		r.bad++
	}
}

// askOne reads one domain. That it has another sponsor is asked for twice.
func (r *run) askOne(ctx context.Context, s subject) answer {
	a := answer{subject: s}
	for range 2 {
		if r.tripped() || ctx.Err() != nil {
			a.none = true
			return a
		}
		within, cancel := context.WithTimeout(ctx, answerIn)
		a.info, a.err = r.reach.Info(within, r.s.db.NewID("inf"), s.name)
		cancel()
		if ctx.Err() != nil {
			a.none = true
		}
		if a.none || a.err != nil || !a.elsewhere() || s.pending() {
			return a
		}
	}
	return a
}

// stop opens the breaker: the registrar is not read until staff say so, and no bad answer of the run has changed anything.
func (r *run) stop(ctx context.Context) error {
	return r.s.db.Write(ctx, func(tx *db.Tx) error {
		for _, a := range r.kept {
			if err := r.find(ctx, tx, a, false); err != nil {
				return err
			}
		}
		if n, err := tx.StopSync(ctx, query.StopSyncParams{ID: r.of, StoppedAt: &tx.Stamp}); err != nil || n == 0 {
			return err
		}
		told := BreakerEvent{Name: r.name, RunID: r.id, Asked: r.asked, Bad: r.bad}
		if err := event.Emit(ctx, tx, event.New{Type: EventBreaker, SubjectID: r.of, Data: told}); err != nil {
			return err
		}
		return task.Ask(ctx, tx, task.Question{
			Kind: "registrar.breaker_open", SubjectID: r.of, Occasion: r.id,
			Detail: fmt.Sprintf("%d of %d answers of the registrar %s were bad: domains not found, with another sponsor, or no answer at all. Its domains are not read "+
				"any more, and nothing was changed. Look at the run, then let sync go on.", r.bad, r.asked, r.name),
		})
	})
}

// finish writes down that the run is over.
func (r *run) finish(ctx context.Context, stopped bool) error {
	return r.s.db.Write(ctx, func(tx *db.Tx) error {
		var negative, failed int64
		for _, a := range r.kept {
			if a.err != nil {
				failed++
			} else {
				negative++
			}
		}
		if err := tx.AddToSyncRun(ctx, query.AddToSyncRunParams{ID: r.id, Negative: negative, Failed: failed}); err != nil {
			return err
		}
		return tx.FinishSyncRun(ctx, query.FinishSyncRunParams{ID: r.id, FinishedAt: &tx.Stamp, Stopped: stopped})
	})
}
