package adminapi

import (
	"fmt"
	"testing"
	"time"
)

// license sells one license and returns its id.
func (b *bundle) license(s shop) string {
	b.Helper()
	order := b.do("POST", "/orders", object{"customer_id": s.customer, "items": []object{{"price_id": s.price}}, "kind": "complimentary", "reason": "a gift"})
	return order["license_ids"].([]any)[0].(string)
}

func TestLicense(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		l := b.license(s)
		place := "/licenses/" + l
		want := object{
			"id": l, "key": fitting(func(v any) bool { k, ok := v.(string); return ok && len(k) == 35 }), "type": "purchased", "status": "active",
			"holds": []any{}, "customer_id": s.customer, "product_id": s.product, "plan_id": s.plan, "order_id": id("ord"), "subscription_id": nil,
			"activation_type": "device", "activation_limit": 2.0, "activations_used": 0.0,
			"entitlements": object{"projects.max": 25.0, "feature.sso": true}, "entitlement_overrides": object{},
			"bindings": object{"domains": []any{}, "ips": []any{}, "directories": []any{}}, "reissues": 0.0, "allowed_hosts": []any{},
			"expires_at": nil, "grace_until": nil, "ends_at": nil, "updates_until": instant, "support_until": instant, "parent_id": nil, "free": false, "last_check_at": nil, "last_check_ip": nil,
			"check_count": 0.0, "created_at": instant, "updated_at": instant,
		}
		included := object{
			"id": id("sup"), "kind": "included", "name": "Support and Upgrade Pack", "starts_at": "2026-03-01T12:00:00Z", "ends_at": "2027-03-01T12:00:00Z",
			"ends_on": "2027-03-01", "line_id": nil, "subscription_id": nil, "taken_back_at": nil, "why": nil,
		}
		want["support_periods"] = []any{included}
		got := b.do("GET", place, nil)
		same(b.T, got, want)
		list := func(query string, n int) {
			b.Helper()
			if data := b.do("GET", "/licenses?"+query, nil)["data"].([]any); len(data) != n {
				b.Errorf("?%s: %d, want %d", query, len(data), n)
			}
		}
		for _, query := range []string{"q=" + got["key"].(string)[:12], "q=ann@example", "status=active", "product_id=" + s.product, "plan_id=" + s.plan + "&type=purchased", "customer_id=" + s.customer, "sort=expires_at"} {
			list(query, 1)
		}
		for _, query := range []string{"q=ZZ", "status=expired", "product_id=prd_x", "near_limit=true", "not_seen_days=3"} {
			list(query, 0)
		}

		// Activations: two places, and one beyond.
		same(b.T, b.do("POST", place+"/activations", object{"identifier": " host-1 ", "name": "One"}), object{
			"id": id("act"), "license_id": l, "identifier": "host-1", "name": "One", "ip": "192.0.2.1", "override": false,
			"activated_at": instant, "last_seen_at": instant,
		})
		second := b.do("POST", place+"/activations", object{"identifier": "host-2"})
		b.send("POST", place+"/activations", object{"identifier": "host-3"}).refused(409, "ACTIVATION_LIMIT_REACHED")
		if third := b.do("POST", place+"/activations", object{"identifier": "host-3", "override": true, "reason": "asked"}); third["override"] != true {
			b.Errorf("third: %v", third)
		}
		list("near_limit=true", 1)
		list("q=host-2", 1)
		if got := b.do("GET", place, nil)["activations_used"]; got != 3.0 {
			b.Errorf("used: %v", got)
		}
		if got := b.send("DELETE", place+"/activations/"+second["id"].(string)+"?reason=moved", nil); got.Status != 204 || got.Raw != "" {
			b.Errorf("= %d %s", got.Status, got.Raw)
		}
		b.send("DELETE", place+"/activations/"+second["id"].(string), nil).refused(404, "ACTIVATION_NOT_FOUND")
		if data := b.do("GET", place+"/activations", nil)["data"].([]any); len(data) != 2 {
			b.Errorf("activations: %v", data)
		}

		// Holds.
		held := b.do("POST", place+"/holds", object{"reason": "staff", "why": "odd"})
		if held["status"] != "suspended" {
			b.Errorf("held: %v", held)
		}
		same(b.T, held["holds"], []any{object{"reason": "staff", "since": instant, "source": id("tok"), "why": "odd"}})
		b.send("DELETE", place+"/holds/dispute", nil).refused(404, "HOLD_NOT_FOUND")
		if lifted := b.do("DELETE", place+"/holds/staff?why=fine", nil); lifted["status"] != "active" {
			b.Errorf("lifted: %v", lifted)
		}
		b.do("POST", place+"/holds", object{"reason": "payment"})
		b.send("DELETE", place+"/holds/payment", nil).refused(422, "INVALID_INPUT")
		b.send("PATCH", place, object{"status": "active"}).refused(409, "LICENSE_HELD")
		until := b.Clock.Now().Add(time.Hour).Format(time.RFC3339)
		if lifted := b.do("DELETE", place+"/holds/payment?until="+until, nil); lifted["grace_until"] != until {
			b.Errorf("lifted: %v", lifted)
		}
		b.do("POST", place+"/holds", object{"reason": "payment"})
		b.send("DELETE", place+"/holds/payment", object{"until": "soon"}).refused(422, "INVALID_INPUT")
		b.send("DELETE", place+"/holds/payment", object{"til": until}).refused(422, "INVALID_INPUT")
		b.send("DELETE", place+"/holds/payment", object{"until": nil}).refused(422, "INVALID_INPUT")
		if lifted := b.do("DELETE", place+"/holds/payment", object{"until": until, "why": "promised"}); lifted["status"] != "active" || lifted["grace_until"] != until {
			b.Errorf("lifted by a body: %v", lifted)
		}

		// Changes by hand: null is not absent.
		end := "2026-06-01T00:00:00Z"
		changed := b.do("PATCH", place, object{"activation_limit": 5, "expires_at": end, "entitlement_overrides": object{"projects.max": 99}, "reason": "deal"})
		if changed["activation_limit"] != 5.0 || changed["expires_at"] != end || changed["entitlements"].(object)["projects.max"] != 99.0 || changed["entitlements"].(object)["feature.sso"] != true {
			b.Errorf("changed: %v", changed)
		}
		if changed = b.do("PATCH", place, object{"activation_limit": 6}); changed["expires_at"] != end {
			b.Errorf("what was not named changed: %v", changed)
		}
		if changed = b.do("PATCH", place, object{"expires_at": nil}); changed["expires_at"] != nil {
			b.Errorf("null does not clear: %v", changed)
		}
		if changed = b.do("PATCH", place, object{"status": "revoked", "reason": "fraud"}); changed["status"] != "revoked" {
			b.Errorf("revoked: %v", changed)
		}
		b.send("POST", place+"/activations", object{"identifier": "host-9"}).refused(409, "LICENSE_INACTIVE")

		history := b.do("GET", place+"/history?limit=2", nil)
		newest := history["data"].([]any)[0].(object)
		if newest["why"] != "fraud" || newest["actor"].(object)["kind"] != "token" || newest["actor"].(object)["name"] != "*" {
			b.Errorf("history: %v", newest)
		}
		n := len(b.walk(place + "/history"))
		if all := b.do("GET", place+"/history?limit=200", nil)["data"].([]any); n != len(all) || n < 10 {
			b.Errorf("%d entries by pages, %d at once", n, len(all))
		}
	})
}

