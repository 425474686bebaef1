package dispatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

type fault = registrartest.Fault

// A plain renewal: one command, read back, told once.
func TestRenew(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("plain.example", "2027-03-10")
		r := b.paid(d, 1)
		b.run()
		b.is(r, domainname.RenewalConfirmed, 1)
		b.dates(d.ID, "2028-03-10", "2028-03-10")
		b.once(r)
		b.pass(3*24*time.Hour, 24*time.Hour)
		b.is(r, domainname.RenewalConfirmed, 1)
		sent := b.fake.Commands("renew")[0]
		if sent.Guard.String() != "2027-03-10" || sent.Years != 1 {
			b.Errorf("sent %+v", sent)
		}
		if got := b.commands(d.ID); len(got) != 1 || got[0].Outcome != "confirmed" || got[0].Attempt != 1 || len(got[0].Transaction) < 20 {
			b.Errorf("commands %+v", got)
		}
	})
}

// A8: what the registry answers is what counts.
func TestA8(t *testing.T) {
	each(t, func(b *bench) {
		b.store.Clock.Set(time.Date(2027, 11, 22, 12, 0, 0, 0, time.UTC))
		b.fake.LeapDayToMarch = true
		d := b.domain("leap.example", "2028-02-29")
		r := b.paid(d, 1)
		if r.Expected.String() != "2029-02-28" {
			b.Fatalf("expected %s", r.Expected)
		}
		b.run()
		b.is(r, domainname.RenewalConfirmed, 1)
		b.dates(d.ID, "2029-03-01", "2029-03-01")
		if b.tasks(d.ID) != 0 || b.events("domain.renewal_attention", d.ID) != 0 {
			b.Errorf("a day of difference alarms: %d tasks", b.tasks(d.ID))
		}
		b.store.Clock.Set(time.Date(2028, 11, 22, 12, 0, 0, 0, time.UTC))
		b.paid(d, 1)
		b.run()
		if guard := b.fake.Commands("renew")[1].Guard.String(); guard != "2029-03-01" {
			b.Errorf("guard %s", guard)
		}
	})
}

// B5, B5b: no renew command.
func TestB5(t *testing.T) {
	t.Parallel()
	mode := func(p *domainname.Policy) {
		p.Extension, p.GraceDays, p.GraceFee, p.ExplicitRenew, p.MaxYears = "mode", 0, nil, false, 1
		latest := -7
		p.Latest = &latest
	}
	setup := func(b *bench) domainname.Domain {
		b.rules(mode)
		b.fake.Caps.Renew = false
		return b.domain("mode.mode", "2027-02-01")
	}
	modeOf := func(b *bench) registrar.Mode {
		d, _ := b.fake.Domain("mode.mode")
		return d.Mode
	}
	t.Run("B5", func(t *testing.T) {
		each(t, func(b *bench) {
			d := setup(b)
			b.store.Clock.Set(time.Date(2027, 1, 20, 12, 0, 0, 0, time.UTC))
			r := b.paid(d, 1)
			b.run()
			b.is(r, domainname.RenewalArranged, 0)
			if modeOf(b) != registrar.ModeRenew {
				b.Fatalf("mode %s", modeOf(b))
			}
			b.pass(11*24*time.Hour, 24*time.Hour)
			b.is(r, domainname.RenewalArranged, 0)
			b.store.Clock.Set(time.Date(2027, 2, 1, 10, 0, 0, 0, time.UTC))
			b.fake.Change("mode.mode", func(d *registrartest.Domain) { d.Expiry = "2028-02-01T10:00:00Z" })
			b.after(time.Hour)
			b.is(r, domainname.RenewalConfirmed, 0)
			b.dates(d.ID, "2028-02-01", "2028-02-01")
			b.once(r)
		})
	})
	t.Run("moved before", func(t *testing.T) {
		lite(t, func(b *bench) {
			d := setup(b)
			r := b.paid(d, 1)
			b.run()
			b.is(r, domainname.RenewalArranged, 0)
			b.fake.Change("mode.mode", func(d *registrartest.Domain) { d.Expiry = "2028-02-01T10:00:00Z" })
			b.must(b.write(func(tx *db.Tx) error { // what sync does
				d, err := domainname.Lock(b.ctx, tx, d.ID)
				if err != nil {
					return err
				}
				_, _ = d.Take(domainname.Reading{Raw: "2028-02-01T10:00:00Z", Source: domainname.FromEPP}, tx.Now)
				if err := domainname.Save(b.ctx, tx, &d); err != nil {
					return err
				}
				return domainname.Work(b.ctx, tx, d.ID, tx.Now)
			}))
			b.run()
			b.is(r, domainname.RenewalConfirmed, 0)
			b.once(r)
			b.dates(d.ID, "2028-02-01", "2028-02-01")
		})
	})
	t.Run("its money is away", func(t *testing.T) {
		each(t, func(b *bench) {
			d := setup(b)
			b.store.Clock.Set(time.Date(2027, 1, 20, 12, 0, 0, 0, time.UTC))
			r := b.paid(d, 1)
			b.run()
			b.is(r, domainname.RenewalArranged, 0)
			move := func(on domainname.RenewalTrigger, h domainname.Hold, cause string) {
				b.must(b.write(func(tx *db.Tx) error { // what the money side does
					open, err := domainname.OpenRenewal(b.ctx, tx, d.ID)
					if err != nil {
						return err
					}
					open.Hold, open.Cause = h, cause
					if err := domainname.MoveRenewal(b.ctx, tx, open, on); err != nil {
						return err
					}
					return domainname.Work(b.ctx, tx, d.ID, tx.Now)
				}))
			}
			move(domainname.OnHold, domainname.HeldStaff, domainname.WaitsForMoney)
			b.run()
			if modeOf(b) != registrar.ModeRenew {
				b.Fatalf("mode %s while there is time", modeOf(b))
			}
			b.store.Clock.Set(time.Date(2027, 1, 25, 0, 0, 0, 0, time.UTC))
			b.run()
			if modeOf(b) != registrar.ModeExpire {
				b.Fatalf("mode %s", modeOf(b))
			}
			move(domainname.OnRelease, "", "")
			b.run()
			b.is(r, domainname.RenewalArranged, 0)
			if modeOf(b) != registrar.ModeRenew {
				b.Fatalf("mode %s", modeOf(b))
			}
		})
	})
	for _, hold := range []domainname.Hold{domainname.HeldTopUp, domainname.HeldPrice} {
		t.Run("more is asked for and its payment is disputed: "+string(hold), func(t *testing.T) {
			each(t, func(b *bench) {
				setup(b)
				b.rules(func(p *domainname.Policy) { // the registry renews at the expiry, and takes it back for some days
					p.Extension, p.ExplicitRenew, p.MaxYears, p.GraceDays, p.RegistryAutoRenews, p.ARGPDays = "grace", false, 1, 9, true, 9
				})
				d := b.domain("mode.grace", "2027-02-01")
				modeOf := func() registrar.Mode {
					there, _ := b.fake.Domain("mode.grace")
					return there.Mode
				}
				b.store.Clock.Set(time.Date(2027, 1, 20, 12, 0, 0, 0, time.UTC))
				b.paid(d, 1)
				work := func(on domainname.RenewalTrigger) { // what the money side does
					b.must(b.write(func(tx *db.Tx) error {
						open, err := domainname.OpenRenewal(b.ctx, tx, d.ID)
						if err != nil {
							return err
						}
						if on != "" {
							open.Hold, open.Cause = hold, domainname.WaitsForFee
							if err := domainname.MoveRenewal(b.ctx, tx, open, on); err != nil {
								return err
							}
						}
						return domainname.Work(b.ctx, tx, d.ID, tx.Now)
					}))
				}
				work(domainname.OnHold)
				b.run()
				b.purse.away = true
				work("")
				b.run()
				if modeOf() != "" {
					b.Fatalf("mode %s while there is time", modeOf())
				}
				b.store.Clock.Set(time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC))
				b.run()
				if modeOf() != registrar.ModeExpire {
					b.Fatalf("mode %q: the registry renews what nobody pays for", modeOf())
				}
				b.purse.away = false
				work(domainname.OnRelease)
				b.run()
				if modeOf() != registrar.ModeRenew {
					b.Fatalf("mode %s", modeOf())
				}
			})
		})
	}
	t.Run("B5b", func(t *testing.T) {
		each(t, func(b *bench) {
			d := setup(b)
			b.plan()
			b.store.Clock.Set(time.Date(2027, 1, 24, 23, 59, 59, 0, time.UTC))
			b.run()
			if modeOf(b) != "" {
				b.Fatalf("mode %s", modeOf(b))
			}
			b.after(time.Second)
			if modeOf(b) != registrar.ModeExpire || b.load(d.ID).Mode != domainname.ModeExpire {
				b.Fatalf("mode %s", modeOf(b))
			}
			b.store.Clock.Set(time.Date(2027, 1, 25, 18, 0, 0, 0, time.UTC))
			r := b.paid(d, 1)
			b.run()
			b.is(r, domainname.RenewalArranged, 0)
			if modeOf(b) != registrar.ModeRenew {
				b.Fatalf("mode %s", modeOf(b))
			}
		})
	})
}

