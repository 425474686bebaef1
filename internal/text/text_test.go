package text_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/text"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want, problem string }{
		{"", "", ""},
		{"  Ada Lovelace\t", "Ada Lovelace", ""},
		{"Zoë – “quoted” 日本", "Zoë – “quoted” 日本", ""},
		{"עברית\u200f", "עברית\u200f", ""},
		{strings.Repeat("ü", 20), strings.Repeat("ü", 20), ""},
		{strings.Repeat("ü", 21), "", "is longer than 20 characters"},
		{"a\nb", "", "contains control characters"},
		{"a\x00b", "", "contains control characters"},
		{"a\u0085b", "", "contains control characters"},
		{"a\u2028b", "", "contains control characters"},
		{"a\u202eb", "", "contains control characters"},
		{"a\u2066b", "", "contains control characters"},
		{"\ufeffa", "", "contains control characters"},
		{"a\xff", "", "is not valid UTF-8"},
	} {
		got, err := text.Line(tt.in, 20)
		problem := ""
		if err != nil {
			problem = err.Error()
		}
		if got != tt.want || problem != tt.problem {
			t.Errorf("Line(%q) = %q, %q; want %q, %q", tt.in, got, problem, tt.want, tt.problem)
		}
	}
}

func TestRequired(t *testing.T) {
	t.Parallel()
	if _, err := text.Required(" \t", 10); err == nil || err.Error() != "is required" {
		t.Errorf("only space: %v", err)
	}
	if got, err := text.Required(" a ", 10); got != "a" || err != nil {
		t.Errorf("a letter: %q, %v", got, err)
	}
	if _, err := text.Required("a\x07", 10); err == nil {
		t.Error("a bell is accepted")
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	if got, err := text.Notes(" one\r\n\ttwo\n ", 100); got != "one\n\ttwo" || err != nil {
		t.Errorf("two lines: %q, %v", got, err)
	}
	for _, bad := range []string{"a\rb", "a\x00", "a\u2029b", strings.Repeat("x", 101)} {
		if got, err := text.Notes(bad, 100); err == nil {
			t.Errorf("%q: %q", bad, got)
		}
	}
}

func TestEmail(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"ada@example.com", "ada+shop@mail.example.co.uk", "o'brien@example.ie", "a@b", "root@localhost", "postmaster@xn--mnchen-3ya.de",
		"info@münchen.de", "UPPER.Case@Example.COM", strings.Repeat("a", 64) + "@example.com",
	} {
		if got, err := text.Email(" " + good + " "); got != good || err != nil {
			t.Errorf("%s: %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{
		"", " ", "ada", "@example.com", "ada@", "ada@example..com", "ada@.example.com", "ada@example.com.", "ada@-example.com", "ada@example-.com",
		"Ada <ada@example.com>", "<ada@example.com>", `"ada l"@example.com`, "ada@[127.0.0.1]", "ada@exa mple.com", "ada@example.com, bob@example.com",
		"ada(comment)@example.com", "ada@@example.com", "ada@example.com\nBcc: bob@example.com", "ada\x00@example.com", "ada@exam_ple.com",
		strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("b", 64) + ".com", "a@" + strings.Repeat("b.", 127) + "com",
		"ada\u00a0b@example.com", ".ada@example.com", "ada.@example.com",
	} {
		if got, err := text.Email(bad); err == nil {
			t.Errorf("%q is accepted as %q", bad, got)
		}
	}
}

func FuzzEmail(f *testing.F) {
	f.Add("ada@example.com")
	f.Add(`"a b"@[::1]`)
	f.Fuzz(func(t *testing.T, s string) {
		got, err := text.Email(s)
		if err != nil {
			return
		}
		if again, err := text.Email(got); again != got || err != nil {
			t.Errorf("%q is accepted as %q, which is %q, %v", s, got, again, err)
		}
		if strings.ContainsAny(got, "\r\n\x00 <>,;") || strings.Count(got, "@") != 1 || len(got) > 254 {
			t.Errorf("%q is accepted", got)
		}
	})
}

func TestPrefixRange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.StringMatching(`[a-zä日%_]{0,4}`).Draw(t, "prefix")
		s := rapid.OneOf(rapid.StringMatching(`[a-zä日%_]{0,8}`), rapid.Just(prefix+rapid.String().Draw(t, "rest"))).Draw(t, "s")
		if strings.ContainsRune(s, '\U0010ffff') {
			return // no stored text begins with it, as it is no character
		}
		low, high := text.PrefixRange(prefix)
		if in := low <= s && s < high; in != strings.HasPrefix(s, prefix) {
			t.Fatalf("%q in the range of %q: %v", s, prefix, in)
		}
	})
}

func TestIsID(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"cus_01j9z": true, "a": true, strings.Repeat("a", 64): true,
		"": false, strings.Repeat("a", 65): false, "CUS_1": false, "cus-1": false, "cus_1 ": false, "cus_\x00": false, "cus_ä": false, "'": false,
	} {
		if got := text.IsID(s); got != want {
			t.Errorf("IsID(%q) = %v", s, got)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{" Ada ": "ada", "ÄNNCHEN": "ännchen", "ΑΒΓ": "αβγ", "": ""} {
		if got := text.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q", in, got)
		}
	}
}

func TestCell(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"": "", "ada@example.com": "ada@example.com", "=1+1@example.com": "'=1+1@example.com", "+44": "'+44", "-1": "'-1", "@x": "'@x", "\t=1": "'\t=1",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠SUM(1)": "'＠SUM(1)", "a=1": "a=1", "Ärger": "Ärger", "\xff": "\xff", "it's": "it's",
		"'": "'", "'quoted'": "'quoted'", "'=1": "''=1", "''=1": "'''=1",
	} {
		got := text.Cell(typed)
		if got != want {
			t.Errorf("%q became %q, want %q", typed, got, want)
		}
		if back := text.FromCell(got); back != typed {
			t.Errorf("%q came back as %q", typed, back)
		}
	}
}
