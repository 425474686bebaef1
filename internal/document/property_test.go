package document_test

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/document"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

var hostile = []string{
	"", " ", "\n", "\x00\x01\x1b[31m\x7f", "a\xffb\xc3", "\uFEFF\u200b\u200d\u2060", strings.Repeat("W", 500), strings.Repeat("Donaudampfschifffahrt", 60), strings.Repeat("a b ", 500),
	strings.Repeat("\n", 200) + "x", strings.Repeat("line\n", 150), "مرحبا \u202eevil\u202c שלום", "👩‍👩‍👧‍👦🏳️‍🌈 🇪🇺", "e\u0301\u0327" + strings.Repeat("\u0301", 300), "北京市朝阳区 東京 서울", "()\\(\\)<<>>%%EOF endstream endobj",
	"%s%d%n", "Zażółć gęślą jaźń", "Ελληνικά ΰ", "Українська ґ є ї", "Tiếng Việt: Nguyễn", "\u010d\u0a0d\u0d0a č", "tab\there\r\nline\u2028sep\u2029par\u0085nel\vv\ff", "\U0010FFFF\uFFFE\uFFFD", strings.Repeat("\u00a0", 400), "ﷺﷺﷺ", "{{nb}}{nb}",
}

// anyText is what people type, and what they should not.
func anyText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom(hostile), rapid.String(), rapid.StringN(0, 60, -1))
}

func anyAmount() *rapid.Generator[int64] {
	return rapid.OneOf(rapid.Int64Range(-500_000, 50_000_000), rapid.SampledFrom([]int64{0, math.MaxInt64, math.MinInt64}))
}

func anyDate() *rapid.Generator[civil.Date] {
	return rapid.Custom(func(t *rapid.T) civil.Date {
		return rapid.SampledFrom([]civil.Date{{}, {Year: 1, Month: 1, Day: 1}, {Year: 9999, Month: 12, Day: 31}, civil.On(2026, time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 31).Draw(t, "day"))}).Draw(t, "date")
	})
}

// anyDocument is any at all: its texts are hostile and its figures don't add up.
func anyDocument() *rapid.Generator[document.Document] {
	return rapid.Custom(func(t *rapid.T) document.Document {
		texts, amounts, dates := anyText(), anyAmount(), anyDate()
		text := func(name string) string { return texts.Draw(t, name) }
		amount := func(name string) int64 { return amounts.Draw(t, name) }
		party := func(name string) document.Party {
			return document.Party{Name: text(name), Company: text(name + " company"), Email: text(name + " email"), Address: text(name + " address"), Country: text(name + " country"), TaxID: text(name + " tax id")}
		}
		d := document.Document{
			Kind:     rapid.SampledFrom([]document.Kind{document.Invoice, document.CreditNote, document.Proforma, ""}).Draw(t, "kind"),
			TaxMode:  rapid.SampledFrom([]document.TaxMode{document.NoTax, document.Exclusive, document.Inclusive, ""}).Draw(t, "mode"),
			Currency: rapid.SampledFrom([]money.Currency{"EUR", "JPY", "KWD", "BRL"}).Draw(t, "currency"),
			Number:   text("number"), Language: rapid.SampledFrom([]string{"en", "de", "de-AT", ""}).Draw(t, "language"),
			IssuedOn: dates.Draw(t, "issued"), DueOn: dates.Draw(t, "due"), Seller: party("seller"), Buyer: party("buyer"),
			Net: amount("net"), Tax: amount("tax"), Total: amount("total"), Paid: amount("paid"), Balance: amount("balance"),
			Payment: document.Payment{Reference: text("reference"), Instructions: text("instructions"), Link: rapid.SampledFrom([]string{"", "https://a.example/" + strings.Repeat("p", 900), "x"}).Draw(t, "link")},
			Notes:   text("notes"),
		}
		if rapid.Bool().Draw(t, "refers") {
			d.Refers = &document.Reference{Number: text("refers"), IssuedOn: dates.Draw(t, "refers on")}
			d.Replaces = &document.Reference{Number: text("replaces")}
		}
		for range rapid.IntRange(0, 8).Draw(t, "lines") {
			d.Lines = append(d.Lines, document.Line{
				Position: rapid.Int64().Draw(t, "position"), Description: text("description"), Period: document.Period{Start: dates.Draw(t, "start"), End: dates.Draw(t, "end")},
				Quantity: amount("quantity"), UnitPrice: amount("unit price"), Discount: amount("discount"), Amount: amount("amount"), TaxCategory: text("category"), TaxRate: text("rate"),
			})
		}
		for range rapid.IntRange(0, 4).Draw(t, "allowances") {
			d.Allowances = append(d.Allowances, document.Allowance{Reason: text("reason"), Amount: amount("allowance")})
		}
		for range rapid.SampledFrom([]int{0, 1, 3, 50}).Draw(t, "taxes") {
			d.Taxes = append(d.Taxes, document.Tax{Category: "S", Name: text("tax name"), Rate: text("tax rate"), Base: amount("base"), Tax: amount("tax"), Text: text("tax text")})
		}
		return d
	})
}

