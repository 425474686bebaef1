package registration

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

// errNoSecret is the answer to whoever wants to see a code that is not there, or not any more.
var errNoSecret = fail.Conflict("NO_TRANSFER_CODE", "There is no transfer under way for which a code is kept.")

// seal makes what authorises the transfer of a domain unreadable outside of the program.
func (s *Service) seal(secret string, of domainname.Name) string {
	return base64.StdEncoding.EncodeToString(s.box.Seal([]byte(secret), place(of)))
}

// Secret opens what authorises the transfer of a domain; empty: there is nothing.
func (s *Service) Secret(d domainname.Domain) (string, error) {
	if d.TransferSecret == "" {
		return "", nil
	}
	raw, err := base64.StdEncoding.DecodeString(d.TransferSecret)
	if err == nil {
		raw, err = s.box.Open(raw, place(d.Name))
	}
	if err != nil {
		return "", fmt.Errorf("transfer code of domain %s: %w", d.ID, err)
	}
	return string(raw), nil
}

// Reveal shows the code that the customer gave for a transfer to whoever carries it out by hand. That it was shown is audited,
// each time; the code itself is written nowhere. NO_TRANSFER_CODE: no transfer is under way, or it needs none.
func (s *Service) Reveal(ctx context.Context, domainID string) (secret string, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		d, err := domainname.Load(ctx, tx, domainID)
		if err != nil {
			return err
		}
		if d.Status != domainname.PendingTransfer || d.TransferSecret == "" {
			return errNoSecret
		}
		if secret, err = s.Secret(d); err != nil {
			return err
		}
		return event.Audit(ctx, tx, event.Change{What: "domain.transfer_code_shown", SubjectID: d.ID})
	})
	return secret, err
}

func place(of domainname.Name) []byte { return []byte("transfer of " + of.String()) }
