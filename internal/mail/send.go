package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/text"
)

const (
	workers   = 4                // connections that one process holds to the mail server
	batch     = 25               // mails that a worker claims at once
	leaseTime = 10 * time.Minute // after which the mails of a dead process are claimed again
	tryLimit  = 2 * time.Minute  // after which a try is given up
	stopGrace = 20 * time.Second // how long a try may go on when the program stops
)

// SendDue sends what is due now, and returns how many tries it made. Mails become due by the store's clock, so with a
// clock that stands still it ends when nothing is left for this instant. It does nothing while no mail server is set,
// and for a while after one could not be reached.
//
// It must not run inside a transaction: what is tried is committed before.
func (s *Service) SendDue(ctx context.Context) (n int, err error) {
	now, err := s.settings.Get(ctx)
	if err != nil {
		return 0, err
	}
	s.noteDomain(now)
	if err := s.settleAbandoned(ctx); err != nil {
		return 0, err
	}
	server, missing, err := s.server(ctx, now)
	if err != nil || missing != "" || s.pause.holds(s.db.Wall().Now()) {
		return 0, err
	}
	if due, err := s.hasDue(ctx); err != nil || !due {
		return 0, err
	}
	sweep := &sweep{s: s, now: now, server: server}
	var all sync.WaitGroup
	errs := make([]error, workers)
	for i := range workers {
		all.Go(func() { errs[i] = sweep.work(ctx) })
	}
	all.Wait()
	return int(sweep.tries.Load()), errors.Join(errs...)
}

// anyToSend reports whether [Service.SendDue] would find something to do.
func (s *Service) anyToSend(ctx context.Context, tx *db.Tx) (bool, error) {
	abandoned, err := tx.ListAbandonedMails(ctx, query.ListAbandonedMailsParams{RealNow: &tx.WallStamp, N: 1})
	if err != nil || len(abandoned) > 0 {
		return true, err
	}
	due, err := tx.HasDueMail(ctx, query.HasDueMailParams{Now: &tx.Stamp, RealNow: &tx.WallStamp})
	if err != nil || !due || s.pause.holds(tx.Wall) {
		return false, err
	}
	now, err := setting.Load(ctx, tx)
	if err != nil {
		return false, err
	}
	_, missing, err := s.server(db.With(ctx, tx), &now)
	return missing == "", err
}

// hasDue looks before anybody claims: most of the time nothing is due, and reading is cheap.
func (s *Service) hasDue(ctx context.Context) (due bool, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = tx.HasDueMail(ctx, query.HasDueMailParams{Now: &tx.Stamp, RealNow: &tx.WallStamp})
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for mails that are due: %w", err)
	}
	return due, nil
}

// sweep is one run over the mails that are due.
type sweep struct {
	s      *Service
	now    *setting.Settings
	server Server
	tries  atomic.Int64
	down   atomic.Bool // the server can't be reached: everybody stops
}

// over reports whether no more mails are to be tried.
func (w *sweep) over(ctx context.Context) bool { return w.down.Load() || ctx.Err() != nil }

// work sends batch after batch over one connection.
func (w *sweep) work(ctx context.Context) error {
	link := &link{sweep: w}
	defer link.close()
	for !w.over(ctx) {
		claim, rows, err := w.s.claim(ctx)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := w.sendAll(ctx, link, claim, rows); err != nil {
			return err
		}
	}
	return nil
}

// sendAll tries the mails of a claim, and lets go of those that it did not get to.
func (w *sweep) sendAll(ctx context.Context, link *link, claim string, rows []query.Mail) error {
	unreached, err := w.sendEach(ctx, link, claim, rows)
	return errors.Join(err, w.s.release(ctx, claim, unreached))
}

// sendEach tries one mail after another until the server can't be reached.
func (w *sweep) sendEach(ctx context.Context, link *link, claim string, rows []query.Mail) (unreached, err error) {
	custom, err := w.s.customTemplates(ctx)
	if err != nil {
		return nil, err
	}
	r := newRenderer(w.s.sited(w.now), custom)
	for _, row := range rows {
		if w.over(ctx) {
			break
		}
		if err := link.open(ctx); err != nil {
			w.trouble(err)
			return err, nil
		}
		if err := w.send(ctx, link, r, claim, row); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// trouble notes that the server can't be reached. A program that stops is no trouble.
func (w *sweep) trouble(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	w.down.Store(true)
	wait := w.s.pause.lengthen(w.s.db.Wall().Now(), err)
	w.s.log.Warn("the mail server can't be used; mails wait", "server", w.server.Address, "err", err, "next_try_in", wait)
}

// send tries one mail: makes it, commits that it is tried, hands it over, stores the outcome.
func (w *sweep) send(ctx context.Context, link *link, r *renderer, claim string, row query.Mail) error {
	s := w.s
	info, _ := infoOf(Kind(row.Kind))
	m, err := s.make(r, info, row)
	if err == nil {
		_, err = text.Email(row.Recipient)
	}
	if err != nil {
		return s.discard(ctx, claim, row, err)
	}
	begun, err := s.begin(ctx, claim, info, m, &row)
	if err != nil || !begun {
		return err // somebody cancelled it, or the claim was lost
	}
	w.tries.Add(1)

	// What was begun is ended even if the program stops, if it does not take too long.
	trying, cancel := context.WithTimeout(context.WithoutCancel(ctx), tryLimit)
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel) })()
	outcome := link.send(trying, Letter{
		MessageID: row.MessageID, FromName: r.store.Name, From: w.now.MailFrom, ReplyTo: w.now.MailReplyTo, To: row.Recipient,
		Subject: m.Subject, Text: m.Text, HTML: m.HTML, Date: row.CreatedAt.Time(),
	})
	if err := s.settle(ctx, row, outcome); err != nil {
		return err
	}
	if outcome == nil {
		s.pause.end()
	}
	return nil
}

