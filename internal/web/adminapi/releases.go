package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/release"
)

// Release is one version of a product as the API shows it.
type Release struct {
	ID          string        `json:"id" example:"rel_01hx2b6yh4m3nq0r8s5t"`
	ProductID   string        `json:"product_id"`
	Version     string        `json:"version"`
	Channel     string        `json:"channel"`
	Notes       *string       `json:"notes"`
	ReleasedAt  time.Time     `json:"released_at"`
	PublishedAt *time.Time    `json:"published_at" doc:"Null: a draft, offered to nobody"`
	CreatedAt   time.Time     `json:"created_at"`
	Files       []ReleaseFile `json:"files"`
}

// ReleaseFile is one file of a release.
type ReleaseFile struct {
	ID        string    `json:"id" example:"fil_01hx2b6yh4m3nq0r8s5t"`
	ReleaseID string    `json:"release_id"`
	Name      string    `json:"name"`
	Size      int64     `json:"size" doc:"In bytes"`
	SHA256    string    `json:"sha256"`
	CreatedAt time.Time `json:"created_at"`
}

func showRelease(r release.Release) Release {
	shown := Release{
		ID: r.ID, ProductID: r.ProductID, Version: r.Version, Channel: r.Channel, Notes: orNull(r.Notes),
		ReleasedAt: r.ReleasedAt.UTC(), PublishedAt: utc(r.PublishedAt), CreatedAt: r.CreatedAt.UTC(), Files: []ReleaseFile{},
	}
	for _, f := range r.Files {
		shown.Files = append(shown.Files, showFile(f))
	}
	return shown
}

func showFile(f release.File) ReleaseFile {
	return ReleaseFile{ID: f.ID, ReleaseID: f.ReleaseID, Name: f.Name, Size: f.Size, SHA256: f.SHA256, CreatedAt: f.CreatedAt.UTC()}
}

// NewRelease is the body of POST /products/{id}/releases.
type NewRelease struct {
	Version    string     `json:"version" maxLength:"255" doc:"A semantic version; a leading v is ignored" example:"2.4.0"`
	Channel    string     `json:"channel,omitempty" maxLength:"32" doc:"Default: stable"`
	ReleasedAt *time.Time `json:"released_at,omitempty" doc:"Default: now"`
	Notes      string     `json:"notes,omitempty" maxLength:"10000"`
	Publish    *bool      `json:"publish,omitempty" doc:"Offer it at once; false makes a draft. Default: true"`
}

// ReleasePatch is the body of PATCH /releases/{id}.
type ReleasePatch struct {
	Notes Optional[string] `json:"notes,omitzero" maxLength:"10000"`
}

type createReleaseInput struct {
	ByID
	Body NewRelease
}

type patchReleaseInput struct {
	ByID
	Body ReleasePatch
}

func (a *API) releases() {
	add(a, route{Method: http.MethodPost, Path: "/products/{id}/releases", Scope: "catalog:write", Tag: "Releases", Summary: "Add a release to a product", Notes: "It is offered at once, unless publish is false.", Status: http.StatusCreated, Codes: []string{"PRODUCT_NOT_FOUND", "RELEASE_EXISTS"}},
		func(ctx context.Context, in *createReleaseInput) (Release, error) {
			r, err := a.Releases.Create(ctx, release.Input{
				ProductID: in.ID, Version: in.Body.Version, Channel: in.Body.Channel, ReleasedAt: in.Body.ReleasedAt,
				Notes: in.Body.Notes, Publish: in.Body.Publish == nil || *in.Body.Publish,
			})
			return showRelease(r), err
		})
	add(a, route{Method: http.MethodGet, Path: "/products/{id}/releases", Scope: "catalog:read", Tag: "Releases", Summary: "List the releases of a product", Notes: "Drafts included, from the highest version down.", Codes: []string{"PRODUCT_NOT_FOUND"}},
		a.listReleases)
	add(a, route{Method: http.MethodGet, Path: "/releases/{id}", Scope: "catalog:read", Tag: "Releases", Summary: "Show a release", Codes: []string{"RELEASE_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (Release, error) {
			r, err := a.Releases.ByID(ctx, in.ID)
			return showRelease(r), err
		})
	add(a, route{Method: http.MethodPatch, Path: "/releases/{id}", Scope: "catalog:write", Tag: "Releases", Summary: "Change the notes of a release", Codes: []string{"RELEASE_NOT_FOUND"}},
		a.patchRelease)
	add(a, route{Method: http.MethodPost, Path: "/releases/{id}/publish", Scope: "catalog:write", Tag: "Releases", Summary: "Offer a release to everyone who asks for its channel", Codes: []string{"RELEASE_NOT_FOUND", "RELEASE_PUBLISHED"}},
		func(ctx context.Context, in *ByID) (Release, error) {
			r, err := a.Releases.Publish(ctx, in.ID)
			return showRelease(r), err
		})
	add(a, route{Method: http.MethodPost, Path: "/releases/{id}/unpublish", Scope: "catalog:write", Tag: "Releases", Summary: "Take a release back: it is a draft again", Codes: []string{"RELEASE_NOT_FOUND", "RELEASE_DRAFT"}},
		func(ctx context.Context, in *ByID) (Release, error) {
			r, err := a.Releases.Unpublish(ctx, in.ID)
			return showRelease(r), err
		})
	add(a, route{Method: http.MethodPost, Path: "/releases/{id}/files", Scope: "catalog:write", Tag: "Releases", Summary: "Add a file to a release", Notes: "Either the body is the file and the query names it, or the body is a form (multipart/form-data) with one file. A file never changes. Idempotency keys are not looked at: the same name twice is a conflict.", Status: http.StatusCreated, Upload: true, Codes: []string{"RELEASE_NOT_FOUND", "FILE_EXISTS", "FILE_TOO_LARGE"}},
		a.uploadFile)
}

func (a *API) listReleases(ctx context.Context, in *PagedByID) (List[Release], error) {
	if _, err := a.Catalog.Product(ctx, in.ID); err != nil {
		return List[Release]{}, err
	}
	found, next, err := a.Releases.List(ctx, release.Filter{ProductID: in.ID, Cursor: in.Cursor, Limit: in.Limit})
	return listOf(found, next, showRelease), err
}

func (a *API) patchRelease(ctx context.Context, in *patchReleaseInput) (Release, error) {
	notes := in.Body.Notes.orZero()
	if notes == nil {
		r, err := a.Releases.ByID(ctx, in.ID)
		return showRelease(r), err
	}
	r, err := a.Releases.UpdateNotes(ctx, in.ID, *notes)
	return showRelease(r), err
}
