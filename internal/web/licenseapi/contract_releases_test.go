package licenseapi_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/release"
)

// published adds a published release with a file and returns the content of the file.
func (sh *shop) published(t *testing.T, in release.Input, fileName string) []byte {
	t.Helper()
	in.Publish = true
	r, err := sh.Releases.Create(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if fileName == "" {
		return nil
	}
	content := bytes.Repeat([]byte("content of "+in.ProductID+" "+in.Version+"\n"), 20_000)
	if _, err := sh.Releases.AddFile(t.Context(), r.ID, fileName, bytes.NewReader(content), 1<<30); err != nil {
		t.Fatal(err)
	}
	return content
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// onShelf puts releases of the widget on offer, once per store.
func onShelf(t *testing.T, c caller) map[string][]byte {
	t.Helper()
	content := map[string][]byte{}
	if c.number(t, `SELECT count(*) FROM releases`) > 0 {
		for _, v := range []string{"1.9.0", "1.10.0", "2.0.0-beta.1"} {
			content[v] = bytes.Repeat([]byte("content of prd_widget "+v+"\n"), 20_000)
		}
		return content
	}
	day := time.Date(2026, 2, 3, 4, 5, 6, 789_000, time.UTC)
	for _, in := range []release.Input{
		{Version: "1.9.0"}, {Version: "1.10.0", Notes: "Faster.\n<b>Safer</b> & \"better\"."}, {Version: "2.0.0-beta.1", Channel: "beta"},
	} {
		in.ProductID, in.ReleasedAt = "prd_widget", &day
		content[in.Version] = c.published(t, in, "widget-"+in.Version+".zip")
	}
	if _, err := c.Releases.Create(t.Context(), release.Input{ProductID: "prd_widget", Version: "9.0.0"}); err != nil {
		t.Fatal(err)
	}
	return content
}

// updateMembers are all that an update has, for a product without a release.
var updateMembers = map[string]any{
	"update_available": false, "name": "Widget", "version": nil, "download_url": nil, "changelog": nil, "date": nil,
	"file_size": nil, "sha256": nil, "requires_license": true,
}

func TestUpdates(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		content := onShelf(t, c)
		want := with(updateMembers, "update_available", true, "version", "1.10.0", "download_url", c.url+c.mount+"downloads/widget",
			"changelog", "Faster.\n<b>Safer</b> & \"better\".", "date", "2026-02-03T04:05:06Z",
			"file_size", len(content["1.10.0"]), "sha256", hexSum(content["1.10.0"]))
		for _, product := range []string{"widget", "prd_widget"} {
			c.get(t, "updates", product).is(t, want)
		}
		for version, available := range map[string]bool{
			"1.0": true, "v1.9.0": true, "1.9.9": true, "1.10.0-rc.1": true, "1.10.0": false, "v1.10": false, "1.10.0+build.3": false,
			"1.10.1": false, "1.10.1-rc.1": false, "2.0.0-beta.1": false, "9": false, "": true,
			"nightly": true, // what is no version can't be newer
		} {
			c.get(t, "updates", "widget", "version", version).is(t, with(want, "update_available", available))
		}
		beta := with(want, "version", "2.0.0-beta.1", "changelog", nil, "sha256", hexSum(content["2.0.0-beta.1"]), "file_size", len(content["2.0.0-beta.1"]))
		a := c.get(t, "updates", "widget", "channel", "beta")
		a.is(t, with(beta, "download_url", a.data["download_url"]))
		// Without a word about the version the address would be that of another file.
		if got := c.follow(t, a, "license_key", c.license(t, facts{})); !bytes.Equal(got.body, content["2.0.0-beta.1"]) {
			t.Errorf("download_url %v gives %d %.80s", a.data["download_url"], got.status, got.body)
		}
		c.get(t, "updates", "widget", "channel", "stable").is(t, want)
		c.get(t, "updates", "widget", "channel", "alpha").is(t, want)
		for _, channel := range []string{"Beta", "a b", strings.Repeat("x", 33), "\xff", "a\x00"} {
			c.get(t, "updates", "widget", "channel", channel).names(t, "channel")
		}
	})
}

