package release_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/release"
)

// addProduct puts a product into the store.
func addProduct(t testing.TB, s *dbtest.Store, id string) {
	t.Helper()
	err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(t.Context(), `INSERT INTO products (id, slug, name, requires_license, status, created_at, updated_at)
			VALUES ($1, $2, 'Widget', TRUE, 'active', $3, $3)`, id, strings.ReplaceAll(id, "_", "-"), int64(tx.Stamp))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func setup(t *testing.T, s *dbtest.Store) *release.Service {
	t.Helper()
	addProduct(t, s, "prd_widget")
	return release.New(s.DB, t.TempDir())
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return fail.Of(err).Code
}

func TestCreateKeepsWhatWasGiven(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		r := setup(t, s)
		when := time.Date(2026, 3, 1, 12, 30, 0, 0, time.FixedZone("", 3600))
		made, err := r.Create(t.Context(), release.Input{ProductID: "prd_widget", Version: " v2.1 ", Channel: "beta", Notes: " one\r\ntwo ", ReleasedAt: &when})
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.ByID(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := release.Release{
			ID: made.ID, ProductID: "prd_widget", Version: "2.1", Channel: "beta", Notes: "one\ntwo", ReleasedAt: when.UTC(), CreatedAt: s.Clock.Now(),
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprint(made) != fmt.Sprint(want) {
			t.Errorf("made %v\nread %v\nwant %v", made, got, want)
		}

		made, err = r.Create(t.Context(), release.Input{ProductID: "prd_widget", Version: "2.2.0", Publish: true})
		if err != nil {
			t.Fatal(err)
		}
		if made.Channel != release.Stable || !made.ReleasedAt.Equal(s.Clock.Now()) || made.PublishedAt == nil || !made.PublishedAt.Equal(s.Clock.Now()) {
			t.Errorf("defaults: %+v", made)
		}
	})
}

func TestCreateRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		r := setup(t, s)
		if _, err := r.Create(t.Context(), release.Input{ProductID: "prd_widget", Version: "2.1"}); err != nil {
			t.Fatal(err)
		}
		far := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, tt := range []struct {
			name   string
			in     release.Input
			code   string
			fields string
		}{
			{"no version", release.Input{ProductID: "prd_widget"}, fail.CodeInvalidInput, "version"},
			{"four numbers", release.Input{ProductID: "prd_widget", Version: "1.2.3.4"}, fail.CodeInvalidInput, "version"},
			{"all at once", release.Input{ProductID: "prd_widget", Version: "x", Channel: "Beta 1", Notes: "a\x00", ReleasedAt: &far}, fail.CodeInvalidInput, "version channel released_at notes"},
			{"long channel", release.Input{ProductID: "prd_widget", Version: "1.0", Channel: strings.Repeat("c", 33)}, fail.CodeInvalidInput, "channel"},
			{"long notes", release.Input{ProductID: "prd_widget", Version: "1.0", Notes: strings.Repeat("n", 10_001)}, fail.CodeInvalidInput, "notes"},
			{"no product", release.Input{ProductID: "prd_none", Version: "1.0"}, release.CodeProductNotFound, ""},
			{"the same", release.Input{ProductID: "prd_widget", Version: "2.1"}, release.CodeExists, ""},
			{"the same in other words", release.Input{ProductID: "prd_widget", Version: "v2.1.0+build.7", Channel: "beta"}, release.CodeExists, ""},
		} {
			_, err := r.Create(t.Context(), tt.in)
			var names []string
			var e *fail.Error
			if errors.As(err, &e) {
				for _, f := range e.Fields {
					names = append(names, f.Field)
				}
			}
			if code(err) != tt.code || strings.Join(names, " ") != tt.fields {
				t.Errorf("%s: %v, fields %v", tt.name, err, names)
			}
			if invalid := tt.in.Validate(); (invalid != nil) != (tt.code == fail.CodeInvalidInput) {
				t.Errorf("%s: Validate says %v", tt.name, invalid)
			}
		}
	})
}

func TestCreateAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		r := setup(t, s)
		var wg sync.WaitGroup
		codes := make(chan string, 8)
		for i := range cap(codes) {
			wg.Go(func() {
				_, err := r.Create(t.Context(), release.Input{ProductID: "prd_widget", Version: fmt.Sprintf("1.0.0+%d", i)})
				codes <- code(err)
			})
		}
		wg.Wait()
		close(codes)
		n := map[string]int{}
		for c := range codes {
			n[c]++
		}
		if n[""] != 1 || n[release.CodeExists] != cap(codes)-1 {
			t.Errorf("results: %v", n)
		}
	})
}

