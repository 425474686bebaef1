package watch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
)

// The findings that are no difference of dates.
const (
	foundUnreadable = "unreadable"
	foundNone       = "not_found"
	foundOther      = "other_sponsor"
	foundFailed     = "failed"
)

// The kinds of questions to staff.
const (
	askHeld       = "domain.sync_held"
	askUnreadable = "domain.sync_unreadable"
)

// The events of dates that differ.
const (
	EventCorrected = "domain.sync_corrected"
	EventHeld      = "domain.sync_held"
)

// SyncEvent is the data of both: what is stored now, and what was read.
type SyncEvent struct {
	Name        string     `json:"name"`
	Finding     string     `json:"finding"`
	Before      civil.Date `json:"expires_on_before"`
	After       civil.Date `json:"expires_on"`
	PaidThrough civil.Date `json:"paid_through"`
	Read        string     `json:"read"`
}

// tally is what a transaction adds to its run.
type tally struct{ asked, changed, held int64 }

// takeIn takes in what was read of those that are there, and keeps the bad answers. Leases end with it.
func (r *run) takeIn(ctx context.Context, answers []answer, until time.Time) error {
	var bad []answer
	err := r.s.db.Write(ctx, func(tx *db.Tx) error {
		bad = nil
		var t tally
		now, err := setting.Load(ctx, tx)
		if err != nil {
			return err
		}
		desk := &desk{run: r, tx: tx, until: until, followDue: now.DomainSyncDue, policies: map[string]*domainname.Policy{}}
		for _, a := range answers {
			if a.none {
				if err := domainname.Release(ctx, tx, a.id, until); err != nil {
					return err
				}
				continue
			}
			t.asked++
			if a.bad() {
				bad = append(bad, a)
				if err := domainname.Release(ctx, tx, a.id, until); err != nil {
					return err
				}
				continue
			}
			one := t
			failure := tx.Savepoint(ctx, func() error {
				one = t
				return desk.take(ctx, a, &one)
			})
			if failure == nil {
				t = one
				continue
			}
			r.s.log.Warn("what was read of a domain could not be taken in; it is read again", "domain", a.name, "err", failure)
			if err := domainname.Release(ctx, tx, a.id, until); err != nil {
				return err
			}
			if err := r.again(ctx, tx, a.id, tx.Now.Add(failedAgain)); err != nil {
				return err
			}
		}
		return tx.AddToSyncRun(ctx, query.AddToSyncRunParams{ID: r.id, Asked: t.asked, Changed: t.changed, Held: t.held})
	})
	if err != nil {
		return fmt.Errorf("take in what was read: %w", err)
	}
	r.kept = append(r.kept, bad...)
	return nil
}

// desk takes in answers of a run in one transaction.
type desk struct {
	*run
	tx        *db.Tx
	until     time.Time // of the leases
	followDue bool
	policies  map[string]*domainname.Policy
}

func (k *desk) policy(ctx context.Context, extension string) (*domainname.Policy, error) {
	if p, ok := k.policies[extension]; ok {
		return p, nil
	}
	p, ok, err := domainname.PolicyAt(ctx, k.tx, extension, domainname.RegistryDate(k.tx.Now))
	if err != nil {
		return nil, err
	}
	k.policies[extension] = nil
	if ok {
		k.policies[extension] = &p
	}
	return k.policies[extension], nil
}

// hold takes the lock of a domain whose lease it has, and gives the lease back. ok is false if the lease is over: what was
// read may be old.
func (k *desk) hold(ctx context.Context, id string) (d domainname.Domain, ok bool, err error) {
	if ok, err = domainname.Keep(ctx, k.tx, id, k.until, k.until); err != nil || !ok {
		return d, false, err
	}
	if d, err = domainname.Lock(ctx, k.tx, id); err != nil {
		return d, false, err
	}
	return d, true, domainname.Release(ctx, k.tx, id, k.until)
}

