package epp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// session is one connection, logged in. One goroutine uses it at a time.
type session struct {
	client *Client
	conn   *tls.Conn
	number int64
	used   time.Time // when it was given back; of the client's lock
}

// Greeting is what a registry says of itself.
type Greeting struct {
	Server     string
	Date       Moment
	Objects    []string // namespaces
	Extensions []string
}

// The services that the client knows.
var (
	knownObjects    = []string{nsDomain, nsContact, nsHost}
	knownExtensions = []string{nsRGP, nsFee}
)

// Greeting returns the last greeting that was read: what the registry offers. It is empty before the first session.
func (c *Client) Greeting() Greeting {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.greeting
}

// open connects, reads the greeting and logs in.
func (c *Client) open(ctx context.Context, number int64) (*session, Greeting, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.ConnectTimeout)
	defer cancel()
	raw, err := c.config.Dial(ctx, "tcp", c.config.Address)
	if err != nil {
		return nil, Greeting{}, err
	}
	conn := tls.Client(raw, c.tls)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, Greeting{}, err
	}
	s := &session{client: c, conn: conn, number: number}
	greeting, err := s.enter(ctx)
	if err != nil {
		s.close()
		return nil, Greeting{}, err
	}
	return s, greeting, nil
}

// enter reads the greeting and logs in with the services that both sides know.
func (s *session) enter(ctx context.Context) (Greeting, error) {
	root, err := s.read(ctx, "greeting", "")
	if err != nil {
		return Greeting{}, err
	}
	greeting, err := parseGreeting(root)
	if err != nil {
		return Greeting{}, err
	}
	login, err := s.client.login(greeting)
	if err != nil {
		return Greeting{}, err
	}
	if err := s.client.config.Pace.Wait(ctx); err != nil {
		return Greeting{}, err
	}
	a, err := s.exchange(ctx, login)
	if err != nil {
		return Greeting{}, err
	}
	if a.Class != ClassDone {
		return Greeting{}, fmt.Errorf("%w: %d %s", ErrLogin, a.Code, strings.Join(append([]string{a.Message}, a.Reasons...), "; "))
	}
	return greeting, nil
}

func (c *Client) login(greeting Greeting) (command, error) {
	objects, extensions := both(knownObjects, greeting.Objects), both(knownExtensions, greeting.Extensions)
	if !slices.Contains(objects, nsDomain) {
		return command{}, errors.New("the registry does not offer domains by RFC 5731")
	}
	return command{verb: "login", trid: ownTRID(), body: func(w *writer) {
		w.token("clID", c.config.ClientID, 3, 16)
		w.token("pw", c.config.Password, 6, 16)
		w.open("options")
		w.leaf("version", "1.0")
		w.leaf("lang", "en")
		w.close("options")
		w.open("svcs")
		for _, uri := range objects {
			w.leaf("objURI", uri)
		}
		if len(extensions) > 0 {
			w.open("svcExtension")
			for _, uri := range extensions {
				w.leaf("extURI", uri)
			}
			w.close("svcExtension")
		}
		w.close("svcs")
	}}, nil
}

func both(known, offered []string) []string {
	var shared []string
	for _, uri := range known {
		if slices.Contains(offered, uri) {
			shared = append(shared, uri)
		}
	}
	return shared
}

func parseGreeting(root *element) (Greeting, error) {
	g := root.child(nsEPP, "greeting")
	if root.name != nameEPP || g == nil {
		return Greeting{}, errors.New("the registry sent no greeting")
	}
	menu := g.child(nsEPP, "svcMenu")
	if !slices.Contains(menu.values(nsEPP, "version"), "1.0") {
		return Greeting{}, errors.New("the registry does not speak EPP 1.0")
	}
	return Greeting{
		Server:     g.value(nsEPP, "svID"),
		Date:       moment(g.value(nsEPP, "svDate")),
		Objects:    menu.values(nsEPP, "objURI"),
		Extensions: menu.child(nsEPP, "svcExtension").values(nsEPP, "extURI"),
	}, nil
}

// hello asks for a greeting: a sign of life.
func (s *session) hello(ctx context.Context) (Greeting, error) {
	if err := s.write(ctx, hello(), "hello", ""); err != nil {
		return Greeting{}, err
	}
	root, err := s.read(ctx, "hello", "")
	if err != nil {
		return Greeting{}, err
	}
	return parseGreeting(root)
}

// logout takes leave, without insisting, and closes.
func (s *session) logout(ctx context.Context) {
	_, _ = s.exchange(ctx, command{verb: "logout", trid: ownTRID()})
	s.close()
}

// close ends the connection below TLS: its farewell would wait for a peer that may have stopped to read.
func (s *session) close() { _ = s.conn.NetConn().Close() }

// exchange sends a command and reads its answer. After an error the session is of no more use; an [*Error] says
// whether the command left.
func (s *session) exchange(ctx context.Context, cmd command) (*answer, error) {
	document, err := cmd.document()
	if err != nil {
		return nil, &Error{Result: Result{Class: ClassFault, ClTRID: cmd.trid}, Command: cmd.verb, Cause: err}
	}
	unknown := func(err error) error {
		return &Error{Result: Result{Class: ClassUnknown, ClTRID: cmd.trid}, Command: cmd.verb, Sent: true, Cause: err}
	}
	if err := ctx.Err(); err != nil { // the last moment at which it is certain that nothing left
		return nil, &Error{Result: Result{Class: ClassSession, ClTRID: cmd.trid}, Command: cmd.verb, Cause: err}
	}
	if err := s.write(ctx, document, cmd.verb, cmd.trid); err != nil {
		return nil, unknown(err)
	}
	root, err := s.read(ctx, cmd.verb, cmd.trid)
	if err != nil {
		return nil, unknown(err)
	}
	a, err := parseAnswer(root)
	if err != nil {
		return nil, unknown(err)
	}
	if a.ClTRID != cmd.trid {
		return nil, unknown(fmt.Errorf("answer is to the transaction %q", a.ClTRID))
	}
	return a, nil
}

func (s *session) write(ctx context.Context, document []byte, verb, trid string) error {
	s.client.record(s, true, verb, trid, document)
	return s.within(ctx, func() error { return writeFrame(s.conn, document) })
}

func (s *session) read(ctx context.Context, verb, trid string) (root *element, err error) {
	err = s.within(ctx, func() error {
		document, err := readFrame(s.conn)
		if err != nil {
			return err
		}
		s.client.record(s, false, verb, trid, document)
		root, err = parse(document)
		return err
	})
	return root, err
}

// within gives f, which moves one frame, a deadline for all of it, and ends it when ctx ends.
func (s *session) within(ctx context.Context, f func() error) error {
	if err := s.conn.SetDeadline(now().Add(s.client.config.FrameTimeout)); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := f(); err != nil {
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		return err
	}
	return nil
}

func (c *Client) record(s *session, sent bool, verb, trid string, document []byte) {
	if c.config.Record == nil {
		return
	}
	text := bytes.ReplaceAll(mask(document), []byte(c.config.Password), []byte(masked))
	c.config.Record(Frame{At: now(), Session: s.number, Sent: sent, Command: verb, ClTRID: trid, Text: text})
}
