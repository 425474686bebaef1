package dispatch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// D7: the second alert comes 3 days before the last safe day, not before and not again.
func TestD7SecondAlertOnItsDay(t *testing.T) {
	each(t, func(b *bench) {
		b.fake.Prices = map[string]money.Money{"renew": eur(900)}
		b.fake.Fund(eur(0))
		d := b.domain("poor.example", "2026-12-10") // the last safe day is 2026-12-09
		r := b.paid(d, 1)
		b.run()
		for at := noon; at.Before(time.Date(2026, 12, 9, 0, 0, 0, 0, time.UTC)); at = at.Add(12 * time.Hour) {
			b.store.Clock.Set(at)
			b.run()
			want := 1
			if !at.Before(time.Date(2026, 12, 6, 0, 0, 0, 0, time.UTC)) {
				want = 2
			}
			if tasks, told := b.tasks(d.ID), b.events("domain.renewal_held", d.ID); tasks != want || told != want {
				b.Fatalf("at %s: %d tasks, told %d times, want %d", at, tasks, told, want)
			}
		}
		b.held(r, domainname.HeldFunds, 1)
	})
}

// C5: once the price of a premium name is accepted and paid, nothing is charged again, whatever the registry says to the command.
func TestC5ChargedOnce(t *testing.T) {
	t.Parallel()
	for code, sent := range map[int]int{2003: 1, 2004: 2} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			each(t, func(b *bench) {
				d := b.domain("gold.example", "2027-03-10")
				b.asks("gold.example", eur(25000))
				r := b.paid(d, 1)
				b.run()
				b.is(r, domainname.RenewalHeld, 0)
				b.must(b.write(func(tx *db.Tx) error { // accepted and paid
					r, err := domainname.LoadRenewal(b.ctx, tx, r.ID)
					if err != nil {
						return err
					}
					r.Fee = eur(23800)
					if err := domainname.MoveRenewal(b.ctx, tx, &r, domainname.OnRelease); err != nil {
						return err
					}
					return domainname.Work(b.ctx, tx, d.ID, tx.Now)
				}))
				b.fake.Break(fault{Kind: registrartest.Code, Command: "renew", Code: code, Times: 1})
				b.run()
				b.pass(3*time.Hour, time.Minute)
				if code == 2003 {
					b.held(r, domainname.HeldRegistry, sent)
				} else {
					b.is(r, domainname.RenewalConfirmed, sent)
				}
				if !slices.Equal(b.purse.toppedUp, []money.Money{eur(23800)}) {
					b.Errorf("asked for %v", b.purse.toppedUp)
				}
				for _, c := range b.fake.Commands("renew") {
					if c.Price == nil || *c.Price != eur(25000) {
						b.Errorf("sent with %v", c.Price)
					}
				}
			})
		})
	}
}

// reporting keeps the reports of restores.
type reporting struct {
	*registrartest.Fake

	mu  sync.Mutex
	all []registrar.RestoreReport
}

func (r *reporting) Open(context.Context, string) (registrar.Registrar, error) { return r, nil }

func (r *reporting) Report(ctx context.Context, transaction string, in registrar.RestoreReport) registrar.Answer {
	r.mu.Lock()
	r.all = append(r.all, in)
	r.mu.Unlock()
	return r.Fake.Report(ctx, transaction, in)
}

// D9: the report of a restore comes within 7 days of it, says what the domain was and is, why, and when it was deleted: never
// later than it was restored.
func TestD9Report(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC)
	byStaff := now.AddDate(0, 0, -4)
	for name, c := range map[string]struct {
		expiry    string // as the registry has it
		deletedAt *time.Time
		deleted   time.Time // as it is reported
	}{
		"ended":                   {"2026-10-01T10:00:00Z", nil, time.Date(2026, 10, 1, 10, 0, 0, 0, time.UTC)},
		"renewed by its registry": {"2027-10-01T10:00:00Z", nil, time.Date(2026, 10, 1, 10, 0, 0, 0, time.UTC)},
		"deleted by staff":        {"2027-10-01T10:00:00Z", &byStaff, byStaff},
	} {
		t.Run(name, func(t *testing.T) {
			lite(t, func(b *bench) {
				b.store.Clock.Set(now)
				reach := &reporting{Fake: b.fake}
				b.config.Registrars = reach
				d := b.domain("lost.example", "2026-10-01", func(d *domainname.Domain) { d.Status = domainname.Redemption })
				if c.deletedAt != nil {
					b.must(b.write(func(tx *db.Tx) error {
						_, err := tx.SQL().ExecContext(b.ctx, "UPDATE domains SET deleted_at = $1 WHERE id = $2", clock.FromTime(*c.deletedAt), d.ID)
						return err
					}))
				}
				b.fake.Change("lost.example", func(d *registrartest.Domain) {
					d.Expiry, d.RGP, d.Statuses = c.expiry, []string{"redemptionPeriod"}, []string{"pendingDelete"}
				})
				b.paid(d, 1, func(r *domainname.Renewal) { r.Stage, r.Fee = domainname.StageRedemption, eur(8000) })
				b.run()
				if len(reach.all) != 1 {
					b.Fatalf("%d reports", len(reach.all))
				}
				restored := b.fake.Commands("restore")[0].At
				if told := b.fake.Commands("report")[0].At; told.Sub(restored) > 7*24*time.Hour {
					b.Errorf("restored at %s, reported at %s", restored, told)
				}
				r := reach.all[0]
				if !r.Deleted.Equal(c.deleted) || r.Restored.Before(r.Deleted) || r.Restored.After(b.store.Clock.Now()) || r.Before == "" || r.After == "" || r.Reason == "" || r.Name != "lost.example" {
					b.Errorf("%+v, want deleted at %s", r, c.deleted)
				}
			})
		})
	}
}

// The year as a guard is one: what was surely not done is sent again without waiting for the registrar to settle.
func TestYearAsGuard(t *testing.T) {
	lite(t, func(b *bench) {
		b.fake.Caps.Guard, b.fake.Caps.Settle = registrar.GuardYear, 2*time.Hour
		d := b.domain("year.example", "2027-03-10")
		b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "renew", Times: 1})
		r := b.paid(d, 1)
		b.run()
		b.is(r, domainname.RenewalPaid, 1)
		b.after(time.Minute)
		b.is(r, domainname.RenewalConfirmed, 2)
		b.once(r)
		b.dates(d.ID, "2028-03-10", "2028-03-10")
	})
}

// D5 for two years: a time-out at the instant at which the registry adds a year by itself. What is missing is sent, once, from the
// registry's present date.
func TestD5TwoYears(t *testing.T) {
	each(t, func(b *bench) {
		b.rules(auto)
		d := b.domain("edge.auto", "2026-11-22")
		b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "renew", Times: 1})
		r := b.paid(d, 2)
		var once sync.Once
		b.fake.Before = func(command, name string) {
			if command == "renew" {
				once.Do(func() {
					b.fake.Change(name, func(d *registrartest.Domain) {
						d.Expiry, d.RGP = "2027-11-22T10:00:00Z", []string{"autoRenewPeriod"}
					})
				})
			}
		}
		b.run()
		b.pass(24*time.Hour, 10*time.Minute)
		b.is(r, domainname.RenewalConfirmed, 2)
		sent := b.fake.Commands("renew")
		if sent[0].Years != 2 || sent[0].Guard.String() != "2026-11-22" || sent[1].Years != 1 || sent[1].Guard.String() != "2027-11-22" {
			b.Errorf("sent %+v", sent)
		}
		b.once(r)
		b.dates(d.ID, "2028-11-22", "2028-11-22")
	})
}
