package admin

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/reminder"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

const noticesAt = domainsAt + "/notices"

func noticeFilter(r *http.Request) reminder.Filter {
	q := r.URL.Query()
	f := reminder.Filter{DomainID: q.Get("domain_id"), BreachOnly: q.Get("breach") != "", Cursor: cursor(r), Limit: perPage}
	f.From, _ = civil.Parse(q.Get("from")) // one that is no date is none
	f.To, _ = civil.Parse(q.Get("to"))
	return f
}

// domainNotices lists the evidence of notices.
func (a *area) domainNotices(w http.ResponseWriter, r *http.Request) error {
	f := noticeFilter(r)
	found, next, err := a.Reminders.Notices(r.Context(), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Notices", "domains"), Tabs: domainTabs("notices"), Head: ui.Head{Title: "Notices", Sub: "What customers were told about the end of their terms, with evidence."}}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: "Notices"}}
	v.Head.Actions = []ui.Button{{Label: "Export CSV", Href: csvHref(r, noticesAt+".csv"), Icon: "download"}, {Label: "Rules", Href: noticesAt + "/rules", Icon: "settings"}}
	v.Filter = ui.Filter{
		Action: noticesAt, ClearHref: noticesAt,
		Selects: []ui.Select{{Label: "Which", Name: "breach", Value: r.URL.Query().Get("breach"), Options: []ui.Option{{Value: "", Label: "All"}, {Value: "1", Label: "Breaches only"}}}},
		Chips:   chips(r, chipName{"breach", "Which", func(string) string { return "Breaches only" }}, chipName{"domain_id", "Domain", func(id string) string { return a.nameOfDomain(r.Context(), id) }}, chipName{"from", "From", readDay}, chipName{"to", "To", readDay}),
	}
	for _, name := range []string{"domain_id", "from", "to"} {
		if value := r.URL.Query().Get(name); value != "" {
			v.Filter.Hidden = append(v.Filter.Hidden, ui.Hidden{Name: name, Value: value})
		}
	}
	v.Table = noticeTable(v.Page, found, true)
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func (a *area) domainNoticesCSV(w http.ResponseWriter, r *http.Request) error {
	f := noticeFilter(r)
	f.Cursor, f.Limit = "", 0
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="domain-notices.csv"`)
	if err := a.Reminders.Export(r.Context(), w, f); err != nil {
		w.Header().Del("Content-Disposition")
		return err
	}
	return nil
}

func noticeTable(p ui.Page, notices []reminder.Notice, withDomain bool) ui.Table {
	t := ui.Table{
		ID: "notices", Caption: "Notices", Columns: []ui.Column{{Label: "Domain"}, {Label: "Notice"}, {Label: "State"}, {Label: "To"}, {Label: "Term end"}, {Label: "Due", Narrow: true}, {Label: "Made"}},
		Empty: &ui.Empty{Art: "list", Title: "No notices", Text: "They are sent before and after the end of a term, as the rules say."},
	}
	if !withDomain {
		t.Columns = t.Columns[1:]
	}
	for _, n := range notices {
		what := ui.Text(ruleText(n.Anchor, n.Days))
		if n.MailID != "" {
			what = what.To("/admin/mail/" + n.MailID)
		}
		what = what.With(editionText(n))
		// What became of the mail says more than that there was one.
		state, row := ui.Status(cmp.Or(n.Delivery, n.State)), ui.Row{}
		if n.Breach {
			state = ui.Cell{Badge: &ui.Badge{Text: "Breach", Tone: ui.Danger}, Sub: statusText(cmp.Or(n.Delivery, n.State))}
			row.Tone = ui.Danger
		}
		cells := []ui.Cell{what, state, ui.Text(n.Recipient), dayCell(n.Term), dayCell(n.DueOn), ui.HTML(p.Ago(n.CreatedAt))}
		if withDomain {
			cells = slices.Insert(cells, 0, ui.Text(shownName(n.Name)).To(domainsAt+"/"+n.DomainID))
		}
		row.Cells = cells
		t.Rows = append(t.Rows, row)
	}
	return t
}

// nameOfDomain is what a domain is called, for a filter by its id; the id where there is none.
func (a *area) nameOfDomain(ctx context.Context, id string) string {
	d, err := a.Domains.ByID(ctx, id)
	if err != nil {
		return id
	}
	return d.Name.Unicode()
}

// readDay writes a day, or the UTC day of an instant, as people read it; what is neither stays as it is.
func readDay(s string) string {
	if d, err := civil.Parse(s); err == nil {
		return dateText(d)
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return dateText(domainname.RegistryDate(at))
	}
	return s
}

// editionText says in which language a notice was written, and by whose text.
func editionText(n reminder.Notice) string {
	if n.TemplateVersion == "shipped "+n.Language {
		return "shipped text, " + cmp.Or(languageNames[n.Language], n.Language)
	}
	return cmp.Or(n.TemplateVersion, n.Language)
}

// ruleText says when a notice is sent.
func ruleText(anchor domainname.Anchor, days int) string {
	from := "the term's end"
	if anchor == domainname.FromNextDue {
		from = "next due"
	}
	switch {
	case days < 0:
		return many(-days, "day", "days") + " before " + from
	case days > 0:
		return many(days, "day", "days") + " after " + from
	default:
		return "On the day of " + from
	}
}

// moreRules is how many empty rules the form has room for at a time.
const moreRules = 1

var recipientWords = []struct {
	to    reminder.Recipient
	label string
}{{reminder.ToAccount, "To the account's holder"}, {reminder.ToBilling, "To billing contacts"}, {reminder.ToRegistrant, "To the registrant"}}

// ruleFields are the fields of one rule.
func ruleFields(i int, typed map[string]string) ui.FormSection {
	name := func(field string) string { return fmt.Sprintf("rule.%d.%s", i, field) }
	title := "Another rule"
	if days, err := strconv.Atoi(typed[name("days")]); err == nil {
		title = ruleText(domainname.Anchor(typed[name("anchor")]), days)
	}
	s := ui.FormSection{Title: title, Grid: true, Fields: []ui.Field{
		{Name: name("days"), Label: "Days", Value: typed[name("days")], Short: true, Optional: true, InputMode: "numeric", Hint: "-30: before it, 3: after. Empty: no rule"},
		{Kind: ui.InputSelect, Name: name("anchor"), Label: "Counted from", Short: true, Value: cmp.Or(typed[name("anchor")], string(domainname.FromTermEnd)), Options: []ui.Option{{Value: "term_end", Label: "Term end"}, {Value: "next_due", Label: "Next due"}}},
		{Name: name("extension"), Label: "Extension", Value: typed[name("extension")], Short: true, Optional: true, Mono: true, MaxLength: 63, Hint: "Empty: all"},
	}}
	for _, x := range recipientWords {
		s.Fields = append(s.Fields, ui.Field{Kind: ui.InputCheckbox, Name: name("to." + string(x.to)), Label: x.label, Checked: typed[name("to."+string(x.to))] != ""})
	}
	s.Fields = append(s.Fields, ui.Field{Kind: ui.InputSwitch, Name: name("enabled"), Label: "In use", Checked: typed[name("enabled")] != ""})
	return s
}

func rulesTyped(rules []reminder.Rule) map[string]string {
	t := map[string]string{"count": strconv.Itoa(len(rules) + moreRules)}
	for i, x := range rules {
		at := fmt.Sprintf("rule.%d.", i)
		t[at+"id"], t[at+"version"], t[at+"days"], t[at+"anchor"], t[at+"extension"] = x.ID, strconv.FormatInt(x.Version, 10), strconv.Itoa(x.Days), string(x.Anchor), x.Extension
		t[at+"enabled"] = yesNo(x.Enabled, "on", "")
		for _, to := range x.Recipients {
			t[at+"to."+string(to)] = "on"
		}
	}
	for i := range moreRules {
		at := fmt.Sprintf("rule.%d.", len(rules)+i)
		t[at+"enabled"], t[at+"to."+string(reminder.ToAccount)] = "on", "on"
	}
	return t
}

func (a *area) noticeRules(w http.ResponseWriter, r *http.Request) error {
	rules, err := a.Reminders.Rules(r.Context())
	if err != nil {
		return err
	}
	if !visitorOf(r).staff.Role.Can(staff.DomainsWrite) {
		return a.noticeRulesShown(w, r, rules)
	}
	return a.noticeRulesPage(w, r, http.StatusOK, rules, rulesTyped(rules), nil, "")
}

// noticeRulesShown is the page of those who may only look.
func (a *area) noticeRulesShown(w http.ResponseWriter, r *http.Request, rules []reminder.Rule) error {
	v := listView{Page: a.page(r, "Rules of notices", "domains"), Head: ui.Head{Title: "Rules of notices"}, Callouts: uncoveredCallout(rules)}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: "Notices", Href: noticesAt}, {Label: "Rules"}}
	v.Table = ui.Table{Caption: "Rules", Columns: []ui.Column{{Label: "When"}, {Label: "Extension"}, {Label: "To"}, {Label: "State"}}}
	for _, x := range rules {
		var to []string
		for _, p := range x.Recipients {
			to = append(to, string(p))
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{ui.Text(ruleText(x.Anchor, x.Days)), ui.Text(cmp.Or(x.Extension, "All")), ui.Text(strings.Join(to, ", ")), ui.Text(yesNo(x.Enabled, "In use", "Off"))}})
	}
	return a.list(w, v)
}

// uncoveredCallout warns of spans in which ICANN asks for a notice and the schedule has none.
func uncoveredCallout(rules []reminder.Rule) []ui.Callout {
	plain := make([]domainname.NoticeRule, len(rules))
	for i, x := range rules {
		plain[i] = x.NoticeRule
	}
	spans := domainname.Uncovered(plain, "")
	if len(spans) == 0 {
		return nil
	}
	c := ui.Callout{Tone: ui.Danger, Title: "Generic extensions miss notices that ICANN asks for", Text: "Its policy (ERRP) wants one in each of these spans, counted from the end of the term."}
	for _, s := range spans {
		c.List = append(c.List, ruleText(domainname.FromTermEnd, s.From)+" to "+ruleText(domainname.FromTermEnd, s.To))
	}
	return []ui.Callout{c}
}

func (a *area) noticeRulesPage(w http.ResponseWriter, r *http.Request, status int, stored []reminder.Rule, typed map[string]string, bad map[string]string, whole string) error {
	v := formView{Page: a.page(r, "Rules of notices", "domains"), Head: ui.Head{Title: "Rules of notices", Sub: "Moving next due never moves those that count from the end of the term."}, Callouts: uncoveredCallout(stored)}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: "Notices", Href: noticesAt}, {Label: "Rules"}}
	f := ui.Form{Action: noticesAt + "/rules", Submit: "Save rules", Cancel: noticesAt, Hidden: []ui.Hidden{{Name: "count", Value: typed["count"]}}}
	count, _ := strconv.Atoi(typed["count"]) // what is no number was refused
	for i := range count {
		f.Sections = append(f.Sections, ruleFields(i, typed))
		for _, name := range []string{"id", "version"} {
			if value := typed[fmt.Sprintf("rule.%d.%s", i, name)]; value != "" {
				f.Hidden = append(f.Hidden, ui.Hidden{Name: fmt.Sprintf("rule.%d.%s", i, name), Value: value})
			}
		}
	}
	f.Sections = append(f.Sections, ui.FormSection{Title: "Override", Text: "For generic extensions ICANN asks for notices about a month and about a week before the end, and within five days after it.", Fields: []ui.Field{
		{Name: "override", Label: "Reason to leave one out", Value: typed["override"], Optional: true, MaxLength: 255, Hint: "It is recorded. Needed only for a schedule that leaves out what ICANN asks for"},
	}})
	v.Form = ui.WithErrors(f, bad, whole)
	return a.form(w, status, v)
}

// mostRules is how many rules the form takes.
const mostRules = 50

func (a *area) noticeRulesSave(w http.ResponseWriter, r *http.Request) error {
	typed, bad := map[string]string{}, map[string]string{}
	f := func(name string) string {
		typed[name] = strings.TrimSpace(r.PostFormValue(name))
		return typed[name]
	}
	count, err := strconv.Atoi(f("count"))
	if err != nil || count < 0 || count > mostRules {
		count = 0
		typed["count"] = "0"
	}
	var rules []reminder.Rule
	var rows []int // of the form, by rule
	for i := range count {
		at := fmt.Sprintf("rule.%d.", i)
		x := reminder.Rule{NoticeRule: domainname.NoticeRule{ID: f(at + "id"), Anchor: domainname.Anchor(f(at + "anchor")), Extension: strings.TrimPrefix(f(at+"extension"), "."), Enabled: f(at+"enabled") != ""}}
		x.Version, _ = strconv.ParseInt(f(at+"version"), 10, 64) // 0 compares nothing
		for _, p := range recipientWords {
			if f(at+"to."+string(p.to)) != "" {
				x.Recipients = append(x.Recipients, p.to)
			}
		}
		if f(at+"days") == "" {
			continue
		}
		x.Days = int(wholeNumber(at+"days", typed[at+"days"], bad))
		rules, rows = append(rules, x), append(rows, i)
	}
	whole, status := "", http.StatusUnprocessableEntity
	if len(bad) == 0 {
		_, err := a.Reminders.SetRules(r.Context(), rules, f("override"))
		if err == nil {
			return done(w, r, noticesAt+"/rules", "The rules were saved.")
		}
		if changedMeanwhile(err) {
			status = http.StatusConflict
		}
		wrong, about, ok := fieldErrors(err)
		if !ok {
			return err
		}
		bad, whole = ruleErrors(wrong, rows), about
	}
	return a.noticeRulesPage(w, r, status, rules, typed, bad, whole)
}

// ruleErrors puts the messages about rules at the fields of the rows that they came from.
func ruleErrors(wrong map[string]string, rows []int) map[string]string {
	bad := map[string]string{}
	for name, m := range wrong {
		row, field, ok := strings.Cut(strings.TrimPrefix(name, "rules["), "].")
		i, err := strconv.Atoi(row)
		if !ok || err != nil || i < 0 || i >= len(rows) {
			bad[name] = m
			continue
		}
		if field == "recipients" {
			field = "to." + string(reminder.ToAccount)
		}
		bad[fmt.Sprintf("rule.%d.%s", rows[i], field)] = m
	}
	return bad
}
