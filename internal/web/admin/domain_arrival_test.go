package admin

import (
	"testing"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar/account"
)

// What a paid registration or transfer waits for is said wherever staff look, and can be tried again with another holder.
func TestDomainThatDoesNotArrive(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	ctx := t.Context()
	office := must(s.Registrars.Create(ctx, account.Input{Name: "Office", Adapter: "manual"}))(t)
	prices := domainname.Prices{{Extension: extension, Kind: domainname.ForTransfer, Years: 1, Currency: "EUR", Amount: 900, ValidFrom: domainname.RegistryDate(s.clock.Now())}}
	if _, _, err := s.Domains.SetTLD(ctx, domainname.TLDInput{Extension: extension, Registrar: &office.Name, Prices: prices}); err != nil {
		t.Fatal(err)
	}
	o := must(s.Orders.Place(ctx, order.Input{CustomerID: s.customer.ID, Items: []order.Item{{Domain: &order.DomainItem{Action: domainname.ForTransfer, Name: "theirs.com", AuthCode: "s3cret"}}}}))(t)
	ordered := domainsAt + "/" + o.Items[0].Domain.DomainID
	s.get(ordered).is(200).sound().says("No renewal is on offer before the domain is here: its order is not paid.").hides(`id="terms"`)
	must(s.Payments.Record(ctx, o.InvoiceID, payment.Manual{Money: o.Total, Reference: "p1"}))(t)
	id := o.Items[0].Domain.DomainID
	at := domainsAt + "/" + id
	s.get(at).is(200).sound().says("The registrar is asked by itself", "the registrar has not confirmed its transfer.").hides("The registrar was asked", `id="terms"`)
	s.get(domainsAt + "/danger").is(200).hides("theirs.com") // it goes on
	nobody := ""
	must(s.Domains.Change(ctx, id, domainname.Patch{Registrar: &nobody}))(t)
	must(s.Dispatch.RunDue(ctx))(t)

	const why = "The domain has no registrar: nobody can be asked for it."
	s.get(at).is(200).sound().says("waits for a person", why, at+"/retry", at+"/registrant", at+"/by-hand").hides("The registrar was asked")
	s.get(domainsAt+"/unconfirmed").is(200).sound().says("theirs.com", why, at+"/retry").hides("Everything that is paid is confirmed")
	s.get("/admin/tasks").is(200).sound().says(why, at+"/retry")
	s.get(domainsAt+"/danger").is(200).sound().says("theirs.com", "Paid. "+why, solid("Any day"), "its term may end at its old registrar", at+"/retry")
	s.get("/admin").is(200).sound().says("domains are in danger, 2 red", "The next is theirs.com, on any day.")
	s.get(at + "/registrant").is(200).sound().says("The registrar is asked for the domain with it.").hides("It is changed at")
	s.post(at+"/registrant", "name", "Ada").is(422).sound()
	s.post(at+"/registrant", "name", "Ada", "address", "1 Lane\n12345 Town", "country", "DE", "email", "ada@example.com").to(at)
	s.get("/admin/tasks").hides(why)
	if got := must(s.Domains.ByID(ctx, id))(t); got.Registrant.Country != "DE" {
		t.Errorf("held by %+v", got.Registrant)
	}
	must(s.Dispatch.RunDue(ctx))(t) // it is asked again, and staff, if another occasion
	must(s.Domains.Change(ctx, id, domainname.Patch{Registrar: &office.Name}))(t)
	s.get(at+"/retry").is(200).sound().says("Ask for theirs.com again?", why)
	s.post(at+"/retry", "why", "there is one now").to(at)
	must(s.Dispatch.RunDue(ctx))(t)
	s.get(at).is(200).sound().says("Staff do this by hand").hides(why)
	s.get(at + "/by-hand").is(200).sound().says("It was done").hides("It was deleted")
	s.get(domainsAt + "/danger").is(200).hides("theirs.com")
	s.get("/admin/tasks").hides(why)
	s.post(at+"/retry", "why", "x").is(409)
	s.post(at+"/by-hand", "outcome", "done", "expiry", "2020-01-25").is(422).sound().says("is over", `name="sure"`)
	s.post(at+"/by-hand", "outcome", "done", "expiry", "2020-01-25", "sure", "on").to(at)
	s.post(at+"/retry", "why", "x").is(409)
}
