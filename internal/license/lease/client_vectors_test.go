package lease

import (
	"net/netip"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
)

// What follows is the reading of a lease as a client does it, for the vectors of clocks and states.

type clockVector struct {
	Name    string `json:"name"`
	Seen    *int64 `json:"seen"`    // iat of the newest lease with the client's nonce
	Reading *int64 `json:"reading"` // of the own clock when it came
	Own     int64  `json:"own"`
	Time    int64  `json:"time"`
	Fault   bool   `json:"fault"`
}

// clockRule is what time a client takes it to be.
func clockRule(seen, reading *int64, own int64) (now int64, fault bool) {
	if seen == nil || reading == nil {
		return own, false
	}
	elapsed := own - *reading
	if own < *seen {
		return *seen + max(elapsed, 0), true
	}
	if elapsed >= 0 {
		return min(own, *seen+elapsed), false
	}
	return own, false
}

func TestClockVectors(t *testing.T) {
	t.Parallel()
	const day = 86400
	base := noon.Unix()
	p := func(n int64) *int64 { return &n }
	cases := []clockVector{
		{Name: "nothing stored", Own: base},
		{Name: "both clocks agree", Seen: p(base), Reading: p(base), Own: base + day},
		{Name: "own clock an hour ahead all along", Seen: p(base), Reading: p(base + 3600), Own: base + 3600 + day},
		{Name: "own clock an hour behind all along", Seen: p(base), Reading: p(base - 3600), Own: base - 3600 + day},
		{Name: "own clock an hour behind, a minute later", Seen: p(base), Reading: p(base - 3600), Own: base - 3600 + 60},
		{Name: "own clock set back a year", Seen: p(base), Reading: p(base), Own: base - 365*day},
		{Name: "own clock at 1970", Seen: p(base), Reading: p(base), Own: 0},
		{Name: "own clock set back, but after the lease", Seen: p(base), Reading: p(base + 30*day), Own: base + 2*day},
		{Name: "own clock was years ahead and is right now", Seen: p(base), Reading: p(base + 3650*day), Own: base + day},
		{Name: "own clock was at 1970 and is right now", Seen: p(base), Reading: p(0), Own: base + day},
		{Name: "own clock jumps years ahead", Seen: p(base), Reading: p(base), Own: base + 3650*day},
		{Name: "the very second", Seen: p(base), Reading: p(base), Own: base},
		{Name: "a second before", Seen: p(base), Reading: p(base), Own: base - 1},
	}
	for i := range cases {
		c := &cases[i]
		c.Time, c.Fault = clockRule(c.Seen, c.Reading, c.Own)
	}
	agree(t, "clock.json", map[string]any{"cases": cases})
}

type place struct {
	Domain    string `json:"domain"`
	IP        string `json:"ip"`
	Directory string `json:"directory"`
}

type stateClaims struct {
	Sta string   `json:"sta"`
	Chk int64    `json:"chk"`
	Exp int64    `json:"exp"`
	Idt string   `json:"idt,omitempty"`
	Dom []string `json:"dom,omitempty"`
	IPs []string `json:"ips,omitempty"`
	Dir []string `json:"dir,omitempty"`
}

type stateVector struct {
	Name       string      `json:"name"`
	Claims     stateClaims `json:"claims"`
	Time       int64       `json:"time"`
	Silence    bool        `json:"silence"` // a check that was due got no answer
	Identifier string      `json:"identifier"`
	Place      place       `json:"place"`
	State      string      `json:"state"`
	Reason     string      `json:"reason"`
	DaysLeft   int64       `json:"days_left"`
}

// stateRule is what a client makes of a lease that it has accepted.
func stateRule(v *stateVector) {
	c := v.Claims
	switch {
	case c.Sta != Active:
		v.State, v.Reason = "Invalid", c.Sta
	case len(c.Dom) > 0 && !slices.ContainsFunc(c.Dom, func(d string) bool { return domainFits(d, v.Place.Domain) }):
		v.State, v.Reason = "Invalid", "wrong_domain"
	case len(c.IPs) > 0 && !slices.ContainsFunc(c.IPs, func(ip string) bool { return ipFits(ip, v.Place.IP) }):
		v.State, v.Reason = "Invalid", "wrong_ip"
	case len(c.Dir) > 0 && !slices.ContainsFunc(c.Dir, func(d string) bool { return directoryFits(d, v.Place.Directory) }):
		v.State, v.Reason = "Invalid", "wrong_directory"
	case c.Idt != "" && v.Identifier != c.Idt && host(v.Identifier) != c.Idt:
		v.State, v.Reason = "Invalid", "not_activated"
	case v.Time < c.Chk:
		v.State = "Valid"
	case v.Time >= c.Exp:
		v.State = "Lapsed"
	case v.Silence:
		v.State = "Grace"
		v.DaysLeft = (c.Exp - v.Time + 86399) / 86400
	default:
		v.State = "Due"
	}
}

