package license

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// PlacesPatch is what staff change of the place of a license. Lists that are not nil replace the old ones; an empty one is
// open again, and the next check that names such a part binds it.
type PlacesPatch struct {
	// Domains may hold *.example.com for all below example.com, IPs networks such as 2001:db8::/32.
	Domains, IPs, Directories *[]string
	// AllowedHosts are public ones on which this development license may run.
	AllowedHosts *[]string
	Reissues     *int64 // the counter; 0 lets the customer reissue as often as the product allows
}

const (
	maxPlaces    = 100
	maxDirectory = 1024
	mostReissues = 10_000
)

// check reports everything that is wrong with p, after bringing it into the form in which it is stored.
func (p *PlacesPatch) check(bad *fail.Fields) {
	for _, list := range []struct {
		field     string
		values    **[]string
		normalize func(string) (string, error)
	}{
		{"bindings.domains", &p.Domains, normalizePattern},
		{"bindings.ips", &p.IPs, normalizeNetwork},
		{"bindings.directories", &p.Directories, checkDirectory},
		{"allowed_hosts", &p.AllowedHosts, normalizePattern},
	} {
		if *list.values == nil {
			continue
		}
		normal, err := normalPlaces(**list.values, list.normalize)
		bad.Check(list.field, err)
		*list.values = &normal
	}
	if p.Reissues != nil && (*p.Reissues < 0 || *p.Reissues > mostReissues) {
		bad.Add("reissues", fmt.Sprintf("is not between 0 and %d", mostReissues))
	}
}

// normalPlaces normalises a list, without what it names twice, in the order in which it was given.
func normalPlaces(list []string, normalize func(string) (string, error)) ([]string, error) {
	if len(list) > maxPlaces {
		return nil, fmt.Errorf("are more than %d", maxPlaces)
	}
	normal := make([]string, 0, len(list))
	for _, said := range list {
		value, err := normalize(said)
		if err != nil {
			return nil, fmt.Errorf("have %q, which %w", clip(said, 80), err)
		}
		if !slices.Contains(normal, value) {
			normal = append(normal, value)
		}
	}
	return normal, nil
}

func checkDirectory(s string) (string, error) {
	s, err := text.Required(s, maxDirectory)
	return normalizeDirectory(s), err
}

// patchPlaces changes the place of a license by hand.
func (l *locked) patchPlaces(ctx context.Context, p PlacesPatch, why string) error {
	now, err := l.places()
	if err != nil {
		return err
	}
	after := now
	for _, list := range []struct{ to, from *[]string }{{&after.Domains, p.Domains}, {&after.IPs, p.IPs}, {&after.Directories, p.Directories}} {
		if list.from != nil {
			*list.to = *list.from
		}
	}
	if !after.equal(now) {
		if err := l.setPlaces(ctx, after, WhatPlacesChanged, why); err != nil {
			return err
		}
	}
	if p.AllowedHosts != nil {
		if err := l.setAllowedHosts(ctx, *p.AllowedHosts, why); err != nil {
			return err
		}
	}
	if p.Reissues != nil {
		return l.setReissues(ctx, *p.Reissues, why)
	}
	return nil
}

// setAllowedHosts replaces the public hosts on which a development license may run.
func (l *locked) setAllowedHosts(ctx context.Context, hosts []string, why string) error {
	if len(hosts) > 0 && Type(l.row.Type) != Development {
		return fail.Invalid("allowed_hosts", "are for development licenses: the others may run on any host")
	}
	before, err := decodeList(l.row.AllowedHosts)
	if err != nil || slices.Equal(before, hosts) {
		return err
	}
	l.row.AllowedHosts, l.modified, l.updated = encodeList(hosts), true, append(l.updated, "allowed_hosts")
	if err := l.tx.SetAllowedHosts(ctx, query.SetAllowedHostsParams{ID: l.row.ID, AllowedHosts: l.row.AllowedHosts, UpdatedAt: l.tx.Stamp}); err != nil {
		return fmt.Errorf("hosts of %s: %w", l.row.ID, err)
	}
	return note(ctx, l.tx, l.row.ID, Entry{What: WhatHostsChanged, Before: strings.Join(before, ", "), After: strings.Join(hosts, ", "), Why: why})
}

// clip shortens what is quoted in an error.
func clip(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
