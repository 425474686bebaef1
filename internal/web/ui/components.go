package ui

import (
	"html/template"
	"net/url"
	"strings"
)

// Kind is the weight of a button.
type Kind string

// The weights. Plain is the usual one; a page has at most one Primary.
const (
	Plain     Kind = "plain"
	Primary   Kind = "primary"
	Quiet     Kind = "quiet"
	Dangerous Kind = "danger"
)

// Button is a link (Href), a form of its own (Href and Post), a question first (Href and
// Confirm), or the submit button of the form around it (neither).
type Button struct {
	Label       string
	Icon        string
	Kind        Kind
	Href        string
	Post        bool
	Hidden      []Hidden // sent with Post
	Confirm     *Confirm
	Name, Value string // of a submit button
	Form        string // id of the form it submits, if it stands outside
	Action      string // formaction of a submit button
	Disabled    bool
	Small       bool
	IconOnly    bool // Label is then the accessible name
	External    bool // opens elsewhere
}

// Hidden is a hidden form value.
type Hidden struct{ Name, Value string }

// Class is the class attribute.
func (b Button) Class() string {
	c := "btn"
	if b.Kind != "" {
		c += " btn-" + string(b.Kind)
	}
	if b.Small {
		c += " btn-small"
	}
	if b.IconOnly {
		c += " btn-icon"
	}
	return c
}

// Head is the heading of a page: what it shows, its state, and what can be done.
type Head struct {
	Title   string
	Mono    bool // the title is a key or a number
	Sub     string
	Meta    []Cell // small facts below the title
	Badges  []Badge
	Actions []Button
	More    *Menu
}

// Menu is a button that opens a list of further actions.
type Menu struct {
	Label string
	Items []Button
}

// Badge is a state in one or two words.
type Badge struct {
	Text string
	Tone Tone
}

// statusTones knows the states of every record that has one.
var statusTones = map[string]Tone{
	"active": Success, "valid": Success, "paid": Success, "completed": Success, "delivered": Success,
	"sent": Success, "succeeded": Success, "enabled": Success, "won": Success, "published": Success, "ok": Success, "done": Success,
	"fulfilled": Success, "live": Success, "issued": Success, "registered": Success, "captured": Success, "applied": Success,
	"confirmed": Success, "satisfied": Success,

	"open": Info, "trialing": Info, "trial": Info, "processing": Info, "running": Info, "queued": Info,
	"scheduled": Info, "authorized": Info, "new": Info, "test": Info, "renewing": Info, "invited": Info, "planned": Info, "planning": Info, "sending": Info,
	"arranged": Info, "submitted": Info,

	"suspended": Warn, "past_due": Warn, "overdue": Warn, "pending": Warn, "grace": Warn, "retrying": Warn,
	"unknown": Warn, "partially_paid": Warn, "partially_refunded": Warn, "disputed": Warn, "redemption": Warn,
	"on_hold": Warn, "waiting": Warn, "due": Warn, "needs_attention": Warn, "failing": Warn,
	"held": Warn, "pending_registration": Warn, "pending_transfer": Warn, "missed": Warn, "policy": Warn, "not_done": Warn,

	"revoked": Danger, "failed": Danger, "lost": Danger, "bounced": Danger, "refused": Danger, "rejected": Danger,
	"uncollectible": Danger, "error": Danger, "banned": Danger, "limit_reached": Danger,
	"attention": Danger, "another_date": Danger, "fraud": Danger, "our_fault": Danger, "not_ours": Danger,
}

// StatusBadge is the badge of a state by its stored name ("past_due"). A state it
// doesn't know is neutral: expired, cancelled, void, draft, refunded are over, not wrong.
func StatusBadge(status string) Badge {
	tone, ok := statusTones[status]
	if !ok {
		tone = Neutral
	}
	text := strings.ReplaceAll(status, "_", " ")
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return Badge{Text: text, Tone: tone}
}

// Stat is one number of a dashboard.
type Stat struct {
	Label string
	Value string
	Sub   string
	Href  string
	Delta *Delta
	Spark template.HTML // Sparkline
}

// Delta is a change against an earlier time.
type Delta struct {
	Text string // "12 %"
	Up   bool
	Bad  bool // churn that goes up
	Flat bool
	Than string // "than in the 30 days before"
}

// Tone tells whether the change is welcome.
func (d Delta) Tone() Tone {
	switch {
	case d.Flat:
		return Neutral
	case d.Bad:
		return Danger
	default:
		return Success
	}
}

