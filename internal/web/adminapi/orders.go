package adminapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/order"
)

// Order is an order as the API shows it.
type Order struct {
	ID              string      `json:"id" example:"ord_01hx2b6yh4m3nq0r8s5t"`
	Status          string      `json:"status" enum:"pending,completed,failed,cancelled,partially_refunded,refunded,disputed"`
	Kind            string      `json:"kind" enum:"sale,complimentary,test"`
	CustomerID      string      `json:"customer_id"`
	Gateway         string      `json:"gateway"`
	Items           []OrderItem `json:"items"`
	Coupon          *string     `json:"coupon" doc:"The code of the coupon that was used"`
	Total           Money       `json:"total" doc:"Tax included"`
	Reason          *string     `json:"reason" doc:"Why staff gave it away"`
	InvoiceID       string      `json:"invoice_id"`
	InvoiceNumber   *string     `json:"invoice_number"`
	LicenseIDs      []string    `json:"license_ids" doc:"Of the licenses that it issued, once it is fulfilled"`
	SubscriptionIDs []string    `json:"subscription_ids" doc:"Of the subscriptions that it began, once it is fulfilled"`
	DomainIDs       []string    `json:"domain_ids" doc:"Of the domains that it registers, transfers or renews, once it is fulfilled"`
	CreatedAt       time.Time   `json:"created_at"`
	CompletedAt     *time.Time  `json:"completed_at"`
}

// OrderItem is a part of an order.
type OrderItem struct {
	ID          string           `json:"id" example:"itm_01hx2b6yh4m3nq0r8s5t"`
	PriceID     *string          `json:"price_id" doc:"Null for what is done to a domain"`
	PlanID      *string          `json:"plan_id"`
	Kind        string           `json:"kind" enum:"license,addon,domain"`
	Cycle       *string          `json:"cycle"`
	LicenseID   *string          `json:"license_id" doc:"That an add-on is for, or that a subscription renews"`
	Domain      *OrderItemDomain `json:"domain" doc:"What is done to a domain"`
	Description string           `json:"description"`
	Quantity    int64            `json:"quantity"`
	UnitAmount  Money            `json:"unit_amount" doc:"Of a period after the trial, or of what is paid once"`
	SetupFee    Money            `json:"setup_fee" doc:"Once, whatever the quantity; of a domain the fee of a late renewal"`
	TrialDays   int64            `json:"trial_days" doc:"That this customer has; 0: none, or none any more"`
	Trial       Money            `json:"trial_money" doc:"What one of it costs in the trial"`
}

// OrderItemDomain is what an item does to a domain.
type OrderItemDomain struct {
	Action   string  `json:"action" enum:"register,transfer,renew"`
	DomainID *string `json:"domain_id" example:"dom_01hx2b6yh4m3nq0r8s5t"`
	Name     string  `json:"name" example:"example.com"`
	Years    *int    `json:"years" example:"1" doc:"Null for a transfer: its date is the registry's"`
}

func showOrder(o order.Order) Order {
	shown := Order{
		ID: o.ID, Status: string(o.Status), Kind: string(o.Kind), CustomerID: o.CustomerID, Gateway: o.Gateway, Items: []OrderItem{},
		Coupon: orNull(o.CouponCode), Total: moneyOf(o.Total), Reason: orNull(o.Reason), InvoiceID: o.InvoiceID, InvoiceNumber: orNull(o.InvoiceNumber),
		LicenseIDs: append([]string{}, o.LicenseIDs...), SubscriptionIDs: append([]string{}, o.SubscriptionIDs...),
		DomainIDs: append([]string{}, o.DomainIDs...), CreatedAt: o.CreatedAt.UTC(), CompletedAt: utc(o.CompletedAt),
	}
	for _, i := range o.Items {
		item := OrderItem{
			ID: i.ID, PriceID: orNull(i.PriceID), PlanID: orNull(i.PlanID), Kind: string(i.Kind), Cycle: orNull(string(i.Cycle)), LicenseID: orNull(i.LicenseID),
			Description: i.Description, Quantity: i.Quantity, UnitAmount: moneyOf(i.UnitAmount), SetupFee: moneyOf(i.SetupFee),
			TrialDays: i.TrialDays, Trial: moneyOf(i.TrialMoney),
		}
		if d := i.Domain; d != nil {
			item.Kind = "domain"
			item.Domain = &OrderItemDomain{Action: string(d.Action), DomainID: orNull(d.DomainID), Name: d.Name}
			if d.Action != domainname.ForTransfer {
				item.Domain.Years = &d.Years
			}
		}
		shown.Items = append(shown.Items, item)
	}
	return shown
}

