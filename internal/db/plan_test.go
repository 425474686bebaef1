package db_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

// small are the tables of which a store has few rows however long it sells.
var small = []string{
	"api_tokens", "automation_failures", "automation_lease", "bans", "charge_days", "coupons", "domain_costs", "domain_notice_rules", "domain_price_updates",
	"domain_prices", "ledger_seals", "mail_templates", "number_series", "price_updates", "products", "registrars", "sessions", "settings", "staff", "tax_rates",
	"tld_policies", "tlds", "webhook_endpoints", "one_time_links",
}

// walks are the queries that go through all rows of a table that grows, by why that is what is wanted.
var walks = map[string][]string{
	"proofs read all": {
		"CountInSeries", "DoneLinks", "ExceededCategories", "KeptDocuments", "LicensesToVerify", "NumberGaps", "NumbersOutOfOrder", "SeriesCounts", "UnbalancedCurrencies",
		"UnbalancedTransactions", "UnbookedPayments", "WrongApplied", "WrongCreditedLines", "WrongCredited", "WrongCredits",
		"WrongDisputes", "WrongLines", "WrongLinks", "WrongNoteSums", "WrongOrders", "WrongPaid", "WrongPayouts", "WrongReceivables", "WrongRefunded",
		"WrongReplacements", "WrongRevenue", "WrongTaxOwed", "WrongTaxSums", "WrongTotals", "TaxFigures",
	},
	"the newest or the oldest come first, and there it stops": {
		"NewestEventID", "PruneMails", "PruneRegistrarFrames", "SandboxEventsSince", "SyncFindings", "SyncRuns", "UnsealedEntries",
		"CountCustomersSince", "HasDomain", "HasStandingDomain",
	},
	"a figure over all, asked for now and then": {
		"CountDomainsByExtension", "CountDomainsByStatus", "CountLicensesByStatus", "DomainsBelowCost", "TaxedCredits", "TaxedSales",
	},
	"once in a long while": {
		"AssessAllAgain",          // the time zone of the store has changed
		"CountHeldBack",           // after a restore
		"DeferOpenPeriods",        // charges that were held while a gateway was away are released
		"DropDomainNoticeRule",    // is it in use?
		"OpenRenewalsOfExtension", // a policy is changed
		"ReleaseDomainLeases",     // in the copy of a dry run
		"NextTermEnd",             // of a test store
		"SandboxInUse",            // of a test store
		"UpdateTLDPolicy",         // a rule that no renewal went by can be changed
	},
}

var (
	queryName   = regexp.MustCompile(`(?m)^-- name: (\w+) :\w+$`)
	sqlComment  = regexp.MustCompile(`(?m)^--.*$`)
	sqlParam    = regexp.MustCompile(`@\w+`)
	sqlWord     = regexp.MustCompile(`\w+|\)`)
	planStep    = regexp.MustCompile(`^(SCAN|SEARCH) (\w+)(?: USING (?:COVERING )?INDEX (\w+))?(.*)$`)
	byKeyAlone  = regexp.MustCompile(`^ \(\w+[<>]\?\)$`)
	byKindAlone = regexp.MustCompile(`^ \((status|extension|registrar_id)=\?\)$`)
)

// broad are the indexes by what many rows of a table share, and that leave out few.
var broad = []string{"domains_by_extension", "domains_by_registrar", "domains_standing"}

