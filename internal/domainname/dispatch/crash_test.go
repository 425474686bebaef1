package dispatch

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// points are where a process may end with something half done.
var points = []string{"claimed", "committed", "sent", "answered", "settled"}

// D12: the process ends at each point; whoever comes next finds out what was done.
func TestD12(t *testing.T) {
	t.Parallel()
	for _, point := range points {
		for kind, name := range map[registrartest.Kind]string{0: "answered", registrartest.CutBefore: "cut before", registrartest.CutAfter: "cut after"} {
			t.Run(point+" "+name, func(t *testing.T) {
				each(t, func(b *bench) {
					d := b.domain("dies.example", "2027-03-10")
					if kind != 0 {
						b.fake.Break(fault{Kind: kind, Command: "renew", Times: 1})
					}
					r := b.paid(d, 1)
					b.kill(point)
					b.dies()
					b.run()
					b.pass(10*time.Minute, time.Minute)
					sent := 1
					if kind == registrartest.CutBefore {
						sent = 2
					}
					b.is(r, domainname.RenewalConfirmed, sent)
					b.once(r)
					b.dates(d.ID, "2028-03-10", "2028-03-10")
				})
			})
		}
	}
}

// Until the lease of a dead process is over, nobody goes on; then the registry is read before anything is sent.
func TestLease(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("lease.example", "2027-03-10")
		r := b.paid(d, 1)
		b.kill("sent")
		_, _ = b.RunDue(b.ctx)
		b.restart()
		b.run()
		b.after(lease - time.Second)
		if n := b.fake.Sent("info"); n != 1 {
			b.Fatalf("%d readings while the lease lasts", n)
		}
		b.after(time.Second)
		b.is(r, domainname.RenewalConfirmed, 1)
	})
}

// The process ends in the middle of a restore, of lifting a lock, of setting a mode.
func TestCrashesElsewhere(t *testing.T) {
	t.Parallel()
	for _, point := range points {
		t.Run("restore "+point, func(t *testing.T) {
			lite(t, func(b *bench) {
				b.store.Clock.Set(time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC))
				d := b.domain("lost.example", "2026-10-01", func(d *domainname.Domain) { d.Status = domainname.Redemption })
				b.fake.Change("lost.example", func(d *registrartest.Domain) { d.RGP = []string{"redemptionPeriod"} })
				r := b.paid(d, 2, func(r *domainname.Renewal) { r.Stage, r.Fee = domainname.StageRedemption, eur(8000) })
				for skip := range 3 {
					b.killAfter(point, skip)
					_, _ = b.RunDue(b.ctx)
					b.restart()
					b.store.Clock.Advance(lease)
				}
				b.pass(20*time.Minute, time.Minute)
				b.is(r, domainname.RenewalConfirmed, 1)
				b.once(r)
				b.dates(d.ID, "2028-10-01", "2028-10-01")
				if b.fake.Domain("lost.example"); b.fake.Sent("restore") > 2 {
					b.Errorf("%d restores", b.fake.Sent("restore"))
				}
			})
		})
		t.Run("lock "+point, func(t *testing.T) {
			lite(t, func(b *bench) {
				d := b.domain("lock.example", "2027-03-10", func(d *domainname.Domain) { d.LockedByUs = true })
				b.fake.Change("lock.example", func(d *registrartest.Domain) { d.Statuses = []string{lockRenew} })
				r := b.paid(d, 1)
				b.kill(point)
				b.dies()
				b.pass(20*time.Minute, time.Minute)
				b.is(r, domainname.RenewalConfirmed, 1)
				b.once(r)
				if there, _ := b.fake.Domain("lock.example"); len(there.Statuses) != 1 {
					b.Errorf("statuses %v", there.Statuses)
				}
			})
		})
	}
}

// killAfter ends the process at a point, when it was passed so many times.
func (b *bench) killAfter(point string, skip int) {
	b.reach = func(at, _ string) error {
		if at != point {
			return nil
		}
		if skip--; skip < 0 {
			return errKilled
		}
		return nil
	}
}

// A message of a registry is handled once, wherever the process ends.
func TestMessageOnce(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("slow.example", "2027-03-10")
		b.fake.Break(fault{Kind: registrartest.Later, Command: "renew"})
		r := b.paid(d, 1)
		b.run()
		b.fake.Finish("slow.example", true)
		b.kill("heard")
		b.store.Clock.Advance(time.Minute)
		b.run() // the poll fails, the work is done
		b.is(r, domainname.RenewalConfirmed, 1)
		b.restart()
		b.after(time.Minute)
		if n := b.fake.Sent("ack"); n != 1 {
			b.Errorf("acknowledged %d times", n)
		}
		b.once(r)
	})
}