// NewOrder is the body of POST /orders.
type NewOrder struct {
	CustomerID string         `json:"customer_id" maxLength:"64"`
	Items      []NewOrderItem `json:"items" nullable:"false" minItems:"1" maxItems:"100"`
	Coupon     string         `json:"coupon,omitempty" maxLength:"40" doc:"A code"`
	Gateway    string         `json:"gateway,omitempty" maxLength:"20" doc:"Default: manual"`
	Kind       string         `json:"kind,omitempty" enum:"sale,complimentary,test" doc:"Default: sale. The others cost nothing and need a reason"`
	Reason     string         `json:"reason,omitempty" maxLength:"10000"`
}

// NewOrderItem is so many of a price, or what is to be done to a domain.
type NewOrderItem struct {
	PriceID      string                 `json:"price_id,omitempty" maxLength:"64" example:"prc_01hx2b6yh4m3nq0r8s5t" doc:"Needed, unless it is about a domain"`
	Quantity     *int64                 `json:"quantity,omitempty" minimum:"1" maximum:"100000" doc:"Default: 1. A license has so many times the plan's limit; for several keys order several items"`
	LicenseID    string                 `json:"license_id,omitempty" maxLength:"64" doc:"The license that an add-on is for, or that a subscription renews"`
	Renewal      *NewDomainRenewal      `json:"domain_renewal,omitempty" doc:"Renews a domain, in the place of a price"`
	Registration *NewDomainRegistration `json:"domain_registration,omitempty" doc:"Registers a domain, in the place of a price"`
	Transfer     *NewDomainTransfer     `json:"domain_transfer,omitempty" doc:"Takes a domain over from another registrar, in the place of a price"`
}

// NewDomainRenewal renews a domain for so many years.
type NewDomainRenewal struct {
	DomainID string `json:"domain_id,omitempty" maxLength:"64" example:"dom_01hx2b6yh4m3nq0r8s5t"`
	Name     string `json:"name,omitempty" maxLength:"1000" doc:"In the place of domain_id"`
	Years    Years  `json:"years"`
}

// NewDomainRegistration registers a domain for so many years.
type NewDomainRegistration struct {
	Name      string `json:"name" maxLength:"1000" example:"example.com"`
	Years     Years  `json:"years"`
	AutoRenew *bool  `json:"auto_renew,omitempty" doc:"Whether its renewals are invoiced by themselves. Default: domains.default_auto_renew"`
}

// NewDomainTransfer takes a domain over from another registrar. Its date is the registry's.
type NewDomainTransfer struct {
	Name     string `json:"name" maxLength:"1000" example:"example.com"`
	AuthCode string `json:"auth_code" maxLength:"255" doc:"From the registrar that has it. It is stored sealed, and never shown"`
}

// domain is what an item does to a domain; nil: nothing.
func (i NewOrderItem) domain() (d *order.DomainItem, several bool) {
	n := 0
	if r := i.Renewal; r != nil {
		d = &order.DomainItem{Action: domainname.ForRenewal, DomainID: r.DomainID, Name: r.Name, Years: int(r.Years)}
		n++
	}
	if r := i.Registration; r != nil {
		d = &order.DomainItem{Action: domainname.ForRegistration, Name: r.Name, Years: int(r.Years), AutoRenew: r.AutoRenew}
		n++
	}
	if r := i.Transfer; r != nil {
		d = &order.DomainItem{Action: domainname.ForTransfer, Name: r.Name, AuthCode: r.AuthCode}
		n++
	}
	return d, n > 1
}

// orderItems are the items of an order as its room takes them.
func orderItems(items []NewOrderItem) ([]order.Item, error) {
	all := make([]order.Item, len(items))
	for n, i := range items {
		item := order.Item{PriceID: i.PriceID, Quantity: 1, LicenseID: i.LicenseID}
		if i.Quantity != nil {
			item.Quantity = *i.Quantity
		}
		var several bool
		if item.Domain, several = i.domain(); several || item.Domain != nil && i.Quantity != nil {
			return nil, fail.Invalid(fmt.Sprintf("items[%d]", n), "does one thing to a domain, once")
		}
		all[n] = item
	}
	return all, nil
}

