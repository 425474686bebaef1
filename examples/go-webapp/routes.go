package main

import (
	"encoding/json"
	"html/template"
	"net/http"

	"github.com/keystead/keystead/sdk/go/licensed"
)

// routes shows where the license belongs: between the application's own sign-in and its admin area, and nowhere else.
func routes(lic *licensed.License, who accounts) http.Handler {
	sessions := newSessions()
	mux := http.NewServeMux()

	// The public page: no gate, no question to the license server, whatever the license says.
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { show(w, "public", nil) })

	// Signing in works without a license.
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) { show(w, "login", nil) })
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		name := r.PostFormValue("name")
		if !who.right(name, r.PostFormValue("password")) {
			w.WriteHeader(http.StatusForbidden)
			show(w, "login", "Name or password are not right.")
			return
		}
		sessions.begin(w, r, name)
		http.Redirect(w, r, "/admin/", http.StatusSeeOther)
	})

	// The admin area: first the application's sign-in, then the license.
	admin := http.NewServeMux()
	admin.HandleFunc("GET /admin/", func(w http.ResponseWriter, _ *http.Request) { show(w, "admin", lic.Info()) })
	mux.Handle("/admin/", sessions.required(lic.Admin(admin)))

	// The License Information page is outside of both: here a new key is entered when all else is closed.
	mux.Handle("/admin/license", lic.Page(licensed.Auth{
		Session: sessions.name,
		Confirm: func(_ *http.Request, name, password string) bool { return who.right(name, password) },
	}))

	// The same for programs.
	mux.Handle("GET /admin/license.json", sessions.required(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(lic.Info())
	})))
	return mux
}

var templates = template.Must(template.New("").Parse(`
{{define "head"}}<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root { color-scheme: light dark } body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }</style>{{end}}
{{define "public"}}{{template "head"}}<title>Widget shop</title>
<h1>Widget shop</h1><p>Open to everyone, always.</p><p><a href="/admin/">Admin area</a></p>{{end}}
{{define "login"}}{{template "head"}}<title>Sign in</title>
<h1>Sign in</h1>{{with .}}<p role="alert">{{.}}</p>{{end}}
<form method="post"><p><label>Name <input name="name" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p><p><button>Sign in</button></p></form>{{end}}
{{define "admin"}}{{template "head"}}<title>Admin area</title>
<h1>Admin area</h1>{{if eq .State "Grace"}}<p role="status">{{.Sentence}}</p>{{end}}
<p>Here the shop is run.</p>{{if .Lease.Has "feature.sso"}}<p>Single sign-on is included.</p>{{end}}
<p><a href="/admin/license">License Information</a></p>{{end}}
`))

func show(w http.ResponseWriter, name string, v any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = templates.ExecuteTemplate(w, name, v)
}
