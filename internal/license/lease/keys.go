package lease

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/text"
)

const (
	// useOf is how long a key signs before the next one takes over.
	useOf = 90 * 24 * time.Hour
	// inReserve is how many keys are stated in advance: with them a root may stay off the server for a year.
	inReserve = 4
	// longestLease is what a statement outlives the use of its key by: the longest that a lease file is valid.
	longestLease = 1100 * 24 * time.Hour
	// othersMayRotate is how long a signer serves where other processes share the database. The keys that it may be late
	// by overlap: what the old one signed stays good.
	othersMayRotate = time.Minute
)

// Error codes of keys.
const (
	CodeNoRoot      = "NO_ROOT_KEY"
	CodeNotExported = "ROOT_NOT_EXPORTED"
)

var (
	errNoProduct = fail.NotFound("PRODUCT_NOT_FOUND", "There is no such product.")
	errNoRoot    = fail.NotFound("ROOT_NOT_FOUND", "The product has no such root key, or its private part is not on this server any more.")
)

// Keys are the root keys and signing keys of products. It is safe for concurrent use.
type Keys struct {
	db      *db.DB
	box     *crypt.Box
	signers *db.Kept[string, *Signer] // by product
}

// NewKeys returns the keys of a store, whose private parts box seals.
func NewKeys(d *db.DB, box *crypt.Box) *Keys {
	return &Keys{db: d, box: box, signers: db.NewKept[string, *Signer](d, othersMayRotate)}
}

// Root is a root key of a product.
type Root struct {
	ID        string
	Position  int64 // 1, or 2 for the spare one
	PublicKey string
	// OnServer says whether its private part is here. Without one of both no further signing keys can be stated.
	OnServer   bool
	CreatedAt  time.Time
	ExportedAt *time.Time
	RemovedAt  *time.Time
}

// KeyState is what a signing key does.
type KeyState string

// The states of a signing key, in their order.
const (
	Reserve KeyState = "reserve"
	Current KeyState = "current"
	Retired KeyState = "retired"
)

// SigningKey is a key that signs leases, will or did.
type SigningKey struct {
	ID, RootID           string
	Serial               int64
	PublicKey            string
	State                KeyState
	ExpiresAt, CreatedAt time.Time
	StartedAt, RetiredAt *time.Time
}

// Set are the keys of a product.
type Set struct {
	Roots []Root
	Keys  []SigningKey // by their serial
}

// Of returns the keys of a product, and makes them if it has none yet.
func (k *Keys) Of(ctx context.Context, productID string) (Set, error) {
	var set Set
	read := func(tx *db.Tx) (err error) {
		set, err = load(ctx, tx, productID)
		return err
	}
	if err := k.db.Read(ctx, read); err != nil || len(set.Keys) > 0 {
		return set, err
	}
	err := k.db.Write(ctx, func(tx *db.Tx) error {
		if err := k.begin(ctx, tx, productID); err != nil {
			return err
		}
		return read(tx)
	})
	return set, err
}

func load(ctx context.Context, tx *db.Tx, productID string) (Set, error) {
	roots, err := tx.RootsOfProduct(ctx, productID)
	if err != nil {
		return Set{}, fmt.Errorf("roots of %s: %w", productID, err)
	}
	keys, err := tx.KeysOfProduct(ctx, productID)
	if err != nil {
		return Set{}, fmt.Errorf("keys of %s: %w", productID, err)
	}
	set := Set{Roots: make([]Root, len(roots)), Keys: make([]SigningKey, len(keys))}
	for i, r := range roots {
		set.Roots[i] = Root{
			ID: r.ID, Position: r.Position, PublicKey: r.PublicKey, OnServer: r.Sealed != nil,
			CreatedAt: r.CreatedAt.Time(), ExportedAt: clock.TimePtr(r.ExportedAt), RemovedAt: clock.TimePtr(r.RemovedAt),
		}
	}
	for i, r := range keys {
		set.Keys[i] = SigningKey{
			ID: r.ID, RootID: r.RootID, Serial: r.Serial, PublicKey: r.PublicKey, State: KeyState(r.State), ExpiresAt: r.ExpiresAt.Time(),
			CreatedAt: r.CreatedAt.Time(), StartedAt: clock.TimePtr(r.StartedAt), RetiredAt: clock.TimePtr(r.RetiredAt),
		}
	}
	return set, nil
}

// begin makes the roots and the first keys of a product that has none.
func (k *Keys) begin(ctx context.Context, tx *db.Tx, productID string) error {
	if err := lock(ctx, tx, productID); err != nil {
		return err
	}
	set, err := load(ctx, tx, productID)
	if err != nil || len(set.Keys) > 0 {
		return err
	}
	for position := int64(1); position <= 2; position++ {
		public, private := newKey()
		id := tx.NewID("rot")
		sealed := k.seal(private, id)
		_, err := tx.InsertRoot(ctx, query.InsertRootParams{
			ID: id, ProductID: productID, Position: position, PublicKey: EncodeKey(public), Sealed: &sealed, CreatedAt: tx.Stamp,
		})
		if err != nil {
			return fmt.Errorf("root of %s: %w", productID, err)
		}
	}
	if err := k.restock(ctx, tx, productID, nil); err != nil {
		return err
	}
	if err := k.next(ctx, tx, productID); err != nil {
		return err
	}
	return k.restock(ctx, tx, productID, nil)
}

