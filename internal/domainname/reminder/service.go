// Package reminder writes to holders of domains before and after their terms end, once each, and keeps the evidence.
//
// Once on each day of the store's zone a pass looks, for every rule, at the domains whose term ends (or whose renewal falls
// due) on the days for which it is the rule's turn. Of several rules whose turn it is, the latest is sent and the others
// are recorded as missed: so a downtime is made up for. What was sent is a row with its mail, in one transaction.
package reminder

import (
	"sync"

	"github.com/keystead/keystead/internal/civil"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/mail"
)

const mailCancelled = "mail.cancelled"

// TaskNotices is the kind of this room's task of automation.
const TaskNotices = "domains.notices"

// Service holds the verbs. It is safe for concurrent use.
type Service struct {
	db   *db.DB
	mail *mail.Service

	mu   sync.Mutex
	done string // the day, and the rules, of the last whole pass of this process
	// closed is the day of that pass: of notices whose days were over then it is known which ones arrived too late. Zero: there
	// was none yet.
	closed civil.Date
}

// New returns the notices of a store. From now on they hear what becomes of their mails.
func New(d *db.DB, m *mail.Service) *Service {
	s := &Service{db: d, mail: m}
	event.Listen(d, s.returned, "mail.failed", "mail.unknown", mailCancelled)
	return s
}

// Tasks is the automation that makes the notices of a day.
func (s *Service) Tasks() []automation.Task { return []automation.Task{s.task()} }
