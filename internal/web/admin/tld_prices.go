package admin

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

var priceKinds = []domainname.PriceKind{domainname.ForRegistration, domainname.ForTransfer, domainname.ForRenewal}

var priceKindWords = map[domainname.PriceKind]string{domainname.ForRegistration: "Register", domainname.ForTransfer: "Transfer", domainname.ForRenewal: "Renew"}

// layer is the part of a price table that is in one currency and for one client group.
type layer struct {
	currency money.Currency
	group    string
}

func (l layer) label() string {
	return string(l.currency) + yesNo(l.group != "", ", group “"+l.group+"”", "")
}

// layersOf are the layers of a price table, general prices first.
func layersOf(prices domainname.Prices) []layer {
	var out []layer
	for _, p := range prices {
		if l := (layer{p.Currency, p.Group}); !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b layer) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.currency, b.currency))
	})
	return out
}

// endOfDays is a day on which every price counts that was left after today's were chosen.
var endOfDays = civil.Date{Year: 9999, Month: 12, Day: 31}

// ownPrice is the price that a layer itself has on a day; ok is false where it has none, or the group's was taken away.
func ownPrice(prices domainname.Prices, l layer, kind domainname.PriceKind, years int, day civil.Date) (at domainname.Price, ok bool) {
	for _, p := range prices {
		if p.Kind == kind && p.Years == years && p.Currency == l.currency && p.Group == l.group && !p.ValidFrom.After(day) && (!ok || p.ValidFrom.After(at.ValidFrom)) {
			at, ok = p, true
		}
	}
	return at, ok && !at.Unset
}

// pricesTableCard shows what counts today, by currency and group, with what the registrar asks below.
func pricesTableCard(costs domainname.Costs, t domainname.TLD, today civil.Date) card {
	c := card{Head: ui.CardHead{Title: "Prices", Text: "Today's, for each currency and client group. Ten years can be registered and never renewed."}}
	table := &ui.Table{
		ID: "prices", Caption: "Prices", Flush: true, Columns: []ui.Column{{Label: "For"}, {Label: "Term"}, {Label: "Register", End: true}, {Label: "Transfer", End: true}, {Label: "Renew", End: true}},
		Empty: &ui.Empty{Art: "list", Title: "No prices yet", Text: "Without prices nothing is on offer for its domains."},
	}
	prices, day := t.Prices, endOfDays // those of today
	for _, l := range layersOf(prices) {
		for years := 1; years <= 10; years++ {
			cells, priced, tone := []ui.Cell{ui.Text(l.label()), ui.Text(yearsText(years))}, false, ui.Tone("")
			for _, kind := range priceKinds {
				p, ok := ownPrice(prices, l, kind, years, day)
				priced = priced || ok
				switch {
				case !ok:
					cells = append(cells, ui.Cell{})
				case p.Amount == domainname.Disabled:
					cells = append(cells, ui.Text("Disabled"))
				default:
					cell := ui.Text(money.New(p.Amount, p.Currency).Format("en"))
					if c, known := costs.At(t.Extension, kind, years, p.Currency, today); known {
						cell.Sub = "costs " + c.Money.Format("en")
						if c.Money.Amount > p.Amount {
							tone = ui.Warn
						}
					}
					cells = append(cells, cell)
				}
			}
			if priced {
				table.Rows = append(table.Rows, ui.Row{Cells: cells, Tone: tone})
			}
		}
	}
	c.Table = table
	return c
}

// comingPricesCard shows the prices of days to come.
func comingPricesCard(coming domainname.Prices) card {
	table := &ui.Table{ID: "coming", Caption: "Prices to come", Flush: true, Columns: []ui.Column{{Label: "From"}, {Label: "For"}, {Label: "What"}, {Label: "Price", End: true}}}
	for _, p := range coming {
		amount := money.New(p.Amount, p.Currency).Format("en")
		switch {
		case p.Unset:
			amount = "None of its own"
		case p.Amount == domainname.Disabled:
			amount = "Disabled"
		}
		table.Rows = append(table.Rows, ui.Row{Cells: []ui.Cell{
			ui.Text("from " + dateText(p.ValidFrom)), ui.Text(layer{p.Currency, p.Group}.label()), ui.Text(priceKindWords[p.Kind] + ", " + yearsText(p.Years)), ui.Text(amount),
		}})
	}
	return card{Head: ui.CardHead{Title: "Prices to come", Count: len(coming)}, Table: table}
}

