package adminapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// TLD is an extension as the API shows it.
type TLD struct {
	TLD       string      `json:"tld" example:"com"`
	Registrar *string     `json:"registrar" example:"simulator" doc:"Through which its names are registered"`
	Policy    *TLDPolicy  `json:"policy" doc:"The row that counts today; null: none yet"`
	Policies  []TLDPolicy `json:"policies" doc:"All rows, oldest first"`
	Prices    []TLDPrice  `json:"prices" doc:"That count today"`
	Coming    []TLDPrice  `json:"coming" doc:"That count from a later day on, by that day. Of a group, an amount of -1 also says that it has no price of its own any more"`
	Disabled  []TLDPrice  `json:"disabled" doc:"Renewals of ten years that were asked for with an amount: there are none, and they are stored as disabled"`
	Domains   int         `json:"domains" doc:"Records under it"`
}

// TLDPolicy is what a registry allows from a day on. Days count from the end of the term; dates are UTC.
type TLDPolicy struct {
	ID                 string  `json:"id" example:"tld_01hx2b6yh4m3nq0r8s5t"`
	ValidFrom          string  `json:"valid_from" example:"2026-01-01" doc:"A date"`
	MinYears           int     `json:"min_years" example:"1"`
	MaxYears           int     `json:"max_years" example:"10"`
	StepYears          int     `json:"step_years" example:"1"`
	Earliest           *int    `json:"earliest" doc:"How many days before the end a renewal is possible at first; null: at any time"`
	GraceDays          int     `json:"grace_days" doc:"For how many days after the end a plain renewal is possible; 0: none"`
	GraceFee           []Money `json:"grace_fee" nullable:"false" doc:"In each currency for which it is set"`
	Latest             *int    `json:"latest" doc:"Without grace: the last day of a plain renewal, counted from the end; 0 or less"`
	RedemptionDays     int     `json:"redemption_days" doc:"For how many days a restore is possible after that; 0: none"`
	RedemptionFee      []Money `json:"redemption_fee" nullable:"false" doc:"As grace_fee; empty: staff quote it"`
	RegistryAutoRenews bool    `json:"registry_auto_renews" doc:"The registry adds a year by itself"`
	ARGPDays           int     `json:"argp_days" doc:"For how many days that can be undone"`
	ExplicitRenew      bool    `json:"explicit_renew" doc:"There is a renew command; without one a mode is set at the registrar"`
	DateMoves          string  `json:"date_moves" enum:"at_once,at_expiry"`
	ExpiryRounding     string  `json:"expiry_rounding" enum:"none,month_end"`
	DueMargin          int     `json:"due_margin" example:"3" doc:"Days before the last plain day on which a renewal falls due, without grace"`
	YearsAheadLimit    *int    `json:"years_ahead_limit" doc:"How many years may be added now, unless the registry reports another number; null: any"`
	Source             *string `json:"source" doc:"Where it was read"`
	ReadOn             *string `json:"read_on" doc:"A date: when"`
}

// NewTLDPolicy is a policy of a request: what is left out is none, no, or a fee of nothing.
type NewTLDPolicy struct {
	ValidFrom          string `json:"valid_from,omitempty" maxLength:"10" example:"2026-01-01" doc:"A date. Default: today"`
	MinYears           *int   `json:"min_years,omitempty" example:"1" doc:"Default: 1"`
	MaxYears           *int   `json:"max_years,omitempty" example:"10" doc:"Default: 10"`
	StepYears          *int   `json:"step_years,omitempty" example:"1" doc:"Default: 1"`
	Earliest           *int   `json:"earliest,omitempty" doc:"How many days before the end a renewal is possible at first. Default: at any time"`
	GraceDays          int    `json:"grace_days,omitempty" example:"30" doc:"For how many days after the end a plain renewal is possible"`
	GraceFee           Fees   `json:"grace_fee,omitempty" doc:"An amount, or a list of amounts in several currencies"`
	Latest             *int   `json:"latest,omitempty" doc:"Without grace: the last day of a plain renewal, counted from the end; 0 or less"`
	RedemptionDays     int    `json:"redemption_days,omitempty" example:"30" doc:"For how many days a restore is possible after that"`
	RedemptionFee      Fees   `json:"redemption_fee,omitempty" doc:"As grace_fee; an empty list: staff quote it"`
	RegistryAutoRenews bool   `json:"registry_auto_renews,omitempty" doc:"The registry adds a year by itself"`
	ARGPDays           int    `json:"argp_days,omitempty" doc:"For how many days that can be undone"`
	ExplicitRenew      bool   `json:"explicit_renew,omitempty" example:"true" doc:"There is a renew command; without one a mode is set at the registrar"`
	DateMoves          string `json:"date_moves,omitempty" maxLength:"20" doc:"at_once, or at_expiry: the registry's date moves on the day of the expiry"`
	ExpiryRounding     string `json:"expiry_rounding,omitempty" maxLength:"20" doc:"none or month_end"`
	DueMargin          *int   `json:"due_margin,omitempty" doc:"Days before the last plain day on which a renewal falls due, without grace. Default: 3"`
	YearsAheadLimit    *int   `json:"years_ahead_limit,omitempty" doc:"How many years may be added now, unless the registry reports another number. Default: any"`
	Source             string `json:"source,omitempty" maxLength:"10000" doc:"Where it was read"`
	ReadOn             string `json:"read_on,omitempty" maxLength:"10" doc:"A date: when"`
}

