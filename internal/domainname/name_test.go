package domainname_test

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/domainname"
)

func name(t testing.TB, s string) domainname.Name {
	t.Helper()
	n, err := domainname.ParseName(s)
	if err != nil {
		t.Fatalf("%q %v", s, err)
	}
	return n
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ id, in, ascii, unicode string }{
		{"A10", "BÜCHER.example", "xn--bcher-kva.example", "bücher.example"},
		{"A10", "bücher.example.", "xn--bcher-kva.example", "bücher.example"},
		{"A10", "xn--bcher-kva.example", "xn--bcher-kva.example", "bücher.example"},
		{"A10", "XN--BCHER-KVA.EXAMPLE", "xn--bcher-kva.example", "bücher.example"},
		{"decomposed", "bu\u0308cher.example", "xn--bcher-kva.example", "bücher.example"},
		{"wide dot", "bücher。example", "xn--bcher-kva.example", "bücher.example"},
		{"not transitional", "straße.de", "xn--strae-oqa.de", "straße.de"},
		{"plain", " Example.COM ", "example.com", "example.com"},
		{"IDN extension", "пример.рф", "xn--e1afmkfd.xn--p1ai", "пример.рф"},
		{"middle dot between l and l", "col·lecció.cat", "", "col·lecció.cat"},
		{"katakana middle dot", "ア・イ.jp", "", "ア・イ.jp"},
		{"longest label", strings.Repeat("a", 63) + ".com", strings.Repeat("a", 63) + ".com", strings.Repeat("a", 63) + ".com"},
	} {
		n, err := domainname.ParseName(tt.in)
		if err != nil {
			t.Errorf("%s: %q %v", tt.id, tt.in, err)
			continue
		}
		if tt.ascii != "" && n.String() != tt.ascii {
			t.Errorf("%s: %q is stored as %q, want %q", tt.id, tt.in, n, tt.ascii)
		}
		if n.Unicode() != tt.unicode {
			t.Errorf("%s: %q is shown as %q, want %q", tt.id, tt.in, n.Unicode(), tt.unicode)
		}
	}
}

// Section 13: a bad name is refused before a registry is asked.
func TestBadNames(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", " ", ".", "com", "-a.com", "a-.com", "ab--c.com", "a..com", ".a.com", "a b.com", "a_b.com", "a/b.com", "a.com/", "1.2.3.4", "☃.com", "i❤.ws",
		"xn--a.com", "xn--.com", "xn--example-.com", "a·b.com", "abc・.com", "example.com\x00", "\xff.com", "aא.com", "א1a.com", "a\u200db.com",
		"\u0660\u06f0.com", strings.Repeat("a", 64) + ".com", strings.Repeat("abcdefg.", 32) + "com", strings.Repeat("a.", 3000) + "com",
		"xn--a-ecp.ru", // decodes to what is not normal
	} {
		if n, err := domainname.ParseName(in); err == nil {
			t.Errorf("%q was taken for %q", in, n)
		}
	}
	long := strings.Repeat("abcdefg.", 31) + "ab.de" // 253
	if len(long) != 253 {
		t.Fatal(len(long))
	}
	name(t, long)
	if _, err := domainname.ParseName("x" + long); err == nil {
		t.Error("254 octets were taken")
	}
}

func TestExtension(t *testing.T) {
	t.Parallel()
	sold := map[string]bool{"com": true, "uk": true, "co.uk": true, "io": true, "xn--p1ai": true, "gtld": true, "github.io": true, "uk.com": true}
	for _, tt := range []struct {
		name, extension string
		ok              bool
	}{
		{"example.com", "com", true},
		{"www.example.com", "", false},
		{"example.uk", "uk", true},
		{"example.co.uk", "co.uk", true},
		{"example.org.uk", "", false}, // not sold, and not under uk either
		{"пример.рф", "xn--p1ai", true},
		{"example.gtld", "gtld", true}, // in no list
		{"a.example.gtld", "", false},
		{"github.io", "io", true},
		{"example.github.io", "", false}, // private suffixes never set a price
		{"example.uk.com", "", false},
		{"co.uk", "", false}, // itself an extension
		{"example.net", "", false},
	} {
		got, ok := name(t, tt.name).Extension(func(s string) bool { return sold[s] })
		if ok != tt.ok || ok && got != tt.extension {
			t.Errorf("%s is sold under %q: %v", tt.name, got, ok)
		}
	}
	for in, want := range map[string]string{".com": "com", "CO.UK": "co.uk", "рф": "xn--p1ai", "gtld": "gtld"} {
		if got, err := domainname.ParseExtension(in); err != nil || got != want {
			t.Errorf("extension %q = %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "example.com", "github.io", "uk.com", "a b", "1"} {
		if got, err := domainname.ParseExtension(in); err == nil {
			t.Errorf("%q was taken for the extension %q", in, got)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"BÜCHER.example.", "xn--bcher-kva.example", "straße.de", "example.co.uk", "ア・イ.jp", "a\u200db.com", "xn--a.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := domainname.ParseName(s)
		if err != nil {
			return
		}
		if len(n.String()) > 253 || n.String() != strings.ToLower(n.String()) || strings.HasSuffix(n.String(), ".") {
			t.Fatalf("%q is stored as %q", s, n)
		}
		for _, form := range []string{n.String(), n.String() + ".", n.Unicode(), strings.ToUpper(n.String())} {
			if again, err := domainname.ParseName(form); err != nil || again != n {
				t.Fatalf("%q: %q is %q, %v", s, form, again, err)
			}
		}
		if ext, ok := n.Extension(func(string) bool { return true }); ok {
			if got, err := domainname.ParseExtension(ext); err != nil || got != ext {
				t.Fatalf("%q is sold under %q, which is no extension: %v", s, ext, err)
			}
		}
	})
}
