package setting

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a zone has the same name and rules on every machine

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// kind is a kind of value: V as it is in JSON, T as the program uses it.
type kind[V, T any] struct {
	name     Type
	choices  []string
	mistyped error // the message for JSON of another type
	parse    func(V) (T, error)
	show     func(T) V
}

var errNoText = errors.New("must be text")

// strict reads exactly one JSON value of v's type. An absent value (null) is none.
func strict(raw json.RawMessage, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || isNull(raw) {
		return errors.New("not one value")
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

func same[T any](v T) T { return v }

func line(least, most int) kind[string, string] {
	return kind[string, string]{name: Text, mistyped: errNoText, show: same[string], parse: func(s string) (string, error) {
		if least > 0 {
			return text.Required(s, most)
		}
		return text.Line(s, most)
	}}
}

// linesLength is the most that text of several lines can have, in characters.
const linesLength = 1000

func lines() kind[string, string] {
	return kind[string, string]{name: Lines, mistyped: errNoText, show: same[string], parse: func(s string) (string, error) {
		return text.Notes(s, linesLength)
	}}
}

func number(least, most int) kind[int, int] {
	outside := fmt.Errorf("must be a whole number from %d to %d", least, most)
	return kind[int, int]{name: Number, mistyped: outside, show: same[int], parse: func(n int) (int, error) {
		if n < least || n > most {
			return 0, outside
		}
		return n, nil
	}}
}

func onOff() kind[bool, bool] {
	return kind[bool, bool]{
		name: Switch, mistyped: errors.New("must be true or false"), show: same[bool],
		parse: func(on bool) (bool, error) { return on, nil },
	}
}

// days is a rising list of numbers of days.
func days(most, longest int) kind[[]int, []int] {
	wrong := fmt.Errorf("must be a rising list of at most %d whole numbers from 0 to %d", most, longest)
	return kind[[]int, []int]{name: Days, mistyped: wrong, show: same[[]int], parse: func(list []int) ([]int, error) {
		if len(list) > most {
			return nil, wrong
		}
		for i, n := range list {
			if n < 0 || n > longest || i > 0 && n <= list[i-1] {
				return nil, wrong
			}
		}
		return append([]int{}, list...), nil
	}}
}

// daysByCycle is a number of days for some billing cycles.
func daysByCycle(longest int) kind[map[string]int, map[string]int] {
	wrong := fmt.Errorf("must name billing cycles with whole numbers from 0 to %d", longest)
	return kind[map[string]int, map[string]int]{
		name: Map, mistyped: wrong, show: same[map[string]int],
		parse: func(of map[string]int) (map[string]int, error) {
			for name, n := range of {
				if c, err := civil.ParseCycle(name); err != nil || !c.Recurs() || n < 0 || n > longest {
					return nil, wrong
				}
			}
			return of, nil
		},
	}
}

func country() kind[string, string] {
	wrong := errors.New("must be the two letters of a country, such as DE")
	return kind[string, string]{name: Text, mistyped: wrong, show: same[string], parse: func(s string) (string, error) {
		s = strings.ToUpper(strings.TrimSpace(s))
		if s != "" && (len(s) != 2 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z') {
			return "", wrong
		}
		return s, nil
	}}
}

func choice(choices ...string) kind[string, string] {
	other := fmt.Errorf("must be one of %s", strings.Join(choices, ", "))
	return kind[string, string]{name: Choice, choices: choices, mistyped: other, show: same[string], parse: func(s string) (string, error) {
		if !slices.Contains(choices, s) {
			return "", other
		}
		return s, nil
	}}
}

func zone() kind[string, *time.Location] {
	unknown := errors.New("must be a time zone such as Europe/Berlin")
	return kind[string, *time.Location]{
		name: Zone, mistyped: unknown, show: (*time.Location).String,
		parse: func(s string) (*time.Location, error) {
			// "" and "Local" would load too: UTC by accident, and whatever this machine is set to.
			if s == "" || s == "Local" {
				return nil, unknown
			}
			loc, err := time.LoadLocation(s)
			if err != nil {
				return nil, unknown
			}
			return loc, nil
		},
	}
}

func currency() kind[string, money.Currency] {
	unknown := errors.New("must be a currency code such as EUR")
	return kind[string, money.Currency]{
		name: Currency, mistyped: unknown, show: func(c money.Currency) string { return string(c) },
		parse: func(s string) (money.Currency, error) {
			c, err := money.ParseCurrency(s)
			if err != nil {
				return "", unknown
			}
			return c, nil
		},
	}
}

func baseURL() kind[string, string] {
	wrong := errors.New("must be an address such as https://store.example.com, without a path")
	return kind[string, string]{name: Text, mistyped: wrong, show: same[string], parse: func(s string) (string, error) {
		s = strings.TrimSuffix(strings.TrimSpace(s), "/")
		if s == "" {
			return "", nil
		}
		u, err := url.Parse(s)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || len(s) > 255 {
			return "", wrong
		}
		// The address is nothing but scheme and host: that excludes user, path, query and fragment.
		if bare := (&url.URL{Scheme: u.Scheme, Host: u.Host}).String(); !strings.EqualFold(bare, s) {
			return "", wrong
		}
		return strings.ToLower(s), nil
	}}
}

// token is what stands in braces in a number format.
var token = regexp.MustCompile(`\{[^{}]*\}`)

func numberFormat() kind[string, string] {
	return kind[string, string]{name: Text, mistyped: errNoText, show: same[string], parse: func(s string) (string, error) {
		s, err := text.Required(s, 50)
		if err != nil {
			return "", err
		}
		count := map[string]int{}
		for _, t := range token.FindAllString(s, -1) {
			count[t]++
		}
		known := count["{n}"] + count["{yyyy}"] + count["{mm}"]
		switch {
		case count["{n}"] != 1:
			return "", errors.New("must contain {n} once")
		case strings.Count(s, "{") != known || strings.Count(s, "}") != known:
			return "", errors.New("may contain {yyyy}, {mm} and {n}, and no other braces")
		}
		return s, nil
	}}
}

const maxNetworks = 200

func networks() kind[[]string, []netip.Prefix] {
	return kind[[]string, []netip.Prefix]{
		name: Networks, mistyped: errors.New("must be a list of networks such as 192.0.2.0/24"),
		parse: func(list []string) ([]netip.Prefix, error) {
			if len(list) > maxNetworks {
				return nil, fmt.Errorf("has more than %d networks", maxNetworks)
			}
			prefixes := make([]netip.Prefix, 0, len(list))
			for _, s := range list {
				p, err := network(strings.TrimSpace(s))
				if err != nil {
					return nil, fmt.Errorf("%q is not a network such as 192.0.2.0/24 or 2001:db8::/32", s)
				}
				if !slices.Contains(prefixes, p) {
					prefixes = append(prefixes, p)
				}
			}
			return prefixes, nil
		},
		show: func(prefixes []netip.Prefix) []string {
			list := make([]string, len(prefixes))
			for i, p := range prefixes {
				list[i] = p.String()
			}
			return list
		},
	}
}

// network reads a network or a single address. An IPv4 address that is written as an IPv6 one is the IPv4 address.
func network(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		addr = addr.Unmap().WithZone("")
		return addr.Prefix(addr.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, errors.New("wider than the IPv4 addresses")
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}
