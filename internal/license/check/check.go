// Package check answers "may I run?", whatever protocol it is asked over: it judges a license at the place and in the
// version that software names, binds what is open, counts the check, and signs leases.
//
// Its verdicts come from license/index, so a plain yes costs no query. What would be a no is judged again from the row.
package check

import (
	"cmp"
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/index"
	"github.com/keystead/keystead/internal/license/lease"
	"github.com/keystead/keystead/internal/release"
)

// Config is what checks are answered from.
type Config struct {
	Licenses *license.Service
	Index    *index.Index
	Counts   *index.Counts
	Keys     *lease.Keys
	Releases *release.Service
	Clock    clock.Clock
	// Issuer is where this store is reached, for the leases.
	Issuer func(ctx context.Context) (string, error)
	// OpenSecret opens the secret of a product (see catalog.Service.OpenCheckSecret), for the protocols that have one.
	OpenSecret func(productID, sealed string) (string, error)
}

// Service answers checks. It is safe for concurrent use.
type Service struct {
	Config
	seen     seenVersions
	accounts accounts
}

// New returns the checks of a store.
func New(c Config) *Service { return &Service{Config: c} }

// Request is what software says of itself.
type Request struct {
	Key        string
	Product    string // id or slug; empty: not said
	Identifier string // empty: not asked for
	Place      license.Place
	Version    string
	ReleasedAt time.Time // of the version, as the software says; zero: not said
	From       netip.Addr
	UserAgent  string

	// Often says that the caller asks more often than the store reads its rows for: what memory has answers also a no.
	Often bool
	// OnlyBound says that the caller may not learn whether the key exists, unless its license is bound to the place named:
	// to any other it is license.ErrNotFound.
	OnlyBound bool
}

// Reasons beside the license's status and a wrong place. The last two leave a license valid.
const (
	Banned            = "banned"
	NotActivated      = "not_activated"
	VersionNotAllowed = "version_not_allowed"
)

// Results that the log keeps beside reasons: of a check that has bound its license to a place, and of one by the software of
// another product.
const (
	bound           = "bound"
	ProductMismatch = "product_mismatch"
)

// Answer is the verdict about one check.
type Answer struct {
	index.Entry
	At     time.Time
	Valid  bool
	Reason string // why not, or what else is wrong; empty: nothing
	// Identifier is in its normal form; Activated says whether it is an activation, and that of an empty one is.
	Identifier string
	Activated  bool
	Place      license.Place // in its normal form
	Places     license.Places
	// VersionAllowed is set where the version may run, or none was said.
	VersionAllowed bool
	NewestAllowed  string // the newest stable release that may run; empty: none
}

// Check judges a check and counts it. An unknown key is license.ErrNotFound, one of another product
// license.ErrProductMismatch. Only the unknown key is not counted: there is nothing to count it for.
func (s *Service) Check(ctx context.Context, r Request) (Answer, error) {
	a := Answer{At: s.Clock.Now()}
	e, remembered, err := s.find(ctx, r, a.At)
	if err != nil {
		return a, err
	}
	if a, err = s.judge(ctx, e, r, a.At); err != nil {
		return a, err
	}
	mismatch := !a.IsProduct(r.Product)
	if mismatch || !remembered && a.Status == license.Active && (!a.Valid || !a.VersionAllowed) {
		// No is never said from memory alone.
		if a, err = s.again(ctx, r, a.At); err != nil {
			return a, err
		}
		if !a.IsProduct(r.Product) {
			return a, cmp.Or[error](s.count(ctx, r, a, ProductMismatch), license.ErrProductMismatch)
		}
	}
	if r.OnlyBound && !a.isBoundHere() {
		return a, license.ErrNotFound
	}
	result := a.Reason
	if remembered && !a.Valid {
		result = "" // counted, but noted only as often as callers may ask
	}
	if a.Valid && a.Places.Open(a.Place) {
		did, err := s.Licenses.Bind(bySoftware(ctx, r.From), a.ID, r.Place)
		if err != nil {
			return a, err
		}
		// Another check may have bound it first, to another place.
		if a, err = s.again(ctx, r, a.At); err != nil {
			return a, err
		}
		if result = a.Reason; did && result == "" {
			result = bound
		}
	}
	if err := s.count(ctx, r, a, result); err != nil {
		return a, err
	}
	return a, nil
}

