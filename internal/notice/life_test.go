package notice_test

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/subscription"
)

func day(s string) civil.Date {
	d, err := civil.Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

func TestRenewalsByCard(t *testing.T) {
	each(t, "2027-01-31", func(s *shop) {
		_, sub := s.buy(s.customer("ada", "tok_ok"), s.price(civil.Monthly, 1000))
		s.advance("2027-03-20")
		s.want("ada@example.com", "01-31 invoice_issued", "01-31 order_confirmation",
			"02-14 invoice_issued", "02-25 invoice_upcoming", "02-28 payment_received", "03-17 invoice_issued")
		issued := read[mail.InvoiceIssuedData](s, "ada@example.com", mail.InvoiceIssued)
		if issued.ChargeOn != day("2027-03-31") || issued.Method != "Sandbox •••• 4242" || issued.Invoice.How != "" {
			s.Errorf("invoice: %+v", issued)
		}
		upcoming := read[mail.InvoiceUpcomingData](s, "ada@example.com", mail.InvoiceUpcoming)
		want := mail.Subscription{Name: "Widget – Team", Price: eur(1000), Cycle: civil.Monthly, Link: "/account/subscriptions/" + sub}
		if upcoming.Subscription != want || upcoming.ChargeOn != day("2027-02-28") || upcoming.Cancel != want.Link {
			s.Errorf("reminder: %+v", upcoming)
		}
		received := read[mail.PaymentReceivedData](s, "ada@example.com", mail.PaymentReceived)
		if received.Amount != eur(1000) || received.Invoice.Balance.Amount != 0 || received.Method != "Sandbox •••• 4242" || received.ReceivedOn != day("2027-02-28") {
			s.Errorf("receipt: %+v", received)
		}
	})
}

func TestRenewalsByBankTransfer(t *testing.T) {
	each(t, "2027-01-31", func(s *shop) {
		s.buy(s.customer("ada", ""), s.price(civil.Monthly, 1000))
		s.advance("2027-02-26")
		issued := read[mail.InvoiceIssuedData](s, "ada@example.com", mail.InvoiceIssued)
		upcoming := read[mail.InvoiceUpcomingData](s, "ada@example.com", mail.InvoiceUpcoming)
		if issued.Invoice.How == "" || !issued.ChargeOn.IsZero() || upcoming.Invoice.How != issued.Invoice.How || !upcoming.ChargeOn.IsZero() {
			s.Errorf("nothing is charged by itself: %+v, %+v", issued, upcoming)
		}
	})
}

// Credit pays a renewal as soon as it is invoiced: nobody is asked for money that is there.
func TestRenewalsByCredit(t *testing.T) {
	each(t, "2027-01-31", func(s *shop) {
		ada := s.customer("ada", "")
		price := s.price(civil.Monthly, 1000)
		o := s.place(ada, price)
		s.pay(o.InvoiceID, 2500) // 15.00 too much
		s.advance("2027-03-20")
		s.want("ada@example.com", "01-31 invoice_issued", "01-31 order_confirmation", "02-14 payment_received", "03-17 invoice_issued")
		if got := read[mail.PaymentReceivedData](s, "ada@example.com", mail.PaymentReceived); got.Method != "your credit" || got.Amount != eur(1000) {
			s.Errorf("paid by credit: %+v", got)
		}
		if got := read[mail.InvoiceIssuedData](s, "ada@example.com", mail.InvoiceIssued); got.Invoice.Total != eur(1000) || got.Invoice.Balance != eur(500) {
			s.Errorf("half paid by credit: %+v", got)
		}
	})
}

func TestNobodyPays(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		bob := s.customer("bob", "tok_decline")
		s.buy(bob, s.price(civil.Monthly, 1000))
		s.advance("2027-04-02")
		s.want("bob@example.com", "03-01 invoice_issued", "03-01 order_confirmation", "03-18 invoice_issued", "03-29 invoice_upcoming",
			"04-01 payment_failed", "04-02 payment_failed")
		failed := read[mail.PaymentFailedData](s, "bob@example.com", mail.PaymentFailed)
		if failed.NextTryOn != day("2027-04-04") || failed.SuspendOn != day("2027-04-15") || failed.Reason != "The bank declined the payment." ||
			failed.Update != "/account/payment-methods" || failed.Invoice.Balance != eur(1000) {
			s.Errorf("failed: %+v", failed)
		}
		s.advance("2027-05-02")
		s.want("bob@example.com", "03-01 invoice_issued", "03-01 order_confirmation", "03-18 invoice_issued", "03-29 invoice_upcoming",
			"04-01 payment_failed", "04-02 payment_failed", "04-03 overdue_1", "04-04 payment_failed", "04-06 payment_failed", "04-07 overdue_2",
			"04-08 payment_failed", "04-11 overdue_3", "04-15 license_suspended", "05-01 subscription_expired")
		if failed = read[mail.PaymentFailedData](s, "bob@example.com", mail.PaymentFailed); !failed.NextTryOn.IsZero() {
			s.Errorf("after the last try: %+v", failed)
		}
		if last := read[mail.OverdueData](s, "bob@example.com", mail.OverdueThird); last.SuspendOn != day("2027-04-15") || last.EndsOn != day("2027-05-01") || last.Invoice.How == "" {
			s.Errorf("last reminder: %+v", last)
		}
		held := read[mail.LicenseSuspendedData](s, "bob@example.com", mail.LicenseSuspended)
		if len(held.Products) != 1 || held.Products[0] != "Widget" || held.EndsOn != day("2027-05-01") || held.Invoice.Balance != eur(1000) {
			s.Errorf("suspended: %+v", held)
		}
		over := read[mail.SubscriptionExpiredData](s, "bob@example.com", mail.SubscriptionExpired)
		if !over.Unpaid || over.EndedOn != day("2027-05-01") || over.Buy != "/products/widget" {
			s.Errorf("expired: %+v", over)
		}

		// Money that comes now is credit. Customer and staff hear of it at once.
		list, _, err := s.Billing.List(s.ctx, billing.Filter{CustomerID: bob})
		if err != nil {
			s.Fatal(err)
		}
		s.pay(list[0].ID, 1000)
		late := read[mail.LateMoneyData](s, "bob@example.com", mail.LateMoney)
		if late.Amount != eur(1000) || late.Invoice != list[0].Number || late.Buy != "/products/widget" || late.ReceivedOn != day("2027-05-02") {
			s.Errorf("late: %+v", late)
		}
		if told := read[mail.LateMoneyStaffData](s, staff, mail.LateMoneyStaff); told.Status != "uncollectible" || told.Customer != "Bob" {
			s.Errorf("staff: %+v", told)
		}
		for _, l := range s.letters(staff) {
			if l.kind == string(mail.StaffAlert) {
				s.Errorf("an alert besides: %s", l.data)
			}
		}
	})
}