// walk reads a list page by page and returns the ids in it, none of them twice.
func (b *bundle) walk(path string) []string {
	b.Helper()
	join := "?"
	for _, c := range path {
		if c == '?' {
			join = "&"
		}
	}
	var ids []string
	seen := map[string]bool{}
	for cursor := ""; ; {
		page := b.do("GET", path+join+"limit=3"+cursor, nil)
		data := page["data"].([]any)
		if len(data) > 3 {
			b.Fatalf("%s: a page of %d", path, len(data))
		}
		for _, of := range data {
			id := of.(object)["id"].(string)
			if seen[id] {
				b.Fatalf("%s: %s is on two pages", path, id)
			}
			seen[id] = true
			ids = append(ids, id)
		}
		next, more := page["next"].(string)
		if !more {
			return ids
		}
		cursor = "&cursor=" + next
	}
}

func TestListsInPages(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		const n = 7
		for i := range n {
			b.license(s)
			b.do("POST", "/customers", object{"email": fmt.Sprintf("c%d@example.com", i), "name": "C"})
			b.do("POST", "/products", object{"slug": fmt.Sprint("p", i), "name": "P"})
			b.do("POST", "/products/"+s.product+"/releases", object{"version": fmt.Sprintf("1.%d.0", i)})
			invoice := b.do("POST", "/orders", object{"customer_id": s.customer, "items": []object{{"price_id": s.price}}})["invoice_id"].(string)
			b.do("POST", "/invoices/"+invoice+"/payments", object{"money": object{"amount": 4900, "currency": "EUR"}, "reference": fmt.Sprint("R", i)})
		}
		for path, want := range map[string]int{
			"/customers": n + 1, "/customers?sort=email": n + 1, "/customers?q=c": n, "/products": n + 1, "/products/" + s.product + "/releases": n,
			"/orders": 2 * n, "/orders?status=completed": 2 * n, "/invoices": 2 * n, "/invoices?status=paid&customer_id=" + s.customer: 2 * n,
			"/payments": n, "/licenses": 2 * n, "/licenses?status=active": 2 * n, "/licenses?q=ann": 2 * n, "/events?type=license.created": 2 * n,
			"/audit?actor_id=nobody": 0, "/jobs": 0, "/customers?email=C1@Example.com": 1, "/customers?email=nobody@example.com": 0,
			"/products?slug=p3": 1, "/products?slug=none": 0, "/products?slug=p3&status=archived": 0,
		} {
			if got := b.walk(path); len(got) != want {
				b.Errorf("%s: %d, want %d", path, len(got), want)
			}
		}
		for _, path := range []string{"/customers", "/orders", "/invoices", "/payments", "/licenses", "/events", "/audit", "/jobs", "/products/" + s.product + "/releases"} {
			b.send("GET", path+"?cursor=nonsense!", nil).refused(422, "INVALID_INPUT")
		}
	})
}

