package dispatch

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
	"github.com/keystead/keystead/internal/task/tasktest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// bench is a store with a customer, a registrar and the worker.
type bench struct {
	*testing.T
	*Service
	store    *dbtest.Store
	ctx      context.Context
	fake     *registrartest.Fake
	adapter  registrar.Registrar // what stands before the fake; nil: nothing
	purse    *purse
	customer string
	policy   domainname.Policy
}

// each runs a test on both databases, at the time of the ground data.
func each(t *testing.T, f func(b *bench)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) { f(setup(t, store)) })
}

// lite runs one of many variants of a test, on SQLite alone.
func lite(t *testing.T, f func(b *bench)) {
	t.Helper()
	t.Parallel()
	f(setup(t, dbtest.SQLite(t)))
}

func setup(t *testing.T, store *dbtest.Store) *bench {
	t.Helper()
	store.Clock.Set(noon)
	tasktest.Legible(t, store)
	b := &bench{T: t, store: store, ctx: t.Context(), fake: registrartest.New(store.Clock), purse: &purse{}}
	c, err := customer.New(store.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil }).Create(b.ctx, customer.Input{Email: "ada@example.com", Name: "Ada"})
	b.must(err)
	b.customer = c.ID
	b.must(b.write(func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(b.ctx, `INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('reg_1', 'lab', 'epp', 'on', 'active', 1)`)
		return err
	}))
	b.policy = b.rules(func(*domainname.Policy) {})
	b.restart()
	return b
}

// restart builds the worker anew over the same store, as after the end of the process.
func (b *bench) restart() {
	b.Service = New(b.store.DB, Config{Registrars: b, Renewals: b.purse, Registrations: b.purse})
	b.patience = time.Second
}

// Open implements Registrars.
func (b *bench) Open(context.Context, string) (registrar.Registrar, error) {
	if b.adapter != nil {
		return b.adapter, nil
	}
	return b.fake, nil
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) write(f func(tx *db.Tx) error) error { return b.store.DB.Write(b.ctx, f) }

// rules makes a policy for an extension: cctld of the ground data, changed. The one without a name is "example".
func (b *bench) rules(change func(*domainname.Policy)) domainname.Policy {
	b.Helper()
	p := domainname.Policy{
		Extension: "example", ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, RedemptionDays: 30,
		GraceFee: domainname.Fee{"EUR": 500}, RedemptionFee: domainname.Fee{"EUR": 8000}, ExplicitRenew: true, DueMargin: 3,
		DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding,
	}
	change(&p)
	p, err := domainname.New(b.store.DB).CreatePolicy(b.ctx, p)
	b.must(err)
	return p
}

func auto(p *domainname.Policy) {
	p.Extension, p.RegistryAutoRenews, p.ARGPDays = "auto", true, 45
}

func day(s string) civil.Date {
	d, err := civil.Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

func eur(amount int64) money.Money { return money.New(amount, "EUR") }

// domain puts a domain into the store and into the registry, whose term ends at 10:00 of a day.
func (b *bench) domain(name, end string, change ...func(*domainname.Domain)) domainname.Domain {
	b.Helper()
	n, err := domainname.ParseName(name)
	b.must(err)
	raw := end + "T10:00:00Z"
	expiry, err := time.Parse(time.RFC3339, raw)
	b.must(err)
	b.fake.Expires(name, raw)
	d := domainname.Domain{
		Name: n, Extension: name[strings.IndexByte(name, '.')+1:], CustomerID: b.customer, RegistrarID: "reg_1", Kind: domainname.Registered, Status: domainname.Active,
		Expiry: domainname.Expiry{At: expiry, Raw: raw, Source: domainname.FromEPP, ReadAt: b.store.Clock.Now()}, PaidThrough: day(end), NextDue: day(end),
		Term: 1, Recurring: eur(1000),
	}
	for _, f := range change {
		f(&d)
	}
	b.must(b.write(func(tx *db.Tx) error { return domainname.Insert(b.ctx, tx, &d) }))
	return d
}

// paid has a renewal paid now: what its payment's transaction does.
func (b *bench) paid(d domainname.Domain, years int, change ...func(*domainname.Renewal)) domainname.Renewal {
	b.Helper()
	r := domainname.Renewal{
		DomainID: d.ID, CustomerID: d.CustomerID, Years: years, Kind: domainname.Ordered, State: domainname.RenewalPaid, Price: eur(1200),
		Fee: eur(0), Stage: domainname.StageActive,
	}
	b.must(b.write(func(tx *db.Tx) error {
		d, err := domainname.Load(b.ctx, tx, d.ID)
		if err != nil {
			return err
		}
		p, _, err := domainname.PolicyAt(b.ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
		if err != nil {
			return err
		}
		r := &r
		r.PolicyID, r.PaidAt = p.ID, &tx.Now
		r.Base, _ = d.TermEnd()
		r.Expected = p.Expiry(r.Base, years)
		r.PaidBefore, r.DueBefore = d.PaidThrough, d.NextDue
		for _, f := range change {
			f(r)
		}
		d.PaidThrough, d.NextDue = r.Expected, r.Expected
		if err := domainname.InsertRenewal(b.ctx, tx, r); err != nil {
			return err
		}
		if err := domainname.Save(b.ctx, tx, &d); err != nil {
			return err
		}
		return domainname.Work(b.ctx, tx, d.ID, tx.Now)
	}))
	return r
}

// run does what is due now.
func (b *bench) run() {
	b.Helper()
	_, err := b.RunDue(b.ctx)
	b.must(err)
}

// after lets time pass, and does what is due then.
func (b *bench) after(d time.Duration) {
	b.Helper()
	b.store.Clock.Advance(d)
	b.run()
}

// pass lets time pass in steps, at each of which is done what is due.
func (b *bench) pass(d, step time.Duration) {
	b.Helper()
	for ; d > 0; d -= step {
		b.after(step)
	}
}

func (b *bench) load(id string) (d domainname.Domain) {
	b.Helper()
	b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) (err error) {
		d, err = domainname.Load(b.ctx, tx, id)
		return err
	}))
	return d
}

