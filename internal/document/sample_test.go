package document_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/document"
)

// The documents that the tests look at. KEYSTEAD_SAMPLES names a folder in which
// TestSamples leaves their PDFs for people to look at.

var seller = document.Party{
	Name: "Northwind Software GmbH", Address: "Lindenstraße 14\n10969 Berlin", Country: "DE", TaxID: "DE123456789", Email: "billing@northwind.example",
}

var bank = document.Payment{
	Reference: "INV-2026-0042", Link: "https://store.northwind.example/pay/INV-2026-0042",
	Instructions: "Northwind Software GmbH\nIBAN DE89 3704 0044 0532 0130 00\nBIC COBADEFFXXX",
}

func year(y int) document.Period {
	return document.Period{Start: civil.On(y, time.November, 22), End: civil.On(y+1, time.November, 22)}
}

// shortInvoice has two lines, a coupon and one rate of tax.
func shortInvoice() document.Document {
	return document.Document{
		Kind: document.Invoice, Number: "INV-2026-0042", Language: "en", Currency: "EUR", TaxMode: document.Exclusive,
		IssuedOn: civil.On(2026, time.November, 22), DueOn: civil.On(2026, time.December, 6), Seller: seller,
		Buyer: document.Party{Name: "Marie Okafor", Company: "Brightloom Ltd", Address: "4 Quay Street\nGalway H91 XY12", Country: "IE", Email: "marie@brightloom.example"},
		Lines: []document.Line{
			{Description: "Northwind Sync – Team", Period: year(2026), Quantity: 5, UnitPrice: 19900, Amount: 99500, TaxCategory: "S", TaxRate: "19"},
			{Description: "Priority support", Period: year(2026), Quantity: 1, UnitPrice: 24900, Discount: 4900, Amount: 20000, TaxCategory: "S", TaxRate: "19"},
		},
		Allowances: []document.Allowance{{Reason: "Coupon AUTUMN", Amount: 9500, TaxCategory: "S", TaxRate: "19"}},
		Taxes:      []document.Tax{{Category: "S", Rate: "19", Base: 110000, Tax: 20900}},
		Net:        110000, Tax: 20900, Total: 130900, Balance: 130900, Payment: bank,
		Notes: "Thank you for your business. Your licenses are in your account at store.northwind.example.",
	}
}

// longInvoice has many lines of three rates, and has been paid in part.
func longInvoice(lines int) document.Document {
	d := shortInvoice()
	d.Number, d.Allowances, d.Lines, d.Taxes = "INV-2026-0043", nil, nil, nil
	d.Payment.Reference, d.Payment.Link = d.Number, ""
	rates := []document.Tax{{Category: "S", Rate: "19"}, {Category: "S", Rate: "7"}, {Category: "Z", Rate: "0"}}
	for i := range lines {
		l := document.Line{Description: fmt.Sprintf("Northwind Sync – Seat %d", i+1), Quantity: int64(i%4 + 1), UnitPrice: 4900 + int64(i)*37, TaxCategory: "S", TaxRate: "19"}
		switch {
		case i%7 == 3:
			l.Description = "E-book: Deploying Northwind"
			l.TaxRate = "7"
		case i%11 == 5:
			l.Description = "Migration of existing projects, with a written report about everything that could not be moved and what is to be done about it by hand\nAgreed on 3 November with Ms Okafor"
			l.TaxCategory, l.TaxRate = "Z", "0"
		default:
			l.Period = year(2026)
		}
		l.Amount = l.Quantity * l.UnitPrice
		d.Lines = append(d.Lines, l)
		for j := range rates {
			if rates[j].Rate == l.TaxRate {
				rates[j].Base += l.Amount
			}
		}
	}
	percent := map[string]int64{"19": 19, "7": 7, "0": 0}
	d.Net, d.Tax = 0, 0
	for _, t := range rates {
		if t.Base > 0 {
			t.Tax = (t.Base*percent[t.Rate] + 50) / 100
			d.Net, d.Tax, d.Taxes = d.Net+t.Base, d.Tax+t.Tax, append(d.Taxes, t)
		}
	}
	d.Total, d.Paid = d.Net+d.Tax, 50000
	d.Balance = d.Total - d.Paid
	return d
}

