package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/tax"
)

// TaxRate is what a tax authority asks for from a day on, until the next rate of the same place and class begins.
type TaxRate struct {
	ID        string    `json:"id" example:"txr_01hx2b6yh4m3nq0r8s5t"`
	Country   string    `json:"country" example:"DE" doc:"ISO 3166-1, two letters"`
	State     *string   `json:"state" doc:"Null: the whole country"`
	Class     *string   `json:"class" example:"standard" doc:"Of prices; null: every class without a rate of its own"`
	Name      string    `json:"name" example:"VAT" doc:"As documents call it"`
	Rate      string    `json:"rate" example:"19" doc:"Percent"`
	ValidFrom string    `json:"valid_from" example:"2027-01-01" doc:"A date"`
	CreatedAt time.Time `json:"created_at"`
}

func showTaxRate(r billing.TaxRate) TaxRate {
	return TaxRate{
		ID: r.ID, Country: r.Country, State: orNull(r.State), Class: orNull(r.Class), Name: r.Name, Rate: r.Rate.String(),
		ValidFrom: r.ValidFrom.String(), CreatedAt: r.CreatedAt.UTC(),
	}
}

// NewTaxRate is the body of POST /tax-rates and PUT /tax-rates/{id}.
type NewTaxRate struct {
	Country   string `json:"country" maxLength:"2" example:"DE" doc:"ISO 3166-1, two letters"`
	State     string `json:"state,omitempty" maxLength:"50" doc:"Left out: the whole country"`
	Class     string `json:"class,omitempty" maxLength:"50" example:"standard" doc:"Left out: every class without a rate of its own"`
	Name      string `json:"name" maxLength:"255" example:"VAT"`
	Rate      string `json:"rate" maxLength:"20" example:"19" doc:"Percent, as an exact decimal"`
	ValidFrom string `json:"valid_from" maxLength:"10" example:"2027-01-01" doc:"A date"`
}

func (n NewTaxRate) input() (billing.TaxRateInput, error) {
	in := billing.TaxRateInput{Country: n.Country, State: n.State, Class: n.Class, Name: n.Name}
	var bad fail.Fields
	var err error
	if in.Rate, err = tax.ParsePercent(n.Rate); err != nil {
		bad.Add("rate", "is not a percentage such as 19 or 8.1")
	}
	if in.ValidFrom, err = civil.Parse(n.ValidFrom); err != nil {
		bad.Add("valid_from", notADate)
	}
	return in, bad.Err()
}

const notADate = "must be a date such as 2027-03-20"

const codeNoTaxRate = "TAX_RATE_NOT_FOUND"

func (a *API) taxRates() {
	const tag = "Tax"
	add(a, route{Method: http.MethodGet, Path: "/tax-rates", Scope: "settings:read", Tag: tag, Summary: "List tax rates", Notes: "By place, class and day, all on one page."},
		func(ctx context.Context, _ *struct{}) (List[TaxRate], error) {
			rates, err := a.Billing.TaxRates(ctx)
			return listOf(rates, "", showTaxRate), err
		})
	add(a, route{
		Method: http.MethodPost, Path: "/tax-rates", Scope: "settings:write", Tag: tag, Summary: "Add a tax rate",
		Notes: "It counts for invoices that are issued from its day on.", Status: http.StatusCreated, Codes: []string{"TAX_RATE_EXISTS"},
	}, func(ctx context.Context, in *struct{ Body NewTaxRate }) (TaxRate, error) {
		rate, err := in.Body.input()
		if err != nil {
			return TaxRate{}, err
		}
		made, err := a.Billing.CreateTaxRate(ctx, rate)
		return showTaxRate(made), err
	})
	add(a, route{
		Method: http.MethodPut, Path: "/tax-rates/{id}", Scope: "settings:write", Tag: tag, Summary: "Change a tax rate",
		Notes: "For invoices to come: those that are final keep the rate that they have.", Codes: []string{codeNoTaxRate, "TAX_RATE_EXISTS"},
	}, func(ctx context.Context, in *struct {
		ByID
		Body NewTaxRate
	},
	) (TaxRate, error) {
		rate, err := in.Body.input()
		if err != nil {
			return TaxRate{}, err
		}
		changed, err := a.Billing.UpdateTaxRate(ctx, in.ID, rate)
		return showTaxRate(changed), err
	})
	add(a, route{
		Method: http.MethodDelete, Path: "/tax-rates/{id}", Scope: "settings:write", Tag: tag, Summary: "Take a tax rate away",
		Notes: "For invoices to come.", Codes: []string{codeNoTaxRate},
	}, func(ctx context.Context, in *ByID) (none, error) { return none{}, a.Billing.DeleteTaxRate(ctx, in.ID) })
}
