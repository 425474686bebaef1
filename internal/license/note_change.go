package license

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
)

// NoteChange says, as part of tx, that something beside a license has changed that its checks tell of, such as when an
// add-on is due.
func (s *Service) NoteChange(ctx context.Context, tx *db.Tx, licenseID string) error {
	version, err := tx.CountUpLicense(ctx, licenseID)
	if err != nil {
		return fmt.Errorf("change of %s: %w", licenseID, err)
	}
	return s.changed(ctx, tx, licenseID, version)
}

// NoteCustomerChange says, as part of tx, that a customer has another name or address: checks of their licenses tell it.
func (s *Service) NoteCustomerChange(ctx context.Context, tx *db.Tx, customerID string) error {
	rows, err := tx.CountUpLicensesOfCustomer(ctx, customerID)
	if err != nil {
		return fmt.Errorf("licenses of %s: %w", customerID, err)
	}
	for _, r := range rows {
		if err := s.changed(ctx, tx, r.ID, r.Version); err != nil {
			return err
		}
	}
	return nil
}
