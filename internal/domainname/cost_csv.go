package domainname

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

var costHead = []string{"registrar", "extension", "kind", "years", "currency", "amount", "valid_from", "source"}

// CostImport is what an import does, or would do.
type CostImport struct {
	Costs []Cost // good rows
	Bad   []BadRow
}

// costRow is a row of a table, whose registrar is a name.
type costRow struct {
	Cost

	line      int
	registrar string
}

// ImportCosts writes what registrars ask, as a table says it; as a dry run it only says what it would do.
func (s *Service) ImportCosts(ctx context.Context, r io.Reader, dryRun bool) (CostImport, error) {
	rows, bad, err := readCosts(r)
	if err != nil {
		return CostImport{}, err
	}
	var result CostImport
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		result = CostImport{Bad: slices.Clone(bad)}
		known := map[string]string{}
		for _, row := range rows {
			id, looked := known[row.registrar]
			if !looked {
				id, err = registrarNamed(ctx, tx, row.registrar)
				if err != nil && fail.Of(err).Kind != fail.KindInvalid {
					return err
				}
				known[row.registrar] = id
			}
			if id == "" {
				result.Bad = append(result.Bad, BadRow{row.line, fmt.Sprintf("registrar is %q, which no registrar of the store is called", row.registrar)})
				continue
			}
			row.RegistrarID = id
			err := tx.Savepoint(ctx, func() error { return PutCost(ctx, tx, row.Cost) })
			if err != nil {
				if fail.Of(err).Kind != fail.KindInvalid {
					return err
				}
				result.Bad = append(result.Bad, BadRow{row.line, reason(err)})
				continue
			}
			result.Costs = append(result.Costs, row.Cost)
		}
		byLine(result.Bad)
		if dryRun {
			return errDryRun
		}
		if len(result.Costs) == 0 {
			return nil
		}
		return event.Audit(ctx, tx, event.Change{What: "domain_costs.imported", After: fmt.Sprintf("%d costs", len(result.Costs))})
	})
	if errors.Is(err, errDryRun) {
		err = nil
	}
	return result, err
}

// errDryRun takes back what was only tried.
var errDryRun = errors.New("dry run")

func readCosts(r io.Reader) (rows []costRow, bad []BadRow, err error) {
	known := map[string]bool{}
	for _, name := range costHead {
		known[name] = true
	}
	lines := map[costRow]int{} // by what they are the cost of
	err = readTable(r, func(name string) bool { return known[name] }, costHead[:len(costHead)-1], func(line int, fields []field) {
		row, err := costOf(fields)
		if err != nil {
			bad = append(bad, BadRow{line, err.Error()})
			return
		}
		k := row
		k.Money.Amount, k.Source = 0, ""
		if first, twice := lines[k]; twice {
			bad = append(bad, BadRow{line, fmt.Sprintf("is the cost of line %d", first)})
			return
		}
		lines[k] = line
		row.line = line
		rows = append(rows, row)
	}, &bad)
	return rows, bad, err
}

func costOf(fields []field) (row costRow, err error) {
	of := map[string]string{}
	for _, f := range fields {
		of[f.name] = f.value
	}
	row.registrar, row.Extension, row.Kind, row.Source = of["registrar"], of["extension"], PriceKind(of["kind"]), of["source"]
	if row.registrar == "" {
		return row, errors.New("registrar is required")
	}
	switch row.Kind {
	case ForRegistration, ForTransfer, ForRenewal, ForRestore:
	default:
		return row, errors.New("kind is not one of register, transfer, renew, restore")
	}
	if row.Years, err = strconv.Atoi(of["years"]); err != nil {
		return row, errors.New("years is not a whole number")
	}
	currency, err := money.ParseCurrency(of["currency"])
	if err != nil {
		return row, errors.New("currency is not a current ISO 4217 code")
	}
	if row.Money, err = money.ParseDecimal(of["amount"], currency); err != nil {
		return row, errors.New("amount is not one such as 8.57")
	}
	if row.Money.Amount < 0 {
		return row, errors.New("amount is negative")
	}
	if err := readDate(&row.ValidFrom, of["valid_from"]); err != nil {
		return row, fmt.Errorf("valid_from %w", err)
	}
	return row, nil
}

// ExportCosts writes all costs as a table that [Service.ImportCosts] reads.
func (s *Service) ExportCosts(ctx context.Context, w io.Writer) error {
	return s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.AllDomainCosts(ctx)
		if err != nil {
			return fmt.Errorf("costs of domains: %w", err)
		}
		out := csv.NewWriter(w)
		if err := out.Write(costHead); err != nil {
			return err
		}
		for _, r := range rows {
			amount := money.New(r.Amount, money.Currency(r.Currency)).Decimal()
			record := []string{text.Cell(r.Registrar), r.Extension, r.Kind, strconv.FormatInt(r.Years, 10), r.Currency, amount, r.ValidFrom, text.Cell(r.Source)}
			if err := out.Write(record); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	})
}
