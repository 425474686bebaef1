package domainname

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Filter picks a page of domains.
type Filter struct {
	Query       string // a part of the name
	Status      Status // effective, as of now; empty: any
	CustomerID  string
	Extension   string
	RegistrarID string
	// EndsBefore and EndsFrom bound the term's end; zero: any.
	EndsFrom, EndsBefore civil.Date
	// Special is one of: failed (a renewal that is held, unknown or needs attention), unpaid (a renewal's line is open),
	// unconfirmed (paid and not confirmed), auto_renewed (the registry is ahead of what was paid), never (renews never by itself),
	// stuck (a paid registration or transfer that does not go on, about which staff are asked).
	Special string
	// Order is "name" (default) or "term_end".
	Order  string
	Cursor string
	Limit  int
}

// Row is a domain of a list: with what holds now, and what is open.
type Row struct {
	Domain
	Standing

	CustomerName string
	Registrar    string // its name
	Open         *Renewal
	// Owed is the renewal of the present term whose line is unpaid, whether it is open or was made already; nil: there is none.
	Owed *Renewal
	// Bills are what was asked for Owed and is to be paid, or is paid: its own invoice first, then those of its fees.
	Bills []Bill
}

// owedMade are the renewals that were made before their line was paid.
const owedMade = `state IN ('confirmed', 'satisfied') AND paid_at IS NULL AND line_id IS NOT NULL`

// specials are the conditions of [Filter.Special]. What a condition says twice tells SQLite which index of few rows leads to it.
var specials = map[string]string{
	"failed": `domains.id IN (SELECT domain_id FROM domain_renewals WHERE state IN ('paid', 'held', 'arranged', 'submitted', 'unknown', 'attention')
		AND state IN ('held', 'unknown', 'attention'))`,
	"unpaid": `(domains.id IN (SELECT domain_id FROM domain_renewals WHERE state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention') AND state = 'open')
		OR domains.id IN (SELECT domain_id FROM domain_renewals WHERE id > '' AND ` + owedMade + `))`,
	"unconfirmed":  `domains.id IN (SELECT domain_id FROM domain_renewals WHERE state IN ('paid', 'held', 'arranged', 'submitted', 'unknown', 'attention'))`,
	"auto_renewed": `domains.id IN (SELECT ahead.id FROM domains AS ahead WHERE ahead.term_end < ahead.expires_on OR ahead.unanswered)`,
	"never":        `(domains.do_not_renew OR domains.term IS NULL)`,
	"stuck": `domains.id IN (SELECT arriving.id FROM domains AS arriving WHERE arriving.status NOT IN ('active', 'grace', 'redemption')
		AND arriving.status IN ('pending_registration', 'pending_transfer') AND EXISTS (SELECT 1 FROM staff_tasks WHERE staff_tasks.subject_id = arriving.id
		AND staff_tasks.kind IN ('domain.arrival_stuck', 'domain.work_stuck') AND staff_tasks.state = 'open'))`,
}

func (f *Filter) validate() error {
	var bad fail.Fields
	for field, id := range map[string]string{"customer_id": f.CustomerID, "registrar_id": f.RegistrarID} {
		if id != "" && !text.IsID(id) {
			bad.Add(field, "is not an id")
		}
	}
	var err error
	f.Query, err = text.Line(f.Query, text.NameLength)
	bad.Check("q", err)
	if f.Status != "" && !slices.Contains(statuses.States, f.Status) {
		bad.Add("status", "is not a status of domains")
	}
	if f.Extension != "" {
		f.Extension, err = ParseExtension(f.Extension)
		bad.Check("extension", err)
	}
	if f.Special != "" && specials[f.Special] == "" {
		bad.Add("special", "is not one of failed, unpaid, unconfirmed, auto_renewed, never, stuck")
	}
	if f.Order == "" {
		f.Order = "name"
	}
	if f.Order != "name" && f.Order != "term_end" {
		bad.Add("order", "is not one of name, term_end")
	}
	return bad.Err()
}

// mostLooked is how many rows of a page's condition are looked at before it is handed out, full or not.
const mostLooked = 10 * page.Longest

