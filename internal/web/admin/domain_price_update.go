package admin

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

const domainPricesAt = "/admin/domain-prices"

// mostUpdates is how many bulk updates the list shows, the latest ones.
const mostUpdates = 100

func (a *area) domainPriceList(w http.ResponseWriter, r *http.Request) error {
	updates, err := a.Domains.PriceUpdates(r.Context(), mostUpdates)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Price updates of domains", "domains"), Tabs: domainTabs("prices")}
	v.Head = ui.Head{Title: "Price updates", Sub: "Changes of what many domains renew for. Domains keep the price of their purchase until somebody changes it here."}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: "Price updates"}}
	add := ui.Button{Label: "New price update", Href: domainPricesAt + "/new", Kind: ui.Primary, Icon: "plus"}
	v.Table = ui.Table{
		Caption: "Price updates", Columns: []ui.Column{{Label: "What"}, {Label: "From"}, {Label: "State"}, {Label: "Domains", End: true}},
		Empty: &ui.Empty{Art: "list", Title: "No price updates", Text: "List prices never touch what was promised to a domain."},
	}
	if visitorOf(r).staff.Role.Can(staff.DomainsWrite) {
		v.Head.Actions, v.Table.Empty.Action = []ui.Button{add}, &add
	}
	for _, u := range updates {
		what := ui.Text(changeText(u.Change, u.Filter)).With(u.Reason).To(domainPricesAt + "/" + u.ID)
		count := ui.Count(u.Counts["planned"] + u.Counts["applied"] + u.Counts["undone"]).With(reachText(u))
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{what, ui.Text(dateText(u.StartsOn)), ui.Status(u.Status), count}})
	}
	return a.list(w, v)
}

// reachText says how far an update has come.
func reachText(u domainname.PriceUpdate) string {
	var parts []string
	switch u.Status {
	case "applied":
		parts = append(parts, "applied to "+ui.Number(u.Counts["applied"]))
	case "undone":
		parts = append(parts, ui.Number(u.Counts["undone"])+" undone, "+ui.Number(u.Counts["kept"])+" kept")
	default:
		parts = append(parts, ui.Number(u.Counts["planned"])+" to come")
	}
	if n := u.Counts["skipped"]; n > 0 {
		parts = append(parts, ui.Number(n)+" skipped")
	}
	return strings.Join(parts, ", ")
}

// changeText says what an update does, and to which domains.
func changeText(c domainname.PriceChange, f domainname.PriceFilter) string {
	s := "To the list price"
	switch c.Mode {
	case domainname.ByPercent:
		s = c.Value + " %"
	case domainname.ByDelta:
		s = "By " + c.Value + " " + string(f.Currency)
	case domainname.ToAmount:
		s = "To " + c.Value + " " + string(f.Currency)
	case domainname.ToList:
	}
	if f.Extension != "" {
		s += ", ." + f.Extension
	}
	if f.Term > 0 {
		s += ", " + yearsText(f.Term)
	}
	return s
}

// updateFields are the fields of the form, in which what was typed is carried on to the preview.
var updateFields = []string{
	"extension", "term", "currency", "group", "registrar_id", "status", "from", "to", "premium", "free", "mode", "value", "step", "floor", "ceiling", "not_below_cost",
	"starts_on", "notify", "notice_days", "reason",
}

// typedUpdate is the form of a price update as it was typed, by field.
type typedUpdate map[string]string

func updateTyped(r *http.Request) typedUpdate {
	t := typedUpdate{}
	for _, name := range updateFields {
		t[name] = strings.TrimSpace(r.PostFormValue(name))
	}
	t["currency"] = strings.ToUpper(t["currency"])
	return t
}

func (t typedUpdate) hidden() []ui.Hidden {
	var out []ui.Hidden
	for _, name := range updateFields {
		if t[name] != "" {
			out = append(out, ui.Hidden{Name: name, Value: t[name]})
		}
	}
	return out
}

