package epp

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/keystead/keystead/internal/civil"
)

var nameEPP = xml.Name{Space: nsEPP, Local: "epp"}

// answer is what a registry said to one command.
type answer struct {
	Result
	data      *element // resData
	extension *element
	queue     *element // msgQ
}

// parseAnswer reads a response. Several results that don't belong to one class are as good as none.
func parseAnswer(root *element) (*answer, error) {
	response := root.child(nsEPP, "response")
	if root.name != nameEPP || response == nil {
		return nil, errors.New("the registry sent no response")
	}
	results := response.all(nsEPP, "result")
	if len(results) == 0 {
		return nil, errors.New("response without a result")
	}
	trid := response.child(nsEPP, "trID")
	a := &answer{
		Result:    Result{ClTRID: trid.value(nsEPP, "clTRID"), SvTRID: trid.value(nsEPP, "svTRID")},
		data:      response.child(nsEPP, "resData"),
		extension: response.child(nsEPP, "extension"),
		queue:     response.child(nsEPP, "msgQ"),
	}
	for i, r := range results {
		code, err := strconv.Atoi(r.attr("code"))
		if err != nil || code < 1000 || code > 9999 {
			return nil, fmt.Errorf("result code %q", r.attr("code"))
		}
		class := ClassOfCode(code)
		if i == 0 {
			a.Class, a.Code, a.Message = class, code, r.value(nsEPP, "msg")
		} else if class != a.Class {
			a.Class = ClassUnknown
		}
		for _, detail := range r.children {
			if detail.name.Space == nsEPP && (detail.name.Local == "value" || detail.name.Local == "extValue") {
				a.Reasons = append(a.Reasons, detail.flatText())
			}
		}
	}
	return a, nil
}

// do runs a command in a session of the pool. A command that changes nothing is tried once more in a new session if
// the one it got turned out to be dead: with a transaction id of its own, as some registries hang up on one that they know.
func (c *Client) do(ctx context.Context, cmd command) (*answer, error) {
	begin := now()
	a, err := c.once(ctx, cmd)
	if e, ok := errors.AsType[*Error](err); ok && e.Class == ClassUnknown && e.Code == 0 && !cmd.changes && ctx.Err() == nil && hungUp(err) {
		cmd.trid = cmd.trid[:min(len(cmd.trid), maxID-len(secondTry))] + secondTry
		a, err = c.once(ctx, cmd)
	}
	if c.config.Observe != nil {
		o := Observation{Command: cmd.verb, Class: ClassOf(err), Took: now().Sub(begin)}
		if a != nil {
			o.Class, o.Code = a.Class, a.Code
		} else if e, ok := errors.AsType[*Error](err); ok {
			o.Code = e.Code
		}
		c.config.Observe(o)
	}
	return a, err
}

const (
	secondTry = "-2"
	maxID     = 64 // characters of a transaction id
)

func (c *Client) once(ctx context.Context, cmd command) (*answer, error) {
	if _, err := cmd.document(); err != nil { // before a session is taken for it
		return nil, &Error{Result: Result{Class: ClassFault, ClTRID: cmd.trid}, Command: cmd.verb, Cause: err}
	}
	err := c.config.Pace.Wait(ctx)
	var s *session
	if err == nil {
		s, err = c.acquire(ctx)
	}
	if err != nil {
		return nil, &Error{Result: Result{Class: ClassSession, ClTRID: cmd.trid}, Command: cmd.verb, Cause: err}
	}
	a, err := s.exchange(ctx, cmd)
	if err != nil {
		c.release(s, false)
		return nil, err
	}
	c.release(s, !endsSession(a.Code))
	if a.Class.Outcome() != OK {
		return nil, &Error{Result: a.Result, Command: cmd.verb, Sent: true}
	}
	return a, nil
}

// hungUp reports whether the connection was at its end, as that of a session is which the registry has closed.
func hungUp(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// unreadable says that a command was done, but that what came with it makes no sense.
func (a *answer) unreadable(cmd, why string) error {
	r := a.Result
	r.Class = ClassUnknown
	return &Error{Result: r, Command: cmd, Sent: true, Cause: errors.New(why)}
}

// Moment is an instant as the registry wrote it.
type Moment struct {
	Text string    // the registry's own words
	At   time.Time // UTC; zero if the text is no instant
}

// Date returns the UTC date, which is what guards a renewal; the zero Date if the text is no instant.
func (m Moment) Date() civil.Date {
	if m.At.IsZero() {
		return civil.Date{}
	}
	return civil.Of(m.At, time.UTC)
}

// moment reads an instant. What has no zone is UTC, as RFC 5731 wants all of them.
func moment(text string) Moment {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly, time.DateTime} {
		if at, err := time.Parse(layout, text); err == nil && at.Year() >= 1 {
			return Moment{Text: text, At: at.UTC()}
		}
	}
	return Moment{Text: text}
}