// Where money revives licenses, buying again brings the old one back: the mails lead there.
func TestBuyingAgainRevives(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		s.set(map[string]any{"licenses.renew_expired": true})
		bob := s.customer("bob", "")
		price := s.price(civil.Monthly, 1000)
		_, id := s.buy(bob, price)
		s.advance("2027-05-02")
		list, _, err := s.Billing.List(s.ctx, billing.Filter{CustomerID: bob})
		if err != nil {
			s.Fatal(err)
		}
		s.pay(list[0].ID, 1000)
		sub, err := s.Subscriptions.ByID(s.ctx, id)
		if err != nil {
			s.Fatal(err)
		}
		want := "/buy/" + price + "?license=" + sub.LicenseID
		if over := read[mail.SubscriptionExpiredData](s, "bob@example.com", mail.SubscriptionExpired); over.Buy != want {
			s.Errorf("expired: %s, want %s", over.Buy, want)
		}
		if late := read[mail.LateMoneyData](s, "bob@example.com", mail.LateMoney); late.Buy != want {
			s.Errorf("late: %s, want %s", late.Buy, want)
		}
	})
}

func TestRecovery(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		bob := s.customer("bob", "")
		s.buy(bob, s.price(civil.Monthly, 1000))
		s.advance("2027-04-16")
		list, _, err := s.Billing.List(s.ctx, billing.Filter{CustomerID: bob})
		if err != nil {
			s.Fatal(err)
		}
		s.pay(list[0].ID, 1000)
		s.want("bob@example.com", "03-01 invoice_issued", "03-01 order_confirmation", "03-18 invoice_issued", "03-29 invoice_upcoming", "04-03 overdue_1",
			"04-07 overdue_2", "04-11 overdue_3", "04-15 license_suspended", "04-16 payment_received", "04-16 subscription_recovered")
		if got := read[mail.SubscriptionRecoveredData](s, "bob@example.com", mail.SubscriptionRecovered); got.PaidUntil != day("2027-04-30") {
			s.Errorf("%+v", got)
		}
	})
}