// List returns a page of domains and the cursor of the next one. It asks the database a fixed number of questions for each
// stretch of rows that it looks at.
//
// The effective status is computed. What it asks of dates and of stored statuses is asked of the database; what the
// registry's word of the last day says is judged here. A page of a filter by status may therefore be shorter than its
// limit, and another one may follow.
func (s *Service) List(ctx context.Context, f Filter) (rows []Row, next string, err error) {
	if err := f.validate(); err != nil {
		return nil, "", err
	}
	f.Limit = page.Limit(f.Limit)
	from, err := f.place()
	if err != nil {
		return nil, "", err
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, next = nil, ""
		at, most := from, f.Limit
		if f.Status.Live() {
			most = page.Longest
		}
		for looked := 0; looked < mostLooked; looked += most {
			found, err := f.stretch(ctx, tx, at, most+1)
			if err != nil {
				return err
			}
			found, more := page.Cut(found, most)
			judged, err := decorate(ctx, tx, found)
			if err != nil {
				return err
			}
			for i, r := range judged {
				at = placeOf(r.Domain)
				if f.Status != "" && r.Standing.Status != f.Status {
					continue
				}
				rows = append(rows, r)
				if len(rows) == f.Limit && (more || i < len(judged)-1) {
					next = at.cursor()
					return nil
				}
			}
			if !more {
				return nil
			}
		}
		next = at.cursor()
		return nil
	})
	return rows, next, err
}

// place is where a page begins: behind a domain. Those without a date are at the end of a list by dates.
type place struct{ name, end, id string }

func placeOf(d Domain) place {
	end, _ := d.TermEnd()
	return place{d.Name.String(), end.String(), d.ID}
}

func (p place) cursor() string { return page.Cursor(p.name, p.end, p.id) }

func (f Filter) place() (p place, err error) {
	if f.Cursor == "" {
		return p, nil
	}
	key, err := page.Key(f.Cursor, 3)
	if err != nil {
		return p, err
	}
	return place{key[0], key[1], key[2]}, nil
}

// stretch reads the next rows that may be those of the filter.
func (f Filter) stretch(ctx context.Context, tx *db.Tx, at place, n int) (found []Domain, err error) {
	if f.Order == "name" {
		w := f.where(tx.Now)
		if at.id != "" {
			w.Add("(domains.name, domains.id) > ($?, $?)", at.name, at.id)
		}
		return selectDomains(ctx, tx, w, "domains.name, domains.id", n)
	}
	if at.id == "" || at.end != "" {
		w := f.where(tx.Now)
		w.Add("domains.term_end IS NOT NULL")
		if at.id != "" {
			w.Add("(domains.term_end, domains.id) > ($?, $?)", at.end, at.id)
		}
		if found, err = selectDomains(ctx, tx, w, "domains.term_end, domains.id", n); err != nil || len(found) == n {
			return found, err
		}
		at = place{}
	}
	w := f.where(tx.Now)
	w.Add("domains.term_end IS NULL")
	if at.id != "" {
		w.Add("domains.id > $?", at.id)
	}
	undated, err := selectDomains(ctx, tx, w, "domains.id", n-len(found))
	return append(found, undated...), err
}

// where is what can be asked of the database: of a filter by an effective status, what must hold for it.
func (f Filter) where(now time.Time) *page.Where {
	var w page.Where
	for column, value := range map[string]string{"customer_id": f.CustomerID, "extension": f.Extension, "registrar_id": f.RegistrarID} {
		if value != "" {
			w.Add("domains."+column+" = $?", value)
		}
	}
	if f.Query != "" {
		w.Add(`domains.name LIKE $? ESCAPE '\'`, "%"+partOfName(f.Query)+"%")
	}
	if !f.EndsFrom.IsZero() {
		w.Add("domains.term_end >= $?", f.EndsFrom.String())
	}
	if !f.EndsBefore.IsZero() {
		w.Add("domains.term_end < $?", f.EndsBefore.String())
	}
	if f.Special != "" {
		w.Add(specials[f.Special])
	}
	switch {
	case f.Status == "":
	case f.Status == Active:
		w.Add("domains.status IN ('active', 'grace', 'redemption', 'expired')")
		w.Add("(domains.term_end >= $? OR domains.term_end IS NULL)", RegistryDate(now).String())
	case f.Status.Live():
		// Over by the calendar, or perhaps by a word of the registry that still counts.
		w.Add("domains.status IN ('active', 'grace', 'redemption', 'expired')")
		w.Add("(domains.term_end < $? OR domains.registry_read_at >= $? OR domains.deleted_at IS NOT NULL)", RegistryDate(now).String(), *stamp(now.Add(-trusted)))
	default:
		w.Add("domains.status = $?", string(f.Status))
	}
	return &w
}

