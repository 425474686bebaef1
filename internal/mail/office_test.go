package mail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/keystead/keystead/internal/porttest"
)

// office is a mail server on this machine. What it does with a mail, the first word of its recipient says:
//
//	ok           accepts
//	later        451, twice, then accepts
//	full         452 to the content, always
//	nobody       550
//	spam         554 to the content
//	cut          takes the content and closes the connection, once, then accepts
//	cutalways    takes the content and closes the connection
//	accept-cut   accepts, and closes the connection before it says so, once
//	goodbye      421, once
type office struct {
	t       *testing.T
	address string
	server  *smtp.Server
	tls     *tls.Config
	door    net.Listener

	mu       sync.Mutex
	letters  []letter
	seen     map[string]int // tries by recipient
	sessions int
	refuse   *smtp.SMTPError // of every sender
	user     string          // that must sign in
	password string
}

// letter is a mail that the office has accepted.
type letter struct {
	from, to   string
	header     netmail.Header
	subject    string
	text, html string
	raw        string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, seen: map[string]int{}}
	t.Cleanup(o.close)
	return o
}

// open lets the office listen, on the address that it had before if it had one.
func (o *office) open() *office {
	o.t.Helper()
	address := o.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		o.t.Fatal(err)
	}
	if o.address == "" {
		porttest.Hold(o.t, l) // what waits for this office while it is closed is sent to no other
	}
	o.address, o.door = l.Addr().String(), l
	o.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.sessions++
		return &session{o: o, c: c}, nil
	}))
	o.server.Domain, o.server.TLSConfig, o.server.EnableSMTPUTF8 = "localhost", o.tls, true
	o.server.ErrorLog = discard{}
	o.server.AllowInsecureAuth = true
	server := o.server
	go func() { _ = server.Serve(l) }()
	return o
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

func (o *office) close() {
	if o.server != nil {
		_ = o.door.Close() // the server knows of it only once it serves
		_ = o.server.Close()
		o.server = nil
	}
}

// received returns the letters to an address.
func (o *office) received(to string) (letters []letter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.letters {
		if l.to == to {
			letters = append(letters, l)
		}
	}
	return letters
}

type session struct {
	o        *office
	c        *smtp.Conn
	from, to string
	signedIn bool
}

func (s *session) Reset()        { s.from, s.to = "", "" }
func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.o.user || password != s.o.password {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	if s.o.refuse != nil {
		return s.o.refuse
	}
	if s.o.user != "" && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	s.to = to
	n := s.o.seen[to]
	s.o.seen[to]++
	switch word, _, _ := strings.Cut(to, "@"); {
	case word == "later" && n < 2:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Come back later"}
	case word == "nobody":
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user"}
	case word == "goodbye" && n == 0:
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 4, 2}, Message: "Too many letters"}
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	word, _, _ := strings.Cut(s.to, "@")
	n := s.o.seen[s.to]
	switch {
	case word == "full":
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "Mailbox full"}
	case word == "spam":
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Looks like spam"}
	case word == "cut" && n == 1, word == "cutalways":
		return s.c.Conn().Close()
	}
	l, err := read(string(raw))
	if err != nil {
		s.o.t.Errorf("a letter that can't be read: %v\n%s", err, raw)
		return err
	}
	l.from, l.to = s.from, s.to
	s.o.letters = append(s.o.letters, l)
	if word == "accept-cut" && n == 1 {
		return s.c.Conn().Close()
	}
	return nil
}

// read takes a letter apart as a mail program does.
func read(raw string) (l letter, err error) {
	m, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return l, err
	}
	l.raw, l.header = raw, m.Header
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return l, err
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return l, err
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, into := range []*string{&l.text, &l.html} {
		p, err := parts.NextRawPart()
		if err != nil {
			return l, err
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			return l, err
		}
		*into = strings.ReplaceAll(string(body), "\r\n", "\n")
	}
	return l, nil
}

// certificate returns one for 127.0.0.1, and what trusts it.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}
