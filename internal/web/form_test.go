package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web"
)

func TestReadForm(t *testing.T) {
	t.Parallel()
	const urlencoded, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=XX"
	part := func(content string) string {
		return "--XX\r\nContent-Disposition: form-data; name=\"name\"; filename=\"f\"\r\n\r\n" + content +
			"\r\n--XX\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAda\r\n--XX--\r\n"
	}
	for _, c := range []struct {
		name, media, body string
		chunked           bool
		want              fail.Kind
	}{
		{name: "fields", media: urlencoded, body: "name=Ada"},
		{name: "parts", media: multipart, body: part("short")},
		{name: "fields that are too long", media: urlencoded, body: "name=Ada&more=" + strings.Repeat("a", 2000), want: fail.KindTooLarge},
		{name: "a part that is too long", media: multipart, body: part(strings.Repeat("a", 2000)), want: fail.KindTooLarge},
		{name: "a part that is too long, of unknown length", media: multipart, body: part(strings.Repeat("a", 2000)), chunked: true, want: fail.KindTooLarge},
		{name: "fields that can't be read", media: urlencoded, body: "name=%zz", want: fail.KindMalformed},
		{name: "parts that end early", media: multipart, body: part("short")[:70], want: fail.KindMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			body := io.Reader(strings.NewReader(c.body))
			if c.chunked {
				body = io.MultiReader(body)
			}
			r := httptest.NewRequest(http.MethodPost, "/", body)
			r.Header.Set("Content-Type", c.media)
			err := web.ReadForm(httptest.NewRecorder(), r, 1000)
			if c.want == 0 {
				if err != nil || r.PostFormValue("name") != "Ada" {
					t.Errorf("got %q, %v", r.PostFormValue("name"), err)
				}
				return
			}
			if e := fail.Of(err); e == nil || e.Kind != c.want {
				t.Errorf("got %v, want kind %v", err, c.want)
			}
		})
	}
}
