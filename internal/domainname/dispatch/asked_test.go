package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// outcomes are those of what was asked for about a domain, as the audit log has them, each with who has asked.
func (b *bench) outcomes(domainID string) (all []string) {
	b.Helper()
	b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.SQL().QueryContext(b.ctx, `SELECT actor_kind || ' ' || after || ' ' || why FROM audit_log WHERE subject_id = $1 AND what = $2 ORDER BY id`, domainID, EventChanged)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			all = append(all, s)
		}
		return rows.Err()
	}))
	return all
}

func (b *bench) acts(domainID string, act Act) (registrar.Answer, error) {
	act.Reason = "why"
	return b.Do(event.WithActor(b.ctx, event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Grace"}), domainID, act)
}

// toldOnce checks that what came of an act stands in the audit log once, that an event tells of it if it was done and a question if
// nobody has heard that it was not, and that nothing is in its way afterwards.
func (b *bench) toldOnce(d domainname.Domain, what, outcome string, heard bool) {
	b.Helper()
	if got, want := b.outcomes(d.ID), "staff "+what+": "+outcome+" why"; len(got) != 1 || got[0] != want {
		b.Fatalf("the audit log has %q, want %q; commands %+v", got, want, b.commands(d.ID))
	}
	done := outcome == string(registrar.Done) || outcome == string(registrar.Pending)
	if n := b.events(EventChanged, d.ID); (n == 1) != done || n > 1 {
		b.Fatalf("%d events", n)
	}
	if n := b.tasks(d.ID); (n == 1) != (!done && !heard) || n > 1 {
		b.Fatalf("%d questions", n)
	}
	c := b.commands(d.ID)
	if len(c) != 1 || c[0].SettledAt == "" || (c[0].Outcome == outcomeConfirmed) != done {
		b.Fatalf("commands %+v", c)
	}
}

// The process ends at each point of what somebody has asked for, with an answer and without one: what came of it is read, and told
// once, as what they have done.
func TestActCrashes(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"", "committed", "sent", "answered", "settled"} {
		for kind, name := range map[registrartest.Kind]string{0: "answered", registrartest.CutBefore: "cut before", registrartest.CutAfter: "cut after"} {
			t.Run(point+" "+name, func(t *testing.T) {
				each(t, func(b *bench) {
					d := b.domain("act.example", "2027-03-10")
					if kind != 0 {
						b.fake.Break(fault{Kind: kind, Command: "update", Times: 1})
					}
					if point != "" {
						b.kill(point)
					}
					locked := true
					who := domainname.Registrant{Name: "Bob", Address: "1 Lane", Country: "DE", Email: "bob@example.com"}
					_, err := b.acts(d.ID, Act{Nameservers: &[]string{"NS1.other.example"}, Lock: &locked, Registrant: &who})
					if err != nil && !errors.Is(err, errKilled) {
						b.Fatal(err)
					}
					b.restart()
					b.pass(20*time.Minute, time.Minute)
					there, _ := b.fake.Domain("act.example")
					now := b.load(d.ID)
					outcome := string(registrar.Done)
					if kind == registrartest.CutBefore || point == "committed" {
						outcome = outcomeNotDone
					}
					b.toldOnce(d, "nameservers, lock, registrant", outcome, false)
					done := outcome == string(registrar.Done)
					if shown := slices.Equal(now.Nameservers, []string{"ns1.other.example"}) && now.Registrant == who && slices.Contains(now.State.EPP, lockTransfer); shown != done {
						b.Errorf("the store has %v, %+v, %v", now.Nameservers, now.Registrant, now.State.EPP)
					}
					if is := there.Registrant.Name == "Bob"; is != done {
						b.Errorf("the registry has %+v", there)
					}
					// It bars nothing.
					r := b.paid(d, 1)
					b.run()
					b.is(r, domainname.RenewalConfirmed, 1)
					if done != (b.tasks(d.ID) == 0) {
						b.Errorf("%d questions after something else", b.tasks(d.ID))
					}
				})
			})
		}
	}
}

// A refusal is heard by whoever has asked, and stands in the audit log.
func TestActRefused(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("act.example", "2027-03-10")
		b.fake.Break(fault{Kind: registrartest.Code, Command: "update", Code: 2306})
		a, err := b.acts(d.ID, Act{Nameservers: &[]string{"ns1.other.example"}})
		b.must(err)
		b.pass(20*time.Minute, time.Minute)
		if a.Class != registrar.Policy {
			b.Errorf("%+v", a)
		}
		b.toldOnce(d, "nameservers", string(registrar.Policy), true)
	})
}

