package document_test

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/document"
)

// Every figure of a document is held by a rule, which is named when it is wrong.
func TestValidateNamesTheRule(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		from   func() document.Document
		change func(d *document.Document)
		rule   string
	}{
		{"kind", shortInvoice, func(d *document.Document) { d.Kind = "receipt" }, "kind"},
		{"mode", shortInvoice, func(d *document.Document) { d.TaxMode = "" }, "tax mode"},
		{"currency", shortInvoice, func(d *document.Document) { d.Currency = "XYZ" }, "currency"},
		{"date", shortInvoice, func(d *document.Document) { d.IssuedOn = civil.Date{} }, "date of issue"},
		{"number", shortInvoice, func(d *document.Document) { d.Number = "" }, "BR-02"},
		{"lines", proforma, func(d *document.Document) { d.Lines, d.Net, d.Total, d.Balance = nil, 0, 0, 0 }, "BR-16"},
		{"reference", creditNote, func(d *document.Document) { d.Refers = nil }, "corrects"},
		{"discount", shortInvoice, func(d *document.Document) { d.Lines[0].Discount = -1 }, "discount"},
		{"line", shortInvoice, func(d *document.Document) { d.Lines[0].Amount++ }, "BR-CO-10"},
		{"allowance", shortInvoice, func(d *document.Document) { d.Allowances[0].Amount-- }, "BR-CO-13"},
		{"net", shortInvoice, func(d *document.Document) { d.Net++; d.Total++; d.Balance++ }, "BR-CO-13"},
		{"tax", shortInvoice, func(d *document.Document) { d.Tax--; d.Total--; d.Balance-- }, "BR-CO-14"},
		{"total", shortInvoice, func(d *document.Document) { d.Total++; d.Balance++ }, "BR-CO-15"},
		{"balance", shortInvoice, func(d *document.Document) { d.Balance++ }, "BR-CO-16"},
		{"paid", shortInvoice, func(d *document.Document) { d.Paid++ }, "BR-CO-16"},
		{"tax of a category", shortInvoice, func(d *document.Document) { d.Taxes[0].Tax++; d.Tax++; d.Total++; d.Balance++ }, "BR-CO-17"},
		{"base of a category", shortInvoice, func(d *document.Document) { d.Taxes[0].Base++ }, "base of category"},
		{"rate", shortInvoice, func(d *document.Document) { d.Taxes[0].Rate = "20" }, "BR-CO-17"},
		{"category missing", shortInvoice, func(d *document.Document) { d.Lines[0].TaxRate = "7" }, "BR-CO-18"},
		{"category twice", shortInvoice, func(d *document.Document) { d.Taxes = append(d.Taxes, d.Taxes[0]) }, "twice"},
		{"rate of words", shortInvoice, func(d *document.Document) { d.Taxes[0].Rate = "1e9999999" }, "percentage"},
		{"negative rate", shortInvoice, func(d *document.Document) { d.Lines[0].TaxRate = "-19" }, "percentage"},
		{"tax without tax", proforma, func(d *document.Document) { d.Taxes = []document.Tax{{}} }, "without tax"},
		{"gross line", inclusive, func(d *document.Document) { d.Lines[0].Amount++ }, "total = lines"},
		{"gross split", inclusive, func(d *document.Document) { d.Taxes[0].Base--; d.Taxes[0].Tax++; d.Net--; d.Tax++ }, "BR-CO-17"},
		{"far off in a credit note", creditNote, func(d *document.Document) { d.Taxes[0].Tax -= 101; d.Tax -= 101; d.Total -= 101; d.Paid -= 101 }, "BR-CO-17"},
	}
	for _, tt := range tests {
		d := tt.from()
		if err := d.Validate(); err != nil {
			t.Fatalf("%s: before the change: %v", tt.name, err)
		}
		tt.change(&d)
		if err := d.Validate(); err == nil || !strings.Contains(err.Error(), tt.rule) {
			t.Errorf("%s: got %v, want a complaint about %q", tt.name, err, tt.rule)
		}
	}
}

// Case D7: the credit note that closes an invoice takes what tax is left, a unit less
// than base × rate.
func TestClosingCreditNote(t *testing.T) {
	t.Parallel()
	d := creditNote()
	d.Lines[0].UnitPrice, d.Lines[0].Amount, d.Lines[0].TaxRate = 6833, 6833, "20"
	d.Taxes = []document.Tax{{Category: "S", Rate: "20", Base: 6833, Tax: 1366}}
	d.Net, d.Tax, d.Total, d.Paid = 6833, 1366, 8199, 8199
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
	d.Kind = document.Invoice
	if err := d.Validate(); err == nil {
		t.Error("an invoice has no such tolerance")
	}
}