// Whatever a document says, it can be drawn, twice alike, and read by another program;
// nothing that turns the direction of text or hides it gets onto paper.
func TestAnyDocumentCanBeDrawn(t *testing.T) {
	t.Parallel()
	tool := poppler(t, "pdftotext")
	rapid.Check(t, func(t *rapid.T) {
		d := anyDocument().Draw(t, "document")
		pdf := draw(t, d)
		if again := draw(t, d); !bytes.Equal(pdf, again) {
			t.Fatalf("the second file differs")
		}
		for i, page := range pagesOf(t, tool, pdf) {
			for _, r := range page {
				if unicode.In(r, unicode.Cf, unicode.Cc) {
					t.Fatalf("page %d contains %U", i+1, r)
				}
			}
		}
		_ = d.Validate() // must not panic
		_ = d.Filename()
	})
}

// Each text in each place, so that none depends on chance.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	tool := poppler(t, "pdftotext")
	for i, text := range hostile {
		p := document.Party{Name: text, Company: text, Email: text, Address: text + "\n" + text, Country: text, TaxID: text}
		d := document.Document{
			Kind: document.Invoice, Number: text, Currency: "EUR", TaxMode: document.Exclusive, Language: []string{"en", "de"}[i%2], Seller: p, Buyer: p, Notes: text, Balance: 1,
			Lines:      []document.Line{{Description: text, TaxRate: text, Discount: 1}, {Description: text}},
			Allowances: []document.Allowance{{Reason: text, Amount: 1}}, Taxes: []document.Tax{{Name: text, Rate: text, Text: text}},
			Refers: &document.Reference{Number: text}, Payment: document.Payment{Reference: text, Instructions: text, Link: "https://a.example/"},
		}
		if pages := pagesOf(t, tool, draw(t, d)); len(pages) == 0 {
			t.Errorf("%.30q: no pages", text)
		}
	}
}

// What the documents of the world are written in arrives on paper as it was.
func TestAlphabets(t *testing.T) {
	t.Parallel()
	tool := poppler(t, "pdftotext")
	for _, text := range []string{
		"Zażółć gęślą jaźń", "Příliš žluťoučký kůň", "Árvíztűrő tükörfúrógép", "Þórður Åsgård Œuvre", "Ğüşıöç İstanbul", "Țară Șanț", "Nguyễn Thị Hạnh", "Οδός Ερμού 12, Αθήνα ΐ",
		"проспект Мира 3, Київ ґєїћђљ", "5 € £ ¥ ₹ ₩ ₪ ₫ – — … „x“ ‚y‘ «z» № § © ® ™ ×",
	} {
		d := shortInvoice()
		d.Lines[0].Description = text
		if page := pagesOf(t, tool, draw(t, d))[0]; !strings.Contains(page, text) || strings.ContainsRune(page, '\uFFFD') {
			t.Errorf("%q is on paper as %q", text, page)
		}
	}
	d := shortInvoice()
	d.Lines[0].Description, d.Lines[1].Description = "Cafe\u0301 Zu\u0308rich", "北京 x 👍"
	if page := pagesOf(t, tool, draw(t, d))[0]; !strings.Contains(page, "Café Zürich") || !strings.Contains(page, "\uFFFD\uFFFD x \uFFFD") {
		t.Errorf("accents and missing characters are on paper as %q", page)
	}
}

