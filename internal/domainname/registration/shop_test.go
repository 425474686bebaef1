package registration_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/registration"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/order/ordertest"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/task/tasktest"
)

// noon is the time of the ground data.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func eur(n int64) money.Money { return money.New(n, "EUR") }

// checker answers as a registrar does that has some names.
type checker struct {
	mu    sync.Mutex
	taken []string
	fails bool
	gate  func() // called with every question, before it is answered
	asked []string
	// own are the prices of premium names, a year, by name and command.
	own map[string]map[string]money.Money
}

func (c *checker) Quote(_ context.Context, _ string, q registrar.Quoting) (registrar.Quote, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	price, known := c.own[q.Name][q.Command]
	price.Amount *= int64(q.Years)
	return registrar.Quote{Known: known, Price: price, Premium: known, Class: "gold"}, nil
}

func (c *checker) Check(_ context.Context, _ string, names ...string) (all []registrar.Available, err error) {
	if c.gate != nil {
		c.gate()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, names...)
	if c.fails {
		return nil, errors.New("no session")
	}
	for _, n := range names {
		_, premium := c.own[n]
		all = append(all, registrar.Available{Name: n, Free: !slices.Contains(c.taken, n), Premium: premium, Class: "gold"})
	}
	return all, nil
}

// shop is a store that sells names under .example and .test.
type shop struct {
	*testing.T
	*ordertest.Shop
	ctx     context.Context
	reg     *registration.Service
	domains *domainname.Service
	checker *checker
	ada     customer.Customer
}

func each(t *testing.T, f func(s *shop)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		tasktest.Legible(t, store)
		store.Clock.Set(noon)
		s := &shop{T: t, Shop: ordertest.New(store), ctx: t.Context(), checker: &checker{}, domains: domainname.New(store.DB)}
		s.reg = registration.New(store.DB, s.Billing, s.Payments, crypt.NewBox(crypt.NewKey()), s.checker)
		s.Orders.UseDomains(map[domainname.PriceKind]order.Domains{domainname.ForRegistration: s.reg, domainname.ForTransfer: s.reg})
		s.Exec(t, `INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('reg_1', 'simulator', 'simulator', 'on', 'active', 0)`)
		s.extension("example", "reg_1")
		s.extension("test", "reg_1")
		s.ada = s.holder("ada")
		f(s)
	})
}

// holder is a customer who can hold a domain.
func (s *shop) holder(name string) customer.Customer {
	s.Helper()
	c := s.NewCustomer(s.T, name)
	s.Exec(s.T, `UPDATE customers SET address = $1, country = 'GB' WHERE id = $2`, "1 Main Street\nTown", c.ID)
	return c
}

// extension sets up an extension with the policy and the renewal prices of the ground data.
func (s *shop) extension(name, registrarID string) {
	s.Helper()
	s.Exec(s.T, `INSERT INTO tlds (extension, registrar_id, created_at) VALUES ($1, $2, 0)`, name, registrarID)
	p := domainname.Policy{
		Extension: name, ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, GraceFee: domainname.Fee{"EUR": 500},
		RedemptionDays: 30, RedemptionFee: domainname.Fee{"EUR": 8000}, ExplicitRenew: true, DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding, DueMargin: 3,
	}
	if _, err := s.domains.CreatePolicy(s.ctx, p); err != nil {
		s.Fatal(err)
	}
	s.prices(name, domainname.ForRenewal, "", map[int]int64{1: 1200, 2: 2400, 3: 3600, 5: 5800, 9: 9900})
	s.prices(name, domainname.ForRegistration, "", map[int]int64{1: 199, 2: 1399, 5: 4999, 10: 9500})
	s.prices(name, domainname.ForTransfer, "", map[int]int64{1: 900})
}

func (s *shop) prices(extension string, kind domainname.PriceKind, group string, amounts map[int]int64) {
	s.Helper()
	var rows domainname.Prices
	for years, amount := range amounts {
		rows = append(rows, domainname.Price{
			Extension: extension, Kind: kind, Years: years, Currency: "EUR", Group: group, Amount: amount, ValidFrom: civil.On(2026, 1, 1),
		})
	}
	if _, err := s.domains.SetPrices(s.ctx, rows); err != nil {
		s.Fatal(err)
	}
}

func register(name string, years int) order.Item {
	return order.Item{Domain: &order.DomainItem{Action: domainname.ForRegistration, Name: name, Years: years}}
}

func transfer(name, code string) order.Item {
	return order.Item{Domain: &order.DomainItem{Action: domainname.ForTransfer, Name: name, AuthCode: code}}
}

func (s *shop) order(items ...order.Item) (order.Order, error) {
	return s.Orders.Place(s.ctx, order.Input{CustomerID: s.ada.ID, Items: items})
}

func (s *shop) placed(items ...order.Item) order.Order {
	s.Helper()
	o, err := s.order(items...)
	if err != nil {
		s.Fatal(err)
	}
	return o
}

// domain reads the domain that has a name and is not over.
func (s *shop) domain(id string) (d domainname.Domain) {
	s.Helper()
	err := s.DB.Read(s.ctx, func(tx *db.Tx) (err error) {
		d, err = domainname.Load(s.ctx, tx, id)
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return d
}

// judged lets the registrar confirm or refuse a domain, as the worker does it.
func (s *shop) judged(id string, f func(tx *db.Tx, d *domainname.Domain) error) {
	s.Helper()
	err := s.DB.Write(s.ctx, func(tx *db.Tx) error {
		if _, err := customer.Lock(s.ctx, tx, s.ada.ID); err != nil {
			return err
		}
		d, err := domainname.Lock(s.ctx, tx, id)
		if err != nil {
			return err
		}
		if err := f(tx, &d); err != nil {
			return err
		}
		return domainname.Save(s.ctx, tx, &d)
	})
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shop) confirmed(id, expiry string) domainname.Domain {
	s.Helper()
	s.judged(id, func(tx *db.Tx, d *domainname.Domain) error {
		return s.reg.Confirmed(s.ctx, tx, d, domainname.Reading{Raw: expiry, Source: domainname.FromEPP, State: domainname.RegistryState{Sponsor: domainname.SponsorOurs}})
	})
	return s.domain(id)
}

func (s *shop) wantCode(err error, kind fail.Kind, code string) {
	s.Helper()
	e := fail.Of(err)
	if e == nil || e.Kind != kind || e.Code != code {
		s.Fatalf("error = %v, want %s %s", err, kind, code)
	}
}
