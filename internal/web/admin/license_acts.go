package admin

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/ui"
)

func reasonField(scope string) []ui.Field {
	return []ui.Field{{Name: "why", Label: "Reason", Required: true, MaxLength: 255, Hint: "It stands in the license's history.", Scope: scope}}
}

// reasonGiven is the reason that a question asks for. The rooms take most acts without one; a person gives it.
func reasonGiven(r *http.Request) (string, error) {
	why := strings.TrimSpace(r.PostFormValue("why"))
	if why == "" {
		return "", fail.Invalid("why", "is required")
	}
	return why, nil
}

func places(n int64) string {
	if n == 1 {
		return "1 activation"
	}
	return ui.Number(int(n)) + " activations"
}

func suspendQuestion(l license.License) *ui.Confirm {
	base := "/admin/licenses/" + l.ID
	return &ui.Confirm{
		ID: "suspend", Title: "Suspend this license?", Text: l.CustomerName + ", " + l.ProductName + ".",
		Effects: []string{"Installed software is told so at its next check: " + places(l.ActivationsUsed) + ".", "New activations are refused.", "It lasts until the hold is lifted."},
		Fields:  reasonField("suspend"), Action: base + "/suspend", Label: "Suspend", Cancel: base,
	}
}

func liftQuestion(l license.License) *ui.Confirm {
	base := "/admin/licenses/" + l.ID
	effect := "The license is active again at once."
	if len(l.Holds) > 1 {
		effect = "The license stays suspended: another hold remains."
	}
	return &ui.Confirm{
		ID: "lift", Title: "Lift the suspension by staff?", Effects: []string{effect}, Tone: ui.Info,
		Fields: reasonField("lift"), Action: base + "/lift", Label: "Lift", Cancel: base,
	}
}

func removeQuestion(l license.License, act license.Activation, kept *time.Time) *ui.Confirm {
	base := "/admin/licenses/" + l.ID
	q := &ui.Confirm{
		ID: "remove-" + act.ID, Title: "Remove " + act.Identifier + "?", Text: "The software there is no longer activated and may activate again while there is room.",
		Effects: []string{strconv.FormatInt(l.ActivationsUsed-1, 10) + " of " + limitText(l.ActivationLimit) + " remain in use."},
		Fields:  reasonField(act.ID), Action: base + "/activations/" + act.ID + "/remove", Label: "Remove", Cancel: base,
	}
	if kept != nil {
		q.Effects = append(q.Effects, "A lease file was made for it. The installation never asks, so it runs on until "+kept.UTC().Format("2 January 2006, 15:04")+" UTC, beside the one that takes its place.")
	}
	return q
}

func limitText(n int64) string {
	if n == 0 {
		return "unlimited activations"
	}
	return places(n)
}

// licenseAsk renders one of the questions as a page.
func (a *area) licenseAsk(question func(license.License) *ui.Confirm) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		l, err := a.Licenses.ByID(r.Context(), r.PathValue("id"))
		if err != nil {
			return err
		}
		q := question(l)
		return a.confirm(w, a.page(r, q.Title, "licenses"), *q)
	}
}

func (a *area) licenseAskAgain(w http.ResponseWriter, r *http.Request, question func(license.License) *ui.Confirm, wrong error) error {
	l, err := a.Licenses.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	q := question(l)
	return a.askAgain(w, r, q.Title, "licenses", *q, wrong)
}

func (a *area) licenseSuspend(w http.ResponseWriter, r *http.Request) error {
	var l license.License
	why, err := reasonGiven(r)
	if err == nil {
		l, err = a.Licenses.PlaceHold(r.Context(), r.PathValue("id"), license.HoldStaff, why)
	}
	if err != nil {
		return a.licenseAskAgain(w, r, suspendQuestion, err)
	}
	return done(w, r, "/admin/licenses/"+l.ID, "The license is suspended.")
}

