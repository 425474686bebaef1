package builtin

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/registry"
)

// Fail has a command for a name go wrong from now on, after so many that go well. Kinds and codes are those of
// docs/registry.md. Faults end with the program.
func (r *Registry) Fail(kind, command, name string, code, skip int) error {
	if err := r.load(); err != nil {
		return err
	}
	return r.registry.Inject(registry.Fault{Kind: registry.FaultKind(kind), Command: command, Name: name, Code: code, Skip: skip})
}

// Premium has a name cost so much a year, in cents.
func (r *Registry) Premium(ctx context.Context, name string, yearly int64) error {
	if err := r.load(); err != nil {
		return err
	}
	if err := r.know(ctx, name); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for extension, x := range r.rules {
		if !strings.HasSuffix(name, "."+extension) {
			continue
		}
		if x.Premium = maps.Clone(x.Premium); x.Premium == nil {
			x.Premium = map[string]int64{}
		}
		x.Premium[name] = yearly
		r.rules[extension] = x
		return r.registry.AddExtension(x)
	}
	return nil
}

// Elsewhere has another registrar hold a name from now on, until an instant. code authorises its transfer; empty: nothing does.
func (r *Registry) Elsewhere(ctx context.Context, name string, until time.Time, code string) error {
	if err := r.load(); err != nil {
		return err
	}
	if err := r.know(ctx, name); err != nil {
		return err
	}
	d, known := r.registry.Domain(name)
	if !known {
		d = registry.Domain{Name: name, Created: until.AddDate(-3, 0, 0)}
	}
	d.Sponsor, d.Expiry, d.AuthInfo = others, until, code
	if err := r.registry.Put(d); err != nil {
		return err
	}
	return r.save()
}

// Fund sets what the store's account holds, in cents. Only premium names are charged for.
func (r *Registry) Fund(balance int64) error {
	if err := r.load(); err != nil {
		return err
	}
	if err := r.registry.Fund(us, balance); err != nil {
		return err
	}
	return r.save()
}
