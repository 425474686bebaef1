package registry

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/text"
)

// Handler serves everything but EPP:
//
//	/control/…  clock, faults, rules, balances, ledger and journal, for whoever runs the simulator
//	/rest/…     a registrar's plain interface: a renewal is done as often as it is asked for
//	/rdap/…     what the world may know of a domain (RFC 9083)
//
// /control has no password: it belongs on a loopback address.
func (r *Registry) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /control/state", r.showState)
	mux.HandleFunc("PUT /control/clock", r.putClock)
	mux.HandleFunc("GET /control/ledger", func(w http.ResponseWriter, _ *http.Request) { show(w, listed(r.Ledger())) })
	mux.HandleFunc("GET /control/journal", func(w http.ResponseWriter, _ *http.Request) { show(w, listed(r.Journal())) })
	mux.HandleFunc("POST /control/faults", r.postFault)
	mux.HandleFunc("DELETE /control/faults", func(w http.ResponseWriter, _ *http.Request) {
		r.Heal()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("PUT /control/extensions/{name}", r.putExtension)
	mux.HandleFunc("PUT /control/accounts/{id}", r.putBalance)
	mux.HandleFunc("PATCH /control/domains/{name}", r.patchDomain)
	mux.HandleFunc("GET /rest/domains/{name}", r.restShow)
	mux.HandleFunc("POST /rest/domains/{name}/renew", r.restRenew)
	mux.HandleFunc("DELETE /rest/domains/{name}", r.restDelete)
	mux.HandleFunc("PUT /rest/domains/{name}/mode", r.restMode)
	mux.HandleFunc("GET /rest/orders", r.restOrders)
	mux.HandleFunc("GET /rest/orders/{transaction}", r.restOrders)
	mux.HandleFunc("GET /rest/balance", r.restBalance)
	mux.HandleFunc("GET /rdap/domain/{name}", r.rdap)
	return http.NewCrossOriginProtection().Handler(mux)
}

// listed is a list as JSON has it: an empty one is no null.
func listed[T any](all []T) []T { return append([]T{}, all...) }

func show(w http.ResponseWriter, v any) { respond(w, http.StatusOK, v) }

func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

func complain(w http.ResponseWriter, status int, err error) {
	respond(w, status, map[string]string{"error": err.Error()})
}

// take reads a body. It answers by itself when it can't.
func take(w http.ResponseWriter, q *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, q.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		complain(w, http.StatusBadRequest, err)
		return false
	}
	return true
}

func (r *Registry) showState(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	balances := map[string]*int64{}
	for id, a := range r.state.Accounts {
		balances[id] = a.Balance
	}
	show(w, map[string]any{
		"now": r.now(), "standing": r.state.Frozen != nil, "extensions": r.state.Extensions, "balances": balances,
		"domains": len(r.state.Domains), "faults": r.faults,
	})
}

func (r *Registry) putClock(w http.ResponseWriter, q *http.Request) {
	var in struct {
		Now time.Time `json:"now"`
	}
	if !take(w, q, &in) {
		return
	}
	if in.Now.Year() < 1985 || in.Now.Year() > 9000 {
		complain(w, http.StatusBadRequest, errors.New("now: an instant, such as 2027-03-01T00:00:00Z"))
		return
	}
	r.SetClock(in.Now)
	show(w, map[string]any{"now": r.Now()})
}

func (r *Registry) postFault(w http.ResponseWriter, q *http.Request) {
	var f Fault
	if !take(w, q, &f) {
		return
	}
	if err := r.Inject(f); err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	respond(w, http.StatusCreated, f)
}

func (r *Registry) putExtension(w http.ResponseWriter, q *http.Request) {
	var x Extension
	if !take(w, q, &x) {
		return
	}
	x.Name = q.PathValue("name")
	if err := r.AddExtension(x); err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	show(w, x.withDefaults())
}

func (r *Registry) putBalance(w http.ResponseWriter, q *http.Request) {
	var in struct {
		Balance int64 `json:"balance"`
	}
	if !take(w, q, &in) {
		return
	}
	if err := r.Fund(q.PathValue("id"), in.Balance); err != nil {
		complain(w, http.StatusNotFound, err)
		return
	}
	show(w, in)
}

