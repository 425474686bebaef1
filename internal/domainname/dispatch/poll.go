package dispatch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/text"
)

const (
	pollEvery = 30 * time.Second // how often the queue of each registrar is looked at
	pollMany  = 200              // how many messages at once
)

// pollNow reports whether it is time to look at a registrar's queue, and notes that somebody does. It goes by the store's clock:
// a year in a test store goes the same way however long that takes.
func (s *Service) pollNow(l lane) bool {
	now := s.db.Clock().Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.toPoll(l, now) {
		return false
	}
	s.polled[l.registrar] = now
	return true
}

// pollDue reports whether it is time to look at a registrar's queue.
func (s *Service) pollDue(l lane) bool {
	now := s.db.Clock().Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.toPoll(l, now)
}

func (s *Service) toPoll(l lane, now time.Time) bool {
	last, ok := s.polled[l.registrar]
	return !l.archived && (!ok || now.Sub(last) >= pollEvery || now.Before(last))
}

// pollOne takes in the messages of a registrar: each is handled once, by its id, and acknowledged when that is committed.
func (s *Service) pollOne(ctx context.Context, id string) error {
	reg, err := s.config.Registrars.Open(ctx, id)
	if err != nil {
		return err
	}
	if !reg.Capabilities().Poll {
		return nil
	}
	for range pollMany {
		ctx, cancel := context.WithTimeout(ctx, s.patience)
		more, err := s.message(ctx, id, reg)
		cancel()
		if !more || err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) message(ctx context.Context, id string, reg registrar.Registrar) (more bool, err error) {
	m, err := reg.Poll(ctx, transactionID())
	if m == nil || err != nil {
		return false, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.InsertRegistrarMessage(ctx, query.InsertRegistrarMessageParams{RegistrarID: id, MessageID: m.ID, Body: body(m), CreatedAt: tx.Stamp})
		if err != nil || n == 0 {
			return err // it was handled before
		}
		return heard(ctx, tx, id, m)
	})
	if err != nil {
		return false, err
	}
	if err := s.point("heard", m.Name); err != nil {
		return false, err
	}
	return true, reg.Ack(ctx, transactionID(), m.ID)
}

// longestBody is how much of a message is kept.
const longestBody = 16 << 10

func body(m *registrar.Message) string {
	said := m.Body
	if said == "" {
		said = m.Text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(said[:min(len(said), longestBody)], "\ufffd"), "\x00", "\ufffd")
}

// heard takes a message in: one that ends a command is kept with it, and its domain is read.
func heard(ctx context.Context, tx *db.Tx, registrarID string, m *registrar.Message) error {
	domainID := ""
	if m.Transaction != "" {
		r, err := tx.RegistrarCommandByTransaction(ctx, query.RegistrarCommandByTransactionParams{RegistrarID: registrarID, TransactionID: m.Transaction})
		c, err := oneCommand(r, err)
		if err != nil {
			return fmt.Errorf("command of message %s: %w", m.ID, err)
		}
		if c != nil {
			domainID = c.domainID
		}
		if c != nil && c.asked != nil && c.settled && c.outcome == outcomeConfirmed && m.Done != nil && !*m.Done {
			if err := undoneAfterAll(ctx, tx, *c, m.Text); err != nil {
				return err
			}
		}
	}
	if domainID != "" && m.Done != nil {
		row := query.EndPendingRegistrarCommandParams{
			RegistrarID: registrarID, TransactionID: m.Transaction, Outcome: string(registrar.Done), Message: shortened(m.Text),
		}
		if !*m.Done {
			row.Outcome = outcomeNotDone
		}
		if _, err := tx.EndPendingRegistrarCommand(ctx, row); err != nil {
			return fmt.Errorf("command of message %s: %w", m.ID, err)
		}
	}
	if domainID == "" && m.Name != "" {
		d, err := tx.DomainByName(ctx, text.Fold(m.Name))
		if db.NotFound(err) {
			return nil // not one of the store
		}
		if err != nil {
			return fmt.Errorf("domain of message %s: %w", m.ID, err)
		}
		domainID = d.ID
		if err := domainname.SyncAt(ctx, tx, d.ID, tx.Now); err != nil {
			return err
		}
	}
	if domainID == "" {
		return nil
	}
	return domainname.Work(ctx, tx, domainID, tx.Now)
}
