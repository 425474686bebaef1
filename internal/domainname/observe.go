package domainname

import (
	"time"

	"github.com/keystead/keystead/internal/civil"
)

// Reading is what was read of a domain at its registry, or heard from the registrar.
type Reading struct {
	Raw        string // the expiry as it was written
	Created    civil.Date
	Source     Source
	Accounting civil.Date
	// GraceIncluded is by how many days the date lies behind the registry's own.
	GraceIncluded int
	State         RegistryState
}

// Take writes a reading into the facts of a domain, as far as it can be true. The state always counts; the date only as
// [Compare] says. A date that can't be true is no date: bad says why, and nothing of the stored ones changes.
func (d *Domain) Take(r Reading, now time.Time) (read Read, bad error) {
	d.State, d.MissingSince = r.State, nil
	d.State.ReadAt = now
	at, err := ReadExpiry(r.Raw, r.Created, now)
	if err != nil {
		return Read{Finding: Held, Registry: d.Expiry.Date(), Paid: d.PaidThrough}, err
	}
	at = at.AddDate(0, 0, -r.GraceIncluded)
	read = Compare(d.Expiry.Date(), d.PaidThrough, RegistryDate(at))
	if read.Finding == Held {
		return read, nil
	}
	d.Adopt(at, r, now)
	d.PaidThrough = read.Paid
	return read, nil
}

// Adopt takes the date of a reading as the registry's, whatever was stored: after a command that was to move it, or
// because staff say so.
func (d *Domain) Adopt(at time.Time, r Reading, now time.Time) {
	d.Expiry = Expiry{At: at, Raw: r.Raw, Source: r.Source, ReadAt: now}
	d.Accounting = r.Accounting
}
