package adminapi

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
)

const (
	codeBadRequest   = "INVALID_REQUEST"
	codeNoDomain     = "DOMAIN_NOT_FOUND"
	codeRenewalOpen  = "RENEWAL_OPEN"
	codeNoRenewal    = "RENEWAL_NOT_FOUND"
	codeRenewalState = "RENEWAL_STATE"
	withoutSaying    = "through the API, without a reason"
	codeChanged      = "CHANGED_MEANWHILE"
)

// NewDomain is the body of POST /domains.
type NewDomain struct {
	Name           string `json:"name" maxLength:"1000" example:"example.com" doc:"In any spelling; directly under an extension of the store"`
	CustomerID     string `json:"customer_id" maxLength:"64"`
	Registrar      string `json:"registrar,omitempty" maxLength:"255" doc:"Its name. Default: that of the extension"`
	RegistryExpiry string `json:"registry_expiry,omitempty" maxLength:"64" example:"2027-03-10T12:00:00Z" doc:"An instant or a date, as the registry says. Left out: it is read now through the registrar"`
	PaidThrough    string `json:"paid_through,omitempty" maxLength:"10" doc:"A date. Default: that of the registry"`
	NextDue        string `json:"next_due,omitempty" maxLength:"10" doc:"A date. Default: as the policy says"`
	TermYears      *Years `json:"term_years,omitempty" doc:"For how many years it renews by itself, at most 9. Default: 1"`
	Recurring      *Money `json:"recurring,omitempty" doc:"What its automatic renewals cost; 0: it is free. Default: the list price of today"`
	Free           bool   `json:"free,omitempty" doc:"The same as a recurring of 0"`
	DoNotRenew     bool   `json:"do_not_renew,omitempty" doc:"No invoice is made by itself"`
	BundledWith    string `json:"bundled_with,omitempty" maxLength:"64" doc:"The id of the subscription that it is free with"`
}

// DomainPatch is the body of PATCH /domains/{id}. Nothing of it reaches a registry.
type DomainPatch struct {
	PaidThrough    Optional[string] `json:"paid_through,omitzero" maxLength:"10" doc:"A date; null: nothing was paid here"`
	NextDue        Optional[string] `json:"next_due,omitzero" maxLength:"10" doc:"A date; null: nothing is invoiced by itself. It moves nothing else"`
	TermYears      Optional[Years]  `json:"term_years,omitzero" doc:"At most 9; null: it renews by itself no more. Without recurring it costs the list price of today"`
	Recurring      *Money           `json:"recurring,omitempty"`
	DoNotRenew     *bool            `json:"do_not_renew,omitempty"`
	BundledWith    Optional[string] `json:"bundled_with,omitzero" maxLength:"64" doc:"The id of a subscription"`
	Registrar      Optional[string] `json:"registrar,omitzero" maxLength:"255" doc:"Its name"`
	Status         *string          `json:"status,omitempty" enum:"active,cancelled,fraud" doc:"Ends it, and with it an open renewal; active takes an end back"`
	RegistryExpiry *string          `json:"registry_expiry,omitempty" maxLength:"64" doc:"As staff have read it: an instant or a date"`
	Reason         string           `json:"reason,omitempty" maxLength:"10000" doc:"For the history"`
	Version        int64            `json:"version,omitempty" minimum:"1" maximum:"9007199254740991" doc:"That the change was made from: it is refused if there is another by now"`
}

type listDomainsInput struct {
	Paging
	Query       string `query:"q" maxLength:"255" doc:"A part of the name"`
	Status      string `query:"status" enum:"pending,pending_registration,pending_transfer,active,grace,redemption,expired,transferred_away,cancelled,fraud" doc:"As it is now. Pages of such a list may be shorter than the limit"`
	CustomerID  string `query:"customer_id" maxLength:"64"`
	Extension   string `query:"extension" maxLength:"255"`
	RegistrarID string `query:"registrar_id" maxLength:"64"`
	EndsFrom    string `query:"ends_from" maxLength:"10" doc:"A date: the first end of a term"`
	EndsBefore  string `query:"ends_before" maxLength:"10" doc:"A date: behind the last end of a term"`
	Special     string `query:"special" enum:"failed,unpaid,unconfirmed,auto_renewed,never,stuck" doc:"Of the open renewal: it needs a person, it is unpaid, it is paid and not confirmed. auto_renewed: the registry is ahead of what was paid. never: it does not renew by itself. stuck: its paid registration or transfer waits for a person"`
	Sort        string `query:"sort" enum:"name,term_end" doc:"Default: name"`
}

func (a *API) domains() {
	const tag = "Domains"
	add(a, route{
		Method: http.MethodPost, Path: "/domains", Scope: "domains:write", Tag: tag, Summary: "Bring in a domain that exists", Repeat: after,
		Notes: "It is registered at the registry already, and nothing is sent there. A new one is ordered.", Status: http.StatusCreated,
		Codes: []string{codeBadRequest, "DOMAIN_TAKEN", "REGISTRAR_MANUAL"},
	}, a.createDomain)
	add(a, route{Method: http.MethodGet, Path: "/domains", Scope: "domains:read", Tag: tag, Summary: "List domains"}, a.listDomains)
	add(a, route{Method: http.MethodGet, Path: "/domains/{id}", Scope: "domains:read", Tag: tag, Summary: "Show a domain", Codes: []string{codeNoDomain}},
		func(ctx context.Context, in *ByID) (Domain, error) { return a.domain(ctx, in.ID, nil) })
	add(a, route{
		Method: http.MethodPatch, Path: "/domains/{id}", Scope: "domains:write", Tag: tag, Summary: "Change what the store says of a domain",
		Notes: "The day on which a renewal falls due and the registry's date don't move each other.",
		Codes: []string{codeNoDomain, codeBadRequest, codeChanged, "DOMAIN_TAKEN", "DOMAIN_STATUS"},
	}, a.patchDomain)
	add(a, route{
		Method: http.MethodGet, Path: "/domains/{id}/renewal-terms", Scope: "domains:read", Tag: tag, Summary: "Tell which terms a domain can be renewed for",
		Notes: "One to ten years, each with its price or the reason why not: the same that the portal and the cart say, and that an order is judged by.",
		Codes: []string{codeNoDomain},
	}, a.renewalTerms)
	a.domainActs()
	a.domainHistory()
	a.domainRenewals()
}

