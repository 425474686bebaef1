package adminapi

import (
	"slices"
	"testing"

	"github.com/keystead/keystead/internal/civil"
)

// The tests of this file hold what others rely on: the calls and the shapes that are fixed, by name and type.

func TestCallsThatAreFixed(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		var have []string
		for _, rt := range b.api.routes {
			have = append(have, rt.key())
		}
		for _, call := range []string{
			"POST /customers", "GET /customers", "GET /customers/{id}", "PATCH /customers/{id}",
			"POST /products", "POST /products/{id}/plans", "POST /plans/{id}/prices", "POST /products/{id}/releases",
			"POST /orders", "GET /orders/{id}", "POST /orders/{id}/cancel",
			"GET /invoices", "GET /invoices/{id}", "POST /invoices/{id}/payments", "POST /invoices/{id}/refunds", "POST /invoices/{id}/charge",
			"POST /invoices/{id}/lines", "PUT /invoices/{id}/lines", "DELETE /invoices/{id}/lines/{line}",
			"POST /invoices/{id}/lines/{line}/revoke-fulfilment", "POST /invoices/{id}/lines/{line}/restore-fulfilment",
			"GET /subscriptions/{id}", "POST /subscriptions/{id}/cancel", "POST /subscriptions/{id}/resume", "POST /subscriptions/{id}/change",
			"GET /licenses", "GET /licenses/{id}", "PATCH /licenses/{id}", "POST /licenses/{id}/activations",
			"DELETE /licenses/{id}/activations/{activation}", "POST /licenses/{id}/holds", "DELETE /licenses/{id}/holds/{reason}",
			"POST /licenses/{id}/reissue", "GET /licenses/{id}/history", "GET /settings", "PATCH /settings", "GET /events", "GET /mail", "GET /jobs",
			"POST /automation/run", "POST /automation/dry-run", "GET /test-clock", "POST /test-clock/advance",
			"POST /customers/{id}/payment-methods", "GET /customers/{id}/payment-methods", "DELETE /customers/{id}/payment-methods/{method}",
			"GET /payments", "GET /payments/{id}", "POST /sandbox/disputes", "POST /sandbox/disputes/{id}/close", "POST /sandbox/webhook-faults",
			"GET /verify", "POST /tlds", "GET /tlds", "GET /tlds/{tld}", "PATCH /tlds/{tld}", "POST /domains", "GET /domains", "GET /domains/{id}", "PATCH /domains/{id}",
			"POST /domains/{id}/renew", "POST /domains/{id}/sync", "GET /domains/{id}/renewal-terms",
		} {
			if !slices.Contains(have, call) {
				t.Errorf("there is no %s", call)
			}
		}
	})
}

// The types of what a shape holds.
var (
	isText  fitting = func(v any) bool { s, ok := v.(string); return ok && s != "" }
	isDate  fitting = func(v any) bool { s, _ := v.(string); _, err := civil.Parse(s); return err == nil }
	isBool  fitting = func(v any) bool { _, ok := v.(bool); return ok }
	isList  fitting = func(v any) bool { _, ok := v.([]any); return ok }
	isInt   fitting = func(v any) bool { n, ok := v.(float64); return ok && n == float64(int64(n)) }
	isMoney         = fitting(func(v any) bool {
		m, ok := v.(object)
		currency, _ := m["currency"].(string)
		return ok && len(m) == 2 && isInt(m["amount"]) && len(currency) == 3
	})
	isPeriod = fitting(func(v any) bool {
		p, ok := v.(object)
		return ok && len(p) == 2 && isDate(p["start"]) && isDate(p["end"])
	})
)

func orNone(c fitting) fitting { return func(v any) bool { return v == nil || c(v) } }

func oneOf(values ...string) fitting {
	return func(v any) bool { s, ok := v.(string); return ok && slices.Contains(values, s) }
}

// holds fails the test unless an object has these fields, of these types. It may have more.
func holds(t *testing.T, what string, v any, fields map[string]fitting) {
	t.Helper()
	got, ok := v.(object)
	if !ok {
		t.Fatalf("%s: %v", what, v)
	}
	for name, is := range fields {
		if value, there := got[name]; !there || !is(value) {
			t.Errorf("%s: %s is %v (there: %v)", what, name, value, there)
		}
	}
}

func holdsInvoice(t *testing.T, v any) {
	t.Helper()
	holds(t, "invoice", v, map[string]fitting{
		"id": id("inv"), "number": orNone(isText), "status": oneOf("draft", "open", "paid", "void", "uncollectible"), "customer_id": id("cus"),
		"order_id": orNone(id("ord")), "currency": isText, "issued_on": orNone(isDate), "due_on": orNone(isDate), "total": isMoney,
		"balance": isMoney, "lines": isList, "replaces": orNone(id("inv")), "replaced_by": orNone(id("inv")),
	})
	lines, _ := v.(object)["lines"].([]any)
	for _, line := range lines {
		holds(t, "line", line, map[string]fitting{
			"id": id("lin"), "description": isText, "total": isMoney, "period": orNone(isPeriod),
			"fulfilment": orNone(func(v any) bool {
				f, ok := v.(object)
				return ok && isText(f["kind"]) && orNone(isText)(f["target"]) && oneOf("pending", "done", "failed", "revoked", "fulfilled")(f["state"])
			}),
		})
	}
}

