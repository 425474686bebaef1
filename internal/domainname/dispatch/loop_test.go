package dispatch

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// byID opens one of several registrars.
type byID map[string]registrar.Registrar

func (r byID) Open(_ context.Context, id string) (registrar.Registrar, error) { return r[id], nil }

// One registrar that answers nobody, with more domains to look at than there are workers and with a queue that hangs, keeps
// no other registrar's renewals waiting.
func TestAHangingRegistrarHoldsUpNoOther(t *testing.T) {
	lite(t, func(b *bench) {
		b.must(b.write(func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(b.ctx, `INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('reg_0', 'tarpit', 'epp', 'on', 'active', 1)`)
			return err
		}))
		tarpit := registrartest.New(b.store.Clock)
		let := make(chan struct{})
		var stuck sync.Once
		reached := make(chan struct{})
		tarpit.Before = func(string, string) { stuck.Do(func() { close(reached) }); <-let }
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
			d := b.domain(name+".example", "2027-06-01", func(d *domainname.Domain) { d.RegistrarID = "reg_0" })
			tarpit.Expires(d.Name.String(), d.Expiry.Raw)
			b.paid(d, 1)
		}
		r := b.paid(b.domain("ada.example", "2027-06-01"), 1)
		b.config.Registrars = byID{"reg_0": tarpit, "reg_1": b.fake}
		b.Start(b.ctx)
		defer b.Stop()
		defer close(let)
		<-reached
		for b.renewal(r.ID).State != domainname.RenewalConfirmed { // or it waits for the other registrar, and this hangs
			runtime.Gosched()
		}
	})
}

// Whoever moves a test store's clock waits for what the loop has begun at a registrar, and is told of it: nobody else finds
// that as due, and what comes of it may be.
func TestRestWaitsForTheLoop(t *testing.T) {
	lite(t, func(b *bench) {
		b.must(b.store.DB.StandStill(b.ctx, noon))
		reached, let := make(chan struct{}), make(chan struct{})
		var first sync.Once
		b.fake.Before = func(command, _ string) {
			if command == "renew" {
				first.Do(func() { close(reached) })
				<-let
			}
		}
		r := b.paid(b.domain("ada.example", "2027-06-01"), 1)
		due := func() (is bool) {
			b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) (err error) {
				is, err = b.anyWork(b.ctx, tx, "")
				return err
			}))
			return is
		}
		b.Start(b.ctx)
		defer b.Stop()
		<-reached
		if !due() {
			t.Error("at rest while the registrar is asked")
		}
		looked := make(chan int)
		go func() {
			n, err := b.RunDue(b.ctx)
			if err != nil {
				t.Error(err)
			}
			looked <- n
		}()
		close(let)
		if n := <-looked; n != 1 {
			t.Fatalf("%d looks", n)
		}
		if is := b.renewal(r.ID).State; is != domainname.RenewalConfirmed {
			t.Fatalf("the renewal is %s", is)
		}
		for due() { // but for the loop's own looks, which find nothing
			runtime.Gosched()
		}
	})
}
