package adminapi

import (
	"cmp"
	"embed"
	"html/template"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

//go:embed pages/*.html
var docsPages embed.FS

// docsView is the readable page of the API, made from the OpenAPI document alone.
type docsView struct {
	ui.Page
	Head         ui.Head
	Introduction []template.HTML
	Groups       []docsGroup
	Schemas      []docsSchema
}

type docsGroup struct {
	ID, Name   string
	Operations []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Notes, Scope string
	Parameters, Body                        []docsField
	Codes                                   []string // of its own problems
	Request                                 string   // an example of it
	Answer                                  string   // the status of success
	Shape                                   docsType
	Example                                 string // of the answer
}

type docsSchema struct {
	ID, Name string
	Fields   []docsField
}

// docsField is a parameter or a member of an object.
type docsField struct {
	Name     string
	Where    string // of a parameter: path, query, header
	Type     docsType
	Required bool
	Notes    string
}

// docsType is the name of a type; Link is the schema that it leads to.
type docsType struct{ Name, Link string }

// serveDocs answers with the readable page. Like the document itself it needs no token.
func (a *API) serveDocs() http.Handler {
	pages, err := ui.Parse(docsPages, "pages/*.html")
	if err != nil {
		panic("adminapi: " + err.Error()) // the pages are part of the program
	}
	view := sync.OnceValue(a.docs)
	return web.PageHeaders(web.Handle(a.Log, renderProblem, func(w http.ResponseWriter, r *http.Request) error {
		v := view()
		v.Theme, v.Path = ui.ThemeOf(r), r.URL.Path
		return pages.Render(w, http.StatusOK, "docs", v)
	}))
}

func (a *API) docs() docsView {
	doc := a.huma.OpenAPI()
	d := &describer{registry: doc.Components.Schemas}
	v := docsView{
		Page: ui.Page{Face: ui.Public, Title: doc.Info.Title, Store: ui.Store{Name: "Keystead", HomeURL: "/admin"}},
		Head: ui.Head{Title: doc.Info.Title, Sub: "Version " + cmp.Or(doc.Info.Version, "of this build"), Actions: []ui.Button{{Label: "OpenAPI document", Href: Base + "/openapi.json", Icon: "download"}}},
	}
	for paragraph := range strings.SplitSeq(doc.Info.Description, "\n\n") {
		v.Introduction = append(v.Introduction, marked(paragraph))
	}
	for _, rt := range a.routes {
		at := slices.IndexFunc(v.Groups, func(g docsGroup) bool { return g.Name == rt.Tag })
		if at < 0 {
			at = len(v.Groups)
			v.Groups = append(v.Groups, docsGroup{ID: strings.ReplaceAll(strings.ToLower(rt.Tag), " ", "-"), Name: rt.Tag})
		}
		v.Groups[at].Operations = append(v.Groups[at].Operations, d.operation(rt))
	}
	schemas := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		if fields := d.fields(schemas[name]); len(fields) > 0 {
			v.Schemas = append(v.Schemas, docsSchema{ID: schemaID(name), Name: name, Fields: fields})
		}
	}
	return v
}

var codeSpan = regexp.MustCompile("`([^`]*)`")

// marked turns the code spans of a paragraph of ours into HTML.
func marked(s string) template.HTML {
	return template.HTML(codeSpan.ReplaceAllString(template.HTMLEscapeString(s), "<code>$1</code>")) //nolint:gosec // escaped
}

func schemaID(name string) string { return "schema-" + strings.ToLower(name) }

type describer struct{ registry huma.Registry }

func (d *describer) operation(rt *route) docsOperation {
	op := rt.operation
	o := docsOperation{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Notes: op.Description, Scope: rt.Scope}
	for _, p := range op.Parameters {
		f := docsField{Name: p.Name, Where: p.In, Required: p.Required, Notes: p.Description}
		if p.Schema != nil {
			f.Type, f.Notes = d.typeOf(p.Schema), notesOf(cmp.Or(p.Description, p.Schema.Description), p.Schema)
		}
		o.Parameters = append(o.Parameters, f)
	}
	if op.RequestBody != nil {
		if media := op.RequestBody.Content[mediaJSON]; media != nil {
			o.Body = d.fields(d.resolve(media.Schema))
		}
	}
	o.Request = curl(rt)
	o.Codes = rt.Codes
	for status, response := range op.Responses {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		o.Answer = status
		if media := response.Content[mediaJSON]; media != nil {
			o.Shape = d.typeOf(media.Schema)
			o.Example = indented(media.Example)
		}
	}
	return o
}

func (d *describer) resolve(s *huma.Schema) *huma.Schema {
	for s != nil && s.Ref != "" {
		s = d.registry.SchemaFromRef(s.Ref)
	}
	return s
}

func (d *describer) fields(s *huma.Schema) []docsField {
	var fields []docsField
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		of := s.Properties[name]
		fields = append(fields, docsField{
			Name: name, Type: d.typeOf(of), Required: slices.Contains(s.Required, name), Notes: notesOf(of.Description, of),
		})
	}
	return fields
}

// notesOf says what a value means and what it may be.
func notesOf(description string, s *huma.Schema) string {
	var parts []string
	if description != "" {
		parts = append(parts, description+".")
	}
	if len(s.Enum) > 0 {
		parts = append(parts, "One of "+words(s.Enum)+".")
	}
	return strings.Join(parts, " ")
}

func (d *describer) typeOf(s *huma.Schema) docsType {
	if s.Ref != "" {
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		return docsType{Name: name, Link: schemaID(name)}
	}
	if len(s.AnyOf) > 0 {
		t := d.typeOf(s.AnyOf[0])
		t.Name += " or null"
		return t
	}
	t := docsType{Name: s.Type}
	switch {
	case s.Type == huma.TypeArray:
		of := d.typeOf(s.Items)
		t = docsType{Name: "list of " + of.Name, Link: of.Link}
	case s.Format == "date-time":
		t.Name = "instant"
	case s.Type == huma.TypeString:
		t.Name = "text"
	case s.Type == "":
		t.Name = "anything"
	}
	if s.Nullable {
		t.Name += " or null"
	}
	return t
}
