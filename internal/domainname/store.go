package domainname

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

var (
	errNotFound  = fail.NotFound("DOMAIN_NOT_FOUND", "There is no such domain.")
	errTaken     = fail.Conflict("DOMAIN_TAKEN", "The store has this domain already.")
	errNoRenewal = fail.NotFound("RENEWAL_NOT_FOUND", "There is no such renewal.")
	errOpen      = fail.Conflict("RENEWAL_OPEN", "A renewal of this domain is not finished yet.")
	errChanged   = fail.Conflict("CHANGED_MEANWHILE", "Somebody else changed this meanwhile. Look at it again.")
)

// Load reads a domain.
func Load(ctx context.Context, tx *db.Tx, id string) (Domain, error) {
	if !text.IsID(id) {
		return Domain{}, errNotFound
	}
	r, err := tx.Domain(ctx, id)
	return found(r, err)
}

// Lock takes the lock of a domain until the end of tx, and reads it. Whoever renews, or acts upon its end, holds it.
func Lock(ctx context.Context, tx *db.Tx, id string) (Domain, error) {
	if !text.IsID(id) {
		return Domain{}, errNotFound
	}
	r, err := tx.LockDomain(ctx, id)
	return found(r, err)
}

// ByName reads the domain that has a name and is not over.
func ByName(ctx context.Context, tx *db.Tx, n Name) (Domain, error) {
	r, err := tx.DomainByName(ctx, n.String())
	return found(r, err)
}

func found(r query.Domain, err error) (Domain, error) {
	if db.NotFound(err) {
		return Domain{}, errNotFound
	}
	if err != nil {
		return Domain{}, fmt.Errorf("domain: %w", err)
	}
	return domainOf(r)
}

// storedState is a registry's state as it is stored; when it was read is a column of its own.
type storedState struct {
	EPP     []string `json:"epp,omitempty"`
	RGP     []string `json:"rgp,omitempty"`
	Sponsor Sponsor  `json:"sponsor,omitempty"`
	Limit   *int     `json:"years_ahead_limit,omitempty"`
}

func domainOf(r query.Domain) (Domain, error) {
	name, err := ParseName(r.Name)
	if err != nil {
		return Domain{}, fmt.Errorf("domain %s: its name %w", r.ID, err)
	}
	var d dates
	var state storedState
	if err := json.Unmarshal([]byte(r.RegistryState), &state); err != nil {
		return Domain{}, fmt.Errorf("domain %s: %w", r.ID, err)
	}
	domain := Domain{
		ID: r.ID, Name: name, Extension: r.Extension, CustomerID: r.CustomerID, OrderID: orEmpty(r.OrderID), RegistrarID: orEmpty(r.RegistrarID),
		Kind: Kind(r.Kind), Status: Status(r.Status),
		Expiry:     Expiry{At: orNever(r.ExpiresAt), Raw: r.ExpiryRaw, Source: Source(r.ExpirySource), ReadAt: orNever(r.ExpiryReadAt)},
		Accounting: d.of(r.AccountingOn), PaidThrough: d.of(r.PaidThrough), NextDue: d.of(r.NextDue),
		Recurring: money.New(r.RecurringAmount, money.Currency(r.Currency)), DoNotRenew: r.DoNotRenew, BundledWith: orEmpty(r.BundledWith),
		State:      RegistryState{EPP: state.EPP, RGP: state.RGP, Sponsor: state.Sponsor, YearsAheadLimit: state.Limit, ReadAt: orNever(r.RegistryReadAt)},
		LockedByUs: r.LockedByUs, Unanswered: r.Unanswered, Version: r.Version, CreatedAt: r.CreatedAt.Time(), UpdatedAt: r.UpdatedAt.Time(),
	}
	if r.Term != nil {
		domain.Term = int(*r.Term)
	}
	if r.Premium != nil {
		if err := json.Unmarshal([]byte(*r.Premium), &domain.Premium); err != nil {
			return Domain{}, fmt.Errorf("domain %s: %w", r.ID, err)
		}
	}
	if r.RestoreQuote != nil {
		if err := json.Unmarshal([]byte(*r.RestoreQuote), &domain.RestoreQuote); err != nil {
			return Domain{}, fmt.Errorf("domain %s: %w", r.ID, err)
		}
	}
	domain.TransferSecret, domain.Mode = r.TransferSecret, Mode(r.RenewalMode)
	domain.MissingSince, domain.DeletedAt = clock.TimePtr(r.MissingSince), clock.TimePtr(r.DeletedAt)
	if r.BoughtYears != nil {
		domain.BoughtYears = int(*r.BoughtYears)
	}
	if err := json.Unmarshal([]byte(r.Nameservers), &domain.Nameservers); err != nil {
		return Domain{}, fmt.Errorf("domain %s: %w", r.ID, err)
	}
	if len(domain.Nameservers) == 0 {
		domain.Nameservers = nil
	}
	if err := json.Unmarshal([]byte(r.Registrant), &domain.Registrant); err != nil {
		return Domain{}, fmt.Errorf("domain %s: %w", r.ID, err)
	}
	if d.err != nil {
		return Domain{}, fmt.Errorf("domain %s: %w", r.ID, d.err)
	}
	return domain, nil
}

