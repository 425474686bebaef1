package admin

import (
	"encoding/csv"
	"iter"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/text"
	"github.com/keystead/keystead/internal/web"
)

// csvHref is the export of what a list shows now.
func csvHref(r *http.Request, path string) string {
	q := r.URL.Query()
	q.Del("after")
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// writeCSV streams rows as a file. An error of the first row is still an answer of its own; a later one cuts the file
// off, which the browser reports as a failed download.
func writeCSV[T any](w http.ResponseWriter, name string, head []string, rows iter.Seq2[T, error], fields func(T) []string) error {
	web.Unhurried(w) // a long list over a slow line may take longer than a page is given
	out := csv.NewWriter(w)
	begun := false
	begin := func() {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
		begun = true
		_ = out.Write(head) // an error stays in the writer and is seen at the end
	}
	for row, err := range rows {
		if err != nil {
			if !begun {
				return err
			}
			panic(http.ErrAbortHandler)
		}
		if !begun {
			begin()
		}
		record := fields(row)
		for i := range record {
			record[i] = text.Cell(record[i]) // what a customer typed is no formula
		}
		if out.Write(record) != nil {
			return nil // the client went away
		}
	}
	if !begun {
		begin()
	}
	out.Flush()
	return nil
}

func csvTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func csvTimePtr(t *time.Time) string {
	if t == nil {
		return ""
	}
	return csvTime(*t)
}
