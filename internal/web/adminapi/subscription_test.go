package adminapi

import (
	"testing"
)

// subscriber is a customer with a method and a subscription that is paid for its first month.
type subscriber struct {
	product, plan, price, dearer, cheaper, customer, method string
	order, invoice, subscription                            string
}

// subscribed sells a monthly subscription of 20.00 to a customer with a saved card.
func (b *bundle) subscribed(card string) subscriber {
	b.Helper()
	var s subscriber
	s.product = b.do("POST", "/products", object{"slug": "tool", "name": "Tool"})["id"].(string)
	plan := func(name string, amount float64) (plan, price string) {
		b.Helper()
		plan = b.do("POST", "/products/"+s.product+"/plans", object{"name": name, "activation_type": "device", "activation_limit": 2})["id"].(string)
		return plan, b.do("POST", "/plans/"+plan+"/prices", object{"cycle": "monthly", "money": eur(amount)})["id"].(string)
	}
	s.plan, s.price = plan("Pro", 2000)
	_, s.dearer = plan("Max", 5000)
	_, s.cheaper = plan("Mini", 1000)
	s.customer = b.do("POST", "/customers", object{"email": "ann@example.com", "name": "Ann", "country": "DE"})["id"].(string)
	method := b.do("POST", "/customers/"+s.customer+"/payment-methods", object{"gateway": "sandbox", "token": card})
	s.method = method["id"].(string)
	placed := b.do("POST", "/orders", object{"customer_id": s.customer, "items": []object{{"price_id": s.price}}})
	s.order, s.invoice = placed["id"].(string), placed["invoice_id"].(string)
	b.do("POST", "/invoices/"+s.invoice+"/payments", object{"money": eur(2000), "reference": "A-1"})
	s.subscription = b.do("GET", "/orders/"+s.order, nil)["subscription_ids"].([]any)[0].(string)
	return s
}

// advance moves the test clock.
func (b *bundle) advance(to string) {
	b.Helper()
	b.do("POST", "/test-clock/advance", object{"to": to})
}

