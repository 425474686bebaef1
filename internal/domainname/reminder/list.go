package reminder

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/text"
)

// Notice is the evidence of one notice.
type Notice struct {
	ID, DomainID, Name, RuleID, Recipient, MailID, MessageID, Language, TemplateVersion string

	Days        int
	Anchor      domainname.Anchor
	Term, DueOn civil.Date
	State       string // sent, missed, failed
	Delivery    string // what became of the mail; empty: the log has forgotten it
	Breach      bool
	CreatedAt   time.Time
}

// Filter picks notices.
type Filter struct {
	DomainID   string
	From, To   civil.Date // the days on which they were made, by the store's zone, both included; zero: any
	BreachOnly bool
	Cursor     string
	Limit      int
}

// Notices lists evidence, newest first.
func (s *Service) Notices(ctx context.Context, f Filter) (notices []Notice, next string, err error) {
	f.Limit = page.Limit(f.Limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		notices, next, err = list(ctx, tx, f)
		return err
	})
	return notices, next, err
}

func list(ctx context.Context, tx *db.Tx, f Filter) (notices []Notice, next string, err error) {
	now, err := setting.Load(ctx, tx)
	if err != nil {
		return nil, "", err
	}
	var w page.Where
	if f.DomainID != "" {
		w.Add("n.domain_id = $?", f.DomainID)
	}
	if !f.From.IsZero() {
		w.Add("n.created_at >= $?", clock.FromTime(f.From.StartIn(now.TimeZone)))
	}
	if !f.To.IsZero() {
		w.Add("n.created_at < $?", clock.FromTime(f.To.AddDays(1).StartIn(now.TimeZone)))
	}
	if f.BreachOnly {
		w.Add("n.breach")
	}
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 2)
		if err != nil {
			return nil, "", err
		}
		at, err := strconv.ParseInt(key[0], 10, 64)
		if err != nil {
			return nil, "", fail.Invalid("cursor", "is not one that this list gave")
		}
		w.Add("(n.created_at < $? OR (n.created_at = $? AND n.id < $?))", at, at, key[1])
	}
	rest := w.String() + " ORDER BY n.created_at DESC, n.id DESC LIMIT CAST(" + w.Arg(int64(f.Limit+1)) + " AS BIGINT)"
	rows, err := tx.SQL().QueryContext(ctx, `SELECT n.id, n.domain_id, d.name, n.rule_id, n.recipient, COALESCE(n.mail_id, ''), COALESCE(m.message_id, ''), n.language,
		n.template_version, r.days, r.anchor, n.term, n.due_on, n.state, COALESCE(m.state, ''), n.breach, n.created_at
		FROM domain_notices n JOIN domains d ON d.id = n.domain_id JOIN domain_notice_rules r ON r.id = n.rule_id LEFT JOIN mails m ON m.id = n.mail_id`+rest, w.Args()...)
	if err != nil {
		return nil, "", fmt.Errorf("notices of domains: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var n Notice
		var at clock.Instant
		err := rows.Scan(&n.ID, &n.DomainID, &n.Name, &n.RuleID, &n.Recipient, &n.MailID, &n.MessageID, &n.Language, &n.TemplateVersion, &n.Days, &n.Anchor,
			&n.Term, &n.DueOn, &n.State, &n.Delivery, &n.Breach, &at)
		if err != nil {
			return nil, "", fmt.Errorf("notices of domains: %w", err)
		}
		n.CreatedAt = at.Time()
		notices = append(notices, n)
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("notices of domains: %w", err)
	}
	notices, more := page.Cut(notices, f.Limit)
	if more {
		last := notices[len(notices)-1]
		next = page.Cursor(strconv.FormatInt(int64(clock.FromTime(last.CreatedAt)), 10), last.ID)
	}
	return notices, next, nil
}

// Export writes evidence as CSV, the newest first, whatever the filter's cursor and limit say.
func (s *Service) Export(ctx context.Context, w io.Writer, f Filter) error {
	out := csv.NewWriter(w)
	err := out.Write([]string{
		"created_at", "domain", "term_end", "anchor", "days", "due_on", "state", "breach", "recipient", "language", "template", "mail_id", "message_id", "delivery",
	})
	for f.Limit, f.Cursor = page.Limit(1000), ""; err == nil; {
		var notices []Notice
		if notices, f.Cursor, err = s.Notices(ctx, f); err != nil {
			return err
		}
		for _, n := range notices {
			if err := out.Write(n.fields()); err != nil {
				return err
			}
		}
		if f.Cursor == "" {
			break
		}
	}
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return err
}

func (n Notice) fields() []string {
	return []string{
		n.CreatedAt.UTC().Format(time.RFC3339), n.Name, n.Term.String(), string(n.Anchor), strconv.Itoa(n.Days), n.DueOn.String(), n.State,
		strconv.FormatBool(n.Breach), text.Cell(n.Recipient), n.Language, n.TemplateVersion, n.MailID, text.Cell(n.MessageID), text.Cell(n.Delivery),
	}
}
