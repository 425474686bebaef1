package mail

import (
	"errors"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
)

func TestTemplates(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		all, err := b.mails.Templates(t.Context())
		if err != nil || len(all) != len(kinds)*len(shippedLanguages) {
			t.Fatalf("%d templates, %v", len(all), err)
		}
		mine, err := b.mails.Template(t.Context(), SubscriptionResumed, "en")
		if err != nil || mine.Version != 0 || mine.UpdatedAt != nil {
			t.Fatalf("%+v, %v", mine, err)
		}
		mine.Subject, mine.HTML = "Hooray, {{.Subscription.Name}}!", "<p>Hi {{.Name}}</p>\r\n"
		preview, err := b.mails.Preview(t.Context(), mine)
		if err != nil || preview.Subject != "Hooray, Acme Backup Pro!" || !strings.Contains(preview.HTML, "Hi Ada Lovelace") {
			t.Fatalf("Preview = %+v, %v", preview, err)
		}
		saved, err := b.mails.SaveTemplate(t.Context(), mine)
		if err != nil || saved.Version != 1 || saved.UpdatedAt == nil || saved.HTML != "<p>Hi {{.Name}}</p>\n" {
			t.Fatalf("SaveTemplate = %+v, %v", saved, err)
		}
		if _, err := b.mails.SaveTemplate(t.Context(), mine); !errors.Is(err, errTemplateChanged) {
			t.Errorf("saved over a newer one: %v", err)
		}
		saved.Subject = "Hooray!"
		if saved, err = b.mails.SaveTemplate(t.Context(), saved); err != nil || saved.Version != 2 {
			t.Fatalf("SaveTemplate = %+v, %v", saved, err)
		}
		french := saved
		french.Language, french.Subject, french.Version = "fr", "Bonjour", 0
		if _, err := b.mails.SaveTemplate(t.Context(), french); err != nil {
			t.Fatal(err)
		}
		if all, err = b.mails.Templates(t.Context()); err != nil || len(all) != len(kinds)*len(shippedLanguages)+1 {
			t.Errorf("%d templates, %v", len(all), err)
		}
		for i, tt := range []struct{ language, subject string }{{"en", "Hooray!"}, {"fr-CA", "Bonjour"}, {"de", "Acme Backup Pro läuft weiter"}} {
			id := b.queue(Message{Kind: SubscriptionResumed, To: "ok@example.com", SubjectID: "sub_1", Occasion: string(rune('a' + i)), Language: tt.language})
			b.sendDue(1)
			if m := b.get(id); m.Subject != tt.subject || m.State != Sent {
				t.Errorf("%s: %+v", tt.language, m)
			}
		}
		reset, err := b.mails.ResetTemplate(t.Context(), SubscriptionResumed, "en")
		if err != nil || reset.Version != 0 || reset.Subject == "Hooray!" {
			t.Errorf("ResetTemplate = %+v, %v", reset, err)
		}
		if _, err := b.mails.ResetTemplate(t.Context(), SubscriptionResumed, "en"); err != nil {
			t.Error(err)
		}
		if got, err := b.mails.Template(t.Context(), SubscriptionResumed, "en"); err != nil || got != reset {
			t.Errorf("after the reset: %+v, %v", got, err)
		}
		err = s.DB.Read(t.Context(), func(tx *db.Tx) error {
			audit, err := tx.ListAuditBySubject(t.Context(), query.ListAuditBySubjectParams{SubjectID: "subscription_resumed en", N: 10})
			if len(audit) != 3 || !strings.HasPrefix(audit[0].Before, "Hooray!") && !strings.HasPrefix(audit[2].Before, "Hooray!") {
				t.Errorf("audit: %+v", audit)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestTemplatesThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	good := shippedTemplate(SubscriptionResumed, "en")
	for _, tt := range []struct {
		name  string
		field string
		spoil func(*Template)
	}{
		{"no subject", "subject", func(t *Template) { t.Subject = " " }},
		{"two lines of subject", "subject", func(t *Template) { t.Subject = "a\nBcc: b" }},
		{"subject that becomes empty", "subject", func(t *Template) { t.Subject = "{{if false}}x{{end}}" }},
		{"unknown field", "text", func(t *Template) { t.Text = "{{.Nickname}}" }},
		{"unknown function", "text", func(t *Template) { t.Text = "{{system `rm`}}" }},
		{"not closed", "html", func(t *Template) { t.HTML = "{{if .Name}}x" }},
		{"broken HTML around a value", "html", func(t *Template) { t.HTML = `<a href="{{.Name}}` }},
		{"too long", "text", func(t *Template) { t.Text = strings.Repeat("x", longestTemplate+1) }},
		{"not UTF-8", "text", func(t *Template) { t.Text = "\xff" }},
		{"NUL", "text", func(t *Template) { t.Text = "\x00" }},
		{"endless loop", "text", func(t *Template) { t.Text = "{{range 1000000000000}}{{end}}" }},
		{"endless loop by a variable", "html", func(t *Template) { t.HTML = "{{$n := 1000000000000}}{{range $n}}{{end}}" }},
		{"endless recursion", "html", func(t *Template) { t.HTML = `{{define "x"}}{{template "x"}}{{end}}{{template "x"}}` }},
		{"our layout", "html", func(t *Template) { t.HTML = `{{define "layout"}}{{end}}x` }},
		{"template of ours", "html", func(t *Template) { t.HTML = `{{if true}}{{template "layout" .}}{{end}}` }},
		{"huge", "text", func(t *Template) { t.Text = strings.Repeat(`{{printf "%99999d" 1}}`, 10) }},
		{"language", "language", func(t *Template) { t.Language = "../en" }},
	} {
		bad := good
		tt.spoil(&bad)
		if _, err := b.mails.SaveTemplate(t.Context(), bad); fail.Of(err).Kind != fail.KindInvalid || fail.Of(err).Field != tt.field {
			t.Errorf("%s: %v", tt.name, err)
		}
		if _, err := b.mails.Preview(t.Context(), bad); err == nil {
			t.Errorf("%s: there is a preview", tt.name)
		}
	}
	good.Kind = "greetings"
	if _, err := b.mails.SaveTemplate(t.Context(), good); !errors.Is(err, errNoKind) {
		t.Error(err)
	}
	if _, err := b.mails.Template(t.Context(), "greetings", "en"); !errors.Is(err, errNoKind) {
		t.Error(err)
	}
	if got, err := b.mails.Template(t.Context(), OverdueFirst, "nl"); err != nil || got.Subject != shippedTemplate(OverdueFirst, "en").Subject || got.Language != "nl" {
		t.Errorf("a template to begin with: %+v, %v", got, err)
	}
}