func TestCancelResumePause(t *testing.T) {
	each(t, "2027-03-10", func(s *shop) {
		_, sub := s.buy(s.customer("ada", ""), s.price(civil.Monthly, 3100))
		s.advance("2027-03-12")
		must(s.Subscriptions.Cancel(s.ctx, sub, subscription.AtPeriodEnd, ""))(s.T)
		if got := read[mail.SubscriptionCancelledData](s, "ada@example.com", mail.SubscriptionCancelled); got.AtOnce || got.EndsOn != day("2027-04-09") || got.Resume == "" {
			s.Errorf("cancelled: %+v", got)
		}
		must(s.Subscriptions.Resume(s.ctx, sub))(s.T)
		must(s.Subscriptions.Pause(staffActor(s.ctx), sub, "asked for it"))(s.T)
		if got := read[mail.SubscriptionPausedData](s, "ada@example.com", mail.SubscriptionPaused); got.PausedOn != day("2027-03-12") || got.Why != "" {
			s.Errorf("what staff write for themselves is not for the customer: %+v", got)
		}
		must(s.Subscriptions.Resume(staffActor(s.ctx), sub))(s.T)
		if got := read[mail.SubscriptionResumedData](s, "ada@example.com", mail.SubscriptionResumed); got.RenewsOn != day("2027-04-10") || got.Subscription.Price != eur(3100) {
			s.Errorf("resumed: %+v", got)
		}
		s.advance("2027-03-26")
		must(s.Subscriptions.Cancel(s.ctx, sub, subscription.AtOnce, ""))(s.T)
		if got := read[mail.SubscriptionCancelledData](s, "ada@example.com", mail.SubscriptionCancelled); !got.AtOnce || got.EndsOn != day("2027-03-26") {
			s.Errorf("cancelled at once: %+v", got)
		}
		if got := read[mail.RefundIssuedData](s, "ada@example.com", mail.RefundIssued); got.Amount != eur(1500) || !got.ToCredit || got.CreditNote != "CN-2027-1" {
			s.Errorf("what was not used: %+v", got)
		}
		s.want("ada@example.com", "03-10 invoice_issued", "03-10 order_confirmation", "03-12 subscription_cancelled", "03-12 subscription_resumed",
			"03-12 subscription_paused", "03-12 subscription_resumed", "03-26 subscription_cancelled", "03-26 refund_issued")
	})
}

func TestCancelledRunsOut(t *testing.T) {
	each(t, "2027-03-10", func(s *shop) {
		_, sub := s.buy(s.customer("ada", ""), s.price(civil.Monthly, 3100))
		must(s.Subscriptions.Cancel(s.ctx, sub, subscription.AtPeriodEnd, ""))(s.T)
		s.advance("2027-04-12")
		s.want("ada@example.com", "03-10 invoice_issued", "03-10 order_confirmation", "03-10 subscription_cancelled", "04-10 subscription_expired")
		if got := read[mail.SubscriptionExpiredData](s, "ada@example.com", mail.SubscriptionExpired); got.Unpaid || got.EndedOn != day("2027-04-10") {
			s.Errorf("%+v", got)
		}
	})
}

