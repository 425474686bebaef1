package registry

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// FaultKind is a way in which a command goes wrong.
type FaultKind string

// The faults.
const (
	CutBefore  FaultKind = "cut_before"  // the connection ends before the command is done
	CutAfter   FaultKind = "cut_after"   // it ends after the command was done, and before the answer
	Slow       FaultKind = "slow"        // done at once, answered after Delay
	Answer     FaultKind = "answer"      // answered with Code; done all the same with Commit
	NotSponsor FaultKind = "not_sponsor" // answered as if the domain were another registrar's
	Twice      FaultKind = "twice"       // a renewal extends twice

	// The hostile ones: done, and then answered with something that is no answer.
	ShortHeader FaultKind = "short_header" // a length of 3
	HugeHeader  FaultKind = "huge_header"  // a length of 4 GiB
	HalfFrame   FaultKind = "half_frame"   // half of the answer, then silence
	Silence     FaultKind = "silence"      // nothing, and the connection stays open
	EntityBomb  FaultKind = "entity_bomb"
	OuterEntity FaultKind = "outer_entity" // one that would be read from a file
	NotUTF8     FaultKind = "not_utf8"
	NoClTRID    FaultKind = "no_cl_trid"
	OtherClTRID FaultKind = "other_cl_trid"
	UnknownCode FaultKind = "unknown_code" // 2999
	TooDeep     FaultKind = "too_deep"
)

var faultKinds = []FaultKind{
	CutBefore, CutAfter, Slow, Answer, NotSponsor, Twice,
	ShortHeader, HugeHeader, HalfFrame, Silence, EntityBomb, OuterEntity, NotUTF8, NoClTRID, OtherClTRID, UnknownCode, TooDeep,
}

// Fault is something that goes wrong with the commands that fit it.
type Fault struct {
	Kind      FaultKind     `json:"kind"`
	Command   string        `json:"command,omitempty"`   // such as renew, restore; empty: any after the login
	Name      string        `json:"name,omitempty"`      // of the domain; empty: any
	Extension string        `json:"extension,omitempty"` // empty: any
	Skip      int           `json:"skip,omitempty"`      // so many commands that fit go well first
	Times     int           `json:"times,omitempty"`     // how often; 0: for ever
	Delay     time.Duration `json:"delay,omitempty"`     // nanoseconds
	Code      int           `json:"code,omitempty"`
	Commit    bool          `json:"commit,omitempty"`

	done bool
}

// Inject makes something go wrong from now on. Of several faults that fit a command the first counts.
func (r *Registry) Inject(f Fault) error {
	if !slices.Contains(faultKinds, f.Kind) {
		return fmt.Errorf("no such fault %q", f.Kind)
	}
	if f.Kind == Answer && (f.Code < 1000 || f.Code > 2999) {
		return fmt.Errorf("fault with code %d", f.Code)
	}
	if f.Skip < 0 || f.Times < 0 || f.Delay < 0 {
		return fmt.Errorf("fault with a number below zero")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, &f)
	return nil
}

// Heal ends all faults.
func (r *Registry) Heal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = nil
}

// fault finds what goes wrong with a command, and counts it.
func (r *Registry) fault(verb, name string) Fault {
	for _, f := range r.faults {
		fits := !f.done && (f.Command == verb || f.Command == "" && verb != "login" && verb != "logout") &&
			(f.Name == "" || f.Name == name) && (f.Extension == "" || strings.HasSuffix(name, "."+f.Extension))
		if !fits {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
			f.done = f.Times == 0
		}
		return *f
	}
	return Fault{}
}

// hostile is what a hostile registry sends in the place of an answer, and whether it closes the connection then.
// It reports whether the fault is of that kind.
func (f Fault) hostile(p reply, clTRID, svTRID string) (send []byte, stays, is bool) {
	answer := p.document(clTRID, svTRID)
	switch f.Kind {
	case ShortHeader:
		return []byte{0, 0, 0, 3}, true, true
	case HugeHeader:
		return append([]byte{0xff, 0xff, 0xff, 0xff}, answer...), true, true
	case HalfFrame:
		frame := framed(answer)
		return frame[:len(frame)/2], true, true
	case Silence:
		return nil, true, true
	case EntityBomb:
		var b strings.Builder
		b.WriteString(`<?xml version="1.0"?><!DOCTYPE epp [<!ENTITY a0 "lol">`)
		for i := range 20 {
			fmt.Fprintf(&b, `<!ENTITY a%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&a%d;", i), 10))
		}
		b.WriteString(`]><epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><response><result code="1000"><msg>&a20;</msg></result></response></epp>`)
		return framed([]byte(b.String())), true, true
	case OuterEntity:
		return framed([]byte(`<?xml version="1.0"?><!DOCTYPE epp [<!ENTITY x SYSTEM "file:///etc/passwd">]>` +
			`<epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><response><result code="1000"><msg>&x;</msg></result></response></epp>`)), true, true
	case NotUTF8:
		return framed([]byte(strings.Replace(string(answer), "<msg>", "<msg>\xe9\xff", 1))), true, true
	case NoClTRID:
		return framed(p.document("", svTRID)), true, true
	case OtherClTRID:
		return framed(p.document("other-"+clTRID[:min(len(clTRID), 50)], svTRID)), true, true
	case UnknownCode:
		p.code = 2999
		return framed(p.document(clTRID, svTRID)), true, true
	case TooDeep:
		return framed([]byte(strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000))), true, true
	default:
		return nil, false, false
	}
}
