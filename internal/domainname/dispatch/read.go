package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
)

// reading is what the registry said of a domain.
type reading struct {
	domainname.Reading

	found, ours bool
	at          time.Time  // of the expiry, without grace that the registrar counts in
	own         civil.Date // of the expiry in the registry's own text: what guards a command
	premium     bool
	// What somebody can ask for, as the registry has it.
	nameservers  []string
	holder, code string
}

// date is the registry's date (R); zero: it could not be read.
func (r reading) date() civil.Date {
	if r.at.IsZero() {
		return civil.Date{}
	}
	return domainname.RegistryDate(r.at)
}

func (r reading) rgp(status string) bool { return slices.Contains(r.State.RGP, status) }
func (r reading) epp(status string) bool { return slices.Contains(r.State.EPP, status) }

// awaitsReport reports whether the registry has begun to restore the domain, and deletes it after all unless it is told why in time.
func (r reading) awaitsReport() bool { return r.rgp("pendingRestore") }

// itself reports whether the year that was added last is the registry's own: it says so, and of no other renewal.
func (r reading) itself() bool { return r.rgp("autoRenewPeriod") && !r.rgp("renewPeriod") }

var errUnreadable = errors.New("the registry's answer can't be true")

// read asks the registry. That a domain is not ours, or not there, is asked twice.
func (w *worker) read(ctx context.Context, reg registrar.Registrar, d domainname.Domain) (reading, error) {
	r, err := w.readOnce(ctx, reg, d)
	if err == nil && (!r.found || !r.ours) {
		r, err = w.readOnce(ctx, reg, d)
	}
	return r, err
}

func (w *worker) readOnce(ctx context.Context, reg registrar.Registrar, d domainname.Domain) (reading, error) {
	var info registrar.Info
	err := w.inTime(ctx, func(ctx context.Context) (err error) {
		info, err = reg.Info(ctx, transactionID(), d.Name.String())
		return err
	})
	if err != nil {
		return reading{}, fmt.Errorf("read %s: %w", d.Name, err)
	}
	r := readingOf(info, reg.Capabilities(), w.now())
	if r.found && !r.ours && info.Sponsor == "" {
		return reading{}, fmt.Errorf("read %s: %w: no sponsor", d.Name, errUnreadable)
	}
	if r.found && r.ours && r.at.IsZero() {
		return reading{}, fmt.Errorf("read %s: %w: expiry %q", d.Name, errUnreadable, info.Expiry.Raw)
	}
	return r, nil
}

// readingOf is what an answer says.
func readingOf(info registrar.Info, c registrar.Capabilities, now time.Time) reading {
	r := reading{Reading: domainname.ReadingOf(info, c), found: info.Found, ours: info.Ours, premium: info.Premium}
	r.nameservers, r.holder, r.code = info.Nameservers, info.Registrant, info.AuthCode
	if expiry, err := r.Instant(now); err == nil {
		r.own = domainname.RegistryDate(expiry).AddDays(r.GraceIncluded)
		r.at = expiry
	}
	return r
}

// stored is what the store believes, where people are the ones who read.
func stored(d domainname.Domain) reading {
	r := reading{found: true, ours: true, at: d.Expiry.At, own: d.Expiry.Date()}
	r.Raw, r.Source, r.State, r.Accounting = d.Expiry.Raw, d.Expiry.Source, d.State, d.Accounting
	return r
}

// inTime asks a registrar for something and gives up after a time, in which it waits for its turn, too, and which never lasts
// longer than the lease: what isn't sent by then is another worker's to send.
func (w *worker) inTime(ctx context.Context, f func(context.Context) error) error {
	left := w.until.Sub(w.db.Wall().Now())
	if left <= 0 {
		return errLost
	}
	ctx, cancel := context.WithTimeout(ctx, min(w.patience, left))
	defer cancel()
	return f(ctx)
}
