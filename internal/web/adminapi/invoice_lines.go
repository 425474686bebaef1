package adminapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// NewInvoiceLine is the body of POST /invoices/{id}/lines.
type NewInvoiceLine struct {
	Description string `json:"description" maxLength:"255" example:"Installation"`
	Quantity    *int64 `json:"quantity,omitempty" minimum:"1" maximum:"1000000" doc:"Default: 1"`
	UnitAmount  *Money `json:"unit_amount,omitempty" doc:"In terms of the prices; may be negative"`
	Total       *Money `json:"total,omitempty" doc:"What the line comes to, in place of unit_amount"`
	TaxClass    string `json:"tax_class,omitempty" maxLength:"50" doc:"Default: standard"`
	Reason      string `json:"reason,omitempty" maxLength:"10000" doc:"For the history"`
}

// InvoiceLines is the body of PUT /invoices/{id}/lines.
type InvoiceLines struct {
	Lines  []PutLine `json:"lines" nullable:"false" maxItems:"200" doc:"These and no others"`
	Reason string    `json:"reason,omitempty" maxLength:"10000" doc:"For the history"`
}

// PutLine is a line of a whole list. With the id of a line of the invoice it is that one: what it leaves out stays, and
// what paying it does, its period and its discount stay in any case.
type PutLine struct {
	ID          string  `json:"id,omitempty" maxLength:"64" example:"lin_01hx2b6yh4m3nq0r8s5t" doc:"Left out: a new line"`
	Description *string `json:"description,omitempty" maxLength:"255" doc:"Needed for a new line"`
	Quantity    *int64  `json:"quantity,omitempty" minimum:"1" maximum:"1000000" doc:"Default: 1"`
	UnitAmount  *Money  `json:"unit_amount,omitempty" doc:"In terms of the prices; may be negative"`
	Total       *Money  `json:"total,omitempty" doc:"What the line comes to, in place of unit_amount"`
	TaxClass    string  `json:"tax_class,omitempty" maxLength:"50" doc:"Default: standard"`
}

// onto is the line as the room takes it, with what it leaves out as it is in before.
func (l PutLine) onto(before billing.InvoiceLine, field string) (billing.LineInput, error) {
	in := billing.LineInput{ID: l.ID, Description: before.Description, Quantity: max(before.Quantity, 1), UnitAmount: before.UnitAmount, TaxClass: l.TaxClass}
	if l.Description != nil {
		in.Description = *l.Description
	}
	if l.Quantity != nil {
		in.Quantity = *l.Quantity
	}
	switch {
	case l.UnitAmount != nil && l.Total != nil:
		return in, fail.Invalid(field+"total", "stands in place of unit_amount: give one of them")
	case l.UnitAmount != nil:
		in.UnitAmount = l.UnitAmount.value()
	case l.Total != nil:
		amount := l.Total.Amount + before.Discount.Amount
		if amount%in.Quantity != 0 {
			return in, fail.Invalid(field+"total", fmt.Sprintf("can't be divided by the quantity of %d: give unit_amount", in.Quantity))
		}
		in.UnitAmount = money.New(amount/in.Quantity, money.Currency(l.Total.Currency))
	case before.ID == "":
		return in, fail.Invalid(field+"unit_amount", "is required")
	}
	return in, nil
}

