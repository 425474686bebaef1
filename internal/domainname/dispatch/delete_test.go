package dispatch

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// renewedItself puts a domain into the store and the registry that the registry has renewed by itself and nobody has paid for.
func (b *bench) renewedItself(name string) domainname.Domain {
	b.Helper()
	b.rules(auto)
	d := b.domain(name, "2027-03-10")
	b.store.Clock.Set(time.Date(2027, 3, 20, 12, 0, 0, 0, time.UTC))
	b.fake.Put(registrartest.Domain{Name: name, Expiry: "2028-03-10T10:00:00Z", Statuses: []string{"ok"}, RGP: []string{"autoRenewPeriod"}})
	return d
}

func (b *bench) delete(d domainname.Domain) (registrar.Answer, error) {
	return b.Delete(b.ctx, d.ID, Deletion{Name: d.Name.String(), Reason: "nobody pays"})
}

// isDeleted checks that a domain is in its redemption, that one command was sent for it and that it was told once.
func (b *bench) isDeleted(d domainname.Domain, status domainname.Status) domainname.Domain {
	b.Helper()
	now := b.load(d.ID)
	if now.Status != status || now.DeletedAt == nil || !now.DoNotRenew {
		b.Fatalf("%s, deleted at %v, do not renew %t; commands %+v", now.Status, now.DeletedAt, now.DoNotRenew, b.commands(d.ID))
	}
	if n := b.fake.Sent("delete", d.Name.String()); n != 1 {
		b.Fatalf("sent %d times", n)
	}
	if n := b.events(EventDeleted, d.ID); n != 1 {
		b.Fatalf("told %d times", n)
	}
	if c := b.commands(d.ID)[0]; c.Command != "delete" || c.Outcome != outcomeConfirmed || c.SettledAt == "" {
		b.Fatalf("command %+v", c)
	}
	return now
}

func code(err error) string {
	if e, ok := errors.AsType[*fail.Error](err); ok {
		return e.Code
	}
	return ""
}

// The year that the registry has added goes back, and the domain is restorable for the days of its redemption, whether or not
// somebody reads the registry meanwhile.
func TestDelete(t *testing.T) {
	each(t, func(b *bench) {
		d := b.renewedItself("gone.auto")
		a, err := b.delete(d)
		b.must(err)
		if a.Class != registrar.Pending {
			b.Errorf("answer %+v", a)
		}
		now := b.isDeleted(d, domainname.Redemption)
		b.dates(d.ID, "2027-03-10", "2027-03-10")
		policy := b.policyOf(d)
		if w := now.Window(policy); w.LastRestore.String() != "2027-04-19" {
			b.Errorf("restorable until %s", w.LastRestore)
		}
		for days, want := range map[int]domainname.Status{1: domainname.Redemption, 30: domainname.Redemption, 31: domainname.Expired} {
			if got := domainname.Assess(now, policy, nil, b.store.Clock.Now().AddDate(0, 0, days)).Status; got != want {
				b.Errorf("%s after %d days, want %s", got, days, want)
			}
		}
		if _, err := b.delete(d); code(err) != "DOMAIN_DELETED" {
			b.Errorf("again: %v", err)
		}
		// The registry has it again: it is given up no more.
		now.Heard(domainname.RegistryState{EPP: []string{"ok"}, Sponsor: domainname.SponsorOurs}, b.store.Clock.Now())
		if now.DeletedAt != nil {
			b.Error("still given up")
		}
	})
}

// policyOf is the policy that counts for a domain now.
func (b *bench) policyOf(d domainname.Domain) domainname.Policy {
	b.Helper()
	f, err := (&worker{Service: b.Service, id: d.ID}).facts(b.ctx)
	b.must(err)
	return *f.policy
}

