package signin

import (
	"context"
	"encoding/base64"
	"sync"

	"golang.org/x/crypto/argon2"

	"github.com/keystead/keystead/internal/crypt"
)

var known sync.Map // password to hash

// hashes returns a hash of a password. Making one takes long, so each is made once.
func hashes(password string) (string, error) {
	if h, ok := known.Load(password); ok {
		return h.(string), nil
	}
	h, err := crypt.NewPasswords().Hash(context.Background(), password)
	if err == nil {
		known.Store(password, h)
	}
	return h, err
}

// cheapHash is a hash with parameters from other days.
func cheapHash(password string) string {
	salt := []byte("sixteen bytes of")
	b64 := base64.RawStdEncoding
	return "$argon2id$v=19$m=64,t=1,p=1$" + b64.EncodeToString(salt) + "$" + b64.EncodeToString(argon2.IDKey([]byte(password), salt, 1, 64, 1, 32))
}