// plan runs the automation that plans for terms that end.
func (b *bench) plan() {
	b.Helper()
	var policies []domainname.Policy
	b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) (err error) {
		policies, err = byMode(b.ctx, tx, tx.Now)
		return err
	}))
	for _, p := range policies {
		_, err := b.planExtension(b.ctx, p)
		b.must(err)
	}
}

// B6: the date moves at the expiry.
func TestB6(t *testing.T) {
	each(t, func(b *bench) {
		b.rules(func(p *domainname.Policy) {
			latest := -2
			p.Extension, p.GraceDays, p.GraceFee, p.DateMoves, p.Latest = "later", 0, nil, domainname.AtExpiry, &latest
		})
		d := b.domain("date.later", "2026-12-10")
		b.fake.Break(fault{Kind: registrartest.AtExpiry, Command: "renew"})
		r := b.paid(d, 1)
		b.run()
		b.is(r, domainname.RenewalArranged, 1)
		b.store.Clock.Set(time.Date(2026, 12, 10, 10, 0, 0, 0, time.UTC))
		b.fake.Change("date.later", func(d *registrartest.Domain) { d.Expiry = "2027-12-10T10:00:00Z" })
		b.after(time.Minute)
		b.is(r, domainname.RenewalConfirmed, 1)
		b.once(r)
		b.dates(d.ID, "2027-12-10", "2027-12-10")
	})
}

// B6 without an answer: nothing tells whether it was done, so nothing is ever sent again by itself.
func TestB6WithoutAnswer(t *testing.T) {
	lite(t, func(b *bench) {
		b.rules(func(p *domainname.Policy) { p.Extension, p.DateMoves = "later", domainname.AtExpiry })
		d := b.domain("date.later", "2026-12-10")
		b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "renew"})
		r := b.paid(d, 1)
		b.pass(2*time.Hour, 10*time.Minute)
		b.is(r, domainname.RenewalAttention, 1)
		if b.tasks(d.ID) == 0 {
			b.Error("nobody was asked")
		}
	})
}

// D1: no answer, and it was done.
func TestD1(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("done.example", "2027-03-10")
		b.fake.Break(fault{Kind: registrartest.CutAfter, Command: "renew"})
		r := b.paid(d, 1)
		b.run()
		b.is(r, domainname.RenewalConfirmed, 1)
		b.once(r)
		b.dates(d.ID, "2028-03-10", "2028-03-10")
	})
}

// D2: no answer, and it was not done.
func TestD2(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("again.example", "2027-03-10")
		b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "renew", Times: 1})
		r := b.paid(d, 1)
		b.run()
		b.is(r, domainname.RenewalPaid, 1)
		b.after(30 * time.Second)
		b.is(r, domainname.RenewalPaid, 1)
		b.after(30 * time.Second)
		b.is(r, domainname.RenewalConfirmed, 2)
		b.once(r)
		b.dates(d.ID, "2028-03-10", "2028-03-10")
		sent := b.fake.Commands("renew")
		if sent[0].Guard != sent[1].Guard || sent[0].Transaction == sent[1].Transaction {
			b.Errorf("sent %+v", sent)
		}
	})
}