func TestEventsFollowEachOther(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		b.do("POST", "/customers", object{"email": "ann@example.com", "name": "Ann"})
		first := b.do("GET", "/events", nil)["data"].([]any)
		last := first[len(first)-1].(object)
		same(b.T, last, object{
			"id": id("evt"), "type": "customer.created", "occurred_at": instant, "subject_id": id("cus"), "customer_id": id("cus"),
			"actor": object{"kind": "token", "id": id("tok"), "name": nil}, "data": object{"currency": "EUR", "country": ""},
		})
		after := "/events?after=" + last["id"].(string)
		if more := b.do("GET", after, nil)["data"].([]any); len(more) != 0 {
			b.Errorf("more: %v", more)
		}
		b.do("PATCH", "/settings", object{"billing.due_days": 30})
		more := b.do("GET", after, nil)["data"].([]any)
		if len(more) != 1 || more[0].(object)["type"] != "settings.changed" {
			b.Errorf("more: %v", more)
		}
		b.send("GET", "/events?after=evt_nothing", nil).refused(422, "INVALID_INPUT")
	})
}

func TestSettings(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		all := b.do("GET", "/settings", nil)
		if all["store.time_zone"] != "UTC" || all["billing.number_format"] != "INV-{yyyy}-{n}" {
			b.Errorf("settings: %v", all)
		}
		all = b.do("PATCH", "/settings", object{"store.time_zone": "Europe/Berlin", "limits.exempt": []string{"10.0.0.0/8"}})
		if all["store.time_zone"] != "Europe/Berlin" || all["billing.due_days"] != 14.0 {
			b.Errorf("settings: %v", all)
		}
		if all = b.do("PATCH", "/settings", object{"store.time_zone": nil}); all["store.time_zone"] != "UTC" {
			b.Errorf("settings: %v", all)
		}
		fields := b.send("PATCH", "/settings", object{"store.colour": "red", "billing.due_days": "soon"}).refused(422, "INVALID_INPUT")
		if fields["store.colour"] == "" || fields["billing.due_days"] == "" {
			b.Errorf("fields: %v", fields)
		}
		b.send("PATCH", "/settings", `{"store.name": "a\u0000"}`).refused(422, "INVALID_INPUT")
	})
}

