package adminapi

import (
	"strings"
	"testing"
)

func TestPaymentMethods(t *testing.T) {
	t.Parallel()
	eachTest(t, func(b *bundle) {
		s := b.shop()
		place := "/customers/" + s.customer + "/payment-methods"
		first := b.do("POST", place, object{"gateway": "sandbox", "token": "tok_ok"}, "Idempotency-Key: m")
		same(b.T, first, object{
			"id": id("pmt"), "customer_id": s.customer, "gateway": "sandbox", "label": isText, "expires_on": orNone(isDate), "default": true, "created_at": instant,
		})
		if strings.Contains(b.send("GET", place, nil).Raw, "tok_") {
			b.Error("a token is shown")
		}
		same(b.T, b.do("POST", place, object{"gateway": "sandbox", "token": "tok_ok"}, "Idempotency-Key: m"), first)
		second := b.do("POST", place, object{"gateway": "sandbox", "token": "tok_decline"})
		defaults := func() (defaults []any) {
			b.Helper()
			for _, m := range b.do("GET", place, nil)["data"].([]any) {
				defaults = append(defaults, m.(object)["default"])
			}
			return defaults
		}
		same(b.T, defaults(), []any{false, true})
		b.do("POST", place+"/"+first["id"].(string)+"/default", nil)
		same(b.T, defaults(), []any{true, false})
		b.do("DELETE", place+"/"+first["id"].(string), nil)
		same(b.T, defaults(), []any{true})
		b.send("DELETE", place+"/"+first["id"].(string), nil).refused(404, "PAYMENT_METHOD_NOT_FOUND")
		b.do("DELETE", place+"/"+second["id"].(string), nil)

		b.send("POST", place, object{"gateway": "sandbox", "token": "tok_none"}).refused(422, "INVALID_INPUT")
		b.send("POST", place, object{"gateway": "manual", "token": "tok_ok"}).refused(422, "INVALID_INPUT")
		gateways := b.do("GET", "/gateways", nil)["data"].([]any)
		same(b.T, gateways[len(gateways)-1], object{"name": "sandbox", "saves_methods": true, "off_session": true, "refunds": true, "partial_refunds": true})
	})
}

