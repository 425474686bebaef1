package admin

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

// costsAt is the page of what a registrar asks.
func costsAt(registrar string) string { return registrarsAt + "/" + registrar + "/costs" }

// costEditAt is the form of what a registrar asks for an extension.
func costEditAt(registrar, extension string, currency money.Currency) string {
	q := url.Values{"extension": {extension}}
	if currency != "" {
		q.Set("currency", string(currency))
	}
	return costsAt(registrar) + "/edit?" + q.Encode()
}

// costKinds are the operations that cost something, and the longest term of each.
var costKinds = []struct {
	kind         domainname.PriceKind
	title, about string
	most         int
}{
	{domainname.ForRegistration, "Register", "", 10},
	{domainname.ForTransfer, "Transfer", "", 2},
	{domainname.ForRenewal, "Renew", "", 10},
	{domainname.ForRestore, "Restore", "The registry's fee for a name in redemption.", 1},
}

// registrarCosts lists what a registrar asks today, by extension and currency, beside what the store takes.
func (a *area) registrarCosts(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	x, err := a.Registrars.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	costs, next, err := a.Domains.Costs(ctx, x.ID, cursor(r), perPage)
	if err != nil {
		return err
	}
	tlds, err := a.Domains.TLDs(ctx)
	if err != nil {
		return err
	}
	prices := map[string]domainname.Prices{}
	for _, t := range tlds {
		prices[t.Extension] = t.Prices
	}
	v := listView{Page: a.page(r, "Costs of "+x.Name, "registrars"), Head: ui.Head{Title: "What " + x.Name + " asks", Sub: "Today, for the shortest term of each operation. Margins, price updates “not below cost” and how far the balance reaches go by it; it blocks nothing."}}
	v.Crumbs = []ui.Crumb{{Label: "Registrars", Href: registrarsAt}, {Label: x.Name, Href: registrarsAt + "/" + x.ID}, {Label: "Costs"}}
	v.Head.More = &ui.Menu{Label: "CSV", Items: []ui.Button{{Label: "Export costs", Href: tldsAt + "/costs.csv", Icon: "download"}}}
	v.Table = ui.Table{Caption: "Costs", Columns: []ui.Column{
		{Label: "Extension"}, {Label: "Register", End: true}, {Label: "Transfer", End: true}, {Label: "Renew", End: true}, {Label: "Restore", End: true}, {Label: "List price", End: true}, {Label: "Margin", End: true}, {Label: "Source", Narrow: true},
	}, Empty: &ui.Empty{Art: "list", Title: "No costs are known", Text: "Enter them by extension, or import a table: without them nobody can say what a renewal earns, or until when the balance lasts."}}
	mayWrite := visitorOf(r).staff.Role.Can(staff.CatalogWrite)
	if mayWrite {
		enter := ui.Button{Label: "Enter costs", Href: costsAt(x.ID) + "/edit", Icon: "plus", Kind: ui.Primary}
		v.Head.Actions, v.Table.Empty.Action = []ui.Button{enter}, &enter
		v.Head.More.Items = append(v.Head.More.Items, ui.Button{Label: "Import costs", Href: tldsAt + "/import/costs", Icon: "upload"})
	}
	for _, group := range slices.CompactFunc(slices.Clone(costs), sameCostRow) {
		v.Table.Rows = append(v.Table.Rows, a.costRow(costs, group, prices[group.Extension], mayWrite))
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

// sameCostRow reports whether two costs stand in one row of the list.
func sameCostRow(x, y domainname.Cost) bool {
	return x.Extension == y.Extension && x.Money.Currency == y.Money.Currency
}

func (a *area) costRow(costs domainname.Costs, of domainname.Cost, prices domainname.Prices, mayWrite bool) ui.Row {
	today, currency := a.registryToday(), of.Money.Currency
	shortest := func(kind domainname.PriceKind) (domainname.Cost, bool) {
		for years := 1; years <= 10; years++ {
			if c, ok := costs.At(of.Extension, kind, years, currency, today); ok {
				return c, true
			}
		}
		return domainname.Cost{}, false
	}
	name := ui.Text("." + of.Extension).Bold()
	if mayWrite {
		name = name.To(costEditAt(of.RegistrarID, of.Extension, currency))
	}
	row := ui.Row{Cells: []ui.Cell{name}}
	source := of
	for _, k := range costKinds {
		c, ok := shortest(k.kind)
		if !ok {
			row.Cells = append(row.Cells, ui.Cell{})
			continue
		}
		cell := ui.Text(c.Money.Format("en"))
		if c.Years > 1 {
			cell.Sub = yearsText(c.Years)
		}
		row.Cells = append(row.Cells, cell)
		if c.ValidFrom.After(source.ValidFrom) || source.ValidFrom.After(today) {
			source = c
		}
	}
	renew, ok := shortest(domainname.ForRenewal)
	list, margin := ui.Cell{}, ui.Cell{}
	if p, priced := ownPrice(prices, layer{currency, ""}, domainname.ForRenewal, renew.Years, endOfDays); ok && priced && p.Amount != domainname.Disabled {
		price := money.New(p.Amount, currency)
		list, margin = ui.Text(price.Format("en")).With(everyText(renew.Years)), marginCell(price, renew.Money)
		if price.Amount < renew.Money.Amount {
			row.Tone = ui.Warn
		}
	}
	row.Cells = append(row.Cells, list, margin, ui.Text(ui.Clip(source.Source, 60)).With("since "+dateText(source.ValidFrom)))
	return row
}

// marginCell is what is left of a price, and how much of it that is.
func marginCell(price, cost money.Money) ui.Cell {
	c := ui.Text(difference(cost, price))
	if price.Amount > 0 {
		c.Sub = ui.Number(int((price.Amount-cost.Amount)*100/price.Amount)) + " % of the price"
	}
	return c
}

// costForm asks for what a registrar asks for one extension in one currency. What is typed is kept by field. Where it begins
// with the costs of an extension (typed["of"]), that and their currency were chosen before.
func costForm(x account.Account, typed map[string]string) ui.Form {
	currency, chosen := "", typed["of"] != ""
	if chosen {
		currency = typed["currency"]
	}
	f := ui.Form{Action: costsAt(x.ID), Submit: "Save costs", Cancel: costsAt(x.ID), Hidden: []ui.Hidden{{Name: "of", Value: typed["of"]}}, Sections: []ui.FormSection{{Title: "Which", Grid: true, Text: "What counted before stays in the table, so that old margins can be explained.", Fields: []ui.Field{
		{Name: "extension", Label: "Extension", Value: typed["extension"], Required: true, ReadOnly: chosen, Short: true, MaxLength: 63, Placeholder: "com", Autocomplete: "off"},
		{Name: "currency", Label: "Currency", Value: typed["currency"], Required: true, ReadOnly: chosen, Short: true, MaxLength: 3},
		{Kind: ui.InputDate, Name: "valid_from", Label: "From", Value: typed["valid_from"], Required: true, Short: true},
		{Name: "source", Label: "Source", Value: typed["source"], Optional: true, MaxLength: 1000, Hint: "Where this was read, such as a price list and its date"},
	}}}}
	for _, k := range costKinds {
		s := ui.FormSection{Title: k.title, Text: strings.TrimSpace(k.about + " Empty: as it is."), Grid: true}
		for years := 1; years <= k.most; years++ {
			name := priceField(k.kind, years)
			field := ui.Field{Name: name, Label: yearsText(years), Value: typed[name], Short: true, InputMode: "decimal", Suffix: currency}
			if k.kind == domainname.ForRestore {
				field.Label = "Fee"
			}
			s.Fields = append(s.Fields, field)
		}
		f.Sections = append(f.Sections, s)
	}
	return f
}

func (a *area) costPage(w http.ResponseWriter, r *http.Request, status int, x account.Account, typed, bad map[string]string, whole string) error {
	title, of := "Enter costs", typed["of"]
	if of != "" {
		title = "Costs of ." + of
	}
	v := formView{Page: a.page(r, title, "registrars"), Head: ui.Head{Title: title, Sub: "What " + x.Name + " asks the store."}, Form: ui.WithErrors(costForm(x, typed), bad, whole)}
	if of != "" {
		v.Filter = ui.Filter{
			Action: costsAt(x.ID) + "/edit", Hidden: []ui.Hidden{{Name: "extension", Value: of}},
			Selects: []ui.Select{{Label: "Currency", Name: "currency", Value: typed["currency"], Options: currencyOptions()}},
		}
	}
	v.Crumbs = []ui.Crumb{{Label: "Registrars", Href: registrarsAt}, {Label: x.Name, Href: registrarsAt + "/" + x.ID}, {Label: "Costs", Href: costsAt(x.ID)}, {Label: title}}
	return a.form(w, status, v)
}

func (a *area) costEdit(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	x, err := a.Registrars.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	st, err := a.Settings.Get(ctx)
	if err != nil {
		return err
	}
	extension, today := q.Get("extension"), a.registryToday()
	currency := cmp.Or(strings.ToUpper(q.Get("currency")), x.Settings["currency"], string(st.Currency))
	typed := map[string]string{"of": extension, "extension": extension, "currency": currency, "valid_from": today.String()}
	if extension != "" {
		costs, err := a.Domains.CostsFor(ctx, x.ID, extension)
		if err != nil {
			return err
		}
		for _, k := range costKinds {
			for years := 1; years <= k.most; years++ {
				if c, ok := costs.At(extension, k.kind, years, money.Currency(currency), today); ok {
					typed[priceField(k.kind, years)] = c.Money.Decimal()
				}
			}
		}
	}
	return a.costPage(w, r, http.StatusOK, x, typed, nil, "")
}

func (a *area) costSave(w http.ResponseWriter, r *http.Request) error {
	x, err := a.Registrars.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	bad, typed := map[string]string{}, map[string]string{}
	take := func(name string) string {
		typed[name] = strings.TrimSpace(r.PostFormValue(name))
		return typed[name]
	}
	take("of")
	extension, source := strings.TrimPrefix(strings.ToLower(take("extension")), "."), take("source")
	if typed["extension"] = extension; extension == "" {
		bad["extension"] = "is required"
	}
	currency, err := money.ParseCurrency(strings.ToUpper(take("currency")))
	if err != nil {
		bad["currency"] = "is not a current ISO 4217 code"
	}
	from, err := civil.Parse(take("valid_from"))
	if err != nil {
		bad["valid_from"] = "is not a date"
	}
	var costs domainname.Costs
	var fields []string // of costs
	for _, k := range costKinds {
		for years := 1; years <= k.most; years++ {
			name := priceField(k.kind, years)
			s := take(name)
			if s == "" || currency == "" {
				continue
			}
			m, err := money.ParseDecimal(s, currency)
			if err != nil || m.Amount < 0 {
				bad[name] = "is not an amount such as 9.25"
				continue
			}
			costs = append(costs, domainname.Cost{Extension: extension, Kind: k.kind, Years: years, Money: m, ValidFrom: from, Source: source})
			fields = append(fields, name)
		}
	}
	whole := ""
	if len(costs) == 0 && len(bad) == 0 {
		whole = "Enter a cost first."
	}
	if len(bad) == 0 && whole == "" {
		err := a.Domains.SetCosts(r.Context(), x.ID, costs)
		if err == nil {
			return done(w, r, costsAt(x.ID), "The costs of ."+extension+" were saved.")
		}
		wrong, about, ok := fieldErrors(err)
		if !ok {
			return err
		}
		bad, whole = tableErrors("costs", wrong, fields, "extension", "currency", "valid_from", "source"), about
	}
	return a.costPage(w, r, http.StatusUnprocessableEntity, x, typed, bad, whole)
}
