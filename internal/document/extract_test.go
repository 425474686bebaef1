package document_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/document"
)

// poppler returns the path of one of Debian's poppler-utils, which read PDFs as other
// programs do. In CI they are there.
func poppler(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("KEYSTEAD_CI") != "" {
			t.Fatalf("%s is missing: install poppler-utils", name)
		}
		t.Skipf("%s is missing: install poppler-utils", name)
	}
	return path
}

// failer is what tests and properties have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func draw(t failer, d document.Document) []byte {
	t.Helper()
	pdf, err := document.PDF(d)
	if err != nil {
		t.Fatalf("draw %q: %v", d.Number, err)
	}
	return pdf
}

// pagesOf returns the words of each page, in the order in which they are drawn, with a
// space between them whatever there was. tool is what poppler returned.
func pagesOf(t failer, tool string, pdf []byte) []string {
	t.Helper()
	cmd := exec.Command(tool, "-raw", "-enc", "UTF-8", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil || problems.Len() > 0 {
		t.Fatalf("pdftotext: %v: %s", err, problems.Bytes())
	}
	var pages []string
	for page := range strings.SplitSeq(strings.TrimSuffix(string(out), "\f"), "\f") {
		pages = append(pages, spaced(page))
	}
	return pages
}

// spaced makes all space in a text single spaces.
func spaced(s string) string { return strings.Join(strings.Fields(s), " ") }

// The words of a document that people approved once. `go test -update` writes them anew.
func TestWordsOnPaper(t *testing.T) {
	t.Parallel()
	tool := poppler(t, "pdftotext")
	for name, sample := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(tool, "-raw", "-enc", "UTF-8", "-", "-")
			cmd.Stdin = bytes.NewReader(draw(t, sample()))
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(string(out), "\n")
			for i := range lines {
				lines[i] = spaced(lines[i])
			}
			golden(t, name+".txt", []byte(strings.TrimSpace(strings.Join(lines, "\n"))+"\n"))
		})
	}
}

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs. Look at it, then run go test -update. It is now:\n%s", path, got)
	}
}

func TestLongInvoiceRepeatsItsHead(t *testing.T) {
	t.Parallel()
	d := longInvoice(200)
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	pages := pagesOf(t, poppler(t, "pdftotext"), draw(t, d))
	if len(pages) < 10 {
		t.Fatalf("200 lines on %d pages", len(pages))
	}
	s := d.Sheet()
	seen, forward := 0, ""
	brought := regexp.MustCompile(`Brought forward ([0-9,.]+)`)
	carried := regexp.MustCompile(`Carried forward ([0-9,.]+)`)
	for i, page := range pages {
		if want := "Page " + strconv.Itoa(i+1) + " of " + strconv.Itoa(len(pages)); !strings.Contains(page, want) {
			t.Errorf("page %d doesn't say %q", i+1, want)
		}
		if i > 0 && !strings.HasPrefix(page, "Invoice INV-2026-0043") {
			t.Errorf("page %d doesn't say what it belongs to", i+1)
		}
		before := seen
		for seen < len(s.Rows) {
			r := s.Rows[seen]
			first := strings.SplitN(spaced(r.Description), " by hand", 2)[0]
			if !strings.Contains(page, strings.SplitN(first, ", with", 2)[0]) || !strings.Contains(page, r.Amount) {
				break
			}
			seen++
		}
		if seen > before && !strings.Contains(page, "# Description Quantity Unit price EUR VAT Amount EUR") {
			t.Errorf("page %d has lines and no head", i+1)
		}
		if seen > before && before > 0 {
			if m := brought.FindStringSubmatch(page); m == nil || m[1] != forward {
				t.Errorf("page %d begins with %v, the page before ended with %s", i+1, m, forward)
			}
		}
		forward = ""
		if m := carried.FindStringSubmatch(page); m != nil {
			forward = m[1]
			if forward != s.Rows[seen-1].Running {
				t.Errorf("page %d carries %s forward after line %d, not %s", i+1, forward, seen, s.Rows[seen-1].Running)
			}
		}
	}
	if seen != len(s.Rows) {
		t.Errorf("%d of %d lines are on the pages", seen, len(s.Rows))
	}
}

// The last line never stands alone on the page before its totals, wherever it ends up.
func TestTotalsStayWithTheLastLine(t *testing.T) {
	t.Parallel()
	tool := poppler(t, "pdftotext")
	for n := 2; n < 20; n++ {
		d := longInvoice(n)
		s := d.Sheet()
		pages := pagesOf(t, tool, draw(t, d))
		for i, page := range pages {
			total := strings.Contains(page, spaced(s.Totals[len(s.Totals)-1].Value)+" ") && strings.Contains(page, "Amount due")
			if total && !strings.Contains(page, s.Rows[n-1].UnitPrice) {
				t.Errorf("%d lines: the totals are alone on page %d", n, i+1)
			}
		}
	}
}

func TestALinkCanBeClicked(t *testing.T) {
	t.Parallel()
	d := shortInvoice()
	d.Payment.Link = "https://store.example/pay?(a)=" + strings.Repeat("x", 300)
	if pdf := draw(t, d); !bytes.Contains(pdf, []byte(`/URI (https://store.example/pay?\(a\)=xxx`)) {
		t.Error("there is no link")
	}
	for _, bad := range []string{"javascript:alert(1)", "file:///etc/passwd", "store.example", "https:", "::", "\x00", "http://[::1"} {
		d.Payment.Link = bad
		if s := d.Sheet(); s.Pay.Link != "" || bytes.Contains(draw(t, d), []byte("/URI")) {
			t.Errorf("%q became a link", bad)
		}
	}
}
