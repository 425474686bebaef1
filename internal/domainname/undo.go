package domainname

import "time"

// Undo is until when deleting a domain at its registry returns the fee of the year that the registry has added by itself and that
// nobody has paid for: argp_days after the instant at which the year was added. ok is false if there is no such year.
func (d Domain) Undo(p Policy) (until time.Time, ok bool) {
	if !p.RegistryAutoRenews || d.DeletedAt != nil || YearsAhead(d.Expiry.Date(), d.PaidThrough) == 0 {
		return time.Time{}, false
	}
	added := AddYears(d.Expiry.Date(), -1)
	clock := d.Expiry.At.Sub(d.Expiry.Date().StartIn(time.UTC))
	return added.AddDays(p.ARGPDays).StartIn(time.UTC).Add(clock), true
}
