package document

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/keystead/keystead/internal/civil"
)

// The page: A4, with the address where DIN 5008 (form A) and its windows expect it.
const (
	pageWidth   = 210.0
	pageHeight  = 297.0
	leftEdge    = 25.0
	rightEdge   = 190.0
	addressTop  = 44.7
	factsX      = 122.0
	factValueX  = 152.0
	titleTop    = 84.0
	secondTop   = 24.0 // where text begins on the pages after the first
	footMargin  = 10.0
	foldA       = 87.0
	foldB       = 192.0
	punch       = 148.5
	sumsX       = 112.0 // the left side of the totals
	blockSpace  = 7.0   // between the parts of a document
	boxPadding  = 5.0
	footColumnX = 112.0
)

// PDF draws a document on A4. It does so with whatever texts the document has; what
// comes out depends on the document alone.
func PDF(d Document) ([]byte, error) {
	s := d.Sheet()
	w := writer{pen: newPen(), s: s}
	w.describe(d)
	w.measureFoot()
	w.firstPage()
	w.table()
	w.ending()
	w.feet()
	var b bytes.Buffer
	if err := w.pdf.Output(&b); err != nil {
		return nil, fmt.Errorf("draw document %s: %w", d.Number, err)
	}
	return b.Bytes(), nil
}

// writer draws a sheet from top to bottom.
type writer struct {
	pen
	s      Sheet
	y      float64  // how far the page is filled
	bottom float64  // how far it may be
	foot   []string // the seller's lines at the foot of every page
	cols   columns
}

// describe says in the file what it is. Its dates are the document's.
func (w *writer) describe(d Document) {
	at := d.IssuedOn.StartIn(time.UTC)
	if !d.IssuedOn.IsValid() || at.IsZero() { // the zero time stands for the present one
		at = civil.On(2000, time.January, 1).StartIn(time.UTC)
	}
	w.pdf.SetCreationDate(at)
	w.pdf.SetModificationDate(at)
	w.pdf.SetProducer("Keystead", true)
	w.pdf.SetCreator("Keystead", true)
	w.pdf.SetTitle(property(strings.TrimSpace(w.s.Title+" "+w.s.Number)), true)
	w.pdf.SetAuthor(property(w.s.Seller.Name), true)
	w.pdf.SetLang(w.s.Language)
}

// property makes a text one of the properties of the file, which the fonts don't limit
// but the format does.
func property(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case r > 0xFFFF:
			return replacement
		default:
			return r
		}
	}, strings.ToValidUTF8(s, string(replacement)))
}

// room makes sure that the next h millimetres are on one page; without, they begin a
// new one.
func (w *writer) room(h float64) {
	if w.y+h > w.bottom && w.y > secondTop {
		w.nextPage()
	}
}

// fresh is the room on a page after the first.
func (w *writer) fresh() float64 { return w.bottom - secondTop }

func (w *writer) nextPage() {
	w.pdf.AddPage()
	name := w.clip(smallBold, printable(strings.TrimSpace(w.s.Title+" "+w.s.Number)), 90)
	w.left(leftEdge, 15, smallBold, name)
	w.right(rightEdge, 15, small, w.clip(small, printable(w.s.Seller.Name), 70))
	w.rule(leftEdge, rightEdge, 17.5, .15, hair)
	w.y = secondTop
}

// lines sets lines of text below each other, over as many pages as it takes.
func (w *writer) lines(x float64, st style, lines []string) {
	for _, line := range lines {
		w.room(st.lead())
		w.y += st.lead()
		w.left(x, w.y-st.lead()*.28, st, line)
	}
}

// firstPage has the letterhead, the address, the facts and the title.
func (w *writer) firstPage() {
	w.pdf.AddPage()
	if w.s.Language == german.lang {
		for _, y := range []float64{foldA, foldB} {
			w.rule(4, 7, y, .15, hair)
		}
		w.rule(4, 9, punch, .15, hair)
	}
	w.letterhead()
	addressEnd := w.address()
	factsEnd := w.facts()
	w.y = max(titleTop, addressEnd+8, factsEnd+8)
	w.title()
}