// What falls due is found by an index of what falls due: a query that goes through a whole table of customers' rows to
// find a few of them would become slower from year to year.
func TestQueriesDoNotWalkOverTablesThatGrow(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	tables := lines(t, s.DB, `SELECT name FROM sqlite_master WHERE type = 'table'`)
	partial := lines(t, s.DB, `SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'`)
	wanted := map[string]bool{}
	for name := range maps.Values(walks) {
		for _, q := range name {
			wanted[q] = true
		}
	}
	files, err := filepath.Glob("queries/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	seen := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all := string(b)
		at := queryName.FindAllStringSubmatchIndex(all, -1)
		for i, m := range at {
			end := len(all)
			if i+1 < len(at) {
				end = at[i+1][0]
			}
			name := all[m[2]:m[3]]
			q := strings.TrimSpace(sqlParam.ReplaceAllString(sqlComment.ReplaceAllString(all[m[1]:end], ""), "$$1"))
			walked := walkedOver(t, s.DB, q, tables, partial)
			switch {
			case walked != "" && !wanted[name]:
				t.Errorf("%s, %s: %s", filepath.Base(file), name, walked)
			case walked == "" && wanted[name]:
				t.Errorf("%s, %s is said to go through a whole table, and does not", filepath.Base(file), name)
			}
			delete(wanted, name)
			seen++
		}
	}
	if seen < 500 {
		t.Errorf("%d queries found", seen)
	}
	for name := range wanted {
		t.Errorf("there is no query %s", name)
	}
}

// walkedOver is the step of a query's plan, if there is one, that goes through all rows of a table that grows, through all
// after a key, or through all of a kind.
func walkedOver(t *testing.T, d *db.DB, q string, tables, partial []string) string {
	t.Helper()
	aliases := map[string]string{}
	words := append(sqlWord.FindAllString(q, -1), "", "")
	for i, w := range words[:len(words)-2] {
		if !slices.Contains(tables, w) {
			continue
		}
		aliases[w] = w
		if next := words[i+1 : i+3]; strings.EqualFold(next[0], "AS") {
			aliases[next[1]] = w
		} else {
			aliases[next[0]] = w
		}
	}
	for _, step := range planOf(t, d, q) {
		m := planStep.FindStringSubmatch(step)
		if m == nil {
			continue
		}
		table, index := aliases[m[2]], m[3]
		if table == "" || slices.Contains(small, table) || slices.Contains(partial, index) && !slices.Contains(broad, index) {
			continue // a part of the query, few rows, or only those that an index is about
		}
		key := strings.HasSuffix(index, "_1") && strings.HasPrefix(index, "sqlite_autoindex_")
		if m[1] == "SCAN" || key && byKeyAlone.MatchString(m[4]) || slices.Contains(broad, index) && byKindAlone.MatchString(m[4]) {
			return step
		}
	}
	return ""
}

// PostgreSQL plans by how many rows there are: of many domains it reads one of each extension and status.
func TestStandingExtensionsOfManyDomains(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("queries/domain_watch.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, q, _ := strings.Cut(string(b), "-- name: StandingExtensions :many\n")
	q, _, _ = strings.Cut(q, ";")
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		if s.Engine != db.Postgres {
			return
		}
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			for _, prepare := range []string{
				`SET LOCAL session_replication_role = replica`, // without customers
				`INSERT INTO domains (id, name, extension, customer_id, kind, status, expires_at, expires_on, expiry_source, term_end, term, currency, recurring_amount, created_at, updated_at)
				SELECT 'dom_' || i, 'n' || i || '.e', 'e' || (i % 20), 'cus_1', 'register', 'active', 1, '2027-01-01', 'epp', '2027-01-01', 1, 'EUR', 1000, 0, 0 FROM generate_series(1, 20000) AS i`,
				`ANALYZE domains`,
			} {
				if _, err := tx.SQL().ExecContext(t.Context(), prepare); err != nil {
					return err
				}
			}
			rows, err := tx.SQL().QueryContext(t.Context(), "EXPLAIN "+q)
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }()
			var plan []string
			for rows.Next() {
				var step string
				if err := rows.Scan(&step); err != nil {
					return err
				}
				plan = append(plan, step)
			}
			if text := strings.Join(plan, "\n"); !strings.Contains(text, "domains_standing") || strings.Contains(text, "Seq Scan on domains") {
				t.Error(text)
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func planOf(t *testing.T, d *db.DB, q string) (steps []string) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		var args []any
		if strings.Contains(q, "$1") {
			for i := 1; strings.Contains(q, fmt.Sprint("$", i)); i++ {
				args = append(args, "1")
			}
		}
		rows, err := tx.SQL().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+q, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				return err
			}
			steps = append(steps, step)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, q)
	}
	return steps
}
