package admin

import (
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/mail"
)

func TestWebhookPages(t *testing.T) {
	t.Parallel()
	b := setupTestMode(t)
	br := b.owner()
	br.get("/admin/webhooks").is(200).says("Nobody is told", "New endpoint")
	br.post("/admin/webhooks", "url", "ftp://example.com", "event_types", "").is(422).says(`value="ftp://example.com"`, `aria-invalid="true"`)
	br.post("/admin/webhooks", "url", "https://hooks.example.com/in", "event_types", "customer.*, license.*", "description", "The shop").is(200).says("whsec_", "I have kept it")
	e := must(b.Webhooks.Endpoints(t.Context()))(t)[0]
	at := "/admin/webhooks/" + e.ID
	br.get("/admin/webhooks").is(200).says(`href="`+at+`"`, "The shop")
	b.newEstate("Widget") // something to tell
	page := br.get(at).is(200).sound().says("https://hooks.example.com/in", "customer.*", "customer.created", at+"/disable", at+"/delete", at+"/rotate")

	br.get(at + "/edit").is(200).sound().says(`value="customer.*, license.*"`)
	br.post(at, "url", "https://hooks.example.com/out", "event_types", "*", "description", "").to(at)
	br.post(at, "url", "", "event_types", "*").is(422).says(`action="` + at + `"`)
	br.get(at).is(200).says("https://hooks.example.com/out")

	br.post(at + "/rotate").is(200).says("whsec_")
	br.get(at).is(200).says("Old secret signs until")

	told := strings.SplitN(strings.SplitN(page.Body, `href="/admin/deliveries/`, 2)[1], `"`, 2)[0]
	br.get("/admin/deliveries/"+told).is(200).sound().says("Not tried yet", "&#34;type&#34;: &#34;", at)
	br.get("/admin/deliveries?endpoint="+e.ID+"&state=pending").is(200).sound().says(told, `type="hidden" name="endpoint" value="`+e.ID+`"`)

	// Both questions say what would be lost, and neither act happens by looking.
	br.get(at + "/disable").is(200).says("deliveries that wait for it fail")
	br.get(at+"/delete").is(200).says("deliveries that wait for it fail", "secret is forgotten")
	br.get(at).is(200).says("Enabled")
	br.post(at + "/disable").to(at)
	br.get(at).is(200).says("It is told nothing", "By staff", at+"/enable")
	br.post("/admin/deliveries/" + told + "/replay").is(409)
	br.post(at + "/enable").to(at)
	br.post(at + "/delete").to("/admin/webhooks")
	br.get(at).is(404)
	br.get("/admin/deliveries/" + told).is(200).says("Deleted")
	for _, path := range []string{"/admin/webhooks/whe_none", "/admin/webhooks/whe_none/edit", "/admin/webhooks/whe_none/delete", "/admin/deliveries/whd_none"} {
		br.get(path).is(404)
	}
}

func TestTaxPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.owner()
	br.post("/admin/taxes", "country", "DE", "name", "VAT", "rate", "19", "valid_from", "2020-01-01").to("/admin/taxes")
	id := must(b.Billing.TaxRates(t.Context()))(t)[0].ID
	at := "/admin/taxes/" + id
	br.get("/admin/taxes").is(200).sound().says("Delete VAT of 19 % in DE?", at+"/edit")
	br.get(at+"/edit").is(200).sound().says(`value="DE"`, `value="19"`, `value="2020-01-01"`)
	br.post(at, "country", "DE", "name", "VAT", "rate", "much", "valid_from", "2020-01-01").is(422).says(`value="much"`, `action="`+at+`"`)
	br.post(at, "country", "DE", "name", "VAT", "rate", "16", "valid_from", "2020-01-01").to("/admin/taxes")
	br.get("/admin/taxes").is(200).says("16 %")
	br.get(at + "/delete").is(200).says("Those that were issued stay as they are")
	br.post(at + "/delete").to("/admin/taxes")
	br.get("/admin/taxes").is(200).says("No rates")
	br.get(at + "/edit").is(404)
	br.get(at + "/delete").is(404)
}

func TestMailPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Widget")
	br := b.owner()
	at := "/admin/mail/" + e.mail
	br.get(at).is(200).sound().says("Don&#39;t send", "As it would be written now").hides("Send again")
	br.post(at + "/resend").is(409)
	br.get(at+"/cancel").is(200).says("It is not sent", "@example.com")
	if m := must(b.Mail.ByID(t.Context(), e.mail))(t); m.State != mail.Queued {
		t.Errorf("looking at the question made it %s", m.State)
	}
	br.post(at + "/cancel").to(at)
	br.get(at).is(200).says("Cancelled", "Send again").hides("Don&#39;t send")
	br.get(at+"/resend").is(200).says("@example.com", "once more")
	again := br.post(at + "/resend")
	if to := again.Header.Get("Location"); again.Status != 303 || to == at {
		t.Fatalf("%d to %s", again.Status, to)
	}
	br.get(again.Header.Get("Location")).is(200).says("Repeats", e.mail)
}

func TestPriceUpdatePages(t *testing.T) {
	t.Parallel()
	b := setupTestMode(t)
	e := b.newEstate("Widget")
	b.newTill(&e, "Widget")
	br := b.owner()
	at := "/admin/price-updates/" + e.update
	br.get("/admin/price-updates").is(200).sound().says(`href="` + at + `"`)
	br.get(at).is(200).sound().says("5 %", "Planned", "€20.00", "€21.00", at+"/undo")
	br.get(at+"/undo").is(200).says("keep the price that they have", `name="why"`)
	br.post(at + "/undo").is(422).says(`name="why"`)
	br.post(at+"/undo", "why", "a mistake").to(at)
	br.get(at).is(200).says("Undone").hides(at + "/undo")
	br.get("/admin/price-updates/pru_none").is(404)

	typed := []string{"mode", "percent", "value", "10", "starts_on", b.clock.Now().AddDate(0, 0, 60).Format(time.DateOnly), "reason", "costs"}
	br.post("/admin/price-updates", typed...).is(200).sound().says("will cost something else", "Schedule it")
	if to := br.post("/admin/price-updates", append(typed, "sure", "1")...); to.Status != 303 || !strings.HasPrefix(to.Header.Get("Location"), "/admin/price-updates/pru_") {
		t.Errorf("%d %s", to.Status, to.Header.Get("Location"))
	}
}
