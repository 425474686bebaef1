package adminapi

import (
	"context"
	"maps"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar/account"
)

// Registrar is an account through which registries are reached.
type Registrar struct {
	ID        string            `json:"id" example:"rgr_01hx2b6yh4m3nq0r8s5t"`
	Name      string            `json:"name" example:"simulator"`
	Adapter   string            `json:"adapter" example:"epp"`
	Settings  map[string]string `json:"settings" doc:"Of the adapter, without secrets"`
	HasSecret bool              `json:"has_secret"`
	SyncMode  string            `json:"sync_mode" enum:"on,notify,off" doc:"What reading its registries may change"`
	Archived  bool              `json:"archived"`
	StoppedAt *time.Time        `json:"stopped_at" doc:"Since when sync is stopped because too many answers were bad"`
	Balance   *Money            `json:"balance" doc:"Of the account, as it was read last"`
	BalanceAt *time.Time        `json:"balance_read_at"`
	Version   int64             `json:"version" example:"1"`
	CreatedAt time.Time         `json:"created_at"`
}

func showRegistrar(r account.Account) Registrar {
	shown := Registrar{
		ID: r.ID, Name: r.Name, Adapter: r.Adapter, Settings: map[string]string{}, HasSecret: r.HasSecret, SyncMode: string(r.SyncMode), Archived: r.Archived,
		StoppedAt: utc(r.StoppedAt), BalanceAt: utc(r.BalanceAt), Version: r.Version, CreatedAt: r.CreatedAt.UTC(),
	}
	for name, value := range r.Settings {
		shown.Settings[name] = value
	}
	if r.BalanceAt != nil {
		balance := moneyOf(r.Balance)
		shown.Balance = &balance
	}
	return shown
}

// NewRegistrar is the body of POST /registrars.
type NewRegistrar struct {
	Name     string            `json:"name" maxLength:"255" example:"registry"`
	Adapter  string            `json:"adapter" maxLength:"64" example:"epp"`
	Settings map[string]string `json:"settings,omitempty" doc:"Of the adapter"`
	Secret   string            `json:"secret,omitempty" maxLength:"10000" doc:"It is stored encrypted, and never shown"`
	SyncMode string            `json:"sync_mode,omitempty" enum:"on,notify,off" doc:"Default: on"`
}

// RegistrarPatch is the body of PATCH /registrars/{id}.
type RegistrarPatch struct {
	Name     *string            `json:"name,omitempty" maxLength:"255"`
	Settings *map[string]string `json:"settings,omitempty" doc:"Those that change; an empty one is taken away. Those that are left out stay"`
	Secret   *string            `json:"secret,omitempty" maxLength:"10000" doc:"Left out: it keeps the one that it has"`
	SyncMode *string            `json:"sync_mode,omitempty" enum:"on,notify,off"`
	Archived *bool              `json:"archived,omitempty"`
	Version  int64              `json:"version,omitempty" minimum:"1" maximum:"9007199254740991" doc:"That the change was made from: it is refused if there is another by now"`
}

// RegistrarTest is what trying a registrar has told.
type RegistrarTest struct {
	Reached bool    `json:"reached"`
	Message *string `json:"message" doc:"Why not"`
}

// RegistrarFunds is what an account holds against what it will have to pay.
type RegistrarFunds struct {
	Balance     *Money     `json:"balance" doc:"Null: the registrar tells none"`
	ReadAt      *time.Time `json:"read_at"`
	CoversUntil *string    `json:"covers_until" doc:"A date: the last day whose renewals are covered. Null: not even what is paid today"`
	CoversAll   bool       `json:"covers_all" doc:"Everything within the next 60 days is"`
	Needed      *Money     `json:"needed" doc:"What that costs, as far as costs are known"`
	Unpriced    int        `json:"unpriced" doc:"Commands whose cost is not known"`
	Refused     int        `json:"refused" doc:"Commands that customers have paid for, and that were refused for lack of money"`
	LowSince    *string    `json:"low_since" doc:"A date: since when it covers less than domains.funds_alert_days, or something was refused"`
}

// RegistrarFrame is a message that went to a registrar or came from one, without secrets.
type RegistrarFrame struct {
	ID          string    `json:"id" example:"frm_01hx2b6yh4m3nq0r8s5t"`
	Session     int64     `json:"session"`
	Sent        bool      `json:"sent"`
	Command     string    `json:"command" example:"renew"`
	Transaction *string   `json:"transaction_id"`
	Body        string    `json:"body"`
	CreatedAt   time.Time `json:"created_at"`
}

func showFrame(f account.Frame) RegistrarFrame {
	return RegistrarFrame{
		ID: f.ID, Session: f.Session, Sent: f.Sent, Command: f.Command, Transaction: orNull(f.Transaction), Body: f.Body, CreatedAt: f.At.UTC(),
	}
}

func showFunds(f account.Funds) RegistrarFunds {
	if !f.Known {
		return RegistrarFunds{Refused: f.Refused}
	}
	balance, needed := moneyOf(f.Balance), moneyOf(f.Needed)
	return RegistrarFunds{
		Balance: &balance, ReadAt: orNever(f.ReadAt), CoversUntil: showDate(f.Until), CoversAll: f.All, Needed: &needed, Unpriced: f.Unpriced, Refused: f.Refused, LowSince: showDate(f.LowSince),
	}
}

const codeNoRegistrar = "REGISTRAR_NOT_FOUND"

