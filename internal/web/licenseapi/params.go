package licenseapi

import (
	"bytes"
	"encoding/json"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web"
)

// maxBody is the most that a request to the license API may carry.
const maxBody = 64 << 10

// params are the named values of one request: JSON members or form fields, as text.
type params map[string]string

// lengths bounds each parameter that is read, in bytes: what a verb bounds in characters has four times as many here.
// Others are ignored: software in the field sends more.
var lengths = map[string]int{
	"license_key": 255, "dlid": 255, "identifier": 2048, "name": 1020, "product_id": 255, "version": 100,
	"released_at": 64, "nonce": 255, "lease": 8, "domain": 2048, "ip": 255, "directory": 4096,
}

func malformed(field, detail string) error {
	return &fail.Error{Kind: fail.KindMalformed, Code: codeInvalidRequest, Field: field, Detail: field + " " + detail}
}

func malformedBody(detail string) error {
	return &fail.Error{Kind: fail.KindMalformed, Code: codeInvalidRequest, Detail: detail}
}

// readParams reads the body as what its Content-Type says; without one, a body that starts with a brace is JSON.
func readParams(w http.ResponseWriter, r *http.Request) (params, error) {
	body, err := web.ReadBody(w, r, maxBody)
	if err != nil {
		return nil, err
	}
	return parseParams(r.Header.Get("Content-Type"), body)
}

func parseParams(contentType string, body []byte) (params, error) {
	if contentType == "application/json" && utf8.Valid(body) {
		if p, ok := parsePlain(body); ok {
			return p, p.check()
		}
	}
	media, opts, err := mime.ParseMediaType(contentType)
	if err != nil && contentType != "" && media == "" {
		return nil, malformedBody("The Content-Type can't be read.")
	}
	var p params
	switch {
	case media == "application/json", strings.HasSuffix(media, "+json"):
		p, err = parseJSON(body)
	case media == "multipart/form-data":
		p, err = parseMultipart(body, opts["boundary"])
	case startsWithBrace(body):
		p, err = parseJSON(body)
	default:
		p, err = parseForm(body)
	}
	if err != nil {
		return nil, err
	}
	return p, p.check()
}

func startsWithBrace(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && body[0] == '{'
}

// parseJSON takes an object whose interesting members are text, numbers or null.
func parseJSON(body []byte) (params, error) {
	if !utf8.Valid(body) {
		return nil, malformedBody("The body is not valid UTF-8.")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return params{}, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return nil, malformedBody("The body is not a JSON object.")
	}
	p := make(params, len(members))
	for name, raw := range members {
		if _, read := lengths[name]; !read {
			continue
		}
		switch c := raw[0]; {
		case c == '"':
			var s string
			if err := json.Unmarshal(raw, &s); err != nil {
				return nil, malformed(name, "is not valid text")
			}
			p[name] = s
		case c == 'n':
			// null is the same as a parameter that was left out
		case c == '-' || (c >= '0' && c <= '9'):
			p[name] = string(raw)
		case name == "lease" && (c == 't' || c == 'f'):
			if c == 't' {
				p[name] = "1"
			}
		default:
			return nil, malformed(name, "must be text")
		}
	}
	return p, nil
}

// parsePlain reads what nearly every installed copy sends: one object of text without escapes. It says no
// to anything else, right or wrong, and leaves that to parseJSON: what it takes, both read alike.
func parsePlain(body []byte) (params, bool) {
	p, i := make(params, 4), 0
	space := func() {
		for i < len(body) && (body[i] == ' ' || body[i] == '\n' || body[i] == '\t' || body[i] == '\r') {
			i++
		}
	}
	is := func(c byte) bool {
		space()
		if i < len(body) && body[i] == c {
			i++
			return true
		}
		return false
	}
	text := func() (string, bool) {
		start := i
		for ; i < len(body) && body[i] >= ' ' && body[i] != '\\'; i++ {
			if body[i] == '"' {
				i++
				return string(body[start : i-1]), true
			}
		}
		return "", false
	}
	if !is('{') {
		return nil, false
	}
	for first := true; !is('}'); first = false {
		if !first && !is(',') || !is('"') {
			return nil, false
		}
		name, ok := text()
		if _, twice := p[name]; !ok || twice || !is(':') || !is('"') {
			return nil, false
		}
		value, ok := text()
		if !ok {
			return nil, false
		}
		if _, read := lengths[name]; read {
			p[name] = value
		}
	}
	space()
	return p, i == len(body)
}

func parseForm(body []byte) (params, error) {
	values, err := url.ParseQuery(strings.TrimSpace(string(body)))
	if err != nil {
		return nil, malformedBody("The form fields can't be read.")
	}
	return fromValues(values), nil
}

func parseMultipart(body []byte, boundary string) (params, error) {
	if boundary == "" {
		return nil, malformedBody("The multipart body has no boundary.")
	}
	form, err := multipart.NewReader(bytes.NewReader(body), boundary).ReadForm(maxBody)
	if err != nil {
		return nil, malformedBody("The multipart body can't be read.")
	}
	p := fromValues(form.Value)
	return p, form.RemoveAll()
}

// fromValues takes the first value of each name.
func fromValues(values url.Values) params {
	p := make(params, len(values))
	for name, v := range values {
		if _, read := lengths[name]; read && len(v) > 0 {
			p[name] = v[0]
		}
	}
	return p
}

// check refuses text that can't be stored or shown, and text longer than its parameter may be.
func (p params) check() error {
	if p["license_key"] == "" && p["dlid"] != "" {
		p["license_key"] = p["dlid"]
	}
	for name, v := range p {
		if !utf8.ValidString(v) {
			return malformed(name, "is not valid UTF-8")
		}
		if strings.IndexFunc(v, isControl) >= 0 {
			return malformed(name, "holds control characters")
		}
		if len(v) > lengths[name] {
			return malformed(name, "is too long")
		}
	}
	return nil
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// required returns the parameter without surrounding space, or says that it is missing.
func (p params) required(name string) (string, error) {
	v := strings.TrimSpace(p[name])
	if v == "" {
		return "", malformed(name, "is required")
	}
	return v, nil
}
