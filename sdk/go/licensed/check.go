package licensed

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

func random() float64 { return rand.Float64() } //nolint:gosec // spreads tries over time

// Status says where the license stands, by what is stored. It never asks the server, so any page may call it.
func (l *License) Status() Status {
	return l.look(l.cfg.Identifier(), l.cfg.Place()).status
}

// Check says where the license stands, and asks the server when a check is due; it waits for the answer, at most as
// long as Config.Timeout. With the context of an HTTP request it does not wait: a visitor must not feel a server that
// is slow. The question is put all the same, and the next call knows the answer.
func (l *License) Check(ctx context.Context) Status {
	st, _ := l.check(ctx, ordinary, ctx.Value(http.ServerContextKey) == nil)
	return st
}

// ForceUpdate asks the server now. The error, a [Problem], says why there was no answer; the status counts anyway.
func (l *License) ForceUpdate(ctx context.Context) (Status, error) {
	st, problem := l.check(ctx, forced, true)
	if problem != nil {
		return st, problem
	}
	return st, nil
}

// runEvery is how often Run looks whether a check is due.
const runEvery = time.Minute

// Run checks now and whenever a check is due, until ctx ends. It is for a goroutine of its own.
func (l *License) Run(ctx context.Context) {
	ticker := time.NewTicker(runEvery)
	defer ticker.Stop()
	for {
		_ = l.Check(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// flight is one exchange with the server, which all wait for who want one meanwhile.
type flight struct {
	done    chan struct{}
	asked   bool
	problem *Problem // why there was no definite answer
}

func (l *License) check(ctx context.Context, why occasion, wait bool) (Status, *Problem) {
	identifier, place := l.cfg.Identifier(), l.cfg.Place() // here, as a panic in a hook must not end the program
	for {
		m := l.look(identifier, place)
		if why == forced {
			if p := cannotAsk(l.cfg, m); p != nil {
				return m.status, p
			}
		}
		if !l.wants(m, why) {
			return m.status, nil
		}
		f := l.depart(why, identifier, place)
		if !wait {
			return m.status, nil
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return l.look(identifier, place).status, silence(TimedOut, ctx.Err().Error())
		}
		if f.asked || why != forced || f.problem != nil {
			return l.look(identifier, place).status, f.problem
		}
		// One that was under way found that no check was due any more, but this one is wanted.
	}
}

func cannotAsk(cfg Config, m moment) *Problem {
	switch {
	case cfg.Server == "":
		return &Problem{Code: NoServer}
	case m.key == "":
		return &Problem{Code: "nokey"}
	}
	return nil
}

// depart begins an exchange, or returns the one that is under way.
func (l *License) depart(why occasion, identifier string, place Place) *flight {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flight == nil {
		l.flight = &flight{done: make(chan struct{})}
		go l.fly(l.flight, why, identifier, place)
	}
	return l.flight
}

func (l *License) fly(f *flight, why occasion, identifier string, place Place) {
	defer func() {
		l.mu.Lock()
		l.flight = nil
		l.mu.Unlock()
		close(f.done)
	}()
	// Not the context of whoever came first: others wait too.
	ctx, cancel := context.WithTimeout(context.Background(), l.cfg.Timeout)
	defer cancel()
	release, err := l.acquire(ctx)
	if errors.Is(err, errBusy) {
		f.problem = silence(Busy, "")
		return
	}
	defer release()
	m := l.look(identifier, place)
	if !l.wants(m, why) {
		return // another process has asked meanwhile
	}
	f.asked = true
	a, problem := l.ask(ctx, question{verb: "validate", key: m.key, identifier: identifier, place: place}, m.memory.Serial)
	if problem != nil {
		if m.memory.Seen != nil {
			problem.Silence = true // a restored server may have forgotten a key that it knew
		}
		l.silent(m.saved, problem)
		f.problem = problem
		return
	}
	_ = l.answered(m.saved, a) // what can't be saved is reported by the status
}
