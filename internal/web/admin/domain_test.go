package admin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar/registrartest"
	"github.com/keystead/keystead/internal/staff"
)

// plot is a store with one domain of a customer, that nothing is wrong with.
type plot struct {
	*bundle
	*browser
	estate
	at string // the page of the domain
}

func (b *bundle) plot(t *testing.T, name string, days int) plot {
	t.Helper()
	return plot{b, b.owner(), b.newEstate("Widget"), ""}.with(t, name, days)
}

// with is a plot beside another one: a further domain of the same customer.
func (p plot) with(t *testing.T, name string, days int) plot {
	t.Helper()
	b, e := p.bundle, p.estate
	end := domainname.RegistryDate(b.clock.Now()).AddDays(days)
	ascii := must(domainname.ParseName(name))(t).String()
	b.fake.Expires(ascii, end.String()+"T10:00:00Z")
	recurring := eur(1000)
	d := must(b.Domains.Create(t.Context(), domainname.Input{Name: name, CustomerID: e.customer.ID, Expiry: end.String() + "T10:00:00Z", PaidThrough: end, Term: 1, Recurring: &recurring, Source: domainname.FromStaff}))(t)
	e.domain = must(b.Domains.ByID(t.Context(), d.ID))(t)
	return plot{b, p.browser, e, "/admin/domains/" + d.ID}
}

func TestDomainListAndSearch(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "bücher.com", 20)
	s.get("/admin/domains").is(200).sound().says("bücher.com", "xn--bcher-kva.com", "example.com", "€10.00", "Held", "Waits until the customer accepts")
	s.get("/admin/domains?within=30").says("bücher.com").hides(">example.com<")
	s.get("/admin/domains?special=failed").says(">example.com<").hides("bücher.com")
	s.get("/admin/domains?special=unconfirmed&extension=com&status=active").says(">example.com<").hides("bücher.com")
	s.get("/admin/domains?within=7").says("No domain found")
	csv := s.get("/admin/domains.csv?within=30").is(200)
	if !strings.Contains(csv.Body, "xn--bcher-kva.com,bücher.com,com,"+s.customer.ID) || strings.Contains(csv.Body, "example.com") || csv.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("table: %s", csv.Body)
	}
	s.get("/admin/search?q=B%C3%9CCHER.com.").to(s.at)
	s.get("/admin/search?q=xn--bcher-kva.com").to(s.at)
	s.get("/admin/search?q=example").is(200).sound().says("Domains", "example.com")
	s.get("/admin/search?q=" + s.domain.ID).to(s.at)
	s.get("/admin").says("Renewals waiting for the registry", "example.com")
	s.get("/admin/domains/unconfirmed").is(200).sound().says("example.com", "Accept the price", "in 99 days")
	month := s.domain.NextDue.String()[:7]
	s.get("/admin/domains/calendar?month="+month).is(200).sound().says("1 due", "1 ends", "€10.00")
	s.get("/admin/domains/calendar?day=" + s.domain.NextDue.String()).is(200).sound().says("bücher.com")
	s.get("/admin/domains/calendar?month=soon").is(200).sound()
}

// What is in danger is told with why, until when, and what to do about it; the list of all leads there.
func TestDomainsInDanger(t *testing.T) {
	t.Parallel()
	b := setup(t)
	far := b.plot(t, "far.com", 200)
	near, ended := far.with(t, "near.com", 10), far.with(t, "ended.com", -5)
	near.runDue() // its automatic invoice
	open := must(b.Domains.ByID(t.Context(), near.domain.ID))(t).Open
	far.get("/admin/domains").is(200).sound().says("domains are in danger", "The next is near.com", "in 10 days", `href="/admin/domains/danger"`)
	far.get("/admin/domains?q=com").hides("are in danger")
	page := far.get("/admin/domains/danger").is(200).sound().says("Its renewal is unpaid.", "/admin/invoices/"+open.InvoiceID, "Its term is over, and nothing is invoiced.", "Waits until the customer accepts", "Accept the price").hides("far.com")
	if near, ended := strings.Index(page.Body, ">near.com<"), strings.Index(page.Body, ">ended.com<"); near < 0 || ended < near {
		t.Errorf("near.com at %d, ended.com at %d: the nearest last day comes first", near, ended)
	}
	far.get(near.at).is(200).sound().says("Its term ends on ", "in 10 days", "Its renewal is invoiced and unpaid.", "Its invoice")
	far.get(ended.at).is(200).sound().says("In grace until ")
	far.get(far.at).is(200).sound().hides("Its term ends on ")
}

