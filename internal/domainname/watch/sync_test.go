package watch

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// F1: an error never writes a date.
func TestF1UnreadableDates(t *testing.T) {
	each(t, func(b *bundle) {
		for i, raw := range []string{"", "0000-00-00", "-0001-11-30", "1969-12-31", "1970-01-01", "2099-01-01", "soon"} {
			d := b.put(fmt.Sprintf("f1-%d.gtld", i), "2027-03-10")
			b.fake.Change(d.Name.String(), func(at *registrartest.Domain) { at.Expiry = raw })
			b.due()
			got := b.read(d.ID)
			b.want(raw+": R", got.Expiry.Date(), "2027-03-10")
			b.want(raw+": P", got.PaidThrough, "2027-03-10")
			b.want(raw+": next due", got.NextDue, "2027-03-10")
			b.want(raw+": findings", b.findings(d.ID), "[unreadable]")
			b.want(raw+": questions", b.tasks(askUnreadable), i+1)
			// The same again asks and tells nothing.
			b.again(d.ID)
			b.want(raw+": questions", b.tasks(askUnreadable), i+1)
			b.want(raw+": events", b.events(EventHeld), i+1)
		}
		b.want("breaker", b.events(EventBreaker), 0)
	})
}

// F1b: what differs by up to 7 days is adopted, anything else is held for review.
func TestF1bCorrectionInterval(t *testing.T) {
	each(t, func(b *bundle) {
		for _, tt := range []struct{ read, want, finding string }{
			{"2027-03-09", "2027-03-09", "[corrected applied]"}, {"2027-03-03", "2027-03-03", "[corrected applied]"}, {"2027-03-02", "2027-03-10", "[held]"},
		} {
			d := b.put("f1b-"+strings.ReplaceAll(tt.read, "-", "")+".gtld", "2027-03-10")
			b.fake.Expires(d.Name.String(), tt.read+"T10:00:00Z")
			b.due()
			got := b.read(d.ID)
			b.want("R", got.Expiry.Date(), tt.want)
			b.want("P", got.PaidThrough, tt.want)
			b.want("next due", got.NextDue, "2027-03-10")
			b.want("findings", b.findings(d.ID), tt.finding)
		}
		b.want("questions", b.tasks(askHeld), 1)
		b.want("corrected", b.events(EventCorrected), 2)
	})
}

// With domains.sync_next_due the due date follows by as many days.
func TestNextDueFollowsIfSet(t *testing.T) {
	each(t, func(b *bundle) {
		b.set("domains.sync_next_due", "true")
		d := b.put("due.gtld", "2027-03-10", func(d *domainname.Domain) { d.NextDue = b.day("2027-03-01") })
		b.fake.Expires("due.gtld", "2027-03-09T10:00:00Z")
		b.due()
		b.want("next due", b.read(d.ID).NextDue, "2027-02-28")
	})
}

// A date that was held is taken when staff say so, and the question is answered.
func TestAdopt(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("held.gtld", "2027-03-10")
		if _, err := b.Adopt(b.ctx, d.ID, true, "seen there"); fail.Of(err).Code != "NOTHING_HELD" {
			t.Errorf("nothing was held: %v", err)
		}
		b.fake.Expires("held.gtld", "2027-05-01T10:00:00Z")
		f, err := b.Sync(b.ctx, d.ID)
		b.must(err)
		b.want("finding", f.Finding+" "+f.Stored+" "+f.Read, "held 2027-03-10 2027-05-01T10:00:00Z")
		b.want("questions", b.tasks(askHeld), 1)
		got, err := b.Adopt(b.ctx, d.ID, false, "the registry has moved it")
		b.must(err)
		b.want("R and P", got.Expiry.Date().String()+" "+got.PaidThrough.String(), "2027-05-01 2027-03-10")
		b.want("questions", b.tasks(askHeld), 0)
		b.want("findings", b.findings(d.ID), "[held applied]")
		f, err = b.Sync(b.ctx, d.ID)
		b.must(err)
		b.want("then", f.Finding, "")
	})
}