// Never done: three resends, after 1, 5 and 30 minutes, then staff.
func TestResends(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("never.example", "2027-03-10")
		b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "renew"})
		r := b.paid(d, 1)
		b.run()
		b.is(r, domainname.RenewalPaid, 1)
		b.after(time.Minute)
		b.is(r, domainname.RenewalPaid, 2)
		b.after(5 * time.Minute)
		b.is(r, domainname.RenewalPaid, 3)
		b.after(29 * time.Minute)
		b.is(r, domainname.RenewalPaid, 3)
		b.after(time.Minute)
		b.held(r, domainname.HeldRegistry, 4)
		b.pass(48*time.Hour, time.Hour)
		b.held(r, domainname.HeldRegistry, 4)
		b.dates(d.ID, "2027-03-10", "2028-03-10")
	})
}

// D3: no answer, and the registry can't be read for six hours.
func TestD3(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("dark.example", "2027-03-10")
		b.fake.Break(fault{Kind: registrartest.CutAfter, Command: "renew"})
		b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "info", Skip: 1})
		r := b.paid(d, 1)
		b.run()
		b.is(r, domainname.RenewalUnknown, 1)
		reads := b.fake.Sent("info")
		for _, pause := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, time.Hour, time.Hour, time.Hour, time.Hour} {
			b.after(pause - time.Second)
			if b.fake.Sent("info") != reads {
				b.Fatalf("asked before %s had passed", pause)
			}
			b.after(time.Second)
			if reads++; b.fake.Sent("info") != reads {
				b.Fatalf("not asked after %s", pause)
			}
			b.is(r, domainname.RenewalUnknown, 1)
		}
		if b.tasks(d.ID) == 0 {
			b.Error("nobody was told")
		}
		b.fake.Heal()
		b.after(time.Hour)
		b.is(r, domainname.RenewalConfirmed, 1)
		b.once(r)
		if n := b.events("domain.renewal_unknown", d.ID); n != 1 {
			b.Errorf("%d events", n)
		}
		if b.tasks(d.ID) != 0 {
			b.Error("what was asked is still open")
		}
	})
}

// D5: a time-out at the instant at which the registry renews by itself.
func TestD5(t *testing.T) {
	each(t, func(b *bench) {
		b.rules(auto)
		d := b.domain("edge.auto", "2026-11-22")
		b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "renew"})
		r := b.paid(d, 1)
		b.fake.Before = func(command, name string) {
			if command == "renew" {
				b.fake.Change(name, func(d *registrartest.Domain) {
					d.Expiry, d.RGP = "2027-11-22T10:00:00Z", []string{"autoRenewPeriod"}
				})
			}
		}
		b.run()
		if got := b.is(r, domainname.RenewalSatisfied, 1); got.Cause != CauseItself {
			b.Errorf("cause %q", got.Cause)
		}
		b.pass(24*time.Hour, time.Hour)
		b.is(r, domainname.RenewalSatisfied, 1)
		b.once(r)
		b.dates(d.ID, "2027-11-22", "2027-11-22")
	})
}

// D6, D6b: the registry has renewed by itself before the payment.
func TestD6(t *testing.T) {
	t.Parallel()
	for years, want := range map[int]struct {
		state domainname.RenewalState
		sent  int
		end   string
	}{1: {domainname.RenewalSatisfied, 0, "2027-11-21"}, 2: {domainname.RenewalConfirmed, 1, "2028-11-21"}} {
		t.Run(fmt.Sprint(years), func(t *testing.T) {
			lite(t, func(b *bench) {
				b.rules(auto)
				d := b.domain("ahead.auto", "2026-11-21")
				b.fake.Change("ahead.auto", func(d *registrartest.Domain) {
					d.Expiry, d.RGP = "2027-11-21T10:00:00Z", []string{"autoRenewPeriod"}
				})
				b.store.Clock.Set(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))
				r := b.paid(d, years)
				b.run()
				b.is(r, want.state, want.sent)
				b.dates(d.ID, want.end, want.end)
				b.once(r)
				for _, sent := range b.fake.Commands("renew") {
					if sent.Years != 1 || sent.Guard.String() != "2027-11-21" {
						b.Errorf("sent %+v", sent)
					}
				}
			})
		})
	}
}

// D7: the account is empty.
func TestD7(t *testing.T) {
	each(t, func(b *bench) {
		b.fake.Prices = map[string]money.Money{"renew": eur(900)}
		b.fake.Fund(eur(0))
		d := b.domain("poor.example", "2026-12-10")
		r := b.paid(d, 1)
		b.run()
		b.held(r, domainname.HeldFunds, 1)
		if b.events("domain.renewal_held", d.ID) != 1 || b.tasks(d.ID) != 1 {
			b.Errorf("%d events, %d tasks", b.events("domain.renewal_held", d.ID), b.tasks(d.ID))
		}
		b.dates(d.ID, "2026-12-10", "2027-12-10")
		b.pass(10*24*time.Hour, 6*time.Hour)
		b.held(r, domainname.HeldFunds, 1)
		if b.tasks(d.ID) != 1 {
			b.Errorf("%d tasks", b.tasks(d.ID))
		}
		b.store.Clock.Set(time.Date(2026, 12, 6, 12, 0, 0, 0, time.UTC)) // the last safe day is 2026-12-09
		b.run()
		if b.tasks(d.ID) != 2 || b.events("domain.renewal_held", d.ID) != 2 {
			b.Errorf("second alert: %d tasks", b.tasks(d.ID))
		}
		b.fake.Fund(eur(900))
		b.after(7 * time.Hour)
		b.is(r, domainname.RenewalConfirmed, 2)
		b.once(r)
		if b.tasks(d.ID) != 0 {
			b.Errorf("%d tasks are open still", b.tasks(d.ID))
		}
	})
}

