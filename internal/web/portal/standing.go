package portal

import (
	"time"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/ui"
)

// standing is what a license is worth, in the words of its holder: a sentence, and what to do if something is to be done.
func standing(p ui.Page, l license.License) (sentence string, todo *ui.Callout) {
	switch l.Status {
	case license.Active:
		return activeStanding(p, l)
	case license.Suspended:
		return suspendedStanding(p, l)
	case license.Expired:
		sentence = "Expired"
		if l.ExpiresAt != nil {
			sentence = "Expired on " + date(p, *l.ExpiresAt)
		}
		return sentence, &ui.Callout{Tone: ui.Info, Title: sentence, Text: "Installed software is told so at its next check. Write to us if you want to go on using it."}
	case license.Cancelled:
		return "Cancelled", &ui.Callout{Tone: ui.Info, Title: "This license was cancelled", Text: "It can't be used any more. Write to us if that is not what you wanted."}
	case license.Revoked:
		return "Revoked", &ui.Callout{Tone: ui.Danger, Title: "This license was revoked", Text: "It can't be used any more. That happens when its payment is returned. Write to us if you think this is a mistake."}
	default:
		return string(l.Status), nil
	}
}

func activeStanding(p ui.Page, l license.License) (string, *ui.Callout) {
	switch {
	case l.Grace(p.Now):
		sentence := "Active, but paid only until " + date(p, *l.ExpiresAt)
		c := &ui.Callout{Tone: ui.Warn, Title: "What is paid has ended", Text: "It still runs for a short time. Pay the open invoice so that it goes on.", Actions: toInvoices()}
		if end := license.Until(l.Facts(), p.Now); end != nil {
			c.Text = "It still runs until " + date(p, *end) + ". Pay the open invoice so that it goes on."
		}
		return sentence, c
	case l.ExpiresAt != nil:
		return "Active until " + date(p, *l.ExpiresAt), nil
	default:
		return "Active, and it never expires", nil
	}
}

// suspendedStanding explains the hold that the holder can do most about. What staff noted beside a hold is theirs.
func suspendedStanding(p ui.Page, l license.License) (string, *ui.Callout) {
	has := map[license.HoldReason]bool{}
	for _, h := range l.Holds {
		has[h.Reason] = true
	}
	c := &ui.Callout{Tone: ui.Warn}
	var sentence string
	switch {
	case has[license.HoldDispute]:
		sentence = "Suspended, because a payment for it is disputed"
		c.Title = "A payment for this license is disputed"
		c.Text = "Your bank or card company has asked for the money back. The license works again when that is settled; if it was not you who asked, tell them so."
	case has[license.HoldParent]:
		sentence = "Suspended, because the license beside which it is used does not run"
		c.Title = "Your purchased license does not run"
		c.Text = "This is a development license: it works while the license that you bought does. See there what is to be done."
		c.Actions = []ui.Button{{Label: "The purchased license", Href: "/account/licenses/" + l.ParentID, Small: true}}
	case has[license.HoldStaff]:
		sentence = "Suspended by " + p.Store.Name
		c.Title = "We have suspended this license"
		c.Text = "Installed software is told so at its next check, and new activations are refused. Write to us: we tell you why, and what it takes to use it again."
	default:
		sentence = "Suspended, because a payment is missing"
		c.Title = "A payment for this license is missing"
		c.Text = "Pay the open invoice, and it works again at once. Nothing is lost: your activations stay as they are."
		c.Actions = toInvoices()
	}
	if n := len(has); n > 1 {
		c.Text += " There is a further reason for the suspension; write to us about it."
	}
	return sentence, c
}

func toInvoices() []ui.Button {
	return []ui.Button{{Label: "Your invoices", Href: "/account/invoices", Small: true}}
}

// date is the day on which t falls for the reader.
func date(p ui.Page, t time.Time) string { return t.In(p.Location()).Format("2 January 2006") }
