package account

import "github.com/keystead/keystead/internal/registrar/epp"

// Observe has f told what came of every command over EPP, with the registrar's name, from now on.
func (s *Service) Observe(f func(registrar string, o epp.Observation)) { s.observe.Store(&f) }

// observer is what an adapter tells.
func (s *Service) observer(registrar string) func(epp.Observation) {
	return func(o epp.Observation) {
		if f := s.observe.Load(); f != nil {
			(*f)(registrar, o)
		}
	}
}

// Sessions are those that are open over EPP, by the registrar's name.
func (s *Service) Sessions() map[string]epp.Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]epp.Stats{}
	for _, is := range s.open {
		if over, ok := is.adapter.(interface{ Client() *epp.Client }); ok {
			all[is.name] = over.Client().Stats()
		}
	}
	return all
}
