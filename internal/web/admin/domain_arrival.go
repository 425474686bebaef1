package admin

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/web/ui"
)

// arriving reports whether a registration or a transfer is paid, and not confirmed.
func (h holding) arriving() bool {
	return h.Status() == domainname.PendingRegistration || h.Status() == domainname.PendingTransfer
}

// ordered reports whether a domain is not the store's yet: its holder is what the registrar will be told.
func ordered(s domainname.Status) bool {
	return s == domainname.Pending || s == domainname.PendingRegistration || s == domainname.PendingTransfer
}

// arrivalCallout says how far a registration or a transfer is, and what can be done about one that does not go on.
func (h holding) arrivalCallout() (c ui.Callout, act ui.Button, ok bool) {
	switch {
	case h.can.Manual && h.arrival.Asked:
		return c, act, false // it is said that staff do it
	case h.arrival.Asked && h.arrival.Why != "":
		c = ui.Callout{Tone: ui.Warn, Title: "The registrar was asked, and it does not go on", Text: h.arrival.Why}
	case h.arrival.Asked:
		c = ui.Callout{Tone: ui.Info, Title: "The registrar was asked", Text: "Its answer is awaited, and read again by itself."}
		if h.Status() == domainname.PendingTransfer {
			c.Text = "The other registrar can object for some days. What became of it is read by itself."
		}
	case h.arrival.Why != "":
		c = ui.Callout{Tone: ui.Warn, Title: "It is paid, and waits for a person", Text: h.arrival.Why}
		act = ui.Button{Label: "Try again", Href: domainsAt + "/" + h.ID + "/retry", Kind: ui.Primary}
	default:
		c = ui.Callout{Tone: ui.Info, Title: "It is paid", Text: "The registrar is asked by itself, and again where it could not be reached."}
	}
	return c, act, true
}

func (a *area) retryQuestion(r *http.Request) (*ui.Confirm, error) {
	h, err := a.standing(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	arrival, err := a.Dispatch.Arrival(r.Context(), h.ID)
	if err != nil {
		return nil, err
	}
	return &ui.Confirm{
		ID: "retry", Title: "Ask for " + h.Name.Unicode() + " again?", Text: arrival.Why, Label: "Try again", Tone: ui.Info,
		Effects: []string{"The registry is read first. If the domain is there and ours already, nothing is sent.", "Otherwise the registrar is asked for it, with the holder that stands on the domain's page."},
		Fields:  []ui.Field{why("It stands in the audit log.")}, Action: domainPath(r) + "/retry", Cancel: domainPath(r),
	}, nil
}

func (a *area) retry(r *http.Request) (to, text string, err error) {
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	return domainPath(r), "It is tried again; the page says what came of it.", a.Dispatch.Retry(r.Context(), r.PathValue("id"), reason)
}

// arrivingTable lists the registrations and transfers that are paid and not confirmed, with what they wait for.
func (a *area) arrivingTable(ctx context.Context, mayWrite bool) (ui.Table, error) {
	t := ui.Table{
		ID: "arriving", Caption: "Registrations and transfers", Flush: true, Columns: []ui.Column{{Label: "Domain"}, {Label: "Waits for", Wide: true}, {Label: "Ordered"}},
		Empty: &ui.Empty{Art: "done", Title: "None"},
	}
	if mayWrite {
		t.Columns = append(t.Columns, ui.Column{Label: "Act", Hidden: true})
	}
	for _, status := range []domainname.Status{domainname.PendingRegistration, domainname.PendingTransfer} {
		rows, _, err := a.Domains.List(ctx, domainname.Filter{Status: status, Limit: mostUnconfirmed})
		if err != nil {
			return t, err
		}
		for _, d := range rows {
			row, err := a.arrivingRow(ctx, d, mayWrite)
			if err != nil {
				return t, err
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t, nil
}

func (a *area) arrivingRow(ctx context.Context, d domainname.Row, mayWrite bool) (ui.Row, error) {
	arrival, err := a.Dispatch.Arrival(ctx, d.ID)
	if err != nil {
		return ui.Row{}, err
	}
	what := yesNo(arrival.Asked, "The registrar's answer", "The registrar is asked by itself")
	row := ui.Row{}
	if arrival.Why != "" {
		what, row.Tone = arrival.Why, ui.Warn
	}
	row.Cells = []ui.Cell{nameCell(d.Name, d.ID).With(d.CustomerName), ui.Text(what), ui.Text(dateText(domainname.RegistryDate(d.CreatedAt)))}
	if mayWrite {
		act := ui.Cell{}
		if arrival.Why != "" && !arrival.Asked {
			act = ui.Act(ui.Button{Label: "Try again", Href: domainsAt + "/" + d.ID + "/retry"})
		}
		row.Cells = append(row.Cells, act)
	}
	return row, nil
}
