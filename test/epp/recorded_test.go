package epp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/registry"
)

// recorded is what an open-source registry server once was asked, and answered. See testdata/recorded/INDEX.txt.
type recorded struct {
	name     string
	request  []byte
	response []byte // nil: the server hung up
}

func recordings(t *testing.T) map[string]recorded {
	t.Helper()
	all := map[string]recorded{}
	paths, err := filepath.Glob("testdata/recorded/*.re[sq]*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		base := filepath.Base(path)
		number, rest, _ := strings.Cut(base, "-")
		name, kind, _ := strings.Cut(rest, ".")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r := all[number]
		r.name = name
		switch kind {
		case "req.xml":
			r.request = text
		case "resp.xml":
			r.response = text
		}
		all[number] = r
	}
	if len(all) < 20 {
		t.Fatalf("%d recordings", len(all))
	}
	return all
}

var (
	tridOf = regexp.MustCompile(`<clTRID>([^<]*)</clTRID>`)
	codeOf = regexp.MustCompile(`<result code="(\d+)">`)
)

func (r recorded) trid() string {
	if m := tridOf.FindSubmatch(r.request); m != nil {
		return string(m[1])
	}
	return ""
}

// canned is a client of a registry that answers as recorded.
func canned(t *testing.T, all map[string]recorded, answer []byte) *epp.Client {
	t.Helper()
	return (&world{}).client(t, epp.Config{Address: cannedAt(t, all, answer)})
}

// cannedAt is where a registry greets and takes the login as recorded, and answers the next command with one recorded
// answer.
func cannedAt(t *testing.T, all map[string]recorded, answer []byte) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		raw, err := l.Accept()
		if err != nil {
			return
		}
		conn := tls.Server(raw, mustIdentity(t).TLS())
		defer conn.Close()
		in := bufio.NewReader(conn)
		say := func(document []byte) {
			_, _ = conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(document)+4)), document...))
		}
		hear := func() []byte {
			var n uint32
			if binary.Read(in, binary.BigEndian, &n) != nil {
				return nil
			}
			document := make([]byte, n-4)
			_, _ = io.ReadFull(in, document)
			return document
		}
		say(all["01"].response)
		login := tridOf.FindSubmatch(hear())
		if login == nil {
			return
		}
		say(bytes.ReplaceAll(all["04"].response, []byte(all["04"].trid()), login[1]))
		hear()
		if answer != nil {
			say(answer)
			hear() // until the client leaves
		}
	}()
	return l.Addr().String()
}

// D19: what the server said is understood, and each refusal is of the class that decides what to do next.
func TestRecordedAnswers(t *testing.T) {
	t.Parallel()
	all := recordings(t)
	info := func(name string) func(context.Context, *epp.Client, string) (string, error) {
		return func(ctx context.Context, c *epp.Client, trid string) (string, error) {
			d, err := c.Info(ctx, trid, name, "")
			if err != nil {
				return "", err
			}
			return fmt.Sprintf("%s %v %v %s %t", d.Expires.Date(), d.Statuses, d.RGP, d.Sponsor, d.AuthInfo != ""), nil
		}
	}
	create := func(name string) func(context.Context, *epp.Client, string) (string, error) {
		return func(ctx context.Context, c *epp.Client, trid string) (string, error) {
			d, err := c.Create(ctx, trid, epp.Create{Name: name, Years: 1, AuthInfo: "x"})
			if err != nil {
				return "", err
			}
			return d.Expires.Text, nil
		}
	}
	renew := func(name, guard string) func(context.Context, *epp.Client, string) (string, error) {
		return func(ctx context.Context, c *epp.Client, trid string) (string, error) {
			date, err := civil.Parse(guard)
			if err != nil {
				return "", err
			}
			d, err := c.Renew(ctx, trid, epp.Renew{Name: name, Guard: date, Years: 1})
			if err != nil {
				return "", err
			}
			return d.Expires.Text, nil
		}
	}
	for _, tt := range []struct {
		number string
		ask    func(context.Context, *epp.Client, string) (string, error)
		code   int
		class  epp.Class
		want   string
	}{
		{"02", func(ctx context.Context, c *epp.Client, trid string) (string, error) {
			_, err := c.Check(ctx, trid, "x.test")
			return "", err
		}, 2202, epp.ClassGone, ""},
		{"05", create("r09166a.test"), 1000, epp.ClassDone, "2027-11-22T00:59:27.206Z"},
		{"06", info("r09166a.test"), 1000, epp.ClassDone, "2027-11-22 [ok] [addPeriod] leonet true"},
		{"07", renew("r09166a.test", "2027-11-22"), 1000, epp.ClassDone, "2028-11-22T00:59:27.206Z"},
		{"08", renew("r09166a.test", "2027-11-22"), 2306, epp.ClassStale, ""},
		{"09", info("r09166a.test"), 1000, epp.ClassDone, "2028-11-22 [ok] [renewPeriod] leonet true"},
		{"13", renew("r09166a.test", "2029-11-22"), 2004, epp.ClassStale, ""},
		{"16", renew("nobody.test", "2027-11-22"), 2303, epp.ClassGone, ""},
		{"22", info("r09166k.test"), 1000, epp.ClassDone, "2027-11-22 [clientRenewProhibited] [addPeriod] leonet true"},
		{"23", renew("r09166k.test", "2027-11-22"), 2304, epp.ClassStatus, ""},
		{"25", info("r09166g.test"), 1000, epp.ClassDone, "2027-11-21 [ok] [autoRenewPeriod] leonet true"},
		{"26", renew("r09166g.test", "2026-11-21"), 2306, epp.ClassStale, ""},
		{"27", renew("r09166g.test", "2027-11-21"), 1000, epp.ClassDone, "2028-11-21T10:00:00.000Z"},
		{"28", info("r09166g.test"), 1000, epp.ClassDone, "2028-11-21 [ok] [renewPeriod] leonet true"},
		{"30", func(ctx context.Context, c *epp.Client, trid string) (string, error) {
			r, err := c.Delete(ctx, trid, "r09166x.test")
			return r.Class.String(), err
		}, 1001, epp.ClassDone, "pending"},
		{"31", info("r09166x.test"), 1000, epp.ClassDone, "2027-11-22 [pendingDelete] [redemptionPeriod] leonet true"},
		{"32", renew("r09166x.test", "2027-11-22"), 2304, epp.ClassStatus, ""},
		{"44", renew("r09166x.test", "2027-11-22"), 0, epp.ClassUnknown, ""}, // to a transaction that isn't ours
		{"49", renew("r09166a.test", "2027-11-22"), 0, epp.ClassUnknown, ""}, // no answer at all
	} {
		t.Run(tt.number+" "+all[tt.number].name, func(t *testing.T) {
			t.Parallel()
			r := all[tt.number]
			trid := r.trid()
			if trid == "" {
				trid = "some-intent"
			}
			got, err := tt.ask(t.Context(), canned(t, all, r.response), trid)
			if epp.ClassOf(err) != tt.class || err != nil && code(err) != tt.code || got != tt.want {
				t.Errorf("%q, %v; want %q of class %v", got, err, tt.want, tt.class)
			}
		})
	}
}

