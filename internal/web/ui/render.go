package ui

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed templates/*.html
var templates embed.FS

// Pages are the parsed pages of one face. They are safe for concurrent use.
type Pages struct {
	set   *template.Template
	names []string
}

// prefix keeps the names of pages apart from those of components.
const prefix = "page:"

var funcs = template.FuncMap{
	"asset":    AssetURL,
	"icon":     Icon,
	"art":      art,
	"logo":     logo,
	"initials": initials,
	"tint":     tint,
	"badge":    StatusBadge,
	"number":   Number,
}

// Parse reads the page templates of a face. A page is known by the name of its file
// without the extension; files whose names begin with "_" only define blocks. The pages
// "confirm" and "error" are there for every face.
func Parse(files fs.FS, patterns ...string) (*Pages, error) {
	set := template.New("ui").Funcs(funcs)
	set, err := set.ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse components: %w", err)
	}
	p := &Pages{set: set, names: []string{"confirm", "error"}}
	for _, pattern := range patterns {
		found, err := fs.Glob(files, pattern)
		if err != nil {
			return nil, fmt.Errorf("page templates %s: %w", pattern, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("page templates %s: no such file", pattern)
		}
		for _, file := range found {
			text, err := fs.ReadFile(files, file)
			if err != nil {
				return nil, fmt.Errorf("page template: %w", err)
			}
			name := strings.TrimSuffix(path.Base(file), path.Ext(file))
			if set.Lookup(prefix+name) != nil {
				return nil, fmt.Errorf("page template %s: the name %s is taken", file, name)
			}
			if _, err := set.New(prefix + name).Parse(string(text)); err != nil {
				return nil, fmt.Errorf("page template %s: %w", file, err)
			}
			if !strings.HasPrefix(name, "_") {
				p.names = append(p.names, name)
			}
		}
	}
	// html/template checks the contexts of a template only when it is first executed.
	// Doing that here turns a broken page into an error at start.
	for _, name := range p.names {
		var broken *template.Error
		if err := set.ExecuteTemplate(io.Discard, prefix+name, nil); errors.As(err, &broken) {
			return nil, fmt.Errorf("page template %s: %w", name, err)
		}
	}
	return p, nil
}

// Names lists the pages, so that a test can render each of them.
func (p *Pages) Names() []string { return append([]string(nil), p.names...) }

// Render writes the page with the layout of its face. Nothing reaches w before the
// whole page is ready; an error returned from the template leaves w untouched.
func (p *Pages) Render(w http.ResponseWriter, status int, name string, view View) error {
	var b bytes.Buffer
	if err := p.Write(&b, name, view); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("send page %s: %w", name, err)
	}
	return nil
}

// Write renders the page into b.
func (p *Pages) Write(b *bytes.Buffer, name string, view View) error {
	if p.set.Lookup(prefix+name) == nil {
		return fmt.Errorf("page %s: no such template", name)
	}
	var content bytes.Buffer
	if err := p.set.ExecuteTemplate(&content, prefix+name, view); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	page := view.layout()
	layout := "layout_" + string(page.Face)
	if p.set.Lookup(layout) == nil {
		return fmt.Errorf("page %s: unknown face %q", name, page.Face)
	}
	//nolint:gosec // content was escaped by the same template set a moment ago
	if err := p.set.ExecuteTemplate(b, layout, shell{Page: page, Content: template.HTML(content.String())}); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	return nil
}