// update reads what was typed; bad names what can't be read.
func (t typedUpdate) update() (u domainname.PriceUpdate, bad map[string]string) {
	bad = map[string]string{}
	f := &u.Filter
	*f = domainname.PriceFilter{
		Extension: t["extension"], Currency: money.Currency(t["currency"]), Group: t["group"], RegistrarID: t["registrar_id"], Status: domainname.Status(t["status"]),
		Premium: t["premium"] != "", Free: t["free"] != "",
	}
	if t["term"] != "" {
		f.Term = int(wholeNumber("term", t["term"], bad))
	}
	for field, to := range map[string]**int64{"from": &f.From, "to": &f.To} {
		if t[field] == "" {
			continue
		}
		m, err := money.ParseDecimal(t[field], f.Currency)
		switch {
		case f.Currency == "":
			bad["currency"] = "is required to choose by price"
		case err != nil:
			bad[field] = "is not an amount, such as 12.00"
		default:
			*to = &m.Amount
		}
	}
	u.Change = domainname.PriceChange{Mode: domainname.ChangeMode(t["mode"]), Value: t["value"], Step: t["step"], Floor: t["floor"], Ceiling: t["ceiling"], NotBelowCost: t["not_below_cost"] != ""}
	var err error
	if u.StartsOn, err = civil.Parse(t["starts_on"]); err != nil {
		bad["starts_on"] = "is not a date"
	}
	if t["notify"] != "" {
		n := int(wholeNumber("notice_days", t["notice_days"], bad))
		u.NoticeDays = &n
	}
	u.Reason = t["reason"]
	return u, bad
}

func (a *area) domainPriceNew(w http.ResponseWriter, r *http.Request) error {
	return a.domainPriceForm(w, r, http.StatusOK, typedUpdate{"mode": "list", "notify": "on", "notice_days": "30", "starts_on": a.registryToday().AddDays(31).String(), "extension": r.URL.Query().Get("extension")}, nil, "")
}

func (a *area) domainPriceForm(w http.ResponseWriter, r *http.Request, status int, t typedUpdate, bad map[string]string, whole string) error {
	extensions, err := a.extensionOptions(r)
	if err != nil {
		return err
	}
	registrars, _, err := a.registrarOptions(r)
	if err != nil {
		return err
	}
	amount := func(name, label, hint string) ui.Field {
		return ui.Field{Name: name, Label: label, Value: t[name], Optional: true, Short: true, InputMode: "decimal", Hint: hint}
	}
	v := formView{Page: a.page(r, "New price update", "domains"), Head: ui.Head{Title: "New price update", Sub: "What changes is shown to the cent before anything happens."}}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: "Price updates", Href: domainPricesAt}, {Label: "New"}}
	v.Form = ui.WithErrors(ui.Form{Action: domainPricesAt, Submit: "Show what changes", Cancel: domainPricesAt, Sections: []ui.FormSection{
		{Title: "Which domains", Text: "Those that match all of it.", Grid: true, Fields: []ui.Field{
			{Kind: ui.InputSelect, Name: "extension", Label: "Extension", Value: t["extension"], Options: extensions, Short: true},
			{Kind: ui.InputSelect, Name: "term", Label: "Term", Value: t["term"], Short: true, Options: append([]ui.Option{{Value: "", Label: "Any"}}, termOptions()[1:]...)},
			{Name: "currency", Label: "Currency", Value: t["currency"], Optional: true, Short: true, MaxLength: 3, Hint: "Needed wherever an amount is named"},
			{Name: "group", Label: "Client group", Value: t["group"], Optional: true, Short: true, MaxLength: 64},
			{Kind: ui.InputSelect, Name: "registrar_id", Label: "Registrar", Value: t["registrar_id"], Options: registrars, Short: true},
			{Kind: ui.InputSelect, Name: "status", Label: "Status", Value: t["status"], Options: options(domainStatuses()...), Short: true},
			amount("from", "Costs at least", ""), amount("to", "Costs at most", ""),
			{Kind: ui.InputCheckbox, Name: "premium", Label: "Premium names, too", Checked: t["premium"] != ""},
			{Kind: ui.InputCheckbox, Name: "free", Label: "Free domains, too", Checked: t["free"] != ""},
		}},
		{Title: "What changes", Grid: true, Fields: []ui.Field{
			{Kind: ui.InputSelect, Name: "mode", Label: "Change", Value: t["mode"], Options: []ui.Option{
				{Value: "list", Label: "To the list price of the day"}, {Value: "amount", Label: "To an amount"}, {Value: "percent", Label: "By a percentage"}, {Value: "delta", Label: "By an amount"},
			}},
			amount("value", "How much", "5 or -2.5 for a percentage, 1.50 or -1.50 for an amount"), amount("step", "Rounded to multiples of", "Such as 0.50"),
			amount("floor", "Not below", ""), amount("ceiling", "Not above", ""),
			{Kind: ui.InputSwitch, Name: "not_below_cost", Label: "Not below cost", Checked: t["not_below_cost"] != "", Hint: "Counts more than “not above”"},
		}},
		{Title: "When", Text: "Open invoices stay as they are. It can be undone for 90 days.", Fields: []ui.Field{
			{Kind: ui.InputDate, Name: "starts_on", Label: "From", Value: t["starts_on"], Required: true, Short: true},
			{Kind: ui.InputSwitch, Name: "notify", Label: "Write to the customers before", Checked: t["notify"] != "", Hint: "A domain whose customer was not told in time is left as it is, and listed"},
			{Kind: ui.InputNumber, Name: "notice_days", Label: "Days before", Value: t["notice_days"], Short: true, Min: "1", Max: "365"},
			{Name: "reason", Label: "Reason", Value: t["reason"], Required: true, MaxLength: 255, Hint: "For the audit log, and for the mail"},
		}},
	}}, bad, whole)
	return a.form(w, status, v)
}

