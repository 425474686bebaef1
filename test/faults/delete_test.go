package faults_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/registry"
)

// A domain that staff have deleted at its registry: within the grace period of its registration, within that of a year that the
// registry has added, and after it; with an answer, without one, and where nothing arrived. What the registry says settles it,
// and one command is sent whatever happens.
func TestDelete(t *testing.T) {
	t.Parallel()
	type outcome struct {
		status  domainname.Status
		credit  int64 // what the registry has returned, in cents
		gone    bool  // there is nothing left of it
		deleted bool
	}
	var (
		redeemable = outcome{status: domainname.Redemption, deleted: true}
		returned   = outcome{status: domainname.Redemption, deleted: true, credit: 900}
		over       = outcome{status: domainname.Expired, deleted: true, credit: 1600, gone: true}
		stays      = outcome{status: domainname.Active}
	)
	for _, test := range []struct {
		name   string
		ends   int // days from now until the registry renews it by itself, or until its end
		later  int // days until it is deleted
		young  bool
		faults []registry.Fault
		want   outcome
		// within is how long it takes until all is settled.
		within time.Duration
	}{
		{"the year that was added", 5, 10, false, nil, returned, 0},
		{"on its last day", 5, 5 + 44, false, nil, returned, 0},
		{"a day too late for it", 5, 5 + 46, false, nil, redeemable, 0},
		{"in the middle of a term", 200, 0, false, nil, redeemable, 0},
		{"a name that is two days old", 364, 2, true, nil, over, 0},
		{"a name that is six days old", 364, 6, true, nil, redeemable, 0},
		{"without an answer", 5, 10, false, []registry.Fault{{Kind: registry.CutAfter}}, returned, 0},
		{"a young name without an answer", 364, 2, true, []registry.Fault{{Kind: registry.CutAfter}}, over, 8 * time.Hour},
		{"an answer that says nothing", 5, 10, false, []registry.Fault{{Kind: registry.Answer, Code: 2400, Commit: true}}, returned, 0},
		{"nothing arrived", 200, 0, false, []registry.Fault{{Kind: registry.CutBefore}}, stays, 3 * time.Hour},
		{"refused", 200, 0, false, []registry.Fault{{Kind: registry.Answer, Code: 2304}}, stays, 0},
	} {
		for _, adapter := range []string{"lab", "plain"} {
			t.Run(test.name+" "+adapter, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, dbtest.SQLite(t))
				c, err := w.Customers.Create(w.ctx, customer.Input{Email: "ada@example.com", Name: "Ada"})
				w.must(err)
				now := w.store.Clock.Now()
				d := w.put("name.auto", now.AddDate(0, 0, test.ends), c.ID, adapter)
				if test.young {
					there, _ := w.registry.Domain("name.auto")
					there.Created, there.AddUntil, there.AddYears, there.AddAmount = now, now.AddDate(0, 0, 5), 1, 1600
					w.must(w.registry.Put(there))
				}
				w.store.Clock.Advance(time.Duration(test.later) * 24 * time.Hour)
				for _, f := range test.faults {
					f.Command, f.Times = "delete", 1
					w.must(w.registry.Inject(f))
				}
				_, err = w.Dispatch.Delete(w.ctx, d.ID, dispatch.Deletion{Name: "name.auto", Reason: "nobody pays"})
				if refused := test.name == "refused"; refused != (err != nil) {
					t.Fatal(err)
				}
				for begun := w.store.Clock.Now(); w.store.Clock.Now().Sub(begun) < test.within; {
					w.store.Clock.Advance(10 * time.Minute)
					w.work()
				}
				if n := w.count(`SELECT COUNT(*) FROM registrar_commands WHERE settled_at IS NULL`); n != 0 {
					t.Errorf("%d commands are not settled", n)
				}
				row, err := w.Domains.ByID(w.ctx, d.ID)
				w.must(err)
				var credit int64
				for _, e := range w.registry.Ledger() {
					if e.Kind == "credit" {
						credit -= e.Amount
					}
				}
				_, there := w.registry.Domain("name.auto")
				got := outcome{status: row.Standing.Status, credit: credit, gone: !there, deleted: row.DeletedAt != nil}
				if got != test.want {
					t.Errorf("%+v, want %+v", got, test.want)
				}
				sent := 0
				for _, c := range w.registry.Journal() {
					if c.Verb == "delete" {
						sent++
					}
				}
				if sent != 1 || len(w.registry.Repeated()) > 0 {
					t.Errorf("%d commands arrived", sent)
				}
				told := 0
				if test.want.deleted {
					told = 1
				}
				if n := w.count(`SELECT COUNT(*) FROM events WHERE type = $1`, dispatch.EventDeleted); n != told {
					t.Errorf("told %d times", n)
				}
				asked := 0
				if test.name == "nothing arrived" {
					asked = 1
				}
				if n := w.count(fmt.Sprintf(`SELECT COUNT(*) FROM staff_tasks WHERE kind = '%s' AND state = 'open'`, dispatch.TaskStuck)); n != asked {
					t.Errorf("staff were asked %d times", n)
				}
			})
		}
	}
}
