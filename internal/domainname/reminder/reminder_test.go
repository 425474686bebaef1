package reminder

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task/tasktest"
)

// noon is the instant of the ground data.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// bundle is a store with a customer and a policy, whose clock can be moved.
type bundle struct {
	*testing.T
	*Service
	store    *dbtest.Store
	ctx      context.Context
	auto     *automation.Service
	customer string
	policy   domainname.Policy
	down     bool // the mail server does not answer
}

func each(t *testing.T, f func(b *bundle)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		tasktest.Legible(t, s)
		s.Clock.Set(noon)
		b := &bundle{T: t, store: s, ctx: t.Context()}
		b.Service = New(s.DB, mail.New(s.DB, mail.Config{Settings: setting.New(s.DB), Box: crypt.NewBox(crypt.NewKey())}))
		b.auto = automation.New(s.DB, job.NewQueue(s.DB, nil), automation.Options{})
		for _, task := range append(b.Tasks(), automation.Task{Kind: "test.mails", Order: automation.OrderReminders + 1, Run: b.deliver}) {
			b.auto.Register(task)
		}
		b.must(s.DB.StandStill(b.ctx, noon))
		c, err := customer.New(s.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil }).Create(b.ctx, customer.Input{Email: "ada@example.com", Name: "Ada"})
		b.must(err)
		b.customer = c.ID
		b.policy, err = domainname.New(s.DB).CreatePolicy(b.ctx, domainname.Policy{
			Extension: "gtld", ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, RedemptionDays: 30, ExplicitRenew: true,
			DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding, DueMargin: 3, RegistryAutoRenews: true, ARGPDays: 45,
			GraceFee: domainname.Fee{"EUR": 500}, RedemptionFee: domainname.Fee{"EUR": 8000},
		})
		b.must(err)
		f(b)
	})
}

func (b *bundle) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bundle) day(s string) civil.Date {
	b.Helper()
	d, err := civil.Parse(s)
	b.must(err)
	return d
}

func (b *bundle) put(name, end string, change ...func(*domainname.Domain)) domainname.Domain {
	b.Helper()
	n, err := domainname.ParseName(name)
	b.must(err)
	on := b.day(end)
	d := domainname.Domain{
		Name: n, Extension: "gtld", CustomerID: b.customer, Kind: domainname.Registered, Status: domainname.Active,
		Expiry:      domainname.Expiry{At: on.StartIn(time.UTC).Add(10 * time.Hour), Raw: end, Source: domainname.FromEPP},
		PaidThrough: on, NextDue: on, Term: 1, Recurring: money.New(1000, "EUR"),
	}
	for _, f := range change {
		f(&d)
	}
	b.must(b.store.DB.Write(b.ctx, func(tx *db.Tx) error { return domainname.Insert(b.ctx, tx, &d) }))
	return d
}

// change writes other facts of a domain.
func (b *bundle) change(id string, change func(*domainname.Domain)) {
	b.Helper()
	b.must(b.store.DB.Write(b.ctx, func(tx *db.Tx) error {
		d, err := domainname.Lock(b.ctx, tx, id)
		if err != nil {
			return err
		}
		change(&d)
		return domainname.Save(b.ctx, tx, &d)
	}))
}

func (b *bundle) to(day string) {
	b.Helper()
	_, err := b.auto.Advance(b.ctx, b.day(day).StartIn(time.UTC), nil)
	b.must(err)
}

// deliver is a mail server that takes everything at once.
func (b *bundle) deliver(ctx context.Context, _ *automation.Pass) error {
	if b.down {
		return nil
	}
	return b.store.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(ctx, "UPDATE mails SET state = 'sent', due_at = NULL, settled_at = $1 WHERE state = 'queued'", int64(tx.Stamp))
		return err
	})
}