func TestCharge(t *testing.T) {
	t.Parallel()
	eachTest(t, func(b *bundle) {
		s := b.shop()
		method := func(token string) object {
			b.Helper()
			return b.do("POST", "/customers/"+s.customer+"/payment-methods", object{"gateway": "sandbox", "token": token})
		}
		invoice := b.ordered(s)
		charge := "/invoices/" + invoice + "/charge"
		b.send("POST", charge, nil).refused(409, "NO_PAYMENT_METHOD")
		b.send("POST", "/charges/release", nil).refused(409, "NO_CHARGES_HELD")

		method("tok_decline")
		declined := b.do("POST", charge, nil)
		if declined["state"] != "failed" || declined["code"] != "card_declined" || declined["detail"] == nil {
			b.Errorf("declined: %v", declined)
		}
		ok := method("tok_ok")
		paid := b.send("POST", charge, nil, "Idempotency-Key: c")
		same(b.T, any(paid.Body), any(object{
			"id": id("pat"), "payment_id": declined["payment_id"], "invoice_id": invoice, "gateway": "sandbox", "payment_method_id": ok["id"],
			"money": eur(4900), "state": "succeeded", "unanswered": false, "reference": isText, "code": nil, "detail": nil, "action_url": nil,
			"created_at": instant, "settled_at": instant,
		}))
		if again := b.send("POST", charge, nil, "Idempotency-Key: c"); again.Raw != paid.Raw {
			b.Errorf("again: %s", again.Raw)
		}
		b.send("POST", charge, nil).refused(409, "INVOICE_NOT_OPEN")
		attempts := b.do("GET", "/invoices/"+invoice+"/attempts", nil)["data"].([]any)
		if len(attempts) != 2 || attempts[0].(object)["state"] != "failed" || attempts[1].(object)["state"] != "succeeded" {
			b.Errorf("attempts: %v", attempts)
		}
		payments := b.do("GET", "/payments?invoice_id="+invoice, nil)["data"].([]any)
		if len(payments) != 1 || payments[0].(object)["state"] != "succeeded" || payments[0].(object)["payment_method_id"] != ok["id"] {
			b.Errorf("payments: %v", payments)
		}

		// Its owner must confirm; meanwhile nothing else is charged.
		auth := method("tok_auth")
		waiting := b.ordered(s)
		asked := b.do("POST", "/invoices/"+waiting+"/charge", object{"payment_method_id": auth["id"], "money": eur(900)})
		if asked["state"] != "requires_action" || asked["action_url"] == nil {
			b.Errorf("asked: %v", asked)
		}
		b.send("POST", "/invoices/"+waiting+"/charge", nil).refused(409, "PAYMENT_IN_PROGRESS")
		b.send("POST", "/invoices/"+waiting+"/lines", object{"description": "x", "unit_amount": eur(1)}).refused(409, "PAYMENT_IN_PROGRESS")

		// The gateway does not answer, though it has done its work.
		method("tok_timeout")
		unknown := b.ordered(s)
		silent := b.do("POST", "/invoices/"+unknown+"/charge", nil)
		if silent["state"] != "pending" || silent["unanswered"] != true {
			b.Errorf("silent: %v", silent)
		}
		found := b.do("POST", "/attempts/"+silent["id"].(string)+"/refresh", nil)
		if found["state"] != "succeeded" || b.do("GET", "/invoices/"+unknown, nil)["status"] != "paid" {
			b.Errorf("found: %v", found)
		}
	})
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	eachTest(t, func(b *bundle) {
		s := b.shop()
		b.do("POST", "/customers/"+s.customer+"/payment-methods", object{"gateway": "sandbox", "token": "tok_ok"})
		paid := func() (invoice, payment string) {
			b.Helper()
			invoice = b.ordered(s)
			return invoice, b.do("POST", "/invoices/"+invoice+"/charge", nil)["payment_id"].(string)
		}
		dispute := func(payment string) string {
			b.Helper()
			made := b.do("POST", "/sandbox/disputes", object{"payment_id": payment}, "Idempotency-Key: "+payment)
			if again := b.do("POST", "/sandbox/disputes", object{"payment_id": payment}, "Idempotency-Key: "+payment); again["id"] != made["id"] {
				b.Errorf("again: %v", again)
			}
			b.do("POST", "/automation/run", nil)
			return made["id"].(string)
		}
		for _, outcome := range []string{"won", "lost"} {
			invoice, payment := paid()
			license := b.do("GET", "/licenses?customer_id="+s.customer, nil)["data"].([]any)[0].(object)["id"].(string)
			held := dispute(payment)
			if got := b.do("GET", "/invoices/"+invoice, nil); got["status"] != "open" || got["disputed"] != true {
				b.Errorf("disputed: %v", got)
			}
			same(b.T, b.do("GET", "/payments/"+payment, nil)["dispute"], "open")
			same(b.T, b.do("GET", "/licenses/"+license, nil)["status"], "suspended")
			open := b.do("GET", "/invoices/"+invoice+"/disputes", nil)["data"].([]any)
			same(b.T, open, []any{object{
				"id": id("dsp"), "payment_id": payment, "invoice_id": invoice, "gateway": "sandbox", "reference": held, "money": eur(4900),
				"status": "open", "reason": "fraudulent", "opened_at": instant, "closed_at": nil,
			}})
			b.send("POST", "/invoices/"+invoice+"/refunds", nil).refused(409, "DISPUTE_OPEN")
			b.send("POST", "/invoices/"+invoice+"/charge", nil).refused(409, "DISPUTE_OPEN")

			if got := b.send("POST", "/sandbox/disputes/"+held+"/close", object{"outcome": outcome}); got.Status != 204 {
				b.Errorf("closed = %d %s", got.Status, got.Raw)
			}
			b.send("POST", "/sandbox/disputes/"+held+"/close", object{"outcome": outcome}).refused(409, "SANDBOX_DISPUTE_CLOSED")
			b.do("POST", "/automation/run", nil)
			same(b.T, b.do("GET", "/payments/"+payment, nil)["dispute"], outcome)
			wantInvoice, wantLicense := "paid", "active"
			if outcome == "lost" {
				wantInvoice, wantLicense = "uncollectible", "revoked"
			}
			same(b.T, b.do("GET", "/invoices/"+invoice, nil)["status"], wantInvoice)
			same(b.T, b.do("GET", "/licenses/"+license, nil)["status"], wantLicense)
		}
		b.send("POST", "/sandbox/disputes/sbd_nothing/close", object{"outcome": "won"}).refused(404, "SANDBOX_DISPUTE_NOT_FOUND")
		b.send("POST", "/sandbox/disputes", object{"payment_id": "pay_nothing"}).refused(404, "PAYMENT_NOT_FOUND")
		manual := b.do("POST", "/invoices/"+b.ordered(s)+"/payments", object{"money": eur(4900), "reference": "A-1"})
		b.send("POST", "/sandbox/disputes", object{"payment_id": manual["id"]}).refused(422, "INVALID_INPUT")
	})
}

