package faults_test

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registry"
)

// hostile are the answers that are none.
var hostile = []registry.FaultKind{
	registry.ShortHeader, registry.HugeHeader, registry.HalfFrame, registry.Silence, registry.EntityBomb, registry.OuterEntity, registry.NotUTF8,
	registry.NoClTRID, registry.OtherClTRID, registry.UnknownCode, registry.TooDeep, registry.CutBefore, registry.CutAfter,
}

// Whatever a registry answers, a paid renewal comes to a state that says how it stands, nothing is added twice, and staff are
// asked where nothing goes on by itself.
func TestHostileRegistry(t *testing.T) {
	t.Parallel()
	type outcome struct {
		state domainname.RenewalState
		years int // that were added
		asked bool
	}
	end := time.Date(2026, 12, 22, 12, 0, 0, 0, time.UTC)
	expires := func(at time.Time) func(*world) {
		return func(w *world) {
			w.must(w.registry.Put(registry.Domain{Name: "name.modern", Sponsor: login, AuthInfo: "auth-1234", Expiry: at, Created: end.AddDate(-1, 0, 0)}))
		}
	}
	type situation struct {
		what     func(*world)
		want     outcome
		patience time.Duration // with a registry that answers nothing more; 0: as usual
	}
	situations := map[string]situation{
		"a day sooner":        {expires(end.AddDate(0, 0, -1)), outcome{domainname.RenewalConfirmed, 1, false}, 0},
		"a day later":         {expires(end.AddDate(0, 0, 1)), outcome{domainname.RenewalConfirmed, 1, false}, 0},
		"a year ahead":        {expires(end.AddDate(1, 0, 0)), outcome{domainname.RenewalSatisfied, 0, false}, 0},
		"two years ahead":     {expires(end.AddDate(2, 0, 0)), outcome{domainname.RenewalAttention, 0, true}, 0},
		"half a year ahead":   {expires(end.AddDate(0, 6, 0)), outcome{domainname.RenewalAttention, 0, true}, 0},
		"in a hundred years":  {expires(end.AddDate(100, 0, 0)), outcome{domainname.RenewalPaid, 0, true}, 0},
		"another registrar's": {func(w *world) { w.elsewhere("name.modern") }, outcome{domainname.RenewalLost, 0, false}, 0},
	}
	for _, kind := range hostile {
		once := registry.Fault{Kind: kind, Command: "renew", Times: 1}
		always := registry.Fault{Kind: kind, Command: "info"}
		// Without an answer at all a test takes as long as the patience, once or with every try.
		var forOne, forEach time.Duration
		if kind == registry.Silence || kind == registry.HalfFrame {
			forOne, forEach = 10*time.Second, 2*time.Second
		}
		situations["renew: "+string(kind)] = situation{func(w *world) { w.must(w.registry.Inject(once)) }, outcome{domainname.RenewalConfirmed, 1, false}, forOne}
		situations["info: "+string(kind)] = situation{func(w *world) { w.must(w.registry.Inject(always)) }, outcome{domainname.RenewalPaid, 0, true}, forEach}
	}
	for name, s := range situations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dbtest.SQLite(t))
			c, err := w.Customers.Create(w.ctx, customer.Input{Email: "ada@example.com", Name: "Ada"})
			w.must(err)
			d := w.put("name.modern", end, c.ID, "lab")
			o, err := w.Orders.Place(w.ctx, order.Input{CustomerID: c.ID, Items: []order.Item{{Domain: &order.DomainItem{Action: domainname.ForRenewal, DomainID: d.ID, Years: 1}}}})
			w.must(err)
			_, err = w.Payments.Record(w.ctx, o.InvoiceID, payment.Manual{Money: o.Total, Reference: "1"})
			w.must(err)
			var r *domainname.Renewal
			w.must(w.db.Read(w.ctx, func(tx *db.Tx) (err error) {
				r, err = domainname.OpenRenewal(w.ctx, tx, d.ID)
				return err
			}))
			if s.patience > 0 {
				w.patience = s.patience
				w.restart()
			}
			s.what(w)
			for range 20 {
				w.work()
				w.store.Clock.Advance(10 * time.Minute)
			}
			got := outcome{asked: w.count(`SELECT COUNT(*) FROM staff_tasks WHERE state = 'open' AND subject_id = $1`, d.ID) > 0}
			w.must(w.db.Read(w.ctx, func(tx *db.Tx) error {
				now, err := domainname.LoadRenewal(w.ctx, tx, r.ID)
				got.state = now.State
				return err
			}))
			for _, e := range w.registry.Ledger() {
				got.years += e.Years
			}
			if got != s.want || len(w.registry.Repeated()) > 0 {
				t.Errorf("%+v, want %+v", got, s.want)
			}
		})
	}
}

// elsewhere gives a domain to another registrar.
func (w *world) elsewhere(name string) {
	w.Helper()
	w.registry.AddAccount("registrar-2", password, nil)
	d, _ := w.registry.Domain(name)
	d.Sponsor = "registrar-2"
	w.must(w.registry.Put(d))
}
