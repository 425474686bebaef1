// Package notice decides who is written to about what: which event makes which mail.
//
// What it knows is a table ([rules]): an event, the mail that it makes, for whom, on which condition. A mail is queued
// in the transaction of its event, with what is true there, and once for each occasion, however often the event comes.
//
// A notice never stops what it tells of. One that can't be written is undone by itself, and staff are asked to look;
// the money moves on.
package notice

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync/atomic"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/text"
)

// Mails is where notices are queued.
type Mails interface {
	Queue(ctx context.Context, tx *db.Tx, m mail.Message) error
	QueueAll(ctx context.Context, tx *db.Tx, all []mail.Message) error
	QueueStaff(ctx context.Context, tx *db.Tx, m mail.Message) error
}

// Service hears what happens in a store and writes to those whom it concerns.
type Service struct {
	db    *db.DB
	mails Mails
	log   *slog.Logger
	rules map[string][]rule // by the type of event
	read  atomic.Pointer[reading]
}

// New makes the store d write: from now on its events make mails. It belongs to building the program. log may be nil.
func New(d *db.DB, m Mails, log *slog.Logger) *Service {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Service{db: d, mails: m, log: log, rules: map[string][]rule{}}
	var types []string
	for _, r := range rules {
		if s.rules[r.on] == nil {
			types = append(types, r.on)
		}
		s.rules[r.on] = append(s.rules[r.on], r)
	}
	event.ListenMany(d, s.hear, types...)
	return s
}

// Tasks are what is written because a day has come.
func (s *Service) Tasks() []automation.Task {
	return []automation.Task{s.trialsTask(), s.cardsTask(), s.digestTask()}
}