// domainPricePreview shows what would change, and schedules it once that was seen.
func (a *area) domainPricePreview(w http.ResponseWriter, r *http.Request) error {
	if r.PostFormValue("as") == "csv" {
		return a.domainPricePreviewCSV(w, r)
	}
	typed := updateTyped(r)
	u, bad := typed.update()
	whole := ""
	if len(bad) == 0 {
		var err error
		if r.PostFormValue("sure") != "" {
			if u, err = a.Domains.SchedulePriceUpdate(r.Context(), u); err == nil {
				said := "The price update is scheduled."
				if u.Status == "planning" {
					said = "The price update is being written down: with so many domains that takes a minute or two."
				}
				return done(w, r, domainPricesAt+"/"+u.ID, said)
			}
		} else {
			var preview domainname.PricePreview
			if preview, err = a.Domains.PreviewPriceUpdate(r.Context(), u); err == nil {
				return a.domainPriceShown(w, r, u, preview, typed)
			}
		}
		var ok bool
		if bad, whole, ok = fieldErrors(err); !ok {
			return err
		}
	}
	return a.domainPriceForm(w, r, http.StatusUnprocessableEntity, typed, bad, whole)
}

func (a *area) domainPriceShown(w http.ResponseWriter, r *http.Request, u domainname.PriceUpdate, preview domainname.PricePreview, typed typedUpdate) error {
	v := sheetView{Page: a.page(r, "What changes", "domains"), Head: ui.Head{
		Title: many(preview.Changed, "domain will cost something else", "domains will cost something else"), Sub: "From " + dateText(u.StartsOn) + " on. Nothing is saved yet.",
	}}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: "Price updates", Href: domainPricesAt}, {Label: "New", Href: domainPricesAt + "/new"}, {Label: "What changes"}}
	totals := &ui.Table{ID: "totals", Caption: "In all", Flush: true, Columns: []ui.Column{{Label: "Currency"}, {Label: "Domains", End: true}, {Label: "Their terms", End: true}, {Label: "A month", End: true}, {Label: "A year", End: true}}}
	for _, t := range preview.Totals {
		totals.Rows = append(totals.Rows, ui.Row{Cells: []ui.Cell{ui.Text(string(t.Currency)), ui.Count(t.Domains), beforeAfter(t.Before, t.After), beforeAfter(t.MonthBefore, t.MonthAfter), beforeAfter(t.YearBefore, t.YearAfter)}})
	}
	cards := []card{{Head: ui.CardHead{Title: "In all", Text: many(preview.Same, "domain costs that already", "domains cost that already") + "."}, Table: totals}}
	if preview.Changed > 0 {
		f := &ui.Form{Action: domainPricesAt, Submit: "Schedule it", Cancel: domainPricesAt, Stacked: true, Hidden: append(typed.hidden(), ui.Hidden{Name: "sure", Value: "1"})}
		text := "It can be undone for 90 days. Until it is applied no other update can be planned for these domains."
		if u.NoticeDays != nil {
			text = "Customers are written to " + many(*u.NoticeDays, "day", "days") + " before, with the old and the new amount. " + text
		}
		cards = append([]card{{Head: ui.CardHead{Title: "Schedule", Text: text}, Form: f}}, cards...)
	}
	t := priceRowTable(preview.Rows)
	title := "Every domain"
	if len(preview.Rows) > shownRows {
		t.Rows = t.Rows[:shownRows]
		title = "The first " + ui.Number(shownRows)
	}
	c := card{Head: ui.CardHead{Title: title}, Table: &t}
	c.Head.Actions = []ui.Button{{Label: "All as CSV", Href: domainPricesAt, Post: true, Hidden: append(typed.hidden(), ui.Hidden{Name: "as", Value: "csv"}), Icon: "download", Small: true}}
	cards = append(cards, c)
	if len(preview.Refused) > 0 {
		t := priceRowTable(preview.Refused[:min(len(preview.Refused), shownRows)])
		t.ID, t.Caption = "refused", "Left as they are"
		cards = append(cards, card{Head: ui.CardHead{Title: "Left as they are", Text: "They have no such amount."}, Table: &t})
	}
	v.Full = cards
	return a.sheet(w, v)
}

