package licensed

import (
	"bytes"
	"crypto/subtle"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Auth is how the License Information page learns from the application who is at the other end.
type Auth struct {
	// Session returns the name of the administrator who is signed in, or nothing. Nil: nobody ever is.
	Session func(r *http.Request) string
	// Confirm reports whether name and password are those of an administrator. It is asked before a key is changed or
	// shown, also when nobody is signed in. Nil: nobody is.
	Confirm func(r *http.Request, name, password string) bool
	// Remote returns the address by which attempts are counted. Default: the connection's. Behind a proxy, the one that
	// the proxy vouches for.
	Remote func(r *http.Request) string
	// Layout puts the page into the application's own frame. Default: a page of its own. The body brings its styles.
	// Status and headers have been sent when it is called.
	Layout func(w http.ResponseWriter, r *http.Request, title string, body template.HTML)
}

// maxForm bounds what is read of a form; a lease file is its largest part.
const maxForm = 64 << 10

//go:embed page.html
var source string

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"date": func(t time.Time) string { return t.UTC().Format("2 January 2006") },
	"time": func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
	"list": func(s []string) string { return strings.Join(s, ", ") },
}).Parse(source))

// view is what the templates show.
type view struct {
	Info
	Title   string
	PageURL string // where the refusal links to, and where forms are sent to: empty, the same address
	Token   string
	Name    string // of the administrator who is signed in
	Open    bool   // whether the information may be shown

	Done     string // what was done
	Refused  string // why it was not
	HelpWith string // URL of the paragraph about that
	Revealed string // the whole key

	Entitlements []entitlement

	help func(Reason) string
}

// Standing names the state in a word or two.
func (v view) Standing() string {
	switch v.State {
	case Grace:
		return "Active, running on grace"
	case Valid:
		return "Active"
	case Due:
		return "Active, a check is due"
	case Lapsed:
		return "Not checked for too long"
	case Unverified:
		return "Not verified yet"
	case NoKey:
		return "No license key"
	}
	switch v.Reason {
	case Revoked, Cancelled, Expired, Suspended:
		return strings.ToUpper(string(v.Reason[:1])) + string(v.Reason[1:])
	case NotActivated:
		return "Not activated here"
	}
	return "Not valid here"
}

// HelpURL is for the templates.
func (v view) HelpURL(code Reason) string { return v.help(code) }

type entitlement struct{ Name, Value string }

// Page is the License Information page: what the license says, and forms to check it now and to change its key. It
// answers also while the admin area is off, so mount it outside of [License.Admin] and of the application's sign-in.
// Without a session it shows why the admin area is off, and the form for a new key, which asks for name and password.
func (l *License) Page(auth Auth) http.Handler {
	if auth.Session == nil {
		auth.Session = func(*http.Request) string { return "" }
	}
	if auth.Confirm == nil {
		auth.Confirm = func(*http.Request, string, string) bool { return false }
	}
	if auth.Remote == nil {
		auth.Remote = func(r *http.Request) string { return remoteAddress(r.RemoteAddr) }
	}
	p := &page{License: l, auth: auth}
	return http.HandlerFunc(p.serve)
}

type page struct {
	*License
	auth Auth
}

// visit is one request to the page.
type visit struct {
	w    http.ResponseWriter
	r    *http.Request
	name string // of the session
	view view
	code int
}

func (p *page) serve(w http.ResponseWriter, r *http.Request) {
	v := &visit{w: w, r: r, name: p.auth.Session(r), code: http.StatusOK}
	v.view.Name, v.view.Open = v.name, v.name != ""
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		p.check(r.Context(), opening, v.name != "")
	case http.MethodPost:
		if done := p.act(v); done {
			return
		}
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	p.show(v)
}

// act does what a form asks for. done: the answer was written.
func (p *page) act(v *visit) (done bool) {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	var err error
	if strings.HasPrefix(v.r.Header.Get("Content-Type"), "multipart/form-data") {
		err = v.r.ParseMultipartForm(maxForm)
	} else {
		err = v.r.ParseForm()
	}
	if err != nil || !fromOwnForm(v.r) {
		v.refuse(p, http.StatusForbidden, FormExpired)
		return false
	}
	switch action := v.r.PostForm.Get("action"); {
	case action == "change":
		p.change(v)
	case v.name == "":
		v.refuse(p, http.StatusForbidden, NotSignedIn)
	case action == "check":
		_, err := p.ForceUpdate(v.r.Context())
		v.outcome(p, err, "License checked")
	case action == "activate":
		v.outcome(p, p.Activate(v.r.Context()), "License saved")
	case action == "reveal":
		if p.confirmed(v, v.name) {
			v.view.Revealed = p.Key()
		}
	case action == "request":
		return p.request(v)
	case action == "load":
		v.outcome(p, p.LoadLease(v.r.Context(), v.leaseFile()), "License saved")
	default:
		v.refuse(p, http.StatusUnprocessableEntity, FormExpired)
	}
	return false
}

