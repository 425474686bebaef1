package shop

import (
	"context"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/web/ui"
)

// payOption is a way to pay.
type payOption struct {
	gateway     string
	method      string // the id of a saved one; empty: on the gateway's page, or by transfer
	label, hint string
}

// value is what the form sends.
func (o payOption) value() string {
	if o.method != "" {
		return "method:" + o.method
	}
	return "gateway:" + o.gateway
}

// byHand reports whether nobody but staff can tell when the money has arrived.
func (o payOption) byHand() bool { return o.gateway == payment.ManualGateway }

// payOptions are the ways in which a visitor can pay, what they have used before first.
func (s *shop) payOptions(ctx context.Context, v visitor) ([]payOption, error) {
	var out []payOption
	gateways := s.Payments.Gateways()
	if v.customer != nil {
		saved, err := s.Payments.Methods(ctx, v.id())
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(saved, func(a, b payment.Method) int {
			switch {
			case a.Default == b.Default:
				return 0
			case a.Default:
				return -1
			default:
				return 1
			}
		})
		for _, m := range saved {
			usable := slices.ContainsFunc(gateways, func(g payment.GatewayInfo) bool { return g.Name == m.Gateway && g.Can.OffSession })
			if usable {
				out = append(out, payOption{gateway: m.Gateway, method: m.ID, label: m.Label, hint: expires(m.ExpiresOn)})
			}
		}
	}
	var transfer *payOption
	for _, g := range gateways {
		switch {
		case g.Name == payment.ManualGateway:
			hint, err := s.transferHint(ctx)
			if err != nil {
				return nil, err
			}
			transfer = &payOption{gateway: g.Name, label: "Bank transfer", hint: hint}
		case g.Can.Checkout:
			out = append(out, gatewayOption(g.Name))
		}
	}
	if transfer != nil {
		out = append(out, *transfer)
	}
	return out, nil
}

// transferHint says how a transfer goes; an invoice tells the account only if the store has written it down.
func (s *shop) transferHint(ctx context.Context) (string, error) {
	now, err := s.Settings.Get(ctx)
	if err != nil {
		return "", err
	}
	how := "You get an invoice that says where to transfer the money."
	if now.PaymentNote == "" {
		how = "You get an invoice. Write to us for our account number if you don't have it."
	}
	return how + " What you buy is delivered when the money has arrived.", nil
}

// gatewayOption is to pay on the page of a gateway.
func gatewayOption(name string) payOption {
	o := payOption{gateway: name, label: capital(name), hint: "You pay on the page of " + capital(name) + " and come back here."}
	if name == sandbox.Name {
		o.label, o.hint = "Test card", "On the pay page of the sandbox. No real money moves."
	}
	return o
}

func expires(on civil.Date) string {
	if on.IsZero() {
		return ""
	}
	return "Expires at the end of " + on.StartIn(time.UTC).Format("January 2006")
}

// chosen finds the option that a form has sent.
func chosen(options []payOption, value string) (payOption, bool) {
	at := slices.IndexFunc(options, func(o payOption) bool { return o.value() == value })
	if at < 0 {
		return payOption{}, false
	}
	return options[at], true
}

// payField is the choice between options. Unless one was chosen, it is the first.
func payField(options []payOption, value string) ui.Field {
	f := ui.Field{Kind: ui.InputRadio, Name: "pay", Label: "How do you want to pay?", Required: true, Value: value}
	for _, o := range options {
		f.Options = append(f.Options, ui.Option{Value: o.value(), Label: o.label, Hint: o.hint})
	}
	if _, ok := chosen(options, value); !ok && len(options) > 0 {
		f.Value = options[0].value()
	}
	return f
}