// Whoever waits for an answer that is lost hears what the registry shows at once, the code included; an effect that comes late is
// waited for.
func TestActAnswerLost(t *testing.T) {
	t.Parallel()
	t.Run("code", func(t *testing.T) {
		each(t, func(b *bench) {
			d := b.domain("act.example", "2027-03-10")
			b.fake.Break(fault{Kind: registrartest.CutAfter, Command: "update", Times: 1})
			a, err := b.acts(d.ID, Act{AuthCode: true})
			b.must(err)
			if there, _ := b.fake.Domain("act.example"); a.Class != registrar.Done || a.AuthCode == "" || a.AuthCode != there.AuthCode {
				b.Errorf("%+v, the registry has %q", a, there.AuthCode)
			}
			b.toldOnce(d, "auth_code", string(registrar.Done), true)
		})
	})
	t.Run("late", func(t *testing.T) {
		each(t, func(b *bench) {
			b.fake.Caps.Settle = 2 * time.Minute
			d := b.domain("act.example", "2027-03-10")
			b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "update", Times: 1})
			a, err := b.acts(d.ID, Act{Nameservers: &[]string{"ns1.other.example"}})
			b.must(err)
			if got := b.outcomes(d.ID); a.Class != registrar.Unknown || len(got) != 0 {
				b.Fatalf("%+v, %q", a, got)
			}
			if _, err := b.acts(d.ID, Act{Nameservers: &[]string{"ns2.other.example"}}); code(err) != "COMMAND_IN_FLIGHT" {
				b.Errorf("another meanwhile: %v", err)
			}
			b.after(time.Minute)
			b.fake.Change("act.example", func(d *registrartest.Domain) { d.Nameservers = []string{"ns1.other.example"} })
			b.pass(5*time.Minute, time.Minute)
			b.toldOnce(d, "nameservers", string(registrar.Done), false)
		})
	})
	t.Run("unreachable for long", func(t *testing.T) {
		each(t, func(b *bench) {
			d := b.domain("act.example", "2027-03-10")
			b.fake.Break(fault{Kind: registrartest.CutAfter, Command: "update", Times: 1})
			b.fake.Break(fault{Kind: registrartest.Unreachable, Command: "info"})
			_, err := b.acts(d.ID, Act{Nameservers: &[]string{"ns1.other.example"}})
			b.must(err)
			b.pass(4*time.Hour, 5*time.Minute)
			if got := b.outcomes(d.ID); len(got) != 0 || b.tasks(d.ID) != 1 {
				b.Fatalf("%q, %d questions", got, b.tasks(d.ID))
			}
			b.fake.Heal()
			b.pass(2*time.Hour, 5*time.Minute)
			if got := b.outcomes(d.ID); len(got) != 1 || !strings.Contains(got[0], "nameservers: done") {
				b.Fatalf("%q", got)
			}
		})
	})
}

// What can't be read is told as what it is.
func TestActThatCantBeRead(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]Act{
		"auth_code": {AuthCode: true}, "registrant": {Registrant: &domainname.Registrant{Name: "Bob", Address: "1 Lane", Country: "DE", Email: "bob@example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			lite(t, func(b *bench) {
				b.fake.NoHolders = true
				d := b.domain("act.example", "2027-03-10")
				b.kill("sent")
				if _, err := b.acts(d.ID, act); !errors.Is(err, errKilled) {
					b.Fatalf("the process did not end: %v", err)
				}
				b.restart()
				b.pass(20*time.Minute, time.Minute)
				b.toldOnce(d, name, askedUnknown, false)
				if got := b.question(d.ID); !strings.Contains(got, "Grace") || !strings.Contains(got, "can't be read") {
					b.Errorf("asked %q", got)
				}
				there, _ := b.fake.Domain("act.example")
				if there.AuthCode != "" && strings.Contains(fmt.Sprint(b.question(d.ID), b.commands(d.ID), b.outcomes(d.ID)), there.AuthCode) {
					b.Error("the code is told")
				}
			})
		})
	}
}

