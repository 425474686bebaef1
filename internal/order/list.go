package order

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Filter picks a page of orders.
type Filter struct {
	CustomerID string
	Status     Status
	CouponID   string // that used it; an order that gave its use back doesn't count
	// Query finds an order by its whole id, or by the id or the number of its invoice.
	Query  string
	Cursor string // where the page before ended; empty: the first page
	Limit  int    // see page.Limit
}

// List returns a page of orders, newest first, and the cursor of the next page, empty after the last one.
func (s *Service) List(ctx context.Context, f Filter) (orders []Order, next string, err error) {
	f.Limit = page.Limit(f.Limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		where, err := f.where()
		if err != nil {
			return err
		}
		rows, err := selectOrders(ctx, tx, where, f.Limit+1)
		if err != nil {
			return fmt.Errorf("list orders: %w", err)
		}
		rows, more := page.Cut(rows, f.Limit)
		orders, next = rows, ""
		if more {
			next = page.Cursor(rows[len(rows)-1].ID)
		}
		return complete(ctx, tx, orders)
	})
	return orders, next, err
}

// All yields every order that a filter picks; its cursor and limit do not matter.
func (s *Service) All(ctx context.Context, f Filter) iter.Seq2[Order, error] {
	f.Limit = page.Longest
	return page.Walk(func(cursor string) ([]Order, string, error) {
		f.Cursor = cursor
		return s.List(ctx, f)
	})
}

func (f Filter) where() (*page.Where, error) {
	var bad fail.Fields
	var w page.Where
	if f.CustomerID != "" {
		if !text.IsID(f.CustomerID) {
			bad.Add("customer_id", "is not an id")
		}
		w.Add("orders.customer_id = $?", f.CustomerID)
	}
	if f.Status != "" {
		if !slices.Contains(states.States, f.Status) {
			bad.Add("status", "is not the status of an order")
		}
		if f.CustomerID == "" {
			w.Add("orders.status = $?", string(f.Status))
		} else {
			// Not by an index: a customer has few orders, a state may have a million.
			w.Add("COALESCE(orders.status, '') = $?", string(f.Status))
		}
	}
	if f.CouponID != "" {
		if !text.IsID(f.CouponID) {
			bad.Add("coupon_id", "is not an id")
		}
		w.Add("orders.id IN (SELECT order_id FROM coupon_uses WHERE coupon_id = $?)", f.CouponID)
	}
	q, err := text.Line(f.Query, text.NameLength)
	bad.Check("q", err)
	if q != "" {
		w.Add("orders.id IN (SELECT id FROM orders WHERE id = $? UNION SELECT order_id FROM invoices WHERE id = $? OR number = $?)", q, q, q)
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 1)
		if err != nil {
			return nil, err
		}
		w.Add("orders.id < $?", key[0])
	}
	return &w, nil
}

func load(ctx context.Context, tx *db.Tx, id string) (Order, error) {
	if !text.IsID(id) {
		return Order{}, errNotFound
	}
	var w page.Where
	w.Add("orders.id = $?", id)
	orders, err := selectOrders(ctx, tx, &w, 1)
	if err != nil {
		return Order{}, fmt.Errorf("order %s: %w", id, err)
	}
	if len(orders) == 0 {
		return Order{}, errNotFound
	}
	if err := complete(ctx, tx, orders); err != nil {
		return Order{}, fmt.Errorf("order %s: %w", id, err)
	}
	return orders[0], nil
}

// selectOrders reads orders without their items and licenses.
func selectOrders(ctx context.Context, tx *db.Tx, w *page.Where, limit int) (orders []Order, err error) {
	n := w.Arg(int64(limit))
	rows, err := tx.SQL().QueryContext(ctx, `SELECT orders.id, orders.customer_id, customers.name, customers.email, orders.kind,
		orders.status, orders.gateway, orders.currency, orders.total, COALESCE(orders.coupon_id, ''), COALESCE(coupons.code, ''),
		orders.reason, orders.version, orders.created_at, orders.completed_at, invoices.id, COALESCE(invoices.number, '')
		FROM orders
		JOIN customers ON customers.id = orders.customer_id
		JOIN invoices ON invoices.order_id = orders.id
			AND NOT EXISTS (SELECT 1 FROM invoices AS newer WHERE newer.replaces = invoices.id)
		LEFT JOIN coupons ON coupons.id = orders.coupon_id`+w.String()+`
		ORDER BY orders.id DESC LIMIT CAST(`+n+` AS BIGINT)`, w.Args()...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var o Order
		var created clock.Instant
		var completed *clock.Instant
		err := rows.Scan(&o.ID, &o.CustomerID, &o.CustomerName, &o.CustomerEmail, &o.Kind, &o.Status, &o.Gateway,
			&o.Total.Currency, &o.Total.Amount, &o.CouponID, &o.CouponCode, &o.Reason, &o.Version, &created, &completed,
			&o.InvoiceID, &o.InvoiceNumber)
		if err != nil {
			return nil, err
		}
		o.CreatedAt, o.CompletedAt = created.Time(), clock.TimePtr(completed)
		orders = append(orders, o)
	}
	return orders, rows.Err()
}

