package registration

import (
	"context"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/registrar"
)

// Whoever searches looks at the same names again within seconds, and registrars count questions.
const (
	answerLife  = time.Minute
	mostAnswers = 10_000
	// askFor is how long a search waits for registrars; names of which nothing was heard by then are unknown.
	askFor = 5 * time.Second
	// askers is how many extensions are asked about at once.
	askers = 8
)

// answers keeps what registrars said for a short while, by the clock of the machine.
type answers struct {
	mu    sync.Mutex
	since time.Time
	free  map[string]heard
}

type heard struct {
	free bool
	at   time.Time
}

func newAnswers() *answers { return &answers{free: map[string]heard{}} }

func (a *answers) get(name string, now time.Time) (free, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h, ok := a.free[name]
	if !ok || now.Sub(h.at) >= answerLife || now.Before(h.at) {
		return false, false
	}
	return h.free, true
}

func (a *answers) put(all []registrar.Available, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.free)+len(all) > mostAnswers || now.Sub(a.since) >= answerLife {
		for name, h := range a.free {
			if now.Sub(h.at) >= answerLife {
				delete(a.free, name)
			}
		}
		a.since = now
	}
	for _, v := range all {
		if len(a.free) >= mostAnswers {
			return
		}
		a.free[v.Name] = heard{v.Free, now}
	}
}

// check asks which of the names, by their extension, are free. Those that nobody could be asked about are missing.
func (s *Service) check(ctx context.Context, names map[string]string, now time.Time) map[string]bool {
	free := map[string]bool{}
	ask := map[string]string{}
	for extension, name := range names {
		if is, known := s.answers.get(name, now); known {
			free[name] = is
		} else {
			ask[extension] = name
		}
	}
	if s.checker == nil || len(ask) == 0 {
		return free
	}
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	found := make(chan []registrar.Available, len(ask))
	slots := make(chan struct{}, askers)
	for extension, name := range ask {
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			all, err := s.checker.Check(ctx, extension, name)
			if err != nil {
				all = nil // the page says that it is not known
			}
			found <- all
		}()
	}
	for range ask {
		select {
		case all := <-found:
			s.answers.put(all, now)
			for _, v := range all {
				free[v.Name] = v.Free
			}
		case <-ctx.Done():
			return free // an adapter that does not keep to its deadline holds nobody up
		}
	}
	return free
}
