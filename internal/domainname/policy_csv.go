package domainname

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// BadRow is a row of a table that can't be taken, and why.
type BadRow struct {
	Line   int
	Reason string
}

// byLine sorts what is wrong with a table by where it stands.
func byLine(bad []BadRow) {
	slices.SortStableFunc(bad, func(a, b BadRow) int { return a.Line - b.Line })
}

//go:embed defaults.csv
var shipped string

// Shipped are the policies that come with the product: starting values, of which the admin sets what the store's own
// channel demands.
func Shipped() Policies {
	rows, bad, err := ReadPolicies(strings.NewReader(shipped))
	if err != nil || len(bad) > 0 {
		panic(fmt.Sprintf("domainname: the shipped policies: %v, %v", err, bad)) // a test reads them
	}
	return rows
}

// policyColumns are the columns of the table, in the order of an export. An import may have them in any order, and leave
// out those that are not required.
var policyColumns = []struct {
	name     string
	required bool
	get      func(p *Policy) string
	set      func(p *Policy, s string) error
}{
	{"extension", true, func(p *Policy) string { return p.Extension }, func(p *Policy, s string) error { p.Extension = s; return nil }},
	{"valid_from", true, func(p *Policy) string { return p.ValidFrom.String() }, func(p *Policy, s string) error { return readDate(&p.ValidFrom, s) }},
	{"min_years", true, number(func(p *Policy) *int { return &p.MinYears }), readNumber(func(p *Policy) *int { return &p.MinYears })},
	{"max_years", true, number(func(p *Policy) *int { return &p.MaxYears }), readNumber(func(p *Policy) *int { return &p.MaxYears })},
	{"step_years", true, number(func(p *Policy) *int { return &p.StepYears }), readNumber(func(p *Policy) *int { return &p.StepYears })},
	{"earliest", false, optionalNumber(func(p *Policy) **int { return &p.Earliest }), readOptional(func(p *Policy) **int { return &p.Earliest })},
	{"grace_days", false, number(func(p *Policy) *int { return &p.GraceDays }), readNumber(func(p *Policy) *int { return &p.GraceDays })},
	{"grace_fee", false, func(p *Policy) string { return p.GraceFee.String() }, func(p *Policy, s string) (err error) { p.GraceFee, err = ParseFee(s, ""); return err }},
	{"latest", false, optionalNumber(func(p *Policy) **int { return &p.Latest }), readOptional(func(p *Policy) **int { return &p.Latest })},
	{"redemption_days", false, number(func(p *Policy) *int { return &p.RedemptionDays }), readNumber(func(p *Policy) *int { return &p.RedemptionDays })},
	{"redemption_fee", false, func(p *Policy) string { return p.RedemptionFee.String() }, func(p *Policy, s string) (err error) { p.RedemptionFee, err = ParseFee(s, ""); return err }},
	{"registry_auto_renews", false, yes(func(p *Policy) *bool { return &p.RegistryAutoRenews }), readYes(func(p *Policy) *bool { return &p.RegistryAutoRenews })},
	{"argp_days", false, number(func(p *Policy) *int { return &p.ARGPDays }), readNumber(func(p *Policy) *int { return &p.ARGPDays })},
	{"explicit_renew", false, yes(func(p *Policy) *bool { return &p.ExplicitRenew }), readYes(func(p *Policy) *bool { return &p.ExplicitRenew })},
	{"date_moves", false, func(p *Policy) string { return string(p.DateMoves) }, func(p *Policy, s string) error { p.DateMoves = DateMoves(s); return nil }},
	{"expiry_rounding", false, func(p *Policy) string { return string(p.ExpiryRounding) }, func(p *Policy, s string) error { p.ExpiryRounding = Rounding(s); return nil }},
	{"due_margin", false, number(func(p *Policy) *int { return &p.DueMargin }), readNumber(func(p *Policy) *int { return &p.DueMargin })},
	{"years_ahead_limit", false, optionalNumber(func(p *Policy) **int { return &p.YearsAheadLimit }), readOptional(func(p *Policy) **int { return &p.YearsAheadLimit })},
	{"source", false, func(p *Policy) string { return text.Cell(p.Source) }, func(p *Policy, s string) error { p.Source = s; return nil }},
	{"read_on", false, func(p *Policy) string { return p.ReadOn.String() }, func(p *Policy, s string) error { return readDate(&p.ReadOn, s) }},
}