// Reason is the body of an operation that people may have to explain.
type Reason struct {
	Reason string `json:"reason,omitempty" maxLength:"10000" doc:"For the history"`
}

type reasonInput struct {
	ByID
	Body *Reason
}

func (in *reasonInput) reason() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Reason
}

// orderedDomainCodes are the problems of items that do something to a domain.
var orderedDomainCodes = []string{codeBadRequest, codeNoDomain, domainname.CodeTerm, codeRenewalOpen, "DOMAIN_TAKEN", "DOMAIN_TWICE", "PRICE_CHANGED"}

// couponCodes are the problems of coupons.
var couponCodes = []string{
	"COUPON_NOT_FOUND", "COUPON_NOT_BEGUN", "COUPON_ENDED", "COUPON_USED_UP", "COUPON_USED", "COUPON_NEW_CUSTOMERS", "COUPON_CURRENCY", "COUPON_MINIMUM", "COUPON_NOT_FOR_THIS",
}

func (a *API) orders() {
	add(a, route{Method: http.MethodPost, Path: "/orders", Scope: "sales:write", Tag: "Sales", Summary: "Place an order", Notes: "Makes its invoice, open and numbered, in the same transaction. What costs nothing is completed at once.", Status: http.StatusCreated, Codes: slices.Concat([]string{"TAX_RATE_MISSING", "NUMBER_TAKEN", "CURRENCIES_DIFFER"}, orderedDomainCodes, couponCodes)},
		a.createOrder)
	add(a, route{Method: http.MethodPost, Path: "/orders/quote", Scope: "sales:read", Tag: "Sales", Summary: "Tell what an order would cost", Notes: "The same reckoning as the order's, and nothing is placed. Without a customer, the place decides about the tax.", Codes: slices.Concat([]string{"TAX_RATE_MISSING", "CURRENCIES_DIFFER"}, orderedDomainCodes, couponCodes)},
		a.quoteOrder)
	add(a, route{Method: http.MethodGet, Path: "/orders", Scope: "sales:read", Tag: "Sales", Summary: "List orders", Notes: "Newest first."},
		a.listOrders)
	add(a, route{Method: http.MethodGet, Path: "/orders/{id}", Scope: "sales:read", Tag: "Sales", Summary: "Show an order", Codes: []string{"ORDER_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (Order, error) {
			o, err := a.Orders.ByID(ctx, in.ID)
			return showOrder(o), err
		})
	add(a, route{Method: http.MethodPost, Path: "/orders/{id}/cancel", Scope: "sales:write", Tag: "Sales", Summary: "Cancel a pending order", Notes: "Voids its invoice. What was paid towards it becomes the customer's credit.", Codes: []string{"ORDER_NOT_FOUND", "ORDER_NOT_PENDING", "PAYMENT_IN_PROGRESS"}},
		func(ctx context.Context, in *reasonInput) (Order, error) {
			o, err := a.Orders.Cancel(ctx, in.ID, in.reason())
			return showOrder(o), err
		})
}

func (a *API) createOrder(ctx context.Context, in *struct{ Body NewOrder }) (Order, error) {
	input := order.Input{
		CustomerID: in.Body.CustomerID, Coupon: in.Body.Coupon, Gateway: in.Body.Gateway, Kind: order.Kind(in.Body.Kind), Reason: in.Body.Reason,
	}
	var err error
	if input.Items, err = orderItems(in.Body.Items); err != nil {
		return Order{}, err
	}
	o, err := a.Orders.Place(ctx, input)
	return showOrder(o), err
}

type listOrdersInput struct {
	Paging
	CustomerID string `query:"customer_id" maxLength:"64"`
	Status     string `query:"status" enum:"pending,completed,failed,cancelled,partially_refunded,refunded,disputed"`
	CouponID   string `query:"coupon_id" maxLength:"64" doc:"That used this coupon"`
	Query      string `query:"q" maxLength:"255" doc:"A whole id, or the id or the number of the invoice"`
}

func (a *API) listOrders(ctx context.Context, in *listOrdersInput) (List[Order], error) {
	found, next, err := a.Orders.List(ctx, order.Filter{
		CustomerID: in.CustomerID, Status: order.Status(in.Status), CouponID: in.CouponID, Query: in.Query, Cursor: in.Cursor, Limit: in.Limit,
	})
	return listOf(found, next, showOrder), err
}
