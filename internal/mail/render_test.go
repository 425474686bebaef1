package mail

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
)

func testSettings() *setting.Settings {
	return &setting.Settings{StoreName: "Acme Software", BaseURL: "https://store.example.com", Address: "Main St. 1\nBerlin", TimeZone: time.UTC, Language: "en"}
}

func mustRender(t *testing.T, r *renderer, k Kind, tag string, data any) Rendered {
	t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.render(k, tag, string(raw))
	if err != nil {
		t.Fatalf("%s in %s: %v", k, tag, err)
	}
	return m
}

// words is the text that a reader of HTML sees.
func words(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && n.Data == "head" {
			return
		}
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
	}
	walk(root)
	return strings.Join(strings.Fields(b.String()), " ")
}

// bad is what no reader should see.
var bad = regexp.MustCompile(`<no value>|%!|\{\{|\}\}|<nil>|ZgotmplZ| \.|  |,,|\(\)`)

func TestEveryKindInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, info := range Kinds() {
		for _, language := range shippedLanguages {
			t.Run(string(info.Kind)+" "+language, func(t *testing.T) {
				t.Parallel()
				r := newRenderer(testSettings(), nil)
				m := mustRender(t, r, info.Kind, language, info.Sample)
				seen := words(t, m.HTML)
				if found := bad.FindString(m.Subject + "\n" + seen); found != "" {
					t.Errorf("%q in:\n%s\n%s", found, m.Subject, seen)
				}
				if found := bad.FindString(strings.ReplaceAll(m.Text, "\n    ", "\n")); found != "" && found != "  " {
					t.Errorf("%q in:\n%s", found, m.Text)
				}
				if len(m.Subject) < 10 || len(m.Subject) > 120 || strings.Contains(m.Text, "\n\n\n") || strings.Contains(m.HTML, "<p></p>") {
					t.Errorf("subject %q, text:\n%s", m.Subject, m.Text)
				}
				for _, s := range []string{"Acme Software", "Berlin"} {
					if !strings.Contains(m.Text, s) || !strings.Contains(seen, s) {
						t.Errorf("%q is missing in:\n%s\n%s", s, m.Text, seen)
					}
				}
				// Every mail leads somewhere, to the same place in both forms.
				link := regexp.MustCompile(`https://store\.example\.com/[^\s"<]+`)
				if a, b := link.FindString(m.Text), link.FindString(m.HTML); a == "" || a != b {
					if info.Kind != SubscriptionPaused {
						t.Errorf("links %q and %q", a, b)
					}
				}
				if !strings.Contains(m.HTML, `<html lang="`+language+`">`) {
					t.Error("the page does not say its language")
				}
			})
		}
	}
}

// A mail about little must not look broken: everything that may be missing is missing.
func TestEveryKindWithoutData(t *testing.T) {
	t.Parallel()
	for _, info := range Kinds() {
		for _, language := range shippedLanguages {
			r := newRenderer(testSettings(), nil)
			m := mustRender(t, r, info.Kind, language, reflect.New(reflect.TypeOf(info.Sample)).Elem().Interface())
			if strings.Contains(m.Text+m.HTML, "<no value>") || strings.Contains(m.HTML, `href=""`) || strings.Contains(m.Text, "%!") {
				t.Errorf("%s in %s:\n%s", info.Kind, language, m.Text)
			}
		}
	}
}

func TestSamplesAreWhole(t *testing.T) {
	t.Parallel()
	seen := map[Kind]bool{}
	for _, info := range Kinds() {
		if seen[info.Kind] || info.Title == "" || info.Sample == nil || info.Secret && !info.Vital {
			t.Errorf("%+v", info)
		}
		seen[info.Kind] = true
		raw, err := json.Marshal(info.Sample)
		if err != nil {
			t.Fatal(err)
		}
		back := reflect.New(reflect.TypeOf(info.Sample))
		if err := json.Unmarshal(raw, back.Interface()); err != nil || !reflect.DeepEqual(back.Elem().Interface(), info.Sample) {
			t.Errorf("%s does not survive being stored: %v", info.Kind, err)
		}
	}
	if len(seen) != 41 {
		t.Errorf("%d kinds", len(seen))
	}
}

func TestShippedSources(t *testing.T) {
	t.Parallel()
	action := regexp.MustCompile(`\{\{[^}]*\}\}`)
	for key, src := range shipped() {
		if strings.ContainsAny(action.ReplaceAllString(src.text, ""), "<>&") {
			t.Errorf("%v: a character that HTML would take for its own", key)
		}
		if err := (Template{key.kind, key.language, src.subject, src.text, src.html, 0, nil}).Validate(); err != nil {
			t.Errorf("%v could not be saved as it is: %v", key, err)
		}
	}
}

