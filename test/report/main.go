// Command report reads the output of `go test -json` and prints what a person wants to see of it: a line for each
// package, the whole output of whatever failed, why tests were skipped, the slowest tests, and the counts.
//
//	go test -json ./... | go run ./test/report
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	slowest = 10 // tests listed as slow,
	slow    = 2 * time.Second
)

func main() {
	r := newReport(os.Stdout)
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	r.summary()
	if r.failed > 0 {
		os.Exit(1)
	}
}

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of a build
	Test       string
	Elapsed    float64 // seconds
	Output     string
}

func (e event) elapsed() time.Duration { return time.Duration(e.Elapsed * float64(time.Second)) }

// test names a test; without Name it is the package as a whole.
type test struct{ Package, Name string }

type timed struct {
	test
	took time.Duration
}

type report struct {
	out                     io.Writer
	output                  map[test]*strings.Builder // of what still runs
	broken                  map[string]bool           // packages with a failed test
	passed, failed, skipped int
	slow                    []timed
	skips                   []string
}

func newReport(out io.Writer) *report {
	return &report{out: out, output: map[test]*strings.Builder{}, broken: map[string]bool{}}
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(r.out, lines.Text()) // the go command itself speaks
			continue
		}
		r.add(e)
	}
	return lines.Err()
}

func (r *report) add(e event) {
	key := test{e.Package, e.Test}
	switch e.Action {
	case "output":
		if r.output[key] == nil {
			r.output[key] = &strings.Builder{}
		}
		if !strings.HasPrefix(e.Output, "=== ") && e.Output != "FAIL\n" && !strings.HasPrefix(e.Output, "FAIL\t") {
			r.output[key].WriteString(e.Output)
		}
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e)
		} else {
			r.endTest(e)
		}
		delete(r.output, key)
	}
}

func (r *report) endTest(e event) {
	said := r.said(test{e.Package, e.Test})
	switch e.Action {
	case "pass":
		r.passed++
	case "skip":
		r.skipped++
		r.skips = append(r.skips, fmt.Sprintf("%s %s: %s", short(e.Package), e.Test, reason(said)))
	case "fail":
		r.failed++
		r.broken[e.Package] = true
		fmt.Fprint(r.out, said)
	}
	// A test with subtests took as long as they did: they are listed themselves.
	if e.elapsed() >= slow {
		r.slow = append(r.slow, timed{test{e.Package, e.Test}, e.elapsed()})
	}
}

func (r *report) endPackage(e event) {
	verdict := "ok  "
	switch e.Action {
	case "skip":
		return // no tests in it
	case "fail":
		verdict = "FAIL"
		// Tests that had no end: the process died.
		for key := range r.output {
			if key.Package == e.Package {
				fmt.Fprint(r.out, r.said(key))
				delete(r.output, key)
			}
		}
		if !r.broken[e.Package] {
			r.failed++ // it was not built, or died outside of its tests
		}
	}
	fmt.Fprintf(r.out, "%s\t%s\t%.1fs\n", verdict, e.Package, e.Elapsed)
}

func (r *report) said(key test) string {
	if b := r.output[key]; b != nil {
		return b.String()
	}
	return ""
}

// reason is what a skipped test said last before the go command did.
func reason(said string) string {
	var last string
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "---") {
			last = line
		}
	}
	return last
}

func short(pkg string) string { return strings.TrimPrefix(pkg, "github.com/keystead/keystead/") }

func (r *report) summary() {
	for _, s := range r.skips {
		fmt.Fprintln(r.out, "skipped", s)
	}
	slices.SortFunc(r.slow, func(a, b timed) int { return cmp.Compare(b.took, a.took) })
	for _, s := range r.slow[:min(slowest, len(r.slow))] {
		fmt.Fprintf(r.out, "slow %6.1fs %s %s\n", s.took.Seconds(), short(s.Package), s.Name)
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
}