func TestSubscription(t *testing.T) {
	t.Parallel()
	eachTest(t, func(b *bundle) {
		s := b.subscribed("tok_ok")
		place := "/subscriptions/" + s.subscription
		license := b.do("GET", "/orders/"+s.order, nil)["license_ids"].([]any)[0]
		line := b.do("GET", "/invoices/"+s.invoice, nil)["lines"].([]any)[0].(object)
		period := object{"start": "2026-03-01", "end": "2026-04-01"}
		want := object{
			"id": s.subscription, "status": "active", "kind": "license", "customer_id": s.customer, "license_id": license, "product_id": s.product,
			"plan_id": s.plan, "price_id": s.price, "description": "Tool – Pro", "quantity": 1.0, "cycle": "monthly", "unit_amount": eur(2000),
			"recurring": eur(2000), "period": period, "next_due": "2026-04-01", "cancel_at_period_end": false, "cancel_on": nil, "paused_on": nil,
			"suspended_on": nil, "planned_change": nil, "trial_ends_at": nil, "started_on": "2026-03-01", "ended_on": nil, "end_reason": nil,
			"gateway": "manual", "created_at": instant,
			"periods": []any{object{
				"start": "2026-03-01", "end": "2026-04-01", "state": "paid", "due_on": isDate, "price_id": s.price, "amount": eur(2000),
				"invoice_id": s.invoice, "line_id": line["id"],
			}},
		}
		same(b.T, b.do("GET", place, nil), want)
		same(b.T, line["period"], period)
		same(b.T, line["fulfilment"], object{"kind": "subscription", "target": s.subscription, "state": "done", "error": nil})
		for _, query := range []string{"", "customer_id=" + s.customer, "product_id=" + s.product, "plan_id=" + s.plan, "license_id=" + license.(string), "status=active"} {
			same(b.T, b.do("GET", "/subscriptions?"+query, nil), object{"data": []any{want}, "next": nil})
		}
		same(b.T, b.do("GET", "/subscriptions?status=expired", nil), object{"data": []any{}, "next": nil})
		b.send("GET", "/subscriptions?customer_id=x%20y", nil).refused(422, "INVALID_INPUT")

		// Cancelled to the end of the period, and back.
		b.send("POST", place+"/resume", nil).refused(409, "NOT_CANCELLED")
		got := b.do("POST", place+"/cancel", object{"at": "period_end", "reason": "asked"})
		if got["status"] != "cancelled" || got["cancel_at_period_end"] != true || got["cancel_on"] != "2026-04-01" {
			b.Errorf("cancelled: %v", got)
		}
		same(b.T, b.do("POST", place+"/resume", nil), want)
		if got := b.do("POST", place+"/cancel", nil); got["cancel_at_period_end"] != true {
			b.Errorf("cancelled without a word: %v", got)
		}
		b.do("POST", place+"/resume", nil)

		// Paused, and on again.
		got = b.do("POST", place+"/pause", object{"reason": "holidays"})
		if got["status"] != "suspended" || got["paused_on"] != "2026-03-01" {
			b.Errorf("paused: %v", got)
		}
		if held := b.do("GET", "/licenses/"+license.(string), nil); held["status"] != "suspended" {
			b.Errorf("license of a paused subscription: %v", held)
		}
		same(b.T, b.do("POST", place+"/resume", nil), want)

		// Cancelled now: the unused part is credit, and all is over.
		got = b.do("POST", place+"/cancel", object{"at": "now"})
		if got["status"] != "expired" || got["ended_on"] != "2026-03-01" || got["end_reason"] != "cancelled" || got["next_due"] != nil || got["cancel_at_period_end"] != false {
			b.Errorf("cancelled now: %v", got)
		}
		same(b.T, b.do("GET", "/customers/"+s.customer, nil)["credit"], eur(2000))
		for _, verb := range []string{"cancel", "resume", "pause"} {
			b.send("POST", place+"/"+verb, nil).refused(409, "SUBSCRIPTION_ENDED")
		}
		notes := b.do("GET", "/invoices/"+s.invoice+"/credit-notes", nil)["data"].([]any)
		if len(notes) != 1 || notes[0].(object)["cause"] != "cancellation" {
			b.Errorf("credit notes: %v", notes)
		}
	})
}

func TestRenewal(t *testing.T) {
	t.Parallel()
	eachTest(t, func(b *bundle) {
		s := b.subscribed("tok_ok")
		place := "/subscriptions/" + s.subscription
		b.advance("2026-03-25T00:00:00Z")
		open := b.do("GET", "/invoices?status=open", nil)["data"].([]any)
		if len(open) != 1 {
			b.Fatalf("open invoices: %v", open)
		}
		renewal := open[0].(object)
		if renewal["kind"] != "renewal" || renewal["order_id"] != nil || renewal["due_on"] != "2026-04-01" {
			b.Errorf("renewal: %v", renewal)
		}
		line := renewal["lines"].([]any)[0].(object)
		same(b.T, line["fulfilment"], object{"kind": "renewal", "target": s.subscription, "state": "pending", "error": nil})
		same(b.T, line["period"], object{"start": "2026-04-01", "end": "2026-05-01"})

		// Its line is taken off: the period waits for a person.
		void := b.do("DELETE", "/invoices/"+renewal["id"].(string)+"/lines/"+line["id"].(string)+"?reason=mistake", nil)
		if void["status"] != "void" {
			b.Errorf("without its last line: %v", void)
		}
		states := func() (states []any) {
			b.Helper()
			for _, p := range b.do("GET", place, nil)["periods"].([]any) {
				states = append(states, p.(object)["state"])
			}
			return states
		}
		same(b.T, states(), []any{"paid", "removed"})
		tasks := b.do("GET", "/tasks", nil)["data"].([]any)
		if len(tasks) != 1 || tasks[0].(object)["subject_id"] != s.subscription || tasks[0].(object)["customer_id"] != s.customer {
			b.Fatalf("tasks: %v", tasks)
		}
		decide := place + "/periods/2026-04-01/decide"
		b.send("POST", place+"/periods/2026-04-02/decide", object{"decision": "end", "reason": "x"}).refused(404, "PERIOD_NOT_FOUND")
		b.send("POST", place+"/periods/soon/decide", object{"decision": "end", "reason": "x"}).refused(404, "PERIOD_NOT_FOUND")
		b.do("POST", decide, object{"decision": "invoice_again", "reason": "a slip"})
		same(b.T, states(), []any{"paid", "open"})
		if tasks := b.do("GET", "/tasks", nil)["data"].([]any); len(tasks) != 0 {
			b.Errorf("tasks afterwards: %v", tasks)
		}
		b.send("POST", "/tasks/"+tasks[0].(object)["id"].(string)+"/done", nil).refused(404, "TASK_NOT_FOUND")

		// What the clock does next: the card is charged on the due day.
		b.advance("2026-04-02T00:00:00Z")
		same(b.T, states(), []any{"paid", "paid"})
		if paid := b.do("GET", "/invoices?status=paid&customer_id="+s.customer, nil)["data"].([]any); len(paid) != 2 {
			b.Errorf("paid invoices: %v", paid)
		}
	})
}

