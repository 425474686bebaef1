package adminapi

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
)

// Invoice is an invoice as the API shows it, alone and in lists.
type Invoice struct {
	ID         string        `json:"id" example:"inv_01hx2b6yh4m3nq0r8s5t"`
	Number     *string       `json:"number" doc:"Null until it has one"`
	Status     string        `json:"status" enum:"draft,open,paid,void,uncollectible"`
	CustomerID string        `json:"customer_id"`
	OrderID    *string       `json:"order_id"`
	Currency   string        `json:"currency"`
	IssuedOn   *string       `json:"issued_on" doc:"A date" example:"2027-03-20"`
	DueOn      *string       `json:"due_on" doc:"A date" example:"2027-04-03"`
	Total      Money         `json:"total"`
	Balance    Money         `json:"balance" doc:"What is still owed"`
	Lines      []InvoiceLine `json:"lines"`
}

// InvoiceLine is a line of an invoice.
type InvoiceLine struct {
	ID          string      `json:"id" example:"lin_01hx2b6yh4m3nq0r8s5t"`
	Description string      `json:"description"`
	Total       Money       `json:"total"`
	Period      *Period     `json:"period" doc:"Null for what is sold once"`
	Fulfilment  *Fulfilment `json:"fulfilment" doc:"What paying the line does; null: nothing besides"`
}

// Period is the time that a line is for.
type Period struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// Fulfilment is what paying a line does.
type Fulfilment struct {
	Kind   string  `json:"kind" example:"license"`
	Target *string `json:"target" doc:"The id of what the line acted on, once it has"`
	State  string  `json:"state" enum:"pending,done,failed,revoked"`
}

func showInvoice(i billing.Invoice) Invoice {
	shown := Invoice{
		ID: i.ID, Number: orNull(i.Number), Status: string(i.Status), CustomerID: i.CustomerID, OrderID: orNull(i.OrderID),
		Currency: string(i.Total.Currency), IssuedOn: showDate(i.IssuedOn), DueOn: showDate(i.DueOn), Total: moneyOf(i.Total),
		Balance: moneyOf(i.Balance()), Lines: []InvoiceLine{},
	}
	for _, l := range i.Lines {
		line := InvoiceLine{ID: l.ID, Description: l.Description, Total: moneyOf(l.Total)}
		if l.Link != nil {
			line.Fulfilment = &Fulfilment{Kind: l.Link.Kind, Target: orNull(l.Link.Target), State: string(l.Link.State)}
		}
		shown.Lines = append(shown.Lines, line)
	}
	return shown
}

// showDate is a date that may be missing.
func showDate(d civil.Date) *string {
	if d == (civil.Date{}) {
		return nil
	}
	s := d.String()
	return &s
}

type listInvoicesInput struct {
	Paging
	CustomerID string `query:"customer_id" maxLength:"64"`
	Status     string `query:"status" enum:"draft,open,paid,void,uncollectible"`
	Query      string `query:"q" maxLength:"255" doc:"The beginning of a number, or the reference of a payment"`
}

type lineInput struct {
	ByID
	Line string `path:"line" maxLength:"64"`
	Body *Reason
}

func (in *lineInput) reason() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Reason
}

func (a *API) invoices() {
	add(a, route{Method: http.MethodGet, Path: "/invoices", Scope: "sales:read", Tag: "Sales", Summary: "List invoices", Notes: "Newest first; those found by q with the highest number first."},
		func(ctx context.Context, in *listInvoicesInput) (List[Invoice], error) {
			found, next, err := a.Billing.List(ctx, billing.Filter{
				CustomerID: in.CustomerID, Status: billing.Status(in.Status), Query: in.Query, Cursor: in.Cursor, Limit: in.Limit,
			})
			return listOf(found, next, showInvoice), err
		})
	add(a, route{Method: http.MethodGet, Path: "/invoices/{id}", Scope: "sales:read", Tag: "Sales", Summary: "Show an invoice"},
		func(ctx context.Context, in *ByID) (Invoice, error) {
			i, err := a.Billing.ByID(ctx, in.ID)
			return showInvoice(i), err
		})
	add(a, route{Method: http.MethodPost, Path: "/invoices/{id}/write-off", Scope: "sales:write", Tag: "Sales", Summary: "Give up the money of an open invoice", Notes: "Nothing of it will be delivered; money that arrives later is credit."},
		func(ctx context.Context, in *reasonInput) (Invoice, error) {
			i, err := a.Billing.WriteOff(ctx, in.ID, in.reason())
			return showInvoice(i), err
		})
	add(a, route{Method: http.MethodPost, Path: "/invoices/{id}/lines/{line}/revoke-fulfilment", Scope: "sales:write", Tag: "Sales", Summary: "Take back what paying a line would do", Notes: "Of open invoices only. The invoice itself stays as it is."},
		func(ctx context.Context, in *lineInput) (Invoice, error) {
			i, err := a.Billing.RevokeFulfilment(ctx, in.ID, in.Line, in.reason())
			return showInvoice(i), err
		})
	add(a, route{Method: http.MethodPost, Path: "/invoices/{id}/lines/{line}/restore-fulfilment", Scope: "sales:write", Tag: "Sales", Summary: "Make a revoked line do its work again when it is paid"},
		func(ctx context.Context, in *lineInput) (Invoice, error) {
			i, err := a.Billing.RestoreFulfilment(ctx, in.ID, in.Line, in.reason())
			return showInvoice(i), err
		})
}
