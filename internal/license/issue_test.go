package license

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
)

func TestNewKey(t *testing.T) {
	t.Parallel()
	tests := []struct {
		card catalog.Card
		want string
	}{
		{catalog.Card{}, `^[0-9A-F]{8}-[0-9A-F]{8}-[0-9A-F]{8}-[0-9A-F]{8}$`},
		{catalog.Card{KeyPrefix: "W-"}, `^W-[0-9A-F]{8}-[0-9A-F]{8}-[0-9A-F]{8}-[0-9A-F]{8}$`},
		{catalog.Card{KeyPrefix: "Owned-", KeyLength: 10}, `^Owned-[0-9a-f]{10}$`},
		{catalog.Card{KeyLength: 7}, `^[0-9a-f]{7}$`},
		{catalog.Card{KeyLength: 64}, `^[0-9a-f]{64}$`},
	}
	for _, tt := range tests {
		seen := map[string]bool{}
		for range 20 {
			key := newKey(tt.card)
			if !regexp.MustCompile(tt.want).MatchString(key) || seen[key] {
				t.Errorf("newKey(%+v) = %q, want %s, each one once", tt.card, key, tt.want)
			}
			seen[key] = true
		}
	}
}

func TestFoldKey(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "abc-1": "abc-1", "ABC": "abc", "xYz": "xyz", "ÄB": "Äb"} {
		if got := foldKey(in); got != want {
			t.Errorf("foldKey(%q) = %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "key")
		if got := foldKey(key); got != strings.ToLower(key) || foldKey(got) != got {
			t.Fatalf("foldKey(%q) = %q", key, got)
		}
	})
}

func TestIssue(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		order, line := s.line()
		expires := s.in(24 * time.Hour)
		l := s.issue(IssueInput{OrderID: order, InvoiceLineID: line, Quantity: 3, ExpiresAt: expires, Reason: "a gift"})

		plan := catalog.Entitlements{"feature.sso": true, "projects.max": int64(25)}
		want := License{
			ID: l.ID, Key: l.Key, CustomerID: "cus_ann", ProductID: "prd_widget", PlanID: "pln_dev", OrderID: order, InvoiceLineID: line,
			Type: Purchased, Status: Active, ActivationType: Domain, ActivationLimit: 15,
			Entitlements: plan, EntitlementOverrides: catalog.Entitlements{},
			ExpiresAt: expires, GraceUntil: expires, EndsAt: expires, Version: 1, CreatedAt: s.Clock.Now(), UpdatedAt: s.Clock.Now(),
			ProductName: "Widget", ProductSlug: "widget", PlanName: "Developer", CustomerName: "Ann Archer", CustomerEmail: "Ann@Example.com",
		}
		if diff := cmp.Diff(want, l); diff != "" {
			t.Errorf("license (-want +got):\n%s", diff)
		}
		wantLines(t, "history", s.story(l.ID), "issued →active, expires 2026-03-02T12:00:00Z")
		wantLines(t, "events", s.events(l.ID), EventCreated)
		if n := s.number("SELECT count(*) FROM license_checks WHERE license_id = $1", l.ID); n != 1 {
			t.Errorf("%d rows of check figures, want 1", n)
		}
		if n := s.number("SELECT count(*) FROM events WHERE data LIKE '%' || $1 || '%'", l.Key); n != 0 {
			t.Error("an event names the key")
		}

		again := s.issue(IssueInput{OrderID: order, InvoiceLineID: line, Quantity: 7})
		if diff := cmp.Diff(l, again); diff != "" {
			t.Errorf("the same line again (-first +second):\n%s", diff)
		}
		wantLines(t, "events after the same line again", s.events(l.ID), EventCreated)
	})
}

func TestIssueLimits(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		s.plan("pln_free", "prd_widget", "Unlimited", "seat", 0)
		if l := s.issue(IssueInput{PlanID: "pln_free", Quantity: 4}); l.ActivationLimit != 0 {
			t.Errorf("four times unlimited = %d", l.ActivationLimit)
		}
		for quantity, code := range map[int64]string{0: fail.CodeInvalidInput, -1: fail.CodeInvalidInput, maxLimit: fail.CodeInvalidInput, maxLimit / 5: ""} {
			err := s.DB.Write(context.Background(), func(tx *db.Tx) error {
				_, err := s.Issue(context.Background(), tx, IssueInput{CustomerID: "cus_ann", PlanID: "pln_dev", Quantity: quantity})
				return err
			})
			wantCode(t, err, code)
		}
		const largestPlan, largestOrder = 1_000_000, 100_000
		s.plan("pln_large", "prd_widget", "Large", "seat", largestPlan)
		if l := s.issue(IssueInput{PlanID: "pln_large", Quantity: largestOrder}); l.ActivationLimit != largestPlan*largestOrder {
			t.Errorf("the largest order of the largest plan = %d", l.ActivationLimit)
		}
		err := s.DB.Write(context.Background(), func(tx *db.Tx) error {
			_, err := s.Issue(context.Background(), tx, IssueInput{CustomerID: "cus_ann", PlanID: "pln_none", Quantity: 1})
			return err
		})
		wantCode(t, err, "PLAN_NOT_FOUND")
	})
}

