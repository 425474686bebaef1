package admin

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/ui"
)

// checksShown is how many logged checks a license's page shows.
const checksShown = 8

// placeCards show what a license is bound to, and the places of its last checks that were not plain.
func (a *area) placeCards(r *http.Request, p ui.Page, l license.License, mayWrite bool) ([]card, error) {
	product, err := a.Catalog.Product(r.Context(), l.ProductID)
	if err != nil {
		return nil, err
	}
	enforced := product.Bindings
	list := func(label string, values []string, must bool) ui.Detail {
		d := ui.Detail{Label: label, Value: ui.Mono(strings.Join(values, ", ")), Hint: yesNo(must, "Must match", "Noted only")}
		if len(values) == 0 {
			d.Value = ui.Text("Open")
		}
		return d
	}
	d := &ui.Details{Items: []ui.Detail{
		list("Domains", l.Bound.Domains, enforced.EnforceDomain), list("Addresses", l.Bound.IPs, enforced.EnforceIP),
		list("Directories", l.Bound.Directories, enforced.EnforceDirectory),
		{Label: "Reissues", Value: ui.Text(reissueText(l.Reissues, enforced.SelfReissue, enforced.MaxReissues))},
	}}
	if l.Type == license.Development {
		d.Items = append(d.Items, list("Public hosts allowed", l.AllowedHosts, true))
	}
	c := card{Head: ui.CardHead{Title: "Bound place", Text: "What is open is bound by the next check that names it."}, Details: d}
	if mayWrite {
		c.Head.Actions = []ui.Button{{Label: "Edit", Href: "/admin/licenses/" + l.ID + "/places", Icon: "edit", Small: true}}
		if !l.Bound.Empty() {
			c.Head.Actions = append(c.Head.Actions, ui.Button{Label: "Reissue", Href: "/admin/licenses/" + l.ID + "/reissue", Small: true, Confirm: reissueQuestionOf(l)})
		}
	}
	logged, _, err := a.Licenses.Verifications(r.Context(), license.VerificationFilter{LicenseID: l.ID, Limit: checksShown})
	if err != nil || len(logged) == 0 {
		return []card{c}, err
	}
	t := verificationTable(p, logged, false)
	t.Flush = true
	return []card{c, {Head: ui.CardHead{
		Title: "Refused checks and changes of place", Actions: []ui.Button{{Label: "All", Href: checksAt + "?license_id=" + l.ID, Small: true}},
	}, Table: &t}}, nil
}

// reissueText says how often a license was reissued, and how often its customer may.
func reissueText(n int64, self bool, most int64) string {
	text := strconv.FormatInt(n, 10)
	switch {
	case !self:
		return text + "; customers may not"
	case most > 0:
		return text + " of " + strconv.FormatInt(most, 10)
	}
	return text + "; customers may as often as they like"
}

func reissueQuestionOf(l license.License) *ui.Confirm {
	base := "/admin/licenses/" + l.ID
	return &ui.Confirm{
		ID: "reissue", Title: "Clear the bound place?", Text: l.CustomerName + ", " + l.ProductName + ".", Tone: ui.Info,
		Effects: []string{"The next check binds the license anew, wherever it comes from.", "Activations stay as they are.", "It counts as a reissue."},
		Fields:  reasonField("reissue"), Action: base + "/reissue", Label: "Reissue", Cancel: base,
	}
}

func (a *area) reissueQuestion(r *http.Request) (*ui.Confirm, error) {
	l, err := a.Licenses.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return reissueQuestionOf(l), nil
}

func (a *area) reissue(r *http.Request) (to, text string, err error) {
	why, err := reasonGiven(r)
	if err == nil {
		_, err = a.Licenses.Reissue(r.Context(), r.PathValue("id"), why)
	}
	return "/admin/licenses/" + r.PathValue("id"), "The license is bound to nothing. Its next check binds it.", err
}

// typedPlaces is the form of a bound place as it was typed: a line each.
type typedPlaces struct{ domains, ips, directories, hosts, reissues, reason string }

func typedPlacesOf(l license.License) typedPlaces {
	lines := func(list []string) string { return strings.Join(list, "\n") }
	return typedPlaces{
		domains: lines(l.Bound.Domains), ips: lines(l.Bound.IPs), directories: lines(l.Bound.Directories), hosts: lines(l.AllowedHosts),
		reissues: strconv.FormatInt(l.Reissues, 10),
	}
}

// named are the fields with what they hold, for those that compare what was shown with what was typed.
func (t *typedPlaces) named() map[string]*string {
	return map[string]*string{"domains": &t.domains, "ips": &t.ips, "directories": &t.directories, "allowed_hosts": &t.hosts, "reissues": &t.reissues}
}