// Fees are amounts in several currencies: one, or a list.
type Fees []Money

// UnmarshalJSON reads one amount, or a list.
func (f *Fees) UnmarshalJSON(b []byte) error {
	var one Money
	if err := json.Unmarshal(b, &one); err == nil {
		*f = nil
		if one.Currency != "" {
			*f = Fees{one}
		}
		return nil
	}
	var all []Money
	err := json.Unmarshal(b, &all)
	*f = append(Fees{}, all...)
	return err
}

// Schema is that of a list of amounts; a single one is taken for a list of it.
func (Fees) Schema(r huma.Registry) *huma.Schema {
	one := r.Schema(reflect.TypeFor[Money](), true, "")
	return &huma.Schema{AnyOf: []*huma.Schema{{Type: huma.TypeArray, Items: one}, one}}
}

// fee is the amounts as the room takes them.
func (f Fees) fee(bad *fail.Fields, field string) domainname.Fee {
	if len(f) == 0 {
		return nil
	}
	fee := domainname.Fee{}
	for _, m := range f {
		if _, twice := fee[money.Currency(m.Currency)]; twice {
			bad.Add(field, "has two amounts in one currency")
		}
		fee[money.Currency(m.Currency)] = m.Amount
	}
	return fee
}

func showFees(f domainname.Fee) []Money {
	fees := []Money{}
	for currency, amount := range f {
		fees = append(fees, Money{Amount: amount, Currency: string(currency)})
	}
	slices.SortFunc(fees, func(a, b Money) int { return bytes.Compare([]byte(a.Currency), []byte(b.Currency)) })
	return fees
}

func showPolicy(p domainname.Policy) TLDPolicy {
	return TLDPolicy{
		ID: p.ID, ValidFrom: p.ValidFrom.String(), MinYears: p.MinYears, MaxYears: p.MaxYears, StepYears: p.StepYears, Earliest: p.Earliest, GraceDays: p.GraceDays,
		GraceFee: showFees(p.GraceFee), Latest: p.Latest, RedemptionDays: p.RedemptionDays, RedemptionFee: showFees(p.RedemptionFee),
		RegistryAutoRenews: p.RegistryAutoRenews, ARGPDays: p.ARGPDays, ExplicitRenew: p.ExplicitRenew, DateMoves: string(p.DateMoves),
		ExpiryRounding: string(p.ExpiryRounding), DueMargin: p.DueMargin, YearsAheadLimit: p.YearsAheadLimit, Source: orNull(p.Source), ReadOn: showDate(p.ReadOn),
	}
}

