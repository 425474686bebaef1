package admin

import "testing"

// An extension without a fee for restores: staff find it out for one domain, and enter it there.
func TestRestoreQuote(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.plot(t, "mine.com", 100)
	s.get(s.at).is(200).sound().says("No fee yet", s.at+"/restore-quote")
	s.get(s.at + "/restore-quote").is(200).sound().says("What does the restore of")
	s.post(s.at+"/restore-quote", "fee", "a lot", "why", "x").is(422).sound().says("is not an amount")
	s.post(s.at+"/restore-quote", "fee", "80.00").is(422).sound().says("is required")
	s.post(s.at+"/restore-quote", "fee", "80.00", "why", "asked at the registry").to(s.at)
	s.get(s.at).is(200).sound().says("as staff have entered it for this term", "80").hides("No fee yet")
	s.get(s.at + "/restore-quote").says("Entered last: ")

	lost := s.with(t, "lost.com", -50) // in redemption
	s.get(lost.at).is(200).sound().says("nobody has entered yet what it costs")
	s.get("/admin/domains/danger").is(200).sound().says("until staff enter what a restore costs", lost.at+"/restore-quote")
	s.post(lost.at+"/restore-quote", "fee", "80.00", "why", "asked at the registry").to(lost.at)
	s.get(lost.at).is(200).hides("nobody has entered yet what it costs")
	s.get("/admin/domains/danger").is(200).says("lost.com", ">Restore<").hides("until staff enter what a restore costs")
}

// A premium name at a registrar that tells no price: staff find it out for one domain, and enter it there.
func TestRenewalQuote(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.plot(t, "mine.com", 100)
	s.post("/admin/registrars/"+s.land.registrar.ID+"/costs", "extension", "com", "currency", "EUR", "valid_from", "2026-01-01", "renew.1", "6.66").leads()
	s.get(s.at).is(200).says("€6.66")
	s.get(s.at+"/renewal-quote").is(200).sound().says("What does a renewal of", "counts as a premium name from now on")
	s.post(s.at+"/renewal-quote", "years", "1", "price", "a lot", "why", "x").is(422).sound().says("is not an amount")
	s.post(s.at+"/renewal-quote", "years", "1", "price", "250.00").is(422).sound().says("is required")
	s.post(s.at+"/renewal-quote", "years", "1", "price", "250.00", "why", "asked at the registry").to(s.at)
	// An order costs what the registry asks, not what the list says of other names, and so it is for the store.
	s.get(s.at).is(200).sound().says(s.at+"/renewal-quote", "A renewal for 1 year costs", "€250.00", "the registry&#39;s price").hides("€12.00", "€6.66")
	s.get(s.at + "/renewal-quote").is(200).sound().says("Entered for this term: 1 year").hides("counts as a premium name from now on")
}
