package ui_test

import (
	"fmt"
	"html/template"
	"math"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/document"
	"github.com/keystead/keystead/internal/web/ui"
)

// Whole pages as the faces write them. They are rendered by the tests, and they are what
// to copy from: each view below belongs to a file of testdata/sample.

var now = time.Date(2026, 11, 22, 9, 41, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

const day = 24 * time.Hour

func euro(v float64) string { return fmt.Sprintf("€%s", ui.Number(int(v))) }

func reader() ui.Reader {
	return ui.Reader{Now: now, Zone: time.FixedZone("CET", 3600), FormatMoney: func(a int64, c string) string {
		if c == "EUR" {
			return fmt.Sprintf("€%s.%02d", ui.Number(int(a/100)), a%100)
		}
		return fmt.Sprintf("%d.%02d %s", a/100, a%100, c)
	}}
}

func staffPage(title, section string) ui.Page {
	return ui.Page{
		Reader: reader(), Face: ui.Staff, Title: title, Section: section, Path: "/admin/" + section,
		Store:     ui.Store{Name: "Northwind Software", HomeURL: "/admin"},
		User:      &ui.User{Name: "Ada Lindqvist", Email: "ada@northwind.example", Role: "Owner", AccountURL: "/admin/me", SignOutURL: "/admin/sign-out"},
		SearchURL: "/admin/search",
		Nav: []ui.NavItem{
			{Section: "dashboard", Label: "Dashboard", Href: "/admin", Icon: "home"},
			{Section: "tasks", Label: "Needs a person", Href: "/admin/tasks", Icon: "bell", Count: 3, CountLabel: "open"},
			{Group: "Sales", Section: "customers", Label: "Customers", Href: "/admin/customers", Icon: "users"},
			{Group: "Sales", Section: "licenses", Label: "Licenses", Href: "/admin/licenses", Icon: "key"},
			{Group: "Sales", Section: "orders", Label: "Orders", Href: "/admin/orders", Icon: "cart"},
			{Group: "Sales", Section: "invoices", Label: "Invoices", Href: "/admin/invoices", Icon: "invoice"},
			{Group: "Sales", Section: "subscriptions", Label: "Subscriptions", Href: "/admin/subscriptions", Icon: "repeat"},
			{Group: "Sales", Section: "domains", Label: "Domains", Href: "/admin/domains", Icon: "globe"},
			{Group: "Sales", Section: "catalog", Label: "Catalog", Href: "/admin/catalog", Icon: "box"},
			{Group: "Operation", Section: "automation", Label: "Automation", Href: "/admin/automation", Icon: "clock"},
			{Group: "Operation", Section: "mail", Label: "Mail", Href: "/admin/mail", Icon: "mail"},
			{Group: "Operation", Section: "events", Label: "Events", Href: "/admin/events", Icon: "activity"},
			{Group: "Store", Section: "people", Label: "People and roles", Href: "/admin/people", Icon: "shield"},
			{Group: "Store", Section: "audit", Label: "Audit log", Href: "/admin/audit", Icon: "log"},
			{Group: "Store", Section: "settings", Label: "Settings", Href: "/admin/settings", Icon: "settings"},
		},
	}
}

func portalPage(title, section string) ui.Page {
	return ui.Page{
		Reader: reader(), Face: ui.Portal, Title: title, Section: section, Path: "/account/" + section,
		Store: ui.Store{Name: "Northwind Software", HomeURL: "/account"},
		User:  &ui.User{Name: "Marie Okafor", Email: "marie@brightloom.example", AccountURL: "/account/details", SignOutURL: "/account/sign-out"},
		Nav: []ui.NavItem{
			{Section: "licenses", Label: "Licenses", Href: "/account/licenses", Icon: "key"},
			{Section: "subscriptions", Label: "Subscriptions", Href: "/account/subscriptions", Icon: "repeat"},
			{Section: "invoices", Label: "Invoices", Href: "/account/invoices", Icon: "invoice", Count: 1, CountLabel: "to pay"},
			{Section: "domains", Label: "Domains", Href: "/account/domains", Icon: "globe"},
			{Section: "downloads", Label: "Downloads", Href: "/account/downloads", Icon: "download"},
			{Section: "details", Label: "Details", Href: "/account/details", Icon: "user"},
		},
		Footer: []ui.Link{{Label: "Imprint", Href: "/imprint"}, {Label: "Terms", Href: "/terms"}, {Label: "Privacy", Href: "/privacy"}},
	}
}

func authPage(title string) ui.Page {
	return ui.Page{
		Reader: reader(), Face: ui.Auth, Title: title, Path: "/sign-in",
		Store:  ui.Store{Name: "Northwind Software", HomeURL: "/"},
		Footer: []ui.Link{{Label: "Imprint", Href: "/imprint"}, {Label: "Privacy", Href: "/privacy"}},
	}
}

// wave is plausible daily business: weekly rhythm, slow growth, some noise.
func wave(n int, base, growth float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		x := float64(i)
		week := 1 + .28*math.Sin(x*2*math.Pi/7)
		noise := 1 + .16*math.Sin(x*1.7)*math.Cos(x*.37)
		out[i] = math.Round((base + growth*x) * week * noise)
	}
	return out
}

