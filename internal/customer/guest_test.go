package customer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
)

func takeUp(t *testing.T, d *db.DB, email, name string) (c customer.Customer) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
		c, err = customer.TakeUp(t.Context(), tx, customer.Input{Email: email, Name: name, Currency: "EUR"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func join(t *testing.T, d *db.DB, id string) (guest, account customer.Customer, err error) {
	t.Helper()
	err = d.Write(t.Context(), func(tx *db.Tx) (err error) {
		guest, account, err = customer.Join(t.Context(), tx, id)
		return err
	})
	return guest, account, err
}

func TestGuests(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		customers := open(s)
		ada := takeUp(t, s.DB, "Ada@example.com", "Ada")
		if ada.Guest {
			t.Errorf("the first with an address is a guest: %+v", ada)
		}
		guest := takeUp(t, s.DB, " ADA@example.com ", "Somebody")
		if !guest.Guest || guest.ID == ada.ID || guest.Email != "ADA@example.com" {
			t.Errorf("the second = %+v", guest)
		}
		// The address finds the one who has it, a search both, and only whoever has it can be taken for the address.
		if got, err := customers.ByEmail(ctx, "ada@example.com"); err != nil || got.ID != ada.ID {
			t.Errorf("by address: %+v, %v", got, err)
		}
		if got, err := customers.ByID(ctx, guest.ID); err != nil || !got.Guest {
			t.Errorf("by id: %+v, %v", got, err)
		}
		want := []string{ada.ID, guest.ID}
		if diff := cmp.Diff(want, walk(t, customers, customer.Filter{Query: "ada@example.com", Limit: 1})); diff != "" {
			t.Errorf("found (-want +got):\n%s", diff)
		}
		// A guest can be edited without becoming somebody else.
		guest, err := customers.Update(ctx, guest.ID, customer.Patch{Name: ptr("Some Body")})
		if err != nil || !guest.Guest || guest.Name != "Some Body" {
			t.Errorf("edited = %+v, %v", guest, err)
		}
		_, err = customers.Update(ctx, guest.ID, customer.Patch{Email: ptr("ada@EXAMPLE.com")})
		wantCode(t, err, fail.KindConflict, "EMAIL_TAKEN")

		was, is, err := join(t, s.DB, guest.ID)
		if err != nil || was.ID != guest.ID || is.ID != ada.ID {
			t.Errorf("joined %+v with %+v, %v", was, is, err)
		}
		if diff := cmp.Diff([]string{ada.ID}, walk(t, customers, customer.Filter{Limit: 1})); diff != "" {
			t.Errorf("list after that (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{ada.ID}, walk(t, customers, customer.Filter{Query: "ada@example.com", Limit: 1})); diff != "" {
			t.Errorf("found after that (-want +got):\n%s", diff)
		}
		_, _, err = join(t, s.DB, guest.ID)
		wantCode(t, err, fail.KindConflict, "GUEST_CLAIMED")
		_, _, err = join(t, s.DB, "cus_unknown")
		wantCode(t, err, fail.KindNotFound, "CUSTOMER_NOT_FOUND")
	})
}

func TestAGuestWhoseAddressNobodyHasBecomesTheAccount(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		customers := open(s)
		ada := takeUp(t, s.DB, "ada@example.com", "Ada")
		guest := takeUp(t, s.DB, "ada@example.com", "Ada")
		if _, err := customers.Update(ctx, ada.ID, customer.Patch{Email: ptr("countess@example.com")}); err != nil {
			t.Fatal(err)
		}
		was, is, err := join(t, s.DB, guest.ID)
		if err != nil || was.ID != guest.ID || is.ID != guest.ID || is.Guest {
			t.Errorf("joined %+v with %+v, %v", was, is, err)
		}
		if got, err := customers.ByEmail(ctx, "ada@example.com"); err != nil || got.ID != guest.ID {
			t.Errorf("by address: %+v, %v", got, err)
		}
		// Again: it is no guest any more.
		if was, is, err = join(t, s.DB, guest.ID); err != nil || was.ID != is.ID {
			t.Errorf("joined again %+v with %+v, %v", was, is, err)
		}
	})
}
