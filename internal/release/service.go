package release

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// Service is the releases of a store.
type Service struct {
	db    *db.DB
	dir   string
	known *db.Kept[string, *Known] // by product
}

// New returns the releases of d, whose files lie under filesDir. The folder is made when the first file comes.
func New(d *db.DB, filesDir string) *Service {
	return &Service{db: d, dir: filesDir, known: db.NewKept[string, *Known](d, othersMayRelease)}
}

// eventData is what an event of a release tells.
type eventData struct {
	ReleaseID string `json:"release_id"`
	ProductID string `json:"product_id"`
	Version   string `json:"version"`
	Channel   string `json:"channel"`
	File      string `json:"file,omitempty"`
}

// tell writes the event what and its entry in the audit log.
func tell(ctx context.Context, tx *db.Tx, what string, r Release, c event.Change, file string) error {
	data := eventData{ReleaseID: r.ID, ProductID: r.ProductID, Version: r.Version, Channel: r.Channel, File: file}
	if err := event.Emit(ctx, tx, event.New{Type: what, SubjectID: r.ID, Data: data}); err != nil {
		return err
	}
	c.What, c.SubjectID = what, r.ID
	return event.Audit(ctx, tx, c)
}

// Create adds a release to a product. A product has each version once; build metadata makes no difference.
func (s *Service) Create(ctx context.Context, in Input) (Release, error) {
	in, v, err := in.check()
	if err != nil {
		return Release{}, err
	}
	var r Release
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		product, err := loadProduct(ctx, tx, in.ProductID)
		if err != nil {
			return err
		}
		if there, err := tx.ReleaseByPrecedence(ctx, query.ReleaseByPrecedenceParams{ProductID: product.ID, Precedence: v.Precedence()}); err == nil {
			return exists(there.Version)
		} else if !db.NotFound(err) {
			return err
		}
		row := query.InsertReleaseParams{
			ID: tx.NewID("rel"), ProductID: product.ID, Version: v.String(), Precedence: v.Precedence(), Channel: in.Channel,
			Notes: in.Notes, ReleasedAt: tx.Stamp, CreatedAt: tx.Stamp,
		}
		if in.ReleasedAt != nil {
			row.ReleasedAt = clock.FromTime(*in.ReleasedAt)
		}
		if in.Publish {
			row.PublishedAt = &tx.Stamp
		}
		if err := tx.InsertRelease(ctx, row); db.Duplicate(err) {
			return exists(v.String()).Because(err) // somebody was faster
		} else if err != nil {
			return err
		}
		tx.OnCommit(func() { s.known.Drop(product.ID) })
		r = fromRow(query.Release(row))
		if err := tell(ctx, tx, "release.created", r, event.Change{After: r.Version}, ""); err != nil {
			return err
		}
		if !in.Publish {
			return nil
		}
		return tell(ctx, tx, "release.published", r, event.Change{Before: "draft", After: "published"}, "")
	})
	if err != nil {
		return Release{}, fmt.Errorf("create release %s: %w", in.Version, err)
	}
	return r, nil
}

func exists(version string) *fail.Error {
	e := fail.Conflict(CodeExists, "The product has a release of this version: "+version+".")
	e.Field = "version"
	return e
}

// Publish offers a draft to everyone who asks for its channel.
func (s *Service) Publish(ctx context.Context, id string) (Release, error) {
	return s.change(ctx, id, "release.published", func(tx *db.Tx) (event.Change, error) {
		n, err := tx.PublishRelease(ctx, query.PublishReleaseParams{ID: id, PublishedAt: &tx.Stamp})
		if err == nil && n == 0 {
			err = fail.Conflict(CodePublished, "The release is published already.")
		}
		return event.Change{Before: "draft", After: "published"}, err
	})
}

