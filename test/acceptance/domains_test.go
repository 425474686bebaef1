package acceptance

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The cases of domains: a store whose registrar is the built-in registry, and extensions with the policies of the cases.
// "Sent" is how many renew commands the registrar was told.

// domain is a domain as the API shows it.
type domain struct {
	ID             string
	Name           string
	Status         string
	Confirming     bool
	RegistryExpiry string  `json:"registry_expiry"`
	PaidThrough    string  `json:"paid_through"`
	NextDue        *string `json:"next_due"`
	TermYears      *int    `json:"term_years"`
	Recurring      cash
	DoNotRenew     bool `json:"do_not_renew"`
	OpenRenewal    *struct {
		ID        string
		State     string
		Hold      *string
		InvoiceID *string `json:"invoice_id"`
	} `json:"open_renewal"`
}

// String is R, P and next due.
func (d domain) String() string {
	return fmt.Sprintf("R %.10s P %s due %s", d.RegistryExpiry, d.PaidThrough, orDash(d.NextDue))
}

func orDash(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

// renewPrices are the renew list prices of the cases, in cents.
var renewPrices = map[int]int64{1: 1200, 2: 2400, 3: 3600, 5: 5800, 9: 9900}

func prices(of map[int]int64) []object {
	var all []object
	for years, amount := range of {
		all = append(all, object{"action": "renew", "years": years, "money": eur(amount)})
	}
	return all
}

// cctld is the policy of the cases, with changes.
func cctld(change object) object {
	p := object{
		"valid_from": "2020-01-01", "min_years": 1, "max_years": 10, "step_years": 1, "grace_days": 30, "grace_fee": eur(500), "redemption_days": 30,
		"redemption_fee": eur(8000), "explicit_renew": true,
	}
	for k, v := range change {
		p[k] = v
	}
	return p
}

// tld sets an extension up.
func (s *store) tld(name string, policy object, renew map[int]int64) {
	s.t.Helper()
	s.do("POST", "/tlds", object{"tld": name, "registrar": "simulator", "policy": policy, "prices": prices(renew)}, nil)
}

// domain brings a domain in whose term ends on a day, with the recurring amount of the cases.
func (s *store) domain(customer, name, expiry string, more object) domain {
	s.t.Helper()
	body := object{"name": name, "customer_id": customer, "registry_expiry": expiry, "recurring": eur(1000)}
	for k, v := range more {
		body[k] = v
	}
	var made domain
	s.do("POST", "/domains", body, &made)
	return made
}

func (s *store) look(id string) domain {
	s.t.Helper()
	var d domain
	s.do("GET", "/domains/"+id, nil, &d)
	return d
}

// terms are the terms on offer with price and date, or the reason why there are none.
func (s *store) terms(id string) string {
	s.t.Helper()
	var got page[struct {
		Years     int
		Price     *cash
		NewExpiry *string `json:"new_expiry"`
		Reason    *string
		FirstDay  *string `json:"first_day"`
		LastDay   *string `json:"last_day"`
		Restore   *cash   `json:"restore_price"`
	}]
	s.do("GET", "/domains/"+id+"/renewal-terms", nil, &got)
	if len(got.Data) != 10 {
		s.t.Errorf("%d terms", len(got.Data))
	}
	var on []string
	for _, t := range got.Data {
		if (t.Price == nil) == (t.Reason == nil) {
			s.t.Errorf("term %d: price or reason must be null, and only one", t.Years)
		}
		if t.Price != nil {
			on = append(on, fmt.Sprintf("%d:%s:%s", t.Years, *t.Price, orDash(t.NewExpiry)))
		}
		if t.Restore != nil {
			on = append(on, fmt.Sprintf("%d:restore %s", t.Years, *t.Restore))
		}
	}
	if len(on) == 0 {
		first := got.Data[0]
		return orDash(first.Reason) + " " + orDash(first.FirstDay) + " " + orDash(first.LastDay)
	}
	return strings.Join(on, " ")
}

// years are the terms on offer alone.
func years(terms string) string {
	var on []string
	for term := range strings.FieldsSeq(terms) {
		n, _, _ := strings.Cut(term, ":")
		on = append(on, n)
	}
	return strings.Join(on, " ")
}

func renewalOf(customer, domain string, years any) object {
	return object{"customer_id": customer, "items": []object{{"domain_renewal": object{"domain_id": domain, "years": years}}}}
}

// renew orders a renewal.
func (s *store) renew(customer, domain string, years int) order {
	s.t.Helper()
	var made order
	s.do("POST", "/orders", renewalOf(customer, domain, years), &made)
	return made
}

// notOffered orders a renewal that must be refused, and returns reason, first and last day.
func (s *store) notOffered(customer, domain string, years int) string {
	s.t.Helper()
	a := s.send("POST", "/orders", renewalOf(customer, domain, years), "")
	var problem struct {
		Code, Reason string
		FirstDay     *string `json:"first_day"`
		LastDay      *string `json:"last_day"`
	}
	a.read(s.t, &problem)
	if a.status != http.StatusUnprocessableEntity || problem.Code != "TERM_NOT_AVAILABLE" {
		s.t.Errorf("order of %d years: %d %s", years, a.status, a.text)
	}
	return fmt.Sprintf("%s %s %s", problem.Reason, orDash(problem.FirstDay), orDash(problem.LastDay))
}

// sent is how many renew commands the registrar was told for a domain.
func (s *store) sent(id string) (n int) {
	s.t.Helper()
	var got page[struct{ Command string }]
	s.do("GET", "/domains/"+id+"/commands", nil, &got)
	for _, c := range got.Data {
		if c.Command == "renew" {
			n++
		}
	}
	return n
}

// settled pays an invoice and lets the registrar be told.
func (s *store) settled(invoice string, amount int64) {
	s.t.Helper()
	s.pay(invoice, amount)
	s.settle()
}

// wantDomain compares R, P, next due and how many commands were sent.
func (s *store) wantDomain(id, want string, sent int) {
	s.t.Helper()
	s.want("domain", s.look(id), want)
	s.want("sent", s.sent(id), sent)
}

func domainCases(t *testing.T, now string, cases map[string]func(s *store)) {
	t.Helper()
	t.Parallel()
	for id, run := range cases {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			each(t, now, run)
		})
	}
}

