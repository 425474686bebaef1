package renewal_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/payment"
)

// TestProperties lets customers, staff, the worker and time act upon a few domains in any order.
//
// H2: at most one renewal of a term. H3: what was paid for is renewed, on its way, refunded or credit. H4: money in is money out,
// credit and revenue. H5: paid-through moves with money, by staff's word, and back with a refund only.
func TestProperties(t *testing.T) {
	t.Parallel()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("8") // each is a life of weeks over a whole store; ask for more by the flag
	}
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		s := open(t, store, noon)
		round := 0
		rapid.Check(t, func(r *rapid.T) {
			round++
			w := &world{shop: s, r: r, paid: map[string]string{}, of: s.buyer(fmt.Sprint("p", round), "")}
			now := store.Clock.Now()
			for i := range 2 {
				end := now.AddDate(0, 0, rapid.IntRange(-10, 40).Draw(r, "ends")).Format("2006-01-02")
				d := s.put(fmt.Sprintf("d%d-%d-%d.cctld", i, round, now.UnixNano()), end, func(d *domainname.Domain) { d.CustomerID = w.of })
				w.ids = append(w.ids, d.ID)
				w.paid[d.ID] = d.PaidThrough.String()
			}
			s.customer = w.of
			for range rapid.IntRange(3, 14).Draw(r, "steps") {
				w.step()
				w.check()
			}
			s.proven()
		})
	})
}

type world struct {
	*shop
	r    *rapid.T
	of   string
	ids  []string
	paid map[string]string // paid-through, as it was seen last
	may  bool              // whether this step may move it
}

func (w *world) step() {
	id := rapid.SampledFrom(w.ids).Draw(w.r, "domain")
	w.may = false
	act := rapid.SampledFrom([]string{"order", "pay", "pay", "work", "work", "advance", "advance", "manual", "owed", "refund", "revoke", "restore", "off", "on", "lost", "pay again"}).Draw(w.r, "act")
	last := func() (r domainname.Renewal) {
		if all := w.renewals(id); len(all) > 0 {
			r = all[len(all)-1]
		}
		return r
	}()
	ctx := w.ctx
	switch act {
	case "order":
		w.may = true // credit pays it
		_, _ = w.order(id)
	case "pay":
		w.may = true
		w.payAll(w.of)
	case "pay again":
		if last.InvoiceID != "" {
			w.may = true
			w.wires++
			_, _ = w.Payments.Record(ctx, last.InvoiceID, payment.Manual{Money: eur(1200), Reference: fmt.Sprint("again ", w.wires)})
		}
	case "work":
		w.may = true
		w.work(id)
	case "advance":
		// Credit may pay what is invoiced.
		w.may = true
		days := rapid.IntRange(1, 25).Draw(w.r, "days")
		if _, err := w.Automation.Advance(ctx, w.store.Clock.Now().AddDate(0, 0, days), nil); err != nil {
			w.r.Fatal(err)
		}
	case "manual", "owed":
		w.may = true
		move := rapid.Bool().Draw(w.r, "move")
		in := renewal.ManualInput{Years: 1, MoveNextDue: &move, OpenLine: renewal.NotOwed}
		if act == "owed" {
			in.OpenLine = renewal.StillOwed
		}
		_, _ = w.Renewals.Manual(ctx, id, in)
	case "refund":
		if last.InvoiceID != "" {
			w.may = true
			_, _ = w.Payments.Refund(ctx, last.InvoiceID, payment.RefundInput{Adjust: true, Reason: "r", To: payment.ToCredit})
		}
	case "revoke":
		_ = w.Renewals.Revoke(ctx, last.LineID, rapid.Bool().Draw(w.r, "elsewhere"), "")
	case "restore":
		_ = w.Renewals.Restore(ctx, last.LineID, "")
	case "off":
		w.may = true // credit that is set free pays what is open
		_, _ = w.Renewals.SetAutoRenew(ctx, id, false, "")
	case "on":
		_, _ = w.Renewals.SetAutoRenew(ctx, id, true, "")
	case "lost":
		if rapid.IntRange(0, 3).Draw(w.r, "really") == 0 {
			w.may = true
			w.lose(id)
		}
	}
}

func (w *world) lose(id string) {
	w.write(func(tx *db.Tx) error {
		if _, err := tx.LockCustomer(w.ctx, w.of); err != nil {
			return err
		}
		d, err := domainname.Lock(w.ctx, tx, id)
		if err != nil {
			return err
		}
		open, err := domainname.OpenRenewal(w.ctx, tx, id)
		if err != nil {
			return err
		}
		return w.Renewals.Lost(w.ctx, tx, &d, open, "gone")
	})
}

func (w *world) check() {
	for _, id := range w.ids {
		d := w.domain(id)
		if through := d.PaidThrough.String(); through != w.paid[id] {
			if !w.may {
				w.r.Fatalf("paid-through of %s moved from %s to %s", id, w.paid[id], through)
			}
			w.paid[id] = through
		}
		bases := map[string]int{}
		for _, r := range w.renewals(id) {
			if r.State.Open() || r.State == domainname.RenewalConfirmed || r.State == domainname.RenewalSatisfied {
				bases[r.Base.String()]++
			}
			w.checkMoney(r)
		}
		for base, n := range bases {
			if n > 1 {
				w.r.Fatalf("%d renewals of %s", n, base)
			}
		}
	}
}

// checkMoney is H3 for one renewal: a line that is paid and not credited belongs to one that is done, or on its way, or was
// revoked.
func (w *world) checkMoney(r domainname.Renewal) {
	if r.LineID == "" || r.InvoiceID == "" {
		return
	}
	inv := w.invoice(r.InvoiceID)
	line, ok := inv.Line(r.LineID)
	if !ok || inv.Status != billing.Paid || line.Left().Amount == 0 {
		return
	}
	over := []domainname.RenewalState{domainname.RenewalWithdrawn, domainname.RenewalRefunded, domainname.RenewalLost, domainname.RenewalOpen}
	if slices.Contains(over, r.State) {
		w.r.Fatalf("renewal %s is %s, and its line is paid: %+v", r.ID, r.State, line)
	}
}