// follow downloads what an update offers.
func (c caller) follow(t *testing.T, a answer, query ...string) answer {
	t.Helper()
	address, _ := a.data["download_url"].(string)
	path, ok := strings.CutPrefix(address, c.url)
	if !ok || !strings.HasPrefix(path, c.mount) {
		t.Fatalf("download_url %q is not below %s%s", address, c.url, c.mount)
	}
	for i := 0; i < len(query); i += 2 {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		path += sep + query[i] + "=" + query[i+1]
	}
	return c.do(t, http.MethodGet, path, nil, nil)
}

func TestUpdatesWithoutAReleaseOrAFile(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		c.get(t, "updates", "gadget").is(t, with(updateMembers, "name", "Gadget & <Co>"))
		c.get(t, "updates", "no-such-product").refused(t, "DOWNLOAD_NOT_FOUND")
		if c.number(t, `SELECT count(*) FROM releases`) == 0 {
			c.published(t, release.Input{ProductID: "prd_free", Version: "1.0"}, "")
		}
		a := c.get(t, "updates", "free")
		a.is(t, with(updateMembers, "name", "Free", "update_available", true, "version", "1.0", "requires_license", false, "date", a.data["date"]))
	})
}

// The information is given whatever the state of the license: the download is what is refused.
func TestUpdatesWithAKey(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		onShelf(t, c)
		for _, name := range []string{"license_key", "dlid"} {
			for _, state := range states {
				if a := c.get(t, "updates", "widget", name, c.license(t, state.facts)); a.status != 200 || a.data["version"] != "1.10.0" {
					t.Errorf("%s: %d %s", state.name, a.status, a.body)
				}
			}
			c.get(t, "updates", "widget", name, "no-such-key").refused(t, "LICENSE_NOT_FOUND")
			c.get(t, "updates", "widget", name, c.license(t, facts{plan: "pln_gadget"})).refused(t, "PRODUCT_MISMATCH")
			c.get(t, "updates", "widget", name, strings.Repeat("x", 5000)).names(t, name)
			c.get(t, "updates", "widget", name, "\xff").names(t, name)
		}
	})
}

func TestUpdatesInDialect19(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		onShelf(t, c)
		c.set(t, map[string]any{"compat.licensedock": "1.9"})
		a, none := c.get(t, "updates", "widget"), c.get(t, "updates", "gadget")
		if c.mount == own {
			if a.data["date"] != "2026-02-03T04:05:06Z" || a.data["changelog"] == nil {
				t.Errorf("%s", a.body)
			}
			return
		}
		want := with(a.data, "date", "2026-02-03", "release_notes", "Faster.\n<b>Safer</b> & \"better\".")
		delete(want, "changelog")
		a.is(t, want)
		want = with(updateMembers, "name", "Gadget & <Co>", "release_notes", nil)
		delete(want, "changelog")
		none.is(t, want)
	})
}

func TestDownloadURLBelowTheBaseURL(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		onShelf(t, c)
		c.set(t, map[string]any{"store.base_url": "https://store.example.com"})
		defer c.set(t, map[string]any{"store.base_url": nil})
		if a := c.get(t, "updates", "widget"); a.data["download_url"] != "https://store.example.com"+c.mount+"downloads/widget" {
			t.Errorf("%s", a.body)
		}
		// Without one: the address that was asked, as the proxy in front was.
		c.set(t, map[string]any{"store.base_url": nil})
		a := c.ask(t, http.MethodGet, "updates", "widget", map[string]string{"X-Forwarded-Proto": "https"})
		if want := strings.Replace(c.url, "http:", "https:", 1) + c.mount + "downloads/widget"; a.data["download_url"] != want {
			t.Errorf("download_url %v, want %s", a.data["download_url"], want)
		}
	})
}

// joomla is the part of an update server's file that Joomla reads.
type joomla struct {
	XMLName xml.Name `xml:"updates"`
	Updates []struct {
		Name        string `xml:"name"`
		Description string `xml:"description"`
		Element     string `xml:"element"`
		Type        string `xml:"type"`
		Folder      string `xml:"folder"`
		Client      string `xml:"client"`
		Version     string `xml:"version"`
		InfoURL     struct {
			Title string `xml:"title,attr"`
			URL   string `xml:",chardata"`
		} `xml:"infourl"`
		DownloadURL struct {
			Type   string `xml:"type,attr"`
			Format string `xml:"format,attr"`
			URL    string `xml:",chardata"`
		} `xml:"downloads>downloadurl"`
		SHA256 string   `xml:"sha256"`
		Tags   []string `xml:"tags>tag"`
		Target struct {
			Name    string `xml:"name,attr"`
			Version string `xml:"version,attr"`
		} `xml:"targetplatform"`
	} `xml:"update"`
}

