package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// progress shows how far a long piece of work is: a bar that moves on a terminal, a line at the start and at the end
// elsewhere.
type progress struct {
	w        io.Writer
	what     string
	moving   bool
	permille int
}

func (s *session) progress(what string) *progress {
	p := &progress{w: s.err, what: what, moving: isTerminal(s.err), permille: -1}
	if !p.moving {
		fmt.Fprintf(p.w, "%s …\n", what)
	}
	return p
}

const barWidth = 30

// to shows that done of total is done.
func (p *progress) to(done, total int64) {
	if !p.moving || total <= 0 {
		return
	}
	permille := int(min(done, total) * 1000 / total)
	if permille == p.permille {
		return
	}
	p.permille = permille
	full := permille * barWidth / 1000
	fmt.Fprintf(p.w, "\r%s  %s%s %3d %%", p.what, strings.Repeat("█", full), strings.Repeat("░", barWidth-full), permille/10)
}

// end says how the work ended. An error is told by whoever gets it.
func (p *progress) end(err error) {
	switch {
	case p.moving && err == nil:
		p.to(1, 1)
		fmt.Fprintln(p.w)
	case p.moving:
		fmt.Fprintln(p.w)
	case err == nil:
		fmt.Fprintf(p.w, "%s: done\n", p.what)
	}
}

// isTerminal reports whether a person looks at w.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && info.Name() != "null"
}

// reader shows how much was read of what has no known end.
func (p *progress) reader(r io.Reader) io.Reader { return &sizeReader{p: p, r: r} }

type sizeReader struct {
	p    *progress
	r    io.Reader
	size int64
}

func (s *sizeReader) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	before := s.size
	if s.size += int64(n); s.p.moving && s.size>>18 != before>>18 {
		fmt.Fprintf(s.p.w, "\r%s  %.1f MB", s.p.what, float64(s.size)/1e6)
	}
	return n, err
}
