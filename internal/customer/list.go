package customer

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Filter picks a page of customers.
type Filter struct {
	// Query finds customers by the beginning of their e-mail address, name or company, regardless of case, or by their
	// whole id. Those found by their address come first, then by name, then by company, each in alphabetical order:
	// that is the order of the indexes, so that a page costs the same in any store. Sort does not apply then.
	Query  string
	Sort   Sort   // empty: newest first
	Cursor string // where the page before ended; empty: the first page
	Limit  int    // see page.Limit
}

// Sort is the order of a list.
type Sort string

// The orders; with a hyphen in front, descending.
const (
	ByAge     Sort = "created_at"
	ByEmail   Sort = "email"
	ByName    Sort = "name"
	ByCompany Sort = "company"

	newestFirst = "-" + ByAge
)

// sortColumns are the indexed columns behind the orders, all of them made unique by the id.
var sortColumns = map[Sort]string{ByAge: "id", ByEmail: "email_fold", ByName: "name_fold", ByCompany: "company_fold"}

// unjoined leaves out the guests who have become another customer's: nothing is theirs any more.
const unjoined = "NOT EXISTS (SELECT 1 FROM guests WHERE guests.customer_id = customers.id AND guests.claimed_at IS NOT NULL)"

// List returns a page of customers and the cursor of the next page, empty after the last one.
func (s *Service) List(ctx context.Context, f Filter) (customers []Customer, next string, err error) {
	var bad fail.Fields
	f.Query, err = text.Line(f.Query, text.NameLength)
	bad.Check("q", err)
	if f.Sort == "" {
		f.Sort = newestFirst
	}
	if _, ok := sortColumns[Sort(strings.TrimPrefix(string(f.Sort), "-"))]; !ok {
		bad.Add("sort", "is not one of created_at, email, name, company, or one of them after a hyphen")
	}
	if err := bad.Err(); err != nil {
		return nil, "", err
	}
	f.Limit = page.Limit(f.Limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		var rows []query.Customer
		var err error
		if f.Query == "" {
			rows, next, err = sorted(ctx, tx, f)
		} else {
			rows, next, err = found(ctx, tx, f)
		}
		if err != nil {
			return fmt.Errorf("list customers: %w", err)
		}
		customers, err = allWithCredit(ctx, tx, rows)
		return err
	})
	return customers, next, err
}

// All yields every customer that a filter picks; its cursor and limit do not matter.
func (s *Service) All(ctx context.Context, f Filter) iter.Seq2[Customer, error] {
	f.Limit = page.Longest
	return page.Walk(func(cursor string) ([]Customer, string, error) {
		f.Cursor = cursor
		return s.List(ctx, f)
	})
}

// sorted returns a page of all customers in the order of one column.
func sorted(ctx context.Context, tx *db.Tx, f Filter) ([]query.Customer, string, error) {
	name, descending := strings.CutPrefix(string(f.Sort), "-")
	column := sortColumns[Sort(name)]
	compare, direction := ">", "ASC"
	if descending {
		compare, direction = "<", "DESC"
	}
	where, args := "", []any{}
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 2)
		if err != nil {
			return nil, "", err
		}
		where = fmt.Sprintf(" AND (%s, id) %s ($1, $2)", column, compare)
		args = append(args, key[0], key[1])
	}
	args = append(args, int64(f.Limit+1))
	rows, err := selectCustomers(ctx, tx, fmt.Sprintf("WHERE %s%s ORDER BY %s %s, id %s LIMIT CAST($%d AS BIGINT)",
		unjoined, where, column, direction, direction, len(args)), args...)
	if err != nil {
		return nil, "", err
	}
	rows, more := page.Cut(rows, f.Limit)
	if !more {
		return rows, "", nil
	}
	last := rows[len(rows)-1]
	return rows, page.Cursor(columnOf(last, column), last.ID), nil
}

// searchColumns are what a search looks at, in the order in which it shows what it found.
var searchColumns = []string{"email_fold", "name_fold", "company_fold"}