// find looks a key up. remembered says that its entry counts although it is only from memory.
func (s *Service) find(ctx context.Context, r Request, now time.Time) (e index.Entry, remembered bool, err error) {
	if r.Often {
		if e, remembered = s.Index.Remembered(r.Key, now); remembered {
			return e, true, nil
		}
	}
	e, err = s.Index.Lookup(ctx, r.Key, now)
	return e, false, err
}

// isBoundHere reports whether the license is bound to the place that the check names.
func (a *Answer) isBoundHere() bool {
	p, at := a.Places, a.Place
	return p.Refuse(a.Enforced, at) == "" && (p.HasDomain(at.Domain) || p.HasIP(at.IP) || p.HasDirectory(at.Directory))
}

// bySoftware names an installed copy, known by its key alone, as the one who acts.
func bySoftware(ctx context.Context, from netip.Addr) context.Context {
	actor := event.Actor{Kind: event.Software, Name: "installed software"}
	if from.IsValid() {
		actor.IP = from.String()
	}
	return event.WithActor(ctx, actor)
}

// again judges from the row.
func (s *Service) again(ctx context.Context, r Request, now time.Time) (Answer, error) {
	e, err := s.Index.Read(ctx, r.Key, now)
	if err != nil {
		return Answer{}, err
	}
	return s.judge(ctx, e, r, now)
}

func (s *Service) judge(ctx context.Context, e index.Entry, r Request, now time.Time) (Answer, error) {
	a := Answer{Entry: e, At: now, Activated: true}
	if r.Place != (license.Place{}) {
		a.Place = r.Place.Normal()
	}
	var err error
	if a.Places, err = e.Places(); err != nil {
		return a, err
	}
	if r.Identifier != "" {
		if a.Identifier, err = license.Normalize(e.ActivationType, r.Identifier); err != nil {
			return a, err
		}
		if a.Activated, err = s.Index.Active(ctx, e, a.Identifier); err != nil {
			return a, err
		}
	}
	v, err := s.judgeVersion(ctx, e.ProductID, e.UpdatesUntil, r)
	if err != nil {
		return a, err
	}
	a.VersionAllowed, a.NewestAllowed = v.allowed, v.newest
	if err := s.noteUnknown(ctx, e.ProductID, v, now); err != nil {
		return a, err
	}
	banned, err := s.Licenses.Banned(ctx, a.named(), r.From)
	if err != nil {
		return a, err
	}
	wrong := a.Places.Refuse(e.Enforced, a.Place)
	switch {
	case e.Status != license.Active:
		a.Reason = string(e.Status)
	case banned:
		a.Reason = Banned
	case e.Type == license.Development && (a.isPublic() || a.Place.Domain == "" && strings.TrimSpace(r.Place.Domain) != ""):
		// What is said but can't be read is no protected place.
		a.Reason = license.WrongDomain
	case wrong != "":
		a.Reason = wrong
	default:
		a.Valid = true
		switch {
		case !a.Activated:
			a.Reason = NotActivated
		case !a.VersionAllowed:
			a.Reason = VersionNotAllowed
		}
	}
	return a, nil
}

// named is the place that a check is about: where no domain is said, an identifier that is one counts.
func (a *Answer) named() license.Place {
	at := a.Place
	if at.Domain == "" && a.ActivationType == license.Domain {
		at.Domain = a.Identifier
	}
	return at
}

// isPublic reports whether the domain or the identifier of a check is a place where a development license may not run. An
// identifier may have become one since it was activated.
func (a *Answer) isPublic() bool {
	for _, host := range []string{a.Place.Domain, a.Identifier} {
		if host != "" && !license.MayDevelopOn(host, lines(a.PrivateSuffixes), lines(a.AllowedHosts)) {
			return true
		}
	}
	return false
}

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func (s *Service) count(ctx context.Context, r Request, a Answer, result string) error {
	return s.Counts.Count(ctx, index.Check{
		LicenseID: a.ID, At: a.At, IP: r.From, Result: result, Identifier: a.Identifier,
		Domain: r.Place.Domain, PlaceIP: r.Place.IP, Directory: r.Place.Directory, Version: r.Version, UserAgent: r.UserAgent,
	})
}