type dashboard struct {
	ui.Page
	Head         ui.Head
	Callouts     []ui.Callout
	Stats        []ui.Stat
	RevenueHead  ui.CardHead
	Revenue      template.HTML
	ProductsHead ui.CardHead
	Products     template.HTML
	TasksHead    ui.CardHead
	Tasks        ui.Table
	RenewalsHead ui.CardHead
	Renewals     ui.Table
	ChecksHead   ui.CardHead
	Checks       template.HTML
	StoryHead    ui.CardHead
	Story        ui.Timeline
}

func dashboardView() dashboard {
	v := dashboard{Page: staffPage("Dashboard", "dashboard")}
	v.TestMode = "Nothing here is charged, and mails go to the outbox only."
	v.Head = ui.Head{Title: "Dashboard", Sub: "Sunday, 22 November 2026", Actions: []ui.Button{
		{Label: "New order", Href: "/admin/orders/new", Kind: ui.Primary, Icon: "plus"},
	}}
	const before = "to the month before"
	v.Stats = []ui.Stat{
		{Label: "Revenue, 30 days", Value: "€48 210", Href: "/admin/invoices", Delta: &ui.Delta{Text: "12 %", Up: true, Than: before}, Spark: ui.Sparkline(wave(30, 1200, 18))},
		{Label: "Monthly recurring", Value: "€31 480", Delta: &ui.Delta{Text: "3.1 %", Up: true, Than: before}, Spark: ui.Sparkline(wave(30, 900, 40))},
		{Label: "Churn", Value: "1.8 %", Delta: &ui.Delta{Text: "0.4 points", Up: true, Bad: true, Than: before}, Spark: ui.Sparkline(wave(30, 20, .2))},
		{Label: "Active licenses", Value: "12 486", Href: "/admin/licenses?status=active", Delta: &ui.Delta{Text: "214 more", Up: true, Than: before}, Spark: ui.Sparkline(wave(30, 4000, 90))},
	}
	v.RevenueHead = ui.CardHead{Title: "Revenue", Text: "Paid invoices a day, without tax", Actions: []ui.Button{{Label: "Report", Href: "/admin/reports/revenue", Small: true}}}
	v.Revenue = ui.Area(ui.Chart{
		Title: "Revenue a day", Labels: ui.DayLabels(ago(29*day), 30), Format: euro,
		Series: []ui.Series{{Name: "Revenue", Values: wave(30, 1200, 18)}},
	})
	v.ProductsHead = ui.CardHead{Title: "By product", Text: "The same 30 days"}
	v.Products = ui.Donut("Revenue by product", []ui.Slice{
		{Name: "Gridworks Pro", Value: 23140},
		{Name: "Gridworks Team", Value: 14200},
		{Name: "Domains", Value: 6480},
		{Name: "Support packs", Value: 4390},
	}, euro)
	v.TasksHead = ui.CardHead{Title: "Needs a person", Count: 3}
	v.Tasks = ui.Table{
		Caption: "Things that need a person", Flush: true,
		Columns: []ui.Column{{Label: "What"}, {Label: "Since", End: true}},
		Rows: []ui.Row{
			{Tone: ui.Danger, Cells: []ui.Cell{ui.Text("Renewal of brightloom.example was refused").To("/admin/tasks/9").With("Registry: balance too low, last day 25 Nov"), ui.HTML(v.Ago(ago(2 * time.Hour)))}},
			{Tone: ui.Warn, Cells: []ui.Cell{ui.Text("Dispute over INV-2026-00871").To("/admin/tasks/8").With("Answer by 29 Nov, €249.00"), ui.HTML(v.Ago(ago(26 * time.Hour)))}},
			{Tone: ui.Warn, Cells: []ui.Cell{ui.Text("4 mails bounced").To("/admin/tasks/7").With("Two of them were renewal notices"), ui.HTML(v.Ago(ago(3 * day)))}},
		},
	}
	v.RenewalsHead = ui.CardHead{Title: "Renewals due", Text: "The next 14 days: 86 renewals, €9 842.00", Actions: []ui.Button{{Label: "All", Href: "/admin/automation/due", Small: true}}}
	due := func(what, who string, in time.Duration, status string, cents int64) ui.Row {
		return ui.Row{Cells: []ui.Cell{ui.Text(what).To("/admin/subscriptions/1").With(who), ui.Status(status), ui.HTML(v.Ago(now.Add(in))), ui.Text(v.Money(cents, "EUR"))}}
	}
	v.Renewals = ui.Table{
		Caption: "Renewals due", Flush: true,
		Columns: []ui.Column{{Label: "Subscription"}, {Label: "State"}, {Label: "Due"}, {Label: "Amount", End: true}},
		Rows: []ui.Row{
			due("Gridworks Pro, yearly", "Brightloom GmbH", 9*time.Hour, "active", 24900),
			due("Gridworks Team, monthly", "Halden & Sons", 32*time.Hour, "past_due", 4900),
			due("fjordkraft.example, 2 years", "Fjordkraft AS", 4*day, "active", 3180),
		},
	}
	checks := wave(24, 5200, 60)
	refused := wave(24, 120, 2)
	hours := make([]string, 24)
	for i := range hours {
		hours[i] = fmt.Sprintf("%02d:00", i)
	}
	v.ChecksHead = ui.CardHead{Title: "License checks", Text: "An hour, today"}
	v.Checks = ui.Bars(ui.Chart{Title: "License checks an hour", Labels: hours, Series: []ui.Series{{Name: "Valid", Values: checks}, {Name: "Refused", Values: refused}}})
	v.StoryHead = ui.CardHead{Title: "Latest events"}
	v.Story = ui.Timeline{MoreHref: "/admin/events", Events: []ui.Event{
		{What: "Invoice INV-2026-00912 paid", Icon: "check", Tone: ui.Success, Actor: "Stripe", When: v.Ago(ago(4 * time.Minute)), Href: "/admin/invoices/912"},
		{What: "License A1B2C3D4… suspended", Icon: "pause", Tone: ui.Warn, Actor: "Jonas Weber", When: v.Ago(ago(51 * time.Minute)), Before: "Active", After: "Suspended", Why: "Charged back, waiting for the customer's answer"},
		{What: "12 renewal invoices issued", Icon: "repeat", Actor: "Automation", When: v.Ago(ago(7 * time.Hour))},
	}}
	return v
}