// take takes in what was read of a domain that is there, and ours.
func (k *desk) take(ctx context.Context, a answer, t *tally) error {
	before, err := domainname.Load(ctx, k.tx, a.id)
	if err != nil {
		return err
	}
	reading := domainname.ReadingOf(a.info, k.reach.Capabilities())
	if ahead(before, reading, k.tx.Now) {
		// Its open line may be concerned: locks are taken in the order of the house.
		if _, err := customer.Lock(ctx, k.tx, before.CustomerID); err != nil {
			return err
		}
	}
	d, ok, err := k.hold(ctx, a.id)
	if err != nil || !ok {
		return err
	}
	open, err := domainname.OpenRenewal(ctx, k.tx, d.ID)
	if err != nil {
		return err
	}
	if !d.Status.Live() {
		return k.waiting(ctx, a, d)
	}
	was, stored, paid := d, d.Expiry.Date(), d.PaidThrough
	read, bad := d.Take(reading, k.tx.Now)
	f := Finding{DomainID: d.ID, Stored: stored.String(), Read: a.info.Expiry.Raw, Applied: !k.notify}
	switch {
	case bad != nil:
		f.Finding, f.Applied = foundUnreadable, false
	case read.Finding == domainname.Held:
		f.Finding, f.Applied = string(domainname.Held), false
	case read.Finding != domainname.Same:
		f.Finding = string(read.Finding)
	}
	if f.Finding != "" && stored.IsZero() {
		f.Stored = ""
	}
	if k.notify {
		if err := k.note(ctx, f, t); err != nil {
			return err
		}
		return k.again(ctx, k.tx, d.ID, next(d, open != nil, k.tx.Now))
	}
	if err := k.follow(ctx, was, &d, open, read, f); err != nil {
		return err
	}
	if err := k.tell(ctx, d, f, paid, t); err != nil {
		return err
	}
	return k.again(ctx, k.tx, d.ID, next(d, open != nil, k.tx.Now))
}

// ahead reports whether a reading would put the registry years ahead of what is stored.
func ahead(d domainname.Domain, r domainname.Reading, now time.Time) bool {
	read, bad := d.Take(r, now) // of a copy
	return bad == nil && read.Finding == domainname.Ahead
}

// waiting is what a reading does for a domain that waits to become the store's: the registrar's worker ends that.
func (k *desk) waiting(ctx context.Context, a answer, d domainname.Domain) error {
	Readings.Add(k.tx, 1, k.name, readSame)
	if a.info.Found && a.info.Ours && !k.notify && !d.Status.Final() {
		if err := domainname.Work(ctx, k.tx, d.ID, k.tx.Now); err != nil {
			return err
		}
	}
	return k.again(ctx, k.tx, d.ID, next(d, false, k.tx.Now))
}

// follow writes what a reading changes besides the registry's own facts: due dates, renewals, the status.
func (k *desk) follow(ctx context.Context, was domainname.Domain, d *domainname.Domain, open *domainname.Renewal, read domainname.Read, f Finding) error {
	stored := was.Expiry.Date()
	policy, err := k.policy(ctx, d.Extension)
	if err != nil {
		return err
	}
	switch read.Finding { //nolint:exhaustive // the others change nothing
	case domainname.Corrected:
		switch {
		case stored.IsZero():
			if d.NextDue.IsZero() && policy != nil {
				d.NextDue = policy.Due(d.Window(*policy))
			}
		case k.followDue && !d.NextDue.IsZero():
			d.NextDue = d.NextDue.AddDays(stored.DaysUntil(d.Expiry.Date()))
		}
	case domainname.Ahead:
		if open != nil && open.State == domainname.RenewalOpen && domainname.YearsAhead(d.Expiry.Date(), open.Base) == open.Years {
			if err := k.s.config.Renewals.YearsThere(ctx, k.tx, d, open, aheadCause(d.State)); err != nil {
				return err
			}
			if open, err = domainname.OpenRenewal(ctx, k.tx, d.ID); err != nil {
				return err
			}
		}
	}
	told, err := stand(ctx, k.tx, d, policy, open)
	if err != nil {
		return err
	}
	if err := domainname.SaveReading(ctx, k.tx, was, d); err != nil {
		return err
	}
	if f.Finding == string(domainname.Corrected) || f.Finding == string(domainname.Ahead) {
		if open != nil && open.State != domainname.RenewalOpen {
			// A paid renewal may be done by this, or not be what it was: its worker reads and decides.
			if err := domainname.Work(ctx, k.tx, d.ID, k.tx.Now); err != nil {
				return err
			}
		}
	}
	return told.emit(ctx, k.tx, *d)
}

// aheadCause says where years come from that nobody paid for here.
func aheadCause(s domainname.RegistryState) string {
	if slices.Contains(s.RGP, "autoRenewPeriod") && !slices.Contains(s.RGP, "renewPeriod") {
		return "registry auto-renew"
	}
	return "renewed elsewhere"
}

