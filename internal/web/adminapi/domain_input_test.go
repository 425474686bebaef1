package adminapi

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db"
)

// rows counts what is stored of domains and of what is sold of them.
func (b *bundle) rows() map[string]int {
	b.Helper()
	all := map[string]int{}
	err := b.Store.DB.Read(b.Context(), func(tx *db.Tx) error {
		for _, table := range []string{
			"domains", "domain_renewals", "registrar_commands", "orders", "invoices", "tlds", "tld_policies", "domain_prices", "domain_price_updates",
			"domain_costs", "domain_notice_rules", "events", "audit_log",
		} {
			var n int
			if err := tx.SQL().QueryRowContext(b.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			all[table] = n
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return all
}

// wrong is a request that is refused.
type wrong struct {
	what         string
	method, path string
	body         any
	status       int
	code, field  string
}

// refuses sends requests that are wrong, and wants them refused as they say, with nothing written.
func (b *bundle) refuses(all []wrong) {
	b.Helper()
	before := b.rows()
	for _, w := range all {
		var headers []string
		if _, table := w.body.([]byte); table {
			headers = []string{"Content-Type: text/csv"}
		}
		got := b.send(w.method, w.path, w.body, headers...)
		if got.Status != w.status || got.Body["code"] != w.code {
			b.Errorf("%s: %s %s = %d %s, want %d %s", w.what, w.method, w.path, got.Status, got.Raw, w.status, w.code)
			continue
		}
		if fields := got.refused(w.status, w.code); w.field != "" && fields[w.field] == "" {
			b.Errorf("%s: %s %s names %v, want %s", w.what, w.method, w.path, fields, w.field)
		}
	}
	if after := b.rows(); !maps.Equal(before, after) {
		b.Errorf("something was written: %v, before %v", after, before)
	}
}

// Section 13, the first row: what nobody can mean is 400, what is not there 404, on every way to a domain.
func TestDomainsThatCantBeMeant(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		customer, domain := b.sellsNames()
		other := b.do("POST", "/customers", object{"email": "eve@example.com", "name": "Eve"})["id"].(string)
		var all []wrong
		for _, years := range []any{0, 11, -1, 1.5, "1", "one", nil, 1e30} {
			what := fmt.Sprintf("a term of %v", years)
			item := object{"domain_renewal": object{"domain_id": domain, "years": years}}
			all = append(
				all,
				wrong{what, "POST", "/domains/" + domain + "/renew", object{"years": years, "move_next_due": true}, 400, "INVALID_REQUEST", "years"},
				wrong{what, "POST", "/orders", object{"customer_id": customer, "items": []object{item}}, 400, "INVALID_REQUEST", "items[0].domain_renewal.years"},
			)
			if years != nil { // null: the usual term, or none
				all = append(
					all,
					wrong{what, "POST", "/domains", object{"name": "b.example", "customer_id": customer, "registry_expiry": "2027-03-10", "term_years": years}, 400, "INVALID_REQUEST", "term_years"},
					wrong{what, "PATCH", "/domains/" + domain, object{"term_years": years}, 400, "INVALID_REQUEST", "term_years"},
				)
			}
		}
		for _, id := range []string{"dom_nothing", "dom_01hx2b6yh4m3nq0r8s5t", customer} {
			at := "/domains/" + id
			for _, read := range []string{"", "/renewal-terms", "/renewals", "/commands", "/outlook"} {
				all = append(all, wrong{"an unknown domain", "GET", at + read, nil, 404, "DOMAIN_NOT_FOUND", ""})
			}
			for verb, body := range map[string]any{
				"/renew": object{"years": 1, "move_next_due": true}, "/sync": nil, "/adopt": object{"paid_through": true, "reason": "seen"}, "/auto-renew": object{"on": true},
				"/registrar": object{"lock": true}, "/by-hand": object{"registry_expiry": "2028-01-01"}, "/answer": object{"answer": "let_go", "reason": "agreed"},
				"/delete": object{"name": "a.example", "reason": "unpaid"},
			} {
				all = append(all, wrong{"an unknown domain", "POST", at + verb, body, 404, "DOMAIN_NOT_FOUND", ""})
			}
			all = append(
				all,
				wrong{"an unknown domain", "PATCH", at, object{"do_not_renew": true}, 404, "DOMAIN_NOT_FOUND", ""},
				wrong{"an unknown domain", "POST", "/orders", object{"customer_id": customer, "items": []object{{"domain_renewal": object{"domain_id": id, "years": 1}}}}, 404, "DOMAIN_NOT_FOUND", ""},
			)
		}
		all = append(
			all,
			wrong{"another customer's", "POST", "/orders", object{"customer_id": other, "items": []object{{"domain_renewal": object{"domain_id": domain, "years": 1}}}}, 404, "DOMAIN_NOT_FOUND", ""},
			wrong{"another customer's by name", "POST", "/orders", object{"customer_id": other, "items": []object{{"domain_renewal": object{"name": "bücher.example", "years": 1}}}}, 404, "DOMAIN_NOT_FOUND", ""},
		)
		for what, name := range map[string]string{
			"no name": "", "an extension alone": "example", "a bad label": "-a.example", "a hyphen at the end": "a-.example", "an empty label": "a..example",
			"an underscore": "a_b.example", "a space": "a b.example", "a long label": strings.Repeat("a", 64) + ".example", "over 253 characters": strings.Repeat("a.", 127) + "example",
			"a private suffix": "a.github.io", "mixed directions": "אa.example", "mixed scripts": "раypal.example", "a false A-label": "xn--a-.example",
			"a name below a name": "a.b.example", "an address": "192.0.2.1", "a control character": "a\u0007.example",
		} {
			const status, code = 400, "INVALID_REQUEST"
			all = append(
				all,
				wrong{what, "POST", "/domains", object{"name": name, "customer_id": customer, "registry_expiry": "2027-03-10"}, status, code, "name"},
				wrong{what, "POST", "/orders", object{"customer_id": customer, "items": []object{{"domain_registration": object{"name": name, "years": 1}}}}, status, code, "items[0].domain_registration.name"},
				wrong{what, "POST", "/orders", object{"customer_id": customer, "items": []object{{"domain_transfer": object{"name": name, "auth_code": "x"}}}}, status, code, "items[0].domain_transfer.name"},
			)
		}
		b.refuses(all)
	})
}

// Section 13: a term that is not on offer; and what staff must say when they renew by hand.
func TestRenewalsThatAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		customer, domain := b.sellsNames()
		renew, order := "/domains/"+domain+"/renew", func(years int) object {
			return object{"customer_id": customer, "items": []object{{"domain_renewal": object{"domain_id": domain, "years": years}}}}
		}
		b.refuses([]wrong{
			{"a term without a price", "POST", "/orders", order(2), 422, "TERM_NOT_AVAILABLE", "items[0].domain_renewal.years"},
			{"ten years", "POST", "/orders", order(10), 422, "TERM_NOT_AVAILABLE", "items[0].domain_renewal.years"},
			{"ten years by hand", "POST", renew, object{"years": 10, "move_next_due": true}, 422, "TERM_NOT_AVAILABLE", ""},
			{"next due not said", "POST", renew, object{"years": 1}, 422, "INVALID_INPUT", "move_next_due"},
			{"next due null", "POST", renew, object{"years": 1, "move_next_due": nil}, 422, "INVALID_INPUT", "move_next_due"},
			{"next due as text", "POST", renew, object{"years": 1, "move_next_due": "yes"}, 422, "INVALID_INPUT", "move_next_due"},
			{"an open line that is none", "POST", renew, object{"years": 1, "move_next_due": true, "open_line": "paid"}, 422, "INVALID_INPUT", "open_line"},
		})
		for _, path := range []string{"/orders", "/orders/quote"} {
			refused := b.send("POST", path, order(10))
			for _, member := range []string{"reason", "first_day", "last_day"} {
				if _, there := refused.Body[member]; !there {
					b.Errorf("%s: no %s in %s", path, member, refused.Raw)
				}
			}
		}

		first := b.send("POST", "/orders", order(1), "Idempotency-Key: once")
		invoice := first.Body["invoice_id"]
		if again := b.send("POST", "/orders", order(1), "Idempotency-Key: once"); first.Status != 201 || again.Raw != first.Raw || again.Status != 201 {
			b.Errorf("the same key: %d %s, then %d %s", first.Status, first.Raw, again.Status, again.Raw)
		}
		b.send("POST", "/orders", order(9), "Idempotency-Key: once").refused(409, "IDEMPOTENCY_KEY_REUSED")
		renewal := b.do("GET", "/domains/"+domain, nil)["open_renewal"].(object)["id"]
		for what, body := range map[string]object{"/orders": order(1), "/orders/quote": order(9)} {
			got := b.send("POST", what, body)
			got.refused(409, "RENEWAL_OPEN")
			if got.Body["renewal_id"] != renewal || got.Body["invoice_id"] != invoice {
				b.Errorf("%s: %s, want renewal %v of invoice %v", what, got.Raw, renewal, invoice)
			}
		}
		b.refuses([]wrong{
			{"an open line not spoken of", "POST", renew, object{"years": 1, "move_next_due": false}, 422, "INVALID_INPUT", "open_line"},
			{"an open line not spoken of", "POST", renew, object{"years": 1, "move_next_due": true, "open_line": ""}, 422, "INVALID_INPUT", "open_line"},
		})
	})
}