// A date that was held is not taken any more once the registry has said another one.
func TestAdoptTooLate(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("held.gtld", "2027-03-10")
		b.fake.Expires("held.gtld", "2027-05-01T10:00:00Z")
		_, err := b.Sync(b.ctx, d.ID)
		b.must(err)
		b.sleep(time.Hour)
		b.fake.Expires("held.gtld", "2028-03-10T10:00:00Z")
		_, err = b.Sync(b.ctx, d.ID)
		b.must(err)
		b.sleep(time.Hour)
		_, err = b.Sync(b.ctx, d.ID)
		b.must(err)
		b.fake.Expires("held.gtld", "2028-05-01T10:00:00Z") // held, and then as before
		_, err = b.Sync(b.ctx, d.ID)
		b.must(err)
		b.sleep(time.Hour)
		b.fake.Expires("held.gtld", "2028-03-10T10:00:00Z")
		_, err = b.Sync(b.ctx, d.ID)
		b.must(err)
		if _, err := b.Adopt(b.ctx, d.ID, true, "seen there"); fail.Of(err) == nil || fail.Of(err).Code != "NOTHING_HELD" {
			t.Errorf("adopted: %v", err)
		}
		b.want("R", b.read(d.ID).Expiry.Date().String(), "2028-03-10")
	})
}

// F3: a run with too many bad answers changes nothing.
func TestF3Breaker(t *testing.T) {
	each(t, func(b *bundle) {
		b.set("domains.sync_batch", "10000")
		const all, gone = 300, 24 // 8 %, as 800 of 10,000
		for i := range all {
			d := b.put(fmt.Sprintf("f3-%d.gtld", i), "2027-03-10")
			if i < gone {
				b.fake.Remove(d.Name.String())
			}
		}
		b.due()
		b.want("stopped", b.count("SELECT count(*) FROM registrars WHERE stopped_at IS NOT NULL"), 1)
		b.want("events and questions", fmt.Sprint(b.events(EventBreaker), b.tasks("registrar.breaker_open")), "1 1")
		b.want("active", b.count("SELECT count(*) FROM domains WHERE status = 'active' AND missing_since IS NULL"), all)
		runs, _, err := b.Runs(b.ctx, "", 10)
		b.must(err)
		if len(runs) != 1 || !runs[0].Stopped || runs[0].Negative < leastBad {
			t.Errorf("runs: %+v", runs)
		}
		// Until staff say so nothing is read.
		b.sleep(30 * daily)
		b.want("asked", b.due(), 0)
		b.exec("UPDATE registrars SET stopped_at = NULL")
		b.fake.Break(registrartest.Fault{Kind: registrartest.Unreachable})
		b.due()
		b.want("stopped", b.count("SELECT count(*) FROM registrars WHERE stopped_at IS NOT NULL"), 1)
		b.want("told of renewals", len(b.told), 0)
	})
}

// F3: one that is not found counts in a second run, 6 hours later.
func TestF3NotFoundTwice(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("gone.gtld", "2027-03-10")
		b.renewal(d, domainname.RenewalOpen)
		b.fake.Remove("gone.gtld")
		b.due()
		b.want("status", b.read(d.ID).Status, domainname.Active)
		b.sleep(5 * time.Hour)
		b.again(d.ID)
		b.want("status after 5 hours", b.read(d.ID).Status, domainname.Active)
		b.sleep(time.Hour)
		b.due()
		got := b.read(d.ID)
		b.want("status after 6 hours", got.Status, domainname.TransferredAway)
		b.want("do not renew", got.DoNotRenew, true)
		b.want("renewal", b.told, "[gone.gtld: lost, open, "+causeNone+"]")
		b.want("findings", b.findings(d.ID), "[not_found not_found not_found applied]")
		b.want("read on", b.count("SELECT count(*) FROM domains WHERE sync_at IS NOT NULL"), 0)

		// One that is found again was never missing.
		d = b.put("back.gtld", "2027-03-10")
		b.fake.Break(registrartest.Fault{Kind: registrartest.Gone, Name: "back.gtld", Times: 1})
		b.due()
		b.sleep(7 * time.Hour)
		b.due()
		b.fake.Break(registrartest.Fault{Kind: registrartest.Gone, Name: "back.gtld", Times: 1})
		b.sleep(2 * daily)
		b.again(d.ID)
		b.want("status", b.read(d.ID).Status, domainname.Active)
	})
}

