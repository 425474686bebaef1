package admin

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/token"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) tokenList(w http.ResponseWriter, r *http.Request) error {
	all, err := a.Tokens.List(r.Context())
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "API tokens", "tokens")}
	add := ui.Button{Label: "New token", Href: "/admin/tokens/new", Kind: ui.Primary, Icon: "plus"}
	v.Head = ui.Head{Title: "API tokens", Sub: "For programs that call the admin API.", Actions: []ui.Button{{Label: "API reference", Href: "/api/admin/v1/docs", Icon: "code"}, add}}
	v.Table = ui.Table{
		Caption: "API tokens", Columns: []ui.Column{{Label: "Name"}, {Label: "State"}, {Label: "Scopes"}, {Label: "Expires"}, {Label: "Last used"}, {Label: "Revoke", Hidden: true}},
		Empty: &ui.Empty{Art: "key", Title: "No tokens", Text: "A token lets your shop or a script do what its scopes allow.", Action: &add},
	}
	for _, t := range all {
		state, act := "active", ui.Act(ui.Button{Label: "Revoke", Kind: ui.Quiet, Href: "/admin/tokens/" + t.ID + "/revoke", Confirm: tokenQuestion(t)})
		switch {
		case t.RevokedAt != nil:
			state, act = "revoked", ui.Cell{}
		case t.ExpiresAt != nil && !v.Now.Before(*t.ExpiresAt):
			state, act = "expired", ui.Cell{}
		}
		expires := ui.Text("Never")
		if t.ExpiresAt != nil {
			expires = ui.HTML(v.Day(*t.ExpiresAt))
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{ui.Text(t.Name).Bold(), ui.Status(state), ui.Mono(strings.Join(t.Scopes, ", ")), expires, ui.HTML(v.Ago(orZero(t.LastUsedAt))), act}})
	}
	return a.list(w, v)
}

func tokenQuestion(t token.Token) *ui.Confirm {
	return &ui.Confirm{
		ID: "revoke-" + t.ID, Title: "Revoke “" + t.Name + "”?", Effects: []string{"Programs that use it are refused from this moment on.", "It can't be taken back."},
		Action: "/admin/tokens/" + t.ID + "/revoke", Label: "Revoke", Cancel: "/admin/tokens",
	}
}

func tokenForm(name, expires string, chosen []string) ui.Form {
	f := ui.Form{Action: "/admin/tokens", Submit: "Create token", Cancel: "/admin/tokens", Sections: []ui.FormSection{
		{Title: "Token", Fields: []ui.Field{
			{Name: "name", Label: "Name", Value: name, Required: true, MaxLength: 255, Hint: "What it is for, such as “shop”"},
			{Kind: ui.InputDate, Name: "expires", Label: "Expires", Value: expires, Optional: true, Short: true, Hint: "Empty: never"},
		}},
		{Title: "Scopes", Text: "What it may do. Give it as little as it needs."},
	}}
	for _, p := range append([]string{token.Every}, permissionNames()...) {
		label := p
		if p == token.Every {
			label = "Everything (*)"
		}
		f.Sections[1].Fields = append(f.Sections[1].Fields, ui.Field{Kind: ui.InputCheckbox, Name: "scope", Value: p, Label: label, Scope: strings.NewReplacer(":", "-", "*", "all").Replace(p), Checked: slices.Contains(chosen, p)})
	}
	return f
}

func permissionNames() []string {
	var out []string
	for _, p := range staff.Permissions() {
		out = append(out, string(p))
	}
	return out
}

func (a *area) tokenPage(w http.ResponseWriter, r *http.Request, status int, f ui.Form) error {
	v := formView{Page: a.page(r, "New token", "tokens"), Head: ui.Head{Title: "New token"}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "API tokens", Href: "/admin/tokens"}, {Label: "New"}}
	return a.form(w, status, v)
}

func (a *area) tokenNew(w http.ResponseWriter, r *http.Request) error {
	return a.tokenPage(w, r, http.StatusOK, tokenForm("", "", nil))
}

func (a *area) tokenCreate(w http.ResponseWriter, r *http.Request) error {
	name, day := r.PostFormValue("name"), r.PostFormValue("expires")
	scopes := r.PostForm["scope"]
	again := func(bad map[string]string, whole string) error {
		return a.tokenPage(w, r, http.StatusUnprocessableEntity, ui.WithErrors(tokenForm(name, day, scopes), bad, whole))
	}
	var expires *time.Time
	if day != "" {
		d, err := civil.Parse(day)
		if err != nil {
			return again(map[string]string{"expires": "is not a date"}, "")
		}
		at := d.StartIn(a.page(r, "", "").Location())
		expires = &at
	}
	t, secret, err := a.Tokens.Create(r.Context(), name, scopes, expires)
	if err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		if m, there := bad["scopes"]; there {
			whole += "Scopes: " + m
			delete(bad, "scopes")
		}
		return again(bad, whole)
	}
	v := sheetView{Page: a.page(r, "New token", "tokens")}
	v.Crumbs = []ui.Crumb{{Label: "API tokens", Href: "/admin/tokens"}, {Label: t.Name}}
	v.Head = ui.Head{Title: "“" + t.Name + "” was created", Sub: "Copy the token now: it is shown only this once."}
	v.Left = []card{{Key: &ui.Key{Label: "Token", Value: secret}}}
	return a.sheet(w, v)
}

func (a *area) tokenRevokeAsk(w http.ResponseWriter, r *http.Request) error {
	return a.confirm(w, a.page(r, "Revoke token", "tokens"), *tokenQuestion(token.Token{ID: r.PathValue("id"), Name: "this token"}))
}

func (a *area) tokenRevoke(w http.ResponseWriter, r *http.Request) error {
	t, err := a.Tokens.Revoke(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return done(w, r, "/admin/tokens", "“"+t.Name+"” was revoked.")
}
