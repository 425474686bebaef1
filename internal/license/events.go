package license

// The events of this room. Data names no key.
const (
	EventCreated           = "license.created"
	EventImported          = "license.imported" // taken over from another program
	EventResumed           = "license.resumed"  // active again
	EventSuspended         = "license.suspended"
	EventExpired           = "license.expired"
	EventCancelled         = "license.cancelled"
	EventRevoked           = "license.revoked"
	EventEndedByHand       = "license.ended_by_hand"  // and with it the subscription that pays for it
	EventGraceExtended     = "license.grace_extended" // staff lifted a payment hold until an instant
	EventUpdated           = "license.updated"        // limit, expiry, entitlements or place
	EventReissued          = "license.reissued"       // bound to nothing, until the next check
	EventHoldPlaced        = "license.hold_placed"
	EventHoldLifted        = "license.hold_lifted"
	EventActivationCreated = "activation.created"
	EventActivationRemoved = "activation.removed"
	EventFileMade          = "license.lease_file_made"
	EventManyRefusals      = "license.many_refusals"
	EventManyAddresses     = "license.many_addresses"
)

// statusEvents is the event of a license that becomes each status.
var statusEvents = map[Status]string{
	Active: EventResumed, Suspended: EventSuspended, Expired: EventExpired, Cancelled: EventCancelled, Revoked: EventRevoked,
}
