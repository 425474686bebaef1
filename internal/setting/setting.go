// Package setting holds what a store's owner can change while it runs.
//
// Every setting is defined once, as data (definition.go): its name, what it means, its default and what it accepts.
// The program reads them as a typed snapshot, [Settings], people and integrations by dotted name. What was never
// set has its default.
package setting

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

// othersMayChange is how long a snapshot serves where other processes share the database.
const othersMayChange = 2 * time.Second

// Service reads and changes the settings of a store. It is safe for concurrent use.
type Service struct {
	db   *db.DB
	kept *db.Kept[snapshot, *Settings]
}

// snapshot is the one entry of what is kept.
type snapshot struct{}

// New returns the settings of the store d.
func New(d *db.DB) *Service {
	return &Service{db: d, kept: db.NewKept[snapshot, *Settings](d, othersMayChange)}
}

// Get returns the settings as they are committed. It is cheap: a snapshot is kept until a setting changes; on
// PostgreSQL, where another process may change one, for two seconds at most. All who ask share it. Inside a transaction
// use [Load].
func (s *Service) Get(ctx context.Context) (*Settings, error) {
	return s.kept.Get(ctx, snapshot{}, func(ctx context.Context) (*Settings, error) {
		var fresh Settings
		err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
			fresh, err = Load(ctx, tx)
			return err
		})
		return &fresh, err
	})
}

func (s *Service) drop() { s.kept.Drop(snapshot{}) }

// Load reads the settings as tx sees them.
func Load(ctx context.Context, tx *db.Tx) (Settings, error) {
	rows, err := tx.ListSettings(ctx)
	if err != nil {
		return Settings{}, fmt.Errorf("settings: %w", err)
	}
	s := standard()
	for _, row := range rows {
		d, known := definition(row.Name)
		if !known {
			continue // of another version of the program
		}
		if err := d.read(json.RawMessage(row.Value), &s); err != nil {
			return Settings{}, fmt.Errorf("setting %s: stored value %s %w", d.Name, row.Value, err)
		}
		if d.Name == ratesName {
			s.RatesSince = row.UpdatedAt.Time()
		}
	}
	return s, nil
}

// All returns the value of every setting by its dotted name, as the admin API shows it.
func (s *Service) All(ctx context.Context) (map[string]any, error) {
	now, err := s.Get(ctx)
	if err != nil {
		return nil, err
	}
	return now.All(), nil
}

// All returns the value of every setting by its dotted name, as the admin API shows it.
func (s *Settings) All() map[string]any {
	all := make(map[string]any, len(definitions))
	for _, d := range definitions {
		all[d.Name] = d.show(s)
	}
	return all
}

// DomainInvoiceAhead is how many days before a domain's next due date its invoice is made.
func (s *Settings) DomainInvoiceAhead() int {
	if s.DomainInvoiceDays >= 0 {
		return s.DomainInvoiceDays
	}
	return s.InvoiceDays
}

// Changed is the data of the event "settings.changed": the new values by name.
type Changed struct {
	Settings map[string]any `json:"settings"`
}

// Patch sets the values that are named, all or none, and returns the settings that follow. A null brings back the
// default. Unknown names and values that are not accepted are reported together, each as a field of its own.
func (s *Service) Patch(ctx context.Context, values map[string]json.RawMessage) (Settings, error) {
	var problems fail.Fields
	names := slices.Sorted(maps.Keys(values))
	for _, name := range names {
		d, known := definition(name)
		if !known {
			problems.Add(name, "is not a setting")
		} else if raw := values[name]; !isNull(raw) {
			problems.Check(name, d.read(raw, &Settings{}))
		}
	}
	if err := problems.Err(); err != nil {
		return Settings{}, err
	}
	var after Settings
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		after, err = s.patch(ctx, tx, names, values)
		return err
	})
	if err != nil {
		return Settings{}, err
	}
	return after, nil
}

func (s *Service) patch(ctx context.Context, tx *db.Tx, names []string, values map[string]json.RawMessage) (Settings, error) {
	if err := tx.LockSettings(ctx, tx.Now.Format(time.RFC3339Nano)); err != nil {
		return Settings{}, err
	}
	before, err := Load(ctx, tx)
	if err != nil {
		return Settings{}, err
	}
	after := before
	changed := map[string]any{}
	for _, name := range names {
		d, _ := definition(name)
		raw, isDefault := values[name], isNull(values[name])
		if isDefault {
			if raw, err = json.Marshal(d.Default); err != nil {
				return Settings{}, err
			}
		}
		if err := d.read(raw, &after); err != nil {
			return Settings{}, err
		}
		old, value, err := encode(d, &before, &after)
		if err != nil {
			return Settings{}, err
		}
		if isDefault {
			err = tx.DeleteSetting(ctx, name)
		} else {
			err = tx.PutSetting(ctx, query.PutSettingParams{Name: name, Value: value, UpdatedAt: tx.Stamp})
		}
		if err != nil {
			return Settings{}, fmt.Errorf("setting %s: %w", name, err)
		}
		if old == value {
			continue
		}
		changed[name] = d.show(&after)
		if err := event.Audit(ctx, tx, event.Change{What: "setting.changed", SubjectID: name, Before: old, After: value}); err != nil {
			return Settings{}, err
		}
	}
	if len(changed) == 0 {
		return after, nil
	}
	tx.OnCommit(s.drop)
	return after, event.Emit(ctx, tx, event.New{Type: "settings.changed", SubjectID: "settings", Data: Changed{changed}})
}

// encode returns d's value in both snapshots as it is stored.
func encode(d Definition, before, after *Settings) (was, is string, err error) {
	b, err := json.Marshal(d.show(before))
	if err != nil {
		return "", "", err
	}
	a, err := json.Marshal(d.show(after))
	return string(b), string(a), err
}
