package document

// sumHeight is the distance between two totals.
const sumHeight = 5.4

// ending is what follows the lines: totals and tax, what the law wants said, how to pay,
// and notes.
func (w *writer) ending() {
	w.closing()
	for _, text := range w.s.Remarks {
		w.paragraph("", text)
	}
	w.payBox()
	if w.s.Notes != "" {
		w.paragraph(w.s.NotesTitle, w.s.Notes)
	}
}

// paragraph sets a text over the width of the page, its heading with its first lines.
func (w *writer) paragraph(title, text string) {
	w.y += 4
	if title != "" {
		w.room(bodyStrong.lead() + 2*detail.lead())
		w.lines(leftEdge, bodyStrong, []string{printable(title)})
	}
	st := style{false, 8.5, ink}
	w.lines(leftEdge, st, w.wrap(st, text, rightEdge-leftEdge))
}

// closingHeight is the room that totals and tax take beside each other.
func (w *writer) closingHeight() float64 {
	sums := 4.0
	for _, s := range w.s.Totals {
		sums += w.sumHeight(s)
	}
	taxes := 4 + headHeight + sumHeight*float64(len(w.s.Taxes))
	if len(w.s.Taxes) == 0 {
		taxes = 0
	}
	return max(sums, taxes)
}

func (w *writer) sumHeight(s Sum) float64 {
	if s.Strong {
		return sumHeight + 3.2
	}
	return sumHeight
}

// closing draws the totals on the right and the tax by rate on the left. Where a page
// can't hold them they follow each other over several.
func (w *writer) closing() {
	h := w.closingHeight()
	if h > w.fresh() {
		w.totals()
		w.taxes()
		return
	}
	w.room(h)
	top := w.y
	w.totals()
	end := w.y
	w.y = top
	w.taxes()
	w.y = max(w.y, end)
}

func (w *writer) totals() {
	w.y += 4
	for i, s := range w.s.Totals {
		h := w.sumHeight(s)
		w.room(h)
		st, lab := body, label
		y := w.y + sumHeight*.72
		if s.Strong {
			st, lab = totalText, totalText
			y += 2
			if i > 0 {
				w.rule(sumsX, rightEdge, w.y+.9, .35, ink)
			}
		}
		if i == 0 && !s.Strong {
			lab.col = muted
		}
		value := printable(s.Value)
		st = w.fitted(st, value, rightEdge-sumsX)
		text := w.clip(lab, printable(s.Label), max(12, rightEdge-sumsX-w.width(st, value)-4))
		w.left(sumsX, y, lab, text)
		w.right(rightEdge, y, st, value)
		w.y += h
	}
}

func (w *writer) taxes() {
	if len(w.s.Taxes) == 0 {
		return
	}
	const rateEnd, baseEnd, taxEnd = 50.0, 76.0, 98.0
	w.y += 4
	row := func(r TaxRow, st style) {
		y := w.y + sumHeight*.72
		w.left(leftEdge, y, st, w.clip(st, printable(r.Name), rateEnd-leftEdge))
		w.right(baseEnd, y, w.fitted(st, r.Base, baseEnd-rateEnd-1), r.Base)
		w.right(taxEnd, y, w.fitted(st, r.Tax, taxEnd-baseEnd-2), r.Tax)
		w.y += sumHeight
	}
	w.room(headHeight + sumHeight)
	row(w.s.TaxHead, columnHead)
	w.rule(leftEdge, taxEnd, w.y-.4, .15, hair)
	for _, r := range w.s.Taxes {
		w.room(sumHeight)
		row(r, style{false, 8, ink})
	}
}

// payBox says how to pay: on the left to where, on the right how much, until when and
// with which words. What needs more than a page stands outside of a box.
func (w *writer) payBox() {
	b := w.s.Pay
	if b == nil {
		return
	}
	const left, factsAt, valueAt, right = leftEdge + boxPadding, sumsX, sumsX + 31, rightEdge - boxPadding
	instructions := w.wrap(body, b.Instructions, factsAt-left-6)
	factLines := 0
	for _, f := range b.Facts {
		factLines += max(1, len(w.wrap(bodyStrong, f.Value, right-valueAt)))
	}
	text := body.lead() * float64(max(len(instructions), factLines))
	linkX := left + w.width(body, printable(b.LinkLabel)) + 4
	var address []string
	if b.Link != "" {
		address = w.wrap(link, b.Link, right-linkX)
	}
	h := 2*boxPadding + bodyStrong.lead() + 2 + text
	if len(address) > 0 {
		h += 2 + link.lead()*float64(len(address))
	}
	w.y += blockSpace
	boxed := h <= w.fresh()
	if boxed {
		w.room(h)
		w.box(leftEdge, w.y, rightEdge-leftEdge, h, tint)
	}
	end := w.y + h
	w.y += boxPadding
	w.lines(left, bodyStrong, []string{printable(b.Title)})
	w.y += 2
	top := w.y
	w.lines(left, body, instructions)
	if boxed {
		w.y = top
	}
	for _, f := range b.Facts {
		w.fact(factsAt, valueAt, right, bodyStrong, f)
	}
	if len(address) > 0 {
		if boxed {
			w.y = top + text
		}
		w.y += 2
		w.room(link.lead())
		w.left(left, w.y+link.lead()*.72, body, printable(b.LinkLabel))
		w.pdf.LinkString(left, w.y, right-left, link.lead()*float64(len(address)), b.Link)
		w.lines(linkX, link, address)
	}
	if boxed {
		w.y = end
	}
}