// columns are the facts of a domain as they are stored.
func (d Domain) columns() (row query.SaveDomainParams, err error) {
	state, err := json.Marshal(storedState{EPP: d.State.EPP, RGP: d.State.RGP, Sponsor: d.State.Sponsor, Limit: d.State.YearsAheadLimit})
	if err != nil {
		return row, fmt.Errorf("domain %s: %w", d.ID, err)
	}
	end, _ := d.TermEnd()
	row = query.SaveDomainParams{
		ID: d.ID, Version: d.Version, RegistrarID: optional(d.RegistrarID), Status: string(d.Status), ExpiresAt: stamp(d.Expiry.At),
		ExpiresOn: optionalDate(d.Expiry.Date()), ExpiryRaw: d.Expiry.Raw, ExpirySource: string(d.Expiry.Source), ExpiryReadAt: stamp(d.Expiry.ReadAt),
		AccountingOn: optionalDate(d.Accounting), PaidThrough: optionalDate(d.PaidThrough), TermEnd: optionalDate(end), NextDue: optionalDate(d.NextDue),
		RecurringAmount: d.Recurring.Amount, DoNotRenew: d.DoNotRenew, BundledWith: optional(d.BundledWith), RegistryState: string(state),
		RegistryReadAt: stamp(d.State.ReadAt), LockedByUs: d.LockedByUs, Unanswered: d.Unanswered,
	}
	row.TransferSecret, row.RenewalMode = d.TransferSecret, string(d.Mode)
	row.MissingSince, row.DeletedAt = clock.FromTimePtr(d.MissingSince), clock.FromTimePtr(d.DeletedAt)
	if d.Status != Pending && d.Status != PendingTransfer {
		row.TransferSecret = "" // forgotten when the transfer is over, however it ended
	}
	if d.Term > 0 {
		row.Term = new(int64(d.Term))
	}
	if d.BoughtYears > 0 {
		row.BoughtYears = new(int64(d.BoughtYears))
	}
	nameservers, err := json.Marshal(append([]string{}, d.Nameservers...))
	if err != nil {
		return row, fmt.Errorf("domain %s: %w", d.ID, err)
	}
	registrant, err := json.Marshal(d.Registrant)
	if err != nil {
		return row, fmt.Errorf("domain %s: %w", d.ID, err)
	}
	row.Nameservers, row.Registrant = string(nameservers), string(registrant)
	if d.Premium != nil {
		premium, err := json.Marshal(d.Premium)
		if err != nil {
			return row, fmt.Errorf("domain %s: %w", d.ID, err)
		}
		row.Premium = optional(string(premium))
	}
	return row, nil
}

// Insert writes a new domain, and gives it its id.
func Insert(ctx context.Context, tx *db.Tx, d *Domain) error {
	d.ID, d.Version, d.CreatedAt, d.UpdatedAt = tx.NewID("dom"), 1, tx.Now, tx.Now
	c, err := d.columns()
	if err != nil {
		return err
	}
	err = tx.InsertDomain(ctx, query.InsertDomainParams{
		ID: c.ID, Name: d.Name.String(), Extension: d.Extension, CustomerID: d.CustomerID, OrderID: optional(d.OrderID), RegistrarID: c.RegistrarID,
		Kind: string(d.Kind), Status: c.Status, ExpiresAt: c.ExpiresAt, ExpiresOn: c.ExpiresOn, ExpiryRaw: c.ExpiryRaw, ExpirySource: c.ExpirySource,
		ExpiryReadAt: c.ExpiryReadAt, AccountingOn: c.AccountingOn, PaidThrough: c.PaidThrough, TermEnd: c.TermEnd, NextDue: c.NextDue, Term: c.Term,
		Currency: string(d.Recurring.Currency), RecurringAmount: c.RecurringAmount, DoNotRenew: c.DoNotRenew, BundledWith: c.BundledWith, Premium: c.Premium,
		RegistryState: c.RegistryState, RegistryReadAt: c.RegistryReadAt, LockedByUs: c.LockedByUs, Unanswered: c.Unanswered, BoughtYears: c.BoughtYears,
		TransferSecret: c.TransferSecret, Nameservers: c.Nameservers, Registrant: c.Registrant, RenewalMode: c.RenewalMode, CreatedAt: tx.Stamp,
	})
	if db.Duplicate(err) {
		return errTaken.Because(err)
	}
	if err != nil {
		return fmt.Errorf("domain %s: %w", d.Name, err)
	}
	return nil
}

