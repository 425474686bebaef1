// Package registrartest has a registrar for tests: domains by name in memory, a journal of the commands that reached it, and
// faults by script.
package registrartest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
)

// Us and Them are the sponsors of domains.
const (
	Us   = "us"
	Them = "them"
)

// Domain is a domain as the registry has it.
type Domain struct {
	Name     string
	Expiry   string // as the registry writes it: an instant of RFC 3339, or whatever a test wants
	Created  string
	Sponsor  string // empty: Us
	Statuses []string
	RGP      []string
	AuthCode string
	// Accounting is from when the registrar counts its deadline, where it has a date of its own.
	Accounting  civil.Date
	YearsAhead  *int
	Nameservers []string
	Registrant  registrar.Contact
	Mode        registrar.Mode
	Premium     bool
	// Price is what it costs where that is not the fake's price for its commands.
	Price map[string]money.Money

	transfer  string // state of a transfer
	requested time.Time
	pending   *Sent // a renewal that was taken on
}

func (d *Domain) clone() Domain {
	c := *d
	c.Statuses, c.RGP, c.Nameservers = slices.Clone(d.Statuses), slices.Clone(d.RGP), slices.Clone(d.Nameservers)
	return c
}

// Sent is a command that reached the registrar.
type Sent struct {
	Transaction string
	Command     string // info, check, quote, register, transfer, transfer_state, renew, restore, delete, report, set_mode, update, balance, poll, ack
	Name        string
	Years       int
	Guard       civil.Date
	Price       *money.Money
	Mode        registrar.Mode
	At          time.Time
	Done        bool // it changed something
	Code        int  // that was answered; 0: no answer left
}

// Fake is a registrar in memory. Set its fields before it is used; it is safe for concurrent use then.
type Fake struct {
	// Caps are its capabilities: at first those of an EPP registry.
	Caps registrar.Capabilities
	// Stale is the code of a renewal whose guard is not the present date: 2004 at first; 2306 is common, too.
	Stale int
	// LeapDayToMarch: 29 February becomes 1 March in a common year, not 28 February.
	LeapDayToMarch bool
	// NoDate: answers to renewals don't tell the new date.
	NoDate bool
	// RestoreFromNow: a restored domain has a year from the restore, not from its expiry.
	RestoreFromNow bool
	// NoRedemption: what is deleted is gone at once.
	NoRedemption bool
	// NoReport: a restore is over without a report.
	NoReport bool
	// NoHolders: who holds a domain can't be read.
	NoHolders bool
	// TransferAtOnce: a transfer waits for nobody.
	TransferAtOnce bool
	// Prices are what commands cost, a year: they are quoted, and taken from the balance.
	Prices map[string]money.Money
	// Own are those of names that nobody has yet and that the registry prices by itself, a year, by name and command.
	Own map[string]map[string]money.Money
	// Before is called with every command before it is looked at, outside of all locks; nil: nothing is.
	Before func(command, name string)

	mu       sync.Mutex
	clock    clock.Clock
	domains  map[string]*Domain
	journal  []Sent
	faults   []*Fault
	seen     map[string]registrar.Answer // by transaction id
	balance  *money.Money
	messages []registrar.Message
	serial   int
	closed   bool
}

var (
	_ registrar.Registrar = (*Fake)(nil)
	_ registrar.Holders   = (*Fake)(nil)
)

// New returns a registrar without domains that has the time from c.
func New(c clock.Clock) *Fake {
	return &Fake{
		Caps: registrar.Capabilities{
			Guard: registrar.GuardDate, Parallel: 8, Register: true, Transfer: true, Renew: true, Restore: true, Delete: true, SetMode: true, Nameservers: true,
			Lock: true, AuthCode: true, Contacts: true, Check: true, Quote: true, Balance: true, Poll: true,
		},
		Stale: 2004, clock: c, domains: map[string]*Domain{}, seen: map[string]registrar.Answer{},
	}
}

// Put has the registry know a domain as it says.
func (f *Fake) Put(d Domain) {
	if d.Sponsor == "" {
		d.Sponsor = Us
	}
	kept := d.clone()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.domains[d.Name] = &kept
}

// Expires has the registry know a domain of ours that ends at an instant, such as 2027-03-10T10:00:00Z.
func (f *Fake) Expires(name, expiry string) { f.Put(Domain{Name: name, Expiry: expiry}) }

// Change changes a domain at the registry.
func (f *Fake) Change(name string, change func(*Domain)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.domains[name]
	if d == nil {
		panic("registrartest: no domain " + name)
	}
	change(d)
}