// host is what the server keeps of a domain; license has the whole rule.
func host(said string) string {
	if _, rest, found := strings.Cut(said, "://"); found {
		said = rest
	}
	said, _, _ = strings.Cut(said, "/")
	said, _, _ = strings.Cut(said, ":")
	said = strings.TrimRight(strings.ToLower(said), ".")
	for strings.HasPrefix(said, "www.") {
		said = said[len("www."):]
	}
	return said
}

func domainFits(pattern, own string) bool {
	own = host(own)
	if suffix, wild := strings.CutPrefix(pattern, "*."); wild {
		return strings.HasSuffix(own, "."+suffix)
	}
	return own != "" && own == pattern
}

func ipFits(pattern, own string) bool {
	ip, err := netip.ParseAddr(own)
	if err != nil {
		return false
	}
	if prefix, err := netip.ParsePrefix(pattern); err == nil {
		return prefix.Contains(ip.Unmap())
	}
	one, err := netip.ParseAddr(pattern)
	return err == nil && one == ip.Unmap()
}

func directoryFits(pattern, own string) bool {
	return own != "" && pattern == path.Clean(own)
}

func TestStateVectors(t *testing.T) {
	t.Parallel()
	const day = 86400
	base := noon.Unix()
	active := stateClaims{Sta: Active, Chk: base + 7*day, Exp: base + 10*day}
	bound := active
	bound.Dom, bound.IPs, bound.Dir = []string{"example.com", "*.example.org"}, []string{"192.0.2.7", "2001:db8::/32"}, []string{"/srv/www/shop"}
	named := active
	named.Idt = "example.com"
	both := bound
	both.Idt = "example.com"
	here := place{Domain: "example.com", IP: "192.0.2.7", Directory: "/srv/www/shop"}
	at := func(p place, change func(*place)) place { change(&p); return p }
	cases := []stateVector{
		{Name: "day 0", Claims: active, Time: base},
		{Name: "day 6, server away", Claims: active, Time: base + 6*day, Silence: true},
		{Name: "a second before the check", Claims: active, Time: base + 7*day - 1},
		{Name: "day 7, not asked yet", Claims: active, Time: base + 7*day},
		{Name: "day 7, no answer", Claims: active, Time: base + 7*day, Silence: true},
		{Name: "day 8, no answer", Claims: active, Time: base + 8*day, Silence: true},
		{Name: "a second before the end", Claims: active, Time: base + 10*day - 1, Silence: true},
		{Name: "day 10", Claims: active, Time: base + 10*day, Silence: true},
		{Name: "day 10, not asked", Claims: active, Time: base + 10*day},
		{Name: "day 11", Claims: active, Time: base + 11*day, Silence: true},
		{Name: "suspended", Claims: stateClaims{Sta: "suspended", Chk: base, Exp: base}, Time: base},
		{Name: "revoked, much later", Claims: stateClaims{Sta: "revoked", Chk: base, Exp: base}, Time: base + 100*day, Silence: true},
		{Name: "a lease file", Claims: stateClaims{Sta: Active, Chk: base + 365*day, Exp: base + 365*day}, Time: base + 364*day},
		{Name: "a lease file at its end", Claims: stateClaims{Sta: Active, Chk: base + 365*day, Exp: base + 365*day}, Time: base + 365*day, Silence: true},
		{Name: "the right identifier", Claims: named, Identifier: "example.com", Time: base},
		{Name: "another identifier", Claims: named, Identifier: "example.net", Time: base},
		{Name: "no identifier any more", Claims: named, Time: base},
		{Name: "bound, right place", Claims: bound, Place: here, Time: base},
		{Name: "bound, www in front", Claims: bound, Place: at(here, func(p *place) { p.Domain = "WWW.Example.com" }), Time: base},
		{Name: "bound, below a wildcard", Claims: bound, Place: at(here, func(p *place) { p.Domain = "a.b.example.org" }), Time: base},
		{Name: "bound, www below a wildcard is the wildcard's own name", Claims: bound, Place: at(here, func(p *place) { p.Domain = "www.example.org" }), Time: base},
		{Name: "bound, www and one more below a wildcard", Claims: bound, Place: at(here, func(p *place) { p.Domain = "www.shop.example.org" }), Time: base},
		{Name: "bound, www twice", Claims: bound, Place: at(here, func(p *place) { p.Domain = "www.www.example.com." }), Time: base},
		{Name: "bound, a whole address", Claims: bound, Place: at(here, func(p *place) { p.Domain = "https://www.Example.com:8443/admin" }), Time: base},
		{Name: "bound, the wildcard's own name", Claims: bound, Place: at(here, func(p *place) { p.Domain = "example.org" }), Time: base},
		{Name: "bound, a name that ends alike", Claims: bound, Place: at(here, func(p *place) { p.Domain = "notexample.com" }), Time: base},
		{Name: "bound, another domain", Claims: bound, Place: at(here, func(p *place) { p.Domain = "example.net" }), Time: base},
		{Name: "bound, no domain", Claims: bound, Place: at(here, func(p *place) { p.Domain = "" }), Time: base},
		{Name: "bound, within the network", Claims: bound, Place: at(here, func(p *place) { p.IP = "2001:db8:5::1" }), Time: base},
		{Name: "bound, mapped address", Claims: bound, Place: at(here, func(p *place) { p.IP = "::ffff:192.0.2.7" }), Time: base},
		{Name: "bound, another address", Claims: bound, Place: at(here, func(p *place) { p.IP = "192.0.2.8" }), Time: base},
		{Name: "bound, no address at all", Claims: bound, Place: at(here, func(p *place) { p.IP = "localhost" }), Time: base},
		{Name: "bound, a slash at the end", Claims: bound, Place: at(here, func(p *place) { p.Directory = "/srv/www/shop/" }), Time: base},
		{Name: "bound, a long way to the same directory", Claims: bound, Place: at(here, func(p *place) { p.Directory = "/srv//www/./x/../shop" }), Time: base},
		{Name: "bound, another directory", Claims: bound, Place: at(here, func(p *place) { p.Directory = "/srv/www" }), Time: base},
		{Name: "bound, wrong in all: the domain counts first", Claims: bound, Place: place{Domain: "x.example", IP: "192.0.2.9", Directory: "/x"}, Time: base},
		{Name: "wrong place and not activated: the place counts first", Claims: both, Identifier: "example.net", Place: at(here, func(p *place) { p.IP = "192.0.2.8" }), Time: base},
		{Name: "right place and not activated", Claims: both, Identifier: "example.net", Place: here, Time: base},
		{Name: "the right identifier, as a whole address", Claims: named, Identifier: "https://www.Example.com/", Time: base},
		{Name: "wrong place after its end", Claims: bound, Place: at(here, func(p *place) { p.Domain = "example.net" }), Time: base + 20*day, Silence: true},
	}
	for i := range cases {
		stateRule(&cases[i])
	}
	agree(t, "states.json", map[string]any{"cases": cases})
}

