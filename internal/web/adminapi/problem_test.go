package adminapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/fail"
)

func TestEveryErrorIsAProblem(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		var broken error
		calls := 0
		add(b.api, route{Method: "POST", Path: "/broken", Tag: "Test", Summary: "Break", Codes: []string{"STAFF_ONLY", "THING_NOT_FOUND", "THING_BUSY", "THING_GONE", "TERM_NOT_AVAILABLE"}}, func(context.Context, *struct{}) (none, error) {
			if calls++; broken == nil {
				panic("secret words")
			}
			return none{}, broken
		})
		b.api.routes[len(b.api.routes)-1].operation.Responses["default"] = b.api.routes[0].operation.Responses["default"]
		b.shapes = newShapes(t, b.api)

		secret := errors.New("secret words")
		for _, tt := range []struct {
			err    error
			status int
			code   string
			kept   bool
		}{
			{nil, 500, "INTERNAL", false}, // a panic
			{secret, 500, "INTERNAL", false},
			{fail.Unavailable("The store is away.", secret), 503, "UNAVAILABLE", false},
			{&fail.Error{Kind: fail.KindUnavailable, Code: "STORE_UNAVAILABLE", Detail: "Away.", RetryAfter: 4500 * time.Millisecond}, 503, "STORE_UNAVAILABLE", false},
			{fail.Limited("Slow down.", time.Minute), 429, "RATE_LIMITED", false},
			{fail.Forbidden("STAFF_ONLY", "No."), 403, "STAFF_ONLY", false},
			{fail.NotFound("THING_NOT_FOUND", "No."), 404, "THING_NOT_FOUND", true},
			{fmt.Errorf("wrapped: %w", fail.Conflict("THING_BUSY", "No.").Because(secret)), 409, "THING_BUSY", true},
			{fail.Gone("THING_GONE", "No."), 410, "THING_GONE", true},
			{fail.Invalid("items.3.name", "is odd"), 422, "INVALID_INPUT", true},
			{fail.New(fail.KindInvalid, "TERM_NOT_AVAILABLE", "Too early.").With("reason", "too_early").With("first_day", "2026-12-03"), 422, "TERM_NOT_AVAILABLE", true},
		} {
			broken, calls = tt.err, 0
			key := "Idempotency-Key: " + strings.ReplaceAll(fmt.Sprint("k", tt.code, tt.err), " ", "_")
			got := b.send("POST", "/broken", nil, key)
			fields := got.refused(tt.status, tt.code)
			if strings.Contains(got.Raw, "secret") {
				t.Errorf("%s tells a secret: %s", tt.code, got.Raw)
			}
			again := b.send("POST", "/broken", nil, key)
			again.refused(tt.status, tt.code)
			if kept := calls == 1; kept != tt.kept || kept != (again.Header.Get("Idempotent-Replay") == "true") {
				t.Errorf("%s: %d calls, %v", tt.code, calls, again.Header)
			}
			switch tt.code {
			case "STORE_UNAVAILABLE":
				if got.Header.Get("Retry-After") != "5" {
					t.Errorf("%s: %v", tt.code, got.Header)
				}
			case "RATE_LIMITED":
				if got.Header.Get("Retry-After") != "60" {
					t.Errorf("%s: %v", tt.code, got.Header)
				}
			case "TERM_NOT_AVAILABLE":
				if got.Body["reason"] != "too_early" || got.Body["first_day"] != "2026-12-03" || got.Body["detail"] != "Too early." {
					t.Errorf("%s: %s", tt.code, got.Raw)
				}
			case "INVALID_INPUT":
				if fields["items[3].name"] != "is odd" || got.Body["detail"] != "items[3].name is odd" {
					t.Errorf("%s: %s", tt.code, got.Raw)
				}
			}
		}
	})
}