func TestOrderConfirmationText(t *testing.T) {
	t.Parallel()
	info, _ := infoOf(OrderConfirmation)
	r := newRenderer(testSettings(), nil)
	m := mustRender(t, r, OrderConfirmation, "de-AT", info.Sample)
	const want = `Guten Tag Ada Lovelace,

vielen Dank für Ihre Bestellung vom 1. März 2026.

- 1 × Acme Backup Pro: 129,00 €
- 2 × Five more sites: 40,00 €

Summe: 169,00 €
darin Steuer: 26,98 €

Ihre Lizenzschlüssel:

Acme Backup Pro, gültig bis 1. März 2027
    ACME-7K2QM-X9PLD-3FWZT-HV6RB

Bestellung ansehen:
https://store.example.com/account/invoices/inv_sample

-- 
Acme Software
Main St. 1
Berlin
`
	if got := strings.ReplaceAll(m.Text, "\u00a0", " "); m.Subject != "Ihre Bestellung bei Acme Software" || got != want {
		t.Errorf("%s\n%s", m.Subject, got)
	}
	if !strings.Contains(m.HTML, `<a class="button" href="https://store.example.com/account/invoices/inv_sample">Bestellung ansehen</a>`) ||
		!strings.Contains(m.HTML, `<code>ACME-7K2QM-X9PLD-3FWZT-HV6RB</code>`) {
		t.Error(m.HTML)
	}
}

func TestHostileData(t *testing.T) {
	t.Parallel()
	const evil = "<script>alert(1)</script>\r\nBcc: victim@example.com\r\n\r\n\"'><img src=x onerror=y>\u202e\x00"
	m, y := money.New(100, "EUR"), civil.On(2026, time.March, 1)
	inv := Invoice{
		Number: evil, IssuedOn: y, DueOn: y, Lines: []Line{{evil, 1, m}}, Total: m, Balance: m, Link: "javascript:alert(1)", How: evil,
	}
	sub := Subscription{Name: evil, Price: m, Cycle: evil, Link: "//evil.example.com"}
	r := newRenderer(testSettings(), nil)
	for _, language := range shippedLanguages {
		for k, data := range map[Kind]any{
			OrderConfirmation: OrderConfirmationData{
				Name: evil, Number: evil, Lines: inv.Lines, Total: m, Invoice: inv, Link: `"><script>`,
				Licenses: []License{{evil, evil, evil, y}},
			},
			InvoiceUpcoming:    InvoiceUpcomingData{Name: evil, Invoice: inv, Subscription: sub, Method: evil, ChargeOn: y, Cancel: "data:text/html,x"},
			PaymentFailed:      PaymentFailedData{Name: evil, Reason: evil, Invoice: inv, Method: evil, Update: "\x01javascript:x"},
			LicenseSuspended:   LicenseSuspendedData{Name: evil, Products: []string{evil, evil}, Invoice: inv},
			DisputeClosedStaff: DisputeData{Customer: evil, Invoice: evil, Gateway: evil, Reason: evil, Outcome: evil, Link: evil},
			StaffAlert:         StaffAlertData{Title: evil, Text: evil, Link: "https://x/\"><script>"},
			StaffDigest:        StaffDigestData{Day: y, Items: []DigestItem{{evil, 1, "/a\"><script>"}}},
		} {
			got := mustRender(t, r, k, language, data)
			if strings.ContainsAny(got.Subject, "\r\n\x00\u202e") {
				t.Errorf("%s: subject %q", k, got.Subject)
			}
			lower := strings.ToLower(got.HTML)
			for _, s := range []string{"<script", "<img", "javascript:", "data:text", `href="//`} {
				if strings.Contains(lower, s) {
					t.Errorf("%s: %s in\n%s", k, s, got.HTML)
				}
			}
		}
	}
}

