package demo

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
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
	public            bool  // a page tells whether a domain is licensed
	plans             []plan
	releases          []version
}

type plan struct {
	name         string
	counts       license.ActivationType
	limit        int64
	entitlements map[string]any
	prices       []price
	extra        int64 // of an add-on: activations that one of it adds
}

// price is what a plan costs: again and again, or once.
type price struct {
	amount   int64
	currency money.Currency
	cycle    civil.Cycle
	setup    int64
	years    int   // for which it is valid, paid once; 0: for ever
	trial    int64 // days
}

// once is a price that is paid once, for some years or, with 0, for good.
func once(amount int64, years int) price {
	return price{amount: amount, currency: eur, cycle: civil.OneTime, years: years}
}

// each are the prices of a month, which may begin with a trial, and of a year.
func each(month, year, trial int64) []price {
	return []price{{amount: month, currency: eur, cycle: civil.Monthly, trial: trial}, {amount: year, currency: eur, cycle: civil.Annual}}
}

func (p price) withSetup(amount int64) price {
	p.setup = amount
	return p
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
		removals: 3, public: true,
		plans: []plan{
			{name: "Personal", counts: license.Domain, limit: 1, entitlements: map[string]any{"forms.max": 5, "feature.payments": false}, prices: append(each(590, 4900, 0), price{amount: 5400, currency: usd, cycle: civil.Annual})},
			{name: "Business", counts: license.Domain, limit: 5, entitlements: map[string]any{"forms.max": 50, "feature.payments": true}, prices: each(1490, 12900, 14)},
			{name: "Agency", counts: license.Domain, limit: 0, entitlements: map[string]any{"forms.max": 0, "feature.payments": true, "feature.white_label": true}, prices: each(3400, 29900, 14)},
			{name: "Lifetime", counts: license.Domain, limit: 3, entitlements: map[string]any{"forms.max": 50, "feature.payments": true}, prices: []price{once(39900, 0)}},
			{name: "Extra activations", counts: license.Domain, extra: 5, prices: each(450, 3900, 0)},
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
		slug: "lighthouse", name: "Lighthouse", about: "Watches websites from twelve places and tells when they are down.",
		key: catalog.KeyFormat{Prefix: "LH-", Length: 24}, removals: 3,
		plans: []plan{
			{name: "Starter", counts: license.Domain, limit: 3, entitlements: map[string]any{"checks.minutes": 5}, prices: each(900, 9000, 14)},
			{name: "Team", counts: license.Domain, limit: 15, entitlements: map[string]any{"checks.minutes": 1, "feature.sms": true}, prices: each(2900, 29000, 14)},
			{name: "Scale", counts: license.Domain, limit: 100, entitlements: map[string]any{"checks.minutes": 1, "feature.sms": true, "feature.sso": true}, prices: each(9900, 99000, 14)},
			{name: "Extra activations", counts: license.Domain, extra: 10, prices: each(700, 7000, 0)},
		},
		releases: []version{
			{"1.4.0", "stable", 380, "Maintenance windows.", false},
			{"1.5.0", "stable", 120, "Status pages of your own.", false},
			{"1.5.2", "stable", 21, "Certificates that are about to expire are told in time.", false},
		},
	},
	{
		slug: "papermill", name: "Papermill", about: "Prepares print-ready documents on the desktop.",
		key: catalog.KeyFormat{Prefix: "PM-", Length: 24},
		plans: []plan{
			{name: "Solo", counts: license.Device, limit: 2, entitlements: map[string]any{"pages.max": 500}, prices: []price{once(7900, 0)}},
			{name: "Studio", counts: license.Seat, limit: 10, entitlements: map[string]any{"pages.max": 0, "feature.colour_profiles": true}, prices: []price{once(34900, 0)}},
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
			{name: "Standard", counts: license.Instance, limit: 1, entitlements: map[string]any{"routes.max": 25, "feature.sso": false}, prices: []price{once(49000, 1).withSetup(15000)}},
			{name: "Enterprise", counts: license.Instance, limit: 5, entitlements: map[string]any{"routes.max": 0, "feature.sso": true}, prices: []price{once(190000, 1).withSetup(15000)}},
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
			Slug: p.slug, Name: p.name, Description: p.about, Key: p.key, SelfRemovalsPer30d: p.removals, PublicCheck: p.public,
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
	if _, err := s.Licenses.AddBan(ctx, license.BanDomain, "*.free-downloads.example", "Hands out a copy with the check taken out"); err != nil {
		return err
	}
	_, err := s.Coupons.Create(ctx, coupon.NewCoupon{
		Code: welcome, Name: "10 % off the first order", Percent: "10", Charges: 1, Rules: coupon.Rules{NewCustomers: true, PerCustomer: 1},
	})
	return err
}

// welcome is the coupon of the demo store.
const welcome = "WELCOME10"

func (s *story) offer(ctx context.Context, of catalog.Product, p plan) error {
	in := catalog.NewPlan{Name: p.name, ActivationType: string(p.counts), ActivationLimit: p.limit, Entitlements: p.entitlements}
	if p.extra > 0 {
		in.Kind, in.ExtraActivations = catalog.KindAddon, p.extra
	}
	made, err := s.Catalog.CreatePlan(ctx, of.ID, in)
	if err != nil {
		return err
	}
	s.plans[of.Slug+" "+p.name] = made.ID
	for _, pr := range p.prices {
		in := catalog.NewPrice{Cycle: string(pr.cycle), Money: money.New(pr.amount, pr.currency), TrialDays: pr.trial}
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
		s.prices[of.Slug+" "+p.name+" "+string(pr.cycle)+" "+string(pr.currency)] = price.ID
	}
	return nil
}

// priceOf finds a price in euros by product, plan and cycle, such as "lighthouse Team monthly". Without a cycle it is what
// is paid once, or else by the year.
func (s *story) priceOf(what string) (id string, err error) {
	for _, cycle := range []string{"", " " + string(civil.OneTime), " " + string(civil.Annual)} {
		if id, ok := s.prices[what+cycle+" "+string(eur)]; ok {
			return id, nil
		}
	}
	return "", fmt.Errorf("the demo store does not sell %s", what)
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
