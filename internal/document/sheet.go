package document

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/money"
)

// Sheet is all the text of a document, in its language and in the order in which it is
// read. Pages and the PDF show the same sheet, so they say the same.
type Sheet struct {
	Language string
	Title    string // "Invoice"
	Number   string
	Lead     string // the document in one line: what is to be paid, and until when
	Seller   SheetParty
	Buyer    SheetParty
	Facts    []Fact

	Head       Row // what the columns are called; Amount and UnitPrice name the currency
	Rows       []Row
	HasTax     bool   // whether rows have a tax rate
	Carried    string // what the running sum is called at the end of a page
	Brought    string // and at the beginning of the next
	Totals     []Sum
	TaxHead    TaxRow
	Taxes      []TaxRow
	Remarks    []string // what the law wants said
	Pay        *PayBox
	NotesTitle string
	Notes      string

	yourTax Fact   // the buyer's number among the facts of a letter to him
	pages   string // "Page %d of %d"
}

// SheetParty is a party as it is addressed.
type SheetParty struct {
	Role  string
	Name  string
	Lines []string // the rest of the address, with the country
	TaxID Fact
	Email string
}

// Fact is a value with its name. It may be empty as a whole.
type Fact struct{ Label, Value string }

// Row is a line of the table.
type Row struct {
	Position    string
	Description string
	Details     []string // the period, the discount
	Quantity    string
	UnitPrice   string
	TaxRate     string
	Amount      string
	Running     string // the sum up to here, with this row
}

// Sum is one line below the table.
type Sum struct {
	Label, Value string
	Strong       bool
}

// TaxRow is the tax of one category and rate.
type TaxRow struct{ Name, Base, Tax string }

// PayBox says how to pay.
type PayBox struct {
	Title        string
	Facts        []Fact
	Instructions string
	LinkLabel    string
	Link         string // http or https, or empty
}

// Sheet puts the document into words.
func (d Document) Sheet() Sheet {
	w := wordsOf(d.Language)
	s := Sheet{
		Language: w.lang, Title: of(w.title, d.Kind), Number: d.Number, Lead: d.lead(w), Facts: d.facts(w),
		Seller: d.Seller.sheet(w, w.from), Buyer: d.Buyer.sheet(w, w.to),
		HasTax: d.TaxMode == Exclusive || d.TaxMode == Inclusive, Carried: w.carried, Brought: w.brought,
		Totals: d.totals(w), Remarks: d.remarks(w), Pay: d.payBox(w), NotesTitle: w.notes, Notes: d.Notes, pages: w.page,
	}
	s.yourTax = taxFact(d.Buyer.TaxID, w.yourVATID, w.yourTax)
	tax := w.tax
	if len(d.Taxes) > 0 && d.Taxes[0].Name != "" {
		tax = d.Taxes[0].Name
	}
	in := noBreakSpace + string(d.Currency)
	s.Head = Row{Position: w.position, Description: w.what, Quantity: w.quantity, UnitPrice: w.unitPrice + in, TaxRate: tax, Amount: w.amount + in}
	running, fits := d.money(0), true
	for i, l := range d.Lines {
		next, err := running.Add(d.money(l.Amount))
		if running, fits = next, fits && err == nil; !fits {
			running = d.money(0)
		}
		r := d.row(w, i, l)
		if fits {
			r.Running = w.figure(running)
		}
		s.Rows = append(s.Rows, r)
	}
	if s.HasTax {
		s.TaxHead = TaxRow{Name: tax, Base: w.net + in, Tax: w.taxAmount + in}
		for _, t := range d.Taxes {
			s.Taxes = append(s.Taxes, TaxRow{Name: w.taxName(t), Base: w.figure(d.money(t.Base)), Tax: w.figure(d.money(t.Tax))})
		}
	}
	return s
}

