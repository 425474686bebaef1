package mail

import (
	"slices"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
)

// Kind names what a mail tells.
type Kind string

// The kinds of mails.
const (
	OrderConfirmation     Kind = "order_confirmation"
	LicenseIssued         Kind = "license_issued"
	InvoiceIssued         Kind = "invoice_issued"
	InvoiceUpcoming       Kind = "invoice_upcoming"
	PaymentReceived       Kind = "payment_received"
	PaymentFailed         Kind = "payment_failed"
	PaymentActionRequired Kind = "payment_action_required"
	OverdueFirst          Kind = "overdue_1"
	OverdueSecond         Kind = "overdue_2"
	OverdueThird          Kind = "overdue_3"
	LicenseSuspended      Kind = "license_suspended"
	SubscriptionRecovered Kind = "subscription_recovered"
	SubscriptionExpired   Kind = "subscription_expired"
	SubscriptionCancelled Kind = "subscription_cancelled"
	SubscriptionResumed   Kind = "subscription_resumed"
	SubscriptionPaused    Kind = "subscription_paused"
	PlanChanged           Kind = "plan_changed"
	PriceChangeNotice     Kind = "price_change_notice"
	RefundIssued          Kind = "refund_issued"
	DisputeOpenedStaff    Kind = "dispute_opened_staff"
	DisputeClosedStaff    Kind = "dispute_closed_staff"
	LateMoney             Kind = "late_money"
	LateMoneyStaff        Kind = "late_money_staff"
	TrialEnding           Kind = "trial_ending"
	CardExpiring          Kind = "card_expiring"
	DomainRegistered      Kind = "domain_registered"
	DomainTransferred     Kind = "domain_transferred_in"
	DomainRefused         Kind = "domain_refused"
	DomainExpiring        Kind = "domain_expiring"
	DomainExpired         Kind = "domain_expired"
	DomainEnded           Kind = "domain_ended"
	DomainDeleted         Kind = "domain_deleted"
	DomainRenewed         Kind = "domain_renewed"
	DomainHeld            Kind = "domain_held"
	DomainWithdrawn       Kind = "domain_withdrawn"
	DomainNotPaid         Kind = "domain_not_paid"
	DomainPriceNotice     Kind = "domain_price_notice"
	GuestClaim            Kind = "guest_claim"
	SignInLink            Kind = "sign_in_link"
	StaffDigest           Kind = "staff_digest"
	StaffAlert            Kind = "staff_alert"
)

// KindInfo says what a kind of mail is, for people and for those who send it.
type KindInfo struct {
	Kind  Kind
	Title string
	// Vital mails do harm when they are lost: one whose fate is unknown is sent once more.
	Vital bool
	// Staff mails go to the store's own people.
	Staff bool
	// Secret mails hold a link that lets whoever has it in. They are sealed, shown to nobody, and forgotten once sent.
	Secret bool
	// Sample is data of this kind as previews show it. What is queued has the same type.
	Sample any
}

