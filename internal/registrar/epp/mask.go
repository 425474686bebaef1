package epp

import "regexp"

// masked stands in the log for a secret.
const masked = "***"

// secret is what may stand in an element that holds one: passwords, and what authorises a transfer. One that is
// never closed hides the rest of the frame.
var secret = regexp.MustCompile(`(?s)(<(?:[\w.-]+:)?(?:pw|newPW|authInfo)(?:\s[^<>]*)?>).*?(</(?:[\w.-]+:)?(?:pw|newPW|authInfo)\s*>|\z)`)

// mask hides the secrets of a frame, which may be broken.
func mask(document []byte) []byte {
	return secret.ReplaceAll(document, []byte("${1}"+masked+"${2}"))
}
