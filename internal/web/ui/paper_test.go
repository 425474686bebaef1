package ui_test

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/keystead/keystead/internal/document"
	"github.com/keystead/keystead/internal/web/ui"
)

// words returns what a reader sees of a page, without the space around it.
func words(t *testing.T, page []byte) string {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestDocumentPaper(t *testing.T) {
	t.Parallel()
	pages := parse(t)
	d := invoiceDocument()
	d.Language = "de"
	d.Lines[1].TaxRate = "7"
	d.Taxes = []document.Tax{{Category: "S", Rate: "19", Base: 24900, Tax: 4731}, {Category: "S", Rate: "7", Base: 4800, Tax: 336, Text: "Ein Satz, den das Gesetz verlangt."}}
	d.Tax, d.Total, d.Balance = 5067, 34767, 34767
	v := invoiceView()
	v.Paper = ui.DocumentPaper(d.Sheet())
	var b bytes.Buffer
	if err := pages.Write(&b, "invoice", v); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b.Bytes(), []byte(`<section class="card paper" lang="de">`)) {
		t.Error("the page doesn't say that the document is German")
	}
	text := words(t, b.Bytes())
	for _, want := range []string{
		"An Brightloom GmbH Marie Okafor Kanalweg 12 1010 Wien Österreich USt-IdNr. ATU12345678",
		"Von Northwind Software GmbH Lange Straße 4 20095 Hamburg Deutschland USt-IdNr. DE123456789",
		"Gridworks Pro, yearly 22.11.2026 – 21.11.2027 1 249,00 19 % 249,00",
		"Nettobetrag 297,00 € USt. 19 % 47,31 € USt. 7 % 3,36 € Gesamtbetrag 347,67 €",
		"USt. Nettobetrag EUR Steuer EUR USt. 19 % 249,00 47,31 USt. 7 % 48,00 3,36",
		"Ein Satz, den das Gesetz verlangt.", "Hinweise Thank you",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %s", want, text)
		}
	}

	d.TaxMode, d.Taxes, d.Notes = document.NoTax, nil, ""
	p := ui.DocumentPaper(d.Sheet())
	if len(p.Lines.Columns) != 4 || len(p.Lines.Rows[0].Cells) != 4 || p.Taxes != nil || len(p.Remarks) != 0 {
		t.Errorf("a document without tax shows some: %+v", p)
	}
}
