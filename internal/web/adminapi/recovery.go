package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/recovery"
)

// Recovery is how the recovery of a store stands.
type Recovery struct {
	InRecovery bool             `json:"in_recovery" doc:"Nothing leaves the store until somebody confirms"`
	RestoredAt *time.Time       `json:"restored_at"`
	TakenAt    *time.Time       `json:"taken_at" doc:"The instant of the backup"`
	Waiting    *RecoveryWaiting `json:"waiting"`
}

// RecoveryWaiting is how much waits to leave the store.
type RecoveryWaiting struct {
	Mails      int64 `json:"mails"`
	Webhooks   int64 `json:"webhooks"`
	Charges    int64 `json:"charges" doc:"That are due"`
	Unanswered int64 `json:"unanswered_charges" doc:"Of which the store does not know what became; the gateways are asked before anything goes on"`
	Refunds    int64 `json:"refunds"`
	Jobs       int64 `json:"jobs" doc:"Other work that is due"`
}

// RecoveryConfirmed is what confirming a recovery did.
type RecoveryConfirmed struct {
	RestoredAt  time.Time `json:"restored_at"`
	TakenAt     time.Time `json:"taken_at"`
	ConfirmedAt time.Time `json:"confirmed_at"`
	Settled     int       `json:"settled_charges" doc:"Whose outcome the gateways told"`
	Unanswered  int       `json:"unanswered_charges" doc:"About which a gateway gave no answer; it is asked again before anything else is charged"`
}

func (a *API) recovery() {
	const tag = "Automation"
	add(a, route{Method: http.MethodGet, Path: "/recovery", Scope: "settings:read", Tag: tag, Summary: "Show whether the store is in recovery", Notes: "A store that was restored from a backup sends no mail and no webhook, charges and refunds nothing, and runs nothing that is due, until somebody confirms that it is the only one. Licenses are checked, pages are read, and what gateways tell is taken in."},
		func(ctx context.Context, _ *struct{}) (Recovery, error) {
			is, err := a.Recovery.State(ctx)
			return showRecovery(is), err
		})
	add(a, route{Method: http.MethodPost, Path: "/recovery/confirm", Scope: "settings:write", Tag: tag, Summary: "Let a restored store go on", Notes: "First the gateways are asked about every charge whose outcome the store does not know. See that no server still serves the original.", Repeat: after, Long: true, Codes: []string{"NOT_IN_RECOVERY"}},
		func(ctx context.Context, _ *struct{}) (RecoveryConfirmed, error) {
			c, err := a.Recovery.Confirm(ctx)
			return RecoveryConfirmed{c.RestoredAt, c.TakenAt, c.ConfirmedAt, c.Settled, c.Silent}, err
		})
}

func showRecovery(is recovery.State) Recovery {
	if is.Since == nil {
		return Recovery{}
	}
	w := RecoveryWaiting(is.Waiting)
	return Recovery{InRecovery: true, RestoredAt: utc(&is.Since.RestoredAt), TakenAt: utc(&is.Since.TakenAt), Waiting: &w}
}
