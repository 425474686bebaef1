package mail

import (
	"flag"
	"os"
	"testing"
	"time"
)

//go:generate go test -run ^TestStatesDocument$ -update .

var update = flag.Bool("update", false, "write docs/mail-states.md instead of comparing it")

const statesDocument = "../../docs/mail-states.md"

// TestStatesDocument keeps docs/mail-states.md the same as the table: the document is printed from it.
func TestStatesDocument(t *testing.T) {
	t.Parallel()
	want := `<!-- Printed from internal/mail/states.go by go generate. Do not edit. -->
# States of mails

What the table has no line for can't happen.

` + StatesMarkdown()
	if *update {
		if err := os.WriteFile(statesDocument, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(statesDocument)
	if err != nil || string(got) != want {
		t.Fatalf("docs/mail-states.md is out of date (%v): run go generate ./internal/mail", err)
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	if err := states.Check(); err != nil {
		t.Error(err)
	}
	for _, s := range []State{Sent, Failed, Cancelled} {
		if !states.Final(s) {
			t.Errorf("something leads out of %s", s)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	tests := []struct {
		name    string
		p       progress
		outcome trigger
		state   State
		again   time.Duration // 0: settled
	}{
		{"accepted", progress{vital: true, tries: 1, triedAt: now}, accepted, Sent, 0},
		{"accepted in the end", progress{tries: 9, unknowns: 1, triedAt: ago(time.Hour)}, accepted, Sent, 0},
		{"refused", progress{vital: true, tries: 1, triedAt: now}, refused, Failed, 0},
		{"refused after an unknown try", progress{vital: true, tries: 2, unknowns: 1, triedAt: now}, refused, Failed, 0},
		{"deferred", progress{tries: 1, triedAt: now}, deferred, Queued, time.Minute},
		{"deferred again", progress{tries: 4, triedAt: ago(time.Hour)}, deferred, Queued, 8 * time.Minute},
		{"deferred for long", progress{tries: 30, triedAt: ago(100 * time.Hour)}, deferred, Queued, 2 * time.Hour},
		{"deferred, and the clock leapt", progress{tries: 2, triedAt: ago(1000 * time.Hour)}, deferred, Queued, 2 * time.Minute},
		{"deferred for too long", progress{tries: 60, triedAt: ago(120 * time.Hour)}, deferred, Failed, 0},
		{"deferred after an unknown try", progress{vital: true, tries: 2, unknowns: 1, triedAt: now}, deferred, Unknown, 2 * time.Minute},
		{"deferred for too long after an unknown try", progress{vital: true, tries: 60, unknowns: 1, triedAt: ago(120 * time.Hour)}, deferred, Unknown, 0},
		{"unanswered, harmless", progress{tries: 1, triedAt: now}, unanswered, Unknown, 0},
		{"unanswered, vital", progress{vital: true, tries: 1, triedAt: now}, unanswered, Unknown, time.Minute},
		{"unanswered twice", progress{vital: true, tries: 2, unknowns: 1, triedAt: now}, unanswered, Unknown, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, random := range []float64{0, 0.999} {
				v := judge(tt.p, tt.outcome, now, random)
				if v.state != tt.state || (v.unknowns == 1) != (tt.outcome == unanswered) || v.due.IsZero() != (tt.again == 0) {
					t.Fatalf("got %+v", v)
				}
				if tt.again > 0 && (v.due.Before(now.Add(tt.again/2)) || v.due.After(now.Add(tt.again))) {
					t.Errorf("again after %v, want about %v", v.due.Sub(now), tt.again)
				}
			}
		})
	}
}

// A server that asks to come again does so for at least three days before a mail fails.
func TestPatience(t *testing.T) {
	t.Parallel()
	for _, random := range []float64{0, 0.5, 0.999} {
		start := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
		now, p := start, progress{triedAt: start}
		for p.tries = 1; ; p.tries++ {
			v := judge(p, deferred, now, random)
			if v.state == Failed {
				break
			}
			now = v.due
		}
		if d := now.Sub(start); d < 3*24*time.Hour || d > 6*24*time.Hour || p.tries > 150 {
			t.Errorf("gave up after %v and %d tries", d, p.tries)
		}
	}
}
