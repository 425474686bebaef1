package domainname

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/setting"
)

// Day is what falls on a day of the calendar of renewals.
type Day struct {
	On    civil.Date
	What  string      // due, term_end, last_plain, last_safe
	Rows  []Row       // the first of them
	Total money.Money // of what falls due; amounts in other currencies than the store's are not in it
	Count int
}

const (
	// namedInDay is how many domains of a day are named.
	namedInDay = 20
	// longestCalendar is how many days it shows at once.
	longestCalendar = 400
)

// Calendar says what falls on the days from one to before another, due dates with their sums: of domains whose record is not
// over, and of due dates those that renew by themselves.
func (s *Service) Calendar(ctx context.Context, from, to civil.Date) (days []Day, err error) {
	if !from.IsValid() || !to.IsValid() || from.DaysUntil(to) > longestCalendar {
		return nil, fail.Invalid("to", fmt.Sprintf("is more than %d days after from", longestCalendar))
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		c := calendar{tx: tx, from: from, to: to, days: map[dayKey]*Day{}}
		if err := c.fill(ctx); err != nil {
			return err
		}
		days, err = c.sorted(ctx)
		return err
	})
	return days, err
}

type dayKey struct {
	on   civil.Date
	what string
}

// calendar collects what falls on days.
type calendar struct {
	tx       *db.Tx
	from, to civil.Date // to is not part of it
	days     map[dayKey]*Day
	named    []Domain
	at       map[string][]dayKey // where each of the named belongs
}

const (
	calendarLive = ` status NOT IN ('expired', 'transferred_away', 'cancelled', 'fraud')`
	calendarDue  = calendarLive + ` AND NOT do_not_renew AND term IS NOT NULL AND recurring_amount > 0`
)

func (c *calendar) fill(ctx context.Context) error {
	c.at = map[string][]dayKey{}
	policies, err := policiesOf(c.tx.TLDPolicies(ctx))
	if err != nil {
		return err
	}
	settings, err := setting.Load(ctx, c.tx)
	if err != nil {
		return err
	}
	if err := c.column(ctx, "due", "next_due", calendarDue, settings.Currency); err != nil {
		return err
	}
	if err := c.column(ctx, "term_end", "term_end", calendarLive, settings.Currency); err != nil {
		return err
	}
	if err := c.lastPlain(ctx, policies); err != nil {
		return err
	}
	return c.lastSafe(ctx)
}

func (c *calendar) day(on civil.Date, what string) *Day {
	k := dayKey{on, what}
	if c.days[k] == nil {
		c.days[k] = &Day{On: on, What: what}
	}
	return c.days[k]
}

func (c *calendar) name(d Domain, k dayKey) {
	if len(c.at[d.ID]) == 0 {
		c.named = append(c.named, d)
	}
	c.at[d.ID] = append(c.at[d.ID], k)
}

