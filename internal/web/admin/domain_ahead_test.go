package admin

import (
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
)

// Of a name that its registry has renewed by itself and nobody has paid for, pages say until when deleting returns the fee once the
// customer's last day to pay is over, and offer that.
func TestDomainAhead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	over := b.plot(t, "over.com", -35).ahead()
	paying, kept := over.with(t, "paying.com", -10).ahead(), over.with(t, "kept.com", -50).ahead()
	over.get("/admin/domains/danger").is(200).sound().says("in 10 days: last day on which deleting returns the fee", over.at+"/delete", "in 20 days: last day without a restore", "it returns its fee no more").
		hides(paying.at+"/delete", kept.at+"/delete", "days ago")
	over.get(over.at).is(200).sound().says("The customer&#39;s last day to pay was ", "UTC, in 10 days.", over.at+"/delete").hides("The customer can pay until ")
	over.get(paying.at).is(200).sound().says("The customer can pay until ", "UTC, in 35 days.")
	over.get(kept.at).is(200).sound().says("the registry returned its fee if the name was deleted there")
}

// ahead has the registry renew the domain of a plot by itself, and say so.
func (p plot) ahead() plot {
	p.Helper()
	ctx := p.Context()
	err := p.db.Write(ctx, func(tx *db.Tx) error {
		d, err := domainname.Lock(ctx, tx, p.domain.ID)
		if err != nil {
			return err
		}
		d.State, d.DoNotRenew = domainname.RegistryState{Sponsor: domainname.SponsorOurs, ReadAt: tx.Now}, true
		d.Adopt(d.Expiry.At.AddDate(1, 0, 0), domainname.Reading{Raw: "read", Source: domainname.FromEPP}, tx.Now)
		return domainname.Save(ctx, tx, &d)
	})
	must(0, err)(p.T)
	return p
}
