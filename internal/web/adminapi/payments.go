package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/payment"
)

// Payment is a payment as the API shows it.
type Payment struct {
	ID              string    `json:"id" example:"pay_01hx2b6yh4m3nq0r8s5t"`
	InvoiceID       string    `json:"invoice_id" example:"inv_01hx2b6yh4m3nq0r8s5t"`
	CustomerID      string    `json:"customer_id" example:"cus_01hx2b6yh4m3nq0r8s5t"`
	Gateway         string    `json:"gateway" example:"sandbox" doc:"manual: recorded by staff. credit: what the store owed the customer"`
	PaymentMethodID *string   `json:"payment_method_id" example:"pmt_01hx2b6yh4m3nq0r8s5t" doc:"Of a charge of a saved method"`
	Reference       string    `json:"reference" doc:"With the gateway unique; empty until the gateway has told it"`
	Money           Money     `json:"money"`
	Applied         Money     `json:"applied" doc:"What counted towards the invoice when it arrived; the rest became the customer's credit"`
	State           string    `json:"state" enum:"succeeded,pending,requires_action,failed" doc:"Refunds and disputes don't change it"`
	Refunded        Money     `json:"refunded" doc:"What was given back of it, or is on its way back"`
	Dispute         *string   `json:"dispute" enum:"open,won,lost" doc:"Null: never disputed"`
	ReceivedAt      time.Time `json:"received_at"`
	CreatedAt       time.Time `json:"created_at"`
}

func showPayment(p payment.Payment) Payment {
	return Payment{
		ID: p.ID, InvoiceID: p.InvoiceID, CustomerID: p.CustomerID, Gateway: p.Gateway, PaymentMethodID: orNull(p.MethodID), Reference: p.Reference,
		Money: moneyOf(p.Money), Applied: moneyOf(p.Applied), State: string(p.State), Refunded: moneyOf(p.Refunded), Dispute: orNull(string(p.Dispute)),
		ReceivedAt: p.ReceivedAt.UTC(), CreatedAt: p.CreatedAt.UTC(),
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
	const tag = "Payments"
	add(a, route{Method: http.MethodPost, Path: "/invoices/{id}/payments", Scope: "sales:write", Tag: tag, Summary: "Record a payment that arrived for an invoice", Notes: "When nothing is left to pay, each line does its work. What is beyond the balance becomes the customer's credit.", Status: http.StatusCreated, Codes: []string{codeNoInvoice, "PAYMENT_EXISTS"}},
		a.createPayment)
	add(a, route{Method: http.MethodGet, Path: "/payments", Scope: "sales:read", Tag: tag, Summary: "List payments", Notes: "Newest first."},
		func(ctx context.Context, in *listPaymentsInput) (List[Payment], error) {
			found, next, err := a.Payments.List(ctx, payment.Filter{
				InvoiceID: in.InvoiceID, CustomerID: in.CustomerID, Reference: in.Reference, Cursor: in.Cursor, Limit: in.Limit,
			})
			return listOf(found, next, showPayment), err
		})
	add(a, route{Method: http.MethodGet, Path: "/payments/{id}", Scope: "sales:read", Tag: tag, Summary: "Show a payment", Codes: []string{"PAYMENT_NOT_FOUND"}},
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
