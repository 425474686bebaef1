package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/keystead/keystead/test/drive"
)

// registered is a test store in which Ada has registered a domain for a year.
type registered struct {
	*billed

	ada    *browser
	domain string // its id
}

// object is a body of the admin API.
type object = map[string]any

func euros(cents int) object { return object{"amount": cents, "currency": "EUR"} }

// openRegistered makes a store that sells .com at the built-in registry, its clock at the beginning of March 2027, and a
// customer who has lovelace.com until 1 March 2028.
func openRegistered(t *testing.T) *registered {
	t.Helper()
	return openAt(t, "simulator", nil)
}

// openAt is openRegistered through a registrar, which prepare may add first.
func openAt(t *testing.T, registrar string, prepare func(s *drive.Server)) *registered {
	t.Helper()
	s := drive.StartDemo(t, "--empty", "--now", "2027-03-01T09:00:00Z", "--data", t.TempDir())
	b := &registered{billed: &billed{t: t, s: s, staff: newBrowser(t, s.URL)}, ada: newBrowser(t, s.URL)}
	b.staff.open("/admin/sign-in")
	b.staff.fill("email", s.Demo.Staff.Email)
	b.staff.fill("password", s.Demo.Staff.Password)
	b.staff.submit("email")
	if prepare != nil {
		prepare(s)
	}
	tld := object{
		"tld": "com", "registrar": registrar,
		"policy": object{"valid_from": "2027-01-01", "min_years": 1, "max_years": 10, "step_years": 1, "grace_days": 30, "redemption_days": 30, "explicit_renew": true},
		"prices": []object{
			{"action": "register", "years": 1, "money": euros(900)}, {"action": "renew", "years": 1, "money": euros(1200)}, {"action": "renew", "years": 2, "money": euros(2300)},
		},
	}
	s.Admin(t, http.MethodPost, "/tlds", tld, http.StatusCreated, nil)
	var ada, order struct {
		ID      string `json:"id"`
		Invoice string `json:"invoice_id"`
	}
	s.Admin(t, http.MethodPost, "/customers", object{"email": "ada@example.com", "name": "Ada Lovelace", "country": "GB", "address": "12 St James's Square\nLondon SW1Y 4JH"}, http.StatusCreated, &ada)
	s.Admin(t, http.MethodPost, "/orders", object{
		"customer_id": ada.ID, "gateway": "manual", "items": []object{{"domain_registration": object{"name": "lovelace.com", "years": 1}}},
	}, http.StatusCreated, &order)
	s.Admin(t, http.MethodPost, "/invoices/"+order.Invoice+"/payments", object{"gateway": "manual", "money": euros(900), "reference": "statement 1"}, http.StatusCreated, nil)
	b.pass("2027-03-01T09:30:00Z")
	if got := b.look(); got.Status != "active" || got.until() != "2028-03-01" {
		var sent any
		s.Admin(t, http.MethodGet, "/domains/"+b.domain+"/commands", nil, http.StatusOK, &sent)
		t.Fatalf("registered: %+v: %v", got, sent)
	}
	b.account(b.ada, "Ada Lovelace")
	return b
}

// pass moves the clock of the store; all that falls due on the way is done.
func (b *registered) pass(to string) {
	b.t.Helper()
	b.s.Admin(b.t, http.MethodPost, "/test-clock/advance", object{"to": to}, http.StatusOK, nil)
}

// shownDomain is a domain as the admin API shows it.
type shownDomain struct {
	ID          string `json:"id"`
	Status      string `json:"status"`
	Expiry      string `json:"registry_expiry"`
	PaidThrough string `json:"paid_through"`
	NextDue     string `json:"next_due"`
}

func (d shownDomain) until() string { day, _, _ := strings.Cut(d.Expiry, "T"); return day }

func (b *registered) look() shownDomain {
	b.t.Helper()
	var found struct {
		Data []shownDomain `json:"data"`
	}
	b.s.Admin(b.t, http.MethodGet, "/domains?q=lovelace.com", nil, http.StatusOK, &found)
	if len(found.Data) != 1 {
		b.t.Fatalf("the store has %d domains", len(found.Data))
	}
	b.domain = found.Data[0].ID
	return found.Data[0]
}

// sent is how many renewals the registry was asked for.
func (b *registered) sent() (n int) {
	b.t.Helper()
	var found struct {
		Data []struct {
			Command string `json:"command"`
		} `json:"data"`
	}
	b.s.Admin(b.t, http.MethodGet, "/domains/"+b.domain+"/commands", nil, http.StatusOK, &found)
	for _, c := range found.Data {
		if c.Command == "renew" {
			n++
		}
	}
	return n
}

