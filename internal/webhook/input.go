package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/text"
)

// Input is what [Service.Create] needs.
type Input struct {
	URL         string
	Description string
	EventTypes  []string // "invoice.paid"; "invoice.*" for all that begin with "invoice."; "*" for all
}

// Patch changes the fields that are not nil. A Version other than 0 is the one that the change was made from: if the
// endpoint has another by now, nothing changes.
type Patch struct {
	URL         *string
	Description *string
	EventTypes  []string // nil: unchanged
	Version     int64
}

const (
	maxURL      = 2000
	maxPatterns = 100
	maxPattern  = 100
)

// validate reports everything that is wrong with p, after bringing it into the form in which it is stored.
func (s *Service) validate(ctx context.Context, p *Patch) error {
	allowed, err := s.allowed(ctx)
	if err != nil {
		return err
	}
	var f fail.Fields
	if p.URL != nil {
		address, err := checkURL(*p.URL, s.testMode, allowed)
		p.URL = &address
		f.Check("url", err)
	}
	if p.Description != nil {
		description, err := text.Line(*p.Description, text.NameLength)
		p.Description = &description
		f.Check("description", err)
	}
	if p.EventTypes != nil {
		p.EventTypes, err = tidyPatterns(p.EventTypes)
		f.Check("event_types", err)
	}
	return f.Err()
}

// applyTo returns what becomes of an endpoint, and what changes. The log shows where an address leads, not all of it:
// some services have a secret in its path.
func (p Patch) applyTo(e Endpoint) (Endpoint, patch.Diff) {
	var d patch.Diff
	if p.URL != nil && *p.URL != e.URL {
		d.Note("url", shown(e.URL), shown(*p.URL))
		e.URL = *p.URL
	}
	patch.Set(&d, "description", &e.Description, p.Description)
	if p.EventTypes != nil && !slices.Equal(p.EventTypes, e.EventTypes) {
		d.Note("event_types", e.EventTypes, p.EventTypes)
		e.EventTypes = p.EventTypes
	}
	return e, d
}

// shown is an address without what may be secret in it.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/…"}).Redacted()
}

var (
	errURL      = errors.New("must be an address such as https://example.com/hooks/keystead")
	errUser     = errors.New("must not hold a name or password: what is sent is signed instead")
	errFragment = errors.New("must not have a fragment (#…)")
	errScheme   = errors.New("must begin with https://")
	errPlain    = errors.New("must begin with https://; with http:// only on this machine or in a private network")
)

// checkURL checks the address of an endpoint. Whether its name leads to an address that may be sent to is seen when
// something is sent (it can change); an address that is given as such is looked at here.
func checkURL(s string, testMode bool, allowed []netip.Prefix) (string, error) {
	s, err := text.Required(s, maxURL)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return "", errURL
	}
	addr, literal := netip.ParseAddr(u.Hostname())
	switch {
	case u.User != nil:
		return "", errUser
	case u.Fragment != "":
		return "", errFragment
	case u.Scheme == "http" && testMode:
		if u.Hostname() != "localhost" && (literal != nil || !near(addr)) {
			return "", errPlain
		}
	case u.Scheme != "https":
		return "", errScheme
	}
	if literal == nil && !permitted(addr, testMode, allowed) {
		return "", &refusedError{addr}
	}
	return u.String(), nil
}

// tidyPatterns checks the patterns of event types and brings them into order.
func tidyPatterns(patterns []string) ([]string, error) {
	if len(patterns) == 0 {
		return nil, errors.New("needs at least one event type, or *")
	}
	if len(patterns) > maxPatterns {
		return nil, fmt.Errorf("has more than %d event types", maxPatterns)
	}
	tidy := make([]string, 0, len(patterns))
	for _, p := range patterns {
		p = strings.TrimSpace(p)
		if !isPattern(p) {
			return nil, fmt.Errorf("has %q, which is not an event type such as invoice.paid, invoice.* or *", p)
		}
		tidy = append(tidy, p)
	}
	slices.Sort(tidy)
	return slices.Compact(tidy), nil
}

func isPattern(s string) bool {
	if s == everyType {
		return true
	}
	if len(s) > maxPattern || !strings.Contains(s, ".") {
		return false
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(s, anyRest), ".") {
		if part == "" || strings.ContainsFunc(part, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }) {
			return false
		}
	}
	return true
}

const (
	everyType = "*"
	anyRest   = ".*"
)

// matches reports whether an event type is one that a pattern stands for.
func matches(pattern, eventType string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(eventType, prefix)
	}
	return pattern == eventType
}
