package licensed

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxKey is the most characters that a license key has.
const maxKey = 255

// Key returns the license key, empty when there is none. Who may see it is for the caller to decide.
func (l *License) Key() string { return l.load().key }

// SetKey replaces the license key. The new one is checked, and activated here where need be, before the old is
// dropped: unless the server says a definite yes, the old one stays and the error is a [Problem].
//
// Whoever calls it has made sure that an administrator wants it; [License.Page] does.
func (l *License) SetKey(ctx context.Context, key string) error {
	if p := l.setKey(ctx, key); p != nil {
		return p
	}
	return nil
}

// Activate uses the license in this place: what to do after [NotActivated].
func (l *License) Activate(ctx context.Context) error {
	return l.SetKey(ctx, l.Key())
}

func (l *License) setKey(ctx context.Context, key string) *Problem {
	key, ok := cleanKey(key)
	if !ok {
		return &Problem{Code: BadKey}
	}
	if l.cfg.Server == "" {
		return &Problem{Code: NoServer}
	}
	identifier, place := l.cfg.Identifier(), l.cfg.Place()
	ctx, cancel := context.WithTimeout(ctx, 3*l.cfg.Timeout)
	defer cancel()
	release, p := l.acquireToWrite(ctx)
	if p != nil {
		return p
	}
	defer release()
	s := l.load()
	q := question{verb: "validate", key: key, identifier: identifier, place: place}
	a, p := l.ask(ctx, q, s.memory.Serial)
	if p == nil && a.Status == string(NotActivated) && identifier != "" {
		q.verb = "activate"
		idle := a
		if a, p = l.ask(ctx, q, s.memory.Serial); p != nil {
			_ = l.accept(s, idle, identifier, place) // that it is not activated is certain, whatever became of the rest
		}
	}
	if p != nil {
		return p
	}
	return l.accept(s, a, identifier, place)
}

// accept keeps an answer if it allows the software to run here, and says why if it does not. What is said of the key at
// hand is kept in any case: no is an answer as definite as yes. The store is locked.
func (l *License) accept(s saved, a answer, identifier string, place Place) *Problem {
	refused := l.refusal(a, identifier, place)
	if refused != nil && a.key != s.key {
		return refused
	}
	if err := l.answered(s, a); err != nil && refused == nil {
		return &Problem{Code: NotWritable, Detail: err.Error()}
	}
	return refused
}

// refusal is why an answer does not allow the software to run here; nil if it does.
func (l *License) refusal(a answer, identifier string, place Place) *Problem {
	if !a.active() {
		if a.code != "" {
			return &Problem{Code: a.code}
		}
		return &Problem{Code: Reason(a.Status)}
	}
	if d := decide(a.Lease, a.IssuedAt.Unix(), false, identifier, place); d.state == Invalid {
		return &Problem{Code: d.reason, Detail: "the server knows this place as " + a.Identifier}
	}
	return nil
}

// acquireToWrite is acquire for what is of no use unless it is saved: a key that was activated and then lost would
// have used an activation for nothing.
func (l *License) acquireToWrite(ctx context.Context) (release func(), p *Problem) {
	release, err := l.acquire(ctx)
	if errors.Is(err, errBusy) {
		return nil, silence(Busy, "")
	}
	if err == nil {
		err = l.cfg.Store.save(stateFile, l.load().memory)
	}
	if err != nil {
		release()
		return nil, &Problem{Code: NotWritable, Detail: err.Error()}
	}
	return release, nil
}

// Deactivate gives this place's activation back, for when the software is removed or moves. The key stays.
func (l *License) Deactivate(ctx context.Context) error {
	q := question{key: l.Key(), identifier: l.cfg.Identifier()}
	if l.cfg.Server == "" || q.key == "" || q.identifier == "" {
		return &Problem{Code: NotActivated}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*l.cfg.Timeout)
	defer cancel()
	r, p := l.post(ctx, "deactivate", map[string]string{"license_key": q.key, "identifier": q.identifier})
	if p == nil {
		p = refusalOf(r)
	}
	if p != nil {
		return p
	}
	_, err := l.ForceUpdate(ctx)
	return err
}

// cleanKey removes what comes along when a key is copied.
func cleanKey(key string) (string, bool) {
	key = strings.TrimSpace(key)
	if key == "" || !utf8.ValidString(key) || utf8.RuneCountInString(key) > maxKey || strings.ContainsFunc(key, unicode.IsControl) {
		return "", false
	}
	return key, true
}

// maskKey shows enough of a key to tell it from another.
func maskKey(key string) string {
	const hidden = "••••••••"
	r := []rune(key)
	switch {
	case len(r) == 0:
		return ""
	case len(r) < 12:
		return hidden
	}
	return hidden + string(r[len(r)-4:])
}
