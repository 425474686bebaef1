package admin

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/recovery"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

// recoveryBanner says on every page that the store is held back, and what waits; nil: it is not. A page that can't tell
// says nothing.
func (a *area) recoveryBanner(ctx context.Context, p ui.Page, role staff.Role) *ui.Recovery {
	is, err := a.Recovery.State(ctx)
	if err != nil || is.Since == nil {
		return nil
	}
	b := &ui.Recovery{Text: fmt.Sprintf("It is as of %s, and nothing leaves it. %s", is.Since.TakenAt.In(p.Location()).Format("2 January 2006, 15:04"), held(is.Waiting))}
	if role.Can(staff.SettingsWrite) {
		b.ConfirmURL = "/admin/recovery/confirm"
	}
	return b
}

// held says in one sentence what waits.
func held(w recovery.Waiting) string {
	var parts []string
	for _, part := range []struct {
		n         int64
		one, more string
	}{
		{w.Mails, "mail", "mails"}, {w.Webhooks, "webhook", "webhooks"}, {w.Charges + w.Unanswered, "charge", "charges"}, {w.Refunds, "refund", "refunds"},
	} {
		if part.n > 0 {
			parts = append(parts, many(int(part.n), part.one, part.more))
		}
	}
	switch n := len(parts); n {
	case 0:
		return "No mail, webhook or charge waits."
	case 1:
		return "Waiting: " + parts[0] + "."
	default:
		return "Waiting: " + strings.Join(parts[:n-1], ", ") + " and " + parts[n-1] + "."
	}
}

func (a *area) recoveryQuestion(r *http.Request) (*ui.Confirm, error) {
	is, err := a.Recovery.State(r.Context())
	if err != nil {
		return nil, err
	}
	if is.Since == nil {
		return nil, fail.Conflict("NOT_IN_RECOVERY", "The store is not in recovery: nothing is held back.")
	}
	return &ui.Confirm{
		ID: "recovery", Title: "Let the restored store go on?", Text: "See first that no server still serves the original: two stores would send every mail and give every invoice number twice.",
		Effects: []string{
			held(is.Waiting) + " Mails and webhooks of before the backup may have been sent by the original; those that should not go out again can be taken out of the queue first.",
			"The payment gateways are asked about every charge whose outcome the store does not know, and later before each charge whether they know it already.",
			"Then everything goes on, and what has fallen due since is done at once.",
		},
		Action: "/admin/recovery/confirm", Label: "Let it go on", Cancel: "/admin",
	}, nil
}

func (a *area) recoveryConfirm(r *http.Request) (to, text string, err error) {
	done, err := a.Recovery.Confirm(r.Context())
	switch {
	case err != nil:
		return "", "", err
	case done.Silent > 0:
		return "/admin", fmt.Sprintf("The store goes on. Gateways gave no answer about %d charges, and are asked again.", done.Silent), nil
	default:
		return "/admin", "The store goes on.", nil
	}
}
