package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func mailTitle(kind string) string {
	for _, k := range mail.Kinds() {
		if string(k.Kind) == kind {
			return k.Title
		}
	}
	return sentence(kind)
}

func (a *area) mailList(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := mail.Filter{
		CustomerID: q.Get("customer_id"), State: mail.State(q.Get("state")), Kind: mail.Kind(q.Get("kind")), Query: q.Get("q"), Cursor: cursor(r), Limit: perPage,
	}
	found, next, err := a.Mail.List(r.Context(), f)
	if err != nil {
		return err
	}
	outbox, err := a.Mail.Outbox(r.Context())
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Mail", "mail"), Head: ui.Head{Title: "Mail", Sub: "What the store has written, and to whom."}}
	if outbox.Missing != "" {
		v.Callouts = append(v.Callouts, ui.Callout{
			Tone: ui.Warn, Title: "Mails wait", Text: "No mail leaves the store: " + outbox.Missing,
		})
	} else if outbox.Trouble != "" {
		v.Callouts = append(v.Callouts, ui.Callout{Tone: ui.Warn, Title: "The mail server does not answer", Text: outbox.Trouble + " Mails wait and are sent when it does."})
	}
	if outbox.Linkless {
		v.Callouts = append(v.Callouts, a.linkless(r))
	}
	v.Filter = ui.Filter{
		Action: "/admin/mail", SearchLabel: "Search mails", SearchName: "q", Search: f.Query, Placeholder: "Address, or the id of what it is about", ClearHref: "/admin/mail",
		Selects: []ui.Select{{Label: "State", Name: "state", Value: string(f.State), Options: options("queued", "sending", "sent", "unknown", "failed", "cancelled")}},
		Chips:   chips(r, chipName{param: "q", label: "Search"}, chipName{"state", "State", statusText}, chipName{"kind", "Kind", mailTitle}, chipName{param: "customer_id", label: "Customer"}),
	}
	v.Table = ui.Table{
		Caption: "Mails", Columns: []ui.Column{{Label: "Mail"}, {Label: "To"}, {Label: "State"}, {Label: "Written"}},
		Empty: &ui.Empty{Art: "list", Title: "No mail", Text: "Mails appear when orders, invoices and subscriptions give a reason to write."},
	}
	for _, m := range found {
		what := ui.Text(mailTitle(string(m.Kind))).To("/admin/mail/" + m.ID)
		if m.LastError != "" {
			what = what.With(ui.Clip(m.LastError, 120))
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{what, ui.Text(m.To), ui.Status(string(m.State)), ui.HTML(v.Ago(m.CreatedAt))}})
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func (a *area) mailShow(w http.ResponseWriter, r *http.Request) error {
	m, err := a.Mail.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, "Mail", "mail"), Lead: true}
	v.Crumbs = []ui.Crumb{{Label: "Mail", Href: "/admin/mail"}, {Label: mailTitle(string(m.Kind))}}
	v.Head = ui.Head{Title: mailTitle(string(m.Kind)), Sub: m.To}
	if visitorOf(r).staff.Role.Can(staff.SalesWrite) {
		switch {
		case m.State == mail.Queued:
			v.Head.Actions = []ui.Button{{Label: "Don't send", Href: "/admin/mail/" + m.ID + "/cancel", Icon: "x", Confirm: cancelMailQuestion(m)}}
		case m.SettledAt != nil && !m.Secret:
			v.Head.Actions = []ui.Button{{Label: "Send again", Href: "/admin/mail/" + m.ID + "/resend", Icon: "repeat", Confirm: resendMailQuestion(m)}}
		}
	}
	outbox, err := a.Mail.Outbox(r.Context())
	if err != nil {
		return err
	}
	if outbox.Linkless && m.SettledAt == nil {
		v.Callouts = []ui.Callout{a.linkless(r)}
	}
	facts := &ui.Details{Items: []ui.Detail{
		{Label: "State", Value: ui.Status(string(m.State))},
		{Label: "Written", Value: ui.HTML(v.Ago(m.CreatedAt))},
		{Label: "Tries", Value: ui.Count(int(m.Tries))},
		{Label: "Message-ID", Value: ui.Mono(m.MessageID)},
	}}
	if m.DueAt != nil {
		facts.Items = append(facts.Items, ui.Detail{Label: "Next try", Value: ui.HTML(v.Ago(*m.DueAt))})
	}
	if to := recordHref(m.SubjectID); to != "" {
		facts.Items = append(facts.Items, ui.Detail{Label: "About", Value: ui.Mono(m.SubjectID).To(to)})
	}
	if m.CustomerID != "" {
		facts.Items = append(facts.Items, ui.Detail{Label: "Customer", Value: ui.Mono(m.CustomerID).To("/admin/customers/" + m.CustomerID)})
	}
	if m.ResendOf != "" {
		facts.Items = append(facts.Items, ui.Detail{Label: "Repeats", Value: ui.Mono(m.ResendOf).To("/admin/mail/" + m.ResendOf)})
	}
	if m.LastError != "" {
		facts.Items = append(facts.Items, ui.Detail{Label: "Last error", Value: ui.Text(m.LastError)})
	}
	v.Left = []card{{Head: ui.CardHead{Title: "What became of it"}, Details: facts}}
	text := card{Head: ui.CardHead{Title: m.Subject, Text: "As it was written"}, Words: m.Text}
	switch {
	case m.Secret:
		text = card{Head: ui.CardHead{Title: "Subject and text"}, Empty: &ui.Empty{Art: "key", Title: "Not shown", Text: "It holds a link that nobody but its reader may see."}}
	case !m.Made:
		text.Head.Text = "As it would be written now"
	}
	v.Right = []card{text}
	return a.sheet(w, v)
}

