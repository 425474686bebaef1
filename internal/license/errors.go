package license

import (
	"fmt"

	"github.com/keystead/keystead/internal/fail"
)

// The public codes of this room's failures.
const (
	CodeInvalidRequest     = "INVALID_REQUEST"
	CodeNotFound           = "LICENSE_NOT_FOUND"
	CodeInactive           = "LICENSE_INACTIVE"
	CodeExpired            = "LICENSE_EXPIRED"
	CodeLimitReached       = "ACTIVATION_LIMIT_REACHED"
	CodeActivationNotFound = "ACTIVATION_NOT_FOUND"
	CodeProductMismatch    = "PRODUCT_MISMATCH"
	CodeHeld               = "LICENSE_HELD"
	CodeHoldNotFound       = "HOLD_NOT_FOUND"
	CodeKeyConflict        = "KEY_CONFLICT"
	CodeNoFreeKey          = "NO_FREE_KEY"
	CodeRemovalRefused     = "REMOVAL_REFUSED"
	CodeReissueRefused     = "REISSUE_REFUSED"
	CodeRefused            = "ACTIVATION_REFUSED"
	CodeUpgradePeriodEnded = "UPGRADE_PERIOD_ENDED"
	CodeNoFiles            = "LEASE_FILES_NOT_OFFERED"
	CodeTooManyFiles       = "TOO_MANY_LEASE_FILES"
	CodeBanned             = "ALREADY_BANNED"
	CodeParentNotCurrent   = "PARENT_NOT_CURRENT"
	CodeDevelopmentTaken   = "DEVELOPMENT_LICENSE_TAKEN"
	CodeNoDevelopment      = "NO_DEVELOPMENT_LICENSES"
	CodeSupportIncluded    = "SUPPORT_INCLUDED"
)

// ErrNotFound answers a key that no license has. The key is the credential, so the caller is refused.
var ErrNotFound = fail.Forbidden(CodeNotFound, "There is no license with this key.")

// errNoLicense answers an id that no license has.
var errNoLicense = fail.NotFound(CodeNotFound, "There is no such license.")

// errNoActivation answers an activation that is not there.
var errNoActivation = fail.NotFound(CodeActivationNotFound, "There is no such activation.")

// errNoFile answers an id that no lease file of the license has.
var errNoFile = fail.NotFound("LEASE_FILE_NOT_FOUND", "There is no such lease file.")

// errNoBan answers an id that no ban has.
var errNoBan = fail.NotFound("BAN_NOT_FOUND", "There is no such ban.")

// ErrProductMismatch answers a key of another product than the one asked for.
var ErrProductMismatch = fail.Forbidden(CodeProductMismatch, "This license key is for another product.")

// LimitReached is the cause of every ACTIVATION_LIMIT_REACHED: how many places the license allows, and how many it is
// in use in.
type LimitReached struct {
	Limit, Used int64
}

// Error says it for the log.
func (e *LimitReached) Error() string {
	return fmt.Sprintf("%d of %d activations are in use", e.Used, e.Limit)
}

func limitReached(kind fail.Kind, limit, used int64) error {
	return fail.New(kind, CodeLimitReached, fmt.Sprintf("The license is in use in %d of %d places.", used, limit)).
		Because(&LimitReached{Limit: limit, Used: used})
}

// notUsable is the failure of a license whose status is not active.
func notUsable(kind fail.Kind, status Status) error {
	if status == Expired {
		return fail.New(kind, CodeExpired, "The license has expired.")
	}
	return fail.New(kind, CodeInactive, fmt.Sprintf("The license is %s.", status))
}

// malformed is the failure of a request of the license API.
func malformed(field, detail string) error {
	e := fail.Malformed(CodeInvalidRequest, field+" "+detail)
	e.Field = field
	return e
}