// confirmed asks the application about a password, unless too many were tried.
func (p *page) confirmed(v *visit, name string) bool {
	from := p.auth.Remote(v.r)
	if v.name != "" {
		from = "administrator " + v.name // so that strangers behind the same address lock nobody out who is signed in
	}
	if !p.limit.allow(from, name) {
		v.refuse(p, http.StatusTooManyRequests, TooManyAttempts)
		return false
	}
	password := v.r.PostForm.Get("password")
	other := v.name != "" && name != v.name // it has to be the administrator's own
	if name == "" || password == "" || other || !p.auth.Confirm(v.r, name, password) {
		v.refuse(p, http.StatusForbidden, WrongPassword)
		return false
	}
	p.limit.forgive(from)
	return true
}

func (p *page) change(v *visit) {
	name := v.r.PostForm.Get("name")
	if !p.confirmed(v, name) {
		return
	}
	// An administrator is at the other end, so the information may be shown with the answer.
	v.view.Open = true
	v.outcome(p, p.SetKey(v.r.Context(), v.r.PostForm.Get("key")), "License saved")
}

// request answers with a request file. It holds the key, so it takes a password.
func (p *page) request(v *visit) (done bool) {
	if !p.confirmed(v, v.name) {
		return false
	}
	raw, err := p.RequestFile(v.r.Context(), v.r.PostForm.Get("key"))
	if err != nil {
		v.outcome(p, err, "")
		return false
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="license-request.json"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	_, _ = v.w.Write(raw)
	return true
}

func (v *visit) leaseFile() []byte {
	f, _, err := v.r.FormFile("lease")
	if err != nil {
		return []byte(v.r.PostForm.Get("lease"))
	}
	defer f.Close() //nolint:errcheck // it was read
	raw, _ := io.ReadAll(io.LimitReader(f, maxForm))
	return raw
}

// outcome says that something was done, or why not.
func (v *visit) outcome(p *page, err error, done string) {
	if err == nil {
		v.view.Done = done
		return
	}
	v.refuse(p, http.StatusUnprocessableEntity, asProblem(err).Code)
}

func (v *visit) refuse(p *page, code int, why Reason) {
	v.code, v.view.Refused, v.view.HelpWith = code, why.Sentence(), p.Help(why)
}

// show renders the page as it is now.
func (p *page) show(v *visit) {
	token, err := formToken(v.w, v.r)
	if err != nil {
		http.Error(v.w, "internal error", http.StatusInternalServerError)
		return
	}
	view := &v.view
	view.Info, view.Title, view.Token = p.Info(), "License Information", token
	view.help = p.Help
	if view.Lease != nil {
		view.Entitlements = listEntitlements(view.Lease.Entitlements)
	}
	if p.auth.Layout == nil {
		render(v.w, v.code, "page", *view)
		return
	}
	var body bytes.Buffer
	if err := templates.ExecuteTemplate(&body, "body", *view); err != nil {
		http.Error(v.w, "internal error", http.StatusInternalServerError)
		return
	}
	setHeaders(v.w.Header())
	v.w.WriteHeader(v.code)
	p.auth.Layout(v.w, v.r, view.Title, template.HTML(body.String())) //nolint:gosec // made by html/template
}

func listEntitlements(m map[string]any) []entitlement {
	var list []entitlement
	for name, v := range m {
		text := fmt.Sprint(v)
		switch v {
		case true:
			text = "yes"
		case false:
			text = "no"
		}
		list = append(list, entitlement{name, text})
	}
	slices.SortFunc(list, func(a, b entitlement) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func render(w http.ResponseWriter, code int, name string, v view) {
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, name, v); err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	setHeaders(w.Header())
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'")
	w.WriteHeader(code)
	_, _ = w.Write(out.Bytes())
}

// setHeaders says what holds of a page in any frame.
func setHeaders(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
}

// tokenCookie ties a form to the browser that it was shown to.
const tokenCookie = "licensed_form"

const tokenLength = 43

// formToken returns the browser's token, or gives it one. Only a page of this host can read it back into a form.
func formToken(w http.ResponseWriter, r *http.Request) (string, error) {
	if c, err := r.Cookie(tokenCookie); err == nil && len(c.Value) == tokenLength {
		return c.Value, nil
	}
	token, err := newNonce()
	if err != nil {
		return "", err
	}
	http.SetCookie(w, &http.Cookie{
		Name: tokenCookie, Value: token, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	})
	return token, nil
}

// fromOwnForm reports whether a form comes from a page of ours, and from the same browser.
func fromOwnForm(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		if site != "same-origin" && site != "none" {
			return false
		}
	} else if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || (u.Host != r.Host && u.Host != r.Header.Get("X-Forwarded-Host")) || u.Host == "" {
			return false
		}
	}
	c, err := r.Cookie(tokenCookie)
	return err == nil && len(c.Value) == tokenLength &&
		subtle.ConstantTimeCompare([]byte(c.Value), []byte(r.PostForm.Get("token"))) == 1
}
