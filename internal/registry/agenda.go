package registry

import (
	"container/heap"
	"time"
)

// agenda is what happens by itself: the earliest first, those of one instant by name. A domain may stand in it more than once;
// what counts is the entry that was planned last.
type agenda struct {
	events  events
	planned map[string]time.Time
}

type event struct {
	at   time.Time
	name string
}

// plan keeps when something happens to a domain next; zero: never.
func (a *agenda) plan(name string, at time.Time) {
	switch was, ok := a.planned[name]; {
	case at.IsZero():
		delete(a.planned, name)
	case !ok || !was.Equal(at):
		a.planned[name] = at
		heap.Push(&a.events, event{at, name})
	}
}

// pop takes what happens first, if that is not after now.
func (a *agenda) pop(now time.Time) (e event, ok bool) {
	for len(a.events) > 0 && !a.events[0].at.After(now) {
		e, _ = heap.Pop(&a.events).(event)
		if at, ok := a.planned[e.name]; ok && at.Equal(e.at) {
			delete(a.planned, e.name)
			return e, true
		}
	}
	return event{}, false
}

// touch says that a domain has changed: what falls due may come at another time.
func (r *Registry) touch(d *Domain) {
	r.state.Changes++
	if r.agenda != nil {
		r.agenda.plan(d.Name, r.next(d))
	}
}

// settle lets happen what has fallen due, in the order of time.
func (r *Registry) settle() {
	if r.agenda == nil {
		r.agenda = &agenda{planned: make(map[string]time.Time, len(r.state.Domains))}
		for name, d := range r.state.Domains {
			r.agenda.plan(name, r.next(d))
		}
	}
	now := r.now()
	for {
		e, ok := r.agenda.pop(now)
		if !ok {
			return
		}
		d := r.state.Domains[e.name]
		if d == nil {
			continue
		}
		if r.next(d).Equal(e.at) {
			r.happen(d, e.at)
			r.state.Changes++
		}
		if d = r.state.Domains[e.name]; d != nil {
			r.agenda.plan(e.name, r.next(d))
		}
	}
}

// events is a heap.
type events []event

func (v events) Len() int      { return len(v) }
func (v events) Swap(i, j int) { v[i], v[j] = v[j], v[i] }
func (v events) Less(i, j int) bool {
	return v[i].at.Before(v[j].at) || v[i].at.Equal(v[j].at) && v[i].name < v[j].name
}
func (v *events) Push(e any) { *v = append(*v, e.(event)) }
func (v *events) Pop() any {
	last := (*v)[len(*v)-1]
	*v = (*v)[:len(*v)-1]
	return last
}
