package admin

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/staff"
)

// transferring is the page of a domain whose transfer is paid for, and carried out by staff.
func (p plot) transferring(t *testing.T, name, secret string) (at, id string) {
	t.Helper()
	ctx := t.Context()
	office := must(p.Registrars.Create(ctx, account.Input{Name: "Office", Adapter: "manual"}))(t)
	day := domainname.RegistryDate(p.clock.Now())
	prices := domainname.Prices{{Extension: extension, Kind: domainname.ForTransfer, Years: 1, Currency: "EUR", Amount: 900, ValidFrom: day}}
	if _, _, err := p.Domains.SetTLD(ctx, domainname.TLDInput{Extension: extension, Registrar: &office.Name, Prices: prices}); err != nil {
		t.Fatal(err)
	}
	o := must(p.Orders.Place(ctx, order.Input{CustomerID: p.customer.ID, Items: []order.Item{{Domain: &order.DomainItem{Action: domainname.ForTransfer, Name: name, AuthCode: secret}}}}))(t)
	must(p.Payments.Record(ctx, o.InvoiceID, payment.Manual{Money: o.Total, Reference: "p1"}))(t)
	must(p.Dispatch.RunDue(ctx))(t)
	id = o.Items[0].Domain.DomainID
	return "/admin/domains/" + id, id
}

// Whoever carries a transfer out by hand needs the code that the customer gave: it is shown to those who work with domains,
// on demand, while the transfer is under way. Each time is in the audit log, and the code in none.
func TestTransferCode(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	const secret = "s3cret-c0de"
	at, id := s.transferring(t, "theirs.com", secret)
	s.get("/admin/tasks").is(200).says("domain&#39;s page shows it").hides(secret)
	s.get(at).is(200).sound().says("Staff do this by hand", "Show the transfer code").hides(secret)
	s.send(http.MethodPost, at+"/transfer-code", nil, "Origin: https://evil.example", formType).is(403).hides(secret)
	seen := func() int {
		all, _, err := s.Events.ListAudit(t.Context(), event.AuditFilter{SubjectID: id})
		return strings.Count(fmt.Sprint(must(all, err)(t)), "domain.transfer_code_shown")
	}
	if seen() != 0 {
		t.Errorf("%d times shown before anybody asked", seen())
	}
	for n := 1; n <= 2; n++ {
		page := s.post(at + "/transfer-code").is(200).sound().says(secret)
		if got := page.Header.Get("Cache-Control"); got != "no-store" || seen() != n {
			t.Errorf("cached %q, %d times in the audit log", got, seen())
		}
	}
	for _, role := range staff.Roles()[1:] {
		br := s.bundle.as(s.bundle.colleague(string(role), role))
		page, code := br.get(at).is(200).hides(secret), br.post(at+"/transfer-code")
		if role.Can(staff.DomainsWrite) {
			page.says("Show the transfer code")
			code.is(200).says(secret)
			continue
		}
		page.hides("Show the transfer code")
		code.is(403).hides(secret)
	}
	for _, page := range []string{"/admin/events", "/admin/audit", "/admin/tasks", at} {
		s.get(page).is(200).hides(secret)
	}
	s.get(s.at).hides("Show the transfer code")
	s.post(s.at + "/transfer-code").is(409)

	must(0, s.Dispatch.ByHand(t.Context(), id, dispatch.ByHand{Expiry: "2028-03-10"}))(t)
	s.get(at).is(200).hides("Show the transfer code")
	s.post(at + "/transfer-code").is(409).hides(secret)
}