// The data of mails. Name is the customer's name; a Link, Pay, … is where its button leads: a path of the store, such
// as "/account/invoices/inv_1", or a whole address. A link that is empty leaves the button out, a date that is zero
// the sentence about it. An amount of zero says nothing either.
type (
	// Line is something that is sold.
	Line struct {
		Description string
		Quantity    int64
		Amount      money.Money `json:",omitzero"` // of all of them
	}

	// License is a license with its key. Until is zero for one that does not expire.
	License struct {
		Product string
		Plan    string
		Key     string
		Until   civil.Date
	}

	// Invoice is what mails say about an invoice. Tax is within the lines if it is included in the prices, otherwise it
	// comes on top of them. Balance is what is still to be paid. How says how to pay without the link, such as a bank
	// account; it may have several lines.
	Invoice struct {
		Number      string
		IssuedOn    civil.Date
		DueOn       civil.Date
		Lines       []Line
		Tax         money.Money `json:",omitzero"`
		TaxIncluded bool
		Total       money.Money `json:",omitzero"`
		Balance     money.Money `json:",omitzero"`
		Link        string
		How         string
	}

	// Subscription is what mails say about a subscription. Cycle is how often Price is paid.
	Subscription struct {
		Name  string
		Price money.Money `json:",omitzero"`
		Cycle civil.Cycle
		Link  string
	}

	// OrderConfirmationData tells of an order. While it waits for its money, Licenses are empty and Invoice says how to pay.
	OrderConfirmationData struct {
		Name      string
		Number    string
		OrderedOn civil.Date
		Lines     []Line
		Total     money.Money `json:",omitzero"`
		Paid      bool
		Licenses  []License
		Invoice   Invoice
		Link      string // the thank-you page
	}

	// LicenseIssuedData tells of licenses that no order brought.
	LicenseIssuedData struct {
		Name     string
		Licenses []License
		Link     string
	}

	// InvoiceIssuedData tells of an invoice. ChargeOn and Method are of the payment that will be tried by itself, if one will.
	InvoiceIssuedData struct {
		Name     string
		Invoice  Invoice
		ChargeOn civil.Date
		Method   string // "Visa •••• 4242"
	}

	// InvoiceUpcomingData reminds of an invoice before it is due; of a renewal, Subscription says which.
	InvoiceUpcomingData struct {
		Name         string
		Invoice      Invoice
		Subscription Subscription // Name is empty when no subscription is renewed
		ChargeOn     civil.Date
		Method       string
		Cancel       string // where the subscription can be cancelled
	}

	// PaymentReceivedData thanks for money.
	PaymentReceivedData struct {
		Name       string
		Amount     money.Money `json:",omitzero"`
		ReceivedOn civil.Date
		Method     string
		Invoice    Invoice
	}

	// PaymentFailedData tells of a charge that failed. NextTryOn is zero after the last try; SuspendOn is when licenses stop
	// working without money.
	PaymentFailedData struct {
		Name      string
		Amount    money.Money `json:",omitzero"`
		Method    string
		Reason    string // as the customer may read it
		Invoice   Invoice
		NextTryOn civil.Date
		SuspendOn civil.Date
		Update    string // where the payment method is changed
	}

	// PaymentActionRequiredData asks to confirm a payment with the bank.
	PaymentActionRequiredData struct {
		Name    string
		Amount  money.Money `json:",omitzero"`
		Invoice Invoice
		Confirm string
		Until   civil.Date
	}

	// OverdueData is that of all three reminders.
	OverdueData struct {
		Name      string
		Invoice   Invoice
		SuspendOn civil.Date
		EndsOn    civil.Date // when the subscription ends for good
	}

	// LicenseSuspendedData tells that grace has ended.
	LicenseSuspendedData struct {
		Name     string
		Products []string
		Invoice  Invoice
		EndsOn   civil.Date
	}

	// SubscriptionRecoveredData tells that a late payment made things good.
	SubscriptionRecoveredData struct {
		Name         string
		Subscription Subscription
		PaidUntil    civil.Date
	}

	// SubscriptionExpiredData tells that a subscription has ended.
	SubscriptionExpiredData struct {
		Name         string
		Subscription Subscription
		EndedOn      civil.Date
		Unpaid       bool
		Buy          string
	}

	// SubscriptionCancelledData tells of a cancellation. EndsOn is the last day that was paid, or today; Credit what was
	// not used up.
	SubscriptionCancelledData struct {
		Name         string
		Subscription Subscription
		EndsOn       civil.Date
		AtOnce       bool
		Credit       money.Money `json:",omitzero"`
		Resume       string
	}

	// SubscriptionResumedData tells that a cancellation or a pause is taken back.
	SubscriptionResumedData struct {
		Name         string
		Subscription Subscription
		RenewsOn     civil.Date
	}

	// SubscriptionPausedData tells that the store paused a subscription.
	SubscriptionPausedData struct {
		Name         string
		Subscription Subscription
		PausedOn     civil.Date
		Why          string // as the customer may read it
	}

	// PlanChangedData tells of a change. Subscription is the one after it; Charged and Credited are zero when nothing was.
	PlanChangedData struct {
		Name         string
		Subscription Subscription
		From         string
		To           string
		EffectiveOn  civil.Date
		Charged      money.Money `json:",omitzero"`
		Credited     money.Money `json:",omitzero"`
	}

	// PriceChangeNoticeData announces another price.
	PriceChangeNoticeData struct {
		Name         string
		Subscription Subscription
		OldPrice     money.Money `json:",omitzero"`
		NewPrice     money.Money `json:",omitzero"`
		From         civil.Date
		Cancel       string
	}

	// RefundIssuedData tells of a refund. CreditNote is the number of the document, empty if there is none.
	RefundIssuedData struct {
		Name       string
		Amount     money.Money `json:",omitzero"`
		RefundedOn civil.Date
		ToCredit   bool // to the customer's account here, not to where the money came from
		CreditNote string
		Invoice    Invoice
		Revoked    []string // products whose licenses end with it
		Link       string   // to the credit note
	}

	// DisputeData is that of both mails about disputes.
	DisputeData struct {
		Customer  string
		Amount    money.Money `json:",omitzero"`
		Invoice   string
		Gateway   string
		Reason    string
		RespondBy civil.Date
		Outcome   string // "won", "lost", "withdrawn"; empty while it is open
		Link      string
	}

	// LateMoneyData tells a customer that their money found nothing to pay for.
	LateMoneyData struct {
		Name       string
		Amount     money.Money `json:",omitzero"`
		ReceivedOn civil.Date
		Invoice    string
		Buy        string
	}

	// LateMoneyStaffData tells the staff of the same.
	LateMoneyStaffData struct {
		Customer   string
		Amount     money.Money `json:",omitzero"`
		ReceivedOn civil.Date
		Invoice    string
		Status     string // of the invoice: "void", "uncollectible"
		Link       string
	}

	// TrialEndingData tells that a trial ends. Method is empty when nothing can be charged.
	TrialEndingData struct {
		Name         string
		Subscription Subscription
		EndsOn       civil.Date
		Method       string
		Cancel       string
		Update       string
	}

	// CardExpiringData tells that a card expires. ExpiresOn is any day of its last month.
	CardExpiringData struct {
		Name      string
		Method    string
		ExpiresOn civil.Date
		NextOn    civil.Date // of the next payment
		Update    string
	}

	// DomainArrivedData tells that a domain is the customer's now. ExpiresOn is the registry's date, by UTC; Years is 0 for one
	// that does not renew by itself.
	DomainArrivedData struct {
		Name      string
		Domain    string
		ExpiresOn civil.Date
		AutoRenew bool
		DueOn     civil.Date // of the first renewal
		Years     int
		Price     money.Money `json:",omitzero"`
		Link      string
	}

	// DomainRefusedData tells that a domain could not be had. Credit is what was paid for it.
	DomainRefusedData struct {
		Name     string
		Domain   string
		Transfer bool
		Credit   money.Money `json:",omitzero"`
		Link     string      // to search for another
	}

	// DomainRenewedData tells that a renewal is done. ExpiresOn is the registry's date, by UTC; Reference is the registry's own
	// name of what it did, if there is one.
	DomainRenewedData struct {
		Name      string
		Domain    string
		ExpiresOn civil.Date
		Reference string
		// Off says that auto renew is off: it will not be renewed by itself again.
		Off  bool
		Link string
	}

	// DomainHeldData tells that a paid renewal waits for money: for a late fee, or for a price of the registry's own, which
	// must be accepted first.
	DomainHeldData struct {
		Name    string
		Domain  string
		Accept  bool
		Missing money.Money `json:",omitzero"`
		Link    string      // to pay, or to accept
	}

	// DomainWithdrawnData tells that an unpaid renewal was given up. Until is the last day on which one can be ordered still;
	// Restore says that it comes with a restore.
	DomainWithdrawnData struct {
		Name    string
		Domain  string
		Until   civil.Date
		Restore bool
		Link    string
	}

	// DomainNotPaidData tells that a domain was ordered and not paid, so that its name is free for others. Link leads to where it
	// can be ordered again.
	DomainNotPaidData struct {
		Name     string
		Domain   string
		Transfer bool
		Link     string
	}

	// DomainPriceNoticeData tells what the renewal of a domain will cost. From is zero if it does already.
	DomainPriceNoticeData struct {
		Name     string
		Domain   string
		Years    int
		From     civil.Date
		OldPrice money.Money `json:",omitzero"`
		NewPrice money.Money `json:",omitzero"`
		Accept   bool        // it is the registry's price, which has to be accepted before the domain is renewed
		Link     string
	}

	// DomainNoticeData is that of both notices about the end of a domain's term, a UTC date. LastDay is the last day of a plain
	// renewal, zero when it is over; Fee is what comes on top of Price today, RestoreFee what a restore costs on top of it.
	DomainNoticeData struct {
		Name         string
		Domain       string
		EndsOn       civil.Date
		AutoRenew    bool // an invoice is made by itself
		Years        int
		Price        money.Money `json:",omitzero"`
		Fee          money.Money `json:",omitzero"`
		LastDay      civil.Date
		RestoreFee   money.Money `json:",omitzero"`
		RestoreUntil civil.Date
		Link         string
	}

	// DomainEndedData tells that a domain is no longer the customer's here: it has left, or nothing can be done for it any more.
	DomainEndedData struct {
		Name   string
		Domain string
		Away   bool // to another registrar
		Link   string
	}

	// DomainDeletedData tells that a domain was given up and deleted at its registry. Until is the last day of a restore, by UTC;
	// zero: it can't be restored.
	DomainDeletedData struct {
		Name   string
		Domain string
		Until  civil.Date
		// Fee is what a restore costs besides the renewal; the zero value: that is not known yet.
		Fee  money.Money `json:",omitzero"`
		Link string
	}

	// GuestClaimData has the link by which a guest's order joins their account.
	GuestClaimData struct {
		Name       string
		Number     string // of the order
		ValidUntil time.Time
		Link       string
	}

	// SignInLinkData has a link that signs its reader in.
	SignInLinkData struct {
		Name       string
		ValidUntil time.Time
		Link       string
	}

	// StaffDigestData is the news of a day.
	StaffDigestData struct {
		Day   civil.Date
		Sales []money.Money // received that day, per currency
		News  []DigestItem  // what happened that day
		Items []DigestItem  // what a person should look at
		Link  string
	}

	// DigestItem is something that there is, and how much of it.
	DigestItem struct {
		Title string
		Count int64
		Link  string
	}

	// StaffAlertData is something that can't wait for the digest.
	StaffAlertData struct {
		Title string
		Text  string // may have several lines
		Link  string
	}
)

