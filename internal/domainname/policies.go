package domainname

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/text"
)

// Service holds the verbs of the room that stand by themselves: policies, prices and their bulk update.
type Service struct {
	db     *db.DB
	ending Ending
	some   atomic.Bool // see Any
}

// New returns the domains of a store.
func New(d *db.DB) *Service { return &Service{db: d} }

// Any reports whether the store has, or had, a domain. Once it has one it is not asked again: none is ever deleted.
func (s *Service) Any(ctx context.Context, tx *db.Tx) (bool, error) {
	if s.some.Load() {
		return true, nil
	}
	some, err := tx.HasDomain(ctx)
	if err != nil {
		return false, fmt.Errorf("domains: %w", err)
	}
	if some {
		s.some.Store(true)
	}
	return some, nil
}

var (
	errPolicyNotFound = fail.NotFound("POLICY_NOT_FOUND", "There is no such policy.")
	errPolicyCounted  = fail.Conflict("POLICY_HAS_COUNTED", "A renewal was decided by this row. Add a row that is valid from a later day.")
)

func policyOf(r query.TldPolicy) (Policy, error) {
	var d dates
	p := Policy{
		ID: r.ID, Extension: r.Extension, ValidFrom: d.of(&r.ValidFrom), MinYears: int(r.MinYears), MaxYears: int(r.MaxYears),
		StepYears: int(r.StepYears), Earliest: narrow(r.Earliest), GraceDays: int(r.GraceDays), Latest: narrow(r.Latest),
		RedemptionDays: int(r.RedemptionDays), RegistryAutoRenews: r.RegistryAutoRenews, ARGPDays: int(r.ArgpDays),
		ExplicitRenew: r.ExplicitRenew, DateMoves: DateMoves(r.DateMoves), ExpiryRounding: Rounding(r.ExpiryRounding),
		DueMargin: int(r.DueMargin), YearsAheadLimit: narrow(r.YearsAheadLimit), Source: r.Source, ReadOn: d.of(r.ReadOn),
	}
	if d.err != nil {
		return Policy{}, fmt.Errorf("policy %s: %w", r.ID, d.err)
	}
	for _, fee := range []struct {
		stored string
		to     *Fee
	}{{r.GraceFee, &p.GraceFee}, {r.RedemptionFee, &p.RedemptionFee}} {
		if err := json.Unmarshal([]byte(fee.stored), fee.to); err != nil {
			return Policy{}, fmt.Errorf("policy %s: %w", r.ID, err)
		}
		if fee.to.Unset() {
			*fee.to = nil
		}
	}
	return p, nil
}

func (f Fee) stored() string {
	if f.Unset() {
		return "{}"
	}
	b, _ := json.Marshal(f) // amounts by code: can't fail
	return string(b)
}

func narrow(n *int64) *int {
	if n == nil {
		return nil
	}
	i := int(*n)
	return &i
}

func widen(n *int) *int64 {
	if n == nil {
		return nil
	}
	i := int64(*n)
	return &i
}

func policiesOf(rows []query.TldPolicy, err error) (Policies, error) {
	if err != nil {
		return nil, fmt.Errorf("policies: %w", err)
	}
	all := make(Policies, len(rows))
	for i, r := range rows {
		if all[i], err = policyOf(r); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// PolicyAt reads the row of an extension that counts on a day.
func PolicyAt(ctx context.Context, tx *db.Tx, extension string, day civil.Date) (_ Policy, ok bool, err error) {
	r, err := tx.TLDPolicyAt(ctx, query.TLDPolicyAtParams{Extension: extension, Day: day.String()})
	if db.NotFound(err) {
		return Policy{}, false, nil
	}
	if err != nil {
		return Policy{}, false, fmt.Errorf("policy of .%s: %w", extension, err)
	}
	p, err := policyOf(r)
	return p, err == nil, err
}

// PoliciesAt reads the rows of all extensions that count on a day.
func PoliciesAt(ctx context.Context, tx *db.Tx, day civil.Date) (Policies, error) {
	all, err := policiesOf(tx.TLDPolicies(ctx))
	if err != nil {
		return nil, err
	}
	all.Sort()
	var at Policies
	for _, p := range all {
		switch n := len(at); {
		case p.ValidFrom.After(day):
		case n > 0 && at[n-1].Extension == p.Extension:
			at[n-1] = p
		default:
			at = append(at, p)
		}
	}
	return at, nil
}

// LoadPolicy reads a row, such as the one that decided about a renewal.
func LoadPolicy(ctx context.Context, tx *db.Tx, id string) (Policy, error) {
	if !text.IsID(id) {
		return Policy{}, errPolicyNotFound
	}
	r, err := tx.TLDPolicy(ctx, id)
	if db.NotFound(err) {
		return Policy{}, errPolicyNotFound
	}
	if err != nil {
		return Policy{}, fmt.Errorf("policy %s: %w", id, err)
	}
	return policyOf(r)
}

// Policies reads all rows, by extension and day; of one extension if it is named.
func (s *Service) Policies(ctx context.Context, extension string) (all Policies, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		if extension != "" {
			all, err = policiesOf(tx.TLDPoliciesOf(ctx, extension))
		} else {
			all, err = policiesOf(tx.TLDPolicies(ctx))
		}
		return err
	})
	return all, err
}

