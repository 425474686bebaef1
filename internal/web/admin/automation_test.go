package admin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/staff"
)

func TestTestClock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	me := b.colleague("Grace Hopper", staff.Owner)
	br := b.as(me)
	br.get("/admin/automation").is(200).sound().hides("Test clock")
	br.post("/admin/automation/clock", "by", "day").is(404)

	b.standStill()
	br.get("/admin/automation").is(200).sound().says("Test clock", "1 March 2026, 12:00 UTC", "&#43;1 day", "&#43;1 month", "&#43;1 year", `value="2026-03-02"`)
	br.post("/admin/automation/clock", "by", "hour").is(422).sound().says("is not a date")
	br.post("/admin/automation/clock", "date", "soon", "time", "late").is(422).sound().says("is not a date", "is not a time of day", `value="late"`)
	br.post("/admin/automation/clock", "date", "2126-03-02").is(422).says("is more than 20 years away")
	if got := b.clock.Now(); !got.Equal(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("the clock was moved to %v", got)
	}
	br.post("/admin/automation/clock", "date", "2026-03-01", "time", "15:30").to("/admin/automation")
	br.get("/admin/automation").says("The clock stands at 1 March 2026, 15:30 UTC.")
	for _, want := range []struct{ by, stands string }{{"day", "2 March 2026, 15:30 UTC"}, {"month", "2 April 2026, 15:30 UTC"}, {"year", "2 April 2027, 15:30 UTC"}} {
		// A session ends by the machine's clock, which this test has not: the store's moves it.
		br = b.as(me)
		br.post("/admin/automation/clock", "by", want.by).to("/admin/automation")
		if got := b.clock.Now().Format(clockText); got != want.stands {
			t.Errorf("+1 %s: %s, want %s", want.by, got, want.stands)
		}
	}
	b.as(b.colleague("Reader", staff.ReadOnly)).get("/admin/automation").is(200).says("Test clock").hides("&#43;1 day")
}

// standStill makes the store one whose clock can be moved.
func (b *bundle) standStill() {
	b.Helper()
	if err := b.db.StandStill(b.Context(), b.clock.Now()); err != nil {
		b.Fatal(err)
	}
}

func TestBannerTellsTheStoresTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.area.TestMode = true
	if p := b.area.bare(b.request(), "x"); !strings.Contains(p.TestMode, "It is 1 March 2026, 12:00 UTC here.") {
		t.Errorf("banner: %s", p.TestMode)
	}
}

func (b *bundle) request() *http.Request {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "/admin", nil)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func TestFailedItems(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.owner()
	broken := true
	b.rooms.Automation.Register(automation.Task{Kind: "things.do", Run: func(ctx context.Context, p *automation.Pass) error {
		if !broken {
			return nil
		}
		return p.Each(ctx, func(context.Context, *db.Tx, string, int) ([]string, error) { return []string{"lic_1"}, nil },
			func(context.Context, *db.Tx, string) (automation.Outcome, error) {
				return 0, errors.New("the bank is closed\nat line 7")
			})
	}})
	br.post("/admin/automation/run").to("/admin/automation")
	br.get("/admin/automation").is(200).sound().says("1 failed, and are tried again", "Could not be done", "Things do", "the bank is closed", "lic_1", "What ran").hides("at line 7")
	br.post("/admin/automation/retry", "task", "things.do", "subject", "lic_1").to("/admin/automation")
	broken = false
	br.post("/admin/automation/run").to("/admin/automation")
	br.get("/admin/automation").hides("Could not be done")
	br.post("/admin/automation/retry", "task", "things.do", "subject", "lic_1").is(404)
}

func TestLookAhead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.owner()
	b.newEstate("Widget")
	br.get("/admin/automation/ahead").is(200).sound().says("How far shall it look?")
	br.get("/admin/automation/ahead?days=30").is(200).sound()
	br.get("/admin/automation/ahead?days=x").is(422)
	br.get("/admin/automation/ahead?days=1000").is(422)
}
