package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/tax"
)

// Invoice is an invoice as the API shows it, alone and in lists.
type Invoice struct {
	ID         string        `json:"id" example:"inv_01hx2b6yh4m3nq0r8s5t"`
	Number     *string       `json:"number" doc:"Null until it has one" example:"INV-2027-42"`
	Status     string        `json:"status" enum:"open,draft,paid,void,uncollectible"`
	Kind       string        `json:"kind" enum:"order,renewal,change,manual" doc:"What it is for"`
	CustomerID string        `json:"customer_id" example:"cus_01hx2b6yh4m3nq0r8s5t"`
	OrderID    *string       `json:"order_id" example:"ord_01hx2b6yh4m3nq0r8s5t"`
	Currency   string        `json:"currency" example:"EUR"`
	IssuedOn   *string       `json:"issued_on" doc:"A date" example:"2027-03-20"`
	DueOn      *string       `json:"due_on" doc:"A date" example:"2027-04-03"`
	Net        Money         `json:"net"`
	Tax        Money         `json:"tax"`
	Total      Money         `json:"total" doc:"Tax included"`
	Credited   Money         `json:"credited" doc:"What credit notes have taken back of the total"`
	Paid       Money         `json:"paid" doc:"What payments count towards it, less what was taken back of that"`
	Balance    Money         `json:"balance" doc:"What is still owed"`
	Disputed   bool          `json:"disputed" doc:"One of its payments is in dispute"`
	TaxMode    string        `json:"tax_mode" enum:"none,exclusive,inclusive"`
	Taxes      []TaxPart     `json:"taxes" doc:"By category and rate"`
	Lines      []InvoiceLine `json:"lines"`
	Seller     Party         `json:"seller"`
	Buyer      Party         `json:"buyer" doc:"As it is frozen"`
	Note       *string       `json:"note" doc:"What the tax asks to be said"`
	Replaces   *string       `json:"replaces" doc:"The invoice that was voided and issued anew as this one"`
	ReplacedBy *string       `json:"replaced_by" doc:"The invoice that stands for this one now"`
	NextStep   *NextStep     `json:"next_step" doc:"What collecting its money does next by itself"`
	CreatedAt  time.Time     `json:"created_at"`
	PaidAt     *time.Time    `json:"paid_at"`
}

// InvoiceLine is a line of an invoice. Its amounts are in terms of the prices: net, or gross where prices include tax.
type InvoiceLine struct {
	ID             string      `json:"id" example:"lin_01hx2b6yh4m3nq0r8s5t" doc:"Kept when the invoice is issued anew"`
	Description    string      `json:"description" example:"Tool – Pro"`
	Quantity       int64       `json:"quantity" example:"1"`
	UnitAmount     Money       `json:"unit_amount"`
	Amount         Money       `json:"amount" doc:"quantity × unit_amount"`
	Discount       Money       `json:"discount"`
	Total          Money       `json:"total" doc:"amount − discount"`
	Period         *Period     `json:"period" doc:"Null for what is sold once"`
	SubscriptionID *string     `json:"subscription_id" example:"sub_01hx2b6yh4m3nq0r8s5t"`
	OrderItemID    *string     `json:"order_item_id" example:"itm_01hx2b6yh4m3nq0r8s5t"`
	WithLineID     *string     `json:"with_line_id" example:"lin_01hx2b6yh4m3nq0r8s5s" doc:"The line of the same invoice that this one is a fee of, or takes something off: it ends with that one. Where staff remove only that one, it stands by itself"`
	TaxClass       string      `json:"tax_class" example:"standard"`
	TaxCategory    *string     `json:"tax_category" enum:"S,Z,AE,O" doc:"As EN 16931 names it: standard rate, zero rate, reverse charge, out of scope; null where the store charges no tax"`
	TaxRate        *string     `json:"tax_rate" example:"19" doc:"Percent"`
	Credited       Money       `json:"credited" doc:"What was taken back of the amount"`
	TakenBack      bool        `json:"taken_back" doc:"A refund has credited all of it, and taken back what it gave"`
	Fulfilment     *Fulfilment `json:"fulfilment" doc:"What paying the line does; null: nothing besides"`
}

