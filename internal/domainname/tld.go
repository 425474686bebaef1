package domainname

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/setting"
)

// TLD is an extension that the store sells or renews under.
type TLD struct {
	Extension   string
	RegistrarID string
	Registrar   string  // its name; empty: none
	Today       *Policy // that counts now
	Policies    Policies
	Prices      Prices // of today
	Coming      Prices // of days after today, by day
	Domains     int    // records that were ever under it
	Version     int64  // 0: it was never set up, and has a policy only
}

var errNoTLD = fail.NotFound("TLD_NOT_FOUND", "The store has no such extension.")

// Today are the prices that count on a day: of each kind, term, currency and group the latest.
func (ps Prices) Today(day civil.Date) Prices {
	type key struct {
		extension string
		kind      PriceKind
		years     int
		currency  string
		group     string
	}
	latest := map[key]Price{}
	for _, p := range ps {
		k := key{p.Extension, p.Kind, p.Years, string(p.Currency), p.Group}
		if at, ok := latest[k]; !p.ValidFrom.After(day) && (!ok || p.ValidFrom.After(at.ValidFrom)) {
			latest[k] = p
		}
	}
	today := slices.Collect(maps.Values(latest))
	today = slices.DeleteFunc(today, func(p Price) bool { return p.Unset })
	slices.SortFunc(today, func(a, b Price) int {
		return cmp.Or(cmp.Compare(a.Extension, b.Extension), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Currency, b.Currency),
			cmp.Compare(a.Group, b.Group), cmp.Compare(a.Years, b.Years))
	})
	return today
}

// TLDs lists the extensions that have a policy, or were set up.
func (s *Service) TLDs(ctx context.Context) (all []TLD, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		all, err = tlds(ctx, tx, "")
		return err
	})
	return all, err
}

// TLD returns one.
func (s *Service) TLD(ctx context.Context, extension string) (t TLD, err error) {
	if extension, err = ParseExtension(extension); err != nil {
		return TLD{}, errNoTLD
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		t, err = tldOf(ctx, tx, extension)
		return err
	})
	return t, err
}

func tldOf(ctx context.Context, tx *db.Tx, extension string) (TLD, error) {
	all, err := tlds(ctx, tx, extension)
	if err != nil {
		return TLD{}, err
	}
	if len(all) == 0 {
		return TLD{}, errNoTLD
	}
	return all[0], nil
}

// tlds reads what belongs to extensions; to one if it is named.
func tlds(ctx context.Context, tx *db.Tx, only string) ([]TLD, error) {
	settings, err := setting.Load(ctx, tx)
	if err != nil {
		return nil, err
	}
	rows, err := tx.TLDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("extensions: %w", err)
	}
	policies, err := policiesOf(tx.TLDPolicies(ctx))
	if err != nil {
		return nil, err
	}
	prices, err := pricesOf(tx.DomainPrices(ctx))
	if err != nil {
		return nil, err
	}
	counts, err := tx.CountDomainsByExtension(ctx)
	if err != nil {
		return nil, fmt.Errorf("domains by extension: %w", err)
	}
	registrars := make([]string, 0, len(rows))
	found := map[string]*TLD{}
	of := func(extension string) *TLD {
		if found[extension] == nil {
			found[extension] = &TLD{Extension: extension}
		}
		return found[extension]
	}
	for _, r := range rows {
		t := of(r.Extension)
		t.RegistrarID, t.Version = orEmpty(r.RegistrarID), r.Version
		if t.RegistrarID != "" && !slices.Contains(registrars, t.RegistrarID) {
			registrars = append(registrars, t.RegistrarID)
		}
	}
	names, err := namesOf(ctx, tx, "registrars", registrars)
	if err != nil {
		return nil, err
	}
	for _, p := range policies {
		t := of(p.Extension)
		t.Policies = append(t.Policies, p)
	}
	today := civil.Of(tx.Now, settings.TimeZone)
	for _, p := range prices.Today(today) {
		if t := found[p.Extension]; t != nil {
			t.Prices = append(t.Prices, p)
		}
	}
	slices.SortStableFunc(prices, func(a, b Price) int { return a.ValidFrom.Compare(b.ValidFrom) })
	for _, p := range prices {
		if t := found[p.Extension]; t != nil && p.ValidFrom.After(today) {
			t.Coming = append(t.Coming, p)
		}
	}
	for _, c := range counts {
		if t := found[c.Extension]; t != nil {
			t.Domains = int(c.N)
		}
	}
	var all []TLD
	for _, extension := range slices.Sorted(maps.Keys(found)) {
		t := found[extension]
		t.Registrar = names[t.RegistrarID]
		if p, ok := t.Policies.At(extension, RegistryDate(tx.Now)); ok {
			t.Today = &p
		}
		if only == "" || only == extension {
			all = append(all, *t)
		}
	}
	return all, nil
}

