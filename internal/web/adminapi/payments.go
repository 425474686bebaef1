package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
)

// Payment is a payment as the API shows it.
type Payment struct {
	ID         string    `json:"id" example:"pay_01hx2b6yh4m3nq0r8s5t"`
	InvoiceID  string    `json:"invoice_id"`
	CustomerID string    `json:"customer_id"`
	Gateway    string    `json:"gateway" doc:"manual, or credit for what the store owed the customer"`
	Reference  string    `json:"reference"`
	Money      Money     `json:"money"`
	State      string    `json:"state" enum:"pending,requires_action,succeeded,failed"`
	Refunded   Money     `json:"refunded"`
	Dispute    *string   `json:"dispute" enum:"open,won,lost"`
	ReceivedAt time.Time `json:"received_at"`
	CreatedAt  time.Time `json:"created_at"`
}

func showPayment(p payment.Payment) Payment {
	return Payment{
		ID: p.ID, InvoiceID: p.InvoiceID, CustomerID: p.CustomerID, Gateway: p.Gateway, Reference: p.Reference, Money: moneyOf(p.Money),
		State: string(p.State), Refunded: moneyOf(money.New(0, p.Money.Currency)), ReceivedAt: p.ReceivedAt.UTC(), CreatedAt: p.CreatedAt.UTC(),
	}
}

// NewPayment is the body of POST /invoices/{id}/payments.
type NewPayment struct {
	Gateway    string     `json:"gateway,omitempty" enum:"manual" doc:"Default: manual"`
	Money      Money      `json:"money"`
	Reference  string     `json:"reference" maxLength:"255" doc:"Unique. Recorded again with the same facts, it is the same payment"`
	ReceivedAt *time.Time `json:"received_at,omitempty" doc:"Default: now"`
}

type newPaymentInput struct {
	ByID
	Body NewPayment
}

type listPaymentsInput struct {
	Paging
	InvoiceID  string `query:"invoice_id" maxLength:"64"`
	CustomerID string `query:"customer_id" maxLength:"64"`
	Reference  string `query:"reference" maxLength:"255" doc:"The whole of it"`
}

func (a *API) payments() {
	add(a, route{Method: http.MethodPost, Path: "/invoices/{id}/payments", Scope: "sales:write", Tag: "Sales", Summary: "Record a payment that arrived for an invoice", Notes: "When nothing is left to pay, each line does its work. What is beyond the balance becomes the customer's credit.", Status: http.StatusCreated},
		a.createPayment)
	add(a, route{Method: http.MethodGet, Path: "/payments", Scope: "sales:read", Tag: "Sales", Summary: "List payments", Notes: "Newest first."},
		func(ctx context.Context, in *listPaymentsInput) (List[Payment], error) {
			found, next, err := a.Payments.List(ctx, payment.Filter{
				InvoiceID: in.InvoiceID, CustomerID: in.CustomerID, Reference: in.Reference, Cursor: in.Cursor, Limit: in.Limit,
			})
			return listOf(found, next, showPayment), err
		})
	add(a, route{Method: http.MethodGet, Path: "/payments/{id}", Scope: "sales:read", Tag: "Sales", Summary: "Show a payment"},
		func(ctx context.Context, in *ByID) (Payment, error) {
			p, err := a.Payments.ByID(ctx, in.ID)
			return showPayment(p), err
		})
}

func (a *API) createPayment(ctx context.Context, in *newPaymentInput) (Payment, error) {
	m := payment.Manual{Money: in.Body.Money.value(), Reference: in.Body.Reference}
	if in.Body.ReceivedAt != nil {
		m.ReceivedAt = *in.Body.ReceivedAt
	}
	p, err := a.Payments.Record(ctx, in.ID, m)
	return showPayment(p), err
}