// Remove has the registry forget a domain.
func (f *Fake) Remove(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.domains, name)
}

// Domain is a domain as the registry has it.
func (f *Fake) Domain(name string) (d Domain, found bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.domains[name] == nil {
		return Domain{}, false
	}
	return f.domains[name].clone(), true
}

// Journal returns the commands that reached the registrar, in order.
func (f *Fake) Journal() []Sent {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.journal)
}

// Commands returns those of one kind, about one name where one is said.
func (f *Fake) Commands(command string, name ...string) []Sent {
	return slices.DeleteFunc(f.Journal(), func(s Sent) bool {
		return s.Command != command || len(name) > 0 && !slices.Contains(name, s.Name)
	})
}

// Sent counts the commands of one kind that reached the registrar, about one name where one is said.
func (f *Fake) Sent(command string, name ...string) int { return len(f.Commands(command, name...)) }

// Repeated returns the transaction ids that came more than once.
func (f *Fake) Repeated() []string {
	times := map[string]int{}
	var again []string
	for _, s := range f.Journal() {
		if times[s.Transaction]++; times[s.Transaction] == 2 && s.Transaction != "" {
			again = append(again, s.Transaction)
		}
	}
	return again
}

// Fund sets what the account holds. Without, it is never short of money and tells no balance.
func (f *Fake) Fund(balance money.Money) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.balance = &balance
}

// Tell puts a message in the queue.
func (f *Fake) Tell(m registrar.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell(m)
}

func (f *Fake) tell(m registrar.Message) {
	f.serial++
	if m.ID == "" {
		m.ID = fmt.Sprintf("msg-%d", f.serial)
	}
	if m.At.IsZero() {
		m.At = f.clock.Now()
	}
	f.messages = append(f.messages, m)
}

// Finish ends a renewal that was taken on (a fault of kind [Later]) and puts the message that says so in the queue.
func (f *Fake) Finish(name string, done bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.domains[name]
	if d == nil || d.pending == nil {
		panic("registrartest: nothing pending for " + name)
	}
	p := d.pending
	d.pending = nil
	d.Statuses = slices.DeleteFunc(d.Statuses, func(s string) bool { return s == "pendingRenew" })
	if done {
		f.extend(d, p.Years)
	}
	f.tell(registrar.Message{Text: "Pending action completed", Name: name, Transaction: p.Transaction, Done: &done})
}

// Transferring reports whether a transfer to the store waits for its end.
func (f *Fake) Transferring(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.domains[name] != nil && f.domains[name].transfer == "pending"
}

// ForgetTransfer has the registry know of no transfer any more.
func (f *Fake) ForgetTransfer(name string) { f.Change(name, func(d *Domain) { d.transfer = "" }) }

// EndTransfer ends a transfer to the store.
func (f *Fake) EndTransfer(name string, done bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.domains[name]
	if d == nil || d.transfer != "pending" {
		panic("registrartest: no transfer of " + name)
	}
	f.endTransfer(d, done)
	f.tell(registrar.Message{Text: "Transfer " + d.transfer, Name: name, Transfer: d.transfer})
}

func (f *Fake) endTransfer(d *Domain, done bool) {
	d.transfer = "refused"
	if done {
		d.transfer, d.Sponsor = "done", Us
		f.extend(d, 1)
	}
}

// Closed reports whether it was closed.
func (f *Fake) Closed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

// extend moves the expiry by years, in the form in which it is written.
func (f *Fake) extend(d *Domain, years int) {
	at, err := time.Parse(time.RFC3339Nano, d.Expiry)
	layout := time.RFC3339Nano
	if err != nil {
		if at, err = time.Parse(time.DateOnly, d.Expiry); err != nil {
			panic("registrartest: can't extend from " + d.Expiry)
		}
		layout = time.DateOnly
	}
	d.Expiry = f.addYears(at, years).Format(layout)
}

func (f *Fake) addYears(at time.Time, years int) time.Time {
	moved := at.AddDate(years, 0, 0)
	if !f.LeapDayToMarch && moved.Day() != at.Day() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return moved
}

// moment is a date as an adapter hands it on.
func moment(raw string) registrar.Moment {
	m := registrar.Moment{Raw: raw}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, raw); err == nil {
			m.At = at.UTC()
			break
		}
	}
	return m
}

// Capabilities implements registrar.Registrar.
func (f *Fake) Capabilities() registrar.Capabilities { return f.Caps }

// Close implements registrar.Registrar.
func (f *Fake) Close(context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}
