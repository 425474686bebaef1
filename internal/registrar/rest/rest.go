// Package rest reaches a registrar's plain API: names are read, renewed, deleted, and told what to do at their expiry. A renewal has
// no guard there, and is done as often as it comes; only the list of orders tells what became of one.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
)

// Config says how the API is reached.
type Config struct {
	URL      string // such as https://api.registrar.example/rest
	Account  string
	Password string
	Currency money.Currency  // of the balance; empty: it is not read
	Pace     *registrar.Pace // of requests; nil: as many as there are
	// GraceIncluded is by how many days the API's expiry dates lie behind the registry's.
	GraceIncluded int
	// Settle is how long after a request without an answer its effect may still appear; default 2 min.
	Settle  time.Duration
	Timeout time.Duration  // of a request; default 60 s
	HTTP    *http.Client   // nil: one of its own
	Record  func(Exchange) // takes every request and its answer; nil: none
}

// Exchange is a request and what came of it, without the password.
type Exchange struct {
	Transaction, Command string
	Request, Answer      string
}

// Client implements registrar.Registrar. It is safe for concurrent use.
type Client struct {
	config Config
	base   *url.URL
	slots  chan struct{} // one for each request under way
}

var (
	_ registrar.Registrar = (*Client)(nil)
	_ registrar.Orders    = (*Client)(nil)
)

// New checks the configuration.
func New(config Config) (*Client, error) {
	base, err := url.Parse(config.URL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, errors.New("rest: the address must begin with https://")
	}
	if config.HTTP == nil {
		config.HTTP = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if config.Timeout <= 0 {
		config.Timeout = time.Minute
	}
	if config.Settle <= 0 {
		config.Settle = 2 * time.Minute
	}
	return &Client{config: config, base: base, slots: make(chan struct{}, parallel)}, nil
}

// parallel is how many requests are under way at once.
const parallel = 2

// Capabilities implements registrar.Registrar.
func (c *Client) Capabilities() registrar.Capabilities {
	return registrar.Capabilities{
		Guard: registrar.GuardNone, Settle: c.config.Settle, PerSecond: c.config.Pace.PerSecond(), Parallel: parallel, Renew: true, Delete: true, SetMode: true,
		Balance: c.config.Currency != "", GraceIncluded: c.config.GraceIncluded,
	}
}

// Close implements registrar.Registrar.
func (c *Client) Close(context.Context) { c.config.HTTP.CloseIdleConnections() }

// problem is an answer that is none of success.
type problem struct {
	Status int    `json:"-"`
	Text   string `json:"error"`
	Code   int    `json:"code"`
}

func (p *problem) Error() string { return fmt.Sprintf("rest: %d %s", p.Status, p.Text) }

// errNeverLeft marks what did not reach the registrar.
var errNeverLeft = errors.New("rest: the request did not leave")

// maxAnswer is more than any answer has.
const maxAnswer = 8 << 20

// errUnreadable is of an answer that no store can keep: what came of the request isn't known.
var errUnreadable = errors.New("rest: the answer can't be read")

// readable reports whether an answer is text. A NUL, also one that is written as an escape, is in no name, date or status.
func readable(answer []byte) bool {
	return utf8.Valid(answer) && !bytes.ContainsRune(answer, 0) && !bytes.Contains(answer, []byte(`\u0000`))
}

func (c *Client) do(ctx context.Context, transaction, command, method string, path []string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return errors.Join(errNeverLeft, err)
		}
	}
	q, err := http.NewRequestWithContext(ctx, method, c.base.JoinPath(path...).String(), bytes.NewReader(body))
	if err != nil {
		return errors.Join(errNeverLeft, err)
	}
	q.GetBody = nil // the transport must not send it once more by itself
	q.SetBasicAuth(c.config.Account, c.config.Password)
	q.Header.Set("Content-Type", "application/json")
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return errors.Join(errNeverLeft, ctx.Err())
	}
	if err := c.config.Pace.Wait(ctx); err != nil {
		return errors.Join(errNeverLeft, err)
	}
	answer, err := c.send(q)
	c.record(Exchange{Transaction: transaction, Command: command, Request: method + " " + q.URL.Path + "\n" + string(body), Answer: string(answer)}, err)
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

func (c *Client) send(q *http.Request) ([]byte, error) {
	r, err := c.config.HTTP.Do(q)
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
		return nil, errors.Join(errNeverLeft, err)
	}
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	if err != nil {
		return answer, err
	}
	if !readable(answer) {
		return answer, errUnreadable
	}
	if r.StatusCode/100 == 2 {
		return answer, nil
	}
	p := &problem{}
	_ = json.Unmarshal(answer, p) // what is no JSON has no code
	p.Status = r.StatusCode
	return answer, p
}

func (c *Client) record(e Exchange, err error) {
	if c.config.Record == nil {
		return
	}
	if err != nil && e.Answer == "" {
		e.Answer = err.Error()
	}
	c.config.Record(e)
}

// answerOf is what came of a command. A command that may have left and has no clear answer is unknown.
func answerOf(err error) registrar.Answer {
	if err == nil {
		return registrar.Answer{Class: registrar.Done, Code: 1000}
	}
	a := registrar.Answer{Class: registrar.Unknown, Message: err.Error()}
	p, answered := errors.AsType[*problem](err)
	switch {
	case errors.Is(err, errNeverLeft):
		a.Class = registrar.Session
	case !answered:
	case p.Status == http.StatusUnauthorized, p.Status == http.StatusTooManyRequests:
		a.Class, a.Code = registrar.Session, p.Code
	case p.Status == http.StatusNotFound:
		a.Class, a.Code = registrar.NotOurs, p.Code
	case p.Status < http.StatusInternalServerError && p.Code != 0:
		a.Class, a.Code = registrar.ClassOfCode(p.Code), p.Code
	case p.Status/100 == 4:
		a.Class = registrar.Fault
	default: // one that is sent elsewhere may have been done before
	}
	return a
}