// Save writes the facts of a domain that was read in tx, or refuses if somebody else has written them since.
func Save(ctx context.Context, tx *db.Tx, d *Domain) error {
	row, err := d.columns()
	if err != nil {
		return err
	}
	row.UpdatedAt = tx.Stamp
	n, err := tx.SaveDomain(ctx, row)
	if db.Duplicate(err) {
		return errTaken.Because(err)
	}
	if err != nil {
		return fmt.Errorf("domain %s: %w", d.ID, err)
	}
	if n == 0 {
		return errChanged
	}
	d.Version++
	d.UpdatedAt = tx.Now
	return nil
}

// SaveReading is [Save] for what a reading has made of a domain that was, before it, as it was. A reading that shows nothing new
// is noted with its time, and changes nothing for who has looked at the domain and is about to act upon what they saw.
func SaveReading(ctx context.Context, tx *db.Tx, was Domain, d *Domain) error {
	before, err := was.columns()
	if err != nil {
		return err
	}
	after, err := d.columns()
	if err != nil {
		return err
	}
	before.ExpiryReadAt, before.RegistryReadAt = after.ExpiryReadAt, after.RegistryReadAt
	if !reflect.DeepEqual(before, after) {
		return Save(ctx, tx, d)
	}
	n, err := tx.NoteDomainReading(ctx, query.NoteDomainReadingParams{
		ID: d.ID, Version: d.Version, ExpiryReadAt: after.ExpiryReadAt, RegistryReadAt: after.RegistryReadAt,
	})
	if err != nil {
		return fmt.Errorf("domain %s: %w", d.ID, err)
	}
	if n == 0 {
		return errChanged
	}
	return nil
}

// OpenRenewal reads the renewal of a domain that is not over; nil: there is none.
func OpenRenewal(ctx context.Context, tx *db.Tx, domainID string) (*Renewal, error) {
	r, err := tx.OpenDomainRenewal(ctx, domainID)
	if db.NotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("renewal of domain %s: %w", domainID, err)
	}
	renewal, err := renewalOf(r)
	return &renewal, err
}

// MadeRenewal reads the renewal by which the registry has the years of a domain's present term already; nil: there is none.
func MadeRenewal(ctx context.Context, tx *db.Tx, d Domain) (*Renewal, error) {
	end, _ := d.TermEnd()
	first, last := basesOf(end, Drift)
	r, err := tx.DomainRenewalMade(ctx, query.DomainRenewalMadeParams{DomainID: d.ID, First: first, Last: last})
	if db.NotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("renewal of domain %s: %w", d.ID, err)
	}
	renewal, err := renewalOf(r)
	return &renewal, err
}

// RenewalsOfTerm reads what was renewed, or revoked, of the term of a domain that ends on a day, newest first. Those are among them
// that a statement finds which counts days in months of 31: whatever staff are asked about can be answered.
func RenewalsOfTerm(ctx context.Context, tx *db.Tx, domainID string, end civil.Date) ([]Renewal, error) {
	first, last := basesOf(end, Drift+3)
	rows, err := tx.RenewalsOfBase(ctx, query.RenewalsOfBaseParams{DomainID: domainID, First: first, Last: last})
	if err != nil {
		return nil, fmt.Errorf("renewals of domain %s: %w", domainID, err)
	}
	return RenewalsIn(rows)
}

// basesOf bounds the bases of renewals of a term that ends on a day: its end may have been corrected by some days since they were made.
func basesOf(end civil.Date, days int) (first, last string) {
	if end.IsZero() {
		return "", ""
	}
	return end.AddDays(-days).String(), end.AddDays(days).String()
}