// A domain that has left meanwhile has not been changed.
func TestActOnWhatHasLeft(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("act.example", "2027-03-10")
		b.kill("committed")
		_, _ = b.acts(d.ID, Act{Nameservers: &[]string{"ns1.other.example"}})
		b.restart()
		b.fake.Change("act.example", func(d *registrartest.Domain) { d.Sponsor = registrartest.Them })
		b.pass(20*time.Minute, time.Minute)
		b.toldOnce(d, "nameservers", outcomeNotDone, false)
		if got := b.question(d.ID); strings.Contains(got, "as before") || !strings.Contains(got, "does not have the domain") {
			b.Errorf("asked %q", got)
		}
	})
}

// putter is a registrar whose commands are put before staff, as "manual" does it.
type putter struct {
	*registrartest.Fake

	b *bench
}

func (p putter) Update(ctx context.Context, transaction string, _ registrar.Update) registrar.Answer {
	p.b.must(p.b.write(func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(ctx, `INSERT INTO staff_tasks (id, kind, subject_id, occasion, detail, state, created_at)
			SELECT 'tsk_x', 'domain.change_by_hand', domain_id, transaction_id, 'do it', 'open', 1 FROM registrar_commands WHERE transaction_id = $1`, transaction)
		return err
	}))
	return registrar.Answer{Class: registrar.Pending}
}

// Where people do it, they were asked, or they were not.
func TestActByHandCrashes(t *testing.T) {
	t.Parallel()
	for point, outcome := range map[string]string{"committed": outcomeNotDone, "sent": string(registrar.Pending)} {
		t.Run(point, func(t *testing.T) {
			lite(t, func(b *bench) {
				b.fake.Caps.Manual = true
				b.fake.Break(fault{Kind: registrartest.Unreachable, Command: "info"})
				b.adapter = putter{b.fake, b}
				d := b.domain("act.example", "2027-03-10")
				b.kill(point)
				_, _ = b.acts(d.ID, Act{Nameservers: &[]string{"ns1.other.example"}})
				b.restart()
				b.pass(20*time.Minute, time.Minute)
				if got := b.outcomes(d.ID); len(got) != 1 || !strings.Contains(got[0], "nameservers: "+outcome) || b.tasks(d.ID) != 1 {
					b.Fatalf("%q, %d questions", got, b.tasks(d.ID))
				}
			})
		})
	}
}

// A registry takes a change on, and refuses it after all: staff hear so, as whoever asked for it was told that it would be done.
func TestActRefusedAfterAll(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("act.example", "2027-03-10")
		b.fake.Break(fault{Kind: registrartest.Code, Command: "update", Code: 1001, Times: 1})
		a, err := b.acts(d.ID, Act{Nameservers: &[]string{"ns1.other.example"}})
		b.must(err)
		if a.Class != registrar.Pending {
			b.Fatalf("%+v", a)
		}
		b.fake.Tell(registrar.Message{Text: "Update refused", Name: "act.example", Transaction: b.commands(d.ID)[0].Transaction, Done: new(false)})
		b.pass(2*time.Minute, time.Minute)
		if got := b.outcomes(d.ID); len(got) != 2 || !strings.Contains(got[1], "not_done") || !strings.Contains(b.question(d.ID), "Update refused") {
			b.Errorf("%q", got)
		}
		if got := b.question(d.ID); !strings.Contains(got, "other nameservers") || !strings.Contains(got, "shows what was asked for") {
			b.Errorf("asked %q", got)
		}
		if !b.readNow(d.ID) {
			b.Error("what the store has believed since is not read")
		}
	})
}

// readNow reports whether sync reads a domain next thing.
func (b *bench) readNow(domainID string) (is bool) {
	b.Helper()
	b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(b.ctx, `SELECT sync_at IS NOT NULL AND sync_at <= $2 FROM domains WHERE id = $1`, domainID, tx.Stamp).Scan(&is)
	}))
	return is
}

// brisk is a registry whose message of what came of a change is heard by another process before its own answer arrives.
type brisk struct {
	*registrartest.Fake

	b     *bench
	done  bool
	other *Service
}