// linkless says why buttons such as "Pay now" are missing in mails.
func (a *area) linkless(r *http.Request) ui.Callout {
	c := ui.Callout{
		Tone: ui.Warn, Title: "Mails have no links", Text: "The store does not know its own address (store.base_url). Links such as \"Pay now\" are left out, and mails that are only a link, such as for a new password, fail.",
	}
	if visitorOf(r).staff.Role.Can(staff.SettingsRead) {
		c.Actions = []ui.Button{{Label: "To the settings", Href: "/admin/settings", Small: true}}
	}
	return c
}

func resendMailQuestion(m mail.Mail) *ui.Confirm {
	return &ui.Confirm{
		ID: "resend", Title: "Send this mail again?", Text: mailTitle(string(m.Kind)) + ", to " + m.To + ".", Effects: []string{"The same mail goes to the same address once more. What it says may have changed since."}, Tone: ui.Info,
		Action: "/admin/mail/" + m.ID + "/resend", Label: "Send again", Cancel: "/admin/mail/" + m.ID,
	}
}

func (a *area) resendQuestion(r *http.Request) (*ui.Confirm, error) {
	m, err := a.Mail.ByID(r.Context(), r.PathValue("id"))
	return resendMailQuestion(m), err
}

func (a *area) mailResend(r *http.Request) (to, text string, err error) {
	m, err := a.Mail.Resend(r.Context(), r.PathValue("id"))
	return "/admin/mail/" + m.ID, "It is sent again.", err
}

func cancelMailQuestion(m mail.Mail) *ui.Confirm {
	return &ui.Confirm{
		ID: "cancel", Title: "Don't send this mail?", Text: mailTitle(string(m.Kind)) + ", to " + m.To + ".", Effects: []string{"It is not sent, and nobody is told instead."},
		Action: "/admin/mail/" + m.ID + "/cancel", Label: "Don't send", Cancel: "/admin/mail/" + m.ID,
	}
}

func (a *area) mailCancelQuestion(r *http.Request) (*ui.Confirm, error) {
	m, err := a.Mail.ByID(r.Context(), r.PathValue("id"))
	return cancelMailQuestion(m), err
}

func (a *area) mailCancel(r *http.Request) (to, text string, err error) {
	m, err := a.Mail.Cancel(r.Context(), r.PathValue("id"))
	return "/admin/mail/" + m.ID, "It is not sent.", err
}