// column counts what a column of dates says, adds up what it costs, and names the first of each day.
func (c *calendar) column(ctx context.Context, what, column, condition string, currency money.Currency) error {
	rows, err := c.tx.SQL().QueryContext(ctx, `SELECT `+column+`, COUNT(*), CAST(SUM(CASE WHEN currency = $3 THEN recurring_amount ELSE 0 END) AS BIGINT) FROM domains
		WHERE `+column+` >= $1 AND `+column+` < $2 AND `+condition+` GROUP BY `+column, c.from.String(), c.to.String(), string(currency))
	if err != nil {
		return fmt.Errorf("calendar: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var on civil.Date
		var count int
		var sum int64
		if err := rows.Scan(&on, &count, &sum); err != nil {
			return fmt.Errorf("calendar: %w", err)
		}
		day := c.day(on, what)
		day.Count = count
		if what == "due" {
			day.Total = money.New(sum, currency)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("calendar: %w", err)
	}
	found, err := readDomains(ctx, c.tx, `SELECT `+columnsOfDomains+` FROM domains JOIN (
			SELECT id, ROW_NUMBER() OVER (PARTITION BY `+column+` ORDER BY name, id) AS place FROM domains
			WHERE `+column+` >= $1 AND `+column+` < $2 AND `+condition+`) AS ranked ON ranked.id = domains.id
		WHERE ranked.place <= $3 ORDER BY domains.name, domains.id`, c.from.String(), c.to.String(), int64(namedInDay))
	if err != nil {
		return err
	}
	for _, d := range found {
		on := d.NextDue
		if what == "term_end" {
			on, _ = d.TermEnd()
		}
		c.name(d, dayKey{on, what})
	}
	return nil
}

// nearby is by how many days a registrar's own date may differ from the end of a term and still be found by it.
const nearby = 30

// lastPlain finds the last days of plain renewals: they lie so many days from the end, or from the registrar's own date where
// it has one, as the policy of today says. Extensions of which that is the same number are looked up together.
func (c *calendar) lastPlain(ctx context.Context, policies Policies) error {
	today := RegistryDate(c.tx.Now)
	shifts := map[int][]string{}
	for i, p := range policies {
		if i > 0 && policies[i-1].Extension == p.Extension {
			continue
		}
		if p, ok := policies.At(p.Extension, today); ok {
			shift := today.DaysUntil(p.Window(today, civil.Date{}).LastPlain)
			shifts[shift] = append(shifts[shift], p.Extension)
		}
	}
	for shift, extensions := range shifts {
		if err := c.lastPlainOf(ctx, shift, extensions); err != nil {
			return err
		}
	}
	return nil
}

func (c *calendar) lastPlainOf(ctx context.Context, shift int, extensions []string) error {
	const counted = `COALESCE(accounting_on, term_end)`
	var w page.Where
	w.Add("term_end >= $?", c.from.AddDays(-shift-nearby).String())
	w.Add("term_end < $?", c.to.AddDays(-shift+nearby).String())
	w.Add(counted+" >= $?", c.from.AddDays(-shift).String())
	w.Add(counted+" < $?", c.to.AddDays(-shift).String())
	w.Add(calendarLive)
	places := make([]string, len(extensions))
	for i, e := range extensions {
		places[i] = w.Arg(e)
	}
	w.Add("extension IN (" + strings.Join(places, ", ") + ")")
	if err := c.countLastPlain(ctx, `SELECT `+counted+`, COUNT(*) FROM domains`+w.String()+` GROUP BY `+counted, shift, w.Args()); err != nil {
		return err
	}
	statement := `SELECT ` + columnsOfDomains + ` FROM domains JOIN (
			SELECT id, ROW_NUMBER() OVER (PARTITION BY ` + counted + ` ORDER BY name, id) AS place FROM domains` + w.String() + `) AS ranked
			ON ranked.id = domains.id
		WHERE ranked.place <= ` + w.Arg(int64(namedInDay)) + ` ORDER BY domains.name, domains.id`
	found, err := readDomains(ctx, c.tx, statement, w.Args()...)
	if err != nil {
		return err
	}
	for _, d := range found {
		on := d.Accounting
		if on.IsZero() {
			on, _ = d.TermEnd()
		}
		c.name(d, dayKey{on.AddDays(shift), "last_plain"})
	}
	return nil
}

func (c *calendar) countLastPlain(ctx context.Context, statement string, shift int, args []any) error {
	rows, err := c.tx.SQL().QueryContext(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("calendar: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var on civil.Date
		var count int
		if err := rows.Scan(&on, &count); err != nil {
			return fmt.Errorf("calendar: %w", err)
		}
		c.day(on.AddDays(shift), "last_plain").Count += count
	}
	return rows.Err()
}

// mostUnsafe bounds how many paid, unconfirmed renewals are looked at.
const mostUnsafe = 5000

// lastSafe finds the last safe days of renewals that are paid and not confirmed.
func (c *calendar) lastSafe(ctx context.Context) error {
	var w page.Where
	w.Add(specials["unconfirmed"])
	found, err := selectDomains(ctx, c.tx, &w, "domains.name, domains.id", mostUnsafe)
	if err != nil {
		return err
	}
	for ; len(found) > 0; found = found[min(len(found), page.Longest):] {
		rows, err := decorate(ctx, c.tx, found[:min(len(found), page.Longest)])
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.LastSafe.IsZero() || r.LastSafe.Before(c.from) || !r.LastSafe.Before(c.to) {
				continue
			}
			c.day(r.LastSafe, "last_safe").Count++
			c.name(r.Domain, dayKey{r.LastSafe, "last_safe"})
		}
	}
	return nil
}

// sorted are the days in order, each with those that are named.
func (c *calendar) sorted(ctx context.Context) ([]Day, error) {
	for len(c.named) > 0 {
		n := min(len(c.named), page.Longest)
		rows, err := decorate(ctx, c.tx, c.named[:n])
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			for _, k := range c.at[r.ID] {
				if day := c.days[k]; day != nil && len(day.Rows) < namedInDay {
					day.Rows = append(day.Rows, r)
				}
			}
		}
		c.named = c.named[n:]
	}
	days := make([]Day, 0, len(c.days))
	for _, day := range c.days {
		days = append(days, *day)
	}
	slices.SortFunc(days, func(a, b Day) int { return cmp.Or(a.On.Compare(b.On), cmp.Compare(a.What, b.What)) })
	return days, nil
}