// Period is the time that a line is for.
type Period struct {
	Start string `json:"start" example:"2027-03-20"`
	End   string `json:"end" example:"2027-04-20" doc:"It belongs to the next period"`
}

// Fulfilment is what paying a line does.
type Fulfilment struct {
	Kind   string  `json:"kind" example:"license"`
	Target *string `json:"target" doc:"The id of what the line acts on, once that exists" example:"lic_01hx2b6yh4m3nq0r8s5t"`
	State  string  `json:"state" enum:"pending,done,failed,revoked,fulfilled"`
	Error  *string `json:"error" doc:"Why it failed; it is tried again"`
}

// TaxPart is the tax of one category and rate on a document.
type TaxPart struct {
	Category string `json:"category" enum:"S,Z,AE,O"`
	Rate     string `json:"rate" example:"19" doc:"Percent"`
	Base     Money  `json:"base"`
	Tax      Money  `json:"tax"`
}

// Party is the seller or the buyer as a document names them.
type Party struct {
	Name    string  `json:"name" example:"Ann"`
	Company *string `json:"company"`
	Email   *string `json:"email" example:"ann@example.com"`
	Address *string `json:"address"`
	Country *string `json:"country" example:"DE"`
	State   *string `json:"state"`
	TaxID   *string `json:"tax_id"`
}

// NextStep is a step of collecting the money of an invoice.
type NextStep struct {
	Step string `json:"step" example:"charge"`
	On   string `json:"on" example:"2027-04-03" doc:"A date"`
}

func showInvoice(i billing.Invoice) Invoice {
	shown := Invoice{
		ID: i.ID, Number: orNull(i.Number), Status: string(i.Status), Kind: string(i.Kind), CustomerID: i.CustomerID, OrderID: orNull(i.OrderID),
		Currency: string(i.Total.Currency), IssuedOn: showDate(i.IssuedOn), DueOn: showDate(i.DueOn), Net: moneyOf(i.Net), Tax: moneyOf(i.Tax),
		Total: moneyOf(i.Total), Credited: moneyOf(i.Credited), Paid: moneyOf(i.Paid), Balance: moneyOf(i.Balance()), Disputed: i.Disputes > 0,
		TaxMode: string(i.TaxMode), Taxes: showTaxes(i.Taxes), Lines: []InvoiceLine{}, Seller: showParty(i.Seller), Buyer: showParty(i.Buyer),
		Note: orNull(i.Note), Replaces: orNull(i.Replaces), ReplacedBy: orNull(i.ReplacedBy), CreatedAt: i.CreatedAt.UTC(), PaidAt: utc(i.PaidAt),
	}
	if !i.StepOn.IsZero() {
		shown.NextStep = &NextStep{Step: i.Step, On: i.StepOn.String()}
	}
	for _, l := range i.Lines {
		shown.Lines = append(shown.Lines, showLine(l))
	}
	return shown
}

func showLine(l billing.InvoiceLine) InvoiceLine {
	shown := InvoiceLine{
		ID: l.ID, Description: l.Description, Quantity: l.Quantity, UnitAmount: moneyOf(l.UnitAmount), Amount: moneyOf(l.Amount),
		Discount: moneyOf(l.Discount), Total: moneyOf(l.Total), Period: showPeriod(l.Period), SubscriptionID: orNull(l.SubscriptionID),
		OrderItemID: orNull(l.OrderItemID), WithLineID: orNull(l.With), TaxClass: l.TaxClass, Credited: moneyOf(l.Credited), TakenBack: l.TakenBack,
	}
	shown.TaxCategory, shown.TaxRate = showCategory(l.Category)
	if l.Link != nil {
		shown.Fulfilment = &Fulfilment{
			Kind: l.Link.Kind, Target: orNull(l.Link.Target), State: string(l.Link.State), Error: orNull(l.Link.Error),
		}
	}
	return shown
}

// showCategory names the tax of a line; null where the store charges none.
func showCategory(c tax.Category) (code, rate *string) {
	if c.Code == "" {
		return nil, nil
	}
	percent := c.Rate.String()
	return orNull(string(c.Code)), &percent
}

func showTaxes(taxes []billing.TaxLine) []TaxPart {
	shown := []TaxPart{}
	for _, t := range taxes {
		shown = append(shown, TaxPart{Category: string(t.Category.Code), Rate: t.Category.Rate.String(), Base: moneyOf(t.Base), Tax: moneyOf(t.Tax)})
	}
	return shown
}