const ground = "2026-11-22T12:00:00Z"

func TestDomains(t *testing.T) {
	domainCases(t, ground, map[string]func(s *store){
		"A1-A4a": domainTerms, "A5": tenYears, "A6-A10": domainOrders, "B1": domainWindows, "C1": domainPrices, "C13": notInvoiced, "E6": byHandOwed,
		"E6b": byHandNotOwed, "E6c": byHandNoLine, "E12-E14": domainLinks, "E1": domainPaidOnce, "E9": domainDisputed, "C2": domainPriceUpdate, "bad input": domainInput,
	})
}

func TestDomainsOnOtherDays(t *testing.T) {
	t.Parallel()
	for id, c := range map[string]struct {
		now string
		run func(s *store)
	}{
		"A4b": {"2027-11-23T12:00:00Z", func(s *store) {
			s.tld("cctld", cctld(nil), map[int]int64{1: 1200, 2: 2400, 5: 5800})
			d := s.domain(s.customer(""), "example.cctld", "2036-11-22", nil)
			s.want("terms", s.terms(d.ID), "1:12.00:2037-11-22")
		}},
		"A12": {"2028-02-29T12:00:00Z", func(s *store) {
			s.tld("cctld", cctld(nil), map[int]int64{1: 1200, 5: 5800, 9: 9900})
			d := s.domain(s.customer(""), "example.cctld", "2028-12-31", nil)
			s.want("terms", s.terms(d.ID), "1:12.00:2029-12-31 5:58.00:2033-12-31 9:99.00:2037-12-31")
		}},
		"B1f": {"2026-12-02T23:59:59Z", domainFirstInstant},
		"B2":  {"2026-11-30T12:00:00Z", domainPolicies},
		"C7":  {"2026-09-30T12:00:00Z", domainStages},
		"C9":  {"2026-11-20T12:00:00Z", domainGivenUp},
		"C12": {"2027-02-20T12:00:00Z", domainCaptured},
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			each(t, c.now, c.run)
		})
	}
}