// make returns what a mail has become, or makes it.
func (s *Service) make(r *renderer, info KindInfo, row query.Mail) (Rendered, error) {
	if row.Rendered {
		return s.remade(info, row)
	}
	data, err := s.opened(info, row.ID, partData, row.Data)
	if err != nil {
		return Rendered{}, err
	}
	return r.render(Kind(row.Kind), row.Language, data)
}

// claim takes mails that are due, under a name of the claim's own. It returns none when nothing is due.
func (s *Service) claim(ctx context.Context) (claim string, rows []query.Mail, err error) {
	// Workers of this process would only wait for each other's rows. Those of others may have to.
	s.claiming.Lock()
	defer s.claiming.Unlock()
	for more := true; more && err == nil; {
		err = s.db.Write(ctx, func(tx *db.Tx) (err error) {
			claim, more = tx.NewID("clm"), false
			until := clock.FromTime(tx.Wall.Add(leaseTime))
			rows, err = tx.ClaimMails(ctx, query.ClaimMailsParams{Claim: &claim, LeaseUntil: &until, Now: &tx.Stamp, RealNow: &tx.WallStamp, N: batch})
			if err == nil && len(rows) == 0 {
				// Perhaps another process was faster, and there are others.
				more, err = tx.HasDueMail(ctx, query.HasDueMailParams{Now: &tx.Stamp, RealNow: &tx.WallStamp})
			}
			return err
		})
	}
	if err != nil {
		return "", nil, fmt.Errorf("claim mails: %w", err)
	}
	return claim, rows, nil
}

// release lets go of what is left of a claim. A reason is kept on the mails that wait for it to pass.
func (s *Service) release(ctx context.Context, claim string, reason error) error {
	err := s.store(ctx, func(ctx context.Context, tx *db.Tx) error {
		if reason == nil {
			return tx.ReleaseMails(ctx, &claim)
		}
		return tx.ReleaseMailsBecause(ctx, query.ReleaseMailsBecauseParams{Claim: &claim, LastError: errorText(reason)})
	})
	if err != nil {
		return fmt.Errorf("release mails: %w", err)
	}
	return nil
}

// begin commits that a mail is being tried, and as what. It reports whether the claim still held.
func (s *Service) begin(ctx context.Context, claim string, info KindInfo, m Rendered, row *query.Mail) (begun bool, err error) {
	subject, body, rich, err := s.made(info, row.ID, m)
	if err != nil {
		return false, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		until, first := clock.FromTime(tx.Wall.Add(leaseTime)), row.TriedAt
		if first == nil {
			first = &tx.Stamp
		}
		n, err := tx.BeginTry(ctx, query.BeginTryParams{
			ID: row.ID, Claim: &claim, LeaseUntil: &until, TriedAt: first, Subject: subject, BodyText: body, BodyHtml: rich,
		})
		if begun = err == nil && n == 1; begun {
			row.TriedAt = first
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("begin to send mail %s: %w", row.ID, err)
	}
	row.State, row.Claim, row.Tries = string(Sending), &claim, row.Tries+1
	row.Subject, row.BodyText, row.BodyHtml = subject, body, rich
	return begun, nil
}

// settle stores what came of a try.
func (s *Service) settle(ctx context.Context, row query.Mail, outcome error) error {
	info, _ := infoOf(Kind(row.Kind))
	err := s.store(ctx, func(ctx context.Context, tx *db.Tx) error {
		p := progress{vital: info.Vital, tries: row.Tries, unknowns: row.Unknowns, triedAt: row.TriedAt.Time()}
		return s.finish(ctx, tx, Sending, row, judge(p, outcomeOf(outcome), tx.Now, s.random()), outcome)
	})
	if err != nil {
		return fmt.Errorf("store what became of mail %s: %w", row.ID, err)
	}
	if outcome != nil {
		s.log.Warn("mail not sent", "mail", row.ID, "kind", row.Kind, "try", row.Tries, "err", outcome)
	}
	return nil
}

// discard ends a mail that can't be made.
func (s *Service) discard(ctx context.Context, claim string, row query.Mail, reason error) error {
	from := State(row.State)
	to, _ := states.Next(from, unmakeable)
	row.Claim = &claim
	err := s.store(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.finish(ctx, tx, from, row, verdict{state: to}, reason)
	})
	if err != nil {
		return fmt.Errorf("discard mail %s: %w", row.ID, err)
	}
	s.log.Warn("mail can't be made", "mail", row.ID, "kind", row.Kind, "err", reason)
	return nil
}

