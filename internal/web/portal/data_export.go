package portal

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web"
)

// The parts of a data export: what the store keeps about one customer, in names that stay.
type (
	exportedCustomer struct {
		Email    string        `json:"email"`
		Name     string        `json:"name"`
		Company  string        `json:"company"`
		Address  string        `json:"address"`
		State    string        `json:"state"`
		Country  string        `json:"country"`
		TaxID    string        `json:"tax_id"`
		Language string        `json:"language"`
		TimeZone string        `json:"time_zone"`
		Credit   []money.Money `json:"credit"`
		Since    time.Time     `json:"since"`
	}
	exportedLicense struct {
		Key         string               `json:"key"`
		Product     string               `json:"product"`
		Plan        string               `json:"plan"`
		Status      string               `json:"status"`
		ExpiresAt   *time.Time           `json:"expires_at"`
		CreatedAt   time.Time            `json:"created_at"`
		LastCheckAt *time.Time           `json:"last_check_at"`
		LastCheckIP string               `json:"last_check_ip"`
		Activations []exportedActivation `json:"activations"`
	}
	exportedActivation struct {
		Identifier  string    `json:"identifier"`
		Name        string    `json:"name"`
		IP          string    `json:"ip"`
		ActivatedAt time.Time `json:"activated_at"`
		LastSeenAt  time.Time `json:"last_seen_at"`
	}
	exportedSubscription struct {
		Name      string      `json:"name"`
		Status    string      `json:"status"`
		Price     money.Money `json:"price"`
		Quantity  int64       `json:"quantity"`
		Cycle     civil.Cycle `json:"cycle"`
		StartedOn civil.Date  `json:"started_on"`
		NextDue   civil.Date  `json:"next_due"`
		EndedOn   civil.Date  `json:"ended_on,omitzero"`
	}
	exportedDomain struct {
		Name            string                `json:"name"`
		Status          string                `json:"status"`
		RegisteredUntil civil.Date            `json:"registered_until,omitzero"` // as the registry says, in UTC
		PaidUntil       civil.Date            `json:"paid_until,omitzero"`
		NextDue         civil.Date            `json:"next_due,omitzero"`
		TermYears       int                   `json:"term_years"`
		Price           money.Money           `json:"price"`
		AutoRenew       bool                  `json:"auto_renew"`
		Nameservers     []string              `json:"nameservers"`
		Registrant      domainname.Registrant `json:"registrant"`
		Since           time.Time             `json:"since"`
		Renewals        []exportedRenewal     `json:"renewals"`
	}
	exportedRenewal struct {
		From   civil.Date  `json:"from"`
		Until  civil.Date  `json:"until"`
		Years  int         `json:"years"`
		Status string      `json:"status"`
		Price  money.Money `json:"price"`
		Fee    money.Money `json:"fee"`
		Since  time.Time   `json:"created_at"`
	}
	exportedInvoice struct {
		Number   string         `json:"number"`
		Status   string         `json:"status"`
		IssuedOn civil.Date     `json:"issued_on"`
		DueOn    civil.Date     `json:"due_on"`
		Buyer    billing.Party  `json:"buyer"`
		Lines    []exportedLine `json:"lines"`
		Net      money.Money    `json:"net"`
		Tax      money.Money    `json:"tax"`
		Total    money.Money    `json:"total"`
		Credited money.Money    `json:"credited"`
		Paid     money.Money    `json:"paid"`
	}
	exportedLine struct {
		Description string       `json:"description"`
		Period      civil.Period `json:"period,omitzero"`
		Quantity    int64        `json:"quantity"`
		Total       money.Money  `json:"total"`
	}
	exportedPayment struct {
		Gateway    string      `json:"gateway"`
		Reference  string      `json:"reference"`
		Money      money.Money `json:"money"`
		Refunded   money.Money `json:"refunded"`
		State      string      `json:"state"`
		ReceivedAt time.Time   `json:"received_at"`
	}
	exportedMethod struct {
		Gateway   string     `json:"gateway"`
		Label     string     `json:"label"`
		ExpiresOn civil.Date `json:"expires_on,omitzero"`
		Default   bool       `json:"default"`
	}
	export struct {
		ExportedAt     time.Time              `json:"exported_at"`
		Customer       exportedCustomer       `json:"customer"`
		Licenses       []exportedLicense      `json:"licenses"`
		Subscriptions  []exportedSubscription `json:"subscriptions"`
		Domains        []exportedDomain       `json:"domains"`
		Invoices       []exportedInvoice      `json:"invoices"`
		Payments       []exportedPayment      `json:"payments"`
		PaymentMethods []exportedMethod       `json:"payment_methods"`
	}
)