// Terms and dates on 2026-11-22.
func domainTerms(s *store) {
	ada := s.customer("")
	every := map[int]int64{}
	for n := 1; n <= 10; n++ {
		every[n] = int64(n) * 1200
	}
	with := func(of map[int]int64, n int, amount int64) map[int]int64 {
		all := map[int]int64{n: amount}
		for k, v := range of {
			all[k] = v
		}
		return all
	}
	for i, c := range []struct {
		id, end string
		priced  map[int]int64
		want    string
	}{
		{"A1", "2027-03-10", with(renewPrices, 10, 11_000), "1:12.00:2028-03-10 2:24.00:2029-03-10 3:36.00:2030-03-10 5:58.00:2032-03-10 9:99.00:2036-03-10"},
		{"A2", "2031-06-01", renewPrices, "1:12.00:2032-06-01 2:24.00:2033-06-01 3:36.00:2034-06-01 5:58.00:2036-06-01"},
		{"A4a", "2036-11-22", map[int]int64{1: 1200, 2: 2400, 5: 5800}, "cap 2027-11-23 -"},
	} {
		name := fmt.Sprintf("row%d", i)
		s.tld(name, cctld(nil), c.priced)
		d := s.domain(ada, "example."+name, c.end, nil)
		s.want(c.id, s.terms(d.ID), c.want)
		if c.id == "A2" { // A2c
			s.want("A2c", s.notOffered(ada, d.ID, 9), "cap 2030-06-03 -")
			s.wantInvoices(ada)
		}
	}
	s.tld("every", cctld(nil), every)
	s.want("A1b", years(s.terms(s.domain(ada, "a.every", "2026-11-30", nil).ID)), "1 2 3 4 5 6 7 8 9")
	s.want("A2b", years(s.terms(s.domain(ada, "b.every", "2027-11-23", nil).ID)), "1 2 3 4 5 6 7 8")
}

// The ten-year renewal is stored as disabled, and the rest of the form is saved.
func tenYears(s *store) {
	var got struct {
		Prices, Disabled []struct {
			Years int
			Money cash
		}
	}
	s.do("POST", "/tlds", object{"tld": "cctld", "registrar": "simulator", "policy": cctld(nil), "prices": prices(map[int]int64{1: 1300, 10: 11_000})}, &got)
	amounts := map[int]int64{}
	for _, p := range got.Prices {
		amounts[p.Years] = p.Money.Amount
	}
	s.want("prices", amounts, map[int]int64{1: 1300, 10: -1})
	s.want("disabled", fmt.Sprint(len(got.Disabled), got.Disabled[0].Years), "1 10")
}

