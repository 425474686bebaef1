package ui

import (
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/document"
)

// Paper is a document as it would be printed: who it is from and to, its facts and its
// lines, the tax by rate, and what else it says.
type Paper struct {
	Lang    string // of the document, where it is not that of the page
	Parties []Party
	Facts   Details
	Lines   Table
	Taxes   *Table
	Remarks []Remark
}

// Remark is a text below the lines of a document, with or without a title.
type Remark struct{ Title, Text string }

// Party is one side of a document.
type Party struct {
	Role, Name string
	Lines      []string
}

// NewParty makes a party of what is known about it; what is empty is left out. A text may have several lines.
func NewParty(role, name string, about ...string) Party {
	p := Party{Role: role, Name: name}
	for _, text := range about {
		for line := range strings.SplitSeq(text, "\n") {
			if line != "" {
				p.Lines = append(p.Lines, line)
			}
		}
	}
	return p
}

// DocumentPaper shows a document with the words that its PDF has. How to pay is left to
// the page, which has buttons for it.
func DocumentPaper(s document.Sheet) Paper {
	p := Paper{Lang: s.Language, Parties: []Party{partyOf(s.Seller), partyOf(s.Buyer)}}
	for _, f := range s.Facts {
		p.Facts.Items = append(p.Facts.Items, Detail{Label: f.Label, Value: Text(f.Value)})
	}
	h := s.Head
	p.Lines = Table{Caption: strings.TrimSpace(s.Title + " " + s.Number), Flush: true, Columns: []Column{
		{Label: h.Description}, {Label: h.Quantity, End: true}, {Label: h.UnitPrice, End: true}, {Label: h.TaxRate, End: true}, {Label: h.Amount, End: true},
	}}
	const rate = 3 // the column of the tax rate
	if !s.HasTax {
		p.Lines.Columns = slices.Delete(p.Lines.Columns, rate, rate+1)
	}
	for _, r := range s.Rows {
		cells := []Cell{Text(r.Description).With(strings.Join(r.Details, " · ")), Text(r.Quantity), Text(r.UnitPrice), Text(r.TaxRate), Text(r.Amount)}
		if !s.HasTax {
			cells = slices.Delete(cells, rate, rate+1)
		}
		p.Lines.Rows = append(p.Lines.Rows, Row{Cells: cells})
	}
	for _, t := range s.Totals {
		p.Lines.Totals = append(p.Lines.Totals, Total(t))
	}
	if len(s.Taxes) > 1 { // of a single rate the totals say all
		p.Taxes = &Table{Caption: s.TaxHead.Name, Flush: true, Columns: []Column{{Label: s.TaxHead.Name}, {Label: s.TaxHead.Base, End: true}, {Label: s.TaxHead.Tax, End: true}}}
		for _, t := range s.Taxes {
			p.Taxes.Rows = append(p.Taxes.Rows, Row{Cells: []Cell{Text(t.Name), Text(t.Base), Text(t.Tax)}})
		}
	}
	for _, text := range s.Remarks {
		p.Remarks = append(p.Remarks, Remark{Text: text})
	}
	if s.Notes != "" {
		p.Remarks = append(p.Remarks, Remark{Title: s.NotesTitle, Text: s.Notes})
	}
	return p
}

func partyOf(p document.SheetParty) Party {
	about := slices.Clone(p.Lines)
	if p.TaxID.Value != "" {
		about = append(about, p.TaxID.Label+" "+p.TaxID.Value)
	}
	return NewParty(p.Role, p.Name, append(about, p.Email)...)
}
