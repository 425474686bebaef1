package domainname_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
)

func TestRegistrants(t *testing.T) {
	t.Parallel()
	whole := domainname.Registrant{Name: " Ada ", Address: "1 Lane\n12345 Town\n", Country: "de", Email: "ada@example.com"}
	got, err := whole.Tidy()
	if want := (domainname.Registrant{Name: "Ada", Address: "1 Lane\n12345 Town", Country: "DE", Email: "ada@example.com"}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, tt := range []struct {
		what   string
		change func(*domainname.Registrant)
		fields []string
	}{
		{"nothing", func(r *domainname.Registrant) { *r = domainname.Registrant{} }, []string{"registrant.name", "registrant.address", "registrant.country", "registrant.email"}},
		{"no name", func(r *domainname.Registrant) { r.Name = " " }, []string{"registrant.name"}},
		{"no address", func(r *domainname.Registrant) { r.Address = "\n \n" }, []string{"registrant.address"}},
		{"a country's name", func(r *domainname.Registrant) { r.Country = "Germany" }, []string{"registrant.country"}},
		{"a country of two digits", func(r *domainname.Registrant) { r.Country = "49" }, []string{"registrant.country"}},
		{"no e-mail address", func(r *domainname.Registrant) { r.Email = "ada" }, []string{"registrant.email"}},
		{"a long phone", func(r *domainname.Registrant) { r.Phone = strings.Repeat("1", 65) }, []string{"registrant.phone"}},
		{"a control character", func(r *domainname.Registrant) { r.Company = "A\x01B" }, []string{"registrant.company"}},
	} {
		r := whole
		tt.change(&r)
		_, err := r.Tidy()
		var fields []string
		if e := fail.Of(err); err != nil && e.Field != "" {
			fields = []string{e.Field}
		} else if err != nil {
			for _, f := range e.Fields {
				fields = append(fields, f.Field)
			}
		}
		if diff := cmp.Diff(tt.fields, fields); diff != "" {
			t.Errorf("%s: %s", tt.what, diff)
		}
	}
}
