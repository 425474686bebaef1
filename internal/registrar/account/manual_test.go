package account_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/registrar/manual"
	"github.com/keystead/keystead/internal/task"
)

func TestByHand(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		c := must(customer.New(b.store.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil }).Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada"}))(t)
		a := must(b.Create(ctx, account.Input{Name: "Old registrar", Adapter: account.Manual}))(t)
		b.put(t, c.ID, a.ID, "a.test", "2027-03-10")
		r := must(b.Open(ctx, a.ID))(t)
		in := registrar.Renewal{Name: "a.test", Years: 2, Guard: day(t, "2027-03-10")}
		for range 2 { // the same command is put once
			if answer := r.Renew(ctx, "trans-1", in); answer.Class != registrar.Pending {
				t.Errorf("%+v", answer)
			}
		}
		if answer := r.Transfer(ctx, "trans-2", registrar.TransferIn{Name: "a.test", AuthCode: "secret-code", Years: 1}); answer.Class != registrar.Pending {
			t.Errorf("%+v", answer)
		}
		if answer := r.Renew(ctx, "trans-3", registrar.Renewal{Name: "unknown.test", Years: 1}); answer.Class != registrar.Session {
			t.Errorf("a domain that the store has not: %+v", answer)
		}
		tasks, _, err := task.New(b.store.DB).Open(ctx, "", 10)
		if err != nil || len(tasks) != 2 || tasks[0].Kind != manual.TaskKind || tasks[0].Occasion != "trans-1" {
			t.Fatalf("%+v, %v", tasks, err)
		}
		for _, want := range []string{"Old registrar", "a.test", "2 years", "10 March 2027", "trans-1"} {
			if !strings.Contains(tasks[0].Detail, want) {
				t.Errorf("%q does not say %q", tasks[0].Detail, want)
			}
		}
		if strings.Contains(tasks[1].Detail, "secret-code") {
			t.Errorf("the task has the code: %q", tasks[1].Detail)
		}
		if _, err := r.Info(ctx, "trans-4", "a.test"); !errors.Is(err, registrar.ErrByHand) {
			t.Error(err)
		}
		if err := b.Test(ctx, a.ID); err != nil {
			t.Error(err)
		}
	})
}
