package release

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/page"
)

// Filter asks for one page of a product's releases, drafts included, from the highest version down.
type Filter struct {
	ProductID string
	Cursor    string // where the page before ended; empty: the first page
	Limit     int    // see page.Limit
}

// beforeAll sorts after every precedence: those begin with a digit.
const beforeAll = "~"

// List returns a page of a product's releases with their files, and the cursor of the next page, empty after the
// last one. Of a product that is not there it returns nothing.
func (s *Service) List(ctx context.Context, f Filter) (releases []Release, next string, err error) {
	before := beforeAll
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 1)
		if err != nil {
			return nil, "", err
		}
		before = key[0]
	}
	n := page.Limit(f.Limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		releases, next = []Release{}, ""
		rows, err := tx.ListReleases(ctx, query.ListReleasesParams{ProductID: f.ProductID, Before: before, N: int64(n + 1)})
		if err != nil || len(rows) == 0 {
			return err
		}
		rows, more := page.Cut(rows, n)
		last := rows[len(rows)-1].Precedence
		if more {
			next = page.Cursor(last)
		}
		files, err := tx.ListFilesOfReleases(ctx, query.ListFilesOfReleasesParams{ProductID: f.ProductID, First: rows[0].Precedence, Last: last})
		if err != nil {
			return err
		}
		of := map[string][]File{}
		for _, file := range files {
			of[file.ReleaseID] = append(of[file.ReleaseID], fileFromRow(file))
		}
		for _, row := range rows {
			r := fromRow(row)
			r.Files = of[r.ID]
			releases = append(releases, r)
		}
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("list releases: %w", err)
	}
	return releases, next, nil
}
