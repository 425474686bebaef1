package dispatch

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// theirs puts a domain into the registry that another registrar has, and a paid transfer of it into the store.
func (b *bench) theirs(name string) domainname.Domain {
	b.Helper()
	b.fake.Put(registrartest.Domain{Name: name, Expiry: "2027-01-01T10:00:00Z", Sponsor: registrartest.Them, AuthCode: "secret"})
	return b.awaited(name, domainname.PendingTransfer)
}

// begun counts the transfers of a name that the registry has begun.
func (b *bench) begun(name string) (n int) {
	for _, s := range b.fake.Commands("transfer", name) {
		if s.Done {
			n++
		}
	}
	return n
}

// cameOnce checks that a transfer was begun once and ended as it was to, that it was told once, and that nothing is in flight.
func (b *bench) cameOnce(d domainname.Domain, done bool) {
	b.Helper()
	want, came := domainname.Active, [2]int{1, 0}
	if !done {
		want, came = domainname.Cancelled, [2]int{0, 1}
	}
	b.status(d, want)
	told := [2]int{}
	for _, id := range b.purse.confirmed {
		if id == d.ID {
			told[0]++
		}
	}
	for _, s := range b.purse.refused {
		if strings.HasPrefix(s, d.ID+" ") {
			told[1]++
		}
	}
	if n := b.begun(d.Name.String()); n != 1 || told != came {
		b.Fatalf("begun %d times, confirmed and refused %v; commands %+v", n, told, b.commands(d.ID))
	}
	if again := b.fake.Repeated(); again != nil {
		b.Fatalf("sent twice: %v", again)
	}
	for _, c := range b.commands(d.ID) {
		if c.SettledAt == "" {
			b.Fatalf("in flight: %+v", c)
		}
	}
	if done {
		b.dates(d.ID, "2028-01-01", "2028-01-01")
	}
}

// The process ends at each point of a transfer, with an answer and without one, done at once or later: it is begun once.
func TestTransferCrashes(t *testing.T) {
	t.Parallel()
	for _, point := range points {
		for kind, name := range map[registrartest.Kind]string{0: "answered", registrartest.CutBefore: "cut before", registrartest.CutAfter: "cut after"} {
			for _, atOnce := range []bool{true, false} {
				t.Run(fmt.Sprint(point, " ", name, " ", atOnce), func(t *testing.T) {
					each(t, func(b *bench) {
						b.fake.TransferAtOnce = atOnce
						if kind != 0 {
							b.fake.Break(fault{Kind: kind, Command: "transfer", Times: 1})
						}
						d := b.theirs("in.example")
						b.kill(point)
						for range 10 { // a transfer that waits for its end comes to the last point only after it
							_, _ = b.RunDue(b.ctx)
							b.store.Clock.Advance(time.Minute)
						}
						if b.fake.Transferring("in.example") {
							b.fake.EndTransfer("in.example", true)
						}
						b.store.Clock.Advance(time.Hour)
						_, _ = b.RunDue(b.ctx)
						b.restart()
						b.store.Clock.Advance(lease)
						b.pass(3*time.Hour, 10*time.Minute)
						b.cameOnce(d, true)
					})
				})
			}
		}
	}
}

// Two processes work at the same transfers, which staff have tried again all the while, and customers wait for: each is begun once.
func TestTransferRaced(t *testing.T) {
	t.Parallel()
	for kind, name := range map[registrartest.Kind]string{0: "answered", registrartest.CutBefore: "cut before", registrartest.CutAfter: "cut after"} {
		t.Run(name, func(t *testing.T) {
			each(t, func(b *bench) {
				var all []domainname.Domain
				for n := range 6 {
					all = append(all, b.theirs(fmt.Sprintf("in%d.example", n)))
				}
				if kind != 0 {
					b.fake.Break(fault{Kind: kind, Command: "transfer", Times: len(all)})
				}
				processes := []*Service{b.Service, New(b.store.DB, b.config), New(b.store.DB, b.config)}
				for range 8 {
					var group sync.WaitGroup
					for _, p := range processes {
						group.Go(func() { _, _ = p.RunDue(b.ctx) })
						group.Go(func() {
							for _, d := range all {
								_ = p.Retry(b.ctx, d.ID, "again") // refused while something is awaited
							}
						})
					}
					group.Wait()
					b.store.Clock.Advance(time.Minute)
				}
				for n, d := range all {
					if !b.fake.Transferring(d.Name.String()) {
						b.Fatalf("%s is not under way: %+v", d.Name, b.commands(d.ID))
					}
					b.fake.EndTransfer(d.Name.String(), n%2 == 0)
				}
				for range 4 {
					var group sync.WaitGroup
					for _, p := range processes {
						group.Go(func() { _, _ = p.RunDue(b.ctx) })
					}
					group.Wait()
					b.store.Clock.Advance(time.Hour)
				}
				for n, d := range all {
					b.cameOnce(d, n%2 == 0)
				}
			})
		})
	}
}

// hasty is a registry whose transfer ends, and whose message of that is heard by another process, before its own answer arrives.
type hasty struct {
	*registrartest.Fake

	b     *bench
	done  bool
	lost  bool // the answer
	other *Service
}