// bounce is a mail that comes back.
func (b *bundle) bounce(id string) {
	b.Helper()
	b.must(b.store.DB.Write(b.ctx, func(tx *db.Tx) error {
		if _, err := tx.SQL().ExecContext(b.ctx, "UPDATE mails SET state = 'failed', due_at = NULL, settled_at = $1 WHERE id = $2", int64(tx.Stamp), id); err != nil {
			return err
		}
		return event.Emit(b.ctx, tx, event.New{Type: "mail.failed", SubjectID: id, Data: mail.Ended{Kind: mail.DomainExpiring}})
	}))
}

// made are the notices of a domain, oldest first: the day, the rule's days, what became of it.
func (b *bundle) made(id string) (all []string) {
	b.Helper()
	notices, _, err := b.Notices(b.ctx, Filter{DomainID: id})
	b.must(err)
	for _, n := range notices {
		text := fmt.Sprintf("%s %+d %s", civil.Of(n.CreatedAt, time.UTC), n.Days, n.State)
		if n.Breach {
			text += " breach"
		}
		all = append([]string{text}, all...)
	}
	return all
}

func (b *bundle) want(what string, got, want any) {
	b.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.Errorf("%s: %v, want %v", what, got, want)
	}
}

func (b *bundle) count(q string, args ...any) (n int) {
	b.Helper()
	b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) error { return tx.SQL().QueryRowContext(b.ctx, q, args...).Scan(&n) }))
	return n
}

// G1: notices 30 and 7 days before and 3 after, once each, with evidence.
func TestG1Notices(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("g1.gtld", "2026-12-22")
		b.to("2027-01-10")
		b.want("notices", b.made(d.ID), "[2026-11-22 -30 sent 2026-12-15 -7 sent 2026-12-25 +3 sent]")
		all, _, err := b.Notices(b.ctx, Filter{})
		b.must(err)
		for _, n := range all {
			if n.Name != "g1.gtld" || n.Recipient != "ada@example.com" || n.MailID == "" || n.MessageID == "" || n.Language != "en" || n.TemplateVersion != "shipped en" ||
				n.Delivery != "sent" || n.Term != d.Expiry.Date() || n.Breach {
				t.Errorf("evidence: %+v", n)
			}
		}
		b.want("mails", b.count("SELECT count(*) FROM mails WHERE kind = 'domain_expiring'"), 2)
		b.want("mails", b.count("SELECT count(*) FROM mails WHERE kind = 'domain_expired'"), 1)
		b.want("events", b.count("SELECT count(*) FROM events WHERE type = 'domain.notice_sent'"), 3)
		var out bytes.Buffer
		b.must(b.Export(b.ctx, &out, Filter{From: b.day("2026-12-01"), To: b.day("2026-12-15")}))
		if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); len(lines) != 2 || !strings.Contains(lines[1], "g1.gtld,2026-12-22,term_end,-7,2026-12-15,sent,false,ada@example.com,en") {
			t.Errorf("exported:\n%s", out.String())
		}
	})
}

// What the notice after the end tells.
func TestWords(t *testing.T) {
	each(t, func(b *bundle) {
		// The registry has added a year that nobody paid for: the notice is sent all the same.
		d := b.put("words.gtld", "2026-11-19", func(d *domainname.Domain) {
			d.Expiry.At = d.Expiry.At.AddDate(1, 0, 0)
			d.Registrant = domainname.Registrant{Name: "Holder", Email: "holder@example.com"}
		})
		_, err := b.auto.RunDue(b.ctx)
		b.must(err)
		notices, _, err := b.Notices(b.ctx, Filter{DomainID: d.ID})
		b.must(err)
		b.want("notices", len(notices), 2) // to the account and to the holder
		m, err := b.mail.ByID(b.ctx, notices[0].MailID)
		b.must(err)
		for _, part := range []string{"words.gtld", "19 November 2026", "€10.00", "€5.00", "19 December 2026", "€80.00", "18 January 2027"} {
			if !strings.Contains(m.Text, part) {
				t.Errorf("the notice lacks %q:\n%s", part, m.Text)
			}
		}
	})
}

