package licensed

import "math"

// All in seconds.
const (
	minute     = 60
	hour       = 60 * minute
	maxBackOff = 6 * hour
	jitter     = 0.2
)

// occasion is why one thinks of asking the server.
type occasion int

const (
	ordinary occasion = iota // the software looks after its license
	opening                  // the admin area is opened
	forced                   // an administrator wants it
)

// backOff is how long to wait after a number of tries in a row that got no answer. random is from [0, 1).
func backOff(failures int, random float64) int64 {
	wait := maxBackOff
	if failures < 10 { // more would be longer than the most
		wait = min(minute<<max(failures-1, 0), maxBackOff)
	}
	spread := 1 - jitter + 2*jitter*random
	return min(int64(math.Round(float64(wait)*spread)), maxBackOff)
}

// pause is how long after the last try the server is not asked again in the given state.
func (m memory) pause(state State, why occasion) int64 {
	wait := min(max(m.Next-m.Attempt, 0), maxBackOff)
	if wait == 0 && (state == Valid || state == Invalid) {
		wait = hour // the last try was answered: another answer would hardly mend what is wrong
	}
	if !state.Open() {
		wait = min(wait, hour)
		if why == opening {
			wait = min(wait, minute)
		}
	}
	return max(wait, minute*(1-jitter))
}

// wants reports whether the server is to be asked now. uneasy: the clock is at fault, or the newest lease was lost.
func (m memory) wants(own int64, state State, uneasy bool, why occasion) bool {
	if why == forced {
		return true
	}
	if state == Valid && !uneasy {
		return false
	}
	if m.Attempt == 0 || own < m.Attempt { // never tried, or the clock was set back: no telling how long ago
		return true
	}
	return own-m.Attempt >= m.pause(state, why)
}