func (b *bench) renewal(id string) (r domainname.Renewal) {
	b.Helper()
	b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) (err error) {
		r, err = domainname.LoadRenewal(b.ctx, tx, id)
		return err
	}))
	return r
}

// is checks how a renewal stands, and how many renew commands have reached the registry for its domain.
func (b *bench) is(r domainname.Renewal, state domainname.RenewalState, sent int) domainname.Renewal {
	b.Helper()
	now := b.renewal(r.ID)
	if now.State != state {
		b.Fatalf("renewal is %s (%s, %s), want %s; commands %+v", now.State, now.Hold, now.Cause, state, b.commands(r.DomainID))
	}
	if waits := state == domainname.RenewalHeld || state == domainname.RenewalAttention; waits && (now.Why() == now.Cause || now.Why() == "") {
		b.Fatalf("renewal is %s (%s) because of %q, which is no code that has words", now.State, now.Hold, now.Cause)
	}
	if n := b.fake.Sent("renew", b.load(r.DomainID).Name.String()); n != sent {
		b.Fatalf("sent %d, want %d", n, sent)
	}
	return now
}

func (b *bench) held(r domainname.Renewal, hold domainname.Hold, sent int) domainname.Renewal {
	b.Helper()
	now := b.is(r, domainname.RenewalHeld, sent)
	if now.Hold != hold {
		b.Fatalf("held: %s (%s), want %s", now.Hold, now.Cause, hold)
	}
	if b.tasks(r.DomainID) == 0 {
		b.Fatal("nobody was asked")
	}
	return now
}

// dates checks R and P.
func (b *bench) dates(id, registry, paid string) {
	b.Helper()
	d := b.load(id)
	if d.Expiry.Date().String() != registry || d.PaidThrough.String() != paid {
		b.Fatalf("R %s, P %s; want %s, %s", d.Expiry.Date(), d.PaidThrough, registry, paid)
	}
}

func (b *bench) commands(domainID string) []Command {
	b.Helper()
	all, err := b.Commands(b.ctx, domainID, 100)
	b.must(err)
	return all
}

func (b *bench) tasks(domainID string) (n int) {
	b.Helper()
	b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(b.ctx, `SELECT COUNT(*) FROM staff_tasks WHERE subject_id = $1 AND done_at IS NULL`, domainID).Scan(&n)
	}))
	return n
}

func (b *bench) events(what, domainID string) (n int) {
	b.Helper()
	b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(b.ctx, `SELECT COUNT(*) FROM events WHERE type = $1 AND subject_id = $2`, what, domainID).Scan(&n)
	}))
	return n
}

// once checks that the customer was told once, that no transaction id was sent twice, and that nothing is in flight.
func (b *bench) once(r domainname.Renewal) {
	b.Helper()
	if n := b.purse.told(r.ID); n != 1 {
		b.Fatalf("the customer was told %d times", n)
	}
	if again := b.fake.Repeated(); again != nil {
		b.Fatalf("sent twice: %v", again)
	}
	for _, c := range b.commands(r.DomainID) {
		if c.SettledAt == "" {
			b.Fatalf("in flight: %+v", c)
		}
	}
}

