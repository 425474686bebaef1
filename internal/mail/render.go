package mail

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	htmltemplate "html/template"
	"reflect"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
)

//go:embed templates
var files embed.FS

// Rendered is a mail as its reader sees it.
type Rendered struct {
	Subject string
	Text    string
	HTML    string
}

// The most that a mail may hold, so that no template fills the store.
const (
	longestSubject = 250 // characters
	largestBody    = 512 << 10
)

var (
	errTooLarge = errors.New("the mail is larger than 512 KiB")
	errNoSite   = errors.New("the store has no address (store.base_url), so that the link of this mail would lead nowhere")
)

// store is what every mail tells of the store.
type store struct {
	Name    string
	URL     string
	Address []string // its lines
}

// renderer makes mails of the templates and settings of one moment. It serves one goroutine.
type renderer struct {
	store    store
	language string // of who chose none
	zone     *time.Location
	custom   map[templateKey]source
	compiled map[compiledKey]compiled
}

// templateKey names a template.
type templateKey struct {
	kind     Kind
	language string
}

// compiledKey names a template as it speaks to the readers of a language.
type compiledKey struct {
	templateKey
	custom bool
	words  string
}

// source is a template as people write it.
type source struct{ subject, text, html string }

// compiled is a template that is ready for use.
type compiled struct {
	subject *texttemplate.Template
	text    *texttemplate.Template
	html    *htmltemplate.Template
}

func newRenderer(now *setting.Settings, custom map[templateKey]source) *renderer {
	s := store{Name: oneLine(now.StoreName), URL: now.BaseURL}
	if now.Address != "" {
		s.Address = strings.Split(now.Address, "\n")
	}
	return &renderer{store: s, language: now.Language, zone: now.TimeZone, custom: custom, compiled: map[compiledKey]compiled{}}
}

// render makes a mail from its data in JSON. A template of the store's own that fails for this mail gives way to the
// shipped one: better plain than lost.
func (r *renderer) render(k Kind, tag, data string) (Rendered, error) {
	info, ok := infoOf(k)
	if !ok {
		return Rendered{}, fmt.Errorf("this program knows no mails of the kind %s", k)
	}
	if info.Secret && r.store.URL == "" {
		return Rendered{}, errNoSite
	}
	into := reflect.New(reflect.TypeOf(info.Sample))
	if err := json.Unmarshal([]byte(data), into.Interface()); err != nil {
		return Rendered{}, fmt.Errorf("data of a mail of the kind %s: %w", k, err)
	}
	if tag == "" {
		tag = r.language
	}
	value := into.Elem().Interface()
	key, src, custom := r.find(k, tag)
	m, err := r.execute(key, src, custom, tag, value)
	if err != nil && custom {
		key, src = shippedFor(k, tag)
		m, err = r.execute(key, src, false, tag, value)
	}
	return m, err
}

// find returns the template for a language: the store's own or the shipped one of the tag, of its base, in English.
func (r *renderer) find(k Kind, tag string) (key templateKey, src source, custom bool) {
	for _, l := range []string{strings.ToLower(tag), baseOf(tag), "en"} {
		key = templateKey{k, l}
		if src, ok := r.custom[key]; ok {
			return key, src, true
		}
		if src, ok := shipped()[key]; ok {
			return key, src, false
		}
	}
	return key, source{}, false // every kind is shipped in English
}

func (r *renderer) execute(key templateKey, src source, custom bool, tag string, data any) (Rendered, error) {
	cached := compiledKey{key, custom, tag}
	if baseOf(key.language) != baseOf(tag) {
		// A template in English speaks to readers of another language; then its dates are English too.
		cached.words = key.language
	}
	c, ok := r.compiled[cached]
	if !ok {
		var err error
		if c, err = r.compile(src, cached.words); err != nil {
			return Rendered{}, err
		}
		r.compiled[cached] = c
	}
	var m Rendered
	for _, part := range []struct {
		name string
		into *string
		run  func(w *limited) error
	}{
		{"subject", &m.Subject, func(w *limited) error { return c.subject.Execute(w, data) }},
		{"text", &m.Text, func(w *limited) error { return c.text.Execute(w, data) }},
		{"html", &m.HTML, func(w *limited) error { return c.html.Execute(w, data) }},
	} {
		var w limited
		if err := part.run(&w); err != nil {
			return Rendered{}, &partError{part.name, err}
		}
		*part.into = strings.ToValidUTF8(w.String(), "\ufffd")
	}
	m.Subject = oneLine(m.Subject)
	if runes := []rune(m.Subject); len(runes) > longestSubject {
		m.Subject = string(runes[:longestSubject]) + "…"
	}
	m.Text = tidy(m.Text)
	return m, nil
}