// at is a page of the domain in the portal.
func (b *registered) at(below string) string { return "/account/domains/" + b.domain + below }

// order lets Ada order the renewal for so many years and leads to its invoice.
func (b *registered) order(years, total string) {
	b.t.Helper()
	b.ada.open("/account/domains")
	b.ada.sees("lovelace.com", "Active", "1 Mar 2028", "On")
	b.ada.follow("lovelace.com")
	b.ada.sees("1 March 2028 (UTC)", "Paid until", "Next due", "What will happen, and when", "This term is not for sale")
	b.ada.picture("portal-domain")
	b.ada.followBy(years, "Choose")
	b.ada.sees("Renew lovelace.com for "+years+"?", total, "When it is paid, we renew at the registry")
	b.ada.picture("portal-domain-review")
	b.ada.follow("Order the renewal")
	b.ada.sees("Ordered. Pay this invoice", total, "lovelace.com")
}

// pay pays the invoice on the page with the sandbox's good card.
func (b *registered) pay() {
	b.t.Helper()
	b.ada.pick("pay", "Another card")
	b.ada.submit("pay")
	b.ada.leave(`document.querySelector('[value="tok_ok"]').click()`)
	b.ada.sees("Your payment has arrived")
}

// told is how often Ada was told that her domain is renewed.
func (b *registered) told() int { b.t.Helper(); return b.mails("ada@example.com")["domain_renewed"] }

// From the portal: a renewal for two years, paid, done by the registry ten minutes later, told once.
func TestDomainRenewal(t *testing.T) {
	t.Parallel()
	r := openRegistry(t, object{"async_minutes": 10})
	b := r.open()
	b.order("2 years", "€23.00")
	if n := b.sent(); n != 0 {
		t.Fatalf("%d renewals were sent before anything was paid", n)
	}
	b.pay()
	b.settle() // the registry is told, before its clock moves
	b.ada.open(b.at(""))
	b.ada.sees("Paid, being confirmed", "1 March 2030", "1 March 2028 (UTC)")
	b.ada.picture("portal-domain-confirming")
	if n := b.told(); n != 0 {
		t.Errorf("told %d times before it was renewed", n)
	}
	r.put("/control/clock", object{"now": "2027-03-01T10:30:00Z"})
	b.pass("2027-03-01T10:30:00Z")
	b.ada.open(b.at(""))
	b.ada.sees("Registered until 1 March 2030", "1 March 2030 (UTC)", "Renewed")
	if got := b.look(); got.until() != "2030-03-01" || got.PaidThrough != "2030-03-01" || got.NextDue != "2030-03-01" {
		t.Errorf("renewed: %+v", got)
	}
	if n := b.sent(); n != 1 {
		t.Errorf("%d renewals were sent", n)
	}
	b.pass("2027-03-03T10:30:00Z")
	if n := b.told(); n != 1 {
		t.Errorf("told %d times: %v", n, b.mails("ada@example.com"))
	}

	// With auto renew off, nothing is invoiced; the page said so before.
	b.ada.open(b.at(""))
	b.ada.follow("Turn off")
	b.ada.sees("Turn auto renew off?", "No invoice is made for it by itself any more", "1 March 2030")
	b.ada.follow("Turn off")
	b.ada.sees("Auto renew is off", "It ends on 1 March 2030, unless you renew it")
}

// The stopped renewal: staff set "pay but do not renew", the customer pays, and nothing is renewed.
func TestStoppedDomainRenewal(t *testing.T) {
	t.Parallel()
	b := openRegistered(t)
	b.order("1 year", "€12.00")
	at := ask(b.ada, chromedp.Location())
	invoice := at[strings.LastIndex(at, "/")+1:]
	b.staff.open("/admin/invoices/" + invoice)
	b.staff.sees("lovelace.com", "Renews the domain")
	b.staff.follow("Pay, don't renew")
	b.staff.sees("Pay, but do not renew?", "Was this term already renewed elsewhere?")
	b.staff.picture("staff-domain-stop")
	b.staff.fill("why", "She moves away.")
	b.staff.submit("why")
	b.staff.sees("Pays, does not renew")
	b.pay()
	b.pass("2027-03-02T09:30:00Z")
	b.ada.open(b.at(""))
	b.ada.sees("Registered until 1 March 2028", "1 March 2028 (UTC)", "Not renewed")
	b.ada.picture("portal-domain-stopped")
	if got := b.look(); got.until() != "2028-03-01" || got.PaidThrough != "2028-03-01" || got.NextDue != "2028-03-01" {
		t.Errorf("dates moved: %+v", got)
	}
	if n := b.sent(); n != 0 {
		t.Errorf("%d renewals were sent", n)
	}
	if n := b.told(); n != 0 {
		t.Errorf("told %d times that it is renewed", n)
	}
	b.staff.open("/admin/domains/" + b.domain)
	b.staff.sees("lovelace.com", "1 Mar 2028", "Revoked")
	b.staff.picture("staff-domain-stopped")
}