func (h hasty) Transfer(ctx context.Context, transaction string, in registrar.TransferIn) registrar.Answer {
	a := h.Fake.Transfer(ctx, transaction, in)
	h.EndTransfer(in.Name, h.done)
	if h.done { // as some registries say it, too
		h.Tell(registrar.Message{Text: "Transfer completed", Name: in.Name, Transaction: transaction, Done: &h.done})
	}
	_, err := h.other.RunDue(ctx)
	h.b.must(err)
	if h.lost {
		return registrar.Answer{Class: registrar.Unknown}
	}
	return a
}

func TestTransferMessageBeforeAnswer(t *testing.T) {
	t.Parallel()
	for _, done := range []bool{true, false} {
		for _, lost := range []bool{true, false} {
			t.Run(fmt.Sprint(done, " ", lost), func(t *testing.T) {
				each(t, func(b *bench) {
					b.adapter = hasty{b.fake, b, done, lost, New(b.store.DB, b.config)}
					d := b.theirs("in.example")
					b.run()
					b.pass(3*time.Hour, 10*time.Minute)
					b.cameOnce(d, done)
				})
			})
		}
	}
}

// What an earlier transfer of the name came to says nothing of this one, which never arrived: it is asked for again.
func TestTransferAfterARefusedOne(t *testing.T) {
	each(t, func(b *bench) {
		first := b.theirs("in.example")
		b.run()
		b.fake.EndTransfer("in.example", false)
		b.after(time.Hour)
		b.status(first, domainname.Cancelled)
		second := b.awaited("in.example", domainname.PendingTransfer)
		b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "transfer", Times: 1})
		b.pass(10*time.Minute, time.Minute)
		if !b.fake.Transferring("in.example") {
			b.Fatalf("%s, commands %+v, refused %v", b.load(second.ID).Status, b.commands(second.ID), b.purse.refused)
		}
		b.fake.EndTransfer("in.example", true)
		b.after(time.Hour)
		b.status(second, domainname.Active)
	})
}

// A transfer that goes nowhere is not silent: the registry's message that it was not done ends it, and staff are asked about one
// that the registry has forgotten, or that nobody ends.
func TestTransferThatGoesNowhere(t *testing.T) {
	t.Parallel()
	t.Run("not done", func(t *testing.T) {
		each(t, func(b *bench) {
			d := b.theirs("in.example")
			b.run()
			b.fake.ForgetTransfer("in.example")
			b.fake.Tell(registrar.Message{Text: "No", Name: "in.example", Transaction: b.commands(d.ID)[0].Transaction, Done: new(false)})
			b.after(time.Hour)
			b.status(d, domainname.Cancelled)
		})
	})
	for name, days := range map[string]int{"forgotten": 2, "pending": 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, dbtest.SQLite(t))
			d := b.theirs("in.example")
			b.run()
			if name == "forgotten" {
				b.fake.ForgetTransfer("in.example")
			}
			b.pass(time.Duration(days)*24*time.Hour, 2*time.Hour)
			if n := b.tasks(d.ID); n != 0 {
				b.Fatalf("%d questions", n)
			}
			b.pass(4*time.Hour, 2*time.Hour)
			b.status(d, domainname.PendingTransfer)
			if n := b.tasks(d.ID); n != 1 || b.fake.Sent("transfer") != 1 {
				b.Fatalf("%d questions, sent %d", n, b.fake.Sent("transfer"))
			}
		})
	}
}

// A registry refuses a transfer and begins it all the same: no code decides, so the money stays until it is over.
func TestTransferRefusedAndBegun(t *testing.T) {
	t.Parallel()
	for _, answered := range []int{2306, 2304, 2005, 2104} {
		t.Run(fmt.Sprint(answered), func(t *testing.T) {
			each(t, func(b *bench) {
				b.fake.Break(fault{Kind: registrartest.Code, Command: "transfer", Code: answered, Commit: true, Times: 1})
				d := b.theirs("in.example")
				b.run()
				b.pass(2*time.Hour, 10*time.Minute)
				b.status(d, domainname.PendingTransfer)
				b.fake.EndTransfer("in.example", true)
				b.after(time.Hour)
				b.cameOnce(d, true)
			})
		})
	}
	t.Run("over between two questions", func(t *testing.T) {
		each(t, func(b *bench) {
			b.fake.Break(fault{Kind: registrartest.Code, Command: "transfer", Code: 2306, Commit: true, Times: 1})
			b.fake.Before = func(command, name string) {
				if command == "transfer_state" && b.fake.Transferring(name) {
					b.fake.EndTransfer(name, true)
				}
			}
			d := b.theirs("in.example")
			b.run()
			b.pass(2*time.Hour, 10*time.Minute)
			b.cameOnce(d, true)
		})
	})
	t.Run("refused", func(t *testing.T) {
		each(t, func(b *bench) {
			b.fake.Break(fault{Kind: registrartest.Code, Command: "transfer", Code: 2306, Times: 1})
			b.fake.Break(fault{Kind: registrartest.Unreachable, Command: "transfer_state"}) // as where nobody tells
			d := b.theirs("in.example")
			b.run()
			b.pass(4*time.Hour, 10*time.Minute)
			b.status(d, domainname.Cancelled)
		})
	})
}