// Orders: counted from the expiry, whatever the day; a second one while the first is not finished.
func domainOrders(s *store) {
	s.tld("cctld", cctld(nil), renewPrices)
	ada := s.customer("")
	d := s.domain(ada, "example.cctld", "2027-06-30T10:00:00Z", nil)
	s.settled(s.renew(ada, d.ID, 1).InvoiceID, 1200)
	s.want("A6", s.look(d.ID).RegistryExpiry, "2028-06-30T10:00:00Z")
	s.wantDomain(d.ID, "R 2028-06-30 P 2028-06-30 due 2028-06-30", 1)

	// E5: more years once the first are confirmed.
	s.settled(s.renew(ada, d.ID, 1).InvoiceID, 1200)
	s.wantDomain(d.ID, "R 2029-06-30 P 2029-06-30 due 2029-06-30", 2)

	// A8: 29 February, as the registry answers.
	leap := s.domain(ada, "leap.cctld", "2028-02-29T12:00:00Z", nil)
	s.settled(s.renew(ada, leap.ID, 1).InvoiceID, 1200)
	s.wantDomain(leap.ID, "R 2029-02-28 P 2029-02-28 due 2029-02-28", 1)

	// A10: three spellings, one domain, one renewal.
	idn := s.domain(ada, "BÜCHER.cctld", "2027-03-10", nil)
	s.want("name", idn.Name, "xn--bcher-kva.cctld")
	var first order
	for i, name := range []string{"BÜCHER.cctld", "bücher.cctld.", "xn--bcher-kva.cctld"} {
		body := object{"customer_id": ada, "items": []object{{"domain_renewal": object{"name": name, "years": 1}}}}
		if i == 0 {
			s.do("POST", "/orders", body, &first)
			continue
		}
		a := s.send("POST", "/orders", body, "")
		var problem struct {
			RenewalID string  `json:"renewal_id"`
			InvoiceID *string `json:"invoice_id"`
		}
		a.read(s.t, &problem)
		if a.status != http.StatusConflict || a.code() != "RENEWAL_OPEN" || problem.RenewalID == "" || orDash(problem.InvoiceID) != first.InvoiceID {
			s.t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
}

// Windows: too early, with the first day.
func domainWindows(s *store) {
	ada := s.customer("")
	for i, c := range []struct {
		id, end, want string
		policy        object
	}{
		{"B1", "2027-06-01", "too_early 2026-12-03 -", object{"earliest": 180, "grace_days": 90}},
		{"B1c", "2027-03-01", "too_early 2026-12-31 -", object{"earliest": 60, "grace_days": 29}},
		{"B1d", "2027-03-01", "too_early 2026-12-31 -", object{"earliest": 60, "grace_days": 0, "grace_fee": []cash{}}},
		{"B1b", "2027-06-01", "", object{"grace_days": 90}},
	} {
		name := fmt.Sprintf("row%d", i)
		s.tld(name, cctld(c.policy), renewPrices)
		d := s.domain(ada, "example."+name, c.end, nil)
		if c.want == "" {
			s.renew(ada, d.ID, 1)
			continue
		}
		s.want(c.id, s.notOffered(ada, d.ID, 1), c.want)
		s.want(c.id, s.terms(d.ID), c.want)
	}
}

// The registries' day begins at midnight UTC, wherever the store is.
func domainFirstInstant(s *store) {
	s.set(object{"store.time_zone": "Asia/Tokyo"})
	s.tld("cctld", cctld(object{"earliest": 180, "grace_days": 90}), renewPrices)
	ada := s.customer("")
	d := s.domain(ada, "example.cctld", "2027-06-01", nil)
	s.want("refusal", s.notOffered(ada, d.ID, 1), "too_early 2026-12-03 -")
	s.advance("2026-12-03T00:00:00Z")
	s.renew(ada, d.ID, 1)
}

// The row of the day decides; both stay.
func domainPolicies(s *store) {
	s.tld("cctld", cctld(object{"earliest": 180, "grace_days": 90}), renewPrices)
	ada := s.customer("")
	d := s.domain(ada, "example.cctld", "2027-06-01", nil)
	var got struct{ Policies []object }
	s.do("PATCH", "/tlds/cctld", object{"policy": cctld(object{"valid_from": "2026-12-01", "grace_days": 90})}, &got)
	s.want("rows", len(got.Policies), 2)
	s.want("refusal", s.notOffered(ada, d.ID, 1), "too_early 2026-12-03 -")
	s.advance("2026-12-01T00:00:00Z")
	s.renew(ada, d.ID, 1)
	var ledger page[struct {
		PolicyID string `json:"policy_id"`
	}]
	s.do("GET", "/domains/"+d.ID+"/renewals", nil, &ledger)
	s.want("row that decided", ledger.Data[0].PolicyID, got.Policies[1]["id"])
}

// An automatic invoice costs what was promised, an order what the list says today.
func domainPrices(s *store) {
	s.tld("cctld", cctld(nil), renewPrices)
	ada, eve := s.customer(""), s.customer("")
	s.domain(ada, "example.cctld", "2026-12-06", nil)
	other := s.domain(eve, "other.cctld", "2027-03-10", nil)
	s.do("PATCH", "/tlds/cctld", object{"prices": prices(map[int]int64{1: 1400})}, nil)
	s.settle()
	s.want("automatic", s.invoices(ada)[0].Total, "10.00")
	s.want("on demand", s.invoice(s.renew(eve, other.ID, 1).InvoiceID).Total, "14.00")
	s.do("PATCH", "/tlds/cctld", object{"prices": prices(map[int]int64{1: 1600})}, nil)
	s.want("open", s.invoices(ada)[0].Total, "10.00")
}

// The fee is that of the stage: by the day on which it is asked.
func domainStages(s *store) {
	s.tld("cctld", cctld(nil), map[int]int64{1: 1200})
	ada := s.customer("")
	d := s.domain(ada, "example.cctld", "2026-10-01T23:00:00Z", object{"do_not_renew": true})
	for _, c := range []struct{ day, want string }{
		{"2026-09-30", "1:12.00:2027-10-01"},
		{"2026-10-01", "1:12.00:2027-10-01"},
		{"2026-10-02", "1:17.00:2027-10-01"},
		{"2026-10-31", "1:17.00:2027-10-01"},
		{"2026-11-01", "1:restore 92.00"},
		{"2026-11-30", "1:restore 92.00"},
	} {
		s.advance(c.day + "T12:00:00Z")
		s.do("POST", "/domains/"+d.ID+"/sync", nil, nil) // an older word of the registry would win over the calendar for a day
		s.want(c.day, s.terms(d.ID), c.want)
	}
	s.advance("2026-12-06T12:00:00Z")
	if got := s.terms(d.ID); strings.Contains(got, ":") {
		s.t.Errorf("over: %s", got)
	}
	s.want("sent", s.sent(d.ID), 0)
}

// Unpaid: without grace it is given up on the day after the last one; with grace it stays payable.
func domainGivenUp(s *store) {
	s.tld("short", cctld(object{"grace_days": 0, "grace_fee": []cash{}, "redemption_days": 0, "latest": 0}), renewPrices)
	s.tld("cctld", cctld(nil), renewPrices)
	ada, eve := s.customer(""), s.customer("")
	short := s.domain(ada, "example.short", "2026-11-25T10:00:00Z", object{"next_due": "2026-11-25"})
	long := s.domain(eve, "example.cctld", "2026-11-25T10:00:00Z", nil)
	s.advance("2026-11-25T12:00:00Z")
	s.want("on the last day", s.invoices(ada)[0].Status, "open")
	s.advance("2026-11-26T12:00:00Z")
	s.want("on the day after", s.invoices(ada)[0].Status, "void")
	s.want("with grace", s.invoices(eve)[0].Status+" "+s.look(long.ID).Status, "open grace")
	// C16: nothing is ever sent that nobody paid for.
	s.want("sent", s.sent(short.ID)+s.sent(long.ID), 0)
}

// Invoiced 14 days before, charged 3 days before, renewed.
func domainCaptured(s *store) {
	s.tld("cctld", cctld(nil), renewPrices)
	ada := s.customer("tok_ok")
	d := s.domain(ada, "example.cctld", "2027-03-10T10:00:00Z", nil)
	s.set(object{"billing.capture_days": 3})
	s.advance("2027-02-24T12:00:00Z")
	s.want("invoice", s.invoices(ada)[0].IssuedOn+" "+s.invoices(ada)[0].Status, "2027-02-24 open")
	s.advance("2027-03-06T12:00:00Z")
	s.want("before the capture", s.invoices(ada)[0].Status, "open")
	s.advance("2027-03-07T12:00:00Z")
	s.want("captured", s.invoices(ada)[0].Status+" "+s.invoices(ada)[0].Total.String(), "paid 10.00")
	s.wantDomain(d.ID, "R 2028-03-10 P 2028-03-10 due 2028-03-10", 1)
}

// No invoice is made by itself for these; on demand some can still be renewed.
func notInvoiced(s *store) {
	s.tld("cctld", cctld(nil), renewPrices)
	ada, eve := s.customer(""), s.customer("")
	never := s.domain(ada, "never.cctld", "2026-12-01", object{"do_not_renew": true})
	grace := s.domain(ada, "grace.cctld", "2026-11-10", nil)
	gone := s.domain(eve, "gone.cctld", "2027-03-10", nil)
	s.do("PATCH", "/domains/"+gone.ID, object{"status": "cancelled", "reason": "asked for"}, nil)
	s.settle()
	s.wantInvoices(ada)
	s.want("grace", s.look(grace.ID).Status, "grace")
	s.renew(ada, never.ID, 1)
	s.renew(ada, grace.ID, 1)
	s.want("ended", s.notOffered(eve, gone.ID, 1), "not_active - -")
	s.advance("2027-03-09T12:00:00Z")
	s.wantInvoices(eve)
}

// openLine is a domain whose automatic invoice is open: T 2026-12-06.
func (s *store) openLine(name string) (customer string, d domain, invoiceID string) {
	s.t.Helper()
	if s.send("GET", "/tlds/cctld", nil, "").status == http.StatusNotFound {
		s.tld("cctld", cctld(nil), renewPrices)
	}
	customer = s.customer("")
	d = s.domain(customer, name, "2026-12-06T10:00:00Z", nil)
	s.settle()
	return customer, d, s.invoices(customer)[0].ID
}

// Renewed by hand, still owed: paying settles the money, moves the dates once and sends nothing.
func byHandOwed(s *store) {
	_, d, invoice := s.openLine("example.cctld")
	for _, without := range []object{{"years": 1}, {"years": 1, "move_next_due": false}} {
		if a := s.send("POST", "/domains/"+d.ID+"/renew", without, ""); a.status != http.StatusUnprocessableEntity {
			s.t.Errorf("%v: %d %s", without, a.status, a.text)
		}
	}
	s.do("POST", "/domains/"+d.ID+"/renew", object{"years": 1, "move_next_due": false, "open_line": "still_owed", "reason": "by hand"}, nil)
	s.settle()
	s.wantDomain(d.ID, "R 2027-12-06 P 2026-12-06 due 2026-12-06", 1)
	s.settled(invoice, 1000)
	s.wantDomain(d.ID, "R 2027-12-06 P 2027-12-06 due 2027-12-06", 1)
}

// Renewed by hand, not owed: the line is withdrawn, and money for it is credit.
func byHandNotOwed(s *store) {
	ada, d, invoice := s.openLine("example.cctld")
	s.do("POST", "/domains/"+d.ID+"/renew", object{"years": 1, "move_next_due": true, "open_line": "not_owed", "reason": "by hand"}, nil)
	s.settle()
	s.wantDomain(d.ID, "R 2027-12-06 P 2027-12-06 due 2027-12-06", 1)
	s.want("line", s.invoice(invoice).Status, "void")
	s.settled(invoice, 1000)
	s.want("credit", s.credit(ada), "10.00")
	s.want("sent", s.sent(d.ID), 1)
}

// Without a line, next due left: it is invoiced for the term.
func byHandNoLine(s *store) {
	s.tld("cctld", cctld(nil), renewPrices)
	ada := s.customer("")
	d := s.domain(ada, "example.cctld", "2027-03-10T10:00:00Z", nil)
	s.do("POST", "/domains/"+d.ID+"/renew", object{"years": 1, "move_next_due": false, "reason": "by hand"}, nil)
	s.settle()
	s.want("next due", orDash(s.look(d.ID).NextDue), "2027-03-10")
	s.want("sent", s.sent(d.ID), 1)
	s.wantInvoices(ada)
	s.advance("2027-02-24T12:00:00Z")
	s.want("invoiced", len(s.invoices(ada)), 1)
}

// Pay but do not renew; a copy of the line; and back again.
func domainLinks(s *store) {
	fulfilment := func(invoiceID string) (line, link string) {
		s.t.Helper()
		var got struct {
			Lines []struct {
				ID         string
				Fulfilment *struct{ Kind, Target, State string }
			}
		}
		s.do("GET", "/invoices/"+invoiceID, nil, &got)
		line = got.Lines[0].ID
		if f := got.Lines[0].Fulfilment; f != nil {
			link = f.Kind + " " + f.State
		}
		return line, link
	}
	_, d, invoice := s.openLine("a.cctld")
	line, link := fulfilment(invoice)
	s.want("link", link, "domain_renewal pending")
	s.do("POST", "/invoices/"+invoice+"/lines/"+line+"/revoke-fulfilment", object{"reason": "renewed elsewhere"}, nil)
	_, link = fulfilment(invoice)
	s.want("E12", link, "domain_renewal revoked")
	s.settled(invoice, 1000)
	s.wantDomain(d.ID, "R 2026-12-06 P 2026-12-06 due 2026-12-06", 0)

	_, d, invoice = s.openLine("b.cctld")
	var copied struct{ ID string }
	s.do("PUT", "/invoices/"+invoice+"/lines", object{"lines": []object{{"description": "Renewal", "total": eur(1000)}}, "reason": "copied"}, &copied)
	s.settled(copied.ID, 1000)
	s.wantDomain(d.ID, "R 2026-12-06 P 2026-12-06 due 2026-12-06", 0)

	// The term was renewed elsewhere already: paying moves the dates and sends nothing.
	_, d, invoice = s.openLine("d.cctld")
	line, _ = fulfilment(invoice)
	s.do("POST", "/invoices/"+invoice+"/lines/"+line+"/revoke-fulfilment", object{"reason": "at the panel", "elsewhere": true}, nil)
	_, link = fulfilment(invoice)
	s.want("elsewhere", link, "domain_renewal fulfilled")
	s.settled(invoice, 1000)
	s.wantDomain(d.ID, "R 2026-12-06 P 2027-12-06 due 2027-12-06", 0)

	_, d, invoice = s.openLine("c.cctld")
	line, _ = fulfilment(invoice)
	s.do("POST", "/invoices/"+invoice+"/lines/"+line+"/revoke-fulfilment", object{}, nil)
	s.do("POST", "/invoices/"+invoice+"/lines/"+line+"/restore-fulfilment", object{}, nil)
	s.settled(invoice, 1000)
	s.wantDomain(d.ID, "R 2027-12-06 P 2027-12-06 due 2027-12-06", 1)
}

// What can't be meant is 400, what is not there 404.
func domainInput(s *store) {
	s.tld("cctld", cctld(nil), renewPrices)
	ada := s.customer("")
	d := s.domain(ada, "example.cctld", "2027-03-10", nil)
	for _, years := range []any{0, 11, -1, 1.5, "one"} {
		for path, body := range map[string]object{
			"/orders": renewalOf(ada, d.ID, years), "/domains/" + d.ID + "/renew": {"years": years, "move_next_due": true},
		} {
			if a := s.send("POST", path, body, ""); a.status != http.StatusBadRequest || a.code() != "INVALID_REQUEST" {
				s.t.Errorf("%s with %v years: %d %s", path, years, a.status, a.text)
			}
		}
	}
	for _, name := range []string{"-.cctld", "cctld", "a.github.io", strings.Repeat("a.", 127) + "cctld", "раypal.cctld"} {
		a := s.send("POST", "/domains", object{"name": name, "customer_id": ada, "registry_expiry": "2027-03-10"}, "")
		if a.status != http.StatusBadRequest || a.code() != "INVALID_REQUEST" {
			s.t.Errorf("%.30s: %d %s", name, a.status, a.text)
		}
	}
	eve := s.customer("")
	for _, body := range []object{renewalOf(eve, d.ID, 1), renewalOf(ada, "dom_nothing", 1)} {
		if a := s.send("POST", "/orders", body, ""); a.status != http.StatusNotFound || a.code() != "DOMAIN_NOT_FOUND" {
			s.t.Errorf("%v: %d %s", body, a.status, a.text)
		}
	}
	s.want("term of 10", s.notOffered(ada, d.ID, 10), "not_priced - -")
	s.wantInvoices(ada)

	// The same request twice is one order; another one for the same term is refused, with the one that is open.
	var first, again order
	for _, to := range []*order{&first, &again} {
		a := s.send("POST", "/orders", renewalOf(ada, d.ID, 1), "Idempotency-Key: renew-once")
		if a.status != http.StatusCreated {
			s.t.Fatalf("%d %s", a.status, a.text)
		}
		a.read(s.t, to)
	}
	s.want("the same order", again.InvoiceID, first.InvoiceID)
	s.want("invoices", len(s.invoices(ada)), 1)
	a := s.send("POST", "/orders", renewalOf(ada, d.ID, 1), "Idempotency-Key: renew-twice")
	var problem struct {
		InvoiceID string `json:"invoice_id"`
	}
	a.read(s.t, &problem)
	s.want("a second order", fmt.Sprint(a.status, a.code(), problem.InvoiceID), fmt.Sprint(409, "RENEWAL_OPEN", first.InvoiceID))
}

// One webhook five times, and one after the other in any order: one payment, one renewal.
func domainPaidOnce(s *store) {
	s.tld("cctld", cctld(nil), renewPrices)
	ada := s.customer("tok_ok")
	d := s.domain(ada, "example.cctld", "2027-03-10T10:00:00Z", nil)
	s.do("POST", "/sandbox/webhook-faults", object{"duplicate": 5, "reorder": true}, nil)
	o := s.renew(ada, d.ID, 1)
	s.charge(o.InvoiceID)
	s.settle()
	s.want("payments", len(s.payments(o.InvoiceID)), 1)
	s.want("credit", s.credit(ada), "0.00")
	s.wantDomain(d.ID, "R 2028-03-10 P 2028-03-10 due 2028-03-10", 1)
}

// A dispute three days after the renewal: the money counts as gone and staff are asked, and the domain is neither deleted nor
// un-renewed, however the dispute ends.
func domainDisputed(s *store) {
	s.tld("cctld", cctld(nil), renewPrices)
	for _, c := range []struct{ name, outcome, status string }{{"won.cctld", "won", "paid"}, {"lost.cctld", "lost", "uncollectible"}} {
		ada := s.customer("tok_ok")
		d := s.domain(ada, c.name, "2027-03-10T10:00:00Z", nil)
		o := s.renew(ada, d.ID, 1)
		made := s.charge(o.InvoiceID)
		s.settle()
		const renewed = "R 2028-03-10 P 2028-03-10 due 2028-03-10"
		s.wantDomain(d.ID, renewed, 1)
		if c.outcome == "won" {
			s.advance("2026-11-25T12:00:00Z")
		}
		var dispute struct{ ID string }
		s.do("POST", "/sandbox/disputes", object{"payment_id": made.PaymentID}, &dispute)
		s.settle()
		s.want("disputed balance", s.balance(o.InvoiceID), "12.00")
		asked := func() (kinds []string) {
			var open page[struct {
				Kind      string
				SubjectID string `json:"subject_id"`
			}]
			s.do("GET", "/tasks", nil, &open)
			for _, t := range open.Data {
				if t.SubjectID == d.ID {
					kinds = append(kinds, t.Kind)
				}
			}
			return kinds
		}
		s.want("staff are asked", strings.Join(asked(), " "), "domain.renewal_disputed")
		s.wantDomain(d.ID, renewed, 1)
		s.do("POST", "/sandbox/disputes/"+dispute.ID+"/close", object{"outcome": c.outcome}, nil)
		s.settle()
		s.want("invoice", s.invoice(o.InvoiceID).Status, c.status)
		s.want("staff are asked still", strings.Join(asked(), " "), map[string]string{"lost": "domain.renewal_disputed"}[c.outcome])
		s.wantDomain(d.ID, renewed, 1)
		s.want("status", s.look(d.ID).Status, "active")
	}
	s.verify()
}

// What many domains cost: to the list price, previewed, applied once, and taken back where nobody changed it since.
func domainPriceUpdate(s *store) {
	s.tld("cctld", cctld(nil), map[int]int64{1: 1400, 2: 2800})
	ada := s.customer("")
	a := s.domain(ada, "a.cctld", "2027-03-10", nil)
	b := s.domain(ada, "b.cctld", "2027-03-10", object{"recurring": eur(1200)})
	c := s.domain(ada, "c.cctld", "2027-03-10", object{"recurring": eur(2400), "term_years": 2})
	s.domain(ada, "d.cctld", "2027-03-10", object{"recurring": eur(1400)})
	s.domain(ada, "f.cctld", "2027-03-10", object{"recurring": eur(0)})
	type update struct {
		ID     string
		Status string
		Counts map[string]int
		Data   []struct {
			Name       string
			Difference cash
		}
		Totals []struct {
			Before, After cash
			YearBefore    cash `json:"year_before"`
			YearAfter     cash `json:"year_after"`
			MonthBefore   cash `json:"month_before"`
			MonthAfter    cash `json:"month_after"`
		}
	}
	change := object{"change": object{"mode": "list"}, "reason": "new prices"}
	var seen update
	s.do("POST", "/domain-price-updates", object{"change": object{"mode": "list"}, "preview": true}, &seen)
	var rows []string
	for _, r := range seen.Data {
		rows = append(rows, r.Name+" "+r.Difference.String())
	}
	s.want("rows", rows, []string{"a.cctld 4.00", "b.cctld 2.00", "c.cctld 4.00", "d.cctld 0.00"})
	t := seen.Totals[0]
	s.want("totals", fmt.Sprint(t.Before, t.After, t.YearBefore, t.YearAfter, t.MonthBefore, t.MonthAfter), "60.00 70.00 48.00 56.00 4.00 4.67")
	s.want("unchanged", s.look(a.ID).Recurring, "10.00")

	var done update
	s.do("POST", "/domain-price-updates", change, &done)
	s.want("applied", fmt.Sprint(done.Status, done.Counts["applied"], done.Counts["same"]), "applied3 1")
	s.want("changed", fmt.Sprint(s.look(a.ID).Recurring, s.look(b.ID).Recurring, s.look(c.ID).Recurring), "14.00 14.00 28.00")
	s.refused("POST", "/domain-price-updates", change, "NOTHING_TO_UPDATE")

	s.do("PATCH", "/domains/"+b.ID, object{"recurring": eur(1350)}, nil)
	s.do("POST", "/domain-price-updates/"+done.ID+"/undo", object{"reason": "a slip"}, &done)
	s.want("undone", fmt.Sprint(s.look(a.ID).Recurring, s.look(b.ID).Recurring, s.look(c.ID).Recurring), "10.00 13.50 24.00")
	s.want("kept", done.Counts["kept"], 1)
}
