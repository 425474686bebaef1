package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Sender reaches mail servers.
type Sender interface {
	// Connect signs in at a server. Connecting again and again is not a fault of any mail.
	Connect(ctx context.Context, s Server) (Connection, error)
}

// Connection hands mails to a server, one after another.
type Connection interface {
	// Send returns nil when the server has accepted the letter, a *Refusal when it has not, ErrUnanswered when nobody
	// can know, and any other error when the letter certainly was not accepted, but the connection is gone.
	Send(ctx context.Context, l Letter) error
	Close()
}

// Server says where and how mails are handed over.
type Server struct {
	Address  string // host:port
	Security string // "starttls", "tls" or "none"
	User     string // empty: nobody signs in
	Password string
	Hello    string // the name by which the store greets it
}

// Letter is a mail as it is sent.
type Letter struct {
	MessageID string // without angle brackets
	FromName  string
	From      string
	ReplyTo   string // empty: none
	To        string
	Subject   string
	Text      string
	HTML      string
	Date      time.Time
}

// Refusal is what a server answers that does not accept a letter.
type Refusal struct {
	Code int
	Text string
	// OfSender says that the store as the sender was refused, not this letter: all others will be, until somebody
	// changes that.
	OfSender bool
}

// Error returns the answer as it was given.
func (r *Refusal) Error() string { return fmt.Sprintf("%d %s", r.Code, strings.TrimSpace(r.Text)) }

// permanent reports whether the letter will never be accepted.
func (r *Refusal) permanent() bool { return r.Code >= 500 && !r.OfSender }

// ErrUnanswered says that the server got the whole letter, or may have, and did not answer.
var ErrUnanswered = errors.New("the mail server did not answer whether it accepted the mail")

// outcomeOf says what an error of Send means.
func outcomeOf(err error) trigger {
	var r *Refusal
	switch {
	case err == nil:
		return accepted
	case errors.Is(err, ErrUnanswered):
		return unanswered
	case errors.As(err, &r) && r.permanent():
		return refused
	default:
		return deferred
	}
}
