package admin

import (
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/web/ui"
)

// renewalText says how far a renewal is.
func renewalText(n domainname.Renewal) string {
	switch n.State {
	case domainname.RenewalOpen:
		return "It waits for its payment."
	case domainname.RenewalPaid:
		return "It is paid and about to be sent."
	case domainname.RenewalHeld:
		return renewalHoldWords[n.Hold] + "."
	case domainname.RenewalArranged:
		return "It is arranged: the registry's date moves later."
	case domainname.RenewalSubmitted:
		return "The registry was told; its answer is awaited."
	case domainname.RenewalUnknown:
		return "Nobody knows yet whether the registry has done it. It is read first, and never sent twice."
	case domainname.RenewalAttention:
		return "The registry's date is neither the old one nor the one that was asked for: look there, and decide."
	case domainname.RenewalConfirmed, domainname.RenewalSatisfied, domainname.RenewalWithdrawn, domainname.RenewalRevoked, domainname.RenewalRefunded, domainname.RenewalLost:
	}
	return statusText(string(n.State)) + "."
}

// renewalActs are what staff can do about a renewal that waits for them.
func renewalActs(n domainname.Renewal) []ui.Button {
	release := tryAgain(n)
	switch {
	case n.State == domainname.RenewalHeld && n.Hold == domainname.HeldStaff:
		release.Label, release.Kind = "Renew now", ui.Primary
		return []ui.Button{release}
	case n.State == domainname.RenewalHeld && n.Hold == domainname.HeldPrice:
		return []ui.Button{{Label: "Accept the price", Href: renewalPath(n) + "/accept-price", Small: true, Kind: ui.Primary}}
	case n.State == domainname.RenewalHeld && n.Hold == domainname.HeldTopUp:
		return nil
	case n.State == domainname.RenewalHeld, n.State == domainname.RenewalAttention:
		return []ui.Button{release}
	}
	return nil
}

func tryAgain(n domainname.Renewal) ui.Button {
	return ui.Button{Label: "Try again", Href: renewalPath(n) + "/release", Small: true}
}

func renewalPath(n domainname.Renewal) string {
	return domainsAt + "/" + n.DomainID + "/renewals/" + n.ID
}

// ledgerCard is the ledger of renewals.
func (h holding) ledgerCard(p ui.Page, mayWrite bool) card {
	t := &ui.Table{ID: "renewals", Caption: "Renewals", Flush: true, Columns: []ui.Column{
		{Label: "Renewal"}, {Label: "State"}, {Label: "Amount", End: true}, {Label: "Invoice"}, {Label: "Paid", Narrow: true}, {Label: "Reference", Narrow: true}, {Label: "Made"},
	}}
	if mayWrite {
		t.Columns = append(t.Columns, ui.Column{Label: "Act", Hidden: true})
	}
	for _, n := range h.renewals {
		what := ui.Text(yearsText(n.Years) + ", " + dateText(n.Base) + " to " + dateText(n.Expected)).With(kindWords[n.Kind])
		amount := ui.Text(n.Price.Format("en"))
		if n.Fee.Amount != 0 {
			amount = amount.With("and " + n.Fee.Format("en") + " fee")
		}
		paid := ui.Cell{}
		if n.PaidAt != nil {
			paid = ui.HTML(p.Day(*n.PaidAt))
		} else if n.Owed {
			paid = ui.Text("Still owed")
		}
		state := ui.Status(string(n.State))
		state.Sub = capital(strings.Join(noneEmpty(renewalHoldWords[n.Hold], causeText(n), resendText(n.Resends)), "; "))
		row := ui.Row{Cells: []ui.Cell{what, state, amount, invoiceCell(n), paid, ui.Mono(n.Reference), ui.HTML(p.Day(n.CreatedAt))}}
		missed := n.PaidAt != nil && n.Missed(h.Expiry.Date())
		if n.State == domainname.RenewalAttention || n.State == domainname.RenewalHeld || missed {
			row.Tone = ui.Warn
		}
		switch {
		case mayWrite && missed:
			row.Cells = append(row.Cells, ui.Act(tryAgain(n)))
		case mayWrite:
			row.Cells = append(row.Cells, ledgerAct(n))
		}
		t.Rows = append(t.Rows, row)
	}
	return card{Head: ui.CardHead{Title: "Renewals", Text: "What was asked for, and what became of it."}, Table: t}
}