func (a answer) joomla(t *testing.T) (feed joomla) {
	t.Helper()
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if a.status != 200 || err != nil || media != "application/xml" {
		t.Fatalf("%d %s %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	d := xml.NewDecoder(bytes.NewReader(a.body))
	if err := d.Decode(&feed); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return feed
}

func TestJoomlaUpdates(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		content := onShelf(t, c)
		feed := c.get(t, "updates", "widget.xml", "element", "com_widget").joomla(t)
		if len(feed.Updates) != 1 {
			t.Fatalf("%+v", feed)
		}
		u := feed.Updates[0]
		if u.Name != "Widget" || u.Description == "" || u.Element != "com_widget" || u.Type != "component" || u.Client != "administrator" || u.Folder != "" ||
			u.Version != "1.10.0" || u.InfoURL.URL == "" || u.DownloadURL.Type != "full" || u.DownloadURL.Format != "zip" ||
			u.DownloadURL.URL != c.url+c.mount+"downloads/widget" || u.SHA256 != hexSum(content["1.10.0"]) || fmt.Sprint(u.Tags) != "[stable]" ||
			u.Target.Name != "joomla" || u.Target.Version == "" {
			t.Errorf("%+v", u)
		}
		u = c.get(t, "updates", "widget.xml", "channel", "beta", "element", "widget", "type", "plugin", "folder", "system", "client", "site").joomla(t).Updates[0]
		if u.Element != "widget" || u.Type != "plugin" || u.Folder != "system" || u.Client != "site" || u.Version != "2.0.0-beta.1" || fmt.Sprint(u.Tags) != "[beta]" {
			t.Errorf("%+v", u)
		}
		// Joomla joins its download key to an address that has a query in this way.
		path, _ := strings.CutPrefix(u.DownloadURL.URL, c.url)
		if a := c.do(t, http.MethodGet, path+"&amp;dlid="+c.license(t, facts{}), nil, nil); !bytes.Equal(a.body, content["2.0.0-beta.1"]) {
			t.Errorf("Joomla's download: %d %.200s", a.status, a.body)
		}
		if feed := c.get(t, "updates", "gadget.xml").joomla(t); len(feed.Updates) != 0 {
			t.Errorf("without a release: %+v", feed)
		}
		c.get(t, "updates", "widget.xml", "element", "<x>").names(t, "element")
		c.get(t, "updates", "none.xml").refused(t, "DOWNLOAD_NOT_FOUND")
		c.get(t, "updates", "widget.xml", "license_key", "no-such-key").refused(t, "LICENSE_NOT_FOUND")
		c.get(t, "updates", "widget.xml", "dlid", c.license(t, facts{plan: "pln_gadget"})).refused(t, "PRODUCT_MISMATCH")
	})
}

func TestJoomlaEscapes(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		if c.number(t, `SELECT count(*) FROM releases`) == 0 {
			c.published(t, release.Input{ProductID: "prd_gadget", Version: "1.0", Channel: "nightly"}, "g.tar.gz")
		}
		u := c.get(t, "updates", "gadget.xml", "channel", "nightly").joomla(t).Updates[0]
		// A tag that Joomla does not know would count as stable.
		if u.Name != "Gadget & <Co>" || fmt.Sprint(u.Tags) != "[dev]" || !strings.Contains(u.DownloadURL.URL, "version=1.0") {
			t.Errorf("%+v", u)
		}
	})
}

