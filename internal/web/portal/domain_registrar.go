package portal

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/limit"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// atRegistrar is what can be changed of a domain at its registrar; nothing where that can't be asked.
func (a *area) atRegistrar(r *http.Request, h holding) registrar.Capabilities {
	if h.RegistrarID == "" || a.Dispatch == nil {
		return registrar.Capabilities{}
	}
	switch h.Standing.Status {
	case domainname.Active, domainname.Grace:
	default:
		return registrar.Capabilities{}
	}
	reached, err := a.Registrars.Open(r.Context(), h.RegistrarID)
	if err != nil {
		a.Log.WarnContext(r.Context(), "what a registrar can do", "registrar", h.RegistrarID, "err", err)
		return registrar.Capabilities{}
	}
	return reached.Capabilities()
}

// transferLock is the status that keeps a domain from being moved to another registrar.
const transferLock = "clientTransferProhibited"

func (h holding) transferLocked() bool { return slices.Contains(h.State.EPP, transferLock) }

// registrarCard is what is known of a domain at its registrar, and can be changed there; nil: nothing.
func (a *area) registrarCard(r *http.Request, h holding) *card {
	can := a.atRegistrar(r, h)
	if !h.Standing.Status.Live() {
		return nil
	}
	inPerson := !visitorOf(r).acting()
	facts := ui.Details{}
	servers := ui.Detail{Label: "Nameservers", Value: ui.Text("As set at the registrar")}
	if len(h.Nameservers) > 0 {
		servers.Value = ui.Mono(strings.Join(h.Nameservers, " "))
	}
	if can.Nameservers && inPerson {
		servers.Action = &ui.Button{Label: "Change", Small: true, Href: h.href("/nameservers")}
	}
	facts.Items = append(facts.Items, servers)
	if can.Lock {
		lock := ui.Detail{Label: "Transfer lock", Value: ui.Text("Off"), Hint: "Nothing keeps it from being moved to another registrar by whoever has its code."}
		if h.transferLocked() {
			lock.Value, lock.Hint = ui.Text("On"), "It can't be moved to another registrar."
		}
		if inPerson {
			label := "Lock"
			if h.transferLocked() {
				label = "Unlock"
			}
			lock.Action = &ui.Button{Label: label, Small: true, Href: h.href("/lock"), Confirm: lockQuestion(h)}
		}
		facts.Items = append(facts.Items, lock)
	}
	if can.AuthCode && inPerson {
		facts.Items = append(facts.Items, ui.Detail{
			Label: "Transfer code", Value: ui.Text("Not shown"), Hint: "Another registrar asks for it when you move the domain there.",
			Action: &ui.Button{Label: "Make a new one", Small: true, Href: h.href("/auth-code")},
		})
	}
	if who := registrantLines(h.Registrant); who != "" {
		facts.Items = append(facts.Items, ui.Detail{Label: "Holder", Value: ui.Text(who), Hint: "As the registry was told. To change it, write to us."})
	}
	return &card{Head: ui.CardHead{Title: "At the registrar"}, Details: &facts}
}

func nameserversForm(h holding, typed string) ui.Form {
	return ui.Form{
		Action: h.href("/nameservers"), Submit: "Change nameservers", Cancel: h.href(""), Back: true, Stacked: true,
		Sections: []ui.FormSection{{Fields: []ui.Field{{
			Kind: ui.InputTextarea, Name: "nameservers", Label: "Nameservers", Value: typed, Rows: 4, Mono: true, Required: true, MaxLength: 2000,
			Hint: "One a line, at least two. What is reached by this domain follows within a day or two; wrong ones make it unreachable. " +
				"One that is part of this domain must be known to the registry already: write to us first.",
		}}}},
	}
}

func (a *area) nameserversPage(w http.ResponseWriter, r *http.Request) error {
	h, err := a.ownDomain(r)
	if err != nil {
		return err
	}
	return a.nameserversView(w, r, http.StatusOK, h, nameserversForm(h, strings.Join(h.Nameservers, "\n")))
}