// D7 where the registrar tells no balance: trying is the way to know, and the second alert comes all the same.
func TestD7WithoutBalance(t *testing.T) {
	each(t, func(b *bench) {
		b.fake.Caps.Balance = false
		b.fake.Break(fault{Kind: registrartest.Code, Command: "renew", Code: 2104})
		d := b.domain("poor.example", "2026-12-10")
		r := b.paid(d, 1)
		b.run()
		b.held(r, domainname.HeldFunds, 1)
		alerts := func(n int) {
			b.Helper()
			if b.tasks(d.ID) != n || b.events("domain.renewal_held", d.ID) != n {
				b.Fatalf("%d tasks, %d events, want %d", b.tasks(d.ID), b.events("domain.renewal_held", d.ID), n)
			}
		}
		b.pass(6*time.Hour, time.Hour)
		alerts(1)
		b.store.Clock.Set(time.Date(2026, 12, 6, 12, 0, 0, 0, time.UTC)) // the last safe day is 2026-12-09
		b.run()
		alerts(2)
		b.pass(6*time.Hour, time.Hour)
		alerts(2)
		b.fake.Heal()
		b.after(time.Hour)
		if now := b.renewal(r.ID); now.State != domainname.RenewalConfirmed || b.tasks(d.ID) != 0 {
			b.Errorf("%s, %d tasks", now.State, b.tasks(d.ID))
		}
		b.once(r)
	})
}

// D9: restored from redemption, by registries that count in two ways, with one year or two.
func TestD9(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		fromNow  bool
		noReport bool
		years    int
		sent     int
		end      string
	}{
		{"from the old expiry", false, false, 1, 0, "2027-10-01"},
		{"from now", true, false, 1, 0, "2027-11-10"},
		{"without a report", false, true, 1, 0, "2027-10-01"},
		{"two years", false, false, 2, 1, "2028-10-01"},
		{"two years from now", true, false, 2, 1, "2028-11-10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(b *bench) {
				b.store.Clock.Set(time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC))
				b.fake.RestoreFromNow, b.fake.NoReport = c.fromNow, c.noReport
				d := b.domain("lost.example", "2026-10-01", func(d *domainname.Domain) { d.Status = domainname.Redemption })
				b.fake.Change("lost.example", func(d *registrartest.Domain) {
					d.RGP, d.Statuses = []string{"redemptionPeriod"}, []string{"pendingDelete"}
				})
				r := b.paid(d, c.years, func(r *domainname.Renewal) { r.Stage, r.Fee = domainname.StageRedemption, eur(8000) })
				b.run()
				b.is(r, domainname.RenewalConfirmed, c.sent)
				b.dates(d.ID, c.end, c.end)
				b.once(r)
				if n := b.fake.Sent("restore"); n != 1 {
					b.Errorf("%d restores", n)
				}
				if n := b.events("domain.restored", d.ID); n != 1 {
					b.Errorf("told %d times", n)
				}
				if got := b.load(d.ID).Status; got != domainname.Active {
					b.Errorf("status %s", got)
				}
			})
		})
	}
}

// A restore that was cut off is found by reading, and not asked for twice.
func TestRestoreWithoutAnswer(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"restore", "report"} {
		t.Run(command, func(t *testing.T) {
			lite(t, func(b *bench) {
				b.store.Clock.Set(time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC))
				d := b.domain("lost.example", "2026-10-01", func(d *domainname.Domain) { d.Status = domainname.Redemption })
				b.fake.Change("lost.example", func(d *registrartest.Domain) { d.RGP = []string{"redemptionPeriod"} })
				b.fake.Break(fault{Kind: registrartest.CutAfter, Command: command, Times: 1})
				r := b.paid(d, 1, func(r *domainname.Renewal) { r.Stage, r.Fee = domainname.StageRedemption, eur(8000) })
				b.run()
				b.is(r, domainname.RenewalConfirmed, 0)
				b.dates(d.ID, "2027-10-01", "2027-10-01")
				if b.fake.Sent("restore") != 1 || b.fake.Sent("report") != 1 {
					b.Errorf("%d restores, %d reports", b.fake.Sent("restore"), b.fake.Sent("report"))
				}
			})
		})
	}
}

// The registry has the domain in redemption, and only grace was paid for: the difference is asked for, nothing is sent.
func TestRedemptionUnpaid(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("early.example", "2026-11-10", func(d *domainname.Domain) { d.Status = domainname.Grace })
		b.fake.Change("early.example", func(d *registrartest.Domain) { d.RGP = []string{"redemptionPeriod"} })
		r := b.paid(d, 1, func(r *domainname.Renewal) { r.Stage, r.Fee = domainname.StageGrace, eur(500) })
		b.run()
		if got := b.is(r, domainname.RenewalHeld, 0); got.Hold != domainname.HeldTopUp {
			b.Fatalf("held: %s", got.Hold)
		}
		if !slices.Equal(b.purse.toppedUp, []money.Money{eur(7500)}) || b.fake.Sent("restore") != 0 {
			b.Errorf("asked for %v", b.purse.toppedUp)
		}
	})
}

// D10: the domain is another registrar's by now, or gone.
func TestD10(t *testing.T) {
	t.Parallel()
	for code, change := range map[int]func(*bench){
		2201: func(b *bench) {
			b.fake.Change("gone.example", func(d *registrartest.Domain) { d.Sponsor = registrartest.Them })
		},
		2303: func(b *bench) { b.fake.Remove("gone.example") },
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			each(t, func(b *bench) {
				d := b.domain("gone.example", "2027-03-10")
				b.fake.Before = func(command, _ string) {
					if command == "renew" {
						change(b)
					}
				}
				r := b.paid(d, 1)
				b.run()
				got := b.is(r, domainname.RenewalLost, 1)
				if got.Cause == "" || !slices.Equal(b.purse.lost, []string{r.ID}) {
					b.Errorf("lost %v: %q", b.purse.lost, got.Cause)
				}
				if d := b.load(d.ID); d.Status != domainname.TransferredAway || !d.DoNotRenew {
					b.Errorf("%s, do not renew %t", d.Status, d.DoNotRenew)
				}
				if n := b.fake.Commands("renew"); n[0].Code != code {
					b.Errorf("code %d", n[0].Code)
				}
				b.pass(24*time.Hour, 6*time.Hour)
				b.is(r, domainname.RenewalLost, 1)
			})
		})
	}
}