// Section 13: rows of policies.
func TestBadPolicyRows(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		b.sellsNames()
		var all []wrong
		for _, c := range []struct {
			what   string
			policy object
			field  string
		}{
			{"the shortest above the longest", object{"min_years": 3, "max_years": 2}, "max_years"},
			{"no shortest term", object{"min_years": 0}, "min_years"},
			{"over ten years", object{"max_years": 11}, "max_years"},
			{"a step of 0", object{"step_years": 0}, "step_years"},
			{"a negative step", object{"step_years": -1}, "step_years"},
			{"earliest below 0", object{"earliest": -1}, "earliest"},
			{"grace and a last day", object{"grace_days": 30, "latest": -3}, "latest"},
			{"a last day after the end", object{"latest": 1}, "latest"},
			{"negative grace", object{"grace_days": -1}, "grace_days"},
			{"negative redemption", object{"redemption_days": -1}, "redemption_days"},
			{"a first day after the last", object{"earliest": 3, "latest": -7}, "earliest"},
			{"a day that is taken", object{"valid_from": "2020-01-01"}, "valid_from"},
			{"no day", object{"valid_from": "2027-02-29"}, "valid_from"},
			{"a day of another calendar", object{"valid_from": "01.01.2027"}, "valid_from"},
			{"a way of dates that is none", object{"date_moves": "never"}, "date_moves"},
			{"a rounding that is none", object{"expiry_rounding": "up"}, "expiry_rounding"},
			{"a negative fee", object{"grace_days": 1, "grace_fee": eur(-1)}, "grace_fee"},
			{"a fee in no currency", object{"redemption_fee": object{"amount": 1, "currency": "XXQ"}}, "redemption_fee"},
			{"two fees in one currency", object{"redemption_fee": []object{eur(1), eur(2)}}, "redemption_fee"},
			{"a limit of years below 0", object{"years_ahead_limit": -1}, "years_ahead_limit"},
			{"a margin below 0", object{"due_margin": -1}, "due_margin"},
		} {
			policy := object{"valid_from": "2027-01-01"}
			maps.Copy(policy, c.policy)
			all = append(
				all,
				wrong{c.what, "POST", "/tlds", object{"tld": "example", "policy": policy}, 422, "INVALID_INPUT", "policy." + c.field},
				wrong{c.what, "PATCH", "/tlds/example", object{"policy": policy}, 422, "INVALID_INPUT", "policy." + c.field},
				wrong{c.what, "POST", "/tlds/example/policy-preview", object{"policy": policy}, 422, "INVALID_INPUT", "policy." + c.field},
			)
		}
		all = append(
			all,
			wrong{"a policy of an unknown extension", "PATCH", "/tlds/nothing", object{"policy": object{}}, 404, "TLD_NOT_FOUND", ""},
			wrong{"no extension", "POST", "/tlds", object{"tld": "-"}, 422, "INVALID_INPUT", "tld"},
			wrong{"an unknown registrar", "POST", "/tlds", object{"tld": "new", "registrar": "nobody"}, 422, "INVALID_INPUT", "registrar"},
		)
		b.refuses(all)
	})
}