// Of what is not renewed in the ordinary way any more, no page says when the next renewal falls due.
func TestDomainsThatAreNotRenewed(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	lost, gone, theirs := s.with(t, "lost.com", -50), s.with(t, "gone.com", -100), s.with(t, "theirs.com", 100)
	must(s.Domains.Change(t.Context(), theirs.domain.ID, domainname.Patch{Status: new(domainname.Cancelled), Reason: "they gave it up"}))(t)
	const promise = "On means: an invoice is made."
	s.get(s.at).is(200).says("Next due", promise, "Unless that is paid before, the term of mine.com ends.")
	for _, at := range []string{lost.at, gone.at, theirs.at} {
		s.get(at).is(200).sound().says("no invoice is made for it by itself").hides("Next due", promise)
	}
	due := solid(dateText(s.domain.NextDue))
	s.get("/admin/domains?q=mine.com").says(due, ">On<")
	for _, other := range []plot{lost, gone, theirs} {
		name := other.domain.Name.String()
		s.get("/admin/domains?q="+name).is(200).says(name).hides(">On<", ">Off<")
	}
}

// Cases E6, E6b, E6c: a renewal by staff asks what becomes of the due date and of a line that is open, and decides neither
// by itself.
func TestDomainRenewalByStaff(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 60)
	old := s.domain.NextDue.String()
	s.get(s.at+"/renew").is(200).sound().says("1 year, to ", "List price €12.00", "3 years, to ")
	s.post(s.at+"/renew", "years", "11").is(422).sound().says("is not a term on offer")
	s.post(s.at+"/renew", "years", "a few").is(422).sound().says("is not a term")
	ask := s.post(s.at+"/renew", "years", "1").is(200).sound().says("Renew mine.com for 1 year?", "Move it to ", "Leave it at ", "will be invoiced for", "What the registrar charges is not known").hides("Still owed", "checked")
	form := ask.form(s.at + "/renew/do")
	s.sends(s.at+"/renew/do", form).is(422).sound().says("must be chosen")
	form.Set("seen", "2001-01-01")
	form.Set("next_due", "leave")
	s.sends(s.at+"/renew/do", form).is(409).sound().says("nothing was sent")
	form = ask.form(s.at+"/renew/do", "next_due", "leave", "why", "a favour")
	s.sends(s.at+"/renew/do", form).to(s.at)
	must(s.Dispatch.RunDue(t.Context()))(t)
	d := must(s.Domains.ByID(t.Context(), s.domain.ID))(t)
	if s.fake.Sent("renew", "mine.com") != 1 || d.NextDue.String() != old || d.Expiry.Date() != domainname.AddYears(s.domain.Expiry.Date(), 1) {
		t.Errorf("%d sent, next due %s, expiry %s", s.fake.Sent("renew", "mine.com"), d.NextDue, d.Expiry.Date())
	}
	s.get(s.at).is(200).sound().says("Confirmed", "By staff", "Commands to the registrar", "/frames?transaction=")
	s.browser.get("/admin/audit").is(200)
}

func TestDomainRenewalByStaffWithAnOpenLine(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 10)
	s.runDue() // its automatic invoice
	open := must(s.Domains.ByID(t.Context(), s.domain.ID))(t).Open
	if open == nil || open.State != domainname.RenewalOpen {
		t.Fatalf("open: %+v", open)
	}
	s.get(s.at).is(200).sound().says("Pay, don&#39;t renew", "Open")
	ask := s.post(s.at+"/renew", "years", "1").is(200).sound().says("Still owed", "Not owed", "The line that is open, €10.00").hides("checked")
	s.sends(s.at+"/renew/do", ask.form(s.at+"/renew/do", "next_due", "move")).is(422).sound().says("must be chosen")
	s.sends(s.at+"/renew/do", ask.form(s.at+"/renew/do", "next_due", "move", "open_line", "not_owed")).to(s.at)
	must(s.Dispatch.RunDue(t.Context()))(t)
	d := must(s.Domains.ByID(t.Context(), s.domain.ID))(t)
	if want := domainname.AddYears(s.domain.PaidThrough, 1); d.PaidThrough != want || d.NextDue != want || s.fake.Sent("renew", "mine.com") != 1 {
		t.Errorf("paid through %s, next due %s, want %s; %d sent", d.PaidThrough, d.NextDue, want, s.fake.Sent("renew", "mine.com"))
	}
	s.get("/admin/invoices/" + open.InvoiceID).is(200).sound()
}

