package admin

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/web/ui"
)

// deleteQuestion asks whether a domain shall be deleted at its registry. Its name has to be typed.
func (a *area) deleteQuestion(r *http.Request) (*ui.Confirm, error) {
	h, err := a.standing(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	policies, err := a.Domains.Policies(r.Context(), h.Extension)
	if err != nil {
		return nil, err
	}
	p, _ := policies.At(h.Extension, h.today)
	name := h.Name.Unicode()
	q := &ui.Confirm{
		ID: "delete", Title: "Delete " + name + " at its registry?", Label: "Delete at the registry", Action: domainPath(r) + "/delete", Cancel: domainPath(r),
		Text:    "Websites and mail under this name stop working at once.",
		Effects: []string{"It is renewed by itself no more, and what is unpaid of its renewal is withdrawn.", "The customer is told by mail."},
		Fields: []ui.Field{
			{Name: "name", Label: "The name, to be sure", Required: true, Mono: true, MaxLength: 253, Value: r.PostFormValue("name"), Hint: "Type " + name},
			why("It stands in the audit log."),
		},
		Hidden: []ui.Hidden{{Name: "version", Value: strconv.FormatInt(h.Version, 10)}},
	}
	if p.RedemptionDays > 0 {
		q.Effects = append(q.Effects, "It can be restored for "+many(p.RedemptionDays, "day", "days")+", for a fee. Some registries keep nothing of a name that is a few days old.")
	} else {
		q.Effects = append(q.Effects, "It can't be restored: whoever registers it first has it.")
	}
	if until, ok := h.Undo(p); ok {
		q.Effects = append(q.Effects, "The registry returns the fee of the year that it has added until "+until.Format("2 Jan 2006, 15:04")+" UTC.")
	}
	if h.Status() == domainname.Active && !h.PaidThrough.IsZero() && h.today.Before(h.PaidThrough) {
		q.Effects = append(q.Effects, "The customer has paid through "+dateText(h.PaidThrough)+". Nothing is refunded by itself.")
	}
	return q, nil
}

func (a *area) delete(r *http.Request) (to, text string, err error) {
	version, err := editedVersion(r)
	if err != nil {
		return "", "", err
	}
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	answer, err := a.Dispatch.Delete(r.Context(), r.PathValue("id"), dispatch.Deletion{Name: strings.TrimSpace(r.PostFormValue("name")), Version: version, Reason: reason})
	if err != nil {
		return "", "", err
	}
	if answer.Class == registrar.Unknown {
		return domainPath(r), "The registry has not answered. It is asked whether it is done; nothing is sent again.", nil
	}
	d, err := a.Domains.ByID(r.Context(), r.PathValue("id"))
	return domainPath(r), yesNo(d.DeletedAt != nil, "The registry has deleted it.", "The registrar has taken it on. The page says when it is done."), err
}
