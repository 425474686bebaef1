package adminapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	eachTest(t, func(b *bundle) {
		var status, asked atomic.Int64
		status.Store(500)
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.WriteHeader(int(status.Load()))
		}))
		b.Cleanup(receiver.Close)

		body := object{"url": receiver.URL, "description": "Shop", "event_types": []string{"customer.*"}}
		made := b.do("POST", "/webhook-endpoints", body, "Idempotency-Key: w")
		secret, _ := made["secret"].(string)
		if !strings.HasPrefix(secret, "whsec_") {
			b.Errorf("secret: %v", made)
		}
		if again := b.do("POST", "/webhook-endpoints", body, "Idempotency-Key: w"); again["secret"] != nil || again["id"] != made["id"] {
			b.Errorf("again: %v", again)
		}
		delete(made, "secret")
		same(b.T, any(made), any(object{
			"id": id("whe"), "url": receiver.URL, "description": "Shop", "event_types": []any{"customer.*"}, "state": "enabled", "disabled_why": nil,
			"failing_since": nil, "old_secret_ends_at": nil, "version": 1.0, "created_at": instant, "updated_at": instant,
		}))
		place := "/webhook-endpoints/" + made["id"].(string)
		same(b.T, b.do("GET", place, nil), made)
		same(b.T, b.do("GET", "/webhook-endpoints", nil), object{"data": []any{made}, "next": nil})
		b.send("POST", "/webhook-endpoints", object{"url": "ftp://x", "event_types": []string{"*"}}).refused(422, "INVALID_INPUT")

		changed := b.do("PATCH", place, object{"event_types": []string{"customer.created"}, "version": 1})
		if changed["version"] != 2.0 || changed["description"] != "Shop" {
			b.Errorf("changed: %v", changed)
		}
		b.send("PATCH", place, object{"description": "x", "version": 1}).refused(409, "CHANGED_MEANWHILE")
		rotated := b.do("POST", place+"/rotate", object{"overlap_seconds": 60})
		if rotated["secret"] == secret || rotated["old_secret_ends_at"] == nil {
			b.Errorf("rotated: %v", rotated)
		}

		b.do("POST", "/customers", object{"email": "ann@example.com", "name": "Ann"})
		run := func() {
			b.Helper()
			if _, err := b.api.Webhooks.RunDue(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		run()
		listed := b.do("GET", "/webhook-deliveries?endpoint_id="+made["id"].(string)+"&state=pending&event_type=customer.created", nil)["data"].([]any)
		if len(listed) != 1 || asked.Load() != 1 {
			b.Fatalf("deliveries: %v, asked %d times", listed, asked.Load())
		}
		delivery := "/webhook-deliveries/" + listed[0].(object)["id"].(string)
		details := b.do("GET", delivery, nil)
		tries := details["tries"].([]any)
		if len(tries) != 1 || tries[0].(object)["status"] != 500.0 || details["payload"].(object)["type"] != "customer.created" || details["last_status"] != 500.0 {
			b.Errorf("details: %v", details)
		}
		status.Store(204)
		b.do("POST", delivery+"/replay", nil)
		run()
		if got := b.do("GET", delivery, nil); got["state"] != "delivered" || got["attempts"] != 2.0 {
			b.Errorf("replayed: %v", got)
		}
		if got := b.do("POST", place+"/replay-failed", object{"since": "2026-01-01T00:00:00Z"}); got["replayed"] != 0.0 {
			b.Errorf("replayed: %v", got)
		}

		if got := b.do("PATCH", place, object{"state": "disabled"}); got["state"] != "disabled" || got["disabled_why"] != "by_hand" {
			b.Errorf("disabled: %v", got)
		}
		b.send("POST", delivery+"/replay", nil).refused(409, "WEBHOOK_ENDPOINT_DISABLED")
		if got := b.do("PATCH", place, object{"state": "enabled"}); got["state"] != "enabled" || got["disabled_why"] != nil {
			b.Errorf("enabled: %v", got)
		}
		b.do("DELETE", place, nil)
		b.send("GET", place, nil).refused(404, "WEBHOOK_ENDPOINT_NOT_FOUND")
	})
}
