package registry

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/clock"
)

// idle is how long a client may be silent.
const idle = 10 * time.Minute

// journalLength bounds the journal.
const journalLength = 100_000

// Watch has f see every document that comes and goes. It is for tests, and to be called before serving.
func (r *Registry) Watch(f func(sent bool, document []byte)) { r.watch = f }

// Serve speaks EPP with whoever connects, until ctx ends. It returns when the last connection is closed.
func (r *Registry) Serve(ctx context.Context, l net.Listener, identity *Identity) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer cancel()
	config := identity.TLS()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil // it was told to end
			}
			return fmt.Errorf("accept: %w", err)
		}
		sessions.Go(func() { r.Converse(ctx, tls.Server(conn, config)) })
	}
}

// Converse holds one session with a client.
func (r *Registry) Converse(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	v := &visit{registry: r, conn: conn}
	if v.send(r.greeting()) != nil {
		return
	}
	for v.once(ctx) == nil {
	}
}

// visit is a session with a client.
type visit struct {
	registry *Registry
	conn     net.Conn
	account  string
	failures int // to log in
}

var errBye = errors.New("the session is over")

func (v *visit) send(document []byte) error {
	if v.registry.watch != nil {
		v.registry.watch(true, document)
	}
	return v.write(framed(document))
}

func (v *visit) write(frame []byte) error {
	if err := v.conn.SetWriteDeadline(clock.System().Now().Add(idle)); err != nil {
		return err
	}
	_, err := v.conn.Write(frame)
	return err
}

// once answers one frame. An error ends the session.
func (v *visit) once(ctx context.Context) error {
	if err := v.conn.SetReadDeadline(clock.System().Now().Add(idle)); err != nil {
		return err
	}
	document, err := receive(v.conn)
	if err != nil {
		return err
	}
	if v.registry.watch != nil {
		v.registry.watch(false, document)
	}
	q, err := read(document)
	switch {
	case err != nil:
		return v.send(refuse(codeSyntax, err.Error()).document("", v.registry.nextAnswer()))
	case q.Hello != nil:
		return v.send(v.registry.greeting())
	case q.Command == nil:
		return v.send(refuse(codeSyntax, "neither hello nor command").document("", v.registry.nextAnswer()))
	}
	d := v.decide(q.Command)
	return v.deliver(ctx, d)
}

// decision is what comes of a command.
type decision struct {
	reply          reply
	clTRID, svTRID string
	fault          Fault
	cut            bool // no answer, the connection ends
}

// deliver sends an answer, or what a fault makes of it.
func (v *visit) deliver(ctx context.Context, d decision) error {
	if d.fault.Delay > 0 {
		wait := time.NewTimer(d.fault.Delay)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if d.cut {
		return errBye
	}
	if frame, stays, is := d.fault.hostile(d.reply, d.clTRID, d.svTRID); is {
		if err := v.write(frame); err != nil || !stays {
			return errors.Join(err, errBye)
		}
		return nil
	}
	if err := v.send(d.reply.document(d.clTRID, d.svTRID)); err != nil {
		return err
	}
	if d.reply.code == codeBye || d.reply.code >= 2500 {
		return errBye
	}
	return nil
}

// decide carries out a command of a session.
func (v *visit) decide(c *verbs) decision {
	r := v.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	verb, name := c.verb()
	by := caller{account: v.account, trid: c.ClTRID, svTRID: r.answerID()}
	d := decision{clTRID: c.ClTRID, svTRID: by.svTRID}
	if n := len(c.ClTRID); n != 0 && (n < 3 || n > 64) {
		d.clTRID, d.reply = "", refuse(codeValueSyntax, "clTRID")
		return d
	}
	if r.repeated(v.account, c.ClTRID) && r.dialect(name) == Classic || r.noCurrency(c, name) {
		d.cut = true
		r.note(by, verb, name, 0, "")
		return d
	}
	switch verb {
	case "login":
		d.reply = v.login(c.Login)
		by.account = v.account
	case "logout":
		d.reply = reply{code: codeBye}
		v.account = ""
	default:
		d = r.perform(c, by, d)
	}
	r.note(by, verb, name, d.reply.code, d.fault.Kind)
	return d
}

// perform carries a command out as far as faults let it.
func (r *Registry) perform(c *verbs, by caller, d decision) decision {
	verb, name := c.verb()
	if by.account != "" {
		d.fault = r.fault(verb, name)
	}
	switch d.fault.Kind {
	case CutBefore:
		d.cut = true
		return d
	case NotSponsor:
		d.reply = refuse(codeAuthorization, "another registrar's")
		return d
	case Answer:
		if d.fault.Commit {
			r.execute(c, by)
		}
		d.reply = refuse(d.fault.Code, "")
		return d
	case CutAfter:
		d.cut = true
	case Twice:
		by.twice = true
	default:
	}
	d.reply = r.execute(c, by)
	return d
}

// repeated notes a transaction id, and reports whether the account has used it before.
func (r *Registry) repeated(account, id string) bool {
	if id == "" || account == "" {
		return false
	}
	key := account + " " + id
	r.state.Seen[key]++
	return r.state.Seen[key] > 1
}

// noCurrency reports a fee check that some registries hang up on.
func (r *Registry) noCurrency(c *verbs, name string) bool {
	return c.Check != nil && c.Extension.FeeCheck != nil && c.Extension.FeeCheck.Currency == "" && r.dialect(name) == Classic
}

// note writes the journal.
func (r *Registry) note(by caller, verb, name string, code int, fault FaultKind) {
	if n := len(r.state.Journal); n >= r.kept {
		r.state.Journal = append([]Command(nil), r.state.Journal[n-r.kept+r.kept/10:]...)
	}
	r.state.Journal = append(r.state.Journal, Command{At: r.now(), Account: by.account, Verb: verb, Name: name, ClTRID: by.trid, Code: code, Fault: fault})
}

func (r *Registry) nextAnswer() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answerID()
}

// answerID is the registry's own transaction id.
func (r *Registry) answerID() string {
	r.state.Answers++
	return fmt.Sprintf("SIM-%d", r.state.Answers)
}

const loginTries = 3

func (v *visit) login(in *loginVerb) reply {
	a := v.registry.state.Accounts[in.Client]
	switch {
	case v.account != "":
		return refuse(codeUse, "logged in already")
	case a == nil || subtle.ConstantTimeCompare([]byte(a.Password), []byte(in.Password)) != 1:
		if v.failures++; v.failures >= loginTries {
			return refuse(codeAuthenticationBy, "")
		}
		return refuse(codeAuthentication, "")
	case in.Version != "1.0":
		return refuse(codeVersion, "version")
	}
	for _, uri := range in.Objects {
		if uri != nsDomain && uri != nsContact && uri != nsHost {
			return refuse(codeService, uri)
		}
	}
	if in.New != "" {
		a.Password = in.New
		v.registry.state.Changes++
	}
	v.account = a.ID
	return reply{code: codeOK}
}
