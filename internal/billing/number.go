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

// invoiceSeries is the series of the invoices' numbers. It runs on from year to year.
const invoiceSeries = "invoice"

// takeNumber takes the next number of the series and returns it with the date that the document bears: today, or the
// date of the number before if that is later, so that numbers always follow issue dates.
func takeNumber(ctx context.Context, tx *db.Tx, today civil.Date) (int64, civil.Date, error) {
	taken, err := tx.TakeNumber(ctx, query.TakeNumberParams{Series: invoiceSeries, IssuedOn: today.String()})
	if err != nil {
		return 0, civil.Date{}, fmt.Errorf("series %s: %w", invoiceSeries, err)
	}
	on, err := civil.Parse(taken.LastOn)
	return taken.LastNumber, on, err
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