func showParty(p billing.Party) Party {
	return Party{
		Name: p.Name, Company: orNull(p.Company), Email: orNull(p.Email), Address: orNull(p.Address), Country: orNull(p.Country),
		State: orNull(p.State), TaxID: orNull(p.TaxID),
	}
}

// showDate is a date that may be missing.
func showDate(d civil.Date) *string {
	if d == (civil.Date{}) {
		return nil
	}
	s := d.String()
	return &s
}

// showPeriod is a period that may be missing.
func showPeriod(p civil.Period) *Period {
	if p.Start.IsZero() {
		return nil
	}
	return &Period{Start: p.Start.String(), End: p.End.String()}
}

type listInvoicesInput struct {
	Paging
	CustomerID string `query:"customer_id" maxLength:"64"`
	Status     string `query:"status" enum:"draft,open,paid,void,uncollectible"`
	Query      string `query:"q" maxLength:"255" doc:"The beginning of a number, or the reference of a payment"`
}

// The codes of problems with invoices.
const (
	codeNoInvoice      = "INVOICE_NOT_FOUND"
	codeNoLine         = "LINE_NOT_FOUND"
	codeInvoiceNotOpen = "INVOICE_NOT_OPEN"
	codeInProgress     = "PAYMENT_IN_PROGRESS"
	codeDisputed       = "DISPUTE_OPEN"
)

func (a *API) invoices() {
	const tag = "Invoices"
	add(a, route{Method: http.MethodGet, Path: "/invoices", Scope: "sales:read", Tag: tag, Summary: "List invoices", Notes: "Newest first; those found by q with the highest number first."},
		func(ctx context.Context, in *listInvoicesInput) (List[Invoice], error) {
			found, next, err := a.Billing.List(ctx, billing.Filter{
				CustomerID: in.CustomerID, Status: billing.Status(in.Status), Query: in.Query, Cursor: in.Cursor, Limit: in.Limit,
			})
			return listOf(found, next, showInvoice), err
		})
	add(a, route{Method: http.MethodGet, Path: "/invoices/{id}", Scope: "sales:read", Tag: tag, Summary: "Show an invoice", Codes: []string{codeNoInvoice}},
		func(ctx context.Context, in *ByID) (Invoice, error) {
			i, err := a.Billing.ByID(ctx, in.ID)
			return showInvoice(i), err
		})
	add(a, route{
		Method: http.MethodPost, Path: "/invoices/{id}/void", Scope: "sales:write", Tag: tag, Summary: "Void an invoice",
		Notes: "An open one, or a paid one of whose payments nothing is left. What was paid towards it becomes the customer's credit. Its number stays taken.",
		Codes: []string{codeNoInvoice, codeInvoiceNotOpen, codeInProgress, "LINE_DELIVERED"},
	}, func(ctx context.Context, in *reasonInput) (Invoice, error) {
		i, err := a.Billing.VoidInvoice(ctx, in.ID, in.reason())
		return showInvoice(i), err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/invoices/{id}/write-off", Scope: "sales:write", Tag: tag, Summary: "Give up the money of an open invoice",
		Notes: "Nothing of it will be delivered; money that arrives later is credit.",
		Codes: []string{codeNoInvoice, codeInvoiceNotOpen},
	}, func(ctx context.Context, in *reasonInput) (Invoice, error) {
		i, err := a.Billing.WriteOff(ctx, in.ID, in.reason())
		return showInvoice(i), err
	})
	addFile(a, route{
		Method: http.MethodGet, Path: "/invoices/{id}/pdf", Scope: "sales:read", Tag: tag, Summary: "Get an invoice as a file",
		Notes: "Of a final invoice its bytes never change.", Media: mediaPDF, Codes: []string{codeNoInvoice, "INVOICE_DRAFT"},
	}, func(ctx context.Context, in *ByID) (file, error) {
		p, err := a.Billing.PDF(ctx, in.ID)
		return file{Name: p.Filename(), Content: p.PDF}, err
	})
	a.invoiceLines()
	a.creditNotes()
	a.charges()
	a.refunds()
	a.disputes()
}
