package coupon

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/text"
)

var (
	errNotFound = fail.NotFound("COUPON_NOT_FOUND", "There is no such coupon.")
	errChanged  = fail.Conflict("CHANGED_MEANWHILE", "Somebody else changed this coupon meanwhile. Look at it again.")
)

// Service holds the verbs of coupons.
type Service struct{ db *db.DB }

// New returns the coupons of a store.
func New(d *db.DB) *Service { return &Service{db: d} }

// Create makes a coupon.
func (s *Service) Create(ctx context.Context, in NewCoupon) (Coupon, error) {
	if err := in.Validate(); err != nil {
		return Coupon{}, err
	}
	var c Coupon
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := productsExist(ctx, tx, in.ProductIDs); err != nil {
			return err
		}
		made := Coupon{
			ID: tx.NewID("cpn"), Code: in.Code, Name: in.Name, Kind: Fixed, Money: in.Money, Charges: in.Charges, Rules: in.Rules,
		}
		if in.Percent != "" {
			made.Kind, made.Percent = Percent, in.percent
		}
		err := tx.InsertCoupon(ctx, made.insert(tx))
		if db.Duplicate(err) {
			return fail.Conflict("COUPON_CODE_TAKEN", fmt.Sprintf("There is a coupon %q already.", in.Code)).Because(err)
		}
		if err != nil {
			return fmt.Errorf("create coupon %s: %w", in.Code, err)
		}
		if c, err = Load(ctx, tx, made.ID); err != nil {
			return err
		}
		data := map[string]any{"code": c.Code, "off": c.Off()}
		return record(ctx, tx, "coupon.created", c.ID, data, "", patch.JSON(data))
	})
	return c, err
}

// Update changes when a coupon may be used.
func (s *Service) Update(ctx context.Context, id string, change Patch) (Coupon, error) {
	var c Coupon
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := Lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if change.Version != 0 && change.Version != before.Version {
			return errChanged
		}
		after, diff, err := change.applyTo(before)
		if err != nil {
			return err
		}
		if c = after; diff.Empty() {
			return nil
		}
		if err := productsExist(ctx, tx, after.ProductIDs); err != nil {
			return err
		}
		if err := tx.UpdateCoupon(ctx, after.update(tx)); err != nil {
			return fmt.Errorf("update coupon %s: %w", id, err)
		}
		if c, err = Load(ctx, tx, id); err != nil {
			return err
		}
		return record(ctx, tx, "coupon.updated", id, map[string]any{"code": c.Code, "changed": diff.Fields}, diff.Before(), diff.After())
	})
	return c, err
}

func productsExist(ctx context.Context, tx *db.Tx, ids []string) error {
	for _, id := range ids {
		_, err := tx.Product(ctx, id)
		if db.NotFound(err) {
			return fail.Invalid("product_ids", fmt.Sprintf("have %s, which is no product", id))
		}
		if err != nil {
			return fmt.Errorf("product %s: %w", id, err)
		}
	}
	return nil
}

// record writes the event and the audit entry of a change.
func record(ctx context.Context, tx *db.Tx, what, id string, data map[string]any, before, after string) error {
	if err := event.Emit(ctx, tx, event.New{Type: what, SubjectID: id, Data: data}); err != nil {
		return err
	}
	return event.Audit(ctx, tx, event.Change{What: what, SubjectID: id, Before: before, After: after})
}

// ByID returns a coupon.
func (s *Service) ByID(ctx context.Context, id string) (Coupon, error) {
	var c Coupon
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		c, err = Load(ctx, tx, id)
		return err
	})
	return c, err
}

// Load returns a coupon, archived or not: a subscription keeps the one that it began with.
func Load(ctx context.Context, tx *db.Tx, id string) (Coupon, error) {
	if !text.IsID(id) {
		return Coupon{}, errNotFound
	}
	r, err := tx.Coupon(ctx, id)
	if db.NotFound(err) {
		return Coupon{}, errNotFound
	}
	if err != nil {
		return Coupon{}, fmt.Errorf("coupon %s: %w", id, err)
	}
	return couponOf(r)
}

// Lock takes the lock of a coupon until the end of tx and returns the coupon as it is then. Whoever uses it holds the
// customer's lock, and takes none but those of documents afterwards.
func Lock(ctx context.Context, tx *db.Tx, id string) (Coupon, error) {
	if !text.IsID(id) {
		return Coupon{}, errNotFound
	}
	if _, err := tx.LockCoupon(ctx, id); err != nil {
		return Coupon{}, fmt.Errorf("lock coupon %s: %w", id, err)
	}
	return Load(ctx, tx, id)
}

// ByCode returns the coupon that an order names, regardless of case.
func ByCode(ctx context.Context, tx *db.Tx, code string) (Coupon, error) {
	code, err := checkCode(code)
	if err != nil {
		return Coupon{}, errUnknown
	}
	r, err := tx.CouponByCode(ctx, text.Fold(code))
	if db.NotFound(err) {
		return Coupon{}, errUnknown
	}
	if err != nil {
		return Coupon{}, fmt.Errorf("coupon by code: %w", err)
	}
	return couponOf(r)
}

// UsedBy returns how often a customer has used a coupon; uses that were given back don't count.
func UsedBy(ctx context.Context, tx *db.Tx, id, customerID string) (int64, error) {
	n, err := tx.CouponUsesBy(ctx, query.CouponUsesByParams{CouponID: id, CustomerID: customerID})
	if err != nil {
		return 0, fmt.Errorf("uses of coupon %s: %w", id, err)
	}
	return n, nil
}

// Use counts a use by an order. It refuses when others have used it up meanwhile.
func Use(ctx context.Context, tx *db.Tx, id, orderID, customerID string) error {
	rows, err := tx.CountCouponUse(ctx, id)
	if err != nil {
		return fmt.Errorf("use coupon %s: %w", id, err)
	}
	if rows == 0 {
		return errUsedUp
	}
	err = tx.InsertCouponUse(ctx, query.InsertCouponUseParams{CouponID: id, OrderID: orderID, CustomerID: customerID, CreatedAt: tx.Stamp})
	if err != nil {
		return fmt.Errorf("use coupon %s: %w", id, err)
	}
	return nil
}

// GiveBack takes the use by an order back, if there was one: the order ended unpaid.
func GiveBack(ctx context.Context, tx *db.Tx, orderID string) error {
	ids, err := tx.DeleteCouponUses(ctx, orderID)
	if err != nil {
		return fmt.Errorf("give back the coupon of order %s: %w", orderID, err)
	}
	for _, id := range ids {
		if err := tx.UncountCouponUse(ctx, id); err != nil {
			return fmt.Errorf("give back coupon %s of order %s: %w", id, orderID, err)
		}
	}
	return nil
}
