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
	d.Taxes[0].Text = "Ein Satz, den das Gesetz verlangt."
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
		"An Brightloom GmbH Marie Okafor Kanalweg 12 1010 Wien Österreich Ihre USt-IdNr. ATU12345678",
		"Von Northwind Software GmbH Lange Straße 4 20095 Hamburg Deutschland USt-IdNr. DE123456789",
		"Gridworks Pro, yearly 22.11.2026 – 21.11.2027 1 249,00 19 % 249,00",
		"Nettobetrag 297,00 € USt. 19 % 56,43 € Gesamtbetrag 353,43 €",
		"USt. Nettobetrag EUR Steuer EUR USt. 19 % 297,00 56,43",
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