// shownRows is how many domains of a preview are on the page; all of them are in its table.
const shownRows = 100

// beforeAfter shows an amount, and what it was.
func beforeAfter(before, after money.Money) ui.Cell {
	return ui.Text(after.Format("en")).With("now " + before.Format("en"))
}

// difference is by how much an amount changes, with its sign.
func difference(before, after money.Money) string {
	d := money.New(after.Amount-before.Amount, after.Currency)
	if d.Amount > 0 {
		return "+" + d.Format("en")
	}
	return d.Format("en")
}

func priceRowTable(rows []domainname.PriceUpdateRow) ui.Table {
	t := ui.Table{
		ID: "rows", Caption: "Domains", Flush: true, Columns: []ui.Column{{Label: "Domain"}, {Label: "Term"}, {Label: "State"}, {Label: "Old", End: true}, {Label: "New", End: true}, {Label: "Difference", End: true}},
		Empty: &ui.Empty{Art: "done", Title: "None"},
	}
	for _, x := range rows {
		state := ui.Status(x.State)
		state.Sub = detailText(x.Detail)
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			ui.Text(shownName(x.Name)).To(domainsAt + "/" + x.DomainID), ui.Text(yearsText(x.Term)), state, ui.Text(x.Before.Format("en")), ui.Text(x.After.Format("en")), ui.Text(difference(x.Before, x.After)),
		}})
	}
	return t
}

func detailText(detail string) string {
	switch detail {
	case "notice":
		return "the customer was not told in time"
	case "changed":
		return "somebody changed it meanwhile"
	}
	return detail
}

var priceRowHead = []string{"domain_id", "name", "customer_id", "term_years", "currency", "old", "new", "difference", "state", "detail"}

func priceRowCSV(x domainname.PriceUpdateRow) []string {
	return []string{
		x.DomainID, x.Name, x.CustomerID, strconv.Itoa(x.Term), string(x.Before.Currency), x.Before.Decimal(), x.After.Decimal(),
		money.New(x.After.Amount-x.Before.Amount, x.Before.Currency).Decimal(), x.State, detailText(x.Detail),
	}
}
