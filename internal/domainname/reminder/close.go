package reminder

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/setting"
)

// closed records as breaches the notices that reached nobody before the days in which ICANN asks for them were over.
func (p *pass) closed(ctx context.Context) error {
	if p.p.CustomerID() != "" {
		return nil
	}
	var ids []string
	err := p.s.db.Read(ctx, func(tx *db.Tx) (err error) {
		if ids, err = unheard(ctx, tx, p.today); err != nil {
			return err
		}
		late, err := p.lately(ctx, tx)
		ids = append(ids, late...)
		return err
	})
	if err != nil {
		return fmt.Errorf("notices that reached nobody: %w", err)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	for len(ids) > 0 && ctx.Err() == nil {
		n := min(len(ids), batchSize)
		if err := p.write(ctx, ids[:n:n], (*writer).close); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return ctx.Err()
}

// unheard are the domains with a notice that came back, or is on its way still, though its days are over.
func unheard(ctx context.Context, tx *db.Tx, today civil.Date) (ids []string, err error) {
	var w page.Where
	spans := make([]string, 0, 3)
	for _, s := range domainname.Spans() {
		over := today.AddDays(-s.To)
		spans = append(spans, fmt.Sprintf("r.days BETWEEN %d AND %d AND n.term < %s AND n.term >= %s", s.From, s.To, w.Arg(over.String()), w.Arg(over.AddDays(-late).String())))
	}
	due := "NOT n.breach AND r.anchor = 'term_end' AND (" + strings.Join(spans, " OR ") + ")"
	return column(ctx, tx, `SELECT n.domain_id FROM domain_notices n JOIN domain_notice_rules r ON r.id = n.rule_id
		WHERE n.state = 'failed' AND `+due+`
		UNION SELECT n.domain_id FROM mails m JOIN domain_notices n ON n.mail_id = m.id JOIN domain_notice_rules r ON r.id = n.rule_id
		WHERE m.state IN ('queued', 'sending', 'unknown') AND n.state = 'sent' AND `+due, w.Args()...)
}

// lately are the domains with a notice that left when its days were over, while nobody looked: of the terms whose days have ended
// since the last whole pass, and of those whose end may have been corrected meanwhile. A process that has just begun does not know
// for how long nobody looked.
func (p *pass) lately(ctx context.Context, tx *db.Tx) (ids []string, err error) {
	p.s.mu.Lock()
	from := p.s.closed
	p.s.mu.Unlock()
	if earliest := p.today.AddDays(-late); from.Before(earliest) {
		from = earliest
	}
	for over := from.AddDays(-domainname.Drift); !over.After(p.today); over = over.AddDays(1) {
		for _, s := range domainname.Spans() {
			some, err := column(ctx, tx, `SELECT n.domain_id FROM domain_notices n JOIN domain_notice_rules r ON r.id = n.rule_id JOIN mails m ON m.id = n.mail_id
				WHERE n.state = 'sent' AND NOT n.breach AND n.term = $1 AND r.anchor = 'term_end' AND r.days BETWEEN $2 AND $3 AND m.state = 'sent' AND m.settled_at >= $4`,
				over.AddDays(-s.To-1).String(), int64(s.From), int64(s.To), int64(clock.FromTime(over.StartIn(p.zone))))
			if err != nil {
				return nil, err
			}
			ids = append(ids, some...)
		}
	}
	return ids, nil
}

// column reads the values of a list with one column.
func column(ctx context.Context, tx *db.Tx, list string, args ...any) (all []string, err error) {
	rows, err := tx.SQL().QueryContext(ctx, list, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		all = append(all, value)
	}
	return all, rows.Err()
}

// close records for a domain the spans that are over and in which nobody was told: at the last notice of each.
func (w *writer) close(ctx context.Context, id string) error {
	d, ok, err := w.look(ctx, id)
	if err != nil || !ok || !generic(d.Extension) {
		return err
	}
	now, err := setting.Load(ctx, w.tx)
	if err != nil {
		return err
	}
	notices, err := w.tx.DomainNoticesOfTerm(ctx, query.DomainNoticesOfTermParams{
		DomainID: id, First: d.end.AddDays(-domainname.Drift).String(), Last: d.end.AddDays(domainname.Drift).String(),
	})
	if err != nil {
		return fmt.Errorf("notices of domain %s: %w", id, err)
	}
	// What was due before the domain came to the store is no fault of the store.
	came := civil.Of(d.CreatedAt, now.TimeZone).String()
	notices = slices.DeleteFunc(notices, func(n query.DomainNoticesOfTermRow) bool { return n.DueOn < came })
	for _, s := range domainname.Spans() {
		if over := d.end.AddDays(s.To + 1); !w.today.Before(over) {
			if err := w.closeSpan(ctx, d, s, notices, over.StartIn(now.TimeZone)); err != nil {
				return err
			}
		}
	}
	return nil
}

// closeSpan records a span that was over at an instant, unless somebody was told before.
func (w *writer) closeSpan(ctx context.Context, d subject, s domainname.Span, notices []query.DomainNoticesOfTermRow, over time.Time) error {
	var last *query.DomainNoticesOfTermRow
	for i, n := range notices {
		if int(n.Days) < s.From || int(n.Days) > s.To || n.State == missed {
			continue
		}
		told, err := w.told(ctx, d, n, over)
		if err != nil || told || n.Breach {
			return err
		}
		last = &notices[i]
	}
	if last == nil {
		return nil
	}
	on, err := civil.Parse(last.DueOn)
	if err != nil {
		return fmt.Errorf("notice %s: %w", last.ID, err)
	}
	if n, err := w.tx.BreachDomainNotice(ctx, last.ID); err != nil || n == 0 {
		return err
	}
	Breaches.Add(w.tx, 1)
	rule := domainname.NoticeRule{ID: last.RuleID, Anchor: domainname.FromTermEnd, Days: int(last.Days)}
	w.tell(EventBreach, d, domainname.DueNotice{Rule: rule, On: on}, NoticeEvent{NoticeID: last.ID, MailID: last.MailID, State: last.State})
	return nil
}

// told reports whether a notice reached somebody before an instant: its mail arrived, or staff have dealt with the question
// that it left them. What the log of mails has forgotten is believed.
func (w *writer) told(ctx context.Context, d subject, n query.DomainNoticesOfTermRow, before time.Time) (bool, error) {
	switch {
	case n.ArrivedAt != 0:
		return clock.Instant(n.ArrivedAt).Time().Before(before), nil
	case n.State == sent:
		return !n.Logged, nil
	}
	by := clock.FromTime(before)
	return w.tx.StaffAnswered(ctx, query.StaffAnsweredParams{Kind: askUndelivered, SubjectID: d.ID, Occasion: n.RuleID + " " + n.Term, Before: &by})
}