type list struct {
	ui.Page
	Head   ui.Head
	Tabs   ui.Tabs
	Filter ui.Filter
	Table  ui.Table
	Pager  ui.Pager
}

func licenseListView() list {
	v := list{Page: staffPage("Licenses", "licenses")}
	v.Flash = []ui.Flash{{Kind: ui.Success, Text: "License A1B2C3D4-E5F6A7B8-C9D0E1F2-A3B4C5D6 was issued and mailed to marie@brightloom.example."}}
	v.Head = ui.Head{Title: "Licenses", Actions: []ui.Button{
		{Label: "Export CSV", Href: "/admin/licenses.csv", Icon: "download"},
		{Label: "Issue license", Href: "/admin/licenses/new", Kind: ui.Primary, Icon: "plus"},
	}}
	v.Filter = ui.Filter{
		Action: "/admin/licenses", SearchLabel: "Search licenses", SearchName: "q", Placeholder: "Key, customer, e-mail, identifier",
		Selects: []ui.Select{
			{Label: "Status", Name: "status", Value: "active", Options: []ui.Option{{Value: "", Label: "Any"}, {Value: "active", Label: "Active"}, {Value: "suspended", Label: "Suspended"}, {Value: "expired", Label: "Expired"}}},
			{Label: "Product", Name: "product", Options: []ui.Option{{Value: "", Label: "Any"}, {Value: "1", Label: "Gridworks Pro"}, {Value: "2", Label: "Gridworks Team"}}},
			{Label: "Type", Name: "type", Options: []ui.Option{{Value: "", Label: "Any"}, {Value: "leased", Label: "Leased"}, {Value: "purchased", Label: "Purchased"}}},
		},
		Chips:     []ui.Chip{{Label: "Status", Value: "Active", RemoveHref: "/admin/licenses?near=1"}, {Label: "Limit", Value: "80 % used or more", RemoveHref: "/admin/licenses?status=active"}},
		ClearHref: "/admin/licenses",
	}
	v.Table = ui.Table{
		ID: "licenses", Caption: "Licenses",
		Columns: []ui.Column{
			{Label: "Key"},
			{Label: "Customer", SortHref: "/admin/licenses?sort=customer"},
			{Label: "Product", Narrow: true},
			{Label: "Status"},
			{Label: "Activations"},
			{Label: "Expires", SortHref: "/admin/licenses?sort=-expires", Sorted: "ascending"},
			{Label: "Last seen", Narrow: true},
		},
		Bulk: &ui.Bulk{Action: "/admin/licenses/bulk", Buttons: []ui.Button{
			{Label: "Extend …", Name: "do", Value: "extend", Small: true}, {Label: "Suspend …", Name: "do", Value: "suspend", Small: true, Kind: ui.Dangerous},
		}},
	}
	people := [][2]string{{"Brightloom GmbH", "marie@brightloom.example"}, {"Halden & Sons", "it@halden.example"}, {"Fjordkraft AS", "drift@fjordkraft.example"}, {"Studio Caracol", "hola@caracol.example"}, {"Peregrine Labs", "ops@peregrine.example"}, {"Okonkwo Media", "chi@okonkwo.example"}, {"Tidewater Press", "admin@tidewater.example"}, {"Lumen Archive", "keys@lumen.example"}}
	states := []string{"active", "active", "suspended", "active", "expired", "active", "revoked", "active"}
	keys := []string{"A1B2C3D4-E5F6A7B8-C9D0E1F2-A3B4C5D6", "0F3D9E51-77A0C2B4-1D5E8F60-93B7A2C4", "5C77E0A2-18D4F96B-E3A05C81-7F2B4D96", "Owned-7fd563bdca", "D41A6B0E-92C3F587-06B1D8E4-A95C7F20", "3E8F50C7-D1A96B24-F07C5E83-1B4D92A6", "88C1F3E9-5A07D2B6-4E9F1C83-D06A75B2", "B60D2E97-C4F81A53-9D70E5B2-61F8A3C4"}
	for i, p := range people {
		seen := v.Ago(ago(time.Duration(i*i) * 7 * time.Hour))
		expires := v.Day(now.Add(time.Duration(20+i*31) * day))
		if i == 3 {
			expires = ""
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{ID: fmt.Sprint(i + 1), Cells: []ui.Cell{
			ui.Mono(short(keys[i])).To(fmt.Sprintf("/admin/licenses/%d", i+1)),
			ui.Person(p[0], p[1]),
			ui.Text([]string{"Gridworks Pro", "Gridworks Team"}[i%2]).With([]string{"Yearly", "Monthly", "Lifetime"}[i%3]),
			ui.Status(states[i]),
			ui.Used([]int{3, 5, 1, 212, 2, 6, 0, 24}[i], []int{5, 5, 3, 0, 10, 5, 5, 25}[i]),
			ui.HTML(expires),
			ui.HTML(seen),
		}})
	}
	v.Pager = ui.Pager{NextHref: "/admin/licenses?after=8", Text: "1–8 of 12 486"}
	return v
}