// WritePolicies writes rows as a table that [ReadPolicies] reads.
func WritePolicies(w io.Writer, rows Policies) error {
	out := csv.NewWriter(w)
	record := make([]string, len(policyColumns))
	for i, c := range policyColumns {
		record[i] = c.name
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for _, p := range rows {
		for i, c := range policyColumns {
			record[i] = c.get(&p)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// ReadPolicies reads a table of policies: the rows that can be taken, and those that can't with the line and the reason.
// It fails if it is no such table at all.
func ReadPolicies(r io.Reader) (rows Policies, bad []BadRow, err error) {
	rows, _, bad, err = readPolicies(r)
	return rows, bad, err
}

// readPolicies is [ReadPolicies]; at are the lines of the rows that can be taken.
func readPolicies(r io.Reader) (rows Policies, at []int, bad []BadRow, err error) {
	type key struct {
		extension string
		from      civil.Date
	}
	lines := map[key]int{}
	set := map[string]func(*Policy, string) error{}
	var required []string
	for _, c := range policyColumns {
		set[c.name] = c.set
		if c.required {
			required = append(required, c.name)
		}
	}
	err = readTable(r, func(name string) bool { return set[name] != nil }, required, func(line int, fields []field) {
		p := Policy{DueMargin: defaultDueMargin, ExplicitRenew: true}
		for _, f := range fields {
			if f.value == "" {
				continue // what is not said stays as it is without saying
			}
			if err := set[f.name](&p, f.value); err != nil {
				bad = append(bad, BadRow{line, f.name + " " + err.Error()})
				return
			}
		}
		if err := p.Validate(); err != nil {
			bad = append(bad, BadRow{line, reason(err)})
			return
		}
		k := key{p.Extension, p.ValidFrom}
		if first, twice := lines[k]; twice {
			bad = append(bad, BadRow{line, fmt.Sprintf("valid_from is that of line %d", first)})
			return
		}
		lines[k] = line
		rows, at = append(rows, p), append(at, line)
	}, &bad)
	return rows, at, bad, err
}

// longestTable and mostRows bound what is read of a table.
const (
	longestTable = 32 << 20
	mostRows     = 200_000
)

type field struct{ name, value string }

// readTable goes through the rows of a table with a head: columns in any order, the required ones among them. Rows that
// have another number of fields are bad.
func readTable(r io.Reader, known func(string) bool, required []string, row func(line int, fields []field), bad *[]BadRow) error {
	limited := &io.LimitedReader{R: r, N: longestTable}
	in, err := text.OpenTable(limited)
	if err != nil {
		return err
	}
	head := make([]string, len(in.Head))
	for i, name := range in.Head {
		head[i] = strings.TrimSpace(name)
		if !known(head[i]) || slices.Contains(head[:i], head[i]) {
			return fail.Invalid("file", fmt.Sprintf("has an unknown or repeated column %.40q", name))
		}
	}
	for _, name := range required {
		if !slices.Contains(head, name) {
			return fail.Invalid("file", fmt.Sprintf("has no column %q", name))
		}
	}
	for n := 0; ; n++ {
		record, line, err := in.Next()
		if errors.Is(err, io.EOF) {
			if limited.N == 0 {
				return fail.Invalid("file", fmt.Sprintf("is longer than %d bytes", longestTable))
			}
			return nil
		}
		if n == mostRows {
			return fail.Invalid("file", fmt.Sprintf("has more than %d rows", mostRows))
		}
		if text.OfRow(err) {
			*bad = append(*bad, BadRow{line, fail.Of(err).Detail})
			continue
		}
		if err != nil {
			return err
		}
		if len(record) != len(head) {
			*bad = append(*bad, BadRow{line, fmt.Sprintf("has %d fields instead of %d", len(record), len(head))})
			continue
		}
		fields := make([]field, len(record))
		for i, value := range record {
			fields[i] = field{head[i], text.FromCell(strings.TrimSpace(value))}
		}
		row(line, fields)
	}
}

// reason is what is wrong with a row, in one line.
func reason(err error) string {
	e := fail.Of(err)
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Field + " " + f.Message
	}
	if len(parts) == 0 {
		return e.Detail
	}
	return strings.Join(parts, "; ")
}

func readDate(d *civil.Date, s string) (err error) {
	if *d, err = civil.Parse(s); err != nil {
		return errors.New("is not a date such as 2026-11-22")
	}
	return nil
}

var errNotNumber = errors.New("is not a whole number")

func number(of func(*Policy) *int) func(*Policy) string {
	return func(p *Policy) string { return strconv.Itoa(*of(p)) }
}

func readNumber(of func(*Policy) *int) func(*Policy, string) error {
	return func(p *Policy, s string) error {
		n, err := strconv.Atoi(s)
		if err != nil {
			return errNotNumber
		}
		*of(p) = n
		return nil
	}
}

func optionalNumber(of func(*Policy) **int) func(*Policy) string {
	return func(p *Policy) string {
		if n := *of(p); n != nil {
			return strconv.Itoa(*n)
		}
		return ""
	}
}

func readOptional(of func(*Policy) **int) func(*Policy, string) error {
	return func(p *Policy, s string) error {
		n, err := strconv.Atoi(s)
		if err != nil {
			return errNotNumber
		}
		*of(p) = &n
		return nil
	}
}

func yes(of func(*Policy) *bool) func(*Policy) string {
	return func(p *Policy) string {
		if *of(p) {
			return "yes"
		}
		return "no"
	}
}

func readYes(of func(*Policy) *bool) func(*Policy, string) error {
	return func(p *Policy, s string) error {
		if s != "yes" && s != "no" {
			return errors.New("is not yes or no")
		}
		*of(p) = s == "yes"
		return nil
	}
}

// ParseFee reads amounts as tables have them: "5.00 EUR; 6.00 USD". An amount that names no currency is in the one that is
// given, if one is.
func ParseFee(s string, unnamed money.Currency) (Fee, error) {
	fee := Fee{}
	for part := range strings.SplitSeq(s, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		amount, code, named := strings.Cut(part, " ")
		if !named {
			code = string(unnamed)
		}
		currency, err := money.ParseCurrency(strings.TrimSpace(code))
		switch {
		case !named && unnamed == "" && strings.Trim(part, "0123456789.") == "":
			return nil, fmt.Errorf("needs the currency, such as %s EUR", part)
		case err != nil:
			return nil, errors.New("is not written as 5.00 EUR; 6.00 USD")
		}
		m, err := money.ParseDecimal(amount, currency)
		if err != nil || m.Amount < 0 || m.Amount > maxAmount {
			return nil, fmt.Errorf("is not an amount in %s", currency)
		}
		if _, twice := fee[currency]; twice {
			return nil, fmt.Errorf("has two amounts in %s", currency)
		}
		fee[currency] = m.Amount
	}
	if len(fee) == 0 {
		return nil, nil
	}
	return fee, nil
}

// String is the fee as tables have it.
func (f Fee) String() string {
	parts := make([]string, 0, len(f))
	for currency, amount := range f {
		parts = append(parts, money.New(amount, currency).String())
	}
	slices.SortFunc(parts, func(a, b string) int {
		return strings.Compare(a[strings.IndexByte(a, ' '):], b[strings.IndexByte(b, ' '):])
	})
	return strings.Join(parts, "; ")
}
