package portal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar/account"
)

// sellDomains sets an extension up: a renewal costs 12 euros a year, a late one 5 and a restore 80 more.
func (b *bundle) sellDomains(extension string) {
	b.Helper()
	b.sells = true
	must(b.Registrars.Create(b.Context(), account.Input{Name: "fake", Adapter: "fake", SyncMode: account.SyncOn}))(b.T)
	today := civil.Of(b.clock.Now(), time.UTC)
	through := "fake"
	in := domainname.TLDInput{Extension: extension, Registrar: &through, Policy: &domainname.Policy{
		Extension: extension, ValidFrom: today.AddDays(-800), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, GraceFee: domainname.Fee{"EUR": 500},
		RedemptionDays: 30, RedemptionFee: domainname.Fee{"EUR": 8000}, ExplicitRenew: true, DateMoves: domainname.AtOnce, DueMargin: 3, Source: "a test", ReadOn: today,
	}}
	for years := 1; years <= 9; years++ {
		in.Prices = append(in.Prices, domainname.Price{Extension: extension, Kind: domainname.ForRenewal, Years: years, Currency: "EUR", Amount: int64(1200 * years), ValidFrom: today.AddDays(-800)})
	}
	if _, _, err := b.Domains.SetTLD(b.Context(), in); err != nil {
		b.Fatal(err)
	}
}

// domain brings a domain into the store that ends so many days from now.
func (b *bundle) domain(c customer.Customer, name string, left int, change ...func(*domainname.Input)) domainname.Domain {
	b.Helper()
	in := domainname.Input{Name: name, CustomerID: c.ID, Expiry: b.clock.Now().AddDate(0, 0, left).Format(time.RFC3339)}
	for _, f := range change {
		f(&in)
	}
	if !b.sells {
		b.sellDomains("com")
	}
	b.registry.Expires(must(domainname.ParseName(name))(b.T).String(), in.Expiry)
	return must(b.Domains.Create(b.Context(), in))(b.T)
}

func TestDomains(t *testing.T) {
	t.Parallel()
	b := setup(t) // 1 March 2026
	marie := b.newCustomer("Marie")
	far := b.domain(marie, "bücher.com", 300)
	b.domain(marie, "off.com", 40, func(in *domainname.Input) { in.DoNotRenew = true })
	late := b.domain(marie, "late.com", -10)
	b.domain(marie, "lost.com", -40)
	b.domain(marie, "free.com", 100, func(in *domainname.Input) { m := money.New(0, "EUR"); in.Recurring = &m })
	br := b.signedIn(marie)
	br.get("/account/licenses").is(200).sound().says("2 domains have run out", "/account/domains?show=ended")
	br.get("/account/domains?show=ended").is(200).sound().says("late.com", "lost.com").hides("off.com")
	br.get("/account/domains").is(200).sound().says("bücher.com", "off.com", "Run out", "To be restored", ">Restore<", "Renew several", "Ends on 10\u00a0Apr\u00a02026", "Write to us to renew it")
	br.get("/account/domains?q=B%C3%9CCHER").is(200).says("bücher.com").hides("off.com")
	br.get("/account/domains?show=never").is(200).says("off.com").hides("bücher.com")
	br.get("/account/domains?q=nothing").is(200).says("No domain fits")
	br.get("/account/domains?show=bogus").is(404)
	br.get("/account/domains/"+far.ID).is(200).sound().says("bücher.com", "xn--bcher-kva.com", "Registered until", "(UTC)", "Paid until", "Next due", "Auto renew", "€12.00", "9 years", "€108.00", "This term is not for sale", `<time datetime="2026-12-26">26 December 2026</time>`, `<time datetime="2027-12-26">26 Dec 2027</time>`)
	br.get("/account/domains/"+late.ID+"/renew").is(200).sound().says("€12.00", "€5.00", "can be renewed until")
	br.get("/account/domains/"+far.ID+"/renew/review?years=2").is(200).sound().says("Renew bücher.com for 2 years?", "€24.00", "Total")
	br.get("/account/domains/" + far.ID + "/renew/review?years=10").to("/account/domains/" + far.ID + "/renew")
	br.get("/account/domains/renewals").is(200).sound().says("bücher.com", "Restore and renew for 1 year", "write to us")
	br.get("/account/details/data").is(200).says(`"name": "bücher.com"`, `"auto_renew": false`)
}

// sent are the values of the hidden fields of the page's form that is sent to an address.
func (r reply) sent(action string) (pairs []string) {
	r.Helper()
	_, form, ok := strings.Cut(r.Body, `action="`+action+`"`)
	if !ok {
		r.Fatalf("%s has no form for %s", r.what, action)
	}
	form, _, _ = strings.Cut(form, "</form>")
	for {
		_, rest, more := strings.Cut(form, `<input type="hidden" name="`)
		if !more {
			return pairs
		}
		name, rest, _ := strings.Cut(rest, `" value="`)
		value, rest, _ := strings.Cut(rest, `"`)
		pairs, form = append(pairs, name, strings.ReplaceAll(value, "&#43;", "+")), rest
	}
}