// complete reads the items and the licenses of a page of orders.
func complete(ctx context.Context, tx *db.Tx, orders []Order) error {
	if len(orders) == 0 {
		return nil
	}
	at := make(map[string]*Order, len(orders))
	ids := make([]any, len(orders))
	for i := range orders {
		at[orders[i].ID], ids[i] = &orders[i], orders[i].ID
	}
	if err := addItems(ctx, tx, at, ids); err != nil {
		return err
	}
	return addFruits(ctx, tx, at, ids)
}

func addItems(ctx context.Context, tx *db.Tx, at map[string]*Order, ids []any) error {
	rows, err := tx.SQL().QueryContext(ctx, `SELECT order_items.order_id, order_items.id, COALESCE(order_items.price_id, ''),
		COALESCE(prices.plan_id, ''), COALESCE(plans.product_id, ''), COALESCE(plans.kind, ''), COALESCE(prices.cycle, ''),
		COALESCE(prices.tax_class, ''), order_items.description, order_items.quantity,
		order_items.unit_amount, order_items.setup_fee, order_items.trial_days, order_items.trial_amount,
		COALESCE(order_items.license_id, ''), COALESCE(order_items.domain_action, ''), COALESCE(order_items.domain_name, ''),
		COALESCE(order_items.domain_id, ''), COALESCE(order_items.domain_years, 0), order_items.domain_auto_renew
		FROM order_items
		LEFT JOIN prices ON prices.id = order_items.price_id
		LEFT JOIN plans ON plans.id = prices.plan_id
		WHERE order_items.order_id IN (`+page.Placeholders(len(ids))+`)
		ORDER BY order_items.order_id, order_items.position`, ids...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var orderID string
		var item Item
		var domain DomainItem
		var autoRenew sql.NullBool
		var unit, fee, trial int64
		err := rows.Scan(&orderID, &item.ID, &item.PriceID, &item.PlanID, &item.ProductID, &item.Kind, &item.Cycle, &item.TaxClass,
			&item.Description, &item.Quantity, &unit, &fee, &item.TrialDays, &trial, &item.LicenseID,
			&domain.Action, &domain.Name, &domain.DomainID, &domain.Years, &autoRenew)
		if err != nil {
			return err
		}
		if domain.Action != "" {
			if autoRenew.Valid {
				domain.AutoRenew = &autoRenew.Bool
			}
			item.Domain = &domain
		}
		o := at[orderID]
		item.UnitAmount, item.SetupFee = money.New(unit, o.Total.Currency), money.New(fee, o.Total.Currency)
		item.TrialMoney = money.New(trial, o.Total.Currency)
		o.Items = append(o.Items, item)
	}
	return rows.Err()
}

// addFruits reads the licenses, subscriptions and domains that a page of orders has brought. A license that pays by
// periods is the subscription's.
func addFruits(ctx context.Context, tx *db.Tx, at map[string]*Order, ids []any) error {
	kinds := fmt.Sprintf("$%d, $%d", len(ids)+1, len(ids)+2)
	rows, err := tx.SQL().QueryContext(ctx, `SELECT invoices.order_id, fulfilments.kind, fulfilments.target,
		COALESCE(CASE WHEN subscriptions.kind = 'license' THEN subscriptions.license_id END, ''), order_items.domain_action IS NOT NULL
		FROM invoices
		JOIN fulfilments ON fulfilments.invoice_id = invoices.id
		JOIN invoice_lines ON invoice_lines.invoice_id = fulfilments.invoice_id AND invoice_lines.id = fulfilments.line_id
		LEFT JOIN order_items ON order_items.id = invoice_lines.order_item_id
		LEFT JOIN subscriptions ON subscriptions.id = fulfilments.target
		WHERE invoices.order_id IN (`+page.Placeholders(len(ids))+`)
			AND (fulfilments.kind IN (`+kinds+`) OR order_items.domain_action IS NOT NULL) AND fulfilments.state = 'done'
		ORDER BY invoices.order_id, invoice_lines.position`, append(ids, billing.KindLicense, billing.LinkSubscription)...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var orderID, kind, target, license string
		var domain bool
		if err := rows.Scan(&orderID, &kind, &target, &license, &domain); err != nil {
			return err
		}
		o := at[orderID]
		switch {
		case domain:
			o.DomainIDs = append(o.DomainIDs, target)
		case kind == billing.LinkSubscription:
			o.SubscriptionIDs = append(o.SubscriptionIDs, target)
		default:
			license = target
		}
		if license != "" {
			o.LicenseIDs = append(o.LicenseIDs, license)
		}
	}
	return rows.Err()
}
