package portal

import (
	"strconv"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/web/ui"
)

// notHereYet say when a domain can be renewed that is only ordered.
var notHereYet = map[domainname.Status]string{
	domainname.Pending:             "It can be renewed once it is paid for and the registry has confirmed it.",
	domainname.PendingRegistration: "It can be renewed once the registry has registered it.",
	domainname.PendingTransfer:     "It can be renewed once its transfer to us is done.",
}

// termsCard are the terms on offer, and for every other one why it is not; nil where there is nothing to say.
func termsCard(h holding, o domainname.Offer, inPerson bool) *card {
	if why, ok := notHereYet[h.Standing.Status]; ok {
		return &card{Head: ui.CardHead{Title: "Renew"}, Text: why}
	}
	if !h.Standing.Status.Live() && h.Standing.Status != "" {
		return nil
	}
	c := &card{Head: ui.CardHead{Title: "Renew", Text: "From the end of the term, whenever you pay. Prices are before tax."}}
	terms := o.Terms
	if len(o.Restores) > 0 {
		c.Head = ui.CardHead{Title: "Restore and renew", Text: o.Refusal.Sentence("en") + " The fee of the registry comes on top."}
		terms = o.Restores
	}
	if len(terms) == 0 || len(o.Restores) == 0 && o.Refusal != nil && len(o.On()) == 0 && sameReason(terms) {
		if o.Refusal == nil {
			return nil
		}
		c.Head.Text, c.Text = "", o.Refusal.Sentence("en")
		c.Buttons = refusalButtons(*o.Refusal)
		return c
	}
	c.Table = termsTable(h, terms, inPerson)
	return c
}

// sameReason reports whether all terms are refused for one reason, so that one sentence says it all.
func sameReason(terms []domainname.Term) bool {
	for _, t := range terms {
		if t.Refusal == nil || *t.Refusal != *terms[0].Refusal {
			return false
		}
	}
	return true
}

// refusalButtons lead to what can be done about a refusal.
func refusalButtons(why domainname.Refusal) []ui.Button {
	switch {
	case why.Reason == domainname.AlreadyOpen && why.InvoiceID != "":
		return []ui.Button{{Label: "To its invoice", Href: "/account/invoices/" + why.InvoiceID, Small: true}}
	case why.Reason == domainname.FreeWithProduct && why.ServiceID != "":
		return []ui.Button{{Label: "To the service", Href: "/account/subscriptions/" + why.ServiceID, Small: true}}
	}
	return nil
}

func termsTable(h holding, terms []domainname.Term, inPerson bool) *ui.Table {
	fees := false
	for _, t := range terms {
		fees = fees || t.Refusal == nil && t.Fee.Amount > 0
	}
	t := &ui.Table{Caption: "Terms", Flush: true, Columns: []ui.Column{{Label: "Term"}, {Label: "Until"}, {Label: "Price", End: true}}}
	if fees {
		t.Columns = append(t.Columns, ui.Column{Label: "Fee", End: true})
	}
	t.Columns = append(t.Columns, ui.Column{Label: "Choose", Hidden: true, End: true})
	for _, term := range terms {
		t.Rows = append(t.Rows, termRow(h, term, fees, inPerson))
	}
	return t
}

func termRow(h holding, term domainname.Term, fees, inPerson bool) ui.Row {
	row := ui.Row{Cells: []ui.Cell{ui.Text(years(term.Years))}}
	if term.Refusal != nil { // why not stands with the term: on a phone each cell has the name of its column
		row.Cells[0].Sub = term.Refusal.Sentence("en")
		row.Cells = append(row.Cells, ui.Cell{}, ui.Cell{})
	} else {
		row.Cells = append(row.Cells, ui.Day(term.Expiry), ui.Text(show(term.Price)))
	}
	if fees {
		fee := ui.Cell{}
		if term.Refusal == nil {
			fee = ui.Text(show(term.Fee))
		}
		row.Cells = append(row.Cells, fee)
	}
	choose := ui.Cell{}
	if term.Refusal == nil && inPerson {
		choose = ui.Act(ui.Button{Label: "Choose", Small: true, Href: h.href("/renew/review?years=" + strconv.Itoa(term.Years))})
	}
	row.Cells = append(row.Cells, choose)
	return row
}
