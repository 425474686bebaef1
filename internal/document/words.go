package document

import (
	"fmt"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
)

// words are what a document says in one language beside what it was given.
type words struct {
	lang   string
	column int // of countries.tsv

	title      map[Kind]string
	number     map[Kind]string
	issued     map[Kind]string
	total      map[Kind]string
	from, to   string
	due        string
	vatID      string
	taxNumber  string
	yourVATID  string
	yourTax    string
	corrects   string
	replaces   string
	position   string
	what       string
	quantity   string
	unitPrice  string
	rate       string
	amount     string
	discount   string
	subtotal   string
	net        string
	tax        string
	taxAmount  string
	includes   string // %s: the tax and its rate
	paid       string
	refunded   string
	balance    string
	favour     string
	carried    string // at the end of a page
	brought    string // at the beginning of the next
	dueBy      string // %s amount, %s date
	dueNow     string // %s amount
	paidInFull string
	nothing    string
	credited   string // %s amount
	forInvoice string // %s number
	ofDate     string // %s date
	fromDate   string
	untilDate  string
	howToPay   string
	reference  string
	toPay      string
	payOnline  string
	notes      string
	noInvoice  string // on a proforma
	reverse    string
	page       string // %d of %d
	months     [12]string
}

var english = words{
	lang: "en", column: 0,
	title:  map[Kind]string{Invoice: "Invoice", CreditNote: "Credit note", Proforma: "Proforma invoice"},
	number: map[Kind]string{Invoice: "Invoice number", CreditNote: "Credit note number", Proforma: "Number"},
	issued: map[Kind]string{Invoice: "Invoice date", CreditNote: "Date", Proforma: "Date"},
	total:  map[Kind]string{Invoice: "Total", CreditNote: "Total credited", Proforma: "Total"},
	from:   "From", to: "To", due: "Due date",
	vatID: "VAT ID", taxNumber: "Tax number", yourVATID: "Your VAT ID", yourTax: "Your tax number",
	corrects: "Corrects invoice", replaces: "Replaces",
	position: "#", what: "Description", quantity: "Quantity", unitPrice: "Unit price", rate: "VAT", amount: "Amount", discount: "Discount",
	subtotal: "Subtotal", net: "Net amount", tax: "VAT", taxAmount: "Tax", includes: "Includes %s",
	paid: "Paid", refunded: "Refunded", balance: "Amount due", favour: "In your favour", carried: "Carried forward", brought: "Brought forward",
	dueBy: "%s due by %s", dueNow: "%s due", paidInFull: "Paid in full", nothing: "Nothing to pay", credited: "%s credited",
	forInvoice: "for invoice %s", ofDate: "of %s", fromDate: "from %s", untilDate: "until %s",
	howToPay: "How to pay", reference: "Payment reference", toPay: "Amount", payOnline: "Pay online", notes: "Notes",
	noInvoice: "This is not a tax invoice. You will receive the invoice once your payment has arrived.",
	reverse:   "Reverse charge: VAT is to be accounted for by the recipient of the service (Article 196, Directive 2006/112/EC).",
	page:      "Page %d of %d",
	months:    [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

// In German a credit note is a Rechnungskorrektur: the tax law calls something else a
// Gutschrift, namely an invoice that the buyer writes.
var german = words{
	lang: "de", column: 1,
	title:  map[Kind]string{Invoice: "Rechnung", CreditNote: "Rechnungskorrektur", Proforma: "Proforma-Rechnung"},
	number: map[Kind]string{Invoice: "Rechnungsnummer", CreditNote: "Nummer", Proforma: "Nummer"},
	issued: map[Kind]string{Invoice: "Rechnungsdatum", CreditNote: "Datum", Proforma: "Datum"},
	total:  map[Kind]string{Invoice: "Gesamtbetrag", CreditNote: "Korrekturbetrag", Proforma: "Gesamtbetrag"},
	from:   "Von", to: "An", due: "Fällig am",
	vatID: "USt-IdNr.", taxNumber: "Steuernummer", yourVATID: "Ihre USt-IdNr.", yourTax: "Ihre Steuernummer",
	corrects: "Zur Rechnung", replaces: "Ersetzt",
	position: "Pos.", what: "Beschreibung", quantity: "Menge", unitPrice: "Einzelpreis", rate: "USt.", amount: "Betrag", discount: "Rabatt",
	subtotal: "Zwischensumme", net: "Nettobetrag", tax: "USt.", taxAmount: "Steuer", includes: "darin %s",
	paid: "Bezahlt", refunded: "Erstattet", balance: "Zu zahlen", favour: "Zu Ihren Gunsten", carried: "Übertrag", brought: "Übertrag",
	dueBy: "%s zahlbar bis %s", dueNow: "%s zu zahlen", paidInFull: "Vollständig bezahlt", nothing: "Nichts zu zahlen", credited: "%s gutgeschrieben",
	forInvoice: "zur Rechnung %s", ofDate: "vom %s", fromDate: "ab %s", untilDate: "bis %s",
	howToPay: "So zahlen Sie", reference: "Verwendungszweck", toPay: "Betrag", payOnline: "Online bezahlen", notes: "Hinweise",
	noInvoice: "Dies ist keine Rechnung im Sinne des Umsatzsteuergesetzes. Die Rechnung erhalten Sie, sobald Ihre Zahlung eingegangen ist.",
	reverse:   "Steuerschuldnerschaft des Leistungsempfängers (Reverse Charge, Art. 196 der Richtlinie 2006/112/EG).",
	page:      "Seite %d von %d",
	months:    [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
}

// wordsOf picks the language of a document, as [money.Money.Format] does.
func wordsOf(lang string) words {
	if base, _, _ := strings.Cut(strings.ToLower(lang), "-"); base == "de" {
		return german
	}
	return english
}

// of looks a word up by the kind of the document; one of an unknown kind reads as an invoice.
func of(byKind map[Kind]string, k Kind) string {
	if s, ok := byKind[k]; ok {
		return s
	}
	return byKind[Invoice]
}

// noBreakSpace holds together what belongs on one line.
const noBreakSpace = "\u00a0"

// day writes a date in full: 22 November 2026, 22. November 2026.
func (w words) day(d civil.Date) string {
	if !d.IsValid() {
		return ""
	}
	point := ""
	if w.lang == "de" {
		point = "."
	}
	return fmt.Sprintf("%d%s%s%s%s%d", d.Day, point, noBreakSpace, w.months[d.Month-1], noBreakSpace, d.Year)
}

// shortDay writes a date that stands beside others: 1 Jan 2027, 01.01.2027.
func (w words) shortDay(d civil.Date) string {
	if w.lang == "de" {
		return fmt.Sprintf("%02d.%02d.%d", d.Day, int(d.Month), d.Year)
	}
	return fmt.Sprintf("%d%s%.3s%s%d", d.Day, noBreakSpace, w.months[d.Month-1], noBreakSpace, d.Year)
}

// period writes a period with its last day, as people say it: the first day that no
// longer belongs to it is for programs.
func (w words) period(p Period) string {
	from, until := p.Start.IsValid(), p.End.IsValid() && p.End != (civil.Date{Year: 1, Month: 1, Day: 1})
	switch {
	case from && until && p.End == p.Start.AddDays(1):
		return w.shortDay(p.Start)
	case from && until:
		return w.shortDay(p.Start) + " – " + w.shortDay(p.End.AddDays(-1))
	case from:
		return fmt.Sprintf(w.fromDate, w.shortDay(p.Start))
	case until:
		return fmt.Sprintf(w.untilDate, w.shortDay(p.End.AddDays(-1)))
	default:
		return ""
	}
}

// amountText writes an amount with its currency and a real minus.
func (w words) amountText(m money.Money) string {
	return strings.Replace(m.Format(w.lang), "-", "−", 1)
}

// figure is an amount without its currency, for columns that have it in their head.
func (w words) figure(m money.Money) string {
	return strings.Map(func(r rune) rune {
		if (r >= '0' && r <= '9') || r == '.' || r == ',' || r == '−' {
			return r
		}
		return -1
	}, w.amountText(m))
}

// percent writes a rate: 8.1%, 8,1 %.
func (w words) percent(rate string) string {
	switch {
	case rate == "":
		return ""
	case w.lang == "de":
		return strings.Replace(rate, ".", ",", 1) + noBreakSpace + "%"
	default:
		return rate + "%"
	}
}

// taxName is what a tax is called, with its rate.
func (w words) taxName(t Tax) string {
	name := t.Name
	if name == "" {
		name = w.tax
	}
	if p := w.percent(t.Rate); p != "" {
		name += " " + p
	}
	return name
}
