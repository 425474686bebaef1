package admin

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/web/ui"
)

// contactCard is who holds a domain and where it leads, as the registry was told.
func (h holding) contactCard(mayWrite bool) card {
	base := domainsAt + "/" + h.ID
	c := card{Head: ui.CardHead{Title: "Holder and nameservers"}, Details: &ui.Details{}}
	if mayWrite && (h.can.Contacts || h.arriving()) {
		c.Head.Actions = append(c.Head.Actions, ui.Button{Label: "Registrant", Href: base + "/registrant", Small: true})
	}
	if mayWrite && h.can.Nameservers {
		c.Head.Actions = append(c.Head.Actions, ui.Button{Label: "Nameservers", Href: base + "/nameservers", Small: true})
	}
	add := func(label string, value ui.Cell) {
		if !value.Empty() {
			c.Details.Items = append(c.Details.Items, ui.Detail{Label: label, Value: value})
		}
	}
	x := h.Registrant
	add("Registrant", ui.Text(x.Name).With(x.Company))
	add("Address", ui.Text(strings.Join(linesOf(x.Address), ", ")).With(x.Country))
	add("E-mail", ui.Text(x.Email))
	add("Phone", ui.Text(x.Phone))
	add("Nameservers", ui.Text(strings.Join(h.Nameservers, ", ")))
	add("Transfers", ui.Text(yesNo(h.transferLocked(), "Locked", "Not locked")))
	return c
}

// cameOf says what came of something that was done at a registrar at once; what it refused is an error.
func cameOf(answer registrar.Answer, well string, err error) (text string, _ error) {
	if err != nil {
		return "", err
	}
	switch answer.Class {
	case registrar.Done:
		return well, nil
	case registrar.Pending:
		return "The registrar has taken it on. It may take a while until it is done.", nil
	case registrar.Unknown:
		return "The registry has not answered. It is read whether it is done, and the history says what came of it; nothing is sent again.", nil
	case registrar.Session:
		return "", fail.Conflict("NOT_SENT", "The registrar can't be reached: nothing was changed.")
	default:
		return "", fail.Conflict("REGISTRAR_REFUSED", "The registrar refused: "+strings.TrimSpace(strconv.Itoa(answer.Code)+" "+answer.Message))
	}
}

// actPage is a form whose sending does something at the registrar at once.
func (a *area) actPage(w http.ResponseWriter, r *http.Request, status int, title, path string, section ui.FormSection, bad map[string]string, whole string) error {
	d, err := a.Domains.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	name := d.Name.Unicode()
	v := formView{Page: a.page(r, title, "domains"), Head: ui.Head{Title: title + " of " + name, Sub: "It is changed at “" + d.Registrar + "” at once."}}
	if ordered(d.Standing.Status) {
		v.Head.Sub = "The registrar is asked for the domain with it."
	}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: name, Href: domainPath(r)}, {Label: title}}
	v.Form = ui.WithErrors(ui.Form{Action: domainPath(r) + "/" + path, Submit: "Change", Cancel: domainPath(r), Sections: []ui.FormSection{section}}, bad, whole)
	return a.form(w, status, v)
}

func nameserverFields(typed, reason string) ui.FormSection {
	return ui.FormSection{Title: "Nameservers", Text: "Wrong ones take the site and the mail of the domain off the net.", Fields: []ui.Field{
		{Kind: ui.InputTextarea, Name: "nameservers", Label: "Nameservers", Value: typed, Rows: 5, Mono: true, Hint: "One a line, such as ns1.example.net. None: the domain is not delegated."},
		{Name: "why", Label: "Reason", Value: reason, Optional: true, MaxLength: 255},
	}}
}

func (a *area) nameserversEdit(w http.ResponseWriter, r *http.Request) error {
	d, err := a.Domains.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.actPage(w, r, http.StatusOK, "Nameservers", "nameservers", nameserverFields(strings.Join(d.Nameservers, "\n"), ""), nil, "")
}

func (a *area) nameserversSave(w http.ResponseWriter, r *http.Request) error {
	typed, reason := unixLines(r.PostFormValue("nameservers")), r.PostFormValue("why")
	servers := linesOf(typed)
	answer, err := a.Dispatch.Do(r.Context(), r.PathValue("id"), dispatch.Act{Nameservers: &servers, Reason: reason})
	text, err := cameOf(answer, "The nameservers were changed.", err)
	if err == nil {
		return done(w, r, domainPath(r), text)
	}
	bad, whole, ok := fieldErrors(err)
	if !ok {
		return err
	}
	return a.actPage(w, r, http.StatusUnprocessableEntity, "Nameservers", "nameservers", nameserverFields(typed, reason), bad, whole)
}

func registrantFields(x domainname.Registrant, reason string) ui.FormSection {
	return ui.FormSection{Title: "Registrant", Text: "Who holds the domain. Some registries ask the old and the new holder to confirm a change.", Fields: []ui.Field{
		{Name: "name", Label: "Name", Value: x.Name, Required: true, MaxLength: 255},
		{Name: "company", Label: "Company", Value: x.Company, Optional: true, MaxLength: 255},
		{Kind: ui.InputTextarea, Name: "address", Label: "Address", Value: x.Address, Rows: 3, Hint: "Street, postal code and city, a line each"},
		{Name: "country", Label: "Country", Value: x.Country, Short: true, MaxLength: 2, Hint: "Two letters, such as DE"},
		{Kind: ui.InputEmail, Name: "email", Label: "E-mail", Value: x.Email, Required: true, MaxLength: 255},
		{Name: "phone", Label: "Phone", Value: x.Phone, Optional: true, Short: true, MaxLength: 64, Placeholder: "+49.301234567"},
		{Name: "why", Label: "Reason", Value: reason, Optional: true, MaxLength: 255},
	}}
}

