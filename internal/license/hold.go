package license

import "time"

// HoldReason says why a license is suspended.
type HoldReason string

// The reasons.
const (
	HoldPayment HoldReason = "payment" // what pays for the license is unpaid
	HoldDispute HoldReason = "dispute" // a payment is disputed
	HoldStaff   HoldReason = "staff"   // a person decided so
	HoldParent  HoldReason = "parent"  // the license that it develops beside does not run
)

// Hold suspends a license while it stands. Source is who or what placed it: the subscription, the dispute, the
// person. A license has at most one hold of the same reason and source.
type Hold struct {
	Reason HoldReason
	Source string
	Since  time.Time
	Why    string
}
