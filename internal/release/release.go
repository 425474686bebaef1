// Package release keeps what customers download: the releases of a product, in the order of their versions, and
// their files.
//
// A release is a draft until it is published; only published ones are offered. The product's versions are semantic
// versions ([Version]), each release stands in one channel, and [Service.Newest] answers what a copy in the field
// should run. Files lie outside the database under the hash of their content ([Service.AddFile]).
package release

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// Stable is the channel of releases that are meant for everyone.
const Stable = "stable"

// The codes of this room's failures.
const (
	CodeNotFound         = "RELEASE_NOT_FOUND"  // no such release
	CodeProductNotFound  = "PRODUCT_NOT_FOUND"  // no such product
	CodeDownloadNotFound = "DOWNLOAD_NOT_FOUND" // nothing published that would fit
	CodeFileNotFound     = "FILE_NOT_FOUND"     // the file is not there
	CodeExists           = "RELEASE_EXISTS"     // the product has that version
	CodeFileExists       = "FILE_EXISTS"        // the release has a file of that name
	CodePublished        = "RELEASE_PUBLISHED"  // it is published already
	CodeDraft            = "RELEASE_DRAFT"      // it is not published
	CodeFileTooLarge     = "FILE_TOO_LARGE"     // the upload is larger than allowed
)

// Product is what this room knows of a product.
type Product struct {
	ID              string
	Slug            string
	Name            string
	Description     string
	RequiresLicense bool // to download it
}

// Release is one version of a product.
type Release struct {
	ID          string
	ProductID   string
	Version     string // as the vendor wrote it, without a leading v
	Channel     string
	Notes       string
	ReleasedAt  time.Time
	PublishedAt *time.Time // nil: a draft
	CreatedAt   time.Time
	Files       []File // in the order in which they were added
}

// Download is the file that a copy in the field gets: the first of the release's files. It reports false when the
// release has none.
func (r Release) Download() (File, bool) {
	if len(r.Files) == 0 {
		return File{}, false
	}
	return r.Files[0], true
}

// File is one file of a release.
type File struct {
	ID        string
	ReleaseID string
	Name      string
	Size      int64
	SHA256    string // lower-case hex
	CreatedAt time.Time
}

// Input is a release to create.
type Input struct {
	ProductID  string // id or slug
	Version    string
	Channel    string     // empty: stable
	ReleasedAt *time.Time // nil: now
	Notes      string
	Publish    bool // offer it at once
}

// Validate reports every field that can't be stored.
func (in Input) Validate() error {
	_, _, err := in.check()
	return err
}

// check returns the input as it is stored, and its version.
func (in Input) check() (Input, Version, error) {
	var f fail.Fields
	v, err := ParseVersion(in.Version)
	f.Check("version", err)
	in.Channel = cmp.Or(strings.TrimSpace(in.Channel), Stable)
	f.Check("channel", CheckChannel(in.Channel))
	if in.ReleasedAt != nil {
		if y := in.ReleasedAt.UTC().Year(); y < 1970 || y > 9999 {
			f.Add("released_at", "is not between the years 1970 and 9999")
		}
	}
	in.Notes, err = text.Notes(in.Notes, text.NotesLength)
	f.Check("notes", err)
	return in, v, f.Err()
}

// maxChannel is the length of the longest channel name.
const maxChannel = 32

// CheckChannel says why name can't be the name of a channel; nil if it can.
func CheckChannel(name string) error {
	if name == "" || len(name) > maxChannel || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return errChannel
	}
	return nil
}

var errChannel = errors.New("must be 1 to 32 lower-case letters, digits or hyphens")