func TestDownload(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		content := onShelf(t, c)
		key := c.license(t, facts{active: []string{"example.com"}})
		for _, tt := range []struct {
			query   []string
			version string
		}{
			{[]string{"license_key", key}, "1.10.0"},
			{[]string{"dlid", key}, "1.10.0"},
			{[]string{"dlid", key, "identifier", "https://www.example.com/a"}, "1.10.0"},
			{[]string{"dlid", key, "version", "v1.9"}, "1.9.0"},
			{[]string{"dlid", key, "version", "2.0.0-beta.1"}, "2.0.0-beta.1"},
		} {
			a := c.get(t, "downloads", "widget", tt.query...)
			want := content[tt.version]
			if a.status != 200 || !bytes.Equal(a.body, want) {
				t.Errorf("%v: %d, %d bytes: %.100s", tt.query, a.status, len(a.body), a.body)
				continue
			}
			for name, value := range map[string]string{
				"Content-Type": "application/octet-stream", "Content-Length": fmt.Sprint(len(want)), "X-Content-Type-Options": "nosniff",
				"ETag": `"` + hexSum(want) + `"`, "Accept-Ranges": "bytes",
			} {
				if got := a.header.Get(name); got != value {
					t.Errorf("%s: %q, want %q", name, got, value)
				}
			}
			kind, opts, err := mime.ParseMediaType(a.header.Get("Content-Disposition"))
			if err != nil || kind != "attachment" || opts["filename"] != "widget-"+tt.version+".zip" {
				t.Errorf("Content-Disposition %q: %v", a.header.Get("Content-Disposition"), err)
			}
			head := c.ask(t, http.MethodHead, "downloads", "widget", nil, tt.query...)
			if head.status != 200 || len(head.body) != 0 || head.header.Get("Content-Length") != fmt.Sprint(len(want)) || head.header.Get("ETag") != a.header.Get("ETag") {
				t.Errorf("HEAD: %d %v", head.status, head.header)
			}
		}
	})
}

func TestDownloadRefused(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		onShelf(t, c)
		key := c.license(t, facts{active: []string{"example.com"}})
		c.get(t, "downloads", "widget").names(t, "license_key")
		c.get(t, "downloads", "widget", "license_key", "").names(t, "license_key")
		c.get(t, "downloads", "widget", "license_key", "no-such-key").refused(t, "LICENSE_NOT_FOUND")
		c.get(t, "downloads", "widget", "license_key", c.license(t, facts{plan: "pln_gadget"})).refused(t, "PRODUCT_MISMATCH")
		c.get(t, "downloads", "widget", "license_key", key, "identifier", "other.example.com").refusedWith(t, 403, "ACTIVATION_NOT_FOUND")
		c.get(t, "downloads", "widget", "license_key", key, "identifier", "https://").names(t, "identifier")
		c.get(t, "downloads", "widget", "license_key", key, "version", "\xff").names(t, "version")
		c.get(t, "downloads", "widget", "license_key", key, "version", strings.Repeat("1", 5000)).names(t, "version")
		for _, version := range []string{"9.0.0", "7.7.7", "nightly", "1.2.3.4"} {
			c.get(t, "downloads", "widget", "license_key", key, "version", version).refused(t, "DOWNLOAD_NOT_FOUND")
		}
		c.get(t, "downloads", "no-such-product", "license_key", key).refused(t, "DOWNLOAD_NOT_FOUND")
		c.get(t, "downloads", "gadget", "license_key", c.license(t, facts{plan: "pln_gadget"})).refused(t, "DOWNLOAD_NOT_FOUND")
		for _, state := range states {
			f := state.facts
			f.active = []string{"example.com"}
			key := c.license(t, f)
			for _, identifier := range []string{"", "example.com"} {
				a := c.get(t, "downloads", "widget", "license_key", key, "identifier", identifier)
				if code := refusalOf(state.status); code != "" {
					a.refused(t, code)
				} else if a.status != 200 {
					t.Errorf("%s: %d %.100s", state.name, a.status, a.body)
				}
			}
		}
	})
}

func TestDownloadWithoutALicense(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		if c.number(t, `SELECT count(*) FROM releases`) == 0 {
			c.published(t, release.Input{ProductID: "prd_free", Version: "1.0"}, `Grüße "free".zip`)
		}
		a := c.get(t, "downloads", "free")
		if a.status != 200 || len(a.body) == 0 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if got, want := a.header.Get("Content-Disposition"), `attachment; filename="Gr__e _free_.zip"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%22free%22.zip`; got != want {
			t.Errorf("Content-Disposition %s\nwant %s", got, want)
		}
		c.get(t, "downloads", "free", "license_key", "no-such-key").refused(t, "LICENSE_NOT_FOUND")
		c.get(t, "downloads", "free", "license_key", c.license(t, facts{})).refused(t, "PRODUCT_MISMATCH")
		if a := c.get(t, "downloads", "free", "license_key", c.license(t, facts{plan: "pln_free"})); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}

