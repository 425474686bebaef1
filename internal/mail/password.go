package mail

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/setting"
)

// account names what the password is for. Whoever changes the server must enter the password again: else whoever may
// change settings could have it sent to a server of their own.
func account(now *setting.Settings) string { return now.MailUser + " at " + now.MailServer }

func passwordPlace(account string) []byte { return []byte("mail password " + account) }

const longestPassword = 1000

// SetPassword keeps the password of the mail server and the user that are set now; an empty one is forgotten. It is
// never shown again.
func (s *Service) SetPassword(ctx context.Context, password string) error {
	if len(password) > longestPassword || strings.ContainsFunc(password, unicode.IsControl) {
		return fail.Invalid("password", "is too long or contains control characters")
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		now, err := setting.Load(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.ForgetMailPasswords(ctx); err != nil {
			return err
		}
		what := "mail.password_removed"
		if password != "" {
			what = "mail.password_set"
			sealed := base64.StdEncoding.EncodeToString(s.box.Seal([]byte(password), passwordPlace(account(&now))))
			if err := tx.PutMailPassword(ctx, query.PutMailPasswordParams{Account: account(&now), Sealed: sealed, UpdatedAt: tx.Stamp}); err != nil {
				return err
			}
		}
		tx.OnCommit(func() { s.pause.end(); s.look() })
		return event.Audit(ctx, tx, event.Change{What: what, SubjectID: "mail.smtp"})
	})
	if err != nil {
		return fmt.Errorf("password of the mail server: %w", err)
	}
	return nil
}

// HasPassword reports whether there is a password for the mail server and the user that are set now.
func (s *Service) HasPassword(ctx context.Context) (bool, error) {
	now, err := s.settings.Get(ctx)
	if err != nil {
		return false, err
	}
	_, err = s.password(ctx, now)
	if errors.Is(err, errNoPassword) {
		return false, nil
	}
	return err == nil, err
}

var errNoPassword = errors.New(missingPassword)

func (s *Service) password(ctx context.Context, now *setting.Settings) (string, error) {
	var sealed string
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		sealed, err = tx.GetMailPassword(ctx, account(now))
		return err
	})
	if db.NotFound(err) {
		return "", errNoPassword
	}
	if err != nil {
		return "", err
	}
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", fmt.Errorf("password of the mail server: %w", err)
	}
	plain, err := s.box.Open(raw, passwordPlace(account(now)))
	if err != nil {
		return "", fmt.Errorf("password of the mail server: %w", err)
	}
	return string(plain), nil
}

// What can be missing before mails can be sent.
const (
	missingServer   = "no mail server is set (mail.smtp)"
	missingSender   = "no sender is set (mail.from)"
	missingPassword = "no password is set for this user of this mail server"
)

// server is where mails go, or what is missing for that.
func (s *Service) server(ctx context.Context, now *setting.Settings) (server Server, missing string, err error) {
	held, err := s.hold(ctx)
	switch {
	case err != nil || held != "":
		return Server{}, held, err
	case now.MailServer == "":
		return Server{}, missingServer, nil
	case now.MailFrom == "":
		return Server{}, missingSender, nil
	}
	server = Server{Address: now.MailServer, Security: now.MailTLS, User: now.MailUser, Hello: helloName(now)}
	if server.User == "" {
		return server, "", nil
	}
	server.Password, err = s.password(ctx, now)
	if errors.Is(err, errNoPassword) {
		return Server{}, missingPassword, nil
	}
	return server, "", err
}

// helloName is by what the store greets a mail server: its site's name, or the domain of its address.
func helloName(now *setting.Settings) string {
	host := strings.TrimPrefix(strings.TrimPrefix(now.BaseURL, "https://"), "http://")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "" || net.ParseIP(strings.Trim(host, "[]")) != nil {
		_, host, _ = strings.Cut(now.MailFrom, "@")
	}
	if !isASCII(host) {
		return "localhost"
	}
	return host
}
