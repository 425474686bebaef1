package license

import "github.com/keystead/keystead/internal/fail"

// The public codes of this room's failures.
const (
	CodeInvalidRequest     = "INVALID_REQUEST"
	CodeNotFound           = "LICENSE_NOT_FOUND"
	CodeInactive           = "LICENSE_INACTIVE"
	CodeExpired            = "LICENSE_EXPIRED"
	CodeLimitReached       = "ACTIVATION_LIMIT_REACHED"
	CodeActivationNotFound = "ACTIVATION_NOT_FOUND"
	CodeActivationRefused  = "ACTIVATION_REFUSED"
	CodeProductMismatch    = "PRODUCT_MISMATCH"
	CodeHeld               = "LICENSE_HELD"
)

// ErrNotFound answers a key that no license has. The key is the credential, so the caller is refused.
var ErrNotFound = fail.Forbidden(CodeNotFound, "There is no license with this key.")

// ErrProductMismatch answers a key of another product than the one asked for.
var ErrProductMismatch = fail.Forbidden(CodeProductMismatch, "This license key is for another product.")