// dataExport hands out what the store keeps about the customer.
func (a *area) dataExport(w http.ResponseWriter, r *http.Request) error {
	me := visitorOf(r).customer
	e := export{
		ExportedAt: a.Clock.Now(), Customer: exportCustomer(me), Licenses: []exportedLicense{}, Subscriptions: []exportedSubscription{},
		Domains: []exportedDomain{}, Invoices: []exportedInvoice{}, Payments: []exportedPayment{}, PaymentMethods: []exportedMethod{},
	}
	for l, err := range a.Licenses.All(r.Context(), license.Filter{CustomerID: me.ID}) {
		if err != nil {
			return err
		}
		one, err := a.exportLicense(r, l)
		if err != nil {
			return err
		}
		e.Licenses = append(e.Licenses, one)
	}
	for s, err := range a.Subscriptions.All(r.Context(), subscription.Filter{CustomerID: me.ID}) {
		if err != nil {
			return err
		}
		e.Subscriptions = append(e.Subscriptions, exportedSubscription{
			s.Description, string(s.Status), s.Unit, s.Quantity, s.Cycle, s.StartedOn, s.NextDue, s.EndedOn,
		})
	}
	if err := a.exportDomains(r, &e, me.ID); err != nil {
		return err
	}
	for i, err := range a.Billing.All(r.Context(), billing.Filter{CustomerID: me.ID}) {
		if err != nil {
			return err
		}
		if i.Status != billing.Draft {
			e.Invoices = append(e.Invoices, exportInvoice(i))
		}
	}
	if err := a.exportPayments(r, &e, me.ID); err != nil {
		return err
	}
	content, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="your-data.json"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	web.Unhurried(w)
	_, _ = w.Write(content) // whoever has gone away has no use for an error
	return nil
}

func exportCustomer(c customer.Customer) exportedCustomer {
	return exportedCustomer{
		c.Email, c.Name, c.Company, c.Address, c.State, c.Country, c.TaxID, c.Language, c.TimeZone, append([]money.Money{}, c.Credit...), c.CreatedAt,
	}
}

func (a *area) exportLicense(r *http.Request, l license.License) (exportedLicense, error) {
	one := exportedLicense{
		l.Key, l.ProductName, l.PlanName, string(l.Status), l.ExpiresAt, l.CreatedAt, l.LastCheckAt, l.LastCheckIP, []exportedActivation{},
	}
	for after := ""; ; {
		found, next, err := a.Licenses.Activations(r.Context(), l.ID, after, perPage)
		if err != nil {
			return one, err
		}
		for _, act := range found {
			one.Activations = append(one.Activations, exportedActivation{act.Identifier, act.Name, act.IP, act.ActivatedAt, act.LastSeenAt})
		}
		if after = next; next == "" {
			return one, nil
		}
	}
}

// renewalsExported is more than a domain can have in a lifetime.
const renewalsExported = 1000

func (a *area) exportDomains(r *http.Request, e *export, customerID string) error {
	for after := ""; ; {
		found, next, err := a.Domains.List(r.Context(), domainname.Filter{CustomerID: customerID, Cursor: after, Limit: perPage})
		if err != nil {
			return err
		}
		for _, d := range found {
			one := exportedDomain{
				d.Name.Unicode(), string(d.Standing.Status), d.Expiry.Date(), d.PaidThrough, d.NextDue, d.Term, d.Recurring, !d.DoNotRenew,
				append([]string{}, d.Nameservers...), d.Registrant, d.CreatedAt,
				[]exportedRenewal{},
			}
			all, err := a.Domains.Renewals(r.Context(), d.ID, renewalsExported)
			if err != nil {
				return err
			}
			for _, n := range all {
				one.Renewals = append(one.Renewals, exportedRenewal{n.Base, n.Expected, n.Years, string(n.State), n.Price, n.Fee, n.CreatedAt})
			}
			e.Domains = append(e.Domains, one)
		}
		if after = next; next == "" {
			return nil
		}
	}
}

func exportInvoice(i billing.Invoice) exportedInvoice {
	out := exportedInvoice{i.Number, string(i.Status), i.IssuedOn, i.DueOn, i.Buyer, []exportedLine{}, i.Net, i.Tax, i.Total, i.Credited, i.Paid}
	for _, l := range i.Lines {
		out.Lines = append(out.Lines, exportedLine{l.Description, l.Period, l.Quantity, l.Total})
	}
	return out
}

func (a *area) exportPayments(r *http.Request, e *export, customerID string) error {
	for after := ""; ; {
		found, next, err := a.Payments.List(r.Context(), payment.Filter{CustomerID: customerID, Cursor: after, Limit: perPage})
		if err != nil {
			return err
		}
		for _, p := range found {
			e.Payments = append(e.Payments, exportedPayment{p.Gateway, p.Reference, p.Money, p.Refunded, string(p.State), p.ReceivedAt})
		}
		if after = next; next == "" {
			break
		}
	}
	saved, err := a.Payments.Methods(r.Context(), customerID)
	for _, m := range saved {
		e.PaymentMethods = append(e.PaymentMethods, exportedMethod{m.Gateway, m.Label, m.ExpiresOn, m.Default})
	}
	return err
}
