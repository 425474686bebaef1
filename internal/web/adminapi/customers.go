package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// Customer is a customer as the API shows it.
type Customer struct {
	ID          string    `json:"id" example:"cus_01hx2b6yh4m3nq0r8s5t"`
	Email       string    `json:"email"`
	Name        string    `json:"name"`
	Company     *string   `json:"company"`
	Country     *string   `json:"country" doc:"ISO 3166-1, two letters"`
	State       *string   `json:"state" doc:"Of the country, where taxes differ by it"`
	Address     *string   `json:"address" doc:"As on invoices; several lines"`
	TaxID       *string   `json:"tax_id"`
	Language    *string   `json:"language" enum:"en,de" doc:"Of mails and documents; null: the store's"`
	Currency    string    `json:"currency"`
	TimeZone    *string   `json:"time_zone" doc:"IANA name; null: the store's"`
	Group       *string   `json:"group" doc:"Whose prices count for the customer; null: no group's"`
	Credit      Money     `json:"credit" doc:"What the store owes the customer, in the customer's currency"`
	HasPassword bool      `json:"has_password"`
	Guest       bool      `json:"guest" doc:"Ordered without signing in, under the address of another customer"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

func showCustomer(c customer.Customer) Customer {
	return Customer{
		ID: c.ID, Email: c.Email, Name: c.Name, Company: orNull(c.Company), Country: orNull(c.Country), State: orNull(c.State),
		Address: orNull(c.Address), TaxID: orNull(c.TaxID), Language: orNull(c.Language),
		Currency: string(c.Currency), TimeZone: orNull(c.TimeZone), Group: orNull(c.Group), Credit: moneyOf(c.CreditIn(c.Currency)),
		HasPassword: c.HasPassword, Guest: c.Guest, CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(),
	}
}

// NewCustomer is the body of POST /customers.
type NewCustomer struct {
	Email    string `json:"email" maxLength:"255" doc:"Unique in the store, regardless of case"`
	Name     string `json:"name" maxLength:"255"`
	Company  string `json:"company,omitempty" maxLength:"255"`
	Country  string `json:"country,omitempty" maxLength:"2" doc:"ISO 3166-1, two letters"`
	State    string `json:"state,omitempty" maxLength:"64" doc:"Of the country, where taxes differ by it"`
	Address  string `json:"address,omitempty" maxLength:"1000" doc:"As on invoices; several lines"`
	Language string `json:"language,omitempty" enum:"en,de" doc:"Of mails and documents; the store's if left out"`
	TaxID    string `json:"tax_id,omitempty" maxLength:"64"`
	Currency string `json:"currency,omitempty" maxLength:"3" doc:"The store's if left out"`
	TimeZone string `json:"time_zone,omitempty" maxLength:"64" doc:"IANA name; the store's if left out"`
	Group    string `json:"group,omitempty" maxLength:"64" doc:"A client group, which may have prices of its own"`
}

// CustomerPatch is the body of PATCH /customers/{id}.
type CustomerPatch struct {
	Email    *string          `json:"email,omitempty" maxLength:"255"`
	Name     *string          `json:"name,omitempty" maxLength:"255"`
	Company  Optional[string] `json:"company,omitzero" maxLength:"255"`
	Country  Optional[string] `json:"country,omitzero" maxLength:"2"`
	State    Optional[string] `json:"state,omitzero" maxLength:"64"`
	Address  Optional[string] `json:"address,omitzero" maxLength:"1000"`
	Language Optional[string] `json:"language,omitzero" enum:"en,de"`
	TaxID    Optional[string] `json:"tax_id,omitzero" maxLength:"64"`
	Currency *string          `json:"currency,omitempty" maxLength:"3"`
	TimeZone Optional[string] `json:"time_zone,omitzero" maxLength:"64"`
	Group    Optional[string] `json:"group,omitzero" maxLength:"64"`
}

func (a *API) customers() {
	add(a, route{Method: http.MethodPost, Path: "/customers", Scope: "customers:write", Tag: "Customers", Summary: "Add a customer", Status: http.StatusCreated, Codes: []string{"EMAIL_TAKEN"}},
		func(ctx context.Context, in *struct{ Body NewCustomer }) (Customer, error) {
			c, err := a.Customers.Create(ctx, customer.Input{
				Email: in.Body.Email, Name: in.Body.Name, Company: in.Body.Company, Country: in.Body.Country, State: in.Body.State,
				Address: in.Body.Address, TaxID: in.Body.TaxID, Language: in.Body.Language,
				Currency: money.Currency(in.Body.Currency), TimeZone: in.Body.TimeZone, Group: in.Body.Group,
			})
			return showCustomer(c), err
		})
	add(a, route{Method: http.MethodGet, Path: "/customers", Scope: "customers:read", Tag: "Customers", Summary: "List customers", Notes: "Newest first, unless sort says otherwise; those found by q in the order of their e-mail addresses, names and companies."},
		a.listCustomers)
	add(a, route{Method: http.MethodGet, Path: "/customers/{id}", Scope: "customers:read", Tag: "Customers", Summary: "Show a customer", Codes: []string{"CUSTOMER_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (Customer, error) {
			c, err := a.Customers.ByID(ctx, in.ID)
			return showCustomer(c), err
		})
	add(a, route{Method: http.MethodPatch, Path: "/customers/{id}", Scope: "customers:write", Tag: "Customers", Summary: "Change a customer", Codes: []string{"CUSTOMER_NOT_FOUND", "EMAIL_TAKEN"}},
		a.patchCustomer)
}

type listCustomersInput struct {
	Paging
	Email string `query:"email" maxLength:"255" doc:"Exactly this address, regardless of case"`
	Query string `query:"q" maxLength:"255" doc:"The beginning of an e-mail address, a name or a company"`
	Sort  string `query:"sort" maxLength:"20" doc:"created_at, email, name or company; with a hyphen in front, descending"`
}

func (a *API) listCustomers(ctx context.Context, in *listCustomersInput) (List[Customer], error) {
	if in.Email != "" {
		c, err := a.Customers.ByEmail(ctx, in.Email)
		if err != nil && fail.Of(err).Kind == fail.KindNotFound {
			return listOf(nil, "", showCustomer), nil
		}
		return listOf([]customer.Customer{c}, "", showCustomer), err
	}
	found, next, err := a.Customers.List(ctx, customer.Filter{Query: in.Query, Sort: customer.Sort(in.Sort), Cursor: in.Cursor, Limit: in.Limit})
	return listOf(found, next, showCustomer), err
}

type patchCustomerInput struct {
	ByID
	Body CustomerPatch
}

func (a *API) patchCustomer(ctx context.Context, in *patchCustomerInput) (Customer, error) {
	p := customer.Patch{
		Email: in.Body.Email, Name: in.Body.Name, Company: in.Body.Company.orZero(), Country: in.Body.Country.orZero(),
		State: in.Body.State.orZero(), Address: in.Body.Address.orZero(), TaxID: in.Body.TaxID.orZero(),
		Language: in.Body.Language.orZero(), TimeZone: in.Body.TimeZone.orZero(), Group: in.Body.Group.orZero(),
	}
	if in.Body.Currency != nil {
		currency := money.Currency(*in.Body.Currency)
		p.Currency = &currency
	}
	c, err := a.Customers.Update(ctx, in.ID, p)
	return showCustomer(c), err
}
