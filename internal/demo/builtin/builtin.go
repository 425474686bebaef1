// Package builtin is the registry that is built into demo stores: the simulator, on the store's clock, in the same process,
// reached over EPP with TLS like any other registry.
//
// It serves every extension of the store by the policy that counts today, and knows every domain of the store from the first
// time that it is asked for: as the store's record has it. What it was told is in a file beside the store before it answers,
// so that store and registry tell the same also after the program was killed.
package builtin

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/registry"
)

// Adapter is the name of the adapter that reaches the registry, and that of the registrar of demo stores.
const Adapter = "simulator"

// The registrars of the registry: the store, and everybody else.
const (
	us     = "keystead"
	others = "other-registrar"
)

// Registry is a demo store's registry. It is loaded when it is opened first, and safe for concurrent use.
type Registry struct {
	db     *db.DB
	file   string
	frames func(registrarID string) func(epp.Frame)

	mu       sync.Mutex
	registry *registry.Registry // nil: not loaded yet
	identity *registry.Identity
	rules    map[string]registry.Extension // as they were added last

	saving sync.Mutex
	saved  int64 // changes that the file has
}

// journal is how many commands it remembers: each answer waits until all is in the file.
const journal = 1000

// New returns the registry of a store, kept in a file.
func New(d *db.DB, file string) *Registry {
	return &Registry{db: d, file: file, rules: map[string]registry.Extension{}, saved: -1}
}

// LogTo has its frames taken down. It is called before the registry is opened.
func (r *Registry) LogTo(frames func(registrarID string) func(epp.Frame)) { r.frames = frames }

// Open is the account.Maker of the adapter.
func (r *Registry) Open(a account.Account, _ string) (registrar.Registrar, error) {
	if err := r.load(); err != nil {
		return nil, err
	}
	serving, stop := context.WithCancel(context.Background())
	server := r.identity.TLS()
	config := epp.Config{
		Address: "localhost:700", ClientID: us, Password: r.registry.Passwords()[us], Roots: r.identity.Roots(), Sessions: 4,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go r.registry.Converse(serving, tls.Server(far, server))
			return near, nil
		},
	}
	if r.frames != nil {
		config.Record = r.frames(a.ID)
	}
	// What a customer's record lacks is no reason here to register nothing.
	reach, err := epp.NewRegistrar(config, epp.Options{Currency: "EUR", Roles: []string{"admin", "tech", "billing"}, Missing: "-", Beside: beside{r}})
	if err != nil {
		stop()
		return nil, err
	}
	return &adapter{Registrar: reach, registry: r, stop: stop}, nil
}

// load reads the file, or begins with an empty registry.
func (r *Registry) load() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.registry != nil {
		return nil
	}
	loaded := registry.New(r.db.Clock())
	loaded.KeepJournal(journal)
	found, err := loaded.Load(r.file)
	if err != nil {
		return err
	}
	if !found {
		loaded.AddAccount(us, rand.Text()[:16], nil)
		loaded.AddAccount(others, rand.Text()[:16], nil)
	}
	now := clock.System().Now() // by which TLS goes
	if r.identity, err = registry.NewIdentity(now.Add(-24*time.Hour), now.AddDate(10, 0, 0), "localhost"); err != nil {
		return err
	}
	r.registry = loaded
	return nil
}

// save writes the registry into its file, if there is anything new.
func (r *Registry) save() error {
	r.saving.Lock()
	defer r.saving.Unlock()
	if r.registry.Changed() == r.saved {
		return nil
	}
	changes, err := r.registry.Save(r.file)
	if err != nil {
		return fmt.Errorf("the built-in registry: %w", err)
	}
	r.saved = changes
	return nil
}

