package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/order"
)

// Order is an order as the API shows it.
type Order struct {
	ID            string      `json:"id" example:"ord_01hx2b6yh4m3nq0r8s5t"`
	Status        string      `json:"status" enum:"pending,completed,cancelled,failed"`
	Kind          string      `json:"kind" enum:"sale,complimentary,test"`
	CustomerID    string      `json:"customer_id"`
	Gateway       string      `json:"gateway"`
	Items         []OrderItem `json:"items"`
	Total         Money       `json:"total"`
	Reason        *string     `json:"reason" doc:"Why staff gave it away"`
	InvoiceID     string      `json:"invoice_id"`
	InvoiceNumber *string     `json:"invoice_number"`
	LicenseIDs    []string    `json:"license_ids" doc:"Of the licenses that it issued, once it is fulfilled"`
	CreatedAt     time.Time   `json:"created_at"`
	CompletedAt   *time.Time  `json:"completed_at"`
}

// OrderItem is a part of an order.
type OrderItem struct {
	ID          string `json:"id" example:"itm_01hx2b6yh4m3nq0r8s5t"`
	PriceID     string `json:"price_id"`
	PlanID      string `json:"plan_id"`
	Description string `json:"description"`
	Quantity    int64  `json:"quantity"`
	UnitAmount  Money  `json:"unit_amount"`
	SetupFee    Money  `json:"setup_fee" doc:"Once, whatever the quantity"`
}

func showOrder(o order.Order) Order {
	shown := Order{
		ID: o.ID, Status: string(o.Status), Kind: string(o.Kind), CustomerID: o.CustomerID, Gateway: o.Gateway, Items: []OrderItem{},
		Total: moneyOf(o.Total), Reason: orNull(o.Reason), InvoiceID: o.InvoiceID, InvoiceNumber: orNull(o.InvoiceNumber),
		LicenseIDs: append([]string{}, o.LicenseIDs...), CreatedAt: o.CreatedAt.UTC(), CompletedAt: utc(o.CompletedAt),
	}
	for _, i := range o.Items {
		shown.Items = append(shown.Items, OrderItem{
			ID: i.ID, PriceID: i.PriceID, PlanID: i.PlanID, Description: i.Description, Quantity: i.Quantity,
			UnitAmount: moneyOf(i.UnitAmount), SetupFee: moneyOf(i.SetupFee),
		})
	}
	return shown
}

// NewOrder is the body of POST /orders.
type NewOrder struct {
	CustomerID string         `json:"customer_id" maxLength:"64"`
	Items      []NewOrderItem `json:"items" nullable:"false" minItems:"1" maxItems:"100"`
	Gateway    string         `json:"gateway,omitempty" maxLength:"20" doc:"Default: manual"`
	Kind       string         `json:"kind,omitempty" enum:"sale,complimentary,test" doc:"Default: sale. The others cost nothing and need a reason"`
	Reason     string         `json:"reason,omitempty" maxLength:"10000"`
}

// NewOrderItem is so many of a price.
type NewOrderItem struct {
	PriceID  string `json:"price_id" maxLength:"64"`
	Quantity *int64 `json:"quantity,omitempty" minimum:"1" maximum:"100000" doc:"Default: 1. A license has so many times the plan's limit; for several keys order several items"`
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

func (a *API) orders() {
	add(a, route{Method: http.MethodPost, Path: "/orders", Scope: "sales:write", Tag: "Sales", Summary: "Place an order", Notes: "Makes its invoice, open and numbered, in the same transaction. What costs nothing is completed at once.", Status: http.StatusCreated},
		a.createOrder)
	add(a, route{Method: http.MethodGet, Path: "/orders", Scope: "sales:read", Tag: "Sales", Summary: "List orders", Notes: "Newest first."},
		a.listOrders)
	add(a, route{Method: http.MethodGet, Path: "/orders/{id}", Scope: "sales:read", Tag: "Sales", Summary: "Show an order"},
		func(ctx context.Context, in *ByID) (Order, error) {
			o, err := a.Orders.ByID(ctx, in.ID)
			return showOrder(o), err
		})
	add(a, route{Method: http.MethodPost, Path: "/orders/{id}/cancel", Scope: "sales:write", Tag: "Sales", Summary: "Cancel a pending order", Notes: "Voids its invoice. What was paid towards it becomes the customer's credit."},
		func(ctx context.Context, in *reasonInput) (Order, error) {
			o, err := a.Orders.Cancel(ctx, in.ID, in.reason())
			return showOrder(o), err
		})
}

func (a *API) createOrder(ctx context.Context, in *struct{ Body NewOrder }) (Order, error) {
	input := order.Input{CustomerID: in.Body.CustomerID, Gateway: in.Body.Gateway, Kind: order.Kind(in.Body.Kind), Reason: in.Body.Reason}
	for _, i := range in.Body.Items {
		item := order.Item{PriceID: i.PriceID, Quantity: 1}
		if i.Quantity != nil {
			item.Quantity = *i.Quantity
		}
		input.Items = append(input.Items, item)
	}
	o, err := a.Orders.Place(ctx, input)
	return showOrder(o), err
}

type listOrdersInput struct {
	Paging
	CustomerID string `query:"customer_id" maxLength:"64"`
	Status     string `query:"status" enum:"pending,completed,cancelled,failed"`
	Query      string `query:"q" maxLength:"255" doc:"A whole id, or the id or the number of the invoice"`
}

func (a *API) listOrders(ctx context.Context, in *listOrdersInput) (List[Order], error) {
	found, next, err := a.Orders.List(ctx, order.Filter{
		CustomerID: in.CustomerID, Status: order.Status(in.Status), Query: in.Query, Cursor: in.Cursor, Limit: in.Limit,
	})
	return listOf(found, next, showOrder), err
}
