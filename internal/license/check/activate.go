package check

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
)

// Activate uses a license at the identifier of a request. A version that was released after the license's support has
// ended is UPGRADE_PERIOD_ENDED, and says which one may run.
func (s *Service) Activate(ctx context.Context, r Request, name string) (license.Activated, error) {
	in := license.ActivateInput{Key: r.Key, Identifier: r.Identifier, Name: name, Product: r.Product}
	for _, at := range []license.Place{{Domain: r.Identifier}, r.Place} {
		banned, err := s.Licenses.Banned(ctx, at, r.From)
		if err != nil {
			return license.Activated{}, err
		}
		in.Banned = in.Banned || banned
	}
	var version versionVerdict
	var product string
	if r.Version != "" {
		in.Version = func(productID string, until time.Time) (err error) {
			product = productID
			if version, err = s.judgeVersion(ctx, productID, until, r); err != nil || version.allowed {
				return err
			}
			return UpgradePeriodEnded(version.version.String(), until, version.newest)
		}
	}
	done, err := s.Licenses.Activate(ctx, in)
	// Only now: a transaction inside of the activation's would wait for itself.
	if err := s.noteUnknown(ctx, product, version, s.Clock.Now()); err != nil {
		return done, err
	}
	return done, err
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