// Cases E12, E14: a line can be paid without renewing, and be set back until it is paid.
func TestPayButDoNotRenew(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 10)
	s.runDue()
	open := must(s.Domains.ByID(t.Context(), s.domain.ID))(t).Open
	invoice := "/admin/invoices/" + open.InvoiceID
	line := invoice + "/lines/" + open.LineID
	s.get(invoice).is(200).sound().says("Renews the domain", s.at)
	s.get(line+"/revoke").is(200).sound().says("Pay, but do not renew?", "Was this term already renewed elsewhere?", `value="no" checked`)
	s.post(line+"/revoke", "elsewhere", "perhaps", "why", "x").is(422).says("must be chosen")
	s.post(line+"/revoke", "elsewhere", "no", "why", "they move away").to(invoice)
	s.get(invoice).is(200).sound().says("Pays, does not renew", "Set back").hides("Restore")
	s.get(s.at).says("Revoked", "Set back")
	s.post(line + "/restore").to(invoice)
	s.get(invoice).says("Renews the domain")
	s.get(line + "/delete").is(200).sound().says("Was this term already renewed elsewhere?")
	s.post(line+"/revoke", "elsewhere", "yes", "why", "at the panel").to(invoice)
	s.get(invoice).is(200).sound().says("sends nothing")
}

func TestDomainDates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.plot(t, "mine.com", 100)
	theirs := "/admin/domains/" + s.renewal.DomainID
	s.get(theirs).is(200).sound().says("Paid, being confirmed", "The registry names another date", "Adopt it", "Answer", "Readings that differed", "Registry expiry", "Last safe day")
	s.post(theirs+"/adopt", "why", "x").is(422).sound().says("must be chosen")
	s.post(theirs+"/adopt", "paid", "leave").is(422).sound().says("is required")
	s.post(theirs+"/adopt", "paid", "leave", "why", "the registry is right").to(theirs)
	s.get(theirs).hides(">The registry names another date<")
	s.get(theirs + "/adopt").is(409)
	s.get(s.at + "/adopt").is(409).says("No date of the registry waits")

	s.fake.Expires("mine.com", s.domain.Expiry.Date().AddDays(3).String()+"T10:00:00Z")
	s.post(s.at + "/sync").to(s.at)
	s.get(s.at).says("Corrected by a few days")
	s.get("/admin/registrars/" + s.land.registrar.ID + "/runs/" + s.run).is(200).sound().says("Held for review")
}

func TestDomainSwitches(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 10)
	s.runDue()
	s.get(s.at+"/auto-renew").is(200).sound().says("Turn auto renew of mine.com off?", "becomes void")
	s.post(s.at+"/auto-renew", "on", "0").is(422).sound().says("is required")
	s.post(s.at+"/auto-renew", "on", "maybe", "why", "x").is(422)
	s.post(s.at+"/auto-renew", "on", "0", "why", "they asked").to(s.at)
	s.get(s.at).says("Off: do not renew", "Withdrawn")
	s.get(s.at + "/auto-renew").says("Turn auto renew of mine.com on?")
	s.post(s.at+"/auto-renew", "on", "1", "why", "they asked again").to(s.at)

	code := s.post(s.at+"/auth-code", "why", "they move").is(200).sound().says("It is shown this once")
	set, _ := s.fake.Domain("mine.com")
	if set.AuthCode == "" || !strings.Contains(code.Body, set.AuthCode) || code.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("code %q, page %s", set.AuthCode, code.Body)
	}
	s.get(s.at).hides(set.AuthCode)
	s.get("/admin/events").hides(set.AuthCode)
	s.post(s.at + "/auth-code").is(422).sound().says("is required")

	s.post(s.at+"/nameservers", "nameservers", "ns1.example.net\r\nns2.example.net").to(s.at)
	s.get(s.at).says("ns1.example.net, ns2.example.net")
	s.post(s.at+"/nameservers", "nameservers", "not a name").is(422).sound().says("not a name")
	s.post(s.at+"/registrant", "name", "", "email", "x").is(422).sound().says("is required", "two letters")
	s.post(s.at+"/registrant", "name", "Ada", "email", "ada@example.com", "address", "1 Road\r\n12345 Town", "country", "de").to(s.at)
	s.get(s.at).says("1 Road, 12345 Town", "DE")
	s.post(s.at+"/lock", "lock", "1", "why", "caution").to(s.at)
	if d, _ := s.fake.Domain("mine.com"); len(d.Statuses) == 0 || d.Nameservers[0] != "ns1.example.net" {
		t.Errorf("at the registry: %+v", d)
	}

	// What the registrar does not do is not called done.
	s.fake.Break(registrartest.Fault{Kind: registrartest.Code, Command: "update", Code: 2308, Times: 4})
	s.post(s.at+"/nameservers", "nameservers", "ns3.example.net").is(422).sound().says("The registrar refused: 2308", "ns3.example.net")
	s.post(s.at+"/registrant", "name", "Bob", "email", "bob@example.com", "address", "1 Road\r\n12345 Town", "country", "de").is(422).sound().says("The registrar refused: 2308")
	s.post(s.at+"/lock", "lock", "0", "why", "caution").is(http.StatusConflict).says("The registrar refused: 2308")
	s.post(s.at+"/auth-code", "why", "they move").is(http.StatusConflict).says("The registrar refused: 2308")
	s.get(s.at).says("ns1.example.net, ns2.example.net", "1 Road, 12345 Town").hides("ns3.example.net", "Bob")
	s.fake.Break(registrartest.Fault{Kind: registrartest.CutBefore, Command: "update", Times: 1})
	s.post(s.at+"/nameservers", "nameservers", "ns3.example.net").to(s.at)
	s.get(s.at).says("The registry has not answered").hides("The nameservers were changed")
}

