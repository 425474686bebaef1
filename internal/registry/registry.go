// Package registry simulates registries of domains: an EPP server with the habits and the failures that real ones
// have, for demo stores and for tests.
//
// A [Registry] keeps domains, contacts and hosts, the accounts of registrars with their money, and a queue of
// messages for each. It has a clock that can be set; what falls due (renewals by the registry itself, deletions,
// transfers that nobody answers) happens in the order of time whenever somebody looks. The same commands at the same
// instants give the same registry.
//
// What happened can be proved afterwards: the journal lists every command that arrived, the ledger every year that
// was added and what it cost.
//
// [Registry.Serve] speaks EPP over TLS, [Registry.Handler] has the rest: faults and clock, a plain registrar API
// without any guard against repetition, and RDAP.
package registry

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/clock"
)

// Registry is safe for concurrent use.
type Registry struct {
	mu     sync.Mutex
	clock  clock.Clock
	state  state
	faults []*Fault
	watch  func(sent bool, document []byte)
	agenda *agenda // nil: it is yet to be made
	kept   int     // commands in the journal
}

// state is what a registry remembers.
type state struct {
	Frozen     *time.Time // where the clock stands, once it was set
	Extensions map[string]*Extension
	Default    string // the extension whose dialect speaks where no name is said
	Accounts   map[string]*Account
	Domains    map[string]*Domain
	Contacts   map[string]*Contact
	Hosts      map[string]*Host
	Seen       map[string]int // transaction ids, by account
	Ledger     []Entry
	Journal    []Command
	Serial     int64 // of objects
	Answers    int64 // given
	Changes    int64 // counts what would have to be saved
}

// Account is a registrar's.
type Account struct {
	ID       string
	Password string
	Balance  *int64 // minor units of the extensions' currency; nil: never short of money
	Messages []Message
	Sent     int64 // messages so far
}

// Message waits in an account's queue.
type Message struct {
	ID   string
	At   time.Time
	Text string
	Data string // resData, as XML
}

// Entry is a line of the ledger: years that were added to a domain, or taken back, and their price.
type Entry struct {
	At        time.Time `json:"at"`
	Account   string    `json:"account"`
	Kind      string    `json:"kind"` // create, renew, auto_renew, transfer, restore, credit
	Name      string    `json:"name"`
	Years     int       `json:"years"`
	Before    time.Time `json:"before,omitzero"`
	After     time.Time `json:"after,omitzero"`
	Amount    int64     `json:"amount"` // minor units
	Currency  string    `json:"currency"`
	ClTRID    string    `json:"cl_trid,omitempty"` // empty: the registry by itself
	Interface string    `json:"interface,omitempty"`
}

// Command is a line of the journal: a command that arrived.
type Command struct {
	At      time.Time `json:"at"`
	Account string    `json:"account"`
	Verb    string    `json:"verb"`
	Name    string    `json:"name,omitempty"`
	ClTRID  string    `json:"cl_trid,omitempty"`
	Code    int       `json:"code"` // what was, or would have been, answered; 0: the connection ended before
	Fault   FaultKind `json:"fault,omitempty"`
}

// New returns an empty registry that takes the time from c until its clock is set.
func New(c clock.Clock) *Registry {
	return &Registry{clock: c, kept: journalLength, state: state{
		Extensions: map[string]*Extension{}, Accounts: map[string]*Account{}, Domains: map[string]*Domain{},
		Contacts: map[string]*Contact{}, Hosts: map[string]*Host{}, Seen: map[string]int{},
	}}
}

// KeepJournal bounds how many commands the journal has.
func (r *Registry) KeepJournal(commands int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = max(commands, 10)
}

// AddAccount lets a registrar in. A nil balance never ends.
func (r *Registry) AddAccount(id, password string, balance *int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Accounts[id] = &Account{ID: id, Password: password, Balance: balance}
	r.state.Changes++
}

// Passwords are what the accounts log in with.
func (r *Registry) Passwords() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]string{}
	for id, a := range r.state.Accounts {
		all[id] = a.Password
	}
	return all
}

// Balance is what an account holds. limited: it can be short of money.
func (r *Registry) Balance(id string) (balance int64, limited bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.state.Accounts[id]; a != nil && a.Balance != nil {
		return *a.Balance, true
	}
	return 0, false
}

