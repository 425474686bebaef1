package licenseapi

import (
	"encoding/xml"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/release"
)

// The elements of Joomla's update server, of type "extension". Joomla matches an update with what is installed by
// element, type, folder and client, which only the extension's author knows: they stand in the address that its
// manifest names, such as updates/widget.xml?element=com_widget. Joomla itself joins the download key to the
// address of the file.
type (
	joomlaUpdates struct {
		XMLName xml.Name       `xml:"updates"`
		Updates []joomlaUpdate `xml:"update"`
	}
	joomlaUpdate struct {
		Name        string         `xml:"name"`
		Description string         `xml:"description"`
		Element     string         `xml:"element"`
		Type        string         `xml:"type"`
		Folder      string         `xml:"folder,omitempty"`
		Client      string         `xml:"client"`
		Version     string         `xml:"version"`
		InfoURL     joomlaInfo     `xml:"infourl"`
		Downloads   joomlaDownload `xml:"downloads>downloadurl"`
		SHA256      string         `xml:"sha256"`
		Tags        []string       `xml:"tags>tag"`
		Target      joomlaTarget   `xml:"targetplatform"`
	}
	joomlaInfo struct {
		Title string `xml:"title,attr"`
		URL   string `xml:",chardata"`
	}
	joomlaDownload struct {
		Type   string `xml:"type,attr"`
		Format string `xml:"format,attr"`
		URL    string `xml:",chardata"`
	}
	joomlaTarget struct {
		Name    string `xml:"name,attr"`
		Version string `xml:"version,attr"` // a regular expression
	}
)

// joomlaTypes are the types of extensions, by the prefix of their element.
var joomlaTypes = []struct{ prefix, name string }{
	{"com_", "component"}, {"mod_", "module"}, {"pkg_", "package"}, {"plg_", "plugin"}, {"tpl_", "template"}, {"lib_", "library"}, {"", "file"},
}

// joomlaStability are the channels that Joomla's setting "minimum stability" knows.
var joomlaStability = map[string]bool{"dev": true, "alpha": true, "beta": true, "rc": true, "stable": true}

// writeJoomla writes the feed. Without a published release that has a file it is empty: not an error, which Joomla
// would show as a broken update site.
func writeJoomla(w http.ResponseWriter, o offer, p params) error {
	feed := joomlaUpdates{}
	if f, ok := o.file(); ok {
		u, err := joomlaUpdateOf(o, f, p)
		if err != nil {
			return err
		}
		feed.Updates = append(feed.Updates, u)
	}
	body, err := xml.MarshalIndent(feed, "", "  ")
	if err != nil {
		return err
	}
	body = append([]byte(xml.Header), append(body, '\n')...)
	h := w.Header()
	h.Set("Content-Type", "application/xml; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h["Cache-Control"] = noStore
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a client that went away needs no answer
	return nil
}

func joomlaUpdateOf(o offer, f release.File, p params) (joomlaUpdate, error) {
	u := joomlaUpdate{
		Name: o.product.Name, Description: o.product.Description, Element: o.product.Slug, Folder: p["folder"], Client: p["client"],
		Version: o.release.Version, InfoURL: joomlaInfo{Title: o.product.Name, URL: o.home},
		Downloads: joomlaDownload{Type: "full", Format: joomlaFormat(f), URL: o.url}, SHA256: f.SHA256,
		Tags:   []string{joomlaTag(o.release.Channel)},
		Target: joomlaTarget{Name: "joomla", Version: ".*"},
	}
	for _, name := range []string{"element", "type", "client", "folder"} {
		if strings.Trim(p[name], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") != "" {
			return u, malformed(name, "must be letters, digits, underscores, hyphens or dots")
		}
	}
	if u.Description == "" {
		u.Description = u.Name
	}
	if e := p["element"]; e != "" {
		u.Element = e
	}
	if u.Type = p["type"]; u.Type == "" {
		u.Type = joomlaType(u.Element)
	}
	if u.Client == "" {
		// Joomla takes what says nothing for a part of the administrator, which only components are.
		u.Client = "site"
		if u.Type == "component" {
			u.Client = "administrator"
		}
	}
	return u, nil
}

func joomlaType(element string) string {
	for _, t := range joomlaTypes {
		if strings.HasPrefix(element, t.prefix) {
			return t.name
		}
	}
	return ""
}

// joomlaTag keeps a channel of the vendor's own from sites that want stable releases: Joomla takes an unknown tag for
// a stable one.
func joomlaTag(channel string) string {
	if joomlaStability[channel] {
		return channel
	}
	return "dev"
}

func joomlaFormat(f release.File) string {
	if ext := strings.TrimPrefix(strings.ToLower(path.Ext(f.Name)), "."); ext != "" {
		return ext
	}
	return "zip"
}
