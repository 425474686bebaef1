package admin

import (
	"context"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

var actorKinds = map[event.ActorKind]string{
	event.System: "Keystead", event.Staff: "Staff", event.Customer: "Customer", event.Token: "API token", event.Gateway: "Gateway", event.Software: "Installed software",
}

// actors knows what those are called who did what one page tells of. Each is looked up once.
type actors struct {
	area  *area
	known map[actorKey]string
	read  map[event.ActorKind]bool // kinds that are known in whole
}

type actorKey struct {
	kind event.ActorKind
	id   string
}

func (a *area) actors() *actors {
	return &actors{area: a, known: map[actorKey]string{}, read: map[event.ActorKind]bool{}}
}

// name is how people call an actor. Of one that is gone, or has no name, the kind remains.
func (n *actors) name(ctx context.Context, kind event.ActorKind, id string) (string, error) {
	if id == "" {
		return actorKinds[kind], nil
	}
	if err := n.look(ctx, kind, id); err != nil {
		return "", err
	}
	name := n.known[actorKey{kind, id}]
	switch {
	case name == "":
		return actorKinds[kind], nil
	case kind == event.Token:
		return actorKinds[kind] + " “" + name + "”", nil
	default:
		return name, nil
	}
}

func (n *actors) look(ctx context.Context, kind event.ActorKind, id string) error {
	_, known := n.known[actorKey{kind, id}]
	if known || n.read[kind] {
		return nil
	}
	switch kind {
	case event.Staff:
		all, err := n.area.Staff.List(ctx)
		if err != nil {
			return err
		}
		n.read[kind] = true
		for _, m := range all {
			n.known[actorKey{kind, m.ID}] = m.Name
		}
	case event.Token:
		all, err := n.area.Tokens.List(ctx)
		if err != nil {
			return err
		}
		n.read[kind] = true
		for _, t := range all {
			n.known[actorKey{kind, t.ID}] = t.Name
		}
	case event.Customer:
		c, err := n.area.Customers.ByID(ctx, id)
		if err != nil && fail.Of(err).Kind != fail.KindNotFound {
			return err
		}
		n.known[actorKey{kind, id}] = c.Name
	case event.Gateway:
		n.known[actorKey{kind, id}] = statusText(id)
	case event.System, event.Software:
		n.known[actorKey{kind, id}] = ""
	}
	return nil
}