// A late fee is told where the price is not known, and of a domain that renews without a price none is.
func TestWordsOfAFeeAlone(t *testing.T) {
	each(t, func(b *bundle) {
		premium := b.put("premium.gtld", "2026-11-19", func(d *domainname.Domain) { d.Premium, d.DoNotRenew = &domainname.Premium{Class: "gold"}, true })
		free := b.put("free.gtld", "2026-11-19", func(d *domainname.Domain) { d.Recurring.Amount = 0 })
		_, err := b.auto.RunDue(b.ctx)
		b.must(err)
		for id, says := range map[string]string{
			premium.ID: "until 19 December 2026 (UTC); a late fee of €5.00 comes on top.",
			free.ID:    "until 19 December 2026 (UTC).",
		} {
			m, err := b.mail.ByID(b.ctx, b.newest(id).MailID)
			b.must(err)
			if text := strings.Join(strings.Fields(m.Text), " "); !strings.Contains(text, says) {
				t.Errorf("the notice lacks %q:\n%s", says, text)
			}
		}
	})
}

// G2: who has renewed is not written to.
func TestG2Renewed(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("g2.gtld", "2026-12-22")
		b.to("2026-12-16")
		b.change(d.ID, func(d *domainname.Domain) {
			d.Expiry.At, d.PaidThrough = d.Expiry.At.AddDate(1, 0, 0), b.day("2027-12-22")
		})
		b.to("2027-01-10")
		b.want("notices", b.made(d.ID), "[2026-11-22 -30 sent 2026-12-15 -7 sent]")

		// Nor is one whose renewal is paid and not confirmed yet.
		d = b.put("paid.gtld", "2027-02-01")
		b.must(b.store.DB.Write(b.ctx, func(tx *db.Tx) error {
			return domainname.InsertRenewal(b.ctx, tx, &domainname.Renewal{
				DomainID: d.ID, CustomerID: b.customer, Base: b.day("2027-02-01"), Years: 1, Kind: domainname.Ordered, State: domainname.RenewalPaid, PaidAt: &tx.Now,
				Price: money.New(1000, "EUR"), Fee: money.New(0, "EUR"), Stage: domainname.StageActive, PolicyID: b.policy.ID, Expected: b.day("2028-02-01"),
			})
		}))
		b.to("2027-02-10")
		b.want("notices", b.made(d.ID), "[]")
	})
}

// G4: a moved due date moves no notice.
func TestG4NextDueMoved(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("g4.gtld", "2026-12-22", func(d *domainname.Domain) { d.NextDue = civil.On(2027, 2, 1) })
		b.to("2027-02-10")
		b.want("notices", b.made(d.ID), "[2026-11-22 -30 sent 2026-12-15 -7 sent 2026-12-25 +3 sent]")
	})
}

// G7: a notice that comes back goes to the other address; without one staff are asked.
func TestG7Bounce(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("g7.gtld", "2026-12-22", func(d *domainname.Domain) {
			d.Registrant = domainname.Registrant{Name: "Holder", Email: "holder@example.com"}
		})
		rules, err := b.Rules(b.ctx)
		b.must(err)
		for i := range rules {
			rules[i].Recipients = []Recipient{ToAccount}
		}
		_, err = b.SetRules(b.ctx, rules, "")
		b.must(err)
		b.to("2026-12-15")
		newest := func() Notice {
			all, _, err := b.Notices(b.ctx, Filter{DomainID: d.ID})
			b.must(err)
			return all[0]
		}
		b.want("first", newest().Recipient, "ada@example.com")
		b.bounce(newest().MailID)
		b.want("then", newest().Recipient+" "+newest().State, "holder@example.com sent")
		b.want("questions", b.count("SELECT count(*) FROM staff_tasks"), 0)
		b.bounce(newest().MailID)
		b.want("questions", b.count("SELECT count(*) FROM staff_tasks WHERE kind = 'domain.notice_undelivered' AND detail LIKE '% by 18 December 2026.'"), 1)
		b.want("notices", b.made(d.ID), "[2026-11-22 -30 sent 2026-12-15 -7 failed 2026-12-15 -7 failed]")
	})
}

