package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
)

// EventTransferredAway tells that a domain has left.
const EventTransferredAway = "domain.transferred_away"

// AwayEvent is the data of [EventTransferredAway].
type AwayEvent struct {
	Name    string `json:"name"`
	Cause   string `json:"cause"`
	Sponsor string `json:"sponsor,omitempty"` // who has it now
}

// The causes.
const (
	causeOther = "another registrar has it"
	causeNone  = "the registry does not know it"
)

// find counts a bad answer and writes it down.
func (r *run) find(ctx context.Context, tx *db.Tx, a answer, applied bool) error {
	d, err := domainname.Load(ctx, tx, a.id)
	if err != nil {
		return err
	}
	f := Finding{DomainID: a.id, Stored: d.Expiry.Date().String(), Applied: applied}
	switch {
	case a.err != nil:
		f.Finding, f.Read = foundFailed, a.err.Error()
	case !a.info.Found:
		f.Finding = foundNone
	default:
		f.Finding, f.Read = foundOther, a.info.Sponsor
	}
	if d.Expiry.At.IsZero() {
		f.Stored = ""
	}
	Readings.Add(tx, 1, r.name, f.Finding)
	return r.put(ctx, tx, f)
}

// turnAway acts upon a bad answer of a run that was not stopped.
func (r *run) turnAway(ctx context.Context, a answer) error {
	return r.s.db.Write(ctx, func(tx *db.Tx) error {
		d, err := domainname.Load(ctx, tx, a.id)
		if err != nil {
			return err
		}
		if a.err != nil || r.notify || !d.Status.Live() || d.Status.Final() {
			at := next(d, false, tx.Now)
			if a.err != nil {
				at = tx.Now.Add(failedAgain)
			}
			if err := r.find(ctx, tx, a, false); err != nil {
				return err
			}
			return r.again(ctx, tx, a.id, at)
		}
		if _, err := customer.Lock(ctx, tx, d.CustomerID); err != nil {
			return err
		}
		until := tx.Wall.Add(leaseTime).Truncate(time.Microsecond)
		if ok, err := domainname.Claim(ctx, tx, a.id, until); err != nil || !ok {
			return firstError(err, r.again(ctx, tx, a.id, tx.Now.Add(busyAgain)))
		}
		if d, err = domainname.Lock(ctx, tx, a.id); err != nil {
			return err
		}
		if err := domainname.Release(ctx, tx, a.id, until); err != nil {
			return err
		}
		if d.Version != a.version {
			// Somebody has changed it since: it is read again.
			return r.find(ctx, tx, a, false)
		}
		if !a.info.Found && (d.MissingSince == nil || tx.Now.Sub(*d.MissingSince) < missingAgain) {
			return r.missing(ctx, tx, a, d)
		}
		return r.gone(ctx, tx, a, d)
	})
}

func firstError(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// missing notes that a domain was not found for the first time.
func (r *run) missing(ctx context.Context, tx *db.Tx, a answer, d domainname.Domain) error {
	if err := r.find(ctx, tx, a, false); err != nil {
		return err
	}
	if d.MissingSince == nil {
		d.MissingSince = &tx.Now
		if err := domainname.Save(ctx, tx, &d); err != nil {
			return err
		}
	}
	return r.again(ctx, tx, a.id, d.MissingSince.Add(missingAgain))
}

// gone ends a domain that has left: by transfer, or, where its term is over, because nobody renewed it, or
// because staff had the registry delete it.
func (r *run) gone(ctx context.Context, tx *db.Tx, a answer, d domainname.Domain) error {
	open, err := domainname.OpenRenewal(ctx, tx, d.ID)
	if err != nil {
		return err
	}
	cause := causeOther
	if !a.info.Found {
		cause = causeNone
	}
	from := d.Status
	d.Status, d.DoNotRenew = domainname.TransferredAway, true
	end, _ := d.TermEnd()
	over := d.DeletedAt != nil || !end.IsZero() && domainname.RegistryDate(tx.Now).After(end)
	if !a.info.Found && over && domainname.Leads(from, domainname.Expired) {
		d.Status = domainname.Expired
	}
	if a.info.Found {
		d.State = domainname.ReadingOf(a.info, r.reach.Capabilities()).State
		d.State.ReadAt = tx.Now
	}
	if err := domainname.Save(ctx, tx, &d); err != nil {
		return err
	}
	// It writes the domain, too, and what the credit then pays for may as well.
	if err := r.s.config.Renewals.Lost(ctx, tx, &d, open, cause); err != nil {
		return fmt.Errorf("its renewal: %w", err)
	}
	if err := r.find(ctx, tx, a, true); err != nil {
		return err
	}
	if err := r.again(ctx, tx, a.id, time.Time{}); err != nil {
		return err
	}
	if d.Status == domainname.Expired {
		return moved{from: from, to: d.Status}.emit(ctx, tx, d)
	}
	told := AwayEvent{Name: d.Name.String(), Cause: cause, Sponsor: a.info.Sponsor}
	return event.Emit(ctx, tx, event.New{Type: EventTransferredAway, SubjectID: d.ID, CustomerID: d.CustomerID, Data: told})
}
