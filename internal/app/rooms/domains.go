package rooms

import (
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/domainname/registration"
	"github.com/keystead/keystead/internal/domainname/reminder"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/domainname/watch"
	"github.com/keystead/keystead/internal/registrar/account"
)

// buildDomains builds the rooms that sell and renew domains.
func (r *Rooms) buildDomains(d *db.DB, c Config) {
	r.Domains = domainname.New(d)
	r.Registrars = account.New(d, account.Config{Box: crypt.NewBox(c.Key.Derive("registrar secrets")), Makers: c.Adapters, Logger: c.Logger})
	r.Renewals = renewal.New(d, r.Billing, r.Payments)
	r.Registrations = registration.New(d, r.Billing, r.Payments, crypt.NewBox(c.Key.Derive("transfer secrets")), nil)
	r.Dispatch = dispatch.New(d, dispatch.Config{
		Registrars: r.Registrars, Renewals: r.Renewals, Registrations: r.Registrations, Held: r.Recovery.Held, Logger: c.Logger,
	})
	r.Watch = watch.New(d, watch.Config{Registrars: r.Registrars, Renewals: r.Renewals, Held: r.Recovery.Held, Logger: c.Logger})
	r.Reminders = reminder.New(d, r.Mail)
	r.Domains.OnEnd(r.Renewals.Lost)
}
