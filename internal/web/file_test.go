package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzAttachment(f *testing.F) {
	for _, seed := range []string{"widget.zip", `a"b\c.zip`, "ü%20.zip", "a;b=c.zip", "a'b*(c).zip", "\u202e.exe"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
			return // a file's name never is
		}
		v := attachment(name)
		plain, exact, found := strings.Cut(strings.TrimPrefix(v, `attachment; filename="`), `"; filename*=UTF-8''`)
		if !found || strings.ContainsAny(plain, `"\`) {
			t.Fatalf("%q: %s", name, v)
		}
		if back, err := url.PathUnescape(exact); err != nil || back != name {
			t.Fatalf("%q: %s comes back as %q, %v", name, v, back, err)
		}
		for i := range len(exact) {
			if c := exact[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && !strings.ContainsRune("!#$&+-.^_`|~%", rune(c)) {
				t.Fatalf("%q: %s holds %q", name, v, c)
			}
		}
	})
}

func TestSendPDF(t *testing.T) {
	t.Parallel()
	send := func(method, have string) *httptest.ResponseRecorder {
		q, w := httptest.NewRequestWithContext(t.Context(), method, "/", nil), httptest.NewRecorder()
		q.Header.Set("If-None-Match", have)
		SendPDF(w, q, "INV 1.pdf", []byte("%PDF-1.7"))
		return w
	}
	first := send(http.MethodGet, "")
	if h := first.Header(); first.Body.String() != "%PDF-1.7" || h.Get("Content-Type") != "application/pdf" || h.Get("Content-Disposition") == "" {
		t.Errorf("%s %v", first.Body, h)
	}
	if again := send(http.MethodGet, first.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("a file that is known already: %d", again.Code)
	}
	if head := send(http.MethodHead, ""); head.Code != http.StatusOK || head.Body.Len() != 0 {
		t.Errorf("HEAD = %d with %d bytes", head.Code, head.Body.Len())
	}
}
