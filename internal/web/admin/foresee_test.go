package admin

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/subscription"
)

// What a question says is what happens, and asking changes nothing.
func TestWhatIsForeseenIsWhatHappens(t *testing.T) {
	t.Parallel()
	b, e, _ := shop(t)
	a := &area{Config: b.Config}
	s := b.sell(b.buyer("f@example.com", sandbox.OK).ID, e.monthly.ID)
	b.advance(10 * day)
	before := b.everything()
	var seen subscription.Status
	effects, err := a.foresee(t.Context(), s.CustomerID, func(ctx context.Context) error {
		_, err := a.Subscriptions.Cancel(ctx, s.ID, subscription.AtOnce, "")
		return err
	}, func(ctx context.Context) error {
		then, err := a.Subscriptions.ByID(ctx, s.ID)
		seen = then.Status
		return err
	})
	if err != nil || seen != subscription.Expired {
		t.Fatalf("%v, the subscription would be %s", err, seen)
	}
	want := "The customer's account credit: €0.00 now, €13.55 then."
	if !slices.Contains(effects, want) {
		t.Errorf("effects %q do not say %q", effects, want)
	}
	if after := b.everything(); after != before {
		t.Errorf("foreseeing changed the store: %s, was %s", after, before)
	}
	if now := must(b.Subscriptions.ByID(t.Context(), s.ID))(t); now.Status != subscription.Active {
		t.Errorf("the subscription is %s", now.Status)
	}
	again, err := a.foresee(t.Context(), s.CustomerID, func(ctx context.Context) error {
		_, err := a.Subscriptions.Cancel(ctx, s.ID, subscription.AtOnce, "")
		return err
	}, nil)
	if err != nil || !slices.Equal(again, effects) {
		t.Errorf("foreseen twice: %q, then %q (%v)", effects, again, err)
	}
}

func TestWhatCanNotHappenIsNotForeseen(t *testing.T) {
	t.Parallel()
	b, e, _ := shop(t)
	a := &area{Config: b.Config}
	broken := errors.New("the bank is closed")
	for _, at := range []int{0, 1} {
		effects, err := a.foresee(t.Context(), e.customer.ID, func(context.Context) error { return []error{broken, nil}[at] }, func(context.Context) error { return broken })
		if !errors.Is(err, broken) || effects != nil {
			t.Errorf("%v, %q", err, effects)
		}
	}
	if _, err := a.foresee(t.Context(), "cus_none", func(context.Context) error { return nil }, nil); err == nil {
		t.Error("foreseen for nobody")
	}
}

// Every event that is listened for can be put into words, whatever it says.
func TestConsequencesInWords(t *testing.T) {
	t.Parallel()
	b, e, _ := shop(t)
	a := &area{Config: b.Config}
	for _, kind := range consequenceTypes() {
		heard := event.Event{Type: kind, SubjectID: e.license.ID, Data: []byte(`{"invoice_id":"` + e.invoice.ID + `","number":"INV-1","gateway":"credit","money":{"amount":100,"currency":"EUR"}}`)}
		effects, err := a.effects(t.Context(), []event.Event{heard, heard}, nil)
		if err != nil || len(effects) != 1 {
			t.Errorf("%s: %q %v", kind, effects, err)
		}
	}
	proforma := event.Event{Type: "invoice.voided", Data: []byte(`{"invoice_id":"inv_1","total":{"amount":100,"currency":"EUR"},"released":{"amount":5,"currency":"EUR"}}`)}
	effects, err := a.effects(t.Context(), []event.Event{proforma}, []creditChange{{eur(5), eur(10)}})
	if err != nil || !slices.Equal(effects, []string{"The proforma invoice over €1.00 becomes void. The €0.05 paid towards it are free.", "The customer's account credit: €0.05 now, €0.10 then."}) {
		t.Errorf("%q %v", effects, err)
	}
}
