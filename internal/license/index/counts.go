package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
)

// Counts keeps the checks that were answered: how many, when and from where last, per day and hour, and those that
// were answered with anything but "valid" one by one.
//
// [Counts.Count] returns when no end of the process can lose the check any more. Whoever calls meanwhile waits for
// the next group, which goes as one:
//
//   - SQLite: as one write(2) to a log beside the database (see log.go), which is folded into the tables later, many
//     checks at a time (see fold.go). Until then the checks are pending: [Counts.PendingChecks] has their figures.
//   - PostgreSQL: as one set-based statement, committed but not synced (see commit.go).
//
// Neither survives a power cut of the last moments; activations and money do.
//
// When a check can't be kept, Count fails with fail.KindUnavailable, and works again as soon as the cause is gone.
type Counts struct {
	db    *db.DB
	group group
	log   *checkLog  // nil on PostgreSQL
	pg    *committer // nil on SQLite
	// closed is set first when closing: later checks would never be folded by this process.
	closed atomic.Bool
}

// Check is one answered check of a known license.
type Check struct {
	LicenseID  string
	At         time.Time
	IP         netip.Addr
	Result     string // "" or Valid: nothing to note but the figures
	Identifier string // in its normal form; its activation, if there is one, was seen now
	// Domain, PlaceIP and Directory are the place that software named, as it did.
	Domain, PlaceIP, Directory string
	Version                    string
	UserAgent                  string
}

// Valid is the result of a check that is only counted.
const Valid = "valid"

// noted reports whether the check goes to the verification log as well.
func (c *Check) noted() bool { return c.Result != "" && c.Result != Valid }

// CountOptions are what Counts is opened with.
type CountOptions struct {
	Dir    string // folder of a SQLite store
	Logger *slog.Logger
}

// OpenCounts opens the counters of a store. On SQLite it takes up the logs that an earlier process left.
func OpenCounts(ctx context.Context, d *db.DB, o CountOptions) (*Counts, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Counts{db: d}
	if d.Engine() == db.Postgres {
		var err error
		if c.pg, err = newCommitter(d); err != nil {
			return nil, fmt.Errorf("count checks: %w", err)
		}
		c.group.init(committers, c.pg.commit)
		return c, nil
	}
	var err error
	if c.log, err = openLog(ctx, d, o.Dir, osFiles{}, o.Logger); err != nil {
		return nil, fmt.Errorf("check log: %w", err)
	}
	c.group.init(1, c.log.write)
	go c.log.folder.run()
	return c, nil
}

// Close folds what is pending and closes the counters. Whatever it can't fold is folded by the next process.
func (c *Counts) Close(ctx context.Context) error {
	if c.closed.Swap(true) {
		return nil
	}
	if c.pg != nil {
		return c.pg.close()
	}
	return c.log.close(ctx)
}

// errClosed says that the process is about to end.
var errClosed = errors.New("the counters are closed")

// Count keeps a check and returns when that is certain. It does not end early with its context: a group goes
// together, and it goes at once.
func (c *Counts) Count(_ context.Context, check Check) error {
	check.At = check.At.UTC()
	check.Identifier = tidy(check.Identifier, 255*4)
	if check.noted() {
		check.Version, check.UserAgent = tidy(check.Version, 255), tidy(check.UserAgent, 512)
		check.Domain, check.PlaceIP, check.Directory = tidy(check.Domain, 255), tidy(check.PlaceIP, 64), tidy(check.Directory, 1024)
	} else {
		check.Result, check.Version, check.UserAgent = "", "", ""
		check.Domain, check.PlaceIP, check.Directory = "", "", ""
	}
	err := errClosed
	if !c.closed.Load() {
		err = c.group.do(check)
	}
	if err == nil {
		return nil
	}
	e := fail.New(fail.KindUnavailable, fail.CodeUnavailable, "The check can't be recorded now.")
	e.RetryAfter = 5 * time.Second
	return e.Because(fmt.Errorf("count a check: %w", err))
}

// Flush folds everything that is pending now, so that the tables hold every check that was answered. Must not be
// called inside a transaction.
func (c *Counts) Flush(ctx context.Context) error {
	if c.log == nil {
		return nil
	}
	return c.log.flush(ctx)
}

// PendingChecks returns what is counted but not in the tables yet. Beside figures that were read from them it is
// right but for the moment in which checks move from here to there: [Counts.PendingIn] has no such moment.
func (c *Counts) PendingChecks(licenseID string) (count int64, lastAt time.Time, lastIP string) {
	if c.log == nil {
		return 0, time.Time{}, ""
	}
	return c.log.pending.of(licenseID)
}

// PendingIn returns what PendingChecks returns, as a complement to what tx sees: together they are exact.
func (c *Counts) PendingIn(ctx context.Context, tx *db.Tx) (func(licenseID string) (count int64, lastAt time.Time, lastIP string), error) {
	if c.log == nil {
		return c.PendingChecks, nil
	}
	p, err := tx.ReadCheckLogPosition(ctx)
	if err != nil {
		return nil, fmt.Errorf("check log: %w", err)
	}
	return c.log.pending.beside(position{segment: p.Segment, folded: p.Folded}), nil
}

// Figures are the checks of one license.
type Figures struct {
	Count  int64
	LastAt *time.Time // nil: never
	LastIP string
}

// Figures returns the checks of a license, every answered one included.
func (c *Counts) Figures(ctx context.Context, licenseID string) (Figures, error) {
	var f Figures
	err := c.db.Read(ctx, func(tx *db.Tx) error {
		pending, err := c.PendingIn(ctx, tx)
		if err != nil {
			return err
		}
		r, err := tx.ReadCheckFigures(ctx, licenseID)
		if err != nil && !db.NotFound(err) {
			return fmt.Errorf("checks of license %s: %w", licenseID, err)
		}
		count, at, ip := pending(licenseID)
		f = Figures{Count: r.CheckCount + count, LastIP: r.LastCheckIp}
		if stored := r.LastCheckAt.Time(); r.LastCheckAt > 0 && !stored.Before(at) {
			f.LastAt = &stored
		} else if !at.IsZero() {
			f.LastAt, f.LastIP = &at, ip
		}
		return nil
	})
	return f, err
}
