package mail

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

var (
	errNotFound      = fail.NotFound("MAIL_NOT_FOUND", "There is no such mail.")
	errNotResendable = fail.Conflict("MAIL_NOT_RESENDABLE", "The mail is still to be sent.")
	errSecret        = fail.Conflict("MAIL_NOT_RESENDABLE", "The mail held a link for its reader only, which is not kept. Have them ask for a new one.")
	errNotQueued     = fail.Conflict("MAIL_NOT_QUEUED", "Only a mail that waits can be cancelled.")
)

// Filter picks a page of mails.
type Filter struct {
	CustomerID string
	SubjectID  string
	State      State
	Kind       Kind
	// Query finds mails by the beginning of their recipient's address, regardless of case, or by the whole id of the
	// mail or of its subject.
	Query  string
	Cursor string // where the page before ended; empty: the first page
	Limit  int    // see page.Limit
}

// List returns a page of mails, the newest first, and the cursor of the next page, empty after the last one. Their
// text is left out; see [Service.ByID].
func (s *Service) List(ctx context.Context, f Filter) (mails []Mail, next string, err error) {
	var bad fail.Fields
	if f.State != "" && !slices.Contains(states.States, f.State) {
		bad.Add("state", "is not one of queued, sending, sent, unknown, failed, cancelled")
	}
	if _, ok := infoOf(f.Kind); f.Kind != "" && !ok {
		bad.Add("kind", "is not a kind of mail")
	}
	for _, in := range []struct {
		field string
		value *string
	}{{"customer_id", &f.CustomerID}, {"subject_id", &f.SubjectID}, {"q", &f.Query}} {
		*in.value, err = text.Line(*in.value, text.NameLength)
		bad.Check(in.field, err)
	}
	if err := bad.Err(); err != nil {
		return nil, "", err
	}
	var w page.Where
	if f.CustomerID != "" {
		w.Add("customer_id = $?", f.CustomerID)
	}
	if f.SubjectID != "" {
		w.Add("subject_id = $?", f.SubjectID)
	}
	if f.State != "" {
		w.Add("state = $?", string(f.State))
	}
	if f.Kind != "" {
		w.Add("kind = $?", string(f.Kind))
	}
	switch {
	case strings.HasPrefix(f.Query, "mai_") && text.IsID(f.Query):
		w.Add("id = $?", f.Query)
	case strings.Contains(f.Query, "_") && text.IsID(f.Query):
		low, high := text.PrefixRange(text.Fold(f.Query))
		w.Add("(subject_id = $? OR (recipient_fold >= $? AND recipient_fold < $?))", f.Query, low, high)
	case f.Query != "":
		low, high := text.PrefixRange(text.Fold(f.Query))
		w.Add("recipient_fold >= $? AND recipient_fold < $?", low, high)
	}
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 1)
		if err != nil {
			return nil, "", err
		}
		w.Add("id < $?", key[0])
	}
	limit := page.Limit(f.Limit)
	rest := w.String() + " ORDER BY id DESC LIMIT CAST(" + w.Arg(int64(limit+1)) + " AS BIGINT)"
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := selectMails(ctx, tx, rest, w.Args()...)
		if err != nil {
			return fmt.Errorf("list mails: %w", err)
		}
		rows, more := page.Cut(rows, limit)
		mails, next = rows, ""
		if more {
			next = page.Cursor(rows[limit-1].ID)
		}
		return nil
	})
	return mails, next, err
}

func selectMails(ctx context.Context, tx *db.Tx, rest string, args ...any) (mails []Mail, err error) {
	rows, err := tx.SQL().QueryContext(ctx, `SELECT id, kind, customer_id, subject_id, occasion, resend_of, recipient, language, message_id,
		state, due_at, tries, last_error, created_at, tried_at, settled_at, rendered, subject FROM mails`+rest, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r query.Mail
		err := rows.Scan(&r.ID, &r.Kind, &r.CustomerID, &r.SubjectID, &r.Occasion, &r.ResendOf, &r.Recipient, &r.Language, &r.MessageID,
			&r.State, &r.DueAt, &r.Tries, &r.LastError, &r.CreatedAt, &r.TriedAt, &r.SettledAt, &r.Rendered, &r.Subject)
		if err != nil {
			return nil, err
		}
		mails = append(mails, fromRow(r))
	}
	return mails, rows.Err()
}

// ByID returns a mail with its text. One that was not made yet is shown as it would become now.
func (s *Service) ByID(ctx context.Context, id string) (Mail, error) {
	var row query.Mail
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		row, err = get(ctx, tx, id)
		return err
	})
	if err != nil {
		return Mail{}, err
	}
	m := fromRow(row)
	if m.Made || m.Secret {
		return m, nil
	}
	now, err := s.settings.Get(ctx)
	if err != nil {
		return Mail{}, err
	}
	custom, err := s.customTemplates(ctx)
	if err != nil {
		return Mail{}, err
	}
	// What can't be made has no text; the log says why once it was tried.
	if made, err := newRenderer(s.sited(now), custom).render(m.Kind, m.Language, row.Data); err == nil {
		m.Subject, m.Text, m.HTML = made.Subject, made.Text, made.HTML
	}
	return m, nil
}

