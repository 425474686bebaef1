package renewal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
)

// batchSize is how many domains one transaction invoices: few enough that whoever else wants to write waits for some hundredths
// of a second.
const batchSize = 250

// InvoiceDays is how long before next due the invoice is made.
func InvoiceDays(st setting.Settings) int {
	return st.DomainInvoiceAhead()
}

// dayKey names the day of an instant, by the store's zone and by UTC: what depends on days is looked at once in each.
func dayKey(now time.Time, zone *time.Location) string {
	return civil.Of(now, zone).String() + "/" + domainname.RegistryDate(now).String()
}

// place is where a pass has come to, in the order of due dates.
type place struct{ due, id string }

// invoiceDue makes the automatic invoices that are due, batch by batch. A batch that can't be made is left to who makes one by
// one, and finds which of them it was.
func (s *Service) invoiceDue(ctx context.Context, p *automation.Pass) error {
	for at := (place{}); ; {
		made, more := 0, false
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			n, next, page, err := s.invoiceBatch(ctx, tx, at, p.CustomerID())
			made, more = n, page
			if err == nil {
				tx.OnCommit(func() { at = next })
			}
			return err
		})
		if err != nil || !more {
			return nil //nolint:nilerr // the failure is found again, and recorded, with the domain that it belongs to
		}
		p.DoneMany(made)
	}
}

func (s *Service) invoiceBatch(ctx context.Context, tx *db.Tx, at place, customerID string) (made int, next place, more bool, err error) {
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return 0, at, false, err
	}
	horizon, key := civil.Of(tx.Now, st.TimeZone).AddDays(InvoiceDays(st)).String(), dayKey(tx.Now, st.TimeZone)
	ask := query.DomainsToInvoiceParams{Horizon: &horizon, Today: &key, AfterDue: at.due, After: at.id, CustomerID: customerID, N: batchSize}
	rows, err := tx.DomainsToInvoice(ctx, ask)
	if err != nil || len(rows) == 0 {
		return 0, at, false, err
	}
	if tx.Engine() != db.SQLite {
		// Who is there is read again under the locks of customers and domains.
		if err := lockMany(ctx, tx, rows); err != nil {
			return 0, at, false, err
		}
		locked := map[string]bool{}
		for _, r := range rows {
			locked[r.ID] = true
		}
		if rows, err = tx.DomainsToInvoice(ctx, ask); err != nil {
			return 0, at, false, err
		}
		rows = slices.DeleteFunc(rows, func(r query.Domain) bool { return !locked[r.ID] })
	}
	domains, err := domainname.Of(rows)
	if err != nil || len(domains) == 0 {
		return 0, at, false, err
	}
	last := domains[len(domains)-1]
	made, err = s.invoiceMany(ctx, tx, domains, st)
	return made, place{last.NextDue.String(), last.ID}, true, err
}

// lockMany takes the locks of a batch in the order of ids: customers, then domains.
func lockMany(ctx context.Context, tx *db.Tx, rows []query.Domain) error {
	customers, ids := make([]any, len(rows)), make([]any, len(rows))
	for i, r := range rows {
		customers[i], ids[i] = r.CustomerID, r.ID
	}
	if err := lockRows(ctx, tx, "customers", customers); err != nil {
		return err
	}
	return lockRows(ctx, tx, "domains", ids)
}

func lockRows(ctx context.Context, tx *db.Tx, table string, ids []any) error {
	_, err := tx.SQL().ExecContext(ctx, `UPDATE `+table+` SET version = `+table+`.version
		FROM (SELECT id FROM `+table+` WHERE id IN (`+page.Placeholders(len(ids))+`) ORDER BY id FOR UPDATE) AS locked
		WHERE `+table+`.id = locked.id`, ids...)
	return err
}

// facts are what a batch needs besides its domains, each read once.
type facts struct {
	tx       *db.Tx
	st       setting.Settings
	today    civil.Date
	policies map[string]*domainname.Policy
	prices   map[string]domainname.Prices
	buyers   map[string]buyer
	settled  map[string][]domainname.Renewal // what was renewed, or revoked, for the term that ends
	deleting map[string]bool                 // whose registry was asked to delete them, and has not answered
}

