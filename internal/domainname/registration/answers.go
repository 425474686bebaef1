package registration

import (
	"context"
	"maps"
	"sync"
	"time"
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
	names map[string]heard
}

type heard struct {
	free    bool
	premium *premium // nil: it costs what the list says
	at      time.Time
}

// asking is a name that a registrar is asked about, and the terms at which its extension is sold.
type asking struct {
	name string
	t    terms
}

func newAnswers() *answers { return &answers{names: map[string]heard{}} }

func (a *answers) get(name string, now time.Time) (h heard, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h, ok := a.names[name]
	return h, ok && now.Sub(h.at) < answerLife && !now.Before(h.at)
}

func (a *answers) put(all map[string]heard, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.names)+len(all) > mostAnswers || now.Sub(a.since) >= answerLife {
		for name, h := range a.names {
			if now.Sub(h.at) >= answerLife {
				delete(a.names, name)
			}
		}
		a.since = now
	}
	for name, h := range all {
		if len(a.names) >= mostAnswers {
			return
		}
		a.names[name] = h
	}
}

// check asks what registrars say of the names, by their extension. Those that nobody could be asked about are missing.
func (s *Service) check(ctx context.Context, names map[string]asking, now time.Time) map[string]heard {
	known := map[string]heard{}
	ask := map[string]asking{}
	for extension, a := range names {
		if h, ok := s.answers.get(a.name, now); ok {
			known[a.name] = h
		} else {
			ask[extension] = a
		}
	}
	if s.checker == nil || len(ask) == 0 {
		return known
	}
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	found := make(chan map[string]heard, len(ask))
	slots := make(chan struct{}, askers)
	for extension, a := range ask {
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			found <- s.hear(ctx, extension, a, now)
		}()
	}
	for range ask {
		select {
		case all := <-found:
			s.answers.put(all, now)
			maps.Copy(known, all)
		case <-ctx.Done():
			return known // an adapter that does not keep to its deadline holds nobody up
		}
	}
	return known
}

// hear asks about one name; where nothing is heard, the page says that it is not known.
func (s *Service) hear(ctx context.Context, extension string, a asking, now time.Time) map[string]heard {
	all, err := s.checker.Check(ctx, extension, a.name)
	if err != nil {
		return nil
	}
	known := map[string]heard{}
	for _, v := range all {
		h := heard{free: v.Free, at: now}
		if v.Premium {
			h.premium = s.price(ctx, v.Name, v.Free, v.Class, a.t)
		}
		known[v.Name] = h
	}
	return known
}
