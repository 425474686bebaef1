package admin

import (
	"testing"

	"github.com/keystead/keystead/internal/report"
)

var reportOpen = report.ReturnFilter{State: "open"}

func TestReceivables(t *testing.T) {
	t.Parallel()
	b, e, me := shop(t)
	c := b.buyer("late@example.com", "")
	ids := map[report.Age]string{}
	for _, step := range []struct {
		age  report.Age
		days int // that pass after it was issued
	}{{report.Later, 30}, {report.Late90, 30}, {report.Late60, 31}, {report.Late30, 30}, {report.NotDue, 0}} {
		ids[step.age] = b.owes(c.ID, e.price.ID).ID
		for range step.days {
			b.clock.Advance(day) // nothing falls due: nobody runs it
		}
	}
	br := b.as(me)
	page := br.get("/admin/receivables").is(200).sound().says("Not due yet", "1–30 days late", "31–60 days late", "61–90 days late", "Over 90 days late", "EUR")
	for age, id := range ids {
		one := br.get("/admin/receivables?currency=EUR&age=" + string(age)).is(200).sound().says(id)
		for other, not := range ids {
			if other != age {
				one.hides(not)
			}
		}
		page.says(id)
	}
	br.get("/admin/receivables?age=old").is(422)
	br.get("/admin/receivables?currency=USD").is(200).sound().says("None of these")
	br.get("/admin/receivables.csv?age=over_90").is(200).says("days_late", ids[report.Later], "over_90", "49.00").hides(ids[report.NotDue])
	setupTestMode(t).owner().get("/admin/receivables").is(200).sound().says("Nobody owes anything")
}