// buyer is who pays, by which prices, and whether the store owes them money.
type buyer struct {
	party  billing.Party
	group  string
	credit bool
}

func (s *Service) factsOf(ctx context.Context, tx *db.Tx, domains []domainname.Domain, st setting.Settings) (*facts, error) {
	f := &facts{
		tx: tx, st: st, today: civil.Of(tx.Now, st.TimeZone), policies: map[string]*domainname.Policy{}, prices: map[string]domainname.Prices{},
		buyers: map[string]buyer{}, settled: map[string][]domainname.Renewal{},
	}
	for _, d := range domains {
		if _, known := f.prices[d.Extension]; known {
			continue
		}
		p, ok, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
		if err != nil {
			return nil, err
		}
		if ok {
			f.policies[d.Extension] = &p
		}
		if f.prices[d.Extension], err = domainname.PricesOf(ctx, tx, d.Extension); err != nil {
			return nil, err
		}
	}
	if err := f.readBuyers(ctx, domains); err != nil {
		return nil, fmt.Errorf("customers to invoice: %w", err)
	}
	if err := f.readDeleting(ctx, domains); err != nil {
		return nil, fmt.Errorf("domains that are deleted: %w", err)
	}
	return f, f.readSettled(ctx, domains)
}

func (f *facts) readBuyers(ctx context.Context, domains []domainname.Domain) error {
	var ids []any
	seen := map[string]bool{}
	for _, d := range domains {
		if !seen[d.CustomerID] {
			seen[d.CustomerID] = true
			ids = append(ids, d.CustomerID)
		}
	}
	rows, err := f.tx.SQL().QueryContext(ctx, `SELECT c.id, c.name, c.company, c.email, c.address, c.country, c.state, c.tax_id, c.language,
		c.customer_group, EXISTS (SELECT 1 FROM customer_credits k WHERE k.customer_id = c.id AND k.amount > 0)
		FROM customers c WHERE c.id IN (`+page.Placeholders(len(ids))+`)`, ids...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var b buyer
		p := &b.party
		if err := rows.Scan(&id, &p.Name, &p.Company, &p.Email, &p.Address, &p.Country, &p.State, &p.TaxID, &p.Language, &b.group, &b.credit); err != nil {
			return err
		}
		f.buyers[id] = b
	}
	return rows.Err()
}

// readDeleting finds the domains of which nobody knows yet whether they are deleted.
func (f *facts) readDeleting(ctx context.Context, domains []domainname.Domain) error {
	ids := make([]any, len(domains))
	for i, d := range domains {
		ids[i] = d.ID
	}
	rows, err := f.tx.SQL().QueryContext(ctx, `SELECT domain_id FROM registrar_commands
		WHERE settled_at IS NULL AND command = 'delete' AND domain_id IN (`+page.Placeholders(len(ids))+`)`, ids...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	f.deleting = map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		f.deleting[id] = true
	}
	return rows.Err()
}

// readSettled finds what was done about the terms that end already. Nearly no domain has any of it.
func (f *facts) readSettled(ctx context.Context, domains []domainname.Domain) error {
	ids := make([]any, len(domains))
	for i, d := range domains {
		ids[i] = d.ID
	}
	rows, err := f.tx.SQL().QueryContext(ctx, `SELECT domain_renewals.id FROM domain_renewals JOIN domains ON domains.id = domain_renewals.domain_id AND `+ofTheTerm+`
		WHERE domain_renewals.state IN ('confirmed', 'satisfied', 'revoked') AND domain_renewals.domain_id IN (`+page.Placeholders(len(ids))+`)`, ids...)
	if err != nil {
		return fmt.Errorf("renewals of terms: %w", err)
	}
	var found []string
	for rows.Next() {
		var id string
		if err = rows.Scan(&id); err != nil {
			break
		}
		found = append(found, id)
	}
	if err = cmpErr(err, rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("renewals of terms: %w", err)
	}
	for _, id := range found {
		r, err := domainname.LoadRenewal(ctx, f.tx, id)
		if err != nil {
			return err
		}
		f.settled[r.DomainID] = append(f.settled[r.DomainID], r)
	}
	return nil
}

