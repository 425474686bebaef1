package admin

import "strings"

// words are names of events, of entries of histories and of the audit log that don't read well as they stand.
var words = map[string]string{
	"activation.created":          "Activated",
	"charges.held":                "Charges of an unusual day held",
	"charges.released":            "Held charges released",
	"credit.used":                 "Credit used",
	"coupon.created":              "Coupon made",
	"customer.joined":             "Order of a guest joined the account",
	"order.out_of_step":           "Order does not fit its invoice",
	"customer.acted_for":          "Portal used as the customer",
	"fulfilment.done":             "Delivered",
	"fulfilment.failed":           "Delivery failed",
	"fulfilment.restored":         "Delivery switched on again",
	"fulfilment.revoked":          "Delivery switched off",
	"invoice.finalised":           "Invoice issued",
	"invoice.lines_changed":       "Lines of the invoice changed",
	"invoice.overdue":             "Told that the invoice is overdue",
	"invoice.reminder":            "Reminded of the invoice",
	"invoice.reopened":            "Invoice open again",
	"invoice.voided":              "Invoice made void",
	"license.created":             "License issued",
	"license.hold_lifted":         "Hold lifted from the license",
	"license.hold_placed":         "Hold placed on the license",
	"license.imported":            "License taken over",
	"license.lease_file_made":     "Lease file made",
	"license.many_addresses":      "License checked from many addresses",
	"license.many_refusals":       "License refused again and again",
	"license.resumed":             "License active again",
	"link.made":                   "One-time link made",
	"order.given_away":            "Order given away",
	"payment.action_required":     "Payment waits for its owner",
	"payment.unapplied":           "Payment became credit",
	"recovery.confirmed":          "Restored store goes on",
	"release.file_added":          "File added to the release",
	"release.unpublished":         "Release taken back",
	"store.backed_up":             "Store backed up",
	"store.restored":              "Store restored",
	"subscription.change_pending": "Change waits for its payment",
	"subscription.change_planned": "Change planned for the renewal",
	"subscription.changed":        "Subscription changed",
	"subscription.expired":        "Subscription ended",
	"subscription.invoiced":       "Next period invoiced",
	"subscription.past_due":       "Subscription past due",
	"subscription.period_decided": "Decided what becomes of a period",
	"subscription.recovered":      "Subscription paid again",
	"task.done":                   "Task done",
	"task.opened":                 "Somebody is asked",

	"staff.enabled":                  "Let in again",
	"staff.disabled":                 "Disabled",
	"staff.password_changed":         "Password changed",
	"staff.password_set":             "Password set by a link",
	"staff.recovery_code_used":       "Signed in with a recovery code",
	"staff.recovery_codes_made":      "New recovery codes made",
	"staff.second_factor_added":      "Second factor turned on",
	"staff.second_factor_failed":     "Wrong second factor",
	"staff.second_factor_removed":    "Second factor turned off",
	"staff.sign_in_failed":           "Sign-in failed",
	"staff.signed_in":                "Signed in",
	"staff.signed_out":               "Signed out",
	"staff.signed_out_everywhere":    "Signed out everywhere",
	"staff.created":                  "Colleague invited",
	"staff.updated":                  "Colleague changed",
	"customer.password_changed":      "Customer changed the password",
	"customer.password_set":          "Customer set a password by a link",
	"customer.sign_in_failed":        "Customer's sign-in failed",
	"customer.signed_in":             "Customer signed in",
	"customer.signed_out":            "Customer signed out",
	"customer.signed_out_everywhere": "Customer signed out everywhere",

	"dispute_lost":         "Dispute lost",
	"dispute_opened":       "Payment disputed",
	"dispute_won":          "Dispute won",
	"end_passes":           "Its time ended",
	"entitlements_changed": "Own entitlements changed",
	"full_refund":          "Refunded in full",
	"grace_passes":         "Its grace ended",
	"limit_changed":        "Activation limit changed",
	"partial_refund":       "Refunded in part",
	"payment_hold_lifted":  "Missing payment arrived",
	"payment_hold_placed":  "Suspended, as a payment is missing",
	"staff_activates":      "Made active by staff",
	"staff_cancels":        "Cancelled by staff",
	"staff_expires":        "Ended by staff",
	"staff_hold_lifted":    "Suspension by staff lifted",
	"staff_hold_placed":    "Suspended by staff",
	"staff_revokes":        "Revoked by staff",
	"staff_sets_expiry":    "Expiry changed by staff",
	"staff_suspends":       "Suspended by staff",
}

// sentence turns the name of what happened into words: "invoice.paid" is "Invoice paid".
func sentence(name string) string {
	if s, ok := words[name]; ok {
		return s
	}
	s := strings.NewReplacer(".", " ", "_", " ").Replace(name)
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
