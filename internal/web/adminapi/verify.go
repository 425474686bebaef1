package adminapi

import (
	"context"
	"net/http"
	"time"
)

// Verification is what proving the books found.
type Verification struct {
	Differences []Difference `json:"differences" doc:"Empty if all is well"`
	Checked     []string     `json:"checked" doc:"What was proved"`
	CheckedAt   time.Time    `json:"checked_at"`
}

// Difference is something that is not as the ledger, or the other half of a fact, says it must be.
type Difference struct {
	Check   string `json:"check" doc:"The rule that is broken" example:"invoice.paid"`
	Subject string `json:"subject"`
	Want    string `json:"want"`
	Got     string `json:"got"`
}

func (a *API) verify() {
	add(a, route{Method: http.MethodGet, Path: "/verify", Scope: "sales:read", Tag: "Automation", Summary: "Prove the books", Notes: "Every ledger transaction balances; credits, paid amounts and states of invoices are what the entries add up to; numbers have no gaps; orders, invoices, fulfilled lines and what they made agree; licenses are in the state that their facts and history say."},
		a.verifyAll)
}

func (a *API) verifyAll(ctx context.Context, _ *struct{}) (Verification, error) {
	v := Verification{Differences: []Difference{}, Checked: []string{"billing", "licenses"}, CheckedAt: a.Clock.Now()}
	books, err := a.Billing.Verify(ctx)
	if err != nil {
		return Verification{}, err
	}
	for _, d := range books {
		v.Differences = append(v.Differences, Difference(d))
	}
	licenses, err := a.Licenses.Verify(ctx)
	if err != nil {
		return Verification{}, err
	}
	for _, d := range licenses {
		v.Differences = append(v.Differences, Difference(d))
	}
	return v, nil
}
