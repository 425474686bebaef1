package registry

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Mode is what happens to a domain at its expiry where there is no renew command.
type Mode string

// The modes.
const (
	ModeRenew  Mode = "renew"
	ModeExpire Mode = "expire"
)

// Domain is a domain in the registry.
type Domain struct {
	Name       string
	ROID       string
	Sponsor    string
	Creator    string
	Registrant string
	Contacts   []Role
	Hosts      []string // nameservers
	AuthInfo   string
	Statuses   map[string]bool // those that were set; what follows from the state is computed

	Created     time.Time
	Updater     string
	Updated     time.Time
	Transferred time.Time
	Expiry      time.Time

	Mode    Mode // where there is no renew command; default ModeRenew
	Arrears int  // years that are paid and move the date at the expiry

	// Grace periods, by the instant at which they end.
	AddUntil, AutoUntil, RenewUntil, TransferUntil time.Time
	// BeforeAuto is the expiry before the registry renewed by itself, while that can be undone.
	BeforeAuto time.Time
	AutoAmount int64
	// What was asked for it when it was registered, which is returned until AddUntil.
	AddYears  int
	AddAmount int64

	// Deletion, stage by stage; zero: not deleted.
	Deleted         time.Time
	RedemptionUntil time.Time
	GoneAt          time.Time
	RestoredAt      time.Time // a report is awaited
	ReportUntil     time.Time

	Pending  *Pending  // a renewal that was taken on
	Transfer *Transfer // the last one
}

// Role is a contact in a role.
type Role struct{ Role, ID string }

// Pending is a renewal that is done later.
type Pending struct {
	Account        string
	Years          int
	ClTRID, SvTRID string
	At             time.Time
	Amount         int64
	Interface      string
}

// Transfer is a transfer of a domain.
type Transfer struct {
	Status    string
	Requester string
	Requested time.Time
	Actor     string
	ActBy     time.Time
	Years     int
	ClTRID    string
}

const transferPending = "pending"

func (d *Domain) clone() Domain {
	c := *d
	c.Contacts, c.Hosts, c.Statuses = slices.Clone(d.Contacts), slices.Clone(d.Hosts), maps.Clone(d.Statuses)
	if d.Pending != nil {
		p := *d.Pending
		c.Pending = &p
	}
	if d.Transfer != nil {
		t := *d.Transfer
		c.Transfer = &t
	}
	return c
}

// transferring reports whether a transfer waits for an answer.
func (d *Domain) transferring() bool {
	return d.Transfer != nil && d.Transfer.Status == transferPending
}

// statuses are those of RFC 5731 that the domain shows.
func (d *Domain) statuses() []string {
	shown := maps.Clone(d.Statuses)
	if shown == nil {
		shown = map[string]bool{}
	}
	if !d.Deleted.IsZero() {
		shown["pendingDelete"] = true
	}
	if d.Pending != nil {
		shown["pendingRenew"] = true
	}
	if d.transferring() {
		shown["pendingTransfer"] = true
	}
	if len(shown) == 0 {
		return []string{"ok"}
	}
	return slices.Sorted(maps.Keys(shown))
}

// rgp are the grace periods of RFC 3915 that the domain is in.
func (d *Domain) rgp(x *Extension, now time.Time) []string {
	switch {
	case !d.RestoredAt.IsZero():
		return []string{"pendingRestore"}
	case !d.Deleted.IsZero() && now.Before(d.RedemptionUntil):
		return []string{"redemptionPeriod"}
	case !d.Deleted.IsZero():
		return []string{"pendingDelete"}
	}
	var periods []string
	for _, p := range []struct {
		name  string
		until time.Time
	}{{"addPeriod", d.AddUntil}, {"autoRenewPeriod", d.AutoUntil}, {"renewPeriod", d.RenewUntil}, {"transferPeriod", d.TransferUntil}} {
		if now.Before(p.until) {
			periods = append(periods, p.name)
		}
	}
	if x.Dialect == Classic && len(periods) > 1 {
		return periods[len(periods)-1:] // knows one at a time
	}
	return periods
}

// prohibits returns the status that forbids a verb, if any.
func (d *Domain) prohibits(verb string) string {
	kind := strings.ToUpper(verb[:1]) + verb[1:] + "Prohibited"
	for _, s := range d.statuses() {
		if s == "client"+kind || s == "server"+kind || strings.HasPrefix(s, "pending") {
			return s
		}
	}
	return ""
}

// next is the instant at which something happens to a domain by itself; zero: never.
func (r *Registry) next(d *Domain) time.Time {
	x := r.extension(d.Name)
	var next time.Time
	soonest := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if d.transferring() {
		soonest(d.Transfer.ActBy)
	}
	if d.Pending != nil {
		soonest(d.Pending.At)
	}
	switch {
	case !d.RestoredAt.IsZero():
		soonest(d.ReportUntil)
	case !d.Deleted.IsZero():
		soonest(d.GoneAt)
	case x.AutoRenews || x.ModeOnly || d.Arrears > 0:
		soonest(d.Expiry)
	default:
		soonest(d.Expiry.AddDate(0, 0, x.GraceDays))
	}
	return next
}

