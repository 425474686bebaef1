package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
	"golang.org/x/net/idna"
)

// connectLimit bounds the time until a server lets us in.
const connectLimit = 30 * time.Second

// SMTP reaches mail servers by SMTP.
type SMTP struct {
	TLS *tls.Config // nil: what the machine trusts
}

// smtpConnection is a session with a server.
type smtpConnection struct {
	client *smtp.Client
	conn   net.Conn
}

// Connect dials the server, encrypts the connection and signs in. A password is sent in the clear only to a server on
// this machine.
func (s SMTP) Connect(ctx context.Context, server Server) (Connection, error) {
	host, port, err := net.SplitHostPort(server.Address)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	c := &smtpConnection{}
	dialer := net.Dialer{Timeout: connectLimit}
	options := []gomail.Option{
		gomail.WithPort(number), gomail.WithTimeout(connectLimit), gomail.WithTLSPolicy(gomail.NoTLS),
		// The connection is kept here, to be closed whatever happens while signing in.
		gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			var err error
			if server.Security == "tls" {
				c.conn, err = (&tls.Dialer{NetDialer: &dialer, Config: s.config(host)}).DialContext(ctx, network, address)
			} else {
				c.conn, err = dialer.DialContext(ctx, network, address)
			}
			return c.conn, err
		}),
	}
	switch server.Security {
	case "starttls":
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithTLSConfig(s.config(host)))
	case "tls":
		options = append(options, gomail.WithSSL(), gomail.WithTLSConfig(s.config(host)))
	}
	if server.Hello != "" {
		options = append(options, gomail.WithHELO(server.Hello))
	}
	if server.User != "" {
		options = append(options, signIn(server, host)...)
	}
	client, err := gomail.NewClient(host, options...)
	if err != nil {
		return nil, err
	}
	if c.client, err = client.DialToSMTPClientWithContext(ctx); err != nil {
		c.drop()
		return nil, fmt.Errorf("mail server %s: %w", server.Address, err)
	}
	return c, nil
}

func (s SMTP) config(host string) *tls.Config {
	if s.TLS == nil {
		return &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	}
	c := s.TLS.Clone()
	c.ServerName = host
	return c
}

func signIn(server Server, host string) []gomail.Option {
	o := []gomail.Option{gomail.WithUsername(server.User), gomail.WithPassword(server.Password)}
	if ip := net.ParseIP(host); server.Security == "none" && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		return append(o, gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthCramMD5, gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc))
	}
	return append(o, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover))
}

// Send hands a letter over. It knows at each step whether the server can have accepted it.
func (c *smtpConnection) Send(ctx context.Context, l Letter) error {
	l.From, l.To, l.ReplyTo = ascii(l.From), ascii(l.To), ascii(l.ReplyTo)
	msg, err := l.message()
	if err != nil {
		return &Refusal{Code: 553, Text: err.Error()}
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	// Whoever gives up cuts the conversation short.
	defer context.AfterFunc(ctx, c.drop)()

	if err := c.client.Mail("<" + l.From + ">"); err != nil {
		return c.answer(err, true)
	}
	if err := c.client.Rcpt("<" + l.To + ">"); err != nil {
		return c.answer(err, false)
	}
	data, err := c.client.Data()
	if err != nil {
		return c.answer(err, false)
	}
	if _, err := msg.WriteTo(data); err != nil {
		c.drop()
		return fmt.Errorf("%w: %w", ErrUnanswered, err)
	}
	// From here on only an answer tells.
	if err := data.Close(); err != nil {
		var reply *textproto.Error
		if errors.As(err, &reply) {
			return c.answer(err, false)
		}
		c.drop()
		return fmt.Errorf("%w: %w", ErrUnanswered, err)
	}
	return nil
}

// answer turns what the server said into a refusal and makes the connection ready for the next letter. 421 ends it.
func (c *smtpConnection) answer(err error, ofSender bool) error {
	var reply *textproto.Error
	if !errors.As(err, &reply) || reply.Code < 400 || reply.Code > 599 {
		c.drop()
		return err
	}
	if reply.Code == 421 {
		c.drop()
		return fmt.Errorf("the mail server closed the connection: %w", err)
	}
	if rerr := c.client.Reset(); rerr != nil {
		c.drop() // the next letter finds out
	}
	return &Refusal{Code: reply.Code, Text: reply.Msg, OfSender: ofSender}
}

func (c *smtpConnection) drop() {
	if c.conn != nil {
		_ = c.conn.Close()
	}
}

// Close says goodbye.
func (c *smtpConnection) Close() {
	_ = c.conn.SetDeadline(time.Time{}) // of the last letter
	_ = c.client.UpdateDeadline(time.Second)
	_ = c.client.Quit()
	c.drop()
}

// ascii writes the domain of an address in the form that every server takes.
func ascii(address string) string {
	at := strings.LastIndexByte(address, '@')
	domain, err := idna.Lookup.ToASCII(address[at+1:])
	if at < 0 || err != nil {
		return address
	}
	return address[:at+1] + domain
}

// message is the letter in MIME.
func (l Letter) message() (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(&netmail.Address{Name: l.FromName, Address: l.From})
	if err := m.To(l.To); err != nil {
		return nil, err
	}
	if l.ReplyTo != "" {
		if err := m.ReplyTo(l.ReplyTo); err != nil {
			return nil, err
		}
	}
	m.Subject(l.Subject)
	m.SetMessageIDWithValue(l.MessageID)
	m.SetDateWithValue(l.Date)
	// Nobody's absence note shall answer, RFC 3834.
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	return m, nil
}