func TestPublishAndUnpublish(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		r := setup(t, s)
		ctx := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Ada", IP: "192.0.2.1"})
		made, err := r.Create(ctx, release.Input{ProductID: "prd_widget", Version: "1.0"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Newest(ctx, "prd_widget", release.Stable); code(err) != release.CodeDownloadNotFound {
			t.Errorf("a draft is offered: %v", err)
		}
		if _, err := r.Unpublish(ctx, made.ID); code(err) != release.CodeDraft {
			t.Errorf("unpublish a draft: %v", err)
		}
		s.Clock.Advance(time.Hour)
		published, err := r.Publish(ctx, made.ID)
		if err != nil || published.PublishedAt == nil || !published.PublishedAt.Equal(s.Clock.Now()) {
			t.Fatalf("publish: %+v, %v", published, err)
		}
		if _, err := r.Publish(ctx, made.ID); code(err) != release.CodePublished {
			t.Errorf("publish again: %v", err)
		}
		if got, err := r.Newest(ctx, "prd_widget", release.Stable); err != nil || got.ID != made.ID {
			t.Errorf("newest: %v, %v", got, err)
		}
		if got, err := r.UpdateNotes(ctx, made.ID, " fixed\r\nmuch "); err != nil || got.Notes != "fixed\nmuch" || got.PublishedAt == nil {
			t.Errorf("notes: %+v, %v", got, err)
		}
		if _, err := r.UpdateNotes(ctx, made.ID, "\x01"); code(err) != fail.CodeInvalidInput {
			t.Errorf("bad notes: %v", err)
		}
		if got, err := r.Unpublish(ctx, made.ID); err != nil || got.PublishedAt != nil {
			t.Errorf("unpublish: %+v, %v", got, err)
		}
		if _, err := r.ByVersion(ctx, "prd_widget", "1.0"); code(err) != release.CodeDownloadNotFound {
			t.Errorf("by version after unpublish: %v", err)
		}
		for name, verb := range map[string]func() (release.Release, error){
			"publish":   func() (release.Release, error) { return r.Publish(ctx, "rel_none") },
			"unpublish": func() (release.Release, error) { return r.Unpublish(ctx, "rel_none") },
			"notes":     func() (release.Release, error) { return r.UpdateNotes(ctx, "rel_none", "") },
			"by id":     func() (release.Release, error) { return r.ByID(ctx, "rel_none") },
		} {
			if _, err := verb(); code(err) != release.CodeNotFound {
				t.Errorf("%s of none: %v", name, err)
			}
		}

		var types, audited []string
		err = s.DB.Read(ctx, func(tx *db.Tx) error {
			events, err := tx.ListEventsBySubject(ctx, query.ListEventsBySubjectParams{SubjectID: made.ID, N: 10})
			if err != nil {
				return err
			}
			for _, e := range events {
				types = append(types, e.Type+" by "+e.ActorID)
			}
			entries, err := tx.ListAuditBySubject(ctx, query.ListAuditBySubjectParams{SubjectID: made.ID, N: 10})
			for _, e := range entries {
				audited = append(audited, e.What+" by "+e.ActorName)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want := "[release.unpublished release.updated release.published release.created]"
		if got := fmt.Sprint(types); got != strings.NewReplacer("d ", "d by stf_1 ", "d]", "d by stf_1]").Replace(want) {
			t.Errorf("events: %s", got)
		}
		if got := fmt.Sprint(audited); got != strings.NewReplacer("d ", "d by Ada ", "d]", "d by Ada]").Replace(want) {
			t.Errorf("audit log: %s", got)
		}
	})
}

func TestNewestByChannel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		r := setup(t, s)
		addProduct(t, s, "prd_other")
		for _, in := range []release.Input{
			{Version: "1.9.0", Publish: true},
			{Version: "1.10.0", Publish: true},
			{Version: "1.2.0", Publish: true}, // a later fix of an old line
			{Version: "2.0.0-beta.2", Channel: "beta", Publish: true},
			{Version: "2.0.0-beta.10", Channel: "beta", Publish: true},
			{Version: "1.0.0-alpha.1", Channel: "alpha", Publish: true},
			{Version: "3.0.0"},
			{Version: "3.0.0-beta.1", Channel: "beta"},
			{ProductID: "prd_other", Version: "9.0.0", Publish: true},
		} {
			if in.ProductID == "" {
				in.ProductID = "prd_widget"
			}
			if _, err := r.Create(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		for channel, want := range map[string]string{
			"stable": "1.10.0", "beta": "2.0.0-beta.10", "alpha": "1.10.0", "no-such": "1.10.0",
		} {
			if got, err := r.Newest(t.Context(), "prd_widget", channel); err != nil || got.Version != want {
				t.Errorf("%s: %s, %v, want %s", channel, got.Version, err, want)
			}
		}
		for version, want := range map[string]string{
			"1.9": "1.9.0", "v1.2.0+x": "1.2.0", "2.0.0-beta.2": "2.0.0-beta.2", "3.0.0": "", "7.0.0": "", "not a version": "",
		} {
			got, err := r.ByVersion(t.Context(), "prd_widget", version)
			if got.Version != want || (want == "" && code(err) != release.CodeDownloadNotFound) {
				t.Errorf("version %s: %q, %v, want %q", version, got.Version, err, want)
			}
		}
	})
}

// The databases must sort as the versions do.
func TestListInOrderOfVersions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		product := 0
		rapid.Check(t, func(rt *rapid.T) {
			product++
			id := fmt.Sprintf("prd_%d", product)
			addProduct(t, s, id)
			r := release.New(s.DB, "")
			var all []drawn
			for i := range rapid.IntRange(0, 8).Draw(rt, "releases") {
				v := drawVersion(rt, fmt.Sprint(i))
				_, err := r.Create(t.Context(), release.Input{ProductID: id, Version: v.text})
				if code(err) == release.CodeExists {
					continue
				}
				if err != nil {
					rt.Fatal(err)
				}
				all = append(all, v)
			}
			var got []string
			for one, err := range page.Walk(func(cursor string) ([]release.Release, string, error) {
				return r.List(t.Context(), release.Filter{ProductID: id, Limit: 3, Cursor: cursor})
			}) {
				if err != nil {
					rt.Fatal(err)
				}
				got = append(got, one.Version)
			}
			if want := sorted(all); fmt.Sprint(got) != fmt.Sprint(want) {
				rt.Fatalf("listed %v, want %v", got, want)
			}
		})
	})
}