// ExportPolicies writes all rows as a table.
func (s *Service) ExportPolicies(ctx context.Context, w io.Writer) error {
	all, err := s.Policies(ctx, "")
	if err != nil {
		return err
	}
	return WritePolicies(w, all)
}

// InstallShipped writes the shipped rows of every extension of which the store has none.
func (s *Service) InstallShipped(ctx context.Context) (installed int, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		installed = 0
		all, err := policiesOf(tx.TLDPolicies(ctx))
		if err != nil {
			return err
		}
		known := map[string]bool{}
		for _, p := range all {
			known[p.Extension] = true
		}
		for _, p := range Shipped() {
			if known[p.Extension] {
				continue
			}
			if err := insertPolicy(ctx, tx, &p); err != nil {
				return err
			}
			installed++
		}
		return nil
	})
	return installed, err
}

// CreatePolicy adds a row.
func (s *Service) CreatePolicy(ctx context.Context, p Policy) (Policy, error) {
	if err := p.Validate(); err != nil {
		return Policy{}, err
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := insertPolicy(ctx, tx, &p); err != nil {
			return err
		}
		return recordPolicy(ctx, tx, "tld_policy.created", nil, p)
	})
	if err != nil {
		return Policy{}, err
	}
	return p, nil
}

func insertPolicy(ctx context.Context, tx *db.Tx, p *Policy) error {
	p.ID = tx.NewID("tld")
	n, err := tx.InsertTLDPolicy(ctx, query.InsertTLDPolicyParams{
		ID: p.ID, Extension: p.Extension, ValidFrom: p.ValidFrom.String(), MinYears: int64(p.MinYears), MaxYears: int64(p.MaxYears),
		StepYears: int64(p.StepYears), Earliest: widen(p.Earliest), GraceDays: int64(p.GraceDays), Latest: widen(p.Latest),
		RedemptionDays: int64(p.RedemptionDays), RegistryAutoRenews: p.RegistryAutoRenews, ArgpDays: int64(p.ARGPDays),
		ExplicitRenew: p.ExplicitRenew, DateMoves: string(p.DateMoves), ExpiryRounding: string(p.ExpiryRounding), DueMargin: int64(p.DueMargin),
		YearsAheadLimit: widen(p.YearsAheadLimit), GraceFee: p.GraceFee.stored(), RedemptionFee: p.RedemptionFee.stored(), Source: p.Source,
		ReadOn: optionalDate(p.ReadOn), CreatedAt: tx.Stamp,
	})
	if err != nil {
		return fmt.Errorf("policy of .%s: %w", p.Extension, err)
	}
	if n == 0 {
		return fail.Invalid("valid_from", "is that of another row of the extension")
	}
	return nil
}

func recordPolicy(ctx context.Context, tx *db.Tx, what string, before *Policy, after Policy) error {
	was := ""
	if before != nil {
		was = patch.JSON(before.fields())
	}
	if err := event.Emit(ctx, tx, event.New{Type: what, SubjectID: after.ID, Data: after.fields()}); err != nil {
		return err
	}
	return event.Audit(ctx, tx, event.Change{What: what, SubjectID: after.ID, Before: was, After: patch.JSON(after.fields())})
}

// fields are a policy as the history has it: what its table says.
func (p Policy) fields() map[string]any {
	fields := make(map[string]any, len(policyColumns))
	for _, c := range policyColumns {
		fields[c.name] = c.get(&p)
	}
	return fields
}

