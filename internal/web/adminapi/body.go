package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web"
)

// maxBody is the longest body that is read, but for the files of releases.
const maxBody = 1 << 20

// Codes of requests that can't be read.
const (
	codeMalformed = "MALFORMED"
	codeMediaType = "UNSUPPORTED_MEDIA_TYPE"
)

const mediaJSON = "application/json"

// readBody returns the body of a request, empty if it has none. It must be JSON by its type.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := web.ReadBody(w, r, maxBody)
	if err != nil {
		if e := fail.Of(err); e.Kind == fail.KindMalformed {
			return nil, fail.Malformed(codeMalformed, e.Detail).Because(err)
		}
		return nil, err
	}
	if len(body) == 0 {
		return nil, nil
	}
	if t := r.Header.Get("Content-Type"); t != "" {
		media, params, err := mime.ParseMediaType(t)
		charset, named := params["charset"]
		if err != nil || media != mediaJSON || (named && !strings.EqualFold(charset, "utf-8")) {
			return nil, fail.Malformed(codeMediaType, "The body must be of the type "+mediaJSON+".")
		}
	}
	if !utf8.Valid(body) {
		return nil, fail.Malformed(codeMalformed, "The body is not valid UTF-8.")
	}
	return body, nil
}

func bodyOf(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }

func parseQuery(raw string) (url.Values, error) {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return nil, fail.Malformed(codeMalformed, "The query of the address can't be read.").Because(err)
	}
	return q, nil
}

// maxDepth is how deep lists and objects may lie in each other. No operation needs half of it.
const maxDepth = 32

// parseJSON reads one JSON value, with numbers as they were written. An object that names a field twice is refused:
// which of the two was meant, nobody knows.
func parseJSON(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := parseValue(d, 0)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return v, nil
		}
		err = errors.New("there is more after its end")
	}
	var twice *duplicateField
	switch {
	case errors.As(err, &twice):
		return nil, fail.Malformed(codeMalformed, fmt.Sprintf("The body names %q twice in one object.", twice.name))
	case errors.Is(err, errTooDeep):
		return nil, fail.Malformed(codeMalformed, "The body lies too deep in itself.")
	}
	return nil, fail.Malformed(codeMalformed, "The body is not one valid JSON value.").Because(err)
}

type duplicateField struct{ name string }

func (e *duplicateField) Error() string { return "field " + e.name + " is there twice" }

var errTooDeep = errors.New("nested too deep")

func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		return parseObject(d, depth)
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	default:
		return t, nil
	}
}

func parseObject(d *json.Decoder, depth int) (any, error) {
	object := map[string]any{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := t.(string)
		if !ok {
			return nil, errors.New("a field without a name")
		}
		if _, there := object[name]; there {
			return nil, &duplicateField{name}
		}
		if object[name], err = parseValue(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return object, err
}
