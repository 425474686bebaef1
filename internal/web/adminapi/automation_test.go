package adminapi

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/job"
)

func TestTestClock(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		// A live store has none.
		b.send("GET", "/test-clock", nil).refused(404, "NO_TEST_CLOCK")
		b.send("POST", "/test-clock/advance", object{"to": "2027-01-01T00:00:00Z"}).refused(404, "NO_TEST_CLOCK")

		if err := b.DB.StandStill(t.Context(), b.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if got := b.do("GET", "/test-clock", nil); got["now"] != "2026-03-01T12:00:00Z" {
			t.Errorf("%v", got)
		}
		b.settle()
		product := b.do("POST", "/products", object{"slug": "widget", "name": "Widget", "requires_license": true})
		plan := b.do("POST", "/products/"+product["id"].(string)+"/plans", object{"name": "Year", "license_type": "purchased", "activation_type": "domain", "activation_limit": 1})
		price := b.do("POST", "/plans/"+plan["id"].(string)+"/prices", object{"cycle": "one_time", "money": object{"amount": 0, "currency": "EUR"}, "valid_for": object{"count": 1, "unit": "month"}})
		customer := b.do("POST", "/customers", object{"email": "ann@example.com", "name": "Ann"})
		order := b.do("POST", "/orders", object{"customer_id": customer["id"], "kind": "complimentary", "reason": "Friend", "items": []any{object{"price_id": price["id"]}}})
		license := order["license_ids"].([]any)[0].(string)

		dry := b.do("POST", "/automation/dry-run", object{"until": "2026-06-01T00:00:00Z"})
		want := []any{object{"occurred_at": "2026-04-01T12:00:00Z", "type": "license.expired", "subject_id": license, "customer_id": customer["id"], "money": nil}}
		if diff := cmp.Diff(want, dry["events"]); diff != "" || dry["until"] != "2026-06-01T00:00:00Z" || dry["now"] != "2026-03-01T12:00:00Z" {
			t.Errorf("dry run: %v\n%s", dry, diff)
		}
		if diff := cmp.Diff([]any{object{"type": "license.expired", "number": 1.0, "money": nil}}, dry["totals"]); diff != "" {
			t.Error(diff)
		}
		// A date is its first instant in the store's zone.
		if byDate := b.do("POST", "/automation/dry-run", object{"until": "2026-06-01"}); cmp.Diff(dry, byDate) != "" {
			t.Error(cmp.Diff(dry, byDate))
		}
		b.send("POST", "/automation/dry-run", object{"until": "2026-06-31"}).refused(422, "INVALID_INPUT")
		b.send("POST", "/automation/dry-run", object{"until": "2028-06-01T00:00:00Z"}).refused(422, "INVALID_INPUT")
		if got := b.do("GET", "/test-clock", nil); got["now"] != "2026-03-01T12:00:00Z" {
			t.Errorf("after the dry run: %v", got)
		}
		if got := b.do("GET", "/licenses/"+license, nil); got["status"] != "active" {
			t.Errorf("after the dry run: %v", got)
		}

		moved := b.do("POST", "/test-clock/advance", object{"to": "2026-06-01T00:00:00Z"}, "Idempotency-Key: move")
		if ran := moved["ran"].(object); ran["licenses.write_down"] != 1.0 || ran["logs.prune"] != 1.0 {
			t.Errorf("ran: %v", ran)
		}
		if diff := cmp.Diff(object{"now": "2026-06-01T00:00:00Z", "ran": moved["ran"], "failed": object{}, "held": object{}}, moved); diff != "" {
			t.Error(diff)
		}
		if got := b.do("POST", "/test-clock/advance", object{"to": "2026-06-01T00:00:00Z"}, "Idempotency-Key: move"); !cmp.Equal(got, moved) {
			t.Errorf("again: %v", got)
		}
		if got := b.do("POST", "/test-clock/advance", object{"to": "2020-06-01T00:00:00Z"}); got["now"] != "2026-06-01T00:00:00Z" || len(got["ran"].(object)) != 0 {
			t.Errorf("into the past: %v", got)
		}
		if got := b.do("GET", "/licenses/"+license, nil); got["status"] != "expired" {
			t.Errorf("after three months: %v", got)
		}
		b.send("POST", "/test-clock/advance", object{"to": "2126-06-01T00:00:00Z"}).refused(422, "INVALID_INPUT")

		tasks := b.do("GET", "/automation/tasks", nil)
		found := false
		for _, task := range tasks["data"].([]any) {
			task := task.(object)
			found = found || task["kind"] == "licenses.write_down" && task["last_run"].(object)["done"] == 1.0 && task["next_due"] == nil
		}
		if !found || tasks["looked_at"] != "2026-06-01T00:00:00Z" {
			t.Errorf("%v", tasks)
		}
		if runs := b.do("GET", "/automation/runs?task=licenses.write_down", nil)["data"].([]any); len(runs) != 1 || runs[0].(object)["at"] != "2026-04-01T12:00:00Z" {
			t.Errorf("%v", runs)
		}
	})
}

// settle runs what a new store does first.
func (b *bundle) settle() {
	b.Helper()
	b.do("POST", "/automation/run", nil)
}

func TestAutomationRun(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		err := b.DB.Write(t.Context(), func(tx *db.Tx) error {
			return b.rooms.Jobs.Enqueue(t.Context(), tx, job.New{Kind: "nobody.knows"})
		})
		if err != nil {
			t.Fatal(err)
		}
		got := b.do("POST", "/automation/run", nil)
		if got["ran"].(object)["nobody.knows"] != 1.0 || got["failed"].(object)["nobody.knows"] != 1.0 || got["now"] != b.Clock.Now().Format(time.RFC3339) {
			t.Errorf("%v", got)
		}
		customer := b.do("POST", "/customers", object{"email": "ann@example.com", "name": "Ann"})
		if got := b.do("POST", "/customers/"+customer["id"].(string)+"/run", nil); len(got["ran"].(object)) != 0 {
			t.Errorf("%v", got)
		}
		if got := b.do("GET", "/automation/failures", nil); len(got["data"].([]any)) != 0 {
			t.Errorf("%v", got)
		}
		b.send("POST", "/automation/failures/retry", object{"task": "licenses.write_down", "subject_id": "lic_1"}).refused(404, "FAILURE_NOT_FOUND")
	})
}