// TaxOnTop is the tax that comes on top of the lines, zero if they contain it.
func (i Invoice) TaxOnTop() money.Money {
	if i.TaxIncluded {
		return money.New(0, i.Tax.Currency)
	}
	return i.Tax
}

// TaxWithin is the tax that the lines contain, zero if it comes on top of them.
func (i Invoice) TaxWithin() money.Money {
	if i.TaxIncluded {
		return i.Tax
	}
	return money.New(0, i.Tax.Currency)
}

// kinds is every kind of mail there is, in the order of a customer's life.
var kinds = sampleKinds()

// Kinds lists every kind of mail, in the order of a customer's life.
func Kinds() []KindInfo { return slices.Clone(kinds) }

func infoOf(k Kind) (KindInfo, bool) {
	for _, info := range kinds {
		if info.Kind == k {
			return info, true
		}
	}
	return KindInfo{}, false
}

func sampleKinds() []KindInfo {
	eur := func(cents int64) money.Money { return money.New(cents, "EUR") }
	day := func(d int) civil.Date { return civil.On(2026, time.March, d) }
	at := time.Date(2026, time.March, 2, 14, 5, 0, 0, time.UTC)
	const name, card = "Ada Lovelace", "Visa •••• 4242"
	lines := []Line{{"Acme Backup Pro", 1, eur(12900)}, {"Five more sites", 2, eur(4000)}}
	licenses := []License{{Product: "Acme Backup", Plan: "Pro", Key: "ACME-7K2QM-X9PLD-3FWZT-HV6RB", Until: civil.On(2027, time.March, 1)}}
	invoice := Invoice{
		Number: "INV-2026-1042", IssuedOn: day(1), DueOn: day(15), Lines: lines, Tax: eur(2698), TaxIncluded: true,
		Total: eur(16900), Balance: eur(16900),
		Link: "/account/invoices/inv_sample", How: "IBAN DE02 1203 0000 0000 2020 51\nReference INV-2026-1042",
	}
	paid := invoice
	paid.Balance, paid.How = eur(0), ""
	sub := Subscription{Name: "Acme Backup Pro", Price: eur(12900), Cycle: civil.Annual, Link: "/account/subscriptions/sub_sample"}
	overdue := OverdueData{Name: name, Invoice: invoice, SuspendOn: day(29), EndsOn: civil.On(2026, time.April, 14)}
	dispute := DisputeData{
		Customer: name, Amount: eur(16900), Invoice: invoice.Number, Gateway: "sandbox", Reason: "product not received",
		RespondBy: day(20), Link: "/admin/invoices/inv_sample",
	}
	closed := dispute
	closed.Outcome = "won"
	return []KindInfo{
		{Kind: OrderConfirmation, Title: "Order confirmation", Vital: true, Sample: OrderConfirmationData{
			Name: name, Number: "ord_sample", OrderedOn: day(1), Lines: lines, Total: eur(16900), Paid: true, Licenses: licenses,
			Invoice: paid, Link: "/account/invoices/inv_sample",
		}},
		{Kind: LicenseIssued, Title: "License issued", Vital: true, Sample: LicenseIssuedData{Name: name, Licenses: licenses, Link: "/account/licenses"}},
		{Kind: InvoiceIssued, Title: "Invoice", Vital: true, Sample: InvoiceIssuedData{Name: name, Invoice: invoice, ChargeOn: day(15), Method: card}},
		{Kind: InvoiceUpcoming, Title: "Reminder before an invoice is due", Vital: true, Sample: InvoiceUpcomingData{
			Name: name, Invoice: invoice, Subscription: sub, ChargeOn: day(15), Method: card, Cancel: sub.Link,
		}},
		{Kind: PaymentReceived, Title: "Payment received", Sample: PaymentReceivedData{
			Name: name, Amount: eur(16900), ReceivedOn: day(2), Method: card, Invoice: paid,
		}},
		{Kind: PaymentFailed, Title: "Payment failed", Vital: true, Sample: PaymentFailedData{
			Name: name, Amount: eur(16900), Method: card, Reason: "The card was declined.", Invoice: invoice, NextTryOn: day(18),
			SuspendOn: day(29), Update: "/account/payment-methods",
		}},
		{Kind: PaymentActionRequired, Title: "Payment to be confirmed", Vital: true, Sample: PaymentActionRequiredData{
			Name: name, Amount: eur(16900), Invoice: invoice, Confirm: invoice.Link, Until: day(29),
		}},
		{Kind: OverdueFirst, Title: "First reminder of an overdue invoice", Vital: true, Sample: overdue},
		{Kind: OverdueSecond, Title: "Second reminder of an overdue invoice", Vital: true, Sample: overdue},
		{Kind: OverdueThird, Title: "Last reminder of an overdue invoice", Vital: true, Sample: overdue},
		{Kind: LicenseSuspended, Title: "Licenses suspended", Vital: true, Sample: LicenseSuspendedData{
			Name: name, Products: []string{"Acme Backup"}, Invoice: invoice, EndsOn: overdue.EndsOn,
		}},
		{Kind: SubscriptionRecovered, Title: "Subscription works again", Sample: SubscriptionRecoveredData{
			Name: name, Subscription: sub, PaidUntil: civil.On(2027, time.March, 15),
		}},
		{Kind: SubscriptionExpired, Title: "Subscription ended", Vital: true, Sample: SubscriptionExpiredData{
			Name: name, Subscription: sub, EndedOn: overdue.EndsOn, Unpaid: true, Buy: "/products/acme-backup",
		}},
		{Kind: SubscriptionCancelled, Title: "Subscription cancelled", Sample: SubscriptionCancelledData{
			Name: name, Subscription: sub, EndsOn: day(15), Credit: eur(0), Resume: sub.Link,
		}},
		{Kind: SubscriptionResumed, Title: "Subscription resumed", Sample: SubscriptionResumedData{Name: name, Subscription: sub, RenewsOn: day(15)}},
		{Kind: SubscriptionPaused, Title: "Subscription paused", Sample: SubscriptionPausedData{
			Name: name, Subscription: sub, PausedOn: day(4), Why: "As you asked on the phone.",
		}},
		{Kind: PlanChanged, Title: "Plan changed", Sample: PlanChangedData{
			Name: name, Subscription: sub, From: "Basic", To: "Pro", EffectiveOn: day(4), Charged: eur(4150), Credited: eur(0),
		}},
		{Kind: PriceChangeNotice, Title: "Price change announced", Vital: true, Sample: PriceChangeNoticeData{
			Name: name, Subscription: sub, OldPrice: eur(9900), NewPrice: eur(12900), From: civil.On(2026, time.June, 1), Cancel: sub.Link,
		}},
		{Kind: RefundIssued, Title: "Refund and credit note", Vital: true, Sample: RefundIssuedData{
			Name: name, Amount: eur(16900), RefundedOn: day(9), CreditNote: "CN-2026-17", Invoice: paid, Revoked: []string{"Acme Backup"},
			Link: "/account/invoices/inv_sample",
		}},
		{Kind: LateMoney, Title: "Money for an invoice that had ended", Vital: true, Sample: LateMoneyData{
			Name: name, Amount: eur(16900), ReceivedOn: day(20), Invoice: invoice.Number, Buy: "/products/acme-backup",
		}},
		{Kind: TrialEnding, Title: "Trial ends soon", Vital: true, Sample: TrialEndingData{
			Name: name, Subscription: sub, EndsOn: day(15), Method: card, Cancel: sub.Link, Update: "/account/payment-methods",
		}},
		{Kind: CardExpiring, Title: "Card expires soon", Sample: CardExpiringData{
			Name: name, Method: card, ExpiresOn: day(31), NextOn: civil.On(2026, time.April, 3), Update: "/account/payment-methods",
		}},
		{Kind: DomainRegistered, Title: "Domain registered", Vital: true, Sample: DomainArrivedData{
			Name: name, Domain: "acme.example", ExpiresOn: civil.On(2027, time.March, 1), AutoRenew: true, DueOn: civil.On(2027, time.March, 1), Years: 1,
			Price: eur(1200), Link: "/account/domains/dom_sample",
		}},
		{Kind: DomainTransferred, Title: "Domain transferred", Vital: true, Sample: DomainArrivedData{
			Name: name, Domain: "acme.example", ExpiresOn: civil.On(2027, time.March, 1), AutoRenew: true, DueOn: civil.On(2027, time.March, 1), Years: 1,
			Price: eur(1200), Link: "/account/domains/dom_sample",
		}},
		{Kind: DomainRefused, Title: "Domain could not be had", Vital: true, Sample: DomainRefusedData{
			Name: name, Domain: "acme.example", Transfer: true, Credit: eur(900), Link: "/domains",
		}},
		{Kind: DomainExpiring, Title: "Domain runs out soon", Vital: true, Sample: DomainNoticeData{
			Name: name, Domain: "acme.example", EndsOn: civil.On(2026, time.April, 1), AutoRenew: true, Years: 1, Price: eur(1200),
			LastDay: civil.On(2026, time.May, 1), Link: "/account/domains/dom_sample",
		}},
		{Kind: DomainExpired, Title: "Domain has run out", Vital: true, Sample: DomainNoticeData{
			Name: name, Domain: "acme.example", EndsOn: day(1), AutoRenew: true, Years: 1, Price: eur(1200), Fee: eur(500), LastDay: day(31), RestoreFee: eur(8000),
			RestoreUntil: civil.On(2026, time.April, 30), Link: "/account/domains/dom_sample",
		}},
		{Kind: DomainEnded, Title: "Domain has left, or is lost", Vital: true, Sample: DomainEndedData{
			Name: name, Domain: "acme.example", Away: true, Link: "/account/domains/dom_sample",
		}},
		{Kind: DomainDeleted, Title: "Domain given up and deleted", Vital: true, Sample: DomainDeletedData{
			Name: name, Domain: "acme.example", Until: civil.On(2026, time.April, 30), Fee: eur(8000), Link: "/account/domains/dom_sample",
		}},
		{Kind: DomainRenewed, Title: "Domain renewed", Vital: true, Sample: DomainRenewedData{
			Name: name, Domain: "acme.example", ExpiresOn: civil.On(2027, time.April, 1), Reference: "R-12345", Off: true, Link: "/account/domains/dom_sample",
		}},
		{Kind: DomainHeld, Title: "Domain renewal waits for money", Vital: true, Sample: DomainHeldData{
			Name: name, Domain: "acme.example", Missing: eur(500), Link: "/account/invoices/inv_sample",
		}},
		{Kind: DomainWithdrawn, Title: "Domain renewal given up", Vital: true, Sample: DomainWithdrawnData{
			Name: name, Domain: "acme.example", Until: civil.On(2026, time.April, 30), Restore: true, Link: "/account/domains/dom_sample",
		}},
		{Kind: DomainNotPaid, Title: "Order of a domain given up", Vital: true, Sample: DomainNotPaidData{
			Name: name, Domain: "acme.example", Link: "/domains?q=acme.example",
		}},
		{Kind: DomainPriceNotice, Title: "Domain price change announced", Vital: true, Sample: DomainPriceNoticeData{
			Name: name, Domain: "acme.example", Years: 1, From: civil.On(2026, time.May, 1), OldPrice: eur(1200), NewPrice: eur(1400),
			Link: "/account/domains/dom_sample",
		}},
		{Kind: GuestClaim, Title: "Link to join an order to an account", Vital: true, Secret: true, Sample: GuestClaimData{
			Name: name, Number: "ord_sample", ValidUntil: at, Link: "/claim/sample",
		}},
		{Kind: SignInLink, Title: "Link to sign in", Vital: true, Secret: true, Sample: SignInLinkData{Name: name, ValidUntil: at, Link: "/account/link/sample"}},
		{Kind: DisputeOpenedStaff, Title: "Dispute opened", Staff: true, Vital: true, Sample: dispute},
		{Kind: DisputeClosedStaff, Title: "Dispute closed", Staff: true, Sample: closed},
		{Kind: LateMoneyStaff, Title: "Money for an ended invoice", Staff: true, Sample: LateMoneyStaffData{
			Customer: name, Amount: eur(16900), ReceivedOn: day(20), Invoice: invoice.Number, Status: "uncollectible", Link: "/admin/invoices/inv_sample",
		}},
		{Kind: StaffDigest, Title: "Daily digest", Staff: true, Sample: StaffDigestData{
			Day: day(1), Sales: []money.Money{eur(16900), money.New(4900, "USD")},
			News:  []DigestItem{{"New orders", 3, "/admin/orders"}, {"Renewals that were paid", 12, "/admin/subscriptions"}},
			Items: []DigestItem{{"Payments that failed", 2, "/admin/invoices?status=open"}, {"Work that failed", 1, "/admin/automation"}}, Link: "/admin",
		}},
		{Kind: StaffAlert, Title: "Alert", Staff: true, Sample: StaffAlertData{
			Title: "A payment has no invoice", Text: "49.00 EUR arrived with the reference INV-2026-9999.\nNo invoice has this number.", Link: "/admin",
		}},
	}
}