// In the middle of its term a domain is in redemption, too; where the registry keeps nothing, it is over at once.
func TestDeleteElsewhen(t *testing.T) {
	t.Parallel()
	t.Run("mid-term", func(t *testing.T) {
		lite(t, func(b *bench) {
			d := b.domain("early.example", "2027-03-10")
			_, err := b.delete(d)
			b.must(err)
			now := b.isDeleted(d, domainname.Redemption)
			b.dates(d.ID, "2027-03-10", "2027-03-10")
			if got := domainname.Assess(now, b.policy, nil, b.store.Clock.Now().AddDate(0, 0, 20)).Status; got != domainname.Redemption {
				b.Errorf("%s when nobody has read it for 20 days", got)
			}
		})
	})
	t.Run("no redemption", func(t *testing.T) {
		lite(t, func(b *bench) {
			b.fake.NoRedemption = true
			d := b.domain("young.example", "2027-03-10")
			a, err := b.delete(d)
			b.must(err)
			if a.Class != registrar.Done {
				b.Errorf("answer %+v", a)
			}
			now := b.isDeleted(d, domainname.Expired)
			if got := domainname.Assess(now, b.policy, nil, b.store.Clock.Now()).Status; got != domainname.Expired {
				b.Errorf("shown as %s", got)
			}
		})
	})
}

// An answer that does not come is looked for at the registry, and the command is never sent again by itself.
func TestDeleteUnknown(t *testing.T) {
	t.Parallel()
	t.Run("done", func(t *testing.T) {
		lite(t, func(b *bench) {
			d := b.renewedItself("gone.auto")
			b.fake.Break(fault{Kind: registrartest.CutAfter, Command: "delete", Times: 1})
			a, err := b.delete(d)
			b.must(err)
			if a.Class != registrar.Unknown {
				b.Errorf("answer %+v", a)
			}
			b.isDeleted(d, domainname.Redemption) // read at once
		})
	})
	t.Run("not done", func(t *testing.T) {
		lite(t, func(b *bench) {
			d := b.renewedItself("stays.auto")
			b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "delete", Times: 1})
			_, err := b.delete(d)
			b.must(err)
			if c := b.commands(d.ID)[0]; c.SettledAt != "" {
				b.Fatalf("settled at once: %+v", c)
			}
			if _, err := b.delete(d); code(err) != "COMMAND_IN_FLIGHT" {
				b.Errorf("again meanwhile: %v", err)
			}
			b.pass(3*time.Hour, 5*time.Minute)
			if c := b.commands(d.ID)[0]; c.Outcome != outcomeNotDone || b.fake.Sent("delete", d.Name.String()) != 1 || b.tasks(d.ID) != 1 {
				b.Fatalf("%+v, %d tasks", c, b.tasks(d.ID))
			}
			if now := b.load(d.ID); now.DeletedAt != nil || now.Status == domainname.Redemption || b.events(EventDeleted, d.ID) != 0 {
				b.Errorf("deleted: %+v", now)
			}
			_, err = b.delete(d) // a person asks again
			b.must(err)
			if now := b.load(d.ID); now.DeletedAt == nil {
				b.Error("not deleted")
			}
			if again := b.fake.Repeated(); again != nil {
				b.Errorf("sent twice: %v", again)
			}
		})
	})
	t.Run("unreadable", func(t *testing.T) {
		lite(t, func(b *bench) {
			d := b.renewedItself("gone.auto")
			b.fake.Break(fault{Kind: registrartest.CutAfter, Command: "delete", Times: 1})
			b.fake.Break(fault{Kind: registrartest.Unreachable, Command: "info", Skip: 1})
			_, err := b.delete(d)
			b.must(err)
			b.after(10 * time.Minute)
			if c := b.commands(d.ID)[0]; c.SettledAt != "" {
				b.Fatalf("settled: %+v", c)
			}
			b.fake.Heal()
			b.pass(3*time.Hour, 30*time.Minute)
			b.isDeleted(d, domainname.Redemption)
		})
	})
}

