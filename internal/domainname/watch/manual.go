package watch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
)

var (
	errNoRegistrar = fail.Conflict("NO_REGISTRAR", "The domain has no registrar that could be asked.")
	errByHand      = fail.Conflict("REGISTRAR_MANUAL", "At this registrar people do what is asked: nothing can be read. Enter the expiry by hand.")
	errBusy        = fail.Conflict("DOMAIN_BUSY", "The registrar is being asked about this domain just now. Try again in a minute.")
	errNothingHeld = fail.Conflict("NOTHING_HELD", "No date of the registry waits for review.")
	errNoReason    = fail.Invalid("reason", "says why this date counts")
)

// Sync reads one domain now. Of a domain whose reading was held, staff can take the registry's date with [Service.Adopt].
// The registrar may be one whose sync is off or stopped; where it only reports, this does so too.
func (s *Service) Sync(ctx context.Context, domainID string) (f Finding, err error) {
	var d domainname.Domain
	var of query.SyncRegistrarRow
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		if d, err = domainname.Load(ctx, tx, domainID); err != nil {
			return err
		}
		if d.RegistrarID == "" {
			return errNoRegistrar
		}
		of, err = tx.SyncRegistrar(ctx, d.RegistrarID)
		return err
	})
	if err != nil {
		return Finding{}, err
	}
	reach, err := s.config.Registrars.Open(ctx, of.ID)
	if err != nil {
		return Finding{}, fail.Unavailable("The registrar can't be reached.", err)
	}
	if reach.Capabilities().Manual {
		return Finding{}, errByHand
	}
	r, err := s.begin(ctx, of.ID, of.Name, account.SyncMode(of.SyncMode), reach, 1)
	if err != nil {
		return Finding{}, err
	}
	r.byHand = true
	if err := r.one(ctx, subject{id: d.ID, name: d.Name.String(), status: d.Status, version: d.Version}); err != nil {
		return Finding{}, err
	}
	return s.finding(ctx, r.id, domainID)
}

// one reads a single domain.
func (r *run) one(ctx context.Context, of subject) error {
	leased, until, err := r.lease(ctx, []subject{of})
	if err == nil && len(leased) == 0 {
		err = errBusy
	}
	if err != nil {
		_ = r.finish(context.WithoutCancel(ctx), false)
		return err
	}
	answers := r.ask(ctx, leased)
	ctx = context.WithoutCancel(ctx)
	err = r.takeIn(ctx, answers, until)
	for _, a := range r.kept {
		if err == nil {
			err = r.turnAway(ctx, a)
		}
		if err == nil && a.err != nil {
			err = fail.Unavailable("The registrar did not answer.", a.err)
		}
	}
	return firstError(err, r.finish(ctx, false))
}

// finding is what a run found of a domain.
func (s *Service) finding(ctx context.Context, runID, domainID string) (f Finding, err error) {
	f = Finding{RunID: runID, DomainID: domainID}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		d, err := domainname.Load(ctx, tx, domainID)
		if err != nil {
			return err
		}
		f.Name, f.Stored, f.Read, f.At = d.Name.String(), d.Expiry.Date().String(), d.Expiry.Raw, d.State.ReadAt
		rows, err := tx.SyncFindingsOfDomain(ctx, query.SyncFindingsOfDomainParams{DomainID: domainID, N: 1})
		if err != nil || len(rows) == 0 || rows[0].RunID != runID {
			return err
		}
		f = Finding{
			RunID: runID, DomainID: domainID, Name: rows[0].Name, Finding: rows[0].Finding, Stored: rows[0].Stored, Read: rows[0].Read,
			Applied: rows[0].Applied, At: rows[0].CreatedAt.Time(),
		}
		return nil
	})
	return f, err
}

