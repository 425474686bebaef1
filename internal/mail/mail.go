// Package mail tells customers and staff what happened, by e-mail.
//
// A mail is queued in the transaction of what it tells of, so both happen or neither, and only once for each occasion.
// It keeps what it tells as it was then. From there on:
//
//  1. When it is due, one process claims it, among others, and makes it from its template. What it has become is kept:
//     every try sends the same, and so does a person who sends it again.
//  2. That it is being tried is committed before the mail server gets it. The server accepts it, refuses it for good,
//     or asks to come again: then it is tried again, for days, ever less often.
//  3. If the process ends meanwhile, or the server does not answer what it was given, nobody knows what became of the
//     mail: it is unknown. Mails whose loss does harm are sent once more then, with the same Message-ID, by which the
//     reader's program drops the second; others are left to a person, who may send them again.
//
// A server that can't be reached makes mails wait, not fail. Without a mail server they wait in the outbox.
//
// Due times are those of the store's clock, leases those of the machine.
package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/background"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/text"
)

// Config is what mails stand on.
type Config struct {
	Settings *setting.Service
	Box      *crypt.Box   // seals the password of the mail server, and mails that hold secret links
	Sender   Sender       // usually SMTP
	Logger   *slog.Logger // nil: nothing is logged
	// Hold says why no mail may leave for now, such as that the store was restored and nobody has confirmed that it is
	// the only one; empty: they may. Nil: they always may.
	Hold func(context.Context) (reason string, err error)
}

// Service queues and sends the mails of a store. It is safe for concurrent use.
type Service struct {
	db       *db.DB
	settings *setting.Service
	box      *crypt.Box
	sender   Sender
	hold     func(context.Context) (string, error)
	log      *slog.Logger
	random   func() float64 // in [0, 1), for the jitter of delays
	wake     chan struct{}  // holds at most one: look for work now
	domain   atomic.Pointer[string]
	servedAt atomic.Pointer[string] // see ServedAt
	pause    pause
	claiming sync.Mutex

	background background.Loop
	gate       background.Gate // for the loop
}

// New returns the mails of the store d. They wait until [Service.Start] or [Service.SendDue].
func New(d *db.DB, c Config) *Service {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Hold == nil {
		c.Hold = func(context.Context) (string, error) { return "", nil }
	}
	return &Service{
		db: d, settings: c.Settings, box: c.Box, sender: c.Sender, hold: c.Hold, log: c.Logger, random: rand.Float64,
		wake: make(chan struct{}, 1),
	}
}

// ServedAt says where a test store is reached whose setting store.base_url is empty: links of mails lead there. The
// setting itself stays empty.
func (s *Service) ServedAt(url string) { s.servedAt.Store(&url) }

// sited returns the settings with the address to which links lead; empty: links are left out.
func (s *Service) sited(now *setting.Settings) *setting.Settings {
	url := s.servedAt.Load()
	if now.BaseURL != "" || url == nil {
		return now
	}
	with := *now
	with.BaseURL = *url
	return &with
}

// Message is a mail to queue.
type Message struct {
	ID         string // of the mail to be, from NewID("mai") of its transaction; empty: it gets one
	Kind       Kind
	To         string // an e-mail address; one that is none shows in the log as a mail that failed
	CustomerID string // empty: none
	SubjectID  string // what the mail is about: "inv_…"
	Occasion   string // which of several mails of the kind about it: a day, a payment's id; may be empty
	Language   string // BCP 47; empty: the store's
	Data       any    // of the kind's own type (kinds.go)
	DueAt      time.Time
}

// Queue queues m as part of tx. If there is a mail of its kind with its subject and occasion already, in whatever
// state, it does nothing. It fails only for faults of the program and of the database, never for what people typed.
func (s *Service) Queue(ctx context.Context, tx *db.Tx, m Message) error {
	row, err := s.rowOf(ctx, tx, m)
	if err != nil {
		return err
	}
	if _, err := tx.InsertMail(ctx, row); err != nil {
		return fmt.Errorf("queue mail %s about %s: %w", m.Kind, m.SubjectID, err)
	}
	tx.OnCommit(s.look)
	return nil
}