// F5: a registrar that counts the grace in says so, and it is counted once.
func TestF5GraceIncluded(t *testing.T) {
	each(t, func(b *bundle) {
		b.fake.Caps.GraceIncluded = 30
		d := b.put("f5.gtld", "2027-03-10")
		b.fake.Expires("f5.gtld", "2027-04-09T10:00:00Z")
		b.due()
		got := b.read(d.ID)
		b.want("R", got.Expiry.Date(), "2027-03-10")
		b.want("last plain day", got.Window(b.policy["gtld"]).LastPlain, "2027-04-09")
		b.want("findings", b.findings(d.ID), "[]")
	})
}

// F7: with 2 requests a second 10,000 domains are each read daily from 35 days before their end, else weekly; the limit is
// never passed.
func TestF7Schedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, f7Schedule)
}

func f7Schedule(t *testing.T) {
	type read struct {
		d    domainname.Domain
		due  time.Time
		last time.Time
	}
	p := registrar.NewPace(2, nil)
	time.Sleep(time.Until(noon))
	all := make([]*read, 10_000)
	for i := range all {
		end := noon.AddDate(0, 0, 1+i*365/len(all))
		all[i] = &read{d: domainname.Domain{ID: fmt.Sprintf("dom_%d", i), Status: domainname.Active}, due: noon}
		all[i].d.Expiry.At = end
	}
	now := noon
	var sent []time.Time
	var slowest [2]time.Duration
	for end := noon.AddDate(0, 0, 60); now.Before(end); now = now.Add(time.Hour) {
		time.Sleep(time.Until(now))
		for _, r := range all {
			if r.due.After(now) {
				continue
			}
			if err := p.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			at := time.Now()
			sent = append(sent, at)
			if !r.last.IsZero() {
				// What has waited for its turn behind others was due before.
				nearer := 0
				if term, _ := r.d.TermEnd(); r.last.Before(term.AddDays(-near).StartIn(time.UTC)) {
					nearer = 1
				}
				slowest[nearer] = max(slowest[nearer], at.Sub(r.last))
			}
			r.last, r.due = at, next(r.d, false, at)
			if term, _ := r.d.TermEnd(); r.last.Before(term.AddDays(-near).StartIn(time.UTC)) && r.due.After(term.AddDays(1-near).StartIn(time.UTC)) {
				t.Fatalf("%s: read at %s and then at %s: not on the first of the last 35 days", r.d.ID, r.last, r.due)
			}
		}
	}
	for i := 1; i < len(sent); i++ {
		if sent[i].Sub(sent[i-1]) < time.Second/2 {
			t.Fatalf("two requests within %s", sent[i].Sub(sent[i-1]))
		}
	}
	t.Logf("%d requests, at most %s daily and %s weekly", len(sent), slowest[0], slowest[1])
	if slowest[0] > daily+2*time.Hour || slowest[1] > weekly+2*time.Hour {
		t.Errorf("between two readings: %s near the end, %s else", slowest[0], slowest[1])
	}
}

