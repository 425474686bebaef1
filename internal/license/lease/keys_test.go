package lease_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license/lease"
	"github.com/keystead/keystead/internal/task"
)

type store struct {
	*dbtest.Store
	keys    *lease.Keys
	box     *crypt.Box
	product string
}

func each(t *testing.T, test func(t *testing.T, s store)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, base *dbtest.Store) {
		p, err := catalog.New(base.DB).CreateProduct(t.Context(), catalog.NewProduct{Slug: "widget", Name: "Widget"})
		if err != nil {
			t.Fatal(err)
		}
		box := crypt.NewBox(crypt.NewKey())
		test(t, store{Store: base, keys: lease.NewKeys(base.DB, box), box: box, product: p.ID})
	})
}

func (s store) set(t *testing.T) lease.Set {
	t.Helper()
	set, err := s.keys.Of(context.Background(), s.product)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func (s store) roots(t *testing.T) []ed25519.PublicKey {
	t.Helper()
	var roots []ed25519.PublicKey
	for _, r := range s.set(t).Roots {
		public, err := lease.DecodeKey(r.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, public)
	}
	return roots
}

// sign makes a lease with the current key and returns its serial as a client sees it that has seen serial.
func (s store) sign(t *testing.T, keys *lease.Keys, serial int64) (string, int64, error) {
	t.Helper()
	signer, err := keys.Signer(context.Background(), s.product)
	if err != nil {
		t.Fatal(err)
	}
	c := lease.Claims{Product: signer.Product, License: "lic_1", KeyHash: lease.HashKey("k"), Status: lease.Active, Entitlements: "{}", Nonce: "n"}
	c.Times(s.Clock.Now(), lease.Terms{Interval: 7 * 24 * time.Hour, Grace: 3 * 24 * time.Hour}, time.Time{})
	signed := string(signer.AppendSigned(nil, &c))
	_, seen, err := lease.Verify(signed, lease.Expected{Roots: s.roots(t), Product: "widget", Nonce: "n", Serial: serial})
	return signed, seen, err
}

func states(set lease.Set) (s string) {
	for _, k := range set.Keys {
		s += string(k.State[0])
	}
	return s
}

func TestKeysOfAProduct(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s store) {
		ctx := context.Background()
		first, serial, err := s.sign(t, s.keys, 0)
		if err != nil || serial != 1 {
			t.Fatalf("first lease: serial %d, %v", serial, err)
		}
		if got := states(s.set(t)); got != "crrrr" {
			t.Errorf("keys %s, want one current and four in reserve", got)
		}
		if err := s.keys.Rotate(ctx, s.product, "stolen laptop"); err != nil {
			t.Fatal(err)
		}
		if got := states(s.set(t)); got != "rcrrrr" {
			t.Errorf("keys after a rotation %s", got)
		}
		if _, serial, err = s.sign(t, s.keys, 1); err != nil || serial != 2 {
			t.Fatalf("lease after a rotation: serial %d, %v", serial, err)
		}
		// The old lease is still good for those who have not seen the new key, and for nobody else.
		old := lease.Expected{Roots: s.roots(t), Product: "widget", Now: s.Clock.Now(), Serial: 1}
		if _, _, err := lease.Verify(first, old); err != nil {
			t.Errorf("lease of the old key: %v", err)
		}
		old.Serial = 2
		if _, _, err := lease.Verify(first, old); !errors.Is(err, lease.OldSerial) {
			t.Errorf("lease of the old key, after the new one was seen: %v", err)
		}
		// Another process with the same store and master key signs with the same key.
		if _, serial, err := s.sign(t, lease.NewKeys(s.DB, s.box), 2); err != nil || serial != 2 {
			t.Errorf("another process: serial %d, %v", serial, err)
		}
		listed, err := s.keys.PublicKeys(ctx, s.product)
		if err != nil || len(listed) != 6 || listed[0].Kty != "OKP" || listed[0].Alg != "EdDSA" {
			t.Errorf("public keys %+v, %v", listed, err)
		}
	})
}

// With its roots off the server a product signs for as long as keys are in reserve, then staff are asked.
func TestRootsOffTheServer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s store) {
		ctx := context.Background()
		roots := s.set(t).Roots
		if err := s.keys.RemoveRoot(ctx, s.product, roots[0].ID); fail.Of(err).Code != lease.CodeNotExported {
			t.Fatalf("removed before it was exported: %v", err)
		}
		var kept []byte
		for _, r := range roots {
			exported, err := s.keys.ExportRoot(ctx, s.product, r.ID)
			if err != nil {
				t.Fatal(err)
			}
			kept = exported
			if err := s.keys.RemoveRoot(ctx, s.product, r.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := s.keys.ExportRoot(ctx, s.product, r.ID); fail.Of(err).Kind != fail.KindNotFound {
				t.Errorf("exported after it was removed: %v", err)
			}
		}
		questions := func() int {
			open, _, err := task.New(s.DB).Open(ctx, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			return len(open)
		}
		for day := 0; day < 5*90; day += 30 {
			s.Clock.Advance(30 * 24 * time.Hour)
			for range 2 { // it may run twice
				if err := s.keys.Upkeep(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := states(s.set(t)); got != "rrrrc" {
			t.Errorf("keys %s", got)
		}
		if n := questions(); n != 1 {
			t.Errorf("staff were asked %d times", n)
		}
		if _, serial, err := s.sign(t, s.keys, 4); err != nil || serial != 5 {
			t.Errorf("the last key: serial %d, %v", serial, err)
		}
		if err := s.keys.Rotate(ctx, s.product, ""); fail.Of(err).Code != lease.CodeNoRoot {
			t.Errorf("rotated with nothing in reserve: %v", err)
		}
		if n, err := s.keys.UseRoot(ctx, s.product, kept); err != nil || n != 4 {
			t.Fatalf("stated %d keys, %v", n, err)
		}
		if err := s.keys.Upkeep(ctx); err != nil {
			t.Fatal(err)
		}
		if _, serial, err := s.sign(t, s.keys, 5); err != nil || serial != 6 {
			t.Errorf("after the root was used: serial %d, %v", serial, err)
		}
		for _, wrong := range []string{"", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
			if _, err := s.keys.UseRoot(ctx, s.product, []byte(wrong)); fail.Of(err).Kind != fail.KindInvalid {
				t.Errorf("root %q: %v", wrong, err)
			}
		}
	})
}

// Private parts rest under the master key alone.
func TestKeysRestSealed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s store) {
		s.set(t)
		if _, err := lease.NewKeys(s.DB, crypt.NewBox(crypt.NewKey())).Signer(context.Background(), s.product); !errors.Is(err, crypt.ErrSealed) {
			t.Errorf("opened with another master key: %v", err)
		}
		if _, err := s.keys.Of(context.Background(), "prd_unknown"); fail.Of(err).Kind != fail.KindNotFound {
			t.Errorf("keys of no product: %v", err)
		}
		err := s.DB.Read(context.Background(), func(tx *db.Tx) error {
			keys, err := tx.KeysOfProduct(context.Background(), s.product)
			for _, k := range keys {
				if len(*k.Sealed) < 60 {
					t.Errorf("key %s is stored as %q", k.ID, *k.Sealed)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
