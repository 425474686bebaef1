package readme

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/keystead/keystead/test/drive"
)

func source(t *testing.T, parts ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(append([]string{drive.Root()}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

var (
	heading   = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	paragraph = regexp.MustCompile(`(?m)^### ([a-z0-9_]+)\n\*([^*]+)\*`)
	goCode    = regexp.MustCompile(`(?m)^\t(\w+) +Reason = "([a-z0-9_]+)"$`)
	goState   = regexp.MustCompile(`(?m)^\t\w+ +State = "(\w+)"`)
	goText    = regexp.MustCompile(`(?m)^\t(\w+|"\w+"): +"([^"]+)",$`)
	phpText   = regexp.MustCompile(`(?m)^        '([a-z0-9_]+)' => '([^']+)',$`)
)

// Every code that a library links to has its paragraph, which begins with the sentence that people search for.
func TestTroubleshooting(t *testing.T) {
	t.Parallel()
	said := map[string]string{}
	plain := strings.NewReplacer("’", "'", "\n", " ").Replace
	for _, m := range paragraph.FindAllStringSubmatch(source(t, "docs", "troubleshooting.md"), -1) {
		if _, twice := said[m[1]]; twice {
			t.Errorf("%s has two paragraphs", m[1])
		}
		said[m[1]] = plain(m[2])
	}

	want := map[string]string{} // code: sentence; empty: any
	reasons := source(t, "sdk", "go", "licensed", "reason.go")
	names := map[string]string{}
	for _, m := range goCode.FindAllStringSubmatch(reasons, -1) {
		names[m[1]], want[m[2]] = m[2], ""
	}
	for _, m := range goState.FindAllStringSubmatch(source(t, "sdk", "go", "licensed", "state.go"), -1) {
		if state := strings.ToLower(m[1]); state != "valid" && state != "due" && state != "grace" {
			want[state] = ""
		}
	}
	sentences := 0
	for _, m := range goText.FindAllStringSubmatch(reasons, -1) {
		code := names[m[1]]
		if code == "" {
			code = strings.Trim(m[1], `"`)
		}
		want[code] = plain(m[2])
		sentences++
	}
	for _, m := range phpText.FindAllStringSubmatch(source(t, "sdk", "php", "src", "Wording.php"), -1) {
		if w := want[m[1]]; w != "" && w != plain(m[2]) {
			t.Errorf("%s: the libraries say %q and %q", m[1], w, plain(m[2]))
		}
		want[m[1]] = plain(m[2])
		sentences++
	}
	if len(names) < 35 || sentences < 80 {
		t.Fatalf("only %d codes and %d sentences were found: the libraries are written in another way than this test reads", len(names), sentences)
	}
	for code, sentence := range want {
		switch text, there := said[code]; {
		case !there:
			t.Errorf("docs/troubleshooting.md has no paragraph %s", code)
		case sentence != "" && text != sentence:
			t.Errorf("%s: the paragraph begins with %q, the libraries say %q", code, text, sentence)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// Links within the pages about licensing lead somewhere.
func TestLinks(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"license-go.md", "license-php.md", "offline.md", "troubleshooting.md"} {
		for _, m := range link.FindAllStringSubmatch(source(t, "docs", page), -1) {
			path, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(path, "://") {
				continue
			}
			if path == "" {
				path = page
			}
			if _, err := os.Stat(filepath.Join(drive.Root(), "docs", filepath.FromSlash(path))); err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			if anchor == "" {
				continue
			}
			found := false
			for _, h := range heading.FindAllStringSubmatch(source(t, "docs", filepath.FromSlash(path)), -1) {
				found = found || strings.ReplaceAll(strings.ToLower(h[1]), " ", "-") == anchor
			}
			if !found {
				t.Errorf("%s: no heading for %s", page, m[1])
			}
		}
	}
}
