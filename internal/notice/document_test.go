package notice

import (
	"flag"
	"os"
	"testing"
)

//go:generate go test -run ^TestDocument$ -update .

var update = flag.Bool("update", false, "write docs/notices.md instead of comparing it")

const document = "../../docs/notices.md"

// TestDocument keeps docs/notices.md the same as the rules: it is printed from them.
func TestDocument(t *testing.T) {
	t.Parallel()
	want := `<!-- Printed from internal/notice/rules.go by go generate. Do not edit. -->
# Who is written to about what

A mail is queued in the transaction of its event, with what is true there, and once for each occasion. What can't be written is undone by
itself and becomes a task for staff; the money moves on. A customer without a valid address becomes a task as well, once; the mail shows as
failed in the log, and can be sent again.

` + Markdown() + `
Because a day has come: *Trial ends soon* three days before a trial ends, of a shorter one at its beginning; *Card expires soon* 30 days
before the card expires that is charged for a subscription; and at six in the morning of the store's zone the *Daily digest* about the day
before, to the addresses of ` + "`mail.staff`" + `, if there is something to tell. Alerts are at most ten an hour.

The words are templates, in English and German, which a store can replace. The states of a mail: [mail-states.md](mail-states.md).
`
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(document)
	if err != nil || string(got) != want {
		t.Fatalf("docs/notices.md is out of date (%v): run go generate ./internal/notice", err)
	}
}
