package domainname

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
)

// The fee of the registry's own year comes back until argp_days after it was added, to the hour; also while staff have not said
// what becomes of the year.
func TestUndo(t *testing.T) {
	t.Parallel()
	policy := Policy{RegistryAutoRenews: true, ARGPDays: 45}
	ahead := Domain{Expiry: Expiry{At: time.Date(2028, 3, 10, 10, 30, 0, 0, time.UTC)}, PaidThrough: civil.On(2027, time.March, 10)}
	unanswered, paid, deleted := ahead, ahead, ahead
	unanswered.Unanswered = true
	paid.PaidThrough = civil.On(2028, time.March, 10)
	deleted.DeletedAt = &ahead.Expiry.At
	for name, d := range map[string]Domain{"ahead": ahead, "unanswered": unanswered} {
		until, ok := d.Undo(policy)
		if !ok || until != time.Date(2027, 4, 24, 10, 30, 0, 0, time.UTC) {
			t.Errorf("%s: %s %v", name, until, ok)
		}
	}
	for name, d := range map[string]Domain{"paid": paid, "deleted": deleted} {
		if _, ok := d.Undo(policy); ok {
			t.Errorf("%s: something is returned", name)
		}
	}
	if _, ok := ahead.Undo(Policy{}); ok {
		t.Error("a registry that adds no years")
	}
}
