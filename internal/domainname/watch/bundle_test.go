package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task/tasktest"
)

// noon is the instant of the ground data.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// bundle is a store with a customer, two policies and a registrar in memory.
type bundle struct {
	*testing.T
	*Service
	store    *dbtest.Store
	ctx      context.Context
	fake     *registrartest.Fake
	auto     *automation.Service
	customer string
	policy   map[string]domainname.Policy

	broken error // why renewals can't be ended

	mu   sync.Mutex
	told []string // of renewals
}

// Open implements Registrars.
func (b *bundle) Open(context.Context, string) (registrar.Registrar, error) { return b.fake, nil }

// Lost implements Renewals.
func (b *bundle) Lost(ctx context.Context, tx *db.Tx, d *domainname.Domain, open *domainname.Renewal, cause string) error {
	b.tell(tx, "lost", d, open, cause)
	if open == nil || b.broken != nil {
		return b.broken
	}
	open.Cause = cause
	return domainname.MoveRenewal(ctx, tx, open, domainname.OnLoss)
}

// YearsThere implements Renewals.
func (b *bundle) YearsThere(ctx context.Context, tx *db.Tx, d *domainname.Domain, open *domainname.Renewal, cause string) error {
	b.tell(tx, "years there", d, open, cause)
	open.Cause = cause
	return domainname.MoveRenewal(ctx, tx, open, domainname.OnYearsThere)
}

func (b *bundle) tell(tx *db.Tx, what string, d *domainname.Domain, open *domainname.Renewal, cause string) {
	state := "none"
	if open != nil {
		state = string(open.State)
	}
	text := fmt.Sprintf("%s: %s, %s, %s", d.Name, what, state, cause)
	tx.OnCommit(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told = append(b.told, text)
	})
}

func each(t *testing.T, f func(b *bundle)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) { f(newBundle(t, s)) })
}

func newBundle(t *testing.T, s *dbtest.Store) *bundle {
	t.Helper()
	tasktest.Legible(t, s)
	s.Clock.Set(noon)
	b := &bundle{T: t, store: s, ctx: t.Context(), fake: registrartest.New(s.Clock), policy: map[string]domainname.Policy{}}
	b.Service = New(s.DB, Config{Registrars: b, Renewals: b})
	b.auto = automation.New(s.DB, job.NewQueue(s.DB, nil), automation.Options{})
	for _, task := range append(b.Tasks(), b.Standing()...) {
		b.auto.Register(task)
	}
	c, err := customer.New(s.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil }).Create(b.ctx, customer.Input{Email: "ada@example.com", Name: "Ada"})
	b.must(err)
	b.customer = c.ID
	for _, extension := range []string{"gtld", "cctld"} {
		p := domainname.Policy{
			Extension: extension, ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, RedemptionDays: 30, ExplicitRenew: true,
			DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding, DueMargin: 3, GraceFee: domainname.Fee{"EUR": 500}, RedemptionFee: domainname.Fee{"EUR": 8000},
		}
		if extension == "gtld" {
			p.RegistryAutoRenews, p.ARGPDays = true, 45
		}
		b.policy[extension], err = domainname.New(s.DB).CreatePolicy(b.ctx, p)
		b.must(err)
	}
	b.exec("INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('rgr_1', 'fake', 'fake', 'on', 'active', 0)")
	return b
}

func (b *bundle) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bundle) write(f func(tx *db.Tx) error) {
	b.Helper()
	b.must(b.store.DB.Write(b.ctx, f))
}

func (b *bundle) exec(statement string, args ...any) {
	b.Helper()
	b.write(func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(b.ctx, statement, args...)
		return err
	})
}

func (b *bundle) text(q string, args ...any) (s string) {
	b.Helper()
	b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(b.ctx, q, args...).Scan(&s)
	}))
	return s
}

func (b *bundle) count(q string, args ...any) (n int) {
	b.Helper()
	b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(b.ctx, q, args...).Scan(&n)
	}))
	return n
}