// domain is what the API says of a name.
type domain struct {
	Name     string   `json:"name"`
	Expires  string   `json:"expires"`
	Sponsor  string   `json:"sponsor"`
	Statuses []string `json:"statuses"`
	RGP      []string `json:"rgp"`
	Ahead    *int     `json:"years_ahead_limit"`
}

// Info implements registrar.Registrar. The API shows only what the account has: what is another's is not there.
func (c *Client) Info(ctx context.Context, transaction, name string) (registrar.Info, error) {
	var d domain
	err := c.do(ctx, transaction, "info", http.MethodGet, []string{"domains", name}, nil, &d)
	if p, ok := errors.AsType[*problem](err); ok && p.Status == http.StatusNotFound {
		return registrar.Info{}, nil
	}
	if err != nil {
		return registrar.Info{}, err
	}
	if !strings.EqualFold(d.Name, name) {
		return registrar.Info{}, fmt.Errorf("rest: the answer is about %q", d.Name)
	}
	return registrar.Info{
		Found: true, Ours: true, Sponsor: d.Sponsor, Expiry: moment(d.Expires), Statuses: d.Statuses, RGP: d.RGP, YearsAhead: d.Ahead,
	}, nil
}

func moment(raw string) registrar.Moment {
	m := registrar.Moment{Raw: raw}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly} {
		if at, err := time.Parse(layout, raw); err == nil && at.Year() >= 1 {
			m.At = at.UTC()
			break
		}
	}
	return m
}

// Renew implements registrar.Registrar. Nothing guards it.
func (c *Client) Renew(ctx context.Context, transaction string, in registrar.Renewal) registrar.Answer {
	var d domain
	err := c.do(ctx, transaction, "renew", http.MethodPost, []string{"domains", in.Name, "renew"}, map[string]any{"years": in.Years, "reference": transaction}, &d)
	a := answerOf(err)
	if a.Class == registrar.Done {
		a.Expiry = moment(d.Expires)
	}
	return a
}

// SetMode implements registrar.Registrar. Setting it twice is setting it once.
func (c *Client) SetMode(ctx context.Context, transaction, name string, mode registrar.Mode) registrar.Answer {
	var d domain
	return answerOf(c.do(ctx, transaction, "set_mode", http.MethodPut, []string{"domains", name, "mode"}, map[string]any{"mode": mode}, &d))
}

// Delete implements registrar.Registrar. What is deleted is not deleted again.
func (c *Client) Delete(ctx context.Context, transaction, name string) registrar.Answer {
	var d domain
	return answerOf(c.do(ctx, transaction, "delete", http.MethodDelete, []string{"domains", name}, map[string]any{"reference": transaction}, &d))
}

// Ordered implements registrar.Orders. The orders of one transaction are asked for: the list of all of them gets longer from
// year to year, until no answer holds it.
func (c *Client) Ordered(ctx context.Context, transaction string) (bool, error) {
	var found []struct {
		Reference string `json:"cl_trid"`
	}
	if err := c.do(ctx, transaction, "orders", http.MethodGet, []string{"orders", transaction}, nil, &found); err != nil {
		return false, err
	}
	for _, order := range found {
		if order.Reference == transaction {
			return true, nil
		}
	}
	return false, nil
}

// Balance implements registrar.Registrar.
func (c *Client) Balance(ctx context.Context) (money.Money, bool, error) {
	if c.config.Currency == "" {
		return money.Money{}, false, nil
	}
	var is struct {
		Balance *int64 `json:"balance"` // minor units; null: never short of money
	}
	if err := c.do(ctx, "", "balance", http.MethodGet, []string{"balance"}, nil, &is); err != nil || is.Balance == nil {
		return money.Money{}, false, err
	}
	return money.New(*is.Balance, c.config.Currency), true, nil
}

// Check implements registrar.Registrar.
func (c *Client) Check(context.Context, string, ...string) ([]registrar.Available, error) {
	return nil, registrar.ErrNotOffered
}

// Quote implements registrar.Registrar.
func (c *Client) Quote(context.Context, string, registrar.Quoting) (registrar.Quote, error) {
	return registrar.Quote{}, registrar.ErrNotOffered
}

// TransferState implements registrar.Registrar.
func (c *Client) TransferState(context.Context, string, string) (registrar.TransferState, error) {
	return registrar.TransferState{}, registrar.ErrNotOffered
}

// Register implements registrar.Registrar.
func (c *Client) Register(context.Context, string, registrar.Registration) registrar.Answer {
	return registrar.NotOffered()
}

// Transfer implements registrar.Registrar.
func (c *Client) Transfer(context.Context, string, registrar.TransferIn) registrar.Answer {
	return registrar.NotOffered()
}

// Restore implements registrar.Registrar.
func (c *Client) Restore(context.Context, string, registrar.Restore) registrar.Answer {
	return registrar.NotOffered()
}

// Report implements registrar.Registrar.
func (c *Client) Report(context.Context, string, registrar.RestoreReport) registrar.Answer {
	return registrar.NotOffered()
}

// Update implements registrar.Registrar.
func (c *Client) Update(context.Context, string, registrar.Update) registrar.Answer {
	return registrar.NotOffered()
}

// Poll implements registrar.Registrar.
func (c *Client) Poll(context.Context, string) (*registrar.Message, error) { return nil, nil }

// Ack implements registrar.Registrar.
func (c *Client) Ack(context.Context, string, string) error { return nil }
