package check

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/release"
)

// Activate uses a license at the identifier of a request. A version that was released after the license's support has
// ended is UPGRADE_PERIOD_ENDED, and says which one may run.
func (s *Service) Activate(ctx context.Context, r Request, name string) (license.Activated, error) {
	banned, err := s.Licenses.Banned(ctx, license.Place{Domain: r.Identifier}, r.From)
	if err != nil {
		return license.Activated{}, err
	}
	if banned {
		// Which key it is comes first: the answer to an unknown one is not to depend on the place.
		if _, err := s.again(ctx, Request{Key: r.Key, Product: r.Product}, s.Clock.Now()); err != nil {
			return license.Activated{}, err
		}
		return license.Activated{}, fail.Forbidden(license.CodeRefused, "Licenses can't be activated from here. Please ask our support.")
	}
	in := license.ActivateInput{Key: r.Key, Identifier: r.Identifier, Name: name, Product: r.Product}
	if r.Version != "" {
		in.Version = func(productID string, until time.Time) error { return s.refuseVersion(ctx, productID, until, r) }
	}
	return s.Licenses.Activate(ctx, in)
}

// refuseVersion returns UPGRADE_PERIOD_ENDED for a version that was released after until.
func (s *Service) refuseVersion(ctx context.Context, productID string, until time.Time, r Request) error {
	v, err := release.ParseVersion(r.Version)
	if err != nil || until.IsZero() {
		return nil //nolint:nilerr // software may call its versions what it likes: such a one is not judged
	}
	known, err := s.Releases.Known(ctx, productID)
	if err != nil {
		return err
	}
	released, ok := known.ReleasedAt(v)
	if !ok {
		released = r.ReleasedAt
	}
	if released.IsZero() || !released.After(until) {
		return nil
	}
	return UpgradePeriodEnded(v.String(), until, known.NewestBy(until))
}

// UpgradePeriodEnded is the refusal of a version that was released after all support of a license.
func UpgradePeriodEnded(version string, until time.Time, newest string) error {
	detail := fmt.Sprintf("Version %s was released after support and upgrades of this license ended on %s.", version, until.Format(time.DateOnly))
	if newest != "" {
		detail += fmt.Sprintf(" The newest version that it may run is %s.", newest)
	}
	return fail.Forbidden(license.CodeUpgradePeriodEnded, detail+" Renew support to run newer ones.")
}

// Judge is Check without counting or binding: what a check would answer now.
func (s *Service) Judge(ctx context.Context, r Request) (Answer, error) {
	a, err := s.again(ctx, r, s.Clock.Now())
	if err == nil && !a.IsProduct(r.Product) {
		return a, license.ErrProductMismatch
	}
	return a, err
}