func TestRenewDomain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	d := b.domain(marie, "marie.com", 100)
	br := b.signedIn(marie)
	at := "/account/domains/" + d.ID
	form := br.get(at + "/renew/review?years=3").is(200).sent(at + "/renew")
	first := br.post(at+"/renew", form...).is(http.StatusSeeOther).Header.Get("Location")
	if !strings.HasPrefix(first, "/account/invoices/") {
		t.Fatalf("ordered, and then %s", first)
	}
	if again := br.post(at+"/renew", form...).is(http.StatusSeeOther).Header.Get("Location"); again != first {
		t.Errorf("the form sent twice leads to %s and to %s", first, again)
	}
	br.get(first).is(200).says("Pay this invoice, and the domain is renewed.", "marie.com", "€36.00")
	br.get(at).is(200).sound().says("Its renewal is to be paid: €36.00", "To its invoice", first, "under way already")
	// Another form asks for another renewal, which there can't be.
	form[len(form)-1] = "ANOTHERANOTHERANOTHER12345"
	br.post(at+"/renew", form...).to(at)
	br.get(at).says("under way already")
	// Prices that were not shown are not agreed to.
	other := b.domain(marie, "other.com", 100)
	at = "/account/domains/" + other.ID
	form = br.get(at + "/renew/review?years=1").sent(at + "/renew")
	for i := range form {
		if form[i] == "agreed" {
			form[i+1] += "x"
		}
	}
	br.post(at+"/renew", form...).to(at + "/renew/review?years=1")
	br.get(at + "/renew/review?years=1").says("have changed meanwhile")
}

func TestRenewSeveralDomains(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie, nils := b.newCustomer("Marie"), b.newCustomer("Nils")
	one, two, theirs := b.domain(marie, "one.com", 100), b.domain(marie, "two.com", 50), b.domain(nils, "theirs.com", 50)
	br := b.signedIn(marie)
	br.post("/account/domains/renewals").to("/account/domains/renewals")
	to := br.post("/account/domains/renewals", "years."+one.ID, "2", "years."+two.ID, "1").is(http.StatusSeeOther).Header.Get("Location")
	review := br.get(to).is(200).sound().says("Renew 2 domains?", "one.com", "two.com", "€36.00")
	invoice := br.post("/account/domains/renewals/order", review.sent("/account/domains/renewals/order")...).is(http.StatusSeeOther).Header.Get("Location")
	br.get(invoice).is(200).says("one.com", "two.com", "€36.00")
	br.get("/account/domains/renewals/review?years." + theirs.ID + "=1").is(404).hides("theirs.com")
	br.post("/account/domains/renewals/order", "years."+theirs.ID, "1", "request", "ANOTHERANOTHERANOTHER12345").is(404)
}

func TestRestoreDomain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	at := "/account/domains/" + b.domain(marie, "back.com", -40).ID
	br := b.signedIn(marie)
	form := br.get(at + "/renew/review?years=1").is(200).says("Restore back.com and renew it for 1 year?").sent(at + "/renew")
	invoice := br.post(at+"/renew", form...).is(http.StatusSeeOther).Header.Get("Location")
	br.get(invoice).is(200).says("Pay this invoice, and the domain is restored and renewed.", "back.com")
}

// A list of 500 domains is there as a whole, page by page.
func TestManyDomains(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	for i := range 500 {
		b.domain(marie, fmt.Sprintf("many-%03d.com", i), 20+i)
	}
	br := b.signedIn(marie)
	for _, path := range []string{"/account/domains", "/account/domains?order=term_end", "/account/domains/renewals"} {
		begun := time.Now()
		r := br.get(path).is(200).sound()
		t.Logf("%s: %s, %d bytes", path, time.Since(begun), len(r.Body))
		n := 0
		for r.Status == http.StatusOK {
			n++
			_, rest, more := strings.Cut(r.Body, `rel="next" href="`)
			if !more {
				break
			}
			href, _, _ := strings.Cut(rest, `"`)
			r = br.get(strings.ReplaceAll(href, "&amp;", "&")).is(200)
		}
		if n != 10 {
			t.Errorf("%s has %d pages", path, n)
		}
	}
}

// Turning auto renew off says what becomes of each invoice: one that asks for nothing besides is not made anew.
func TestTurnOffWithLateFee(t *testing.T) {
	t.Parallel()
	for way, says := range map[string]string{"replace": "of €17.00 is withdrawn.", "separate": "of €12.00 is withdrawn. So is the one of its fee, of €5.00."} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			must(b.rooms.Settings.Patch(t.Context(), map[string]json.RawMessage{"domains.fee_billing": json.RawMessage(strconv.Quote(way))}))(t)
			marie := b.newCustomer("Marie")
			d := b.domain(marie, "marie.com", 10)
			br := b.signedIn(marie)
			b.pass(1)
			br.later(marie, 11)
			br.get("/account/domains/" + d.ID + "/auto-renew").is(200).sound().says(says).hides("made anew")
		})
	}
}
