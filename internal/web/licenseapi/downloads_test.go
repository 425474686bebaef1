package licenseapi

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/web"
)

// line is a connection that notes how much time it was given for each piece.
type line struct {
	*httptest.ResponseRecorder
	deadlines []time.Time
	pieces    int
}

func (l *line) SetWriteDeadline(t time.Time) error {
	l.deadlines = append(l.deadlines, t)
	return nil
}

func (l *line) Write(b []byte) (int, error) {
	l.pieces++
	return l.ResponseRecorder.Write(b)
}

// The server's limit on a whole answer would cut a large file on a slow line.
func TestEveryPieceOfAFileHasItsOwnTime(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("x"), 1<<20)
	l := &line{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	begun := 0
	f := &fileWriter{ResponseWriter: web.Patient(l), r: r, begun: func() { begun++ }}
	before := clock.System().Now()
	http.ServeContent(f, r, "", before, bytes.NewReader(content))
	if begun != 1 || !bytes.Equal(l.Body.Bytes(), content) {
		t.Errorf("begun %d times, %d bytes", begun, l.Body.Len())
	}
	if l.pieces < 2 || len(l.deadlines) != l.pieces {
		t.Errorf("%d pieces, %d deadlines", l.pieces, len(l.deadlines))
	}
	for i, at := range l.deadlines {
		if at.Before(before.Add(web.Stalled-time.Second)) || (i > 0 && at.Before(l.deadlines[i-1])) {
			t.Errorf("deadline %d is %s after the start", i, at.Sub(before))
		}
	}
}
