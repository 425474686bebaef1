package reminder

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/setting"
)

const (
	// late is for how many days a notice is made up for.
	late = 60
	// batchSize is how many domains one transaction writes about: few enough that whoever else wants to write waits for
	// some hundredths of a second.
	batchSize = 200
)

func (s *Service) task() automation.Task {
	return automation.Task{
		Kind: TaskNotices, Order: automation.OrderReminders,
		Next: func(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
			now, err := setting.Load(ctx, tx)
			if err != nil {
				return time.Time{}, false, err
			}
			some, err := tx.HasStandingDomain(ctx)
			return civil.Of(after, now.TimeZone).AddDays(1).StartIn(now.TimeZone), some, err
		},
		Due: func(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
			now, err := setting.Load(ctx, tx)
			if err != nil {
				return false, err
			}
			rules, err := load(ctx, tx)
			return customerID != "" || !s.doneIs(passOf(civil.Of(tx.Now, now.TimeZone), rules)), err
		},
		Run: s.run,
	}
}

// run makes the notices that are due. A day's pass is made once: until the next day, or until the rules change, nothing
// more falls due.
func (s *Service) run(ctx context.Context, p *automation.Pass) error {
	rules, err := s.Rules(ctx)
	if err != nil {
		return err
	}
	var now setting.Settings
	var today civil.Date
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		now, err = setting.Load(ctx, tx)
		if err == nil {
			today = civil.Of(tx.Now, now.TimeZone)
		}
		return err
	})
	if err != nil {
		return err
	}
	whole := passOf(today, rules)
	if p.CustomerID() == "" && s.doneIs(whole) {
		return nil
	}
	pass := &pass{s: s, p: p, rules: rules, today: today, zone: now.TimeZone, language: now.Language, rates: now.Rate}
	for _, anchor := range []domainname.Anchor{domainname.FromTermEnd, domainname.FromNextDue} {
		if err := pass.anchored(ctx, anchor); err != nil {
			return err
		}
	}
	if err := pass.closed(ctx); err != nil {
		return err
	}
	if p.CustomerID() == "" && !pass.failed {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.done, s.closed = whole, today
	}
	return nil
}

// passOf names the pass of a day by some rules.
func passOf(today civil.Date, rules []Rule) string { return fmt.Sprint(today, rules) }

func (s *Service) doneIs(whole string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done == whole
}

// pass makes the notices of a day.
type pass struct {
	s        *Service
	p        *automation.Pass
	rules    []Rule
	today    civil.Date
	zone     *time.Location
	language string // of those who chose none
	rates    domainname.Rates
	failed   bool
}

// turn is a day on which terms end, or renewals fall due, and the rules whose turn it is for that day.
type turn struct {
	anchor domainname.Anchor
	on     civil.Date
	rules  []string
}

// anchored makes the notices that count from an anchor, the earliest day first.
func (p *pass) anchored(ctx context.Context, anchor domainname.Anchor) error {
	turns := p.turns(anchor)
	for after := ""; len(turns) > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var passed int
		var ids []string
		err := p.s.db.Read(ctx, func(tx *db.Tx) (err error) {
			passed, ids, err = first(ctx, tx, turns, p.p.CustomerID(), after)
			return err
		})
		if err != nil {
			return fmt.Errorf("domains to write about: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := p.write(ctx, ids, (*writer).about); err != nil {
			return err
		}
		if turns, after = turns[passed:], ids[len(ids)-1]; len(ids) < batchSize {
			turns, after = turns[1:], ""
		}
	}
	return nil
}

// first returns some domains to write about, of the first turn that has any, and how many turns come before that one. Those of
// the first day are looked for after an id. In most stores nothing ends on most days: these are passed over.
func first(ctx context.Context, tx *db.Tx, turns []turn, customerID, after string) (passed int, ids []string, err error) {
	for passed < len(turns) {
		day, err := turns[passed].nextDay(ctx, tx)
		if err != nil || day.IsZero() {
			return len(turns), nil, err
		}
		for passed < len(turns) && turns[passed].on.Before(day) {
			passed++
			after = ""
		}
		if passed == len(turns) || turns[passed].on != day {
			continue
		}
		if ids, err = turns[passed].domains(ctx, tx, customerID, after); err != nil || len(ids) > 0 {
			return passed, ids, err
		}
		passed++
		after = ""
	}
	return passed, nil, nil
}

