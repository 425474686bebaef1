// Package movein takes over what another program kept: licenses with their keys, the places that they are bound to and
// their dates, from a table that it has exported.
//
// A license's key is what it is: a table may be read again, and takes nothing over twice. Tables are read as they come,
// in batches of one transaction each, so one of any length needs little memory. A row that is wrong is told of and left
// out; the others are taken over.
package movein

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/text"
)

// Service takes over. It is safe for concurrent use.
type Service struct {
	db        *db.DB
	catalog   *catalog.Service
	customers *customer.Service
	licenses  *license.Service
}

// New returns what takes over into a store.
func New(d *db.DB, c *catalog.Service, customers *customer.Service, licenses *license.Service) *Service {
	return &Service{db: d, catalog: c, customers: customers, licenses: licenses}
}

// Options say how a table is read.
type Options struct {
	Product string // slug, name or id of the product that all rows are of; empty: a column says
	Plan    string // name or id of its plan; empty: a column says, or the product has one only
	Only    string // takes the rows alone whose product, by name or number, is this one there; empty: all
	DryRun  bool   // nothing is taken over
	// KnownOnly takes nobody up: a row of somebody who is no customer yet is wrong.
	KnownOnly bool
}

// Problem is a row that was left out, and why.
type Problem struct {
	Line    int    // that the row begins on
	Key     string // of its license, as far as it could be read
	Field   string // as the table calls it
	Message string
}

// Summary is what became of a table. In a dry run, what would.
type Summary struct {
	Rows      int64 // without the header
	Imported  int64
	Present   int64 // there was a license with the key already
	LeftOut   int64 // not of the product that alone was wanted
	Failed    int64
	Customers int64 // taken up
	ByStatus  map[license.Status]int64
	Overdue   int64    // of those: run on for 14 days, although their due date has passed
	Unread    []string // columns that nothing was read from
	Notes     []string
}

// batch is how many rows share a transaction.
const batch = 200

// run is the reading of one table.
type run struct {
	*Service
	Options
	shelf *shelf
	table *table
	tell  func(Problem) error

	sum       Summary
	addresses int64 // that are none, and were left out
	numbers   int64 // of products, that could not be kept
	// What a dry run has seen, as it leaves nothing behind.
	emails, keys map[string]bool
}

// line is a row with where it is.
type line struct {
	row
	at  int
	err error // why it can't be read
}

// Licenses takes the licenses of a table over, and tells of each row that is wrong.
func (s *Service) Licenses(ctx context.Context, r io.Reader, o Options, tell func(Problem) error) (Summary, error) {
	if o.Plan != "" && o.Product == "" {
		return Summary{}, fail.Invalid("plan", "is of a product: say which")
	}
	shelf, err := s.openShelf(ctx, o)
	if err != nil {
		return Summary{}, err
	}
	t, err := openTable(r, licenseHeadings)
	if err != nil {
		return Summary{}, err
	}
	if shelf.product == nil && !t.columns.has(colProduct) {
		return Summary{}, fail.Invalid("product", "is not said, and the file has no column that names it")
	}
	u := &run{Service: s, Options: o, shelf: shelf, table: t, tell: tell, emails: map[string]bool{}, keys: map[string]bool{}}
	u.sum.ByStatus, u.sum.Unread = map[license.Status]int64{}, t.columns.unread
	err = u.all(ctx)
	u.note()
	if err == nil && !o.DryRun && u.sum.Imported > 0 {
		err = u.audit(ctx)
	}
	return u.sum, err
}

func (u *run) all(ctx context.Context) error {
	for {
		lines, end, err := u.read()
		if err != nil {
			return err
		}
		if len(lines) > 0 {
			if err := u.take(ctx, lines); err != nil {
				return err
			}
		}
		if end {
			return nil
		}
	}
}

// read returns the next rows; end is set after the last ones.
func (u *run) read() (lines []line, end bool, err error) { return u.table.batch() }

// batch returns the next rows; end is set after the last ones.
func (t *table) batch() (lines []line, end bool, err error) {
	for len(lines) < batch {
		r, at, err := t.next()
		if errors.Is(err, io.EOF) {
			return lines, true, nil
		}
		if err != nil && !text.OfRow(err) {
			return nil, false, err
		}
		lines = append(lines, line{r, at, err})
	}
	return lines, false, nil
}

