package movein

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// The columns of a table of domains.
const (
	colDomain      = "domain"
	colExpiry      = "expiry_date"
	colPaid        = "paid_through"
	colTerm        = "term"
	colRecurring   = "recurring_amount"
	colCurrency    = "currency"
	colDoNotRenew  = "do_not_renew"
	colAutoRenew   = "auto_renew"
	colRegistrar   = "registrar"
	longestMessage = 300
)

var domainHeadings = headings{map[string][]string{
	colDomain:     {"domain", "domainname", "fqdn", "name"},
	colEmail:      aliases[colEmail],
	colName:       {"clientname", "customername", "registeredname", "fullname", "client", "customer", "username", "name"},
	colFirstName:  aliases[colFirstName],
	colLastName:   aliases[colLastName],
	colCompany:    aliases[colCompany],
	colStatus:     {"status", "domainstatus", "state"},
	colExpiry:     {"expirydate", "registryexpiry", "expiry", "expires", "expiresat", "expirationdate", "expiration"},
	colPaid:       {"paidthrough", "paiduntil"},
	colDue:        aliases[colDue],
	colTerm:       {"registrationperiod", "termyears", "term", "years", "period", "regperiod"},
	colRecurring:  {"recurringamount", "recurring", "renewalprice", "price", "amount"},
	colCurrency:   {"currency", "currencycode"},
	colDoNotRenew: {"donotrenew", "dnr"},
	colAutoRenew:  {"autorenew", "autorenewal"},
	colRegistrar:  {"registrar", "registrarname", "registrarmodule"},
}, []string{colDomain, colEmail, colExpiry}}

// over are the statuses of domains that are not taken over.
var over = map[string]bool{"cancelled": true, "canceled": true, "transferredaway": true, "fraud": true, "terminated": true, "pending": true}

// remedies say what to do about a field that is wrong.
var remedies = map[string]string{
	colDomain:         "correct it in the table",
	"customer_id":     "correct the address in the table",
	"registry_expiry": "write it as the registry does, such as 2027-03-10 or 2027-03-10T12:00:00Z",
	"recurring":       "give the price table a renewal of this term, or the table an amount and a currency",
	"registrar":       "add a registrar of this name, or leave the column out",
	"term_years":      "write the years of its renewals, or 10 for one that was registered for ten years: the price table must have a renewal of up to 9",
}

// DomainSummary is what became of a table of domains. In a dry run, what would.
type DomainSummary struct {
	Rows      int64 // without the header
	Imported  int64
	Present   int64 // the store had them already
	LeftOut   int64 // cancelled, transferred away or not registered yet, where they come from
	Failed    int64
	Customers int64    // taken up
	Unread    []string // columns that nothing was read from
}

// Domains takes the domains of a table over, and tells of each row that is wrong. Nothing is sent to a registry; each is read
// there afterwards, if it has a registrar. A domain that the store has already stays as it is.
func (s *Service) Domains(ctx context.Context, r io.Reader, o Options, tell func(Problem) error) (sum DomainSummary, err error) {
	t, err := openTable(r, domainHeadings)
	if err != nil {
		return sum, err
	}
	sum.Unread = t.columns.unread
	seen := seenDomains{names: map[string]bool{}, emails: map[string]bool{}}
	for {
		lines, end, err := t.batch()
		if err != nil {
			return sum, err
		}
		if len(lines) > 0 {
			if err := s.takeDomains(ctx, lines, o, &seen, &sum, tell); err != nil {
				return sum, err
			}
		}
		if end {
			break
		}
	}
	if o.DryRun || sum.Imported == 0 {
		return sum, nil
	}
	return sum, s.db.Write(ctx, func(tx *db.Tx) error {
		return event.Audit(ctx, tx, event.Change{What: "domains.imported", After: fmt.Sprintf("%d domains", sum.Imported)})
	})
}

// seenDomains is what a dry run has seen, as it leaves nothing behind.
type seenDomains struct{ names, emails map[string]bool }