// policy is a policy as its room takes it. A fee that is left out is nothing in the store's currency.
func (n NewTLDPolicy) policy(currency money.Currency) (*domainname.Policy, error) {
	var bad fail.Fields
	orElse := func(n *int, usual int) int {
		if n == nil {
			return usual
		}
		return *n
	}
	p := domainname.Policy{
		ValidFrom: dateOf(&bad, "policy.valid_from", n.ValidFrom), MinYears: orElse(n.MinYears, 1), MaxYears: orElse(n.MaxYears, 10), StepYears: orElse(n.StepYears, 1),
		Earliest: n.Earliest, GraceDays: n.GraceDays, Latest: n.Latest, RedemptionDays: n.RedemptionDays, RegistryAutoRenews: n.RegistryAutoRenews,
		ARGPDays: n.ARGPDays, ExplicitRenew: n.ExplicitRenew, DateMoves: domainname.DateMoves(n.DateMoves), ExpiryRounding: domainname.Rounding(n.ExpiryRounding),
		DueMargin: orElse(n.DueMargin, 3), YearsAheadLimit: n.YearsAheadLimit, GraceFee: n.GraceFee.fee(&bad, "policy.grace_fee"),
		RedemptionFee: n.RedemptionFee.fee(&bad, "policy.redemption_fee"),
	}
	if n.RedemptionFee == nil {
		p.RedemptionFee = domainname.Fee{currency: 0}
	}
	p.Source, p.ReadOn = n.Source, dateOf(&bad, "policy.read_on", n.ReadOn)
	return &p, bad.Err()
}

// TLDPrice is what a term costs.
type TLDPrice struct {
	Action    string  `json:"action" enum:"register,transfer,renew"`
	Years     Years   `json:"years"`
	Money     Money   `json:"money" doc:"An amount of -1: the term is not offered"`
	Group     *string `json:"group" maxLength:"64" doc:"The client group that it is for; null: all that have none of their own"`
	ValidFrom string  `json:"valid_from" maxLength:"10" example:"2027-01-01" doc:"A date. Default: today"`
}

// NewTLDPrice is a price of a request.
type NewTLDPrice struct {
	Action    string `json:"action" enum:"register,transfer,renew"`
	Years     int    `json:"years" example:"1"`
	Money     Money  `json:"money" doc:"An amount of -1: the term is not offered. A renewal of ten years is stored so in any case"`
	Group     string `json:"group,omitempty" maxLength:"64" doc:"The client group that it is for"`
	ValidFrom string `json:"valid_from,omitempty" maxLength:"10" doc:"A date. Default: today"`
}

func showTLDPrice(p domainname.Price) TLDPrice {
	return TLDPrice{
		Action: string(p.Kind), Years: Years(p.Years), Money: Money{Amount: p.Amount, Currency: string(p.Currency)}, Group: orNull(p.Group), ValidFrom: p.ValidFrom.String(),
	}
}

func showTLD(t domainname.TLD, disabled domainname.Prices) TLD {
	shown := TLD{TLD: t.Extension, Registrar: orNull(t.Registrar), Policies: []TLDPolicy{}, Prices: []TLDPrice{}, Coming: []TLDPrice{}, Disabled: []TLDPrice{}, Domains: t.Domains}
	if t.Today != nil {
		today := showPolicy(*t.Today)
		shown.Policy = &today
	}
	for _, p := range t.Policies {
		shown.Policies = append(shown.Policies, showPolicy(p))
	}
	for _, p := range t.Prices {
		shown.Prices = append(shown.Prices, showTLDPrice(p))
	}
	for _, p := range t.Coming {
		shown.Coming = append(shown.Coming, showTLDPrice(p))
	}
	for _, p := range disabled {
		shown.Disabled = append(shown.Disabled, showTLDPrice(p))
	}
	return shown
}

// NewTLD is the body of POST /tlds.
type NewTLD struct {
	TLD       string        `json:"tld" maxLength:"255" example:"com"`
	Registrar *string       `json:"registrar,omitempty" maxLength:"255" doc:"Its name"`
	Policy    *NewTLDPolicy `json:"policy,omitempty" doc:"What is left out is none, no, or a fee of nothing"`
	Prices    []NewTLDPrice `json:"prices,omitempty" nullable:"false" maxItems:"2000"`
}

// TLDPatch is the body of PATCH /tlds/{tld}.
type TLDPatch struct {
	Registrar Optional[string] `json:"registrar,omitzero" maxLength:"255" doc:"Its name"`
	Policy    *NewTLDPolicy    `json:"policy,omitempty" doc:"A new row. Rows that have counted stay"`
	Prices    []NewTLDPrice    `json:"prices,omitempty" nullable:"false" maxItems:"2000" doc:"Those that it names are replaced, the others stay"`
}

const codeNoTLD = "TLD_NOT_FOUND"