func (a *area) licenseLift(w http.ResponseWriter, r *http.Request) error {
	var l license.License
	why, err := reasonGiven(r)
	if err == nil {
		l, err = a.Licenses.LiftHold(r.Context(), r.PathValue("id"), license.HoldStaff, license.LiftInput{Why: why})
	}
	if err != nil {
		return a.licenseAskAgain(w, r, liftQuestion, err)
	}
	return done(w, r, "/admin/licenses/"+l.ID, "The suspension was lifted. The license is "+string(l.Status)+".")
}

func activationForm(id, identifier, name, why string, override bool) ui.Form {
	base := "/admin/licenses/" + id
	return ui.Form{Action: base + "/activations", Submit: "Add activation", Cancel: base, Sections: []ui.FormSection{{Title: "Place", Fields: []ui.Field{
		{Name: "identifier", Label: "Identifier", Value: identifier, Required: true, Mono: true, Hint: "It is brought into its normal form: a domain without scheme, www. and path."},
		{Name: "name", Label: "Name", Value: name, Optional: true, MaxLength: 255},
		{Kind: ui.InputSwitch, Name: "override", Label: "Also beyond the limit", Checked: override, Hint: "The history shows it as an override."},
		{Name: "why", Label: "Reason", Value: why, Optional: true, MaxLength: 255},
	}}}}
}

func (a *area) activationPage(w http.ResponseWriter, r *http.Request, status int, f ui.Form) error {
	v := formView{Page: a.page(r, "Add activation", "licenses"), Head: ui.Head{Title: "Add activation"}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Licenses", Href: "/admin/licenses"}, {Label: "License", Href: "/admin/licenses/" + r.PathValue("id")}, {Label: "Add activation"}}
	return a.form(w, status, v)
}

func (a *area) activationNew(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.Licenses.ByID(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return a.activationPage(w, r, http.StatusOK, activationForm(r.PathValue("id"), "", "", "", false))
}

func (a *area) activationAdd(w http.ResponseWriter, r *http.Request) error {
	id, f := r.PathValue("id"), r.PostFormValue
	in := license.AddInput{Identifier: f("identifier"), Name: f("name"), Why: f("why"), Override: f("override") != ""}
	act, err := a.Licenses.AddActivation(r.Context(), id, in)
	if err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return a.activationPage(w, r, http.StatusUnprocessableEntity, ui.WithErrors(activationForm(id, in.Identifier, in.Name, in.Why, in.Override), bad, whole))
	}
	return done(w, r, "/admin/licenses/"+id, act.Identifier+" is activated.")
}

func (a *area) activationRemoveAsk(w http.ResponseWriter, r *http.Request) error {
	l, err := a.Licenses.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	q, err := a.removeQuestionOf(r, l)
	if err != nil {
		return err
	}
	return a.confirm(w, a.page(r, "Remove activation", "licenses"), *q)
}

// removeQuestionOf asks about the activation that the address names.
func (a *area) removeQuestionOf(r *http.Request, l license.License) (*ui.Confirm, error) {
	held, err := a.Licenses.HeldByFiles(r.Context(), l.ID)
	if err != nil {
		return nil, err
	}
	for after := ""; ; {
		activations, next, err := a.Licenses.Activations(r.Context(), l.ID, after, 200)
		if err != nil {
			return nil, err
		}
		for _, act := range activations {
			if act.ID == r.PathValue("activation") {
				var kept *time.Time
				if until, is := held[act.ID]; is {
					kept = &until
				}
				return removeQuestion(l, act, kept), nil
			}
		}
		if after = next; after == "" {
			return nil, errNoActivation
		}
	}
}

var errNoActivation = fail.NotFound("ACTIVATION_NOT_FOUND", "This activation has been removed, or is not of this license.")

func (a *area) activationRemove(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	why, err := reasonGiven(r)
	if err == nil {
		err = a.Licenses.RemoveActivation(r.Context(), id, r.PathValue("activation"), why)
	}
	if err != nil {
		l, gone := a.Licenses.ByID(r.Context(), id)
		if gone != nil {
			return gone
		}
		q, gone := a.removeQuestionOf(r, l)
		if gone != nil {
			return gone
		}
		return a.askAgain(w, r, "Remove activation", "licenses", *q, err)
	}
	return done(w, r, "/admin/licenses/"+id, "The activation was removed.")
}