// Fund sets the balance of an account.
func (r *Registry) Fund(id string, balance int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.state.Accounts[id]
	if a == nil {
		return fmt.Errorf("no account %q", id)
	}
	a.Balance = &balance
	r.state.Changes++
	return nil
}

// AddExtension opens a top-level domain, or changes its rules. The first is also the one whose dialect speaks where
// no name is said.
func (r *Registry) AddExtension(x Extension) error {
	x = x.withDefaults()
	if err := x.validate(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Extensions[x.Name] = &x
	if r.state.Default == "" {
		r.state.Default = x.Name
	}
	r.agenda = nil
	r.state.Changes++
	return nil
}

// ExtensionNames lists the top-level domains.
func (r *Registry) ExtensionNames() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.state.Extensions))
}

// Now is the registry's time.
func (r *Registry) Now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now()
}

func (r *Registry) now() time.Time {
	if r.state.Frozen != nil {
		return *r.state.Frozen
	}
	return r.clock.Now()
}

// SetClock stops the registry's clock at t, and lets happen what falls due until then.
func (r *Registry) SetClock(t time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t = t.UTC()
	r.state.Frozen = &t
	r.state.Changes++
	r.settle()
}

// Ledger returns what was added and charged, in order.
func (r *Registry) Ledger() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	return slices.Clone(r.state.Ledger)
}

// Journal returns the commands that arrived, in order.
func (r *Registry) Journal() []Command {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.state.Journal)
}

// Repeated returns the transaction ids that an account used more than once.
func (r *Registry) Repeated() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []string
	for key, n := range r.state.Seen {
		if n > 1 {
			_, id, _ := strings.Cut(key, " ")
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Domain returns a copy of a domain as it is now.
func (r *Registry) Domain(name string) (Domain, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	d := r.state.Domains[name]
	if d == nil {
		return Domain{}, false
	}
	return d.clone(), true
}

// Put writes a domain as it shall be, past every rule: for tests and demo stores.
func (r *Registry) Put(d Domain) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.extension(d.Name) == nil {
		return fmt.Errorf("no extension for %q", d.Name)
	}
	if r.state.Accounts[d.Sponsor] == nil {
		return fmt.Errorf("no account %q", d.Sponsor)
	}
	now := r.now()
	if d.Created.IsZero() {
		d.Created = now
	}
	if d.Creator == "" {
		d.Creator = d.Sponsor
	}
	if d.ROID == "" {
		d.ROID = r.roid("D")
	}
	kept := d.clone()
	r.state.Domains[d.Name] = &kept
	r.touch(&kept)
	r.state.Changes++
	return nil
}

// PutContact writes a contact past every rule.
func (r *Registry) PutContact(c Contact) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.ROID == "" {
		c.ROID = r.roid("C")
	}
	if c.Created.IsZero() {
		c.Created = r.now()
	}
	r.state.Contacts[c.ID] = &c
	r.state.Changes++
}

func (r *Registry) roid(kind string) string {
	r.state.Serial++
	return fmt.Sprintf("%s%d-SIM", kind, r.state.Serial)
}

// extension returns the rules for a name: those of the longest extension that it ends in.
func (r *Registry) extension(name string) *Extension {
	for rest := name; ; {
		_, after, found := strings.Cut(rest, ".")
		if !found {
			return nil
		}
		if x := r.state.Extensions[after]; x != nil {
			return x
		}
		rest = after
	}
}

// notify puts a message in an account's queue.
func (r *Registry) notify(account, text, data string) {
	a := r.state.Accounts[account]
	if a == nil {
		return
	}
	a.Sent++
	a.Messages = append(a.Messages, Message{ID: fmt.Sprintf("%s-%d", a.ID, a.Sent), At: r.now(), Text: text, Data: data})
}

// charge writes the ledger and takes the money. It reports whether there was enough; without, nothing is done.
// By itself the registry charges also who has nothing left.
func (r *Registry) charge(e Entry, force bool) bool {
	a := r.state.Accounts[e.Account]
	if a == nil {
		return false
	}
	if a.Balance != nil {
		if *a.Balance < e.Amount && !force {
			return false
		}
		*a.Balance -= e.Amount
	}
	r.state.Ledger = append(r.state.Ledger, e)
	return true
}
