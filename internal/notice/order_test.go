package notice_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
)

func TestOrderByBankTransfer(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "")
		o := s.place(ada, s.price(civil.OneTime, 4900))
		s.want("ada@example.com", "03-01 invoice_issued")
		asked := read[mail.InvoiceIssuedData](s, "ada@example.com", mail.InvoiceIssued)
		if want := "IBAN DE02 1203 0000 0000 2020 51\nReference: " + o.InvoiceNumber; asked.Invoice.How != want {
			s.Errorf("how to pay: %q, want %q", asked.Invoice.How, want)
		}
		if asked.Invoice.Balance != eur(4900) || !asked.ChargeOn.IsZero() || asked.Method != "" || len(asked.Invoice.Lines) != 1 {
			s.Errorf("%+v", asked)
		}

		s.pay(o.InvoiceID, 2000) // a part: the rest is still to come
		s.want("ada@example.com", "03-01 invoice_issued", "03-01 payment_received")
		part := read[mail.PaymentReceivedData](s, "ada@example.com", mail.PaymentReceived)
		if part.Amount != eur(2000) || part.Invoice.Balance != eur(2900) {
			s.Errorf("a part: %+v", part)
		}

		s.pay(o.InvoiceID, 2900)
		s.want("ada@example.com", "03-01 invoice_issued", "03-01 payment_received", "03-01 order_confirmation")
		got := read[mail.OrderConfirmationData](s, "ada@example.com", mail.OrderConfirmation)
		o = must(s.Orders.ByID(s.ctx, o.ID))(s.T)
		l := must(s.Licenses.ByID(s.ctx, o.LicenseIDs[0]))(s.T)
		if !got.Paid || len(got.Licenses) != 1 || got.Licenses[0].Key != l.Key || got.Licenses[0].Product != "Widget" || got.Total != eur(4900) {
			s.Errorf("confirmation: %+v", got)
		}
	})
}

func TestOrderPaidOnAPage(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "")
		o := must(s.Orders.Place(s.ctx, order.Input{
			CustomerID: ada, Gateway: "sandbox", Items: []order.Item{{PriceID: s.price(civil.OneTime, 4900), Quantity: 1}},
		}))(s.T)
		for _, card := range []string{"tok_decline", "tok_ok"} {
			a := must(s.Payments.Checkout(s.ctx, o.InvoiceID, payment.CheckoutOptions{Gateway: "sandbox", ReturnURL: "http://localhost/thanks"}))(s.T)
			must(s.Sandbox.Pay(s.ctx, a.ActionURL[strings.LastIndex(a.ActionURL, "/")+1:], card))(s.T)
			s.now()
		}
		// Who was on the page knows that the first card was declined.
		s.want("ada@example.com", "03-01 order_confirmation")
	})
}

func TestOrderThatCostsNothing(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "")
		price := s.price(civil.OneTime, 4900)
		must(s.Orders.Place(staffActor(s.ctx), order.Input{
			CustomerID: ada, Kind: order.Complimentary, Reason: "helped us", Items: []order.Item{{PriceID: price, Quantity: 1}, {PriceID: price, Quantity: 1}},
		}))(s.T)
		s.want("ada@example.com", "03-01 license_issued")
		if got := read[mail.LicenseIssuedData](s, "ada@example.com", mail.LicenseIssued); len(got.Licenses) != 2 || got.Licenses[0].Key == got.Licenses[1].Key {
			s.Errorf("%+v", got)
		}
		s.place(ada, s.price(civil.OneTime, 0))
		s.want("ada@example.com", "03-01 license_issued", "03-01 order_confirmation")
	})
}

// Money is thanked for at once, although what it paid for can be delivered only later.
func TestOrderThatIsDeliveredLater(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		s.Broken = errors.New("no keys today")
		o := s.place(s.customer("ada", ""), s.price(civil.OneTime, 4900))
		s.pay(o.InvoiceID, 4900)
		s.want("ada@example.com", "03-01 invoice_issued", "03-01 payment_received")
		s.want(staff, "03-01 staff_alert")
		if alert := read[mail.StaffAlertData](s, staff, mail.StaffAlert); !strings.Contains(alert.Text, "no keys today") || alert.Link != "/admin/invoices/"+o.InvoiceID {
			s.Errorf("%+v", alert)
		}
		s.Broken = nil
		s.advance("2027-03-02")
		s.want("ada@example.com", "03-01 invoice_issued", "03-01 payment_received", "03-01 order_confirmation")
	})
}

// A guest has no account to look at: mails have no buttons that lead there.
func TestGuest(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		price := s.price(civil.OneTime, 4900)
		must(s.Customers.Create(s.ctx, customer.Input{Email: "ada@example.com", Name: "Ada", Language: "de"}))(s.T)
		got := must(s.Orders.Checkout(s.ctx, order.Guest{Email: "ada@example.com", Name: "Somebody", Country: "DE", Language: "en"}, order.Input{
			Items: []order.Item{{PriceID: price, Quantity: 1}},
		}))(s.T)
		s.pay(got.Order.InvoiceID, 4900)
		confirmation := read[mail.OrderConfirmationData](s, "ada@example.com", mail.OrderConfirmation)
		if confirmation.Name != "Somebody" || confirmation.Link != "" || confirmation.Invoice.Link != "" || len(confirmation.Licenses) != 1 {
			s.Errorf("%+v", confirmation)
		}
		for _, l := range s.letters("ada@example.com") {
			if l.language != "en" {
				s.Errorf("%s in %q", l.kind, l.language)
			}
		}
	})
}