// Unpublish takes a release back: it is a draft again and is offered to nobody.
func (s *Service) Unpublish(ctx context.Context, id string) (Release, error) {
	return s.change(ctx, id, "release.unpublished", func(tx *db.Tx) (event.Change, error) {
		n, err := tx.UnpublishRelease(ctx, id)
		if err == nil && n == 0 {
			err = fail.Conflict(CodeDraft, "The release is not published.")
		}
		return event.Change{Before: "published", After: "draft"}, err
	})
}

// UpdateNotes replaces the notes of a release, published or not.
func (s *Service) UpdateNotes(ctx context.Context, id, notes string) (Release, error) {
	notes, err := text.Notes(notes, text.NotesLength)
	if err != nil {
		return Release{}, fail.Invalid("notes", err.Error())
	}
	return s.change(ctx, id, "release.updated", func(tx *db.Tx) (event.Change, error) {
		_, err := tx.UpdateReleaseNotes(ctx, query.UpdateReleaseNotesParams{ID: id, Notes: notes})
		return event.Change{After: notes}, err
	})
}

// change runs f on a release that is there, tells of it, and returns the release as it is afterwards. What f leaves
// open of the state before is not repeated in the audit log: notes can be long.
func (s *Service) change(ctx context.Context, id, what string, f func(tx *db.Tx) (event.Change, error)) (Release, error) {
	var r Release
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := load(ctx, tx, id); err != nil {
			return err
		}
		c, err := f(tx)
		if err != nil {
			return err
		}
		if r, err = load(ctx, tx, id); err != nil {
			return err
		}
		tx.OnCommit(func() { s.known.Drop(r.ProductID) })
		return tell(ctx, tx, what, r, c, "")
	})
	if err != nil {
		return Release{}, fmt.Errorf("%s %s: %w", what, id, err)
	}
	return r, nil
}

// Product returns a product by its id or slug.
func (s *Service) Product(ctx context.Context, name string) (Product, error) {
	var p Product
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		p, err = loadProduct(ctx, tx, name)
		return err
	})
	return p, err
}

// ByID returns a release, published or not.
func (s *Service) ByID(ctx context.Context, id string) (Release, error) {
	var r Release
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		var err error
		r, err = load(ctx, tx, id)
		return err
	})
	return r, err
}

// Newest returns the product's published release of the highest version that a channel offers. The stable channel
// offers stable releases alone; any other offers its own and stable ones, so that who tries betas is not left behind
// when the release comes out.
func (s *Service) Newest(ctx context.Context, productID, channel string) (Release, error) {
	return s.NewestBy(ctx, productID, channel, time.Time{})
}

// NewestBy is [Service.Newest] among those that were released at t or before: what a license may run whose support ended
// then. A zero t is for ever.
func (s *Service) NewestBy(ctx context.Context, productID, channel string, t time.Time) (Release, error) {
	until := int64(math.MaxInt64)
	if !t.IsZero() {
		until = int64(clock.FromTime(t))
	}
	var r Release
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := tx.NewestRelease(ctx, query.NewestReleaseParams{ProductID: productID, Channel: channel, Until: until})
		if db.NotFound(err) {
			return fail.NotFound(CodeDownloadNotFound, "There is no published release.")
		}
		if err != nil {
			return err
		}
		r, err = withFiles(ctx, tx, row)
		return err
	})
	return r, err
}

// ByVersion returns the product's published release of a version, whatever its channel. A text that is no version
// finds nothing.
func (s *Service) ByVersion(ctx context.Context, productID, version string) (Release, error) {
	none := fail.NotFound(CodeDownloadNotFound, "There is no published release of this version.")
	v, err := ParseVersion(version)
	if err != nil {
		return Release{}, none.Because(err)
	}
	var r Release
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := tx.ReleaseByPrecedence(ctx, query.ReleaseByPrecedenceParams{ProductID: productID, Precedence: v.Precedence()})
		if db.NotFound(err) || (err == nil && row.PublishedAt == nil) {
			return none
		}
		if err != nil {
			return err
		}
		r, err = withFiles(ctx, tx, row)
		return err
	})
	return r, err
}
