package license

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// RejectedAttempt is an identifier that was refused, with how often and why the last time.
type RejectedAttempt struct {
	Identifier      string
	Reason          string // "limit", or the status of the license: "expired", "suspended", …
	Attempts        int64
	IP              string // of the last attempt
	FirstAt, LastAt time.Time
}

// countRejection keeps a refused attempt: one row per identifier.
func countRejection(ctx context.Context, tx *db.Tx, v verdict) error {
	err := tx.CountRejection(ctx, query.CountRejectionParams{
		LicenseID: v.license.ID, Identifier: v.identifier, Reason: v.reason, Ip: event.ActorFrom(ctx).IP, At: tx.Stamp,
	})
	if err != nil {
		return fmt.Errorf("rejected attempt on %s: %w", v.license.ID, err)
	}
	return nil
}

// Rejected returns the refused attempts on a license, the latest first, as many as one page holds.
func (s *Service) Rejected(ctx context.Context, licenseID string) ([]RejectedAttempt, error) {
	if !text.IsID(licenseID) {
		return nil, errNoLicense
	}
	var attempts []RejectedAttempt
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.RejectedOfLicense(ctx, query.RejectedOfLicenseParams{LicenseID: licenseID, N: page.Longest})
		if err != nil {
			return fmt.Errorf("rejected attempts on %s: %w", licenseID, err)
		}
		attempts = make([]RejectedAttempt, len(rows))
		for i, r := range rows {
			attempts[i] = RejectedAttempt{
				Identifier: r.Identifier, Reason: r.Reason, Attempts: r.Attempts, IP: r.Ip,
				FirstAt: r.FirstAt.Time(), LastAt: r.LastAt.Time(),
			}
		}
		return nil
	})
	return attempts, err
}
