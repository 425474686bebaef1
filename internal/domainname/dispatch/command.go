package dispatch

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar"
)

// verb is what a registrar is told to do.
type verb string

const (
	verbRegister verb = "register"
	verbTransfer verb = "transfer"
	verbRenew    verb = "renew"
	verbRestore  verb = "restore"
	verbReport   verb = "restore_report"
	verbMode     verb = "set_mode"
	verbUpdate   verb = "update"
	verbDelete   verb = "delete"
)

// What became of a command, besides the classes of answers.
const (
	outcomeNone      = ""          // it was about to be sent
	outcomeNotDone   = "not_done"  // the registry's word, or its message, says so
	outcomeConfirmed = "confirmed" // the registry's word says so
	// outcomeOther: the registry's date is neither the old one nor the one that was asked for.
	outcomeOther = "another_date"
)

// command is what a registrar was, or is to be, told. Its row is committed before it is sent.
type command struct {
	id, transaction string
	domainID        string
	renewalID       string
	attempt         int
	verb            verb
	guard           registrar.Guard
	// before is the date that the registry showed when the command was made, in its own text: what guards a renewal.
	before   civil.Date
	expected civil.Date // to which date a renewal leads, or a restore has led
	years    int
	outcome  string
	code     int
	message  string
	asked    *asking // what somebody has asked for at once; nil: it is the store's own
	made     time.Time
	settled  bool
}

func commandOf(r query.RegistrarCommand) (command, error) {
	c := command{
		id: r.ID, transaction: r.TransactionID, domainID: r.DomainID, attempt: int(r.Attempt), verb: verb(r.Command), guard: registrar.Guard(r.GuardKind), years: int(r.Years),
		outcome: r.Outcome, message: r.Message, made: r.CreatedAt.Time(), settled: r.SettledAt != nil,
	}
	if r.RenewalID != nil {
		c.renewalID = *r.RenewalID
	}
	if r.Code != nil {
		c.code = int(*r.Code)
	}
	var err error
	if c.asked, err = askingOf(r.Asked); err != nil {
		return command{}, fmt.Errorf("command %s: %w", r.ID, err)
	}
	for _, date := range []struct {
		from *string
		to   *civil.Date
	}{{&r.Guard, &c.before}, {r.ExpectedOn, &c.expected}} {
		if date.from == nil || *date.from == "" {
			continue
		}
		if *date.to, err = civil.Parse(*date.from); err != nil {
			return command{}, fmt.Errorf("command %s: %w", r.ID, err)
		}
	}
	return c, nil
}

// transactionID returns one that was never used and never will be: 120 random bits, of letters that every registry takes.
func transactionID() string { return "KS-" + rand.Text()[:24] }

// insert writes a command down. Only when that is committed may it be sent.
func (c *command) insert(ctx context.Context, tx *db.Tx, domainID, registrarID string) error {
	c.id, c.transaction, c.domainID, c.made = tx.NewID("rcm"), transactionID(), domainID, tx.Now
	asked, err := c.asked.column()
	if err != nil {
		return fmt.Errorf("%s of domain %s: %w", c.verb, domainID, err)
	}
	row := query.InsertRegistrarCommandParams{
		ID: c.id, TransactionID: c.transaction, RegistrarID: registrarID, DomainID: domainID, Attempt: int64(c.attempt), Command: string(c.verb),
		GuardKind: string(c.guard), Years: int64(c.years), Asked: asked, CreatedAt: tx.Stamp,
	}
	if row.GuardKind == "" {
		row.GuardKind = string(registrar.GuardNone)
	}
	if !c.before.IsZero() {
		row.Guard = c.before.String()
	}
	if !c.expected.IsZero() {
		row.ExpectedOn = new(c.expected.String())
	}
	if c.renewalID != "" {
		row.RenewalID = &c.renewalID
	} else {
		n, err := tx.CountRegistrarCommands(ctx, query.CountRegistrarCommandsParams{DomainID: domainID, Command: string(c.verb)})
		if err != nil {
			return fmt.Errorf("commands about domain %s: %w", domainID, err)
		}
		row.Attempt = n + 1
	}
	err = tx.InsertRegistrarCommand(ctx, row)
	if db.Duplicate(err) {
		return errInFlight.Because(err)
	}
	if err != nil {
		return fmt.Errorf("%s of domain %s: %w", c.verb, domainID, err)
	}
	return nil
}

