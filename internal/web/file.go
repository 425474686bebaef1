package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/clock"
)

// Stalled is how long a client may take for one piece of a file. There is no limit on the whole: a large file on a
// slow line takes as long as it takes.
const Stalled = 60 * time.Second

// Patient returns w with fresh time for every piece that is written, where the server's limit is for a whole answer.
func Patient(w http.ResponseWriter) http.ResponseWriter {
	return &patient{w, http.NewResponseController(w)}
}

type patient struct {
	http.ResponseWriter
	line *http.ResponseController
}

func (p *patient) Write(b []byte) (int, error) {
	if err := p.line.SetWriteDeadline(clock.System().Now().Add(Stalled)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.ResponseWriter.Write(b)
}

// Unhurried lifts the limit on the time of an answer that is long and made as it is sent. Not every writer has one,
// and on a line that is gone the next piece fails anyway.
func Unhurried(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
}

// UnhurriedUpload lifts the limits on the time of a request with a large body, and of its answer.
func UnhurriedUpload(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	Unhurried(w)
}

// SetFileHeaders makes an answer a file to be kept under its name, which no browser shows or guesses the type of. Its
// content is known by its hash.
func SetFileHeaders(h http.Header, name, sha256 string) {
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", attachment(name))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `"`+sha256+`"`)
	h.Set("Cache-Control", "private, no-cache")
}

// SendPDF hands out a document that is at hand as a whole.
func SendPDF(w http.ResponseWriter, r *http.Request, name string, pdf []byte) {
	sum := sha256.Sum256(pdf)
	SetFileHeaders(w.Header(), name, hex.EncodeToString(sum[:]))
	w.Header().Set("Content-Type", "application/pdf")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(pdf))
}

// attachment names the file in RFC 6266's two ways: once for everyone in ASCII, once as it is.
func attachment(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
	// PathEscape leaves some characters that RFC 8187 does not allow as they are.
	exact := strings.NewReplacer("=", "%3D", ":", "%3A", "@", "%40").Replace(url.PathEscape(name))
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + exact
}
