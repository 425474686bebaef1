package admin

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

// settingGroups are the sections of the settings page by the first part of a name.
var settingGroups = []struct{ prefix, title, text string }{
	{"store", "Store", "Who you are, on pages and invoices."},
	{"billing", "Billing", "For invoices that are issued from now on."},
	{"shop", "Shop", "What customers agree to before they order."},
	{"tax", "Tax", "What is added to prices, or contained in them. Rates are entered under Taxes."},
	{"domains", "Domains", "How names are renewed, invoiced and read. What registrars and extensions need is set there."},
	{"licenses", "Licenses", "How money and licenses go together."},
	{"webhooks", "Webhooks", "What may be told of what happens here."},
	{"mail", "Mail", "How mails leave. The password of the mail server is set apart, and never shown."},
	{"limits", "Limits", "How often the license API may be called, and by whom."},
	{"compat", "Compatibility", "For software that was written for another server."},
	{"logs", "Logs", "How long things are kept."},
}

// wasSetting begins the names of the hidden fields that hold what the form showed.
const wasSetting = "was:"

func settingField(d setting.Definition, value any) ui.Field {
	f := ui.Field{Name: d.Name, Label: d.Label, Hint: d.Description, Value: settingText(value)}
	switch d.Type {
	case setting.Number:
		f.Kind, f.Short = ui.InputNumber, true
	case setting.Choice:
		f.Kind = ui.InputSelect
		for _, c := range d.Choices {
			f.Options = append(f.Options, ui.Option{Value: c, Label: c})
		}
	case setting.Lines:
		f.Kind, f.Rows = ui.InputTextarea, 4
	case setting.Networks, setting.Emails:
		f.Kind, f.Rows, f.Mono = ui.InputTextarea, 3, true
		f.Hint += " One a line."
	case setting.Switch:
		f.Kind, f.Short = ui.InputSelect, true
		f.Options = []ui.Option{{Value: "true", Label: "On"}, {Value: "false", Label: "Off"}}
	case setting.Days:
		f.Hint += " Numbers with commas between them."
	case setting.Map:
		f.Hint += " Written as annual: 30, monthly: 7."
	case setting.Rates:
		f.Kind, f.Rows, f.Mono = ui.InputTextarea, 3, true
		f.Hint += " One a line."
	case setting.Currency:
		f.Short = true
	case setting.Text, setting.Zone:
	}
	return f
}

// settingText is a value as it stands in a form field.
func settingText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []string:
		return strings.Join(v, "\n")
	case []int:
		words := make([]string, len(v))
		for i, n := range v {
			words[i] = strconv.Itoa(n)
		}
		return strings.Join(words, ", ")
	case map[string]int:
		var words []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			words = append(words, fmt.Sprintf("%s: %d", name, v[name]))
		}
		return strings.Join(words, ", ")
	case map[string]string:
		var rates []string
		for _, pair := range slices.Sorted(maps.Keys(v)) {
			rates = append(rates, pair+": "+v[pair])
		}
		return strings.Join(rates, "\n")
	default:
		return fmt.Sprint(v)
	}
}

