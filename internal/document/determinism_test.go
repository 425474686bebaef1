package document_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/document"
)

var update = flag.Bool("update", false, "write testdata instead of comparing with it")

// The same document is the same file: again, after others, beside others.
func TestSameDocumentSameBytes(t *testing.T) {
	t.Parallel()
	for name, sample := range samples {
		first := draw(t, sample())
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if again, err := document.PDF(sample()); err != nil || !bytes.Equal(first, again) {
					t.Errorf("%s: the second file differs (%v)", name, err)
				}
			})
		}
		wg.Wait()
	}
}

// The file knows no other time than the document.
func TestDatesOfTheFile(t *testing.T) {
	t.Parallel()
	d := shortInvoice()
	d.IssuedOn = civil.On(2031, 3, 9)
	if pdf := draw(t, d); bytes.Count(pdf, []byte("Date (D:20310309000000)")) != 2 {
		t.Error("the file was not made on the day of the document")
	}
	for _, none := range []civil.Date{{}, {Year: 1, Month: 1, Day: 1}, {Year: 2026, Month: 2, Day: 30}} {
		d.IssuedOn = none
		if pdf := draw(t, d); bytes.Count(pdf, []byte("Date (D:20000101000000)")) != 2 {
			t.Errorf("a document issued on %q has a day of its own", none)
		}
	}
}

// everything is a document in which every field says something.
func everything() document.Document {
	d := shortInvoice()
	d.Buyer.TaxID = "IE1234567FA"
	d.Replaces = &document.Reference{Number: "INV-2026-0039", IssuedOn: civil.On(2026, 11, 2)}
	d.Refers = &document.Reference{Number: "INV-2026-0001", IssuedOn: civil.On(2026, 1, 2)}
	d.Seller.Company = "Northwind"
	d.Lines[0].Position = 1
	d.Taxes[0].Name, d.Taxes[0].Text = "VAT", "A legal text <with> & signs"
	d.Paid, d.Balance = 900, 130000
	return d
}

// What was frozen once must be readable for as long as tax law wants it: this file is
// never written anew, only read.
func TestFrozenDocument(t *testing.T) {
	t.Parallel()
	d := everything()
	for i := range reflect.TypeFor[document.Document]().NumField() {
		if reflect.ValueOf(d).Field(i).IsZero() {
			t.Errorf("the field %s is not tried", reflect.TypeFor[document.Document]().Field(i).Name)
		}
	}
	frozen, err := os.ReadFile(filepath.Join("testdata", "frozen.json"))
	if err != nil {
		t.Fatal(err)
	}
	var read document.Document
	dec := json.NewDecoder(bytes.NewReader(frozen))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&read); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(read, d) {
		t.Errorf("the frozen document reads as %+v", read)
	}
	now, err := json.Marshal(read)
	if err != nil || string(now) != strings.TrimSpace(string(frozen)) {
		t.Errorf("it would be frozen now as %s (%v)", now, err)
	}
}
