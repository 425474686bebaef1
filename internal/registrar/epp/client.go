// Package epp speaks the Extensible Provisioning Protocol with a registry: RFC 5730 to 5734, with grace
// periods (RFC 3915) and fees (RFC 8748).
//
// A [Client] is one registrar's account at one registry: a pool of sessions, each of which runs one command at a
// time. Every command carries a transaction id that the caller chose and wrote down before; the client makes up
// none, but for its own logins, and never sends a command that changes something twice.
//
// What came of a command is said by its [Class]. A method returns no error when the registry has done it, or has
// taken it on ([ClassPending]). Otherwise the error is an [*Error]. The one to respect is [ClassUnknown]: the
// command may have left, and what the registry made of it has to be read there.
package epp

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/registrar"
)

// Config says how a registry is reached.
type Config struct {
	Address  string // host:port
	ClientID string // the registrar's login
	Password string

	// ServerName is the name that the registry's certificate must carry; empty: the host of Address.
	ServerName string
	// Roots are the authorities that may have signed it; nil: those of the machine.
	Roots *x509.CertPool
	// Certificate is shown to the registry, if it has a chain.
	Certificate tls.Certificate

	Sessions       int             // how many at once; default 4
	Pace           *registrar.Pace // of commands, logins included; nil: as many as there are
	ConnectTimeout time.Duration   // connection, greeting and login together; default 20 s
	FrameTimeout   time.Duration   // each frame, sent or received, as a whole; default 60 s
	ProbeAfter     time.Duration   // a session idle for longer is asked for a greeting before it is used; default 30 s
	HelloEvery     time.Duration   // how often [Client.Run] keeps idle sessions alive; default 4 min

	// Record takes every frame, secrets masked; nil: none. It must not wait for a command of this client.
	Record func(Frame)
	// Observe takes what came of every command; nil: none.
	Observe func(Observation)
	// Dial replaces the way to the network in tests. What it returns still gets TLS.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Frame is one message as it went over the wire, for the log.
type Frame struct {
	At      time.Time
	Session int64 // number of the session in this client
	Sent    bool
	Command string // such as "renew"; "greeting" for the first frame
	ClTRID  string // of the command that it belongs to
	Text    []byte // secrets masked
}

// Observation is what came of one command, for figures.
type Observation struct {
	Command string
	Class   Class
	Code    int // 0 without an answer
	Took    time.Duration
}

// ErrClosed is the cause when the client was closed.
var ErrClosed = errors.New("epp: client closed")

// ErrBackoff is the cause when the registry could not be reached a moment ago and is left in peace for a while.
var ErrBackoff = errors.New("epp: waiting before the next connection")

// ErrLogin is the cause when the registry did not accept the login.
var ErrLogin = errors.New("epp: login refused")

// Client is safe for concurrent use.
type Client struct {
	config Config
	tls    *tls.Config
	slots  chan struct{} // one token per session in use

	mu       sync.Mutex
	idle     []*session // most recently used last
	busy     int
	serial   int64
	closed   bool
	failures int       // connections that failed in a row
	notUntil time.Time // before then no connection is tried
	greeting Greeting  // the last one read
}

// New checks the configuration. It connects to nothing: sessions begin when they are needed.
func New(config Config) (*Client, error) {
	host, _, err := net.SplitHostPort(config.Address)
	if err != nil {
		return nil, fmt.Errorf("epp address: %w", err)
	}
	if err := errors.Join(
		token("client id", config.ClientID, 3, 16),
		token("password", config.Password, 6, 16),
	); err != nil {
		return nil, err
	}
	config.Sessions = cmpOr(config.Sessions, 4)
	config.ConnectTimeout = cmpOr(config.ConnectTimeout, 20*time.Second)
	config.FrameTimeout = cmpOr(config.FrameTimeout, time.Minute)
	config.ProbeAfter = cmpOr(config.ProbeAfter, 30*time.Second)
	config.HelloEvery = cmpOr(config.HelloEvery, 4*time.Minute)
	if config.ServerName == "" {
		config.ServerName = host
	}
	if config.Dial == nil {
		config.Dial = new(net.Dialer).DialContext
	}
	c := &Client{
		config: config,
		tls:    &tls.Config{MinVersion: tls.VersionTLS12, ServerName: config.ServerName, RootCAs: config.Roots},
		slots:  make(chan struct{}, config.Sessions),
	}
	if len(config.Certificate.Certificate) > 0 {
		c.tls.Certificates = []tls.Certificate{config.Certificate}
	}
	return c, nil
}

// cmpOr takes what was set, or the default for what makes no sense.
func cmpOr[T int | time.Duration](set, otherwise T) T {
	if set <= 0 {
		return otherwise
	}
	return set
}

// Stats tells how many sessions there are.
type Stats struct{ Idle, Busy int }

// Stats returns the present figures.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{Idle: len(c.idle), Busy: c.busy}
}