func (a *API) tlds() {
	const tag = "Domain extensions"
	add(a, route{
		Method: http.MethodPost, Path: "/tlds", Scope: "catalog:write", Tag: tag, Summary: "Set up an extension under which domains are sold or renewed",
		Notes: "One that is there already is changed, as by PATCH. A renewal of ten years is stored as disabled, and the answer says so.", Status: http.StatusCreated,
	}, func(ctx context.Context, in *struct{ Body NewTLD }) (TLD, error) {
		return a.setTLD(ctx, in.Body.TLD, in.Body.Registrar, in.Body.Policy, in.Body.Prices)
	})
	add(a, route{Method: http.MethodGet, Path: "/tlds", Scope: "catalog:read", Tag: tag, Summary: "List extensions", Notes: "By name."},
		func(ctx context.Context, in *Paging) (List[TLD], error) {
			all, err := a.Domains.TLDs(ctx)
			if err != nil {
				return List[TLD]{}, err
			}
			return pageOf(all, *in, func(t domainname.TLD) string { return t.Extension }, func(t domainname.TLD) TLD { return showTLD(t, nil) })
		})
	add(a, route{Method: http.MethodGet, Path: "/tlds/{tld}", Scope: "catalog:read", Tag: tag, Summary: "Show an extension", Codes: []string{codeNoTLD}},
		func(ctx context.Context, in *ByTLD) (TLD, error) {
			t, err := a.Domains.TLD(ctx, in.TLD)
			return showTLD(t, nil), err
		})
	add(a, route{
		Method: http.MethodPatch, Path: "/tlds/{tld}", Scope: "catalog:write", Tag: tag, Summary: "Change an extension",
		Notes: "All of it, or nothing. The answer is the extension as it is then.", Codes: []string{codeNoTLD},
	}, func(ctx context.Context, in *struct {
		ByTLD
		Body TLDPatch
	},
	) (TLD, error) {
		if _, err := a.Domains.TLD(ctx, in.TLD); err != nil {
			return TLD{}, err
		}
		return a.setTLD(ctx, in.TLD, in.Body.Registrar.orZero(), in.Body.Policy, in.Body.Prices)
	})
	add(a, route{
		Method: http.MethodPost, Path: "/tlds/{tld}/policy-preview", Scope: "catalog:read", Tag: tag, Summary: "Tell what a row of the policy would touch",
		Notes: "Open renewals, due dates and terms that are not on offer any more, on the first day on which the row counts. Nothing is changed.", Status: http.StatusOK, Codes: []string{codeNoTLD},
	}, a.previewTLDPolicy)
	add(a, route{
		Method: http.MethodPost, Path: "/tlds/{tld}/price-preview", Scope: "catalog:read", Tag: tag, Summary: "Tell what prices would take off",
		Notes: "Domains that renew by a term which has a price, and would have none on the first day on which the new one counts. Nothing is changed.", Status: http.StatusOK, Codes: []string{codeNoTLD},
	}, a.previewTLDPrices)
	a.tldTables()
}

// ByTLD are the parameters of an operation on one extension.
type ByTLD struct {
	TLD string `path:"tld" maxLength:"64"`
}

func (a *API) setTLD(ctx context.Context, extension string, registrar *string, policy *NewTLDPolicy, prices []NewTLDPrice) (TLD, error) {
	settings, err := a.Settings.Get(ctx)
	if err != nil {
		return TLD{}, err
	}
	in := domainname.TLDInput{Extension: extension, Registrar: registrar}
	if policy != nil {
		if in.Policy, err = policy.policy(settings.Currency); err != nil {
			return TLD{}, err
		}
	}
	if in.Prices, err = pricesOf(prices); err != nil {
		return TLD{}, err
	}
	t, disabled, err := a.Domains.SetTLD(ctx, in)
	return showTLD(t, disabled), named(err, priceFields.Replace)
}

// pricesOf are prices as their room takes them.
func pricesOf(prices []NewTLDPrice) (rows domainname.Prices, err error) {
	var bad fail.Fields
	for i, p := range prices {
		from := dateOf(&bad, fmt.Sprintf("prices[%d].valid_from", i), p.ValidFrom)
		rows = append(rows, domainname.Price{
			Kind: domainname.PriceKind(p.Action), Years: p.Years, Currency: money.Currency(p.Money.Currency), Amount: p.Money.Amount, Group: p.Group, ValidFrom: from,
		})
	}
	return rows, bad.Err()
}