// tell notes a finding, and tells of it and asks staff once as long as it stays the same.
func (k *desk) tell(ctx context.Context, d domainname.Domain, f Finding, paid civil.Date, t *tally) error {
	last, err := k.tx.LastSyncFinding(ctx, query.LastSyncFindingParams{DomainID: d.ID, RunID: k.id})
	if err != nil && !db.NotFound(err) {
		return fmt.Errorf("findings of domain %s: %w", d.ID, err)
	}
	if err := k.note(ctx, f, t); err != nil {
		return err
	}
	if f.Finding != string(domainname.Held) && f.Finding != foundUnreadable {
		if last.Finding == string(domainname.Held) || last.Finding == foundUnreadable {
			for _, kind := range []string{askHeld, askUnreadable} {
				if err := task.Settled(ctx, k.tx, kind, d.ID); err != nil {
					return err
				}
			}
		}
	}
	told := SyncEvent{Name: d.Name.String(), Finding: f.Finding, After: d.Expiry.Date(), PaidThrough: d.PaidThrough, Read: f.Read}
	told.Before = told.After
	switch f.Finding {
	case string(domainname.Corrected), string(domainname.Ahead):
		if before, err := civil.Parse(f.Stored); err == nil {
			told.Before = before
		}
		if err := event.Emit(ctx, k.tx, event.New{Type: EventCorrected, SubjectID: d.ID, CustomerID: d.CustomerID, Data: told}); err != nil {
			return err
		}
		if paid != d.PaidThrough {
			return event.Audit(ctx, k.tx, event.Change{
				What: "domain.paid_through", SubjectID: d.ID, Before: paid.String(), After: d.PaidThrough.String(), Why: "the registry's date is another by some days",
			})
		}
	case string(domainname.Held), foundUnreadable:
		if last.Finding == f.Finding && last.Read == f.Read && last.Stored == f.Stored {
			return nil
		}
		if err := event.Emit(ctx, k.tx, event.New{Type: EventHeld, SubjectID: d.ID, CustomerID: d.CustomerID, Data: told}); err != nil {
			return err
		}
		q := task.Question{
			Kind: askHeld, SubjectID: d.ID, CustomerID: d.CustomerID, Occasion: f.Read,
			Detail: fmt.Sprintf("%s: the registry says that it expires on %s, and %s is stored. The stored dates count. Look there, then take the registry's date or leave it.",
				d.Name.Unicode(), readable(f.Read), readable(f.Stored)),
		}
		if f.Finding == foundUnreadable {
			q.Kind = askUnreadable
			q.Detail = fmt.Sprintf("%s: the registrar's expiry %q can't be true. The stored date %s counts.", d.Name.Unicode(), f.Read, readable(f.Stored))
		}
		q.Occasion = strings.ToValidUTF8(q.Occasion[:min(len(q.Occasion), 100)], "")
		return task.Ask(ctx, k.tx, q)
	}
	return nil
}

// readable writes the date of a finding as people read it, and what is none as it is.
func readable(s string) string {
	if d, err := civil.Parse(s); err == nil {
		return d.Format("en")
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return domainname.RegistryDate(at).Format("en")
	}
	return s
}

// note counts a reading, and writes what it found down, if it differs.
func (k *desk) note(ctx context.Context, f Finding, t *tally) error {
	Readings.Add(k.tx, 1, k.name, cmp.Or(f.Finding, readSame))
	switch f.Finding {
	case "":
		return nil
	case string(domainname.Held), foundUnreadable:
		t.held++
	default:
		t.changed++
	}
	return k.put(ctx, k.tx, f)
}

// longestRead bounds what is kept of an answer.
const longestRead = 500

func (r *run) put(ctx context.Context, tx *db.Tx, f Finding) error {
	read := strings.ReplaceAll(strings.ToValidUTF8(f.Read[:min(len(f.Read), longestRead)], "\ufffd"), "\x00", "\ufffd")
	err := tx.PutSyncFinding(ctx, query.PutSyncFindingParams{
		RunID: r.id, DomainID: f.DomainID, Finding: f.Finding, Stored: f.Stored, Read: read, Applied: f.Applied,
	})
	if err != nil {
		return fmt.Errorf("finding about domain %s: %w", f.DomainID, err)
	}
	return nil
}
