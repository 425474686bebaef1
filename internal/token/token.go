// Package token gives programs access to the admin API: bearer tokens with scopes and an expiry, of which only a hash
// is stored, and the first answers that their idempotency keys bring back.
package token

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/text"
)

// Every is the scope that includes all others.
const Every = "*"

// prefix tells people and secret scanners what a token is.
const prefix = "kst_"

// CodeExpired says that a token was right but its time is over.
const CodeExpired = "TOKEN_EXPIRED"

var (
	errUnknown  = fail.Unauthenticated("The token is not known, or was revoked.")
	errExpired  = fail.New(fail.KindUnauthenticated, CodeExpired, "The token has expired. Create another one.")
	errNotFound = fail.NotFound("TOKEN_NOT_FOUND", "There is no such token.")
)

// Token is what a program may do, without the secret that proves it.
type Token struct {
	ID         string
	Name       string
	Scopes     []string // permissions as in package staff, or Every alone; sorted
	CreatedBy  string   // id of who made it; the kind of actor if it has none
	CreatedAt  time.Time
	ExpiresAt  *time.Time // nil: never
	LastUsedAt *time.Time // to the minute; nil: not yet
	RevokedAt  *time.Time // nil: not revoked
}

// Allows reports whether the token has a scope.
func (t Token) Allows(scope string) bool {
	return slices.Contains(t.Scopes, scope) || slices.Contains(t.Scopes, Every)
}

// Expired reports whether the token's time is over at now.
func (t Token) Expired(now time.Time) bool { return t.ExpiresAt != nil && !now.Before(*t.ExpiresAt) }

// Scopes lists all scopes that a token can have.
func Scopes() []string {
	scopes := []string{Every}
	for _, p := range staff.Permissions() {
		scopes = append(scopes, string(p))
	}
	return scopes
}

const (
	// othersMayRevoke is how long a token is believed without asking where other processes share the database.
	othersMayRevoke = 2 * time.Second
	// noteUse is how exactly the time of the last use is kept.
	noteUse = time.Minute
)

// Service makes tokens and recognises them. It is safe for concurrent use.
type Service struct {
	db *db.DB

	mu      sync.RWMutex
	known   map[string]*known // by hash
	changes int               // guards against remembering what was read before a change
	maxAge  time.Duration     // of what is remembered; 0: until it is known to have changed
}

// known is a token that was seen and not revoked.
type known struct {
	token Token
	noted atomic.Int64 // when its use was stored last, as a clock.Instant
}

// New returns the tokens of the store d.
func New(d *db.DB) *Service {
	s := &Service{db: d, known: map[string]*known{}}
	if d.Engine() == db.Postgres {
		s.maxAge = othersMayRevoke
	}
	return s
}

// Create makes a token and returns it with its secret, which is shown this once and can't be found again. Without
// expires it is valid until it is revoked.
func (s *Service) Create(ctx context.Context, name string, scopes []string, expires *time.Time) (t Token, secret string, err error) {
	var bad fail.Fields
	name, err = text.Required(name, text.NameLength)
	bad.Check("name", err)
	scopes, err = tidyScopes(scopes)
	bad.Check("scopes", err)
	if expires != nil && !expires.After(s.db.Wall().Now()) {
		bad.Add("expires_at", "is not in the future")
	}
	if err := bad.Err(); err != nil {
		return Token{}, "", err
	}
	secret = crypt.Token(prefix)
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		by := event.ActorFrom(ctx)
		id := tx.NewID("tok")
		err := tx.InsertToken(ctx, query.InsertTokenParams{
			ID: id, Name: name, TokenHash: crypt.HashToken(secret), Scopes: strings.Join(scopes, " "),
			CreatedBy: cmp.Or(by.ID, string(by.Kind)), CreatedAt: tx.WallStamp, ExpiresAt: clock.FromTimePtr(expires),
		})
		if err != nil {
			return fmt.Errorf("store a token: %w", err)
		}
		if t, err = load(ctx, tx, id); err != nil {
			return err
		}
		after := map[string]any{"name": t.Name, "scopes": t.Scopes, "expires_at": t.ExpiresAt}
		return event.Audit(ctx, tx, event.Change{What: "token.created", SubjectID: id, After: patch.JSON(after)})
	})
	if err != nil {
		return Token{}, "", err
	}
	return t, secret, nil
}

func tidyScopes(scopes []string) ([]string, error) {
	if len(scopes) == 0 {
		return nil, errors.New("needs at least one scope")
	}
	for _, scope := range scopes {
		if scope != Every && !staff.Permission(scope).IsValid() {
			return nil, fmt.Errorf("has %q, which is not a scope. Scopes are %s and %v", scope, Every, staff.Permissions())
		}
	}
	if slices.Contains(scopes, Every) {
		return []string{Every}, nil
	}
	return slices.Compact(slices.Sorted(slices.Values(scopes))), nil
}

