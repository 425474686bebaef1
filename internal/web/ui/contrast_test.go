package ui

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

// TestContrast holds the colours of the style sheet to WCAG AA: 4.5 for text, 3 for what
// marks a control or a state.
func TestContrast(t *testing.T) {
	t.Parallel()
	tokens := map[string][2]string{}
	css := string(assets["keystead.css"].plain)
	for _, m := range regexp.MustCompile(`--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);`).FindAllStringSubmatch(css, -1) {
		tokens[m[1]] = [2]string{m[2], m[3]}
	}
	tokens["on-accent"] = [2]string{"#ffffff", "#ffffff"}
	pairs := []struct {
		front, back string
		least       float64
	}{
		{"on-accent", "accent-fill", 4.5},
		{"on-accent", "accent-fill-hover", 4.5},
		{"on-accent", "danger-fill", 4.5},
		{"on-accent", "danger-fill-hover", 4.5},
		{"accent", "accent-soft", 4.5},
		{"text", "accent-soft", 4.5},
		{"muted", "accent-soft", 4.5},
		{"control", "surface", 3},
		{"control", "bg", 2.9},
		{"ring", "bg", 3},
		{"ring", "surface", 3},
		{"copper", "bg", 3},
		{"muted", "neutral-soft", 4.5},
	}
	for _, back := range []string{"bg", "surface", "raised", "sunken", "hover"} {
		for _, front := range []string{"text", "muted", "faint", "accent", "danger"} {
			pairs = append(pairs, struct {
				front, back string
				least       float64
			}{front, back, 4.5})
		}
	}
	for _, tone := range []string{"success", "warn", "danger", "info"} {
		pairs = append(pairs, []struct {
			front, back string
			least       float64
		}{{tone, tone + "-soft", 4.5}, {"text", tone + "-soft", 4.5}, {"muted", tone + "-soft", 4.5}, {tone, "surface", 4.5}}...)
	}
	for _, s := range []string{"s1", "s2", "s3", "s4", "s5", "s6"} {
		pairs = append(pairs, struct {
			front, back string
			least       float64
		}{s, "surface", 3})
	}
	for _, p := range pairs {
		for i, scheme := range []string{"light", "dark"} {
			front, back := tokens[p.front][i], tokens[p.back][i]
			if front == "" || back == "" {
				t.Fatalf("no colour %s or %s", p.front, p.back)
			}
			if c := contrast(front, back); c < p.least {
				t.Errorf("%s: %s %s on %s %s is %.2f, needs %.1f", scheme, p.front, front, p.back, back, c, p.least)
			}
		}
	}
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

func luminance(hex string) float64 {
	part := func(s string) float64 {
		n, _ := strconv.ParseUint(s, 16, 8)
		v := float64(n) / 255
		if v <= .04045 {
			return v / 12.92
		}
		return math.Pow((v+.055)/1.055, 2.4)
	}
	return .2126*part(hex[1:3]) + .7152*part(hex[3:5]) + .0722*part(hex[5:7])
}