// A simulator of the same dialect answers the same requests with the same codes.
func TestRecordedRequests(t *testing.T) {
	t.Parallel()
	all := recordings(t)
	start := at(t, "2026-11-22T00:59:27.206Z")
	w := setup(t, registry.Extension{Name: "test", Dialect: registry.Classic, AutoRenews: true, ARGPDays: 45, RedemptionDays: 30})
	w.clock.Set(start)
	conn, err := tls.Dial("tcp", w.address, &tls.Config{RootCAs: mustIdentity(t).Roots(), MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hear := func() ([]byte, error) {
		var n uint32
		if err := binary.Read(conn, binary.BigEndian, &n); err != nil {
			return nil, err
		}
		document := make([]byte, n-4)
		_, err := io.ReadFull(conn, document)
		return document, err
	}
	if _, err := hear(); err != nil {
		t.Fatal(err)
	}
	ask := func(document []byte) ([]byte, error) {
		if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(document)+4)), document...)); err != nil {
			return nil, err
		}
		return hear()
	}
	exDate := regexp.MustCompile(`<domain:exDate>([^<]*)<`)
	states := regexp.MustCompile(`(?:Status|status) s="(\w+)"`)
	numbers := make([]string, 0, len(all))
	for number := range all {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	for _, number := range numbers {
		r := all[number]
		if r.request == nil {
			continue
		}
		change := func(name string, f func(d *registry.Domain)) {
			d, _ := w.registry.Domain(name)
			f(&d)
			if err := w.registry.Put(d); err != nil {
				t.Fatal(err)
			}
		}
		switch number { // what was done by hand between the recordings
		case "25":
			change("r09166g.test", func(d *registry.Domain) { d.Expiry, d.AddUntil = at(t, "2026-11-21T10:00:00Z"), start })
		case "30":
			change("r09166x.test", func(d *registry.Domain) { d.Created, d.AddUntil = at(t, "2025-11-01"), start })
		case "46":
			continue // the next one needs the session
		case "49":
			if _, err := ask(r.request); err != nil {
				t.Fatalf("its first use: %v", err)
			}
		}
		got, err := ask(r.request)
		if r.response == nil {
			if err == nil {
				t.Errorf("%s %s: answered %s", number, r.name, got)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s %s: %v", number, r.name, err)
		}
		want, have := codeOf.FindSubmatch(r.response), codeOf.FindSubmatch(got)
		if have == nil || !bytes.Equal(want[1], have[1]) {
			t.Errorf("%s %s: answered %s, want code %s", number, r.name, got, want[1])
		}
		find := func(in []byte) (found []string) {
			if m := exDate.FindSubmatch(in); m != nil {
				date, _, _ := strings.Cut(string(m[1]), "T")
				found = append(found, date)
			}
			for _, m := range states.FindAllSubmatch(in, -1) {
				found = append(found, string(m[1]))
			}
			return found
		}
		if want, have := find(r.response), find(got); !slices.Equal(want, have) {
			t.Errorf("%s %s: shows %v, want %v", number, r.name, have, want)
		}
	}
}

// The judge finds the recordings as valid as their index says.
func TestRecordingsAreValid(t *testing.T) {
	t.Parallel()
	schemas(t)
	var documents [][]byte
	for number, r := range recordings(t) {
		if r.request != nil && number != "13" && number != "44" {
			documents = append(documents, r.request)
		}
		if r.response != nil {
			documents = append(documents, r.response)
		}
	}
	if err := judge(t, documents...); err != nil {
		t.Error(err)
	}
}