// happen is what happens to a domain at that instant.
func (r *Registry) happen(d *Domain, at time.Time) {
	x := r.extension(d.Name)
	switch {
	case d.transferring() && d.Transfer.ActBy.Equal(at):
		r.endTransfer(d, "serverApproved", at)
	case d.Pending != nil && d.Pending.At.Equal(at):
		r.finish(d, x, at)
	case !d.RestoredAt.IsZero():
		d.RestoredAt, d.ReportUntil = time.Time{}, time.Time{}
		r.notify(d.Sponsor, "No restore report for "+d.Name+": back in redemption", "")
		if !d.GoneAt.After(at) {
			d.GoneAt = at.AddDate(0, 0, x.DeleteDays)
		}
	case !d.Deleted.IsZero():
		delete(r.state.Domains, d.Name)
		r.notify(d.Sponsor, d.Name+" was deleted", "")
	case d.Arrears > 0:
		d.Expiry = x.addYears(d.Expiry, d.Arrears)
		d.Arrears = 0
	case x.AutoRenews || x.ModeOnly && d.Mode != ModeExpire:
		r.renewItself(d, x)
	default:
		r.expire(d, x, at)
	}
}

// renewItself adds a year because nobody said otherwise.
func (r *Registry) renewItself(d *Domain, x *Extension) {
	before := d.Expiry
	amount, _ := x.price(d.Name, 1)
	d.Expiry = x.addYears(before, 1)
	if x.AutoRenews {
		d.BeforeAuto, d.AutoAmount = before, amount
		d.AutoUntil = before.AddDate(0, 0, x.ARGPDays)
	}
	r.charge(Entry{
		At: before, Account: d.Sponsor, Kind: "auto_renew", Name: d.Name, Years: 1, Before: before, After: d.Expiry,
		Amount: amount, Currency: x.Currency,
	}, true)
	if !x.Quiet {
		r.notify(d.Sponsor, d.Name+" was renewed by the registry", renewedData(x, d))
	}
}

// expire begins the deletion of a domain.
func (r *Registry) expire(d *Domain, x *Extension, at time.Time) {
	if x.RedemptionDays == 0 {
		delete(r.state.Domains, d.Name)
		r.notify(d.Sponsor, d.Name+" was deleted", "")
		return
	}
	d.Deleted = at
	d.RedemptionUntil = at.AddDate(0, 0, x.RedemptionDays)
	d.GoneAt = d.RedemptionUntil.AddDate(0, 0, x.DeleteDays)
	r.notify(d.Sponsor, d.Name+" is in its redemption period", "")
}

// finish does a renewal that was taken on.
func (r *Registry) finish(d *Domain, x *Extension, at time.Time) {
	p := d.Pending
	d.Pending = nil
	r.extend(d, x, Entry{
		At: at, Account: p.Account, Kind: "renew", Name: d.Name, Years: p.Years, Amount: p.Amount, Currency: x.Currency,
		ClTRID: p.ClTRID, Interface: p.Interface,
	})
	r.notify(p.Account, "The renewal of "+d.Name+" is done", pendingData(d.Name, true, p.ClTRID, p.SvTRID, at))
}

// extend adds the years of a ledger line to a domain. The money was looked for before.
func (r *Registry) extend(d *Domain, x *Extension, e Entry) {
	e.Before, e.After = d.Expiry, x.addYears(d.Expiry, e.Years)
	r.charge(e, true)
	if x.MovesAtExpiry {
		d.Arrears += e.Years
	} else {
		d.Expiry = e.After
		d.RenewUntil = e.At.AddDate(0, 0, renewDays)
	}
	d.Updated, d.Updater = e.At, e.Account
	r.touch(d)
}

const (
	addDays      = 5
	renewDays    = 5
	transferDays = 5
)

// endTransfer answers a transfer that waits.
func (r *Registry) endTransfer(d *Domain, status string, at time.Time) {
	t := d.Transfer
	t.Status, t.ActBy = status, at
	if strings.HasSuffix(status, "Approved") {
		x := r.extension(d.Name)
		amount, _ := x.transferPrice(d.Name)
		before, after := d.Expiry, x.addYears(d.Expiry, t.Years)
		if _, long := x.tooLong(at, after); long {
			after, t.Years = before, 0
		}
		d.Expiry, d.Sponsor, d.Transferred, d.TransferUntil = after, t.Requester, at, at.AddDate(0, 0, transferDays)
		d.AutoUntil, d.BeforeAuto = time.Time{}, time.Time{}
		r.charge(Entry{
			At: at, Account: t.Requester, Kind: "transfer", Name: d.Name, Years: t.Years, Before: before, After: after,
			Amount: amount, Currency: x.Currency, ClTRID: t.ClTRID,
		}, true)
	}
	for _, account := range []string{t.Requester, t.Actor} {
		r.notify(account, "Transfer of "+d.Name+": "+status, transferData(d))
	}
	r.touch(d)
}

// Contact is a person or company that domains refer to.
type Contact struct {
	ID, ROID, Sponsor, AuthInfo string
	Created, Updated            time.Time
	Form                        string // int or loc
	Name, Company               string
	Street                      []string
	City, Region, Postcode      string
	Country, Phone, Email       string
}

// Host is a nameserver with addresses of its own.
type Host struct {
	Name, ROID, Sponsor string
	Addresses           []string
	Created             time.Time
}

// validName reports whether a name is one of at least two labels of letters, digits and hyphens, in lower case.
func validName(name string) bool {
	labels := strings.Split(name, ".")
	if len(name) > 253 || len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range label {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}
