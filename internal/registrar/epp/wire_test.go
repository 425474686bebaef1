package epp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
)

func TestFrames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOfN(rapid.Byte(), 1, 5000).Draw(t, "body")
		var wire bytes.Buffer
		if err := writeFrame(&wire, body); err != nil {
			t.Fatal(err)
		}
		got, err := readFrame(iotest.OneByteReader(&wire))
		if err != nil || !bytes.Equal(got, body) {
			t.Fatalf("%v, %v", got, err)
		}
	})
}

func TestFrameLengths(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		wire []byte
		ok   bool
		end  error
	}{
		{"nothing", nil, false, io.EOF},
		{"half a length", []byte{0, 0}, false, io.ErrUnexpectedEOF},
		{"zero", []byte{0, 0, 0, 0}, false, nil},
		{"three", []byte{0, 0, 0, 3}, false, nil},
		{"no document", []byte{0, 0, 0, 4}, false, nil},
		{"shortest", []byte{0, 0, 0, 5, 'x'}, true, nil},
		{"cut short", []byte{0, 0, 0, 9, 'x'}, false, io.ErrUnexpectedEOF},
		{"nothing after the length", []byte{0, 0, 0, 9}, false, io.ErrUnexpectedEOF},
		{"2 GiB", []byte{0x80, 0, 0, 0}, false, nil},
		{"4 GiB", []byte{0xff, 0xff, 0xff, 0xff}, false, nil},
		{"a byte too long", []byte{0, 0x10, 0, 1}, false, nil},
	} {
		_, err := readFrame(bytes.NewReader(tt.wire))
		if (err == nil) != tt.ok || tt.end != nil && !errors.Is(err, tt.end) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if err := writeFrame(io.Discard, make([]byte, maxFrame)); err == nil {
		t.Error("a frame too long was written")
	}
}