func (r brisk) Update(ctx context.Context, transaction string, in registrar.Update) registrar.Answer {
	r.Break(fault{Kind: registrartest.Code, Command: "update", Code: 1001, Commit: r.done, Times: 1})
	a := r.Fake.Update(ctx, transaction, in)
	r.Tell(registrar.Message{Text: "Update ended", Name: in.Name, Transaction: transaction, Done: &r.done})
	_, err := r.other.RunDue(ctx)
	r.b.must(err)
	return a
}

func TestActMessageBeforeAnswer(t *testing.T) {
	t.Parallel()
	for done, want := range map[bool]struct {
		class   registrar.Class
		outcome string
	}{true: {registrar.Done, string(registrar.Done)}, false: {registrar.Policy, outcomeNotDone}} {
		t.Run(want.outcome, func(t *testing.T) {
			each(t, func(b *bench) {
				b.adapter = brisk{b.fake, b, done, New(b.store.DB, b.config)}
				d := b.domain("act.example", "2027-03-10")
				a, err := b.acts(d.ID, Act{Nameservers: &[]string{"ns1.other.example"}})
				b.must(err)
				if a.Class != want.class || !done && a.Message != "Update ended" {
					b.Errorf("%+v", a)
				}
				b.pass(20*time.Minute, time.Minute)
				b.toldOnce(d, "nameservers", want.outcome, true)
				if now := b.load(d.ID); slices.Equal(now.Nameservers, []string{"ns1.other.example"}) != done {
					b.Errorf("the store has %v", now.Nameservers)
				}
			})
		})
	}
}

// echo is a registry that repeats what it does not like.
type echo struct{ *registrartest.Fake }

func (echo) Update(_ context.Context, _ string, in registrar.Update) registrar.Answer {
	return registrar.Answer{Class: registrar.Policy, Code: 2306, Message: "The code " + in.AuthCode + " is too plain."}
}

// The transfer code is told to who asked for it, once it counts, and stands nowhere else: not even in the words of who refuses it.
func TestActKeepsTheCode(t *testing.T) {
	lite(t, func(b *bench) {
		b.adapter = echo{b.fake}
		d := b.domain("act.example", "2027-03-10")
		a, err := b.acts(d.ID, Act{AuthCode: true})
		b.must(err)
		if a.AuthCode != "" || a.Message != "The code … is too plain." || b.commands(d.ID)[0].Message != a.Message {
			b.Errorf("%+v, %+v", a, b.commands(d.ID))
		}
	})
}

// Years that are found at the registry on the way, while an unpaid invoice asks for them, are noted with that: sync, which finds
// nothing new afterwards, does not do it.
func TestYearsThatAreFoundOnTheWay(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(b *bench, d domainname.Domain){
		"read after a change": func(b *bench, d domainname.Domain) {
			b.fake.Break(fault{Kind: registrartest.CutAfter, Command: "update", Times: 1})
			_, err := b.acts(d.ID, Act{Nameservers: &[]string{"ns1.other.example"}})
			b.must(err)
		},
		"read before a deletion": func(b *bench, d domainname.Domain) {
			_, err := b.Delete(b.ctx, d.ID, Deletion{Name: d.Name.String(), Version: b.load(d.ID).Version, Reason: "nobody pays"})
			if code(err) != "CHANGED_MEANWHILE" {
				b.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(b *bench) {
				d := b.domain("act.example", "2027-03-10")
				r := domainname.Renewal{
					DomainID: d.ID, CustomerID: d.CustomerID, Base: day("2027-03-10"), Expected: day("2028-03-10"), Years: 1, Kind: domainname.Ordered,
					State: domainname.RenewalOpen, Price: eur(1200), Fee: eur(0), Stage: domainname.StageActive, PolicyID: b.policy.ID,
				}
				b.must(b.write(func(tx *db.Tx) error { return domainname.InsertRenewal(b.ctx, tx, &r) }))
				b.fake.Change("act.example", func(d *registrartest.Domain) { d.Expiry, d.RGP = "2028-03-10T10:00:00Z", []string{"autoRenewPeriod"} })
				act(b, d)
				if now := b.renewal(r.ID); now.State != domainname.RenewalSatisfied || now.Cause != CauseItself {
					b.Errorf("%s (%s)", now.State, now.Cause)
				}
				b.dates(d.ID, "2028-03-10", "2027-03-10")
			})
		})
	}
}