// causeText is why a renewal is where it is, unless that was said already.
func causeText(n domainname.Renewal) string {
	if n.Cause == string(n.Hold) {
		return ""
	}
	return n.Why()
}

func invoiceCell(n domainname.Renewal) ui.Cell {
	c := ui.Cell{}
	if n.InvoiceID != "" {
		c = ui.Text("Show").To("/admin/invoices/" + n.InvoiceID)
	}
	if n.FeeInvoiceID != "" && n.FeeInvoiceID != n.InvoiceID {
		if n.InvoiceID == "" {
			return ui.Text("Fee").To("/admin/invoices/" + n.FeeInvoiceID)
		}
		c = c.With("and one for its fee")
	}
	return c
}

// ledgerAct is what can be done about a renewal in its line.
func ledgerAct(n domainname.Renewal) ui.Cell {
	if acts := renewalActs(n); len(acts) > 0 {
		return ui.Act(acts[0])
	}
	line := "/admin/invoices/" + n.InvoiceID + "/lines/" + n.LineID
	switch {
	case n.LineID == "" || n.InvoiceID == "" || n.PaidAt != nil:
	case n.State == domainname.RenewalOpen:
		return ui.Act(ui.Button{Label: "Pay, don't renew", Href: line + "/revoke"})
	case n.State == domainname.RenewalRevoked:
		return ui.Act(ui.Button{Label: "Set back", Href: line + "/restore", Post: true})
	}
	return ui.Cell{}
}

func resendText(n int) string {
	if n == 0 {
		return ""
	}
	return "sent again " + many(n, "time", "times")
}

func noneEmpty(texts ...string) (out []string) {
	for _, s := range texts {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// commandCard is what the registrar was told about the domain.
func (h holding) commandCard() card {
	t := &ui.Table{ID: "commands", Caption: "Commands", Flush: true, Columns: []ui.Column{{Label: "Command"}, {Label: "Outcome"}, {Label: "Transaction id"}, {Label: "Sent"}, {Label: "Settled", Narrow: true}}}
	for _, c := range h.commands {
		what := statusText(c.Command)
		if c.Years > 0 {
			what += ", " + yearsText(c.Years)
		}
		cell := ui.Text(what)
		if c.Attempt > 1 {
			cell = cell.With("attempt " + ui.Number(c.Attempt))
		}
		outcome := ui.Text("No outcome yet")
		if c.Outcome != "" {
			outcome = ui.Status(c.Outcome)
		}
		if c.Code != 0 {
			outcome.Sub = "code " + strconv.Itoa(c.Code)
		}
		if c.Message != "" {
			outcome.Sub = strings.TrimSpace(outcome.Sub + " " + c.Message)
		}
		frames := ui.Mono(c.Transaction)
		if h.RegistrarID != "" && c.Transaction != "" {
			frames = frames.To(registrarsAt + "/" + h.RegistrarID + "/frames?transaction=" + c.Transaction)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{cell, outcome, frames, ui.Text(instantText(c.CreatedAt)), ui.Text(instantText(c.SettledAt))}})
	}
	return card{Head: ui.CardHead{Title: "Commands to the registrar", Text: "Each is written down before it is sent, and read back afterwards."}, Table: t}
}

// instantText shortens an instant as it is written down, in UTC.
func instantText(s string) string {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s
	}
	return at.UTC().Format("2 Jan 2006, 15:04:05 MST")
}

// noticeCard is the evidence of notices about the domain.
func (h holding) noticeCard(p ui.Page) card {
	t := noticeTable(p, h.notices, false)
	t.Flush, t.Empty = true, nil
	c := card{Head: ui.CardHead{Title: "Notices", Text: "What was sent about its end, with evidence."}, Table: &t}
	if len(h.notices) > 0 {
		c.Head.Actions = allOf(domainsAt + "/notices?domain_id=" + h.ID)
	}
	return c
}
