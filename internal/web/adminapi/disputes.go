package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/payment"
)

// Dispute is a payment that its customer has the bank take back.
type Dispute struct {
	ID        string     `json:"id" example:"dsp_01hx2b6yh4m3nq0r8s5t"`
	PaymentID string     `json:"payment_id" example:"pay_01hx2b6yh4m3nq0r8s5t"`
	InvoiceID string     `json:"invoice_id" example:"inv_01hx2b6yh4m3nq0r8s5t"`
	Gateway   string     `json:"gateway" example:"sandbox"`
	Reference string     `json:"reference" doc:"The gateway's name for it"`
	Money     Money      `json:"money"`
	Status    string     `json:"status" enum:"open,won,lost" doc:"won: or withdrawn"`
	Reason    *string    `json:"reason" example:"fraudulent"`
	OpenedAt  time.Time  `json:"opened_at"`
	ClosedAt  *time.Time `json:"closed_at"`
}

func showDispute(d payment.Dispute) Dispute {
	return Dispute{
		ID: d.ID, PaymentID: d.PaymentID, InvoiceID: d.InvoiceID, Gateway: d.Gateway, Reference: d.Reference, Money: moneyOf(d.Money),
		Status: string(d.Status), Reason: orNull(d.Reason), OpenedAt: d.OpenedAt.UTC(), ClosedAt: utc(d.ClosedAt),
	}
}

func (a *API) disputes() {
	add(a, route{
		Method: http.MethodGet, Path: "/invoices/{id}/disputes", Scope: "sales:read", Tag: "Payments", Summary: "List the disputes about an invoice",
		Notes: "Oldest first, all on one page. While one is open, the payment does not count, nothing is refunded or charged, and every license that it paid for is held.",
		Codes: []string{codeNoInvoice},
	}, func(ctx context.Context, in *ByID) (List[Dispute], error) {
		if _, err := a.Billing.ByID(ctx, in.ID); err != nil {
			return List[Dispute]{}, err
		}
		disputes, err := a.Payments.Disputes(ctx, in.ID)
		return listOf(disputes, "", showDispute), err
	})
}
