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