// partError says which part of a template is at fault.
type partError struct {
	part string
	err  error
}

func (e *partError) Error() string { return e.part + ": " + e.err.Error() }
func (e *partError) Unwrap() error { return e.err }

func (r *renderer) compile(src source, tag string) (c compiled, err error) {
	plain, rich := r.functions(tag, false), r.functions(tag, true)
	if c.subject, err = texttemplate.New("subject").Funcs(plain).Parse(src.subject); err != nil {
		return c, &partError{"subject", err}
	}
	if c.text, err = texttemplate.New("text").Funcs(plain).Parse(src.text + textEnd); err != nil {
		return c, &partError{"text", err}
	}
	page, err := htmltemplate.New("layout").Funcs(rich).Parse(layout())
	if err == nil {
		_, err = page.New("body").Parse(src.html)
	}
	if err != nil {
		return c, &partError{"html", err}
	}
	c.html = page
	return c, nil
}

// textEnd follows every mail in plain text.
const textEnd = "\n\n-- \n{{store.Name}}{{range store.Address}}\n{{.}}{{end}}\n"

// functions are what templates can call. The same names make plain text or HTML.
func (r *renderer) functions(tag string, rich bool) map[string]any {
	l := wordsOf(tag)
	w := writer{r: r, l: l, tag: tag}
	f := map[string]any{
		"store":    func() store { return r.store },
		"language": func() string { return tag },
		"greeting": l.greeting,
		"date":     l.day,
		"month":    func(d civil.Date) string { return fmt.Sprintf("%02d/%d", int(d.Month), d.Year) },
		"at":       func(t time.Time) string { return l.moment(t, r.zone) },
		"money":    func(m money.Money) string { return m.Format(tag) },
		"price":    func(s Subscription) string { return l.price(s.Price, s.Cycle, tag) },
		"each":     func(m money.Money, c civil.Cycle) string { return l.price(m, c, tag) },
		"list":     l.list,
		"link":     r.link,
		"has":      has,
		"sum":      func(label string, m money.Money) sum { return sum{label, m, false} },
		"total":    func(label string, m money.Money) sum { return sum{label, m, true} },
		"button":   w.button, "lines": w.lines, "keys": w.keys, "notes": w.notes, "items": w.items,
	}
	if rich {
		f["button"], f["lines"], f["keys"], f["notes"], f["items"] = w.richButton, w.richLines, w.richKeys, w.richNotes, w.richItems
	}
	return f
}

// link makes a path of the store a whole address. What is neither a path nor an address leads nowhere.
func (r *renderer) link(to string) string {
	switch {
	case strings.HasPrefix(to, "https://"), strings.HasPrefix(to, "http://"):
		return to
	case strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && r.store.URL != "":
		return r.store.URL + to
	default:
		return ""
	}
}

// has reports whether there is something to say about v.
func has(v any) bool {
	switch v := v.(type) {
	case civil.Date:
		return !v.IsZero()
	case time.Time:
		return !v.IsZero()
	case money.Money:
		return v.Amount != 0
	default:
		value := reflect.ValueOf(v)
		return value.IsValid() && !value.IsZero() && (value.Kind() != reflect.Slice || value.Len() > 0)
	}
}

// writer writes what is more than a word.
type writer struct {
	r   *renderer
	l   language
	tag string
}

func (w writer) button(label, to string) string {
	if to = w.r.link(to); to == "" {
		return ""
	}
	return label + ":\n" + to
}

// sum is an amount below lines. One of zero is left out, unless it is the total.
type sum struct {
	label  string
	amount money.Money
	total  bool
}

func (s sum) says() bool { return s.total || s.amount.Amount != 0 }

