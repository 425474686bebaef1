package document

import (
	"strings"

	"codeberg.org/go-pdf/fpdf"
)

// Lengths are millimetres and sizes of type are points.
const mmPerPoint = 25.4 / 72

// colour is red, green, blue.
type colour [3]int

var (
	ink    = colour{28, 27, 25}
	muted  = colour{95, 91, 84}
	hair   = colour{214, 209, 201}
	accent = colour{11, 95, 114}
	tint   = colour{240, 246, 247}
)

// style is how a text is set.
type style struct {
	bold bool
	size float64
	col  colour
}

// lead is the distance between two lines.
func (s style) lead() float64 { return s.size * mmPerPoint * 1.4 }

// The styles of a document.
var (
	brand      = style{true, 15, accent}
	heading    = style{true, 19, ink}
	leadText   = style{false, 10.5, muted}
	body       = style{false, 9, ink}
	bodyStrong = style{true, 9, ink}
	detail     = style{false, 8, muted}
	label      = style{false, 8, muted}
	columnHead = style{true, 7.5, muted}
	totalText  = style{true, 11, ink}
	small      = style{false, 7, muted}
	smallBold  = style{true, 7, muted}
	link       = style{true, 9, accent}
)

// pen writes on pages. Its vertical positions are base lines.
type pen struct{ pdf *fpdf.Fpdf }

const family = "sans"

// newPen opens a PDF without pages.
func newPen() pen {
	pdf := fpdf.New("P", "mm", "A4", "")
	// The fonts are parsed, and padded, in place: every document has a copy.
	pdf.AddUTF8FontFromBytes(family, "", []byte(regularFont))
	pdf.AddUTF8FontFromBytes(family, "B", []byte(semiboldFont))
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCatalogSort(true)
	return pen{pdf}
}

func (p pen) use(st style) {
	weight := ""
	if st.bold {
		weight = "B"
	}
	p.pdf.SetFont(family, weight, st.size)
	p.pdf.SetTextColor(st.col[0], st.col[1], st.col[2])
}

// width measures a text that is printable.
func (p pen) width(st style, s string) float64 {
	p.use(st)
	return p.pdf.GetStringWidth(s)
}

// left and right set a line of text to either side of x.
func (p pen) left(x, y float64, st style, s string) {
	p.use(st)
	p.pdf.Text(x, y, s)
}

func (p pen) right(x, y float64, st style, s string) {
	p.left(x-p.width(st, s), y, st, s)
}

// fitted makes a style smaller until the text has room, though never too small to read.
func (p pen) fitted(st style, s string, room float64) style {
	const smallest = 3
	if w := p.width(st, s); w > room {
		st.size = max(smallest, st.size*room/w)
	}
	return st
}

// clip shortens a text to the room that it has.
func (p pen) clip(st style, s string, room float64) string {
	if p.width(st, s) <= room {
		return s
	}
	lines := p.wrap(st, s, room-p.width(st, "…"))
	return lines[0] + "…"
}

// wrap breaks a text into lines of a width: at its own line breaks, between words, and
// inside a word that is longer than a line. The lines are printable.
func (p pen) wrap(st style, text string, width float64) []string {
	p.use(st)
	var lines []string
	for _, paragraph := range paragraphs(text) {
		lines = append(lines, p.wrapLine(printable(paragraph), width)...)
	}
	return lines
}

func (p pen) wrapLine(text string, width float64) []string {
	var lines []string
	var line strings.Builder
	used, space := 0.0, p.pdf.GetStringWidth(" ")
	flush := func() {
		lines = append(lines, line.String())
		line.Reset()
		used = 0
	}
	// Only the plain space is a place to break at; the others hold together.
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }) {
		w := p.pdf.GetStringWidth(word)
		if line.Len() > 0 && used+space+w > width {
			flush()
		}
		if line.Len() > 0 {
			line.WriteByte(' ')
			used += space
		}
		if w <= width {
			line.WriteString(word)
			used += w
			continue
		}
		for _, r := range word {
			w := p.pdf.GetStringWidth(string(r))
			if line.Len() > 0 && used+w > width {
				flush()
			}
			line.WriteRune(r)
			used += w
		}
	}
	flush()
	return lines
}

// rule draws a horizontal line.
func (p pen) rule(x1, x2, y, weight float64, c colour) {
	p.pdf.SetDrawColor(c[0], c[1], c[2])
	p.pdf.SetLineWidth(weight)
	p.pdf.Line(x1, y, x2, y)
}

// box fills a rectangle.
func (p pen) box(x, y, w, h float64, c colour) {
	p.pdf.SetFillColor(c[0], c[1], c[2])
	p.pdf.RoundedRect(x, y, w, h, 1.2, "1234", "F")
}