func TestHostileDocuments(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]string{
		"empty":                  "",
		"blank":                  "  \n",
		"DOCTYPE":                `<!DOCTYPE epp><epp/>`,
		"entity":                 `<epp>&x;</epp>`,
		"entity that is defined": `<!DOCTYPE epp [<!ENTITY x "y">]><epp>&x;</epp>`,
		"other charset":          `<?xml version="1.0" encoding="ISO-8859-1"?><epp/>`,
		"not UTF-8":              "<epp>\xff</epp>",
		"UTF-16":                 "\xfe\xff\x00<\x00a",
		"control character":      "<epp>\x00</epp>",
		"two roots":              `<epp/><epp/>`,
		"text after the root":    `<epp/>x`,
		"text before the root":   `x<epp/>`,
		"unclosed":               `<epp><a></epp>`,
		"cut":                    `<epp><a>`,
		"style sheet":            `<?xml-stylesheet href="http://x.example"?><epp/>`,
		"deep":                   strings.Repeat("<a>", maxDepth+1) + strings.Repeat("</a>", maxDepth+1),
		"wide":                   "<a>" + strings.Repeat("<b/>", maxElements) + "</a>",
		"attributes":             "<a" + strings.Repeat(` b="c"`, maxAttributes+1) + "/>",
	} {
		if _, err := parse([]byte(document)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	for name, document := range map[string]string{
		"deep enough":   strings.Repeat("<a>", maxDepth) + strings.Repeat("</a>", maxDepth),
		"five entities": `<a>&lt;&gt;&amp;&apos;&quot;&#65;</a>`,
		"CDATA":         `<a><![CDATA[<b>&c;]]></a>`,
		"comments":      `<!-- a --><a><!-- b --></a><!-- c -->`,
		"with BOM-less declaration": `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
			<a/>`,
	} {
		if _, err := parse([]byte(document)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever text a command carries, it comes out of the document as it went in, or the command is refused before it
// leaves.
func TestTextSurvives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.String().Draw(t, "password")
		document, err := command{verb: "info", trid: "abc", body: func(w *writer) { writeAuthInfo(w, "domain", password) }}.document()
		if err != nil {
			if sayable(password) == nil {
				t.Fatalf("%q: %v", password, err)
			}
			return
		}
		d := bytes.ReplaceAll(document, []byte("<domain:authInfo>"), []byte(`<domain:authInfo xmlns:domain="`+nsDomain+`">`))
		root, err := parse(d)
		if err != nil {
			t.Fatal(err)
		}
		got := root.child(nsEPP, "command").child(nsEPP, "info").child(nsDomain, "authInfo").value(nsDomain, "pw")
		if got != strings.TrimSpace(password) {
			t.Fatalf("%q came out as %q", password, got)
		}
	})
}

func TestCommandsThatCannotBeSaid(t *testing.T) {
	t.Parallel()
	c, err := New(Config{Address: "registry.example:700", ClientID: "client", Password: "password"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	guard := civil.On(2027, 3, 10)
	for name, run := range map[string]func() error{
		"short id":   func() error { _, err := c.Info(ctx, "ab", "a.example", ""); return err },
		"long id":    func() error { _, err := c.Info(ctx, strings.Repeat("x", 65), "a.example", ""); return err },
		"no name":    func() error { _, err := c.Info(ctx, "abc", "", ""); return err },
		"control":    func() error { _, err := c.Info(ctx, "abc", "a\x01.example", ""); return err },
		"zero years": func() error { _, err := c.Renew(ctx, "abc", Renew{Name: "a.example", Guard: guard}); return err },
		"hundred years": func() error {
			_, err := c.Renew(ctx, "abc", Renew{Name: "a.example", Guard: guard, Years: 100})
			return err
		},
		"no guard": func() error { _, err := c.Renew(ctx, "abc", Renew{Name: "a.example", Years: 1}); return err },
		"fee": func() error {
			_, err := c.Renew(ctx, "abc", Renew{Name: "a.example", Guard: guard, Years: 1, Fee: &Fee{"EUR", "1,00"}})
			return err
		},
		"currency": func() error { _, err := c.CheckFees(ctx, "abc", "", nil, "a.example"); return err },
		"transfer": func() error { _, err := c.Transfer(ctx, "abc", Transfer{Name: "a.example", Op: "steal"}); return err },
		"country": func() error {
			_, err := c.CreateContact(ctx, "abc", Contact{ID: "abc", Name: "A", City: "B", Country: "GBR", Email: "a@b.example"})
			return err
		},
		"four streets": func() error {
			_, err := c.CreateContact(ctx, "abc", Contact{ID: "abc", Name: "A", City: "B", Country: "GB", Email: "a@b.example", Street: make([]string, 4)})
			return err
		},
		"message id": func() error { _, err := c.Ack(ctx, "abc", "\x02"); return err },
		"contact's role": func() error {
			_, err := c.Update(ctx, "abc", Update{Name: "a.example", Add: Parts{Statuses: []string{"\x00"}}})
			return err
		},
	} {
		err := run()
		if e, ok := errors.AsType[*Error](err); !ok || e.Class != ClassFault || e.Sent {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, config := range map[string]Config{
		"address":  {Address: "registry.example", ClientID: "client", Password: "password"},
		"id":       {Address: "registry.example:700", ClientID: "x", Password: "password"},
		"password": {Address: "registry.example:700", ClientID: "client", Password: "short"},
	} {
		if _, err := New(config); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestClasses(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]Class{
		1000: ClassDone, 1001: ClassPending, 1300: ClassDone, 1301: ClassDone, 1500: ClassDone, 1999: ClassDone,
		2000: ClassFault, 2003: ClassFault, 2004: ClassStale, 2005: ClassFault, 2100: ClassFault, 2103: ClassFault, 2104: ClassMoney,
		2105: ClassStale, 2106: ClassFault, 2200: ClassSession, 2201: ClassGone, 2202: ClassGone, 2300: ClassUnknown, 2301: ClassUnknown,
		2302: ClassFault, 2303: ClassGone, 2304: ClassStatus, 2305: ClassFault, 2306: ClassStale, 2307: ClassFault, 2308: ClassStale,
		2400: ClassUnknown, 2500: ClassUnknown, 2501: ClassSession, 2502: ClassSession, 2999: ClassUnknown, 0: ClassUnknown, 3000: ClassUnknown, -1: ClassUnknown,
	} {
		if got := ClassOfCode(code); got != want {
			t.Errorf("%d is %v, want %v", code, got, want)
		}
	}
	if ClassOf(errors.New("of another kind")) != ClassUnknown || Class(0).Outcome() != Unknown {
		t.Error("what isn't known is known")
	}
}

func TestMoments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2025-11-06T22:59:59.999Z": "2025-11-06", "2027-03-10T00:00:00Z": "2027-03-10", "2027-03-10T01:00:00+02:00": "2027-03-09",
		"2027-03-10T01:00:00": "2027-03-10", "2027-03-10": "2027-03-10", "2027-03-10T00:00:00.0000000Z": "2027-03-10",
		"": "", "0000-00-00": "", "-0001-11-30": "", "soon": "", "0000-00-00T00:00:00Z": "", "2027-13-01": "",
	} {
		if got := moment(text); got.Date().String() != want || got.Text != text || got.At.IsZero() != (want == "") || !got.At.IsZero() && got.At.Location() != time.UTC {
			t.Errorf("%q: %+v, want %q", text, got, want)
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for _, document := range []string{
		`<pw>SECRET</pw>`, `<newPW>SECRET</newPW>`, `<domain:pw roid="x">SECRET</domain:pw>`, `<pw><![CDATA[SECRET]]></pw>`,
		`<pw>SEC</p`, `<pw>SECRET`, `<pw >SECRET</pw >`, "<d:authInfo>\n<d:ext><x>SECRET</x></d:ext></d:authInfo>", `<pw>a</pw><pw>SECRET</pw>`,
		`<a:pw>SECRET</b:pw>`,
	} {
		got := string(mask([]byte("<id>SEEN</id>" + document)))
		if strings.Contains(got, "SEC") || !strings.Contains(got, "SEEN") {
			t.Errorf("%s is logged as %s", document, got)
		}
	}
}

// What no schema forbids and no registry should do.
func TestStrangeAnswers(t *testing.T) {
	t.Parallel()
	answer := func(inside string) string { return `<epp xmlns="` + nsEPP + `">` + inside + `</epp>` }
	for name, document := range map[string]string{
		"greeting":         answer(`<greeting/>`),
		"no result":        answer(`<response><trID/></response>`),
		"code of words":    answer(`<response><result code="fine"/></response>`),
		"code of 5 digits": answer(`<response><result code="10000"/></response>`),
		"no code":          answer(`<response><result/></response>`),
		"other namespace":  `<epp xmlns="urn:x"><response><result code="1000"/></response></epp>`,
	} {
		root, err := parse([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if a, err := parseAnswer(root); err == nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
	root, err := parse([]byte(answer(`<response><result code="1000"/><result code="2004"/></response>`)))
	if err != nil {
		t.Fatal(err)
	}
	if a, err := parseAnswer(root); err != nil || a.Class != ClassUnknown {
		t.Errorf("done and refused at once: %+v, %v", a, err)
	}
}

// Where a registry makes no use of classes, no name is a premium one: its usual prices are no reason to leave the store's list.
func TestUsualPrices(t *testing.T) {
	t.Parallel()
	for inside, usual := range map[string]bool{
		`<f:command name="create"><f:fee>8.00</f:fee></f:command>`:                                            true,
		`<f:command name="create" standard="1"><f:fee>8.00</f:fee></f:command>`:                               true,
		`<f:command name="create" standard="false"><f:fee>8.00</f:fee></f:command>`:                           false,
		`<f:class>standard</f:class><f:command name="create"><f:fee>8.00</f:fee></f:command>`:                 true,
		`<f:class>premium</f:class><f:command name="create"><f:fee>8.00</f:fee></f:command>`:                  false,
		`<f:class>premium</f:class><f:command name="restore" standard="true"><f:fee>8.00</f:fee></f:command>`: true,
	} {
		root, err := parse([]byte(`<epp xmlns="` + nsEPP + `"><response><result code="1000"/><extension><f:chkData xmlns:f="` + nsFee + `"><f:currency>EUR</f:currency>` +
			`<f:cd><f:objID>a.example</f:objID>` + inside + `</f:cd></f:chkData></extension></response></epp>`))
		if err != nil {
			t.Fatal(err)
		}
		a, err := parseAnswer(root)
		if err != nil {
			t.Fatal(err)
		}
		if q := a.quotes(nil); len(q) != 1 || q[0].usual() != usual {
			t.Errorf("%s: %+v", inside, q)
		}
	}
}

func FuzzFrame(f *testing.F) {
	for _, seed := range [][]byte{{}, {0, 0, 0, 3}, {0, 0, 0, 5, 'x'}, {0xff, 0xff, 0xff, 0xff, 1}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		body, err := readFrame(bytes.NewReader(wire))
		if err != nil {
			return
		}
		if n := int(binary.BigEndian.Uint32(wire)); len(body) != n-header || len(body) == 0 || !bytes.Equal(body, wire[header:n]) {
			t.Errorf("%v from %v", body, wire)
		}
	})
}

// Whatever a registry sends, it is understood or refused, and never gives more than it has.
func FuzzDocument(f *testing.F) {
	recorded, _ := filepath.Glob("../../../test/epp/testdata/recorded/*.xml")
	for _, path := range recorded {
		if text, err := os.ReadFile(path); err == nil {
			f.Add(text)
		}
	}
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`))
	f.Fuzz(func(t *testing.T, document []byte) {
		if bytes.Contains(mask(document), []byte("LAB-PASSWORD")) && bytes.Contains(document, []byte("<pw>LAB-PASSWORD</pw>")) && bytes.Count(document, []byte("LAB-PASSWORD")) == 1 {
			t.Error("the password is logged")
		}
		root, err := parse(document)
		if err != nil {
			return
		}
		if len(root.flatText()) > len(document)*maxDepth {
			t.Error("more text than there was")
		}
		_, _ = parseGreeting(root)
		a, err := parseAnswer(root)
		if err != nil {
			return
		}
		if a.Class.Outcome() == OK && (a.Code < 1000 || a.Code > 1999) {
			t.Errorf("%d is a success", a.Code)
		}
		a.domain()
		a.transfer()
		a.availability()
		a.quotes(nil)
		a.charged("renData")
	})
}
