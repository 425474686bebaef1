package document_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/document"
)

// plain makes the spaces that hold words together plain ones.
func plain(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }

func TestLead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		change func(d *document.Document)
		en, de string
	}{
		{func(*document.Document) {}, "€1,309.00 due by 6 December 2026", "1.309,00 € zahlbar bis 6. Dezember 2026"},
		{func(d *document.Document) { d.DueOn = civil.Date{} }, "€1,309.00 due", "1.309,00 € zu zahlen"},
		{func(d *document.Document) { d.Paid, d.Balance = 130900, 0 }, "Paid in full", "Vollständig bezahlt"},
		{func(d *document.Document) { d.Total, d.Balance = 0, 0 }, "Nothing to pay", "Nichts zu zahlen"},
		{func(d *document.Document) { d.Balance = -1 }, "Nothing to pay", "Nichts zu zahlen"},
		{func(d *document.Document) { *d = creditNote() }, "€238.00 credited for invoice INV-2026-0042 of 22 November 2026", "238,00 € gutgeschrieben zur Rechnung INV-2026-0042 vom 22. November 2026"},
		{func(d *document.Document) { d.Kind = document.CreditNote }, "€1,309.00 credited", "1.309,00 € gutgeschrieben"},
	}
	for _, tt := range tests {
		for lang, want := range map[string]string{"en": tt.en, "de-CH": tt.de, "DE": tt.de, "": tt.en, "fr": tt.en} {
			d := shortInvoice()
			tt.change(&d)
			d.Language = lang
			if got := plain(d.Sheet().Lead); got != want {
				t.Errorf("%s: %q, want %q", lang, got, want)
			}
		}
	}
}

func TestPeriodsShowTheirLastDay(t *testing.T) {
	t.Parallel()
	day := func(y, m, d int) civil.Date { return civil.Date{Year: y, Month: 1, Day: d}.AddMonthsClamped(m - 1) }
	tests := []struct {
		p      document.Period
		en, de string
	}{
		{document.Period{}, "", ""},
		{document.Period{Start: day(2027, 1, 31), End: day(2028, 3, 1)}, "31 Jan 2027 – 29 Feb 2028", "31.01.2027 – 29.02.2028"},
		{document.Period{Start: day(2027, 5, 1), End: day(2027, 5, 2)}, "1 May 2027", "01.05.2027"},
		{document.Period{Start: day(2027, 9, 1)}, "from 1 Sep 2027", "ab 01.09.2027"},
		{document.Period{End: day(2027, 9, 1)}, "until 31 Aug 2027", "bis 31.08.2027"},
		{document.Period{Start: civil.Date{Year: 2027, Month: 2, Day: 30}}, "", ""},
		{document.Period{End: civil.Date{Year: 1, Month: 1, Day: 1}}, "", ""},
		{document.Period{Start: civil.Date{Year: 9999, Month: 12, Day: 31}}, "from 31 Dec 9999", "ab 31.12.9999"},
	}
	for _, tt := range tests {
		for lang, want := range map[string]string{"en": tt.en, "de": tt.de} {
			d := shortInvoice()
			d.Language, d.Lines[0].Period = lang, tt.p
			var got string
			if details := d.Sheet().Rows[0].Details; len(details) > 0 {
				got = plain(details[0])
			}
			if got != want {
				t.Errorf("%v in %s: %q, want %q", tt.p, lang, got, want)
			}
		}
	}
}

func TestPartiesAreAddressed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		p    document.Party
		want string
	}{
		{"nobody", document.Party{}, ""},
		{"a person", document.Party{Name: "Ada", Address: "Street 1\r\n\n 1234 Town ", Country: "GR"}, "Ada|Street 1|1234 Town|Griechenland"},
		{"a company", document.Party{Name: "Ada", Company: "Acme", Country: "xx"}, "Acme|Ada|xx"},
		{"the name in the address", document.Party{Name: "Acme", Address: "Acme\nStreet 1"}, "Acme|Street 1"},
		{"an address alone", document.Party{Address: "Street 1\nTown"}, "Street 1|Town"},
	}
	for _, tt := range tests {
		d := shortInvoice()
		d.Language, d.Buyer = "de", tt.p
		b := d.Sheet().Buyer
		if got := strings.Join(slices.Concat([]string{b.Name}, b.Lines), "|"); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	for id, want := range map[string]string{"": "", "DE123456789": "VAT ID", "ATU12345678": "VAT ID", "12/345/67890": "Tax number", "ab": "Tax number", "ABCDEFG": "Tax number"} {
		d := shortInvoice()
		d.Seller.TaxID = id
		if got := d.Sheet().Seller.TaxID; got.Label != want || got.Value != id {
			t.Errorf("%q is called %q", id, got.Label)
		}
	}
}

