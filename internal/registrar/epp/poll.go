package epp

import "context"

// Message is a service message of a registry. Handle it once (by its id), commit, and only then acknowledge it.
type Message struct {
	Result
	ID      string
	Waiting int // messages, this one included
	At      Moment
	Text    string

	Action   *Action        // set when an action that was pending has come to its end
	Transfer *TransferState // set when it is about a transfer
	Domain   *Domain        // set when it shows a domain
}

// Action is the end of a command that was answered with 1001.
type Action struct {
	Name   string
	Done   bool
	ClTRID string // of the command
	SvTRID string
	At     Moment
}

// Poll reads the oldest message; nil if there is none.
func (c *Client) Poll(ctx context.Context, trid string) (*Message, error) {
	a, err := c.do(ctx, command{verb: "poll", attrs: []string{"op", "req"}, trid: trid})
	if err != nil {
		return nil, err
	}
	if a.Code == codeNoMessages {
		return nil, nil // no message is not an error
	}
	if a.queue.attr("id") == "" {
		return nil, a.unreadable("poll", "message without an id")
	}
	m := &Message{
		Result: a.Result, ID: a.queue.attr("id"), Waiting: number(a.queue.attr("count")),
		At: moment(a.queue.value(nsEPP, "qDate")), Text: a.queue.child(nsEPP, "msg").flatText(),
	}
	if pan := a.data.child(nsDomain, "panData"); pan != nil {
		name, trid := pan.child(nsDomain, "name"), pan.child(nsDomain, "paTRID")
		m.Action = &Action{
			Name: name.content(), Done: boolean(name.attr("paResult")),
			ClTRID: trid.value(nsEPP, "clTRID"), SvTRID: trid.value(nsEPP, "svTRID"), At: moment(pan.value(nsDomain, "paDate")),
		}
	}
	if a.data.child(nsDomain, "trnData") != nil {
		m.Transfer = a.transfer()
	}
	if a.data.child(nsDomain, "infData") != nil {
		m.Domain = a.domain()
	}
	return m, nil
}

const codeNoMessages = 1300

// Ack takes a message off the queue.
func (c *Client) Ack(ctx context.Context, trid, id string) (Result, error) {
	return c.plain(ctx, command{verb: "poll", attrs: []string{"op", "ack", "msgID", id}, trid: trid, changes: true})
}

// Hello asks for the greeting, in a session that may be idle or new.
func (c *Client) Hello(ctx context.Context) (Greeting, error) {
	s, err := c.acquire(ctx)
	if err != nil {
		return Greeting{}, &Error{Result: Result{Class: ClassSession}, Command: "hello", Cause: err}
	}
	g, err := s.hello(ctx)
	c.release(s, err == nil)
	if err != nil {
		return Greeting{}, &Error{Result: Result{Class: ClassUnknown}, Command: "hello", Sent: true, Cause: err}
	}
	return g, nil
}