// What is done on the gateway's own pages arrives by webhook, however often.
func TestSandboxRefund(t *testing.T) {
	t.Parallel()
	eachTest(t, func(b *bundle) {
		s := b.shop()
		b.do("POST", "/customers/"+s.customer+"/payment-methods", object{"gateway": "sandbox", "token": "tok_ok"})
		invoice := b.ordered(s)
		payment := b.do("POST", "/invoices/"+invoice+"/charge", nil)["payment_id"].(string)
		b.do("POST", "/sandbox/webhook-faults", object{"duplicate": 2, "reorder": true})
		if got := b.do("GET", "/sandbox/webhook-faults", nil); got["duplicate"] != 2.0 || got["reorder"] != true {
			b.Errorf("faults: %v", got)
		}
		b.do("POST", "/sandbox/refunds", object{"payment_id": payment, "money": eur(900)})
		b.send("POST", "/sandbox/refunds", object{"payment_id": payment, "money": object{"amount": 1, "currency": "USD"}}).refused(422, "INVALID_INPUT")
		b.advance("2026-03-02T12:00:00Z")
		refunds := b.do("GET", "/invoices/"+invoice+"/refunds", nil)["data"].([]any)
		if len(refunds) != 1 || refunds[0].(object)["origin"] != "gateway" {
			b.Errorf("refunds: %v", refunds)
		}
		same(b.T, b.do("GET", "/payments/"+payment, nil)["refunded"], eur(900))
	})
}

func TestLiveStoreHasNoSandbox(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		s := b.shop()
		b.send("GET", "/sandbox/webhook-faults", nil).refused(404, "NO_SANDBOX")
		b.send("POST", "/sandbox/webhook-faults", object{}).refused(404, "NO_SANDBOX")
		b.send("POST", "/sandbox/disputes", object{"payment_id": "pay_1"}).refused(404, "NO_SANDBOX")
		b.send("POST", "/sandbox/disputes/sbd_1/close", object{"outcome": "won"}).refused(404, "NO_SANDBOX")
		b.send("POST", "/sandbox/refunds", object{"payment_id": "pay_1"}).refused(404, "NO_SANDBOX")
		b.send("POST", "/customers/"+s.customer+"/payment-methods", object{"gateway": "sandbox", "token": "tok_ok"}).refused(404, "GATEWAY_NOT_FOUND")
	})
}
