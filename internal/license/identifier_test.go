package license

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/fail"
)

func TestNormalizeDomain(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 63)
	tests := []struct{ in, want string }{
		{"example.com", "example.com"},
		{"  Example.COM  ", "example.com"},
		{"http://example.com", "example.com"},
		{"HTTPS://www.Example.com/shop/index.php?x=1#top", "example.com"},
		{"//www.example.com/x", "example.com"},
		{"ftp+ssl://example.com", "example.com"},
		{"example.com/redirect?to=http://other.example", "example.com"},
		{"example.com?x", "example.com"},
		{"example.com#x", "example.com"},
		{`example.com\x`, "example.com"},
		{"user:secret@example.com:8443", "example.com"},
		{"https://user@evil@example.com/", "example.com"},
		{"example.com:8080", "example.com"},
		{"example.com:", "example.com"},
		{"example.com.", "example.com"},
		{"example.com...", "example.com"},
		{"www.example.com", "example.com"},
		{"WWW.example.com.", "example.com"},
		{"www.www.example.com", "example.com"},
		{"www.localhost", "localhost"},
		{"www", "www"},
		{"www.", "www"},
		{"www2.example.com", "www2.example.com"},
		{"wwwexample.com", "wwwexample.com"},
		{"localhost", "localhost"},
		{"intranet:3000", "intranet"},
		{"my_host.lan", "my_host.lan"},
		{"-odd-.example", "-odd-.example"},
		{"r3---sn-x.example", "r3---sn-x.example"},
		{long + ".example", long + ".example"},
		// International names.
		{"bücher.example", "xn--bcher-kva.example"},
		{"BÜCHER.example", "xn--bcher-kva.example"},
		{"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
		{"https://www.bücher.example/", "xn--bcher-kva.example"},
		{"straße.example", "xn--strae-oqa.example"},
		{"例え。テスト", "xn--r8jz45g.xn--zckzah"},
		{"ｅｘａｍｐｌｅ．ｃｏｍ", "example.com"},
		{"ｗｗｗ．example.com", "example.com"},
		// Addresses.
		{"192.0.2.1", "192.0.2.1"},
		{"http://192.0.2.1:80/", "192.0.2.1"},
		{"[2001:DB8::1]", "2001:db8::1"},
		{"http://[2001:db8:0:0::1]:8443/x", "2001:db8::1"},
		{"2001:db8::1", "2001:db8::1"},
		{"[::1]:", "::1"},
		{"[fe80::1%eth0]:80", "fe80::1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := Normalize(Domain, tt.in)
			if err != nil || got != tt.want {
				t.Errorf("Normalize(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
			}
		})
	}
}

func TestNormalizeRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		as ActivationType
		in string
	}{
		{Domain, ""},
		{Domain, "   "},
		{Domain, "http://"},
		{Domain, "https:///path"},
		{Domain, "."},
		{Domain, ".example.com"},
		{Domain, "a..b"},
		{Domain, "exa mple.com"},
		{Domain, "example.com:http"},
		{Domain, "example.com:123456"},
		{Domain, "*.example.com"},
		{Domain, "ex%61mple.com"},
		{Domain, "<script>"},
		{Domain, "a：80"}, // a full-width colon is no separator
		{Domain, "℀.example"},
		{Domain, "xn--\u00fc.example"},
		{Domain, "xn--0.example"},
		{Domain, "[2001:db8::1"},
		{Domain, "[2001:db8::1]x"},
		{Domain, "[2001:db8::1]:x"},
		{Domain, "[example.com]"},
		{Domain, "1:2:3"},
		{Domain, strings.Repeat("a", 64) + ".example"},
		{Domain, strings.Repeat("a.", 127) + "example"},
		{Domain, strings.Repeat("a", 5000)},
		{Domain, "exa\x00mple.com"},
		{Domain, "example.com\n.evil"},
		{Domain, "\xff.example"},
		{Seat, " "},
		{Seat, strings.Repeat("ü", 256)},
		{Device, ""},
		{Device, strings.Repeat("x", 256)},
		{Instance, "a\x07b"},
		{Instance, "\xc3"},
	}
	for _, tt := range tests {
		t.Run(string(tt.as)+" "+tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := Normalize(tt.as, tt.in)
			e := fail.Of(err)
			if err == nil || e.Kind != fail.KindMalformed || e.Code != CodeInvalidRequest || e.Field != "identifier" {
				t.Errorf("Normalize(%q) = %q, %v, want INVALID_REQUEST", tt.in, got, err)
			}
		})
	}
}

