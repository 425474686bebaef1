package release

import (
	"context"
	"strings"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

func fromRow(r query.Release) Release {
	return Release{
		ID: r.ID, ProductID: r.ProductID, Version: r.Version, Channel: r.Channel, Notes: r.Notes,
		ReleasedAt: r.ReleasedAt.Time(), PublishedAt: clock.TimePtr(r.PublishedAt), CreatedAt: r.CreatedAt.Time(),
	}
}

func fileFromRow(f query.ReleaseFile) File {
	return File{ID: f.ID, ReleaseID: f.ReleaseID, Name: f.Name, Size: f.Size, SHA256: f.Sha256, CreatedAt: f.CreatedAt.Time()}
}

// loadProduct returns the product of an id or slug.
func loadProduct(ctx context.Context, tx *db.Tx, name string) (Product, error) {
	none := fail.NotFound(CodeProductNotFound, "There is no such product.")
	if strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
		return Product{}, none // PostgreSQL refuses to compare with some of it
	}
	row, err := tx.ReleaseProduct(ctx, name)
	if db.NotFound(err) {
		return Product{}, none
	}
	return Product(row), err
}

// load returns the release with its files.
func load(ctx context.Context, tx *db.Tx, id string) (Release, error) {
	if !text.IsID(id) {
		return Release{}, fail.NotFound(CodeNotFound, "There is no such release.")
	}
	row, err := tx.Release(ctx, id)
	if db.NotFound(err) {
		return Release{}, fail.NotFound(CodeNotFound, "There is no such release.")
	}
	if err != nil {
		return Release{}, err
	}
	return withFiles(ctx, tx, row)
}

func withFiles(ctx context.Context, tx *db.Tx, row query.Release) (Release, error) {
	r := fromRow(row)
	files, err := tx.ListReleaseFiles(ctx, row.ID)
	if err != nil {
		return Release{}, err
	}
	for _, f := range files {
		r.Files = append(r.Files, fileFromRow(f))
	}
	return r, nil
}