// A rule of one extension for the day of another one comes beside it: each writes to those whom it names, and none was missed.
func TestRulesOfOneDay(t *testing.T) {
	each(t, func(b *bundle) {
		rules, err := b.Rules(b.ctx)
		b.must(err)
		for i := range rules {
			rules[i].Recipients = []Recipient{ToAccount}
		}
		beside := rules[2]
		beside.ID, beside.Extension, beside.Recipients = "", "gtld", []Recipient{ToRegistrant}
		_, err = b.SetRules(b.ctx, append(rules, beside), "")
		b.must(err)
		d := b.put("two.gtld", "2026-12-22", func(d *domainname.Domain) {
			d.Registrant = domainname.Registrant{Name: "Holder", Email: "holder@example.com"}
		})
		b.to("2026-12-20")
		b.want("notices", b.made(d.ID), "[2026-11-22 -30 sent 2026-12-15 -7 sent 2026-12-15 -7 sent]")
		all, _, err := b.Notices(b.ctx, Filter{DomainID: d.ID, From: b.day("2026-12-15")})
		b.must(err)
		to := []string{}
		for _, n := range all {
			to = append(to, n.Recipient)
		}
		slices.Sort(to)
		b.want("recipients", to, "[ada@example.com holder@example.com]")
	})
}

// G8: as often as automation runs on a day, there is one notice.
func TestG8FiftyRuns(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("g8.gtld", "2026-12-22")
		for range 50 {
			b.Service.done = "" // as a process that has just started
			_, err := b.auto.RunDue(b.ctx)
			b.must(err)
		}
		b.want("notices", b.made(d.ID), "[2026-11-22 -30 sent]")
	})
}

// G9: a schedule that leaves out what ICANN asks for needs a reason, which is kept.
func TestG9Schedule(t *testing.T) {
	each(t, func(b *bundle) {
		rules, err := b.Rules(b.ctx)
		b.must(err)
		b.want("shipped", len(rules), 5)
		var before []Rule
		for _, r := range rules {
			if r.Days < 0 {
				before = append(before, r)
			}
		}
		if _, err := b.SetRules(b.ctx, before, " "); err == nil || fail.Of(err).Field != "rules" {
			t.Errorf("without a notice after the end: %v", err)
		}
		now, err := b.SetRules(b.ctx, before, "we call them")
		b.must(err)
		b.want("rules", len(now), 4)
		b.want("audited", b.count("SELECT count(*) FROM audit_log WHERE what = 'domain.notice_rules' AND why = 'we call them'"), 1)
		for _, bad := range [][]Rule{nil, {{}}, append(before, before[0])} {
			if _, err := b.SetRules(b.ctx, bad, "why not"); err == nil {
				t.Errorf("%+v is accepted", bad)
			}
		}
	})
}

// A rule for an extension is for it however that is written, and what is wrong with a rule is said of that one.
func TestRuleOfAnExtension(t *testing.T) {
	each(t, func(b *bundle) {
		rules, err := b.Rules(b.ctx)
		b.must(err)
		extra := Rule{NoticeRule: domainname.NoticeRule{Anchor: domainname.FromTermEnd, Days: -20, Extension: ".GTLD", Enabled: true}, Recipients: []Recipient{ToAccount}}
		_, err = b.SetRules(b.ctx, append(rules, extra), "")
		b.must(err)
		d := b.put("extra.gtld", "2026-12-22")
		b.to("2026-12-03")
		b.want("notices", b.made(d.ID), "[2026-11-22 -30 sent 2026-12-02 -20 sent]")
		extra.Extension = "github.io"
		if _, err = b.SetRules(b.ctx, append(rules, extra), ""); err == nil || fail.Of(err).Fields[0].Field != "rules[5].extension" {
			t.Errorf("a private suffix: %v", err)
		}
	})
}