// takeDomains takes a batch over.
func (s *Service) takeDomains(ctx context.Context, lines []line, o Options, seen *seenDomains, sum *DomainSummary, tell func(Problem) error) error {
	var made DomainSummary
	var problems []Problem
	var names, emails []string
	do := s.db.Write
	if o.DryRun {
		do = s.db.Try
	}
	err := do(ctx, func(tx *db.Tx) error {
		made, problems, names, emails = DomainSummary{}, nil, nil, nil
		for _, l := range lines {
			made.Rows++
			err := l.err
			switch {
			case err != nil:
			case over[fold(l.get(colStatus))]:
				made.LeftOut++
				continue
			default:
				var name, email string
				if name, email, err = s.bring(ctx, tx, l.row, o, seen.names); err == nil {
					made.Imported++
					names = append(names, name)
				}
				if email != "" && !seen.emails[email] {
					emails = append(emails, email)
				}
			}
			if fail.Of(err) != nil && fail.Of(err).Code == "DOMAIN_TAKEN" {
				made.Present++
				continue
			}
			if err == nil {
				continue
			}
			wrong, ok := domainProblems(l, err)
			if !ok {
				return fmt.Errorf("line %d: %w", l.at, err)
			}
			made.Failed++
			problems = append(problems, wrong...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, n := range names {
		seen.names[n] = true
	}
	for _, e := range emails {
		if !seen.emails[e] {
			sum.Customers++
		}
		seen.emails[e] = true
	}
	sum.Rows, sum.Imported, sum.Present = sum.Rows+made.Rows, sum.Imported+made.Imported, sum.Present+made.Present
	sum.LeftOut, sum.Failed = sum.LeftOut+made.LeftOut, sum.Failed+made.Failed
	for _, p := range problems {
		if err := tell(p); err != nil {
			return err
		}
	}
	return nil
}

// bring takes one row over, as a whole or not at all. email is that of a customer who was taken up for it.
func (s *Service) bring(ctx context.Context, tx *db.Tx, r row, o Options, seen map[string]bool) (name, email string, err error) {
	in, err := r.domain()
	if err != nil {
		return "", "", err
	}
	if parsed, err := domainname.ParseName(in.Name); err == nil && seen[parsed.String()] {
		return "", "", fail.Conflict("DOMAIN_TAKEN", "The table has this domain twice.")
	}
	err = tx.Savepoint(ctx, func() error {
		buyer := r.buyer()
		buyer.Currency = in.Currency
		if buyer.Email == "" {
			return fail.Invalid(colEmail, "is missing")
		}
		owner, fresh, err := s.owner(db.With(ctx, tx), buyer, o.KnownOnly)
		if err != nil {
			return err
		}
		in.CustomerID = owner.ID
		if in.Recurring != nil && in.Recurring.Currency == "" {
			amount, err := money.ParseDecimal(r.get(colRecurring), owner.Currency)
			if err != nil {
				return fail.Invalid(colRecurring, fmt.Sprintf("is %q, not an amount in %s such as 12.00", clip(r.get(colRecurring)), owner.Currency))
			}
			in.Recurring = &amount
		}
		d, err := domainname.Bring(ctx, tx, in)
		if err != nil {
			return namedDomain(err)
		}
		name = d.Name.String()
		if fresh {
			email = text.Fold(owner.Email)
		}
		return nil
	})
	return name, email, err
}

// domain reads a row as a domain. An amount without a currency is the customer's.
func (r row) domain() (in domainname.Input, err error) {
	var bad fail.Fields
	day := func(column string) civil.Date {
		s := r.get(column)
		if s == "" || strings.HasPrefix(s, "0000-00-00") {
			return civil.Date{}
		}
		date, err := civil.Parse(s)
		if err != nil {
			bad.Add(column, fmt.Sprintf("is %q, not a date written as 2027-03-10", clip(s)))
		}
		return date
	}
	in = domainname.Input{
		Name: r.get(colDomain), Expiry: r.get(colExpiry), PaidThrough: day(colPaid), NextDue: day(colDue), Registrar: r.get(colRegistrar), Source: domainname.FromImport,
		DoNotRenew: isYes(r.get(colDoNotRenew)),
	}
	if r.columns.has(colAutoRenew) && r.get(colAutoRenew) != "" && !isYes(r.get(colAutoRenew)) {
		in.DoNotRenew = true
	}
	n, err := readNumber(r.get(colTerm))
	bad.Check(colTerm, err)
	in.Term = int(n)
	if code := r.get(colCurrency); code != "" {
		if in.Currency, err = money.ParseCurrency(code); err != nil { // it says how an amount is read
			bad.Add(colCurrency, fmt.Sprintf("is %q, not a current ISO 4217 code such as EUR", clip(code)))
			return in, bad.Err()
		}
	}
	if amount := r.get(colRecurring); amount != "" {
		in.Recurring = &money.Money{}
		if in.Currency != "" {
			m, err := money.ParseDecimal(amount, in.Currency)
			if err != nil {
				bad.Add(colRecurring, fmt.Sprintf("is %q, not an amount in %s such as 12.00", clip(amount), in.Currency))
			}
			in.Recurring = &m
		}
	}
	return in, bad.Err()
}

func isYes(s string) bool {
	switch strings.ToLower(s) {
	case "1", "yes", "y", "true", "on", "x":
		return true
	default:
		return false
	}
}

// namedDomain tells the name of a domain, which a domain calls so, from that of its customer.
func namedDomain(err error) error {
	var e *fail.Error
	if !errors.As(err, &e) {
		return err
	}
	named := *e
	named.Fields = slices.Clone(e.Fields)
	for i := range named.Fields {
		if named.Fields[i].Field == "name" {
			named.Fields[i].Field = colDomain
		}
	}
	return &named
}

// domainProblems says why a row is left out, and what to do about it; false if the row is not the reason.
func domainProblems(l line, err error) ([]Problem, bool) {
	e := fail.Of(err)
	switch e.Kind {
	case fail.KindInvalid, fail.KindConflict, fail.KindNotFound, fail.KindMalformed:
	default:
		return nil, false
	}
	name := ""
	if l.columns.header != nil {
		name = clip(l.get(colDomain))
	}
	if len(e.Fields) == 0 {
		return []Problem{{Line: l.at, Key: name, Field: "row", Message: e.Detail}}, true
	}
	columnOf := map[string]string{
		"registry_expiry": colExpiry, "recurring": colRecurring, "registrar": colRegistrar, "term_years": colTerm, "customer_id": colEmail,
	}
	problems := make([]Problem, len(e.Fields))
	for i, f := range e.Fields {
		column, message := columnOf[f.Field], f.Message
		if column == "" {
			column = f.Field
		}
		if remedy := remedies[f.Field]; remedy != "" && len(message) < longestMessage {
			message += ": " + remedy
		}
		if f.Field == colDomain && strings.Contains(f.Message, "no policy") {
			message = f.Message + ": add one for the extension first"
		}
		problems[i] = Problem{Line: l.at, Key: name, Field: l.columns.name(column), Message: message}
	}
	return problems, true
}
