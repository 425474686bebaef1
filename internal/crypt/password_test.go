package crypt

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

// quick has parameters at which a test does not wait.
func quick(parallel int) *Passwords {
	return &Passwords{cost: cost{memory: 64, passes: 1, lanes: 1}, turn: make(chan struct{}, parallel)}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), NewPasswords()
	hash, err := p.Hash(ctx, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash = %q", hash)
	}
	if ok, again, err := p.Verify(ctx, hash, "correct horse"); !ok || again || err != nil {
		t.Errorf("right password = %v, rehash %v, %v", ok, again, err)
	}
	if ok, again, err := p.Verify(ctx, hash, "correct house"); ok || again || err != nil {
		t.Errorf("wrong password = %v, rehash %v, %v", ok, again, err)
	}
	if other, err := p.Hash(ctx, "correct horse"); err != nil || other == hash {
		t.Errorf("the same password hashes to the same text, %v", err)
	}
	if err := p.Dummy(ctx, "correct horse"); err != nil {
		t.Errorf("Dummy: %v", err)
	}
}

// Vectors from the test suite of the Argon2 reference implementation.
func TestVerifyForeignHashes(t *testing.T) {
	t.Parallel()
	for _, hash := range []string{
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
	} {
		ok, again, err := NewPasswords().Verify(t.Context(), hash, "password")
		if !ok || !again || err != nil {
			t.Errorf("%s: ok %v, rehash %v, %v, want ok and rehash", hash, ok, again, err)
		}
	}
}

func TestVerifyRefusesOtherText(t *testing.T) {
	t.Parallel()
	const salt, hash = "c29tZXNhbHQ", "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	for _, text := range []string{
		"",
		"password",
		"$2y$10$abcdefghijklmnopqrstuuJ3vQ5cYVZ8Wz1dP0O1Qk2l3m4n5o6p7q",
		"$argon2i$v=19$m=256,t=2,p=1$" + salt + "$" + hash,
		"$argon2id$v=16$m=256,t=2,p=1$" + salt + "$" + hash,
		"$argon2id$m=256,t=2,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=256,t=2$" + salt + "$" + hash,
		"$argon2id$v=19$t=2,m=256,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=256,t=2,p=1,x=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=+256,t=2,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + hash + "=",
		"$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + hash + "$",
		"$argon2id$v=19$m=256,t=2,p=1$$" + hash,
		"$argon2id$v=19$m=256,t=2,p=1$" + salt + "$",
		"$argon2id$v=19$m=7,t=2,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=256,t=0,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=256,t=2,p=0$" + salt + "$" + hash,
		"$argon2id$v=19$m=1048577,t=2,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=256,t=17,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=256,t=2,p=17$" + salt + "$" + hash,
		"$argon2id$v=19$m=256,t=2,p=257$" + salt + "$" + hash,
		"$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + strings.Repeat(hash, 5),
	} {
		ok, again, err := quick(1).Verify(t.Context(), text, "password")
		if ok || again || !errors.Is(err, errStretched) {
			t.Errorf("Verify(%q) = %v, %v, %v, want errStretched", text, ok, again, err)
		}
	}
}

func FuzzParseStretched(f *testing.F) {
	f.Add("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$$")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseStretched(text)
		if err != nil {
			return
		}
		if s.String() != text {
			t.Errorf("%q reads as %q", text, s)
		}
		if s.memory > maxMemory || s.passes > maxPasses || s.lanes > maxLanes || s.passes == 0 || s.lanes == 0 {
			t.Errorf("%q has parameters out of bounds", text)
		}
	})
}

func TestPasswordsWaitTheirTurn(t *testing.T) {
	t.Parallel()
	p := quick(1)
	p.turn <- struct{}{}

	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := p.Hash(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Hash while all are busy = %v", err)
	}
	if err := p.Dummy(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Dummy while all are busy = %v", err)
	}

	<-p.turn
	if _, err := p.Hash(t.Context(), "x"); err != nil {
		t.Errorf("Hash when one is free = %v", err)
	}
	if len(p.turn) != 0 {
		t.Error("a turn was not given back")
	}
}

func TestPasswordsAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	p := quick(2)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			hash, err := p.Hash(t.Context(), "x")
			if err != nil {
				t.Error(err)
				return
			}
			if ok, again, err := p.Verify(t.Context(), hash, "x"); !ok || again || err != nil {
				t.Errorf("Verify = %v, %v, %v", ok, again, err)
			}
		})
	}
	wg.Wait()
}
