package domainname

import (
	"regexp"
	"testing"
)

// What a renewal waits for is a code, with words beside it; what ended one may be words already.
func TestWhy(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	for cause, words := range whyWords {
		if r := (Renewal{State: RenewalHeld, Cause: cause}); !code.MatchString(cause) || words == "" || r.Why() != words {
			t.Errorf("%q is %q", cause, r.Why())
		}
	}
	for _, cause := range []string{"", Elsewhere, "agreed with the customer"} {
		if why := (Renewal{State: RenewalRevoked, Cause: cause}).Why(); why != cause {
			t.Errorf("%q is %q", cause, why)
		}
	}
	// One that goes on waits for nothing any more.
	for _, state := range []RenewalState{RenewalOpen, RenewalPaid, RenewalArranged, RenewalSubmitted, RenewalUnknown} {
		for cause, want := range map[string]string{WaitsForMoney: "", "pay but do not renew": "", ByStaffsWord: ByStaffsWord} {
			if r := (Renewal{State: state, Cause: cause}); r.Because() != want || r.Why() != want {
				t.Errorf("%s, %q: %q, %q", state, cause, r.Because(), r.Why())
			}
		}
	}
}
