package acceptance

import "fmt"

// cash is an amount in minor units.
type cash struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

func (m cash) String() string { return fmt.Sprintf("%d.%02d", m.Amount/100, m.Amount%100) }

func eur(amount int64) cash { return cash{amount, "EUR"} }

type period struct{ Start, End string }

func (p *period) String() string {
	if p == nil {
		return "-"
	}
	return "[" + p.Start + ", " + p.End + ")"
}

type invoice struct {
	ID       string
	Number   *string
	Status   string
	IssuedOn string `json:"issued_on"`
	Total    cash
	Balance  cash
	Lines    []struct {
		ID     string
		Total  cash
		Period *period
	}
}

// String is the day of the invoice, the period of its first line, its status, total and balance.
func (i invoice) String() string {
	return fmt.Sprintf("%s %s %s %s %s", i.IssuedOn, i.Lines[0].Period, i.Status, i.Total, i.Balance)
}

type order struct {
	ID              string
	InvoiceID       string   `json:"invoice_id"`
	LicenseIDs      []string `json:"license_ids"`
	SubscriptionIDs []string `json:"subscription_ids"`
}

type payment struct {
	ID        string
	InvoiceID string `json:"invoice_id"`
	Gateway   string
	Reference string
	Money     cash
	State     string
	Refunded  cash
	Dispute   *string
}

func (p payment) String() string {
	return fmt.Sprintf("%s %s %s refunded %s", p.Gateway, p.State, p.Money, p.Refunded)
}

// attempt is one try to charge.
type attempt struct {
	ID         string
	PaymentID  string `json:"payment_id"`
	State      string
	Unanswered bool
	ActionURL  *string `json:"action_url"`
	CreatedAt  string  `json:"created_at"`
}

func (a attempt) String() string { return a.CreatedAt[:10] + " " + a.State }

type subscription struct {
	Status            string
	Period            *period
	NextDue           *string `json:"next_due"`
	CancelAtPeriodEnd bool    `json:"cancel_at_period_end"`
}

type license struct {
	Status    string
	ExpiresAt *string `json:"expires_at"`
}

type page[T any] struct{ Data []T }

// customer makes a customer who pays with a card of the sandbox, or with none.
func (s *store) customer(card string) (id string) {
	s.t.Helper()
	s.made++
	var made struct{ ID string }
	s.do("POST", "/customers", object{"email": fmt.Sprintf("customer-%d@example.com", s.made), "name": "Ada"}, &made)
	if card != "" {
		s.card(made.ID, card)
	}
	return made.ID
}

// card gives a customer another card.
func (s *store) card(customer, token string) {
	s.t.Helper()
	s.do("POST", "/customers/"+customer+"/payment-methods", object{"gateway": "sandbox", "token": token}, nil)
}

func (s *store) credit(customer string) cash {
	s.t.Helper()
	var got struct{ Credit cash }
	s.do("GET", "/customers/"+customer, nil, &got)
	return got.Credit
}

// price makes a plan of the store's one product, and its price.
func (s *store) price(cycle string, amount int64, trialDays int) (id string) {
	s.t.Helper()
	var made struct{ ID string }
	if s.product == "" {
		s.do("POST", "/products", object{"slug": "tool", "name": "Tool", "requires_license": true}, &made)
		s.product = made.ID
	}
	s.made++
	s.do("POST", "/products/"+s.product+"/plans", object{"name": fmt.Sprintf("Plan %d", s.made), "activation_type": "device", "activation_limit": 2}, &made)
	s.do("POST", "/plans/"+made.ID+"/prices", object{"cycle": cycle, "money": eur(amount), "trial_days": trialDays}, &made)
	return made.ID
}

func (s *store) order(customer, price string, quantity int) order {
	s.t.Helper()
	var made order
	s.do("POST", "/orders", object{"customer_id": customer, "items": []object{{"price_id": price, "quantity": quantity}}}, &made)
	return made
}

// buy orders and pays. It returns the order as it is then.
func (s *store) buy(customer, price string, quantity int) order {
	s.t.Helper()
	o := s.order(customer, price, quantity)
	if balance := s.invoice(o.InvoiceID).Balance.Amount; balance > 0 {
		s.pay(o.InvoiceID, balance)
	}
	s.do("GET", "/orders/"+o.ID, nil, &o)
	return o
}

// pay records money that came by bank.
func (s *store) pay(invoice string, amount int64) payment {
	s.t.Helper()
	s.made++
	var made payment
	s.do("POST", "/invoices/"+invoice+"/payments", object{"gateway": "manual", "money": eur(amount), "reference": fmt.Sprintf("bank %d", s.made)}, &made)
	return made
}

func (s *store) charge(invoice string) attempt {
	s.t.Helper()
	var made attempt
	s.do("POST", "/invoices/"+invoice+"/charge", nil, &made)
	return made
}

func (s *store) invoice(id string) invoice {
	s.t.Helper()
	var got invoice
	s.do("GET", "/invoices/"+id, nil, &got)
	return got
}

func (s *store) balance(invoice string) cash {
	s.t.Helper()
	return s.invoice(invoice).Balance
}

// invoices are those of a customer, the oldest first.
func (s *store) invoices(customer string) []invoice {
	s.t.Helper()
	var got page[invoice]
	s.do("GET", "/invoices?customer_id="+customer, nil, &got)
	return reversed(got.Data)
}

func (s *store) wantInvoices(customer string, want ...string) {
	s.t.Helper()
	s.wantLines("invoices", texts(s.invoices(customer)), want)
}

func (s *store) payments(invoice string) []payment {
	s.t.Helper()
	var got page[payment]
	s.do("GET", "/payments?invoice_id="+invoice, nil, &got)
	return reversed(got.Data)
}

func (s *store) wantPayments(invoice string, want ...string) {
	s.t.Helper()
	s.wantLines("payments", texts(s.payments(invoice)), want)
}

func (s *store) attempts(invoice string) []attempt {
	s.t.Helper()
	var got page[attempt]
	s.do("GET", "/invoices/"+invoice+"/attempts", nil, &got)
	return got.Data
}

func (s *store) wantAttempts(invoice string, want ...string) {
	s.t.Helper()
	s.wantLines("attempts", texts(s.attempts(invoice)), want)
}

func (s *store) subscription(id string) subscription {
	s.t.Helper()
	var got subscription
	s.do("GET", "/subscriptions/"+id, nil, &got)
	return got
}

func (s *store) license(id string) license {
	s.t.Helper()
	var got license
	s.do("GET", "/licenses/"+id, nil, &got)
	return got
}

// wantState compares how the subscription of an order stands, and its license.
func (s *store) wantState(o order, want string) {
	s.t.Helper()
	s.want("subscription and license", s.subscription(o.SubscriptionIDs[0]).Status+", "+s.license(o.LicenseIDs[0]).Status, want)
}

// wantLines compares lists that people read.
func (s *store) wantLines(what string, got, want []string) {
	s.t.Helper()
	if fmt.Sprintf("%q", got) == fmt.Sprintf("%q", want) {
		return
	}
	s.t.Errorf("%s:", what)
	for _, line := range got {
		s.t.Logf("  got  %s", line)
	}
	for _, line := range want {
		s.t.Logf("  want %s", line)
	}
}

func texts[T fmt.Stringer](list []T) []string {
	out := []string{}
	for _, v := range list {
		out = append(out, v.String())
	}
	return out
}

func reversed[T any](list []T) []T {
	out := make([]T, 0, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		out = append(out, list[i])
	}
	return out
}