func TestTwoTabsOfDomain(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	mine, theirs := s.get(s.at+"/edit").sound().form(s.at, "recurring", "14.00"), s.get(s.at+"/edit").form(s.at, "next_due", "2026-05-05")
	s.sends(s.at, theirs).to(s.at)
	back := s.sends(s.at, mine).is(http.StatusConflict).sound().says(changedBefore, `value="14.00"`, "in the store")
	if d := must(s.Domains.ByID(t.Context(), s.domain.ID))(t); d.Recurring != eur(1000) || d.NextDue.String() != "2026-05-05" {
		t.Errorf("saved over the first change: %+v", d)
	}
	s.sends(s.at, back.form(s.at, "next_due", "2026-05-05")).to(s.at)
	d := must(s.Domains.ByID(t.Context(), s.domain.ID))(t)
	if d.Recurring != eur(1400) || d.NextDue.String() != "2026-05-05" || d.PaidThrough != s.domain.PaidThrough {
		t.Errorf("the second change: %+v", d)
	}
	s.post(s.at, "next_due", "soon", "recurring", "a lot", "term", "x").is(422).sound().says("is not a date", "is not an amount", "is not a term")
	twice := s.get(s.at+"/edit").form(s.at, "next_due", "2026-06-06")
	s.sends(s.at, twice).to(s.at)
	s.sends(s.at, twice).to(s.at) // what was typed is what is stored
	form := s.get(s.at+"/edit").form(s.at, "paid_through", "2027-01-01")
	s.sends(s.at, form).is(422).sound().says(`aria-invalid="true"`) // needs a reason
	s.sends(s.at, s.get(s.at+"/edit").form(s.at, "status", "fraud", "reason", "a stolen card")).to(s.at)
	s.get(s.at).says("Fraud").hides("/renew")
}

func TestDomainIsAdded(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	s.post("/admin/domains", "name", "no such name!", "email", "nobody@example.com", "term", "1").is(422).sound().says("is nobody&#39;s", `value="no such name!"`)
	s.post("/admin/domains", "name", "mine.com", "email", s.customer.Email, "term", "1", "registry_expiry", "2027-01-01", "recurring", "10").is(422).sound()
	to := s.post("/admin/domains", "name", "other.com", "email", s.customer.Email, "term", "2", "registry_expiry", "2027-01-01", "auto_renew", "on").leads()
	s.get(to).is(200).sound().says("other.com", "€24.00")

	s.fake.Expires("far.com", "2028-03-10T10:00:00Z") // what nobody says is read at the registrar
	to = s.post("/admin/domains", "name", "far.com", "email", s.customer.Email, "term", "1").leads()
	s.get(to).is(200).sound().says("10 Mar 2028", "2028-03-10T10:00:00Z")
	s.post("/admin/domains", "name", "elsewhere.com", "email", s.customer.Email, "term", "1").is(422).sound().says("is required: the registrar does not know the domain").hides("registry_expiry:")
}

// Another site can't have a browser do any of it, and who may only look is refused.
func TestDomainsAreGuarded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.plot(t, "mine.com", 100)
	for _, path := range []string{s.at + "/renew/do", s.at + "/sync", s.at + "/auth-code", s.at, "/admin/tlds/com/prices", "/admin/registrars", "/admin/domain-prices"} {
		s.send(http.MethodPost, path, strings.NewReader("years=1&next_due=move&why=x"), formType, "Sec-Fetch-Site: cross-site").is(403)
	}
	if s.fake.Sent("renew") != 0 {
		t.Error("something was sent")
	}
	support := b.as(b.colleague("Sam", staff.Support))
	support.get(s.at).is(200).sound().hides("/renew", "Sync now", "/edit")
	support.post(s.at+"/renew/do", "years", "1", "next_due", "move").is(403)
	support.get("/admin/domains/notices/rules").is(200).sound().hides("Save rules")
	support.post("/admin/registrars", "name", "x", "adapter", "manual").is(403)
}