// partOfName is a part of a name as names are stored, for LIKE.
func partOfName(q string) string {
	q = strings.ToLower(q)
	if ascii, err := profile.ToASCII(q); err == nil && ascii != "" && !strings.HasPrefix(q, ".") {
		q = ascii
	}
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(q)
}

// columnsOfDomains are those of [query.Domain], in its order.
const columnsOfDomains = `domains.id, domains.name, domains.extension, domains.customer_id, domains.order_id, domains.registrar_id, domains.kind,
	domains.status, domains.expires_at, domains.expires_on, domains.expiry_raw, domains.expiry_source, domains.expiry_read_at, domains.accounting_on,
	domains.paid_through, domains.term_end, domains.next_due, domains.term, domains.currency, domains.recurring_amount, domains.do_not_renew,
	domains.bundled_with, domains.premium, domains.restore_quote, domains.registry_state, domains.registry_read_at, domains.locked_by_us, domains.unanswered,
	domains.bought_years, domains.transfer_secret, domains.nameservers, domains.registrant, domains.renewal_mode, domains.missing_since,
	domains.deleted_at, domains.version, domains.created_at, domains.updated_at`

func selectDomains(ctx context.Context, tx *db.Tx, w *page.Where, order string, limit int) (found []Domain, err error) {
	n := w.Arg(int64(limit))
	return readDomains(ctx, tx, `SELECT `+columnsOfDomains+` FROM domains`+w.String()+` ORDER BY `+order+` LIMIT CAST(`+n+` AS BIGINT)`, w.Args()...)
}

// readDomains reads domains by a statement that selects [columnsOfDomains].
func readDomains(ctx context.Context, tx *db.Tx, statement string, args ...any) (found []Domain, err error) {
	rows, err := tx.SQL().QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("list domains: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r query.Domain
		err := rows.Scan(&r.ID, &r.Name, &r.Extension, &r.CustomerID, &r.OrderID, &r.RegistrarID, &r.Kind, &r.Status, &r.ExpiresAt, &r.ExpiresOn, &r.ExpiryRaw,
			&r.ExpirySource, &r.ExpiryReadAt, &r.AccountingOn, &r.PaidThrough, &r.TermEnd, &r.NextDue, &r.Term, &r.Currency, &r.RecurringAmount, &r.DoNotRenew,
			&r.BundledWith, &r.Premium, &r.RestoreQuote, &r.RegistryState, &r.RegistryReadAt, &r.LockedByUs, &r.Unanswered, &r.BoughtYears, &r.TransferSecret, &r.Nameservers,
			&r.Registrant, &r.RenewalMode, &r.MissingSince, &r.DeletedAt, &r.Version, &r.CreatedAt, &r.UpdatedAt)
		if err != nil {
			return nil, fmt.Errorf("list domains: %w", err)
		}
		d, err := domainOf(r)
		if err != nil {
			return nil, err
		}
		found = append(found, d)
	}
	return found, rows.Err()
}

// decorate adds to domains what a list shows beside them.
func decorate(ctx context.Context, tx *db.Tx, domains []Domain) ([]Row, error) {
	if len(domains) == 0 {
		return nil, nil
	}
	policies, err := policiesOf(tx.TLDPolicies(ctx))
	if err != nil {
		return nil, err
	}
	var ids, customers, registrars []string
	for _, d := range domains {
		ids = append(ids, d.ID)
		if !slices.Contains(customers, d.CustomerID) {
			customers = append(customers, d.CustomerID)
		}
		if d.RegistrarID != "" && !slices.Contains(registrars, d.RegistrarID) {
			registrars = append(registrars, d.RegistrarID)
		}
	}
	open, err := renewalsAmong(ctx, tx, ids, `state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention')`)
	if err != nil {
		return nil, err
	}
	made, err := renewalsAmong(ctx, tx, ids, owedMade)
	if err != nil {
		return nil, err
	}
	customerNames, err := namesOf(ctx, tx, "customers", customers)
	if err != nil {
		return nil, err
	}
	registrarNames, err := namesOf(ctx, tx, "registrars", registrars)
	if err != nil {
		return nil, err
	}
	rows, owed := make([]Row, len(domains)), []string(nil)
	for i, d := range domains {
		r := Row{Domain: d, Standing: Standing{Status: d.Status}, CustomerName: customerNames[d.CustomerID], Registrar: registrarNames[d.RegistrarID], Open: open[d.ID]}
		if p, ok := policies.At(d.Extension, RegistryDate(tx.Now)); ok {
			r.Standing = Assess(d, p, r.Open, tx.Now)
		}
		end, _ := d.TermEnd()
		if m := made[d.ID]; r.Open != nil && r.Open.State == RenewalOpen {
			r.Owed = r.Open
		} else if m != nil && near(m.Base, end) {
			r.Owed = m
		}
		if r.Owed != nil {
			owed = append(owed, r.Owed.ID)
		}
		rows[i] = r
	}
	bills, err := billsOf(ctx, tx, owed)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if r := &rows[i]; r.Owed != nil {
			r.Bills = bills[r.Owed.ID]
		}
	}
	return rows, nil
}

