// Package registrar is what the store asks of those through whom it reaches registries, and what they answer.
//
// An adapter is one account at one registrar or registry: epp speaks the protocol of registries, manual asks staff to do
// it by hand. What an adapter does not declare is not offered. Its messages are for staff; customers read the store's own.
//
// A command that changes something carries a transaction id that its caller has written down before. The adapter sends it
// once and never again. What came of it is an [Answer]; its [Class] says what follows. Only reading the registry afterwards
// says whether it was done.
package registrar

import (
	"context"
	"errors"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
)

// Registrar is an account through which domains are read and changed. It is safe for concurrent use.
type Registrar interface {
	// Capabilities says what the adapter can do. It is constant.
	Capabilities() Capabilities
	// Info reads a domain. A domain that is not there has no error: see Info.Found.
	Info(ctx context.Context, transaction, name string) (Info, error)
	// Check asks which names can be registered.
	Check(ctx context.Context, transaction string, names ...string) ([]Available, error)
	// Quote asks what a command costs now.
	Quote(ctx context.Context, transaction string, q Quoting) (Quote, error)

	Register(ctx context.Context, transaction string, in Registration) Answer
	Transfer(ctx context.Context, transaction string, in TransferIn) Answer
	// TransferState tells how far a transfer to the store is.
	TransferState(ctx context.Context, transaction, name string) (TransferState, error)
	Renew(ctx context.Context, transaction string, in Renewal) Answer
	Restore(ctx context.Context, transaction string, in Restore) Answer
	// Report sends the report that many registries want after a restore (RFC 3915).
	Report(ctx context.Context, transaction string, in RestoreReport) Answer
	// Delete gives a domain back to its registry, for good or into its redemption. What a registry has returned it for is told by
	// no answer.
	Delete(ctx context.Context, transaction, name string) Answer
	// SetMode says what happens at the expiry where there is no renew command.
	SetMode(ctx context.Context, transaction, name string, mode Mode) Answer
	// Update changes nameservers, locks, contacts or what authorises a transfer away.
	Update(ctx context.Context, transaction string, in Update) Answer

	// Balance is what the account holds; known is false where the adapter can't tell.
	Balance(ctx context.Context) (balance money.Money, known bool, err error)
	// Poll returns the oldest message of the registry; nil: there is none. Handle it once by its id, commit, then Ack.
	Poll(ctx context.Context, transaction string) (*Message, error)
	Ack(ctx context.Context, transaction, id string) error
	// Close ends its sessions.
	Close(ctx context.Context)
}

// Orders is what an adapter without a guard has besides: the list of what was ordered through the account.
type Orders interface {
	// Ordered reports whether the list has a command, by its transaction id.
	Ordered(ctx context.Context, transaction string) (bool, error)
}

// Holders is what an adapter has besides whose registry knows holders by ids that follow from what they say.
type Holders interface {
	// HolderID is the id under which the registry has a holder, empty where it has none; known is false if that can't be told.
	HolderID(ctx context.Context, c Contact) (id string, known bool)
}

// ErrByHand is the error of an adapter that reads nothing: what people read there is entered by them.
var ErrByHand = errors.New("is read by hand")

// ErrNotOffered is the error of what an adapter does not declare.
var ErrNotOffered = errors.New("is not offered by this registrar")

// NotOffered is the answer to a command that an adapter does not declare: nothing was done.
func NotOffered() Answer { return Answer{Class: Fault, Message: ErrNotOffered.Error()} }

// Guard is what keeps a renewal from being done twice by the same request.
type Guard string

// The guards.
const (
	GuardDate Guard = "date" // the present expiry date is part of the command
	GuardYear Guard = "year" // its year is
	GuardKey  Guard = "key"  // the transaction id counts once at the other side
	GuardNone Guard = "none" // nothing: a command is done as often as it comes
)

// Capabilities are what an adapter declares.
type Capabilities struct {
	Guard Guard
	// Settle is how long after a command without an answer its effect may still appear.
	Settle time.Duration
	// PerSecond is how many commands a second the store lets go at most, by the registrar's [Pace]; 0: as many as there are.
	PerSecond float64
	// Parallel is how many commands may run at once.
	Parallel int
	// Manual says that people do what is asked: nothing is read back by itself.
	Manual bool
	// What it can do besides reading.
	Register, Transfer, Renew, Restore, Delete, SetMode, Nameservers, Lock, AuthCode, Contacts, Check, Quote, Balance, Poll bool
	// GraceIncluded is by how many days its expiry date lies behind the registry's, because it counts the grace period in.
	GraceIncluded int
}

