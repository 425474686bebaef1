package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db/dbtest"
)

func TestEncryptedAndSignedIn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		server, client := certificate(t)
		b.office.close()
		b.office.tls, b.office.user, b.office.password = server, "acme", "correct horse"
		b.office.open()
		b.office.server.AllowInsecureAuth = false
		b.mails.sender = SMTP{TLS: client}
		b.set("mail.smtp_tls", "starttls")
		b.set("mail.smtp_user", "acme")
		has := func(want bool) {
			t.Helper()
			if got, err := b.mails.HasPassword(t.Context()); got != want || err != nil {
				t.Errorf("HasPassword = %t, %v", got, err)
			}
		}
		has(false)
		id := b.queue(Message{Kind: OverdueFirst, To: "ok@example.com", SubjectID: "inv_1"})

		if err := b.mails.SetPassword(t.Context(), "wrong"); err != nil {
			t.Fatal(err)
		}
		b.sendDue(0)
		if o, err := b.mails.Outbox(t.Context()); err != nil || !strings.Contains(o.Trouble, "535") || strings.Contains(o.Trouble, "wrong") {
			t.Errorf("Outbox = %+v, %v", o, err)
		}
		if err := b.mails.SetPassword(t.Context(), "correct horse"); err != nil {
			t.Fatal(err)
		}
		has(true)
		b.sendDue(1) // at once: whoever mended it does not wait
		if m := b.get(id); m.State != Sent {
			t.Errorf("%+v", m)
		}

		// It belongs to this server: to another one it is not sent.
		b.set("mail.smtp", "mail.example.net:587")
		has(false)
		b.set("mail.smtp", b.office.address)
		has(true)
		b.set("mail.smtp_user", "other")
		has(false)
		b.set("mail.smtp_user", "acme")
		if err := b.mails.SetPassword(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		has(false)
		if err := b.mails.SetPassword(t.Context(), "a\r\nb"); err == nil {
			t.Error("a password with a line break was taken")
		}
	})
}

func TestServerThatIsNotTheOneWeMean(t *testing.T) {
	t.Parallel()
	server, client := certificate(t)
	o := newOffice(t)
	o.tls = server
	o.open()
	for _, tt := range []struct {
		name   string
		sender SMTP
		server Server
		ok     bool
	}{
		{"trusted", SMTP{client}, Server{Security: "starttls"}, true},
		{"unknown certificate", SMTP{}, Server{Security: "starttls"}, false},
		{"no TLS from the first byte", SMTP{client}, Server{Security: "tls"}, false},
		{"nobody signs in where nobody is asked to", SMTP{client}, Server{Security: "none", Hello: "store.example.com"}, true},
	} {
		tt.server.Address = o.address
		c, err := tt.sender.Connect(t.Context(), tt.server)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
		if c != nil {
			c.Close()
		}
	}
	plain := newOffice(t).open()
	if c, err := (SMTP{client}).Connect(t.Context(), Server{Address: plain.address, Security: "starttls"}); err == nil {
		c.Close()
		t.Error("a server without STARTTLS was taken")
	}
	for _, address := range []string{"", "localhost", "localhost:x"} {
		if _, err := (SMTP{}).Connect(t.Context(), Server{Address: address, Security: "none"}); err == nil {
			t.Errorf("connected to %q", address)
		}
	}
}

func TestImplicitTLS(t *testing.T) {
	t.Parallel()
	server, client := certificate(t)
	o := newOffice(t).open()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = o.server.Serve(tls.NewListener(l, server)) }()
	c, err := (SMTP{client}).Connect(t.Context(), Server{Address: l.Addr().String(), Security: "tls"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Send(t.Context(), testLetter("ok@example.com")); err != nil || len(o.received("ok@example.com")) != 1 {
		t.Error(err)
	}
}

func testLetter(to string) Letter {
	return Letter{MessageID: "1@example.com", FromName: "Acme", From: "shop@example.com", To: to, Subject: "Hi", Text: "a\n.\nb\n", HTML: "<p>a</p>", Date: dbtest.Start}
}

// A server that says nothing any more does not hold us for ever.
func TestServerThatFallsSilent(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	silent := make(chan struct{})
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		buffer := make([]byte, 4096)
		for _, answer := range []string{"220 hello\r\n", "250 hello\r\n", "250 ok\r\n", "250 ok\r\n", "354 go on\r\n"} {
			_, _ = c.Write([]byte(answer))
			_, _ = c.Read(buffer)
		}
		close(silent)
	}()
	c, err := (SMTP{}).Connect(t.Context(), Server{Address: l.Addr().String(), Security: "none"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-silent; cancel() }()
	if err := c.Send(ctx, testLetter("ok@example.com")); !errors.Is(err, ErrUnanswered) {
		t.Errorf("Send = %v", err)
	}
}

func TestConnectionServesAfterARefusal(t *testing.T) {
	t.Parallel()
	o := newOffice(t).open()
	c, err := (SMTP{}).Connect(t.Context(), Server{Address: o.address, Security: "none"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, to := range []string{"nobody@example.com", "ok@1.example.com", "spam@example.com", "ok@2.example.com", "full@example.com", "ok@3.example.com"} {
		err := c.Send(t.Context(), testLetter(to))
		var r *Refusal
		if ok := strings.HasPrefix(to, "ok@"); ok != (err == nil) || !ok && !errors.As(err, &r) {
			t.Errorf("%s: %v", to, err)
		}
	}
	if got := o.received("ok@3.example.com"); len(got) != 1 || got[0].text != "a\n.\nb\n" || o.sessions != 1 {
		t.Errorf("%+v", got)
	}
}

func TestDomainOfAnotherScript(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"ada@Bücher.example": "ada@xn--bcher-kva.example", "a@example.com": "a@example.com", "ada": "ada", "": "", "a@[::1]": "a@[::1]",
	} {
		if got := ascii(address); got != want {
			t.Errorf("%q: %q", address, got)
		}
	}
}

// Nothing that a letter holds can become a header, a command or another recipient.
func TestInjection(t *testing.T) {
	t.Parallel()
	o := newOffice(t).open()
	c, err := (SMTP{}).Connect(t.Context(), Server{Address: o.address, Security: "none"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	l := testLetter("ok@example.com")
	l.FromName, l.Subject = "Acme\r\nBcc: x@example.com", "Hi\r\nBcc: y@example.com\r\n\r\nbody"
	if err := c.Send(t.Context(), l); err == nil {
		got := o.received("ok@example.com")
		if len(got) != 1 || got[0].header.Get("Bcc") != "" || strings.Contains(got[0].text, "body") {
			t.Errorf("%s", got[0].raw)
		}
	}
	l = testLetter("ok@example.com>\r\nRCPT TO:<evil@example.com")
	if err := c.Send(t.Context(), l); err == nil || len(o.received("evil@example.com")) != 0 {
		t.Errorf("%v", err)
	}
}
