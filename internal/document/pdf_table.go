package document

// columns are where the columns of the table are: text begins at its x, figures end there.
type columns struct {
	description, width float64 // of the description
	quantity           float64
	unitPrice          float64
	rate               float64
	amount             float64
	room               [4]float64 // for the figures, from quantity to amount
}

const (
	rowPadding = 1.9
	columnGap  = 5.0
	headHeight = 6.5
)

// figures are the columns of a row that hold numbers.
func (r Row) figures() [4]string { return [4]string{r.Quantity, r.UnitPrice, r.TaxRate, r.Amount} }

// setColumns gives the figures the room that the widest of them needs, and the
// description what is left, which is never little.
func (w *writer) setColumns() {
	const position, narrowest = 10.0, 45.0
	least := [4]float64{10, 16, 9, 18}
	if !w.s.HasTax {
		least[2] = 0
	}
	total := 0.0
	for i := range least {
		if i == 2 && !w.s.HasTax {
			continue
		}
		need := max(least[i], w.width(columnHead, printable(w.s.Head.figures()[i])))
		for _, r := range w.s.Rows {
			need = max(need, w.width(body, printable(r.figures()[i])))
		}
		w.cols.room[i] = need + columnGap
		total += need + columnGap
	}
	if most := rightEdge - leftEdge - position - narrowest; total > most {
		for i := range w.cols.room {
			w.cols.room[i] *= most / total
		}
		total = most
	}
	w.cols.description = leftEdge + position
	w.cols.width = rightEdge - w.cols.description - total
	w.cols.quantity = w.cols.description + w.cols.width + w.cols.room[0]
	w.cols.unitPrice = w.cols.quantity + w.cols.room[1]
	w.cols.rate = w.cols.unitPrice + w.cols.room[2]
	w.cols.amount = rightEdge
}

// table draws the lines. A row stays whole if a page can hold it, and the last one
// stays with the totals. A page that ends within the table says how much it came to.
func (w *writer) table() {
	w.setColumns()
	w.room(headHeight + 30)
	w.tableHead()
	closing := w.closingHeight()
	onPage := 0
	for i, r := range w.s.Rows {
		description := w.wrap(body, r.Description, w.cols.width)
		details := w.details(r)
		h := 2*rowPadding + body.lead()*float64(max(1, len(description))) + detail.lead()*float64(len(details))
		need := h + w.carryHeight()
		if i == len(w.s.Rows)-1 {
			need = h + closing
			if need > w.fresh()-headHeight-w.carryHeight() {
				need = h + w.carryHeight()
			}
		}
		if onPage > 0 && w.y+need > w.bottom {
			w.carry(w.s.Rows[i-1].Running)
			onPage = 0
		}
		w.row(r, description, details)
		onPage++
	}
}

func (w *writer) tableHead() {
	y := w.y + headHeight - 2.4
	h := w.s.Head
	w.left(leftEdge, y, columnHead, printable(h.Position))
	w.left(w.cols.description, y, columnHead, printable(h.Description))
	w.figures(h, y, columnHead)
	w.y += headHeight
	w.rule(leftEdge, rightEdge, w.y, .35, ink)
}

func (w *writer) figures(r Row, y float64, st style) {
	ends := [4]float64{w.cols.quantity, w.cols.unitPrice, w.cols.rate, w.cols.amount}
	for i, s := range r.figures() {
		if s == "" || w.cols.room[i] == 0 {
			continue
		}
		s = printable(s)
		room := w.cols.room[i] - columnGap/2
		st := w.fitted(st, s, room)
		w.right(ends[i], y, st, w.clip(st, s, room))
	}
}

func (w *writer) details(r Row) []string {
	var lines []string
	for _, d := range r.Details {
		lines = append(lines, w.wrap(detail, d, w.cols.width)...)
	}
	return lines
}

// row draws a line of the document. Its figures stand beside its first line of text.
func (w *writer) row(r Row, description, details []string) {
	w.y += rowPadding
	w.left(leftEdge, w.y+body.lead()*.72, body, w.clip(label, printable(r.Position), w.cols.description-leftEdge-1))
	if len(description) == 0 {
		description = []string{""}
	}
	w.rowText(r, body, description[:1])
	w.figures(r, w.y-body.lead()*.28, body)
	w.rowText(r, body, description[1:])
	w.rowText(r, detail, details)
	w.y += rowPadding
	w.rule(leftEdge, rightEdge, w.y, .15, hair)
}

// rowText sets lines of a row, which go on on the next page where they have to.
func (w *writer) rowText(r Row, st style, lines []string) {
	for _, line := range lines {
		if w.y+st.lead() > w.bottom-w.carryHeight() {
			w.carry(r.Running)
			w.y += rowPadding
		}
		w.y += st.lead()
		w.left(w.cols.description, w.y-st.lead()*.28, st, line)
	}
}

func (w *writer) carryHeight() float64 { return body.lead() + 2*rowPadding }

// carry ends a page within the table and begins the next one, both with the sum so far.
func (w *writer) carry(running string) {
	w.runningSum(w.s.Carried, running)
	w.nextPage()
	w.tableHead()
	w.runningSum(w.s.Brought, running)
	if running != "" {
		w.rule(leftEdge, rightEdge, w.y, .15, hair)
	}
}

func (w *writer) runningSum(name, running string) {
	if running == "" {
		return
	}
	y := w.y + rowPadding + body.lead()*.72
	st := style{false, body.size, muted}
	w.left(w.cols.description, y, st, printable(name))
	w.right(w.cols.amount, y, w.fitted(st, running, 60), running)
	w.y += w.carryHeight()
}
