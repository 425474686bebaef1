package license

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/job"
)

// automated is an automation with nothing but the tasks of this room.
func (s *store) automated() *automation.Service {
	s.t.Helper()
	a := automation.New(s.DB, job.NewQueue(s.DB, nil), automation.Options{})
	for _, t := range s.Tasks() {
		a.Register(t)
	}
	if err := s.DB.StandStill(context.Background(), s.Clock.Now()); err != nil {
		s.t.Fatal(err)
	}
	return a
}

func TestTimePasses(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		a := s.automated()
		start := s.Clock.Now()
		ends := s.issue(IssueInput{ExpiresAt: s.in(90 * 24 * time.Hour)})
		held := s.issue(IssueInput{ExpiresAt: s.in(200 * 24 * time.Hour)})
		promised := s.issue(IssueInput{})
		for id, reason := range map[string]HoldReason{held.ID: HoldStaff, promised.ID: HoldPayment} {
			if _, err := s.PlaceHold(as(sue), id, reason, ""); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.LiftHold(as(sue), promised.ID, HoldPayment, LiftInput{Until: s.in(30 * 24 * time.Hour)}); err != nil {
			t.Fatal(err)
		}
		leaked := s.issue(IssueInput{})
		for i := range manyRefusals {
			s.exec("INSERT INTO rejected_activations (license_id, identifier, reason, attempts, first_at, last_at) VALUES ($1, $2, 'limit', 1, $3, $3)",
				leaked.ID, fmt.Sprintf("site%d.example", i), start.UnixMicro())
		}
		var days []float64
		r, err := a.Advance(context.Background(), start.AddDate(1, 0, 0), func(at time.Time) { days = append(days, at.Sub(start).Hours()/24) })
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(days); got != "[0.5 30 90 200 365]" {
			t.Errorf("the clock stood at the days %s", got)
		}
		if r.Ran[TaskWriteDown].Done != 3 || r.Ran[TaskAnomalies].Done != 1 {
			t.Errorf("%+v", r)
		}
		wantLines(t, "events", s.events(ends.ID), EventCreated, EventExpired)
		wantLines(t, "events of the leaked one", s.events(leaked.ID), EventCreated, EventManyRefusals)
		if at := s.eventAt(ends.ID, EventExpired); !at.Equal(start.AddDate(0, 0, 90)) {
			t.Errorf("it expired at %v", at)
		}
	})
}

// eventAt is when something happened to a license.
func (s *store) eventAt(licenseID, kind string) time.Time {
	s.t.Helper()
	var at int64
	err := s.DB.Read(context.Background(), func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(context.Background(), "SELECT occurred_at FROM events WHERE subject_id = $1 AND type = $2", licenseID, kind).Scan(&at)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return time.UnixMicro(at)
}
