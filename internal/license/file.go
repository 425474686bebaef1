package license

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// LeaseFile is a lease that was handed out as a file, for an installation that never asks. Until it ends it keeps its
// activation: nobody could tell the installation that the place was given up.
type LeaseFile struct {
	ID           string // the lease's jti
	LicenseID    string
	ActivationID string // may be removed since, by staff
	Identifier   string
	Nonce        string // of the request that it answers
	CreatedAt    time.Time
	ExpiresAt    time.Time
	Lease        string
}

// mostFiles bounds how many lease files a license gets within a day.
const mostFiles = 50

// ErrFileStale says that the license has changed since a lease was made for it.
var ErrFileStale = errors.New("the license has changed since the lease was made")

// FileDays is for how many days a lease file of a license is good. A plan without lease files refuses.
func (s *Service) FileDays(ctx context.Context, licenseID string) (int64, error) {
	var days int64
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		l, err := s.load(ctx, tx, licenseID)
		if err != nil {
			return err
		}
		card, err := catalog.PlanCard(ctx, tx, l.PlanID)
		if err != nil {
			return err
		}
		if days = card.FileDays; days == 0 {
			return fail.Conflict(CodeNoFiles, fmt.Sprintf("Licenses of the plan %s have no lease files. Let the installation reach the license server, or ask our support for a plan with lease files.", l.PlanName))
		}
		return nil
	})
	return days, err
}

// FileOf returns the file that answered a request before; ok is false if none did.
func (s *Service) FileOf(ctx context.Context, licenseID, nonce string) (f LeaseFile, ok bool, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := tx.LeaseFileOfRequest(ctx, query.LeaseFileOfRequestParams{LicenseID: licenseID, Nonce: nonce})
		if ok = err == nil; ok {
			f = leaseFileOf(row)
			return nil
		}
		if db.NotFound(err) {
			return nil
		}
		return fmt.Errorf("lease file of %s: %w", licenseID, err)
	})
	return f, ok, err
}

// KeepFile enters a lease file that was made from what the license was in a version, and returns the one that answers
// its request: of two requests that are the same the first one's. If the license is no more what it was, it returns
// [ErrFileStale] and the lease must not be handed out.
func (s *Service) KeepFile(ctx context.Context, f LeaseFile, madeFrom int64) (LeaseFile, error) {
	kept := f
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		l, err := s.lock(ctx, tx, f.LicenseID)
		if err != nil {
			return err
		}
		before, err := tx.LeaseFileOfRequest(ctx, query.LeaseFileOfRequestParams{LicenseID: f.LicenseID, Nonce: f.Nonce})
		if err == nil {
			kept = leaseFileOf(before)
			return l.save(ctx)
		}
		if !db.NotFound(err) {
			return fmt.Errorf("lease file of %s: %w", f.LicenseID, err)
		}
		if l.row.Version != madeFrom+1 {
			return ErrFileStale
		}
		kept, err = l.keepFile(ctx, f)
		return err
	})
	return kept, err
}

func (l *locked) keepFile(ctx context.Context, f LeaseFile) (LeaseFile, error) {
	place, err := l.tx.ActivationByIdentifier(ctx, query.ActivationByIdentifierParams{LicenseID: l.row.ID, Identifier: f.Identifier})
	if db.NotFound(err) {
		return f, ErrFileStale
	}
	if err != nil {
		return f, fmt.Errorf("activations of %s: %w", l.row.ID, err)
	}
	made, err := l.tx.CountLeaseFilesSince(ctx, query.CountLeaseFilesSinceParams{
		LicenseID: l.row.ID, Since: clock.FromTime(l.tx.Now.Add(-24 * time.Hour)),
	})
	if err != nil {
		return f, fmt.Errorf("lease files of %s: %w", l.row.ID, err)
	}
	if made >= mostFiles {
		return f, fail.Conflict(CodeTooManyFiles, fmt.Sprintf("A license gets %d lease files a day at most. Please try again tomorrow.", mostFiles))
	}
	f.ActivationID, f.CreatedAt = place.ID, l.tx.Now
	n, err := l.tx.InsertLeaseFile(ctx, query.InsertLeaseFileParams{
		ID: f.ID, LicenseID: l.row.ID, ActivationID: f.ActivationID, Identifier: f.Identifier, Nonce: f.Nonce,
		CreatedAt: l.tx.Stamp, ExpiresAt: clock.FromTime(f.ExpiresAt), Lease: f.Lease,
	})
	if err != nil {
		return f, fmt.Errorf("lease file of %s: %w", l.row.ID, err)
	}
	if n == 0 {
		return f, fmt.Errorf("lease file of %s: %s is taken", l.row.ID, f.ID)
	}
	err = note(ctx, l.tx, l.row.ID, Entry{What: WhatFileMade, After: f.Identifier + ", until " + f.ExpiresAt.UTC().Format(time.RFC3339)})
	if err != nil {
		return f, err
	}
	l.tell(EventFileMade, struct {
		FileID       string    `json:"file_id"`
		ActivationID string    `json:"activation_id"`
		Identifier   string    `json:"identifier"`
		ExpiresAt    time.Time `json:"expires_at"`
	}{f.ID, f.ActivationID, f.Identifier, f.ExpiresAt.UTC()})
	return f, l.save(ctx)
}

