package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/web/ui"
)

// perPage is how many rows a list shows.
const perPage = 50

// cursor is where the page that is asked for begins.
func cursor(r *http.Request) string { return ui.Cursor(r.URL) }

// pager leads from one page of a list to the next, and back to the first.
func pager(r *http.Request, next string) ui.Pager {
	return ui.Paged(r.URL, next, "Back to the beginning")
}

// sortable makes a column head that orders the list; a second click turns the order round.
func sortable(r *http.Request, label, by string) ui.Column {
	c := ui.Column{Label: label}
	switch r.URL.Query().Get("sort") {
	case by:
		c.Sorted, c.SortHref = "ascending", ui.URLWith(r.URL, "sort", "-"+by)
	case "-" + by:
		c.Sorted, c.SortHref = "descending", ui.URLWith(r.URL, "sort", by)
	default:
		c.SortHref = ui.URLWith(r.URL, "sort", by)
	}
	return c
}

// chips are the filters in force, each with a link that takes it away. names maps a parameter to its label and its
// value as people read it.
func chips(r *http.Request, names ...chipName) []ui.Chip {
	var out []ui.Chip
	for _, n := range names {
		if v := r.URL.Query().Get(n.param); v != "" {
			shown := v
			if n.value != nil {
				shown = n.value(v)
			}
			out = append(out, ui.Chip{Label: n.label, Value: shown, RemoveHref: ui.URLWith(r.URL, n.param, "")})
		}
	}
	return out
}

type chipName struct {
	param, label string
	value        func(string) string
}

// options makes the choices of a filter from stored names ("past_due"); the first is none.
func options(values ...string) []ui.Option {
	out := []ui.Option{{Value: "", Label: "Any"}}
	for _, v := range values {
		out = append(out, ui.Option{Value: v, Label: ui.StatusBadge(v).Text})
	}
	return out
}
