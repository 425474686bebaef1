package dispatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
	"github.com/keystead/keystead/internal/task"
)

// awaited puts a paid domain into the store that the registry does not have, or has elsewhere.
func (b *bench) awaited(name string, status domainname.Status) domainname.Domain {
	b.Helper()
	n, err := domainname.ParseName(name)
	b.must(err)
	d := domainname.Domain{
		Name: n, Extension: "example", CustomerID: b.customer, RegistrarID: "reg_1", Kind: domainname.Registered, Status: status, BoughtYears: 2,
		Recurring: eur(0), Nameservers: []string{"ns1.example"}, Registrant: domainname.Registrant{Name: "Ada", Address: "1 Lane\nTown", Country: "DE"},
	}
	if status == domainname.PendingTransfer {
		d.Kind, d.BoughtYears = domainname.Transferred, 1
	}
	b.must(b.write(func(tx *db.Tx) error {
		if err := domainname.Insert(b.ctx, tx, &d); err != nil {
			return err
		}
		return domainname.Work(b.ctx, tx, d.ID, tx.Now)
	}))
	return d
}

func (b *bench) status(d domainname.Domain, want domainname.Status) {
	b.Helper()
	if got := b.load(d.ID).Status; got != want {
		b.Fatalf("status %s, want %s; commands %+v; refused %v", got, want, b.commands(d.ID), b.purse.refused)
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		faults []fault
		sent   int
		want   domainname.Status
	}{
		{"answered", nil, 1, domainname.Active},
		{"cut after", []fault{{Kind: registrartest.CutAfter, Command: "register", Times: 1}}, 1, domainname.Active},
		{"cut before", []fault{{Kind: registrartest.CutBefore, Command: "register", Times: 1}}, 2, domainname.Active},
		{"unreachable", []fault{{Kind: registrartest.Unreachable, Times: 3}}, 1, domainname.Active},
		{"refused", []fault{{Kind: registrartest.Code, Command: "register", Code: 2306}}, 1, domainname.Cancelled},
		{"refused and done", []fault{{Kind: registrartest.Code, Command: "register", Code: 2306, Commit: true}}, 1, domainname.Active},
		{"our fault", []fault{{Kind: registrartest.Code, Command: "register", Code: 2005}}, 1, domainname.PendingRegistration},
		{"no funds", []fault{{Kind: registrartest.Code, Command: "register", Code: 2104, Times: 2}}, 3, domainname.Active},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(b *bench) {
				for _, f := range c.faults {
					b.fake.Break(f)
				}
				d := b.awaited("new.example", domainname.PendingRegistration)
				b.run()
				b.pass(6*time.Hour, 10*time.Minute)
				b.status(d, c.want)
				if n := b.fake.Sent("register"); n != c.sent {
					b.Errorf("sent %d, want %d", n, c.sent)
				}
				switch c.want {
				case domainname.Active:
					if len(b.purse.confirmed) != 1 || b.tasks(d.ID) != 0 {
						b.Errorf("confirmed %v, %d tasks", b.purse.confirmed, b.tasks(d.ID))
					}
					b.dates(d.ID, "2028-11-22", "2028-11-22")
				case domainname.PendingRegistration:
					if b.tasks(d.ID) != 1 {
						b.Errorf("%d tasks", b.tasks(d.ID))
					}
				default:
					if len(b.purse.refused) != 1 {
						b.Errorf("refused %v", b.purse.refused)
					}
				}
			})
		})
	}
	t.Run("taken", func(t *testing.T) {
		lite(t, func(b *bench) {
			b.fake.Put(registrartest.Domain{Name: "new.example", Expiry: "2027-01-01T00:00:00Z", Sponsor: registrartest.Them})
			d := b.awaited("new.example", domainname.PendingRegistration)
			b.run()
			b.status(d, domainname.Cancelled)
			if b.fake.Sent("register") != 0 {
				b.Error("sent")
			}
			if got := b.purse.refused; len(got) != 1 || !strings.HasSuffix(got[0], " Somebody else has registered it.") {
				b.Errorf("refused: %q", got)
			}
		})
	})
}

