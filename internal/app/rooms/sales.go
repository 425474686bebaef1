package rooms

import (
	"context"
	"net/netip"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/collection"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/tax"
)

// LicenseIssuer fulfils a paid line by a license.
type LicenseIssuer struct{ Licenses *license.Service }

// Fulfil implements billing.Fulfiller.
func (i LicenseIssuer) Fulfil(ctx context.Context, tx *db.Tx, line billing.Line) (string, error) {
	in := license.IssueInput{
		CustomerID: line.CustomerID, PlanID: line.PlanID, OrderID: line.OrderID, InvoiceLineID: line.ID,
		Quantity: line.Quantity, Reason: line.Reason,
	}
	card, err := catalog.PlanCard(ctx, tx, line.PlanID)
	if err != nil {
		return "", err
	}
	if card.LicenseType == catalog.Development {
		sold, err := order.SoldItem(ctx, tx, line.OrderItemID)
		if err != nil {
			return "", err
		}
		in.ParentID = sold.LicenseID
	}
	if !line.ValidFor.IsZero() {
		s, err := setting.Load(ctx, tx)
		if err != nil {
			return "", err
		}
		end := line.ValidFor.After(tx.Now, s.TimeZone)
		in.ExpiresAt = &end
	}
	l, err := i.Licenses.Issue(ctx, tx, in)
	return l.ID, err
}

// invoiceTerms takes from the settings what an invoice is made with.
func invoiceTerms(ctx context.Context, tx *db.Tx) (billing.Terms, error) {
	s, err := setting.Load(ctx, tx)
	if err != nil {
		return billing.Terms{}, err
	}
	schedule := collection.ScheduleOf(s)
	today := civil.Of(tx.Now, s.TimeZone)
	terms := billing.Terms{
		Zone: s.TimeZone, NumberFormat: s.NumberFormat, CreditNumberFormat: s.CreditNumberFormat,
		NumberAtPayment: s.NumberAt == "payment", DueDays: s.DueDays, Language: s.Language, PaymentNote: s.PaymentNote,
		Seller: billing.Party{Name: s.StoreName, Address: s.Address, Country: s.TaxCountry, TaxID: s.TaxID},
		Collect: func(kind billing.Kind, due civil.Date, _ money.Money) (string, civil.Date) {
			return collection.FirstStep(schedule, kind, due, today)
		},
	}
	if s.TaxMode != "off" {
		terms.Tax = billing.TaxTerms{Mode: tax.Mode(s.TaxMode), Country: s.TaxCountry, EU: tax.EUMode(s.TaxEU)}
	}
	return terms, nil
}

// webhookNetworks are those that webhooks may be sent to although they are not public.
func (r *Rooms) webhookNetworks(ctx context.Context) ([]netip.Prefix, error) {
	s, err := r.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	return s.WebhookNetworks, nil
}

// mailClaim writes to the owner of an address under which a guest has ordered.
func (r *Rooms) mailClaim(ctx context.Context, tx *db.Tx, m order.ClaimMail) error {
	return r.Mail.Queue(ctx, tx, mail.Message{
		Kind: mail.GuestClaim, To: m.Email, CustomerID: m.CustomerID, SubjectID: m.OrderID, Language: m.Language,
		Data: mail.GuestClaimData{Name: m.Name, Number: m.OrderID, ValidUntil: m.ValidUntil, Link: "/claim/" + m.Secret},
	})
}