func TestGreeting(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Ada Lovelace":              "Hello Ada Lovelace,",
		"J. R. R. Tolkien":          "Hello J. R. R. Tolkien,",
		"Zoë\r\nX":                  "Hello Zoë X,",
		"":                          "Hello,",
		"You won! http://evil.test": "Hello,",
		"Visit evil.test now":       "Hello,",
		"a@b":                       "Hello,",
		strings.Repeat("x", 61):     "Hello,",
	} {
		if got := wordsOf("en-GB").greeting(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
	if got := wordsOf("de").greeting("Ada"); got != "Guten Tag Ada," {
		t.Error(got)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 23, 5, 0, 0, time.UTC)
	en, de := wordsOf("en"), wordsOf("de-CH")
	for got, want := range map[string]string{
		en.moment(at, berlin):                          "2 March 2026, 00:05 CET",
		de.moment(at, berlin):                          "2. März 2026, 00:05 Uhr (CET)",
		en.list([]string{"A", "B", "C"}):               "A, B and C",
		de.list([]string{"A", "B"}):                    "A und B",
		en.list([]string{"A"}):                         "A",
		en.list(nil):                                   "",
		wordsOf("xx").day(civil.On(2026, time.May, 4)): "4 May 2026",
		en.price(money.New(900, "EUR"), "other", "en"): "€9.00",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, c := range civil.Cycles() {
		for tag := range languages {
			if got := wordsOf(tag).price(money.New(900, "EUR"), c, tag); strings.Contains(got, "%!") || c.Recurs() && len(got) < 10 {
				t.Errorf("%s in %s: %q", c, tag, got)
			}
		}
	}
}

func TestFallbacks(t *testing.T) {
	t.Parallel()
	info, _ := infoOf(SubscriptionResumed)
	data := info.Sample
	own := map[templateKey]source{
		{SubscriptionResumed, "fr"}:    {"Bonjour", "{{greeting .Name}} {{date .RenewsOn}}", "<p>{{.Name}}</p>"},
		{SubscriptionResumed, "de-at"}: {"Servus", "{{index .Name 1000}}", "<p>x</p>"}, // fails when it runs
	}
	r := newRenderer(testSettings(), own)
	for tag, want := range map[string]string{
		"":      "Acme Backup Pro goes on",
		"fr-CA": "Bonjour",
		"it":    "Acme Backup Pro goes on",
		"de-CH": "Acme Backup Pro läuft weiter",
		"de-AT": "Acme Backup Pro läuft weiter",
		"EN-us": "Acme Backup Pro goes on",
	} {
		if m := mustRender(t, r, SubscriptionResumed, tag, data); m.Subject != want {
			t.Errorf("%q: %q, want %q", tag, m.Subject, want)
		}
	}
	if m := mustRender(t, r, SubscriptionResumed, "it", data); !strings.Contains(m.Text, "15 March 2026") || !strings.Contains(m.HTML, `lang="en"`) {
		t.Errorf("English for readers of Italian: %s", m.Text)
	}
	german := *testSettings()
	german.Language = "de"
	if m := mustRender(t, newRenderer(&german, nil), SubscriptionResumed, "", data); m.Subject != "Acme Backup Pro läuft weiter" {
		t.Errorf("in the store's language: %q", m.Subject)
	}
}

// Reminders speak of a part only if a part is settled.
func TestRemindersOfAWholeAndOfAPart(t *testing.T) {
	t.Parallel()
	r := newRenderer(testSettings(), nil)
	for _, c := range []struct {
		kind          Kind
		tag           string
		whole, ofPart string
	}{
		{OverdueFirst, "en", "is not paid yet", "€50.00 of it are still open"},
		{OverdueSecond, "en", "We still have no payment", "A part of it is settled, €50.00 are still open"},
		{OverdueFirst, "de", "ist noch nicht bezahlt", "Davon sind noch 50,00 € offen"},
		{OverdueSecond, "de", "noch keine Zahlung erhalten", "Ein Teil davon ist beglichen, 50,00 € sind noch offen"},
	} {
		for _, balance := range []int64{19900, 5000} {
			m := mustRender(t, r, c.kind, c.tag, OverdueData{Invoice: Invoice{Number: "INV-1", Total: money.New(19900, "EUR"), Balance: money.New(balance, "EUR"), DueOn: civil.On(2026, time.March, 1)}})
			for _, text := range []string{m.Text, words(t, m.HTML)} {
				text = strings.Join(strings.Fields(text), " ")
				if strings.Contains(text, c.whole) != (balance == 19900) || strings.Contains(text, c.ofPart) == (balance == 19900) || strings.Contains(text, "{") {
					t.Errorf("%s in %s, open %d:\n%s", c.kind, c.tag, balance, text)
				}
			}
		}
	}
}

func TestWithoutAnAddressOfTheStore(t *testing.T) {
	t.Parallel()
	now := *testSettings()
	now.BaseURL = ""
	r := newRenderer(&now, nil)
	if _, err := r.render(SignInLink, "en", `{"Link":"/x"}`); err == nil || !strings.Contains(err.Error(), "store.base_url") {
		t.Errorf("a link to nowhere: %v", err)
	}
	if m := mustRender(t, r, SubscriptionResumed, "en", SubscriptionResumedData{Subscription: Subscription{Link: "/x"}}); strings.Contains(m.Text, "/x") {
		t.Error(m.Text)
	}
}

// Whoever could not bring a domain along is led to ordering that once more, not to another name.
func TestRefusedDomains(t *testing.T) {
	t.Parallel()
	r := newRenderer(testSettings(), nil)
	for _, c := range []struct{ tag, again, other string }{
		{"en", "Order it again with the present code", "Find another name"},
		{"de", "Mit dem aktuellen Code erneut bestellen", "Eine andere Domain suchen"},
	} {
		for _, transfer := range []bool{true, false} {
			m := mustRender(t, r, DomainRefused, c.tag, DomainRefusedData{Name: "Ada", Domain: "acme.example", Transfer: transfer, Link: "/domains"})
			for _, text := range []string{m.Text, words(t, m.HTML)} {
				if strings.Contains(text, c.again) != transfer || strings.Contains(text, c.other) == transfer {
					t.Errorf("%s, transfer %v:\n%s", c.tag, transfer, text)
				}
			}
		}
	}
}
