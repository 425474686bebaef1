package domainname

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/text"
)

// BadRequest is the problem of a request that nobody can mean: a name that can't be one, a term that no registry has.
func BadRequest(field, message string) *fail.Error {
	e := fail.Malformed("INVALID_REQUEST", field+" "+message+".")
	e.Field, e.Fields = field, []fail.FieldError{{Field: field, Message: message}}
	return e
}

// Input is a domain that staff, or an import, bring into the store: it exists at the registry already.
type Input struct {
	Name        string
	CustomerID  string
	Registrar   string // by name; empty: that of its extension
	Expiry      string // as the registry says it: RFC 3339 or a date
	PaidThrough civil.Date
	NextDue     civil.Date     // zero: the default
	Term        int            // 0: one year
	Recurring   *money.Money   // nil: the list price
	Currency    money.Currency // of the list price; empty: the customer's
	Free        bool           // the same as a recurring amount of nothing
	DoNotRenew  bool
	BundledWith string
	Source      Source
}

// Reach says through which registrar a domain that is not in the store yet can be read: the one with a name, else that of its
// extension; empty: none.
func Reach(ctx context.Context, tx *db.Tx, asked, registrar string) (name, registrarID string, err error) {
	n, err := ParseName(asked)
	if err != nil {
		return "", "", BadRequest("name", err.Error())
	}
	_, extension, _ := strings.Cut(n.String(), ".")
	if registrar != "" {
		registrarID, err = registrarNamed(ctx, tx, registrar)
	} else {
		registrarID, err = registrarOf(ctx, tx, extension)
	}
	return n.String(), registrarID, err
}

// Create takes a domain into the store.
func (s *Service) Create(ctx context.Context, in Input) (d Domain, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		d, err = Bring(ctx, tx, in)
		return err
	})
	return d, err
}

// Bring takes a domain into the store as part of tx.
func Bring(ctx context.Context, tx *db.Tx, in Input) (Domain, error) {
	name, err := ParseName(in.Name)
	if err != nil {
		return Domain{}, BadRequest("name", err.Error())
	}
	if _, ok := name.Extension(func(string) bool { return true }); !ok {
		return Domain{}, BadRequest("name", "is not directly under an extension of a registry")
	}
	_, extension, _ := strings.Cut(name.String(), ".")
	policy, ok, err := PolicyAt(ctx, tx, extension, RegistryDate(tx.Now))
	if err != nil {
		return Domain{}, err
	}
	if !ok {
		return Domain{}, fail.Invalid("name", "is under an extension for which the store has no policy")
	}
	owner, err := customer.Load(ctx, tx, in.CustomerID)
	if err != nil {
		return Domain{}, unknown("customer_id", "is not that of a customer", err)
	}
	d := Domain{
		Name: name, Extension: extension, CustomerID: owner.ID, Kind: Registered, Status: Active, PaidThrough: in.PaidThrough, NextDue: in.NextDue,
		Term: in.Term, DoNotRenew: in.DoNotRenew, BundledWith: in.BundledWith,
	}
	if in.Term == 0 {
		d.Term = 1
	}
	if in.Currency == "" {
		in.Currency = owner.Currency
	}
	if in.Source == FromImport && d.Term == maxTerm {
		if err := d.tenYears(ctx, tx, &in, policy); err != nil {
			return Domain{}, err
		}
	}
	if d.Term < 1 || d.Term >= maxTerm {
		return Domain{}, fail.Invalid("term_years", "is not between 1 and 9, as no domain is renewed for 10 years or more")
	}
	if in.Source == "" {
		in.Source = FromStaff
	}
	if err := d.dated(in, policy, tx.Now); err != nil {
		return Domain{}, err
	}
	if err := d.placed(ctx, tx, in); err != nil {
		return Domain{}, err
	}
	if err := Insert(ctx, tx, &d); err != nil {
		return Domain{}, err
	}
	if d.RegistrarID != "" {
		if err := SyncAt(ctx, tx, d.ID, tx.Now); err != nil {
			return Domain{}, err
		}
	}
	err = event.Emit(ctx, tx, event.New{Type: "domain.added", SubjectID: d.ID, CustomerID: d.CustomerID, Data: d.fields()})
	if err != nil {
		return Domain{}, err
	}
	return d, event.Audit(ctx, tx, event.Change{What: "domain.added", SubjectID: d.ID, After: patch.JSON(d.fields())})
}