var errInFlight = fail.Conflict("COMMAND_IN_FLIGHT", "What came of the last command to the registrar is not known yet.")

// note writes down what an answer said, while what came of the command is still to be read.
func (c *command) note(ctx context.Context, tx *db.Tx) error {
	n, err := tx.NoteRegistrarCommand(ctx, query.NoteRegistrarCommandParams{ID: c.id, Outcome: c.outcome, Code: c.codeColumn(), Message: c.message})
	return c.changed(n, err)
}

// settle writes down what came of a command.
func (c *command) settle(ctx context.Context, tx *db.Tx, outcome string) error {
	c.outcome, c.settled = outcome, true
	row := query.SettleRegistrarCommandParams{ID: c.id, Outcome: outcome, Code: c.codeColumn(), Message: c.message, SettledAt: &tx.Stamp}
	if !c.expected.IsZero() {
		row.ExpectedOn = new(c.expected.String())
	}
	n, err := tx.SettleRegistrarCommand(ctx, row)
	return c.changed(n, err)
}

func (c *command) changed(n int64, err error) error {
	if err != nil {
		return fmt.Errorf("command %s: %w", c.id, err)
	}
	if n == 0 {
		return errLost
	}
	return nil
}

// answer is what the registrar said to a command, as staff read it.
func (c *command) answer() string { return said(c.code, c.message) }

func said(code int, message string) string {
	if code == 0 {
		return message
	}
	return strings.TrimSpace(strconv.Itoa(code) + " " + message)
}

func (c *command) codeColumn() *int64 {
	if c.code == 0 {
		return nil
	}
	return new(int64(c.code))
}

// answered takes in what an answer said. The registry's own id of the transaction stays with the renewal.
func (c *command) answered(a registrar.Answer) {
	c.outcome, c.code, c.message = string(a.Class), a.Code, shortened(a.Message)
}

// inFlight reads the command of a domain whose outcome isn't known; nil: there is none.
func inFlight(ctx context.Context, tx *db.Tx, domainID string) (*command, error) {
	r, err := tx.RegistrarCommandInFlight(ctx, domainID)
	return oneCommand(r, err)
}

// lastCommand reads what a registrar was told last about a domain; nil: nothing.
func lastCommand(ctx context.Context, tx *db.Tx, domainID string) (*command, error) {
	r, err := tx.LastRegistrarCommand(ctx, domainID)
	return oneCommand(r, err)
}

func oneCommand(r query.RegistrarCommand, err error) (*command, error) {
	if db.NotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("command to a registrar: %w", err)
	}
	c, err := commandOf(r)
	return &c, err
}

// commandsOf reads what a registrar was told for a renewal, oldest first.
func commandsOf(ctx context.Context, tx *db.Tx, renewalID string) ([]command, error) {
	rows, err := tx.RegistrarCommandsOfRenewal(ctx, &renewalID)
	if err != nil {
		return nil, fmt.Errorf("commands of renewal %s: %w", renewalID, err)
	}
	all := make([]command, len(rows))
	for i, r := range rows {
		if all[i], err = commandOf(r); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Commands lists what registrars were told about a domain, newest first.
func (s *Service) Commands(ctx context.Context, domainID string, limit int) (all []Command, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.RegistrarCommandsOfDomain(ctx, query.RegistrarCommandsOfDomainParams{DomainID: domainID, N: int64(limit)})
		if err != nil {
			return fmt.Errorf("commands about domain %s: %w", domainID, err)
		}
		all = make([]Command, len(rows))
		for i, r := range rows {
			all[i] = Command{
				ID: r.ID, Transaction: r.TransactionID, Command: r.Command, Outcome: r.Outcome, Message: r.Message, Years: int(r.Years),
				Attempt: int(r.Attempt), CreatedAt: r.CreatedAt.Time().Format(time.RFC3339), SettledAt: written(r.SettledAt),
			}
			if r.RenewalID != nil {
				all[i].RenewalID = *r.RenewalID
			}
			if r.Code != nil {
				all[i].Code = int(*r.Code)
			}
		}
		return nil
	})
	return all, err
}

func written(i *clock.Instant) string {
	if i == nil {
		return ""
	}
	return i.Time().Format(time.RFC3339)
}