// A domain that is not there is believed to be gone only when it is not there hours later, unless a command said so, too.
func TestGone(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("gone.example", "2027-03-10")
		b.fake.Break(fault{Kind: registrartest.Gone, Command: "info"})
		r := b.paid(d, 1)
		b.run()
		b.after(5 * time.Hour)
		b.is(r, domainname.RenewalPaid, 0)
		b.fake.Heal()
		b.after(time.Hour)
		b.is(r, domainname.RenewalConfirmed, 1)
		r = b.paid(d, 1)
		b.fake.Break(fault{Kind: registrartest.Gone, Command: "info"})
		b.run()
		b.after(6 * time.Hour)
		b.is(r, domainname.RenewalLost, 1)
	})
}

// D13: nothing guards, and the answer comes late.
func TestD13(t *testing.T) {
	t.Parallel()
	for _, kind := range []registrartest.Kind{registrartest.Slow, registrartest.CutBefore} {
		t.Run(fmt.Sprint(kind), func(t *testing.T) {
			lite(t, func(b *bench) {
				b.fake.Caps.Guard, b.fake.Caps.Settle = registrar.GuardNone, 2*time.Minute
				b.patience = 20 * time.Millisecond
				d := b.domain("loose.example", "2027-03-10")
				b.fake.Break(fault{Kind: kind, Command: "renew", Times: 1})
				// The registry shows what it did only after a while.
				b.fake.Break(fault{Kind: registrartest.Date, Command: "info", Date: "2027-03-10T10:00:00Z", Times: 2})
				r := b.paid(d, 1)
				b.run()
				b.is(r, domainname.RenewalUnknown, 1)
				b.after(time.Minute)
				b.is(r, domainname.RenewalUnknown, 1)
				b.after(time.Minute + b.patience)
				if kind == registrartest.Slow {
					b.is(r, domainname.RenewalConfirmed, 1)
				} else {
					b.is(r, domainname.RenewalPaid, 1)
					b.after(time.Minute)
					b.is(r, domainname.RenewalConfirmed, 2)
				}
				b.once(r)
				b.dates(d.ID, "2028-03-10", "2028-03-10")
			})
		})
	}
}

// D17: codes prove nothing, reading does.
func TestD17(t *testing.T) {
	t.Parallel()
	for _, code := range []int{2004, 2306, 2105, 2304, 2308, 2400, 2500, 2000, 2104} {
		for _, done := range []bool{true, false} {
			t.Run(fmt.Sprint(code, done), func(t *testing.T) {
				lite(t, func(b *bench) {
					d := b.domain("code.example", "2027-03-10")
					b.fake.Break(fault{Kind: registrartest.Code, Command: "renew", Code: code, Commit: done, Times: 1})
					r := b.paid(d, 1)
					b.run()
					switch {
					case done:
						b.is(r, domainname.RenewalConfirmed, 1)
					case code == 2000:
						b.held(r, domainname.HeldRegistry, 1)
						return
					case code == 2104:
						b.held(r, domainname.HeldFunds, 1)
						b.after(time.Hour)
						b.is(r, domainname.RenewalConfirmed, 2)
					default:
						b.after(time.Minute)
						b.is(r, domainname.RenewalConfirmed, 2)
					}
					b.once(r)
					b.dates(d.ID, "2028-03-10", "2028-03-10")
				})
			})
		}
	}
}

// A resend that finds the first command done is refused, and that is a confirmation.
func TestD17Resend(t *testing.T) {
	t.Parallel()
	for _, stale := range []int{2004, 2306} {
		t.Run(fmt.Sprint(stale), func(t *testing.T) {
			lite(t, func(b *bench) {
				b.fake.Stale = stale
				d := b.domain("late.example", "2027-03-10")
				b.fake.Break(fault{Kind: registrartest.CutAfter, Command: "renew", Times: 1})
				// What was done shows only after the resend.
				b.fake.Break(fault{Kind: registrartest.Date, Command: "info", Date: "2027-03-10T10:00:00Z", Times: 3})
				r := b.paid(d, 1)
				b.run()
				b.after(time.Minute)
				b.is(r, domainname.RenewalConfirmed, 2)
				b.once(r)
				b.dates(d.ID, "2028-03-10", "2028-03-10")
			})
		})
	}
}

// Nothing left: that is no resend.
func TestSession(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("off.example", "2027-03-10")
		b.fake.Break(fault{Kind: registrartest.Unreachable, Command: "renew", Times: 7})
		r := b.paid(d, 1)
		b.run()
		b.pass(10*time.Hour, time.Minute)
		got := b.is(r, domainname.RenewalConfirmed, 1)
		if got.Resends != 0 {
			b.Errorf("%d resends", got.Resends)
		}
		b.once(r)
		b.dates(d.ID, "2028-03-10", "2028-03-10")
	})
}

// D18: eight workers at once.
func TestD18(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("eight.example", "2027-03-10")
		r := b.paid(d, 1)
		ended := make(chan error, 8)
		for range 8 {
			s := New(b.store.DB, b.config)
			go func() {
				_, err := s.RunDue(b.ctx)
				ended <- err
			}()
		}
		for range 8 {
			b.must(<-ended)
		}
		b.is(r, domainname.RenewalConfirmed, 1)
		b.once(r)
	})
}

// E5: one more year when the first is confirmed.
func TestE5(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("more.example", "2027-03-10")
		b.paid(d, 1)
		b.run()
		r := b.paid(d, 1)
		if r.Base.String() != "2028-03-10" {
			b.Fatalf("base %s", r.Base)
		}
		b.run()
		b.is(r, domainname.RenewalConfirmed, 2)
		b.dates(d.ID, "2029-03-10", "2029-03-10")
	})
}

// E8: one of three fails, and stops no other.
func TestE8(t *testing.T) {
	each(t, func(b *bench) {
		var rs []domainname.Renewal
		for _, name := range []string{"one.example", "two.example", "three.example"} {
			rs = append(rs, b.paid(b.domain(name, "2027-03-10"), 1))
		}
		b.fake.Break(fault{Kind: registrartest.Code, Command: "renew", Name: "two.example", Code: 2002})
		b.run()
		b.is(rs[0], domainname.RenewalConfirmed, 1)
		b.held(rs[1], domainname.HeldRegistry, 1)
		b.is(rs[2], domainname.RenewalConfirmed, 1)
	})
}