func TestReleaseOfARenewal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.plot(t, "mine.com", 100)
	theirs := "/admin/domains/" + s.renewal.DomainID
	waits := theirs + "/renewals/" + s.renewal.ID
	s.get(waits + "/accept-price").is(200).sound().says("Accept the registry&#39;s price of example.com?")
	s.post(waits+"/release", "why", "x").is(409).says("what the customer must pay")
	n := b.held(s.domain.Domain, s.domain.PaidThrough, domainname.HeldFunds)
	to := s.at + "/renewals/" + n.ID
	s.get(s.at).is(200).sound().says("Try again", "Too little money at the registrar")
	s.get("/admin/domains/danger").is(200).sound().says("Pay money in at "+s.land.registrar.Name, "/admin/registrars/"+s.land.registrar.ID, "Red: at most 3 days").hides("Try again")
	s.get(to+"/release").is(200).sound().says("Try again to renew mine.com?", "The registry is read first")
	s.post(to + "/release").is(422).sound()
	s.get(theirs + "/renewals/" + n.ID + "/release").is(404) // of another domain
	s.post(to+"/release", "why", "money was paid in").to(s.at)
	must(b.Dispatch.RunDue(t.Context()))(t)
	if n := must(b.Domains.RenewalByID(t.Context(), n.ID))(t); n.State != domainname.RenewalConfirmed || s.fake.Sent("renew", "mine.com") != 1 {
		t.Errorf("it is %s", n.State)
	}
	s.get(s.at).hides("Paid, being confirmed")
	s.post(theirs+"/answer", "why", "x").is(422).sound().says("must be chosen")
}

// Case A5: the renewal for ten years is stored as disabled, and the answer says so.
func TestA5PricesOfAnExtension(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	const to = "/admin/tlds/com/prices"
	form := s.get(to).is(200).sound().form(to, "renew.10", "110.00", "renew.1", "13.00", "register.1", "-1")
	s.sends(to, form).to("/admin/tlds/com")
	s.get("/admin/tlds/com").is(200).sound().says("stored as -1", "€13.00", "Disabled")
	s.get(to).says(`name="renew.10" type="text" value="-1"`)
	s.post(to, "currency", "EUR", "valid_from", "2026-01-01", "renew.1", "a lot", "renew.2", "-3").is(422).sound().says("is neither -1 nor an amount")
	s.post(to, "currency", "XXQ", "valid_from", "2026-01-01", "renew.1", "13.00").is(422).sound()
	s.post(to, "currency", "EUR", "valid_from", "2026-01-01").is(422).says("Enter a price first")
	s.post(to, "currency", "EUR", "valid_from", "2026-01-01", "transfer.2", "13.00").is(422).sound().says("shortest term")
}

func TestPolicyIsPreviewed(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	const to = "/admin/tlds/com/policy"
	form := s.get(to).is(200).sound().form(to, "grace_days", "0", "earliest", "30", "latest", "-7", "due_margin", "3")
	preview := s.sends(to, form).is(200).sound().says("What it touches", "mine.com", "example.com", "Can&#39;t be carried out any more", "Nothing is saved yet")
	if n := len(must(s.Domains.Policies(t.Context(), "com"))(t)); n != 1 {
		t.Fatalf("%d rows before it was confirmed", n)
	}
	s.sends(to, preview.form(to)).to("/admin/tlds/com")
	s.get("/admin/tlds/com").is(200).sound().says("to come", "decides today", "7 days before the end")
	s.sends(to, preview.form(to)).to("/admin/tlds/com") // sent twice
	if n := len(must(s.Domains.Policies(t.Context(), "com"))(t)); n != 2 {
		t.Errorf("%d rows", n)
	}
	other := preview.form(to)
	other.Set("latest", "-6")
	s.sends(to, other).is(422).sound().says("is that of another row")
	s.post(to, "valid_from", "2026-01-01", "min_years", "5", "max_years", "2", "step_years", "0", "earliest", "-1").is(422).sound()
	longer := s.get(to).is(200).form(to, "valid_from", "2026-04-01", "min_years", "2")
	s.sends(to, longer).is(200).sound().says("2 domains renew by a term that is not on offer any more", "not on offer any more", "From 1 Apr 2026 on no invoice can be made").hides("No domain is touched")
	// A fee may leave its currency out while the extension is sold in the store's alone, and is shown as it was understood.
	fees := s.get(to).form(to, "valid_from", "2026-05-01", "grace_days", "10", "latest", "", "grace_fee", "12.00")
	s.sends(to, s.sends(to, fees).is(200).sound().says("Grace fee: €12.00").form(to)).to("/admin/tlds/com")
	const prices = "/admin/tlds/com/prices"
	s.sends(prices, s.get(prices+"?currency=USD").form(prices, "renew.1", "14.00")).to("/admin/tlds/com")
	fees.Set("valid_from", "2026-06-01")
	s.sends(to, fees).is(422).sound().says("needs the currency, such as 12.00 EUR")
	s.post("/admin/tlds", "extension", "github.io", "valid_from", "2026-01-01", "min_years", "1", "max_years", "1", "step_years", "1").is(422).sound()
	s.get("/admin/tlds/add").is(200).sound()
	s.get("/admin/tlds/nothing").is(404)
}

