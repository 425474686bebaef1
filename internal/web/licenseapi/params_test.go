package licenseapi

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/fail"
)

// clean checks what every parser of parameters promises: an error that is the caller's fault, or text that can be
// stored and shown.
func clean(t *testing.T, p params, err error) {
	t.Helper()
	if err != nil {
		if e := fail.Of(err); e.Kind != fail.KindMalformed || e.Code != codeInvalidRequest || e.Detail == "" || !utf8.ValidString(e.Detail) {
			t.Fatalf("error %#v", e)
		}
		return
	}
	for name, v := range p {
		if !utf8.ValidString(v) || strings.ContainsFunc(v, isControl) {
			t.Fatalf("%s = %q", name, v)
		}
		_, body := lengths[name]
		if _, query := queryLengths[name]; !body && !query {
			t.Fatalf("%s is no parameter", name)
		}
	}
	if p["dlid"] != "" && p["license_key"] == "" {
		t.Fatal("dlid is not taken for the license key")
	}
}

func FuzzParseParams(f *testing.F) {
	for _, seed := range []struct{ contentType, body string }{
		{"application/json", `{"license_key":"k","identifier":"i","version":2.1,"name":null}`},
		{"application/json", `{"dlid":"\ud800","name":"\u0000"}`},
		{"application/json", `{"license_key":{"a":[1]}}`},
		{"", `{"license_key":"k"}`},
		{"application/x-www-form-urlencoded", "license_key=k&identifier=%ff;a=b&dlid=x"},
		{"application/x-www-form-urlencoded", "license_key=k&license_key=l"},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"license_key\"\r\n\r\nk\r\n--x--\r\n"},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"name\"; filename=\"f\"\r\n\r\nk\r\n--x--\r\n"},
		{"text/plain; =", "x"},
	} {
		f.Add(seed.contentType, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		p, err := parseParams(contentType, body)
		clean(t, p, err)
	})
}

func FuzzReadQuery(f *testing.F) {
	for _, seed := range []string{"", "license_key=k&version=1", "dlid=k&amp;version=1", "a;b", "channel=%ff", "version=%00", "%zz", "license_key=+k+"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		p, err := readQuery(&http.Request{URL: &url.URL{RawQuery: query}})
		clean(t, p, err)
	})
}
