package domainname

import (
	"time"

	"github.com/keystead/keystead/internal/civil"
)

// InvoiceDue says whether the automatic invoice of a domain is to be made now, and for which day it should have been:
// so many days before the due date, not before its window, and never after the last plain day, whatever the registry's last
// word is: what is made then would be given up at once. Whether its term is on offer is another question ([Offers]).
// The domain must have been active on that day, or when it came to the store if that was later; everything else counts as
// it is now. Due dates are those of the zone.
func InvoiceDue(d Domain, p Policy, open *Renewal, days int, now time.Time, zone *time.Location) (on civil.Date, due bool) {
	if !d.Status.Live() || d.DoNotRenew || d.Term == 0 || d.Free() || d.NextDue.IsZero() || open != nil && open.State.Open() {
		return civil.Date{}, false
	}
	w := d.Window(p)
	if w.End.IsZero() {
		return civil.Date{}, false
	}
	on, ok := w.InvoiceOn(d.NextDue, days)
	if !ok || on.After(civil.Of(now, zone)) || w.TooEarly(RegistryDate(now)) || RegistryDate(now).After(w.LastPlain) {
		return civil.Date{}, false
	}
	// Redemption and deletion that the registry tells of count as of now; the calendar as of the day.
	was := d.stage(p, w, now)
	if was != StageRedemption && was != StageExpired {
		if came := RegistryDate(d.CreatedAt); came.After(on) {
			was = w.Stage(came)
		} else {
			was = w.Stage(on)
		}
	}
	if was != StageActive {
		return civil.Date{}, false
	}
	return on, true
}