// ChangePolicy changes a row by which no renewal was decided yet. Any other stays: a change of it is a row of a later day.
func (s *Service) ChangePolicy(ctx context.Context, id string, p Policy) (Policy, error) {
	if err := p.Validate(); err != nil {
		return Policy{}, err
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := LoadPolicy(ctx, tx, id)
		if err != nil {
			return err
		}
		if before.Extension != p.Extension {
			return fail.Invalid("extension", "is that of another policy")
		}
		p.ID = id
		n, err := tx.UpdateTLDPolicy(ctx, query.UpdateTLDPolicyParams{
			ID: id, ValidFrom: p.ValidFrom.String(), MinYears: int64(p.MinYears), MaxYears: int64(p.MaxYears), StepYears: int64(p.StepYears),
			Earliest: widen(p.Earliest), GraceDays: int64(p.GraceDays), Latest: widen(p.Latest), RedemptionDays: int64(p.RedemptionDays),
			RegistryAutoRenews: p.RegistryAutoRenews, ArgpDays: int64(p.ARGPDays), ExplicitRenew: p.ExplicitRenew, DateMoves: string(p.DateMoves),
			ExpiryRounding: string(p.ExpiryRounding), DueMargin: int64(p.DueMargin), YearsAheadLimit: widen(p.YearsAheadLimit),
			GraceFee: p.GraceFee.stored(), RedemptionFee: p.RedemptionFee.stored(), Source: p.Source, ReadOn: optionalDate(p.ReadOn),
		})
		if db.Duplicate(err) {
			return fail.Invalid("valid_from", "is that of another row of the extension")
		}
		if err != nil {
			return fmt.Errorf("policy %s: %w", id, err)
		}
		if n == 0 {
			return errPolicyCounted
		}
		return recordPolicy(ctx, tx, "tld_policy.updated", &before, p)
	})
	if err != nil {
		return Policy{}, err
	}
	return p, nil
}

// PolicyImport is what an import does, or would do.
type PolicyImport struct {
	New  Policies
	Same int      // rows that the store has as they are
	Bad  []BadRow // not taken
}