// lock takes the product for this transaction: what decides is read afterwards.
func lock(ctx context.Context, tx *db.Tx, productID string) error {
	if !text.IsID(productID) {
		return errNoProduct
	}
	n, err := tx.LockProduct(ctx, productID)
	if err != nil {
		return fmt.Errorf("lock product %s: %w", productID, err)
	}
	if n == 0 {
		return errNoProduct
	}
	return nil
}

func newKey() (ed25519.PublicKey, ed25519.PrivateKey) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("license/lease: a new key: %v", err)) // the runtime ends the program if there is no randomness
	}
	return public, private
}

func (k *Keys) seal(private ed25519.PrivateKey, id string) string {
	return base64.StdEncoding.EncodeToString(k.box.Seal(private.Seed(), []byte("key "+id)))
}

func (k *Keys) open(sealed, id string) (ed25519.PrivateKey, error) {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err == nil {
		raw, err = k.box.Open(raw, []byte("key "+id))
	}
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", id, err)
	}
	return ed25519.NewKeyFromSeed(raw), nil
}

// stating is a root with its private part.
type stating struct {
	id      string
	private ed25519.PrivateKey
}

// rootHere returns the first root whose private part is on the server; nil if there is none.
func (k *Keys) rootHere(ctx context.Context, tx *db.Tx, productID string) (*stating, error) {
	roots, err := tx.RootsOfProduct(ctx, productID)
	if err != nil {
		return nil, fmt.Errorf("roots of %s: %w", productID, err)
	}
	for _, r := range roots {
		if r.Sealed == nil {
			continue
		}
		private, err := k.open(*r.Sealed, r.ID)
		if err != nil {
			return nil, err
		}
		return &stating{id: r.ID, private: private}, nil
	}
	return nil, nil
}

// restock states keys in advance until there are enough of them, by root or, where that is nil, by one on the server. With
// none there, it leaves the reserve as it is. The product is locked.
func (k *Keys) restock(ctx context.Context, tx *db.Tx, productID string, root *stating) error {
	keys, err := tx.KeysOfProduct(ctx, productID)
	if err != nil {
		return fmt.Errorf("keys of %s: %w", productID, err)
	}
	serial, reserve := int64(0), 0
	for _, key := range keys {
		serial = max(serial, key.Serial)
		if key.State == string(Reserve) {
			reserve++
		}
	}
	if reserve >= inReserve {
		return nil
	}
	if root == nil {
		if root, err = k.rootHere(ctx, tx, productID); err != nil || root == nil {
			return err
		}
	}
	slug, err := slugOf(ctx, tx, productID)
	if err != nil {
		return err
	}
	for ; reserve < inReserve; reserve++ {
		serial++
		public, private := newKey()
		id := tx.NewID("sgk")
		sealed := k.seal(private, id)
		// It takes its turn when those before it have had theirs.
		expires := tx.Now.Add(time.Duration(reserve+2)*useOf + longestLease).Truncate(time.Second)
		err := tx.InsertSigningKey(ctx, query.InsertSigningKeyParams{
			ID: id, ProductID: productID, RootID: root.id, Serial: serial, PublicKey: EncodeKey(public), Sealed: &sealed,
			Statement: State(root.private, Statement{Product: slug, Key: public, Serial: serial, NotBefore: tx.Now, Expires: expires}),
			ExpiresAt: clock.FromTime(expires), CreatedAt: tx.Stamp,
		})
		if err != nil {
			return fmt.Errorf("signing key of %s: %w", productID, err)
		}
	}
	return nil
}

func slugOf(ctx context.Context, tx *db.Tx, productID string) (string, error) {
	product, err := tx.Product(ctx, productID)
	if err != nil {
		return "", fmt.Errorf("product %s: %w", productID, err)
	}
	return product.Slug, nil
}

// next lets the next key in reserve sign, in the place of the current one. The product is locked.
func (k *Keys) next(ctx context.Context, tx *db.Tx, productID string) error {
	keys, err := tx.KeysOfProduct(ctx, productID)
	if err != nil {
		return fmt.Errorf("keys of %s: %w", productID, err)
	}
	ready := false
	for _, key := range keys {
		ready = ready || key.State == string(Reserve)
	}
	if !ready {
		return fail.Conflict(CodeNoRoot, "No signing key is in reserve, and no root key is on the server to state one: import a root key first.")
	}
	if _, err := tx.RetireCurrentKey(ctx, query.RetireCurrentKeyParams{ProductID: productID, RetiredAt: &tx.Stamp}); err != nil {
		return fmt.Errorf("retire the key of %s: %w", productID, err)
	}
	if _, err := tx.StartNextKey(ctx, query.StartNextKeyParams{ProductID: productID, StartedAt: &tx.Stamp}); err != nil {
		return fmt.Errorf("next key of %s: %w", productID, err)
	}
	tx.OnCommit(func() { k.signers.Drop(productID) })
	return nil
}