// outsideRegistry is a registry in a process of its own, in which .com has some habits; its accounts have money.
type outsideRegistry struct {
	t         *testing.T
	EPP       string            `json:"epp"`
	HTTP      string            `json:"http"`
	CA        string            `json:"ca"`
	Passwords map[string]string `json:"passwords"`
}

func openRegistry(t *testing.T, habits object) *outsideRegistry {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, drive.Binary(t), "registry", "--json", "--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--data", t.TempDir(), "--now", "2027-03-01T09:00:00Z", "--balance", "100000")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = cmd.Wait() })
	r := &outsideRegistry{t: t}
	if err := json.NewDecoder(out).Decode(r); err != nil {
		t.Fatal(err)
	}
	com := object{"name": "com", "grace_days": 30, "redemption_days": 30, "create_price": 800, "renew_price": 900}
	maps.Copy(com, habits)
	r.put("/control/extensions/com", com)
	return r
}

// open makes a store that reaches the registry.
func (r *outsideRegistry) open() *registered {
	r.t.Helper()
	return openAt(r.t, "registry", func(s *drive.Server) {
		ca, err := os.ReadFile(r.CA)
		if err != nil {
			r.t.Fatal(err)
		}
		s.Admin(r.t, http.MethodPost, "/registrars", object{
			"name": "registry", "adapter": "epp", "secret": r.Passwords["registrar-1"],
			"settings": object{"address": r.EPP, "client_id": "registrar-1", "currency": "EUR", "ca": string(ca), "rest_url": r.HTTP + "/rest"},
		}, http.StatusCreated, nil)
	})
}

// put tells the registry what is to be.
func (r *outsideRegistry) put(path string, body object) {
	r.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	q, err := http.NewRequestWithContext(r.t.Context(), http.MethodPut, r.HTTP+path, bytes.NewReader(text))
	if err != nil {
		r.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(answer.Body)
		r.t.Fatalf("PUT %s: %d %s", path, answer.StatusCode, said)
	}
}

// Failed, then recovered: the registrar's account is empty when the customer pays. Nobody is told that it is renewed before
// it is, staff see until when it is safe, and with the money there it is renewed by itself, once.
func TestRecoveredDomainRenewal(t *testing.T) {
	t.Parallel()
	r := openRegistry(t, nil)
	b := r.open()
	r.put("/control/accounts/registrar-1", object{"balance": 100})
	b.order("1 year", "€12.00")
	b.pay()
	b.pass("2027-03-01T11:00:00Z")
	b.ada.open(b.at(""))
	b.ada.sees("Paid, being confirmed", "until 1 March 2029", "1 March 2028 (UTC)")
	b.ada.open("/account/domains")
	b.ada.sees("Paid, being confirmed")
	b.staff.open("/admin/domains/unconfirmed")
	b.staff.sees("lovelace.com", "29 Feb 2028") // the last safe day
	b.staff.picture("staff-domains-unconfirmed")
	b.staff.open("/admin")
	b.staff.sees("1 domain is in danger, 1 red", "The account at registry has too little money")
	b.staff.open("/admin/domains/danger")
	b.staff.sees("Paid. The account at registry has too little money: it goes out once there is more.", "in 365 days: last safe day", "Pay money in at registry")
	if n := b.told(); n != 0 {
		t.Errorf("told %d times before it was renewed", n)
	}
	r.put("/control/clock", object{"now": "2027-03-03T09:00:00Z"})
	r.put("/control/accounts/registrar-1", object{"balance": 50000})
	b.pass("2027-03-03T09:00:00Z")
	b.ada.open(b.at(""))
	b.ada.sees("Registered until 1 March 2029", "1 March 2029 (UTC)", "Renewed")
	if got := b.look(); got.until() != "2029-03-01" || got.PaidThrough != "2029-03-01" {
		t.Errorf("renewed: %+v", got)
	}
	if n := b.told(); n != 1 {
		t.Errorf("told %d times: %v", n, b.mails("ada@example.com"))
	}
	b.staff.open("/admin/domains/unconfirmed")
	if strings.Contains(b.staff.text(), "lovelace.com") {
		t.Errorf("staff still wait for it:\n%s", b.staff.text())
	}
}