// ImportPolicies adds rows that were read from a table; as a dry run it only says what it would do. A row whose day the
// extension has already is the same one, or is not taken.
func (s *Service) ImportPolicies(ctx context.Context, r io.Reader, dryRun bool) (PolicyImport, error) {
	rows, lines, bad, err := readPolicies(r)
	if err != nil {
		return PolicyImport{}, err
	}
	var result PolicyImport
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		result = PolicyImport{Bad: slices.Clone(bad)}
		have, err := policiesOf(tx.TLDPolicies(ctx))
		if err != nil {
			return err
		}
		for i := range rows {
			row := rows[i]
			at, ok := have.At(row.Extension, row.ValidFrom)
			switch {
			case !ok || at.ValidFrom != row.ValidFrom:
				result.New = append(result.New, row)
			case at.equals(row):
				result.Same++
			default:
				result.Bad = append(result.Bad, BadRow{lines[i], fmt.Sprintf(".%s has another row that is valid from %s", row.Extension, row.ValidFrom)})
			}
		}
		byLine(result.Bad)
		if dryRun {
			return nil
		}
		for i := range result.New {
			if err := insertPolicy(ctx, tx, &result.New[i]); err != nil {
				return err
			}
			if err := recordPolicy(ctx, tx, "tld_policy.created", nil, result.New[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return result, err
}

// equals reports whether two rows say the same.
func (p Policy) equals(other Policy) bool { return reflect.DeepEqual(p.fields(), other.fields()) }

// Touched is what a change of a policy means for one domain.
type Touched struct {
	DomainID   string
	Name       Name
	CustomerID string
	RenewalID  string // that is open; empty: none
	// Before and After are its windows; Before is empty where the extension had no policy.
	Before, After Window
	// DueBefore and DueAfter are where its renewal falls due unless staff move it, NextDue where it does. A change of a
	// policy moves none of them by itself.
	DueBefore, DueAfter, NextDue civil.Date
	// Lost: the open renewal could be carried out before, and can't be after.
	Lost bool
	// TermLost: the term that it renews by, Term, was on offer before, and is not after: no invoice can be made.
	TermLost bool
	Term     int
}

// Touch says what a change of a policy means for a domain; ok is false where it changes neither the due date nor whether its
// term is on offer nor what becomes of an open renewal. before is nil where the extension had none.
func Touch(before *Policy, after Policy, d Domain, open *Renewal, day civil.Date) (t Touched, ok bool) {
	t = Touched{DomainID: d.ID, Name: d.Name, CustomerID: d.CustomerID, After: d.Window(after), NextDue: d.NextDue, Term: d.Term}
	t.TermLost = d.Term > 0 && (before == nil || before.Allows(d.Term)) && !after.Allows(d.Term)
	if t.After.End.IsZero() {
		return t, false
	}
	t.DueAfter = after.Due(t.After)
	possible := func(p Policy, w Window) bool { return p.Allows(open.Years) && !w.TooEarly(day) && !day.After(w.Last()) }
	if before != nil {
		t.Before = d.Window(*before)
		t.DueBefore = before.Due(t.Before)
	}
	if open != nil {
		t.RenewalID = open.ID
		t.Lost = (before == nil || possible(*before, t.Before)) && !possible(after, t.After)
	}
	return t, t.TermLost || t.DueBefore != t.DueAfter || open != nil && (t.Lost || t.Before != t.After)
}

// PolicyPreview is what a change of a policy touches.
type PolicyPreview struct {
	Domains  int // of the extension
	Renewals int // open ones that are touched
	Due      int // domains whose default due date moves
	Terms    int // domains whose term is not on offer any more
	Touched  []Touched
}

// listed is how many of the domains that a change touches are named.
const listed = 500

// PreviewPolicy says what a row would touch on the first day on which it counts, and writes nothing. id is the row that
// it changes; empty: it is a new one.
func (s *Service) PreviewPolicy(ctx context.Context, id string, p Policy) (PolicyPreview, error) {
	if err := p.Validate(); err != nil {
		return PolicyPreview{}, err
	}
	var preview PolicyPreview
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		preview = PolicyPreview{}
		rows, err := policiesOf(tx.TLDPoliciesOf(ctx, p.Extension))
		if err != nil {
			return err
		}
		day := p.ValidFrom
		if now := RegistryDate(tx.Now); day.Before(now) {
			day = now
		}
		var before *Policy
		if at, ok := rows.At(p.Extension, day); ok {
			if at.ID != id && at.ValidFrom == p.ValidFrom {
				return fail.Invalid("valid_from", "is that of another row of the extension")
			}
			before = &at
			if at.ID != id && at.ValidFrom.After(p.ValidFrom) {
				return nil // a later row counts: this one is history
			}
		}
		open, err := openOf(ctx, tx, p.Extension)
		if err != nil {
			return err
		}
		return eachLive(ctx, tx, p.Extension, func(d Domain) {
			preview.Domains++
			t, ok := Touch(before, p, d, open[d.ID], day)
			if !ok {
				return
			}
			if t.RenewalID != "" && (t.Lost || t.Before != t.After) {
				preview.Renewals++
			}
			if t.TermLost {
				preview.Terms++
			}
			if t.DueBefore != t.DueAfter {
				preview.Due++
			}
			if len(preview.Touched) < listed {
				preview.Touched = append(preview.Touched, t)
			}
		})
	})
	return preview, err
}

func openOf(ctx context.Context, tx *db.Tx, extension string) (map[string]*Renewal, error) {
	rows, err := tx.OpenRenewalsOfExtension(ctx, extension)
	if err != nil {
		return nil, fmt.Errorf("open renewals of .%s: %w", extension, err)
	}
	open := make(map[string]*Renewal, len(rows))
	for _, r := range rows {
		renewal, err := renewalOf(r)
		if err != nil {
			return nil, err
		}
		open[renewal.DomainID] = &renewal
	}
	return open, nil
}

// eachLive goes through the domains of an extension that have dates.
func eachLive(ctx context.Context, tx *db.Tx, extension string, f func(Domain)) error {
	for after := ""; ; {
		rows, err := tx.LiveDomainsOfExtension(ctx, query.LiveDomainsOfExtensionParams{Extension: extension, After: after, N: batch})
		if err != nil {
			return fmt.Errorf("domains of .%s: %w", extension, err)
		}
		for _, r := range rows {
			d, err := domainOf(r)
			if err != nil {
				return err
			}
			f(d)
			after = d.ID
		}
		if len(rows) < batch {
			return nil
		}
	}
}