// Section 13: prices.
func TestBadDomainPrices(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		b.sellsNames()
		var all []wrong
		for _, c := range []struct {
			what  string
			price object
			field string
		}{
			{"below -1", object{"money": eur(-2)}, "prices[1].money.amount"},
			{"half a cent", object{"money": eur(1.5)}, "prices[1].money.amount"},
			{"text", object{"money": object{"amount": "12.00", "currency": "EUR"}}, "prices[1].money.amount"},
			{"an unknown currency", object{"money": object{"amount": 1200, "currency": "EUX"}}, "prices[1].money.currency"},
			{"no currency", object{"money": object{"amount": 1200, "currency": ""}}, "prices[1].money.currency"},
			{"no term", object{"years": 0}, "prices[1].years"},
			{"eleven years", object{"years": 11}, "prices[1].years"},
			{"a transfer of two years", object{"action": "transfer", "years": 2}, "prices[1].years"},
			{"what nobody does", object{"action": "lease"}, "prices[1].action"},
			{"no day", object{"valid_from": "soon"}, "prices[1].valid_from"},
		} {
			price := object{"action": "renew", "years": 2, "money": eur(2400)}
			maps.Copy(price, c.price)
			prices := []object{{"action": "renew", "years": 3, "money": eur(3600)}, price}
			all = append(
				all,
				wrong{c.what, "POST", "/tlds", object{"tld": "example", "prices": prices}, 422, "INVALID_INPUT", c.field},
				wrong{c.what, "PATCH", "/tlds/example", object{"prices": prices}, 422, "INVALID_INPUT", c.field},
			)
		}
		b.refuses(all)

		got := b.do("PATCH", "/tlds/example", object{"prices": []object{{"action": "renew", "years": 10, "money": eur(11_000)}, {"action": "renew", "years": 2, "money": eur(2400)}}})
		disabled := got["disabled"].([]any)
		if len(disabled) != 1 || disabled[0].(object)["years"] != 10.0 {
			b.Errorf("disabled: %v", disabled)
		}
		for _, p := range got["prices"].([]any) {
			if p := p.(object); p["action"] == "renew" && p["years"] == 10.0 && p["money"].(object)["amount"] != -1.0 {
				b.Errorf("ten years: %v", p)
			}
		}
	})
}