// Authenticate returns the token that a bearer shows. One that is unknown, revoked or expired is refused. It is cheap:
// what was found is remembered until a token is revoked; on PostgreSQL, where another process may revoke one, for
// two seconds at most.
func (s *Service) Authenticate(ctx context.Context, bearer string) (Token, error) {
	if !strings.HasPrefix(bearer, prefix) {
		return Token{}, errUnknown
	}
	hash := crypt.HashToken(bearer)
	s.mu.RLock()
	k, ok := s.known[hash]
	changes := s.changes
	s.mu.RUnlock()
	if !ok {
		var err error
		if k, err = s.find(ctx, hash); err != nil {
			return Token{}, err
		}
		s.remember(hash, k, changes)
	}
	now := s.db.Wall().Now()
	if k.token.Expired(now) {
		return Token{}, errExpired
	}
	return k.token, s.noteUse(ctx, k, now)
}

func (s *Service) find(ctx context.Context, hash string) (*known, error) {
	k := &known{}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := tx.GetTokenByHash(ctx, hash)
		if db.NotFound(err) || err == nil && row.RevokedAt != nil {
			return errUnknown
		}
		if err != nil {
			return fmt.Errorf("find a token: %w", err)
		}
		k.token = fromRow(row)
		if row.LastUsedAt != nil {
			k.noted.Store(int64(*row.LastUsedAt))
		}
		return nil
	})
	return k, err
}

func (s *Service) remember(hash string, k *known, changes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes != changes {
		return
	}
	if len(s.known) == 0 && s.maxAge > 0 {
		time.AfterFunc(s.maxAge, s.forget)
	}
	s.known[hash] = k
}

// forget makes the next use of every token ask the database.
func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	clear(s.known)
}

// noteUse stores that the token was used, at most once a minute.
func (s *Service) noteUse(ctx context.Context, k *known, now time.Time) error {
	noted := k.noted.Load()
	if now.Sub(clock.Instant(noted).Time()) < noteUse || !k.noted.CompareAndSwap(noted, int64(clock.FromTime(now))) {
		return nil
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		return tx.TouchToken(ctx, query.TouchTokenParams{ID: k.token.ID, LastUsedAt: &tx.WallStamp})
	})
	if err != nil && fail.Of(err).Kind != fail.KindUnavailable {
		return fmt.Errorf("note the use of token %s: %w", k.token.ID, err)
	}
	return nil // a store that can be read but not written, as on a full disk, still answers
}

// Revoke ends a token at once. Revoking it again does nothing.
func (s *Service) Revoke(ctx context.Context, id string) (t Token, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := load(ctx, tx, id)
		if err != nil {
			return err
		}
		n, err := tx.RevokeToken(ctx, query.RevokeTokenParams{ID: id, RevokedAt: &tx.WallStamp})
		if err != nil {
			return fmt.Errorf("revoke token %s: %w", id, err)
		}
		if t, err = load(ctx, tx, id); err != nil || n == 0 {
			return err
		}
		tx.OnCommit(s.forget)
		return event.Audit(ctx, tx, event.Change{What: "token.revoked", SubjectID: id, Before: patch.JSON(map[string]any{"name": before.Name})})
	})
	return t, err
}

// List returns all tokens, the newest first, those that no longer work included.
func (s *Service) List(ctx context.Context) (all []Token, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.ListTokens(ctx)
		if err != nil {
			return fmt.Errorf("list tokens: %w", err)
		}
		all = make([]Token, len(rows))
		for i, row := range rows {
			all[i] = fromRow(row)
		}
		return nil
	})
	return all, err
}

func load(ctx context.Context, tx *db.Tx, id string) (Token, error) {
	if !text.IsID(id) {
		return Token{}, errNotFound
	}
	row, err := tx.GetToken(ctx, id)
	if db.NotFound(err) {
		return Token{}, errNotFound
	}
	if err != nil {
		return Token{}, fmt.Errorf("token %s: %w", id, err)
	}
	return fromRow(row), nil
}

func fromRow(row query.ApiToken) Token {
	return Token{
		ID: row.ID, Name: row.Name, Scopes: strings.Fields(row.Scopes), CreatedBy: row.CreatedBy, CreatedAt: row.CreatedAt.Time(),
		ExpiresAt: clock.TimePtr(row.ExpiresAt), LastUsedAt: clock.TimePtr(row.LastUsedAt), RevokedAt: clock.TimePtr(row.RevokedAt),
	}
}
