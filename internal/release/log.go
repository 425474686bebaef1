package release

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// Served is the result of a download that was given. Of one that was refused the result is the code of the refusal.
const Served = "served"

// Download is one line of the download log: who asked for what, and what came of it.
type Download struct {
	ID        string
	LicenseID string // empty: no license
	ProductID string
	ReleaseID string // empty: none was found
	File      string // name of the file; empty: none was found
	Result    string // Served or the code of the refusal
	IP        string
	UserAgent string
	At        time.Time
}

// LogDownload appends d to the download log; its ID and At are set here.
func (s *Service) LogDownload(ctx context.Context, d Download) error {
	row := query.InsertDownloadParams{
		ProductID: d.ProductID, File: d.File, Result: d.Result, Ip: d.IP, UserAgent: d.UserAgent,
		LicenseID: orNil(d.LicenseID), ReleaseID: orNil(d.ReleaseID),
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		row.ID, row.At = tx.NewID("dwn"), tx.Stamp
		return tx.InsertDownload(ctx, row)
	})
	if err != nil {
		return fmt.Errorf("log a download: %w", err)
	}
	return nil
}

// Downloads returns the latest n lines of a license's download log, the newest first.
func (s *Service) Downloads(ctx context.Context, licenseID string, n int64) ([]Download, error) {
	var list []Download
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.ListDownloadsByLicense(ctx, query.ListDownloadsByLicenseParams{LicenseID: &licenseID, N: n})
		for _, r := range rows {
			list = append(list, Download{
				ID: r.ID, LicenseID: orEmpty(r.LicenseID), ProductID: r.ProductID, ReleaseID: orEmpty(r.ReleaseID), File: r.File,
				Result: r.Result, IP: r.Ip, UserAgent: r.UserAgent, At: r.At.Time(),
			})
		}
		return err
	})
	return list, err
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
