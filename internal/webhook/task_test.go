package webhook

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/job"
)

// The clock of a test store leaps from attempt to attempt; a live store leaves them to the loop.
func TestTask(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, st *dbtest.Store) {
		s := newService(t, st.DB)
		tries := 0
		s.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if tries++; tries < 5 {
				return nil, errors.New("connection refused")
			}
			return noContent(r), nil
		})
		a := automation.New(st.DB, job.NewQueue(st.DB, nil), automation.Options{})
		for _, task := range s.Tasks() {
			a.Register(task)
		}
		create(t, s, "https://example.com/", "license.*")
		emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
		if _, err := a.RunDue(t.Context()); err != nil || tries != 0 {
			t.Fatalf("a live store: %d tries, %v", tries, err)
		}
		start := st.Clock.Now()
		if err := st.DB.StandStill(t.Context(), start); err != nil {
			t.Fatal(err)
		}
		report, err := a.Advance(t.Context(), start.AddDate(0, 0, 1), nil)
		if err != nil || report.Ran["webhooks.send"].Done != 5 {
			t.Fatalf("%+v, %v", report, err)
		}
		// 10, 20, 40 and 80 seconds, less a quarter.
		if d := only(t, s); d.State != Delivered || d.FinishedAt.Sub(start) != 150*3*time.Second/4 {
			t.Errorf("%+v", d.Delivery)
		}
	})
}