// QueueAll is [Service.Queue] of many mails by few statements. It fails if one of them is there already.
func (s *Service) QueueAll(ctx context.Context, tx *db.Tx, messages []Message) error {
	rows := db.NewRows("mails", "id", "kind", "customer_id", "subject_id", "occasion", "recipient", "recipient_fold", "language", "message_id",
		"data", "state", "due_at", "created_at")
	for _, m := range messages {
		row, err := s.rowOf(ctx, tx, m)
		if err != nil {
			return err
		}
		var customer any
		if row.CustomerID != nil {
			customer = *row.CustomerID
		}
		rows.Add(row.ID, row.Kind, customer, row.SubjectID, row.Occasion, row.Recipient, row.RecipientFold, row.Language, row.MessageID,
			row.Data, string(Queued), int64(*row.DueAt), int64(row.CreatedAt))
	}
	if err := rows.Insert(ctx, tx); err != nil {
		return fmt.Errorf("queue %d mails: %w", len(messages), err)
	}
	tx.OnCommit(s.look)
	return nil
}

// rowOf is m as it is stored.
func (s *Service) rowOf(ctx context.Context, tx *db.Tx, m Message) (row query.InsertMailParams, err error) {
	info, ok := infoOf(m.Kind)
	if !ok || reflect.TypeOf(m.Data) != reflect.TypeOf(info.Sample) {
		return row, fmt.Errorf("queue mail %s: not a kind of mail, or data of another: %T", m.Kind, m.Data)
	}
	data, err := json.Marshal(m.Data)
	if err != nil {
		return row, fmt.Errorf("queue mail %s: %w", m.Kind, err)
	}
	domain, err := s.messageDomain(ctx, tx)
	if err != nil {
		return row, fmt.Errorf("queue mail %s: %w", m.Kind, err)
	}
	to := oneLine(m.To)
	id := m.ID
	if id == "" {
		id = tx.NewID("mai")
	}
	row = query.InsertMailParams{
		ID: id, Kind: string(m.Kind), SubjectID: m.SubjectID, Occasion: m.Occasion, Recipient: to, RecipientFold: text.Fold(to),
		Language: m.Language, MessageID: id + "@" + domain, Data: s.sealed(info, id, partData, string(data)), DueAt: &tx.Stamp, CreatedAt: tx.Stamp,
	}
	if m.CustomerID != "" {
		row.CustomerID = &m.CustomerID
	}
	if !m.DueAt.IsZero() {
		due := clock.FromTime(m.DueAt)
		row.DueAt = &due
	}
	return row, nil
}

// QueueStaff queues m for each address of the setting mail.staff. Its To does not matter.
func (s *Service) QueueStaff(ctx context.Context, tx *db.Tx, m Message) error {
	now, err := setting.Load(ctx, tx)
	if err != nil {
		return fmt.Errorf("queue mail %s: %w", m.Kind, err)
	}
	occasion := m.Occasion
	for _, to := range now.MailStaff {
		m.To, m.Occasion = to, strings.TrimSpace(occasion+" "+text.Fold(to))
		if err := s.Queue(ctx, tx, m); err != nil {
			return err
		}
	}
	return nil
}

// messageDomain is what stands behind the @ of new Message-IDs. It is known without asking the database but once.
func (s *Service) messageDomain(ctx context.Context, tx *db.Tx) (string, error) {
	if d := s.domain.Load(); d != nil {
		return *d, nil
	}
	now, err := setting.Load(ctx, tx)
	if err != nil {
		return "", err
	}
	return s.noteDomain(&now), nil
}

// noteDomain remembers the domain that the settings give.
func (s *Service) noteDomain(now *setting.Settings) string {
	d := "keystead.invalid"
	if _, domain, ok := strings.Cut(now.MailFrom, "@"); ok && isASCII(domain) {
		d = strings.ToLower(domain)
	}
	s.domain.Store(&d)
	return d
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return s != ""
}

// look makes a running loop look for work now.
func (s *Service) look() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}
