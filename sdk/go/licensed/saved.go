package licensed

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"
)

// saved is what the store holds, verified.
type saved struct {
	key    string
	leases []verified // that are for the key, the newest first
	worn   bool       // the newest lease can't be read: if there is one in leases, it is the reserve
	memory memory
	faults []Fault
}

// load returns what the store holds. The files are read again only when one has changed, maybe by another process.
func (l *License) load() saved {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Store.marks()
	if l.cache != nil && l.marks.same(now) {
		return *l.cache
	}
	s := l.verifyAll(l.cfg.Store.read())
	l.cache, l.marks = &s, now
	return s
}

func (l *License) verifyAll(c contents) saved {
	s := saved{key: c.key, memory: c.memory, faults: c.faults}
	if c.key == "" {
		return s
	}
	for i, compact := range []string{c.lease, c.reserve} {
		if compact == "" {
			s.worn = s.worn || i == 0
			continue
		}
		v, err := verify(compact, expected{
			roots: l.roots, product: l.cfg.Product, key: c.key, serial: c.memory.Serial,
			time: math.MaxInt64 - maxAhead, // the time counts when it is known, in look
		})
		if err == nil {
			s.leases = append(s.leases, v)
			continue
		}
		if i == 0 {
			s.worn = true
			s.faults = append(s.faults, Fault{LeaseFile, "the lease was refused: " + err.Error()})
		}
	}
	return s
}

// spare returns the newest lease as it was signed, if it is worth being kept as a reserve.
func (s saved) spare() string {
	if s.worn || len(s.leases) == 0 || !s.leases[0].active() {
		return ""
	}
	return s.leases[0].compact
}

// moment is the license at one instant.
type moment struct {
	saved
	own        int64 // reading of the own clock
	uneasy     bool  // the clock is at fault, or the newest lease was lost
	identifier string
	place      Place
	status     Status
}

// look says where the license stands now. It asks nobody.
func (l *License) look(identifier string, place Place) moment {
	m := moment{saved: l.load(), own: l.cfg.Now().Unix(), identifier: identifier, place: place}
	now, clockFault := tell(m.memory.Seen, m.memory.Reading, m.own)
	m.uneasy = clockFault || m.worn
	st := Status{State: Unverified, Reason: m.memory.Error, LastError: m.memory.Error, Faults: slices.Clone(m.faults)}
	if clockFault {
		st.Faults = append(st.Faults, Fault{ClockWrong, "it is behind the license server's"})
	}
	if m.memory.Seen != nil {
		st.LastCheck = time.Unix(*m.memory.Seen, 0).UTC()
	}
	if m.key == "" {
		st.State, st.Reason = NoKey, ""
		m.status = st
		return m
	}
	for _, v := range m.leases {
		if v.IssuedAt.Unix() > now+maxAhead {
			st.Faults = append(st.Faults, Fault{LeaseFile, "the lease was refused: " + fromFuture.Error()})
			continue
		}
		asked, _ := tell(m.memory.Seen, m.memory.Reading, m.memory.Attempt)
		silent := m.memory.Error != "" && asked >= v.CheckAt.Unix()
		d := decide(v.Lease, now, silent, identifier, place)
		st.State, st.Reason, st.DaysLeft, st.Lease = d.state, d.reason, d.daysLeft, v.Lease
		break
	}
	st.NextCheck = l.nextCheck(m, st)
	m.status = st
	return m
}

// nextCheck is when the server is asked by itself, by the own clock.
func (l *License) nextCheck(m moment, st Status) time.Time {
	switch {
	case l.cfg.Server == "":
		return time.Time{}
	case st.State == Valid && !m.uneasy:
		return st.Lease.CheckAt
	case m.memory.Attempt == 0:
		return time.Unix(m.own, 0).UTC()
	}
	return time.Unix(max(m.own, m.memory.Attempt+m.memory.pause(st.State, ordinary)), 0).UTC()
}

func (l *License) wants(m moment, why occasion) bool {
	return l.cfg.Server != "" && m.key != "" && m.memory.wants(m.own, m.status.State, m.uneasy, why)
}

// acquire waits for the turn to ask and to write, in this process and among all that share the store. Where the store
// can't be locked, the turn is had all the same and err says why.
func (l *License) acquire(ctx context.Context) (release func(), err error) {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, errBusy
	}
	unlock, err := l.cfg.Store.lock(ctx)
	if errors.Is(err, errBusy) {
		<-l.turn
		return nil, errBusy
	}
	return func() {
		if unlock != nil {
			unlock()
		}
		<-l.turn
	}, err
}

// answered keeps a definite answer for the key that it is about.
func (l *License) answered(s saved, a answer) error {
	own := l.cfg.Now().Unix()
	seen := a.IssuedAt.Unix()
	m := memory{Seen: &seen, Reading: &own, Serial: max(s.memory.Serial, a.serial), Attempt: own}
	if !a.active() {
		m.Next = own + hour
	}
	before := s.spare()
	s.memory, s.leases, s.worn = m, []verified{a.verified}, false
	changed := s.key != a.key
	s.key = a.key
	// The new lease comes before the new key: should the power fail between them, the old key still has its reserve.
	err := l.cfg.Store.saveLease(a.verified, before)
	if err == nil && changed {
		err = l.cfg.Store.saveKey(a.key)
		if err == nil {
			err = l.cfg.Store.remove(reserveFile)
		}
	}
	if err == nil {
		err = l.cfg.Store.save(stateFile, m)
	}
	l.hold(s, err)
	return err
}

// silent remembers a try that got no definite answer.
func (l *License) silent(s saved, p *Problem) {
	own := l.cfg.Now().Unix()
	m := &s.memory
	m.Attempt, m.Error = own, p.Code
	m.Failures = min(m.Failures+1, 1000)
	m.Next = own + backOff(m.Failures, random())
	if !p.Silence && m.Seen == nil {
		m.Next = own + hour // the key itself is at fault
	}
	l.hold(s, l.cfg.Store.save(stateFile, *m))
}

// hold keeps in memory what could not be saved, until somebody changes the files. What was saved is read again.
func (l *License) hold(s saved, failed error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if failed == nil {
		l.cache = nil
		return
	}
	s.faults = slices.DeleteFunc(slices.Clone(s.faults), func(f Fault) bool { return f.Code == NotWritable })
	s.faults = append(s.faults, Fault{NotWritable, failed.Error()})
	l.cache, l.marks = &s, l.cfg.Store.marks()
}
