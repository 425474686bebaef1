package portal

import (
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/web/ui"
)

// holding is a domain of the visitor as it stands, with what its words depend on.
type holding struct {
	domainname.Row

	settings *setting.Settings
	today    civil.Date // of the registry: in UTC
	// asked is what the registry asks for the renewal that waits for its price to be accepted, on the pages of one domain; nil: none
	// waits, or the price is not known.
	asked *domainname.RegistryPrice
	// unserved: it is free with a service that does not renew it any more.
	unserved bool
}

func (h holding) name() string { return h.Name.Unicode() }

func (h holding) href(below string) string { return "/account/domains/" + h.ID + below }

// ends is the day on which the term ends.
func (h holding) ends() civil.Date {
	end, _ := h.TermEnd()
	return end
}

// keptOn reports whether the last day of a plain renewal is over and the registry has the domain all the same: nobody knows
// for how long.
func (h holding) keptOn() bool {
	last := h.Standing.Window.LastPlain
	return h.Standing.Status == domainname.Grace && !last.IsZero() && last.Before(h.today)
}

// open is the renewal that is not over; nil: there is none.
func (h holding) open() *domainname.Renewal { return h.Row.Open }

// owed is the renewal of the present term that waits for its money; nil: none does.
func (h holding) owed() *domainname.Renewal { return h.Row.Owed }

// underWay is the renewal that is paid and not confirmed; nil: there is none.
func (h holding) underWay() *domainname.Renewal {
	if r := h.open(); r != nil && r.State != domainname.RenewalOpen {
		return r
	}
	return nil
}

// bill is the address of the invoice that a renewal waits for: its own, or that of a fee.
func bill(r *domainname.Renewal) string {
	id := r.InvoiceID
	if r.State == domainname.RenewalHeld && r.FeeInvoiceID != "" {
		id = r.FeeInvoiceID
	}
	if id == "" {
		return ""
	}
	return "/account/invoices/" + id
}

func invoiceHref(b domainname.Bill) string { return "/account/invoices/" + b.InvoiceID }

// toPay are the open invoices that ask for the renewal of the present term, and what they come to; paid is what was paid for fees
// of it already.
func (h holding) toPay() (open []domainname.Bill, sum, paid money.Money) {
	for _, b := range h.Bills {
		sum.Currency, paid.Currency = b.Sum.Currency, b.Sum.Currency
		if b.Paid {
			paid.Amount += b.Sum.Amount
			continue
		}
		open = append(open, b)
		sum.Amount += b.Sum.Amount
	}
	return open, sum, paid
}

// domainWords are the statuses of domains as their holders call them.
var domainWords = map[domainname.Status]ui.Badge{
	domainname.Pending:             {Text: "To pay", Tone: ui.Info},
	domainname.PendingRegistration: {Text: "Being registered", Tone: ui.Info},
	domainname.PendingTransfer:     {Text: "Being transferred", Tone: ui.Info},
	domainname.Active:              {Text: "Active", Tone: ui.Success},
	domainname.Grace:               {Text: "Run out", Tone: ui.Warn},
	domainname.Redemption:          {Text: "To be restored", Tone: ui.Danger},
	domainname.Expired:             {Text: "Expired", Tone: ui.Neutral},
	domainname.TransferredAway:     {Text: "Moved away", Tone: ui.Neutral},
	domainname.Cancelled:           {Text: "Cancelled", Tone: ui.Neutral},
	domainname.Fraud:               {Text: "Closed", Tone: ui.Neutral},
}

// badge is how it stands, in a word or three.
func (h holding) badge() ui.Badge {
	if r := h.underWay(); r != nil {
		switch {
		case r.State == domainname.RenewalArranged:
			return ui.Badge{Text: "Paid, renewal arranged", Tone: ui.Success}
		case r.State == domainname.RenewalHeld && (r.Hold == domainname.HeldTopUp || r.Hold == domainname.HeldPrice):
			return ui.Badge{Text: "Paid, waits for you", Tone: ui.Warn}
		}
		return ui.Badge{Text: "Paid, being confirmed", Tone: ui.Info}
	}
	if b, ok := domainWords[h.Standing.Status]; ok {
		return b
	}
	return ui.StatusBadge(string(h.Standing.Status))
}

// sentence is how it stands, in a line.
func (h holding) sentence() string {
	end := day(h.ends())
	if r := h.underWay(); r != nil {
		if r.State == domainname.RenewalArranged {
			return "The renewal until " + day(r.Expected) + " is paid and arranged; the registry's date moves on " + end
		}
		return "The renewal until " + day(r.Expected) + " is paid and being confirmed"
	}
	w := h.Standing.Window
	switch h.Standing.Status {
	case domainname.Pending:
		return "Ordered; it is registered as soon as the invoice is paid"
	case domainname.PendingRegistration:
		return "Paid; the registry is asked to register it"
	case domainname.PendingTransfer:
		return "Paid; the transfer to us is under way, which can take some days"
	case domainname.Active:
		if end == "" {
			return "Active; the registry has not told us yet until when"
		}
		return "Registered until " + end
	case domainname.Grace:
		if h.keptOn() {
			return "It ran out on " + end + ", and can still be renewed"
		}
		return "It ran out on " + end + ", and can be renewed until " + day(w.LastPlain)
	case domainname.Redemption:
		return "It ran out on " + end + ", and can only be restored, until " + day(w.LastRestore)
	case domainname.Expired:
		return "It ran out on " + end + ", and nothing more can be done here"
	case domainname.TransferredAway:
		return "It is with another registrar now"
	case domainname.Cancelled:
		return "It was cancelled"
	case domainname.Fraud:
		return "We have closed it; write to us if you think this is a mistake"
	}
	return string(h.Standing.Status)
}

