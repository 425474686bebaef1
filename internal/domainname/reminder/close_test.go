package reminder

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/task"
)

// newest is the last notice of a domain.
func (b *bundle) newest(id string) Notice {
	b.Helper()
	all, _, err := b.Notices(b.ctx, Filter{DomainID: id})
	b.must(err)
	return all[0]
}

// A notice that reached nobody by the last of the days in which ICANN asks for it is a recorded breach, once.
func TestG7Breach(t *testing.T) {
	t.Parallel()
	const term = "2026-12-22" // the days are until 2026-11-26, 2026-12-18 and 2026-12-27
	breaches := func(b *bundle, want ...string) {
		b.Helper()
		all, _, err := b.Notices(b.ctx, Filter{BreachOnly: true})
		b.must(err)
		var got []string
		for _, n := range all {
			got = append(got, n.Name+" "+n.DueOn.String()+" "+n.State)
		}
		b.want("breaches", got, want)
		b.want("told", b.count("SELECT count(*) FROM events WHERE type = 'domain.notice_breach'"), len(want))
	}
	t.Run("comes back", func(t *testing.T) {
		each(t, func(b *bundle) {
			d := b.put("back.gtld", term)
			b.to("2026-12-15")
			b.bounce(b.newest(d.ID).MailID)
			b.to("2026-12-18")
			breaches(b)
			for range 3 {
				b.to("2026-12-19")
				b.Service.done = ""
				_, err := b.auto.RunDue(b.ctx)
				b.must(err)
			}
			breaches(b, "back.gtld 2026-12-15 failed")
			b.to("2027-01-10")
			breaches(b, "back.gtld 2026-12-15 failed")
		})
	})
	t.Run("both addresses come back", func(t *testing.T) {
		each(t, func(b *bundle) {
			d := b.put("both.gtld", term, func(d *domainname.Domain) {
				d.Registrant = domainname.Registrant{Name: "Holder", Email: "holder@example.com"}
			})
			b.to("2026-12-15")
			all, _, err := b.Notices(b.ctx, Filter{DomainID: d.ID, From: b.day("2026-12-15")})
			b.must(err)
			b.want("sent", len(all), 2)
			b.bounce(all[0].MailID)
			b.to("2026-12-19")
			breaches(b) // the other one arrived
			b.to("2026-12-25")
			for range 2 {
				all, _, err = b.Notices(b.ctx, Filter{DomainID: d.ID, From: b.day("2026-12-25")})
				b.must(err)
				for _, n := range all {
					b.bounce(n.MailID)
				}
			}
			b.to("2026-12-27")
			breaches(b)
			b.to("2026-12-28")
			b.want("breaches", b.count("SELECT count(*) FROM domain_notices WHERE breach AND due_on = '2026-12-25'"), 1)
		})
	})
	t.Run("told by staff", func(t *testing.T) {
		each(t, func(b *bundle) {
			inTime, tooLate := b.put("in-time.gtld", term), b.put("too-late.gtld", term)
			b.to("2026-12-15")
			all, _, err := b.Notices(b.ctx, Filter{From: b.day("2026-12-15")})
			b.must(err)
			for _, n := range all {
				b.bounce(n.MailID)
			}
			tasks := task.New(b.store.DB)
			open, _, err := tasks.Open(b.ctx, "", 10)
			b.must(err)
			b.want("questions", len(open), 2)
			answer := func(d domainname.Domain) {
				for _, one := range open {
					if one.SubjectID == d.ID {
						b.must(tasks.Done(b.ctx, one.ID))
					}
				}
			}
			b.to("2026-12-18")
			answer(inTime)
			b.must(b.store.DB.MoveClock(b.ctx, b.day("2026-12-19").StartIn(time.UTC)))
			answer(tooLate)
			_, err = b.auto.RunDue(b.ctx)
			b.must(err)
			breaches(b, "too-late.gtld 2026-12-15 failed")
		})
	})
	t.Run("never leaves", func(t *testing.T) {
		each(t, func(b *bundle) {
			d := b.put("queued.gtld", term)
			b.put("national.uk", term, func(d *domainname.Domain) { d.Extension = "uk" })
			b.to("2026-12-14")
			b.down = true
			b.to("2026-12-18")
			breaches(b)
			b.to("2026-12-19")
			breaches(b, "queued.gtld 2026-12-15 sent")
			b.down = false
			b.to("2026-12-25")
			breaches(b, "queued.gtld 2026-12-15 sent")
			b.want("notices", b.made(d.ID), "[2026-11-22 -30 sent 2026-12-15 -7 sent breach 2026-12-25 +3 sent]")
		})
	})
	t.Run("leaves when its days are over", func(t *testing.T) {
		each(t, func(b *bundle) {
			d := b.put("stopped.gtld", term)
			b.put("national.uk", term, func(d *domainname.Domain) { d.Extension = "uk" })
			moved := b.put("corrected.gtld", term)
			b.to("2026-12-14")
			b.down = true
			b.to("2026-12-15")
			// The store stands still over the last of the days, and its mails leave before anybody looks whether they are late.
			b.must(b.store.DB.MoveClock(b.ctx, b.day("2026-12-19").StartIn(time.UTC).Add(time.Hour)))
			b.down = false
			b.must(b.deliver(b.ctx, nil))
			b.change(moved.ID, func(d *domainname.Domain) { d.Expiry.At = d.Expiry.At.AddDate(0, 0, 2) }) // its days are until 2026-12-20
			_, err := b.auto.RunDue(b.ctx)
			b.must(err)
			breaches(b, "stopped.gtld 2026-12-15 sent")
			b.to("2026-12-22")
			breaches(b, "stopped.gtld 2026-12-15 sent")
			b.want("notices", b.made(d.ID), "[2026-11-22 -30 sent 2026-12-15 -7 sent breach]")
		})
	})
	t.Run("leaves long after its days", func(t *testing.T) {
		each(t, func(b *bundle) {
			b.put("stopped.gtld", term)
			moved := b.put("corrected.gtld", term)
			b.to("2026-12-14")
			b.down = true
			b.to("2026-12-15")
			b.must(b.store.DB.MoveClock(b.ctx, b.day("2027-01-10").StartIn(time.UTC)))
			b.down = false
			b.must(b.deliver(b.ctx, nil))
			b.change(moved.ID, func(d *domainname.Domain) { d.Expiry.At = d.Expiry.At.AddDate(0, 0, 2) })
			b.Service.done, b.Service.closed = "", civil.Date{} // a new process
			_, err := b.auto.RunDue(b.ctx)
			b.must(err)
			b.want("before the end", b.count("SELECT count(*) FROM domain_notices WHERE breach AND due_on = '2026-12-15' AND state = 'sent'"), 2)
			b.want("after it", b.count("SELECT count(*) FROM domain_notices n JOIN domain_notice_rules r ON r.id = n.rule_id WHERE breach AND r.days = 3"), 2)
		})
	})
	t.Run("sent again by hand", func(t *testing.T) {
		each(t, func(b *bundle) {
			b.put("again.gtld", term)
			b.put("late.gtld", term)
			b.to("2026-12-15")
			all, _, err := b.Notices(b.ctx, Filter{From: b.day("2026-12-15")})
			b.must(err)
			resend := func(name string) {
				for _, n := range all {
					if n.Name == name {
						_, err := b.mail.Resend(b.ctx, n.MailID)
						b.must(err)
					}
				}
			}
			for _, n := range all {
				b.bounce(n.MailID)
			}
			b.to("2026-12-17")
			resend("again.gtld")
			b.must(b.deliver(b.ctx, nil))
			b.must(b.store.DB.MoveClock(b.ctx, b.day("2026-12-19").StartIn(time.UTC)))
			resend("late.gtld")
			b.must(b.deliver(b.ctx, nil))
			_, err = b.auto.RunDue(b.ctx)
			b.must(err)
			breaches(b, "late.gtld 2026-12-15 failed")
		})
	})
	t.Run("renewed meanwhile", func(t *testing.T) {
		each(t, func(b *bundle) {
			d := b.put("renewed.gtld", term)
			b.to("2026-12-15")
			b.bounce(b.newest(d.ID).MailID)
			b.change(d.ID, func(d *domainname.Domain) {
				d.Expiry.At, d.PaidThrough = d.Expiry.At.AddDate(1, 0, 0), b.day("2027-12-22")
			})
			b.to("2026-12-30")
			breaches(b)
		})
	})
}

// A mail of which nobody knows whether it arrived is no evidence; one that staff have cancelled is theirs to answer for.
func TestMailsThatEndOtherwise(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("other.gtld", "2026-12-22")
		b.down = true
		_, err := b.auto.RunDue(b.ctx)
		b.must(err)
		n := b.newest(d.ID)
		_, err = b.mail.Cancel(b.ctx, n.MailID)
		b.must(err)
		b.want("cancelled", b.newest(d.ID).State, failed)
		b.want("questions", b.count("SELECT count(*) FROM staff_tasks"), 0)
		b.to("2026-11-27")
		b.want("breaches", b.count("SELECT count(*) FROM domain_notices WHERE breach"), 1)

		b.to("2026-12-15")
		n = b.newest(d.ID)
		b.must(b.store.DB.Write(b.ctx, func(tx *db.Tx) error {
			return event.Emit(b.ctx, tx, event.New{Type: "mail.unknown", SubjectID: n.MailID, Data: mail.Ended{Kind: mail.DomainExpiring}})
		}))
		b.want("unknown", b.newest(d.ID).State, failed)
		b.want("questions", b.count("SELECT count(*) FROM staff_tasks WHERE kind = 'domain.notice_undelivered'"), 1)
	})
}