// registryDay is today as registries count.
func (a *API) registryDay() civil.Date { return domainname.RegistryDate(a.Clock.Now()) }

// domain shows a domain after a verb that may have failed.
func (a *API) domain(ctx context.Context, id string, err error) (Domain, error) {
	if err != nil {
		return Domain{}, err
	}
	r, err := a.Domains.ByID(ctx, id)
	if err != nil {
		return Domain{}, err
	}
	return showDomain(r), nil
}

func (n NewDomain) input() (in domainname.Input, err error) {
	var bad fail.Fields
	in = domainname.Input{
		Name: n.Name, CustomerID: n.CustomerID, Registrar: n.Registrar, Expiry: n.RegistryExpiry, PaidThrough: dateOf(&bad, "paid_through", n.PaidThrough),
		NextDue: dateOf(&bad, "next_due", n.NextDue), DoNotRenew: n.DoNotRenew, BundledWith: n.BundledWith, Source: domainname.FromStaff, Free: n.Free,
	}
	if n.TermYears != nil {
		in.Term = int(*n.TermYears)
	}
	if n.Recurring != nil {
		in.Recurring = new(n.Recurring.value())
		if n.Free && n.Recurring.Amount != 0 {
			bad.Add("free", "is a recurring of 0")
		}
	}
	return in, bad.Err()
}

func (a *API) createDomain(ctx context.Context, in *struct{ Body NewDomain }) (Domain, error) {
	input, err := in.Body.input()
	if err != nil {
		return Domain{}, err
	}
	if input, err = a.Watch.Dated(ctx, input); err != nil {
		return Domain{}, err
	}
	d, err := a.Domains.Create(ctx, input)
	return a.domain(ctx, d.ID, err)
}

func (a *API) listDomains(ctx context.Context, in *listDomainsInput) (List[Domain], error) {
	var bad fail.Fields
	f := domainname.Filter{
		Query: in.Query, Status: domainname.Status(in.Status), CustomerID: in.CustomerID, Extension: in.Extension, RegistrarID: in.RegistrarID,
		EndsFrom: dateOf(&bad, "ends_from", in.EndsFrom), EndsBefore: dateOf(&bad, "ends_before", in.EndsBefore), Special: in.Special, Order: in.Sort,
		Cursor: in.Cursor, Limit: in.Limit,
	}
	if err := bad.Err(); err != nil {
		return List[Domain]{}, err
	}
	rows, next, err := a.Domains.List(ctx, f)
	return listOf(rows, next, showDomain), err
}

func (p DomainPatch) patch() (out domainname.Patch, err error) {
	var bad fail.Fields
	out = domainname.Patch{
		BundledWith: p.BundledWith.orZero(), Registrar: p.Registrar.orZero(), Expiry: p.RegistryExpiry, Reason: p.Reason, Version: p.Version,
	}
	for _, date := range []struct {
		field string
		text  *string
		to    **civil.Date
	}{{"paid_through", p.PaidThrough.orZero(), &out.PaidThrough}, {"next_due", p.NextDue.orZero(), &out.NextDue}} {
		if date.text == nil {
			continue
		}
		d := dateOf(&bad, date.field, *date.text)
		*date.to = &d
	}
	if years := p.TermYears.orZero(); years != nil {
		out.Term = new(int(*years))
	}
	if p.Recurring != nil {
		out.Recurring = new(p.Recurring.value())
	}
	if p.Status != nil {
		out.Status = new(domainname.Status(*p.Status))
	}
	if out.Reason == "" {
		out.Reason = withoutSaying
	}
	return out, bad.Err()
}

func (a *API) patchDomain(ctx context.Context, in *struct {
	ByID
	Body DomainPatch
},
) (Domain, error) {
	patch, err := in.Body.patch()
	if err != nil {
		return Domain{}, err
	}
	err = a.DB.Write(ctx, func(tx *db.Tx) error {
		ctx := db.With(ctx, tx)
		if _, err := a.Domains.Change(ctx, in.ID, patch); err != nil {
			return err
		}
		if in.Body.DoNotRenew == nil {
			return nil
		}
		_, err := a.Renewals.SetAutoRenew(ctx, in.ID, !*in.Body.DoNotRenew, patch.Reason)
		return err
	})
	return a.domain(ctx, in.ID, err)
}

func (a *API) renewalTerms(ctx context.Context, in *struct {
	ByID
	For string `query:"for" enum:"customer,staff" doc:"Who would renew. Staff are held up by less. Default: customer"`
},
) (List[RenewalTerm], error) {
	by := domainname.ByCustomer
	if in.For != "" {
		by = domainname.Asker(in.For)
	}
	_, offer, err := a.Renewals.Offer(ctx, in.ID, by)
	if err != nil {
		return List[RenewalTerm]{}, err
	}
	terms, err := showTerms(offer)
	return List[RenewalTerm]{Data: terms}, err
}