// short is how a long key is named where it needn't be copied.
func short(key string) string {
	if len(key) > 20 {
		return key[:17] + "…"
	}
	return key
}

type license struct {
	ui.Page
	Head            ui.Head
	Callouts        []ui.Callout
	Tabs            ui.Tabs
	Key             ui.Key
	Facts, Links    ui.Details
	LinksHead       ui.CardHead
	ActivationsHead ui.CardHead
	Activations     ui.Table
	ChecksHead      ui.CardHead
	Checks          template.HTML
	StoryHead       ui.CardHead
	Story           ui.Timeline
}

func licenseView() license {
	v := license{Page: staffPage("License 5C77E0A2", "licenses")}
	v.Crumbs = []ui.Crumb{{Label: "Licenses", Href: "/admin/licenses"}, {Label: "5C77E0A2"}}
	revoke := &ui.Confirm{
		ID: "revoke", Title: "Revoke this license?", Action: "/admin/licenses/3/revoke", Label: "Revoke license", Cancel: "/admin/licenses/3",
		Text:    "Fjordkraft AS loses the right to use Gridworks Pro. Nothing brings a revoked license back by itself.",
		Effects: []string{"2 activations stop working at their next check, the latest within 24 hours", "The yearly subscription ends, 1 open invoice over €249.00 becomes void", "fjordkraft.example keeps running: domains are not touched"},
		Fields:  []ui.Field{{Name: "reason", Label: "Reason", Hint: "Stands in the history; the customer doesn't see it.", Required: true, Scope: "revoke"}},
	}
	v.Head = ui.Head{
		Title: "5C77E0A2-18D4F96B-E3A05C81-7F2B4D96", Mono: true, Badges: []ui.Badge{ui.StatusBadge("suspended")},
		Meta: []ui.Cell{ui.Text("Fjordkraft AS").To("/admin/customers/3"), ui.Text("Gridworks Pro, yearly").To("/admin/catalog/1"), ui.HTML("Issued " + v.Day(ago(300*day)))},
		Actions: []ui.Button{
			{Label: "Lift hold", Href: "/admin/licenses/3/lift", Kind: ui.Primary, Icon: "play"},
			{Label: "Edit", Href: "/admin/licenses/3/edit", Icon: "edit"},
		},
		More: &ui.Menu{Items: []ui.Button{
			{Label: "Extend", Href: "/admin/licenses/3/extend", Icon: "calendar"},
			{Label: "Clear bindings", Href: "/admin/licenses/3/reissue", Post: true, Icon: "refresh"},
			{Label: "Revoke …", Href: "/admin/licenses/3/revoke", Kind: ui.Dangerous, Icon: "trash", Confirm: revoke},
		}},
	}
	v.Callouts = []ui.Callout{{Tone: ui.Warn, Title: "Suspended since yesterday: payment", Text: "The renewal of 8 November failed three times, the last time because the card had expired. The hold is lifted by itself when INV-2026-00871 is paid.", Actions: []ui.Button{{Label: "Open invoice", Href: "/admin/invoices/871", Small: true}, {Label: "Send reminder", Href: "/admin/invoices/871/remind", Post: true, Small: true}}}}
	v.Tabs = ui.Tabs{Label: "License", Items: []ui.Tab{
		{Label: "Overview", Href: "/admin/licenses/3", Current: true},
		{Label: "Checks", Href: "/admin/licenses/3/checks"},
		{Label: "Rejected attempts", Href: "/admin/licenses/3/rejected", Count: 4},
		{Label: "Entitlements", Href: "/admin/licenses/3/entitlements"},
		{Label: "History", Href: "/admin/licenses/3/history"},
	}}
	v.Key = ui.Key{Label: "License key", Value: "5C77E0A2-18D4F96B-E3A05C81-7F2B4D96"}
	v.Facts = ui.Details{Items: []ui.Detail{
		{Label: "Activations", Value: ui.Used(2, 3)},
		{Label: "Type", Value: ui.Text("Leased")},
		{Label: "Expires", Value: ui.HTML(v.Day(ago(14 * day))), Hint: "In the grace period until 22 November"},
		{Label: "Support until", Value: ui.Cell{}},
		{Label: "Last check", Value: ui.HTML(v.Ago(ago(12 * time.Minute)))},
		{Label: "Bound to", Value: ui.Mono("fjordkraft.example"), Action: &ui.Button{Label: "Edit", Href: "/admin/licenses/3/bindings", Small: true, Kind: ui.Quiet}},
	}}
	v.LinksHead = ui.CardHead{Title: "Belongs to"}
	v.Links = ui.Details{Items: []ui.Detail{
		{Label: "Customer", Value: ui.Person("Fjordkraft AS", "drift@fjordkraft.example").To("/admin/customers/3")},
		{Label: "Order", Value: ui.Mono("ORD-10418").To("/admin/orders/10418")},
		{Label: "Subscription", Value: ui.Text("Gridworks Pro, yearly").To("/admin/subscriptions/77").With("€249.00 a year, past due")},
	}}
	v.ActivationsHead = ui.CardHead{Title: "Activations", Count: 2, Actions: []ui.Button{{Label: "Add", Href: "/admin/licenses/3/activations/new", Small: true, Icon: "plus"}}}
	remove := func(id, place string) ui.Cell {
		return ui.Act(ui.Button{Label: "Remove", Kind: ui.Quiet, Href: "/admin/licenses/3/activations/" + id + "/remove", Confirm: &ui.Confirm{
			ID: "remove-" + id, Title: "Remove " + place + "?", Action: "/admin/licenses/3/activations/" + id + "/remove", Label: "Remove activation",
			Effects: []string{"The software there stops working at its next check, within 24 hours", "1 of 3 places becomes free"},
		}})
	}
	v.Activations = ui.Table{
		Caption: "Activations", Flush: true, ID: "activations",
		Columns: []ui.Column{{Label: "Place"}, {Label: "Activated"}, {Label: "Last seen"}, {Label: "Act", Hidden: true, End: true}},
		Rows: []ui.Row{
			{Cells: []ui.Cell{ui.Mono("fjordkraft.example").With("185.12.64.3, Norway"), ui.HTML(v.Day(ago(298 * day))), ui.HTML(v.Ago(ago(12 * time.Minute))), remove("1", "fjordkraft.example")}},
			{Cells: []ui.Cell{ui.Mono("staging.fjordkraft.example").With("185.12.64.9, Norway"), ui.HTML(v.Day(ago(120 * day))), ui.HTML(v.Ago(ago(9 * day))), remove("2", "staging.fjordkraft.example")}},
		},
	}
	v.ChecksHead = ui.CardHead{Title: "Checks", Text: "A day, the last 30 days"}
	v.Checks = ui.Line(ui.Chart{Title: "Checks a day", Labels: ui.DayLabels(ago(29*day), 30), Series: []ui.Series{{Name: "Checks", Values: wave(30, 48, .1)}}, Short: true})
	v.StoryHead = ui.CardHead{Title: "History"}
	v.Story = ui.Timeline{MoreHref: "/admin/licenses/3/history", Events: []ui.Event{
		{What: "Suspended", Icon: "pause", Tone: ui.Warn, Actor: "Automation", When: v.Ago(ago(26 * time.Hour)), Before: "Active", After: "Suspended, hold “payment”", Why: "Grace period of 14 days ended"},
		{What: "Limit changed", Icon: "edit", Actor: "Jonas Weber", When: v.Ago(ago(40 * day)), Before: "2 activations", After: "3 activations", Why: "Asked by phone, moves to a new host"},
		{What: "Activated on staging.fjordkraft.example", Icon: "server", Tone: ui.Info, Actor: "drift@fjordkraft.example", When: v.Ago(ago(120 * day))},
		{What: "License issued", Icon: "key", Tone: ui.Success, Actor: "System", When: v.Ago(ago(300 * day)), Href: "/admin/orders/10418"},
	}}
	return v
}