// priceFields are the members of a price by the names of its room.
var priceFields = strings.NewReplacer("].kind", "].action", "].amount", "].money.amount", "].currency", "].money.currency")

// TryTLDPolicy is the body of POST /tlds/{tld}/policy-preview.
type TryTLDPolicy struct {
	Policy NewTLDPolicy `json:"policy"`
}

// PolicyPreview is what a row of a policy would touch.
type PolicyPreview struct {
	Domains  int             `json:"domains" doc:"Of the extension"`
	Renewals int             `json:"renewals" doc:"Open ones that are touched"`
	Due      int             `json:"due" doc:"Domains whose default due date would move"`
	Terms    int             `json:"terms" doc:"Domains that renew by a term that would not be on offer any more: no invoice could be made for them"`
	Data     []PolicyTouched `json:"data" doc:"The first 500 that are touched"`
}

// PolicyTouched is what a row of a policy, or a price, means for a domain. It moves no due date by itself.
type PolicyTouched struct {
	DomainID  string  `json:"domain_id" example:"dom_01hx2b6yh4m3nq0r8s5t"`
	Name      string  `json:"name" example:"example.com"`
	RenewalID *string `json:"renewal_id" example:"drn_01hx2b6yh4m3nq0r8s5t"`
	NextDue   *string `json:"next_due" doc:"A date"`
	DueBefore *string `json:"due_before" doc:"A date: the default"`
	DueAfter  *string `json:"due_after" doc:"A date: the default"`
	Lost      bool    `json:"lost" doc:"The open renewal could be carried out before, and can't be after"`
	TermYears int     `json:"term_years" doc:"That it renews by; 0: it renews by itself no more"`
	TermLost  bool    `json:"term_lost" doc:"The term that it renews by was on offer before, and is not after"`
}

func (a *API) previewTLDPolicy(ctx context.Context, in *struct {
	ByTLD
	Body TryTLDPolicy
},
) (PolicyPreview, error) {
	if _, err := a.Domains.TLD(ctx, in.TLD); err != nil {
		return PolicyPreview{}, err
	}
	settings, err := a.Settings.Get(ctx)
	if err != nil {
		return PolicyPreview{}, err
	}
	p, err := in.Body.Policy.policy(settings.Currency)
	if err != nil {
		return PolicyPreview{}, err
	}
	p.Extension = in.TLD
	if p.ValidFrom.IsZero() {
		p.ValidFrom = a.registryDay()
	}
	preview, err := a.Domains.PreviewPolicy(ctx, "", *p)
	err = named(err, func(field string) string { return "policy." + field })
	return PolicyPreview{Domains: preview.Domains, Renewals: preview.Renewals, Due: preview.Due, Terms: preview.Terms, Data: showTouched(preview.Touched)}, err
}

func showTouched(all []domainname.Touched) []PolicyTouched {
	shown := []PolicyTouched{}
	for _, t := range all {
		shown = append(shown, PolicyTouched{
			DomainID: t.DomainID, Name: t.Name.String(), RenewalID: orNull(t.RenewalID), NextDue: showDate(t.NextDue), DueBefore: showDate(t.DueBefore),
			DueAfter: showDate(t.DueAfter), Lost: t.Lost, TermYears: t.Term, TermLost: t.TermLost,
		})
	}
	return shown
}

// TryTLDPrices is the body of POST /tlds/{tld}/price-preview.
type TryTLDPrices struct {
	Prices []NewTLDPrice `json:"prices" nullable:"false" maxItems:"2000"`
}

// LostTerms is what prices would take off.
type LostTerms struct {
	Terms int             `json:"terms" doc:"Domains that renew by a term that would have no price any more: no invoice could be made for them"`
	Data  []PolicyTouched `json:"data" doc:"The first 500 of them"`
}

func (a *API) previewTLDPrices(ctx context.Context, in *struct {
	ByTLD
	Body TryTLDPrices
},
) (LostTerms, error) {
	t, err := a.Domains.TLD(ctx, in.TLD)
	if err != nil {
		return LostTerms{}, err
	}
	rows, err := pricesOf(in.Body.Prices)
	if err != nil {
		return LostTerms{}, err
	}
	preview, err := a.Domains.PreviewPrices(ctx, t.Extension, rows)
	return LostTerms{Terms: preview.Terms, Data: showTouched(preview.Touched)}, named(err, priceFields.Replace)
}

