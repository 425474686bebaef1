package admin

import (
	"context"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

func domainPath(r *http.Request) string { return domainsAt + "/" + r.PathValue("id") }

// domainSync reads one domain now.
func (a *area) domainSync(w http.ResponseWriter, r *http.Request) error {
	f, err := a.Watch.Sync(r.Context(), r.PathValue("id"))
	if err != nil {
		e := fail.Of(err)
		if e.Kind == fail.KindNotFound || e.Kind == fail.KindInternal {
			return err
		}
		return say(w, r, domainPath(r), ui.Warn, "It could not be read: "+e.Detail)
	}
	tone, text := ui.Success, findingText(f.Finding)+"."
	if f.Stored != "" && f.Read != "" && f.Stored != f.Read {
		text += " Stored was " + f.Stored + ", read was " + f.Read + "."
	}
	if f.Finding != "" && !f.Applied {
		tone = ui.Warn
	}
	return say(w, r, domainPath(r), tone, text)
}

var errNothingHeld = fail.Conflict("NOTHING_HELD", "No date of the registry waits for a decision.")

func (a *area) adoptQuestion(r *http.Request) (*ui.Confirm, error) {
	h, err := a.standing(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	f, ok := h.heldFinding()
	if !ok {
		return nil, errNothingHeld
	}
	return &ui.Confirm{
		ID: "adopt", Title: "Adopt the registry's date of " + h.Name.Unicode() + "?", Text: "Stored is " + f.Stored + ", read was " + f.Read + ". Windows, notices and fees count from it then.",
		Fields: []ui.Field{
			{Kind: ui.InputRadio, Name: "paid", Label: "Paid-through", Required: true, Options: []ui.Option{
				{Value: "leave", Label: yesNo(h.PaidThrough.IsZero(), "Leave it", "Leave it at "+dateText(h.PaidThrough)), Hint: "The customer has paid for no more than that."},
				{Value: "move", Label: "Move it to the registry's date", Hint: "What was paid for is that term."},
			}},
			why("It stands in the history of the domain."),
		},
		Tone: ui.Info, Action: domainPath(r) + "/adopt", Label: "Adopt", Cancel: domainPath(r),
	}, nil
}

// chosenOf reads a radio group that has no silent default.
func chosenOf(r *http.Request, name string, values ...string) (string, error) {
	got := r.PostFormValue(name)
	for _, v := range values {
		if got == v {
			return got, nil
		}
	}
	return "", fail.Invalid(name, "must be chosen")
}

func (a *area) adopt(r *http.Request) (to, text string, err error) {
	paid, err := chosenOf(r, "paid", "leave", "move")
	if err != nil {
		return "", "", err
	}
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	d, err := a.Watch.Adopt(r.Context(), r.PathValue("id"), paid == "move", reason)
	return domainPath(r), "The registry's date is " + dateText(d.Expiry.Date()) + " now.", err
}

func (a *area) autoRenewQuestion(r *http.Request) (*ui.Confirm, error) {
	ctx := r.Context()
	h, err := a.standing(ctx, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	on, name := h.DoNotRenew, h.Name.Unicode()
	effects, err := a.foresee(ctx, h.CustomerID, func(ctx context.Context) error {
		_, err := a.Renewals.SetAutoRenew(ctx, h.ID, on, "a look at what would happen")
		return err
	}, nil)
	if err != nil {
		return nil, err
	}
	q := &ui.Confirm{
		ID: "auto-renew", Fields: []ui.Field{why("The customer sees that it was changed; the reason stands in the audit log.")},
		Hidden: []ui.Hidden{{Name: "on", Value: yesNo(on, "1", "0")}}, Action: domainPath(r) + "/auto-renew", Cancel: domainPath(r), Effects: effects,
	}
	if on {
		q.Title, q.Label, q.Tone = "Turn auto renew of "+name+" on?", "Turn on", ui.Info
		q.Text = "Its renewals are invoiced again before they fall due. Nothing is renewed without payment."
		return q, nil
	}
	q.Title, q.Label = "Turn auto renew of "+name+" off?", "Turn off"
	q.Text = "“Do not renew”: no invoice is made for it any more. It runs out on " + dateText(h.Standing.Window.End) + " unless somebody renews it on demand."
	return q, nil
}

func (a *area) autoRenew(r *http.Request) (to, text string, err error) {
	choice, err := chosenOf(r, "on", "0", "1")
	if err != nil {
		return "", "", err
	}
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	d, err := a.Renewals.SetAutoRenew(r.Context(), r.PathValue("id"), choice == "1", reason)
	return domainPath(r), yesNo(d.DoNotRenew, "It is not renewed by itself any more.", "It is invoiced by itself again."), err
}

// renewalAt is the renewal that an address names, with its domain.
func (a *area) renewalAt(r *http.Request) (domainname.Row, domainname.Renewal, error) {
	d, err := a.Domains.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return d, domainname.Renewal{}, err
	}
	n, err := a.Domains.RenewalByID(r.Context(), r.PathValue("renewal"))
	if err == nil && n.DomainID != d.ID {
		err = errNoPage
	}
	return d, n, err
}

func (a *area) releaseRenewalQuestion(r *http.Request) (*ui.Confirm, error) {
	d, n, err := a.renewalAt(r)
	if err != nil {
		return nil, err
	}
	q := &ui.Confirm{
		ID: "release", Title: "Try again to renew " + d.Name.Unicode() + "?", Text: renewalText(n), Label: "Try again", Tone: ui.Info,
		Effects: []string{"The registry is read first. If the " + yearsText(n.Years) + " are there already, nothing is sent.", "Otherwise a command for what is missing is sent, with a new transaction id."},
		Fields:  []ui.Field{why("It stands in the history of the domain.")}, Action: domainPath(r) + "/renewals/" + n.ID + "/release", Cancel: domainPath(r),
	}
	if n.Hold == domainname.HeldStaff {
		q.Title, q.Label = "Renew "+d.Name.Unicode()+" now?", "Renew now"
	}
	return q, nil
}

func (a *area) releaseRenewal(r *http.Request) (to, text string, err error) {
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	if _, _, err := a.renewalAt(r); err != nil {
		return "", "", err
	}
	_, err = a.Renewals.Release(r.Context(), r.PathValue("renewal"), reason)
	return domainPath(r), "The renewal goes on; the page says when the registry has confirmed it.", err
}

func (a *area) acceptPriceQuestion(r *http.Request) (*ui.Confirm, error) {
	d, n, err := a.renewalAt(r)
	if err != nil {
		return nil, err
	}
	asked, known, err := a.Renewals.AskedPrice(r.Context(), n)
	if err != nil {
		return nil, err
	}
	q := &ui.Confirm{
		ID: "accept-price", Title: "Accept the registry's price of " + d.Name.Unicode() + "?", Text: "In the customer's name, who has paid " + n.Price.Format("en") + ".",
		Effects: []string{"It is not known what the registry asks for: nothing can be accepted."},
		Tone:    ui.Info, Label: "Accept the price", Action: domainPath(r) + "/renewals/" + n.ID + "/accept-price", Cancel: domainPath(r),
	}
	switch {
	case !known:
	case asked.Missing.Amount > 0:
		q.Effects = []string{
			"The registry asks for " + asked.Price.Format("en") + ".", "An invoice of the difference is issued to the customer: " + asked.Missing.Format("en") + ", before tax.",
			"The renewal is sent when that is paid.",
		}
	default:
		q.Effects = []string{"The registry asks for " + asked.Price.Format("en") + ", which is paid. The renewal is sent now."}
	}
	if known {
		q.Hidden = []ui.Hidden{{Name: "price", Value: asked.Price.Decimal()}}
	}
	return q, nil
}

// acceptPrice accepts the price that the question has named.
func (a *area) acceptPrice(r *http.Request) (to, text string, err error) {
	_, n, err := a.renewalAt(r)
	if err != nil {
		return "", "", err
	}
	shown, err := money.ParseDecimal(r.PostFormValue("price"), n.Price.Currency)
	if err != nil {
		return "", "", fail.Conflict("NO_PRICE_TO_ACCEPT", "No price was shown that could be accepted.")
	}
	id, err := a.Renewals.AcceptPrice(r.Context(), n.ID, shown)
	if id == "" {
		return domainPath(r), "The price is accepted.", err
	}
	return "/admin/invoices/" + id, "The price is accepted. This is the invoice of the difference.", err
}

func (a *area) answerQuestion(r *http.Request) (*ui.Confirm, error) {
	h, err := a.standing(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return &ui.Confirm{
		ID: "answer", Title: "What becomes of the unpaid term of " + h.Name.Unicode() + "?",
		Text:   "The registry says " + dateText(h.Expiry.Date()) + ", paid is through " + dateText(h.PaidThrough) + ".",
		Fields: []ui.Field{{Kind: ui.InputRadio, Name: "answer", Label: "What becomes of it", Required: true, Options: answerWords}, why("It stands in the history of the domain.")},
		Tone:   ui.Info, Action: domainPath(r) + "/answer", Label: "Answer", Cancel: domainPath(r),
	}, nil
}

func (a *area) answerUnpaid(r *http.Request) (to, text string, err error) {
	values := make([]string, len(answerWords))
	for i, o := range answerWords {
		values[i] = o.Value
	}
	answer, err := chosenOf(r, "answer", values...)
	if err != nil {
		return "", "", err
	}
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	return domainPath(r), "Decided.", a.Renewals.Answer(r.Context(), r.PathValue("id"), answer, reason)
}

// byHandForm is where staff say that they did what a registrar without an interface was asked for.
func (a *area) byHandPage(w http.ResponseWriter, r *http.Request, status int, in dispatch.ByHand, outcome string, bad map[string]string, whole string) error {
	h, err := a.standing(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if h.commands, err = a.Dispatch.Commands(r.Context(), h.ID, 1); err != nil {
		return err
	}
	name := h.Name.Unicode()
	v := formView{Page: a.page(r, "Done by hand", "domains"), Head: ui.Head{Title: "Done by hand: " + name, Sub: "What was asked of “" + h.Registrar + "”, and what came of it."}}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: name, Href: domainPath(r)}, {Label: "Done by hand"}}
	if h.Open != nil {
		v.Callouts = []ui.Callout{{Tone: ui.Info, Title: "Renew for " + yearsText(h.Open.Years) + ", to " + dateText(h.Open.Expected), Text: h.renewalText(*h.Open)}}
	}
	if h.deleting() {
		v.Callouts = []ui.Callout{{Tone: ui.Info, Title: "Delete it", Text: "It is given up. Say that it was deleted, or why it can't be."}}
	}
	read := []ui.Field{
		{Name: "expiry", Label: "New expiry", Value: in.Expiry, Optional: true, Mono: true, MaxLength: 64, Hint: "As it was read, such as 2028-03-10 or 2028-03-10T10:00:00Z"},
		{Name: "reference", Label: "Reference", Value: in.Reference, Optional: true, MaxLength: 255, Hint: "The registrar's own, as evidence"},
	}
	if h.arriving() {
		read = append(read, ui.Field{Kind: ui.InputCheckbox, Name: "sure", Label: "The registry says so, though it is over or not what was bought", Checked: in.Sure})
	}
	well := ui.Option{Value: "done", Label: "It was done", Hint: "The new expiry, as the registry says it, is needed below."}
	if h.deleting() {
		well, read = ui.Option{Value: "deleted", Label: "It was deleted"}, read[1:]
	}
	outcomes := []ui.Option{well, {Value: "refused", Label: "It can't be done", Hint: "What was paid is not lost: the page says what becomes of it."}}
	v.Form = ui.WithErrors(ui.Form{Action: domainPath(r) + "/by-hand", Submit: "Save", Cancel: domainPath(r), Sections: []ui.FormSection{
		{Title: "What came of it", Fields: []ui.Field{{Kind: ui.InputRadio, Name: "outcome", Label: "Outcome", Value: outcome, Required: true, Options: outcomes}}},
		{Title: well.Label, Fields: read},
		{Title: "It can't be done", Fields: []ui.Field{{Name: "refused", Label: "Why not", Value: in.Refused, Optional: true, MaxLength: 255}}},
	}}, bad, whole)
	return a.form(w, status, v)
}

func (a *area) byHandNew(w http.ResponseWriter, r *http.Request) error {
	return a.byHandPage(w, r, http.StatusOK, dispatch.ByHand{}, "", nil, "")
}

func (a *area) byHand(w http.ResponseWriter, r *http.Request) error {
	f := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	in, outcome := dispatch.ByHand{Expiry: f("expiry"), Reference: f("reference"), Refused: f("refused"), Sure: f("sure") != ""}, f("outcome")
	bad := map[string]string{}
	sent := in
	switch outcome {
	case "done":
		sent.Refused = ""
	case "deleted":
		sent = dispatch.ByHand{Deleted: true, Reference: in.Reference}
	case "refused":
		sent.Expiry = ""
		if in.Refused == "" {
			bad["refused"] = "is required"
		}
	default:
		bad["outcome"] = "must be chosen"
	}
	whole := ""
	if len(bad) == 0 {
		err := a.Dispatch.ByHand(r.Context(), r.PathValue("id"), sent)
		if err == nil {
			return done(w, r, domainPath(r), "Noted.")
		}
		var ok bool
		if bad, whole, ok = fieldErrors(err); !ok {
			return err
		}
	}
	return a.byHandPage(w, r, http.StatusUnprocessableEntity, in, outcome, bad, whole)
}