func TestTablesOfExtensions(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	policies := s.get("/admin/tlds/policies.csv").is(200)
	if !strings.HasPrefix(policies.Body, "extension,valid_from,") || !strings.Contains(policies.Body, "com,2020-01-01") {
		t.Errorf("policies: %s", policies.Body)
	}
	const to = "/admin/tlds/import/prices"
	table := "extension,kind,years,currency,valid_from,amount\ncom,renew,1,EUR,2026-03-01,15.00\ncom,renew,10,EUR,2026-03-01,150.00\ncom,renew,2,EUR,2026-03-01,cheap\n"
	dry := s.upload(to, "file", "prices.csv", table).is(200).sound().says("Rows to import", "neither -1 nor an amount", "€15.00", "stored as -1")
	if strings.Contains(s.get("/admin/tlds/prices.csv").Body, "15.00") {
		t.Error("a dry run has written")
	}
	s.sends(to, dry.form(to)).to("/admin/tlds")
	if got := s.get("/admin/tlds/prices.csv").Body; !strings.Contains(got, "com,renew,1,EUR,,2026-03-01,15.00") || !strings.Contains(got, "com,renew,10,EUR,,2026-03-01,-1") {
		t.Errorf("prices: %s", got)
	}
	s.upload(to, "file", "x.csv", "nonsense").is(422).sound().says("column")
	s.upload(to, "other", "x.csv", table).is(422).sound().says("is required")
	s.upload(to, "file", "x.csv", strings.Repeat("x", maxTable+1)).is(422).sound().says("too long")
	s.upload("/admin/tlds/import/policies", "file", "p.csv", policies.Body).is(200).sound().says("Nothing to import")
}

func TestDomainPriceUpdate(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	const at = "/admin/domain-prices"
	s.get(at).is(200).sound()
	must(s.Domains.UndoPriceUpdate(t.Context(), s.land.priced, "it is in the way"))(t)
	form := s.get(at+"/new").is(200).sound().form(at, "extension", "com", "mode", "list", "reason", "dearer", "starts_on", "2026-03-02", "notify", "")
	form.Del("notify")
	preview := s.sends(at, form).is(200).sound().says("2 domains will cost something else", "€10.00", "€12.00", "A year", "All as CSV")
	table := form
	table.Set("as", "csv")
	if got := s.sends(at, table).is(200); !strings.Contains(got.Body, "mine.com") || !strings.Contains(got.Body, "10.00,12.00,2.00,planned") {
		t.Errorf("table: %s", got.Body)
	}
	var sure string
	for n := range preview.elements() {
		if n.Data == "form" && attr(n, "action") == at {
			for c := range n.Descendants() {
				if attr(c, "name") == "sure" {
					sure = "1"
				}
			}
		}
	}
	if sure == "" {
		t.Fatal("nothing to confirm")
	}
	form.Del("as")
	form.Set("sure", "1")
	to := s.sends(at, form).leads()
	s.get(to).is(200).sound().says("Scheduled", "mine.com", "€2.00")
	if got := s.get(to + "/rows.csv").is(200).Body; !strings.Contains(got, "mine.com") {
		t.Errorf("rows: %s", got)
	}
	s.clock.Advance(24 * time.Hour)
	must(0, s.Domains.ApplyPriceUpdates(t.Context(), domainname.RegistryDate(s.clock.Now())))(t)
	bill := s.bundle.colleague("Bill", staff.Billing)
	br := s.bundle.as(bill)
	br.get(s.at).says("€12.00")
	br.post(to + "/undo").is(422).sound()
	br.post(to+"/undo", "why", "too dear").to(to)
	br.get(to).is(200).sound().says("Undone")
	if d := must(s.Domains.ByID(t.Context(), s.domain.ID))(t); d.Recurring != eur(1000) {
		t.Errorf("after it was undone: %s", d.Recurring)
	}
	br.get(at).says("2 undone, 0 kept")

	// One that would come on top of another is not planned; what was passed over is said, and asked about.
	form.Set("starts_on", "2026-03-05")
	to = br.sends(at, form).leads()
	form.Set("starts_on", "2026-03-09")
	br.sends(at, form).is(422).sound().says("2 of these domains are in the price update", "2026-03-05")
	form.Set("as", "csv")
	br.sends(at, form).is(422).sound().says("2 of these domains are in the price update")
	must(s.Domains.Change(t.Context(), s.domain.ID, domainname.Patch{Recurring: new(eur(1100))}))(t)
	s.clock.Advance(4 * 24 * time.Hour)
	must(0, s.Domains.ApplyPriceUpdates(t.Context(), domainname.RegistryDate(s.clock.Now())))(t)
	br = s.bundle.as(bill)
	br.get(at).is(200).sound().says("applied to 1, 1 skipped")
	br.get("/admin/tasks").is(200).sound().says("A price update has left domains as they are", to, "has skipped 1 of its domains: 1 that somebody has changed")
	br.post(at, "mode", "percent", "value", "x", "starts_on", "soon", "term", "many").is(422).sound()
	br.post(at, "mode", "amount", "value", "5", "from", "1", "starts_on", "2026-03-02", "reason", "x").is(422).sound().says("is required")
}

