package adminapi

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestSameKeyGivesTheFirstAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		body := object{"email": "ann@example.com", "name": "Ann"}
		first := b.send("POST", "/customers", body, "Idempotency-Key: k1")
		if first.Status != 201 || first.Header.Get("Idempotent-Replay") != "" {
			b.Fatalf("first = %d %v %s", first.Status, first.Header, first.Raw)
		}
		again := b.send("POST", "/customers", body, "Idempotency-Key: k1")
		if again.Status != 201 || again.Raw != first.Raw || again.Header.Get("Idempotent-Replay") != "true" || again.Header.Get("Content-Type") != "application/json" {
			b.Errorf("again = %d %v %s", again.Status, again.Header, again.Raw)
		}
		// Without the key it is another request.
		b.send("POST", "/customers", body).refused(409, "EMAIL_TAKEN")
		// The key belongs to the request that used it first, whatever the path.
		b.send("POST", "/customers", object{"email": "ann@example.com", "name": "Anne"}, "Idempotency-Key: k1").refused(409, "IDEMPOTENCY_KEY_REUSED")
		b.send("POST", "/products", object{"slug": "a", "name": "A"}, "Idempotency-Key: k1").refused(409, "IDEMPOTENCY_KEY_REUSED")
		if n := len(b.do("GET", "/products", nil)["data"].([]any)); n != 0 {
			b.Errorf("%d products", n)
		}
		// Another token has keys of its own.
		b.token = b.newToken("customers:write")
		b.send("POST", "/customers", body, "Idempotency-Key: k1").refused(409, "EMAIL_TAKEN")
	})
}

func TestRefusalIsKept(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		b.do("POST", "/customers", object{"email": "ann@example.com", "name": "Ann"})
		taken := object{"email": "ANN@example.com", "name": "Ann"}
		first := b.send("POST", "/customers", taken, "Idempotency-Key: k")
		first.refused(409, "EMAIL_TAKEN")
		again := b.send("POST", "/customers", taken, "Idempotency-Key: k")
		again.refused(409, "EMAIL_TAKEN")
		if again.Raw != first.Raw || again.Header.Get("Idempotent-Replay") != "true" {
			b.Errorf("again = %v %s", again.Header, again.Raw)
		}
		bad := object{"email": "", "name": 1}
		first = b.send("POST", "/customers", bad, "Idempotency-Key: k2")
		first.refused(422, "INVALID_INPUT")
		if again = b.send("POST", "/customers", bad, "Idempotency-Key: k2"); again.Raw != first.Raw || again.Header.Get("Idempotent-Replay") != "true" {
			b.Errorf("again = %v %s", again.Header, again.Raw)
		}
		// What the caller may not do is not kept: they may be allowed later.
		full := b.token
		b.token = b.newToken("customers:read")
		b.send("POST", "/customers", bad, "Idempotency-Key: k3").refused(403, "MISSING_SCOPE")
		b.token = full
		b.send("POST", "/customers", object{"email": "b@example.com", "name": "B"}, "Idempotency-Key: k3")
	})
}

func TestFailureLeavesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		order := object{"customer_id": s.customer, "items": []object{{"price_id": s.price}}}
		invoice := b.do("POST", "/orders", order)["invoice_id"].(string)
		pay := object{"money": object{"amount": 4900, "currency": "EUR"}, "reference": "R"}

		// A line that fails does not undo the payment, nor its kept answer.
		b.rooms.Broken = errors.New("no keys today")
		first := b.send("POST", "/invoices/"+invoice+"/payments", pay, "Idempotency-Key: pay")
		if first.Status != 201 {
			b.Fatalf("payment = %d %s", first.Status, first.Raw)
		}
		line := b.do("GET", "/invoices/"+invoice, nil)["lines"].([]any)[0].(object)
		same(b.T, line["fulfilment"], object{"kind": "license", "target": nil, "state": "failed", "error": "no keys today"})
		if again := b.send("POST", "/invoices/"+invoice+"/payments", pay, "Idempotency-Key: pay"); again.Raw != first.Raw {
			b.Errorf("again = %s", again.Raw)
		}

		// Something of ours fails in the middle: nothing is kept, and the same key works once it is mended.
		b.rooms.Broken = nil
		broken := b.api.Catalog
		b.api.Catalog = nil // the next use panics
		product := object{"slug": "late", "name": "Late"}
		b.send("POST", "/products", product, "Idempotency-Key: late").refused(500, "INTERNAL")
		b.api.Catalog = broken
		if got := b.send("POST", "/products", product, "Idempotency-Key: late"); got.Status != 201 || got.Header.Get("Idempotent-Replay") != "" {
			b.Errorf("mended = %d %v %s", got.Status, got.Header, got.Raw)
		}
	})
}

func TestFirstUsesAtTheSameTime(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		order := object{"customer_id": s.customer, "items": []object{{"price_id": s.price}}}
		const n = 8
		answers := make([]reply, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { answers[i] = b.send("POST", "/orders", order, "Idempotency-Key: once") })
		}
		wg.Wait()
		replays := 0
		for _, r := range answers {
			if r.Status != 201 || r.Raw != answers[0].Raw {
				b.Errorf("= %d %s, want %s", r.Status, r.Raw, answers[0].Raw)
			}
			if r.Header.Get("Idempotent-Replay") == "true" {
				replays++
			}
		}
		if replays != n-1 {
			b.Errorf("%d replays, want %d", replays, n-1)
		}
		if got := b.do("GET", "/orders", nil); len(got["data"].([]any)) != 1 {
			b.Errorf("orders: %v", got)
		}
	})
}

func TestKeysAreVisibleASCII(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		for _, key := range []string{"a b", "ä", strings.Repeat("k", 256), "\x7f"} {
			fields := b.send("POST", "/customers", object{"email": "ann@example.com", "name": "Ann"}, "Idempotency-Key: "+key).refused(422, "INVALID_INPUT")
			if fields["Idempotency-Key"] == "" {
				b.Errorf("%q: %v", key, fields)
			}
		}
		for i, key := range []string{"k", strings.Repeat("k", 255), "!~"} {
			b.do("POST", "/customers", object{"email": fmt.Sprintf("%d@example.com", i), "name": "Ann"}, "Idempotency-Key: "+key)
		}
	})
}

func TestRunningTheAutomationTwice(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		first := b.send("POST", "/automation/run", nil, "Idempotency-Key: run")
		if first.Status != 200 {
			b.Fatalf("= %d %s", first.Status, first.Raw)
		}
		again := b.send("POST", "/automation/run", nil, "Idempotency-Key: run")
		if again.Raw != first.Raw || again.Header.Get("Idempotent-Replay") != "true" {
			b.Errorf("again = %v %s", again.Header, again.Raw)
		}
	})
}