// Run keeps idle sessions alive until ctx ends. Without it sessions that the registry has closed meanwhile are
// noticed when they are used next.
func (c *Client) Run(ctx context.Context) {
	ticker := time.NewTicker(c.config.HelloEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			c.keepAlive(ctx)
		}
	}
}

// keepAlive says hello in each session that nobody uses. One at a time, so that commands find the others.
func (c *Client) keepAlive(ctx context.Context) {
	for range c.Stats().Idle {
		select {
		case c.slots <- struct{}{}:
		default:
			return // all in use: they are alive
		}
		if s := c.take(oldest); s == nil {
			<-c.slots
		} else {
			_, err := s.hello(ctx)
			c.release(s, err == nil)
		}
	}
}

// Close logs out of idle sessions and closes them; those in use end with their command. It is safe to call twice.
func (c *Client) Close(ctx context.Context) {
	c.mu.Lock()
	c.closed = true
	idle := c.idle
	c.idle = nil
	c.mu.Unlock()
	for _, s := range idle {
		s.logout(ctx)
	}
}

// acquire returns a session that is logged in. Its error is always of a command that never left.
func (c *Client) acquire(ctx context.Context) (*session, error) {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		s := c.take(newest)
		if s == nil {
			break
		}
		if now().Sub(s.used) < c.config.ProbeAfter {
			return s, nil
		}
		if _, err := s.hello(ctx); err == nil {
			return s, nil
		}
		s.close()
		c.mu.Lock()
		c.busy--
		c.mu.Unlock()
	}
	s, err := c.connect(ctx)
	if err != nil {
		<-c.slots
		return nil, err
	}
	return s, nil
}

type end int

const (
	newest end = iota
	oldest
)

// take removes a session from the idle ones; nil if there is none.
func (c *Client) take(from end) *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.idle)
	if n == 0 {
		return nil
	}
	i := n - 1
	if from == oldest {
		i = 0
	}
	s := c.idle[i]
	c.idle = append(c.idle[:i:i], c.idle[i+1:]...)
	c.busy++
	return s
}

// release gives a session back, or ends it if it is of no more use.
func (c *Client) release(s *session, usable bool) {
	c.mu.Lock()
	c.busy--
	keep := usable && !c.closed
	if keep {
		s.used = now()
		c.idle = append(c.idle, s)
	}
	c.mu.Unlock()
	if !keep {
		s.close()
	}
	<-c.slots
}

// connect makes a new session. After a second failure in a row it waits ever longer before it tries again, up to a
// minute, and refuses meanwhile: whoever asks has a plan for later.
func (c *Client) connect(ctx context.Context) (*session, error) {
	c.mu.Lock()
	closed, wait := c.closed, now().Before(c.notUntil)
	c.serial++
	serial := c.serial
	c.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	if wait {
		return nil, ErrBackoff
	}
	s, greeting, err := c.open(ctx, serial)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil { // otherwise it says nothing about the registry
			if c.failures++; c.failures > 1 {
				c.notUntil = now().Add(min(time.Second<<min(c.failures-2, 6), time.Minute))
			}
		}
		return nil, err
	}
	c.failures, c.notUntil, c.greeting = 0, time.Time{}, greeting
	c.busy++
	return s, nil
}

// ownTRID is a transaction id for what the client says on its own account.
func ownTRID() string { return "ks-" + rand.Text() }

// now is only for deadlines and logs: the network's time is the machine's, whatever day the store plays.
func now() time.Time { return clock.System().Now() }