func (a *area) nameserversView(w http.ResponseWriter, r *http.Request, status int, h holding, f ui.Form) error {
	if !a.atRegistrar(r, h).Nameservers {
		return say(w, r, h.href(""), ui.Warn, "The nameservers can't be changed here at the moment. Write to us.")
	}
	v := sheetView{Page: a.page(w, r, "Nameservers", "domains"), Head: ui.Head{Title: "Nameservers of " + h.name()}, Cards: []card{{Form: &f}}}
	v.Crumbs = domainCrumbs(h, "Nameservers")
	return a.sheet(w, status, v)
}

func (a *area) nameserversSave(w http.ResponseWriter, r *http.Request) error {
	h, err := a.ownDomain(r)
	if err != nil {
		return err
	}
	typed := r.PostFormValue("nameservers")
	servers := strings.Fields(typed)
	if !a.atRegistrar(r, h).Nameservers {
		return say(w, r, h.href(""), ui.Warn, "The nameservers can't be changed here at the moment. Write to us.")
	}
	answer, err := a.act(r, h, dispatch.Act{Nameservers: &servers})
	if err != nil {
		byField, whole, ok := explained(err)
		if !ok {
			return err
		}
		for field, said := range byField { // which standard says so helps no customer
			byField[field] = strings.Replace(said, " that IDNA2008 allows", "", 1)
		}
		return a.nameserversView(w, r, web.FormStatus(w, err), h, ui.WithErrors(nameserversForm(h, typed), byField, whole))
	}
	return a.afterAct(w, r, h, answer, "The nameservers are changed.")
}

// perCustomer bounds what one customer does at registrars: each act is several commands there, among those of renewals.
var perCustomer = limit.Rate{Count: 60, Per: 15 * time.Minute}

const maxCounted = 100_000

func (a *area) act(r *http.Request, h holding, act dispatch.Act) (registrar.Answer, error) {
	if ok, wait := a.acts.Allow(h.CustomerID, a.DB.Wall().Now()); !ok {
		return registrar.Answer{}, fail.Limited("That was much at once. Wait a little and try again.", wait)
	}
	return a.Dispatch.Do(r.Context(), h.ID, act)
}

// afterAct says what came of an act at a registrar. What the registrar says is for staff.
func (a *area) afterAct(w http.ResponseWriter, r *http.Request, h holding, answer registrar.Answer, well string) error {
	switch answer.Class {
	case registrar.Done:
		return done(w, r, h.href(""), well)
	case registrar.Pending:
		return say(w, r, h.href(""), ui.Info, "The registrar was asked. It may take a while until it shows here.")
	case registrar.Unknown:
		return say(w, r, h.href(""), ui.Info, "The registrar has not answered. It is looked up whether it was done, and shows here then. Nothing is repeated by itself.")
	default:
		return say(w, r, h.href(""), ui.Warn, "The registrar did not do it, and everything stays as it is. Write to us if that lasts.")
	}
}

func lockQuestion(h holding) *ui.Confirm {
	q := &ui.Confirm{ID: "lock", Title: "Lock it against transfers?", Text: h.name(), Action: h.href("/lock"), Label: "Lock", Cancel: h.href(""), Tone: ui.Info}
	q.Effects, q.Hidden = []string{"It can't be moved to another registrar until you unlock it."}, []ui.Hidden{{Name: "lock", Value: "yes"}}
	if h.transferLocked() {
		q.Title, q.Label, q.Tone = "Unlock it for transfers?", "Unlock", ui.Danger
		q.Effects, q.Hidden = []string{"Whoever has its transfer code can then move it to another registrar."}, []ui.Hidden{{Name: "lock", Value: "no"}}
	}
	return q
}

func (a *area) lockAsk(w http.ResponseWriter, r *http.Request) error {
	h, err := a.ownDomain(r)
	if err != nil {
		return err
	}
	if !a.atRegistrar(r, h).Lock {
		return say(w, r, h.href(""), ui.Warn, "It can't be locked or unlocked here at the moment. Write to us.")
	}
	return a.confirm(w, a.page(w, r, "Transfer lock", "domains"), *lockQuestion(h))
}

