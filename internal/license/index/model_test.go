//go:build !race

// Nothing is concurrent in this test, and under the race detector SQLite is twenty times slower.

package index

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/license"
)

// storedLicense is a license as plain rows say it is.
type storedLicense struct {
	version     int64
	outcome     license.Outcome
	held        bool
	ends        *time.Time
	limit       int64
	own         string // entitlements of its own
	identifiers map[string]bool
}

// slowRead is a reader who has read a row and has not put it into the index yet.
type slowRead struct {
	e      Entry
	before uint64
	at     *table
}

// machine drives an index and a model of it through the same history.
type machine struct {
	*bundle
	licenses map[int]*storedLicense
	product  string
	slow     []slowRead
	issued   int
}

func TestIndexAgreesWithRows(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	issued := 0
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{bundle: b, licenses: map[int]*storedLicense{}, product: fmt.Sprintf("Widget %d", issued), issued: issued}
		// So small that entries are evicted and identifiers forgotten.
		m.Index = b.node(b.DB, Options{Entries: 1, Identifiers: 1})
		m.exec(fmt.Sprintf(`UPDATE products SET name = '%s' WHERE id = 'prd_1'`, m.product))
		defer func() { issued = m.issued }()
		m.issueOne(t) // so that there is always one to do something with
		t.Repeat(map[string]func(*rapid.T){
			"":            m.agree,
			"issue":       m.issueOne,
			"hold":        m.hold,
			"revoke":      m.revoke,
			"end":         m.end,
			"limit":       m.limit,
			"entitle":     m.entitle,
			"activate":    m.activateOne,
			"deactivate":  m.deactivateOne,
			"roll back":   m.rollBack,
			"rename":      m.rename,
			"reset":       func(*rapid.T) { m.Reset() },
			"time passes": func(*rapid.T) { m.Clock.Advance(20 * time.Minute) },
			"begin read":  m.beginRead,
			"end read":    m.endRead,
		})
	})
}

func (m *machine) issueOne(*rapid.T) {
	if len(m.licenses) == 3 {
		return
	}
	m.issued++
	m.bundle.issue(m.issued, m.issued)
	m.licenses[m.issued] = &storedLicense{version: 1, limit: 5, identifiers: map[string]bool{}}
}

// one draws a license and what a change does to it in the model.
func (m *machine) one(t *rapid.T) (int, *storedLicense) {
	n := rapid.SampledFrom(slices.Sorted(maps.Keys(m.licenses))).Draw(t, "license")
	return n, m.licenses[n]
}

func (m *machine) do(n int, l *storedLicense, statement string) {
	m.change(n, statement)
	l.version++
}

func (m *machine) hold(t *rapid.T) {
	n, l := m.one(t)
	if l.held {
		m.do(n, l, lift)
	} else {
		m.do(n, l, suspend)
	}
	l.held = !l.held
}

func (m *machine) revoke(t *rapid.T) {
	n, l := m.one(t)
	m.do(n, l, revoke)
	l.outcome = license.OutcomeRevoked
}

func (m *machine) end(t *rapid.T) {
	n, l := m.one(t)
	at := m.Clock.Now().Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "minutes")) * time.Minute)
	m.do(n, l, expire(at))
	l.ends = &at
}

func (m *machine) limit(t *rapid.T) {
	n, l := m.one(t)
	l.limit = rapid.Int64Range(0, 9).Draw(t, "limit")
	m.do(n, l, fmt.Sprintf(`UPDATE licenses SET activation_limit = %d WHERE id = $1`, l.limit))
}

func (m *machine) entitle(t *rapid.T) {
	n, l := m.one(t)
	l.own = rapid.SampledFrom([]string{`{}`, `{"seats":1}`, `{"sso":false}`}).Draw(t, "own")
	m.do(n, l, fmt.Sprintf(`UPDATE licenses SET entitlements = '%s' WHERE id = $1`, l.own))
}

var places = []string{"a.example", "b.example"}

func (m *machine) activateOne(t *rapid.T) {
	n, l := m.one(t)
	if place := rapid.SampledFrom(places).Draw(t, "place"); !l.identifiers[place] {
		m.do(n, l, activate(place))
		l.identifiers[place] = true
	}
}

func (m *machine) deactivateOne(t *rapid.T) {
	n, l := m.one(t)
	if place := rapid.SampledFrom(places).Draw(t, "place"); l.identifiers[place] {
		m.do(n, l, deactivate(place))
		delete(l.identifiers, place)
	}
}

func (m *machine) rollBack(t *rapid.T) {
	n, _ := m.one(t)
	undone := errors.New("undone")
	err := m.DB.Write(context.Background(), func(tx *db.Tx) error {
		tx.OnCommit(func() { m.Touch(licenseID(n), 0) })
		return errors.Join(changeIn(tx, n, revoke), undone)
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
}

func (m *machine) rename(t *rapid.T) {
	name := rapid.StringMatching(`[A-Z][a-z]{1,8}`).Draw(t, "name")
	err := m.DB.Write(context.Background(), func(tx *db.Tx) error {
		if _, err := tx.SQL().ExecContext(context.Background(), `UPDATE products SET name = $1 WHERE id = 'prd_1'`, name); err != nil {
			return err
		}
		return m.NoteCatalogChange(context.Background(), tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	m.product = name
}

func (m *machine) beginRead(t *rapid.T) {
	n, _ := m.one(t)
	before, at := m.touches.count(), m.table.Load()
	facts, err := m.Index.licenses.ReadForCheck(context.Background(), key(n))
	if err != nil {
		t.Fatal(err)
	}
	m.slow = append(m.slow, slowRead{entryOf(facts), before, at})
}

func (m *machine) endRead(t *rapid.T) {
	if len(m.slow) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.slow)-1).Draw(t, "reader")
	m.slow[i].at.put(&m.slow[i].e, m.slow[i].before, &m.touches)
	m.slow = slices.Delete(m.slow, i, i+1)
}

// agree compares every answer with the model, twice: the second time what can come from memory does.
func (m *machine) agree(t *rapid.T) {
	ctx, now := context.Background(), m.Clock.Now()
	place := rapid.SampledFrom(places).Draw(t, "place")
	for range 2 {
		for n, l := range m.licenses {
			e, err := m.Lookup(ctx, key(n), now)
			if err != nil {
				t.Fatal(err)
			}
			status := license.Effective(license.Facts{Outcome: l.outcome, Held: l.held, GraceUntil: l.ends, EndsAt: l.ends}, now)
			want, err := catalog.DecodeEntitlements(`{"sso":true}`)
			if err != nil {
				t.Fatal(err)
			}
			if l.own != "" {
				own, err := catalog.DecodeEntitlements(l.own)
				if err != nil {
					t.Fatal(err)
				}
				maps.Copy(want, own)
			}
			if e.ID != licenseID(n) || e.Version != l.version || e.Status != status || e.ActivationLimit != l.limit ||
				e.ActivationsUsed != int64(len(l.identifiers)) || e.Entitlements != want.Encode() || e.ProductName != m.product {
				t.Fatalf("license %d: %+v of %s, status %s\nmodel %+v, status %s, product %s", n, e, e.ProductName, e.Status, *l, status, m.product)
			}
			active, err := m.Active(ctx, e, place)
			if err != nil || active != l.identifiers[place] {
				t.Fatalf("license %d, %s: %v, %v; model %v", n, place, active, err, l.identifiers[place])
			}
		}
	}
	if _, err := m.Lookup(ctx, key(m.issued+1), now); !errors.Is(err, license.ErrNotFound) {
		t.Fatalf("a key that was not issued: %v", err)
	}
}