// C5: a name turns out to be premium.
func TestC5(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("gold.example", "2027-03-10")
		b.fake.Change("gold.example", func(d *registrartest.Domain) { d.Price = map[string]money.Money{"renew": eur(25000)} })
		r := b.paid(d, 1)
		b.run()
		if got := b.is(r, domainname.RenewalHeld, 0); got.Hold != domainname.HeldPrice || !slices.Equal(b.purse.toppedUp, []money.Money{eur(23800)}) {
			b.Fatalf("held: %s, %v", got.Hold, b.purse.toppedUp)
		}
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
		b.run()
		b.is(r, domainname.RenewalConfirmed, 1)
		if p := b.fake.Commands("renew")[0].Price; p == nil || *p != eur(25000) {
			b.Errorf("price %v", p)
		}
	})
}

// The registry has extended twice: that is never called done, and never sent again.
func TestTwice(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("twice.example", "2027-03-10")
		b.fake.Break(fault{Kind: registrartest.Twice, Command: "renew"})
		r := b.paid(d, 1)
		b.run()
		b.is(r, domainname.RenewalAttention, 1)
		if b.tasks(d.ID) != 1 || b.purse.told(r.ID) != 0 {
			b.Error("not asked, or told")
		}
		if sent, err := b.Commands(b.Context(), d.ID, 5); err != nil || len(sent) != 1 || sent[0].Outcome != "another_date" || sent[0].Code != 1000 {
			b.Errorf("commands %+v, %v: too much was done, which is not nothing", sent, err)
		}
		b.pass(48*time.Hour, time.Hour)
		b.is(r, domainname.RenewalAttention, 1)
	})
}

// Our own lock is lifted for the renewal and put back; another's is not.
func TestLocks(t *testing.T) {
	t.Parallel()
	t.Run("ours", func(t *testing.T) {
		lite(t, func(b *bench) {
			d := b.domain("lock.example", "2027-03-10", func(d *domainname.Domain) { d.LockedByUs = true })
			b.fake.Change("lock.example", func(d *registrartest.Domain) { d.Statuses = []string{lockRenew} })
			r := b.paid(d, 1)
			b.run()
			b.is(r, domainname.RenewalConfirmed, 1)
			if there, _ := b.fake.Domain("lock.example"); !slices.Contains(there.Statuses, lockRenew) {
				b.Errorf("statuses %v", there.Statuses)
			}
			if d := b.load(d.ID); !d.LockedByUs || !slices.Contains(d.State.EPP, lockRenew) {
				b.Errorf("statuses %v", d.State.EPP)
			}
			b.once(r)
		})
	})
	t.Run("server", func(t *testing.T) {
		lite(t, func(b *bench) {
			d := b.domain("lock.example", "2027-03-10")
			b.fake.Change("lock.example", func(d *registrartest.Domain) { d.Statuses = []string{"serverRenewProhibited"} })
			r := b.paid(d, 1)
			b.run()
			b.held(r, domainname.HeldLock, 0)
			if got := b.question(d.ID); !strings.Contains(got, "locked the domain: serverRenewProhibited") {
				b.Errorf("asked %q", got)
			}
			b.pass(24*time.Hour, time.Hour)
			b.held(r, domainname.HeldLock, 0)
			if n := b.events("domain.renewal_held", d.ID); n != 1 {
				b.Errorf("told %d times", n)
			}
			b.fake.Change("lock.example", func(d *registrartest.Domain) { d.Statuses = nil })
			b.pass(7*time.Hour, time.Hour)
			b.is(r, domainname.RenewalConfirmed, 1)
		})
	})
}

// Taken on: nothing is sent again, the message ends it.
func TestPending(t *testing.T) {
	t.Parallel()
	for _, done := range []bool{true, false} {
		t.Run(fmt.Sprint(done), func(t *testing.T) {
			lite(t, func(b *bench) {
				d := b.domain("slow.example", "2027-03-10")
				b.fake.Break(fault{Kind: registrartest.Later, Command: "renew"})
				r := b.paid(d, 1)
				b.run()
				b.is(r, domainname.RenewalSubmitted, 1)
				b.pass(5*time.Hour, 10*time.Minute)
				b.is(r, domainname.RenewalSubmitted, 1)
				b.fake.Finish("slow.example", done)
				b.fake.Tell(registrar.Message{Name: "slow.example", Transaction: b.fake.Commands("renew")[0].Transaction, Done: &done}) // once more
				b.after(time.Minute)
				if !done {
					b.held(r, domainname.HeldRegistry, 1)
					return
				}
				b.is(r, domainname.RenewalConfirmed, 1)
				b.once(r)
				b.dates(d.ID, "2028-03-10", "2028-03-10")
			})
		})
	}
}

// A window that opens later, though it was open when it was paid: it is sent when it opens.
func TestTooEarly(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("early.example", "2027-06-01")
		r := b.paid(d, 1)
		earliest := 180
		b.rules(func(p *domainname.Policy) { p.ValidFrom, p.Earliest = civil.On(2026, 11, 1), &earliest })
		b.run()
		b.held(r, domainname.HeldRegistry, 0)
		b.store.Clock.Set(time.Date(2026, 12, 2, 23, 59, 0, 0, time.UTC))
		b.run()
		b.held(r, domainname.HeldRegistry, 0)
		b.after(time.Minute)
		b.is(r, domainname.RenewalConfirmed, 1)
	})
}