func TestDownloadWhoseFileIsMissing(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		version := map[string]string{own: "1.0", licenseDock: "2.0"}[c.mount]
		key := c.license(t, facts{})
		c.published(t, release.Input{ProductID: "prd_widget", Version: version}, "")
		c.get(t, "downloads", "widget", "license_key", key, "version", version).refused(t, "FILE_NOT_FOUND")

		content := c.published(t, release.Input{ProductID: "prd_widget", Version: version + ".1"}, "w.zip")
		place := filepath.Join(c.Files, hexSum(content)[:2], hexSum(content))
		if err := os.Remove(place); err != nil {
			t.Fatal(err)
		}
		a := c.get(t, "downloads", "widget", "license_key", key, "version", version+".1")
		a.refused(t, "FILE_NOT_FOUND")
		if strings.Contains(string(a.body), c.Files) || strings.Contains(string(a.body), hexSum(content)) {
			t.Errorf("the answer tells of the disk: %s", a.body)
		}
		if !strings.Contains(c.log.String(), "a file of a release can't be read") {
			t.Error("the operator is not told")
		}
	})
}

func TestDownloadInParts(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		content := onShelf(t, c)["1.10.0"]
		key, n := c.license(t, facts{}), len(content)
		tag, other := `"`+hexSum(content)+`"`, `"`+hexSum(nil)+`"`
		get := func(header map[string]string) answer {
			return c.ask(t, http.MethodGet, "downloads", "widget", header, "license_key", key)
		}
		for _, tt := range []struct {
			header   map[string]string
			from, to int
		}{
			{map[string]string{"Range": "bytes=0-99"}, 0, 100},
			{map[string]string{"Range": "bytes=100-"}, 100, n},
			{map[string]string{"Range": "bytes=-10"}, n - 10, n},
			{map[string]string{"Range": fmt.Sprintf("bytes=%d-", n-1)}, n - 1, n},
			{map[string]string{"Range": "bytes=5-10", "If-Range": tag}, 5, 11},
		} {
			a := get(tt.header)
			if a.status != 206 || !bytes.Equal(a.body, content[tt.from:tt.to]) || a.header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", tt.from, tt.to-1, n) ||
				a.header.Get("ETag") != tag || a.header.Get("Content-Type") != "application/octet-stream" {
				t.Errorf("%v: %d %s, %d bytes", tt.header, a.status, a.header.Get("Content-Range"), len(a.body))
			}
		}
		for _, header := range []map[string]string{
			{"Range": "bytes=5-10", "If-Range": other},
			{"Range": "bytes=5-10", "If-Range": "W/" + tag},
			{"If-None-Match": other},
		} {
			if a := get(header); a.status != 200 || !bytes.Equal(a.body, content) {
				t.Errorf("%v: %d, %d bytes", header, a.status, len(a.body))
			}
		}
		for _, header := range []map[string]string{{"If-None-Match": tag}, {"If-None-Match": other + ", " + tag}, {"If-None-Match": tag, "Range": "bytes=0-1"}, {"If-None-Match": "*"}} {
			if a := get(header); a.status != 304 || len(a.body) != 0 || a.header.Get("ETag") != tag {
				t.Errorf("%v: %d, %d bytes", header, a.status, len(a.body))
			}
		}
		for _, header := range []map[string]string{{"Range": fmt.Sprintf("bytes=%d-", n)}, {"Range": "bytes=9-5"}, {"Range": "lines=1-2"}} {
			a := get(header)
			if a.status != 416 || a.failure == nil || len(a.body) > 1000 {
				t.Errorf("%v: %d %.100s", header, a.status, a.body)
			}
		}
		// A refusal is a refusal, whatever part is asked for.
		for _, header := range []map[string]string{{"Range": "bytes=5-10"}, {"If-None-Match": tag}} {
			c.ask(t, http.MethodGet, "downloads", "widget", header, "license_key", "no-such-key").refused(t, "LICENSE_NOT_FOUND")
		}
	})
}

