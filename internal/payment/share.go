package payment

import (
	"context"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
)

// source is a payment that money can be taken from. Of what is left of it, counted still counts towards its invoice;
// free has become the customer's credit.
type source struct {
	payment query.Payment
	counted int64
	free    int64
}

// share is what is taken of a payment.
type share struct {
	payment query.Payment
	counted int64
	free    int64
}

// pool is what payments have to give: no more than their invoice counts as paid, nor than is left of the credit.
type pool struct {
	sources []source
	paid    int64
	credit  int64
}

// takeFree takes up to n of what no invoice uses of a payment.
func (p *pool) takeFree(from *source, n int64) int64 {
	n = min(n, from.free, p.credit)
	from.free -= n
	p.credit -= n
	return n
}

// takeCounted takes up to n of what counts of a payment.
func (p *pool) takeCounted(from *source, n int64) int64 {
	n = min(n, from.counted, p.paid)
	from.counted -= n
	p.paid -= n
	return n
}

// take takes up to n from all payments, each time in their order: what no invoice uses, unless onlyCounted, then what
// counts. It returns the shares and what they come to.
func (p pool) take(n int64, onlyCounted bool) (shares []share, taken int64) {
	p.sources = slices.Clone(p.sources)
	shares = make([]share, len(p.sources))
	for i := range p.sources {
		shares[i].payment = p.sources[i].payment
		if !onlyCounted {
			shares[i].free = p.takeFree(&p.sources[i], n-taken)
			taken += shares[i].free
		}
	}
	for i := range p.sources {
		shares[i].counted = p.takeCounted(&p.sources[i], n-taken)
		taken += shares[i].counted
	}
	return slices.DeleteFunc(shares, func(s share) bool { return s.free+s.counted == 0 }), taken
}

// split is take for an amount of which nothing may be missing. A payment of which just so much is left goes first: it is
// most likely the one that is meant.
func (p pool) split(n int64, onlyCounted bool) ([]share, error) {
	if i := slices.IndexFunc(p.sources, func(s source) bool { return s.counted+s.free == n }); i > 0 {
		rest := slices.Delete(slices.Clone(p.sources), i, i+1)
		p.sources = slices.Insert(rest, 0, p.sources[i])
	}
	shares, taken := p.take(n, onlyCounted)
	if n <= 0 || taken < n {
		return nil, errTooMuch
	}
	return shares, nil
}

// sourceOf tells what is left of a payment. What was refunded to credit is free: the gateway can take it back. For those
// who refund in the store it has been given back already.
func sourceOf(ctx context.Context, tx *db.Tx, p query.Payment, inStore bool) (source, error) {
	taken, err := tx.TakenOfPayment(ctx, p.ID)
	if err != nil {
		return source{}, fmt.Errorf("payment %s: %w", p.ID, err)
	}
	left := max(0, p.Amount-p.Refunded-taken.Disputed)
	if inStore {
		left = max(0, left-taken.AsCredit)
	}
	counted := max(0, min(left, p.Applied-taken.Uncounted))
	return source{payment: p, counted: counted, free: left - counted}, nil
}

// poolOf is what one payment has to give, whatever its invoice has become: what no longer counts there is credit.
func poolOf(ctx context.Context, tx *db.Tx, inv billing.Invoice, p query.Payment) (pool, error) {
	credit, err := billing.CreditOf(ctx, tx, inv.CustomerID, inv.Total.Currency)
	if err != nil {
		return pool{}, err
	}
	from, err := sourceOf(ctx, tx, p, false)
	if err != nil {
		return pool{}, err
	}
	return pool{sources: []source{freed(from, inv.Paid.Amount)}, paid: inv.Paid.Amount, credit: credit.Amount}, nil
}

// freed moves what an invoice no longer counts as paid, being void for one, to what is free.
func freed(from source, paid int64) source {
	if from.counted > paid {
		from.free += from.counted - paid
		from.counted = paid
	}
	return from
}

// sources collects the payments of an invoice that a refund can be taken from, the newest first.
func (s *Service) sources(ctx context.Context, tx *db.Tx, inv billing.Invoice, in RefundInput) (pool, error) {
	payments, err := tx.PaymentsOfInvoice(ctx, inv.ID)
	if err != nil {
		return pool{}, fmt.Errorf("payments of invoice %s: %w", inv.ID, err)
	}
	slices.SortStableFunc(payments, newest)
	credit, err := billing.CreditOf(ctx, tx, inv.CustomerID, inv.Total.Currency)
	if err != nil {
		return pool{}, err
	}
	p := pool{paid: inv.Paid.Amount, credit: credit.Amount}
	paid := inv.Paid.Amount
	named := in.PaymentID == ""
	for _, row := range payments {
		if in.PaymentID != "" && row.ID != in.PaymentID || State(row.State) != Succeeded {
			continue
		}
		named = true
		if in.To == ToGateway && row.Gateway != ManualGateway && row.Gateway != CreditGateway {
			if g, err := s.gateway(row.Gateway); err != nil || !g.Can().Refund {
				continue
			}
		}
		from, err := sourceOf(ctx, tx, row, true)
		if err != nil {
			return pool{}, err
		}
		from = freed(from, paid)
		paid -= from.counted
		if in.To == ToCredit || row.Gateway == CreditGateway {
			from.free = 0 // it is credit
		}
		p.sources = append(p.sources, from)
	}
	if !named {
		return pool{}, fail.Invalid("payment_id", "is not a payment of this invoice that has succeeded")
	}
	return p, nil
}
