package movein

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

func FuzzTable(f *testing.F) {
	f.Add([]byte("key,email\nA,a@example.com\n"))
	f.Add([]byte("key;email;status;expires;due date\n\"A\";b@example.com;Active;2026-01-01;0000-00-00\n"))
	f.Add([]byte("\uFEFFkey\temail\tregdate\n\"A\n\"\"B\"\tb\t2026-01-01T00:00:00Z\n"))
	for _, name := range []string{"whmcs.csv", "licensedock.csv"} {
		raw, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, raw []byte) {
		table, err := openTable(bytes.NewReader(raw), licenseHeadings)
		if err != nil {
			if fail.Of(err).Kind != fail.KindInvalid {
				t.Fatal(err)
			}
			return
		}
		for last := 0; ; {
			r, at, err := table.next()
			if err != nil && !text.OfRow(err) {
				if !errors.Is(err, io.EOF) && fail.Of(err).Field != "file" {
					t.Fatal(err)
				}
				return
			}
			if at <= last {
				t.Fatalf("line %d comes after line %d", at, last)
			}
			last = at
			if err == nil {
				_, err = r.license(catalog.Plan{LicenseType: catalog.Leased}, time.UTC, now)
				_ = r.buyer()
			}
			if err != nil && fail.Of(err).Kind != fail.KindInvalid {
				t.Fatal(err)
			}
		}
	})
}