// Files returns a page of a license's lease files, newest first, and the cursor of the next page.
func (s *Service) Files(ctx context.Context, licenseID, cursor string, limit int) (files []LeaseFile, next string, err error) {
	if !text.IsID(licenseID) {
		return nil, "", errNoLicense
	}
	before, err := idCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = page.Limit(limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.LeaseFilesOfLicense(ctx, query.LeaseFilesOfLicenseParams{LicenseID: licenseID, Before: before, N: int64(limit + 1)})
		if err != nil {
			return fmt.Errorf("lease files of %s: %w", licenseID, err)
		}
		rows, more := page.Cut(rows, limit)
		next = ""
		if more {
			next = page.Cursor(rows[len(rows)-1].ID)
		}
		files = make([]LeaseFile, len(rows))
		for i, r := range rows {
			files[i] = leaseFileOf(r)
		}
		return nil
	})
	return files, next, err
}

// File returns a lease file of a license.
func (s *Service) File(ctx context.Context, licenseID, id string) (LeaseFile, error) {
	var f LeaseFile
	if !text.IsID(id) || !text.IsID(licenseID) {
		return f, errNoFile
	}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := tx.LeaseFile(ctx, query.LeaseFileParams{ID: id, LicenseID: licenseID})
		if db.NotFound(err) {
			return errNoFile
		}
		if err != nil {
			return fmt.Errorf("lease file %s: %w", id, err)
		}
		f = leaseFileOf(row)
		return nil
	})
	return f, err
}

// HeldByFiles tells until when a lease file keeps each activation of a license that one keeps.
func (s *Service) HeldByFiles(ctx context.Context, licenseID string) (map[string]time.Time, error) {
	var held map[string]time.Time
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		held, err = heldByFiles(ctx, tx, licenseID)
		return err
	})
	return held, err
}

func heldByFiles(ctx context.Context, tx *db.Tx, licenseID string) (map[string]time.Time, error) {
	rows, err := tx.LeaseFilesHolding(ctx, query.LeaseFilesHoldingParams{LicenseID: licenseID, Now: tx.Stamp})
	if err != nil {
		return nil, fmt.Errorf("lease files of %s: %w", licenseID, err)
	}
	held := make(map[string]time.Time, len(rows))
	for _, r := range rows {
		held[r.ActivationID] = clock.Instant(r.Until).Time()
	}
	return held, nil
}

// refuseHeld refuses to free a place that a lease file keeps. Staff and programs may in spite of it.
func refuseHeld(ctx context.Context, tx *db.Tx, licenseID, activationID, code string) error {
	if who := event.ActorFrom(ctx).Kind; who != event.Customer && who != event.Software {
		return nil
	}
	held, err := heldByFiles(ctx, tx, licenseID)
	if err != nil {
		return err
	}
	until, is := held[activationID]
	if !is {
		return nil
	}
	detail := fmt.Sprintf("A lease file was made for this place. It runs without asking until %s, so the place can't be given up before. If the installation is gone, ask our support.", until.UTC().Format("2006-01-02 15:04 MST"))
	if code == CodeRefused {
		return fail.Forbidden(code, detail)
	}
	return fail.Conflict(code, detail)
}

func leaseFileOf(r query.LeaseFile) LeaseFile {
	return LeaseFile{
		ID: r.ID, LicenseID: r.LicenseID, ActivationID: r.ActivationID, Identifier: r.Identifier, Nonce: r.Nonce,
		CreatedAt: r.CreatedAt.Time(), ExpiresAt: r.ExpiresAt.Time(), Lease: r.Lease,
	}
}

// NewFileID names a lease file before it is made: it is part of what is signed.
func (s *Service) NewFileID() string { return s.db.NewID("lsf") }
