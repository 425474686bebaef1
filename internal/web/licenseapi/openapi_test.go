package licenseapi_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/keystead/keystead/internal/db/dbtest"
)

//go:embed openapi.json
var openAPI []byte

// openAPIDocument holds the document and the schemas that were compiled from it.
type openAPIDocument struct {
	root     map[string]any
	compiler *jsonschema.Compiler
	mu       sync.Mutex
}

const documentURL = "https://keystead.test/openapi.json"

var document = func() *openAPIDocument {
	d := &openAPIDocument{compiler: jsonschema.NewCompiler()}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(openAPI))
	if err != nil {
		panic(err)
	}
	d.root, _ = doc.(map[string]any)
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(documentURL, doc); err != nil {
		panic(err)
	}
	return d
}()

// at finds what a path of members leads to, through references.
func (d *openAPIDocument) at(names ...string) (any, []string) {
	var node any = d.root
	var at []string
	for _, n := range names {
		m, _ := node.(map[string]any)
		node = m[n]
		at = append(at, n)
		if target, _ := node.(map[string]any); target["$ref"] != nil {
			ref, _ := target["$ref"].(string)
			at = strings.Split(strings.TrimPrefix(ref, "#/"), "/")
			node, at = d.at(at...)
		}
	}
	return node, at
}

func (d *openAPIDocument) schema(names []string) (*jsonschema.Schema, error) {
	var p strings.Builder
	for _, n := range names {
		p.WriteString("/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(n)))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.compiler.Compile(documentURL + "#" + p.String())
}

// check holds an answer against the document.
func (d *openAPIDocument) check(t *testing.T, path, method string, status int, media string, body []byte) {
	t.Helper()
	code := strconv.Itoa(status)
	if found, _ := d.at("paths", path, method); found == nil {
		method = "get" // 405 is documented with the methods that exist
		if found, _ := d.at("paths", path, method); found == nil {
			method = "post"
		}
	}
	response, at := d.at("paths", path, method, "responses", code)
	if response == nil {
		t.Errorf("%s %s: the document knows no answer %d: %s", method, path, status, body)
		return
	}
	members, _ := response.(map[string]any)
	content, _ := members["content"].(map[string]any)
	if content == nil {
		if len(body) > 0 {
			t.Errorf("%s %s: %d should have no body, has %q", method, path, status, body)
		}
		return
	}
	form, documented := content[media].(map[string]any)
	if !documented {
		t.Errorf("%s %s: %d is %s, the document knows %v", method, path, status, media, content)
		return
	}
	if form["schema"] == nil || media != "application/json" {
		return
	}
	schema, err := d.schema(append(slices.Clone(at), "content", media, "schema"))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Errorf("%s %s: %d: %v: %q", method, path, status, err, body)
		return
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s %s: %d does not fit the document: %v\n%s", method, path, status, err, body)
	}
}

func TestOpenAPIIsServed(t *testing.T) {
	t.Parallel()
	sh := openShop(t, dbtest.SQLite(t))
	c := caller{shop: sh, ip: "203.0.113.1"}
	a := c.do(t, http.MethodGet, "/api/openapi.json", nil, nil)
	if a.status != 200 || a.header.Get("Content-Type") != "application/json" || !bytes.Equal(a.body, openAPI) {
		t.Errorf("%d %s: %.100s", a.status, a.header.Get("Content-Type"), a.body)
	}
	if a := c.do(t, http.MethodPost, "/api/openapi.json", nil, nil); a.status != 405 || a.header.Get("Allow") == "" {
		t.Errorf("POST: %d, Allow %q", a.status, a.header.Get("Allow"))
	}
}

func TestOpenAPIStructure(t *testing.T) {
	t.Parallel()
	d := document
	if v, _ := d.root["openapi"].(string); !strings.HasPrefix(v, "3.1.") {
		t.Errorf("openapi = %q", v)
	}
	info, _ := d.root["info"].(map[string]any)
	if info["title"] == "" || info["version"] == "" {
		t.Errorf("info = %v", info)
	}
	paths, _ := d.root["paths"].(map[string]any)
	var names []string
	for path := range paths {
		names = append(names, path)
	}
	slices.Sort(names)
	want := []string{"/downloads/{product}", "/licenses/activate", "/licenses/deactivate", "/licenses/validate", "/updates/{product}", "/updates/{product}.xml"}
	if !slices.Equal(names, want) {
		t.Errorf("paths %v, want %v", names, want)
	}
	operations := map[string]bool{}
	for path, item := range paths {
		methods, _ := item.(map[string]any)
		for method, o := range methods {
			operation, _ := o.(map[string]any)
			id, _ := operation["operationId"].(string)
			if id == "" || operations[id] {
				t.Errorf("%s %s: operationId %q is missing or used twice", method, path, id)
			}
			operations[id] = true
			declared := map[string]bool{}
			parameters, _ := operation["parameters"].([]any)
			for _, p := range parameters {
				one, _ := p.(map[string]any)
				name, _ := one["name"].(string)
				if one["in"] == "path" {
					declared[name] = true
					if one["required"] != true {
						t.Errorf("%s %s: path parameter %s is not required", method, path, name)
					}
				}
				if one["schema"] == nil {
					t.Errorf("%s %s: parameter %s has no schema", method, path, name)
				}
			}
			for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
				if !declared[m[1]] {
					t.Errorf("%s %s: parameter %s is not declared", method, path, m[1])
				}
			}
			responses, _ := operation["responses"].(map[string]any)
			if responses["200"] == nil || responses["default"] == nil {
				t.Errorf("%s %s: no answer 200 or default", method, path)
			}
			for status := range responses {
				if r, _ := d.at("paths", path, method, "responses", status); r == nil {
					t.Errorf("%s %s: answer %s leads nowhere", method, path, status)
				} else if members, _ := r.(map[string]any); members["description"] == "" {
					t.Errorf("%s %s: answer %s is not described", method, path, status)
				}
			}
			if method == "post" {
				for _, media := range []string{"application/json", "application/x-www-form-urlencoded"} {
					if s, _ := d.at("paths", path, method, "requestBody", "content", media, "schema"); s == nil {
						t.Errorf("%s %s: no body of %s", method, path, media)
					}
				}
			}
		}
	}
	eachRef(d.root, func(ref string) {
		if node, _ := d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...); !strings.HasPrefix(ref, "#/") || node == nil {
			t.Errorf("reference %s leads nowhere", ref)
		}
	})
	schemas, _ := d.at("components", "schemas")
	byName, _ := schemas.(map[string]any)
	for name := range byName {
		if _, err := d.schema([]string{"components", "schemas", name}); err != nil {
			t.Errorf("schema %s: %v", name, err)
		}
	}
}

