package adminapi

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/mail"
)

func TestMail(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		customer := b.do("POST", "/customers", object{"email": "ann@example.com", "name": "Ann"})["id"].(string)
		queue := func(subject string) {
			b.Helper()
			err := b.DB.Write(b.Context(), func(tx *db.Tx) error {
				return b.api.Mail.Queue(b.Context(), tx, mail.Message{
					Kind: mail.SubscriptionCancelled, To: "ann@example.com", CustomerID: customer, SubjectID: subject,
					Data: mail.SubscriptionCancelledData{Name: "Ann", Subscription: mail.Subscription{Name: "Tool – Pro"}},
				})
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		queue("sub_1")
		queue("sub_2")
		listed := b.do("GET", "/mail?customer_id="+customer+"&subject_id=sub_1&state=queued&kind=subscription_cancelled&q=ANN@", nil)["data"].([]any)
		if len(listed) != 1 {
			b.Fatalf("mails: %v", listed)
		}
		one := listed[0].(object)
		same(b.T, any(one), any(object{
			"id": id("mai"), "kind": "subscription_cancelled", "state": "queued", "to": "ann@example.com", "customer_id": customer, "subject_id": "sub_1",
			"occasion": nil, "resend_of": nil, "language": nil, "message_id": isText, "tries": 0.0, "last_error": nil, "due_at": instant,
			"created_at": instant, "tried_at": nil, "settled_at": nil,
		}))
		if n := len(b.walk("/mail")); n != 2 {
			b.Errorf("%d mails", n)
		}
		b.send("GET", "/mail?kind=nothing", nil).refused(422, "INVALID_INPUT")
		if got := b.do("GET", "/outbox", nil); got["waiting"] != 2.0 || got["missing"] == nil {
			b.Errorf("outbox: %v", got)
		}
		place := "/mail/" + one["id"].(string)
		whole := b.do("GET", place, nil)
		if whole["made"] != false || whole["secret"] != false || !strings.Contains(whole["text"].(string), "Tool – Pro") || whole["subject"] == nil || whole["html"] == nil {
			b.Errorf("whole: %v", whole)
		}
		b.send("POST", place+"/resend", nil).refused(409, "MAIL_NOT_RESENDABLE")
		if got := b.do("POST", place+"/cancel", nil); got["state"] != "cancelled" {
			b.Errorf("cancelled: %v", got)
		}
		b.send("POST", place+"/cancel", nil).refused(409, "MAIL_NOT_QUEUED")
		again := b.do("POST", place+"/resend", nil)
		if again["resend_of"] != one["id"] || again["state"] != "queued" || again["message_id"] == one["message_id"] {
			b.Errorf("again: %v", again)
		}
	})
}

func TestMailTemplates(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		const place = "/mail-templates/subscription_cancelled/en"
		shipped := b.do("GET", place, nil)
		if shipped["custom"] != false || shipped["version"] != 0.0 || shipped["subject"] == "" || shipped["updated_at"] != nil {
			b.Errorf("shipped: %v", shipped)
		}
		kinds := b.do("GET", "/mail-kinds", nil)["data"].([]any)
		templates := b.do("GET", "/mail-templates", nil)["data"].([]any)
		if len(kinds) < 20 || len(templates) < len(kinds) {
			b.Errorf("%d kinds, %d templates", len(kinds), len(templates))
		}
		preview := b.do("POST", place+"/preview", nil)
		if preview["subject"] == "" || preview["text"] == "" || preview["html"] == "" {
			b.Errorf("preview: %v", preview)
		}
		if got := b.do("POST", place+"/preview", object{"subject": "Bye, {{.Name}}"}); !strings.HasPrefix(got["subject"].(string), "Bye, ") || got["text"] != preview["text"] {
			b.Errorf("preview of a draft: %v", got)
		}
		own := object{"subject": "Bye, {{.Name}}", "text": shipped["text"], "html": shipped["html"]}
		saved := b.do("PUT", place, own)
		if saved["custom"] != true || saved["version"] != 1.0 || saved["subject"] != own["subject"] {
			b.Errorf("saved: %v", saved)
		}
		own["version"] = 0
		b.send("PUT", place, own).refused(409, "MAIL_TEMPLATE_CHANGED")
		own["version"] = 1
		own["subject"] = "{{.Nonsense}}"
		if fields := b.send("PUT", place, own).refused(422, "INVALID_INPUT"); fields["subject"] == "" {
			b.Errorf("fields: %v", fields)
		}
		same(b.T, b.do("DELETE", place, nil), shipped)
		same(b.T, b.do("GET", place, nil), shipped)
		b.send("GET", "/mail-templates/nothing/en", nil).refused(404, "MAIL_KIND_NOT_FOUND")
		b.send("GET", "/mail-templates/subscription_cancelled/English", nil).refused(422, "INVALID_INPUT")
	})
}