// TestKeysRunOut issues licenses in a format of 16 keys until there is none left.
func TestKeysRunOut(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		s.product("prd_tiny", "tiny", "Tiny", "'T-', 1, TRUE")
		s.plan("pln_tiny", "prd_tiny", "Tiny", "device", 1)
		keys := map[string]bool{}
		for range 17 {
			var l License
			err := s.DB.Write(context.Background(), func(tx *db.Tx) (err error) {
				l, err = s.Issue(context.Background(), tx, IssueInput{CustomerID: "cus_ann", PlanID: "pln_tiny", Quantity: 1})
				return err
			})
			if err != nil {
				wantCode(t, err, CodeNoFreeKey)
				break
			}
			if keys[l.Key] {
				t.Fatalf("key %s was issued twice", l.Key)
			}
			keys[l.Key] = true
		}
		if len(keys) < 4 || len(keys) > 16 {
			t.Errorf("%d keys of 16 were issued", len(keys))
		}
	})
}

func TestKeyCase(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		s.product("prd_loose", "loose", "Loose", "'', 0, TRUE")
		s.plan("pln_loose", "prd_loose", "Loose", "device", 1)
		strict, loose := s.issue(IssueInput{}), s.issue(IssueInput{PlanID: "pln_loose"})
		// One license's key is the lower-case form of another's, by an import.
		shadow := s.issue(IssueInput{})
		s.exec("UPDATE licenses SET key = $1, key_lookup = $1 WHERE id = $2", foldKey(strict.Key), shadow.ID)

		tests := []struct{ key, want string }{
			{strict.Key, strict.ID},
			{foldKey(strict.Key), shadow.ID},
			{loose.Key, loose.ID},
			{foldKey(loose.Key), loose.ID},
			{strings.ToLower(loose.Key[:9]) + loose.Key[9:], loose.ID},
			{strict.Key + " ", ""},
			{"", ""},
			{"\x00", ""},
			{"\xff", ""},
			{strings.Repeat("A", 300), ""},
		}
		for _, tt := range tests {
			facts, err := s.ReadForCheck(ctx, tt.key)
			if tt.want == "" {
				wantCode(t, err, CodeNotFound)
				if _, err := s.ByKey(ctx, tt.key); err == nil {
					t.Errorf("ByKey(%q) found something", tt.key)
				}
				continue
			}
			if err != nil || facts.ID != tt.want || !facts.Matches(tt.key) {
				t.Errorf("ReadForCheck(%q) = %s, %v, want %s", tt.key, facts.ID, err, tt.want)
			}
		}

		relookup := func(product string, ignore bool) error {
			return s.DB.Write(ctx, func(tx *db.Tx) error {
				if err := s.RelookupKeys(ctx, tx, product, ignore); err != nil {
					return err
				}
				_, err := tx.SQL().ExecContext(ctx, "UPDATE products SET key_ignore_case = $1 WHERE id = $2", ignore, product)
				return err
			})
		}
		s.drainTold()
		wantCode(t, relookup("prd_widget", true), CodeKeyConflict)
		if facts, err := s.ReadForCheck(ctx, strict.Key); err != nil || facts.ID != strict.ID {
			t.Errorf("after a conflict the key finds %s, %v", facts.ID, err)
		}
		wantLines(t, "listeners after a conflict", s.drainTold())

		s.exec("UPDATE licenses SET key = 'Other-1', key_lookup = 'Other-1' WHERE id = $1", shadow.ID)
		wantCode(t, relookup("prd_widget", true), "")
		if facts, err := s.ReadForCheck(ctx, foldKey(strict.Key)); err != nil || facts.ID != strict.ID || facts.Version != strict.Version+1 {
			t.Errorf("ignoring case, the key finds %s, %v", facts.ID, err)
		}
		wantLines(t, "listeners", s.drainTold(), "")
		wantCode(t, relookup("prd_widget", false), "")
		if _, err := s.ReadForCheck(ctx, foldKey(strict.Key)); err == nil {
			t.Error("to the letter again, the key is still found in lower case")
		}
		if facts, err := s.ReadForCheck(ctx, strict.Key); err != nil || facts.ID != strict.ID {
			t.Errorf("to the letter again, the key finds %s, %v", facts.ID, err)
		}
	})
}