// Section 13: good rows of a table are shown in a dry run, bad ones with line and reason, and nothing is written.
func TestTablesOfDomainsWithBadRows(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		b.sellsNames()
		for _, c := range []struct {
			path, table string
			good        float64
			bad         map[float64]string
		}{
			{
				"/imports/tld-prices", "extension,kind,years,currency,group,valid_from,amount\n" +
					"example,renew,2,EUR,,2027-01-01,24.00\nexample,renew,0,EUR,,2027-01-01,1.00\nexample,renew,3,EUR,,2027-01-01,-2\nexample,renew,3,EUR,,2027-01-01,1.234\n" +
					"example,renew,3,EUX,,2027-01-01,1.00\nexample,renew,10,EUR,,2027-01-01,110.00\n",
				2,
				map[float64]string{3: "years", 4: "amount", 5: "amount", 6: "currency"},
			},
			{
				"/imports/tld-policies", "extension,valid_from,min_years,max_years,step_years,earliest,grace_days,latest,redemption_days,explicit_renew\n" +
					"example,2027-01-01,1,10,1,,30,,30,yes\nexample,2027-02-01,3,2,1,,30,,30,yes\nexample,2027-03-01,1,10,0,,30,,30,yes\nexample,2027-04-01,1,10,1,-1,30,,30,yes\n" +
					"example,2027-05-01,1,10,1,,30,-1,30,yes\nexample,2027-06-01,1,10,1,,0,1,30,yes\nexample,2027-01-01,1,9,1,,30,,30,yes\n",
				1,
				map[float64]string{3: "max_years", 4: "step_years", 5: "earliest", 6: "latest", 7: "latest", 8: "valid_from"},
			},
			{
				"/imports/domain-costs", "registrar,extension,kind,years,currency,amount,valid_from\n" +
					"office,example,renew,1,EUR,9.00,2027-01-01\nnobody,example,renew,1,EUR,9.00,2027-01-01\noffice,example,renew,1,EUR,-1,2027-01-01\noffice,example,renew,1,EUR,1.234,2027-01-01\n",
				1,
				map[float64]string{3: "registrar", 4: "amount", 5: "amount"},
			},
		} {
			before := b.rows()
			got := b.do("POST", c.path+"?dry_run=true", []byte(c.table), "Content-Type: text/csv")
			if got["taken"] != c.good {
				b.Errorf("%s: %v", c.path, got)
			}
			for _, p := range got["problems"].([]any) {
				p := p.(object)
				line := p["line"].(float64)
				if word, is := c.bad[line]; !is || !strings.Contains(p["message"].(string), word) {
					b.Errorf("%s: line %v: %v", c.path, line, p["message"])
				}
				delete(c.bad, line)
			}
			if len(c.bad) > 0 {
				b.Errorf("%s: nothing is said of lines %v", c.path, c.bad)
			}
			if after := b.rows(); !maps.Equal(before, after) {
				b.Errorf("%s: a dry run writes %v, before %v", c.path, after, before)
			}
		}
	})
}

