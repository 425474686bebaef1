// Package ui is the look of Keystead: layouts, components, style sheet, script,
// icons and charts for its three server-rendered faces, the staff area (/admin),
// the customer portal (/account) and the public pages.
//
// # A page
//
// A page is a view struct, a template file and a handler. The view embeds [Page],
// which carries what the layout needs; the file holds the content only, the layout
// named by Page.Face is put around it.
//
//	//go:embed pages/*.html
//	var files embed.FS
//
//	pages, err := ui.Parse(files, "pages/*.html") // once, at start
//
//	type licenseList struct {
//		ui.Page
//		Head   ui.Head
//		Filter ui.Filter
//		Table  ui.Table
//		Pager  ui.Pager
//	}
//
// pages/license_list.html:
//
//	{{template "head" .Head}}
//	{{template "filter" .Filter}}
//	{{template "table" .Table}}
//	{{template "pager" .Pager}}
//
// and the handler:
//
//	func (a *Admin) licenseList(w http.ResponseWriter, r *http.Request) error {
//		found, err := a.licenses.Search(r.Context(), …)
//		if err != nil {
//			return err
//		}
//		v := licenseList{Page: a.page(r, "Licenses", "licenses")} // the face's own helper
//		v.Head = ui.Head{Title: "Licenses", Actions: []ui.Button{
//			{Label: "Issue license", Href: "/admin/licenses/new", Kind: ui.Primary, Icon: "plus"},
//		}}
//		v.Table = ui.Table{
//			Caption: "Licenses",
//			Columns: []ui.Column{{Label: "Key"}, {Label: "Status"}, {Label: "Expires", SortHref: ui.URLWith(r.URL, "sort", "expires")}},
//			Empty:   &ui.Empty{Art: "key", Title: "No licenses yet", Text: "A paid order issues one."},
//		}
//		for _, l := range found.Licenses {
//			v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
//				ui.Mono(l.Key).To("/admin/licenses/" + l.ID),
//				ui.Status(string(l.Status)),
//				ui.HTML(v.Ago(l.ExpiresAt)),
//			}})
//		}
//		return pages.Render(w, http.StatusOK, "license_list", v)
//	}
//
// Render writes nothing before the whole page is ready: an error is returned, and the
// place that renders errors can still answer with a whole page of its own.
//
// # Rules
//
//   - No inline script, style attribute or style element: [web.ContentSecurityPolicy]
//     forbids them. Use a class of the style sheet; charts and icons are SVG with
//     presentation attributes.
//   - Everything works without script. A destructive act is a [Button] with a [Confirm]:
//     without script its Href leads to a page that renders the same Confirm (see
//     [ConfirmPage]), with script the dialog opens in place. A write is always a POST
//     answered with 303.
//   - Times and money are rendered by the methods of [Reader], which Page embeds: in
//     templates {{.Ago .CreatedAt}}, {{.At t}}, {{.Day t}}, {{.Money 1200 "EUR"}}.
//   - State is never told by colour alone: [StatusBadge] adds a dot and the word.
//   - Template files whose names begin with "_" are shared pieces (define blocks) of a
//     face and no pages.
//
// # Setting out a page
//
// What stands directly in a page is spaced by the layout. Below that: "card" with
// "card_head", "card-body" and "card-foot" (a [Table] in a card is Flush); "stack" and
// "stack-s" for things below each other; "grid-2" and "grid-3"; "split" for a wide and a
// narrow column, "split split-lead" with the narrow one first in the document, as the
// facts of a record are on a phone; "row" for things beside each other; "paper" for an
// invoice; "prose" for text.
//
// # Mounting
//
//	mux.Handle("GET "+ui.AssetPrefix, ui.Assets()) // /assets/…, immutable
//	mux.Handle("POST "+ui.ThemePath, ui.ThemeSwitch())
//
// The folder testdata/sample holds whole pages to copy from: dashboard, lists, details,
// forms, sign-in, set-up, invoice.
package ui
