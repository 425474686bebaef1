package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/db"
)

// verify names what is wrong, and ends with status 1.
func TestVerifyFindsDifferences(t *testing.T) {
	t.Parallel()
	dir := demoStore(t)
	if r := keystead(t, "verify", "--data", dir); r.status != done || !strings.Contains(r.out, "No differences") {
		t.Fatalf("before: status %d: %s%s", r.status, r.out, r.err)
	}
	a, err := app.Open(t.Context(), app.Config{Dir: dir, Logger: discard})
	if err != nil {
		t.Fatal(err)
	}
	err = a.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(t.Context(), "UPDATE customer_credits SET amount = amount + 1")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := keystead(t, "verify", "--data", dir)
	if r.status != failed || !strings.Contains(r.out, "customer.credit") || !strings.Contains(r.err, "differences") {
		t.Errorf("status %d: %s%s", r.status, r.out, r.err)
	}
	if r := keystead(t, "verify", "--json", "--data", dir); r.status != failed || !strings.Contains(r.out, `"check": "customer.credit"`) {
		t.Errorf("status %d: %s%s", r.status, r.out, r.err)
	}
}
