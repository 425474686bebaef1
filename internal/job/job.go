// Package job is a durable queue of work that must happen, outlives the process, and may happen twice.
//
// A job is written in the transaction of the change that asks for it, so both happen or neither. From then on:
//
//  1. When its time has come, one process claims it: a single UPDATE gives it a lease and counts the attempt.
//  2. The handler of its kind runs while the lease is renewed. If the process dies, the lease ends and the job is
//     claimed again, so a handler must bear being run twice; within a lease it never runs twice at once.
//  3. If the handler returns nil the job is done. Otherwise the error is kept on it and it runs again later, after
//     a delay that doubles up to an hour. After the last attempt it has failed, and a person may retry it.
//
// Who has lost the lease can change nothing any more: every step is guarded by id and attempt.
//
// Periodic work needs no leader. Every process proposes the next period of a kind ([Queue.Every]); the period's
// start is part of the job's dedup key, so only one proposal counts.
package job

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/background"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// Handler does the work of one kind of job. It may run more than once for the same job.
type Handler func(context.Context, Job) error

// State says how far a job is.
type State string

// The states of a job.
const (
	Queued  State = "queued"  // waits for its time, perhaps after an attempt that failed
	Running State = "running" // claimed, under a lease
	Done    State = "done"
	Failed  State = "failed" // no attempts are left; a person may retry it
)

// Job is a piece of work and what became of it.
type Job struct {
	ID          string
	Kind        string
	DedupKey    string // empty: none
	Payload     json.RawMessage
	State       State
	RunAt       time.Time
	Attempt     int64 // how often it was claimed
	MaxAttempts int64
	LeaseUntil  *time.Time
	LastError   string // for staff; empty after success
	CreatedAt   time.Time
	FinishedAt  *time.Time
}

// Decode reads the payload into v.
func (j Job) Decode(v any) error {
	if err := json.Unmarshal(j.Payload, v); err != nil {
		return fmt.Errorf("payload of %s job %s: %w", j.Kind, j.ID, err)
	}
	return nil
}

// New is a job to enqueue.
type New struct {
	Kind string
	// DedupKey makes the job unique among those of its kind: if there is one with this key already, in whatever
	// state, nothing is enqueued. A job that is done is forgotten after 30 days, and its key with it.
	DedupKey string
	Payload  any       // marshalled to JSON; no secrets
	RunAt    time.Time // zero: at once
}

// Queue runs the jobs of a store. Register handlers before it starts; the other methods are safe for concurrent use.
type Queue struct {
	db       *db.DB
	log      *slog.Logger
	handlers map[string]Handler
	periodic []*periodic
	wake     chan struct{} // holds at most one: look for work now
	gate     background.Gate
	held     func(context.Context) (bool, error) // nil: it never is

	// random returns a number in [0, 1) for the jitter of delays.
	random func() float64

	background background.Loop
}

// maxAttempts is how often a job is tried before it has failed: about twelve hours.
const maxAttempts = 20

// Enqueue adds a job as part of tx.
func (q *Queue) Enqueue(ctx context.Context, tx *db.Tx, n New) error {
	payload := []byte("{}")
	if n.Payload != nil {
		var err error
		if payload, err = json.Marshal(n.Payload); err != nil {
			return fmt.Errorf("enqueue %s: %w", n.Kind, err)
		}
	}
	row := query.InsertJobParams{
		ID: tx.NewID("job"), Kind: n.Kind, Payload: string(payload), RunAt: tx.Stamp, MaxAttempts: maxAttempts, CreatedAt: tx.Stamp,
	}
	if n.DedupKey != "" {
		row.DedupKey = &n.DedupKey
	}
	if !n.RunAt.IsZero() {
		row.RunAt = clock.FromTime(n.RunAt)
	}
	if _, err := tx.InsertJob(ctx, row); err != nil {
		return fmt.Errorf("enqueue %s: %w", n.Kind, err)
	}
	tx.OnCommit(q.look)
	return nil
}

// look makes a running loop look for work now.
func (q *Queue) look() {
	select {
	case q.wake <- struct{}{}:
	default: // it will look anyway
	}
}

func fromRow(row query.Job) Job {
	j := Job{
		ID: row.ID, Kind: row.Kind, Payload: json.RawMessage(row.Payload), State: State(row.State), RunAt: row.RunAt.Time(),
		Attempt: row.Attempt, MaxAttempts: row.MaxAttempts, LeaseUntil: clock.TimePtr(row.LeaseUntil), LastError: row.LastError,
		CreatedAt: row.CreatedAt.Time(), FinishedAt: clock.TimePtr(row.FinishedAt),
	}
	if row.DedupKey != nil {
		j.DedupKey = *row.DedupKey
	}
	return j
}

// maxError bounds the error that is kept on a job, in bytes.
const maxError = 4000

// errorText is err as it is kept: text that both databases take.
func errorText(err error) string {
	s := err.Error()
	if len(s) > maxError {
		s = s[:maxError] + " …"
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}