// hear writes what the rules ask for.
func (s *Service) hear(ctx context.Context, tx *db.Tx, events []event.Event) error {
	if len(events) > 1 {
		events = s.hearMany(ctx, tx, events)
	}
	for _, e := range events {
		if err := s.hearOne(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// hearMany writes about many events at once where a rule can, and returns the others: those that are written about one
// by one, and those for which writing at once has failed.
func (s *Service) hearMany(ctx context.Context, tx *db.Tx, events []event.Event) (others []event.Event) {
	many := map[string][]moment{}
	for _, e := range events {
		m := moment{Event: e}
		if of := s.rules[e.Type]; len(of) != 1 || of[0].makeAll == nil || e.Decode(&m.facts) != nil {
			others = append(others, e)
		} else if of[0].when == nil || of[0].when(m) {
			many[e.Type] = append(many[e.Type], m)
		}
	}
	for kind, moments := range many {
		r := s.rules[kind][0]
		failure := tx.Savepoint(ctx, func() error { return s.writeAll(ctx, tx, r, moments) })
		if failure == nil {
			continue
		}
		s.log.Warn("notices could not be written at once; now one by one", "event", kind, "mail", r.mail, "count", len(moments), "err", failure)
		for _, m := range moments {
			others = append(others, m.Event)
		}
	}
	return others
}

// writeAll makes the mails of a rule about many events and queues them.
func (s *Service) writeAll(ctx context.Context, tx *db.Tx, r rule, moments []moment) (err error) {
	defer caught(&err)
	now, err := s.settings(ctx, tx)
	if err != nil {
		return err
	}
	desks := make([]*desk, len(moments))
	for i, m := range moments {
		desks[i] = &desk{tx: tx, now: now, moment: m}
	}
	data, err := r.makeAll(ctx, desks)
	if err != nil {
		return err
	}
	var letters []mail.Message
	for i, d := range desks {
		if data[i] == nil {
			continue
		}
		letter := d.to.letter(mail.Message{Kind: r.mail, SubjectID: r.subject(d.moment), Occasion: r.occasion(d), Data: data[i]})
		letters = append(letters, letter)
		if err := s.reachable(ctx, tx, letter); err != nil {
			return err
		}
	}
	return s.mails.QueueAll(ctx, tx, letters)
}

// hearOne writes what the rules ask for about one event.
func (s *Service) hearOne(ctx context.Context, tx *db.Tx, e event.Event) error {
	m := moment{Event: e}
	unreadable := e.Decode(&m.facts)
	for _, r := range s.rules[e.Type] {
		failure := unreadable
		if failure == nil {
			if r.when != nil && !r.when(m) {
				continue
			}
			failure = tx.Savepoint(ctx, func() error { return s.write(ctx, tx, r, m) })
		}
		if failure == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.missed(ctx, tx, r, m, failure); err != nil {
			return err
		}
	}
	return nil
}

// caught turns a panic into an error: it is a failure of the mail alone.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

// write makes the mail of a rule and queues it.
func (s *Service) write(ctx context.Context, tx *db.Tx, r rule, m moment) (err error) {
	defer caught(&err)
	now, err := s.settings(ctx, tx)
	if err != nil {
		return err
	}
	d := &desk{tx: tx, now: now, moment: m}
	data, err := r.make(ctx, d)
	if err != nil || data == nil {
		return err
	}
	letter := mail.Message{Kind: r.mail, SubjectID: r.subject(m), Occasion: r.occasion(d), Data: data}
	if r.staff {
		return s.mails.QueueStaff(ctx, tx, letter)
	}
	return s.send(ctx, tx, d.to, letter)
}

// send queues a letter to a customer.
func (s *Service) send(ctx context.Context, tx *db.Tx, to person, letter mail.Message) error {
	letter = to.letter(letter)
	if err := s.mails.Queue(ctx, tx, letter); err != nil {
		return err
	}
	return s.reachable(ctx, tx, letter)
}

// reachable tells staff once of a customer's address that can't be one. The letter shows among the mails that failed, and
// can be sent again.
func (s *Service) reachable(ctx context.Context, tx *db.Tx, letter mail.Message) error {
	if _, err := text.Email(letter.To); err == nil {
		return nil
	}
	s.log.Warn("a customer has no address that mails can be sent to", "customer", letter.CustomerID, "kind", letter.Kind, "subject", letter.SubjectID)
	return task.Ask(ctx, tx, task.Question{
		Kind: TaskUnreachable, SubjectID: letter.CustomerID, Occasion: shortened(letter.To), CustomerID: letter.CustomerID,
		Detail: "The customer can't be written to: the e-mail address is not valid. Enter another one, and send the mails that failed again.",
	})
}

// The kinds of questions that this room asks staff.
const (
	// TaskUnreachable: a customer has no valid e-mail address.
	TaskUnreachable = "customer.unreachable"
	// TaskMissed: a mail could not be written at all.
	TaskMissed = "notice.missed"
)

// mostMissed is how many notices that were missed staff are asked about at a time: a fault that hits all customers is
// one fault. The log has each.
const mostMissed = 20

// missed asks staff to look at a notice that could not be written.
func (s *Service) missed(ctx context.Context, tx *db.Tx, r rule, m moment, failure error) error {
	s.log.Error("notice missed", "event", m.Type, "subject", m.SubjectID, "mail", r.mail, "err", failure)
	open, err := tx.CountOpenStaffTasksOf(ctx, TaskMissed)
	if err != nil || open >= mostMissed {
		return err
	}
	return task.Ask(ctx, tx, task.Question{
		Kind: TaskMissed, SubjectID: m.SubjectID, Occasion: m.Type + " " + string(r.mail), CustomerID: m.CustomerID,
		Detail: shortened(fmt.Sprintf("The mail %s about %s could not be written: %v", r.mail, m.SubjectID, failure)),
	})
}

// longest bounds what is kept of an error or an address, in characters.
const longest = 500

// shortened is s as both databases take it.
func shortened(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}

// reading is what the settings said in a transaction.
type reading struct {
	tx  *db.Tx
	now *setting.Settings
}

// settings returns the settings as tx sees them. The night in which a million invoices are made does not read them a
// million times: what one transaction has read last is kept for it.
func (s *Service) settings(ctx context.Context, tx *db.Tx) (*setting.Settings, error) {
	if r := s.read.Load(); r != nil && r.tx == tx {
		return r.now, nil
	}
	now, err := setting.Load(ctx, tx)
	if err != nil {
		return nil, err
	}
	s.read.Store(&reading{tx, &now})
	return &now, nil
}
