package index

import (
	"hash/maphash"
)

// table holds the rows that were read since the last Reset.
type table struct {
	seed   maphash.Seed
	limit  int // most rows in a shard
	cards  shelf[Card]
	sets   shelf[string] // entitlements that licenses share: those of plans, as a rule
	known  known
	shards [tableShards]shard
}

const (
	tableShards = 256
	mostCards   = 1 << 16
	mostSets    = 1 << 12
	// longestText is the most that a row may hold of text of its own. A license with more is read from the store.
	longestText = 2048
)

func newTable(rows, identifiers int) *table {
	t := &table{seed: maphash.MakeSeed(), limit: rows/tableShards + 1}
	t.known.init(identifiers)
	return t
}

// shard is where a key belongs, and its slot there. Two keys may have one slot: then the later one takes it.
func (t *table) shard(key string) (*shard, uint32) {
	h := maphash.String(t.seed, key)
	return &t.shards[h%tableShards], uint32(h >> 32)
}

// find returns the entry of a key, to the letter, unless its license has changed since. Its status is not set.
func (t *table) find(key string, touched *touches) (Entry, bool) {
	s, slot := t.shard(key)
	s.mu.RLock()
	defer s.mu.RUnlock()
	n, ok := s.slots[slot]
	if !ok {
		return Entry{}, false
	}
	r := s.row(n)
	if s.key(r) != key || touched.since(r.stripe, r.before) {
		return Entry{}, false
	}
	r.use()
	texts := r.texts.cut(s.arena.get(r.text))
	e := Entry{
		Card: t.cards.get(r.card), Key: texts[0], ID: texts[1], Version: r.version, Bound: texts[2], Details: texts[3],
		AllowedHosts: texts[4], UpdatesUntil: fromMicros(r.updates),
		ActivationLimit: r.limit, ActivationsUsed: r.used, ExpiresAt: fromMicros(r.expires),
		grace: fromMicros(r.grace), ends: fromMicros(r.ends), outcome: outcomes[r.outcome], held: r.held,
	}
	if r.set == ownSet {
		e.Entitlements = texts[5]
	} else {
		e.Entitlements = *t.sets.get(r.set)
	}
	return e, true
}

// put keeps an entry whose row was read when before changes were known, and makes it share its texts. It reports
// whether the entry is kept.
func (t *table) put(e *Entry, before uint64, touched *touches) bool {
	r := row{
		version: e.Version, before: before, stripe: touched.stripe(e.ID),
		limit: e.ActivationLimit, used: e.ActivationsUsed, expires: toMicros(e.ExpiresAt),
		grace: toMicros(e.grace), ends: toMicros(e.ends), updates: toMicros(e.UpdatesUntil), held: e.held,
		set: ownSet,
	}
	var ok bool
	if r.outcome, ok = outcomeNumber(e.outcome); !ok {
		return false
	}
	card, ok := t.cards.place(*e.Card, mostCards)
	if !ok {
		return false
	}
	r.card, e.Card = card, t.cards.get(card)
	own := e.Entitlements
	if set, ok := t.sets.place(e.Entitlements, mostSets); ok {
		r.set, e.Entitlements, own = set, *t.sets.get(set), ""
	}
	text := e.Key + e.ID + e.Bound + e.Details + e.AllowedHosts + own
	if len(text) > longestText {
		return false
	}
	end := 0
	for i, part := range []string{e.Key, e.ID, e.Bound, e.Details, e.AllowedHosts} {
		end += len(part)
		r.texts[i] = uint16(end)
	}

	s, slot := t.shard(e.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	n, found := s.slots[slot]
	if !found {
		n = s.place(t.limit, func(key string) uint32 { _, slot := t.shard(key); return slot })
		s.slots[slot] = n
	} else if old := s.row(n); s.key(old) == e.Key && !r.replaces(old) {
		return false
	}
	s.store(n, r, text)
	return true
}