// Adopt takes a date that was held for review: paid says that paid-through follows.
func (s *Service) Adopt(ctx context.Context, domainID string, paid bool, why string) (d domainname.Domain, err error) {
	if why = strings.TrimSpace(why); why == "" {
		return domainname.Domain{}, errNoReason
	}
	grace := 0
	if before, err := s.load(ctx, domainID); err != nil {
		return domainname.Domain{}, err
	} else if before.RegistrarID != "" {
		if reach, err := s.config.Registrars.Open(ctx, before.RegistrarID); err == nil {
			grace = reach.Capabilities().GraceIncluded
		}
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if d, err = domainname.Lock(ctx, tx, domainID); err != nil {
			return err
		}
		rows, err := tx.SyncFindingsOfDomain(ctx, query.SyncFindingsOfDomainParams{DomainID: domainID, N: 1})
		if err != nil {
			return fmt.Errorf("findings of domain %s: %w", domainID, err)
		}
		if len(rows) == 0 || rows[0].Finding != string(domainname.Held) || rows[0].Applied {
			return errNothingHeld
		}
		if d.Expiry.ReadAt.After(rows[0].CreatedAt.Time()) {
			return errNothingHeld // the registry has said something else since
		}
		at, err := domainname.Reading{Raw: rows[0].Read, GraceIncluded: grace}.Instant(tx.Now)
		if err != nil {
			return errNothingHeld.Because(err)
		}
		return s.adopt(ctx, tx, &d, adopted{at: at, raw: rows[0].Read, run: rows[0].RunID, paid: paid, why: why})
	})
	return d, err
}

func (s *Service) load(ctx context.Context, id string) (d domainname.Domain, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		d, err = domainname.Load(ctx, tx, id)
		return err
	})
	return d, err
}

// adopted is a date that staff take.
type adopted struct {
	at       time.Time
	raw, run string
	paid     bool
	why      string
}

func (s *Service) adopt(ctx context.Context, tx *db.Tx, d *domainname.Domain, a adopted) error {
	now, err := setting.Load(ctx, tx)
	if err != nil {
		return err
	}
	policy, open, err := around(ctx, tx, *d)
	if err != nil {
		return err
	}
	stored := d.Expiry.Date()
	source := d.Expiry.Source
	if source != domainname.FromEPP {
		source = domainname.FromRegistrar
	}
	d.Adopt(a.at, domainname.Reading{Raw: a.raw, Source: source}, tx.Now)
	if a.paid {
		d.PaidThrough = d.Expiry.Date()
	}
	if now.DomainSyncDue && !d.NextDue.IsZero() && !stored.IsZero() {
		d.NextDue = d.NextDue.AddDays(stored.DaysUntil(d.Expiry.Date()))
	}
	m, err := stand(ctx, tx, d, policy, open)
	if err != nil {
		return err
	}
	if err := domainname.Save(ctx, tx, d); err != nil {
		return err
	}
	if err := tx.ApplySyncFinding(ctx, query.ApplySyncFindingParams{RunID: a.run, DomainID: d.ID}); err != nil {
		return fmt.Errorf("finding about domain %s: %w", d.ID, err)
	}
	if open != nil && open.State != domainname.RenewalOpen {
		if err := domainname.Work(ctx, tx, d.ID, tx.Now); err != nil {
			return err
		}
	}
	if err := domainname.SyncAt(ctx, tx, d.ID, next(*d, open != nil, tx.Now)); err != nil {
		return err
	}
	err = event.Audit(ctx, tx, event.Change{
		What: "domain.expiry_adopted", SubjectID: d.ID, Before: stored.String(), After: d.Expiry.Date().String(), Why: a.why,
	})
	if err != nil {
		return err
	}
	err = event.Emit(ctx, tx, event.New{Type: EventCorrected, SubjectID: d.ID, CustomerID: d.CustomerID, Data: SyncEvent{
		Name: d.Name.String(), Finding: "adopted", Before: stored, After: d.Expiry.Date(), PaidThrough: d.PaidThrough, Read: a.raw,
	}})
	if err != nil {
		return err
	}
	if err := task.Settled(ctx, tx, askHeld, d.ID); err != nil {
		return err
	}
	return m.emit(ctx, tx, *d)
}

// around reads the policy of a domain's extension today (nil: there is none) and its open renewal.
func around(ctx context.Context, tx *db.Tx, d domainname.Domain) (*domainname.Policy, *domainname.Renewal, error) {
	p, ok, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
	if err != nil {
		return nil, nil, err
	}
	open, err := domainname.OpenRenewal(ctx, tx, d.ID)
	if err != nil || !ok {
		return nil, open, err
	}
	return &p, open, nil
}