// TestMain makes as many transaction ids as the variable says, and ends, where the process is one of TestD16.
func TestMain(m *testing.M) {
	n, err := strconv.Atoi(os.Getenv(idsWanted))
	if err != nil {
		os.Exit(m.Run())
	}
	out := bufio.NewWriter(os.Stdout)
	for range n {
		_, _ = out.WriteString("id " + transactionID() + "\n")
	}
	if out.Flush() != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

const idsWanted = "KEYSTEAD_TEST_IDS"

// D16: 1,000,000 transaction ids over 20 lives of the process, none twice. The store refuses one, too.
func TestD16(t *testing.T) {
	t.Parallel()
	const lives, inEach = 20, 50_000
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool, lives*inEach)
	for range lives {
		life := exec.CommandContext(t.Context(), program)
		life.Env = append(os.Environ(), fmt.Sprintf("%s=%d", idsWanted, inEach))
		out, err := life.Output()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			id, is := strings.CutPrefix(strings.TrimSpace(line), "id ")
			if !is {
				continue
			}
			if len(id) < 3 || len(id) > 64 || seen[id] {
				t.Fatalf("%q after %d", id, len(seen))
			}
			seen[id] = true
		}
	}
	if len(seen) != lives*inEach {
		t.Fatalf("%d ids", len(seen))
	}
	constraint := func(t *testing.T) {
		each(t, func(b *bench) {
			d := b.domain("same.example", "2027-03-10")
			b.paid(d, 1)
			b.run()
			err := b.write(func(tx *db.Tx) error {
				_, err := tx.SQL().ExecContext(b.ctx, `INSERT INTO registrar_commands (id, transaction_id, registrar_id, domain_id, attempt, command, guard_kind, created_at)
					SELECT 'rcm_x', transaction_id, registrar_id, domain_id, 99, 'update', 'none', 1 FROM registrar_commands`)
				return err
			})
			if !db.Duplicate(err) {
				b.Errorf("written: %v", err)
			}
		})
	}
	t.Run("constraint", constraint)
}

// H: whatever happens on the way, a year that was paid for is added once, or staff are asked. The same seed gives the same run.
func TestRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(16) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			store := dbtest.SQLite
			if seed == 0 {
				store = dbtest.Postgres
			}
			b := setup(t, store(t))
			r := rand.New(rand.NewPCG(seed, 1))
			for n := range 3 {
				b.random(r, fmt.Sprintf("random%d.example", n))
			}
		})
	}
}

func (b *bench) random(r *rand.Rand, name string) {
	b.Helper()
	b.fake.Heal()
	d := b.domain(name, b.store.Clock.Now().AddDate(0, 4, 0).Format(time.DateOnly))
	before := d.Expiry.At
	years := 1 + r.IntN(3)
	renewal := b.paid(d, years)
	for range r.IntN(5) {
		kinds := []registrartest.Kind{registrartest.CutBefore, registrartest.CutAfter, registrartest.Unreachable, registrartest.Code, registrartest.Later}
		codes := []int{2004, 2105, 2304, 2306, 2400, 2500, 2502, 1000, 1500}
		f := fault{
			Kind: kinds[r.IntN(len(kinds))], Command: []string{"renew", "info", "renew"}[r.IntN(3)], Name: name, Code: codes[r.IntN(len(codes))],
			Commit: r.IntN(2) == 0, Skip: r.IntN(3), Times: 1 + r.IntN(2),
		}
		b.fake.Break(f)
		b.Logf("%s: %+v", name, f)
	}
	for range r.IntN(4) {
		point, skip := points[r.IntN(len(points))], r.IntN(3)
		b.Logf("%s: dies at %s after %d", name, point, skip)
		b.killAfter(point, skip)
		_, _ = b.RunDue(b.ctx)
		b.restart()
		b.store.Clock.Advance(lease)
	}
	b.pass(8*time.Hour, 20*time.Minute)
	if there, _ := b.fake.Domain(name); slices.Contains(there.Statuses, "pendingRenew") {
		b.fake.Finish(name, true)
	}
	b.pass(3*time.Hour, 20*time.Minute)
	there, _ := b.fake.Domain(name)
	want := before.AddDate(years, 0, 0).Format(time.RFC3339)
	switch now := b.renewal(renewal.ID); now.State {
	case domainname.RenewalConfirmed, domainname.RenewalSatisfied:
		if there.Expiry != want {
			b.Fatalf("%s, and the registry says %s, not %s", now.State, there.Expiry, want)
		}
		b.once(renewal)
	case domainname.RenewalHeld, domainname.RenewalAttention:
		if there.Expiry != want && there.Expiry != before.Format(time.RFC3339) {
			b.Fatalf("%s, and the registry says %s", now.State, there.Expiry)
		}
		if b.tasks(d.ID) == 0 {
			b.Fatalf("%s, and nobody was asked", now.State)
		}
	default:
		b.Fatalf("%s after all: %+v", now.State, b.commands(d.ID))
	}
}

// A process that stops for longer than its lease between writing a command down and sending it doesn't send it any more: another
// one has gone on. Where nothing guards, that would be a second renewal.
func TestSentTooLate(t *testing.T) {
	each(t, func(b *bench) {
		b.fake.Caps.Guard, b.fake.Caps.Settle = registrar.GuardNone, 2*time.Minute
		d := b.domain("asleep.example", "2027-03-10")
		r := b.paid(d, 1)
		other := New(b.store.DB, b.config)
		once := sync.OnceFunc(func() {
			b.store.Clock.Advance(lease)
			for range 10 {
				_, err := other.RunDue(b.ctx)
				b.must(err)
				b.store.Clock.Advance(time.Minute)
			}
			b.is(r, domainname.RenewalConfirmed, 1)
		})
		b.reach = func(at, _ string) error {
			if at == "committed" {
				once()
			}
			return nil
		}
		_, _ = b.RunDue(b.ctx)
		b.is(r, domainname.RenewalConfirmed, 1)
		b.once(r)
		if there, _ := b.fake.Domain("asleep.example"); there.Expiry != "2028-03-10T10:00:00Z" {
			b.Fatalf("the registry says %s", there.Expiry)
		}
	})
}