func eachRef(node any, f func(ref string)) {
	switch n := node.(type) {
	case map[string]any:
		for name, v := range n {
			if ref, ok := v.(string); ok && name == "$ref" {
				f(ref)
			}
			eachRef(v, f)
		}
	case []any:
		for _, v := range n {
			eachRef(v, f)
		}
	}
}

// Beyond the contract's table stand only the codes of what HTTP itself says.
func TestOpenAPICodesAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	ofHTTP := map[string]int{"METHOD_NOT_ALLOWED": 405, "REQUEST_TOO_LARGE": 413, "SERVICE_UNAVAILABLE": 503}
	documented := map[string]bool{}
	paths, _ := document.root["paths"].(map[string]any)
	for path, item := range paths {
		methods, _ := item.(map[string]any)
		for method := range methods {
			responses, _ := document.at("paths", path, method, "responses")
			byStatus, _ := responses.(map[string]any)
			for status := range byStatus {
				response, _ := document.at("paths", path, method, "responses", status)
				raw, err := json.Marshal(response)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range regexp.MustCompile(`"enum":\[("[A-Z_",]+")\]`).FindAllStringSubmatch(string(raw), -1) {
					for code := range strings.SplitSeq(strings.ReplaceAll(m[1], `"`, ""), ",") {
						documented[code] = true
						want, known := statusOf[code]
						if !known {
							want, known = ofHTTP[code]
						}
						onDownload := code == "ACTIVATION_NOT_FOUND" && path == "/downloads/{product}" && status == "403"
						if !known || (strconv.Itoa(want) != status && !onDownload) {
							t.Errorf("%s %s: %s with %s", method, path, code, status)
						}
					}
				}
			}
		}
	}
	for code := range statusOf {
		if !documented[code] {
			t.Errorf("%s of the contract is not documented", code)
		}
	}
	page, err := os.ReadFile("../../../docs/license-api.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| (`[A-Z_`, ]+`) \\| (\\d+) \\|").FindAllStringSubmatch(string(page), -1)
	if len(rows) < 10 {
		t.Errorf("the page for people has %d rows of codes", len(rows))
	}
	for _, row := range rows {
		for code := range strings.SplitSeq(strings.ReplaceAll(row[1], "`", ""), ", ") {
			if status := max(statusOf[code], ofHTTP[code]); !documented[code] || strconv.Itoa(status) != row[2] {
				t.Errorf("the page for people says %s %s", code, row[2])
			}
		}
	}
}