// Wherever the process dies, the registry is read, nothing is sent twice, and it is told once.
func TestDeleteDies(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"committed", "sent", "answered"} {
		t.Run(point, func(t *testing.T) {
			lite(t, func(b *bench) {
				d := b.renewedItself("gone.auto")
				b.kill(point)
				if _, err := b.delete(d); !errors.Is(err, errKilled) {
					b.Fatal(err)
				}
				b.restart()
				b.pass(2*time.Hour, 5*time.Minute)
				if point == "committed" {
					if n := b.fake.Sent("delete"); n != 0 || b.tasks(d.ID) != 1 || b.load(d.ID).DeletedAt != nil {
						b.Fatalf("sent %d, %d tasks", n, b.tasks(d.ID))
					}
					return
				}
				b.isDeleted(d, domainname.Redemption)
			})
		})
	}
}

// At a registrar without an interface staff delete it, and nothing is settled before they have said what came of it.
func TestDeleteByHand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		in      ByHand
		outcome string
		err     bool
	}{
		{"done", ByHand{Deleted: true, Reference: "ticket 1"}, outcomeConfirmed, false},
		{"refused", ByHand{Refused: "it is locked"}, outcomeNotDone, false},
		{"a date", ByHand{Expiry: "2028-03-10"}, string(registrar.Pending), true},
		{"both", ByHand{Deleted: true, Refused: "it is locked"}, string(registrar.Pending), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(b *bench) {
				b.fake.Caps.Manual = true
				b.fake.Break(fault{Kind: registrartest.Unreachable, Command: "info"}) // nothing can be read
				b.fake.Break(fault{Kind: registrartest.Code, Command: "delete", Code: 1001})
				d := b.domain("hand.example", "2027-03-10")
				a, err := b.delete(d)
				b.must(err)
				if a.Class != registrar.Pending {
					b.Errorf("answer %+v", a)
				}
				b.pass(30*24*time.Hour, 12*time.Hour)
				if got := b.commands(d.ID)[0]; got.Outcome != string(registrar.Pending) || b.load(d.ID).DeletedAt != nil || b.tasks(d.ID) != 0 {
					b.Fatalf("settled by nobody: %+v, %d tasks", got, b.tasks(d.ID))
				}
				if err := b.ByHand(b.ctx, d.ID, c.in); (err != nil) != c.err {
					b.Fatal(err)
				}
				b.run()
				if got := b.commands(d.ID)[0]; got.Outcome != c.outcome {
					b.Errorf("%+v", got)
				}
				if c.outcome == outcomeConfirmed {
					b.isDeleted(d, domainname.Redemption)
				} else if b.load(d.ID).DeletedAt != nil || b.events(EventDeleted, d.ID) != 0 {
					b.Error("deleted")
				}
			})
		})
	}
}

// What can't, or mustn't, be deleted is refused before anything is sent.
func TestDeleteRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at     func(*registrartest.Domain)
		change func(*bench, domainname.Domain)
		typed  string
		want   string
	}{
		"another name": {typed: "other.example", want: fail.CodeInvalidInput},
		"locked":       {at: func(d *registrartest.Domain) { d.Statuses = []string{"clientDeleteProhibited"} }, want: "REGISTRY_LOCK"},
		"deleted": {at: func(d *registrartest.Domain) {
			d.Statuses, d.RGP = []string{"pendingDelete"}, []string{"redemptionPeriod"}
		}, want: "DOMAIN_DELETED"},
		"another's":   {at: func(d *registrartest.Domain) { d.Sponsor = registrartest.Them }, want: "NOT_AT_REGISTRAR"},
		"not offered": {change: func(b *bench, _ domainname.Domain) { b.fake.Caps.Delete = false }, want: "NOT_OFFERED"},
		"unreachable": {change: func(b *bench, _ domainname.Domain) {
			b.fake.Break(fault{Kind: registrartest.Unreachable, Command: "delete"})
		}, want: "NOT_SENT"},
		"refused": {change: func(b *bench, _ domainname.Domain) {
			b.fake.Break(fault{Kind: registrartest.Code, Code: 2308, Command: "delete"})
		}, want: "REGISTRAR_REFUSED"},
	} {
		t.Run(name, func(t *testing.T) {
			lite(t, func(b *bench) {
				d := b.domain("keep.example", "2027-03-10")
				if c.at != nil {
					b.fake.Change(d.Name.String(), c.at)
				}
				if c.change != nil {
					c.change(b, d)
				}
				if c.typed == "" {
					c.typed = strings.ToUpper(d.Name.String()) + "."
				}
				_, err := b.Delete(b.ctx, d.ID, Deletion{Name: c.typed})
				if code(err) != c.want {
					b.Fatalf("%v, want %s", err, c.want)
				}
				b.pass(2*time.Hour, 30*time.Minute)
				if slices.ContainsFunc(b.fake.Commands("delete"), func(s registrartest.Sent) bool { return s.Done }) || b.load(d.ID).DeletedAt != nil || b.tasks(d.ID) != 0 {
					b.Error("something was done")
				}
				if slices.ContainsFunc(b.commands(d.ID), func(c Command) bool { return c.SettledAt == "" }) {
					b.Error("in flight")
				}
			})
		})
	}
}

