package domainname

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// PricesOf reads the price table of an extension.
func PricesOf(ctx context.Context, tx *db.Tx, extension string) (Prices, error) {
	return pricesOf(tx.DomainPricesOf(ctx, extension))
}

func pricesOf(rows []query.DomainPrice, err error) (Prices, error) {
	if err != nil {
		return nil, fmt.Errorf("prices of domains: %w", err)
	}
	all := make(Prices, len(rows))
	for i, r := range rows {
		from, err := civil.Parse(r.ValidFrom)
		if err != nil {
			return nil, fmt.Errorf("price of .%s: %w", r.Extension, err)
		}
		all[i] = Price{
			Extension: r.Extension, Kind: PriceKind(r.Kind), Years: int(r.Years), Currency: money.Currency(r.Currency), Group: r.CustomerGroup,
			Amount: Disabled, Unset: r.Amount == nil, ValidFrom: from,
		}
		if r.Amount != nil {
			all[i].Amount = *r.Amount
		}
	}
	return all, nil
}

// Prices reads the price table; of one extension if it is named.
func (s *Service) Prices(ctx context.Context, extension string) (all Prices, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		if extension != "" {
			all, err = PricesOf(ctx, tx, extension)
		} else {
			all, err = pricesOf(tx.DomainPrices(ctx))
		}
		return err
	})
	return all, err
}

// SetPrices writes rows of the price table, all or none. Renewals of ten years are stored as disabled; those that were
// asked for with an amount are returned.
func (s *Service) SetPrices(ctx context.Context, rows Prices) (disabled Prices, err error) {
	if disabled, err = rows.validate(); err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		for i, p := range rows {
			wrong, err := unsuitable(ctx, tx, p)
			if err != nil {
				return err
			}
			if wrong != "" {
				return fail.Invalid(fmt.Sprintf("prices[%d].years", i), wrong)
			}
		}
		return putPrices(ctx, tx, rows)
	})
	if err != nil {
		return nil, err
	}
	return disabled, nil
}

// validate reports all that is wrong with rows, after bringing each into the form in which it is stored, and which of them are
// disabled by that.
func (ps Prices) validate() (disabled Prices, err error) {
	var f fail.Fields
	for i := range ps {
		was, err := ps[i].Validate()
		if err != nil {
			for _, e := range fail.Of(err).Fields {
				f.Add(fmt.Sprintf("prices[%d].%s", i, e.Field), e.Message)
			}
		}
		if was {
			disabled = append(disabled, ps[i])
		}
	}
	return disabled, f.Err()
}

// unsuitable says why a price can't be: a transfer has the shortest term of its extension and no other.
func unsuitable(ctx context.Context, tx *db.Tx, p Price) (wrong string, err error) {
	if p.Kind != ForTransfer || p.Amount == Disabled {
		return "", nil
	}
	policy, ok, err := PolicyAt(ctx, tx, p.Extension, p.ValidFrom)
	if err != nil {
		return "", err
	}
	shortest := 1
	if ok {
		shortest = policy.MinYears
	}
	if p.Years != shortest {
		wrong = fmt.Sprintf("of a transfer is the shortest term, which is %d", shortest)
	}
	return wrong, nil
}

func putPrices(ctx context.Context, tx *db.Tx, rows Prices) error {
	changed := map[string]int{}
	for _, p := range rows {
		var amount *int64
		if !p.Unset {
			amount = &p.Amount
		}
		err := tx.PutDomainPrice(ctx, query.PutDomainPriceParams{
			Extension: p.Extension, Kind: string(p.Kind), Years: int64(p.Years), Currency: string(p.Currency), CustomerGroup: p.Group,
			ValidFrom: p.ValidFrom.String(), Amount: amount, UpdatedAt: tx.Stamp,
		})
		if err != nil {
			return fmt.Errorf("price of .%s: %w", p.Extension, err)
		}
		changed[p.Extension]++
	}
	for _, extension := range slices.Sorted(maps.Keys(changed)) {
		n := changed[extension]
		err := event.Audit(ctx, tx, event.Change{What: "domain_prices.updated", SubjectID: extension, After: fmt.Sprintf("%d prices", n)})
		if err != nil {
			return err
		}
	}
	return nil
}

// PriceImport is what an import does, or would do.
type PriceImport struct {
	Prices   Prices // good rows that change something
	Same     int    // rows that the store has as they are
	Disabled Prices // of all good rows, renewals of ten years that had an amount
	Bad      []BadRow
	Lost     LostTerms // what Prices take off
	lines    []int     // of Prices, where they were read
}

var priceHead = []string{"extension", "kind", "years", "currency", "group", "valid_from", "amount"}