// priceTableForm asks for the prices of one layer, each term its own. The layer is chosen before: amounts that are shown as
// those of one are never saved as those of another. What is typed is kept by field.
func (a *area) priceTableForm(extension string, l layer, from string, typed map[string]string) ui.Form {
	base := tldsAt + "/" + extension
	f := ui.Form{Action: base + "/prices", Submit: "Save prices", Cancel: base, Sections: []ui.FormSection{{Title: "Which", Grid: true, Text: "A group's price counts for its customers where it has one.", Fields: []ui.Field{
		{Name: "currency", Label: "Currency", Value: string(l.currency), ReadOnly: true, Short: true, Hint: "Another one is chosen above"},
		{Name: "group", Label: "Client group", Value: l.group, ReadOnly: true, Short: true, Hint: "Empty: for everybody"},
		{Kind: ui.InputDate, Name: "valid_from", Label: "From", Value: from, Required: true, Short: true, Hint: "Open invoices and promised amounts stay as they are"},
	}}}}
	for _, kind := range priceKinds {
		s := ui.FormSection{Title: priceKindWords[kind], Text: "-1 disables a term. Empty leaves it as it is.", Grid: true}
		for years := 1; years <= 10; years++ {
			if kind == domainname.ForTransfer && years > 2 {
				break // transfers have the shortest term, which is one year or two
			}
			name := priceField(kind, years)
			field := ui.Field{Name: name, Label: priceKindWords[kind] + ", " + yearsText(years), Value: typed[name], Short: true, InputMode: "decimal", Suffix: string(l.currency)}
			if kind == domainname.ForRenewal && years == 10 {
				field.Hint = "Never renewed for ten years: whatever is entered is stored as -1"
			}
			s.Fields = append(s.Fields, field)
		}
		f.Sections = append(f.Sections, s)
	}
	return f
}

func priceField(kind domainname.PriceKind, years int) string {
	return string(kind) + "." + strconv.Itoa(years)
}

func (a *area) tldPrices(w http.ResponseWriter, r *http.Request) error {
	t, err := a.Domains.TLD(r.Context(), r.PathValue("tld"))
	if err != nil {
		return err
	}
	st, err := a.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	prices, err := a.Domains.Prices(r.Context(), t.Extension)
	if err != nil {
		return err
	}
	l := layer{money.Currency(strings.ToUpper(r.URL.Query().Get("currency"))), strings.TrimSpace(r.URL.Query().Get("group"))}
	if !l.currency.IsValid() {
		l.currency = st.Currency
	}
	today := civil.Of(a.Clock.Now(), st.TimeZone)
	typed := map[string]string{}
	for _, kind := range priceKinds {
		for years := 1; years <= 10; years++ {
			p, ok := ownPrice(prices, l, kind, years, today)
			switch {
			case !ok:
			case p.Amount == domainname.Disabled:
				typed[priceField(kind, years)] = "-1"
			default:
				typed[priceField(kind, years)] = money.New(p.Amount, p.Currency).Decimal()
			}
		}
	}
	return a.tldPricesPage(w, r, http.StatusOK, t.Extension, l, layersOf(prices), a.priceTableForm(t.Extension, l, today.String(), typed))
}

