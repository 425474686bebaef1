package admin

import "testing"

// The dashboard says first how many domains are in danger and which is the next, and leads there.
func TestDashboardCountsDomainsInDanger(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "near.com", 10)
	s.get("/admin").is(200).sound().says("domains are in danger", "The next is near.com", "in 10 days", `href="/admin/domains/danger"`)
	s.with(t, "ended.com", -5)
	s.get("/admin").is(200).says("3 domains are in danger", "The next is near.com")
}
