package adminapi

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestDocument(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		b.token = ""
		got := b.send("GET", "/openapi.json", nil)
		if got.Status != 200 || got.Header.Get("Content-Type") != "application/json" || got.Body["openapi"] != "3.1.0" {
			t.Fatalf("= %d %v %.200s", got.Status, got.Header, got.Raw)
		}
		schemas := got.Body["components"].(object)["schemas"].(object)
		// Every reference leads somewhere, and nothing of huma's own is left.
		var walk func(v any)
		walk = func(v any) {
			switch v := v.(type) {
			case object:
				if ref, ok := v["$ref"].(string); ok && schemas[strings.TrimPrefix(ref, "#/components/schemas/")] == nil {
					t.Errorf("%s leads nowhere", ref)
				}
				for _, of := range v {
					walk(of)
				}
			case []any:
				for _, of := range v {
					walk(of)
				}
			}
		}
		walk(got.Body)
		if strings.Contains(got.Raw, "ErrorModel") || strings.Contains(got.Raw, "$schema") {
			t.Error("something of huma's own is in the document")
		}
		paths := got.Body["paths"].(object)
		ids := map[string]bool{}
		operations := 0
		for _, of := range paths {
			operations += len(of.(object))
		}
		if operations != len(b.api.routes) {
			t.Errorf("%d operations, %d routes", operations, len(b.api.routes))
		}
		for _, rt := range b.api.routes {
			op, _ := paths[rt.Path].(object)[strings.ToLower(rt.Method)].(object)
			if op == nil {
				t.Errorf("%s is not in the document", rt.key())
				continue
			}
			if op["x-scope"] != rt.Scope || op["summary"] == "" || op["security"] == nil {
				t.Errorf("%s: %v", rt.key(), op)
			}
			if id := op["operationId"].(string); ids[id] {
				t.Errorf("%s: the id %s is taken", rt.key(), id)
			} else {
				ids[id] = true
			}
			if _, ok := op["responses"].(object)["default"]; !ok {
				t.Errorf("%s has no problem", rt.key())
			}
		}
	})
}

func TestReadablePage(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		w := httptest.NewRecorder()
		b.h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, Base+"/docs", nil))
		page := w.Body.String()
		if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("Content-Security-Policy") == "" {
			t.Fatalf("= %d %v %.300s", w.Code, w.Header(), page)
		}
		if regexp.MustCompile(`(src|href|action)="?(https?:)?//`).MatchString(page) {
			t.Error("the page leads outside")
		}
		for _, rt := range b.api.routes {
			if !strings.Contains(page, rt.Method+" "+rt.Path) || !strings.Contains(page, rt.Scope) {
				t.Errorf("%s is not on the page", rt.key())
			}
		}
		for name := range b.api.huma.OpenAPI().Components.Schemas.Map() {
			if strings.Contains(page, `href="#`+schemaID(name)+`"`) && !strings.Contains(page, `id="`+schemaID(name)+`"`) {
				t.Errorf("the link to %s leads nowhere", name)
			}
		}
	})
}

func TestDocumentMarshalsTheSame(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		first, err := json.Marshal(b.api.huma.OpenAPI())
		if err != nil {
			t.Fatal(err)
		}
		second, err := json.Marshal(New(b.api.Config).huma.OpenAPI())
		if err != nil || string(first) != string(second) {
			t.Errorf("two documents of one program differ: %v", err)
		}
	})
}

func TestExamplesAreWhatShapesTake(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace
		fits := func(rt *route, place string, example any) {
			t.Helper()
			if example == nil {
				t.Errorf("%s: no example of %s", rt.key(), place)
				return
			}
			raw, err := json.Marshal(example)
			if err != nil {
				t.Fatal(err)
			}
			place = "openapi.json#/paths/" + escape(rt.Path) + "/" + strings.ToLower(rt.Method) + place + "/content/" + escape(mediaJSON) + "/schema"
			schema, err := b.shapes.compiler.Compile(place)
			if err != nil {
				t.Fatal(err)
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); err != nil {
				t.Errorf("%s: %s\n%v", rt.key(), raw, err)
			}
		}
		for _, rt := range b.api.routes {
			if body := rt.operation.RequestBody; body != nil && body.Content[mediaJSON] != nil {
				fits(rt, "/requestBody", body.Content[mediaJSON].Example)
				raw, err := json.Marshal(body.Content[mediaJSON].Example)
				if err != nil {
					t.Fatal(err)
				}
				if err := rt.body.check(raw); err != nil {
					t.Errorf("%s refuses its own example %s: %v", rt.key(), raw, err)
				}
			}
			for status, response := range rt.operation.Responses {
				if media := response.Content[mediaJSON]; media != nil {
					fits(rt, "/responses/"+status, media.Example)
				}
			}
		}
	})
}

// A code that is described must be one that a room answers with.
func TestCodesAreThoseOfTheRooms(t *testing.T) {
	t.Parallel()
	var source strings.Builder
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(path, "adminapi") { // where they are described, only what it answers itself counts
			b = bytes.Join(regexp.MustCompile(`fail\.\w+\("\w+"`).FindAll(b, -1), nil)
		}
		source.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	one(t, func(b *bundle) {
		for _, rt := range b.api.routes {
			for _, code := range rt.Codes {
				if !strings.Contains(source.String(), `"`+code+`"`) {
					t.Errorf("%s: nobody answers with %s", rt.key(), code)
				}
			}
		}
	})
}

// The handbook leaves no operation out, and names none that does not exist.
func TestHandbookNamesEveryOperation(t *testing.T) {
	t.Parallel()
	handbook, err := os.ReadFile("../../../docs/admin-api.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, found := range regexp.MustCompile("`((?:GET|POST|PUT|PATCH|DELETE) /[^`? ]*)`").FindAllSubmatch(handbook, -1) {
		named[string(found[1])] = true
	}
	one(t, func(b *bundle) {
		for _, rt := range b.api.routes {
			if !named[rt.key()] {
				t.Errorf("docs/admin-api.md does not name %s", rt.key())
			}
			delete(named, rt.key())
		}
		for key := range named {
			t.Errorf("docs/admin-api.md names %s, which does not exist", key)
		}
	})
}