// current follows an invoice that was issued anew to the one that stands for it now.
func (a *API) current(ctx context.Context, id string) (billing.Invoice, error) {
	inv, err := a.Billing.ByID(ctx, id)
	for err == nil && inv.ReplacedBy != "" {
		inv, err = a.Billing.ByID(ctx, inv.ReplacedBy)
	}
	return inv, err
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

type deleteLineInput struct {
	ByID
	Line   string `path:"line" maxLength:"64"`
	Reason string `query:"reason" maxLength:"10000" doc:"For the history"`
}

const linesNotes = "A draft is edited. An open invoice is voided and issued anew: the answer is the new one, with `replaces`; the old one shows `replaced_by`. Line ids stay the same, and a call to the old invoice acts on its unpaid replacement."

func (a *API) invoiceLines() {
	const tag = "Invoices"
	codes := []string{codeNoInvoice, codeInvoiceNotOpen, codeInProgress, codeDisputed, "INVOICE_CREDITED", "NUMBER_TAKEN", "TAX_RATE_MISSING"}
	add(a, route{
		Method: http.MethodPost, Path: "/invoices/{id}/lines", Scope: "sales:write", Tag: tag, Summary: "Add a line to an unpaid invoice",
		Notes: linesNotes, Status: http.StatusCreated, Codes: codes,
	}, a.addLine)
	add(a, route{
		Method: http.MethodPut, Path: "/invoices/{id}/lines", Scope: "sales:write", Tag: tag, Summary: "Give an unpaid invoice these lines and no others",
		Notes: linesNotes, Codes: append([]string{"LINE_DELIVERED"}, codes...),
	}, a.putLines)
	add(a, route{
		Method: http.MethodDelete, Path: "/invoices/{id}/lines/{line}", Scope: "sales:write", Tag: tag, Summary: "Take a line off an unpaid invoice",
		Notes: "And with it what paying it would have done, and nothing else. " + linesNotes + " Without its last line an invoice is void.",
		Codes: append([]string{codeNoLine, "LINE_DELIVERED"}, codes...),
	}, func(ctx context.Context, in *deleteLineInput) (Invoice, error) {
		i, err := a.Billing.DeleteLine(ctx, in.ID, in.Line, in.Reason)
		return showInvoice(i), err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/invoices/{id}/lines/{line}/revoke-fulfilment", Scope: "sales:write", Tag: tag, Summary: "Take back what paying a line would do",
		Notes: "Of open invoices only. The invoice itself stays as it is.", Codes: []string{codeNoLine, codeInvoiceNotOpen, "FULFILMENT_STATE", codeNoRenewal, codeRenewalState},
	}, a.revokeLine)
	add(a, route{
		Method: http.MethodPost, Path: "/invoices/{id}/lines/{line}/restore-fulfilment", Scope: "sales:write", Tag: tag, Summary: "Make a revoked line do its work again when it is paid",
		Codes: []string{codeNoLine, codeInvoiceNotOpen, "FULFILMENT_STATE"},
	}, func(ctx context.Context, in *lineInput) (Invoice, error) {
		i, err := a.Billing.RestoreFulfilment(ctx, in.ID, in.Line, in.reason())
		return showInvoice(i), err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/invoices/{id}/lines/{line}/retry-fulfilment", Scope: "sales:write", Tag: tag, Summary: "Try the work of a paid line again at once",
		Notes: "If the work is done, nothing happens. If it fails again, the line says why.", Codes: []string{codeNoInvoice, codeNoLine, "FULFILMENT_STATE", "INVOICE_NOT_PAID"},
	}, a.retryLine)
}

// Revocation is the body of POST /invoices/{id}/lines/{line}/revoke-fulfilment.
type Revocation struct {
	Reason    string `json:"reason,omitempty" maxLength:"10000" doc:"For the history"`
	Elsewhere bool   `json:"elsewhere,omitempty" doc:"Of a domain's renewal: the term was renewed elsewhere already. Paying then sends nothing, and moves paid-through and next due"`
}

func (a *API) revokeLine(ctx context.Context, in *struct {
	ByID
	Line string `path:"line" maxLength:"64"`
	Body *Revocation
},
) (Invoice, error) {
	how := Revocation{}
	if in.Body != nil {
		how = *in.Body
	}
	if !how.Elsewhere {
		i, err := a.Billing.RevokeFulfilment(ctx, in.ID, in.Line, how.Reason)
		return showInvoice(i), err
	}
	inv, err := a.current(ctx, in.ID)
	if err != nil {
		return Invoice{}, err
	}
	if _, ok := inv.Line(in.Line); !ok {
		return Invoice{}, fail.NotFound(codeNoLine, "The invoice has no such line.")
	}
	if err := a.Renewals.Revoke(ctx, in.Line, true, how.Reason); err != nil {
		return Invoice{}, err
	}
	inv, err = a.Billing.ByID(ctx, inv.ID)
	return showInvoice(inv), err
}

func (a *API) addLine(ctx context.Context, in *struct {
	ByID
	Body NewInvoiceLine
},
) (Invoice, error) {
	b := in.Body
	line, err := PutLine{
		Description: &b.Description, Quantity: b.Quantity, UnitAmount: b.UnitAmount, Total: b.Total, TaxClass: b.TaxClass,
	}.onto(billing.InvoiceLine{}, "")
	if err != nil {
		return Invoice{}, err
	}
	i, err := a.Billing.AddLine(ctx, in.ID, line, b.Reason)
	return showInvoice(i), err
}

func (a *API) putLines(ctx context.Context, in *struct {
	ByID
	Body InvoiceLines
},
) (Invoice, error) {
	inv, err := a.current(ctx, in.ID)
	if err != nil {
		return Invoice{}, err
	}
	lines := make([]billing.LineInput, len(in.Body.Lines))
	for i, line := range in.Body.Lines {
		before, _ := inv.Line(line.ID) // the room refuses a line that the invoice does not have
		if lines[i], err = line.onto(before, fmt.Sprintf("lines[%d].", i)); err != nil {
			return Invoice{}, err
		}
	}
	changed, err := a.Billing.PutLines(ctx, in.ID, lines, in.Body.Reason)
	return showInvoice(changed), err
}

// retryLine answers with the invoice whether or not the work has succeeded: it is the line that tells.
func (a *API) retryLine(ctx context.Context, in *lineInput) (Invoice, error) {
	inv, err := a.current(ctx, in.ID)
	if err != nil {
		return Invoice{}, err
	}
	if _, ok := inv.Line(in.Line); !ok {
		return Invoice{}, fail.NotFound(codeNoLine, "The invoice has no such line.")
	}
	refused := a.Billing.RetryFulfilment(ctx, in.Line)
	if inv, err = a.Billing.ByID(ctx, inv.ID); err != nil {
		return Invoice{}, err
	}
	line, _ := inv.Line(in.Line)
	if refused != nil && (inv.Status != billing.Paid || line.Link == nil || line.Link.State != billing.Failed) {
		return Invoice{}, refused
	}
	return showInvoice(inv), nil
}