func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// bill is an automatic invoice that is about to be made.
type bill struct {
	domain  domainname.Domain
	renewal domainname.Renewal
	owed    bool // the renewal was made by hand, and waits for this invoice
}

// invoiceMany makes the automatic invoices of locked domains, one for each, by few statements. Those that can't be invoiced
// today are noted, and tried again tomorrow.
func (s *Service) invoiceMany(ctx context.Context, tx *db.Tx, domains []domainname.Domain, st setting.Settings) (int, error) {
	f, err := s.factsOf(ctx, tx, domains, st)
	if err != nil {
		return 0, err
	}
	var bills []bill
	var later []string
	for _, d := range domains {
		b, ok, err := s.billOf(ctx, f, d)
		if err != nil {
			return 0, fmt.Errorf("domain %s: %w", d.Name, err)
		}
		if ok {
			bills = append(bills, b)
		} else {
			later = append(later, d.ID)
		}
	}
	if err := tryLater(ctx, tx, later, dayKey(tx.Now, st.TimeZone)); err != nil {
		return 0, err
	}
	return len(bills), s.issueBills(ctx, f, bills)
}

func tryLater(ctx context.Context, tx *db.Tx, ids []string, key string) error {
	if len(ids) == 0 {
		return nil
	}
	args := make([]any, 0, len(ids)+1)
	for _, id := range ids {
		args = append(args, id)
	}
	_, err := tx.SQL().ExecContext(ctx, fmt.Sprintf(`UPDATE domains SET invoice_tried_on = $%d WHERE id IN (%s)`, len(ids)+1, page.Placeholders(len(ids))),
		append(args, key)...)
	if err != nil {
		return fmt.Errorf("domains to invoice later: %w", err)
	}
	return nil
}

// billOf is the automatic invoice of a domain, if it is to be made now.
func (s *Service) billOf(ctx context.Context, f *facts, d domainname.Domain) (b bill, ok bool, err error) {
	p := f.policies[d.Extension]
	if d.Free() {
		return b, false, s.freeDue(ctx, f.tx, d, f.st)
	}
	if p == nil {
		return b, false, notOnSale(ctx, f.tx, d, domainname.Refusal{Reason: domainname.NotPriced})
	}
	if _, due := domainname.InvoiceDue(d, *p, nil, InvoiceDays(f.st), f.tx.Now, f.st.TimeZone); !due {
		return b, false, nil
	}
	var before *domainname.Renewal
	for _, r := range f.settled[d.ID] {
		if r.State == domainname.RenewalRevoked || !r.Owed || r.LineID != "" || r.PaidAt != nil {
			return b, false, nil // the term was dealt with
		}
		before = &r
	}
	q := domainname.Question{
		Domain: d, Policy: p, By: domainname.ByAutomation, Deleting: f.deleting[d.ID], Now: f.tx.Now, Rates: f.st.Rate,
		Prices: f.prices[d.Extension].List(d.Extension, domainname.ForRenewal, d.Recurring.Currency, f.buyers[d.CustomerID].group, f.today),
	}
	o := domainname.Offers(q)
	term, refusal := o.Term(d.Term)
	if refusal != nil && refusal.Reason == domainname.QuoteNeeded && d.Premium != nil && d.RegistrarID != "" {
		return b, false, domainname.Work(ctx, f.tx, d.ID, f.tx.Now) // who asks the registry asks staff where that says nothing
	}
	if refusal != nil {
		return b, false, notOnSale(ctx, f.tx, d, *refusal)
	}
	if d.Premium != nil {
		more, err := dearer(ctx, f.tx, d, f.st)
		if err != nil || more {
			return b, false, err
		}
		if err := task.Settled(ctx, f.tx, TaskPrice, d.ID); err != nil {
			return b, false, err
		}
	}
	if err := task.Settled(ctx, f.tx, TaskNotOnSale, d.ID); err != nil {
		return b, false, err
	}
	b = bill{domain: d, renewal: newRenewal(d, q, term, domainname.Automatic)}
	b.renewal.DueOn = d.NextDue
	// What a late one costs besides is asked for as of every other that is late.
	b.renewal.Fee, b.renewal.Stage = money.New(0, term.Price.Currency), domainname.StageActive
	if before != nil {
		before.Price = term.Price
		b.renewal, b.owed = *before, true
	}
	return b, true, nil
}

