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
	s.get("/admin/domains/danger").is(200).says("lost.com").hides("until staff enter what a restore costs")
}
