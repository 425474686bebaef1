package licensed

// tell says what time it is, and whether the own clock is at fault. seen is iat of the newest lease with our nonce,
// reading what the own clock said when it came; both are nil before the first. Nothing unsigned counts.
func tell(seen, reading *int64, own int64) (time int64, fault bool) {
	if seen == nil || reading == nil {
		return own, false
	}
	elapsed := own - *reading
	if own < *seen {
		return *seen + max(elapsed, 0), true
	}
	if elapsed >= 0 {
		return min(own, *seen+elapsed), false
	}
	return own, false
}