type formPage struct {
	ui.Page
	Head  ui.Head
	Steps ui.Steps
	Form  ui.Form
}

func licenseFormView() formPage {
	v := formPage{Page: staffPage("Issue license", "licenses")}
	v.Crumbs = []ui.Crumb{{Label: "Licenses", Href: "/admin/licenses"}, {Label: "Issue"}}
	v.Head = ui.Head{Title: "Issue a license", Sub: "A manual order is recorded with it, so that the books stay complete."}
	v.Form = ui.Form{
		Action: "/admin/licenses/new", Submit: "Issue license", Cancel: "/admin/licenses",
		Sections: []ui.FormSection{
			{Title: "For whom", Text: "The customer gets the key by mail as soon as the license is issued.", Fields: []ui.Field{
				{Name: "email", Kind: ui.InputEmail, Label: "Customer", Value: "marie@brightloom", Hint: "An address that isn't known yet becomes a new customer.", Error: "This is no complete e-mail address.", Required: true},
				{Name: "plan", Kind: ui.InputSelect, Label: "Plan", Value: "2", Options: []ui.Option{{Value: "1", Label: "Gridworks Pro, monthly"}, {Value: "2", Label: "Gridworks Pro, yearly"}}},
			}},
			{Title: "What it allows", Fields: []ui.Field{
				{Name: "limit", Kind: ui.InputNumber, Label: "Activations", Value: "5", Suffix: "domains", Hint: "0 is unlimited.", Short: true, Min: "0"},
				{Name: "price", Label: "Price", Value: "249.00", Prefix: "€", Short: true, InputMode: "decimal"},
				{Name: "kind", Kind: ui.InputRadio, Label: "Kind of order", Value: "free", Options: []ui.Option{{Value: "paid", Label: "Paid", Hint: "An invoice is issued and marked as paid by bank transfer."}, {Value: "free", Label: "Complimentary", Hint: "No invoice. Counts as active, not as revenue."}}},
				{Name: "notes", Kind: ui.InputTextarea, Label: "Note", Optional: true, Hint: "For staff only."},
				{Name: "mail", Kind: ui.InputSwitch, Label: "Mail the key to the customer", Checked: true, Hint: "Off for keys that are handed over in person."},
				{Name: "terms", Kind: ui.InputCheckbox, Label: "This is a test order", Hint: "Left out of every report."},
			}},
		},
	}
	return v
}