// notOnSale tells staff, once for each due date and reason, that the stored term of a domain is not on offer.
func notOnSale(ctx context.Context, tx *db.Tx, d domainname.Domain, why domainname.Refusal) error {
	return ask(ctx, tx, d, TaskNotOnSale, d.NextDue.String()+" "+string(why.Reason),
		fmt.Sprintf("%s falls due on %s and its invoice can't be made: %s It is tried again every day.", d.Name.Unicode(), d.NextDue.Format("en"), why.Sentence("en")))
}

// issueBills issues the invoices, and writes the ledger.
func (s *Service) issueBills(ctx context.Context, f *facts, bills []bill) error {
	if len(bills) == 0 {
		return nil
	}
	invoices := make([]billing.NewInvoice, len(bills))
	for i := range bills {
		d, r := &bills[i].domain, &bills[i].renewal
		r.LineID = f.tx.NewID("lin")
		due := d.NextDue
		if due.Before(f.today) {
			due = f.today // who was invoiced late has as much time as anybody else
		}
		line := billing.NewLine{
			ID: r.LineID, Description: fmt.Sprintf("Renewal of %s for %s, %s to %s", d.Name.Unicode(), yearsOf(r.Years), r.Base, r.Expected),
			Quantity: 1, UnitAmount: r.Price, TaxClass: billing.StandardTax, Kind: LinkRenewal, Target: d.ID,
		}
		invoices[i] = billing.NewInvoice{
			CustomerID: d.CustomerID, Kind: billing.KindRenewal, Currency: r.Price.Currency, Buyer: f.buyers[d.CustomerID].party,
			Lines: []billing.NewLine{line}, DueOn: due,
		}
	}
	issued, err := s.billing.IssueRenewals(ctx, f.tx, invoices)
	if err != nil {
		return err
	}
	events := make([]event.New, len(bills))
	for i := range bills {
		b := &bills[i]
		b.renewal.InvoiceID = issued[i].ID
		if b.owed {
			err = domainname.AskMore(ctx, f.tx, &b.renewal)
		} else {
			err = domainname.InsertRenewal(ctx, f.tx, &b.renewal)
		}
		if err != nil {
			return err
		}
		if b.owed {
			if err := s.billing.NoteFulfilled(ctx, f.tx, b.renewal.LineID, "manual renewal of "+civil.Of(b.renewal.CreatedAt, f.st.TimeZone).String()); err != nil {
				return err
			}
		}
		events[i] = newEvent("domain.renewal_invoiced", b.domain, b.renewal, map[string]any{"due_on": issued[i].DueOn, "total": issued[i].Total})
	}
	if err := event.EmitAll(ctx, f.tx, events); err != nil {
		return err
	}
	for _, b := range bills {
		if !f.buyers[b.domain.CustomerID].credit {
			continue
		}
		if err := s.payments.UseCredit(ctx, f.tx, b.domain.CustomerID, b.renewal.Price.Currency); err != nil {
			return err
		}
	}
	return nil
}

// invoiceOne makes the automatic invoice of one domain.
func (s *Service) invoiceOne(ctx context.Context, tx *db.Tx, id string) (automation.Outcome, error) {
	d, err := domainname.Load(ctx, tx, id)
	if err != nil {
		return automation.ItemSkipped, err
	}
	if _, err := customer.Lock(ctx, tx, d.CustomerID); err != nil {
		return automation.ItemSkipped, err
	}
	if d, err = domainname.Lock(ctx, tx, id); err != nil {
		return automation.ItemSkipped, err
	}
	open, err := domainname.OpenRenewal(ctx, tx, id)
	if err != nil || open != nil || d.DoNotRenew || d.NextDue.IsZero() {
		return automation.ItemSkipped, err
	}
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return automation.ItemSkipped, err
	}
	_, err = s.invoiceMany(ctx, tx, []domainname.Domain{d}, st)
	return automation.ItemDone, err
}
