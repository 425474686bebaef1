package setting

import (
	"encoding/json"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/money"
)

// Definition describes one setting for the settings page, the documentation and the admin API.
type Definition struct {
	Name        string // dotted: "store.time_zone"
	Label       string
	Description string
	Type        Type
	Choices     []string // of a Choice: the values that are allowed
	Default     any      // as All and the admin API show it

	// read checks a value and puts it into a snapshot.
	read func(raw json.RawMessage, into *Settings) error
	// show is the value in a snapshot as JSON marshals it.
	show func(from *Settings) any
}

// Type says what kind of value a setting takes, and so which form field it gets.
type Type string

// The types of settings.
const (
	Text     Type = "text"     // a line
	Lines    Type = "lines"    // text of several lines
	Number   Type = "number"   // a whole number
	Choice   Type = "choice"   // one of a few values
	Zone     Type = "zone"     // an IANA time zone
	Currency Type = "currency" // an ISO 4217 code
	Networks Type = "networks" // a list of addresses and networks in CIDR notation
	Switch   Type = "switch"   // on or off
	Days     Type = "days"     // a list of numbers of days
	Map      Type = "map"      // numbers of days by cycle
	Emails   Type = "emails"   // a list of e-mail addresses
	Rates    Type = "rates"    // decimals by pair of currencies
)

// Settings is a snapshot of all settings. Treat it as immutable.
type Settings struct {
	StoreName string
	TimeZone  *time.Location
	Currency  money.Currency
	// ExchangeRates are those that the store converts by, and RatesSince when they were changed last; zero: never.
	ExchangeRates ExchangeRates
	RatesSince    time.Time
	Address       string // of the seller, as on invoices; several lines
	BaseURL       string // without a slash at its end; empty: the address that was asked

	Language string // of mails and documents for customers who chose none: "en" or "de"

	NumberFormat       string // of invoices: {yyyy}, {mm}, {n}
	CreditNumberFormat string // of credit notes
	NumberAt           string // when an invoice takes its number: "finalisation" or "payment"
	DueDays            int    // of invoices that belong to no period of a subscription
	PaymentNote        string // how to pay by hand, shown on invoices

	InvoiceDays   int            // days before a period begins on which its invoice is made
	InvoiceDaysOf map[string]int // by cycle, where it differs
	CaptureDays   int            // days before it is due on which it is charged
	RetryDays     []int          // days after it was due on which a failed charge is tried again
	RemindDays    int            // days before it is due on which the customer is reminded; 0: not
	OverdueDays   []int          // days after it was due on which the customer is reminded
	GraceDays     int
	ExpireDays    int
	ExpireLater   bool // whether the last date may lie after the end of the unpaid period
	Proration     string
	RecoverFrom   string // from where a recovered period counts: "expiry" or "payment"
	CreditPause   bool   // whether suspended time is credited
	HoldFactor    int    // times the busiest day's charges beyond which a day's wait for staff; 0: they never do
	HoldAbove     int    // charges of a day that never wait
	RenewExpired  bool   // whether money revives an expired license

	TaxMode    string // "off", "exclusive" or "inclusive"
	TaxCountry string // of the seller
	TaxID      string
	TaxEU      string // "off", "threshold" or "oss"

	DomainAutoRenew   bool   // whether the automatic invoices of a new domain are on
	DomainInvoiceDays int    // days before next due; -1: as for everything else
	DomainWithdraw    bool   // whether an unpaid line is withdrawn when the customer turns auto renew off
	DomainRenewOnPay  bool   // whether a paid renewal is sent at once
	DomainOrders      bool   // whether customers can order renewals
	DomainOrderDays   int    // after which an unpaid order of a renewal, or of a new domain, is given up
	DomainVoidDays    int    // after the last plain day, where there is no grace
	DomainFreeLost    string // what becomes of a free domain whose service has ended: "task" or "convert"
	DomainFeeBilling  string // how a late fee is asked for: "separate" or "replace"
	DomainSyncDue     bool   // whether next due follows the registry's date
	DomainSyncBatch   int    // domains read in a run
	DomainFundsDays   int    // alert when the registrar's balance covers less
	DomainServers     string // nameservers of new domains, one a line

	MailServer  string // host:port; empty: mails wait
	MailUser    string
	MailTLS     string // "starttls", "tls" or "none"
	MailFrom    string
	MailReplyTo string
	MailStaff   []string

	PerMinute      int // calls of the license API per address and endpoint
	UnknownPerHour int // unknown license keys per address
	Exempt         []netip.Prefix
	TrustedProxies []netip.Prefix

	TermsURL     string // of the terms of sale; empty: none
	TermsVersion string // of terms, privacy policy and consent, kept with every consent
	PrivacyURL   string // of the privacy policy; empty: none
	ConsentText  string // of a further box at the checkout; empty: none

	WebhookNetworks []netip.Prefix // that webhooks may be sent to although they are not public

	LicenseDock string // the dialect of the LicenseDock mount: "1.0" or "1.9"

	RejectedDays     int // how long rejected activations are kept
	VerificationDays int // how long logged checks are kept
	MailDays         int // how long mails are kept
}