// patchDomain sets what a registry or another registrar would have done: locks, a new sponsor, another expiry.
func (r *Registry) patchDomain(w http.ResponseWriter, q *http.Request) {
	var in struct {
		Sponsor  *string          `json:"sponsor"`
		Expiry   *time.Time       `json:"expiry"`
		Statuses *map[string]bool `json:"statuses"`
	}
	if !take(w, q, &in) {
		return
	}
	d, found := r.Domain(q.PathValue("name"))
	if !found {
		complain(w, http.StatusNotFound, errors.New("no such domain"))
		return
	}
	if in.Sponsor != nil {
		d.Sponsor = *in.Sponsor
	}
	if in.Expiry != nil {
		d.Expiry = in.Expiry.UTC()
	}
	if in.Statuses != nil {
		d.Statuses = *in.Statuses
		maps.DeleteFunc(d.Statuses, func(_ string, set bool) bool { return !set })
	}
	if err := r.Put(d); err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// registrar finds who calls the plain interface.
func (r *Registry) registrar(w http.ResponseWriter, q *http.Request) (string, bool) {
	id, password, _ := q.BasicAuth()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	a := r.state.Accounts[id]
	if a == nil || subtle.ConstantTimeCompare([]byte(a.Password), []byte(password)) != 1 {
		complain(w, http.StatusUnauthorized, errors.New("account and password"))
		return "", false
	}
	return id, true
}

// restDomain is a domain in the plain interface.
type restDomain struct {
	Name     string   `json:"name"`
	Expires  string   `json:"expires,omitempty"`
	Sponsor  string   `json:"sponsor"`
	Statuses []string `json:"statuses"`
	RGP      []string `json:"rgp"`
	Mode     Mode     `json:"mode,omitempty"`
	Ahead    int      `json:"years_ahead_limit,omitempty"`
}

func (r *Registry) plain(d *Domain) restDomain {
	x := r.extension(d.Name)
	p := restDomain{Name: d.Name, Expires: stamp(d.Expiry), Sponsor: d.Sponsor, Statuses: d.statuses(), RGP: d.rgp(x, r.now()), Ahead: x.YearsAhead}
	if x.ModeOnly {
		p.Mode = ModeRenew
		if d.Mode != "" {
			p.Mode = d.Mode
		}
	}
	return p
}

// own finds a registrar's domain, answering by itself if there is none.
func (r *Registry) own(w http.ResponseWriter, name, account string) *Domain {
	d := r.state.Domains[name]
	if d == nil || d.Sponsor != account {
		complain(w, http.StatusNotFound, errors.New("no such domain"))
		return nil
	}
	return d
}

func (r *Registry) restShow(w http.ResponseWriter, q *http.Request) {
	account, ok := r.registrar(w, q)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := r.own(w, q.PathValue("name"), account); d != nil {
		show(w, r.plain(d))
	}
}

func (r *Registry) restRenew(w http.ResponseWriter, q *http.Request) {
	account, ok := r.registrar(w, q)
	if !ok {
		return
	}
	var in struct {
		Years     int    `json:"years"`
		Reference string `json:"reference"`
	}
	if !take(w, q, &in) {
		return
	}
	status, answer, f := r.renewPlainly(q.PathValue("name"), account, in.Years, in.Reference)
	deliver(w, q, status, answer, f)
}

// deliver sends an answer of the plain interface, or what a fault makes of it.
func deliver(w http.ResponseWriter, q *http.Request, status int, answer any, f Fault) {
	if f.Delay > 0 {
		wait := time.NewTimer(f.Delay)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-q.Context().Done():
		}
	}
	if f.Kind == CutBefore || f.Kind == CutAfter {
		panic(http.ErrAbortHandler)
	}
	respond(w, status, answer)
}

func (r *Registry) renewPlainly(name, account string, n int, reference string) (int, any, Fault) {
	return r.plainly("renew", name, account, reference, func(d *Domain, by caller) (reply, restDomain) {
		x := r.extension(name)
		switch s := d.prohibits("renew"); {
		case x.ModeOnly:
			return refuse(codeUnimplemented, ""), restDomain{}
		case !x.offers(n):
			return refuse(codePolicy, "years"), restDomain{}
		case s != "":
			return refuse(codeStatusProhibits, s), restDomain{}
		}
		fee := &feeBody{}
		if amount, premium := x.price(name, n); premium {
			fee.Fees = []string{x.decimal(amount)}
		}
		p := r.prolong(d, x, n, fee, by, false)
		shown := r.plain(d)
		if x.NoDate {
			shown.Expires = ""
		}
		return p, shown
	})
}

