// Package reminder writes to holders of domains before and after their terms end, once each, and keeps the evidence.
package reminder

import (
	"context"
	"io"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/mail"
)

// Recipient says to whom a notice goes.
type Recipient string

// The recipients.
const (
	ToAccount    Recipient = "account"
	ToBilling    Recipient = "billing"
	ToRegistrant Recipient = "registrant"
)

// Rule is a notice rule as staff edit it.
type Rule struct {
	domainname.NoticeRule

	Recipients []Recipient
	Version    int64
}

// Notice is the evidence of one notice.
type Notice struct {
	ID, DomainID, Name, RuleID, Recipient, MailID, MessageID, Language, TemplateVersion string

	Days        int
	Anchor      domainname.Anchor
	Term, DueOn civil.Date
	State       string // sent, missed, failed
	Delivery    string // what became of the mail
	Breach      bool
	CreatedAt   time.Time
}

// Filter picks notices.
type Filter struct {
	DomainID   string
	From, To   civil.Date // zero: any
	BreachOnly bool
	Cursor     string
	Limit      int
}

// Service holds the verbs.
type Service struct {
	db   *db.DB
	mail *mail.Service
}

// New returns the notices of a store.
func New(d *db.DB, m *mail.Service) *Service { return &Service{db: d, mail: m} }

var errNotBuilt = fail.Conflict("NOT_BUILT", "This is not built yet.")

// Tasks is the automation that makes the notices of a day.
func (s *Service) Tasks() []automation.Task { return nil }

// Rules lists the rules, the shipped ones in a new store.
func (s *Service) Rules(ctx context.Context) ([]Rule, error) { return nil, errNotBuilt }

// SetRules replaces the rules. A schedule that leaves out a span that ICANN asks for is refused, unless override says why.
func (s *Service) SetRules(ctx context.Context, rules []Rule, override string) ([]Rule, error) {
	return nil, errNotBuilt
}

// Notices lists evidence, newest first.
func (s *Service) Notices(ctx context.Context, f Filter) (notices []Notice, next string, err error) {
	return nil, "", errNotBuilt
}

// Export writes evidence as CSV.
func (s *Service) Export(ctx context.Context, w io.Writer, f Filter) error { return errNotBuilt }
