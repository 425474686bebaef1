package notice

import (
	"testing"

	"github.com/keystead/keystead/internal/mail"
)

// Every kind of mail is written by somebody, to those whom it is for.
func TestRulesCoverTheMails(t *testing.T) {
	t.Parallel()
	info := map[mail.Kind]mail.KindInfo{}
	for _, k := range mail.Kinds() {
		info[k.Kind] = k
	}
	written := map[mail.Kind]string{
		mail.TrialEnding: "a task", mail.CardExpiring: "a task", mail.StaffDigest: "a task",
		mail.DomainExpiring: "the reminders of domains", mail.DomainExpired: "the reminders of domains",
		mail.GuestClaim: "orders", mail.SignInLink: "the sign-in",
	}
	for _, r := range rules {
		k, ok := info[r.mail]
		if !ok || k.Staff != r.staff || k.Secret {
			t.Errorf("%s makes %s, to staff: %v", r.on, r.mail, r.staff)
		}
		if r.make == nil {
			t.Errorf("%s makes nothing", r.on)
		}
		written[r.mail] = r.on
	}
	for k := range info {
		if written[k] == "" {
			t.Errorf("nobody writes %s", k)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for tag, w := range map[string]*words{"de-AT": languages["de"], "EN": languages["en"], "": languages["en"], "fr": languages["en"]} {
		if wordsOf(tag) != w {
			t.Errorf("the words of %q", tag)
		}
	}
	for tag, w := range languages {
		for code := range languages["en"].reasons {
			if w.reasons[code] == "" {
				t.Errorf("%s: no word for %s", tag, code)
			}
		}
		for c := range languages["en"].cycles {
			if w.cycles[c] == "" {
				t.Errorf("%s: no word for %s", tag, c)
			}
		}
	}
}

func TestStaffLink(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{"inv_1": "/admin/invoices/inv_1", "pay_1": "/admin", "": "/admin", "nonsense": "/admin"} {
		if got := staffLink(id); got != want {
			t.Errorf("%q: %s", id, got)
		}
	}
}