// What was seen is deleted, and nothing else: a domain that has changed since, or to which the registry has added years that nobody
// had looked at, is a conflict, and the next look shows why.
func TestDeleteWhatWasSeen(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *bench, d domainname.Domain){
		"paid and renewed": func(b *bench, d domainname.Domain) {
			r := b.paid(d, 1)
			b.run()
			b.is(r, domainname.RenewalConfirmed, 1)
		},
		"changed by somebody": func(b *bench, d domainname.Domain) {
			b.must(b.write(func(tx *db.Tx) error {
				now, err := domainname.Lock(b.ctx, tx, d.ID)
				if err != nil {
					return err
				}
				now.DoNotRenew = true
				return domainname.Save(b.ctx, tx, &now)
			}))
		},
		"renewed elsewhere": func(b *bench, d domainname.Domain) {
			b.fake.Change(d.Name.String(), func(d *registrartest.Domain) { d.Expiry = "2028-03-10T10:00:00Z" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(b *bench) {
				d := b.domain("seen.example", "2027-03-10")
				seen := b.load(d.ID).Version
				change(b, d)
				_, err := b.Delete(b.ctx, d.ID, Deletion{Name: d.Name.String(), Version: seen, Reason: "nobody pays"})
				if code(err) != "CHANGED_MEANWHILE" || b.fake.Sent("delete") != 0 {
					b.Fatalf("%v, sent %d", err, b.fake.Sent("delete"))
				}
				now := b.load(d.ID)
				if want := map[bool]string{true: "2027-03-10", false: "2028-03-10"}[name == "changed by somebody"]; now.Expiry.Date().String() != want {
					b.Errorf("the store shows %s, want %s", now.Expiry.Date(), want)
				}
				_, err = b.Delete(b.ctx, d.ID, Deletion{Name: d.Name.String(), Version: now.Version, Reason: "nobody pays"})
				b.must(err)
				if n := b.fake.Sent("delete"); n != 1 {
					b.Errorf("sent %d times", n)
				}
			})
		})
	}
}

// Somebody pays between the last look and the command: that is found under the domain's lock.
func TestDeleteRacesWithAPayment(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("raced.example", "2027-03-10")
		seen := b.load(d.ID).Version
		b.fake.Before = func(command, _ string) {
			if command == "info" && seen == b.load(d.ID).Version {
				b.paid(d, 1)
			}
		}
		_, err := b.Delete(b.ctx, d.ID, Deletion{Name: d.Name.String(), Version: seen, Reason: "nobody pays"})
		if code(err) != "CHANGED_MEANWHILE" || b.fake.Sent("delete") != 0 {
			b.Fatalf("%v, sent %d", err, b.fake.Sent("delete"))
		}
	})
}
