package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/keystead/keystead/internal/text"
)

// Entitlements are named features and quantities: "feature.sso" → true, "projects.max" → 25, "region" → "eu". A value
// is a bool, an int64 or a string.
type Entitlements map[string]any

// How much a set of entitlements may hold.
const (
	maxEntitlements      = 100
	maxEntitlementName   = 64
	maxEntitlementString = 255
)

// CheckEntitlements returns raw with its values in the forms that [Entitlements] has. Numbers may be of any Go type
// that JSON or a form yields, as long as they are whole. It says what is wrong with the first name, in order, that is.
func CheckEntitlements(raw map[string]any) (Entitlements, error) {
	if len(raw) > maxEntitlements {
		return nil, fmt.Errorf("has more than %d entries", maxEntitlements)
	}
	checked := make(Entitlements, len(raw))
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if err := checkEntitlementName(name); err != nil {
			return nil, err
		}
		value, err := entitlementValue(raw[name])
		if err != nil {
			return nil, fmt.Errorf("has %q, which %w", name, err)
		}
		checked[name] = value
	}
	return checked, nil
}

func checkEntitlementName(name string) error {
	if name == "" || len(name) > maxEntitlementName {
		return fmt.Errorf("has a name that is empty or longer than %d characters", maxEntitlementName)
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-' {
			return fmt.Errorf("has the name %q; names consist of a-z, 0-9, dot, underscore and hyphen", name)
		}
	}
	return nil
}

var errNotWhole = errors.New("is not a whole number of 64 bits")

func entitlementValue(v any) (any, error) {
	switch v := v.(type) {
	case bool, int64:
		return v, nil
	case int:
		return int64(v), nil
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			return nil, errNotWhole
		}
		return n, nil
	case float64:
		// Above 2^53 a float no longer names one whole number.
		if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
			return nil, errNotWhole
		}
		return int64(v), nil
	case string:
		return text.Line(v, maxEntitlementString)
	default:
		return nil, errors.New("is neither true or false, nor a whole number, nor text")
	}
}

// Encode returns the entitlements as they are stored: JSON with sorted names.
func (e Entitlements) Encode() string {
	if len(e) == 0 {
		return "{}"
	}
	b, err := json.Marshal(map[string]any(e))
	if err != nil {
		panic(fmt.Sprintf("catalog: entitlements that were not checked: %v", err))
	}
	return string(b)
}

// DecodeEntitlements reads what [Entitlements.Encode] wrote.
func DecodeEntitlements(stored string) (Entitlements, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(stored)))
	d.UseNumber()
	var raw map[string]any
	if err := d.Decode(&raw); err != nil {
		return nil, fmt.Errorf("entitlements: %w", err)
	}
	checked, err := CheckEntitlements(raw)
	if err != nil {
		return nil, fmt.Errorf("entitlements: %w", err)
	}
	return checked, nil
}