// The process ends at each point of a registration.
func TestRegisterCrashes(t *testing.T) {
	t.Parallel()
	for _, point := range points {
		t.Run(point, func(t *testing.T) {
			lite(t, func(b *bench) {
				d := b.awaited("new.example", domainname.PendingRegistration)
				b.kill(point)
				b.dies()
				b.pass(20*time.Minute, time.Minute)
				b.status(d, domainname.Active)
				if n := b.fake.Sent("register"); n != 1 || len(b.purse.confirmed) != 1 {
					b.Errorf("sent %d, confirmed %v", n, b.purse.confirmed)
				}
			})
		})
	}
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	theirs := registrartest.Domain{Name: "in.example", Expiry: "2027-01-01T10:00:00Z", Sponsor: registrartest.Them, AuthCode: "secret"}
	for _, done := range []bool{true, false} {
		t.Run(fmt.Sprint(done), func(t *testing.T) {
			each(t, func(b *bench) {
				b.fake.Put(theirs)
				d := b.awaited("in.example", domainname.PendingTransfer)
				b.run()
				b.pass(6*time.Hour, 10*time.Minute)
				b.status(d, domainname.PendingTransfer)
				if n := b.fake.Sent("transfer_state"); n < 5 || n > 8 {
					b.Errorf("asked %d times", n)
				}
				b.fake.EndTransfer("in.example", done)
				b.after(time.Minute)
				if !done {
					b.status(d, domainname.Cancelled)
					return
				}
				b.status(d, domainname.Active)
				b.dates(d.ID, "2028-01-01", "2028-01-01")
				if n := b.fake.Sent("transfer"); n != 1 {
					b.Errorf("sent %d", n)
				}
			})
		})
	}
	t.Run("wrong code", func(t *testing.T) {
		each(t, func(b *bench) {
			wrong := theirs
			wrong.AuthCode = "other"
			b.fake.Put(wrong)
			d := b.awaited("in.example", domainname.PendingTransfer)
			b.run()
			b.status(d, domainname.Cancelled)
		})
	})
	t.Run("cut", func(t *testing.T) {
		each(t, func(b *bench) {
			b.fake.Put(theirs)
			b.fake.Break(fault{Kind: registrartest.CutAfter, Command: "transfer"})
			d := b.awaited("in.example", domainname.PendingTransfer)
			b.run()
			b.pass(time.Hour, time.Minute)
			b.status(d, domainname.PendingTransfer)
			if n := b.fake.Sent("transfer"); n != 1 {
				b.Errorf("sent %d", n)
			}
		})
	})
}

func TestDo(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("act.example", "2027-03-10")
		locked := true
		answer, err := b.Do(b.ctx, d.ID, Act{
			Nameservers: &[]string{"NS1.Other.example"}, Lock: &locked, AuthCode: true, Registrant: &domainname.Registrant{Name: "Bob", Address: "1 Lane", Country: "DE", Email: "bob@example.com"}, Reason: "asked",
		})
		b.must(err)
		there, _ := b.fake.Domain("act.example")
		if answer.Class != registrar.Done || answer.AuthCode == "" || there.AuthCode != answer.AuthCode || there.Registrant.Name != "Bob" ||
			!slices.Equal(there.Nameservers, []string{"ns1.other.example"}) || !slices.Contains(there.Statuses, lockTransfer) {
			b.Fatalf("%+v, %+v", answer, there)
		}
		now := b.load(d.ID)
		if now.Registrant.Name != "Bob" || !slices.Contains(now.State.EPP, lockTransfer) {
			b.Errorf("%+v", now)
		}
		commands := b.commands(d.ID)
		if len(commands) != 1 || commands[0].Outcome != "confirmed" || strings.Contains(fmt.Sprint(commands), answer.AuthCode) {
			b.Errorf("%+v", commands)
		}
		r := b.paid(d, 1) // it is free again
		b.run()
		b.is(r, domainname.RenewalConfirmed, 1)

		b.fake.Break(fault{Kind: registrartest.Code, Command: "update", Code: 2306})
		answer, err = b.Do(b.ctx, d.ID, Act{Nameservers: &[]string{"ns2.example"}})
		b.must(err)
		if answer.Class != registrar.Policy || b.load(d.ID).Nameservers[0] != "ns1.other.example" {
			b.Errorf("%+v", answer)
		}
		if _, err := b.Do(b.ctx, d.ID, Act{}); err == nil {
			b.Error("nothing was done")
		}
	})
}