func TestListRefusesAForeignCursor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		r := setup(t, s)
		for _, cursor := range []string{"\x00", "ü", "~", page.Cursor("1", "2"), page.Cursor("\x00")} {
			if _, _, err := r.List(t.Context(), release.Filter{ProductID: "prd_widget", Cursor: cursor}); code(err) != fail.CodeInvalidInput {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
		if list, next, err := r.List(t.Context(), release.Filter{ProductID: "prd_none"}); err != nil || len(list) != 0 || next != "" {
			t.Errorf("of no product: %+v, %q, %v", list, next, err)
		}
	})
}

func TestDownloadsOfALicense(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		r := setup(t, s)
		made, err := r.Create(t.Context(), release.Input{ProductID: "prd_widget", Version: "1.0"})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.LogDownload(t.Context(), release.Download{ProductID: "prd_widget", Result: "LICENSE_NOT_FOUND", IP: "192.0.2.7"}); err != nil {
			t.Fatal(err)
		}
		if err := r.LogDownload(t.Context(), release.Download{ProductID: "prd_widget", ReleaseID: made.ID, File: "w.zip", Result: release.Served, IP: "192.0.2.7", UserAgent: "test"}); err != nil {
			t.Fatal(err)
		}
		n := 0
		err = s.DB.Read(t.Context(), func(tx *db.Tx) error {
			return tx.SQL().QueryRowContext(t.Context(), `SELECT count(*) FROM download_log WHERE license_id IS NULL`).Scan(&n)
		})
		if err != nil || n != 2 {
			t.Errorf("%d lines without a license, %v", n, err)
		}
		if list, err := r.Downloads(context.Background(), "lic_none", 10); err != nil || len(list) != 0 {
			t.Errorf("of no license: %v, %v", list, err)
		}
	})
}
