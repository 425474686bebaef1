package watch

import (
	"context"
	"sync"
	"testing"

	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// byID opens one of several registrars.
type byID map[string]registrar.Registrar

func (r byID) Open(_ context.Context, id string) (registrar.Registrar, error) { return r[id], nil }

// A registrar that answers nobody keeps no other registrar's domains from being read.
func TestAHangingRegistrarIsReadBesideTheOthers(t *testing.T) {
	each(t, func(b *bundle) {
		b.exec("INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('rgr_0', 'tarpit', 'fake', 'on', 'active', 0)")
		tarpit := registrartest.New(b.store.Clock)
		let, reached, read := make(chan struct{}), make(chan struct{}), make(chan struct{})
		var first, second sync.Once
		tarpit.Before = func(string, string) { first.Do(func() { close(reached) }); <-let }
		b.fake.Before = func(string, string) { second.Do(func() { close(read) }) }
		b.config.Registrars = byID{"rgr_0": tarpit, "rgr_1": b.fake}
		stuck := b.put("stuck.gtld", "2027-01-01")
		b.exec("UPDATE domains SET registrar_id = 'rgr_0', sync_at = 1 WHERE id = '" + stuck.ID + "'")
		other := b.put("ada.gtld", "2027-01-01")
		b.exec("UPDATE domains SET sync_at = 1 WHERE id = '" + other.ID + "'")
		b.background.Start(b.ctx, b.loop) // as in a store whose clock moves
		defer func() { close(let); b.Stop() }()
		<-reached
		<-read // or nothing is read of the other registrar, and this hangs
	})
}