// The registrar "manual": staff are asked, and say what they did.
func TestByHand(t *testing.T) {
	t.Parallel()
	manual := func(b *bench) {
		b.fake.Caps.Manual = true
		b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "info"}) // nothing can be read
		b.fake.Break(fault{Kind: registrartest.Later, Command: "renew"})
	}
	for _, c := range []struct {
		name  string
		in    ByHand
		state domainname.RenewalState
		err   bool
	}{
		{"done", ByHand{Expiry: "2028-03-10", Reference: "ticket 1"}, domainname.RenewalConfirmed, false},
		{"a year too far", ByHand{Expiry: "2029-03-10"}, domainname.RenewalAttention, false},
		{"the old date", ByHand{Expiry: "2027-03-10"}, domainname.RenewalSubmitted, true},
		{"no date", ByHand{Expiry: "soon"}, domainname.RenewalSubmitted, true},
		{"refused", ByHand{Refused: "it is locked"}, domainname.RenewalHeld, false},
		{"nothing said", ByHand{}, domainname.RenewalSubmitted, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(b *bench) {
				manual(b)
				d := b.domain("hand.example", "2027-03-10")
				r := b.paid(d, 1)
				b.run()
				b.pass(48*time.Hour, 6*time.Hour)
				b.is(r, domainname.RenewalSubmitted, 1)
				if err := b.ByHand(b.ctx, d.ID, c.in); (err != nil) != c.err {
					b.Fatal(err)
				}
				b.run()
				got := b.is(r, c.state, 1)
				if c.state == domainname.RenewalConfirmed {
					b.once(r)
					if b.dates(d.ID, "2028-03-10", "2028-03-10"); got.Reference != "ticket 1" {
						b.Errorf("reference %q", got.Reference)
					}
				}
			})
		})
	}
	t.Run("registration", func(t *testing.T) {
		lite(t, func(b *bench) {
			b.fake.Caps.Manual = true
			b.fake.Break(fault{Kind: registrartest.Code, Command: "register", Code: 1001})
			d := b.awaited("new.example", domainname.PendingRegistration)
			b.run()
			b.pass(12*time.Hour, time.Hour)
			b.status(d, domainname.PendingRegistration)
			b.must(b.ByHand(b.ctx, d.ID, ByHand{Expiry: "2028-11-22"}))
			b.status(d, domainname.Active)
			if n := b.fake.Sent("register"); n != 1 {
				b.Errorf("asked %d times", n)
			}
		})
	})
}

// Refunded while nobody knew what became of the registration: it was not done, and is not asked for again.
func TestRegisterRefundedMeanwhile(t *testing.T) {
	lite(t, func(b *bench) {
		b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "register", Times: 1})
		d := b.awaited("new.example", domainname.PendingRegistration)
		b.run()
		b.purse.refunded = true
		b.pass(6*time.Hour, 10*time.Minute)
		b.status(d, domainname.Cancelled)
		if n := b.fake.Sent("register"); n != 1 {
			b.Errorf("sent %d", n)
		}
	})
}

// A name that the account has had since before the order may be somebody else's: a person decides.
func TestRegisterWhatTheAccountHas(t *testing.T) {
	lite(t, func(b *bench) {
		b.fake.Put(registrartest.Domain{Name: "new.example", Created: "2024-01-01T00:00:00Z", Expiry: "2027-01-01T00:00:00Z"})
		d := b.awaited("new.example", domainname.PendingRegistration)
		b.pass(6*time.Hour, 10*time.Minute)
		b.status(d, domainname.PendingRegistration)
		if b.fake.Sent("register") != 0 || b.tasks(d.ID) != 1 {
			b.Errorf("sent %d, %d tasks", b.fake.Sent("register"), b.tasks(d.ID))
		}
		b.must(b.ByHand(b.ctx, d.ID, ByHand{Refused: "it is somebody else's"}))
		b.status(d, domainname.Cancelled)
	})
}

// strict is an adapter that does not say to the registry what it would not take.
type strict struct{ *registrartest.Fake }

func (s strict) Register(ctx context.Context, transaction string, in registrar.Registration) registrar.Answer {
	if in.Registrant.Email == "" || len(in.Registrant.Address) == 0 {
		return registrar.Answer{Class: registrar.Fault, Message: "the registrant needs a name, an address, a country and an email address"}
	}
	return s.Fake.Register(ctx, transaction, in)
}

func (b *bench) question(domainID string) (detail string) {
	b.Helper()
	b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(b.ctx, `SELECT detail FROM staff_tasks WHERE subject_id = $1 AND state = 'open'`, domainID).Scan(&detail)
	}))
	return detail
}

func (b *bench) arrival(domainID string) Arrival {
	b.Helper()
	a, err := b.Arrival(b.ctx, domainID)
	b.must(err)
	return a
}

