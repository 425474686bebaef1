package license

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// Bind binds what is open of a license's place to the one that a check names. Of two first checks that race the first
// binds; the other one finds it bound. It returns whether anything was bound now.
func (s *Service) Bind(ctx context.Context, licenseID string, at Place) (bool, error) {
	var bound bool
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		l, err := s.lock(ctx, tx, licenseID)
		if err != nil {
			return err
		}
		places, err := l.places()
		if err != nil {
			return err
		}
		if places, bound = places.bind(at.Normal()); !bound || l.state.Status(tx.Now) != Active {
			bound = false
			return l.save(ctx)
		}
		if err := l.setPlaces(ctx, places, WhatBound, ""); err != nil {
			return err
		}
		return l.save(ctx)
	})
	return bound, err
}

// places is what the license is bound to.
func (l *locked) places() (Places, error) {
	p, err := placesOf(l.row.ValidDomains, l.row.ValidIps, l.row.ValidDirectories)
	if err != nil {
		return Places{}, fmt.Errorf("license %s: %w", l.row.ID, err)
	}
	return p, nil
}

// setPlaces replaces what the license is bound to.
func (l *locked) setPlaces(ctx context.Context, p Places, what, why string) error {
	before, err := l.places()
	if err != nil {
		return err
	}
	if !slices.Equal(p.Domains, before.Domains) {
		if err := keepDomains(ctx, l.tx, l.row.ProductID, l.row.ID, p.Domains); err != nil {
			return err
		}
	}
	l.row.ValidDomains, l.row.ValidIps, l.row.ValidDirectories = encodeList(p.Domains), encodeList(p.IPs), encodeList(p.Directories)
	err = l.tx.SetBoundPlaces(ctx, query.SetBoundPlacesParams{
		ID: l.row.ID, ValidDomains: l.row.ValidDomains, ValidIps: l.row.ValidIps, ValidDirectories: l.row.ValidDirectories, UpdatedAt: l.tx.Stamp,
	})
	if err != nil {
		return fmt.Errorf("place of %s: %w", l.row.ID, err)
	}
	l.modified, l.updated = true, append(l.updated, "places")
	return note(ctx, l.tx, l.row.ID, Entry{What: what, Before: before.words(), After: p.words(), Why: why})
}

// words is a place for the history.
func (p Places) words() string {
	var parts []string
	for _, list := range [][]string{p.Domains, p.IPs, p.Directories} {
		if len(list) > 0 {
			parts = append(parts, strings.Join(list, ", "))
		}
	}
	return strings.Join(parts, "; ")
}