func TestRegistrars(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	s.fake.Fund(money.New(100_000, "EUR"))
	own := "/admin/registrars/" + s.land.registrar.ID
	s.post(own + "/balance").to(own)
	s.get(own).is(200).sound().says("€1,000.00", "Covers renewals until")
	s.get("/admin/registrars").is(200).sound().says("€1,000.00")
	s.post(own + "/test").to(own)
	s.get(own).says("can be reached")
	s.get(own + "/frames").is(200).sound()
	s.get(own + "/restart").is(200).sound()
	s.post(own+"/restart", "why", "x").is(409)

	s.get("/admin/registrars/new?adapter=rest").is(200).sound().says("Plain API", "Password")
	s.post("/admin/registrars", "adapter", "rest", "name", "", "settings.url", "nowhere", "secret", "hush-hush").is(422).sound().says("is an address that begins with").hides("hush-hush")
	to := s.post("/admin/registrars", "adapter", "rest", "name", "Reseller", "settings.url", "https://api.registrar.example/rest", "settings.account", "us", "secret", "hush-hush", "sync_mode", "notify").leads()
	s.get(to).is(200).sound().says("Reseller", "Reports only", "https://api.registrar.example/rest").hides("hush-hush")
	edit := s.get(to + "/edit").is(200).sound().hides("hush-hush")
	mine, theirs := edit.form(to, "name", "Reseller A"), edit.form(to, "sync_mode", "off")
	s.sends(to, theirs).to(to)
	back := s.sends(to, mine).is(http.StatusConflict).sound().says(changedBefore, `value="Reseller A"`)
	s.sends(to, back.form(to, "sync_mode", "off")).to(to)
	if x := must(s.Registrars.ByName(t.Context(), "Reseller A"))(t); x.SyncMode != "off" || !x.HasSecret {
		t.Errorf("%+v", x)
	}
	manual := s.post("/admin/registrars", "adapter", "manual", "name", "By hand").leads()
	s.get(manual).is(200).sound().hides("Read balance")
	s.get("/admin/registrars/rgr_none").is(404)
}

// What a registrar without an interface was asked for is answered by staff.
func TestDomainByHand(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 20)
	s.post("/admin/registrars", "adapter", "manual", "name", "By hand")
	s.sends(s.at, s.get(s.at+"/edit").form(s.at, "registrar", "By hand")).to(s.at)
	ask := s.post(s.at+"/renew", "years", "1").is(200).says("a task is made for staff")
	s.sends(s.at+"/renew/do", ask.form(s.at+"/renew/do", "next_due", "move")).to(s.at)
	must(s.Dispatch.RunDue(t.Context()))(t)
	s.get(s.at).is(200).sound().says("Staff do this by hand")
	s.get(s.at + "/by-hand").is(200).sound()
	s.post(s.at + "/by-hand").is(422).sound().says("must be chosen")
	s.post(s.at+"/by-hand", "outcome", "refused").is(422).sound().says("is required")
	s.post(s.at+"/by-hand", "outcome", "done", "expiry", "soon").is(422).sound().says(`value="soon"`)
	s.post(s.at+"/by-hand", "outcome", "done", "expiry", domainname.AddYears(s.domain.Expiry.Date(), 1).String(), "reference", "R-77").to(s.at)
	s.get(s.at).is(200).sound().says("Confirmed", "R-77")
}