// The registry's date is another one: nothing is sent.
func TestOtherDate(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("odd.example", "2027-03-10")
		b.fake.Change("odd.example", func(d *registrartest.Domain) { d.Expiry = "2027-06-10T10:00:00Z" })
		r := b.paid(d, 1)
		b.run()
		b.is(r, domainname.RenewalAttention, 0)
		b.dates(d.ID, "2027-03-10", "2028-03-10")
		for i, raw := range []string{"", "0000-00-00", "1969-12-31T23:59:59Z", "1970-01-01", "2099-01-01", "soon"} {
			d := b.domain(fmt.Sprintf("bad%d.example", i), "2027-03-10")
			b.fake.Change(d.Name.String(), func(d *registrartest.Domain) { d.Expiry = raw })
			r := b.paid(d, 1)
			b.pass(3*time.Hour, 10*time.Minute)
			if b.is(r, domainname.RenewalPaid, 0); b.tasks(d.ID) != 1 {
				b.Errorf("%q: staff were asked %d times", raw, b.tasks(d.ID))
			}
		}
	})
}

// F5: the registrar counts the grace into its date; the guard is its own text.
func TestF5(t *testing.T) {
	lite(t, func(b *bench) {
		b.fake.Caps.GraceIncluded = 30
		d := b.domain("grace.example", "2027-03-10")
		b.fake.Change("grace.example", func(d *registrartest.Domain) { d.Expiry = "2027-04-09T10:00:00Z" })
		r := b.paid(d, 1)
		b.run()
		b.is(r, domainname.RenewalConfirmed, 1)
		b.dates(d.ID, "2028-03-10", "2028-03-10")
		if guard := b.fake.Commands("renew")[0].Guard.String(); guard != "2027-04-09" {
			b.Errorf("guard %s", guard)
		}
	})
}

// A restored store sends nothing.
func TestHeldInRecovery(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("wait.example", "2027-03-10")
		r := b.paid(d, 1)
		held := true
		b.config.Held = func(context.Context) (bool, error) { return held, nil }
		b.run()
		b.is(r, domainname.RenewalPaid, 0)
		if len(b.fake.Journal()) != 0 {
			b.Error("the registrar was asked")
		}
		held = false
		b.run()
		b.is(r, domainname.RenewalConfirmed, 1)
	})
}

// What waits for a person and is done after all is found: by what sync has read, and after an expiry at which the date moves.
func TestDoneAfterAll(t *testing.T) {
	t.Parallel()
	t.Run("sync", func(t *testing.T) {
		lite(t, func(b *bench) {
			d := b.domain("panel.example", "2027-03-10")
			b.fake.Break(fault{Kind: registrartest.Code, Command: "renew", Code: 2002})
			r := b.paid(d, 1)
			b.run()
			b.held(r, domainname.HeldRegistry, 1)
			b.fake.Change("panel.example", func(d *registrartest.Domain) { d.Expiry = "2028-03-10T10:00:00Z" })
			b.must(b.write(func(tx *db.Tx) error {
				d, err := domainname.Lock(b.ctx, tx, d.ID)
				if err != nil {
					return err
				}
				if _, err := d.Take(domainname.Reading{Raw: "2028-03-10T10:00:00Z", Source: domainname.FromEPP}, tx.Now); err != nil {
					return err
				}
				if err := domainname.Save(b.ctx, tx, &d); err != nil {
					return err
				}
				return domainname.Work(b.ctx, tx, d.ID, tx.Now)
			}))
			b.run()
			b.is(r, domainname.RenewalSatisfied, 1)
			b.once(r)
		})
	})
	t.Run("at expiry", func(t *testing.T) {
		lite(t, func(b *bench) {
			b.rules(func(p *domainname.Policy) { p.Extension, p.DateMoves = "later", domainname.AtExpiry })
			d := b.domain("date.later", "2026-12-10")
			b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "renew"})
			r := b.paid(d, 1)
			b.run()
			b.is(r, domainname.RenewalAttention, 1)
			b.store.Clock.Set(time.Date(2026, 12, 10, 10, 0, 0, 0, time.UTC))
			b.fake.Change("date.later", func(d *registrartest.Domain) { d.Expiry = "2027-12-10T10:00:00Z" })
			b.pass(24*time.Hour, time.Hour)
			b.is(r, domainname.RenewalConfirmed, 1)
			b.once(r)
		})
	})
}

// A registry that says for a moment that the domain is another's, right after it has renewed it, is asked again.
func TestDoubted(t *testing.T) {
	t.Parallel()
	for _, back := range []bool{true, false} {
		t.Run(fmt.Sprint(back), func(t *testing.T) {
			lite(t, func(b *bench) {
				d := b.domain("odd.example", "2027-03-10")
				b.fake.Break(fault{Kind: registrartest.CutAfter, Command: "renew"})
				r := b.paid(d, 1)
				b.fake.Before = func(command, name string) {
					if command == "renew" {
						b.fake.Change(name, func(d *registrartest.Domain) { d.Sponsor = registrartest.Them })
					}
				}
				b.run()
				b.after(30 * time.Minute)
				b.is(r, domainname.RenewalUnknown, 1)
				if !back {
					b.pass(2*time.Hour, 10*time.Minute)
					b.is(r, domainname.RenewalLost, 1)
					return
				}
				b.fake.Change("odd.example", func(d *registrartest.Domain) { d.Sponsor, d.Expiry = registrartest.Us, "2028-03-10T10:00:00Z" })
				b.pass(2*time.Hour, 10*time.Minute)
				b.is(r, domainname.RenewalConfirmed, 1)
			})
		})
	}
}

// Refunded while nobody knew what became of the command: it was not done, and it is not sent again.
func TestRefundedMeanwhile(t *testing.T) {
	t.Parallel()
	for kind, want := range map[registrartest.Kind]domainname.RenewalState{
		registrartest.CutBefore: domainname.RenewalRefunded, registrartest.CutAfter: domainname.RenewalConfirmed,
	} {
		t.Run(string(want), func(t *testing.T) {
			lite(t, func(b *bench) {
				d := b.domain("back.example", "2027-03-10")
				b.fake.Break(fault{Kind: kind, Command: "renew", Times: 1})
				b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "info", Skip: 1, Times: 2})
				r := b.paid(d, 1)
				b.run()
				b.is(r, domainname.RenewalUnknown, 1)
				b.purse.refunded = true
				b.pass(3*time.Hour, time.Minute)
				b.is(r, want, 1)
			})
		})
	}
}