// WritePrices writes rows as a table that [ReadPrices] reads. An amount of -1 disables a term; a group's row without one
// has no price of its own any more.
func WritePrices(w io.Writer, rows Prices) error {
	out := csv.NewWriter(w)
	if err := out.Write(priceHead); err != nil {
		return err
	}
	for _, p := range rows {
		amount := money.New(p.Amount, p.Currency).Decimal()
		switch {
		case p.Unset:
			amount = ""
		case p.Amount == Disabled:
			amount = strconv.Itoa(Disabled)
		}
		if err := out.Write([]string{p.Extension, string(p.Kind), strconv.Itoa(p.Years), string(p.Currency), text.Cell(p.Group), p.ValidFrom.String(), amount}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// ReadPrices reads a table of prices: the rows that can be taken, and those that can't with the line and the reason.
func ReadPrices(r io.Reader) (PriceImport, error) {
	var result PriceImport
	known := map[string]bool{}
	for _, name := range priceHead {
		known[name] = true
	}
	lines := map[Price]int{} // by what they are the price of
	required := []string{"extension", "kind", "years", "currency", "valid_from", "amount"}
	err := readTable(r, func(name string) bool { return known[name] }, required, func(line int, fields []field) {
		p, err := priceOf(fields)
		if err != nil {
			result.Bad = append(result.Bad, BadRow{line, err.Error()})
			return
		}
		disabled, err := p.Validate()
		if err != nil {
			result.Bad = append(result.Bad, BadRow{line, reason(err)})
			return
		}
		k := p.place()
		if first, twice := lines[k]; twice {
			result.Bad = append(result.Bad, BadRow{line, fmt.Sprintf("is the price of line %d", first)})
			return
		}
		lines[k] = line
		result.Prices, result.lines = append(result.Prices, p), append(result.lines, line)
		if disabled {
			result.Disabled = append(result.Disabled, p)
		}
	}, &result.Bad)
	return result, err
}

func priceOf(fields []field) (p Price, err error) {
	of := map[string]string{}
	for _, f := range fields {
		of[f.name] = f.value
	}
	p = Price{Extension: of["extension"], Kind: PriceKind(of["kind"]), Currency: money.Currency(of["currency"]), Group: of["group"]}
	if p.Years, err = strconv.Atoi(of["years"]); err != nil {
		return p, errors.New("years is not a whole number")
	}
	if err := readDate(&p.ValidFrom, of["valid_from"]); err != nil {
		return p, fmt.Errorf("valid_from %w", err)
	}
	if !p.Currency.IsValid() {
		return p, errors.New("currency is not a current ISO 4217 code")
	}
	switch amount := of["amount"]; amount {
	case "":
		p.Unset = true
	case "-1":
		p.Amount = Disabled
	default:
		m, err := money.ParseDecimal(amount, p.Currency)
		if err != nil || m.Amount < 0 {
			return p, errors.New("amount is neither -1 nor an amount such as 12.00")
		}
		p.Amount = m.Amount
	}
	return p, nil
}

// ImportPrices writes the rows of a table; as a dry run it only says what it would do.
func (s *Service) ImportPrices(ctx context.Context, r io.Reader, dryRun bool) (PriceImport, error) {
	read, err := ReadPrices(r)
	if err != nil {
		return PriceImport{}, err
	}
	var result PriceImport
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		result = PriceImport{Bad: slices.Clone(read.Bad), Disabled: read.Disabled}
		rows, err := pricesOf(tx.DomainPrices(ctx))
		if err != nil {
			return err
		}
		stored := make(map[Price]bool, len(rows))
		for _, p := range rows {
			stored[p] = true
		}
		known, err := tlds(ctx, tx, "")
		if err != nil {
			return err
		}
		extensions := map[string]bool{}
		for _, t := range known {
			extensions[t.Extension] = true
		}
		for i, p := range read.Prices {
			if !extensions[p.Extension] {
				result.Bad = append(result.Bad, BadRow{read.lines[i], fmt.Sprintf("extension is .%s, which has no policy", p.Extension)})
				continue
			}
			if stored[p] {
				result.Same++
				continue
			}
			wrong, err := unsuitable(ctx, tx, p)
			if err != nil {
				return err
			}
			if wrong != "" {
				result.Bad = append(result.Bad, BadRow{read.lines[i], "years " + wrong})
				continue
			}
			result.Prices = append(result.Prices, p)
		}
		byLine(result.Bad)
		before, added := rows.byExtension(), result.Prices.byExtension()
		for _, extension := range slices.Sorted(maps.Keys(added)) {
			if err := result.Lost.add(ctx, tx, extension, before[extension], added[extension]); err != nil {
				return err
			}
		}
		if dryRun {
			return nil
		}
		return putPrices(ctx, tx, result.Prices)
	})
	return result, err
}

// ExportPrices writes the whole price table.
func (s *Service) ExportPrices(ctx context.Context, w io.Writer) error {
	all, err := s.Prices(ctx, "")
	if err != nil {
		return err
	}
	return WritePrices(w, all)
}
