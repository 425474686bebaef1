package notice

import (
	"context"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/text"
)

// moment is an event with what it says.
type moment struct {
	event.Event
	facts
}

// facts are what rooms say in the data of their events, as far as rules ask.
type facts struct {
	InvoiceID    string `json:"invoice_id"`
	PaymentID    string `json:"payment_id"`
	AttemptID    string `json:"attempt_id"`
	RefundID     string `json:"refund_id"`
	DisputeID    string `json:"dispute_id"`
	CreditNoteID string `json:"credit_note_id"`
	TaskID       string `json:"task_id"`

	Kind          string `json:"kind"` // of the invoice, of the order, of the task, of the line's fulfilment
	Number        string `json:"number"`
	Status        string `json:"status"`
	From          string `json:"from"` // the status before; of a price change, the day
	Reason        string `json:"reason"`
	Why           string `json:"why"`
	Cause         string `json:"cause"`
	Code          string `json:"code"`
	Gateway       string `json:"gateway"`
	InvoiceStatus string `json:"invoice_status"`
	ActionURL     string `json:"action_url"`
	Detail        string `json:"detail"`
	Error         string `json:"error"`
	Nth           int    `json:"nth"`

	Total   sum `json:"total"`
	Money   sum `json:"money"`
	Applied sum `json:"applied"`
	Credit  sum `json:"credit"`
	Freed   sum `json:"freed"`

	PriceID      string     `json:"price_id"`
	Quantity     int64      `json:"quantity"`
	FromPriceID  string     `json:"from_price_id"`
	FromQuantity int64      `json:"from_quantity"`
	On           civil.Date `json:"on"` // for which day a change is planned

	Domain    string     `json:"shown"` // its name as people read it
	ExpiresOn civil.Date `json:"expires_on"`
	DueOn     civil.Date `json:"due_on"`
	TermYears int        `json:"term_years"`
	Recurring sum        `json:"recurring"`
	AutoRenew bool       `json:"auto_renew"`

	// Of the renewal of a domain.
	RenewalID    string     `json:"renewal_id"`
	Settled      bool       `json:"paid"` // there is nothing that the customer must know besides
	Hold         string     `json:"hold"`
	Missing      sum        `json:"missing"`
	FeeInvoiceID string     `json:"fee_invoice_id"`
	Reference    string     `json:"reference"`
	LastDay      civil.Date `json:"last_day"`
	Restore      bool       `json:"restore"`
	StartsOn     civil.Date `json:"starts_on"`
	Differs      bool       `json:"differs"` // the price is the registry's, and nobody has accepted it

	PriceUpdateID string `json:"price_update_id"`
	Notify        bool   `json:"notify"` // whether the customer is to be told
	Before        sum    `json:"before"` // of one
	After         sum    `json:"after"`
}

// sum is money as an event says it. One that says nothing about its money, in no currency, can be read as well.
type sum struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

func (s sum) times(n int64) money.Money { return money.New(s.Amount*n, money.Currency(s.Currency)) }

func (s sum) money() money.Money { return money.New(s.Amount, money.Currency(s.Currency)) }

// desk is where a mail is written: the event, and the store as its transaction sees it.
type desk struct {
	moment

	tx  *db.Tx
	now *setting.Settings
	to  person // the customer, set by whoever reads who that is
}

// today is the day in the store's zone.
func (d *desk) today() civil.Date { return civil.Of(d.tx.Now, d.now.TimeZone) }

// language is that of the reader.
func (d *desk) language() string {
	if d.to.language != "" {
		return d.to.language
	}
	return d.now.Language
}

// words are those of the reader's language.
func (d *desk) words() *words { return wordsOf(d.language()) }

// link is a page of the customer's account. A guest has none yet.
func (d *desk) link(path string) string {
	if d.to.guest {
		return ""
	}
	return path
}

// person is a customer as one writes to them.
type person struct {
	id, name, email, language string
	guest                     bool
}

// personOf is the customer of a row. fold is what the customer is found by: for a guest not the address.
func personOf(id, name, email, fold, language string) person {
	return person{id: id, name: name, email: email, language: language, guest: fold != text.Fold(email)}
}

// letter addresses a letter to the person.
func (p person) letter(m mail.Message) mail.Message {
	m.To, m.CustomerID, m.Language = p.email, p.id, p.language
	return m
}

// rule says which mail an event makes.
type rule struct {
	on    string
	mail  mail.Kind
	staff bool // to the store's own people; otherwise to the customer
	// about is what the mail is about, and once which of several about it; nil: the event's subject, and the event itself.
	about func(m moment) string
	once  func(d *desk) string
	when  func(m moment) bool // as far as the event alone says; nil: always
	// says is the whole condition in words.
	says string
	// make returns what the mail says, nil if there is nothing to say after all. Of a mail to a customer it sets to whom.
	make func(ctx context.Context, d *desk) (data any, err error)
	// makeAll is make for many events at once, in their order; nil: it makes one after another. It must be the only rule of
	// its event.
	makeAll func(ctx context.Context, desks []*desk) (data []any, err error)
}

func (r rule) subject(m moment) string {
	if r.about == nil {
		return m.SubjectID
	}
	return r.about(m)
}

func (r rule) occasion(d *desk) string {
	if r.once == nil {
		return d.ID
	}
	return r.once(d)
}

// dateOf reads a date that the store has written; empty text is none.
func dateOf(s string) civil.Date {
	if s == "" {
		return civil.Date{}
	}
	d, _ := civil.Parse(s) // written from a date
	return d
}
