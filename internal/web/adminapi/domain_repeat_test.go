package adminapi

import (
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/keystead/keystead/internal/db"
)

// A change of many prices under one key is made once: by clients at the same time, and after an answer that was never kept.
func TestPriceUpdateUnderOneKey(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		b.do("POST", "/tlds", object{"tld": "example", "policy": object{"valid_from": "2020-01-01", "explicit_renew": true}})
		domain := b.do("POST", "/domains", object{
			"name": "a.example", "customer_id": s.customer, "registry_expiry": b.Clock.Now().AddDate(1, 0, 0).Format("2006-01-02"), "recurring": eur(1000),
		})["id"].(string)
		body := object{"change": object{"mode": "percent", "value": "5"}, "filter": object{"extension": "example"}, "reason": "r"}
		var clients sync.WaitGroup
		ids := make([]string, 8)
		for i := range ids {
			clients.Go(func() {
				got := b.send("POST", "/domain-price-updates", body, "Idempotency-Key: raise")
				ids[i] = fmt.Sprint(got.Status, got.Body["id"])
			})
		}
		clients.Wait()
		once := func(what string) {
			t.Helper()
			if n := len(b.do("GET", "/domain-price-updates", nil)["data"].([]any)); n != 1 {
				b.Errorf("%s: %d updates", what, n)
			}
			if costs := b.do("GET", "/domains/"+domain, nil)["recurring"].(object)["amount"]; costs != 1050.0 {
				b.Errorf("%s: it costs %v", what, costs)
			}
		}
		once("at the same time")
		for _, id := range ids {
			if id != ids[0] {
				b.Errorf("answers %q", ids)
			}
		}
		b.send("POST", "/domain-price-updates", object{"change": object{"mode": "percent", "value": "6"}, "reason": "r"}, "Idempotency-Key: raise").refused(409, "IDEMPOTENCY_KEY_REUSED")

		// The process ended before it kept the answer.
		b.forget("raise")
		if got := b.do("POST", "/domain-price-updates", body, "Idempotency-Key: raise"); got["status"] != "applied" {
			b.Errorf("%v", got)
		}
		once("again")
	})
}

// An update that names no day begins today; one that customers are told of, on the first day that leaves them the time.
func TestPriceUpdateBeginsInTime(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		b.do("POST", "/tlds", object{"tld": "example", "policy": object{"valid_from": "2020-01-01", "explicit_renew": true}})
		b.do("POST", "/domains", object{
			"name": "a.example", "customer_id": s.customer, "registry_expiry": b.Clock.Now().AddDate(1, 0, 0).Format("2006-01-02"), "recurring": eur(1000),
		})
		for want, more := range map[int]object{0: {}, 30: {"notify": true}, 7: {"notice_days": 7}} {
			body := object{"change": object{"mode": "percent", "value": "5"}, "reason": "r", "preview": true}
			maps.Copy(body, more)
			got, want := b.do("POST", "/domain-price-updates", body)["starts_on"], b.Clock.Now().UTC().AddDate(0, 0, want).Format("2006-01-02")
			if got != want {
				b.Errorf("%v: from %v, want %s", more, got, want)
			}
		}
		b.send("POST", "/domain-price-updates", object{
			"change": object{"mode": "percent", "value": "5"}, "reason": "r", "notify": true, "starts_on": b.Clock.Now().UTC().Format("2006-01-02"),
		}).refused(422, "INVALID_INPUT")
	})
}

// forget removes the answer that was kept for a key.
func (b *bundle) forget(key string) {
	b.Helper()
	err := b.Store.DB.Write(b.Context(), func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(b.Context(), "DELETE FROM idempotency_keys WHERE key = $1", key)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}