// goodDocument is one as billing makes it, computed by the tax room.
func goodDocument() *rapid.Generator[document.Document] {
	return rapid.Custom(func(t *rapid.T) document.Document {
		mode := rapid.SampledFrom([]tax.Mode{tax.None, tax.Exclusive, tax.Inclusive}).Draw(t, "mode")
		currency := rapid.SampledFrom([]money.Currency{"EUR", "JPY", "KWD"}).Draw(t, "currency")
		d := document.Document{
			Kind: document.Invoice, Number: "INV-1", Language: rapid.SampledFrom([]string{"en", "de"}).Draw(t, "language"), Currency: currency,
			TaxMode: document.TaxMode(mode), IssuedOn: civil.On(2026, 11, 22), DueOn: civil.On(2026, 12, 6), Seller: seller, Buyer: document.Party{Name: "Ada"},
		}
		var lines []tax.Line
		for i := range rapid.IntRange(1, 25).Draw(t, "lines") {
			l := document.Line{Description: "Thing " + strconv.Itoa(i), Quantity: rapid.Int64Range(1, 9).Draw(t, "quantity"), UnitPrice: rapid.Int64Range(0, 99_999).Draw(t, "price")}
			l.Amount = l.Quantity * l.UnitPrice
			category := tax.Rated(rapid.SampledFrom([]tax.Percent{tax.MustPercent("0"), tax.MustPercent("7"), tax.MustPercent("19"), tax.MustPercent("8.1")}).Draw(t, "rate"))
			l.TaxCategory, l.TaxRate = string(category.Code), category.Rate.String()
			lines, d.Lines = append(lines, tax.Line{Amount: money.New(l.Amount, currency), Category: category}), append(d.Lines, l)
		}
		var coupons []tax.Coupon
		if rapid.Bool().Draw(t, "coupon") {
			coupons = []tax.Coupon{{Fixed: money.New(rapid.Int64Range(1, 50_000).Draw(t, "off"), currency)}}
		}
		figures, err := tax.Compute(mode, currency, lines, coupons)
		if err != nil {
			t.Fatalf("compute: %v", err)
		}
		for i, l := range figures.Lines {
			if l.Discount.Amount > 0 {
				d.Allowances = append(d.Allowances, document.Allowance{Reason: "Coupon", Amount: l.Discount.Amount, TaxCategory: d.Lines[i].TaxCategory, TaxRate: d.Lines[i].TaxRate})
			}
		}
		if mode != tax.None {
			for _, s := range figures.Subtotals {
				d.Taxes = append(d.Taxes, document.Tax{Category: string(s.Category.Code), Rate: s.Category.Rate.String(), Base: s.Base.Amount, Tax: s.Tax.Amount})
			}
		}
		d.Net, d.Tax, d.Total = figures.Net.Amount, figures.Tax.Amount, figures.Total.Amount
		d.Paid = rapid.Int64Range(0, d.Total).Draw(t, "paid")
		d.Balance = d.Total - d.Paid
		return d
	})
}

// What the tax room computes is a valid document, and the figures on paper are those of
// the document, in its order.
func TestFiguresOnPaper(t *testing.T) {
	t.Parallel()
	tool := poppler(t, "pdftotext")
	rapid.Check(t, func(t *rapid.T) {
		d := goodDocument().Draw(t, "document")
		if err := d.Validate(); err != nil {
			t.Fatalf("%v", err)
		}
		text := strings.Join(pagesOf(t, tool, draw(t, d)), " ")
		format := func(amount int64) string {
			return spaced(strings.Replace(money.New(amount, d.Currency).Format(d.Language), "-", "−", 1))
		}
		label := map[string]string{"en": "Total", "de": "Gesamtbetrag"}[d.Language]
		wants := []string{label + " " + format(d.Total)}
		if d.Paid > 0 {
			wants = append(wants, map[string]string{"en": "Amount due", "de": "Zu zahlen"}[d.Language]+" "+format(d.Balance))
		}
		if d.TaxMode != document.NoTax {
			wants = append(wants, map[string]string{"en": "Net amount", "de": "Nettobetrag"}[d.Language]+" "+format(d.Net))
		}
		for _, x := range d.Taxes {
			wants = append(wants, format(x.Tax))
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Fatalf("%q is not on paper: %s", want, text)
			}
		}
		rest := text
		for _, r := range d.Sheet().Rows {
			line := spaced(strings.Join(slices.DeleteFunc([]string{r.Position, r.Description, r.Quantity, r.UnitPrice, r.TaxRate, r.Amount}, func(s string) bool { return s == "" }), " "))
			if d.TaxMode == document.NoTax {
				line = strings.Replace(line, spaced(r.TaxRate)+" ", "", 1)
			}
			_, after, ok := strings.Cut(rest, line)
			if !ok {
				t.Fatalf("line %q is not on paper in its place: %s", line, rest)
			}
			rest = after
		}
	})
}

// Freezing keeps all of a document, and freezes the same bytes again.
func TestFreezing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := anyDocument().Filter(validText).Draw(t, "document")
		frozen, err := json.Marshal(d)
		if err != nil {
			t.Fatalf("freeze: %v", err)
		}
		var read document.Document
		if err := json.Unmarshal(frozen, &read); err != nil {
			t.Fatalf("read: %v", err)
		}
		if !reflect.DeepEqual(d, read) {
			t.Fatalf("read %+v, frozen %+v", read, d)
		}
		again, err := json.Marshal(read)
		if err != nil || !bytes.Equal(frozen, again) {
			t.Fatalf("frozen again as %s (%v)", again, err)
		}
	})
}

// validText reports whether all texts are UTF-8, as those of the store are.
func validText(d document.Document) bool {
	ok := true
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			ok = ok && utf8.ValidString(v.String())
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		default:
		}
	}
	walk(reflect.ValueOf(d))
	return ok
}