func TestChange(t *testing.T) {
	t.Parallel()
	eachTest(t, func(b *bundle) {
		s := b.subscribed("tok_ok")
		b.advance("2026-03-11T00:00:00Z") // 21 of 31 days are left
		change := "/subscriptions/" + s.subscription + "/change"

		// 20.00 × 21/31 = 13.55, 50.00 × 21/31 = 33.87.
		want := object{
			"credit": eur(1355), "charge": eur(3387), "to_pay": eur(2032), "effective_on": "2026-03-11", "invoice_id": nil, "pending": true, "attempt": nil,
		}
		same(b.T, b.do("POST", change, object{"price_id": s.dearer, "when": "now", "preview": true}), want)
		same(b.T, b.do("POST", change, object{"price_id": s.dearer, "preview": true}), want)
		if got := b.do("GET", "/invoices?status=open", nil)["data"].([]any); len(got) != 0 {
			b.Fatalf("a preview has made %v", got)
		}

		// Asked for with a key: charged at once, and once.
		body := object{"price_id": s.dearer, "when": "now"}
		first := b.send("POST", change, body, "Idempotency-Key: up")
		want["invoice_id"], want["pending"] = id("inv"), false
		want["attempt"] = fitting(func(v any) bool {
			a, ok := v.(object)
			return ok && a["state"] == "succeeded" && a["unanswered"] == false
		})
		same(b.T, any(first.Body), any(want))
		if again := b.send("POST", change, body, "Idempotency-Key: up"); again.Raw != first.Raw || again.Header.Get("Idempotent-Replay") != "true" {
			b.Errorf("again: %s", again.Raw)
		}
		sub := b.do("GET", "/subscriptions/"+s.subscription, nil)
		if sub["price_id"] != s.dearer || sub["status"] != "active" {
			b.Errorf("changed: %v", sub)
		}
		same(b.T, sub["recurring"], eur(5000))

		// A downgrade waits for the renewal.
		got := b.do("POST", change, object{"price_id": s.cheaper, "when": "renewal"})
		same(b.T, any(got), any(object{
			"credit": eur(0), "charge": eur(0), "to_pay": eur(0), "effective_on": "2026-04-01", "invoice_id": nil, "pending": false, "attempt": nil,
		}))
		same(b.T, b.do("GET", "/subscriptions/"+s.subscription, nil)["planned_change"], object{"price_id": s.cheaper, "quantity": 1.0})

		for _, bad := range []object{{"when": "later"}, {"quantity": 0}, {"price_id": "prc_nothing"}} {
			b.send("POST", change, bad).refused(422, "INVALID_INPUT")
		}
	})
}

