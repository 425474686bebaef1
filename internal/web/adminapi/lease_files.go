package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/web"
)

// LeaseFile is a lease that was handed out as a file.
type LeaseFile struct {
	ID           string    `json:"id" example:"lsf_01hx2b6yh4m3nq0r8s5t" doc:"Its jti"`
	LicenseID    string    `json:"license_id"`
	ActivationID string    `json:"activation_id" doc:"That it was made for; staff may have removed it since"`
	Identifier   string    `json:"identifier" doc:"In its normal form"`
	Nonce        string    `json:"nonce" doc:"Of the request that it answers"`
	CreatedAt    time.Time `json:"created_at"`
	ExpiresAt    time.Time `json:"expires_at"`
	Lease        string    `json:"lease" doc:"The signed lease"`
}

func showLeaseFile(f license.LeaseFile) LeaseFile {
	return LeaseFile{
		ID: f.ID, LicenseID: f.LicenseID, ActivationID: f.ActivationID, Identifier: f.Identifier, Nonce: f.Nonce,
		CreatedAt: f.CreatedAt.UTC(), ExpiresAt: f.ExpiresAt.UTC(), Lease: f.Lease,
	}
}

// LeaseFileRequest is the body of POST /licenses/{id}/lease-files: the request file as the installation wrote it.
type LeaseFileRequest struct {
	Product    string `json:"product" maxLength:"255"`
	LicenseKey string `json:"license_key" maxLength:"255"`
	Identifier string `json:"identifier" maxLength:"1024"`
	Nonce      string `json:"nonce" maxLength:"128"`
	Version    string `json:"version,omitempty" maxLength:"255"`
	Domain     string `json:"domain,omitempty" maxLength:"1024"`
	IP         string `json:"ip,omitempty" maxLength:"255"`
	Directory  string `json:"directory,omitempty" maxLength:"1024"`
}

type newLeaseFileInput struct {
	ByID
	Body LeaseFileRequest
}

func (a *API) leaseFiles() {
	add(a, route{Method: http.MethodGet, Path: "/licenses/{id}/lease-files", Scope: "licenses:read", Tag: "Licenses", Summary: "List the lease files of a license", Notes: "The newest first. A lease file serves an installation that never asks; until it ends, customers can't remove its activation.", Codes: []string{"LICENSE_NOT_FOUND"}},
		func(ctx context.Context, in *PagedByID) (List[LeaseFile], error) {
			if _, err := a.Licenses.ByID(ctx, in.ID); err != nil {
				return List[LeaseFile]{}, err
			}
			found, next, err := a.Licenses.Files(ctx, in.ID, in.Cursor, in.Limit)
			return listOf(found, next, showLeaseFile), err
		})
	add(a, route{Method: http.MethodPost, Path: "/licenses/{id}/lease-files", Scope: "licenses:write", Tag: "Licenses", Summary: "Answer the request file of an installation that can't reach the server", Notes: "The body is the request file. It activates the identifier if need be. The same request again gets the same file.", Status: http.StatusCreated, Repeat: after, Codes: []string{"LICENSE_NOT_FOUND", "LEASE_FILES_NOT_OFFERED", "TOO_MANY_LEASE_FILES", "LEASE_FILE_USED", "LICENSE_INACTIVE", "LICENSE_EXPIRED", "ACTIVATION_LIMIT_REACHED", "ACTIVATION_REFUSED", "UPGRADE_PERIOD_ENDED"}},
		func(ctx context.Context, in *newLeaseFileInput) (LeaseFile, error) {
			b := in.Body
			f, err := a.Checks.File(ctx, in.ID, check.FileRequest{
				Product: b.Product, Key: b.LicenseKey, Identifier: b.Identifier, Nonce: b.Nonce, Version: b.Version,
				Domain: b.Domain, IP: b.IP, Directory: b.Directory,
			}, web.ClientIP(ctx))
			return showLeaseFile(f), err
		})
}