// Section 11: a domain whose term goes on for long is read weekly, and daily as soon as a renewal of it is open.
func TestOpenRenewalIsReadDaily(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("far.gtld", "2027-10-01")
		b.due()
		b.sleep(daily)
		b.want("read after a day", b.due(), 0)
		b.renewal(d, domainname.RenewalOpen)
		for range 3 {
			b.sleep(daily)
			b.want("read after a day with a renewal", b.due(), 1)
		}
	})
}

// F8: a registrar whose sync only reports changes nothing.
func TestF8NotifyOnly(t *testing.T) {
	each(t, func(b *bundle) {
		b.exec("UPDATE registrars SET sync_mode = 'notify'")
		d := b.put("f8.gtld", "2027-03-10")
		gone := b.put("f8-gone.gtld", "2027-03-10")
		b.fake.Expires("f8.gtld", "2028-03-10T10:00:00Z")
		b.fake.Remove("f8-gone.gtld")
		b.due()
		b.sleep(daily)
		b.again(gone.ID)
		b.want("domain", b.read(d.ID).Version, d.Version)
		b.want("domain", b.read(gone.ID).Version, gone.Version)
		b.want("findings", b.findings(d.ID), "[ahead]")
		b.want("findings", b.findings(gone.ID), "[not_found not_found]")
		b.want("events", b.count("SELECT count(*) FROM events WHERE type LIKE 'domain.%'"), 0)
		b.exec("UPDATE registrars SET sync_mode = 'off'")
		b.sleep(30 * daily)
		b.want("asked", b.due(), 0)
	})
}

// F9: one that another registrar has is read twice, and leaves.
func TestF9TransferredAway(t *testing.T) {
	each(t, func(b *bundle) {
		open, paid := b.put("open.gtld", "2027-03-10"), b.put("paid.gtld", "2027-03-10")
		b.renewal(open, domainname.RenewalOpen)
		b.renewal(paid, domainname.RenewalPaid)
		for _, n := range []string{"open.gtld", "paid.gtld"} {
			b.fake.Change(n, func(d *registrartest.Domain) { d.Sponsor = registrartest.Them })
		}
		b.due()
		for _, id := range []string{open.ID, paid.ID} {
			d := b.read(id)
			b.want("status", d.Status, domainname.TransferredAway)
			b.want("do not renew", d.DoNotRenew, true)
			b.want("read", b.fake.Sent("info", d.Name.String()), 2)
		}
		b.want("renewals", len(b.told), 2)
		b.want("events", b.events(EventTransferredAway), 2)

		// An answer that is not the same the second time says nothing.
		d := b.put("once.gtld", "2027-03-10")
		b.fake.Change("once.gtld", func(d *registrartest.Domain) { d.Sponsor = registrartest.Them })
		asked := 0
		b.fake.Before = func(command, name string) {
			if name == "once.gtld" && command == "info" {
				if asked++; asked == 2 {
					b.fake.Change(name, func(d *registrartest.Domain) { d.Sponsor = registrartest.Us })
				}
			}
		}
		b.due()
		b.want("status", b.read(d.ID).Status, domainname.Active)
	})
}

// F10: years that the registry has already are stored as its date only, and the open line is noted.
func TestF10RenewedElsewhere(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("f10.gtld", "2027-03-10")
		b.renewal(d, domainname.RenewalOpen)
		paid := b.put("waits.gtld", "2027-03-10")
		b.renewal(paid, domainname.RenewalPaid)
		for _, n := range []string{"f10.gtld", "waits.gtld"} {
			b.fake.Expires(n, "2028-03-10T10:00:00Z")
		}
		b.due()
		got := b.read(d.ID)
		end, ahead := got.TermEnd()
		b.want("R, P, T, ahead", fmt.Sprint(got.Expiry.Date(), got.PaidThrough, end, ahead), "2028-03-10 2027-03-10 2027-03-10 1")
		b.want("renewals", b.told, "[f10.gtld: years there, open, renewed elsewhere]")
		b.want("work", b.text("SELECT name FROM domains WHERE work_at IS NOT NULL"), "waits.gtld")
		b.again(d.ID)
		b.want("findings", b.findings(d.ID), "[ahead applied]")
	})
}