// A deletion by hand is over when staff have said what came of it, not when they have closed its task. What is only a change
// is done when its task is closed.
func TestDomainDeletedByHand(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 20)
	s.post("/admin/registrars", "adapter", "manual", "name", "By hand")
	s.sends(s.at, s.get(s.at+"/edit").form(s.at, "registrar", "By hand")).to(s.at)
	s.post(s.at+"/nameservers", "nameservers", "ns1.example.net\nns2.example.net").to(s.at)
	s.post(s.at+"/delete", "name", "mine.com", "why", "nobody pays").to(s.at)
	s.get(s.at).is(200).sound().says("Staff do this by hand", s.at+"/by-hand").hides(">Delete at the registry<")
	if d := must(s.Domains.ByID(t.Context(), s.domain.ID))(t); d.DeletedAt != nil || d.Standing.Status != domainname.Active {
		t.Errorf("%s, deleted at %v before anybody has said so", d.Standing.Status, d.DeletedAt)
	}
	tasks := map[string]string{} // by kind
	open, _, err := s.Tasks.Open(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range open {
		if x.SubjectID == s.domain.ID {
			tasks[x.Kind] = "/admin/tasks/" + x.ID + "/done"
		}
	}
	if len(tasks) != 2 {
		t.Fatalf("asked for %v", tasks)
	}
	done := tasks[dispatch.TaskByHand]
	s.get("/admin/tasks").is(200).sound().says("Do at a registrar by hand", "Change something at a registrar by hand", done)
	s.post(done).to(s.at + "/by-hand")
	s.get("/admin/tasks").says(done)
	s.get(s.at+"/by-hand").is(200).sound().says("It is given up", "It was deleted").hides("It was done")
	s.post(s.at+"/by-hand", "outcome", "done", "expiry", "2030-01-01").is(422).sound()
	s.post(s.at+"/by-hand", "outcome", "deleted", "reference", "R-78").to(s.at)
	s.get("/admin/tasks").hides(done).says(tasks["domain.change_by_hand"])
	s.post(tasks["domain.change_by_hand"]).to("/admin/tasks")
	if d := must(s.Domains.ByID(t.Context(), s.domain.ID))(t); d.DeletedAt == nil || d.Standing.Status != domainname.Redemption || !d.DoNotRenew {
		t.Errorf("%s, deleted at %v", d.Standing.Status, d.DeletedAt)
	}
	s.post(s.at+"/by-hand", "outcome", "deleted").is(422).sound().says("Nothing is to be done by hand")
}

func TestNoticeRules(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	const to = "/admin/domains/notices/rules"
	page := s.get(to).is(200).sound().says("30 days before the term&#39;s end", "3 days after").hides("miss notices")
	form := page.form(to)
	form.Set("rule.4.days", "") // the one after the end
	s.sends(to, form).is(422).sound().says("rule", "ICANN")
	form.Set("override", "our registrar writes this one")
	s.sends(to, form).to(to)
	s.get(to).is(200).sound().says("Generic extensions miss notices that ICANN asks for")
	s.post(to, "count", "1", "rule.0.days", "often", "rule.0.anchor", "term_end").is(422).sound().says("is not a whole number", `value="often"`)
	s.get("/admin/domains/notices").is(200).sound()
	s.get("/admin/domains/notices?breach=1&domain_id="+s.domain.ID+"&from=2026-01-31").is(200).sound().says("<span>"+s.domain.Name.Unicode()+"</span>", "<span>31 Jan 2026</span>")
	s.get("/admin/tlds/" + extension).is(200).sound().says("Fee: €5.00")
	if got := s.get("/admin/domains/notices.csv?from=2026-01-01"); got.Status != 200 || got.Header.Get("Content-Disposition") == "" {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

// A domain is deleted at its registry by who types its name, and is in the list of what a registry has renewed until then.
func TestDomainDelete(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 10)
	s.get(s.at).says("Delete at the registry")
	s.get(s.at+"/delete").is(200).sound().says("Delete mine.com at its registry?", "The customer is told by mail")
	s.post(s.at+"/delete", "name", "other.com", "why", "unpaid").is(422).sound().says("is not the name of this domain")
	s.post(s.at+"/delete", "name", "mine.com").is(422).sound().says("is required")
	s.post(s.at+"/delete", "name", "mine.com", "why", "unpaid", "version", "new").is(400)
	// A colleague, or the customer, has done something with it between the look and the deletion.
	to := s.at + "/delete"
	seen := s.get(to).form(to, "name", "mine.com", "why", "unpaid")
	s.post(s.at+"/auto-renew", "on", "0", "why", "they asked").to(s.at)
	s.sends(to, seen).is(http.StatusConflict).sound().says("has changed since you looked", "Nothing was sent")
	if n := s.fake.Sent("delete"); n != 0 {
		t.Fatalf("sent %d times", n)
	}
	s.sends(to, s.get(to).form(to, "name", "MINE.com", "why", "unpaid")).to(s.at)
	s.get(s.at).is(200).sound().says("In redemption", "Off: do not renew").hides("Delete at the registry")
	if n := s.fake.Sent("delete"); n != 1 {
		t.Fatalf("sent %d times", n)
	}
}
