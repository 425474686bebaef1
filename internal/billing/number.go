package billing

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// The series of numbers. They run on from year to year.
const (
	invoiceSeries = "invoice"
	creditSeries  = "credit_note"
)

// noDate is the zero date.
var noDate civil.Date

// takeNumbers takes the next n numbers of a series and returns the first, with the date that the documents bear: today,
// or the date of the number before if that is later, so that numbers always follow issue dates.
func takeNumbers(ctx context.Context, tx *db.Tx, series string, n int, today civil.Date) (first int64, on civil.Date, err error) {
	taken, err := tx.TakeNumbers(ctx, query.TakeNumbersParams{Series: series, N: int64(n), IssuedOn: today.String()})
	if err != nil {
		return 0, noDate, fmt.Errorf("series %s: %w", series, err)
	}
	on, err = civil.Parse(taken.LastOn)
	return taken.LastNumber - int64(n) + 1, on, err
}

// number gives invoices that are about to be written their numbers and dates, unless they take them when they are paid.
func (c composer) number(ctx context.Context, tx *db.Tx, invoices []numbered) error {
	if c.terms.NumberAtPayment {
		return nil
	}
	first, on, err := takeNumbers(ctx, tx, invoiceSeries, len(invoices), c.today)
	if err != nil {
		return err
	}
	for i := range invoices {
		inv := &invoices[i]
		inv.series, inv.sequence = invoiceSeries, first+int64(i)
		inv.Number = FormatNumber(c.terms.NumberFormat, on, inv.sequence)
		if inv.IssuedOn = on; inv.dueByTerms {
			inv.DueOn = on.AddDays(c.terms.DueDays)
		}
	}
	return nil
}

// FormatNumber writes a number as the setting billing.number_format says: {yyyy} and {mm} are the year and the month
// of the issue date, {n} is the number in its series.
func FormatNumber(format string, on civil.Date, n int64) string {
	return strings.NewReplacer(
		"{yyyy}", fmt.Sprintf("%04d", on.Year),
		"{mm}", fmt.Sprintf("%02d", int(on.Month)),
		"{n}", strconv.FormatInt(n, 10),
	).Replace(format)
}