// The message that ends a command comes before its answer is written down.
func TestMessageBeforeAnswer(t *testing.T) {
	t.Parallel()
	for _, done := range []bool{true, false} {
		t.Run(fmt.Sprint(done), func(t *testing.T) {
			each(t, func(b *bench) {
				d := b.domain("quick.example", "2027-03-10")
				b.fake.Break(fault{Kind: registrartest.Later, Command: "renew"})
				r := b.paid(d, 1)
				b.reach = func(at, _ string) error {
					if at != "sent" {
						return nil
					}
					b.fake.Finish("quick.example", done)
					return b.pollOne(b.ctx, "reg_1")
				}
				b.run()
				b.pass(2*time.Hour, 10*time.Minute)
				if !done {
					b.held(r, domainname.HeldRegistry, 1)
					return
				}
				b.is(r, domainname.RenewalConfirmed, 1)
				b.once(r)
			})
		})
	}
}

// A command may have waited for its turn before it left: its effect has its time from then on.
func TestSettleFromItsTurn(t *testing.T) {
	t.Parallel()
	made := noon
	p := proof{
		command: command{verb: verbRenew, guard: registrar.GuardNone, made: made, before: day("2027-03-10"), expected: day("2028-03-10")},
		class:   registrar.Unknown, caps: registrar.Capabilities{Settle: 30 * time.Second}, given: time.Minute,
		read: reading{found: true, ours: true, at: time.Date(2027, 3, 10, 10, 0, 0, 0, time.UTC)}, now: made.Add(80 * time.Second),
	}
	if j := judge(p); j.verdict != verdictWait || j.wait != 10*time.Second {
		t.Fatalf("%+v", j)
	}
	p.now = made.Add(90 * time.Second)
	if j := judge(p); j.verdict != verdictResend {
		t.Fatalf("%+v", j)
	}
}

// A registrar without a guard has the order in its list and never carries it out: nothing is sent again, and staff are told.
func TestOrderedAndNotDone(t *testing.T) {
	lite(t, func(b *bench) {
		b.fake.Caps.Guard, b.fake.Caps.Settle = registrar.GuardNone, 2*time.Minute
		d := b.domain("stuck.example", "2027-03-10")
		b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "renew"})
		r := b.paid(d, 1)
		b.config.Registrars = listed{b.fake}
		b.pass(47*time.Hour, 30*time.Minute)
		b.is(r, domainname.RenewalUnknown, 1)
		if b.tasks(d.ID) != 0 {
			b.Fatal("asked too soon")
		}
		b.pass(3*time.Hour, 30*time.Minute)
		b.is(r, domainname.RenewalUnknown, 1)
		if b.tasks(d.ID) == 0 {
			b.Fatal("nobody was asked")
		}
	})
}

// listed is a registrar whose list of orders has everything.
type listed struct{ *registrartest.Fake }

func (l listed) Open(context.Context, string) (registrar.Registrar, error) { return l, nil }
func (listed) Ordered(context.Context, string) (bool, error)               { return true, nil }

// Something that the registry has taken on and does not end keeps a renewal from being sent: staff are told.
func TestPendingForDays(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("slow.example", "2027-03-10")
		b.fake.Change("slow.example", func(d *registrartest.Domain) { d.Statuses = []string{"pendingRenew"} })
		r := b.paid(d, 1)
		b.pass(50*time.Hour, time.Hour)
		b.is(r, domainname.RenewalPaid, 0)
		if b.tasks(d.ID) == 0 {
			b.Fatal("nobody was asked")
		}
	})
}

// Where the date moves only at the expiry, what may have been sent is not sent again without a person: not for another renewal
// of the same term, and not after the store was restored from a backup.
func TestAtExpiryOnce(t *testing.T) {
	t.Parallel()
	later := func(b *bench) domainname.Domain {
		b.rules(func(p *domainname.Policy) { p.Extension, p.DateMoves = "later", domainname.AtExpiry })
		b.fake.Break(fault{Kind: registrartest.AtExpiry, Command: "renew"})
		return b.domain("date.later", "2027-03-10")
	}
	release := func(b *bench, r domainname.Renewal) {
		b.must(b.write(func(tx *db.Tx) error {
			r, err := domainname.LoadRenewal(b.ctx, tx, r.ID)
			if err != nil {
				return err
			}
			r.Cause = domainname.ByStaffsWord
			if err := domainname.MoveRenewal(b.ctx, tx, &r, domainname.OnStaffDecision); err != nil {
				return err
			}
			return domainname.Work(b.ctx, tx, r.DomainID, tx.Now)
		}))
		b.run()
	}
	t.Run("refunded and ordered again", func(t *testing.T) {
		lite(t, func(b *bench) {
			d := later(b)
			b.fake.Heal()
			b.fake.Break(fault{Kind: registrartest.CutAfter, Command: "renew", Times: 1})
			b.fake.Break(fault{Kind: registrartest.Date, Command: "info", Date: "2027-03-10T10:00:00Z"})
			r := b.paid(d, 1)
			b.run()
			b.is(r, domainname.RenewalAttention, 1)
			b.must(b.write(func(tx *db.Tx) error {
				r, err := domainname.LoadRenewal(b.ctx, tx, r.ID)
				if err != nil {
					return err
				}
				return domainname.MoveRenewal(b.ctx, tx, &r, domainname.OnRefund)
			}))
			r = b.paid(d, 1, func(r *domainname.Renewal) { r.Base, r.Expected = day("2027-03-10"), day("2028-03-10") })
			b.pass(2*time.Hour, 10*time.Minute)
			b.is(r, domainname.RenewalAttention, 1)
			release(b, r)
			if n := b.fake.Sent("renew"); n != 2 {
				b.Errorf("sent %d", n)
			}
		})
	})
	t.Run("restored", func(t *testing.T) {
		lite(t, func(b *bench) {
			d := later(b)
			r := b.paid(d, 1)
			confirmed := b.store.Clock.Now().Add(time.Hour)
			b.config.Copied = func(_ context.Context, at time.Time) (bool, error) { return at.Before(confirmed), nil }
			b.run()
			b.is(r, domainname.RenewalAttention, 0)
			release(b, r)
			b.is(r, domainname.RenewalArranged, 1)
		})
	})
}
