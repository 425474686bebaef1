package adminapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// examples makes examples of shapes: from what their fields say of themselves. An example is what its schema takes.
type examples struct{ registry huma.Registry }

func (e examples) resolve(s *huma.Schema) *huma.Schema {
	for s != nil && s.Ref != "" {
		s = e.registry.SchemaFromRef(s.Ref)
	}
	return s
}

// whole is a value with all of its fields: an answer.
func (e examples) whole(s *huma.Schema) any {
	return e.value(s, 0, func(*huma.Schema, string) bool { return true })
}

// short is a value with the fields that it must have, and those that have an example of their own: a request.
func (e examples) short(s *huma.Schema) any {
	return e.value(s, 0, func(of *huma.Schema, name string) bool {
		return slices.Contains(of.Required, name) || len(e.resolve(of.Properties[name]).Examples) > 0
	})
}

// deepest is how far an example goes into shapes that hold others.
const deepest = 6

func (e examples) value(s *huma.Schema, depth int, wanted func(of *huma.Schema, name string) bool) any {
	nullable := len(s.AnyOf) > 0 || s.Nullable
	if len(s.AnyOf) > 0 {
		s = s.AnyOf[0]
	}
	s = e.resolve(s)
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case nullable && (depth > deepest || s.Type != huma.TypeObject && len(s.Enum) == 0):
		return nil
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeObject:
		object := map[string]any{}
		for name, of := range s.Properties {
			if wanted(s, name) {
				object[name] = e.value(of, depth+1, wanted)
			}
		}
		return object
	case huma.TypeArray:
		if depth > deepest {
			return []any{}
		}
		return []any{e.value(s.Items, depth+1, wanted)}
	case huma.TypeInteger, huma.TypeNumber:
		if s.Minimum != nil {
			return max(*s.Minimum, 0)
		}
		return 0
	case huma.TypeBoolean:
		return false
	case huma.TypeString:
		if s.Format == "date-time" {
			return "2027-03-20T03:21:26Z"
		}
		return "…"
	}
	return nil
}

// give puts examples into the description of an operation: of its body, and of what it answers.
func (e examples) give(op *huma.Operation) {
	if op.RequestBody != nil {
		if media := op.RequestBody.Content[mediaJSON]; media != nil {
			media.Example = e.short(media.Schema)
		}
	}
	for status, response := range op.Responses {
		if media := response.Content[mediaJSON]; media != nil && strings.HasPrefix(status, "2") {
			media.Example = e.whole(media.Schema)
		}
	}
}

// curl is an operation as a person may try it, with the places in its path filled in.
func curl(rt *route) string {
	var b strings.Builder
	b.WriteString("curl")
	if rt.Method != http.MethodGet {
		b.WriteString(" -X " + rt.Method)
	}
	fmt.Fprintf(&b, " \"$STORE%s%s%s\" \\\n  -H \"Authorization: Bearer $TOKEN\"", Base, rt.Path, exampleQuery(rt.operation))
	if rt.Upload {
		b.WriteString(" \\\n  -F file=@tool.zip")
	}
	if body := rt.operation.RequestBody; body != nil && body.Content[mediaJSON] != nil {
		fmt.Fprintf(&b, " \\\n  -H 'Content-Type: %s' -d '%s'", mediaJSON, indented(body.Content[mediaJSON].Example))
	}
	return b.String()
}

// exampleQuery is the query that an operation can't do without.
func exampleQuery(op *huma.Operation) string {
	query := ""
	for _, p := range op.Parameters {
		if p.In == "query" && p.Required {
			query += fmt.Sprintf("&%s=%v", p.Name, p.Example)
		}
	}
	return strings.Replace(query, "&", "?", 1)
}

func indented(example any) string {
	if example == nil {
		return ""
	}
	b, err := json.MarshalIndent(example, "", "  ")
	if err != nil {
		return ""
	}
	return string(b)
}