// unknown says that a field names nothing, where that is what err says.
func unknown(field, message string, err error) error {
	if fail.Of(err).Kind == fail.KindNotFound {
		return fail.Invalid(field, message)
	}
	return err
}

// tenYears gives a domain that was registered elsewhere for ten years the term and the price that a registration of ten years
// promises, see [Promise]. An amount for ten years says nothing about that term; one that is zero stays. A domain without such a renewal keeps its term, which is refused.
func (d *Domain) tenYears(ctx context.Context, tx *db.Tx, in *Input, policy Policy) error {
	currency := in.Currency
	if in.Recurring != nil {
		currency = in.Recurring.Currency
	}
	prices, err := renewalPrices(ctx, tx, *d, currency)
	if err != nil {
		return err
	}
	years, price, ok := Promise(maxTerm, prices, policy)
	if !ok {
		return nil
	}
	d.Term = years
	if in.Recurring == nil || in.Recurring.Amount != 0 {
		in.Recurring = &price
	}
	return nil
}

// dated gives a domain that is brought in its dates.
func (d *Domain) dated(in Input, policy Policy, now time.Time) error {
	if in.Expiry == "" {
		return fail.Invalid("registry_expiry", "is required")
	}
	at, err := ReadExpiry(in.Expiry, civil.Date{}, now)
	if err != nil {
		return fail.Invalid("registry_expiry", err.Error())
	}
	d.Expiry = Expiry{At: at, Raw: in.Expiry, Source: in.Source, ReadAt: now}
	if d.PaidThrough.IsZero() {
		d.PaidThrough = d.Expiry.Date()
	}
	if d.NextDue.IsZero() {
		d.NextDue = policy.Due(d.Window(policy))
	}
	d.Status = Assess(*d, policy, nil, now).Status
	return nil
}

// placed gives a domain that is brought in its price, its registrar and its service.
func (d *Domain) placed(ctx context.Context, tx *db.Tx, in Input) error {
	switch {
	case in.Recurring != nil:
		d.Recurring = *in.Recurring
		if err := CheckAmount("recurring", d.Recurring); err != nil {
			return err
		}
	case in.Free:
		d.Recurring = money.New(0, in.Currency)
	default:
		price, ok, err := listPrice(ctx, tx, *d, in.Currency, d.Term)
		if err != nil {
			return err
		}
		if !ok {
			return fail.Invalid("recurring", fmt.Sprintf("is required: the price table has no %d-year renewal in %s", d.Term, in.Currency))
		}
		d.Recurring = price
	}
	var err error
	if in.Registrar != "" {
		d.RegistrarID, err = registrarNamed(ctx, tx, in.Registrar)
	} else {
		d.RegistrarID, err = registrarOf(ctx, tx, d.Extension)
	}
	if err != nil || d.BundledWith == "" {
		return err
	}
	return d.checkBundle(ctx, tx)
}

// CheckAmount refuses what can't be the price of anything.
func CheckAmount(field string, m money.Money) error {
	if !m.Currency.IsValid() {
		return fail.Invalid(field, "is not in a current ISO 4217 currency")
	}
	if m.Amount < 0 || m.Amount > maxAmount {
		return fail.Invalid(field, fmt.Sprintf("is not between 0 and %d", maxAmount))
	}
	return nil
}