// Section 13: what staff say of a domain.
func TestBadChangesOfDomains(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		customer, domain := b.sellsNames()
		at := "/domains/" + domain
		b.do("PATCH", at, object{"registrar": "office"})
		var all []wrong
		for _, field := range []string{"paid_through", "next_due"} {
			for _, date := range []string{"soon", "2027-02-30", "01.02.2027", "2027-1-1"} {
				all = append(
					all,
					wrong{date, "PATCH", at, object{field: date}, 422, "INVALID_INPUT", field},
					wrong{date, "POST", "/domains", object{"name": "b.example", "customer_id": customer, "registry_expiry": "2027-03-10", field: date}, 422, "INVALID_INPUT", field},
				)
			}
		}
		for _, expiry := range []string{"soon", "0000-00-00", "-0001-11-30", "1970-01-01", "1969-12-31", "2099-01-01"} {
			all = append(
				all,
				wrong{expiry, "PATCH", at, object{"registry_expiry": expiry}, 422, "INVALID_INPUT", "registry_expiry"},
				wrong{expiry, "POST", "/domains", object{"name": "b.example", "customer_id": customer, "registry_expiry": expiry}, 422, "INVALID_INPUT", "registry_expiry"},
				wrong{expiry, "POST", at + "/by-hand", object{"registry_expiry": expiry}, 422, "INVALID_INPUT", "registry_expiry"},
			)
		}
		all = append(
			all,
			wrong{"a renewal of ten years", "PATCH", at, object{"term_years": 10}, 422, "INVALID_INPUT", "term_years"},
			wrong{"a negative amount", "PATCH", at, object{"recurring": eur(-1)}, 422, "INVALID_INPUT", "recurring"},
			wrong{"another currency", "PATCH", at, object{"recurring": object{"amount": 1, "currency": "USD"}}, 422, "INVALID_INPUT", "recurring"},
			wrong{"no currency", "PATCH", at, object{"recurring": object{"amount": 1, "currency": "EUX"}}, 422, "INVALID_INPUT", "recurring"},
			wrong{"an unknown registrar", "PATCH", at, object{"registrar": "nobody"}, 422, "INVALID_INPUT", "registrar"},
			wrong{"no subscription", "PATCH", at, object{"bundled_with": "sub_nothing"}, 422, "INVALID_INPUT", "bundled_with"},
			wrong{"a status of the calendar", "PATCH", at, object{"status": "grace"}, 422, "INVALID_INPUT", "status"},
			wrong{"made from an older state", "PATCH", at, object{"next_due": "2027-05-05", "version": 7}, 409, "CHANGED_MEANWHILE", ""},
			wrong{"nobody's domain", "POST", "/domains", object{"name": "b.example", "customer_id": "cus_nothing", "registry_expiry": "2027-03-10"}, 422, "INVALID_INPUT", "customer_id"},
			wrong{"an extension without a policy", "POST", "/domains", object{"name": "b.test", "customer_id": customer, "registry_expiry": "2027-03-10"}, 422, "INVALID_INPUT", "name"},
			wrong{"one that is there", "POST", "/domains", object{"name": "BÜCHER.example", "customer_id": customer, "registry_expiry": "2027-03-10"}, 409, "DOMAIN_TAKEN", ""},
			wrong{"free and not", "POST", "/domains", object{"name": "b.example", "customer_id": customer, "registry_expiry": "2027-03-10", "free": true, "recurring": eur(1)}, 422, "INVALID_INPUT", "free"},
			wrong{"a holder without a name", "POST", at + "/registrar", object{"registrant": object{"name": " ", "address": "1 Lane", "country": "DE", "email": "a@example.com"}}, 422, "INVALID_INPUT", "registrant.name"},
			wrong{"a holder without an address", "POST", at + "/registrar", object{"registrant": object{"name": "Ada", "address": "", "country": "DE", "email": "a@example.com"}}, 422, "INVALID_INPUT", "registrant.address"},
			wrong{"a nameserver that is no name", "POST", at + "/registrar", object{"nameservers": []string{"-"}}, 422, "INVALID_INPUT", "nameservers"},
			wrong{"nothing to do", "POST", at + "/registrar", object{}, 422, "INVALID_INPUT", "act"},
			wrong{"no reason", "POST", at + "/adopt", object{"paid_through": true, "reason": " "}, 422, "INVALID_INPUT", "reason"},
			wrong{"a list from no day", "GET", "/domains?ends_from=soon", nil, 422, "INVALID_INPUT", "ends_from"},
			wrong{"a list of no status", "GET", "/domains?status=gone", nil, 422, "INVALID_INPUT", "status"},
			wrong{"a list from nowhere", "GET", "/domains?cursor=x", nil, 422, "INVALID_INPUT", "cursor"},
			wrong{"extensions from nowhere", "GET", "/tlds?cursor=x", nil, 422, "INVALID_INPUT", "cursor"},
			wrong{"a calendar of no day", "GET", "/domain-calendar?from=soon", nil, 422, "INVALID_INPUT", "from"},
			wrong{"a calendar of years", "GET", "/domain-calendar?from=2027-01-01&to=2037-01-01", nil, 422, "INVALID_INPUT", "to"},
			wrong{"no renewal", "GET", "/domain-renewals/drn_nothing", nil, 404, "RENEWAL_NOT_FOUND", ""},
			wrong{"no renewal", "POST", "/domain-renewals/drn_nothing/release", nil, 404, "RENEWAL_NOT_FOUND", ""},
			wrong{"no renewal", "POST", "/domain-renewals/drn_nothing/accept-price", object{"price": eur(1)}, 404, "RENEWAL_NOT_FOUND", ""},
		)
		b.refuses(all)
	})
}

// Extensions are listed page by page, as other things are.
func TestTLDsArePaged(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		for _, name := range []string{"c", "co.uk", "a", "xn--p1ai", "b"} {
			b.do("POST", "/tlds", object{"tld": name, "policy": object{"valid_from": "2026-01-01"}})
		}
		var names []string
		path := "/tlds?limit=2"
		for pages := 0; path != "" && pages < 9; pages++ {
			got := b.do("GET", path, nil)
			for _, t := range got["data"].([]any) {
				names = append(names, t.(object)["tld"].(string))
			}
			path = ""
			if next, more := got["next"].(string); more {
				path = "/tlds?limit=2&cursor=" + next
			}
		}
		if got := strings.Join(names, " "); got != "a b c co.uk xn--p1ai" {
			b.Errorf("extensions: %s", got)
		}
		b.send("GET", "/tlds?limit=0", nil).refused(422, "INVALID_INPUT")
		b.send("GET", "/tlds?limit=201", nil).refused(422, "INVALID_INPUT")
	})
}