// RenewalsOf reads the newest renewals of a domain, newest first.
func RenewalsOf(ctx context.Context, tx *db.Tx, domainID string, limit int) ([]Renewal, error) {
	rows, err := tx.RenewalsOfDomain(ctx, query.RenewalsOfDomainParams{DomainID: domainID, N: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("renewals of domain %s: %w", domainID, err)
	}
	all := make([]Renewal, len(rows))
	for i, r := range rows {
		if all[i], err = renewalOf(r); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func renewalOf(r query.DomainRenewal) (Renewal, error) {
	var d dates
	currency := money.Currency(r.Currency)
	renewal := Renewal{
		ID: r.ID, DomainID: r.DomainID, CustomerID: r.CustomerID, Base: d.of(&r.Base), Years: int(r.Years), Kind: RenewalKind(r.Kind),
		State: RenewalState(r.State), Hold: Hold(r.Hold), Cause: r.Cause, DueOn: d.of(r.DueOn), Price: money.New(r.Price, currency),
		Fee: money.New(r.Fee, currency), Stage: Stage(r.Stage), PolicyID: r.PolicyID, LineID: orEmpty(r.LineID), InvoiceID: orEmpty(r.InvoiceID),
		Expected: d.of(&r.ExpectedOn), PaidAt: clock.TimePtr(r.PaidAt), Owed: r.Owed, PaidBefore: d.of(r.PaidBefore), DueBefore: d.of(r.DueBefore),
		OrderID: orEmpty(r.OrderID), FeeLineID: orEmpty(r.FeeLineID), FeeInvoiceID: orEmpty(r.FeeInvoiceID), Reference: r.Reference,
		Resends: int(r.Resends), LeaveDue: !r.MoveDue, SettledAt: clock.TimePtr(r.SettledAt), Version: r.Version, CreatedAt: r.CreatedAt.Time(),
	}
	if d.err != nil {
		return Renewal{}, fmt.Errorf("renewal %s: %w", r.ID, d.err)
	}
	return renewal, nil
}

// InsertRenewal writes a new renewal, and gives it its id.
// It refuses a second open renewal of a domain, a second one of the same base, and a second automatic one of a due date.
func InsertRenewal(ctx context.Context, tx *db.Tx, r *Renewal) error {
	r.ID, r.Version, r.CreatedAt = tx.NewID("drn"), 1, tx.Now
	err := tx.InsertDomainRenewal(ctx, query.InsertDomainRenewalParams{
		ID: r.ID, DomainID: r.DomainID, CustomerID: r.CustomerID, Base: r.Base.String(), Years: int64(r.Years), Kind: string(r.Kind),
		State: string(r.State), Hold: string(r.Hold), Cause: r.Cause, DueOn: optionalDate(r.DueOn), Currency: string(r.Price.Currency),
		Price: r.Price.Amount, Fee: r.Fee.Amount, Stage: string(r.Stage), PolicyID: r.PolicyID, LineID: optional(r.LineID),
		InvoiceID: optional(r.InvoiceID), OrderID: optional(r.OrderID), ExpectedOn: r.Expected.String(), MoveDue: !r.LeaveDue, PaidAt: clock.FromTimePtr(r.PaidAt),
		PaidBefore: optionalDate(r.PaidBefore), DueBefore: optionalDate(r.DueBefore),
		SettledAt: clock.FromTimePtr(r.SettledAt), CreatedAt: tx.Stamp,
	})
	if db.Duplicate(err) {
		return errOpen.Because(err)
	}
	if err != nil {
		return fmt.Errorf("renewal of domain %s: %w", r.DomainID, err)
	}
	if !r.State.Open() {
		return nil
	}
	// Its date is read daily from now on.
	return SyncAt(ctx, tx, r.DomainID, tx.Now.AddDate(0, 0, 1))
}

// MoveRenewal takes a renewal along the state machine and writes what was changed in it besides. It refuses a step that
// the table does not have, one of a renewal that was made and is paid, and one of a renewal that somebody else has moved.
func MoveRenewal(ctx context.Context, tx *db.Tx, r *Renewal, on RenewalTrigger) error {
	to, ok := NextState(r.State, on)
	made := r.State == RenewalConfirmed || r.State == RenewalSatisfied
	if !ok || made && r.Unpaid() == (on == OnStaffDecision) {
		return fail.Conflict("RENEWAL_STATE", fmt.Sprintf("A renewal that is %s can't be moved by this: %s.", r.State, on))
	}
	from := r.State
	r.State, r.SettledAt = to, nil
	if to != RenewalHeld {
		r.Hold = ""
	}
	r.Owed = r.Owed || on == OnManualSend
	if !to.Open() {
		r.SettledAt = &tx.Now
	}
	n, err := tx.MoveDomainRenewal(ctx, query.MoveDomainRenewalParams{
		ID: r.ID, FromState: string(from), ToState: string(to), Version: r.Version, Hold: string(r.Hold), Cause: r.Cause,
		PaidAt: clock.FromTimePtr(r.PaidAt), Owed: r.Owed, PaidBefore: optionalDate(r.PaidBefore), DueBefore: optionalDate(r.DueBefore),
		FeeLineID: optional(r.FeeLineID), FeeInvoiceID: optional(r.FeeInvoiceID), Reference: r.Reference, Resends: int64(r.Resends), MoveDue: !r.LeaveDue,
		Fee: r.Fee.Amount, Stage: string(r.Stage), LineID: optional(r.LineID), InvoiceID: optional(r.InvoiceID), SettledAt: clock.FromTimePtr(r.SettledAt),
	})
	if db.Duplicate(err) {
		return errOpen.Because(err)
	}
	if err := r.written(n, err); err != nil || to.Open() {
		return err
	}
	return r.ended(ctx, tx)
}

// LoadRenewal reads a renewal.
func LoadRenewal(ctx context.Context, tx *db.Tx, id string) (Renewal, error) {
	if !text.IsID(id) {
		return Renewal{}, errNoRenewal
	}
	r, err := tx.DomainRenewal(ctx, id)
	return foundRenewal(r, err)
}

// RenewalOfLine reads the renewal that an invoice line pays for, by itself or by its fee.
func RenewalOfLine(ctx context.Context, tx *db.Tx, lineID string) (Renewal, error) {
	r, err := tx.DomainRenewalOfLine(ctx, &lineID)
	return foundRenewal(r, err)
}

func foundRenewal(r query.DomainRenewal, err error) (Renewal, error) {
	if db.NotFound(err) {
		return Renewal{}, errNoRenewal
	}
	if err != nil {
		return Renewal{}, fmt.Errorf("renewal of a domain: %w", err)
	}
	return renewalOf(r)
}

// Work has the worker of registrars look at a domain at an instant, or sooner if it was to already.
func Work(ctx context.Context, tx *db.Tx, domainID string, at time.Time) error {
	if err := tx.WorkOnDomain(ctx, query.WorkOnDomainParams{ID: domainID, At: stamp(at)}); err != nil {
		return fmt.Errorf("work on domain %s: %w", domainID, err)
	}
	return nil
}

// SyncAt has the registry's word of a domain read at an instant, or sooner if it was to be already. Who makes a domain
// active calls it; from then on sync says when it is read next.
func SyncAt(ctx context.Context, tx *db.Tx, domainID string, at time.Time) error {
	if err := tx.SyncDomainAt(ctx, query.SyncDomainAtParams{ID: domainID, At: stamp(at)}); err != nil {
		return fmt.Errorf("sync of domain %s: %w", domainID, err)
	}
	return nil
}

// Gather reads what has to be known to say what is on offer for a domain: the policy that counts now, the prices of a day
// of the store's zone for a client group, the renewal that is open, one that was made of the present term already, and whether
// the domain is about to be deleted. Its caller adds whether customers can order, and the rates.
func Gather(ctx context.Context, tx *db.Tx, d Domain, by Asker, group string, day civil.Date) (Question, error) {
	q := Question{Domain: d, By: by, Now: tx.Now}
	policy, ok, err := PolicyAt(ctx, tx, d.Extension, RegistryDate(tx.Now))
	if err != nil {
		return q, err
	}
	if ok {
		q.Policy = &policy
	}
	prices, err := PricesOf(ctx, tx, d.Extension)
	if err != nil {
		return q, err
	}
	q.Prices = prices.List(d.Extension, ForRenewal, d.Recurring.Currency, group, day)
	if q.Open, err = OpenRenewal(ctx, tx, d.ID); err != nil {
		return q, err
	}
	if q.Made, err = MadeRenewal(ctx, tx, d); err != nil {
		return q, err
	}
	if q.Deleting, err = tx.DomainDeletionAsked(ctx, d.ID); err != nil {
		return q, fmt.Errorf("deletion of domain %s: %w", d.ID, err)
	}
	return q, nil
}

// dates reads stored dates; the first that is none is the error.
type dates struct{ err error }

func (d *dates) of(s *string) civil.Date {
	if s == nil || d.err != nil {
		return civil.Date{}
	}
	date, err := civil.Parse(*s)
	d.err = err
	return date
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orNever(i *clock.Instant) time.Time {
	if i == nil {
		return time.Time{}
	}
	return i.Time()
}

// stamp is the stored form of an instant that may not have come.
func stamp(t time.Time) *clock.Instant {
	if t.IsZero() {
		return nil
	}
	return clock.FromTimePtr(&t)
}

// optional is the stored form of text that may be missing.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// optionalDate is the stored form of a date that may not have come.
func optionalDate(d civil.Date) *string { return optional(d.String()) }
