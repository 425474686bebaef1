package watch

import (
	"fmt"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
)

// F3: a run stops at more than 2 % of bad answers, of which there are at least 5, and not before.
func TestF3WhereTheBreakerOpens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		all, gone int
		stops     bool
	}{{250, 5, false}, {250, 6, true}, {20, 4, false}, {20, 5, true}} {
		t.Run(fmt.Sprint(tt.gone, " of ", tt.all), func(t *testing.T) {
			t.Parallel()
			b := newBundle(t, dbtest.SQLite(t))
			b.set("domains.sync_batch", "10000")
			for i := range tt.all {
				d := b.put(fmt.Sprintf("f3-%d.gtld", i), "2027-03-10")
				if i < tt.gone {
					b.fake.Remove(d.Name.String())
				}
			}
			b.due()
			stopped, noted := 0, tt.gone
			if tt.stops {
				stopped, noted = 1, 0
			}
			b.want("stopped", b.count("SELECT count(*) FROM registrars WHERE stopped_at IS NOT NULL"), stopped)
			b.want("alerts", b.events(EventBreaker)+b.tasks("registrar.breaker_open"), 2*stopped)
			b.want("noted as missing", b.count("SELECT count(*) FROM domains WHERE missing_since IS NOT NULL"), noted)
			b.want("active", b.count("SELECT count(*) FROM domains WHERE status = 'active'"), tt.all)
		})
	}
}

// F7, by the days of the case: daily from 35 days before the end of the term, else weekly. Up to a quarter of the time is taken
// off.
func TestF7Days(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, tt := range []struct{ end, from, to string }{
		{"2026-11-10T10:00:00Z", "2026-11-23T05:00:00Z", "2026-11-23T12:00:00Z"}, // over, daily
		{"2026-12-01T10:00:00Z", "2026-11-23T05:00:00Z", "2026-11-23T12:00:00Z"},
		{"2026-12-27T10:00:00Z", "2026-11-23T05:00:00Z", "2026-11-23T12:00:00Z"}, // 35 days
		{"2026-12-28T10:00:00Z", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"}, // 36: on the first of the 35 days
		{"2026-12-31T10:00:00Z", "2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z"},
		{"2027-01-31T10:00:00Z", "2026-11-27T17:00:00Z", "2026-11-29T12:00:00Z"}, // weekly
		{"2027-11-01T10:00:00Z", "2026-11-27T17:00:00Z", "2026-11-29T12:00:00Z"},
	} {
		for i := range 200 {
			d := domainname.Domain{ID: fmt.Sprintf("dom_%d", i), Status: domainname.Active, Expiry: domainname.Expiry{At: at(tt.end)}}
			if got := next(d, false, noon); got.Before(at(tt.from)) || got.After(at(tt.to)) {
				t.Fatalf("%s, of a term until %s: read at %s, want %s to %s", d.ID, tt.end, got, tt.from, tt.to)
			}
			if got := next(d, true, noon); got.After(noon.Add(24 * time.Hour)) {
				t.Fatalf("%s, with a renewal: read at %s", d.ID, got)
			}
		}
	}
}