func (a *area) lock(w http.ResponseWriter, r *http.Request) error {
	h, err := a.ownDomain(r)
	if err != nil {
		return err
	}
	want := r.PostFormValue("lock")
	if want != "yes" && want != "no" {
		return fail.Malformed("LOCK", "The form is not complete.")
	}
	if !a.atRegistrar(r, h).Lock {
		return say(w, r, h.href(""), ui.Warn, "It can't be locked or unlocked here at the moment. Write to us.")
	}
	if want == "no" && !a.lately(r) {
		return a.signInAgain(w, r, h)
	}
	locked := want == "yes"
	answer, err := a.act(r, h, dispatch.Act{Lock: &locked})
	if err != nil {
		if _, whole, ok := explained(err); ok {
			return say(w, r, h.href(""), ui.Warn, whole)
		}
		return err
	}
	if locked {
		return a.afterAct(w, r, h, answer, "It is locked against transfers.")
	}
	return a.afterAct(w, r, h, answer, "It is unlocked.")
}

// latelyFor is for how long after signing in a domain can be let go to another registrar.
const latelyFor = time.Hour

// lately reports whether the visitor has signed in not long ago.
func (a *area) lately(r *http.Request) bool {
	return a.DB.Wall().Now().Sub(visitorOf(r).session.CreatedAt) < latelyFor
}

// signInAgain asks for that.
func (a *area) signInAgain(w http.ResponseWriter, r *http.Request, h holding) error {
	return say(w, r, h.href(""), ui.Warn, "For this you must have signed in within the last hour. Sign out, sign in again, and repeat it.")
}

func (a *area) authCodeAsk(w http.ResponseWriter, r *http.Request) error {
	h, err := a.ownDomain(r)
	if err != nil {
		return err
	}
	if !a.atRegistrar(r, h).AuthCode {
		return say(w, r, h.href(""), ui.Warn, "There is no transfer code here at the moment. Write to us.")
	}
	return a.confirm(w, a.page(w, r, "Transfer code", "domains"), ui.Confirm{
		ID: "auth-code", Title: "Make a new transfer code?", Text: h.name(), Action: h.href("/auth-code"), Label: "Make it", Cancel: h.href(""), Tone: ui.Info,
		Effects: []string{"The code is shown once. Whoever has it can ask another registrar to take the domain over, unless it is locked.", "A code that was made before is no longer valid."},
	})
}

// authCode makes a new code and shows it on this page only.
func (a *area) authCode(w http.ResponseWriter, r *http.Request) error {
	h, err := a.ownDomain(r)
	if err != nil {
		return err
	}
	if !a.atRegistrar(r, h).AuthCode {
		return say(w, r, h.href(""), ui.Warn, "There is no transfer code here at the moment. Write to us.")
	}
	if !a.lately(r) {
		return a.signInAgain(w, r, h)
	}
	answer, err := a.act(r, h, dispatch.Act{AuthCode: true})
	if err != nil {
		if _, whole, ok := explained(err); ok {
			return say(w, r, h.href(""), ui.Warn, whole)
		}
		return err
	}
	if answer.AuthCode == "" {
		return a.afterAct(w, r, h, answer, "The registrar sends the code to the holder.")
	}
	shown := "It is shown this once. Keep it safe, and give it to the new registrar alone."
	if answer.Class == registrar.Pending {
		shown += " It may take a while until the registrar has set it."
	}
	v := sheetView{Page: a.page(w, r, "Transfer code", "domains"), Head: ui.Head{Title: "Transfer code of " + h.name(), Sub: shown}}
	v.Crumbs = domainCrumbs(h, "Transfer code")
	v.Cards = []card{{Key: &ui.Key{Value: answer.AuthCode, Large: true}, Buttons: []ui.Button{{Label: "To the domain", Href: h.href("")}}}}
	return a.sheet(w, http.StatusOK, v)
}