// What a notice says that a renewal costs is what can be had: a term of the registry, and for a premium name what that asks.
func TestCheapestRenewal(t *testing.T) {
	t.Parallel()
	w := &writer{pass: &pass{}, tx: &db.Tx{}}
	list := domainname.List{1: money.New(1200, "EUR"), 2: money.New(2400, "EUR")}
	for _, tt := range []struct {
		premium *domainname.Premium
		years   int
		price   money.Money
	}{
		{nil, 2, money.New(2400, "EUR")},
		{&domainname.Premium{Class: "gold"}, 0, money.Money{}},
		{&domainname.Premium{Class: "gold", Renew: domainname.List{1: money.New(1, "EUR"), 2: money.New(50_000, "EUR")}}, 2, money.New(50_000, "EUR")},
	} {
		d := subject{Domain: domainname.Domain{Premium: tt.premium, Recurring: money.New(1200, "EUR")}, policy: &domainname.Policy{MinYears: 2, MaxYears: 10, StepYears: 2}}
		if years, price := w.cheapest(d, list); years != tt.years || price != tt.price {
			t.Errorf("%+v: %d years for %s", tt.premium, years, price)
		}
	}
}

// A domain came to the store on a day of the store's zone: what was due on that day is the store's to send.
func TestCameOnTheDayOfTheZone(t *testing.T) {
	each(t, func(b *bundle) {
		_, err := setting.New(b.store.DB).Patch(b.ctx, map[string]json.RawMessage{"store.time_zone": json.RawMessage(`"America/New_York"`)})
		b.must(err)
		b.must(b.store.DB.MoveClock(b.ctx, time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)))
		d := b.put("west.gtld", "2026-12-22")
		b.down = true
		_, err = b.auto.RunDue(b.ctx)
		b.must(err)
		b.bounce(b.newest(d.ID).MailID)
		b.to("2026-11-29")
		b.want("notices", b.made(d.ID), "[2026-11-23 -30 failed breach]")
	})
}

// G10: a term whose end is corrected by a day is the same one.
func TestG10CorrectedTerm(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("g10.gtld", "2026-12-22")
		b.to("2026-12-01")
		b.change(d.ID, func(d *domainname.Domain) {
			d.Expiry.At, d.PaidThrough = d.Expiry.At.AddDate(0, 0, -1), b.day("2026-12-21")
		})
		b.to("2026-12-20")
		b.want("notices", b.made(d.ID), "[2026-11-22 -30 sent 2026-12-14 -7 sent]")
	})
}

// After a downtime the latest notice is sent and the others are recorded, those that ICANN asked for as breaches.
func TestDowntime(t *testing.T) {
	each(t, func(b *bundle) {
		d := b.put("down.gtld", "2026-12-24")
		b.must(b.store.DB.MoveClock(b.ctx, noon.AddDate(0, 0, 28))) // 2026-12-20: nothing ran
		_, err := b.auto.RunDue(b.ctx)
		b.must(err)
		b.want("notices", b.made(d.ID), "[2026-12-20 -30 missed breach 2026-12-20 -7 sent]")
		b.want("breaches", b.count("SELECT count(*) FROM events WHERE type = 'domain.notice_breach'"), 1)
		only, _, err := b.Notices(b.ctx, Filter{BreachOnly: true})
		b.must(err)
		b.want("listed", len(only), 1)
	})
}

// A domain that comes to the store near the end of its term is written about once: what was due before the latest notice stays
// undone on the days after, too, and nothing of it is a breach, whether or not the mail arrived.
func TestCameLate(t *testing.T) {
	each(t, func(b *bundle) {
		b.to("2026-12-27")
		d := b.put("late.gtld", "2026-12-26")
		b.down = true
		b.to("2026-12-28")
		newest, _, err := b.Notices(b.ctx, Filter{DomainID: d.ID})
		b.must(err)
		b.bounce(newest[0].MailID)
		b.to("2026-12-31")
		b.want("notices", b.made(d.ID), "[2026-12-28 -7 failed 2026-12-29 +3 sent]")
		b.want("questions", b.count("SELECT count(*) FROM staff_tasks WHERE kind = 'domain.notice_undelivered' AND detail LIKE '% in another way at once.'"), 1)
	})
}
