package admin

import (
	"encoding/json"
	"testing"

	"github.com/keystead/keystead/internal/event"
)

// A story says which notice was sent, and what somebody is asked.
func TestEventText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, data, want string }{
		{"domain.notice_sent", `{"anchor":"term_end","days":-30}`, "Notice sent: 30 days before the term's end"},
		{"domain.notice_sent", `{"anchor":"term_end","days":3}`, "Notice sent: 3 days after the term's end"},
		{"domain.notice_sent", `{"anchor":"next_due","days":-1}`, "Notice sent: 1 day before next due"},
		{"domain.notice_sent", `{}`, "Notice sent"},
		{"task.opened", `{"kind":"domain.renewal_held"}`, "Somebody is asked: A paid renewal waits"},
		{"task.opened", `[]`, "Somebody is asked"},
		{"domain.grace", `{"anchor":"term_end","days":-30}`, "Domain in grace"},
	} {
		if got := eventText(event.Event{Type: c.kind, Data: json.RawMessage(c.data)}); got != c.want {
			t.Errorf("%s %s: %q, not %q", c.kind, c.data, got, c.want)
		}
	}
}