// ratesName is the setting whose date of change is part of the snapshot.
const ratesName = "store.exchange_rates"

// definitions is every setting there is, in the order in which people read them.
var definitions = []Definition{
	define("store.name", "Name of the store", "Shown on pages, invoices and in authenticator apps.",
		line(1, 100), "Keystead", func(s *Settings) *string { return &s.StoreName }),
	define("store.time_zone", "Time zone", "Billing dates are days in this zone. Past dates keep the day they had.",
		zone(), "UTC", func(s *Settings) **time.Location { return &s.TimeZone }),
	define("store.currency", "Currency", "The currency of new customers and prices.",
		currency(), "EUR", func(s *Settings) *money.Currency { return &s.Currency }),
	define(ratesName, "Exchange rates", "What one unit of a currency is worth in another one, such as EUR/USD: 1.0842. Fees and prices of registries that are not set in a customer's currency are converted by them, and rounded once.",
		exchangeRates(), map[string]string{}, func(s *Settings) *ExchangeRates { return &s.ExchangeRates }),
	define("store.address", "Address", "The seller on invoices: company, street, place, tax number.",
		lines(), "", func(s *Settings) *string { return &s.Address }),
	define("store.base_url", "Address of this site", "How customers reach the store, such as https://store.example.com. Links in pages and feeds begin with it. Empty: the address that was asked.",
		baseURL(), "", func(s *Settings) *string { return &s.BaseURL }),

	define("store.language", "Language", "The language of mails and invoices for customers who have not chosen one.",
		choice("en", "de"), "en", func(s *Settings) *string { return &s.Language }),

	define("billing.number_format", "Invoice numbers", "{n} is the number, which runs on without gaps, {yyyy} the year and {mm} the month of the invoice. Invoices keep the number that they have.",
		numberFormat(), "INV-{yyyy}-{n}", func(s *Settings) *string { return &s.NumberFormat }),
	define("billing.due_days", "Days to pay", "An invoice is due this many days after it was issued.",
		number(0, 365), 14, func(s *Settings) *int { return &s.DueDays }),
	define("billing.credit_number_format", "Credit note numbers", "As invoice numbers, in a series of their own.",
		numberFormat(), "CN-{yyyy}-{n}", func(s *Settings) *string { return &s.CreditNumberFormat }),
	define("billing.number_at", "Number at", "When an invoice takes its number: when it is issued, or only when it is paid (proforma).",
		choice("finalisation", "payment"), "finalisation", func(s *Settings) *string { return &s.NumberAt }),
	define("billing.payment_note", "How to pay", "Shown on open invoices: bank account, what to name as the reference.",
		lines(), "", func(s *Settings) *string { return &s.PaymentNote }),

	define("billing.invoice_days", "Invoice ahead", "A renewal is invoiced this many days before its period begins.",
		number(0, 90), 14, func(s *Settings) *int { return &s.InvoiceDays }),
	define("billing.invoice_days_by_cycle", "Invoice ahead, by cycle", "Days for cycles that differ, such as {\"annual\": 30}.",
		daysByCycle(90), map[string]int{}, func(s *Settings) *map[string]int { return &s.InvoiceDaysOf }),
	define("billing.capture_days", "Charge ahead", "A saved card is charged this many days before the invoice is due.",
		number(0, 90), 0, func(s *Settings) *int { return &s.CaptureDays }),
	define("billing.retry_days", "Retry a charge", "Days after the due date on which a failed charge is tried again.",
		days(20, 365), []int{1, 3, 5, 7}, func(s *Settings) *[]int { return &s.RetryDays }),
	define("billing.remind_days", "Remind before", "Days before the due date on which the customer is reminded. 0: no reminder.",
		number(0, 90), 3, func(s *Settings) *int { return &s.RemindDays }),
	define("billing.overdue_days", "Remind after", "Days after the due date of the first, second and third reminder.",
		days(3, 365), []int{2, 6, 10}, func(s *Settings) *[]int { return &s.OverdueDays }),
	define("billing.grace_days", "Grace period", "Days after the due date for which an unpaid subscription still runs. Keep it shorter than the shortest cycle that you sell.",
		number(0, 365), 14, func(s *Settings) *int { return &s.GraceDays }),
	define("billing.expire_days", "Last day", "Days after the due date on which an unpaid subscription ends for good. 0: never.",
		number(0, 3650), 30, func(s *Settings) *int { return &s.ExpireDays }),
	define("billing.expire_later", "Last day may lie later", "Whether the last day may lie after the end of the unpaid period.",
		onOff(), false, func(s *Settings) *bool { return &s.ExpireLater }),
	define("billing.proration", "Proration", "How a part of a period is counted when a plan changes or ends within it.",
		choice("days-actual", "fixed-30", "seconds"), "days-actual", func(s *Settings) *string { return &s.Proration }),
	define("billing.recover_from", "A late payment counts from", "Whether a period that is paid late counts from the old expiry or from the payment.",
		choice("expiry", "payment"), "expiry", func(s *Settings) *string { return &s.RecoverFrom }),
	define("billing.credit_suspended", "Credit suspended time", "Whether time for which a license was suspended for want of payment is credited afterwards.",
		onOff(), false, func(s *Settings) *bool { return &s.CreditPause }),

	define("billing.hold_factor", "Hold unusual days", "Renewals of a day wait to be charged until staff release them if they are more than this many times those of the busiest of the last 60 days. 0: they never wait.",
		number(0, 1000), 5, func(s *Settings) *int { return &s.HoldFactor }),
	define("billing.hold_above", "Hold no fewer than", "So many charges a day never wait, however unusual.",
		number(0, 1_000_000), 100, func(s *Settings) *int { return &s.HoldAbove }),

	define("licenses.renew_expired", "Money revives licenses", "Whether a late payment or a renewal brings an expired license back.",
		onOff(), false, func(s *Settings) *bool { return &s.RenewExpired }),

	define("shop.terms_url", "Terms", "The address of your terms of sale. With one, customers agree to them before they order.",
		webAddress(), "", func(s *Settings) *string { return &s.TermsURL }),
	define("shop.privacy_url", "Privacy policy", "The address of your privacy policy. With one, customers confirm before they order that they have read it.",
		webAddress(), "", func(s *Settings) *string { return &s.PrivacyURL }),
	define("shop.consent_text", "Further consent", "What else customers agree to before they order, in these words, such as that they lose the right of withdrawal with the download. Empty: nothing.",
		lines(), "", func(s *Settings) *string { return &s.ConsentText }),
	define("shop.terms_version", "Version of these texts", "Kept with every consent, such as the date from which the texts hold.",
		line(0, 64), "", func(s *Settings) *string { return &s.TermsVersion }),

	define("tax.mode", "Tax", "off: no tax. exclusive: tax is added to prices. inclusive: prices contain it.",
		choice("off", "exclusive", "inclusive"), "off", func(s *Settings) *string { return &s.TaxMode }),
	define("tax.country", "Your country", "Two letters, such as DE. Where you are taxed.",
		country(), "", func(s *Settings) *string { return &s.TaxCountry }),
	define("tax.id", "Your tax number", "Shown on invoices.",
		line(0, 50), "", func(s *Settings) *string { return &s.TaxID }),
	define("tax.eu", "VAT of the EU", "off: only the rates that you enter. threshold: your own VAT for all consumers of the EU. oss: that of the buyer's country.",
		choice("off", "threshold", "oss"), "off", func(s *Settings) *string { return &s.TaxEU }),

	define("domains.default_auto_renew", "New domains renew", "The automatic invoices of a new domain are on. The customer can turn them off.",
		onOff(), true, func(s *Settings) *bool { return &s.DomainAutoRenew }),
	define("domains.invoice_days", "Invoice domains ahead", "Days before a domain's next due date on which its invoice is made. -1: as for everything else.",
		number(-1, 365), -1, func(s *Settings) *int { return &s.DomainInvoiceDays }),
	define("domains.withdraw_on_do_not_renew", "Withdraw on do not renew", "When auto renew is turned off, the unpaid line of the renewal is withdrawn.",
		onOff(), true, func(s *Settings) *bool { return &s.DomainWithdraw }),
	define("domains.renew_on_payment", "Renew on payment", "A paid renewal is sent to the registry at once. Off: staff send it.",
		onOff(), true, func(s *Settings) *bool { return &s.DomainRenewOnPay }),
	define("domains.renewal_orders", "Renewals on demand", "Customers can order renewals at any time.",
		onOff(), true, func(s *Settings) *bool { return &s.DomainOrders }),
	define("domains.order_days", "Keep orders of domains", "Days after which an ordered, unpaid renewal is withdrawn, and an unpaid order of a new domain gives its name up.",
		number(1, 90), 7, func(s *Settings) *int { return &s.DomainOrderDays }),
	define("domains.void_after_days", "Void after the last day", "Days after the last day of a renewal on which an unpaid one is voided, where the registry has no grace period.",
		number(0, 90), 0, func(s *Settings) *int { return &s.DomainVoidDays }),
	define("domains.free_lost", "Free domains without their service", "task: staff are asked. convert: the domain costs its list price from then on, and the customer is told.",
		choice("task", "convert"), "task", func(s *Settings) *string { return &s.DomainFreeLost }),
	define("domains.fee_billing", "Late fees", "separate: an invoice of its own, which the renewal waits for. replace: the invoice is issued anew with the fee.",
		choice("separate", "replace"), "separate", func(s *Settings) *string { return &s.DomainFeeBilling }),
	define("domains.sync_next_due", "Next due follows the registry", "When a registry's date is corrected, next due moves along.",
		onOff(), false, func(s *Settings) *bool { return &s.DomainSyncDue }),
	define("domains.sync_batch", "Domains per sync run", "How many domains are read in one run.",
		number(1, 10_000), 50, func(s *Settings) *int { return &s.DomainSyncBatch }),
	define("domains.funds_alert_days", "Low balance", "Staff are alerted when a registrar's balance covers less than this many days of renewals.",
		number(0, 365), 14, func(s *Settings) *int { return &s.DomainFundsDays }),
	define("domains.nameservers", "Nameservers of new domains", "One a line.",
		lines(), "", func(s *Settings) *string { return &s.DomainServers }),

	define("mail.smtp", "Mail server", "Name and port of the server that takes mails, such as smtp.example.com:587. Empty: mails wait in the outbox.",
		hostPort(), "", func(s *Settings) *string { return &s.MailServer }),
	define("mail.smtp_user", "User of the mail server", "Empty: it takes mails without a sign-in. The password is set apart.",
		line(0, 255), "", func(s *Settings) *string { return &s.MailUser }),
	define("mail.smtp_tls", "Encryption to the mail server", "starttls: on the usual ports 587 and 25. tls: on port 465. none: for a server on this machine.",
		choice("starttls", "tls", "none"), "starttls", func(s *Settings) *string { return &s.MailTLS }),
	define("mail.from", "Sender", "The address that mails come from. Mails wait until there is one.",
		email(), "", func(s *Settings) *string { return &s.MailFrom }),
	define("mail.reply_to", "Answers go to", "Empty: to the sender.",
		email(), "", func(s *Settings) *string { return &s.MailReplyTo }),
	define("mail.staff", "Mail to staff", "Addresses that get the daily digest and alerts.",
		emails(), []string{}, func(s *Settings) *[]string { return &s.MailStaff }),

	define("webhooks.networks", "Private networks for webhooks", "Addresses and networks that webhooks may be sent to although they are not public.",
		networks(), []string{}, func(s *Settings) *[]netip.Prefix { return &s.WebhookNetworks }),

	define("limits.per_minute", "Calls per minute", "How often one address may call each endpoint of the license API in a minute.",
		number(1, 100_000), 60, func(s *Settings) *int { return &s.PerMinute }),
	define("limits.unknown_per_hour", "Unknown keys per hour", "How many unknown license keys one address may try in an hour.",
		number(1, 100_000), 40, func(s *Settings) *int { return &s.UnknownPerHour }),
	define("limits.exempt", "Networks without limits", "Addresses and networks whose calls are not counted.",
		networks(), []string{}, func(s *Settings) *[]netip.Prefix { return &s.Exempt }),
	define("limits.trusted_proxies", "Trusted proxies", "Addresses and networks of your own proxies. Only from them is the client's address taken from X-Forwarded-For.",
		networks(), []string{}, func(s *Settings) *[]netip.Prefix { return &s.TrustedProxies }),

	define("compat.licensedock", "LicenseDock dialect", "Which version of LicenseDock the paths of software written for it answer like.",
		choice("1.0", "1.9"), "1.0", func(s *Settings) *string { return &s.LicenseDock }),

	define("logs.rejected_days", "Keep rejected activations", "Days after which a rejected activation is forgotten.",
		number(1, 3650), 90, func(s *Settings) *int { return &s.RejectedDays }),
	define("logs.mail_days", "Keep mails", "Days after which a mail is forgotten that was sent, failed or cancelled.",
		number(30, 3650), 730, func(s *Settings) *int { return &s.MailDays }),
	define("logs.verification_days", "Keep logged checks", "Days after which a check is forgotten that was answered with anything but valid, or changed a place.",
		number(1, 3650), 90, func(s *Settings) *int { return &s.VerificationDays }),
}

