package index

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/license"
)

// newTouches gives the changes of a store of the test's own.
func newTouches() *touches {
	t := &touches{}
	t.init()
	return t
}

func entry(n int, entitlements string) Entry {
	return Entry{
		Card: &Card{ProductID: "prd_1", ProductName: "Widget", PlanID: fmt.Sprintf("pln_%d", n%3), Type: license.Purchased},
		ID:   licenseID(n), Key: key(n), Version: 1, Entitlements: entitlements,
		ActivationLimit: int64(n), ActivationsUsed: int64(n) + 1, ExpiresAt: time.UnixMicro(int64(n)).UTC(), held: n%2 == 0,
	}
}

func (t *table) rows() (n int) {
	for i := range t.shards {
		n += t.shards[i].n
	}
	return n
}

func TestTableStaysWithinItsLimit(t *testing.T) {
	t.Parallel()
	// A shard has room for all that are in use and one more, wherever the seed puts them.
	const inUse, limit = 20, 21 * tableShards
	tab, touched := newTable(limit-tableShards, 0), newTouches()
	for n := range 3 * limit {
		// Entitlements of their own, so that texts come and go.
		e := entry(n, fmt.Sprintf(`{"n":%d,"text":"%s"}`, n, strings.Repeat("x", n%500)))
		if !tab.put(&e, 0, touched) {
			t.Fatalf("license %d is not kept", n)
		}
		for used := range min(n+1, inUse) {
			tab.find(key(used), touched)
		}
	}
	if rows := tab.rows(); rows > limit {
		t.Errorf("%d rows, limit %d", rows, limit)
	}
	found := 0
	for n := range 3 * limit {
		e, ok := tab.find(key(n), touched)
		if !ok {
			continue
		}
		found++
		want := entry(n, fmt.Sprintf(`{"n":%d,"text":"%s"}`, n, strings.Repeat("x", n%500)))
		if *e.Card != *want.Card {
			t.Fatalf("card of license %d: %+v", n, *e.Card)
		}
		e.Card = want.Card
		if e != want {
			t.Fatalf("license %d: %+v", n, e)
		}
	}
	if found != tab.rows() {
		t.Errorf("%d found of %d rows", found, tab.rows())
	}
	for n := range inUse {
		if _, ok := tab.find(key(n), touched); !ok {
			t.Errorf("license %d was evicted although it was in use", n)
		}
	}
	for i := range tab.shards {
		if s := &tab.shards[i]; len(s.slots) != s.n {
			t.Errorf("shard %d: %d slots, %d rows", i, len(s.slots), s.n)
		}
	}
}

func TestTableTidiesItsTexts(t *testing.T) {
	t.Parallel()
	tab, touched := newTable(1000, 0), newTouches()
	for i := range mostSets {
		tab.sets.place(fmt.Sprint(i), mostSets)
	}
	for version := range int64(1000) {
		e := entry(1, fmt.Sprintf(`{"version":%d,"text":"%s"}`, version, strings.Repeat("x", 1000)))
		e.Version = version
		tab.put(&e, 0, touched)
	}
	size := 0
	for i := range tab.shards {
		for _, b := range tab.shards[i].arena.blocks {
			size += cap(b)
		}
	}
	if size > 4*blockSize {
		t.Errorf("%d bytes of text for one license", size)
	}
	if e, ok := tab.find(key(1), touched); !ok || !strings.HasPrefix(e.Entitlements, `{"version":999,`) {
		t.Errorf("%+v, %v", e, ok)
	}
}

func TestTableKeepsTheHigherVersion(t *testing.T) {
	t.Parallel()
	type read struct {
		version int64
		before  uint64
	}
	for _, tt := range []struct {
		name       string
		have, next read
		want       bool
	}{
		{"newer", read{1, 5}, read{2, 4}, true},
		{"older", read{2, 4}, read{1, 5}, false},
		{"same, read later", read{2, 4}, read{2, 5}, true},
		{"same, read at once", read{2, 4}, read{2, 4}, true},
		{"same, read earlier", read{2, 4}, read{2, 3}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tab, touched := newTable(10, 0), newTouches()
			e := entry(1, "{}")
			e.Version = tt.have.version
			tab.put(&e, tt.have.before, touched)
			e.Version = tt.next.version
			if got := tab.put(&e, tt.next.before, touched); got != tt.want {
				t.Errorf("replaced: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestTableRefusesWhatIsTooLong(t *testing.T) {
	t.Parallel()
	tab, touched := newTable(10, 0), newTouches()
	e := entry(1, "{}")
	e.Key = strings.Repeat("k", longestText)
	if tab.put(&e, 0, touched) {
		t.Error("a long key is kept")
	}
	for i := range mostSets {
		tab.sets.place(fmt.Sprint(i), mostSets)
	}
	e = entry(1, strings.Repeat("x", longestText))
	if tab.put(&e, 0, touched) {
		t.Error("long entitlements are kept")
	}
	e = entry(1, "{}")
	e.outcome = "lost"
	if tab.put(&e, 0, touched) {
		t.Error("an unknown outcome is kept")
	}
	if tab.rows() != 0 {
		t.Errorf("%d rows", tab.rows())
	}
}

func TestKnownForgetsTheOldest(t *testing.T) {
	t.Parallel()
	var k known
	k.init(knownShards * 16)
	for n := range 10_000 {
		k.add(licenseID(n), 1, "a.example")
		if !k.has(licenseID(n), 1, "a.example") {
			t.Fatalf("license %d is not known", n)
		}
		if !k.has(licenseID(0), 1, "a.example") {
			t.Fatalf("license 0 was forgotten after %d although it is in use", n)
		}
	}
	size := 0
	for i := range k.shards {
		size += len(k.shards[i].young) + len(k.shards[i].old)
	}
	if most := 2 * knownShards * k.half; size > most {
		t.Errorf("%d are known, limit %d", size, most)
	}
	for _, other := range []struct {
		license    string
		version    int64
		identifier string
	}{
		{licenseID(0), 2, "a.example"},
		{licenseID(0), 1, "b.example"},
		{licenseID(0) + "a", 1, ".example"},
		{licenseID(10_001), 1, "a.example"},
	} {
		if k.has(other.license, other.version, other.identifier) {
			t.Errorf("%+v is known", other)
		}
	}
}