// Times follow the plan's terms, and end with what the license's payment covers.
func TestTimes(t *testing.T) {
	t.Parallel()
	terms := Terms{Interval: 7 * 24 * time.Hour, Grace: 3 * 24 * time.Hour}
	at := noon.Add(123456 * time.Microsecond)
	for _, c := range []struct {
		name       string
		status     string
		bound      time.Time
		check, end time.Time
	}{
		{"for ever", Active, time.Time{}, noon.AddDate(0, 0, 7), noon.AddDate(0, 0, 10)},
		{"paid for a month", Active, noon.AddDate(0, 1, 0), noon.AddDate(0, 0, 7), noon.AddDate(0, 0, 10)},
		{"paid for nine days", Active, noon.AddDate(0, 0, 9), noon.AddDate(0, 0, 7), noon.AddDate(0, 0, 9)},
		{"paid for two days", Active, noon.AddDate(0, 0, 2).Add(900 * time.Millisecond), noon.AddDate(0, 0, 2), noon.AddDate(0, 0, 2)},
		{"suspended", "suspended", time.Time{}, noon, noon},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			claims := Claims{Status: c.status}
			claims.Times(at, terms, c.bound)
			if !claims.IssuedAt.Equal(noon) || !claims.CheckAt.Equal(c.check) || !claims.Expires.Equal(c.end) {
				t.Errorf("made %v, asks %v, ends %v", claims.IssuedAt, claims.CheckAt, claims.Expires)
			}
		})
	}
}