// Definitions lists every setting, in the order in which people read them.
func Definitions() []Definition { return slices.Clone(definitions) }

func definition(name string) (Definition, bool) {
	for _, d := range definitions {
		if d.Name == name {
			return d, true
		}
	}
	return Definition{}, false
}

// define ties a kind of value to its field in the snapshot. V is the value in JSON, T the one in the snapshot.
func define[V, T any](name, label, description string, k kind[V, T], standard V, field func(*Settings) *T) Definition {
	return Definition{
		Name: name, Label: label, Description: description, Type: k.name, Choices: k.choices, Default: standard,
		read: func(raw json.RawMessage, into *Settings) error {
			var v V
			if err := strict(raw, &v); err != nil {
				return k.mistyped
			}
			t, err := k.parse(v)
			if err != nil {
				return err
			}
			*field(into) = t
			return nil
		},
		show: func(from *Settings) any { return k.show(*field(from)) },
	}
}

// standard is the settings of a store in which nothing was set.
var standard = sync.OnceValue(func() (s Settings) {
	for _, d := range definitions {
		raw, err := json.Marshal(d.Default)
		if err == nil {
			err = d.read(raw, &s)
		}
		if err != nil {
			panic("setting: default of " + d.Name + ": " + err.Error())
		}
	}
	return s
})
