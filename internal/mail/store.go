package mail

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db/query"
)

// Mail is a mail and what became of it.
type Mail struct {
	ID         string
	Kind       Kind
	CustomerID string // empty: none
	SubjectID  string
	Occasion   string
	ResendOf   string // the mail that this one repeats; empty: none
	To         string
	Language   string // empty: the store's
	MessageID  string // without angle brackets
	State      State
	DueAt      *time.Time // when it is tried next; nil: not by itself
	Tries      int64
	LastError  string // for staff; empty after success
	CreatedAt  time.Time
	TriedAt    *time.Time // for the first time
	SettledAt  *time.Time
	// Secret says that it holds a link which nobody else may see: its text is not shown.
	Secret bool
	// Made says that the mail has been made of its template. Until then it would be made anew.
	Made    bool
	Subject string
	Text    string
	HTML    string
}

func fromRow(row query.Mail) Mail {
	m := Mail{
		ID: row.ID, Kind: Kind(row.Kind), SubjectID: row.SubjectID, Occasion: row.Occasion, To: row.Recipient, Language: row.Language,
		MessageID: row.MessageID, State: State(row.State), DueAt: clock.TimePtr(row.DueAt), Tries: row.Tries, LastError: row.LastError,
		CreatedAt: row.CreatedAt.Time(), TriedAt: clock.TimePtr(row.TriedAt), SettledAt: clock.TimePtr(row.SettledAt), Made: row.Rendered,
	}
	if row.CustomerID != nil {
		m.CustomerID = *row.CustomerID
	}
	if row.ResendOf != nil {
		m.ResendOf = *row.ResendOf
	}
	info, _ := infoOf(m.Kind)
	if m.Secret = info.Secret; m.Secret {
		return m
	}
	if row.Rendered {
		m.Subject, m.Text, m.HTML = row.Subject, row.BodyText, row.BodyHtml
	}
	return m
}

// part names a column that is sealed in mails of secret kinds.
type part string

const (
	partData part = "data"
	partBody part = "body"
)

func place(id string, p part) []byte { return []byte("mail " + id + " " + string(p)) }

// sealed returns a part of a mail as it is stored.
func (s *Service) sealed(info KindInfo, id string, p part, plain string) string {
	if !info.Secret {
		return plain
	}
	return base64.StdEncoding.EncodeToString(s.box.Seal([]byte(plain), place(id, p)))
}

// opened is the opposite of sealed.
func (s *Service) opened(info KindInfo, id string, p part, stored string) (string, error) {
	if !info.Secret {
		return stored, nil
	}
	raw, err := base64.StdEncoding.DecodeString(stored)
	if err != nil {
		return "", fmt.Errorf("mail %s: %w", id, err)
	}
	plain, err := s.box.Open(raw, place(id, p))
	if err != nil {
		return "", fmt.Errorf("mail %s: %w", id, err)
	}
	return string(plain), nil
}

// made is what a mail has become, as it is stored: a secret one in one sealed piece.
func (s *Service) made(info KindInfo, id string, m Rendered) (subject, text, html string, err error) {
	if !info.Secret {
		return m.Subject, m.Text, m.HTML, nil
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "", "", "", err
	}
	return "", s.sealed(info, id, partBody, string(b)), "", nil
}

// remade reads what a mail has become.
func (s *Service) remade(info KindInfo, row query.Mail) (m Rendered, err error) {
	if !info.Secret {
		return Rendered{row.Subject, row.BodyText, row.BodyHtml}, nil
	}
	plain, err := s.opened(info, row.ID, partBody, row.BodyText)
	if err == nil {
		err = json.Unmarshal([]byte(plain), &m)
	}
	return m, err
}

// forget drops what a secret mail told once it is settled.
func forget(info KindInfo, row *query.Mail) {
	if info.Secret {
		row.Data, row.BodyText, row.BodyHtml = "", "", ""
	}
}

// longestError bounds the error that is kept on a mail, in bytes.
const longestError = 1000

// errorText is err as it is kept: text that both databases take.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	s := err.Error()
	if len(s) > longestError {
		s = s[:longestError] + " …"
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}