func holdsSubscription(t *testing.T, v any) {
	t.Helper()
	holds(t, "subscription", v, map[string]fitting{
		"id": id("sub"), "status": oneOf("trialing", "active", "past_due", "suspended", "cancelled", "expired"), "price_id": id("prc"),
		"period": orNone(isPeriod), "next_due": orNone(isDate), "recurring": isMoney, "cancel_at_period_end": isBool, "customer_id": id("cus"),
		"license_id": orNone(id("lic")), "product_id": id("prd"), "plan_id": id("pln"), "quantity": isInt, "cycle": isText,
		"trial_ends_at": orNone(instant), "started_on": isDate, "ended_on": orNone(isDate), "end_reason": orNone(isText), "periods": isList,
	})
}

func holdsPayment(t *testing.T, v any) {
	t.Helper()
	holds(t, "payment", v, map[string]fitting{
		"id": id("pay"), "gateway": isText, "reference": func(v any) bool { _, ok := v.(string); return ok }, "money": isMoney, "refunded": isMoney,
		"state": oneOf("pending", "requires_action", "succeeded", "failed"), "dispute": orNone(oneOf("open", "won", "lost")),
	})
}

func holdsChange(t *testing.T, v any) {
	t.Helper()
	holds(t, "change", v, map[string]fitting{
		"credit": isMoney, "charge": isMoney, "to_pay": isMoney, "effective_on": isDate, "invoice_id": orNone(id("inv")), "pending": isBool,
	})
	for _, name := range []string{"credit", "charge", "to_pay"} {
		if v.(object)[name].(object)["amount"].(float64) < 0 {
			t.Errorf("%s is negative: %v", name, v)
		}
	}
}

func TestShapesThatAreFixed(t *testing.T) {
	t.Parallel()
	eachTest(t, func(b *bundle) {
		s := b.subscribed("tok_ok")
		order := b.do("GET", "/orders/"+s.order, nil)
		holds(b.T, "order", order, map[string]fitting{
			"id": id("ord"), "status": isText, "invoice_id": id("inv"), "license_ids": isList, "subscription_ids": isList,
		})
		holdsSubscription(b.T, b.do("GET", "/subscriptions/"+s.subscription, nil))
		listed := b.do("GET", "/subscriptions", nil)["data"].([]any)
		holdsSubscription(b.T, listed[0])
		invoice := b.do("GET", "/invoices/"+s.invoice, nil)
		holdsInvoice(b.T, invoice)
		same(b.T, b.do("GET", "/invoices?status=paid", nil)["data"], []any{invoice})
		payment := b.do("GET", "/payments?invoice_id="+s.invoice, nil)["data"].([]any)[0]
		holdsPayment(b.T, payment)
		same(b.T, b.do("GET", "/payments/"+payment.(object)["id"].(string), nil), payment)
		holdsChange(b.T, b.do("POST", "/subscriptions/"+s.subscription+"/change", object{"price_id": s.dearer, "when": "now", "preview": true}))
		holds(b.T, "customer", b.do("GET", "/customers/"+s.customer, nil), map[string]fitting{"credit": isMoney})
		same(b.T, b.do("GET", "/test-clock", nil), object{"now": "2026-03-01T12:00:00Z"})
		license := b.do("GET", "/licenses/"+order["license_ids"].([]any)[0].(string), nil)
		holds(b.T, "license", license, map[string]fitting{
			"key": isText, "type": isText, "status": isText, "holds": isList, "customer_id": id("cus"), "product_id": id("prd"), "plan_id": id("pln"),
			"subscription_id": id("sub"), "activation_type": isText, "activation_limit": isInt, "activations_used": isInt, "expires_at": orNone(instant),
			"updates_until": orNone(instant), "last_check_at": orNone(instant), "last_check_ip": orNone(isText), "check_count": isInt,
			"bindings": func(v any) bool {
				p, ok := v.(object)
				return ok && isList(p["domains"]) && isList(p["ips"]) && isList(p["directories"])
			},
			"reissues": isInt,
		})
		holds(b.T, "faults", b.do("POST", "/sandbox/webhook-faults", object{"duplicate": 1, "reorder": true, "delay_seconds": 60}), map[string]fitting{
			"duplicate": isInt, "reorder": isBool, "drop": isBool, "delay_seconds": isInt,
		})
		same(b.T, b.do("POST", "/sandbox/webhook-faults", object{}), object{
			"duplicate": 0.0, "reorder": false, "drop": false, "delay_seconds": 0.0, "fail_after_effect": false,
		})
		if got := b.do("GET", "/verify", nil); len(got["differences"].([]any)) != 0 {
			b.Errorf("differences: %v", got)
		}
	})
}