func TestNormalizeOthers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		as       ActivationType
		in, want string
	}{
		{Seat, "  Ann@Example.COM ", "ann@example.com"},
		{Seat, "ÄNNE", "änne"},
		{Seat, strings.Repeat("Ü", 255), strings.Repeat("ü", 255)},
		{Device, " AA:BB-Cc ", "AA:BB-Cc"},
		{Instance, "https://Example.com/", "https://Example.com/"},
		{Instance, "i-0123 (two words)", "i-0123 (two words)"},
	}
	for _, tt := range tests {
		if got, err := Normalize(tt.as, tt.in); err != nil || got != tt.want {
			t.Errorf("Normalize(%s, %q) = %q, %v, want %q", tt.as, tt.in, got, err, tt.want)
		}
	}
}

// checkNormal fails unless n is a normal form: within bounds, and left alone by another round.
func checkNormal(t interface{ Fatalf(string, ...any) }, as ActivationType, raw, n string) {
	if again, err := Normalize(as, n); err != nil || again != n {
		t.Fatalf("Normalize(%s, %q) = %q, and of that %q, %v", as, raw, n, again, err)
	}
	if n == "" || utf8.RuneCountInString(n) > maxIdentifier || !utf8.ValidString(n) {
		t.Fatalf("Normalize(%s, %q) = %q", as, raw, n)
	}
	if as == Domain && (!isASCII(n) || strings.ToLower(n) != n || strings.ContainsAny(n, "/?#@[] %*")) {
		t.Fatalf("Normalize(%s, %q) = %q, which is no host", as, raw, n)
	}
}

var activationTypes = []ActivationType{Domain, Device, Seat, Instance}

func TestNormalizeIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		as := rapid.SampledFrom(activationTypes).Draw(t, "type")
		parts := rapid.SliceOfN(rapid.OneOf(
			rapid.SampledFrom([]string{"www.", "http://", "//", "@", ":", "80", ".", "[", "]", "::", "xn--", "ü", "。", "WWW", "example", "com", "/", "?", "#", " ", "%", "ﬀ", "İ", "ß", "Σ", "1.2.3.4"}),
			rapid.String(),
		), 1, 8).Draw(t, "parts")
		raw := strings.Join(parts, "")
		if n, err := Normalize(as, raw); err == nil {
			checkNormal(t, as, raw, n)
		}
	})
}

// TestNormalizeIgnoresDecoration dresses a host up in all that is removed again.
func TestNormalizeIgnoresDecoration(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		host := rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z][a-z0-9]{1,8}){0,3}`).
			Filter(func(s string) bool { return !strings.HasPrefix(s, "www.") && !strings.Contains(s, "xn--") }).Draw(t, "host")
		dressed := rapid.SampledFrom([]string{"", "http://", "HTTPS://", "//"}).Draw(t, "scheme") +
			rapid.SampledFrom([]string{"", "user@", "user:p@ss@"}).Draw(t, "user") +
			rapid.SampledFrom([]string{"", "www.", "WWW."}).Draw(t, "www") +
			rapid.SampledFrom([]string{host, strings.ToUpper(host)}).Draw(t, "case") +
			rapid.SampledFrom([]string{"", ".", ".."}).Draw(t, "dots") +
			rapid.SampledFrom([]string{"", ":80", ":65535"}).Draw(t, "port") +
			rapid.SampledFrom([]string{"", "/", "/a/b?c=d#e", "?q", "#f"}).Draw(t, "path")
		if got, err := Normalize(Domain, dressed); err != nil || got != host {
			t.Fatalf("Normalize(%q) = %q, %v, want %q", dressed, got, err, host)
		}
	})
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"https://user@www.bücher.example:8080/x?y#z", "[2001:db8::1]:443", "XN--a.example", "www.www", "ﷺ.example", "\u200d.example", "::ffff:1.2.3.4%x"} {
		for i := range activationTypes {
			f.Add(s, i)
		}
	}
	f.Fuzz(func(t *testing.T, raw string, i int) {
		as := activationTypes[uint(i)%uint(len(activationTypes))]
		if n, err := Normalize(as, raw); err == nil {
			checkNormal(t, as, raw, n)
		}
	})
}
