package adminapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
)

// Refund is money of one payment that went back, or is on its way.
type Refund struct {
	ID           string     `json:"id" example:"rfd_01hx2b6yh4m3nq0r8s5t"`
	PaymentID    string     `json:"payment_id" example:"pay_01hx2b6yh4m3nq0r8s5t"`
	InvoiceID    string     `json:"invoice_id" example:"inv_01hx2b6yh4m3nq0r8s5t"`
	CreditNoteID *string    `json:"credit_note_id" example:"crn_01hx2b6yh4m3nq0r8s5t"`
	Money        Money      `json:"money"`
	To           string     `json:"to" enum:"gateway,credit"`
	State        string     `json:"state" enum:"pending,succeeded,failed"`
	Adjust       bool       `json:"adjust" doc:"What was sold was taken back with it, by a credit note"`
	KeepLicense  bool       `json:"keep_license"`
	Reason       *string    `json:"reason"`
	Origin       string     `json:"origin" enum:"staff,gateway" doc:"gateway: made on the gateway's own pages"`
	Gateway      string     `json:"gateway" example:"sandbox"`
	Reference    *string    `json:"reference" doc:"The gateway's name for it"`
	Detail       *string    `json:"detail" doc:"Why it failed; then the money is the customer's credit"`
	CreatedAt    time.Time  `json:"created_at"`
	SettledAt    *time.Time `json:"settled_at"`
}

func showRefund(r payment.Refund) Refund {
	return Refund{
		ID: r.ID, PaymentID: r.PaymentID, InvoiceID: r.InvoiceID, CreditNoteID: orNull(r.CreditNoteID), Money: moneyOf(r.Money), To: string(r.To),
		State: string(r.State), Adjust: r.Adjust, KeepLicense: r.KeepLicense, Reason: orNull(r.Reason), Origin: string(r.Origin), Gateway: r.Gateway,
		Reference: orNull(r.Reference), Detail: orNull(r.Detail), CreatedAt: r.CreatedAt.UTC(), SettledAt: utc(r.SettledAt),
	}
}

// NewRefund is the body of POST /invoices/{id}/refunds.
type NewRefund struct {
	Money       *Money         `json:"money,omitempty" doc:"Left out: all that was paid, or what lines come to"`
	To          string         `json:"to,omitempty" enum:"gateway,credit" doc:"Default: gateway, back by the way it came"`
	Reason      string         `json:"reason,omitempty" maxLength:"10000" doc:"Needed where the license is kept" example:"Bought by mistake"`
	Adjust      *bool          `json:"adjust,omitempty" doc:"Default: true. A credit note takes back what was sold. Else the debt stays, and the invoice is open again"`
	Lines       []CreditedLine `json:"lines,omitempty" maxItems:"200" doc:"What is credited of each line; left out: of all lines in proportion"`
	PaymentID   string         `json:"payment_id,omitempty" maxLength:"64" doc:"Of which payment; left out: one of which just so much is left, or else the newest first" example:"pay_01hx2b6yh4m3nq0r8s5t"`
	KeepLicense bool           `json:"keep_license,omitempty" doc:"The license lives on although its line is credited to its whole amount"`
}

// CreditedLine is what is credited of a line.
type CreditedLine struct {
	LineID string `json:"line_id" maxLength:"64" example:"lin_01hx2b6yh4m3nq0r8s5t"`
	Money  *Money `json:"money,omitempty" doc:"Before the line's discount, in terms of the prices; left out: all that is left"`
}

// RefundResult is what a refund has come to: one for each payment that it is taken from.
type RefundResult struct {
	Money        Money    `json:"money" doc:"Of all of them"`
	State        string   `json:"state" enum:"succeeded,pending,failed" doc:"pending, as long as a gateway has not answered"`
	CreditNoteID *string  `json:"credit_note_id" example:"crn_01hx2b6yh4m3nq0r8s5t" doc:"Null: what was sold stands"`
	Refunds      []Refund `json:"refunds"`
	Invoice      Invoice  `json:"invoice" doc:"As it stands now"`
}

type newRefundInput struct {
	ByID
	Body *NewRefund
}

func (a *API) refunds() {
	const tag = "Payments"
	add(a, route{
		Method: http.MethodPost, Path: "/invoices/{id}/refunds", Scope: "sales:write", Tag: tag, Summary: "Refund what was paid for an invoice", Status: http.StatusCreated,
		Notes: "What it means is booked at once; gateways are asked right afterwards. Once the credits of the line that issued or last renewed a license reach its whole amount, the license is revoked and its subscription ended, unless it is kept. Money that no invoice has used goes first and touches no license.",
		Codes: []string{codeNoInvoice, "REFUND_EXCEEDS_PAID", "CREDIT_EXCEEDS_LINE", "CREDIT_EXCEEDS_INVOICE", "NOTHING_TO_CREDIT", codeDisputed, codeNoLine},
	}, a.createRefund)
	add(a, route{
		Method: http.MethodGet, Path: "/invoices/{id}/refunds", Scope: "sales:read", Tag: tag, Summary: "List the refunds of an invoice",
		Notes: "Oldest first, all on one page.", Codes: []string{codeNoInvoice},
	}, func(ctx context.Context, in *ByID) (List[Refund], error) {
		if _, err := a.Billing.ByID(ctx, in.ID); err != nil {
			return List[Refund]{}, err
		}
		refunds, err := a.Payments.Refunds(ctx, in.ID)
		return listOf(refunds, "", showRefund), err
	})
}

func (a *API) createRefund(ctx context.Context, in *newRefundInput) (RefundResult, error) {
	if in.Body == nil {
		in.Body = &NewRefund{}
	}
	b := *in.Body
	refund := payment.RefundInput{
		PaymentID: b.PaymentID, To: payment.Destination(b.To), Reason: b.Reason, Adjust: b.Adjust == nil || *b.Adjust, KeepLicense: b.KeepLicense,
	}
	if b.Money != nil {
		m := b.Money.value()
		refund.Money = &m
	}
	inv, err := a.Billing.ByID(ctx, in.ID)
	if err != nil {
		return RefundResult{}, err
	}
	for i, l := range b.Lines {
		line, ok := inv.Line(l.LineID)
		if !ok {
			return RefundResult{}, fail.Invalid(fmt.Sprintf("lines[%d].line_id", i), "is not a line of the invoice")
		}
		credit := billing.LineCredit{LineID: l.LineID, Amount: line.Left()}
		if l.Money != nil {
			credit.Amount = l.Money.value()
		}
		refund.Lines = append(refund.Lines, credit)
	}
	made, err := a.Payments.Refund(ctx, in.ID, refund)
	if err != nil {
		return RefundResult{}, err
	}
	total := money.New(0, inv.Total.Currency)
	result := RefundResult{State: string(payment.RefundSucceeded), Refunds: []Refund{}}
	for _, r := range made {
		total.Amount += r.Money.Amount
		if r.State == payment.RefundPending {
			result.State = string(r.State)
		}
		if r.CreditNoteID != "" {
			result.CreditNoteID = &r.CreditNoteID
		}
		result.Refunds = append(result.Refunds, showRefund(r))
	}
	result.Money = moneyOf(total)
	inv, err = a.Billing.ByID(ctx, in.ID)
	result.Invoice = showInvoice(inv)
	return result, err
}
