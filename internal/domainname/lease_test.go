package domainname_test

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
)

// A lease is a fence, too: whoever lost it, to a process that believes to be later, writes nothing any more by what it knew.
func TestLeaseIsAFence(t *testing.T) {
	each(t, func(s *shop) {
		d := s.put("lease.cctld", "2027-03-10")
		const long = 5 * time.Minute
		ask := func(on *db.DB, f func(tx *db.Tx) (bool, error)) (ok bool) {
			s.Helper()
			s.must(on.Write(s.ctx, func(tx *db.Tx) (err error) {
				ok, err = f(tx)
				return err
			}))
			return ok
		}
		want := func(what string, got, want bool) {
			s.Helper()
			if got != want {
				s.Errorf("%s: %v", what, got)
			}
		}
		first := noon.Add(long)
		want("taken", ask(s.store.DB, func(tx *db.Tx) (bool, error) { return domainname.Claim(s.ctx, tx, d.ID, first) }), true)
		want("taken twice", ask(s.store.DB, func(tx *db.Tx) (bool, error) { return domainname.Claim(s.ctx, tx, d.ID, first) }), false)

		ahead := s.store.DB
		if s.store.Open != nil {
			config := s.store.Config
			config.Clock = clock.NewTest(noon.Add(time.Hour))
			other, err := db.Open(s.ctx, config)
			s.must(err)
			s.Cleanup(func() { _ = other.Close() })
			ahead = other
		} else {
			s.store.Clock.Advance(time.Hour)
		}
		second := noon.Add(time.Hour + long)
		want("taken by who is ahead", ask(ahead, func(tx *db.Tx) (bool, error) { return domainname.Claim(s.ctx, tx, d.ID, second) }), true)
		want("kept by who lost it", ask(s.store.DB, func(tx *db.Tx) (bool, error) { return domainname.Keep(s.ctx, tx, d.ID, first, first.Add(long)) }), false)
		s.must(s.write(func(tx *db.Tx) error { return domainname.Release(s.ctx, tx, d.ID, first) }))
		want("kept by who has it", ask(ahead, func(tx *db.Tx) (bool, error) { return domainname.Keep(s.ctx, tx, d.ID, second, second.Add(long)) }), true)
	})
}
