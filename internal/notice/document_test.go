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

Of the end of a domain's term people are told on the days of the rules under *Domains*, *Notices*, *Rules* (as shipped: 30 and 7 days before,
3 days after), unless its renewal is paid. Every notice is a row of evidence: to whom, when it was due and made, in which words, and what
became of the mail (*Notices*, a domain's page, ` + "`GET /exports/domain-notices`" + `). One that comes back goes to the other address of the
holder, or becomes a task that says until when to tell them in another way. *Breach* marks what ICANN asks for and nobody got in time. Without a mail
server (` + "`mail.smtp`" + `) mails wait, and after the days that ICANN allows each notice of a generic extension is a breach.

The words are templates, in English and German, which a store can replace and look at before, over the [admin API](admin-api.md#mail);
` + "`domain_expiring`" + ` and ` + "`domain_expired`" + ` are those of the notices. The states of a mail: [mail-states.md](mail-states.md).
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
