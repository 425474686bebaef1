package shop

import (
	"net/http"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/registration"
	"github.com/keystead/keystead/internal/web/ui"
)

type domainPricesView struct {
	ui.Page
	Head  ui.Head
	Table ui.Table
	Notes []string
}

// domainPrices is the public table of what domains cost, late fees and restores included.
func (s *shop) domainPrices(w http.ResponseWriter, r *http.Request) error {
	if s.Domains == nil {
		return errNoPage
	}
	group, currency := pricedFor(r)
	rows, err := s.Domains.PriceTable(r.Context(), group, currency)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return errNoPage
	}
	v := domainPricesView{Page: s.page(w, r, "Prices of domains", "domains")}
	v.Head = ui.Head{Title: "What domains cost", Sub: "Today, by extension. A renewal after the end of a term may cost a late fee besides; a domain that was deleted can be restored for a while."}
	v.Table = ui.Table{Caption: "Prices of domains by extension", Columns: []ui.Column{
		{Label: "Extension"},
		{Label: "Registration", End: true},
		{Label: "Transfer", End: true},
		{Label: "Renewal", End: true},
		{Label: "Late renewal", End: true},
		{Label: "Restore", End: true},
	}}
	for _, row := range rows {
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			ui.Text("." + row.Shown), listCell(row.Register), listCell(row.Transfer), listCell(row.Renew),
			feeCell(row.GraceFee, row.GraceDays), feeCell(row.RestoreFee, row.RedemptionDays),
		}})
	}
	if v.Notes, err = s.domainNotes(r); err != nil {
		return err
	}
	v.Notes = append(v.Notes, "A restore costs the renewal besides.")
	return s.pages.Render(w, http.StatusOK, "domain_prices", v)
}

// listCell shows the shortest term, and how many there are.
func listCell(list domainname.List) ui.Cell {
	all := list.Years()
	if len(all) == 0 {
		return ui.Cell{}
	}
	sub := years(all[0])
	if last := all[len(all)-1]; last != all[0] {
		sub += ", up to " + years(last) + " for " + brief(list[last])
	}
	c := ui.Text(brief(list[all[0]]))
	c.Sub = sub
	return c
}

// feeCell shows a fee and for how many days that is possible.
func feeCell(f registration.Fee, days int) ui.Cell {
	if days == 0 {
		return ui.Cell{}
	}
	c := ui.Text("on request")
	switch {
	case f.Known && f.Money.Amount == 0:
		c = ui.Text("no fee")
	case f.Known:
		c = ui.Text(brief(f.Money) + " more")
	}
	c.Sub = "for " + counted(int64(days), "day")
	return c
}