func (d *Domain) checkBundle(ctx context.Context, tx *db.Tx) error {
	owner := ""
	if text.IsID(d.BundledWith) {
		var err error
		if owner, err = tx.CustomerOfSubscription(ctx, d.BundledWith); err != nil && !db.NotFound(err) {
			return fmt.Errorf("subscription %s: %w", d.BundledWith, err)
		}
	}
	if owner != d.CustomerID {
		return fail.Invalid("bundled_with", "is not a subscription of the customer")
	}
	return nil
}

// listPrice is what a renewal of a domain costs its customer by today's price table.
func listPrice(ctx context.Context, tx *db.Tx, d Domain, currency money.Currency, years int) (_ money.Money, ok bool, err error) {
	prices, err := renewalPrices(ctx, tx, d, currency)
	price, ok := prices[years]
	return price, ok, err
}

// renewalPrices are what renewals of a domain cost its customer by today's price table.
func renewalPrices(ctx context.Context, tx *db.Tx, d Domain, currency money.Currency) (List, error) {
	settings, err := setting.Load(ctx, tx)
	if err != nil {
		return nil, err
	}
	prices, err := PricesOf(ctx, tx, d.Extension)
	if err != nil {
		return nil, err
	}
	group, err := tx.GroupOfCustomer(ctx, d.CustomerID)
	if err != nil {
		return nil, fmt.Errorf("customer %s: %w", d.CustomerID, err)
	}
	return prices.List(d.Extension, ForRenewal, currency, group, civil.Of(tx.Now, settings.TimeZone)), nil
}

func registrarNamed(ctx context.Context, tx *db.Tx, name string) (string, error) {
	id, err := tx.RegistrarNamed(ctx, name)
	if db.NotFound(err) {
		return "", fail.Invalid("registrar", "is not the name of a registrar of the store")
	}
	if err != nil {
		return "", fmt.Errorf("registrar %q: %w", name, err)
	}
	return id, nil
}

// registrarOf is the registrar of an extension; empty: it has none.
func registrarOf(ctx context.Context, tx *db.Tx, extension string) (string, error) {
	t, err := tx.TLD(ctx, extension)
	if db.NotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf(".%s: %w", extension, err)
	}
	return orEmpty(t.RegistrarID), nil
}

// fields are a domain as the history has it.
func (d Domain) fields() map[string]any {
	return map[string]any{
		"domain_id": d.ID, "name": d.Name.String(), "customer_id": d.CustomerID, "registry_expiry": d.Expiry.Raw, "paid_through": d.PaidThrough,
		"next_due": d.NextDue, "term_years": d.Term, "recurring": d.Recurring, "do_not_renew": d.DoNotRenew, "registrar_id": d.RegistrarID,
	}
}

// Patch changes what staff may change of a domain; nil changes nothing. Dates of the registry are not among it: those are
// read, or adopted.
type Patch struct {
	PaidThrough *civil.Date
	NextDue     *civil.Date
	Term        *int // 0: it renews by itself no more
	Recurring   *money.Money
	BundledWith *string // empty: with nothing
	Registrar   *string // by name; empty: none
	Status      *Status // cancelled or fraud; from a final one, active again: an override
	Expiry      *string // staff read it themselves
	Reason      string  // required for paid-through, expiry and status
	Version     int64   // that the change was made from; 0: whatever it is
}

// Validate reports everything that is wrong with p.
func (p *Patch) Validate() error {
	var f fail.Fields
	var err error
	p.Reason, err = text.Line(p.Reason, text.NotesLength)
	f.Check("reason", err)
	if p.Reason == "" && err == nil && (p.PaidThrough != nil || p.Expiry != nil || p.Status != nil) {
		f.Add("reason", "is required for a change of paid-through, registry expiry or status")
	}
	if p.Term != nil && (*p.Term < 0 || *p.Term >= maxTerm) {
		f.Add("term_years", "is not between 1 and 9")
	}
	if p.Recurring != nil {
		if err := CheckAmount("recurring", *p.Recurring); err != nil {
			f.Add("recurring", fail.Of(err).Detail)
		}
	}
	if p.Status != nil && *p.Status != Active && *p.Status != Cancelled && *p.Status != Fraud {
		f.Add("status", "can only be set to cancelled or fraud, or back to active")
	}
	return f.Err()
}

