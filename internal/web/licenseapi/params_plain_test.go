package licenseapi

import (
	"maps"
	"testing"
	"unicode/utf8"
)

// What the short way takes, the long way reads alike.
func FuzzParsePlain(f *testing.F) {
	for _, seed := range []string{
		`{"license_key":"k","identifier":"i"}`, `{}`, ` { "license_key" : "ü" , "x":"y" } `, `{"license_key":"a","license_key":"b"}`, `{"a":"b",}`, `{,"a":"b"}`, `{"a" "b"}`,
		`{"license_key":"\u0041"}`, `{"license_key":1}`, `{"license_key":null}`, `{"license_key":"k"}x`, `{"license_key":"k`, `[]`, ``, "{\"name\":\"\x00\"}",
	} {
		f.Add([]byte(seed))
	}
	taken := func(t *testing.T, body []byte) bool {
		if !utf8.Valid(body) {
			return false
		}
		short, ok := parsePlain(body)
		if !ok {
			return false
		}
		long, err := parseJSON(body)
		if err != nil || !maps.Equal(short, long) {
			t.Fatalf("%q: the short way reads %v, the long way %v (%v)", body, short, long, err)
		}
		return true
	}
	f.Fuzz(func(t *testing.T, body []byte) { taken(t, body) })
}

// The short way is taken by what installed copies send; otherwise it would be no use.
func TestParsePlainTakesTheUsual(t *testing.T) {
	p, ok := parsePlain([]byte(`{"license_key":"KEY","identifier":"example.com","version":"2.1.0","extra":"x"}`))
	want := params{"license_key": "KEY", "identifier": "example.com", "version": "2.1.0"}
	if !ok || !maps.Equal(p, want) {
		t.Errorf("parsePlain gives %v, %v; want %v", p, ok, want)
	}
}