func (w writer) lines(lines []Line, sums ...sum) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "- "+w.l.count+": %s\n", l.Quantity, oneLine(l.Description), l.Amount.Format(w.tag))
	}
	b.WriteString("\n")
	for _, s := range sums {
		if s.says() {
			fmt.Fprintf(&b, "%s: %s\n", s.label, s.amount.Format(w.tag))
		}
	}
	return b.String()
}

func (w writer) keys(licenses []License) string {
	var b strings.Builder
	for _, l := range licenses {
		fmt.Fprintf(&b, "%s\n    %s\n\n", w.about(l), l.Key)
	}
	return b.String()
}

// about is what stands over a key.
func (w writer) about(l License) string {
	s := oneLine(l.Product)
	if l.Plan != "" {
		s += " " + oneLine(l.Plan)
	}
	if !l.Until.IsZero() {
		s += ", " + fmt.Sprintf(w.l.until, w.l.day(l.Until))
	}
	return s
}

func (w writer) notes(s string) string { return s }

func (w writer) items(items []DigestItem) string {
	var b strings.Builder
	for _, i := range items {
		fmt.Fprintf(&b, "- "+w.l.count+"\n", i.Count, oneLine(i.Title))
		if to := w.r.link(i.Link); to != "" {
			fmt.Fprintf(&b, "  %s\n", to)
		}
	}
	return b.String()
}

// What follows makes HTML: every value is escaped here, as html/template trusts it.

func (w writer) richButton(label, to string) htmltemplate.HTML {
	if to = w.r.link(to); to == "" {
		return ""
	}
	return htmltemplate.HTML(`<p class="go"><a class="button" href="` + html.EscapeString(to) + `">` + html.EscapeString(label) + `</a></p>`)
}

func (w writer) richLines(lines []Line, sums ...sum) htmltemplate.HTML {
	if len(lines)+len(sums) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(`<table class="lines" role="presentation">`)
	for _, l := range lines {
		fmt.Fprintf(&b, `<tr><td>%s</td><td class="amount">%s</td></tr>`,
			html.EscapeString(fmt.Sprintf(w.l.count, l.Quantity, oneLine(l.Description))), html.EscapeString(l.Amount.Format(w.tag)))
	}
	for _, s := range sums {
		if !s.says() {
			continue
		}
		class := "sum"
		if s.total {
			class = "total"
		}
		fmt.Fprintf(&b, `<tr class="%s"><td>%s</td><td class="amount">%s</td></tr>`, class, html.EscapeString(s.label), html.EscapeString(s.amount.Format(w.tag)))
	}
	b.WriteString(`</table>`)
	return htmltemplate.HTML(b.String())
}

func (w writer) richKeys(licenses []License) htmltemplate.HTML {
	var b strings.Builder
	for _, l := range licenses {
		fmt.Fprintf(&b, `<p class="key">%s<br><code>%s</code></p>`, html.EscapeString(w.about(l)), html.EscapeString(l.Key))
	}
	return htmltemplate.HTML(b.String())
}

func (w writer) richNotes(s string) htmltemplate.HTML {
	if s == "" {
		return ""
	}
	return htmltemplate.HTML(`<p class="notes">` + strings.ReplaceAll(html.EscapeString(s), "\n", "<br>") + `</p>`)
}

func (w writer) richItems(items []DigestItem) htmltemplate.HTML {
	if len(items) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(`<table class="lines" role="presentation">`)
	for _, i := range items {
		title := html.EscapeString(oneLine(i.Title))
		if to := w.r.link(i.Link); to != "" {
			title = `<a href="` + html.EscapeString(to) + `">` + title + `</a>`
		}
		fmt.Fprintf(&b, `<tr><td>%s</td><td class="amount">%d</td></tr>`, title, i.Count)
	}
	b.WriteString(`</table>`)
	return htmltemplate.HTML(b.String())
}

// tidy leaves one empty line where conditions left several, and no space at the end of lines but that of "-- ".
func tidy(s string) string {
	var b strings.Builder
	empty := true
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		if line != "-- " {
			line = strings.TrimRight(line, " \t")
		}
		if line == "" && empty {
			continue
		}
		empty = line == ""
		b.WriteString(line + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// limited is a buffer that refuses to grow beyond the largest body.
type limited struct{ strings.Builder }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > largestBody {
		return 0, errTooLarge
	}
	return l.Builder.Write(p)
}