func TestChangeOfPlan(t *testing.T) {
	each(t, "2027-04-01", func(s *shop) {
		ada := s.customer("ada", "tok_ok")
		small := s.price(civil.Monthly, 3000)
		_, sub := s.buy(ada, small)
		large := s.priceOf(s.newPlan("Company"), catalog.NewPrice{Cycle: "monthly", Money: eur(9000)})
		s.advance("2027-04-11")

		// Upwards: the customer pays first.
		must(s.Subscriptions.Change(s.ctx, sub, subscription.ChangeInput{PriceID: large, When: subscription.Now}))(s.T)
		s.now()
		got := read[mail.PlanChangedData](s, "ada@example.com", mail.PlanChanged)
		if got.From != "Team" || got.To != "Company" || got.Charged != eur(4000) || got.Credited.Amount != 0 || got.EffectiveOn != day("2027-04-11") || got.Subscription.Price != eur(9000) {
			s.Errorf("upwards: %+v", got)
		}

		// More of it, from the renewal on: told when it is asked for, and not again when it comes.
		must(s.Subscriptions.Change(s.ctx, sub, subscription.ChangeInput{Quantity: 3, When: subscription.AtRenewal}))(s.T)
		got = read[mail.PlanChangedData](s, "ada@example.com", mail.PlanChanged)
		if got.From != "1 × Company" || got.To != "3 × Company" || got.EffectiveOn != day("2027-05-01") || got.Subscription.Price != eur(27000) {
			s.Errorf("at the renewal: %+v", got)
		}
		s.advance("2027-05-02")
		s.want("ada@example.com", "04-01 invoice_issued", "04-01 order_confirmation", "04-11 plan_changed", "04-11 plan_changed", "04-17 invoice_issued",
			"04-28 invoice_upcoming", "05-01 payment_received")
		if got := read[mail.InvoiceIssuedData](s, "ada@example.com", mail.InvoiceIssued); got.Invoice.Total != eur(27000) {
			s.Errorf("the renewal: %+v", got)
		}

		// Downwards at once: the rest is credit.
		bob := s.customer("bob", "")
		_, sub = s.buy(bob, large)
		must(s.Subscriptions.Change(s.ctx, sub, subscription.ChangeInput{PriceID: s.price(civil.Annual, 3000), When: subscription.Now}))(s.T)
		if got = read[mail.PlanChangedData](s, "bob@example.com", mail.PlanChanged); got.From != "Company, monthly" || got.To != "Team, yearly" || got.Charged.Amount != 0 || got.Credited != eur(6000) {
			s.Errorf("downwards: %+v", got)
		}
	})
}

func TestTrial(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		price := s.priceOf(s.plan, catalog.NewPrice{Cycle: "monthly", Money: eur(1000), TrialDays: 14})
		_, kept := s.buy(s.customer("ada", "tok_ok"), price)
		s.buy(s.customer("bob", ""), price)
		_, left := s.buy(s.customer("cyd", ""), price)
		must(s.Subscriptions.Cancel(s.ctx, left, subscription.AtPeriodEnd, ""))(s.T)
		s.advance("2027-03-17")
		s.want("ada@example.com", "03-01 order_confirmation", "03-12 trial_ending", "03-15 invoice_issued", "03-15 payment_received")
		s.want("bob@example.com", "03-01 order_confirmation", "03-12 trial_ending", "03-15 subscription_expired")
		s.want("cyd@example.com", "03-01 order_confirmation", "03-01 subscription_cancelled", "03-15 subscription_expired")
		got := read[mail.TrialEndingData](s, "ada@example.com", mail.TrialEnding)
		if got.EndsOn != day("2027-03-15") || got.Method != "Sandbox •••• 4242" || got.Cancel != "/account/subscriptions/"+kept {
			s.Errorf("by card: %+v", got)
		}
		if got := read[mail.TrialEndingData](s, "bob@example.com", mail.TrialEnding); got.Method != "" || got.Update == "" {
			s.Errorf("without one: %+v", got)
		}
		if got := read[mail.SubscriptionExpiredData](s, "bob@example.com", mail.SubscriptionExpired); got.Unpaid {
			s.Errorf("a trial owes nothing: %+v", got)
		}
	})
}

func TestCardExpires(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada, bob := s.customer("ada", "tok_ok"), s.customer("bob", "tok_ok") // bob has nothing that is charged
		s.buy(ada, s.price(civil.Annual, 1000))
		s.exec("UPDATE payment_methods SET expires_on = '2027-06-30'")
		s.advance("2027-07-02")
		s.want("ada@example.com", "03-01 invoice_issued", "03-01 order_confirmation", "05-31 card_expiring")
		if got := read[mail.CardExpiringData](s, "ada@example.com", mail.CardExpiring); got.NextOn != day("2028-03-01") || got.ExpiresOn != day("2027-06-30") {
			s.Errorf("%+v", got)
		}
		if n := len(s.letters("bob@example.com")); n != 0 {
			s.Errorf("%d mails to somebody whom nothing will be charged (%s)", n, bob)
		}
	})
}

func TestConfirmation(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		s.buy(s.customer("ada", "tok_auth"), s.price(civil.Monthly, 1000))
		s.advance("2027-04-02")
		got := read[mail.PaymentActionRequiredData](s, "ada@example.com", mail.PaymentActionRequired)
		if got.Amount != eur(1000) || got.Confirm == "" || got.Until.IsZero() {
			s.Errorf("%+v", got)
		}
	})
}