type signIn struct {
	ui.Page
	Form   ui.Form
	Others []struct{ Label, Icon, Action string }
}

func signInView() signIn {
	return signIn{
		Page: authPage("Sign in"),
		Form: ui.Form{Action: "/account/sign-in", Submit: "Sign in", Stacked: true, Sections: []ui.FormSection{{Fields: []ui.Field{
			{Name: "email", Kind: ui.InputEmail, Label: "E-mail", Autocomplete: "username webauthn", Required: true, Autofocus: true},
			{Name: "password", Kind: ui.InputPassword, Label: "Password", Autocomplete: "current-password", Required: true, Aside: &ui.Link{Label: "Forgotten?", Href: "/account/reset"}},
		}}}},
		Others: []struct{ Label, Icon, Action string }{
			{"Mail me a link", "mail", "/account/sign-in/link"},
			{"Use a passkey", "fingerprint", "/account/sign-in/passkey"},
		},
	}
}

func setupView() formPage {
	v := formPage{Page: authPage("Set up")}
	v.Store = ui.Store{}
	v.Footer = nil
	v.Wide = true
	v.Steps = ui.Steps{Items: []ui.Step{{Label: "Owner", State: "done"}, {Label: "Store", State: "current"}, {Label: "Payments"}, {Label: "First product"}}}
	v.Form = ui.Form{Action: "/setup/store", Submit: "Continue", Cancel: "/setup/owner", Back: true, Stacked: true, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Name: "name", Label: "Name of the store", Value: "Northwind Software", Required: true},
		{Name: "country", Kind: ui.InputSelect, Label: "Country", Value: "DE", Hint: "Decides which tax rules apply.", Options: []ui.Option{{Value: "DE", Label: "Germany"}, {Value: "NO", Label: "Norway"}}},
		{Name: "currency", Kind: ui.InputSelect, Label: "Currency", Value: "EUR", Short: true, Options: []ui.Option{{Value: "EUR", Label: "Euro (EUR)"}, {Value: "USD", Label: "US dollar (USD)"}}},
		{Name: "test", Kind: ui.InputSwitch, Label: "Start as a test store", Hint: "Nothing is charged, and the clock can be moved. Go live whenever you like.", Checked: true},
	}}}}
	return v
}

type portalLicenses struct {
	ui.Page
	Head     ui.Head
	Callouts []ui.Callout
	Licenses []portalLicense
	Empty    ui.Empty
}

type portalLicense struct {
	Head    ui.CardHead
	Key     ui.Key
	Facts   ui.Details
	Places  ui.Table
	Actions []ui.Button
}