// inReach refuses dates that no registration can have.
func (p Patch) inReach(now time.Time) error {
	var f fail.Fields
	latest := AddYears(RegistryDate(now), maxTerm+1)
	for name, day := range map[string]*civil.Date{"paid_through": p.PaidThrough, "next_due": p.NextDue} {
		if day != nil && !day.IsZero() && (day.Year < 1985 || day.After(latest)) {
			f.Add(name, "is not between 1985 and "+latest.String())
		}
	}
	return f.Err()
}

// Ending is what else ends with a domain, as part of tx: its open renewal, if it has one. The caller saves the domain.
type Ending func(ctx context.Context, tx *db.Tx, d *Domain, open *Renewal, cause string) error

// OnEnd has f called when staff end a domain.
func (s *Service) OnEnd(f Ending) { s.ending = f }

// Change changes a domain. Moving what is due never touches the registry's date, nor the other way round.
func (s *Service) Change(ctx context.Context, id string, p Patch) (d Domain, err error) {
	if err := p.Validate(); err != nil {
		return Domain{}, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if d, err = Load(ctx, tx, id); err != nil {
			return err
		}
		owner, err := customer.Lock(ctx, tx, d.CustomerID)
		if err != nil {
			return err
		}
		if d, err = Lock(ctx, tx, id); err != nil {
			return err
		}
		if p.Version != 0 && p.Version != d.Version {
			return errChanged
		}
		return s.change(ctx, tx, &d, p, owner.Currency)
	})
	return d, err
}

func (s *Service) change(ctx context.Context, tx *db.Tx, d *Domain, p Patch, currency money.Currency) error {
	var diff patch.Diff
	if err := p.inReach(tx.Now); err != nil {
		return err
	}
	before := d.Recurring
	patch.Set(&diff, "next_due", &d.NextDue, p.NextDue)
	if p.Expiry != nil {
		if err := d.read(&diff, *p.Expiry, tx.Now); err != nil {
			return err
		}
	}
	patch.Set(&diff, "paid_through", &d.PaidThrough, p.PaidThrough)
	if err := d.reprice(ctx, tx, &diff, p, currency); err != nil {
		return err
	}
	if p.BundledWith != nil && *p.BundledWith != d.BundledWith {
		patch.Set(&diff, "bundled_with", &d.BundledWith, p.BundledWith)
		if d.BundledWith != "" {
			if err := d.checkBundle(ctx, tx); err != nil {
				return err
			}
		}
	}
	if p.Registrar != nil {
		registrar := ""
		if *p.Registrar != "" {
			var err error
			if registrar, err = registrarNamed(ctx, tx, *p.Registrar); err != nil {
				return err
			}
		}
		if err := d.mayMove(ctx, tx, registrar); err != nil {
			return err
		}
		patch.Set(&diff, "registrar_id", &d.RegistrarID, &registrar)
	}
	if err := s.setStatus(ctx, tx, d, &diff, p); err != nil {
		return err
	}
	if diff.Empty() {
		return nil
	}
	if err := Save(ctx, tx, d); err != nil {
		return err
	}
	if d.Recurring != before {
		err := event.Emit(ctx, tx, event.New{
			Type: "domain.price_changed", SubjectID: d.ID, CustomerID: d.CustomerID,
			Data: map[string]any{"domain_id": d.ID, "name": d.Name.String(), "before": before, "after": d.Recurring},
		})
		if err != nil {
			return err
		}
	}
	err := event.Emit(ctx, tx, event.New{
		Type: "domain.updated", SubjectID: d.ID, CustomerID: d.CustomerID,
		Data: map[string]any{"domain_id": d.ID, "name": d.Name.String(), "fields": diff.Fields},
	})
	if err != nil {
		return err
	}
	return event.Audit(ctx, tx, event.Change{What: "domain.updated", SubjectID: d.ID, Before: diff.Before(), After: diff.After(), Why: p.Reason})
}