// TLDInput sets up an extension, or changes it: fields that are nil or empty stay.
type TLDInput struct {
	Extension string
	Registrar *string // by name; empty: none
	Policy    *Policy // a new row; its ValidFrom zero: today
	Prices    Prices  // replaced, those that it names; ValidFrom zero: today
}

// SetTLD writes all of it in one transaction. disabled are ten-year renewals that had an amount.
func (s *Service) SetTLD(ctx context.Context, in TLDInput) (t TLD, disabled Prices, err error) {
	if in.Extension, err = ParseExtension(in.Extension); err != nil {
		return TLD{}, nil, fail.Invalid("tld", err.Error())
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		settings, err := setting.Load(ctx, tx)
		if err != nil {
			return err
		}
		if err := setRegistrar(ctx, tx, in); err != nil {
			return err
		}
		if in.Policy != nil {
			p := *in.Policy
			p.Extension = in.Extension
			if p.ValidFrom.IsZero() {
				p.ValidFrom = RegistryDate(tx.Now)
			}
			if err := p.Validate(); err != nil {
				return within("policy", err)
			}
			if err := insertPolicy(ctx, tx, &p); err != nil {
				return within("policy", err)
			}
			if err := recordPolicy(ctx, tx, "tld_policy.created", nil, p); err != nil {
				return err
			}
		}
		prices := slices.Clone(in.Prices)
		for i := range prices {
			prices[i].Extension = in.Extension
			if prices[i].ValidFrom.IsZero() {
				prices[i].ValidFrom = civil.Of(tx.Now, settings.TimeZone)
			}
		}
		if disabled, err = s.SetPrices(db.With(ctx, tx), prices); err != nil {
			return err
		}
		t, err = tldOf(ctx, tx, in.Extension)
		return err
	})
	return t, disabled, err
}

func setRegistrar(ctx context.Context, tx *db.Tx, in TLDInput) error {
	before, err := tx.TLD(ctx, in.Extension)
	fresh := db.NotFound(err)
	if err != nil && !fresh {
		return fmt.Errorf(".%s: %w", in.Extension, err)
	}
	if !fresh && in.Registrar == nil {
		return nil
	}
	registrar := ""
	if in.Registrar != nil && *in.Registrar != "" {
		if registrar, err = registrarNamed(ctx, tx, *in.Registrar); err != nil {
			return err
		}
	}
	if !fresh && orEmpty(before.RegistrarID) == registrar {
		return nil
	}
	err = tx.PutTLD(ctx, query.PutTLDParams{Extension: in.Extension, RegistrarID: optional(registrar), CreatedAt: tx.Stamp})
	if err != nil {
		return fmt.Errorf(".%s: %w", in.Extension, err)
	}
	return event.Audit(ctx, tx, event.Change{What: "tld.updated", SubjectID: in.Extension, Before: orEmpty(before.RegistrarID), After: registrar})
}

// within says of which part of an input the fields at fault are.
func within(part string, err error) error {
	e := fail.Of(err)
	if e.Kind != fail.KindInvalid {
		return err
	}
	inside := *e
	inside.Fields = make([]fail.FieldError, len(e.Fields))
	for i, f := range e.Fields {
		inside.Fields[i] = fail.FieldError{Field: part + "." + f.Field, Message: f.Message}
	}
	if e.Field != "" {
		inside.Field = part + "." + e.Field
	}
	return &inside
}
