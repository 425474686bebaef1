package adminapi

import (
	"testing"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/recovery"
)

func TestRecovery(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return recovery.Mark(t.Context(), tx, tx.Now.AddDate(0, 0, -1)) })
		if err != nil {
			t.Fatal(err)
		}
		b := over(t, s, roomstest.InTestMode(t, s, roomstest.Log()))
		same(t, b.do("GET", "/recovery", nil), object{
			"in_recovery": true, "restored_at": "2026-03-01T12:00:00Z", "taken_at": "2026-02-28T12:00:00Z",
			"waiting": object{"mails": 0.0, "webhooks": 0.0, "charges": 0.0, "unanswered_charges": 0.0, "refunds": 0.0, "jobs": 0.0},
		})
		shop := b.shop()
		invoice := b.ordered(shop)
		b.send("POST", "/invoices/"+invoice+"/charge", nil).refused(409, "STORE_IN_RECOVERY")
		b.send("POST", "/customers/"+shop.customer+"/payment-methods", object{"gateway": "sandbox", "token": "tok_ok"}).refused(409, "STORE_IN_RECOVERY")
		b.send("POST", "/automation/run", nil).refused(409, "STORE_IN_RECOVERY")
		b.send("POST", "/test-clock/advance", object{"to": "2027-01-01T00:00:00Z"}).refused(409, "STORE_IN_RECOVERY")
		b.do("POST", "/automation/dry-run", object{"until": "2026-06-01T00:00:00Z"}) // reaches nobody

		done := object{"restored_at": "2026-03-01T12:00:00Z", "taken_at": "2026-02-28T12:00:00Z", "confirmed_at": "2026-03-01T12:00:00Z", "settled_charges": 0.0, "unanswered_charges": 0.0}
		same(t, b.do("POST", "/recovery/confirm", nil, "Idempotency-Key: go"), done)
		same(t, b.do("POST", "/recovery/confirm", nil, "Idempotency-Key: go"), done)
		b.send("POST", "/recovery/confirm", nil).refused(409, "NOT_IN_RECOVERY")
		same(t, b.do("GET", "/recovery", nil), object{"in_recovery": false, "restored_at": nil, "taken_at": nil, "waiting": nil})
		b.do("POST", "/customers/"+shop.customer+"/payment-methods", object{"gateway": "sandbox", "token": "tok_ok"})
		if paid := b.do("POST", "/invoices/"+invoice+"/charge", nil); paid["state"] != "succeeded" {
			t.Errorf("charged: %v", paid)
		}
	})
}