// lead is what most readers want to know first.
func (d Document) lead(w words) string {
	switch {
	case d.Kind == CreditNote:
		s := fmt.Sprintf(w.credited, w.amountText(d.money(d.Total)))
		if d.Refers != nil {
			s += " " + d.Refers.text(w, w.forInvoice)
		}
		return s
	case d.Balance > 0 && d.DueOn.IsValid():
		return fmt.Sprintf(w.dueBy, w.amountText(d.money(d.Balance)), w.day(d.DueOn))
	case d.Balance > 0:
		return fmt.Sprintf(w.dueNow, w.amountText(d.money(d.Balance)))
	case d.Balance == 0 && d.Paid > 0:
		return w.paidInFull
	default:
		return w.nothing
	}
}

func (r Reference) text(w words, format string) string {
	s := fmt.Sprintf(format, r.Number)
	if on := w.day(r.IssuedOn); on != "" {
		s += " " + fmt.Sprintf(w.ofDate, on)
	}
	return s
}

func (d Document) facts(w words) []Fact {
	facts := []Fact{{of(w.number, d.Kind), d.Number}, {of(w.issued, d.Kind), w.day(d.IssuedOn)}}
	if d.Kind != CreditNote {
		facts = append(facts, Fact{w.due, w.day(d.DueOn)})
	}
	if d.Refers != nil {
		facts = append(facts, Fact{w.corrects, d.Refers.text(w, "%s")})
	}
	if d.Replaces != nil {
		facts = append(facts, Fact{w.replaces, d.Replaces.text(w, "%s")})
	}
	return slices.DeleteFunc(facts, func(f Fact) bool { return f.Value == "" })
}

// sheet addresses a party: the company first, and the person there below it.
func (p Party) sheet(w words, role string) SheetParty {
	names := slices.DeleteFunc([]string{p.Company, p.Name}, func(s string) bool { return strings.TrimSpace(s) == "" })
	lines := slices.Concat(names, linesOf(p.Address))
	if len(names) > 0 && len(lines) > len(names) && lines[len(names)] == names[0] {
		lines = slices.Delete(lines, len(names), len(names)+1) // the address begins with the name
	}
	if p.Country != "" {
		lines = append(lines, w.countryName(p.Country))
	}
	s := SheetParty{Role: role, TaxID: taxFact(p.TaxID, w.vatID, w.taxNumber), Email: p.Email}
	if len(lines) > 0 {
		s.Name, s.Lines = lines[0], lines[1:]
	}
	return s
}

// taxFact names a tax number by what it looks like.
func taxFact(id, vatID, taxNumber string) Fact {
	switch {
	case id == "":
		return Fact{}
	case looksLikeVATID(id):
		return Fact{vatID, id}
	default:
		return Fact{taxNumber, id}
	}
}

// looksLikeVATID tells an identifier for value added tax, which begins with the letters
// of its country, from the number of a tax office.
func looksLikeVATID(s string) bool {
	letter := func(c byte) bool { return (c|0x20) >= 'a' && (c|0x20) <= 'z' }
	return len(s) > 4 && letter(s[0]) && letter(s[1]) && strings.ContainsAny(s[2:], "0123456789")
}