// Nothing that a caller writes leads out of the folder of files.
func TestDownloadNeverLeavesItsFolder(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		onShelf(t, c)
		key := c.license(t, facts{})
		if err := os.WriteFile(filepath.Join(filepath.Dir(c.Files), "secret"), []byte("the vendor's own"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, product := range []string{"../secret", "..%2Fsecret", "%2e%2e%2fsecret", "..%5Csecret", "%2Fetc%2Fpasswd", "widget%00", "widget%2F..%2F..%2Fsecret", ".", "..", "%ff", "widget%0A"} {
			a := c.do(t, http.MethodGet, c.mount+"downloads/"+product+"?license_key="+key, nil, nil)
			if a.status == 200 || bytes.Contains(a.body, []byte("the vendor's own")) {
				t.Errorf("%s: %d %s", product, a.status, a.body)
			}
		}
		for _, version := range []string{"../../secret", "..", "/etc/passwd", "1.10.0/../../secret"} {
			c.get(t, "downloads", "widget", "license_key", key, "version", version).refused(t, "DOWNLOAD_NOT_FOUND")
		}
	})
}

// Each served or refused download is logged; the later parts of one download are not another.
func TestDownloadsAreLogged(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		onShelf(t, c)
		key := c.license(t, facts{})
		logged := func(what string, want int64, f func()) {
			t.Helper()
			before := c.number(t, `SELECT count(*) FROM download_log`)
			f()
			if n := c.number(t, `SELECT count(*) FROM download_log`) - before; n != want {
				t.Errorf("%s: %d lines, want %d", what, n, want)
			}
		}
		last := func(result, licenseKey, version string) {
			t.Helper()
			n := c.number(t, `SELECT count(*) FROM (SELECT * FROM download_log ORDER BY id DESC LIMIT 1) d
				LEFT JOIN licenses l ON l.id = d.license_id LEFT JOIN releases r ON r.id = d.release_id
				WHERE d.result = $1 AND coalesce(l.key, '') = $2 AND coalesce(r.version, '') = $3 AND d.ip = $4 AND d.user_agent = 'updater/1' AND d.at = $5 AND d.product_id = 'prd_widget'`,
				result, licenseKey, version, c.ip, c.now())
			if n != 1 {
				t.Errorf("the last line is not %s of %q for %q", result, version, licenseKey)
			}
		}
		get := func(header map[string]string, query ...string) func() {
			return func() {
				c.ask(t, http.MethodGet, "downloads", "widget", withHeader(header, "User-Agent", "updater/1"), query...)
			}
		}
		logged("served", 1, get(nil, "license_key", key))
		last("served", key, "1.10.0")
		logged("an older version", 1, get(nil, "license_key", key, "version", "1.9.0"))
		last("served", key, "1.9.0")
		logged("the first part", 1, get(map[string]string{"Range": "bytes=0-9"}, "license_key", key))
		logged("several parts with the first", 1, get(map[string]string{"Range": "bytes=0-9,20-29"}, "license_key", key))
		logged("a later part", 0, get(map[string]string{"Range": "bytes=10-"}, "license_key", key))
		logged("the end", 0, get(map[string]string{"Range": "bytes=-10"}, "license_key", key))
		logged("a part of another file", 1, get(map[string]string{"Range": "bytes=10-", "If-Range": `"x"`}, "license_key", key))
		logged("no part", 0, get(map[string]string{"Range": "bytes=99999999-"}, "license_key", key))
		logged("not modified", 0, get(map[string]string{"If-None-Match": "*"}, "license_key", key))
		logged("only asked", 0, func() { c.ask(t, http.MethodHead, "downloads", "widget", nil, "license_key", key) })

		logged("an unknown key", 1, get(nil, "license_key", "no-such-key"))
		last("LICENSE_NOT_FOUND", "", "")
		logged("no key", 1, get(nil))
		last("INVALID_REQUEST", "", "")
		logged("an unknown version", 1, get(nil, "license_key", key, "version", "7.0"))
		last("DOWNLOAD_NOT_FOUND", key, "")
		expired := c.license(t, facts{ends: -time.Hour})
		logged("an expired license", 1, get(nil, "license_key", expired))
		last("LICENSE_EXPIRED", expired, "")
		logged("a place that is not activated", 1, get(nil, "license_key", key, "identifier", "example.com"))
		last("ACTIVATION_NOT_FOUND", key, "")
		logged("an odd browser", 1, func() {
			c.ask(t, http.MethodGet, "downloads", "widget", map[string]string{"User-Agent": "\xff" + strings.Repeat("ü", 300)}, "license_key", key)
		})
	})
}

func withHeader(header map[string]string, name, value string) map[string]string {
	h := map[string]string{name: value}
	for n, v := range header {
		h[n] = v
	}
	return h
}
