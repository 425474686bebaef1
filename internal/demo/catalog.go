package demo

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/release"
)

const (
	eur = money.Currency("EUR")
	usd = money.Currency("USD")
)

// product is a product of the demo store with everything that belongs to it.
type product struct {
	slug, name, about string
	key               catalog.KeyFormat
	removals          int64 // that customers may make in 30 days
	plans             []plan
	releases          []version
}

type plan struct {
	name         string
	counts       license.ActivationType
	limit        int64
	entitlements map[string]any
	prices       []price
}

// price is so much for so long; 0 years are for ever.
type price struct {
	amount   int64
	currency money.Currency
	setup    int64
	years    int
}

type version struct {
	number, channel string
	ago             int // days
	notes           string
	draft           bool
}

var products = []product{
	{
		slug: "fieldnote", name: "Fieldnote", about: "Forms, surveys and bookings for websites.",
		removals: 3,
		plans: []plan{
			{"Personal", license.Domain, 1, map[string]any{"forms.max": 5, "feature.payments": false}, []price{{4900, eur, 0, 1}, {5400, usd, 0, 1}}},
			{"Business", license.Domain, 5, map[string]any{"forms.max": 50, "feature.payments": true}, []price{{12900, eur, 0, 1}}},
			{"Agency", license.Domain, 0, map[string]any{"forms.max": 0, "feature.payments": true, "feature.white_label": true}, []price{{29900, eur, 0, 1}}},
			{"Lifetime", license.Domain, 3, map[string]any{"forms.max": 50, "feature.payments": true}, []price{{39900, eur, 0, 0}}},
		},
		releases: []version{
			{"2.3.0", "stable", 390, "Bookings that know about time zones.", false},
			{"2.4.0", "stable", 210, "Surveys with branches. Faster exports.", false},
			{"2.4.1", "stable", 96, "A form with more than 100 fields saves again.", false},
			{"2.5.0", "stable", 17, "Payments by instalments.", false},
			{"3.0.0-beta.1", "beta", 6, "The new editor. Not for production yet.", false},
		},
	},
	{
		slug: "papermill", name: "Papermill", about: "Prepares print-ready documents on the desktop.",
		key: catalog.KeyFormat{Prefix: "PM-", Length: 24},
		plans: []plan{
			{"Solo", license.Device, 2, map[string]any{"pages.max": 500}, []price{{7900, eur, 0, 0}}},
			{"Studio", license.Seat, 10, map[string]any{"pages.max": 0, "feature.colour_profiles": true}, []price{{34900, eur, 0, 0}}},
		},
		releases: []version{
			{"5.1.0", "stable", 300, "Opens files of version 4 without a question.", false},
			{"5.2.0", "stable", 70, "Spot colours. 40 % less memory.", false},
			{"5.3.0", "stable", 1, "Not announced yet.", true},
		},
	},
	{
		slug: "switchyard", name: "Switchyard", about: "Routes messages between the systems of a company.",
		key: catalog.KeyFormat{Prefix: "SY-", Length: 32}, removals: 1,
		plans: []plan{
			{"Standard", license.Instance, 1, map[string]any{"routes.max": 25, "feature.sso": false}, []price{{49000, eur, 15000, 1}}},
			{"Enterprise", license.Instance, 5, map[string]any{"routes.max": 0, "feature.sso": true}, []price{{190000, eur, 15000, 1}}},
		},
		releases: []version{
			{"1.8.0", "stable", 250, "Routes can be tried before they go live.", false},
			{"1.8.2", "stable", 33, "Closes a hole in the import of certificates: please update.", false},
		},
	},
}

// stock puts the catalog on sale and lets the releases come out, each in its time.
func (s *story) stock(ctx context.Context) error {
	for _, p := range products {
		made, err := s.Catalog.CreateProduct(ctx, catalog.NewProduct{
			Slug: p.slug, Name: p.name, Description: p.about, Key: p.key, SelfRemovalsPer30d: p.removals,
		})
		if err != nil {
			return err
		}
		for _, pl := range p.plans {
			if err := s.offer(ctx, made, pl); err != nil {
				return err
			}
		}
		for _, v := range p.releases {
			s.at(s.now.Add(-days(v.ago)), func(ctx context.Context) error { return s.release(ctx, made, v) })
		}
	}
	return nil
}

func (s *story) offer(ctx context.Context, of catalog.Product, p plan) error {
	made, err := s.Catalog.CreatePlan(ctx, of.ID, catalog.NewPlan{
		Name: p.name, ActivationType: string(p.counts), ActivationLimit: p.limit, Entitlements: p.entitlements,
	})
	if err != nil {
		return err
	}
	for _, pr := range p.prices {
		in := catalog.NewPrice{Cycle: "one_time", Money: money.New(pr.amount, pr.currency)}
		if pr.setup > 0 {
			in.SetupFee = money.New(pr.setup, pr.currency)
		}
		if pr.years > 0 {
			in.ValidFor = civil.Span{Count: pr.years, Unit: civil.Year}
		}
		price, err := s.Catalog.CreatePrice(ctx, made.ID, in)
		if err != nil {
			return err
		}
		s.prices[of.Slug+" "+p.name+" "+string(pr.currency)] = price.ID
	}
	return nil
}

func (s *story) release(ctx context.Context, of catalog.Product, v version) error {
	at := s.Clock.Now()
	made, err := s.Releases.Create(ctx, release.Input{
		ProductID: of.ID, Version: v.number, Channel: v.channel, ReleasedAt: &at, Notes: v.notes,
	})
	if err != nil {
		return err
	}
	content, err := archive(of, v)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s-%s.zip", of.Slug, v.number)
	if _, err := s.Releases.AddFile(ctx, made.ID, name, bytes.NewReader(content), 1<<20); err != nil {
		return err
	}
	if v.draft {
		return nil
	}
	_, err = s.Releases.Publish(ctx, made.ID)
	return err
}

// archive is the file of a release: small, but one that opens.
func archive(of catalog.Product, v version) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create(of.Slug + "/README.txt")
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(f, "%s %s\n\n%s\n\nThis is a file of a demo store.\n", of.Name, v.number, of.Description)
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
