package account_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/registrar/epp"
)

// A registrar may answer with anything: the log goes on, and stays small.
func TestFramesOfAHostileRegistrar(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		a := must(b.Create(ctx, account.Input{Name: "Lab", Adapter: "fake"}))(t)
		record := b.Frames(a.ID)
		for _, body := range []string{"a\x00b", "\xff\xfe", strings.Repeat("x", 1<<20), strings.Repeat("é", 1<<19)} {
			record(epp.Frame{Command: "info", ClTRID: "ks-1", Text: []byte(body)})
		}
		all, err := b.FramesOf(ctx, "ks-1")
		if err != nil || len(all) != 4 {
			t.Fatalf("%d frames, %v", len(all), err)
		}
		for _, f := range all {
			if !utf8.ValidString(f.Body) || strings.ContainsRune(f.Body, 0) || len(f.Body) > 130<<10 {
				t.Errorf("a frame of %d bytes: %.20q", len(f.Body), f.Body)
			}
		}
	})
}

func TestRateIsANumber(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for _, rate := range []string{"NaN", "Inf", "-1", "0", "1e300"} {
			in := overEPP("Lab")
			in.Settings["per_second"] = rate
			if _, err := b.Create(t.Context(), in); err == nil {
				t.Errorf("%s commands a second were taken", rate)
			}
		}
	})
}