func TestTotals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		d    func() document.Document
		want []string
	}{
		{"a coupon", shortInvoice, []string{"Subtotal €1,195.00", "Coupon AUTUMN −€95.00", "Net amount €1,100.00", "VAT 19% €209.00", "*Total €1,309.00"}},
		{"a coupon over two rates is one", func() document.Document {
			d := shortInvoice()
			d.Allowances = []document.Allowance{{Reason: "A", Amount: 500}, {Reason: "", Amount: 1}, {Reason: "A", Amount: 250}}
			return d
		}, []string{"Subtotal €1,195.00", "A −€7.50", "Discount −€0.01", "Net amount €1,100.00", "VAT 19% €209.00", "*Total €1,309.00"}},
		{"prices with tax", inclusive, []string{"*Total €49.00", "Includes VAT 19% €7.82", "Net amount €41.18", "Paid −€49.00", "*Amount due €0.00"}},
		{"no tax", proforma, []string{"*Gesamtbetrag 49,00 €"}},
		{"a refunded credit note", creditNote, []string{"Net amount €200.00", "VAT 19% €38.00", "*Total credited €238.00", "Refunded −€238.00"}},
		{"a credit note with something left", func() document.Document {
			d := creditNote()
			d.Paid, d.Balance = 23000, 800
			return d
		}, []string{"Net amount €200.00", "VAT 19% €38.00", "*Total credited €238.00", "Refunded −€230.00", "*In your favour €8.00"}},
		{"paid too much", func() document.Document {
			d := proforma()
			d.Language, d.Paid, d.Balance = "en", 5000, -100
			return d
		}, []string{"*Total €49.00", "Paid −€50.00", "*In your favour €1.00"}},
		{"another tax", func() document.Document {
			d := shortInvoice()
			d.Allowances, d.Taxes[0].Name, d.Taxes[0].Rate = nil, "GST", "8.875"
			return d
		}, []string{"Net amount €1,100.00", "GST 8.875% €209.00", "*Total €1,309.00"}},
		{"amounts without a sum", func() document.Document {
			d := proforma()
			d.Lines = []document.Line{{Amount: math.MaxInt64}, {Amount: math.MaxInt64}}
			d.Allowances = []document.Allowance{{Amount: math.MinInt64}, {Amount: math.MinInt64}}
			d.Total = math.MinInt64
			return d
		}, []string{"Rabatt −92.233.720.368.547.758,08 €", "Rabatt −92.233.720.368.547.758,08 €", "*Gesamtbetrag −92.233.720.368.547.758,08 €"}},
	}
	for _, tt := range tests {
		var got []string
		for _, s := range tt.d().Sheet().Totals {
			text := plain(s.Label + " " + s.Value)
			if s.Strong {
				text = "*" + text
			}
			got = append(got, text)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Currencies have their own decimals on paper too (invariant I15).
func TestDecimalsOfTheCurrency(t *testing.T) {
	t.Parallel()
	for currency, want := range map[string]string{"EUR": "12.34", "JPY": "1,234", "KWD": "1.234", "BRL": "12.34", "CHF": "12.34"} {
		d := proforma()
		d.Language, d.Currency, d.Lines[0].Amount = "en", "", 1234
		if err := d.Currency.UnmarshalText([]byte(currency)); err != nil {
			t.Fatal(err)
		}
		s := d.Sheet()
		if got := s.Rows[0].Amount; got != want {
			t.Errorf("%s: %q, want %q", currency, got, want)
		}
		if !strings.HasSuffix(s.Head.Amount, currency) {
			t.Errorf("the column is called %q", s.Head.Amount)
		}
	}
}

func TestRemarks(t *testing.T) {
	t.Parallel()
	d := reverseCharge()
	if got := d.Sheet().Remarks; len(got) != 1 || !strings.HasPrefix(got[0], "Steuerschuldnerschaft des Leistungsempfängers") {
		t.Errorf("reverse charge says %q", got)
	}
	d.Taxes[0].Text = "Other words."
	d.Taxes = append(d.Taxes, document.Tax{Category: "E", Text: "Other words."}, document.Tax{Category: "O", Text: "More words."})
	if got := d.Sheet().Remarks; !slices.Equal(got, []string{"Other words.", "More words."}) {
		t.Errorf("the remarks are %q", got)
	}
	if got := proforma().Sheet().Remarks; len(got) != 1 || !strings.HasPrefix(got[0], "Dies ist keine Rechnung") {
		t.Errorf("a proforma says %q", got)
	}
}

// Nobody is told how to pay what he has paid.
func TestPayBox(t *testing.T) {
	t.Parallel()
	if b := shortInvoice().Sheet().Pay; b == nil || len(b.Facts) != 3 || b.Link == "" {
		t.Errorf("an open invoice: %+v", b)
	}
	for name, change := range map[string]func(d *document.Document){
		"paid":        func(d *document.Document) { d.Balance = 0 },
		"credit note": func(d *document.Document) { d.Kind = document.CreditNote },
		"no way":      func(d *document.Document) { d.Payment = document.Payment{Reference: d.Number} },
	} {
		d := shortInvoice()
		change(&d)
		if b := d.Sheet().Pay; b != nil {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

func TestFilename(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"INV-2026-0042": "INV-2026-0042.pdf", "2026/42 ü": "2026-42.pdf", "../../etc/passwd": "etc-passwd.pdf", "": "invoice.pdf", "\"\r\n": "invoice.pdf",
		strings.Repeat("9", 300): strings.Repeat("9", 100) + ".pdf",
	} {
		if got := (document.Document{Number: number}).Filename(); got != want {
			t.Errorf("%q: %q, want %q", number, got, want)
		}
	}
	if got := (document.Document{Kind: document.CreditNote}).Filename() + (document.Document{Kind: document.Proforma}).Filename(); got != "credit-note.pdfproforma.pdf" {
		t.Errorf("without a number: %q", got)
	}
}