// found returns a page of the customers whose address, name or company starts with the query. Each of the three is one
// range of an index; what an earlier range holds is left out of the later ones.
func found(ctx context.Context, tx *db.Tx, f Filter) (rows []query.Customer, next string, err error) {
	if strings.HasPrefix(f.Query, "cus_") && text.IsID(f.Query) {
		rows, err = selectCustomers(ctx, tx, "WHERE id = $1", f.Query)
		return rows, "", err
	}
	start, after := 0, []string(nil)
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 3)
		if err != nil {
			return nil, "", err
		}
		if start, err = strconv.Atoi(key[0]); err != nil || start < 0 || start >= len(searchColumns) {
			return nil, "", fail.Invalid("cursor", "is not one that this list gave")
		}
		after = key[1:]
	}
	low, high := text.PrefixRange(text.Fold(f.Query))
	for i := start; i < len(searchColumns); i++ {
		column := searchColumns[i]
		where := fmt.Sprintf("WHERE %s >= $1 AND %s < $2 AND %s", column, column, unjoined)
		args := []any{low, high}
		for _, earlier := range searchColumns[:i] {
			where += fmt.Sprintf(" AND NOT (%s >= $1 AND %s < $2)", earlier, earlier)
		}
		if i == start && after != nil {
			where += fmt.Sprintf(" AND (%s, id) > ($3, $4)", column)
			args = append(args, after[0], after[1])
		}
		args = append(args, int64(f.Limit+1-len(rows)))
		more, err := selectCustomers(ctx, tx, fmt.Sprintf("%s ORDER BY %s, id LIMIT CAST($%d AS BIGINT)", where, column, len(args)), args...)
		if err != nil {
			return nil, "", err
		}
		before := len(rows)
		if rows = append(rows, more...); len(rows) > f.Limit {
			rows = rows[:f.Limit]
			// The page may end where the range before did: then the next one starts at the head of this range.
			if before == f.Limit {
				return rows, page.Cursor(strconv.Itoa(i), "", ""), nil
			}
			last := rows[f.Limit-1]
			return rows, page.Cursor(strconv.Itoa(i), columnOf(last, column), last.ID), nil
		}
	}
	return rows, "", nil
}

func columnOf(r query.Customer, column string) string {
	switch column {
	case "email_fold":
		return r.EmailFold
	case "name_fold":
		return r.NameFold
	case "company_fold":
		return r.CompanyFold
	default:
		return r.ID
	}
}

func selectCustomers(ctx context.Context, tx *db.Tx, rest string, args ...any) (customers []query.Customer, err error) {
	rows, err := tx.SQL().QueryContext(ctx, `SELECT id, email, email_fold, name, name_fold, company, company_fold, country,
		state, address, tax_id, language, currency, time_zone, customer_group, password_hash, version, created_at, updated_at FROM customers `+rest, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r query.Customer
		err := rows.Scan(&r.ID, &r.Email, &r.EmailFold, &r.Name, &r.NameFold, &r.Company, &r.CompanyFold, &r.Country,
			&r.State, &r.Address, &r.TaxID, &r.Language, &r.Currency, &r.TimeZone, &r.CustomerGroup, &r.PasswordHash, &r.Version, &r.CreatedAt, &r.UpdatedAt)
		if err != nil {
			return nil, err
		}
		customers = append(customers, r)
	}
	return customers, rows.Err()
}

// allWithCredit reads the credits of a page in one go.
func allWithCredit(ctx context.Context, tx *db.Tx, rows []query.Customer) ([]Customer, error) {
	customers := make([]Customer, len(rows))
	if len(rows) == 0 {
		return customers, nil
	}
	at := make(map[string]int, len(rows))
	ids := make([]any, len(rows))
	for i, r := range rows {
		customers[i] = customerOf(r)
		at[r.ID], ids[i] = i, r.ID
	}
	credits, err := tx.SQL().QueryContext(ctx, `SELECT customer_id, currency, amount FROM customer_credits
		WHERE amount > 0 AND customer_id IN (`+page.Placeholders(len(ids))+`) ORDER BY customer_id, currency`, ids...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = credits.Close() }()
	for credits.Next() {
		var id, currency string
		var amount int64
		if err := credits.Scan(&id, &currency, &amount); err != nil {
			return nil, err
		}
		c := &customers[at[id]]
		c.Credit = append(c.Credit, money.New(amount, money.Currency(currency)))
	}
	return customers, credits.Err()
}