// A registration that its adapter can't ask for waits for staff, who are told what is true. Another holder is asked for at once.
func TestHolderOfAnArrival(t *testing.T) {
	each(t, func(b *bench) {
		b.adapter = strict{b.fake}
		d := b.awaited("new.example", domainname.PendingRegistration)
		if a := b.arrival(d.ID); a.Asked || a.Why != "" {
			b.Errorf("before: %+v", a)
		}
		b.run()
		b.status(d, domainname.PendingRegistration)
		why := "The store could not ask the registrar for it: the registrant needs a name, an address, a country and an email address"
		if got := b.question(d.ID); !strings.Contains(got, why) {
			b.Errorf("asked %q", got)
		}
		if a := b.arrival(d.ID); a.Asked || !strings.Contains(a.Why, why) || strings.Contains(a.Why, "new.example") {
			b.Errorf("stands %+v", a)
		}
		whole := domainname.Registrant{Name: "Ada", Address: "1 Lane\n12345 Town", Country: "DE", Email: "ada@example.com"}
		_, err := b.Do(b.ctx, d.ID, Act{Registrant: &whole, Nameservers: &[]string{"ns1.example"}})
		if code(err) != "DOMAIN_NOT_ACTIVE" {
			b.Errorf("nameservers of what is not there: %v", err)
		}
		answer, err := b.Do(b.ctx, d.ID, Act{Registrant: &whole, Reason: "they wrote"})
		b.must(err)
		if got := b.load(d.ID); answer.Class != registrar.Pending || got.Registrant != whole || b.tasks(d.ID) != 0 {
			b.Fatalf("%+v, %+v, %d tasks", answer, got.Registrant, b.tasks(d.ID))
		}
		b.run()
		b.status(d, domainname.Active)
		if there, _ := b.fake.Domain("new.example"); there.Registrant.Email != whole.Email || b.fake.Sent("register") != 1 {
			b.Errorf("%+v, sent %d", there, b.fake.Sent("register"))
		}
	})
}

// What came of a command is awaited: neither is the holder changed meanwhile, nor is it asked again.
func TestHolderOfAnArrivalInFlight(t *testing.T) {
	lite(t, func(b *bench) {
		b.fake.Break(fault{Kind: registrartest.Code, Command: "register", Code: 1001})
		d := b.awaited("new.example", domainname.PendingRegistration)
		b.run()
		if a := b.arrival(d.ID); !a.Asked {
			b.Errorf("stands %+v", a)
		}
		whole := domainname.Registrant{Name: "Ada", Address: "1 Lane", Country: "DE", Email: "ada@example.com"}
		if _, err := b.Do(b.ctx, d.ID, Act{Registrant: &whole}); code(err) != "COMMAND_IN_FLIGHT" {
			b.Errorf("changed: %v", err)
		}
		if err := b.Retry(b.ctx, d.ID, ""); code(err) != "COMMAND_IN_FLIGHT" {
			b.Errorf("tried again: %v", err)
		}
	})
}

// Staff have it tried again: the registry is read first, and what is there by now is not asked for.
func TestTryAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []domainname.Status{domainname.PendingRegistration, domainname.PendingTransfer} {
		for _, there := range []bool{false, true} {
			t.Run(fmt.Sprint(status, " ", there), func(t *testing.T) {
				lite(t, func(b *bench) {
					verb := "register"
					if status == domainname.PendingTransfer {
						verb = "transfer"
						b.fake.Put(registrartest.Domain{Name: "new.example", Expiry: "2027-01-01T10:00:00Z", Sponsor: registrartest.Them, AuthCode: "secret"})
					}
					b.fake.Break(fault{Kind: registrartest.Code, Command: verb, Code: 2005, Times: 1})
					d := b.awaited("new.example", status)
					b.run()
					if b.fake.Sent(verb) != 1 || b.tasks(d.ID) != 1 {
						b.Fatalf("sent %d, %d tasks", b.fake.Sent(verb), b.tasks(d.ID))
					}
					if there {
						b.fake.Put(registrartest.Domain{Name: "new.example", Created: b.store.Clock.Now().Format(time.RFC3339), Expiry: "2028-11-22T12:00:00Z"})
					}
					b.must(b.Retry(event.WithActor(b.ctx, event.Actor{Kind: event.Staff, Name: "ada"}), d.ID, "mended"))
					b.run()
					if !there && status == domainname.PendingTransfer {
						b.fake.EndTransfer("new.example", true)
						b.after(2 * time.Hour)
					}
					b.status(d, domainname.Active)
					if want := map[bool]int{true: 1, false: 2}[there]; b.fake.Sent(verb) != want || b.tasks(d.ID) != 0 {
						b.Errorf("sent %d, want %d; %d tasks", b.fake.Sent(verb), want, b.tasks(d.ID))
					}
					if err := b.Retry(b.ctx, d.ID, ""); code(err) != "NOTHING_TO_TRY" {
						b.Errorf("an active domain: %v", err)
					}
				})
			})
		}
	}
}

