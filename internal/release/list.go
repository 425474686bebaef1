package release

import (
	"context"
	"strings"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
)

// The size of a page of a list.
const (
	defaultPage = 25
	maxPage     = 100
)

// Filter asks for one page of a product's releases, drafts included, from the highest version down.
type Filter struct {
	ProductID string
	Cursor    string // Next of the page before; empty: the first page
	Limit     int64  // 0: 25; at most 100
}

// Page is a part of a list. Next is the cursor of the following page, empty on the last.
type Page struct {
	Releases []Release
	Next     string
}

// List returns a page of a product's releases with their files.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) {
	before := f.Cursor
	switch {
	case before == "":
		before = "~" // after every precedence: those begin with a digit
	case strings.Trim(before, precedenceLetters) != "":
		return Page{}, fail.Invalid("cursor", "is not a cursor of this list")
	}
	n := f.Limit
	if n <= 0 {
		n = defaultPage
	}
	n = min(n, maxPage)

	var p Page
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.ListReleases(ctx, query.ListReleasesParams{ProductID: f.ProductID, Before: before, N: n + 1})
		if err != nil || len(rows) == 0 {
			return err
		}
		if int64(len(rows)) > n {
			rows = rows[:n]
			p.Next = rows[n-1].Precedence
		}
		files, err := tx.ListFilesOfReleases(ctx, query.ListFilesOfReleasesParams{
			ProductID: f.ProductID, First: rows[0].Precedence, Last: rows[len(rows)-1].Precedence,
		})
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
			p.Releases = append(p.Releases, r)
		}
		return nil
	})
	return p, err
}

// precedenceLetters are all that a precedence is made of.
const precedenceLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-!~"