func get(ctx context.Context, tx *db.Tx, id string) (query.Mail, error) {
	if !text.IsID(id) {
		return query.Mail{}, errNotFound
	}
	row, err := tx.GetMail(ctx, id)
	if db.NotFound(err) {
		return query.Mail{}, errNotFound
	}
	if err != nil {
		return query.Mail{}, fmt.Errorf("mail %s: %w", id, err)
	}
	return row, nil
}

// Repeated is the data of the event "mail.resent"; its subject is the new mail.
type Repeated struct {
	Kind     Kind   `json:"kind"`
	ResendOf string `json:"resend_of"`
}

// Resend queues a mail once more, as it was, with a Message-ID of its own, and returns the new one.
func (s *Service) Resend(ctx context.Context, id string) (again Mail, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if info, _ := infoOf(Kind(row.Kind)); info.Secret {
			return errSecret
		}
		if row.SettledAt == nil {
			return errNotResendable
		}
		domain, err := s.messageDomain(ctx, tx)
		if err != nil {
			return err
		}
		fresh := tx.NewID("mai")
		err = tx.InsertResend(ctx, query.InsertResendParams{
			ID: fresh, Occasion: strings.TrimSpace(row.Occasion + " resend " + fresh), MessageID: fresh + "@" + domain, DueAt: &tx.Stamp,
			CreatedAt: tx.Stamp, ResendOf: id,
		})
		if err != nil {
			return fmt.Errorf("resend mail %s: %w", id, err)
		}
		tx.OnCommit(s.look)
		if row, err = get(ctx, tx, fresh); err != nil {
			return err
		}
		again = fromRow(row)
		return note(ctx, tx, "mail.resent", again, Repeated{again.Kind, id})
	})
	return again, err
}

// Cancel keeps a mail from being sent that still waits.
func (s *Service) Cancel(ctx context.Context, id string) (m Mail, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		info, _ := infoOf(Kind(row.Kind))
		forget(info, &row)
		n, err := tx.CancelMail(ctx, query.CancelMailParams{ID: id, Now: &tx.Stamp, Data: row.Data, BodyText: row.BodyText, BodyHtml: row.BodyHtml})
		if err != nil {
			return fmt.Errorf("cancel mail %s: %w", id, err)
		}
		if n == 0 {
			return errNotQueued
		}
		if row, err = get(ctx, tx, id); err != nil {
			return err
		}
		m = fromRow(row)
		return note(ctx, tx, "mail.cancelled", m, Ended{m.Kind, m.SubjectID})
	})
	return m, err
}

// note writes what a person did with a mail.
func note(ctx context.Context, tx *db.Tx, what string, m Mail, data any) error {
	if err := event.Audit(ctx, tx, event.Change{What: what, SubjectID: m.ID, After: m.ResendOf}); err != nil {
		return err
	}
	return event.Emit(ctx, tx, event.New{Type: what, SubjectID: m.ID, CustomerID: m.CustomerID, Data: data})
}

// Outbox says how the mails do that wait.
type Outbox struct {
	Waiting   int64
	OldestDue *time.Time // nil: none waits
	// Missing is what must be set before mails can be sent; empty: nothing.
	Missing string
	// Linkless says that the store has no address, so that mails have no links and those that hold a secret link fail.
	Linkless bool
	// Trouble is why the mail server could not be used lately; empty: it could, as far as this process knows.
	Trouble string
}

// Outbox returns how many mails wait, and what for.
func (s *Service) Outbox(ctx context.Context) (o Outbox, err error) {
	now, err := s.settings.Get(ctx)
	if err != nil {
		return Outbox{}, err
	}
	if _, o.Missing, err = s.server(ctx, now); err != nil {
		o.Missing = errorText(err)
	}
	o.Trouble, o.Linkless = s.pause.trouble(), s.sited(now).BaseURL == ""
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := tx.GetOutbox(ctx)
		if err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		if o.Waiting = row.Waiting; row.Waiting > 0 {
			at := clock.Instant(row.OldestDue).Time()
			o.OldestDue = &at
		}
		return nil
	})
	return o, err
}

const pruneBatch = 1000 // mails forgotten in one transaction

// Prune forgets mails that were queued before an instant and are settled, and returns how many.
func (s *Service) Prune(ctx context.Context, before time.Time) (pruned int64, err error) {
	for n := int64(pruneBatch); n == pruneBatch; pruned += n {
		err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = tx.PruneMails(ctx, query.PruneMailsParams{BeforeID: db.FirstID("mai", before), N: pruneBatch})
			return err
		})
		if err != nil {
			return pruned, fmt.Errorf("prune mails: %w", err)
		}
	}
	return pruned, nil
}