// Cell is one value in a table or in details. What is set is shown: Badge, Usage, HTML
// or Text, with Sub below it.
type Cell struct {
	Text   string
	Sub    string
	Href   string
	HTML   template.HTML // from Reader.Ago, Sparkline, …
	Badge  *Badge
	Usage  *Usage
	Button *Button
	Avatar bool // initials before the text
	Mono   bool
	Strong bool
	Copy   bool // a copy button behind the text
}

// Text is a plain cell.
func Text(s string) Cell { return Cell{Text: s} }

// Mono is a cell for keys, numbers of invoices, identifiers.
func Mono(s string) Cell { return Cell{Text: s, Mono: true} }

// HTML is a cell for what this package rendered.
func HTML(h template.HTML) Cell { return Cell{HTML: h} }

// Count is a cell with a whole number.
func Count(n int) Cell { return Cell{Text: Number(n)} }

// Status is a cell with the badge of a state.
func Status(status string) Cell {
	b := StatusBadge(status)
	return Cell{Badge: &b}
}

// Person is a cell with initials, name and address.
func Person(name, email string) Cell {
	if name == "" {
		name, email = email, ""
	}
	return Cell{Text: name, Sub: email, Avatar: true}
}

// Used is a cell with a usage bar; limit 0 is unlimited.
func Used(used, limit int) Cell { return Cell{Usage: &Usage{Used: used, Limit: limit}} }

// Act is a cell with a button.
func Act(b Button) Cell {
	b.Small = true
	return Cell{Button: &b}
}

// To makes the cell a link.
func (c Cell) To(href string) Cell {
	c.Href = href
	return c
}

// With adds a second, quieter line.
func (c Cell) With(sub string) Cell {
	c.Sub = sub
	return c
}

// Bold makes the cell stand out.
func (c Cell) Bold() Cell {
	c.Strong = true
	return c
}

// Copyable adds a copy button.
func (c Cell) Copyable() Cell {
	c.Copy = true
	return c
}

// Empty reports that the cell shows nothing.
func (c Cell) Empty() bool {
	return c.Text == "" && c.Sub == "" && c.HTML == "" && c.Badge == nil && c.Usage == nil && c.Button == nil
}

// Address reports whether the cell shows an e-mail address: on a phone it has a line of its own, as it would break anywhere.
func (c Cell) Address() bool {
	address := func(s string) bool { return strings.Contains(s, "@") && !strings.Contains(s, " ") }
	return address(c.Text) || address(c.Sub)
}

// Column is the head of a table column.
type Column struct {
	Label    string
	End      bool   // numbers and money: aligned to the right
	SortHref string // the list in this column's order
	Sorted   string // "ascending", "descending" or ""
	Hidden   bool   // the label is for screen readers only
	Narrow   bool   // of less weight: left out where there is little room
	Wide     bool   // sentences: over the whole width of a phone
}

// Row is one record. The link of its first cell is the link of the row.
type Row struct {
	ID    string // value of its check box, in a table with Bulk
	Cells []Cell
	Tone  Tone // Warn and Danger mark the row
}

// Name is what the row is called: the text of its first cell.
func (r Row) Name() string {
	if len(r.Cells) == 0 {
		return ""
	}
	return r.Cells[0].Text
}

// Table is a list of records. On a phone every row turns into a card.
type Table struct {
	ID      string // needed for Bulk, and for two tables on one page
	Caption string // for screen readers
	Columns []Column
	Rows    []Row
	Empty   *Empty
	Bulk    *Bulk
	Totals  []Total // below the rows: an invoice
	Flush   bool    // inside a card: without a border of its own
}

// Total is one line of a sum.
type Total struct {
	Label, Value string
	Strong       bool
}

// Span is how many columns stand before the sum.
func (t Table) Span() int { return max(1, len(t.Columns)-1) }

// Bulk are acts on the chosen rows. Their IDs are sent as "id".
type Bulk struct {
	Action  string // URL of the preview
	Buttons []Button
}

// Filter is the bar above a list. It sends a GET; Hidden keeps what is no filter, like the order.
type Filter struct {
	Action      string
	SearchLabel string // empty: no search box
	SearchName  string
	Search      string
	Placeholder string
	Selects     []Select
	Hidden      []Hidden
	Chips       []Chip
	ClearHref   string
	Actions     []Button // CSV export
}

