package dispatch

import (
	"context"
	"errors"
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

// A loop that is paused begins nothing, and what it has begun is settled: nobody else would find that as due.
func TestPause(t *testing.T) {
	lite(t, func(b *bench) {
		reached, let := make(chan struct{}), make(chan struct{})
		var first sync.Once
		b.fake.Before = func(command, _ string) {
			if command == "renew" {
				first.Do(func() { close(reached) })
				<-let
			}
		}
		r := b.paid(b.domain("ada.example", "2027-06-01"), 1)
		b.Start(b.ctx)
		defer b.Stop()
		<-reached
		impatient, cancel := context.WithCancel(b.ctx)
		cancel()
		if _, err := b.Pause(impatient); !errors.Is(err, context.Canceled) {
			t.Errorf("paused while the registrar is asked: %v", err)
		}
		close(let)
		resume, err := b.Pause(b.ctx)
		b.must(err)
		if is := b.renewal(r.ID).State; is != domainname.RenewalConfirmed {
			t.Fatalf("the renewal is %s", is)
		}
		r = b.paid(b.domain("bob.example", "2027-06-01"), 1)
		b.must(b.shift(b.ctx, lane{registrar: "reg_1"}))
		if is := b.renewal(r.ID).State; is != domainname.RenewalPaid {
			t.Errorf("while the loop is paused the renewal is %s", is)
		}
		resume()
		for b.renewal(r.ID).State != domainname.RenewalConfirmed {
			runtime.Gosched()
		}
	})
}