// linesOf splits a text into its lines, without the empty ones.
func linesOf(s string) []string {
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func (d Document) row(w words, i int, l Line) Row {
	position := l.Position
	if position == 0 {
		position = int64(i) + 1
	}
	r := Row{
		Position: strconv.FormatInt(position, 10), Description: l.Description, Quantity: strconv.FormatInt(l.Quantity, 10),
		UnitPrice: w.figure(d.money(l.UnitPrice)), TaxRate: w.percent(l.TaxRate), Amount: w.figure(d.money(l.Amount)),
	}
	if p := w.period(l.Period); p != "" {
		r.Details = append(r.Details, p)
	}
	if l.Discount != 0 {
		r.Details = append(r.Details, w.discount+" "+w.minus(d.money(l.Discount)))
	}
	return r
}

// minus writes an amount that is taken off.
func (w words) minus(m money.Money) string {
	neg, err := m.Neg()
	if err != nil {
		return w.amountText(m)
	}
	return w.amountText(neg)
}

// totals lead from the lines to what is to be paid. Where prices contain the tax, the
// total comes first and then what is in it.
func (d Document) totals(w words) []Sum {
	plain := func(label string, amount int64) Sum { return Sum{Label: label, Value: w.amountText(d.money(amount))} }
	strong := func(label string, amount int64) Sum {
		s := plain(label, amount)
		s.Strong = true
		return s
	}
	var sums []Sum
	if len(d.Allowances) > 0 {
		if lines, err := d.linesTotal(); err == nil {
			sums = append(sums, plain(w.subtotal, lines.Amount))
		}
		sums = append(sums, d.allowanceSums(w)...)
	}
	switch d.TaxMode {
	case Exclusive:
		sums = append(sums, plain(w.net, d.Net))
		for _, t := range d.Taxes {
			sums = append(sums, plain(w.taxName(t), t.Tax))
		}
		sums = append(sums, strong(of(w.total, d.Kind), d.Total))
	case Inclusive:
		sums = append(sums, strong(of(w.total, d.Kind), d.Total))
		for _, t := range d.Taxes {
			sums = append(sums, plain(fmt.Sprintf(w.includes, w.taxName(t)), t.Tax))
		}
		sums = append(sums, plain(w.net, d.Net))
	default:
		sums = append(sums, strong(of(w.total, d.Kind), d.Total))
	}
	if d.Paid == 0 {
		return sums
	}
	paid := w.paid
	if d.Kind == CreditNote {
		paid = w.refunded
	}
	sums = append(sums, Sum{Label: paid, Value: w.minus(d.money(d.Paid))})
	if d.Balance < 0 {
		return append(sums, Sum{Label: w.favour, Value: w.minus(d.money(d.Balance)), Strong: true})
	}
	switch {
	case d.Kind != CreditNote:
		return append(sums, strong(w.balance, d.Balance))
	case d.Balance > 0:
		return append(sums, strong(w.favour, d.Balance))
	default:
		return sums
	}
}

func (d Document) linesTotal() (money.Money, error) {
	total := d.money(0)
	for _, l := range d.Lines {
		var err error
		if total, err = total.Add(d.money(l.Amount)); err != nil {
			return total, err
		}
	}
	return total, nil
}

// allowanceSums shows what is taken off, one line per reason: a coupon over several tax
// categories is one coupon to its reader.
func (d Document) allowanceSums(w words) []Sum {
	var sums []Sum
	var taken []money.Money
	byReason := map[string]int{}
	for _, a := range d.Allowances {
		label := a.Reason
		if label == "" {
			label = w.discount
		}
		i, ok := byReason[label]
		if ok {
			if sum, err := taken[i].Add(d.money(a.Amount)); err == nil {
				taken[i], sums[i].Value = sum, w.minus(sum)
				continue
			}
		}
		byReason[label] = len(sums)
		sums, taken = append(sums, Sum{Label: label, Value: w.minus(d.money(a.Amount))}), append(taken, d.money(a.Amount))
	}
	return sums
}

// remarks are what the law wants said on this document.
func (d Document) remarks(w words) []string {
	var texts []string
	if d.Kind == Proforma {
		texts = append(texts, w.noInvoice)
	}
	for _, t := range d.Taxes {
		text := t.Text
		if text == "" && t.Category == ReverseCharge {
			text = w.reverse
		}
		if text != "" && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// payBox says how to pay, while there is something to pay and a way to do so.
func (d Document) payBox(w words) *PayBox {
	if d.Kind == CreditNote || d.Balance <= 0 {
		return nil
	}
	b := &PayBox{Title: w.howToPay, Instructions: d.Payment.Instructions, Facts: []Fact{{w.toPay, w.amountText(d.money(d.Balance))}}}
	if due := w.day(d.DueOn); due != "" {
		b.Facts = append(b.Facts, Fact{w.due, due})
	}
	if d.Payment.Reference != "" {
		b.Facts = append(b.Facts, Fact{w.reference, d.Payment.Reference})
	}
	if u, err := url.Parse(d.Payment.Link); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		b.Link, b.LinkLabel = u.String(), w.payOnline
	}
	if b.Instructions == "" && b.Link == "" {
		return nil
	}
	return b
}

// PageOf is the number of a page for its foot.
func (s Sheet) PageOf(page, pages int) string { return fmt.Sprintf(s.pages, page, pages) }
