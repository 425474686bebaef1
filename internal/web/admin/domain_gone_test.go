package admin

import (
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar/account"
)

// Of a domain that was deleted by hand no page says that a plain renewal is to come, nor offers one; of one that is not here yet
// nothing is offered that only a registry could do.
func TestWhatIsOfferedOfWhatIsGone(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 20)
	office := must(s.Registrars.Create(t.Context(), account.Input{Name: "By hand", Adapter: "manual"}))(t)
	s.sends(s.at, s.get(s.at+"/edit").form(s.at, "registrar", office.Name)).to(s.at)
	s.get(s.at).is(200).says("Plain renewal", ">Renew<", "Delete at the registry")
	s.post(s.at+"/delete", "name", "mine.com", "why", "nobody pays").to(s.at)
	s.post(s.at+"/by-hand", "outcome", "deleted", "reference", "R-78").to(s.at)
	s.get(s.at).is(200).sound().says("Deleted at the registry", "Last day of a restore").hides("Plain renewal", "Last day of a plain renewal", ">Renew<", "grace period ends")
	at, id := s.transferring(t, "theirs.com", "s3cret-c0de")
	if d := must(s.Domains.ByID(t.Context(), id))(t); d.Standing.Status != domainname.PendingTransfer {
		t.Fatal(d.Standing.Status)
	}
	s.get(at).is(200).sound().hides("Delete at the registry", ">Renew<")
}

// No registry is told of what staff do by hand.
func TestRenewalByHandIsNotSent(t *testing.T) {
	t.Parallel()
	n, h := domainname.Renewal{State: domainname.RenewalSubmitted}, holding{}
	if got := h.renewalText(n); got != "The registry was told; its answer is awaited." {
		t.Error(got)
	}
	h.can.Manual = true
	if got := h.renewalText(n); got != "Staff are asked to renew it at the registrar by hand, and to say here when it is done." {
		t.Error(got)
	}
}

// A store that has domains, and no license, is not asked for a first product.
func TestStoreOfDomainsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.owner()
	const product = "Your first product in minutes"
	owner.get("/admin").is(200).says(product)
	c := must(b.Customers.Create(t.Context(), customer.Input{Email: "ada@example.com", Name: "Ada"}))(t)
	_, _, err := b.Domains.SetTLD(t.Context(), domainname.TLDInput{Extension: extension, Policy: &domainname.Policy{
		Extension: extension, ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, ExplicitRenew: true, DueMargin: 3, Source: "test",
	}})
	must(0, err)(t)
	recurring := eur(1000)
	must(b.Domains.Create(t.Context(), domainname.Input{Name: "mine.com", CustomerID: c.ID, Expiry: "2027-03-10T10:00:00Z", Term: 1, Recurring: &recurring, Source: domainname.FromStaff}))(t)
	owner.get("/admin").is(200).sound().hides(product)
}