func (a *API) registrars() {
	const tag = "Registrars"
	add(a, route{Method: http.MethodGet, Path: "/registrars", Scope: "domains:read", Tag: tag, Summary: "List registrars", Notes: "All on one page."},
		func(ctx context.Context, _ *struct{}) (List[Registrar], error) {
			all, err := a.Registrars.List(ctx)
			return listOf(all, "", showRegistrar), err
		})
	add(a, route{Method: http.MethodPost, Path: "/registrars", Scope: "settings:write", Tag: tag, Summary: "Add a registrar", Status: http.StatusCreated},
		func(ctx context.Context, in *struct{ Body NewRegistrar }) (Registrar, error) {
			input := account.Input{Name: in.Body.Name, Adapter: in.Body.Adapter, Settings: in.Body.Settings, Secret: in.Body.Secret, SyncMode: account.SyncMode(in.Body.SyncMode)}
			if input.SyncMode == "" {
				input.SyncMode = account.SyncOn
			}
			r, err := a.Registrars.Create(ctx, input)
			return showRegistrar(r), err
		})
	add(a, route{Method: http.MethodGet, Path: "/registrars/{id}", Scope: "domains:read", Tag: tag, Summary: "Show a registrar", Codes: []string{codeNoRegistrar}},
		func(ctx context.Context, in *ByID) (Registrar, error) {
			r, err := a.Registrars.ByID(ctx, in.ID)
			return showRegistrar(r), err
		})
	add(a, route{Method: http.MethodPatch, Path: "/registrars/{id}", Scope: "settings:write", Tag: tag, Summary: "Change a registrar", Codes: []string{codeNoRegistrar, codeChanged}},
		a.patchRegistrar)
	add(a, route{
		Method: http.MethodPost, Path: "/registrars/{id}/test", Scope: "domains:write", Tag: tag, Summary: "Try to reach a registrar", Status: http.StatusOK, Repeat: after, Long: true,
		Notes: "With what is stored of it. Nothing is changed.", Codes: []string{codeNoRegistrar},
	}, func(ctx context.Context, in *ByID) (RegistrarTest, error) {
		err := a.Registrars.Test(ctx, in.ID)
		if e := fail.Of(err); e != nil && e.Code == "REGISTRAR_UNREACHABLE" {
			return RegistrarTest{Message: orNull(e.Detail)}, nil // it is what the answer tells
		}
		return RegistrarTest{Reached: err == nil}, err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/registrars/{id}/balance", Scope: "domains:write", Tag: tag, Summary: "Read the balance of a registrar now", Status: http.StatusOK, Repeat: after, Long: true,
		Notes: "And say until when it covers what customers have paid and what falls due.", Codes: []string{codeNoRegistrar, "REGISTRAR_UNREACHABLE", "REGISTRAR_OFFLINE"},
	}, func(ctx context.Context, in *ByID) (RegistrarFunds, error) {
		f, err := a.Registrars.ReadBalance(ctx, in.ID)
		return showFunds(f), err
	})
	add(a, route{
		Method: http.MethodGet, Path: "/registrars/{id}/frames", Scope: "domains:read", Tag: tag, Summary: "List what went to a registrar and came from it",
		Notes: "Newest first, secrets masked, kept for 400 days.", Codes: []string{codeNoRegistrar},
	}, func(ctx context.Context, in *struct {
		ByID
		Paging
		Transaction string `query:"transaction_id" maxLength:"64" doc:"Of this one alone, oldest first"`
	},
	) (List[RegistrarFrame], error) {
		if _, err := a.Registrars.ByID(ctx, in.ID); err != nil {
			return List[RegistrarFrame]{}, err
		}
		if in.Transaction != "" {
			all, err := a.Registrars.FramesOf(ctx, in.Transaction)
			return listOf(all, "", showFrame), err
		}
		all, next, err := a.Registrars.LastFrames(ctx, in.ID, in.Cursor, in.Limit)
		return listOf(all, next, showFrame), err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/registrars/{id}/restart", Scope: "domains:write", Tag: tag, Summary: "Let the sync of a registrar run again", Status: http.StatusOK,
		Notes: "After it was stopped because too many answers were bad.", Codes: []string{codeNoRegistrar, "SYNC_RUNS"},
	}, func(ctx context.Context, in *struct {
		ByID
		Body Why
	},
	) (Registrar, error) {
		if err := a.Registrars.Restart(ctx, in.ID, in.Body.Reason); err != nil {
			return Registrar{}, err
		}
		r, err := a.Registrars.ByID(ctx, in.ID)
		return showRegistrar(r), err
	})
}

func (a *API) patchRegistrar(ctx context.Context, in *struct {
	ByID
	Body RegistrarPatch
},
) (Registrar, error) {
	before, err := a.Registrars.ByID(ctx, in.ID)
	if err != nil {
		return Registrar{}, err
	}
	input := account.Input{Name: before.Name, Adapter: before.Adapter, Settings: before.Settings, SyncMode: before.SyncMode, Archived: before.Archived}
	b := in.Body
	if b.Name != nil {
		input.Name = *b.Name
	}
	if b.Settings != nil {
		input.Settings = maps.Clone(before.Settings)
		if input.Settings == nil {
			input.Settings = map[string]string{}
		}
		maps.Copy(input.Settings, *b.Settings)
	}
	if b.Secret != nil {
		input.Secret = *b.Secret
	}
	if b.SyncMode != nil {
		input.SyncMode = account.SyncMode(*b.SyncMode)
	}
	if b.Archived != nil {
		input.Archived = *b.Archived
	}
	version := before.Version
	if b.Version != 0 {
		version = b.Version
	}
	r, err := a.Registrars.Change(ctx, in.ID, version, input)
	return showRegistrar(r), err
}