func (b *bundle) set(name, value string) {
	b.Helper()
	_, err := setting.New(b.store.DB).Patch(b.ctx, map[string]json.RawMessage{name: json.RawMessage(value)})
	b.must(err)
}

func (b *bundle) day(s string) civil.Date {
	b.Helper()
	d, err := civil.Parse(s)
	b.must(err)
	return d
}

// put stores a domain whose term ends on a day, as the registry has it too, to be read now.
func (b *bundle) put(name, end string, change ...func(*domainname.Domain)) domainname.Domain {
	b.Helper()
	n, err := domainname.ParseName(name)
	b.must(err)
	on := b.day(end)
	d := domainname.Domain{
		Name: n, Extension: name[strings.LastIndexByte(name, '.')+1:], CustomerID: b.customer, RegistrarID: "rgr_1", Kind: domainname.Registered, Status: domainname.Active,
		Expiry:      domainname.Expiry{At: on.StartIn(time.UTC).Add(10 * time.Hour), Raw: end + "T10:00:00Z", Source: domainname.FromEPP, ReadAt: noon.AddDate(0, 0, -3)},
		PaidThrough: on, NextDue: on, Term: 1, Recurring: money.New(1000, "EUR"),
	}
	for _, f := range change {
		f(&d)
	}
	b.write(func(tx *db.Tx) error {
		if err := domainname.Insert(b.ctx, tx, &d); err != nil {
			return err
		}
		return domainname.SyncAt(b.ctx, tx, d.ID, tx.Now)
	})
	b.fake.Expires(name, end+"T10:00:00Z")
	return d
}

// renewal stores a renewal of a domain from the end of its term.
func (b *bundle) renewal(d domainname.Domain, state domainname.RenewalState) domainname.Renewal {
	b.Helper()
	end, _ := d.TermEnd()
	r := domainname.Renewal{
		DomainID: d.ID, CustomerID: b.customer, Base: end, Years: 1, Kind: domainname.Ordered, State: state, Price: money.New(1000, "EUR"), Fee: money.New(0, "EUR"),
		Stage: domainname.StageActive, PolicyID: b.policy[d.Extension].ID, Expected: domainname.AddYears(end, 1),
	}
	if state != domainname.RenewalOpen {
		r.PaidAt = &noon
	}
	b.write(func(tx *db.Tx) error { return domainname.InsertRenewal(b.ctx, tx, &r) })
	return r
}

func (b *bundle) read(id string) (d domainname.Domain) {
	b.Helper()
	b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) (err error) {
		d, err = domainname.Load(b.ctx, tx, id)
		return err
	}))
	return d
}

// due runs what is due until nothing is.
func (b *bundle) due() (n int) {
	b.Helper()
	for {
		asked, err := b.RunDue(b.ctx)
		b.must(err)
		if n += asked; asked == 0 {
			return n
		}
	}
}

// again has a domain read now, by a run.
func (b *bundle) again(id string) {
	b.Helper()
	b.write(func(tx *db.Tx) error { return domainname.SyncAt(b.ctx, tx, id, tx.Now) })
	b.due()
}

func (b *bundle) sleep(d time.Duration) { b.store.Clock.Set(b.store.Clock.Now().Add(d)) }

// findings are what runs found of a domain, oldest first.
func (b *bundle) findings(id string) (all []string) {
	b.Helper()
	found, err := b.Findings(b.ctx, "", id, 50)
	b.must(err)
	for _, f := range found {
		text := f.Finding
		if f.Applied {
			text += " applied"
		}
		all = append(all, text)
	}
	slices.Reverse(all)
	return all
}

func (b *bundle) want(what string, got, want any) {
	b.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.Errorf("%s: %v, want %v", what, got, want)
	}
}

func (b *bundle) events(kind string) int {
	b.Helper()
	return b.count("SELECT count(*) FROM events WHERE type = $1", kind)
}

func (b *bundle) tasks(kind string) int {
	b.Helper()
	return b.count("SELECT count(*) FROM staff_tasks WHERE kind = $1 AND done_at IS NULL", kind)
}
