package fail_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/fail"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	want := map[fail.Kind]int{
		fail.KindInternal:        500,
		fail.KindMalformed:       400,
		fail.KindUnauthenticated: 401,
		fail.KindForbidden:       403,
		fail.KindNotFound:        404,
		fail.KindMethod:          405,
		fail.KindConflict:        409,
		fail.KindGone:            410,
		fail.KindTooLarge:        413,
		fail.KindInvalid:         422,
		fail.KindLimited:         429,
		fail.KindUnavailable:     503,
		fail.Kind(-1):            500,
		fail.Kind(99):            500,
	}
	names := map[string]bool{}
	for kind, status := range want {
		if got := kind.Status(); got != status {
			t.Errorf("status of %v = %d, want %d", kind, got, status)
		}
		names[kind.String()] = true
	}
	if len(names) != len(want) {
		t.Errorf("names of kinds are not distinct: %v", names)
	}
}

func TestConstructors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		got  *fail.Error
		want fail.Error
		text string
	}{
		{
			fail.Malformed("INVALID_REQUEST", "The body is not JSON."),
			fail.Error{Kind: fail.KindMalformed, Code: "INVALID_REQUEST", Detail: "The body is not JSON."},
			"INVALID_REQUEST: The body is not JSON.",
		},
		{
			fail.Unauthenticated("Sign in."),
			fail.Error{Kind: fail.KindUnauthenticated, Code: "UNAUTHENTICATED", Detail: "Sign in."},
			"UNAUTHENTICATED: Sign in.",
		},
		{
			fail.Forbidden("SCOPE_MISSING", "The token lacks a scope."),
			fail.Error{Kind: fail.KindForbidden, Code: "SCOPE_MISSING", Detail: "The token lacks a scope."},
			"SCOPE_MISSING: The token lacks a scope.",
		},
		{
			fail.NotFound("LICENSE_NOT_FOUND", ""),
			fail.Error{Kind: fail.KindNotFound, Code: "LICENSE_NOT_FOUND"},
			"LICENSE_NOT_FOUND",
		},
		{
			fail.Method("Use POST."),
			fail.Error{Kind: fail.KindMethod, Code: "METHOD_NOT_ALLOWED", Detail: "Use POST."},
			"METHOD_NOT_ALLOWED: Use POST.",
		},
		{
			fail.Conflict("INVOICE_FINAL", "It is final."),
			fail.Error{Kind: fail.KindConflict, Code: "INVOICE_FINAL", Detail: "It is final."},
			"INVOICE_FINAL: It is final.",
		},
		{
			fail.Gone("LINK_EXPIRED", "Ask for another."),
			fail.Error{Kind: fail.KindGone, Code: "LINK_EXPIRED", Detail: "Ask for another."},
			"LINK_EXPIRED: Ask for another.",
		},
		{
			fail.TooLarge("At most 64 KiB."),
			fail.Error{Kind: fail.KindTooLarge, Code: "REQUEST_TOO_LARGE", Detail: "At most 64 KiB."},
			"REQUEST_TOO_LARGE: At most 64 KiB.",
		},
		{
			fail.Invalid("name", "is required"),
			fail.Error{
				Kind: fail.KindInvalid, Code: "INVALID_INPUT", Field: "name", Detail: "is required",
				Fields: []fail.FieldError{{Field: "name", Message: "is required"}},
			},
			"INVALID_INPUT: name: is required",
		},
		{
			fail.Limited("Wait.", time.Minute),
			fail.Error{Kind: fail.KindLimited, Code: "RATE_LIMITED", Detail: "Wait.", RetryAfter: time.Minute},
			"RATE_LIMITED: Wait.",
		},
		{&fail.Error{Kind: fail.KindGone}, fail.Error{Kind: fail.KindGone}, "gone"},
		{&fail.Error{}, fail.Error{Kind: fail.KindInternal}, "internal"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(&tt.want, tt.got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if got := tt.got.Error(); got != tt.text {
				t.Errorf("Error() = %q, want %q", got, tt.text)
			}
		})
	}
}