func (a *area) tldPricesPage(w http.ResponseWriter, r *http.Request, status int, extension string, l layer, layers []layer, f ui.Form) error {
	base := tldsAt + "/" + extension
	v := formView{Page: a.page(r, "Prices of ."+extension, "tlds"), Head: ui.Head{Title: "Prices of ." + extension, Sub: l.label()}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Extensions", Href: tldsAt}, {Label: "." + extension, Href: base}, {Label: "Prices"}}
	for _, other := range layers {
		if other != l {
			q := url.Values{"currency": {string(other.currency)}, "group": {other.group}}
			v.Head.Actions = append(v.Head.Actions, ui.Button{Label: other.label(), Href: base + "/prices?" + q.Encode()})
		}
	}
	v.Filter = ui.Filter{
		Action: base + "/prices", SearchLabel: "Client group", SearchName: "group", Search: l.group, Placeholder: "Client group: everybody",
		Selects: []ui.Select{{Label: "Currency", Name: "currency", Value: string(l.currency), Options: currencyOptions()}},
	}
	return a.form(w, status, v)
}

func currencyOptions() []ui.Option {
	var all []ui.Option
	for _, c := range money.Currencies() {
		all = append(all, ui.Option{Value: string(c), Label: string(c)})
	}
	return all
}

func (a *area) tldPricesSave(w http.ResponseWriter, r *http.Request) error {
	extension := r.PathValue("tld")
	l := layer{money.Currency(strings.ToUpper(strings.TrimSpace(r.PostFormValue("currency")))), strings.TrimSpace(r.PostFormValue("group"))}
	bad, typed := map[string]string{}, map[string]string{}
	from, err := civil.Parse(r.PostFormValue("valid_from"))
	if err != nil {
		bad["valid_from"] = "is not a date"
	}
	var rows domainname.Prices
	var fields []string // of rows
	for _, kind := range priceKinds {
		for years := 1; years <= 10; years++ {
			name := priceField(kind, years)
			s := strings.TrimSpace(r.PostFormValue(name))
			if typed[name] = s; s == "" {
				continue
			}
			p := domainname.Price{Extension: extension, Kind: kind, Years: years, Currency: l.currency, Group: l.group, Amount: domainname.Disabled, ValidFrom: from}
			if s != "-1" {
				m, err := money.ParseDecimal(s, l.currency)
				if err != nil || m.Amount < 0 {
					bad[name] = "is neither -1 nor an amount such as 12.00"
					continue
				}
				p.Amount = m.Amount
			}
			rows, fields = append(rows, p), append(fields, name)
		}
	}
	whole := ""
	if len(rows) == 0 && len(bad) == 0 {
		whole = "Enter a price first."
	}
	if len(bad) == 0 && whole == "" {
		var lost domainname.LostTerms
		if r.PostFormValue("sure") == "" {
			lost, err = a.Domains.PreviewPrices(r.Context(), extension, rows)
		}
		if err == nil && lost.Terms > 0 {
			return a.pricesPreview(w, r, extension, lost, typed)
		}
		if err == nil {
			var disabled domainname.Prices
			if disabled, err = a.Domains.SetPrices(r.Context(), rows); err == nil {
				return pricesSaved(w, r, extension, disabled)
			}
		}
		wrong, about, ok := fieldErrors(err)
		if !ok {
			return err
		}
		bad, whole = tableErrors("prices", wrong, fields, "currency", "group", "valid_from"), about
	}
	return a.tldPricesPage(w, r, http.StatusUnprocessableEntity, extension, l, nil, ui.WithErrors(a.priceTableForm(extension, l, r.PostFormValue("valid_from"), typed), bad, whole))
}

// pricesPreview shows which domains prices would leave without a term, before they are saved.
func (a *area) pricesPreview(w http.ResponseWriter, r *http.Request, extension string, lost domainname.LostTerms, typed map[string]string) error {
	base := tldsAt + "/" + extension
	v := sheetView{Page: a.page(r, "What the prices touch", "tlds"), Head: ui.Head{Title: "What they touch", Sub: "Prices of ." + extension + ". Nothing is saved yet."}}
	v.Crumbs = []ui.Crumb{{Label: "Extensions", Href: tldsAt}, {Label: "." + extension, Href: base}, {Label: "Prices", Href: base + "/prices"}, {Label: "What they touch"}}
	v.Callouts = []ui.Callout{lostTermsCallout(lost)}
	f := &ui.Form{Action: base + "/prices", Submit: "Save prices", Cancel: base, Stacked: true, Hidden: []ui.Hidden{{Name: "sure", Value: "1"}}}
	for _, name := range []string{"currency", "group", "valid_from"} {
		f.Hidden = append(f.Hidden, ui.Hidden{Name: name, Value: r.PostFormValue(name)})
	}
	for _, name := range slices.Sorted(maps.Keys(typed)) {
		f.Hidden = append(f.Hidden, ui.Hidden{Name: name, Value: typed[name]})
	}
	v.Full = []card{{Head: ui.CardHead{Title: "Save them all the same"}, Form: f}, lostTermsCard(lost)}
	return a.sheet(w, v)
}

func lostTermsCallout(lost domainname.LostTerms) ui.Callout {
	return ui.Callout{
		Tone: ui.Danger, Title: many(lost.Terms, "domain renews", "domains renew") + " by a term that has no price any more",
		Text: "No invoice can be made for them; staff get a task for each when it is due. Give them another term before.",
	}
}

// lostTermsCard are the domains that prices leave without a term.
func lostTermsCard(lost domainname.LostTerms) card {
	t := &ui.Table{ID: "touched", Caption: "Touched domains", Flush: true, Columns: []ui.Column{{Label: "Domain"}, {Label: "Renews by"}, {Label: "Next due"}}}
	for _, x := range lost.Touched {
		t.Rows = append(t.Rows, ui.Row{Tone: ui.Danger, Cells: []ui.Cell{nameCell(x.Name, x.DomainID), ui.Text(yearsText(x.Term)).With("not on offer any more"), dayCell(x.NextDue)}})
	}
	title := "Touched domains"
	if lost.Terms > len(t.Rows) {
		title += ", the first " + ui.Number(len(t.Rows))
	}
	return card{Head: ui.CardHead{Title: title, Count: lost.Terms}, Table: t}
}

// pricesSaved says that prices were saved, and which of them were disabled on the way.
func pricesSaved(w http.ResponseWriter, r *http.Request, extension string, disabled domainname.Prices) error {
	if len(disabled) == 0 {
		return done(w, r, tldsAt+"/"+extension, "The prices were saved.")
	}
	return say(w, r, tldsAt+"/"+extension, ui.Warn, "The prices were saved. The renewal for ten years was stored as -1: no domain is renewed for ten years, so it is disabled.")
}

// tableErrors puts the messages about rows of a table at the fields that they came from; those of shared fields stand once.
func tableErrors(table string, wrong map[string]string, fields []string, shared ...string) map[string]string {
	bad := map[string]string{}
	for name, m := range wrong {
		row, field, ok := strings.Cut(strings.TrimPrefix(name, table+"["), "].")
		i, err := strconv.Atoi(row)
		switch {
		case !ok || err != nil || i < 0 || i >= len(fields):
			bad[name] = m
		case slices.Contains(shared, field):
			bad[field] = m
		default:
			bad[fields[i]] = m
		}
	}
	return bad
}
