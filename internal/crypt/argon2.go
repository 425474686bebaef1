package crypt

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// cost has the parameters of Argon2id, named as in RFC 9106.
type cost struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
}

// Bounds on parameters read from text, so that a foreign or damaged one can't
// take the machine's memory or an hour of its time.
const (
	maxMemory = 1 << 20 // KiB
	maxPasses = 16
	maxLanes  = 16
	minSalt   = 8
	maxSalt   = 64
	minSecret = 16
	maxSecret = 128
)

const saltBytes = 16

// stretched is a secret made with Argon2id, together with what it was made
// from. The secret is a hash, or a key sealed with it.
type stretched struct {
	cost
	salt   []byte
	secret []byte
}

func (c cost) derive(password string, salt []byte, length int) []byte {
	return argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.lanes, uint32(length))
}

func newSalt() []byte {
	salt := make([]byte, saltBytes)
	// Never fails: the runtime ends the program if there is no randomness.
	_, _ = rand.Read(salt)
	return salt
}

var base64Strict = base64.RawStdEncoding.Strict()

// header returns the PHC string up to the secret.
func (c cost) header(salt []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$",
		argon2.Version, c.memory, c.passes, c.lanes, base64Strict.EncodeToString(salt))
}

// String returns the PHC string: "$argon2id$v=19$m=19456,t=2,p=1$salt$secret".
func (s stretched) String() string {
	return s.header(s.salt) + base64Strict.EncodeToString(s.secret)
}

var errStretched = errors.New("not an Argon2id string")

// parseStretched reads what String wrote, and only the spelling that it writes.
// Parameters beyond the bounds are an error.
func parseStretched(text string) (stretched, error) {
	var s stretched
	fields := strings.Split(text, "$")
	if len(fields) != 6 {
		return stretched{}, errStretched
	}
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &s.memory, &s.passes, &s.lanes); err != nil {
		return stretched{}, errStretched
	}
	var saltErr, secretErr error
	s.salt, saltErr = base64Strict.DecodeString(fields[4])
	s.secret, secretErr = base64Strict.DecodeString(fields[5])
	if saltErr != nil || secretErr != nil || s.String() != text {
		return stretched{}, errStretched
	}
	switch {
	case s.lanes < 1 || s.lanes > maxLanes,
		s.passes < 1 || s.passes > maxPasses,
		s.memory < 8*uint32(s.lanes) || s.memory > maxMemory,
		len(s.salt) < minSalt || len(s.salt) > maxSalt,
		len(s.secret) < minSecret || len(s.secret) > maxSecret:
		return stretched{}, fmt.Errorf("%w: parameters out of bounds", errStretched)
	}
	return s, nil
}
