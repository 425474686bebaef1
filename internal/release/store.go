package release

import (
	"context"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
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

// load returns the release with its files.
func load(ctx context.Context, tx *db.Tx, id string) (Release, error) {
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
