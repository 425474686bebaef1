package license

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
)

// maxKey is the most bytes that a key has; imported ones have any format.
const maxKey = 255

// newKey draws a key in the format of a product: 32 upper-case hex digits in four groups, or a prefix and as many hex
// digits as the product says.
func newKey(c catalog.Card) string {
	if c.KeyLength == 0 {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
		digits := strings.ToUpper(hex.EncodeToString(b[:]))
		return c.KeyPrefix + digits[:8] + "-" + digits[8:16] + "-" + digits[16:24] + "-" + digits[24:]
	}
	b := make([]byte, (c.KeyLength+1)/2)
	_, _ = rand.Read(b)
	return c.KeyPrefix + hex.EncodeToString(b)[:c.KeyLength]
}

// lookupOf is the form under which a key is found.
func lookupOf(key string, ignoreCase bool) string {
	if ignoreCase {
		return foldKey(key)
	}
	return key
}

// foldKey is the form of a key that ignores case: ASCII letters in lower case. Others stay as they are, as the
// databases' lower() leaves them.
func foldKey(key string) string {
	for i := range len(key) {
		if c := key[i]; 'A' <= c && c <= 'Z' {
			b := []byte(key)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return key
}

// isKey reports whether text can be a key at all. One of the databases refuses to look for what can't.
func isKey(key string) bool {
	return key != "" && len(key) <= maxKey && utf8.ValidString(key) && !strings.Contains(key, "\x00")
}

// RelookupKeys makes the keys of a product found regardless of case, or only to the letter again, as part of tx.
// The catalog calls it when the product changes. If two keys would become the same, nothing changes and the answer is
// a conflict.
func (s *Service) RelookupKeys(ctx context.Context, tx *db.Tx, productID string, ignoreCase bool) error {
	var n int64
	err := tx.Savepoint(ctx, func() (err error) {
		if ignoreCase {
			n, err = tx.LowerKeysOfProduct(ctx, productID)
		} else {
			n, err = tx.RestoreKeysOfProduct(ctx, productID)
		}
		return err
	})
	if db.Duplicate(err) {
		return fail.Conflict(CodeKeyConflict, "Another license has a key that differs only in case.").Because(err)
	}
	if err != nil {
		return fmt.Errorf("look up the keys of %s: %w", productID, err)
	}
	if n == 0 {
		return nil
	}
	return s.changed(ctx, tx, "", 0)
}
