package shop

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/setting"
)

// consent is a box that must be ticked before an order is placed.
type consent struct {
	kind string
	// What the box says: before, the name of what is linked, after. Without a link all of it stands in before.
	before, name, url, after string
}

// field is the name of the box.
func (c consent) field() string { return "consent_" + c.kind }

// text is what the customer agrees to, as it is kept.
func (c consent) text() string {
	if c.url == "" {
		return c.before
	}
	return c.before + c.name + c.after + " (" + c.url + ")"
}

// consents are the boxes that the owner of the store wants ticked.
func consents(now *setting.Settings) []consent {
	var out []consent
	if now.TermsURL != "" {
		out = append(out, consent{kind: "terms", before: "I agree to the ", name: "terms of sale", url: now.TermsURL, after: "."})
	}
	if now.PrivacyURL != "" {
		out = append(out, consent{kind: "privacy", before: "I have read the ", name: "privacy policy", url: now.PrivacyURL, after: "."})
	}
	if now.ConsentText != "" {
		out = append(out, consent{kind: "consent", before: now.ConsentText})
	}
	return out
}

// digest tells whether texts have changed since they were shown.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// consentDigest is that of the boxes, the version included.
func consentDigest(now *setting.Settings) string {
	parts := []string{now.TermsVersion}
	for _, c := range consents(now) {
		parts = append(parts, c.kind, c.text())
	}
	return digest(parts...)
}

// agreed are the consents that a request gives, and which boxes were left empty.
func agreed(r *http.Request, now *setting.Settings) (given []order.Consent, missing []consent) {
	for _, c := range consents(now) {
		if r.PostFormValue(c.field()) == "" {
			missing = append(missing, c)
			continue
		}
		given = append(given, order.Consent{Kind: c.kind, Text: c.text(), Version: now.TermsVersion})
	}
	return given, missing
}
