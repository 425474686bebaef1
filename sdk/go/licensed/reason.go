package licensed

import "strings"

// Reason is why something is not as it should be. It is the code of a paragraph of the Troubleshooting page.
type Reason string

// Why a license is Invalid: what a lease says.
const (
	Revoked           Reason = "revoked"
	Cancelled         Reason = "cancelled"
	Expired           Reason = "expired"
	Suspended         Reason = "suspended"
	Banned            Reason = "banned"
	WrongDomain       Reason = "wrong_domain"
	WrongIP           Reason = "wrong_ip"
	WrongDirectory    Reason = "wrong_directory"
	NotActivated      Reason = "not_activated"
	VersionNotAllowed Reason = "version_not_allowed"
)

// Why a key is refused: what the server answers without a lease. The last is about the entry itself.
const (
	LicenseNotFound    Reason = "license_not_found"
	ProductMismatch    Reason = "product_mismatch"
	LimitReached       Reason = "activation_limit_reached"
	ActivationRefused  Reason = "activation_refused"
	ActivationNotFound Reason = "activation_not_found"
	UpgradePeriodEnded Reason = "upgrade_period_ended"
	LicenseInactive    Reason = "license_inactive"
	LicenseExpired     Reason = "license_expired"
	BadKey             Reason = "bad_key"
)

// Why there is no answer. A lease that did not verify is bad_lease.
const (
	Unreachable Reason = "unreachable"
	TimedOut    Reason = "timeout"
	Redirected  Reason = "redirect"
	BadStatus   Reason = "bad_status"
	BadAnswer   Reason = "bad_answer"
	BadLease    Reason = "bad_lease"
	RateLimited Reason = "rate_limited"
	Busy        Reason = "busy"
	NoServer    Reason = "no_server"
)

// What is wrong with the installation.
const (
	KeyFile     Reason = "key_file"
	LeaseFile   Reason = "lease_file"
	StateFile   Reason = "state_file"
	Permissions Reason = "permissions"
	NotWritable Reason = "not_writable"
	ClockWrong  Reason = "clock"
)

// What the page answers to whoever fills in its forms, and what is wrong with a lease file.
const (
	WrongPassword   Reason = "wrong_password"
	TooManyAttempts Reason = "too_many_attempts"
	FormExpired     Reason = "form_expired"
	NotSignedIn     Reason = "not_signed_in"
	NoRequest       Reason = "no_request"
	NotOurLease     Reason = "lease_file_refused"
)

// sentences are what people read. Those of states have the state's name in lower case.
var sentences = map[Reason]string{
	"nokey":      "No license key has been entered yet.",
	"unverified": "The license could not be verified yet: the license server has not answered.",
	"lapsed":     "The license server has not answered for too long. The license is checked again as soon as it does.",
	"invalid":    "The license is not valid.",

	Revoked:           "The license was revoked.",
	Cancelled:         "The license was cancelled.",
	Expired:           "The license has expired.",
	Suspended:         "The license is suspended. Often a payment is due; once it is made, the license works again by itself.",
	Banned:            "This place may not use the license.",
	WrongDomain:       "The license is for another domain.",
	WrongIP:           "The license is for another IP address.",
	WrongDirectory:    "The license is for another directory.",
	NotActivated:      "The license is not activated in this place.",
	VersionNotAllowed: "The license does not include this version: it was released after the end of support.",

	LicenseNotFound:    "The license server knows no such key.",
	ProductMismatch:    "The key is for another product.",
	LimitReached:       "The license is in use in as many places as it allows. Remove one in the customer portal first.",
	ActivationRefused:  "The license may not be used in a place like this.",
	ActivationNotFound: "The license is not activated in this place.",
	UpgradePeriodEnded: "The license does not include this version: it was released after the end of support.",
	LicenseInactive:    "The license is suspended, revoked or cancelled.",
	LicenseExpired:     "The license has expired.",
	BadKey:             "This is not a license key.",

	Unreachable: "The license server can't be reached.",
	TimedOut:    "The license server did not answer in time.",
	Redirected:  "The address of the license server leads elsewhere.",
	BadStatus:   "The license server is out of order.",
	BadAnswer:   "What answered is not a license server.",
	BadLease:    "The license server's answer is not signed as it must be.",
	RateLimited: "The license server was asked too often. Wait a while.",
	Busy:        "Another process of this software is asking the license server.",
	NoServer:    "This installation asks no license server.",

	KeyFile:     "The file that holds the license key can't be read.",
	LeaseFile:   "The file that holds the lease can't be read.",
	StateFile:   "The file that remembers checks can't be read.",
	Permissions: "A file of the license is open to others.",
	NotWritable: "The license can't be saved.",
	ClockWrong:  "The clock of this machine is wrong.",

	WrongPassword:   "Name or password are not right.",
	TooManyAttempts: "Too many attempts. Wait a few minutes.",
	FormExpired:     "The form was open for too long. Please send it again.",
	NotSignedIn:     "Please sign in first.",
	NoRequest:       "No request file was made here, so no lease file is awaited.",
	NotOurLease:     "This lease file is not the answer to the request of this installation.",
}

// Sentence says in plain words what a reason means. A code that a newer server sent stands for itself.
func (r Reason) Sentence() string {
	if s, known := sentences[r]; known {
		return s
	}
	return "The license server says: " + string(r) + "."
}

// codeReason returns a code of the server's API as a reason.
func codeReason(code string) Reason {
	r := Reason(strings.ToLower(code))
	if len(r) > 64 || strings.Trim(string(r), "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return BadAnswer
	}
	return r
}

// Problem is what became of something that an administrator wanted.
type Problem struct {
	Code   Reason
	Detail string // for a log: it may name addresses
	// Silence: there was no definite answer, so it may be tried again. Otherwise the answer is no.
	Silence bool
}

func (p *Problem) Error() string {
	if p.Detail == "" {
		return "licensed: " + string(p.Code)
	}
	return "licensed: " + string(p.Code) + ": " + p.Detail
}

func silence(code Reason, detail string) *Problem {
	return &Problem{Code: code, Detail: detail, Silence: true}
}