// next is what happens to it next, for a list.
func (h holding) next() ui.Cell {
	if r := h.underWay(); r != nil {
		switch {
		case r.State == domainname.RenewalHeld && r.Hold == domainname.HeldTopUp:
			return ui.Text("A fee is to be paid").To(bill(r))
		case r.State == domainname.RenewalHeld && r.Hold == domainname.HeldPrice:
			return ui.Text("Accept the new price").To(h.href(""))
		}
		return ui.Text("Until " + oneLine(r.Expected))
	}
	if r := h.owed(); r != nil {
		if open, sum, _ := h.toPay(); len(open) > 0 {
			return ui.Text("Pay " + show(sum)).To(invoiceHref(open[0])).With("renews until " + oneLine(r.Expected))
		}
	}
	w := h.Standing.Window
	switch h.Standing.Status {
	case domainname.Active:
		return h.nextActive()
	case domainname.Grace:
		if h.keptOn() {
			return ui.Text("Renew it soon")
		}
		return ui.Text("Renew until " + oneLine(w.LastPlain))
	case domainname.Redemption:
		return ui.Text("Restore until " + oneLine(w.LastRestore))
	case domainname.Pending:
		return ui.Text("Pay its invoice").To("/account/invoices")
	case domainname.PendingRegistration, domainname.PendingTransfer, domainname.Expired, domainname.TransferredAway, domainname.Cancelled, domainname.Fraud:
	}
	return ui.Cell{}
}

func (h holding) nextActive() ui.Cell {
	on, invoiced := h.invoiceOn()
	switch {
	case h.DoNotRenew && !h.ends().IsZero():
		return ui.Text("Ends on " + oneLine(h.ends()))
	case h.Free() && h.BundledWith != "" && !h.unserved:
		return ui.Text("Renews with its service").To("/account/subscriptions/" + h.BundledWith)
	case h.Free() && h.BundledWith != "":
		return ui.Text("Write to us to keep it").With("its service does not go on")
	case h.Free():
		return ui.Text("Write to us to renew it")
	case h.Term == 0:
		return ui.Text("Renew it by yourself")
	case invoiced:
		return ui.Text("Invoice on " + oneLine(on)).With(show(h.Recurring) + " for " + years(h.Term))
	}
	return ui.Cell{}
}

// invoiceOn is the day on which its next automatic invoice is made, if there will be one.
func (h holding) invoiceOn() (on civil.Date, ok bool) {
	if h.DoNotRenew || h.Term == 0 || h.NextDue.IsZero() || h.Standing.Window.End.IsZero() {
		return civil.Date{}, false
	}
	on, ok = h.Standing.Window.InvoiceOn(h.NextDue, renewal.InvoiceDays(*h.settings))
	if on.Before(h.today) {
		on = h.today
	}
	return on, ok
}

// autoRenew says whether invoices are made by themselves.
func (h holding) autoRenew() string {
	switch {
	case !h.Standing.Status.Renewable():
		return ""
	case h.DoNotRenew:
		return "Off"
	case h.Free():
		return "Free"
	case h.Term == 0:
		return "None"
	}
	return "On"
}

// renewWord is what a renewal is called: of what has to be restored, a restore.
func (h holding) renewWord() string {
	if h.Standing.Status == domainname.Redemption {
		return "Restore"
	}
	return "Renew"
}

// mayRenew reports whether there is a point in offering a renewal. The offer itself says what can be had.
func (h holding) mayRenew() bool {
	switch h.Standing.Status {
	case domainname.Active, domainname.Grace, domainname.Redemption:
	default:
		return false
	}
	if r := h.owed(); h.underWay() != nil || r != nil && (r.State != domainname.RenewalOpen || r.Kind != domainname.Automatic) {
		return false
	}
	return h.settings.DomainOrders && !h.Free() && !h.ends().IsZero() && !h.Standing.Window.TooEarly(h.today) && h.Standing.Stage != domainname.StageTooLate
}

// years is a number of them.
func years(n int) string { return counted(int64(n), "year") }

// sumOf is what a renewal costs with the fee of its stage.
func sumOf(price, fee money.Money) string {
	if fee.Amount == 0 {
		return show(price)
	}
	sum, err := price.Add(fee)
	if err != nil {
		return fmt.Sprintf("%s and %s", show(price), show(fee))
	}
	return show(sum)
}