func TestRefunds(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "")
		price := s.price(civil.Monthly, 3100)
		o, _ := s.buy(ada, price)
		some := eur(1000)
		must(s.Payments.Refund(staffActor(s.ctx), o.InvoiceID, payment.RefundInput{Money: &some, To: payment.ToCredit, Adjust: true}))(s.T)
		got := read[mail.RefundIssuedData](s, "ada@example.com", mail.RefundIssued)
		if got.Amount != some || !got.ToCredit || got.CreditNote != "CN-2027-1" || len(got.Revoked) != 0 {
			s.Errorf("a part, to credit: %+v", got)
		}
		must(s.Payments.Refund(staffActor(s.ctx), o.InvoiceID, payment.RefundInput{Adjust: true}))(s.T)
		got = read[mail.RefundIssuedData](s, "ada@example.com", mail.RefundIssued)
		if got.Amount != eur(2100) || got.ToCredit || got.CreditNote != "CN-2027-2" || len(got.Revoked) != 1 || got.Revoked[0] != "Widget" {
			s.Errorf("the rest: %+v", got)
		}
		s.want("ada@example.com", "03-01 invoice_issued", "03-01 order_confirmation", "03-01 refund_issued", "03-01 refund_issued")
	})
}

func TestDisputes(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "tok_ok")
		s.buy(ada, s.price(civil.Monthly, 1000))
		s.advance("2027-04-02")
		dispute := func(outcome string) {
			s.Helper()
			list, _, err := s.Billing.List(s.ctx, billing.Filter{CustomerID: ada})
			if err != nil {
				s.Fatal(err)
			}
			attempts := must(s.Payments.Attempts(s.ctx, list[0].ID))(s.T)
			id := must(s.Sandbox.Dispute(s.ctx, attempts[0].Reference))(s.T)
			s.now()
			if err := s.Sandbox.CloseDispute(s.ctx, id, outcome); err != nil {
				s.Fatal(err)
			}
			s.now()
		}
		dispute("won")
		dispute("lost")
		got := read[mail.DisputeData](s, staff, mail.DisputeClosedStaff)
		if got.Outcome != "lost" || got.Amount != eur(1000) || got.Gateway != "sandbox" || got.Customer != "Ada" || got.Invoice == "" {
			s.Errorf("%+v", got)
		}
		if n := s.count("SELECT COUNT(*) FROM mails WHERE kind = $1", mail.StaffAlert); n != 0 {
			s.Errorf("%d alerts beside the mails about disputes", n)
		}
		// Their customer began them: of a pause or its end nothing is told, of the end of the subscription it is.
		s.want("ada@example.com", "03-01 invoice_issued", "03-01 order_confirmation", "03-18 invoice_issued", "03-29 invoice_upcoming", "04-01 payment_received",
			"04-02 subscription_expired")
	})
}

func TestLanguage(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		dora := must(s.Customers.Create(s.ctx, customer.Input{Email: "dora@example.com", Name: "Dora", Language: "de"}))(s.T).ID
		o := must(s.Orders.Place(s.ctx, order.Input{CustomerID: dora, Items: []order.Item{{PriceID: s.price(civil.OneTime, 4900), Quantity: 1}}}))(s.T)
		letters := s.letters("dora@example.com")
		got := read[mail.InvoiceIssuedData](s, "dora@example.com", mail.InvoiceIssued)
		if len(letters) != 1 || letters[0].language != "de" || got.Invoice.How != "IBAN DE02 1203 0000 0000 2020 51\nVerwendungszweck: "+o.InvoiceNumber {
			s.Errorf("%+v, %q", letters, got.Invoice.How)
		}
	})
}

func TestDigest(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		s.set(map[string]any{"store.time_zone": "Europe/Berlin", "mail.staff": []string{staff, "zoe@store.example"}})
		s.buy(s.customer("ada", ""), s.price(civil.Annual, 1000))
		s.now()
		s.want(staff)
		s.store.Clock.Set(time.Date(2027, 3, 2, 4, 59, 0, 0, time.UTC))
		s.now()
		s.want(staff) // not before six in the morning, there
		s.advance("2027-03-05")
		s.want(staff, "03-02 staff_digest")
		s.want("zoe@store.example", "03-02 staff_digest")
		got := read[mail.StaffDigestData](s, staff, mail.StaffDigest)
		if got.Day != day("2027-03-01") || len(got.Sales) != 1 || got.Sales[0] != eur(1000) || len(got.News) != 2 || got.News[0].Count != 1 || len(got.Items) != 0 {
			s.Errorf("%+v", got)
		}
	})
}