func TestTokens(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		made := b.do("POST", "/tokens", object{"name": "shop", "scopes": []string{"sales:read", "tokens:write"}, "expires_at": "2026-03-02T00:00:00Z"})
		same(b.T, made, object{
			"id": id("tok"), "name": "shop", "scopes": []any{"sales:read", "tokens:write"}, "created_by": id("tok"), "created_at": instant,
			"expires_at": "2026-03-02T00:00:00Z", "last_used_at": nil, "revoked_at": nil, "secret": made["secret"],
		})
		owner := b.token
		b.token = made["secret"].(string)
		same(b.T, b.do("GET", "/me", nil), object{
			"kind": "token", "id": made["id"], "name": "shop", "scopes": []any{"sales:read", "tokens:write"}, "expires_at": "2026-03-02T00:00:00Z",
		})
		// A token can't make one that may do more.
		b.send("POST", "/tokens", object{"name": "more", "scopes": []string{"*"}}).refused(403, "MISSING_SCOPE")
		b.send("POST", "/tokens", object{"name": "more", "scopes": []string{"catalog:write"}}).refused(403, "MISSING_SCOPE")
		b.do("POST", "/tokens", object{"name": "less", "scopes": []string{"sales:read"}})

		b.token = owner
		b.send("POST", "/tokens", object{"name": "x", "scopes": []string{"everything"}}).refused(422, "INVALID_INPUT")
		if n := len(b.do("GET", "/tokens", nil)["data"].([]any)); n != 3 {
			b.Errorf("%d tokens", n)
		}
		b.do("DELETE", "/tokens/"+made["id"].(string), nil)
		b.do("DELETE", "/tokens/"+made["id"].(string), nil)
		b.token = made["secret"].(string)
		b.send("GET", "/me", nil).refused(401, "UNAUTHENTICATED")

		// The secret is not stored with the answer that is kept.
		b.token = owner
		body := object{"name": "kept", "scopes": []string{"sales:read"}}
		first := b.do("POST", "/tokens", body, "Idempotency-Key: k")
		again := b.do("POST", "/tokens", body, "Idempotency-Key: k")
		if first["secret"] == nil || again["secret"] != nil || first["id"] != again["id"] {
			b.Errorf("first %v, again %v", first, again)
		}
	})
}

func TestVerify(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		b.license(b.shop())
		same(b.T, b.do("GET", "/verify", nil), object{"differences": []any{}, "checked": []any{"billing", "licenses"}, "checked_at": instant})
	})
}

func TestLines(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		order := b.do("POST", "/orders", object{"customer_id": s.customer, "items": []object{{"price_id": s.price}}})
		invoice := "/invoices/" + order["invoice_id"].(string)
		line := invoice + "/lines/" + b.do("GET", invoice, nil)["lines"].([]any)[0].(object)["id"].(string)
		state := func(got object) any {
			return got["lines"].([]any)[0].(object)["fulfilment"].(object)["state"]
		}
		if got := b.do("POST", line+"/revoke-fulfilment", object{"reason": "mistake"}); state(got) != "revoked" || got["status"] != "open" {
			b.Errorf("revoked: %v", got)
		}
		if got := b.do("POST", line+"/restore-fulfilment", nil); state(got) != "pending" {
			b.Errorf("restored: %v", got)
		}
		cancelled := b.do("POST", "/orders/"+order["id"].(string)+"/cancel", object{})
		if cancelled["status"] != "cancelled" || b.do("GET", invoice, nil)["status"] != "void" {
			b.Errorf("cancelled: %v", cancelled)
		}
		b.send("POST", "/orders/"+order["id"].(string)+"/cancel", nil).refused(409, "ORDER_NOT_PENDING")
		other := b.do("POST", "/orders", object{"customer_id": s.customer, "items": []object{{"price_id": s.price}}})["invoice_id"].(string)
		if got := b.do("POST", "/invoices/"+other+"/write-off", object{"reason": "gone"}); got["status"] != "uncollectible" || got["number"] != "INV-2026-2" {
			b.Errorf("written off: %v", got)
		}
	})
}

