package release_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/release"
)

func TestCleanName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"widget-2.1.zip":                  "widget-2.1.zip",
		"Größe 2.zip":                     "Größe 2.zip",
		"../../etc/passwd":                "passwd",
		`C:\Users\me\widget.zip`:          "widget.zip",
		`..\..\widget.zip`:                "widget.zip",
		"/var/tmp/widget.zip/":            "widget.zip",
		".htaccess":                       "htaccess",
		"...widget":                       "widget",
		". .widget":                       "widget",
		"a\x00b\r\nc\x7f.zip":             "abc.zip",
		"a\u202egpj.exe":                  "agpj.exe", // turned, it would look like a.exe read backwards
		"a\u2028b":                        "ab",
		"  widget.zip  ":                  "widget.zip",
		"bad\xff\xfeutf8.zip":             "badutf8.zip",
		`quote".zip`:                      `quote".zip`,
		strings.Repeat("x", 300) + ".zip": strings.Repeat("x", 196) + ".zip",
		strings.Repeat("ä", 150) + ".gz":  strings.Repeat("ä", 98) + ".gz",
		"x." + strings.Repeat("y", 300):   "x." + strings.Repeat("y", 198),
	} {
		got, err := release.CleanName(in)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", ".", "..", "/", "//", `\`, "   ", "...", "\x00", "a/..", "\u200b", "\xff"} {
		if got, err := release.CleanName(in); err == nil {
			t.Errorf("%q: %q, want an error", in, got)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"a.zip", "../x", `..\x`, ".a", "a\x00", "\u202e", "", "....//....//x", strings.Repeat("é", 200) + ".z", "/..", "\xff/.\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := release.CleanName(s)
		if err != nil {
			return
		}
		switch {
		case name == "", name == ".", name == "..", name[0] == '.':
			t.Fatalf("%q: %q", s, name)
		case len(name) > 200:
			t.Fatalf("%q: %d bytes", s, len(name))
		case strings.ContainsAny(name, `/\`), strings.IndexFunc(name, unicode.IsControl) >= 0:
			t.Fatalf("%q: %q holds what it must not", s, name)
		case !utf8.ValidString(name), strings.TrimSpace(name) != name:
			t.Fatalf("%q: %q is not clean", s, name)
		}
		if again, err := release.CleanName(name); err != nil || again != name {
			t.Fatalf("%q: cleaned %q, cleaned again %q, %v", s, name, again, err)
		}
	})
}
