package ui

import (
	"html/template"
	"net/url"
	"strings"
)

// Face names the layout that is put around a page's content.
type Face string

// The faces.
const (
	Staff  Face = "staff"  // side bar, search, dense lists
	Portal Face = "portal" // the vendor's name on top, tabs below it
	Public Face = "public" // shop and other open pages
	Auth   Face = "auth"   // one card in the middle: sign-in, set-up, confirmations
)

// Page is what a layout needs to know. Every view embeds it.
type Page struct {
	Reader

	Face    Face
	Title   string // of the document; the visible heading is a Head
	Section string // the NavItem that is current
	Path    string // path and query of this page, where the theme switch returns to
	Store   Store
	User    *User // nil when nobody is signed in
	Nav     []NavItem
	Crumbs  []Crumb
	Flash   []Flash
	Theme   Theme

	Search    string // the query in the search box
	SearchURL string // where the search box sends to; empty hides it

	TestMode string    // text of the banner of a test store; empty in a live one
	Recovery *Recovery // set while a restored store is held back
	Acting   *Acting   // set while staff act for a customer
	Footer   []Link    // imprint, terms, privacy, status
	Wide     bool      // more room: for an Auth page a wider card, else no maximal width
}

// View is implemented by every struct that embeds Page.
type View interface{ layout() Page }

func (p Page) layout() Page { return p }

// Store is the vendor as its customers see it.
type Store struct {
	Name    string
	HomeURL string
	LogoURL string // empty: the mark of Keystead in the staff area, the store's initials elsewhere
}

// User is who is signed in.
type User struct {
	Name, Email, Role string
	AccountURL        string
	SignOutURL        string // receives a POST
}

// NavItem is one entry of the main navigation. A Group that differs from that of the
// item before starts a new group under that heading.
type NavItem struct {
	Section, Label, Href, Icon string
	Group                      string
	Count                      int    // things that wait there; 0 shows nothing
	CountLabel                 string // what Count counts, for screen readers
}

// NavGroup is a run of items under one heading.
type NavGroup struct {
	Title string
	Items []NavItem
}

// NavGroups cuts the navigation into its groups.
func (p Page) NavGroups() []NavGroup {
	var out []NavGroup
	for _, it := range p.Nav {
		if len(out) == 0 || out[len(out)-1].Title != it.Group {
			out = append(out, NavGroup{Title: it.Group})
		}
		g := &out[len(out)-1]
		g.Items = append(g.Items, it)
	}
	return out
}

// Crumb is one step of the way to this page. The last one is the page itself and needs no Href.
type Crumb struct{ Label, Href string }

// Link is a plain link.
type Link struct{ Label, Href string }

// Flash is the outcome of what was just done, shown once.
type Flash struct {
	Kind Tone
	Text string
}

// Acting tells on every page that a member of staff is using a customer's account.
type Acting struct {
	Customer string
	StopURL  string // receives a POST
}

// Recovery tells staff on every page that a restored store is held back.
type Recovery struct {
	Text       string
	ConfirmURL string // of the page that asks; empty: the reader may not
}

// Tone is the meaning of a colour.
type Tone string

// The tones.
const (
	Neutral Tone = "neutral"
	Info    Tone = "info"
	Success Tone = "success"
	Warn    Tone = "warn"
	Danger  Tone = "danger"
)

// URLWith returns the path and query of u with the given pairs of parameters set; an
// empty value removes its parameter. The cursors of keyset paging ("after", "before")
// are dropped unless they are among the pairs, because they don't survive another
// filter or order.
func URLWith(u *url.URL, pairs ...string) string {
	q := u.Query()
	q.Del("after")
	q.Del("before")
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return u.EscapedPath()
	}
	return u.EscapedPath() + "?" + q.Encode()
}

// initials are the one or two letters that stand for a name where no picture does.
func initials(name string) string {
	first := func(s string) string {
		for _, r := range s {
			return strings.ToUpper(string(r))
		}
		return ""
	}
	words := strings.Fields(name)
	switch len(words) {
	case 0:
		return "?"
	case 1:
		return first(words[0])
	default:
		return first(words[0]) + first(words[len(words)-1])
	}
}

// tint picks one of six colours for a name, always the same one.
func tint(name string) int {
	h := uint32(2166136261)
	for _, b := range []byte(name) {
		h = (h ^ uint32(b)) * 16777619
	}
	return int(h%6) + 1
}

// shell is what a layout is executed with.
type shell struct {
	Page
	Content template.HTML
}