// While somebody works at a domain it is not read.
func TestLease(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("busy.gtld", "2027-03-10")
		b.exec("UPDATE domains SET worker_until = $1", noon.Add(time.Hour).UnixMicro())
		b.want("asked", b.due(), 0)
		if _, err := b.Sync(b.ctx, d.ID); !errors.Is(err, errBusy) {
			t.Errorf("Sync = %v", err)
		}
		b.sleep(2 * time.Hour)
		b.want("asked", b.due(), 1)
		b.want("leases", b.count("SELECT count(*) FROM domains WHERE worker_until IS NOT NULL"), 0)
	})
}

// A domain that has left and whose renewal can't be ended stays, and is tried again in an hour.
func TestRenewalThatCannotBeEnded(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("stuck.gtld", "2027-03-10")
		b.renewal(d, domainname.RenewalPaid)
		b.fake.Change("stuck.gtld", func(d *registrartest.Domain) { d.Sponsor = registrartest.Them })
		b.broken = errors.New("no money")
		b.want("asked", b.due(), 1)
		b.want("status", b.read(d.ID).Status, domainname.Active)
		b.broken = nil
		b.sleep(time.Hour)
		b.want("asked", b.due(), 1)
		b.want("status", b.read(d.ID).Status, domainname.TransferredAway)
	})
}

// A domain that staff had the registry delete is read daily, wherever its term ends. When the registry does not know it any more
// it has not left: it is over. One that the registry has again is given up no more.
func TestDeletedByStaff(t *testing.T) {
	each(t, func(b *bundle) {
		deleted := func(name string) domainname.Domain {
			d := b.put(name, "2027-03-10")
			b.fake.Change(name, func(d *registrartest.Domain) {
				d.Statuses, d.RGP = []string{"pendingDelete"}, []string{"redemptionPeriod"}
			})
			b.exec("UPDATE domains SET status = 'redemption', do_not_renew = TRUE, deleted_at = $1 WHERE id = $2", clock.FromTime(b.store.Clock.Now()), d.ID)
			return d
		}
		gone, back := deleted("gone.gtld"), deleted("back.gtld")
		b.due()
		for range 3 {
			b.sleep(daily)
			b.want("read", b.due(), 2)
		}
		b.want("status", b.read(gone.ID).Status, domainname.Redemption)
		b.fake.Change("back.gtld", func(d *registrartest.Domain) { d.Statuses, d.RGP = []string{"ok"}, nil })
		b.fake.Remove("gone.gtld")
		b.sleep(daily)
		b.due()
		b.sleep(7 * time.Hour)
		b.due()
		b.want("status of what is gone", b.read(gone.ID).Status, domainname.Expired)
		b.want("events", b.events(EventTransferredAway), 0)
		again := b.read(back.ID)
		b.want("status of what is back", again.Status, domainname.Active)
		b.want("given up", again.DeletedAt == nil, true)
	})
}

// A reading that shows nothing new is no change: whoever has looked at the domain before it acts upon what they saw.
func TestNothingNewIsNoChange(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("same.gtld", "2027-03-10")
		b.due()
		seen := b.read(d.ID)
		b.sleep(time.Hour)
		b.again(d.ID)
		now := b.read(d.ID)
		b.want("version", now.Version, seen.Version)
		b.want("changed at", now.UpdatedAt, seen.UpdatedAt)
		b.want("read at", now.State.ReadAt.Sub(seen.State.ReadAt), time.Hour)
		b.want("date read at", now.Expiry.ReadAt.Sub(seen.Expiry.ReadAt), time.Hour)

		b.fake.Change("same.gtld", func(d *registrartest.Domain) { d.Statuses = []string{"clientHold"} })
		b.again(d.ID)
		b.want("version", b.read(d.ID).Version, seen.Version+1)
	})
}