func portalLicensesView() portalLicenses {
	v := portalLicenses{Page: portalPage("Licenses", "licenses")}
	v.Head = ui.Head{Title: "Your licenses", Sub: "Copy a key, move it to another place, or download the software."}
	v.Callouts = []ui.Callout{{Tone: ui.Warn, Title: "One license is suspended", Text: "The renewal of Gridworks Team could not be charged. Pay the open invoice and it works again at once.", Actions: []ui.Button{{Label: "Pay €49.00", Href: "/account/invoices/871/pay", Kind: ui.Primary, Small: true}}}}
	place := func(id, where string, seen time.Time) ui.Row {
		return ui.Row{Cells: []ui.Cell{ui.Mono(where), ui.HTML(v.Ago(seen)), ui.Act(ui.Button{Label: "Remove", Kind: ui.Quiet, Href: "/account/activations/" + id + "/remove", Confirm: &ui.Confirm{
			ID: "remove-" + id, Title: "Remove " + where + "?", Action: "/account/activations/" + id + "/remove", Label: "Remove", Effects: []string{"The software there stops within 24 hours", "One place becomes free"},
		}})}}
	}
	columns := []ui.Column{{Label: "Place"}, {Label: "Last seen"}, {Label: "Act", Hidden: true, End: true}}
	v.Licenses = []portalLicense{
		{
			Head: ui.CardHead{Title: "Gridworks Pro", Text: "Active, renews by itself on 14 March 2027 for €249.00", Actions: []ui.Button{{Label: "Download 4.2.1", Href: "/account/downloads/1", Icon: "download", Small: true}}},
			Key:  ui.Key{Value: "A1B2C3D4-E5F6A7B8-C9D0E1F2-A3B4C5D6", Large: true},
			Facts: ui.Details{Wide: true, Items: []ui.Detail{
				{Label: "Status", Value: ui.Status("active")},
				{Label: "Places", Value: ui.Used(2, 5)},
				{Label: "Runs until", Value: ui.HTML(v.Day(now.Add(112 * day)))},
				{Label: "Support", Value: ui.Text("Included")},
			}},
			Places: ui.Table{Caption: "Places of Gridworks Pro", Flush: true, Columns: columns, Rows: []ui.Row{place("11", "brightloom.example", ago(14*time.Minute)), place("12", "shop.brightloom.example", ago(31*time.Hour))}},
			Actions: []ui.Button{
				{Label: "Development license", Href: "/account/licenses/1/development", Icon: "code", Small: true},
				{Label: "Offline key file", Href: "/account/licenses/1/lease", Icon: "file", Small: true},
				{Label: "Cancel renewal", Href: "/account/subscriptions/4/cancel", Kind: ui.Quiet, Small: true},
			},
		},
		{
			Head: ui.CardHead{Title: "Gridworks Team", Text: "Suspended since yesterday, because the last renewal is not paid"},
			Key:  ui.Key{Value: "0F3D9E51-77A0C2B4-1D5E8F60-93B7A2C4", Large: true},
			Facts: ui.Details{Wide: true, Items: []ui.Detail{
				{Label: "Status", Value: ui.Status("suspended")}, {Label: "Places", Value: ui.Used(5, 5)},
			}},
			Places:  ui.Table{Caption: "Places of Gridworks Team", Flush: true, Columns: columns, Rows: []ui.Row{place("21", "team.brightloom.example", ago(2*time.Hour))}},
			Actions: []ui.Button{{Label: "Offline key file", Href: "/account/licenses/2/lease", Icon: "file", Small: true}},
		},
	}
	v.Empty = ui.Empty{Art: "key", Title: "No licenses yet", Text: "What you buy in the shop appears here a moment after the payment.", Action: &ui.Button{Label: "To the shop", Href: "/", Kind: ui.Primary}}
	return v
}

type invoicePage struct {
	ui.Page
	Head         ui.Head
	Callouts     []ui.Callout
	Paper        ui.Paper
	PaymentsHead ui.CardHead
	Payments     ui.Table
	StoryHead    ui.CardHead
	Story        ui.Timeline
}

func invoiceView() invoicePage {
	v := invoicePage{Page: portalPage("Invoice INV-2026-00871", "invoices")}
	v.Crumbs = []ui.Crumb{{Label: "Invoices", Href: "/account/invoices"}, {Label: "INV-2026-00871"}}
	v.Head = ui.Head{
		Title: "INV-2026-00871", Badges: []ui.Badge{ui.StatusBadge("open")},
		Meta:    []ui.Cell{ui.HTML("Issued " + v.Day(ago(14*day))), ui.HTML("Due " + v.Day(now.Add(2*day)))},
		Actions: []ui.Button{{Label: "PDF", Href: "/account/invoices/871.pdf", Icon: "download"}, {Label: "Pay €353.43", Href: "/account/invoices/871/pay", Kind: ui.Primary, Icon: "card"}},
	}
	v.Paper = ui.DocumentPaper(invoiceDocument().Sheet())
	v.PaymentsHead = ui.CardHead{Title: "Payments"}
	v.Payments = ui.Table{
		Caption: "Payments", Flush: true, Columns: []ui.Column{{Label: "How"}, {Label: "State"}, {Label: "Amount", End: true}},
		Rows: []ui.Row{{Cells: []ui.Cell{ui.Text("Visa ending in 4242").With("8 Nov 2026, the card had expired"), ui.Status("failed"), ui.Text("€353.43")}}},
	}
	v.StoryHead = ui.CardHead{Title: "History"}
	v.Story = ui.Timeline{Events: []ui.Event{
		{What: "Reminder sent", Icon: "mail", When: v.Ago(ago(2 * day)), Actor: "To marie@brightloom.example"},
		{What: "Issued", Icon: "invoice", Tone: ui.Info, When: v.Ago(ago(14 * day)), Actor: "Northwind Software"},
	}}
	return v
}