// creditNote takes a part of the short invoice back.
func creditNote() document.Document {
	d := shortInvoice()
	d.Kind, d.Number, d.IssuedOn, d.DueOn = document.CreditNote, "CN-2026-0007", civil.On(2026, time.November, 30), civil.Date{}
	d.Refers = &document.Reference{Number: "INV-2026-0042", IssuedOn: civil.On(2026, time.November, 22)}
	d.Lines, d.Allowances = []document.Line{{Position: 2, Description: "Priority support, cancelled", Period: year(2026), Quantity: 1, UnitPrice: 20000, Amount: 20000, TaxCategory: "S", TaxRate: "19"}}, nil
	d.Taxes = []document.Tax{{Category: "S", Rate: "19", Base: 20000, Tax: 3800}}
	d.Net, d.Tax, d.Total, d.Balance, d.Paid, d.Payment = 20000, 3800, 23800, 0, 23800, document.Payment{}
	d.Notes = "The amount goes back to the card with which the invoice was paid."
	return d
}

// reverseCharge is a German invoice to a company in Austria.
func reverseCharge() document.Document {
	d := shortInvoice()
	d.Language, d.Number, d.Allowances = "de", "RE-2026-0118", nil
	d.Buyer = document.Party{Name: "Jürgen Großmann", Company: "Österreichische Wäscherei AG", Address: "Mariahilfer Straße 88a/2/14\n1070 Wien", Country: "AT", TaxID: "ATU12345678"}
	d.Lines = []document.Line{{
		Description: "Northwind Sync – Jahreslizenz für 25 Arbeitsplätze einschließlich aller Aktualisierungen im Vertragszeitraum",
		Period:      year(2026), Quantity: 25, UnitPrice: 14950, Amount: 373750, TaxCategory: "AE", TaxRate: "0",
	}}
	d.Taxes = []document.Tax{{Category: "AE", Rate: "0", Base: 373750}}
	d.Net, d.Tax, d.Total, d.Balance = 373750, 0, 373750, 373750
	d.Payment.Reference, d.Payment.Link, d.Notes = d.Number, "", ""
	return d
}

// inclusive is a paid invoice of a shop whose prices contain the tax.
func inclusive() document.Document {
	d := shortInvoice()
	d.TaxMode, d.Allowances, d.Number = document.Inclusive, nil, "INV-2026-0044"
	d.Buyer = document.Party{Name: "Zażółć Gęślą-Jaźń", Address: "Οδός Ερμού 12, Αθήνα\nпроспект Мира 3\n北京市朝阳区", Country: "PL"}
	d.Lines = []document.Line{{Description: "Northwind Sync – Solo", Quantity: 1, UnitPrice: 4900, Amount: 4900, TaxCategory: "S", TaxRate: "19"}}
	d.Taxes = []document.Tax{{Category: "S", Rate: "19", Base: 4118, Tax: 782}}
	d.Net, d.Tax, d.Total, d.Paid, d.Balance = 4118, 782, 4900, 4900, 0
	return d
}

// proforma is one of a small shop without tax.
func proforma() document.Document {
	d := shortInvoice()
	d.Kind, d.Number, d.Language, d.TaxMode, d.Allowances, d.Taxes = document.Proforma, "", "de-AT", document.NoTax, nil, nil
	d.Lines = []document.Line{{Description: "Northwind Sync – Solo", Quantity: 1, UnitPrice: 4900, Amount: 4900}}
	d.Net, d.Tax, d.Total, d.Balance = 4900, 0, 4900, 4900
	return d
}

var samples = map[string]func() document.Document{
	"short": shortInvoice, "long": func() document.Document { return longInvoice(60) }, "credit-note": creditNote,
	"reverse-charge": reverseCharge, "inclusive": inclusive, "proforma": proforma,
}

func TestSamples(t *testing.T) {
	t.Parallel()
	for name, sample := range samples {
		d := sample()
		if err := d.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		pdf, err := document.PDF(d)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(pdf) > 100_000 {
			t.Errorf("%s: %d bytes are too many to mail", name, len(pdf))
		}
		if folder := os.Getenv("KEYSTEAD_SAMPLES"); folder != "" {
			if err := os.WriteFile(filepath.Join(folder, name+".pdf"), pdf, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
