package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/text"
)

// detachJob has a gateway forget a method. Its payload is the id of the method.
const detachJob = "payment.detach"

var (
	errMethodNotFound   = fail.NotFound("PAYMENT_METHOD_NOT_FOUND", "There is no such payment method.")
	errCustomerNotFound = fail.NotFound("CUSTOMER_NOT_FOUND", "There is no such customer.")
)

// Method is a saved card or account of a customer.
type Method struct {
	ID         string
	CustomerID string
	Gateway    string
	Label      string
	ExpiresOn  civil.Date // zero: never, or not known
	Default    bool       // is charged unless another is named
	CreatedAt  time.Time
}

func methodOf(r query.PaymentMethod) Method {
	m := Method{
		ID: r.ID, CustomerID: r.CustomerID, Gateway: r.Gateway, Label: r.Label, Default: r.IsDefault, CreatedAt: r.CreatedAt.Time(),
	}
	if r.ExpiresOn != nil {
		m.ExpiresOn, _ = civil.Parse(*r.ExpiresOn) // stored by us: it is a date
	}
	return m
}

// AddMethod saves what a token of a gateway's form stands for, and makes it the customer's default. It must not run
// inside a transaction.
func (s *Service) AddMethod(ctx context.Context, customerID, gatewayName, token string) (Method, error) {
	if err := s.mayAsk(ctx); err != nil {
		return Method{}, err
	}
	token, err := text.Required(token, maxReference)
	if err != nil {
		return Method{}, fail.Invalid("token", err.Error())
	}
	g, err := s.gateway(gatewayName)
	if err != nil {
		return Method{}, err
	}
	if !g.Can().SaveMethod {
		return Method{}, fail.Invalid("gateway", "saves no payment methods")
	}
	if err := s.db.Read(ctx, func(tx *db.Tx) error { return known(ctx, tx, customerID) }); err != nil {
		return Method{}, err
	}
	calling, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	saved, err := g.AttachMethod(calling, customerID, token)
	var refused *fail.Error
	if err != nil && !errors.As(err, &refused) {
		err = fail.Unavailable("The payment gateway does not answer. Try again later.", err)
	}
	if err != nil {
		return Method{}, fmt.Errorf("attach a payment method: %w", err)
	}
	var m Method
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := customer.Lock(ctx, tx, customerID); err != nil {
			return err
		}
		m, err = s.keep(ctx, tx, customerID, gatewayName, saved)
		return err
	})
	return m, err
}

// known fails unless there is such a customer.
func known(ctx context.Context, tx *db.Tx, customerID string) error {
	if !text.IsID(customerID) {
		return errCustomerNotFound
	}
	_, err := tx.Customer(ctx, customerID)
	if db.NotFound(err) {
		return errCustomerNotFound
	}
	if err != nil {
		return fmt.Errorf("customer %s: %w", customerID, err)
	}
	return nil
}

// keep writes a method that a gateway has saved, and makes it the default. The caller holds the customer's lock.
func (s *Service) keep(ctx context.Context, tx *db.Tx, customerID, gatewayName string, saved gateway.Method) (Method, error) {
	row := query.InsertPaymentMethodParams{
		ID: tx.NewID("pmt"), CustomerID: customerID, Gateway: gatewayName, Token: saved.Token, Label: reason(saved.Label), CreatedAt: tx.Stamp,
	}
	if !saved.ExpiresOn.IsZero() {
		on := saved.ExpiresOn.String()
		row.ExpiresOn = &on
	}
	inserted, err := tx.InsertPaymentMethod(ctx, row)
	if err != nil {
		return Method{}, fmt.Errorf("payment method of customer %s: %w", customerID, err)
	}
	if inserted == 0 { // known: nothing is new
		r, err := tx.PaymentMethodByToken(ctx, query.PaymentMethodByTokenParams{Gateway: gatewayName, Token: saved.Token})
		return methodOf(r), err
	}
	if err := makeDefault(ctx, tx, customerID, row.ID); err != nil {
		return Method{}, err
	}
	r, err := tx.PaymentMethod(ctx, row.ID)
	if err != nil {
		return Method{}, fmt.Errorf("payment method %s: %w", row.ID, err)
	}
	return methodOf(r), s.tellMethod(ctx, tx, "payment_method.added", r)
}

