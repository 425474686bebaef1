package mail

import (
	"time"

	"github.com/keystead/keystead/internal/lifecycle"
)

// State says how far a mail is.
type State string

// The states of a mail.
const (
	Queued    State = "queued"
	Sending   State = "sending" // given to the mail server, or about to be
	Sent      State = "sent"    // the server accepted it
	Unknown   State = "unknown" // nobody knows whether the server accepted it
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

type trigger string

const (
	tried         trigger = "its time has come"
	unmakeable    trigger = "it can't be made"
	accepted      trigger = "the server accepts it"
	refused       trigger = "the server refuses it for good"
	deferred      trigger = "the server can't take it now"
	deferredAgain trigger = "the server can't take it now, and an earlier try is unknown"
	gaveUp        trigger = "the server could not take it for days"
	gaveUpAgain   trigger = "the server could not take it for days, and an earlier try is unknown"
	unanswered    trigger = "the server does not answer, or the process ends"
	withdrawn     trigger = "staff cancel it"
)

var states = lifecycle.Table[State, trigger]{
	Name:   "Mail",
	States: []State{Queued, Sending, Sent, Unknown, Failed, Cancelled},
	Steps: []lifecycle.Step[State, trigger]{
		{From: Queued, On: tried, When: "a mail server is set and reached", To: Sending, Effects: "subject, text and HTML are kept; committed before the server gets it"},
		{From: Queued, On: unmakeable, When: "no template fits its data, or it has no address", To: Failed, Effects: ""},
		{From: Unknown, On: unmakeable, When: "as above", To: Unknown, Effects: "stays so"},
		{From: Queued, On: withdrawn, When: "", To: Cancelled, Effects: "audited"},
		{From: Sending, On: accepted, When: "", To: Sent, Effects: ""},
		{From: Sending, On: refused, When: "a reply of 5xx to the recipient or the content", To: Failed, Effects: "tells of it"},
		{From: Sending, On: deferred, When: "less than five days since the first try, or few tries", To: Queued, Effects: "tried again later: after a minute, two, four … two hours"},
		{From: Sending, On: deferredAgain, When: "as above", To: Unknown, Effects: "tried again later"},
		{From: Sending, On: gaveUp, When: "", To: Failed, Effects: "tells of it"},
		{From: Sending, On: gaveUpAgain, When: "", To: Unknown, Effects: "stays so"},
		{From: Sending, On: unanswered, When: "", To: Unknown, Effects: "tried once more if its loss does harm and it is the first time; else stays so and tells of it"},
		{From: Unknown, On: tried, When: "it is to be tried once more", To: Sending, Effects: "the same Message-ID"},
	},
}

// StatesMarkdown returns the state machine of mails for the documentation.
func StatesMarkdown() string { return states.Markdown() }

const (
	giveUpAfter  = 5 * 24 * time.Hour // since the first try
	leastTries   = 12                 // before giving up
	firstDelay   = time.Minute
	longestDelay = 2 * time.Hour
)

// progress is what rules need to know of a mail that is being tried.
type progress struct {
	vital    bool
	tries    int64 // this one included
	unknowns int64 // before this one
	triedAt  time.Time
}

// verdict is what becomes of it.
type verdict struct {
	state    State
	due      time.Time // zero: it is settled
	unknowns int64     // that this try adds
}

// judge says what becomes of a mail that is being sent: the outcome is accepted, refused, deferred or unanswered.
func judge(p progress, outcome trigger, now time.Time, random float64) verdict {
	v := verdict{}
	switch outcome {
	case deferred:
		if p.tries >= leastTries && now.Sub(p.triedAt) >= giveUpAfter {
			outcome = gaveUp
		} else {
			v.due = now.Add(delay(p.tries, random))
		}
		if p.unknowns > 0 {
			outcome = map[trigger]trigger{deferred: deferredAgain, gaveUp: gaveUpAgain}[outcome]
		}
	case unanswered:
		v.unknowns = 1
		if p.vital && p.unknowns == 0 {
			v.due = now.Add(delay(p.tries, random))
		}
	default:
	}
	v.state, _ = states.Next(Sending, outcome)
	return v
}

// delay is how long to wait after a try: it doubles from a minute up to two hours. The later half of it is drawn by
// chance (random is in [0, 1)), so that what failed together is not tried again together.
func delay(tries int64, random float64) time.Duration {
	d := longestDelay
	if doublings := tries - 1; doublings < 7 {
		d = min(firstDelay<<doublings, longestDelay)
	}
	return d/2 + time.Duration(random*float64(d/2))
}