func TestCauseIsForTheLogOnly(t *testing.T) {
	t.Parallel()
	plain := fail.Conflict("SEAT_TAKEN", "The seat is taken.")
	for _, e := range []*fail.Error{
		plain.Because(io.EOF),
		fail.Unavailable("The disk is full.", io.EOF),
		fail.Internal(io.EOF),
	} {
		if !errors.Is(e, io.EOF) {
			t.Errorf("%v does not lead to its cause", e)
		}
		public := fmt.Sprint(e.Code, e.Field, e.Detail, e.Fields)
		if cmp.Diff(public, e.Error()) == "" {
			t.Errorf("%v: the log does not show the cause", e)
		}
	}
	if plain.Err != nil {
		t.Error("Because changed its receiver")
	}
	if got := fail.Internal(io.EOF).Error(); got != "INTERNAL: EOF" {
		t.Errorf("Error() = %q", got)
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	if got := fail.Of(nil); got != nil {
		t.Errorf("Of(nil) = %v", got)
	}
	known := fail.NotFound("LICENSE_NOT_FOUND", "There is no such license.")
	if got := fail.Of(fmt.Errorf("activate %s: %w", "lic_1", known)); got != known {
		t.Errorf("Of a wrapped error = %v, want the error itself", got)
	}
	if got := fail.Of(errors.Join(io.EOF, known)); got != known {
		t.Errorf("Of joined errors = %v, want the one with an answer", got)
	}

	got := fail.Of(fmt.Errorf("read: %w", io.EOF))
	if got.Kind != fail.KindInternal || got.Code != fail.CodeInternal || got.Detail != "" || !errors.Is(got, io.EOF) {
		t.Errorf("Of an unknown error = %+v", got)
	}
}

func TestWithAndAt(t *testing.T) {
	t.Parallel()
	plain := fail.New(fail.KindInvalid, "TERM_NOT_AVAILABLE", "Not yet.")
	told := plain.With("reason", "too_early").With("first_day", "2026-12-03").At("items.0.years", "is not on offer")
	want := &fail.Error{
		Kind: fail.KindInvalid, Code: "TERM_NOT_AVAILABLE", Detail: "Not yet.", Field: "items.0.years",
		Fields: []fail.FieldError{{Field: "items.0.years", Message: "is not on offer"}},
		More:   map[string]any{"reason": "too_early", "first_day": "2026-12-03"},
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if plain.More != nil || plain.Field != "" {
		t.Errorf("the error that it was made from changed: %+v", plain)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	var f fail.Fields
	f.Check("name", nil)
	if err := f.Err(); err != nil {
		t.Fatalf("nothing noted = %v", err)
	}

	f.Add("name", "is required")
	if diff := cmp.Diff(fail.Invalid("name", "is required"), fail.Of(f.Err())); diff != "" {
		t.Errorf("one field (-want +got):\n%s", diff)
	}

	f.Check("address.country", errors.New("is not a country"))
	got := fail.Of(f.Err())
	want := &fail.Error{
		Kind:   fail.KindInvalid,
		Code:   fail.CodeInvalidInput,
		Detail: "several fields are not valid",
		Fields: []fail.FieldError{
			{Field: "name", Message: "is required"},
			{Field: "address.country", Message: "is not a country"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("two fields (-want +got):\n%s", diff)
	}
	const text = "INVALID_INPUT: several fields are not valid: name is required: address.country is not a country"
	if got.Error() != text {
		t.Errorf("Error() = %q, want %q", got.Error(), text)
	}

	list, err := json.Marshal(got.Fields)
	const wantList = `[{"field":"name","message":"is required"},{"field":"address.country","message":"is not a country"}]`
	if err != nil || string(list) != wantList {
		t.Errorf("JSON = %s, %v, want %s", list, err, wantList)
	}

	f.Add("tax_id", "is not valid")
	if len(got.Fields) != 2 {
		t.Error("an error changed after it was returned")
	}
}
