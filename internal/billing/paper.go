package billing

import (
	"github.com/keystead/keystead/internal/document"
	"github.com/keystead/keystead/internal/tax"
)

// paper is what an invoice says when it is drawn: what becomes of it afterwards is no part of it. One that is paid by then,
// as by card in the shop, asks for nothing. A proforma invoice is what waits for its number.
func (i Invoice) paper(t Terms, replaces *document.Reference) document.Document {
	d := document.Document{
		Kind: document.Invoice, Number: i.Number, Language: language(i.Buyer, t), Currency: i.Total.Currency,
		TaxMode: document.TaxMode(i.TaxMode), IssuedOn: i.IssuedOn, DueOn: i.DueOn, Seller: partyOnPaper(i.Seller),
		Buyer: partyOnPaper(i.Buyer), Replaces: replaces, Taxes: taxesOnPaper(i.TaxMode, i.Taxes), Net: i.Net.Amount,
		Tax: i.Tax.Amount, Total: i.Total.Amount, Balance: i.Total.Amount,
	}
	if i.Number == "" {
		d.Kind = document.Proforma
	}
	if i.Status == Paid && i.Paid.Amount > 0 {
		d.Paid, d.Balance = i.Total.Amount, 0
	}
	if i.Status == Open && i.Total.Amount > 0 {
		d.Payment = document.Payment{Reference: i.Number, Instructions: t.PaymentNote}
		if i.Number == "" {
			d.Payment.Reference = i.ID
		}
	}
	for n, line := range i.Lines {
		code, rate := categoryColumns(i.TaxMode, line.Category)
		d.Lines = append(d.Lines, document.Line{
			Position: int64(n + 1), Description: line.Description, Period: document.Period(line.Period), Quantity: line.Quantity,
			UnitPrice: line.UnitAmount.Amount, Discount: line.Discount.Amount, Amount: line.Total.Amount, TaxCategory: code,
			TaxRate: rate,
		})
	}
	return d
}

// paper is what a credit note for an invoice says.
func (n CreditNote) paper(t Terms, inv Invoice) document.Document {
	d := document.Document{
		Kind: document.CreditNote, Number: n.Number, Language: language(n.Buyer, t), Currency: n.Total.Currency,
		TaxMode: document.TaxMode(n.TaxMode), IssuedOn: n.IssuedOn, Seller: partyOnPaper(n.Seller), Buyer: partyOnPaper(n.Buyer),
		Refers: &document.Reference{Number: inv.Number, IssuedOn: inv.IssuedOn}, Taxes: taxesOnPaper(n.TaxMode, n.Taxes),
		Net: n.Net.Amount, Tax: n.Tax.Amount, Total: n.Total.Amount, Paid: n.Total.Amount, Notes: n.Reason,
	}
	for i, line := range n.Lines {
		code, rate := categoryColumns(n.TaxMode, line.Category)
		d.Lines = append(d.Lines, document.Line{
			Position: int64(i + 1), Description: line.Description, Period: document.Period(line.Period), Quantity: 1,
			UnitPrice: line.Amount.Amount, Discount: line.Discount.Amount, Amount: line.Amount.Amount - line.Discount.Amount,
			TaxCategory: code, TaxRate: rate,
		})
	}
	return d
}

func language(buyer Party, t Terms) string {
	if buyer.Language != "" {
		return buyer.Language
	}
	return t.Language
}

func partyOnPaper(p Party) document.Party {
	return document.Party{Name: p.Name, Company: p.Company, Email: p.Email, Address: p.Address, Country: p.Country, TaxID: p.TaxID}
}

func taxesOnPaper(mode tax.Mode, taxes []TaxLine) (printed []document.Tax) {
	if mode == tax.None {
		return nil
	}
	for _, t := range taxes {
		printed = append(printed, document.Tax{
			Category: string(t.Category.Code), Rate: t.Category.Rate.String(), Base: t.Base.Amount, Tax: t.Tax.Amount,
		})
	}
	return printed
}
