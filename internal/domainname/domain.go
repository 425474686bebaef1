package domainname

import (
	"slices"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
)

// Kind says how a domain came to the store.
type Kind string

// The kinds.
const (
	Registered  Kind = "register"
	Transferred Kind = "transfer"
)

// Source says who told a registry's date.
type Source string

// The sources.
const (
	FromEPP       Source = "epp"
	FromRegistrar Source = "registrar"
	FromStaff     Source = "staff"
	FromImport    Source = "import"
	Predicted     Source = "predicted"
)

// Expiry is when a registration ends, as the registry said. The zero value: nobody has said so yet.
type Expiry struct {
	At     time.Time
	Raw    string // as it was written
	Source Source
	ReadAt time.Time
}

// Date is the registry's date (R).
func (e Expiry) Date() civil.Date {
	if e.At.IsZero() {
		return civil.Date{}
	}
	return RegistryDate(e.At)
}

// Registrant is who holds a domain, as the registry was told.
type Registrant struct {
	Name    string `json:"name,omitempty"`
	Company string `json:"company,omitempty"`
	Address string `json:"address,omitempty"` // several lines
	Country string `json:"country,omitempty"`
	Email   string `json:"email,omitempty"`
	Phone   string `json:"phone,omitempty"`
}

// Mode is what happens to a domain at its expiry where there is no renew command.
type Mode string

// The modes.
const (
	ModeRenew  Mode = "renew"
	ModeExpire Mode = "expire"
)

// Sponsor says through whom the registry has the domain.
type Sponsor string

// The sponsors.
const (
	SponsorUnknown Sponsor = "unknown"
	SponsorOurs    Sponsor = "ours"
	SponsorOther   Sponsor = "other"
)

// RegistryState is what the registry said of a domain besides its date.
type RegistryState struct {
	EPP     []string // statuses of RFC 5731
	RGP     []string // statuses of RFC 3915
	Sponsor Sponsor
	// YearsAheadLimit is how many years the registry lets add now; nil: it did not say.
	YearsAheadLimit *int
	ReadAt          time.Time // zero: never
}

// trusted is for how long a reading wins over the calendar.
const trusted = 24 * time.Hour

// freshAt reports whether the state was read recently enough to count at an instant.
func (s RegistryState) freshAt(now time.Time) bool {
	return !s.ReadAt.IsZero() && now.Sub(s.ReadAt) <= trusted
}

func (s RegistryState) epp(status string) bool { return slices.Contains(s.EPP, status) }
func (s RegistryState) rgp(status string) bool { return slices.Contains(s.RGP, status) }

// Premium is what the registry asks for a name that it prices by itself.
type Premium struct {
	Class string
	// Renew is what a renewal costs the store, per term and in the registry's own currency, by the last quote; empty: none was had.
	Renew    List
	QuotedAt time.Time
	// Entered is what staff have found out that renewals of the term cost which ends on EnteredFor, where the registry does not tell it.
	Entered    List       `json:",omitempty"`
	EnteredFor civil.Date `json:",omitzero"`
}

// Domain is a domain that a customer has in the store: facts, from which status, windows and offers follow.
type Domain struct {
	ID          string
	Name        Name
	Extension   string
	CustomerID  string
	OrderID     string // empty: imported
	RegistrarID string
	Kind        Kind
	// Status is what was written down last. [Assess] says what holds now.
	Status Status
	Expiry Expiry
	// Accounting is the date from which the registrar counts its deadline, where it has one of its own.
	Accounting civil.Date
	// PaidThrough is until when the customer has paid (P). Zero: nothing was paid here.
	PaidThrough civil.Date
	// NextDue is when the next renewal falls due, by the store's zone. Zero: never by itself.
	NextDue civil.Date
	// Term is for how many years it renews by itself, Recurring what that costs. Term 0: it does not.
	Term       int
	Recurring  money.Money
	DoNotRenew bool
	// BundledWith is the subscription with which it is free.
	BundledWith string
	Premium     *Premium
	// RestoreQuote is what staff have quoted for its restore; nil: nothing.
	RestoreQuote *RestoreQuote
	State        RegistryState
	// LockedByUs: a clientRenewProhibited is the store's own, which it lifts for a renewal.
	LockedByUs bool
	// Unanswered: staff have not said what becomes of a term that the registry has and nobody paid for. Until then the
	// registry's date counts.
	Unanswered bool
	// BoughtYears is the term of the registration, or transfer, that brought it.
	BoughtYears int
	// TransferSecret is what authorises its transfer to the store, sealed; empty when that is over.
	TransferSecret string
	Nameservers    []string // that the store asked for
	Registrant     Registrant
	// Mode is what was set at the registrar where there is no renew command; empty: nothing yet.
	Mode Mode
	// MissingSince is when the registry did not find it; nil: it did, or was not asked.
	MissingSince *time.Time
	// DeletedAt is when staff had the registry delete it; nil: they did not, or the registry has it again.
	DeletedAt *time.Time
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Free reports whether it renews without a price.
func (d Domain) Free() bool { return d.Term > 0 && d.Recurring.Amount == 0 }

// TermEnd is the end of the term from which everything counts (T), and by how many years the registry is ahead of it.
func (d Domain) TermEnd() (end civil.Date, ahead int) {
	if d.Unanswered {
		return d.Expiry.Date(), 0
	}
	return TermEnd(d.Expiry.Date(), d.PaidThrough)
}

// Window is when it can be renewed.
func (d Domain) Window(p Policy) Window {
	end, ahead := d.TermEnd()
	accounting := d.Accounting
	if ahead > 0 {
		accounting = civil.Date{} // the registrar's date belongs to the year that it has added
	}
	w := p.Window(end, accounting)
	if d.DeletedAt != nil && p.RedemptionDays > 0 {
		w.LastRestore = RegistryDate(*d.DeletedAt).AddDays(p.RedemptionDays) // wherever its term ends
	}
	return w
}