// Class says what follows from an answer (docs/domains.md, Protocol).
type Class string

// The classes.
const (
	Done    Class = "done"      // read the registry, as always
	Pending Class = "pending"   // taken on: ends by a message of the registry, or by a changed date
	Policy  Class = "policy"    // what it took for granted isn't so, or a rule forbids it: read, compare, decide
	Status  Class = "status"    // a status of the domain forbids it
	Money   Class = "money"     // the account's funds don't cover it
	NotOurs Class = "not_ours"  // another registrar's, or not there
	Fault   Class = "our_fault" // the command was wrong: again it would be, too
	Session Class = "session"   // it never left: nothing was done
	Unknown Class = "unknown"   // it may have left, and nobody knows what came of it: read first
)

// Answer is what came of a command.
type Answer struct {
	Class     Class
	Code      int    // of EPP; 0: none
	Message   string // for staff
	Reference string // the registry's own id of the transaction: evidence
	Expiry    Moment // as the answer tells it; many tell none
	AuthCode  string // where one was asked for
}

// Moment is an instant as the other side wrote it.
type Moment struct {
	Raw string
	At  time.Time // UTC; zero: the text is no instant
}

// Info is what a registry says of a domain.
type Info struct {
	Found      bool
	Ours       bool   // the store's account sponsors it
	Sponsor    string // who does
	Expiry     Moment
	Accounting civil.Date // from which the registrar counts its deadline, where it has one of its own
	Created    Moment
	Statuses   []string // of RFC 5731
	RGP        []string // of RFC 3915
	// YearsAhead is how many years may be added now, where the registry says so.
	YearsAhead  *int
	Nameservers []string
	Registrant  string // the id of the contact
	AuthCode    string
	Premium     bool
}

// Available says whether a name can be registered.
type Available struct {
	Name   string
	Free   bool
	Reason string // for staff
	// Premium: the registry has prices of its own for the name, which are to be quoted.
	Premium bool
	Class   string
}

// Quoting asks for a price.
type Quoting struct {
	Name     string
	Command  string // register, transfer, renew, restore
	Years    int    // 0: it has none, such as a restore
	Currency money.Currency
}

// Quote is what a command costs now.
type Quote struct {
	Known   bool
	Price   money.Money
	Premium bool // not the usual price
	Class   string
}

// Contact is who holds a domain.
type Contact struct {
	Name, Company, Country, Email, Phone string
	Address                              []string // lines
}

// Registration asks for a new domain.
type Registration struct {
	Name        string
	Years       int
	Registrant  Contact
	Nameservers []string
	Price       *money.Money // agreed, only for premium names
}

// TransferIn asks for a domain that another registrar has.
type TransferIn struct {
	Name       string
	AuthCode   string
	Years      int
	Registrant Contact
	Price      *money.Money // agreed, only for premium names
}

// TransferState is how far a transfer is.
type TransferState struct {
	State     string // pending, done, refused, none
	Text      string // as the registry said
	Requested Moment // when it was asked for, where the registry says so
}

// Renewal asks for years.
type Renewal struct {
	Name  string
	Years int
	// Guard is the UTC date of the expiry as it was read last.
	Guard civil.Date
	Price *money.Money // agreed, only for premium names
}

// Restore asks for a domain back that is in its redemption period.
type Restore struct {
	Name  string
	Price *money.Money // agreed, only for premium names
}

// RestoreReport says why a domain was restored.
type RestoreReport struct {
	Name              string
	Before, After     string // registration data before the deletion, and now
	Deleted, Restored time.Time
	Reason            string
}

// Mode is what happens at the expiry.
type Mode string

// The modes.
const (
	ModeRenew  Mode = "renew"
	ModeExpire Mode = "expire"
)

// Update changes a domain; nil fields change nothing.
type Update struct {
	Name           string
	Nameservers    *[]string
	AddStatuses    []string // such as clientTransferProhibited
	RemoveStatuses []string
	Registrant     *Contact
	AuthCode       string
}

// Message is a message of a registry.
type Message struct {
	ID   string
	At   time.Time
	Text string
	Name string // of the domain that it is about; empty: none
	// Transaction is the transaction id of the command that it ends, Done whether that was done.
	Transaction string
	Done        *bool
	Transfer    string // the state of a transfer that it is about
	Body        string // as it came
}
