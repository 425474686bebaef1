package licenseapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

// answer builds one JSON body by appending: this path answers every installed copy, so it does not reflect.
type answer struct{ b []byte }

var answers = sync.Pool{New: func() any { return &answer{b: make([]byte, 0, 1024)} }}

func newAnswer() *answer {
	a, _ := answers.Get().(*answer)
	a.b = append(a.b[:0], `{"data":{`...)
	return a
}

func (a *answer) name(n string) {
	if c := a.b[len(a.b)-1]; c != '{' {
		a.b = append(a.b, ',')
	}
	a.b = append(a.b, '"')
	a.b = append(a.b, n...)
	a.b = append(a.b, '"', ':')
}

func (a *answer) text(n, v string) {
	a.name(n)
	a.b = appendText(a.b, v)
}

// textOrNull writes null for empty text.
func (a *answer) textOrNull(n, v string) {
	if v == "" {
		a.raw(n, "null")
		return
	}
	a.text(n, v)
}

func (a *answer) number(n string, v int64) {
	a.name(n)
	a.b = strconv.AppendInt(a.b, v, 10)
}

func (a *answer) flag(n string, v bool) {
	a.name(n)
	a.b = strconv.AppendBool(a.b, v)
}

func (a *answer) raw(n, json string) {
	a.name(n)
	a.b = append(a.b, json...)
}

// instantOrNull writes a UTC time in whole seconds; null for the zero time, which stands for never.
func (a *answer) instantOrNull(n string, t time.Time) {
	if t.IsZero() {
		a.raw(n, "null")
		return
	}
	a.name(n)
	a.b = append(a.b, '"')
	a.b = t.UTC().AppendFormat(a.b, "2006-01-02T15:04:05Z")
	a.b = append(a.b, '"')
}

// send ends the answer, writes it and gives its memory back.
func (a *answer) send(w http.ResponseWriter) error {
	a.b = append(a.b, "}}\n"...)
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Cache-Control"] = noStore
	h["Content-Length"] = []string{strconv.Itoa(len(a.b))}
	_, _ = w.Write(a.b) // a client that went away needs no answer
	answers.Put(a)
	return nil
}

var (
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
)

// appendText appends v as a JSON string. What needs no escape, nearly all text, is copied.
func appendText(b []byte, v string) []byte {
	for i := range len(v) {
		if c := v[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			enc, err := json.Marshal(v)
			if err != nil {
				enc = []byte(`""`) // a string always marshals
			}
			return append(b, enc...)
		}
	}
	b = append(b, '"')
	b = append(b, v...)
	return append(b, '"')
}