// Rotate lets the product's next key sign from now on. Leases that the one before has signed stay good until they end;
// software that has seen the new key accepts none of the old one any more. It needs no root as long as keys are in reserve.
func (k *Keys) Rotate(ctx context.Context, productID, why string) error {
	why, err := text.Notes(why, text.NotesLength)
	if err != nil {
		return fail.Invalid("why", err.Error())
	}
	return k.db.Write(ctx, func(tx *db.Tx) error {
		if err := k.begin(ctx, tx, productID); err != nil {
			return err
		}
		return k.rotate(ctx, tx, productID, why)
	})
}

func (k *Keys) rotate(ctx context.Context, tx *db.Tx, productID, why string) error {
	if err := k.restock(ctx, tx, productID, nil); err != nil {
		return err
	}
	if err := k.next(ctx, tx, productID); err != nil {
		return err
	}
	if err := k.restock(ctx, tx, productID, nil); err != nil {
		return err
	}
	current, err := tx.CurrentKey(ctx, productID)
	if err != nil {
		return fmt.Errorf("current key of %s: %w", productID, err)
	}
	return record(ctx, tx, "signing_key.rotated", productID, map[string]any{"serial": current.Serial}, fmt.Sprintf("serial %d", current.Serial), why)
}

func record(ctx context.Context, tx *db.Tx, what, productID string, data map[string]any, after, why string) error {
	if err := event.Emit(ctx, tx, event.New{Type: what, SubjectID: productID, Data: data}); err != nil {
		return err
	}
	return event.Audit(ctx, tx, event.Change{What: what, SubjectID: productID, After: after, Why: why})
}

// Upkeep rotates the keys that have signed long enough and restocks reserves. Where it can't, because no root is on the
// server, staff are asked. It may run at any time and twice.
func (k *Keys) Upkeep(ctx context.Context) error {
	const batch = 100
	for after := ""; ; {
		var ids []string
		err := k.db.Read(ctx, func(tx *db.Tx) (err error) {
			ids, err = tx.ProductsWithOldKeys(ctx, query.ProductsWithOldKeysParams{
				After: after, Began: int64(clock.FromTime(tx.Now.Add(-useOf))), Reserve: inReserve, N: batch,
			})
			return err
		})
		if err != nil {
			return fmt.Errorf("signing keys: %w", err)
		}
		for _, id := range ids {
			if err := k.db.Write(ctx, func(tx *db.Tx) error { return k.upkeep(ctx, tx, id) }); err != nil {
				return fmt.Errorf("signing keys of %s: %w", id, err)
			}
			after = id
		}
		if len(ids) < batch {
			return nil
		}
	}
}

func (k *Keys) upkeep(ctx context.Context, tx *db.Tx, productID string) error {
	if err := lock(ctx, tx, productID); err != nil {
		return err
	}
	if err := k.restock(ctx, tx, productID, nil); err != nil {
		return err
	}
	set, err := load(ctx, tx, productID)
	if err != nil {
		return err
	}
	reserve, due := 0, false
	for _, key := range set.Keys {
		switch key.State {
		case Reserve:
			reserve++
		case Current:
			due = !key.StartedAt.Add(useOf).After(tx.Now)
		case Retired:
		}
	}
	if due && reserve > 0 {
		if err := k.rotate(ctx, tx, productID, ""); err != nil {
			return err
		}
		reserve--
	}
	if reserve > 1 {
		return nil
	}
	if root, err := k.rootHere(ctx, tx, productID); err != nil || root != nil {
		return err
	}
	return task.Ask(ctx, tx, task.Question{
		Kind: "signing_keys.reserve", SubjectID: productID, Occasion: set.Keys[len(set.Keys)-1].ID,
		Detail: "Hardly any signing keys are left in reserve, and no root key is on the server. Import a root key on the product's page of keys, so that it states the next ones; it is not kept.",
	})
}

// Signer returns what signs the leases of a product now.
func (k *Keys) Signer(ctx context.Context, productID string) (*Signer, error) {
	return k.signers.Get(ctx, productID, func(ctx context.Context) (*Signer, error) { return k.read(ctx, productID) })
}

func (k *Keys) read(ctx context.Context, productID string) (*Signer, error) {
	if _, err := k.Of(ctx, productID); err != nil {
		return nil, err
	}
	var row query.CurrentKeyRow
	err := k.db.Read(ctx, func(tx *db.Tx) (err error) {
		row, err = tx.CurrentKey(ctx, productID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("current key of %s: %w", productID, err)
	}
	private, err := k.open(*row.Sealed, row.ID)
	if err != nil {
		return nil, err
	}
	s := NewSigner(private, row.Statement)
	s.Product, s.Expires = row.Slug, row.ExpiresAt.Time()
	return s, nil
}
