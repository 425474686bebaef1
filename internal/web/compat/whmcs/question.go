package whmcs

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/lease"
	"github.com/keystead/keystead/internal/web"
)

// maxBody is the most that a check may carry.
const maxBody = 64 << 10

// longest is the most that a value is taken for a place. No host and no directory has a longer name.
const longest = 1024

// question is what software says of itself, as it does: any of it may be missing, empty or odd.
type question struct {
	key, domain, ip, dir string
	token                string
	nonce                string // ours: echoed in the lease
}

// place is where the software says it runs. What could not be stored is as good as not said.
func (q question) place() license.Place {
	return license.Place{Domain: said(q.domain), IP: said(q.ip), Directory: said(q.dir)}
}

// said returns a value that can be stored and shown; empty if it can't.
func said(v string) string {
	v = strings.TrimSpace(v)
	if len(v) > longest || !utf8.ValidString(v) || strings.ContainsFunc(v, isControl) {
		return ""
	}
	return v
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

func read(w http.ResponseWriter, r *http.Request) (question, error) {
	body, err := web.ReadBody(w, r, maxBody)
	if err != nil {
		return question{}, err
	}
	if len(body) == 0 {
		return question{}, unreadable(errors.New("no body")) // something on the way has lost it
	}
	media, options, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if strings.HasPrefix(media, "multipart/") {
		if err != nil {
			return question{}, unreadable(err)
		}
		return readParts(body, options["boundary"])
	}
	return readFields(body), nil
}

// unreadable is no question: what can't be read may be the key, or the place.
func unreadable(cause error) error {
	return fail.Malformed("INVALID_REQUEST", "The form can't be read.").Because(cause)
}

// take keeps a field that is known. Of several with one name the last counts.
func (q *question) take(name, value string) {
	switch name {
	case "licensekey":
		q.key = strings.TrimSpace(value)
	case "domain":
		q.domain = value
	case "ip":
		q.ip = value
	case "dir":
		q.dir = value
	case "check_token":
		q.token = value
	case "nonce":
		if lease.IsNonce(value) {
			q.nonce = value
		}
	}
}

// readFields reads an urlencoded form as PHP does: a percent sign that begins no code stands for itself, and nothing is an
// error. A path may hold anything.
func readFields(body []byte) (q question) {
	for pair := range strings.SplitSeq(strings.Trim(string(body), "\r\n"), "&") {
		name, value, _ := strings.Cut(pair, "=")
		q.take(unescape(name), unescape(value))
	}
	return q
}

func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			b = append(b, ' ')
		case c == '%' && i+2 < len(s) && digit(s[i+1]) >= 0 && digit(s[i+2]) >= 0:
			b = append(b, byte(digit(s[i+1])<<4|digit(s[i+2])))
			i += 2
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// digit is the value of a hexadecimal digit; -1: it is none.
func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// readParts reads a multipart form. One whose end is missing may lack the place, too.
func readParts(body []byte, boundary string) (q question, err error) {
	if !bytes.Contains(body, []byte("--"+boundary+"--")) {
		return q, unreadable(io.ErrUnexpectedEOF)
	}
	in := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := in.NextRawPart()
		if errors.Is(err, io.EOF) {
			return q, nil
		}
		var value []byte
		if err == nil {
			value, err = io.ReadAll(part)
		}
		if err != nil {
			return q, unreadable(err)
		}
		q.take(part.FormName(), string(value))
	}
}