// turns are the days whose turn it is.
func (p *pass) turns(anchor domainname.Anchor) (all []turn) {
	for _, r := range p.rules {
		if !r.Enabled || r.Anchor != anchor {
			continue
		}
		for n := range late + 1 {
			on := p.today.AddDays(-r.Days - n)
			i := slices.IndexFunc(all, func(t turn) bool { return t.on == on })
			if i < 0 {
				i = len(all)
				all = append(all, turn{anchor: anchor, on: on})
			}
			all[i].rules = append(all[i].rules, r.ID)
		}
	}
	slices.SortFunc(all, func(a, b turn) int { return a.on.Compare(b.on) })
	return all
}

// counts is the column that a turn counts from.
func (t turn) counts() string {
	if t.anchor == domainname.FromNextDue {
		return "d.next_due"
	}
	return "d.term_end"
}

// where is the condition on domains that customers are written to about, and whose day compares with that of the turn.
func (t turn) where(compared string) (w page.Where) {
	w.Add(t.counts()+" "+compared+" $?", t.on.String())
	// The day's index leads straight to them: an index of the status would not.
	w.Add("COALESCE(d.status, '') IN ('active', 'grace', 'redemption')")
	if t.anchor == domainname.FromNextDue {
		w.Add("d.status NOT IN ('expired', 'transferred_away', 'cancelled', 'fraud')") // as that index says
	}
	return w
}

// nextDay is the first day, from that of the turn on, on which there is such a domain. It is zero if there is none.
func (t turn) nextDay(ctx context.Context, tx *db.Tx) (civil.Date, error) {
	w := t.where(">=")
	found, err := column(ctx, tx, "SELECT "+t.counts()+" FROM domains d"+w.String()+" ORDER BY "+t.counts()+" LIMIT 1", w.Args()...)
	if err != nil || len(found) == 0 {
		return civil.Date{}, err
	}
	return civil.Parse(found[0])
}

// domains returns some domains of the day that lack a notice of one of its rules, by their ids. That a term was corrected
// by some days does not make it another one.
func (t turn) domains(ctx context.Context, tx *db.Tx, customerID, after string) (ids []string, err error) {
	w := t.where("=")
	w.Add("d.id > $?", after)
	if customerID != "" {
		w.Add("d.customer_id = $?", customerID)
	}
	if t.anchor == domainname.FromTermEnd {
		rules := make([]any, len(t.rules))
		places := ""
		for i, id := range t.rules {
			rules[i] = id
			if i > 0 {
				places += ", "
			}
			places += "$?"
		}
		args := append([]any{t.on.AddDays(-domainname.Drift).String(), t.on.AddDays(domainname.Drift).String()}, rules...)
		args = append(args, int64(len(rules)))
		w.Add("(SELECT COUNT(DISTINCT n.rule_id) FROM domain_notices n WHERE n.domain_id = d.id AND n.term >= $? AND n.term <= $? AND n.rule_id IN ("+places+")) < $?", args...)
	}
	rest := w.String() + " ORDER BY d.id LIMIT CAST(" + w.Arg(int64(batchSize)) + " AS BIGINT)"
	return column(ctx, tx, "SELECT d.id FROM domains d"+rest, w.Args()...)
}

// write makes the notices of some domains at once, or, if that fails, one by one, so that it shows whose fault it is.
func (p *pass) write(ctx context.Context, ids []string, act func(*writer, context.Context, string) error) error {
	ids = slices.DeleteFunc(ids, p.p.Waits)
	n, err := p.writeAll(ctx, ids, act)
	if err == nil || ctx.Err() != nil {
		p.p.DoneMany(n)
		return ctx.Err()
	}
	for _, id := range ids {
		n, err := p.writeAll(ctx, []string{id}, act)
		switch {
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			p.failed = true
			if err := p.p.Failed(ctx, id, err); err != nil {
				return err
			}
		case n > 0:
			p.p.Done(id)
		}
	}
	return nil
}

func (p *pass) writeAll(ctx context.Context, ids []string, act func(*writer, context.Context, string) error) (n int, err error) {
	err = p.s.db.Write(ctx, func(tx *db.Tx) error {
		w := newWriter(p, tx)
		for _, id := range ids {
			if err := act(w, ctx, id); err != nil {
				return fmt.Errorf("notice about domain %s: %w", id, err)
			}
		}
		n = len(w.events)
		return w.flush(ctx)
	})
	return n, err
}
