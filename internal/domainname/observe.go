package domainname

import (
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/registrar"
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

// ReadingOf is what a registrar's answer says of a domain.
func ReadingOf(info registrar.Info, c registrar.Capabilities) Reading {
	source := FromRegistrar
	if c.Poll { // only a registry itself has messages
		source = FromEPP
	}
	r := Reading{
		Raw: info.Expiry.Raw, Source: source, Accounting: info.Accounting, GraceIncluded: c.GraceIncluded,
		State: RegistryState{EPP: Statuses(info.Statuses), RGP: Statuses(info.RGP), Sponsor: SponsorUnknown, YearsAheadLimit: info.YearsAhead},
	}
	switch {
	case info.Ours:
		r.State.Sponsor = SponsorOurs
	case info.Sponsor != "":
		r.State.Sponsor = SponsorOther
	}
	if !info.Created.At.IsZero() {
		r.Created = RegistryDate(info.Created.At)
	}
	return r
}

// Heard takes in how the registry has a domain that is there, and ours. One that isn't to be deleted any more is not given up.
func (d *Domain) Heard(s RegistryState, now time.Time) {
	d.State, d.MissingSince = s, nil
	d.State.ReadAt = now
	if !d.State.Deleting(now) {
		d.DeletedAt = nil
	}
}

// Take writes a reading into the facts of a domain, as far as it can be true. The state always counts; the date only as
// [Compare] says. A date that can't be true is no date: bad says why, and nothing of the stored ones changes.
func (d *Domain) Take(r Reading, now time.Time) (read Read, bad error) {
	d.Heard(r.State, now)
	at, err := r.Instant(now)
	if err != nil {
		return Read{Finding: Held, Registry: d.Expiry.Date(), Paid: d.PaidThrough}, err
	}
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

// A domain has at most so many statuses, none of them longer: standards know 17 of the one kind and 9 of the other.
const (
	mostStatuses  = 32
	longestStatus = 48
)

// Statuses are those of an answer that can be statuses: a few words of letters. A registrar may send anything.
func Statuses(said []string) (all []string) {
	for _, s := range said {
		word := s != "" && len(s) <= longestStatus && !strings.ContainsFunc(s, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
		})
		if word && len(all) < mostStatuses && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