func makeDefault(ctx context.Context, tx *db.Tx, customerID, id string) error {
	if err := tx.ClearDefaultMethod(ctx, customerID); err != nil {
		return fmt.Errorf("payment methods of customer %s: %w", customerID, err)
	}
	made, err := tx.MakeDefaultMethod(ctx, id)
	if err != nil {
		return fmt.Errorf("payment method %s: %w", id, err)
	}
	if made != 1 {
		return errMethodNotFound
	}
	return nil
}

func (s *Service) tellMethod(ctx context.Context, tx *db.Tx, what string, r query.PaymentMethod) error {
	return event.Emit(ctx, tx, event.New{Type: what, SubjectID: r.ID, CustomerID: r.CustomerID, Data: map[string]any{
		"payment_method_id": r.ID, "gateway": r.Gateway, "label": r.Label,
	}})
}

// Methods returns a customer's saved methods, oldest first.
func (s *Service) Methods(ctx context.Context, customerID string) ([]Method, error) {
	var methods []Method
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		if err := known(ctx, tx, customerID); err != nil {
			return err
		}
		rows, err := tx.PaymentMethodsOfCustomer(ctx, customerID)
		if err != nil {
			return fmt.Errorf("payment methods of customer %s: %w", customerID, err)
		}
		methods = make([]Method, len(rows))
		for i, r := range rows {
			methods[i] = methodOf(r)
		}
		return nil
	})
	return methods, err
}

// lockMethod locks the customer and returns one of the methods that are not removed.
func lockMethod(ctx context.Context, tx *db.Tx, customerID, id string) (query.PaymentMethod, error) {
	if _, err := customer.Lock(ctx, tx, customerID); err != nil {
		return query.PaymentMethod{}, err
	}
	if !text.IsID(id) {
		return query.PaymentMethod{}, errMethodNotFound
	}
	r, err := tx.PaymentMethod(ctx, id)
	if db.NotFound(err) || err == nil && (r.CustomerID != customerID || r.RemovedAt != nil) {
		return r, errMethodNotFound
	}
	if err != nil {
		return r, fmt.Errorf("payment method %s: %w", id, err)
	}
	return r, nil
}

// SetDefaultMethod makes a method the one that is charged.
func (s *Service) SetDefaultMethod(ctx context.Context, customerID, id string) (Method, error) {
	var m Method
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		r, err := lockMethod(ctx, tx, customerID, id)
		if err != nil {
			return err
		}
		if err := makeDefault(ctx, tx, customerID, id); err != nil {
			return err
		}
		r.IsDefault = true
		m = methodOf(r)
		return event.Audit(ctx, tx, event.Change{What: "payment_method.default", SubjectID: id, After: r.Label})
	})
	return m, err
}

// RemoveMethod forgets a method, here and at the gateway. If it was the default, the newest that is left becomes it.
func (s *Service) RemoveMethod(ctx context.Context, customerID, id string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		r, err := lockMethod(ctx, tx, customerID, id)
		if err != nil {
			return err
		}
		if _, err := tx.RemovePaymentMethod(ctx, query.RemovePaymentMethodParams{ID: id, RemovedAt: &tx.Stamp}); err != nil {
			return fmt.Errorf("payment method %s: %w", id, err)
		}
		if r.IsDefault {
			next, err := tx.NewestPaymentMethod(ctx, customerID)
			if err == nil {
				err = makeDefault(ctx, tx, customerID, next.ID)
			}
			if err != nil && !db.NotFound(err) {
				return fmt.Errorf("payment methods of customer %s: %w", customerID, err)
			}
		}
		if err := s.tellMethod(ctx, tx, "payment_method.removed", r); err != nil {
			return err
		}
		if err := event.Audit(ctx, tx, event.Change{What: "payment_method.removed", SubjectID: id, Before: r.Label}); err != nil {
			return err
		}
		return s.jobs.Enqueue(ctx, tx, job.New{Kind: detachJob, DedupKey: id, Payload: id})
	})
}

// detach is the handler of detachJob.
func (s *Service) detach(ctx context.Context, j job.Job) error {
	var id string
	if err := j.Decode(&id); err != nil {
		return err
	}
	var r query.PaymentMethod
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = tx.PaymentMethod(ctx, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("payment method %s: %w", id, err)
	}
	g, err := s.gateway(r.Gateway)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return g.DetachMethod(ctx, r.Token)
}