// Nobody has to remember: what waits is asked for again after some days, and staff anew, whether they closed the task or not.
func TestStuckIsNotSilent(t *testing.T) {
	t.Parallel()
	for _, closed := range []bool{false, true} {
		t.Run(fmt.Sprint("closed ", closed), func(t *testing.T) {
			lite(t, func(b *bench) {
				b.fake.Break(fault{Kind: registrartest.Code, Command: "register", Code: 2005, Times: 4})
				d := b.awaited("new.example", domainname.PendingRegistration)
				b.run()
				for n := 1; n <= 3; n++ {
					if b.fake.Sent("register") != n || b.tasks(d.ID) != 1 {
						b.Fatalf("round %d: sent %d, %d open tasks", n, b.fake.Sent("register"), b.tasks(d.ID))
					}
					if closed {
						b.must(b.write(func(tx *db.Tx) error { return task.Settled(b.ctx, tx, TaskArrival, d.ID) }))
					}
					b.pass(askedAgain, time.Hour)
				}
				if a := b.arrival(d.ID); a.Asked || !strings.Contains(a.Why, "2005") {
					b.Errorf("stands %+v", a)
				}
				b.pass(2*askedAgain, time.Hour)
				b.status(d, domainname.Active)
				if b.tasks(d.ID) != 0 {
					b.Errorf("%d tasks", b.tasks(d.ID))
				}
			})
		})
	}
	t.Run("older", func(t *testing.T) {
		lite(t, func(b *bench) {
			b.fake.Put(registrartest.Domain{Name: "new.example", Created: "2024-01-01T00:00:00Z", Expiry: "2027-01-01T00:00:00Z"})
			d := b.awaited("new.example", domainname.PendingRegistration)
			b.run()
			b.must(b.write(func(tx *db.Tx) error { return task.Settled(b.ctx, tx, TaskArrival, d.ID) }))
			b.pass(2*askedAgain, 6*time.Hour)
			if b.tasks(d.ID) != 1 || b.fake.Sent("register") != 0 {
				b.Errorf("%d tasks, sent %d", b.tasks(d.ID), b.fake.Sent("register"))
			}
		})
	})
}

// What staff enter of a new domain is what was bought, unless they confirm another date; what they did earlier they may enter late.
func TestDateByHand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		expiry string
		sure   bool
		later  time.Duration
		status domainname.Status
		ok     bool
	}{
		{"2028-11-22", false, 0, domainname.PendingRegistration, true},
		{"2028-11-29", false, 0, domainname.PendingRegistration, true},
		{"2028-11-15", false, 0, domainname.PendingRegistration, true},
		{"2028-11-30", false, 0, domainname.PendingRegistration, false},
		{"2028-11-14", false, 0, domainname.PendingRegistration, false},
		{"2027-11-22", false, 0, domainname.PendingRegistration, false},
		{"2027-11-22", true, 0, domainname.PendingRegistration, true},
		{"2028-11-22", false, 40 * 24 * time.Hour, domainname.PendingRegistration, true},
		{"2025-11-22", false, 0, domainname.PendingRegistration, false},
		{"2025-11-22T10:00:00Z", false, 0, domainname.PendingTransfer, false},
		{"2026-11-21", true, 0, domainname.PendingRegistration, true},
		{"2029-05-01", false, 0, domainname.PendingTransfer, true},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			lite(t, func(b *bench) {
				b.fake.Caps.Manual = true
				for _, verb := range []string{"register", "transfer"} {
					b.fake.Break(fault{Kind: registrartest.Code, Command: verb, Code: 1001})
				}
				d := b.awaited("new.example", c.status)
				b.run()
				b.store.Clock.Advance(c.later)
				err := b.ByHand(b.ctx, d.ID, ByHand{Expiry: c.expiry, Sure: c.sure})
				if e := fail.Of(err); (err == nil) != c.ok || err != nil && e.Field != "expiry" && (len(e.Fields) != 1 || e.Fields[0].Field != "expiry") {
					b.Fatalf("%v", err)
				}
				want := domainname.Active
				if !c.ok {
					want = c.status
				}
				b.status(d, want)
				if got := b.arrival(d.ID); got.Asked != !c.ok {
					b.Errorf("%+v", got)
				}
			})
		})
	}
}
