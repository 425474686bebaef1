package adminapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
)

// schema checks a body against what the OpenAPI document says of it, before the operation sees it. huma could do that
// too, but takes names in any case, null for absent, and whole numbers beyond what a float can hold.
type schema struct {
	root     *huma.Schema
	registry huma.Registry
	optional bool // no body at all is fine
	lenient  bool // null is the same as absent: where something is made, there is nothing to clear
}

// compile prepares the check of a route's body from its operation.
func (rt *route) compile(a *API) {
	if rt.Upload || rt.Method == http.MethodGet || rt.Method == http.MethodDelete && rt.operation.RequestBody == nil {
		return
	}
	s := &schema{registry: a.huma.OpenAPI().Components.Schemas, lenient: rt.Method != http.MethodPatch}
	if body := rt.operation.RequestBody; body != nil {
		s.root, s.optional = body.Content[mediaJSON].Schema, !body.Required
	} else {
		s.root, s.optional = &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false}, true
	}
	rt.body = s
}

// check returns what is wrong with a body, all of it.
func (s *schema) check(body []byte) error {
	if len(body) == 0 && s.optional {
		return nil
	}
	v, err := parseJSON(body)
	if err != nil {
		return err
	}
	var f faults
	s.value(&f, "", s.root, v)
	if f.meaningless != nil {
		return f.meaningless
	}
	return f.Err()
}

// formatYears is the format of a term of a domain. One that no registry could have means nothing: it is not a value that
// breaks a rule, but a request that can't be read.
const formatYears = "years"

// faults are what is wrong with a body.
type faults struct {
	fail.Fields

	meaningless *fail.Error
}

func (s *schema) resolve(of *huma.Schema) *huma.Schema {
	for of.Ref != "" {
		of = s.registry.SchemaFromRef(of.Ref)
	}
	return of
}

func (s *schema) value(f *faults, path string, of *huma.Schema, v any) {
	of = s.resolve(of)
	if v == nil && of.Nullable {
		return
	}
	name := path
	if name == "" {
		name = "body"
	}
	switch of.Type {
	case huma.TypeObject:
		object, ok := v.(map[string]any)
		if !ok {
			f.Add(name, "must be an object")
			return
		}
		s.object(f, path, of, object)
	case huma.TypeArray:
		list, ok := v.([]any)
		if !ok {
			f.Add(name, "must be a list")
			return
		}
		if of.MaxItems != nil && len(list) > *of.MaxItems {
			f.Add(name, fmt.Sprintf("has more than %d entries", *of.MaxItems))
			return
		}
		if of.MinItems != nil && len(list) < *of.MinItems {
			f.Add(name, fmt.Sprintf("has fewer than %d entries", *of.MinItems))
		}
		for i, item := range list {
			s.value(f, fmt.Sprintf("%s[%d]", path, i), of.Items, item)
		}
	case huma.TypeString:
		f.Check(name, checkText(of, v))
	case huma.TypeInteger:
		err := checkInteger(of, v)
		if err != nil && of.Format == formatYears && f.meaningless == nil {
			f.meaningless = domainname.BadRequest(name, err.Error())
		}
		f.Check(name, err)
	case huma.TypeBoolean:
		if _, ok := v.(bool); !ok {
			f.Add(name, "must be true or false")
		}
	default: // anything: the operation knows
	}
}

func (s *schema) object(f *faults, path string, of *huma.Schema, object map[string]any) {
	dotted := func(name string) string {
		if path == "" {
			return name
		}
		return path + "." + name
	}
	for _, name := range of.Required {
		if _, there := object[name]; !there {
			f.Add(dotted(name), "is required")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		property, known := of.Properties[name]
		if !known {
			if other, ok := of.AdditionalProperties.(*huma.Schema); ok {
				s.value(f, dotted(name), other, object[name])
			} else {
				f.Add(dotted(name), "is not known here")
			}
			continue
		}
		if object[name] == nil && s.lenient && !slices.Contains(of.Required, name) {
			continue
		}
		s.value(f, dotted(name), property, object[name])
	}
}

func checkText(of *huma.Schema, v any) error {
	text, ok := v.(string)
	switch {
	case !ok:
		return errorf("must be text")
	case strings.Contains(text, "\x00"):
		return errorf("contains control characters")
	case of.MaxLength != nil && utf8.RuneCountInString(text) > *of.MaxLength:
		return errorf("is longer than %d characters", *of.MaxLength)
	case of.MinLength != nil && utf8.RuneCountInString(text) < *of.MinLength:
		return errorf("is shorter than %d characters", *of.MinLength)
	case len(of.Enum) > 0 && !slices.Contains(of.Enum, any(text)):
		return errorf("must be one of %s", words(of.Enum))
	}
	if of.Format == "date-time" {
		// Other years can't be told from a mistake, and some of them don't fit into the databases.
		if t, err := time.Parse(time.RFC3339, text); err != nil || t.UTC().Year() < 1970 || t.UTC().Year() > 9999 {
			return errorf("must be an instant such as 2027-03-20T03:21:26Z")
		}
	}
	return nil
}

func words(values []any) string {
	var names []string
	for _, v := range values {
		if v != nil {
			names = append(names, fmt.Sprint(v))
		}
	}
	return strings.Join(names, ", ")
}

func checkInteger(of *huma.Schema, v any) error {
	number, ok := v.(json.Number)
	if !ok {
		return errorf("must be a whole number")
	}
	n, err := number.Int64()
	switch {
	case err != nil:
		return errorf("must be a whole number of 64 bits")
	case of.Minimum != nil && float64(n) < *of.Minimum:
		return errorf("must be at least %.0f", *of.Minimum)
	case of.Maximum != nil && float64(n) > *of.Maximum:
		return errorf("must be at most %.0f", *of.Maximum)
	}
	return nil
}

// errorf makes what is wrong with a field.
func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }
