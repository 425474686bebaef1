package crypt

import (
	"context"
	"crypto/subtle"
	"fmt"
	"runtime"
)

// passwordCost is the least that the OWASP Password Storage Cheat Sheet
// recommends for Argon2id: 19 MiB, two passes, one lane.
var passwordCost = cost{memory: 19 * 1024, passes: 2, lanes: 1}

const passwordHashBytes = 32

// Passwords hashes and checks passwords. Each takes tens of milliseconds and 19
// MiB, so no more run at once than there are processors; others wait their turn
// for as long as their context lives. It is safe for concurrent use.
type Passwords struct {
	cost cost
	turn chan struct{}
}

// NewPasswords returns a Passwords with room for one computation per processor.
func NewPasswords() *Passwords {
	return &Passwords{cost: passwordCost, turn: make(chan struct{}, runtime.NumCPU())}
}

// Hash returns what is stored in place of password: a PHC string with the
// Argon2id parameters, a random salt and the hash. It fails only if ctx ends
// before its turn.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	salt := newSalt()
	hash, err := p.derive(ctx, p.cost, password, salt, passwordHashBytes)
	if err != nil {
		return "", err
	}
	return stretched{cost: p.cost, salt: salt, secret: hash}.String(), nil
}

// Verify reports whether password is the one that hash was made from. If it is,
// needsRehash says that the hash was made with other parameters than
// [Passwords.Hash] uses today and should be replaced while the password is at
// hand. It fails if
// hash is not an Argon2id string or asks for absurd parameters, or if ctx ends
// before its turn.
func (p *Passwords) Verify(ctx context.Context, hash, password string) (ok, needsRehash bool, err error) {
	stored, err := parseStretched(hash)
	if err != nil {
		return false, false, fmt.Errorf("stored password: %w", err)
	}
	got, err := p.derive(ctx, stored.cost, password, stored.salt, len(stored.secret))
	if err != nil {
		return false, false, err
	}
	if subtle.ConstantTimeCompare(got, stored.secret) != 1 {
		return false, false, nil
	}
	outdated := stored.cost != p.cost || len(stored.salt) != saltBytes || len(stored.secret) != passwordHashBytes
	return true, outdated, nil
}

// Dummy takes as long as a [Passwords.Verify] that says no. Call it where there
// is no account to check against, so that the time of the answer does not tell
// which addresses have one. It fails only if ctx ends before its turn.
func (p *Passwords) Dummy(ctx context.Context, password string) error {
	var salt [saltBytes]byte
	_, err := p.derive(ctx, p.cost, password, salt[:], passwordHashBytes)
	return err
}

func (p *Passwords) derive(ctx context.Context, c cost, password string, salt []byte, length int) ([]byte, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to check a password: %w", ctx.Err())
	}
	return c.derive(password, salt, length), nil
}