// know has the registry know names as the store does: their extension by its policy, and a domain that the store has.
func (r *Registry) know(ctx context.Context, names ...string) error {
	return r.db.Read(ctx, func(tx *db.Tx) error {
		for _, text := range names {
			name, err := domainname.ParseName(text)
			if err != nil {
				continue // the registry will say so
			}
			d, err := domainname.ByName(ctx, tx, name)
			stored := err == nil
			extension := d.Extension
			if !stored {
				_, extension, _ = strings.Cut(name.String(), ".")
			}
			if extension, err = r.serve(ctx, tx, extension, stored); err != nil {
				return err
			}
			if stored && extension != "" {
				if err := r.put(d); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// serve opens the longest extension that has a policy, with the rules of today. certain: this one, policy or not.
func (r *Registry) serve(ctx context.Context, tx *db.Tx, extension string, certain bool) (string, error) {
	for ; extension != ""; _, extension, _ = strings.Cut(extension, ".") {
		policy, found, err := domainname.PolicyAt(ctx, tx, extension, domainname.RegistryDate(tx.Now))
		if err != nil {
			return "", err
		}
		if !found && !certain {
			continue
		}
		return extension, r.open(rulesOf(extension, policy))
	}
	return "", nil
}

// open has the registry serve an extension by rules.
func (r *Registry) open(x registry.Extension) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if was, ok := r.rules[x.Name]; ok && same(was, x) {
		return nil
	}
	if err := r.registry.AddExtension(x); err != nil {
		return fmt.Errorf("the built-in registry: .%s: %w", x.Name, err)
	}
	r.rules[x.Name] = x
	return nil
}

func same(a, b registry.Extension) bool {
	a.Premium, b.Premium = nil, nil // there are none here
	return fmt.Sprint(a) == fmt.Sprint(b)
}

// rulesOf are a policy as a registry has it. The zero policy is a registry without habits.
func rulesOf(extension string, p domainname.Policy) registry.Extension {
	x := registry.Extension{Name: extension, Dialect: registry.Modern}
	if p.Extension == "" {
		x.RedemptionDays = 30
		return x
	}
	x.MinYears, x.MaxYears, x.Step = p.MinYears, p.MaxYears, p.StepYears
	if p.Earliest != nil {
		x.Earliest = max(*p.Earliest, 1)
	}
	if p.YearsAheadLimit != nil {
		x.YearsAhead = max(*p.YearsAheadLimit, 1)
	}
	x.ModeOnly = !p.ExplicitRenew
	x.AutoRenews, x.ARGPDays = p.RegistryAutoRenews && !x.ModeOnly, p.ARGPDays // else the mode says whether it does
	x.GraceDays, x.RedemptionDays = p.GraceDays, p.RedemptionDays
	x.MovesAtExpiry = p.DateMoves == domainname.AtExpiry
	x.MonthEnd = p.ExpiryRounding == domainname.MonthEnd
	return x
}

// put writes a domain of the store that the registry does not know, as the store's record has it. From there it goes the way
// of all domains: one whose time is over is deleted at once.
func (r *Registry) put(d domainname.Domain) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.registry.Domain(d.Name.String()); known || d.Expiry.At.IsZero() || !live(d.Status) {
		return nil
	}
	created := d.Expiry.At.AddDate(-1, 0, 0)
	if d.CreatedAt.Before(created) {
		created = d.CreatedAt
	}
	statuses := map[string]bool{}
	for _, s := range d.State.EPP {
		if strings.HasPrefix(s, "client") {
			statuses[s] = true
		}
	}
	return r.registry.Put(registry.Domain{
		Name: d.Name.String(), Sponsor: us, AuthInfo: rand.Text()[:16], Created: created, Expiry: d.Expiry.At, Hosts: d.Nameservers,
		Statuses: statuses, Mode: registry.Mode(d.Mode),
	})
}

func live(s domainname.Status) bool {
	return s == domainname.Active || s == domainname.Grace || s == domainname.Redemption
}

// elsewhere has another registrar hold a name that is to be transferred to the store and that nobody has.
func (r *Registry) elsewhere(name, code string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.registry.Domain(name); known {
		return nil
	}
	now := r.db.Clock().Now()
	return r.registry.Put(registry.Domain{
		Name: name, Sponsor: others, AuthInfo: code, Created: now.AddDate(-1, -6, 0), Expiry: now.AddDate(0, 6, 0),
	})
}

// beside is what EPP can't say.
type beside struct{ *Registry }

// SetMode implements epp.Beside.
func (b beside) SetMode(_ context.Context, _, name string, mode registrar.Mode) registrar.Answer {
	if _, found := b.registry.Domain(name); !found {
		return registrar.Answer{Class: registrar.NotOurs, Code: 2303, Message: "no such domain"}
	}
	if err := b.registry.SetMode(name, registry.Mode(mode)); err != nil {
		return registrar.Answer{Class: registrar.Fault, Code: 2306, Message: err.Error()}
	}
	return registrar.Answer{Class: registrar.Done, Code: 1000}
}

// CopyTo has another registry, that was not opened yet, know what this one knows by now.
func (r *Registry) CopyTo(other *Registry) error {
	if err := r.load(); err != nil {
		return err
	}
	if _, err := r.registry.Save(other.file); err != nil {
		return fmt.Errorf("copy the built-in registry: %w", err)
	}
	return nil
}

// errStopped is the error of a registry that can't be written beside the store.
var errStopped = errors.New("what the registry did could not be kept")