func invoiceDocument() document.Document {
	period := document.Period{Start: civil.On(2026, time.November, 22), End: civil.On(2027, time.November, 22)}
	return document.Document{
		Kind: document.Invoice, Number: "INV-2026-00871", Currency: "EUR", TaxMode: document.Exclusive,
		IssuedOn: civil.On(2026, time.November, 8), DueOn: civil.On(2026, time.November, 24),
		Seller: document.Party{Name: "Northwind Software GmbH", Address: "Lange Straße 4\n20095 Hamburg", Country: "DE", TaxID: "DE123456789"},
		Buyer:  document.Party{Name: "Marie Okafor", Company: "Brightloom GmbH", Address: "Kanalweg 12\n1010 Wien", Country: "AT", TaxID: "ATU12345678"},
		Lines: []document.Line{
			{Description: "Gridworks Pro, yearly", Period: period, Quantity: 1, UnitPrice: 24900, Amount: 24900, TaxCategory: "S", TaxRate: "19"},
			{Description: "brightloom.example, 2 years", Quantity: 1, UnitPrice: 4800, Amount: 4800, TaxCategory: "S", TaxRate: "19"},
		},
		Taxes: []document.Tax{{Category: "S", Rate: "19", Base: 29700, Tax: 5643}},
		Net:   29700, Tax: 5643, Total: 35343, Balance: 35343,
		Notes: "Thank you for your business.",
	}
}

type shopPage struct {
	ui.Page
	Head  ui.Head
	Plans []ui.Plan
}

func shopView() shopPage {
	p := portalPage("Gridworks", "shop")
	p.Face, p.User = ui.Public, nil
	p.Nav = []ui.NavItem{{Section: "shop", Label: "Products", Href: "/"}, {Section: "domains", Label: "Domains", Href: "/domains"}, {Section: "cart", Label: "Cart", Href: "/cart", Count: 1, CountLabel: "item"}, {Section: "account", Label: "Sign in", Href: "/account"}}
	return shopPage{
		Page: p,
		Head: ui.Head{Title: "Gridworks", Sub: "Scheduling for printing houses, on your own server. Every plan includes updates and support while it runs."},
		Plans: []ui.Plan{
			{Name: "Solo", Text: "One press, one person", Price: "€9", Unit: "a month", Note: "Billed monthly", Features: []string{"1 domain", "Job tickets", "Mail support"}, Action: ui.Button{Label: "Choose Solo", Href: "/cart?add=1"}},
			{Name: "Pro", Text: "For a house of some size", Price: "€249", Unit: "a year", Note: "€20.75 a month, billed yearly", Features: []string{"5 domains", "Job tickets and plate planning", "Answers within a working day", "Development license included"}, Action: ui.Button{Label: "Choose Pro", Href: "/cart?add=2", Kind: ui.Primary}, Highlight: "Most chosen"},
			{Name: "Team", Text: "Several houses, one plan", Price: "€49", Unit: "a month", Note: "Billed monthly", Features: []string{"25 domains", "Everything in Pro", "Single sign-on"}, Action: ui.Button{Label: "Choose Team", Href: "/cart?add=3"}},
		},
	}
}

func confirmView() ui.ConfirmPage {
	l := licenseView()
	return ui.ConfirmPage{Page: l.Page, Confirm: *l.Head.More.Items[2].Confirm}
}

func errorView() ui.ErrorPage {
	return ui.ErrorPage{
		Page: portalPage("Not found", ""), Status: 404, Heading: "There is nothing at this address",
		Text: "The link may be old, or the thing it led to belongs to another account.", RequestID: "01JD8Z6Q", Actions: []ui.Button{{Label: "Your licenses", Href: "/account/licenses", Kind: ui.Primary}},
	}
}

type sample struct {
	page string
	view ui.View
}

// samples are all pages under a name of their own.
func samples() map[string]sample {
	empty := list{Page: staffPage("Licenses", "licenses"), Head: ui.Head{Title: "Licenses"}, Filter: ui.Filter{Action: "/admin/licenses", SearchLabel: "Search licenses", SearchName: "q"}}
	empty.Table = ui.Table{Empty: &ui.Empty{Art: "key", Title: "No licenses yet", Text: "A paid order issues one by itself. You can also issue one by hand, for a customer who paid elsewhere.", Action: &ui.Button{Label: "Issue license", Href: "/admin/licenses/new", Kind: ui.Primary, Icon: "plus"}, Second: &ui.Button{Label: "Import keys", Href: "/admin/import"}}}
	acting := portalPage("Licenses", "licenses")
	acting.Acting = &ui.Acting{Customer: "Brightloom GmbH", StopURL: "/admin/acting/stop"}
	none := portalLicensesView()
	none.Page, none.Licenses, none.Callouts = acting, nil, nil
	return map[string]sample{
		"dashboard":       {"dashboard", dashboardView()},
		"licenses":        {"list", licenseListView()},
		"licenses-empty":  {"list", empty},
		"license":         {"license", licenseView()},
		"license-form":    {"form", licenseFormView()},
		"sign-in":         {"sign_in", signInView()},
		"setup":           {"setup", setupView()},
		"portal-licenses": {"portal_licenses", portalLicensesView()},
		"portal-empty":    {"portal_licenses", none},
		"invoice":         {"invoice", invoiceView()},
		"shop":            {"shop", shopView()},
		"confirm":         {"confirm", confirmView()},
		"error":           {"error", errorView()},
	}
}
