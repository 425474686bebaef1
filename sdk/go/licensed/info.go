package licensed

import (
	"fmt"
	"strings"
)

// Info is what the License Information page shows, for applications that draw their own.
type Info struct {
	Status

	Product, Version string
	Identifier       string // of this place
	Place            Place
	Key              string // masked; [License.Key] has all of it
	Sentence         string // where the license stands, in plain words
	Help             string // URL of the paragraph about it; empty while all is well
	Offline          bool   // the license came by a lease file: nothing is checked before its end
}

// Info returns what the License Information page shows. It asks nobody.
func (l *License) Info() Info {
	m := l.look(l.cfg.Identifier(), l.cfg.Place())
	st := m.status
	in := Info{
		Status: st, Product: l.cfg.Product, Version: l.cfg.Version, Identifier: m.identifier, Place: m.place,
		Key: maskKey(m.key), Sentence: st.Sentence(),
	}
	if st.Lease != nil {
		in.Offline = st.Lease.active() && st.Lease.CheckAt.Equal(st.Lease.ExpiresAt)
	}
	if code := st.code(); code != "" {
		in.Help = l.Help(code)
	}
	return in
}

// Help returns the URL of the paragraph about a reason.
func (l *License) Help(code Reason) string { return l.cfg.HelpURL + "#" + string(code) }

// code names the paragraph of the Troubleshooting page that helps with this status.
func (s Status) code() Reason {
	switch {
	case s.Reason != "":
		return s.Reason
	case s.State == Valid || s.State == Due:
		return ""
	case s.State == Grace && s.LastError != "":
		return s.LastError
	}
	return Reason(strings.ToLower(string(s.State)))
}

// Sentence says in plain words where the license stands.
func (s Status) Sentence() string {
	switch s.State {
	case Valid:
		return "The license is valid."
	case Due:
		return "The license is valid. A check is due."
	case Grace:
		if s.DaysLeft == 1 {
			return "The license server does not answer. The license goes on for one more day."
		}
		return fmt.Sprintf("The license server does not answer. The license goes on for %d more days.", s.DaysLeft)
	default:
		return s.code().Sentence()
	}
}
