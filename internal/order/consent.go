package order

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// Consent is what a customer agreed to with an order: a box that was ticked, in the words that were shown. An [Input]
// names the first three.
type Consent struct {
	Kind    string // "terms", "withdrawal"
	Text    string
	Version string // of the text, such as the date of the terms

	GivenAt time.Time
	IP      string
}

// The bounds of consents.
const (
	maxConsents = 20
	consentWord = 64
)

func checkConsents(f *fail.Fields, consents []Consent) {
	if len(consents) > maxConsents {
		f.Add("consents", fmt.Sprintf("are more than %d", maxConsents))
		return
	}
	for i := range consents {
		c := &consents[i]
		var err error
		c.Kind, err = text.Required(c.Kind, consentWord)
		f.Check(fmt.Sprintf("consents.%d.kind", i), err)
		c.Version, err = text.Line(c.Version, consentWord)
		f.Check(fmt.Sprintf("consents.%d.version", i), err)
		c.Text, err = text.Notes(c.Text, text.NotesLength)
		f.Check(fmt.Sprintf("consents.%d.text", i), err)
		if err == nil && c.Text == "" {
			f.Add(fmt.Sprintf("consents.%d.text", i), "is required")
		}
	}
}

// keepConsents stores consents as proof: who, what, when, from where.
func keepConsents(ctx context.Context, tx *db.Tx, orderID, customerID string, consents []Consent) error {
	for _, c := range consents {
		err := tx.InsertConsent(ctx, query.InsertConsentParams{
			ID: tx.NewID("con"), OrderID: orderID, CustomerID: customerID, Kind: c.Kind, Text: c.Text, Version: c.Version,
			Ip: event.ActorFrom(ctx).IP, GivenAt: tx.Stamp,
		})
		if err != nil {
			return fmt.Errorf("consents of order %s: %w", orderID, err)
		}
	}
	return nil
}

// Consents returns what the customer agreed to with an order.
func (s *Service) Consents(ctx context.Context, orderID string) (consents []Consent, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.ConsentsOfOrder(ctx, orderID)
		if err != nil {
			return fmt.Errorf("consents of order %s: %w", orderID, err)
		}
		consents = make([]Consent, len(rows))
		for i, r := range rows {
			consents[i] = Consent{Kind: r.Kind, Text: r.Text, Version: r.Version, IP: r.Ip, GivenAt: r.GivenAt.Time()}
		}
		return nil
	})
	return consents, err
}