// Select is one choice of a filter.
type Select struct {
	Label, Name, Value string
	Options            []Option
}

// Option is one choice of a select or a radio group.
type Option struct {
	Value, Label string
	Hint         string // radio groups only
	Disabled     bool
}

// Chip is a filter in force.
type Chip struct{ Label, Value, RemoveHref string }

// Pager leads through a keyset-paged list.
type Pager struct {
	PrevHref, NextHref string
	Text               string // "1–50 of 12 480"
}

// Cursor is where the page of a list begins that u asks for; empty for the first.
func Cursor(u *url.URL) string { return u.Query().Get("after") }

// Paged leads from the page of a list at u to the next, which begins at next unless that is empty, and back to the
// first. first says on later pages where Previous leads.
func Paged(u *url.URL, next, first string) Pager {
	var p Pager
	if Cursor(u) != "" {
		p.PrevHref, p.Text = URLWith(u), first
	}
	if next != "" {
		p.NextHref = URLWith(u, "after", next)
	}
	return p
}

// Details are the facts of a record.
type Details struct {
	Items []Detail
	Wide  bool // two columns of facts
}

// Detail is one fact.
type Detail struct {
	Label  string
	Value  Cell
	Hint   string
	Action *Button
}

// Timeline is the story of a record, newest first.
type Timeline struct {
	Events   []Event
	Empty    string
	MoreHref string
}

// Event is one entry of a story.
type Event struct {
	When   template.HTML // Reader.Ago
	What   string
	Href   string
	Actor  string // "Ada Lovelace", "System", "API token ci"
	Icon   string
	Tone   Tone
	Before string
	After  string
	Why    string
}

// Usage is how much of a limit is used; Limit 0 is unlimited.
type Usage struct {
	Used, Limit int
	Unit        string // "activations"
}

// Tone warns of a limit that is reached.
func (u Usage) Tone() Tone {
	switch {
	case u.Limit == 0:
		return Neutral
	case u.Used > u.Limit:
		return Danger
	case u.Used == u.Limit:
		return Warn
	default:
		return Success
	}
}

// Shown is the length of the bar, which ends at the limit.
func (u Usage) Shown() int { return min(u.Used, u.Limit) }

// Empty stands where nothing is yet, and says what to do about it.
type Empty struct {
	Art    string // "key", "list", "search", "invoice", "globe", "box", "done"
	Title  string
	Text   string
	Action *Button
	Second *Button
}

// Callout is a remark in the page.
type Callout struct {
	Tone    Tone
	Title   string
	Text    string
	List    []string
	Actions []Button
}

// Key is a license key or another secret to copy.
type Key struct {
	Label string
	Value string
	Large bool
}

// Tab is one of several views of the same record; each is a page of its own.
type Tab struct {
	Label, Href string
	Current     bool
	Count       int
}

// Tabs are shown as links.
type Tabs struct {
	Label string // for screen readers
	Items []Tab
}

// Step is one stage of a wizard.
type Step struct {
	Label string
	State string // "done", "current" or ""
}

// Steps show the way through a wizard.
type Steps struct{ Items []Step }

// CardHead is the heading of a card.
type CardHead struct {
	Title   string
	Text    string
	Count   int
	Actions []Button
}

// Plan is one column of a plan table in the shop.
type Plan struct {
	Name, Text  string
	Price, Unit string // "€49", "per month"
	Note        string
	Features    []string
	Action      Button
	Highlight   string // "Most chosen"
}

// Confirm asks before an act that can't be undone: the consequence in words and numbers.
// It is shown as a dialog, or, without script, as a page.
type Confirm struct {
	ID      string // of the dialog; unique on its page
	Title   string
	Text    string
	Effects []string // "3 activations stop working at their next check"
	Fields  []Field  // a reason
	Hidden  []Hidden
	Action  string // receives a POST
	Label   string // of the button: the act, not "OK"
	Cancel  string // URL, for the page
	Tone    Tone   // Danger unless said otherwise
}

// Kind is that of the button.
func (c Confirm) Kind() Kind {
	if c.Tone == "" || c.Tone == Danger {
		return Dangerous
	}
	return Primary
}

// ConfirmPage is the view of the page "confirm".
type ConfirmPage struct {
	Page
	Confirm Confirm
}

// ErrorPage is the view of the page "error".
type ErrorPage struct {
	Page
	Status    int
	Heading   string
	Text      string
	RequestID string // what a person tells support
	Actions   []Button
}
