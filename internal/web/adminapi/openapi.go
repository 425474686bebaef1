package adminapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/keystead/keystead/internal/web"
)

const introduction = `For staff and integrations. Send ` + "`Authorization: Bearer <token>`" + `; the scope that an operation needs stands beside it.

Money is in minor units, instants are RFC 3339 in UTC, what is absent is null. Lists are pages: ` + "`next`" + ` is the cursor of the following one. Errors are problem details (RFC 9457) with a ` + "`code`" + ` for programs.

Every operation may answer with the problems ` + "`UNAUTHENTICATED`" + `, ` + "`TOKEN_EXPIRED`" + ` (401), ` + "`MISSING_SCOPE`" + ` (403), ` + "`MALFORMED`" + ` (400), ` + "`INVALID_INPUT`" + ` with the fields at fault (422), ` + "`REQUEST_TOO_LARGE`" + ` (413), ` + "`UNSUPPORTED_MEDIA_TYPE`" + ` (415), ` + "`RATE_LIMITED`" + ` (429), ` + "`UNAVAILABLE`" + ` with Retry-After (503), and a POST with ` + "`IDEMPOTENCY_KEY_REUSED`" + ` (409). Those of its own stand beside it: what is not found is 404, what the state of things does not allow is 409.

Send an ` + "`Idempotency-Key`" + ` with a POST that must not happen twice: the same key with the same request gives the first answer again for at least 48 hours, with another request it is a conflict. Keys count per token, whatever the path.`

// document is the configuration of huma: an OpenAPI document to be filled, and nothing of huma's own that would
// answer requests.
func (a *API) document() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Keystead admin API", Version: a.Version, Description: introduction},
			Servers: []*huma.Server{{URL: Base}},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "A token of the store, made under Settings or with `keystead token create`."},
				},
			},
		},
		Formats:       map[string]huma.Format{mediaJSON: huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: mediaJSON,
		Transformers:  []huma.Transformer{note},
	}
}

// describe adds to the document what routes know and huma doesn't: scopes, problems, idempotency keys.
func (a *API) describe() {
	doc := a.huma.OpenAPI()
	problem := doc.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	for _, rt := range a.routes {
		op := rt.operation
		op.Security = []map[string][]string{{"token": {}}}
		op.Extensions = map[string]any{"x-scope": rt.Scope}
		if len(rt.Codes) > 0 {
			op.Extensions["x-codes"] = rt.Codes
		}
		if rt.Repeat != never {
			op.Parameters = append(op.Parameters, &huma.Param{
				Name: "Idempotency-Key", In: "header", Description: "1 to 255 visible ASCII characters",
				Schema: &huma.Schema{Type: huma.TypeString},
			})
		}
		if rt.Upload {
			op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
				"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
				"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
					"file": {Type: huma.TypeString, Format: "binary"},
				}, Required: []string{"file"}}},
			}}
		}
		op.Responses["default"] = &huma.Response{
			Description: problemsOf(rt), Content: map[string]*huma.MediaType{problemType: {Schema: problem}},
		}
	}
	schemas := doc.Components.Schemas.Map()
	for name, what := range problemMembers {
		schemas["Problem"].Properties[name] = &huma.Schema{Type: huma.TypeString, Nullable: true, Description: what}
	}
	delete(schemas, "ErrorModel") // huma's own; nothing is answered with it
	delete(schemas, "ErrorDetail")
	for name, s := range schemas {
		mend(s)
		objectsMayBeNull(s, doc.Components.Schemas.TypeFromRef("#/components/schemas/"+name))
	}
	for _, rt := range a.routes {
		examples{doc.Components.Schemas}.give(rt.operation)
	}
}

// problemsOf names the problems that are an operation's own.
func problemsOf(rt *route) string {
	if len(rt.Codes) == 0 {
		return "A problem"
	}
	return "A problem. Beside those of every operation its code may be " + strings.Join(rt.Codes, ", ") + "."
}

// mend corrects what huma takes from Go: a slice may be nil, a list of this API may not; and null, where it is allowed
// beside a few values, is one of them.
func mend(s *huma.Schema) {
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
	if s.Nullable && len(s.Enum) > 0 {
		s.Enum = append(s.Enum, nil)
	}
	for _, property := range s.Properties {
		mend(property)
	}
}

// objectsMayBeNull says what huma can't: that a field holds an object of its own shape, or null.
func objectsMayBeNull(s *huma.Schema, t reflect.Type) {
	if t == nil || t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		property := s.Properties[name]
		if f.Type.Kind() == reflect.Pointer && property != nil && property.Ref != "" && !strings.Contains(options, "omitempty") {
			s.Properties[name] = &huma.Schema{
				AnyOf: []*huma.Schema{{Ref: property.Ref}, {Type: "null"}}, Description: property.Description,
			}
		}
	}
}

// serveDocument answers with the OpenAPI document. It tells nothing of the store, so it needs no token.
func (a *API) serveDocument() http.Handler {
	document := sync.OnceValues(func() ([]byte, error) { return json.MarshalIndent(a.huma.OpenAPI(), "", "  ") })
	return web.Handle(a.Log, renderProblem, func(w http.ResponseWriter, _ *http.Request) error {
		b, err := document()
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", mediaJSON)
		_, _ = w.Write(b) // a client that went away needs no answer
		return nil
	})
}
