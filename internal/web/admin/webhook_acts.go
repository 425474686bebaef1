package admin

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/keystead/keystead/internal/web/ui"
	"github.com/keystead/keystead/internal/webhook"
)

func (a *area) webhookEnable(w http.ResponseWriter, r *http.Request) error {
	e, err := a.Webhooks.Enable(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return done(w, r, webhooksAt+"/"+e.ID, "The endpoint is told again.")
}

// waitingFor says in numbers what waits for an endpoint and fails if it does not get it; empty: nothing does.
func (a *area) waitingFor(r *http.Request, id string) ([]string, error) {
	found, next, err := a.Webhooks.Deliveries(r.Context(), webhook.DeliveryFilter{EndpointID: id, State: webhook.Pending, Limit: 200})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	if next != "" {
		return []string{"More than " + strconv.Itoa(len(found)) + " deliveries that wait for it fail."}, nil
	}
	return []string{many(len(found), "delivery that waits for it fails.", "deliveries that wait for it fail.")}, nil
}

// webhookAsks asks about the endpoint that an address names.
func (a *area) webhookAsks(question func(webhook.Endpoint, []string) *ui.Confirm) func(*http.Request) (*ui.Confirm, error) {
	return func(r *http.Request) (*ui.Confirm, error) {
		e, err := a.Webhooks.ByID(r.Context(), r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		waiting, err := a.waitingFor(r, e.ID)
		if err != nil {
			return nil, err
		}
		return question(e, waiting), nil
	}
}

func webhookDisableQuestion(e webhook.Endpoint, waiting []string) *ui.Confirm {
	at := webhooksAt + "/" + e.ID
	return &ui.Confirm{
		ID: "disable", Title: "Disable this endpoint?", Text: ui.Clip(e.URL, 200),
		Effects: slices.Concat(waiting, []string{"It is told nothing of what happens until it is enabled again, neither then nor later."}),
		Action:  at + "/disable", Label: "Disable", Cancel: at,
	}
}

func (a *area) webhookDisable(r *http.Request) (to, text string, err error) {
	id := r.PathValue("id")
	_, err = a.Webhooks.Disable(r.Context(), id)
	return webhooksAt + "/" + id, "The endpoint is told nothing any more.", err
}

func webhookDeleteQuestion(e webhook.Endpoint, waiting []string) *ui.Confirm {
	at := webhooksAt + "/" + e.ID
	return &ui.Confirm{
		ID: "delete", Title: "Delete this endpoint?", Text: ui.Clip(e.URL, 200),
		Effects: slices.Concat(waiting, []string{"It is told nothing any more, and its secret is forgotten.", "The log of what it was sent stays.", "It can't be taken back."}),
		Action:  at + "/delete", Label: "Delete", Cancel: at,
	}
}

func (a *area) webhookDelete(r *http.Request) (to, text string, err error) {
	return webhooksAt, "The endpoint was deleted.", a.Webhooks.Delete(r.Context(), r.PathValue("id"))
}

// overlap is for how long the secret before the last one signs as well.
const overlap = 24 * time.Hour

func webhookRotateQuestion(e webhook.Endpoint, _ []string) *ui.Confirm {
	at := webhooksAt + "/" + e.ID
	return &ui.Confirm{
		ID: "rotate", Title: "Make a new secret?", Text: ui.Clip(e.URL, 200),
		Effects: []string{"The new one is shown once.", "For 24 hours requests are signed by both. Then the receiver must know the new one."}, Tone: ui.Info,
		Action: at + "/rotate", Label: "Make it", Cancel: at,
	}
}

func (a *area) webhookRotate(w http.ResponseWriter, r *http.Request) error {
	e, secret, err := a.Webhooks.Rotate(r.Context(), r.PathValue("id"), overlap)
	if err != nil {
		return err
	}
	return a.webhookSecret(w, r, e, secret, "The new secret")
}