// plainly does what an account asks for its domain, as far as a fault lets it, and notes it.
func (r *Registry) plainly(verb, name, account, reference string, do func(*Domain, caller) (reply, restDomain)) (status int, answer any, f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	f = r.fault(verb, name)
	by := caller{account: account, trid: reference, face: "rest", twice: f.Kind == Twice}
	problem := func(status, code int, detail string) (int, any, Fault) {
		r.note(by, verb, name, code, f.Kind)
		return status, map[string]any{"error": words[code] + " " + detail, "code": code}, f
	}
	d := r.state.Domains[name]
	switch {
	case f.Kind == CutBefore:
		return problem(0, 0, "")
	case f.Kind == Answer && !f.Commit:
		return problem(http.StatusConflict, f.Code, "")
	case d == nil || d.Sponsor != account || f.Kind == NotSponsor:
		return problem(http.StatusNotFound, codeNotThere, name)
	}
	p, shown := do(d, by)
	if p.code >= 2000 {
		return problem(http.StatusConflict, p.code, p.detail)
	}
	r.note(by, verb, name, p.code, f.Kind)
	if f.Kind == Answer {
		return http.StatusBadGateway, map[string]any{"error": "failed", "code": f.Code}, f
	}
	return http.StatusOK, shown, f
}

// restDelete gives a domain back: with its years' fees in a grace period that returns them, and into its redemption after it.
func (r *Registry) restDelete(w http.ResponseWriter, q *http.Request) {
	account, ok := r.registrar(w, q)
	if !ok {
		return
	}
	var in struct {
		Reference string `json:"reference"`
	}
	if !take(w, q, &in) {
		return
	}
	name := q.PathValue("name")
	status, answer, f := r.plainly("delete", name, account, in.Reference, func(d *Domain, by caller) (reply, restDomain) {
		return r.delete(name, by), r.plain(d)
	})
	deliver(w, q, status, answer, f)
}

// SetMode says what happens to a domain at its expiry, where there is no renew command.
func (r *Registry) SetMode(name string, mode Mode) error {
	if mode != ModeRenew && mode != ModeExpire {
		return errors.New("mode: renew or expire")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	d := r.state.Domains[name]
	if d == nil {
		return errors.New("no such domain")
	}
	if !r.extension(name).ModeOnly {
		return errors.New("domains here are renewed by command")
	}
	d.Mode = mode
	r.touch(d)
	return nil
}

func (r *Registry) restMode(w http.ResponseWriter, q *http.Request) {
	account, ok := r.registrar(w, q)
	if !ok {
		return
	}
	var in struct {
		Mode Mode `json:"mode"`
	}
	if !take(w, q, &in) {
		return
	}
	name := q.PathValue("name")
	if d, found := r.Domain(name); !found || d.Sponsor != account {
		complain(w, http.StatusNotFound, errors.New("no such domain"))
		return
	}
	if err := r.SetMode(name, in.Mode); err != nil {
		complain(w, http.StatusConflict, err)
		return
	}
	r.restShow(w, q)
}

// restOrders lists what an account was charged for, in all or by one transaction: how a client without a guard finds out what
// became of a renewal.
func (r *Registry) restOrders(w http.ResponseWriter, q *http.Request) {
	account, ok := r.registrar(w, q)
	if !ok {
		return
	}
	orders := []Entry{}
	transaction := q.PathValue("transaction")
	for _, e := range r.Ledger() {
		if e.Account == account && (transaction == "" || e.ClTRID == transaction) {
			orders = append(orders, e)
		}
	}
	show(w, orders)
}

func (r *Registry) restBalance(w http.ResponseWriter, q *http.Request) {
	account, ok := r.registrar(w, q)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	show(w, map[string]any{"balance": r.state.Accounts[account].Balance})
}

// rdap tells the world. In the grace period of the registry's own renewal the registrar's expiry is the old one.
func (r *Registry) rdap(w http.ResponseWriter, q *http.Request) {
	name := text.Fold(q.PathValue("name"))
	d, found := r.Domain(name)
	w.Header().Set("Content-Type", "application/rdap+json")
	if !found {
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(map[string]any{"rdapConformance": []string{"rdap_level_0"}, "errorCode": 404, "title": "Not found"})
		return
	}
	type event struct {
		Action string `json:"eventAction"`
		Date   string `json:"eventDate"`
	}
	registrar := d.Expiry
	if !d.BeforeAuto.IsZero() && r.Now().Before(d.AutoUntil) {
		registrar = d.BeforeAuto
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"rdapConformance": []string{"rdap_level_0"}, "objectClassName": "domain", "handle": d.ROID, "ldhName": d.Name, "status": d.statuses(),
		"events": []event{{"registration", stamp(d.Created)}, {"expiration", stamp(d.Expiry)}, {"registrar expiration", stamp(registrar)}},
	})
}