func (a *area) registrantEdit(w http.ResponseWriter, r *http.Request) error {
	d, err := a.Domains.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.actPage(w, r, http.StatusOK, "Registrant", "registrant", registrantFields(d.Registrant, ""), nil, "")
}

func (a *area) registrantSave(w http.ResponseWriter, r *http.Request) error {
	f := func(name string) string { return strings.TrimSpace(unixLines(r.PostFormValue(name))) }
	x := domainname.Registrant{Name: f("name"), Company: f("company"), Address: f("address"), Country: f("country"), Email: f("email"), Phone: f("phone")}
	d, err := a.Domains.ByID(r.Context(), r.PathValue("id"))
	text := "The registrant was changed. The registrar is asked for the domain with it."
	if err == nil {
		answer, actErr := a.Dispatch.Do(r.Context(), d.ID, dispatch.Act{Registrant: &x, Reason: f("why")})
		if err = actErr; !ordered(d.Standing.Status) {
			text, err = cameOf(answer, "The registrant was changed.", err)
		}
	}
	if err == nil {
		return done(w, r, domainPath(r), text)
	}
	wrong, whole, ok := fieldErrors(err)
	if !ok {
		return err
	}
	bad := map[string]string{}
	for name, m := range wrong {
		bad[strings.TrimPrefix(name, "registrant.")] = m
	}
	return a.actPage(w, r, http.StatusUnprocessableEntity, "Registrant", "registrant", registrantFields(x, f("why")), bad, whole)
}

func (a *area) lockQuestion(r *http.Request) (*ui.Confirm, error) {
	h, err := a.standing(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	q := &ui.Confirm{ID: "lock", Fields: []ui.Field{why("It stands in the audit log.")}, Action: domainPath(r) + "/lock", Cancel: domainPath(r)}
	if h.transferLocked() {
		q.Title, q.Label, q.Text = "Unlock "+h.Name.Unicode()+" for transfers?", "Unlock", "Whoever has its auth code can take it to another registrar."
		q.Hidden = []ui.Hidden{{Name: "lock", Value: "0"}}
		return q, nil
	}
	q.Title, q.Label, q.Tone, q.Text = "Lock "+h.Name.Unicode()+" against transfers?", "Lock", ui.Info, "Nobody can take it to another registrar until it is unlocked. Renewals stay possible."
	q.Hidden = []ui.Hidden{{Name: "lock", Value: "1"}}
	return q, nil
}

func (a *area) lock(r *http.Request) (to, text string, err error) {
	choice, err := chosenOf(r, "lock", "0", "1")
	if err != nil {
		return "", "", err
	}
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	on := choice == "1"
	answer, err := a.Dispatch.Do(r.Context(), r.PathValue("id"), dispatch.Act{Lock: &on, Reason: reason})
	text, err = cameOf(answer, yesNo(on, "It is locked against transfers.", "It is unlocked."), err)
	return domainPath(r), text, err
}

func (a *area) authCodeQuestion(r *http.Request) (*ui.Confirm, error) {
	d, err := a.Domains.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return &ui.Confirm{
		ID: "auth-code", Title: "Make an auth code of " + d.Name.Unicode() + "?", Text: "A new one is set at the registry; one that was told before is void. It is shown once.",
		Effects: []string{"Whoever has it can take the domain to another registrar, unless it is locked."}, Fields: []ui.Field{why("It stands in the audit log.")},
		Action: domainPath(r) + "/auth-code", Label: "Make a code", Cancel: domainPath(r),
	}, nil
}

// authCode makes a code and shows it, this once.
func (a *area) authCode(w http.ResponseWriter, r *http.Request) error {
	reason, err := reasonGiven(r)
	if err == nil {
		answer, actErr := a.Dispatch.Do(r.Context(), r.PathValue("id"), dispatch.Act{AuthCode: true, Reason: reason})
		text, actErr := cameOf(answer, "", actErr)
		switch {
		case actErr == nil && answer.AuthCode != "":
			return a.authCodeShow(w, r, answer.AuthCode)
		case actErr == nil:
			return say(w, r, domainPath(r), ui.Info, cmp.Or(text, "The registrar sends the code to the holder."))
		}
		err = actErr
	}
	q, gone := a.authCodeQuestion(r)
	if gone != nil {
		return err
	}
	return a.askAgain(w, r, q.Title, "domains", *q, err)
}

func (a *area) authCodeShow(w http.ResponseWriter, r *http.Request, code string) error {
	return a.codeShow(w, r, "Auth code", code, "It is shown this once and not kept.")
}

// transferCode shows the code that the customer gave for a transfer, to whoever carries it out by hand.
func (a *area) transferCode(w http.ResponseWriter, r *http.Request) error {
	code, err := a.Registrations.Reveal(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.codeShow(w, r, "Transfer code", code, "The customer gave it for the transfer to us. That you have seen it stands in the audit log. It is forgotten when the transfer is over.")
}

// codeShow shows a code that opens a domain to other registrars. No browser keeps the page.
func (a *area) codeShow(w http.ResponseWriter, r *http.Request, title, code, text string) error {
	d, err := a.Domains.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	name := d.Name.Unicode()
	v := sheetView{Page: a.page(r, title, "domains"), Head: ui.Head{Title: title + " of " + name, Actions: []ui.Button{{Label: "Back to the domain", Href: domainPath(r)}}}}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: name, Href: domainPath(r)}, {Label: title}}
	v.Left = []card{{Head: ui.CardHead{Title: "The code", Text: text}, Key: &ui.Key{Label: title, Value: code, Large: true}}}
	w.Header().Set("Cache-Control", "no-store")
	return a.sheet(w, v)
}