// outcome is what became of a batch.
type outcome struct {
	sum                Summary
	addresses, numbers int64
	problems           []Problem
	emails, keys       []string
}

// take takes a batch over.
func (u *run) take(ctx context.Context, lines []line) error {
	var o outcome
	do := u.db.Write
	if u.DryRun {
		do = u.db.Try
	}
	err := do(ctx, func(tx *db.Tx) error {
		o = outcome{sum: Summary{ByStatus: map[license.Status]int64{}}}
		settings, err := setting.Load(ctx, tx)
		if err != nil {
			return err
		}
		for _, l := range lines {
			err := l.err
			if err == nil {
				err = u.one(ctx, tx, l.row, settings.TimeZone, &o)
			}
			if err != nil && !o.wrong(l, err) {
				return fmt.Errorf("line %d: %w", l.at, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	u.add(o, int64(len(lines)))
	for _, p := range o.problems {
		if err := u.tell(p); err != nil {
			return err
		}
	}
	return nil
}

// wrong notes why a row is left out; false if the row is not the reason.
func (o *outcome) wrong(l line, err error) bool {
	e := fail.Of(err)
	switch e.Kind {
	case fail.KindInvalid, fail.KindConflict, fail.KindNotFound, fail.KindMalformed:
	default:
		return false
	}
	o.sum.Failed++
	key := ""
	if l.columns.header != nil {
		key = clip(l.get(colKey))
	}
	if len(e.Fields) == 0 {
		o.problems = append(o.problems, Problem{Line: l.at, Key: key, Field: "row", Message: e.Detail})
	}
	for _, f := range e.Fields {
		o.problems = append(o.problems, Problem{Line: l.at, Key: key, Field: l.called(f.Field), Message: f.Message})
	}
	return true
}

// called is what the table calls the field that an error is about.
func (l line) called(field string) string {
	switch field {
	case "bindings.domains":
		field = colDomains
	case "bindings.ips":
		field = colIPs
	case "bindings.directories":
		field = colDirectories
	}
	return l.columns.name(field)
}

// one takes one row over.
func (u *run) one(ctx context.Context, tx *db.Tx, r row, zone *time.Location, o *outcome) error {
	if u.Only != "" && !strings.EqualFold(u.Only, r.get(colProduct)) && u.Only != r.get(colProductNo) {
		o.sum.LeftOut++
		return nil
	}
	plan, err := u.shelf.planOf(r)
	if err != nil {
		return err
	}
	in, err := r.license(plan, zone, tx.Now)
	if err != nil {
		return err
	}
	card, err := catalog.PlanCard(ctx, tx, plan.ID)
	if err != nil {
		return err
	}
	known, err := license.Known(ctx, tx, in.Key, card)
	if err != nil {
		return err
	}
	if known != "" || u.keys[in.Key] {
		o.sum.Present++
		return nil
	}
	buyer := r.buyer()
	if buyer.Email == "" {
		return fail.Invalid(colEmail, "is missing")
	}
	// What a row does is done as a whole or not at all: no customer is taken up for a license that is refused.
	var made outcome
	err = tx.Savepoint(ctx, func() error {
		made = outcome{}
		return u.write(ctx, tx, r, in, buyer, plan, &made)
	})
	if err != nil {
		return err
	}
	o.sum.Imported++
	o.sum.Customers += made.sum.Customers
	o.numbers += made.numbers
	o.addresses += int64(in.leftOut)
	o.emails, o.keys = append(o.emails, made.emails...), append(o.keys, in.Key)
	status := license.Effective(license.Facts{ExpiresAt: in.ExpiresAt, GraceUntil: runsUntil(in), EndsAt: runsUntil(in)}, tx.Now)
	if ended := in.Status == license.Cancelled || in.Status == license.Revoked; ended || in.Status != license.Active && status != license.Expired {
		status = in.Status
	}
	o.sum.ByStatus[status]++
	if in.overdue {
		o.sum.Overdue++
	}
	return nil
}

func runsUntil(in reading) *time.Time {
	if in.GraceUntil != nil {
		return in.GraceUntil
	}
	return in.ExpiresAt
}

func (u *run) write(ctx context.Context, tx *db.Tx, r row, in reading, buyer customer.Input, plan catalog.Plan, o *outcome) error {
	inside := db.With(ctx, tx)
	owner, fresh, err := u.owner(inside, buyer, u.KnownOnly)
	if err != nil {
		return err
	}
	if address := text.Fold(owner.Email); fresh && !u.emails[address] {
		o.sum.Customers++
		o.emails = append(o.emails, address)
	}
	in.CustomerID, in.Why = owner.ID, "taken over"
	if _, _, err := u.licenses.Import(ctx, tx, in.Imported); err != nil {
		if fail.Of(err).Code == license.CodeNumberTaken {
			return fail.Invalid(colServiceNo, "is the number of another license")
		}
		return err
	}
	return u.keepProductNumber(ctx, tx, r, plan, o)
}

// owner finds the customer of a row, or takes one up.
func (s *Service) owner(ctx context.Context, buyer customer.Input, knownOnly bool) (owner customer.Customer, fresh bool, err error) {
	owner, err = s.customers.ByEmail(ctx, buyer.Email)
	if err == nil || fail.Of(err).Kind != fail.KindNotFound {
		return owner, false, err
	}
	if knownOnly {
		return owner, false, fail.Invalid(colEmail, "is no customer's, and nobody is taken up")
	}
	owner, err = s.customers.Create(ctx, buyer)
	return owner, true, err
}

// keepProductNumber keeps WHMCS's number of a product: software reads it. A product here that was several there keeps the
// first one's.
func (u *run) keepProductNumber(ctx context.Context, tx *db.Tx, r row, plan catalog.Plan, o *outcome) error {
	if !r.columns.has(colServiceNo) || r.get(colProductNo) == "" {
		return nil
	}
	n, err := readNumber(r.get(colProductNo))
	if err != nil {
		return fail.Invalid(colProductNo, err.Error())
	}
	if n == 0 {
		return nil
	}
	err = license.KeepForeignNumber(ctx, tx, license.ForeignProduct, plan.ProductID, n)
	if err != nil && fail.Of(err).Code == license.CodeNumberTaken {
		o.numbers++
		return nil
	}
	return err
}

// add adds what became of a batch.
func (u *run) add(o outcome, rows int64) {
	s := &u.sum
	s.Rows += rows
	s.Imported += o.sum.Imported
	s.Present += o.sum.Present
	s.LeftOut += o.sum.LeftOut
	s.Failed += o.sum.Failed
	s.Customers += o.sum.Customers
	s.Overdue += o.sum.Overdue
	for status, n := range o.sum.ByStatus {
		s.ByStatus[status] += n
	}
	u.addresses += o.addresses
	u.numbers += o.numbers
	if !u.DryRun {
		return
	}
	for _, e := range o.emails {
		u.emails[e] = true
	}
	for _, k := range o.keys {
		u.keys[k] = true
	}
}

// note puts into words what no row was left out for.
func (u *run) note() {
	say := func(n int64, one, more string) {
		switch {
		case n == 1:
			u.sum.Notes = append(u.sum.Notes, one)
		case n > 1:
			u.sum.Notes = append(u.sum.Notes, fmt.Sprintf(more, n))
		}
	}
	say(u.sum.Overdue, "One license is overdue: it runs on for 14 days. Renew or extend it before.",
		"%d licenses are overdue: they run on for 14 days. Renew or extend them before.")
	say(u.addresses, "One value that is no IP address was left out: the next check binds that license to its address.",
		"%d values that are no IP address were left out: the next check binds those licenses to its address.")
	say(u.numbers, "One row names a product number that the product could not keep, as it or another product has one already.",
		"%d rows name a product number that the product could not keep, as it or another product has one already.")
	if len(u.sum.Unread) > 0 {
		u.sum.Notes = append(u.sum.Notes, "These columns are not read: "+strings.Join(u.sum.Unread, ", ")+".")
	}
}

func (u *run) audit(ctx context.Context) error {
	return u.db.Write(ctx, func(tx *db.Tx) error {
		return event.Audit(ctx, tx, event.Change{
			What: "licenses.imported", After: fmt.Sprintf("%d of %d rows, %d customers taken up", u.sum.Imported, u.sum.Rows, u.sum.Customers),
		})
	})
}
