package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/payment"
)

// PaymentMethod is a saved card or account of a customer.
type PaymentMethod struct {
	ID         string    `json:"id" example:"pmt_01hx2b6yh4m3nq0r8s5t"`
	CustomerID string    `json:"customer_id" example:"cus_01hx2b6yh4m3nq0r8s5t"`
	Gateway    string    `json:"gateway" example:"sandbox"`
	Label      string    `json:"label" example:"Visa •••• 4242"`
	ExpiresOn  *string   `json:"expires_on" example:"2029-12-31" doc:"A date; null: never, or not known"`
	Default    bool      `json:"default" doc:"It is charged unless another is named"`
	CreatedAt  time.Time `json:"created_at"`
}

func showMethod(m payment.Method) PaymentMethod {
	return PaymentMethod{
		ID: m.ID, CustomerID: m.CustomerID, Gateway: m.Gateway, Label: m.Label, ExpiresOn: showDate(m.ExpiresOn), Default: m.Default,
		CreatedAt: m.CreatedAt.UTC(),
	}
}

// NewPaymentMethod is the body of POST /customers/{id}/payment-methods.
type NewPaymentMethod struct {
	Gateway string `json:"gateway" maxLength:"20" example:"sandbox"`
	Token   string `json:"token" maxLength:"255" example:"tok_ok" doc:"What the gateway's form gave out. Cards of the sandbox: tok_ok, tok_decline, tok_auth, tok_timeout and more"`
}

// Gateway is a way to be paid.
type Gateway struct {
	Name           string `json:"name" example:"sandbox"`
	SavesMethods   bool   `json:"saves_methods"`
	OffSession     bool   `json:"off_session" doc:"It charges saved methods without their owner"`
	Refunds        bool   `json:"refunds"`
	PartialRefunds bool   `json:"partial_refunds"`
}

func showGateway(g payment.GatewayInfo) Gateway {
	return Gateway{
		Name: g.Name, SavesMethods: g.Can.SaveMethod, OffSession: g.Can.OffSession, Refunds: g.Can.Refund, PartialRefunds: g.Can.PartialRefund,
	}
}

type methodInput struct {
	ByID
	Method string `path:"method" maxLength:"64"`
}

const codeNoCustomer, codeNoMethod = "CUSTOMER_NOT_FOUND", "PAYMENT_METHOD_NOT_FOUND"

func (a *API) paymentMethods() {
	const tag = "Payments"
	add(a, route{
		Method: http.MethodPost, Path: "/customers/{id}/payment-methods", Scope: "sales:write", Tag: tag, Summary: "Save a payment method of a customer",
		Notes: "And make it the default.", Status: http.StatusCreated, Repeat: after, Long: true, Codes: []string{codeNoCustomer, "GATEWAY_NOT_FOUND"},
	}, func(ctx context.Context, in *struct {
		ByID
		Body NewPaymentMethod
	},
	) (PaymentMethod, error) {
		m, err := a.Payments.AddMethod(ctx, in.ID, in.Body.Gateway, in.Body.Token)
		return showMethod(m), err
	})
	add(a, route{
		Method: http.MethodGet, Path: "/customers/{id}/payment-methods", Scope: "sales:read", Tag: tag, Summary: "List the payment methods of a customer",
		Notes: "Oldest first, all on one page.", Codes: []string{codeNoCustomer},
	}, func(ctx context.Context, in *ByID) (List[PaymentMethod], error) {
		methods, err := a.Payments.Methods(ctx, in.ID)
		return listOf(methods, "", showMethod), err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/customers/{id}/payment-methods/{method}/default", Scope: "sales:write", Tag: tag, Summary: "Make a payment method the one that is charged",
		Codes: []string{codeNoCustomer, codeNoMethod},
	}, func(ctx context.Context, in *methodInput) (PaymentMethod, error) {
		m, err := a.Payments.SetDefaultMethod(ctx, in.ID, in.Method)
		return showMethod(m), err
	})
	add(a, route{
		Method: http.MethodDelete, Path: "/customers/{id}/payment-methods/{method}", Scope: "sales:write", Tag: tag, Summary: "Forget a payment method",
		Notes: "Here and at the gateway. If it was the default, the newest that is left becomes it.", Codes: []string{codeNoCustomer, codeNoMethod},
	}, func(ctx context.Context, in *methodInput) (none, error) {
		return none{}, a.Payments.RemoveMethod(ctx, in.ID, in.Method)
	})
	add(a, route{Method: http.MethodGet, Path: "/gateways", Scope: "sales:read", Tag: tag, Summary: "List the ways to be paid", Notes: "By name, all on one page."},
		func(context.Context, *struct{}) (List[Gateway], error) {
			return listOf(a.Payments.Gateways(), "", showGateway), nil
		})
}