// kill ends the process at a point, once.
func (b *bench) kill(point string) {
	var once sync.Once
	b.reach = func(at, _ string) (err error) {
		if at == point {
			once.Do(func() { err = errKilled })
		}
		return err
	}
}

// dies runs until the process ends, and builds it anew when its leases are over.
func (b *bench) dies() {
	b.Helper()
	if _, err := b.RunDue(b.ctx); !errors.Is(err, errKilled) {
		b.Fatalf("the process did not end: %v", err)
	}
	b.restart()
	b.store.Clock.Advance(lease)
}

// purse stands for the money side.
type purse struct {
	mu        sync.Mutex
	settled   []string // ids of renewals
	lost      []string
	toppedUp  []money.Money
	confirmed []string // ids of domains
	refused   []string
	refunded  bool            // from now on: what is paid has gone back
	away      bool            // for as long as the payment is disputed
	begun     []string        // ids of renewals that are sent and were asked for then
	command   registrar.Quote // that was told of last
	renewal   registrar.Quote
}

func (p *purse) told(id string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.settled {
		if s == id {
			n++
		}
	}
	return n
}

// Settled implements Renewals. What is told counts with the commit.
func (p *purse) Settled(_ context.Context, tx *db.Tx, _ *domainname.Domain, r *domainname.Renewal) error {
	id := r.ID
	tx.OnCommit(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.settled = append(p.settled, id)
	})
	return nil
}

// Due implements Renewals.
func (p *purse) Due(ctx context.Context, tx *db.Tx, _ *domainname.Domain, r *domainname.Renewal) error {
	if !p.refunded {
		return nil
	}
	if r.State != domainname.RenewalPaid {
		p.begun = append(p.begun, r.ID)
		return nil
	}
	return domainname.MoveRenewal(ctx, tx, r, domainname.OnRefund)
}

// Away implements Renewals.
func (p *purse) Away(context.Context, *db.Tx, domainname.Domain, domainname.Renewal) (bool, error) {
	return p.away, nil
}

// Lost implements Renewals.
func (p *purse) Lost(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, cause string) error {
	id := r.ID
	tx.OnCommit(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.lost = append(p.lost, id)
	})
	r.Cause, d.DoNotRenew, d.PaidThrough = cause, true, r.PaidBefore
	if err := domainname.MoveRenewal(ctx, tx, r, domainname.OnLoss); err != nil {
		return err
	}
	return domainname.Save(ctx, tx, d)
}

// GiveUp implements Renewals.
func (p *purse) GiveUp(ctx context.Context, tx *db.Tx, d *domainname.Domain, _ string) error {
	d.DoNotRenew = true
	return domainname.Save(ctx, tx, d)
}

// YearsThere implements Renewals.
func (p *purse) YearsThere(ctx context.Context, tx *db.Tx, _ *domainname.Domain, open *domainname.Renewal, cause string) error {
	open.Cause = cause
	return domainname.MoveRenewal(ctx, tx, open, domainname.OnYearsThere)
}

// TopUp implements Renewals.
func (p *purse) TopUp(ctx context.Context, tx *db.Tx, _ *domainname.Domain, r *domainname.Renewal, missing money.Money, hold domainname.Hold, cause string) error {
	tx.OnCommit(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.toppedUp = append(p.toppedUp, missing)
	})
	r.Hold, r.Cause = hold, cause
	return domainname.MoveRenewal(ctx, tx, r, domainname.OnHold)
}

// Wanted implements Registrations.
func (p *purse) Wanted(ctx context.Context, tx *db.Tx, d *domainname.Domain, command, renewal registrar.Quote) (string, error) {
	p.command, p.renewal = command, renewal
	if !p.refunded {
		return "", nil
	}
	if err := d.TurnedDown(); err != nil {
		return "", err
	}
	return "", domainname.Save(ctx, tx, d)
}

// Confirmed implements Registrations.
func (p *purse) Confirmed(_ context.Context, tx *db.Tx, d *domainname.Domain, r domainname.Reading) error {
	id := d.ID
	tx.OnCommit(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.confirmed = append(p.confirmed, id)
	})
	if err := d.Arrived(); err != nil {
		return err
	}
	expiry, err := domainname.ReadExpiry(r.Raw, r.Created, tx.Now)
	d.Adopt(expiry, r, tx.Now)
	d.PaidThrough = d.Expiry.Date()
	return err
}

// Refused implements Registrations.
func (p *purse) Refused(_ context.Context, tx *db.Tx, d *domainname.Domain, why string) error {
	id := d.ID
	tx.OnCommit(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.refused = append(p.refused, id+" "+why)
	})
	return d.TurnedDown()
}

// Secret implements Registrations.
func (p *purse) Secret(domainname.Domain) (string, error) { return "secret", nil }