// TableImport is what became of a table, or would.
type TableImport struct {
	DryRun   bool           `json:"dry_run" doc:"Nothing was changed: this is what would be"`
	Taken    int            `json:"taken" doc:"Rows that are new or changed"`
	Same     int            `json:"same" doc:"Rows that the store has as they are"`
	Disabled int            `json:"disabled" doc:"Renewals of ten years that had an amount: they are stored as disabled"`
	Lost     int            `json:"terms_lost" doc:"Of prices: domains that renew by a term that has no price any more with them: no invoice can be made for them"`
	Problems []TableTrouble `json:"problems" doc:"Rows that were left out"`
}

// TableTrouble is why a row was left out.
type TableTrouble struct {
	Line    int    `json:"line" doc:"Of the table; the header is line 1. 0: not known"`
	Message string `json:"message"`
}

func showTable(dryRun bool, taken, same, disabled int, bad []domainname.BadRow) TableImport {
	shown := TableImport{DryRun: dryRun, Taken: taken, Same: same, Disabled: disabled, Problems: []TableTrouble{}}
	for _, b := range bad {
		shown.Problems = append(shown.Problems, TableTrouble{Line: b.Line, Message: b.Reason})
	}
	return shown
}

type tableInput struct {
	DryRun bool `query:"dry_run" doc:"Tell what would happen, and change nothing"`
}

// tldTables are policies, prices and costs as tables.
func (a *API) tldTables() {
	const tag = "Domain extensions"
	for _, t := range []struct {
		path, of, notes string
		write           func(ctx context.Context, w io.Writer) error
		read            func(ctx context.Context, r io.Reader, dryRun bool) (TableImport, error)
	}{
		{"tld-policies", "policies of extensions", "A row is added; one whose day the extension has already is the same, or is left out.", a.Domains.ExportPolicies, a.importPolicies},
		{"tld-prices", "prices of domains", "Prices that the table names are replaced. -1: not offered.", a.Domains.ExportPrices, a.importDomainPrices},
		{"domain-costs", "what registrars ask", "Columns: registrar, extension, kind (register, transfer, renew, restore), years, currency, amount, valid_from, source.", a.Domains.ExportCosts, a.importCosts},
	} {
		addFile(a, route{
			Method: http.MethodGet, Path: "/exports/" + t.path, Scope: "catalog:read", Tag: tag, Summary: "Export " + t.of, Notes: "All rows, in the form in which they are imported.", Media: mediaCSV,
		}, func(ctx context.Context, _ *struct{}) (file, error) {
			var out bytes.Buffer
			err := t.write(ctx, &out)
			return file{Name: t.path + ".csv", Content: out.Bytes()}, err
		})
		add(a, route{
			Method: http.MethodPost, Path: "/imports/" + t.path, Scope: "catalog:write", Tag: tag, Summary: "Import " + t.of, Upload: true,
			Notes: "The body is a table (CSV, UTF-8) under a header. Rows that are wrong are told of, the rest is taken. " + t.notes,
		}, func(ctx context.Context, in *tableInput) (TableImport, error) {
			_, content, err := fileOf(ctx, t.path+".csv")
			if err != nil {
				return TableImport{}, err
			}
			done, err := t.read(ctx, content, in.DryRun)
			if cut := (*interrupted)(nil); errors.As(err, &cut) {
				return TableImport{}, fail.Malformed(codeMalformed, "The upload could not be read to its end. Nothing was changed.").Because(err)
			}
			return done, err
		})
	}
}

func (a *API) importPolicies(ctx context.Context, r io.Reader, dryRun bool) (TableImport, error) {
	done, err := a.Domains.ImportPolicies(ctx, r, dryRun)
	return showTable(dryRun, len(done.New), done.Same, 0, done.Bad), err
}

func (a *API) importDomainPrices(ctx context.Context, r io.Reader, dryRun bool) (TableImport, error) {
	done, err := a.Domains.ImportPrices(ctx, r, dryRun)
	shown := showTable(dryRun, len(done.Prices), done.Same, len(done.Disabled), done.Bad)
	shown.Lost = done.Lost.Terms
	return shown, err
}

func (a *API) importCosts(ctx context.Context, r io.Reader, dryRun bool) (TableImport, error) {
	done, err := a.Domains.ImportCosts(ctx, r, dryRun)
	return showTable(dryRun, len(done.Costs), 0, 0, done.Bad), err
}