var errAsked = fail.Conflict("COMMAND_IN_FLIGHT", "What came of the last command to the present registrar is not known yet, and only that one can say.")

// mayMove refuses another registrar while what came of a command to the present one is not known: the other one would be asked.
func (d *Domain) mayMove(ctx context.Context, tx *db.Tx, registrarID string) error {
	if registrarID == d.RegistrarID {
		return nil
	}
	_, err := tx.RegistrarCommandInFlight(ctx, d.ID)
	if db.NotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("commands about domain %s: %w", d.ID, err)
	}
	return errAsked
}

// read takes the registry's date as staff have read it. What was paid for moves along where it is the same term.
func (d *Domain) read(diff *patch.Diff, raw string, now time.Time) error {
	at, err := ReadExpiry(raw, civil.Date{}, now)
	if err != nil {
		return fail.Invalid("registry_expiry", err.Error())
	}
	was, paid := d.Expiry, d.PaidThrough
	if moved := Compare(d.Expiry.Date(), d.PaidThrough, RegistryDate(at)); moved.Finding == Corrected {
		d.PaidThrough = moved.Paid
	}
	d.Adopt(at, Reading{Raw: raw, Source: FromStaff, Accounting: d.Accounting}, now)
	diff.Note("registry_expiry", was.Raw, raw)
	if d.PaidThrough != paid {
		diff.Note("paid_through", paid, d.PaidThrough)
	}
	return nil
}

// reprice changes the stored term and what it costs. A term that is changed without an amount costs the list price.
func (d *Domain) reprice(ctx context.Context, tx *db.Tx, diff *patch.Diff, p Patch, currency money.Currency) error {
	if d.Recurring.Currency != "" {
		currency = d.Recurring.Currency
	}
	if p.Recurring != nil && p.Recurring.Currency != currency {
		return fail.Invalid("recurring", "is not in "+string(currency))
	}
	amount := p.Recurring
	if p.Term != nil && *p.Term != d.Term && amount == nil {
		none := money.New(0, currency)
		amount = &none
		if *p.Term > 0 && !d.Free() {
			price, ok, err := listPrice(ctx, tx, *d, currency, *p.Term)
			if err != nil {
				return err
			}
			if !ok {
				return fail.Invalid("recurring", fmt.Sprintf("is required: the price table has no %d-year renewal in %s", *p.Term, currency))
			}
			amount = &price
		}
	}
	patch.Set(diff, "term_years", &d.Term, p.Term)
	patch.Set(diff, "recurring", &d.Recurring, amount)
	if d.Term == 0 && d.Recurring.Amount != 0 {
		return fail.Invalid("recurring", "is for a domain that renews by itself: it has no term")
	}
	return nil
}

// setStatus ends a domain, or takes the end back. What the calendar makes of an active one is written down by others, who
// tell of it.
func (s *Service) setStatus(ctx context.Context, tx *db.Tx, d *Domain, diff *patch.Diff, p Patch) error {
	if p.Status == nil || *p.Status == d.Status {
		return nil
	}
	was := d.Status
	switch {
	case *p.Status != Active:
		open, err := OpenRenewal(ctx, tx, d.ID)
		if err != nil {
			return err
		}
		if s.ending != nil {
			if err := s.ending(ctx, tx, d, open, "staff: "+string(*p.Status)); err != nil {
				return err
			}
		}
		d.Status = *p.Status
	case !d.Status.Final():
		return fail.Conflict("DOMAIN_STATUS", "Only a domain whose record is over can be set back to active.")
	case d.Expiry.At.IsZero():
		return fail.Invalid("registry_expiry", "is required for a domain that is active")
	default:
		d.Status, d.MissingSince, d.DeletedAt = Active, nil, nil
		if d.RegistrarID == "" {
			break
		}
		if err := SyncAt(ctx, tx, d.ID, tx.Now); err != nil {
			return err
		}
	}
	diff.Note("status", was, d.Status)
	return nil
}
