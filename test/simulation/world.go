// Package simulation lets a store live for years in minutes: customers buy, pay, fail to pay, change their minds, ask for
// their money back and dispute; webhooks come twice, late, out of order or never; the process dies in between. After every
// day the books are proven and every license is held against what was paid for it.
//
// A run is decided by its seed. It ends with a hash over what the store then says about everybody, without keys, tokens
// and ids: the same on every database.
package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/keystead/keystead/internal/app/rooms"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// Config is how large a simulation is.
type Config struct {
	Seed      uint64
	Customers int
	Days      int
	Kills     bool // whether the process dies now and then
	// VerifyEvery is after how many days everything is proven; 1: every day.
	VerifyEvery int
	Logf        func(format string, args ...any)
}

// Summary is what happened.
type Summary struct {
	Seed      uint64
	Days      int
	Customers int
	Did       map[string]int // by what customers and staff did
	Invoices  int
	Payments  int
	Kills     int
	Hash      string
}

// String is the line that a run ends with.
func (s Summary) String() string {
	total := 0
	for _, n := range s.Did {
		total += n
	}
	return fmt.Sprintf("seed %d: %d customers, %d days, %d acts, %d invoices, %d payments, %d kills, state %s",
		s.Seed, s.Customers, s.Days, total, s.Invoices, s.Payments, s.Kills, s.Hash)
}

// world is a store with those who live in it.
type world struct {
	Config
	open  func() (*db.DB, error) // the database anew, as after a death of the process
	d     *db.DB
	r     *rooms.Rooms
	key   crypt.Key
	dir   string
	rand  *rand.Rand
	day   time.Time
	plans []string // the prices that are sold
	addon string
	who   []*person
	sum   Summary
	fuse  *fuse
}

// person is a customer.
type person struct {
	id     string
	orders []string
}

// fuse kills the process: it ends the context of whoever is at work when so many more events have been written.
type fuse struct {
	left int
	blow context.CancelFunc
}

func (f *fuse) tick() {
	if f.left > 0 {
		if f.left--; f.left == 0 {
			f.blow()
		}
	}
}

// Run lives through a simulation over databases that open gives: the same one each time.
func Run(ctx context.Context, c Config, dir string, start time.Time, open func() (*db.DB, error)) (Summary, error) {
	w := &world{
		Config: c, open: open, key: crypt.NewKey(), dir: dir, rand: rand.New(rand.NewPCG(c.Seed, 1)), day: start,
		sum: Summary{Seed: c.Seed, Days: c.Days, Customers: c.Customers, Did: map[string]int{}}, fuse: &fuse{},
	}
	if w.VerifyEvery == 0 {
		w.VerifyEvery = 1
	}
	if err := w.begin(ctx); err != nil {
		return w.sum, err
	}
	defer w.end(ctx)
	if err := w.stock(ctx); err != nil {
		return w.sum, fmt.Errorf("stock the shop: %w", err)
	}
	for n := range c.Days {
		if err := w.live(ctx, n); err != nil {
			return w.sum, fmt.Errorf("seed %d, day %d (%s): %w", c.Seed, n, w.day.Format(time.DateOnly), err)
		}
	}
	hash, err := w.hash(ctx)
	w.sum.Hash = hash
	return w.sum, err
}

func (w *world) begin(ctx context.Context) error {
	var err error
	if w.d, err = w.open(); err != nil {
		return err
	}
	if err := w.d.StandStill(ctx, w.day); err != nil {
		return err
	}
	w.r, err = rooms.Build(ctx, w.d, rooms.Config{Dir: w.dir, Files: w.dir, Key: w.key, TestMode: true})
	if err != nil {
		return err
	}
	event.Listen(w.d, func(context.Context, *db.Tx, event.Event) error { w.fuse.tick(); return nil })
	return nil
}

func (w *world) end(ctx context.Context) {
	if w.r != nil {
		_ = w.r.Close(context.WithoutCancel(ctx))
		_ = w.d.Close()
		w.r = nil
	}
}

// live is one day: what people do, and then what the night brings.
func (w *world) live(ctx context.Context, n int) error {
	if n%5 == 0 {
		if err := w.weather(ctx); err != nil {
			return err
		}
	}
	if err := w.acts(ctx); err != nil {
		return err
	}
	w.day = w.day.AddDate(0, 0, 1)
	if err := w.night(ctx); err != nil {
		return err
	}
	if n%w.VerifyEvery == 0 || n == w.Days-1 {
		return w.prove(ctx)
	}
	return nil
}

// night lets the clock go on to the next day, dying on the way if it must.
func (w *world) night(ctx context.Context) error {
	for deaths := 0; ; deaths++ {
		dying, cancel := context.WithCancel(ctx)
		if w.Kills && deaths == 0 && w.rand.IntN(4) == 0 {
			w.fuse.left, w.fuse.blow = 1+w.rand.IntN(6), cancel
		}
		_, err := w.r.Automation.Advance(dying, w.day, nil)
		died := dying.Err() != nil
		w.fuse.left = 0
		cancel()
		switch {
		case died && ctx.Err() == nil:
			w.sum.Kills++
			w.end(ctx)
			if err := w.begin(ctx); err != nil {
				return fmt.Errorf("begin again: %w", err)
			}
		case err != nil:
			return fmt.Errorf("night: %w", err)
		default:
			return nil
		}
	}
}

// stock puts something on sale.
func (w *world) stock(ctx context.Context) error {
	product, err := w.r.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: "widget", Name: "Widget"})
	if err != nil {
		return err
	}
	price := func(plan string, p catalog.NewPrice) string {
		if err != nil {
			return ""
		}
		var made catalog.Price
		made, err = w.r.Catalog.CreatePrice(ctx, plan, p)
		return made.ID
	}
	for i, name := range []string{"Solo", "Team"} {
		plan, perr := w.r.Catalog.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: name, ActivationType: "device", ActivationLimit: int64(i)*4 + 1})
		if perr != nil {
			return perr
		}
		base := int64(i)*2000 + 995
		w.plans = append(w.plans,
			price(plan.ID, catalog.NewPrice{Cycle: "monthly", Money: money.New(base, "EUR")}),
			price(plan.ID, catalog.NewPrice{Cycle: "annual", Money: money.New(base*10, "EUR"), SetupFee: money.New(500, "EUR")}),
			price(plan.ID, catalog.NewPrice{Cycle: "monthly", Money: money.New(base+100, "EUR"), TrialDays: 14}),
			price(plan.ID, catalog.NewPrice{Cycle: "quarterly", Money: money.New(base*3-1, "EUR")}),
			price(plan.ID, catalog.NewPrice{Cycle: "one_time", Money: money.New(base*20, "EUR")}),
		)
	}
	more, perr := w.r.Catalog.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: "More", Kind: catalog.KindAddon, ActivationType: "device", ExtraActivations: 3})
	if perr != nil {
		return perr
	}
	w.addon = price(more.ID, catalog.NewPrice{Cycle: "monthly", Money: money.New(333, "EUR")})
	if err != nil {
		return err
	}
	_, err = w.r.Coupons.Create(ctx, coupon.NewCoupon{Code: "THIRD", Percent: "33.3", Charges: 3})
	return err
}

// refused reports whether an act was refused for a reason that people are told: nothing was done, and that is right.
func refused(err error) bool {
	e := fail.Of(err)
	return e != nil && (e.Kind == fail.KindConflict || e.Kind == fail.KindInvalid || e.Kind == fail.KindNotFound) && !errors.Is(err, context.Canceled)
}