// namesOf reads the names of the rows of a table.
func namesOf(ctx context.Context, tx *db.Tx, table string, ids []string) (map[string]string, error) {
	names := make(map[string]string, len(ids))
	if len(ids) == 0 {
		return names, nil
	}
	rows, err := tx.SQL().QueryContext(ctx, `SELECT id, name FROM `+table+` WHERE id IN (`+page.Placeholders(len(ids))+`)`, anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("names of %s: %w", table, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, name string
		if err := rows.Scan(&id, &name); err != nil {
			return nil, fmt.Errorf("names of %s: %w", table, err)
		}
		names[id] = name
	}
	return names, rows.Err()
}

func anys(ids []string) []any {
	all := make([]any, len(ids))
	for i, id := range ids {
		all[i] = id
	}
	return all
}

// renewalsAmong reads the renewals of domains of which a condition holds: the latest of each domain.
func renewalsAmong(ctx context.Context, tx *db.Tx, ids []string, condition string) (map[string]*Renewal, error) {
	rows, err := tx.SQL().QueryContext(ctx, `SELECT id, domain_id, customer_id, base, years, kind, state, hold, cause, due_on, currency, price, fee, stage,
			policy_id, line_id, invoice_id, order_id, fee_line_id, fee_invoice_id, expected_on, reference, resends, move_due, paid_at, owed, paid_before,
			due_before, settled_at, version, created_at
		FROM domain_renewals WHERE domain_id IN (`+page.Placeholders(len(ids))+`) AND `+condition+` ORDER BY base`, anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("renewals of a list: %w", err)
	}
	defer func() { _ = rows.Close() }()
	found := map[string]*Renewal{}
	for rows.Next() {
		var r query.DomainRenewal
		err := rows.Scan(&r.ID, &r.DomainID, &r.CustomerID, &r.Base, &r.Years, &r.Kind, &r.State, &r.Hold, &r.Cause, &r.DueOn, &r.Currency, &r.Price, &r.Fee, &r.Stage,
			&r.PolicyID, &r.LineID, &r.InvoiceID, &r.OrderID, &r.FeeLineID, &r.FeeInvoiceID, &r.ExpectedOn, &r.Reference, &r.Resends, &r.MoveDue, &r.PaidAt, &r.Owed,
			&r.PaidBefore, &r.DueBefore, &r.SettledAt, &r.Version, &r.CreatedAt)
		if err != nil {
			return nil, fmt.Errorf("renewals of a list: %w", err)
		}
		renewal, err := renewalOf(r)
		if err != nil {
			return nil, err
		}
		found[r.DomainID] = &renewal
	}
	return found, rows.Err()
}

// ByID returns one domain as the list shows it.
func (s *Service) ByID(ctx context.Context, id string) (row Row, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		d, err := Load(ctx, tx, id)
		if err != nil {
			return err
		}
		rows, err := decorate(ctx, tx, []Domain{d})
		if err != nil {
			return err
		}
		row = rows[0]
		return nil
	})
	return row, err
}

// Renewals returns the ledger of a domain, newest first.
func (s *Service) Renewals(ctx context.Context, domainID string, limit int) (all []Renewal, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		if _, err := Load(ctx, tx, domainID); err != nil {
			return err
		}
		all, err = RenewalsOf(ctx, tx, domainID, page.Limit(limit))
		return err
	})
	return all, err
}

// RenewalByID returns a renewal.
func (s *Service) RenewalByID(ctx context.Context, id string) (r Renewal, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		r, err = LoadRenewal(ctx, tx, id)
		return err
	})
	return r, err
}