// form shows t; was is what the form showed when it was opened, which it sends along.
func (t typedPlaces) form(l license.License, was typedPlaces) ui.Form {
	base := "/admin/licenses/" + l.ID
	f := ui.Form{Action: base + "/places", Submit: "Save", Cancel: base, Sections: []ui.FormSection{
		{Title: "Bound place", Text: "One a line. An empty list is open: the next check that names such a part binds it. What the product does not enforce is only noted.", Fields: []ui.Field{
			{Kind: ui.InputTextarea, Name: "domains", Label: "Domains", Value: t.domains, Optional: true, Mono: true, Rows: 3, Hint: "*.example.com stands for all below example.com."},
			{Kind: ui.InputTextarea, Name: "ips", Label: "Addresses", Value: t.ips, Optional: true, Mono: true, Rows: 3, Hint: "Also networks: 192.0.2.0/24, 2001:db8::/32."},
			{Kind: ui.InputTextarea, Name: "directories", Label: "Directories", Value: t.directories, Optional: true, Mono: true, Rows: 3},
		}},
		{Title: "Reissues", Fields: []ui.Field{{Kind: ui.InputNumber, Name: "reissues", Label: "Counted so far", Value: t.reissues, Required: true, Short: true, Min: "0", Hint: "0 lets the customer reissue as often as the product allows."}}},
	}}
	if l.Type == license.Development {
		f.Sections = append(f.Sections, ui.FormSection{Title: "Development", Fields: []ui.Field{
			{Kind: ui.InputTextarea, Name: "allowed_hosts", Label: "Public hosts on which it may run", Value: t.hosts, Optional: true, Mono: true, Rows: 3, Hint: "One a line. Protected places need not be named."},
		}})
	}
	f.Sections = append(f.Sections, ui.FormSection{Title: "Why", Fields: []ui.Field{{Kind: ui.InputTextarea, Name: "reason", Label: "Reason", Value: t.reason, Required: true, Rows: 2, Hint: "It stands in the license's history."}}})
	named := was.named()
	for _, name := range slices.Sorted(maps.Keys(named)) {
		f.Hidden = append(f.Hidden, ui.Hidden{Name: "was_" + name, Value: *named[name]})
	}
	return f
}

// patch is what differs from what the form showed when it was opened: what a check has bound meanwhile stays.
func (t typedPlaces) patch(was typedPlaces, of license.Type) (p license.Patch, bad map[string]string) {
	bad = map[string]string{}
	list := func(typed, was string) *[]string {
		if typed == was {
			return nil
		}
		return new(linesOf(typed))
	}
	p.Places = license.PlacesPatch{Domains: list(t.domains, was.domains), IPs: list(t.ips, was.ips), Directories: list(t.directories, was.directories)}
	if of == license.Development {
		p.Places.AllowedHosts = list(t.hosts, was.hosts)
	}
	if t.reissues != was.reissues {
		p.Places.Reissues = new(wholeNumber("reissues", t.reissues, bad))
	}
	if p.Reason = strings.TrimSpace(t.reason); p.Reason == "" {
		bad["reason"] = "is required"
	}
	return p, bad
}

func (a *area) placesPage(w http.ResponseWriter, r *http.Request, status int, l license.License, f ui.Form) error {
	v := formView{Page: a.page(r, "Bound place", "licenses"), Head: ui.Head{Title: "Bound place", Sub: l.Key}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Licenses", Href: "/admin/licenses"}, {Label: shortKey(l.Key), Href: "/admin/licenses/" + l.ID}, {Label: "Bound place"}}
	return a.form(w, status, v)
}

func (a *area) placesEdit(w http.ResponseWriter, r *http.Request) error {
	l, err := a.Licenses.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	t := typedPlacesOf(l)
	return a.placesPage(w, r, http.StatusOK, l, t.form(l, t))
}

func (a *area) placesSave(w http.ResponseWriter, r *http.Request) error {
	l, err := a.Licenses.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	t, was := typedPlaces{reason: r.PostFormValue("reason")}, typedPlacesOf(l)
	for name, value := range t.named() {
		*value = unixLines(r.PostFormValue(name))
	}
	for name, value := range was.named() {
		if r.PostForm.Has("was_" + name) {
			*value = unixLines(r.PostFormValue("was_" + name))
		}
	}
	p, bad := t.patch(was, l.Type)
	whole := ""
	if len(bad) == 0 {
		if _, err = a.Licenses.Patch(r.Context(), l.ID, p); err == nil {
			return done(w, r, "/admin/licenses/"+l.ID, "The bound place was changed.")
		}
		var ok bool
		if bad, whole, ok = fieldErrors(err); !ok {
			return err
		}
	}
	named := map[string]string{}
	for name, message := range bad {
		named[strings.TrimPrefix(name, "bindings.")] = message
	}
	return a.placesPage(w, r, http.StatusUnprocessableEntity, l, ui.WithErrors(t.form(l, was), named, whole))
}