func TestChangeThatCantBeCharged(t *testing.T) {
	t.Parallel()
	eachTest(t, func(b *bundle) {
		s := b.subscribed("tok_decline")
		change := "/subscriptions/" + s.subscription + "/change"
		got := b.do("POST", change, object{"price_id": s.dearer})
		attempt, _ := got["attempt"].(object)
		if got["pending"] != true || attempt["state"] != "failed" || attempt["code"] != "card_declined" {
			b.Errorf("declined: %v", got)
		}
		if sub := b.do("GET", "/subscriptions/"+s.subscription, nil); sub["price_id"] != s.price {
			b.Errorf("changed without money: %v", sub)
		}
		// The bill is paid in another way: the change takes effect.
		b.do("POST", "/invoices/"+got["invoice_id"].(string)+"/payments", object{"money": got["to_pay"], "reference": "B-1"})
		if sub := b.do("GET", "/subscriptions/"+s.subscription, nil); sub["price_id"] != s.dearer {
			b.Errorf("paid: %v", sub)
		}

		b.do("DELETE", "/customers/"+s.customer+"/payment-methods/"+s.method, nil)
		got = b.do("POST", change, object{"quantity": 2})
		if got["pending"] != true || got["attempt"] != nil {
			b.Errorf("without a method: %v", got)
		}
	})
}

// A license that is ended by hand ends its subscription, unless it is to be kept.
func TestLicenseOfSubscription(t *testing.T) {
	t.Parallel()
	for keep, status := range map[bool]string{false: "expired", true: "active"} {
		eachTest(t, func(b *bundle) {
			s := b.subscribed("tok_ok")
			license := b.do("GET", "/licenses?customer_id="+s.customer, nil)["data"].([]any)[0].(object)
			if license["subscription_id"] != s.subscription {
				b.Errorf("license: %v", license)
			}
			got := b.do("PATCH", "/licenses/"+license["id"].(string), object{"status": "revoked", "keep_subscription": keep, "reason": "a new key is on its way"})
			if got["status"] != "revoked" || got["subscription_id"] != s.subscription {
				b.Errorf("revoked: %v", got)
			}
			same(b.T, b.do("GET", "/subscriptions/"+s.subscription, nil)["status"], status)
		})
	}
}

func TestPriceUpdates(t *testing.T) {
	t.Parallel()
	eachTest(t, func(b *bundle) {
		s := b.subscribed("tok_ok")
		update := object{"plan_id": s.plan, "mode": "percent", "value": "5", "starts_on": "2026-04-01", "reason": "dearer"}
		want := object{"subscription_id": s.subscription, "customer_id": s.customer, "description": "Tool – Pro", "before": eur(2000), "after": eur(2100)}
		same(b.T, b.do("POST", "/price-updates/preview", update), object{"subscriptions": 1.0, "data": []any{want}})
		same(b.T, b.do("GET", "/price-updates", nil)["data"], []any{})
		made := b.do("POST", "/price-updates", update, "Idempotency-Key: u")
		same(b.T, any(made), any(object{
			"id": id("pru"), "status": "scheduled", "product_id": nil, "plan_id": s.plan, "cycle": nil, "currency": nil, "mode": "percent", "value": "5",
			"starts_on": "2026-04-01", "notify": false, "reason": "dearer", "created_at": instant, "undone_at": nil,
			"counts": object{"planned": 1.0, "applied": 0.0, "skipped": 0.0, "undone": 0.0},
		}))
		same(b.T, b.do("GET", "/price-updates", nil), object{"data": []any{made}, "next": nil})
		place := "/price-updates/" + made["id"].(string)
		same(b.T, b.do("GET", place, nil), made)
		b.advance("2026-04-02T00:00:00Z")
		same(b.T, b.do("GET", place, nil)["counts"], object{"planned": 0.0, "applied": 1.0, "skipped": 0.0, "undone": 0.0})
		same(b.T, b.do("GET", "/subscriptions/"+s.subscription, nil)["recurring"], eur(2100))
		if undone := b.do("POST", place+"/undo", object{"reason": "a slip"}); undone["status"] != "undone" || undone["undone_at"] == nil {
			b.Errorf("undone: %v", undone)
		}
		b.send("POST", place+"/undo", object{"reason": "again"}).refused(409, "PRICE_UPDATE_UNDONE")
		update["plan_id"] = "pln_nothing"
		update["starts_on"] = "2026-05-01"
		b.send("POST", "/price-updates", update).refused(409, "NOTHING_TO_UPDATE")
		update["starts_on"] = "soon"
		b.send("POST", "/price-updates/preview", update).refused(422, "INVALID_INPUT")
	})
}