// Ended is the data of the events "mail.failed" and "mail.unknown".
type Ended struct {
	Kind      Kind   `json:"kind"`
	SubjectID string `json:"subject_id"`
}

// finish takes a mail from a state to the one of a verdict, and tells of it if a person may want to know. A claim that
// was lost changes nothing: whoever took the mail over has said what became of it.
func (s *Service) finish(ctx context.Context, tx *db.Tx, from State, row query.Mail, v verdict, reason error) error {
	info, _ := infoOf(Kind(row.Kind))
	p := query.SettleMailParams{
		ID: row.ID, Claim: row.Claim, FromState: string(from), State: string(v.state), MoreUnknowns: v.unknowns, LastError: errorText(reason),
	}
	if v.due.IsZero() {
		p.SettledAt = &tx.Stamp
		forget(info, &row)
	} else {
		due := clock.FromTime(v.due)
		p.DueAt = &due
	}
	p.Data, p.BodyText, p.BodyHtml = row.Data, row.BodyText, row.BodyHtml
	n, err := tx.SettleMail(ctx, p)
	if err != nil || n == 0 || p.SettledAt == nil || v.state == Sent {
		return err
	}
	e := event.New{Type: "mail." + string(v.state), SubjectID: row.ID, Data: Ended{Kind(row.Kind), row.SubjectID}}
	if row.CustomerID != nil {
		e.CustomerID = *row.CustomerID
	}
	return event.Emit(ctx, tx, e)
}

// settleAbandoned finds the tries of processes that have ended.
func (s *Service) settleAbandoned(ctx context.Context) error {
	for {
		var rows []query.Mail
		wall := clock.FromTime(s.db.Wall().Now())
		err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
			rows, err = tx.ListAbandonedMails(ctx, query.ListAbandonedMailsParams{RealNow: &wall, N: batch})
			return err
		})
		if err != nil {
			return fmt.Errorf("look for abandoned mails: %w", err)
		}
		for _, row := range rows {
			if err := s.settle(ctx, row, fmt.Errorf("%w: the program ended meanwhile", ErrUnanswered)); err != nil {
				return err
			}
		}
		if len(rows) < batch {
			return nil
		}
	}
}

// store writes an outcome, even if the program is being stopped.
func (s *Service) store(ctx context.Context, f func(ctx context.Context, tx *db.Tx) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	ctx = event.WithActor(ctx, event.Actor{Kind: event.System, Name: "Keystead"})
	return s.db.Write(ctx, func(tx *db.Tx) error { return f(ctx, tx) })
}

// link is a worker's connection to the mail server.
type link struct {
	sweep *sweep
	conn  Connection // nil: none
}

func (l *link) open(ctx context.Context) (err error) {
	if l.conn == nil {
		l.conn, err = l.sweep.s.sender.Connect(ctx, l.sweep.server)
	}
	return err
}

func (l *link) close() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

// send hands a letter over. A connection that has ended since the last letter, as servers end them after a while, is
// opened anew, once.
func (l *link) send(ctx context.Context, letter Letter) error {
	err := l.conn.Send(ctx, letter)
	if !l.drop(err) {
		return err
	}
	if errors.Is(err, ErrUnanswered) {
		// Before the fate of more mails is put at risk, the server gets time to recover.
		l.sweep.trouble(err)
		return err
	}
	if again := l.open(ctx); again != nil {
		l.sweep.trouble(again)
		return err
	}
	if err = l.conn.Send(ctx, letter); l.drop(err) {
		l.sweep.trouble(err)
	}
	return err
}

// drop closes the connection after an error that is not an answer, and reports whether it did.
func (l *link) drop(err error) bool {
	var r *Refusal
	if err == nil || errors.As(err, &r) {
		return false
	}
	l.close()
	return true
}

// pause keeps a process from asking a server again and again that can't be reached.
type pause struct {
	mu     sync.Mutex
	length time.Duration
	until  time.Time
	reason error // nil: none
}

const (
	shortestPause = 5 * time.Second
	longestPause  = 5 * time.Minute
)

func (p *pause) holds(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.until)
}

// lengthen begins a pause, twice as long as the last one. Those who find the same trouble at the same time are one.
func (p *pause) lengthen(now time.Time, reason error) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reason = reason; !now.Before(p.until) {
		p.length = min(max(2*p.length, shortestPause), longestPause)
		p.until = now.Add(p.length)
	}
	return p.until.Sub(now)
}

func (p *pause) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.length, p.until, p.reason = 0, time.Time{}, nil
}

// trouble says why mails wait; empty if they don't.
func (p *pause) trouble() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.TrimSpace(errorText(p.reason))
}