// settingJSON turns what was typed into the value of a setting. Empty means the default.
func settingJSON(d setting.Definition, typed string) json.RawMessage {
	typed = strings.TrimSpace(strings.ReplaceAll(typed, "\r\n", "\n"))
	var v any = typed
	switch d.Type {
	case setting.Number:
		if typed == "" {
			return json.RawMessage("null")
		}
		if n, err := strconv.Atoi(typed); err == nil {
			v = n
		}
	case setting.Networks, setting.Emails:
		v = strings.Fields(typed)
	case setting.Switch:
		v = typed == "true"
	case setting.Days:
		v = numbers(typed)
	case setting.Map:
		v = numbersByName(typed)
	case setting.Rates:
		v = ratesByPair(typed)
	case setting.Text, setting.Lines, setting.Choice, setting.Zone, setting.Currency:
		if typed == "" {
			return json.RawMessage("null")
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null") // text, numbers and lists of text always marshal
	}
	return b
}

// numbers reads "1, 3, 5"; what is no list of numbers is returned as it is, for the setting to refuse.
func numbers(typed string) any {
	list := []int{}
	for _, word := range strings.FieldsFunc(typed, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		n, err := strconv.Atoi(word)
		if err != nil {
			return typed
		}
		list = append(list, n)
	}
	return list
}

// numbersByName reads "annual: 30, monthly: 7"; what is not that is returned as it is, for the setting to refuse.
func numbersByName(typed string) any {
	of := map[string]int{}
	for _, part := range strings.FieldsFunc(typed, func(r rune) bool { return r == ',' || r == '\n' }) {
		name, value, _ := strings.Cut(part, ":")
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil {
			return typed
		}
		of[strings.TrimSpace(name)] = n
	}
	return of
}

// ratesByPair reads "EUR/USD: 1.0842" a line; what is not that is refused by the setting.
func ratesByPair(typed string) map[string]string {
	of := map[string]string{}
	for line := range strings.Lines(typed) {
		if line = strings.TrimSpace(line); line != "" {
			pair, rate, _ := strings.Cut(line, ":")
			of[strings.TrimSpace(pair)] = strings.TrimSpace(rate)
		}
	}
	return of
}

// settingsForm shows values, by name; was is what the form showed when it was opened, which it sends along.
func (a *area) settingsForm(now *setting.Settings, value, was func(setting.Definition) string) ui.Form {
	f := ui.Form{Action: "/admin/settings", Submit: "Save settings"}
	for _, g := range settingGroups {
		section := ui.FormSection{Title: g.title, Text: g.text}
		for _, d := range setting.Definitions() {
			if strings.HasPrefix(d.Name, g.prefix+".") {
				field := settingField(d, value(d))
				if d.Type == setting.Rates && !now.RatesSince.IsZero() {
					field.Hint += " Changed last on " + now.RatesSince.In(now.TimeZone).Format("2 Jan 2006") + "."
				}
				section.Fields = append(section.Fields, field)
				f.Hidden = append(f.Hidden, ui.Hidden{Name: wasSetting + d.Name, Value: was(d)})
			}
		}
		f.Sections = append(f.Sections, section)
	}
	return f
}

func (a *area) settingsPage(w http.ResponseWriter, r *http.Request, status int, f ui.Form) error {
	return a.form(w, status, formView{Page: a.page(r, "Settings", "settings"), Head: ui.Head{Title: "Settings"}, Form: f})
}

func (a *area) settingsShow(w http.ResponseWriter, r *http.Request) error {
	stored, err := a.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	all := stored.All()
	if !visitorOf(r).staff.Role.Can(staff.SettingsWrite) {
		return a.settingsFacts(w, r, all)
	}
	now := func(d setting.Definition) string { return settingText(all[d.Name]) }
	return a.settingsPage(w, r, http.StatusOK, a.settingsForm(stored, now, now))
}

// settingsFacts shows the settings to those who may not change them.
func (a *area) settingsFacts(w http.ResponseWriter, r *http.Request, all map[string]any) error {
	v := sheetView{Page: a.page(r, "Settings", "settings"), Head: ui.Head{Title: "Settings", Sub: "Only an owner changes them."}}
	for _, g := range settingGroups {
		facts := &ui.Details{}
		for _, d := range setting.Definitions() {
			if strings.HasPrefix(d.Name, g.prefix+".") {
				facts.Items = append(facts.Items, ui.Detail{Label: d.Label, Value: ui.Text(settingText(all[d.Name]))})
			}
		}
		v.Left = append(v.Left, card{Head: ui.CardHead{Title: g.title, Text: g.text}, Details: facts})
	}
	return a.sheet(w, v)
}

func (a *area) settingsSave(w http.ResponseWriter, r *http.Request) error {
	stored, err := a.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	all := stored.All()
	typed := func(d setting.Definition) string { return unixLines(r.PostFormValue(d.Name)) }
	was := func(d setting.Definition) string {
		if !r.PostForm.Has(wasSetting + d.Name) {
			return settingText(all[d.Name])
		}
		return unixLines(r.PostFormValue(wasSetting + d.Name))
	}
	// Compared with what the form showed, and not with what a colleague has saved since, only what the person changed
	// is changed.
	values := map[string]json.RawMessage{}
	for _, d := range setting.Definitions() {
		if typed(d) != was(d) {
			values[d.Name] = settingJSON(d, typed(d))
		}
	}
	if _, err := a.Settings.Patch(r.Context(), values); err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return a.settingsPage(w, r, http.StatusUnprocessableEntity, ui.WithErrors(a.settingsForm(stored, typed, was), bad, whole))
	}
	return done(w, r, "/admin/settings", "The settings were saved.")
}
