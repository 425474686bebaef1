package cli

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/keystead/keystead/internal/clock"
)

// instant is a flag that names a point in time: an instant, a civil date (its first instant in UTC), or how far away
// it is, such as 90d or 12h.
type instant time.Time

var span = regexp.MustCompile(`^([0-9]{1,5})([dhm])$`)

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *instant) UnmarshalText(text []byte) error {
	if d, ok := spanOf(string(text)); ok {
		*i = instant(clock.System().Now().Add(d))
		return nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, string(text)); err == nil {
			*i = instant(at.UTC())
			return nil
		}
	}
	return fmt.Errorf("%q is no point in time: write 2027-03-20, 2027-03-20T03:21:26Z, 90d or 12h", text)
}

// spanOf reads how far away something is.
func spanOf(text string) (time.Duration, bool) {
	m := span.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	unit := map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute}[m[2]]
	return time.Duration(n) * unit, err == nil
}