func TestCatalogChanges(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		p := b.do("PATCH", "/products/"+s.product, object{"key": object{"prefix": "Tool-"}, "description": "Text", "self_removal": false})
		same(b.T, p["key"], object{"prefix": "Tool-", "length": 32.0, "ignore_case": false})
		p = b.do("PATCH", "/products/"+s.product, object{"key": object{"ignore_case": true}, "description": nil})
		same(b.T, p["key"], object{"prefix": "Tool-", "length": 32.0, "ignore_case": true})
		if p["description"] != nil || p["self_removal"] != false {
			b.Errorf("product: %v", p)
		}
		b.send("POST", "/products", object{"slug": "tool", "name": "T"}).refused(409, "SLUG_TAKEN")
		next := b.do("POST", "/prices/"+s.price+"/replace", object{"cycle": "one_time", "money": eur(5900), "valid_for": object{"count": 1, "unit": "year"}})
		same(b.T, next, object{
			"id": id("prc"), "plan_id": s.plan, "replaces": s.price, "cycle": "one_time", "money": eur(5900), "setup_fee": eur(0),
			"trial_days": 0.0, "trial_money": eur(0), "tax_class": "standard",
			"valid_for": object{"count": 1.0, "unit": "year"}, "version": 2.0, "status": "active", "created_at": instant,
		})
		b.send("POST", "/prices/"+s.price+"/retire", nil).refused(409, "PRICE_RETIRED")
		if got := b.do("POST", "/prices/"+next["id"].(string)+"/retire", nil); got["status"] != "retired" {
			b.Errorf("retired: %v", got)
		}
		if data := b.do("GET", "/plans/"+s.plan+"/prices", nil)["data"].([]any); len(data) != 2 {
			b.Errorf("prices: %v", data)
		}
		if got := b.do("PATCH", "/plans/"+s.plan, object{"name": "Max", "status": "archived", "entitlements": object{}}); got["name"] != "Max" || got["status"] != "archived" || len(got["entitlements"].(object)) != 0 {
			b.Errorf("plan: %v", got)
		}
		fields := b.send("POST", "/plans/"+s.plan+"/prices", object{"cycle": "monthly", "money": object{"amount": -1, "currency": "XXX"}, "valid_for": object{"count": 1, "unit": "year"}}).refused(422, "INVALID_INPUT")
		if fields["valid_for"] == "" || fields["money.amount"] == "" || fields["money.currency"] == "" {
			b.Errorf("fields: %v", fields)
		}

		made := b.do("POST", "/products/"+s.product+"/releases", object{"version": "v2.0.0", "channel": "beta", "notes": "New", "publish": false})
		same(b.T, made, object{
			"id": id("rel"), "product_id": s.product, "version": "2.0.0", "channel": "beta", "notes": "New", "released_at": instant,
			"published_at": nil, "created_at": instant, "files": []any{},
		})
		if got := b.do("POST", "/products/"+s.product+"/releases", object{"version": "2.0.1"}); got["published_at"] == nil {
			b.Errorf("a release is a draft without being asked to: %v", got)
		}
		place := "/releases/" + made["id"].(string)
		if got := b.do("POST", place+"/publish", nil); got["published_at"] == nil {
			b.Errorf("published: %v", got)
		}
		b.send("POST", place+"/publish", nil).refused(409, "RELEASE_PUBLISHED")
		if got := b.do("POST", place+"/unpublish", nil); got["published_at"] != nil {
			b.Errorf("unpublished: %v", got)
		}
		if got := b.do("PATCH", place, object{"notes": nil}); got["notes"] != nil {
			b.Errorf("notes: %v", got)
		}
		b.send("GET", "/products/prd_nothing/releases", nil).refused(404, "PRODUCT_NOT_FOUND")
	})
}

func TestFigures(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		l := b.license(s)
		for i := range 2 {
			invoice := b.do("POST", "/orders", object{"customer_id": s.customer, "items": []object{{"price_id": s.price}}})["invoice_id"].(string)
			if i == 0 {
				b.do("POST", "/invoices/"+invoice+"/payments", object{"money": eur(4900), "reference": "R"})
			}
		}
		f := b.do("GET", "/figures", nil)
		revenue, checks := f["revenue"].([]any), f["checks"].([]any)
		if len(revenue) != 30 || len(checks) != 24 {
			b.Fatalf("figures: %v", f)
		}
		same(b.T, revenue[29], object{"day": "2026-03-01", "money": eur(4900)})
		same(b.T, revenue[0], object{"day": "2026-01-31", "money": eur(0)})
		same(b.T, checks[23], object{"hour": "2026-03-01T12:00:00Z", "count": 0.0})
		delete(f, "revenue")
		delete(f, "checks")
		same(b.T, f, object{
			"revenue_total": eur(4900), "revenue_other": []any{}, "open_invoices": []any{object{"invoices": 1.0, "balance": eur(4900)}},
			"overdue": 0.0, "active_licenses": 2.0, "all_licenses": 2.0, "new_customers": 1.0, "failed_jobs": 0.0, "pending_orders": 1.0,
		})
		days := b.do("GET", "/licenses/"+l+"/checks", nil)["data"].([]any)
		if len(days) != 30 {
			b.Errorf("days: %v", days)
		}
		same(b.T, days[29], object{"day": "2026-03-01", "count": 0.0})
	})
}