// letterhead is the seller's name; a long one is set smaller and then in two lines.
func (w *writer) letterhead() {
	st := brand
	for st.size > 11 && w.width(st, printable(w.s.Seller.Name)) > rightEdge-leftEdge {
		st.size--
	}
	lines := w.wrap(st, w.s.Seller.Name, rightEdge-leftEdge)
	if len(lines) > 2 {
		lines = append(lines[:1], w.clip(st, strings.Join(lines[1:], " "), rightEdge-leftEdge))
	}
	y := 22.0
	for _, line := range lines {
		w.left(leftEdge, y, st, line)
		y += st.lead()
	}
	w.rule(leftEdge, leftEdge+14, y-st.lead()+3.4, .7, accent)
}

// address sets the buyer's address where a window shows it, and above it, small, whom a
// letter goes back to. It returns where it ends.
func (w *writer) address() float64 {
	const windowWidth = 80
	sender := printable(strings.Join(w.seller(), " · "))
	st := w.fitted(small, sender, windowWidth)
	st.size = max(st.size, 5.5)
	w.left(leftEdge, addressTop-3, st, w.clip(st, sender, windowWidth))
	w.y = addressTop
	for i, line := range append([]string{w.s.Buyer.Name}, w.s.Buyer.Lines...) {
		st := style{false, 10, ink}
		if i == 0 {
			st.bold = true
		}
		w.lines(leftEdge, st, w.wrap(st, line, windowWidth))
	}
	return w.y
}

// facts are the numbers and dates by which the document is known.
func (w *writer) facts() float64 {
	if w.pdf.PageNo() > 1 { // an address of many lines left the first page
		return w.y
	}
	facts := w.s.Facts
	if w.s.yourTax.Value != "" {
		facts = append(facts[:len(facts):len(facts)], w.s.yourTax)
	}
	w.y = addressTop - 3 - body.lead()*.72
	for _, f := range facts {
		w.fact(factsX, factValueX, rightEdge, body, f)
		w.y += .6
	}
	return w.y
}

// fact sets a value beside its name, both on one base line.
func (w *writer) fact(x, valueX, edge float64, st style, f Fact) {
	w.room(st.lead())
	w.left(x, w.y+st.lead()*.72, label, w.clip(label, printable(f.Label), valueX-x-2))
	w.lines(valueX, st, w.wrap(st, f.Value, edge-valueX))
}

func (w *writer) title() {
	name := printable(w.s.Title + " " + w.s.Number)
	st := w.fitted(heading, name, rightEdge-leftEdge)
	st.size = max(st.size, 13)
	w.lines(leftEdge, st, w.wrap(st, name, rightEdge-leftEdge))
	w.lines(leftEdge, leadText, w.wrap(leadText, w.s.Lead, rightEdge-leftEdge))
	w.y += blockSpace
}

// seller is the seller's name and address.
func (w *writer) seller() []string {
	return append([]string{w.s.Seller.Name}, w.s.Seller.Lines...)
}

// measureFoot finds out how much of every page the foot takes.
func (w *writer) measureFoot() {
	const room = footColumnX - leftEdge - 6
	line := ""
	for _, part := range w.seller() {
		if joined := line + " · " + part; line != "" && w.width(small, printable(joined)) <= room {
			line = joined
			continue
		}
		w.foot = append(w.foot, w.wrap(small, line, room)...)
		line = part
	}
	w.foot = append(w.foot, w.wrap(small, line, room)...)
	const most = 8
	if len(w.foot) > most {
		w.foot = append(w.foot[:most-1], "…")
	}
	w.bottom = w.footTop() - 5
}

func (w *writer) footTop() float64 {
	return pageHeight - footMargin - small.lead()*float64(max(2, len(w.foot)))
}

// feet are drawn last, when it is known how many pages there are.
func (w *writer) feet() {
	pages := w.pdf.PageCount()
	for page := 1; page <= pages; page++ {
		w.pdf.SetPage(page)
		y := w.footTop()
		w.rule(leftEdge, rightEdge, y-2, .15, hair)
		for i, line := range w.foot {
			w.left(leftEdge, y+small.lead()*(float64(i)+.72), small, line)
		}
		i := .72
		if tax := w.s.Seller.TaxID; tax.Value != "" {
			w.left(footColumnX, y+small.lead()*i, small, w.clip(small, printable(tax.Label+" "+tax.Value), 55))
			i++
		}
		if w.s.Seller.Email != "" {
			w.left(footColumnX, y+small.lead()*i, small, w.clip(small, printable(w.s.Seller.Email), 55))
		}
		w.right(rightEdge, y+small.lead()*.72, small, w.s.PageOf(page, pages))
	}
}
