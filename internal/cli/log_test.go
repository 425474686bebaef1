package cli

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// While a demo store is filled, what fails there on purpose looks like no fault; errors do.
func TestHushedLog(t *testing.T) {
	t.Parallel()
	for level, want := range map[slog.Level]string{slog.LevelWarn: "ERROR", slog.LevelDebug: "DEBUG DEBUG ERROR"} {
		var out bytes.Buffer
		log := slog.New(hushed{logFlags{LogLevel: level}.logger(&out).Handler()}).With("store", "demo").WithGroup("charge")
		log.Info("filled")
		log.Warn("no answer", "id", 1)
		log.Error("broken")
		var levels []string
		for line := range strings.Lines(out.String()) {
			_, rest, _ := strings.Cut(line, "level=")
			is, _, _ := strings.Cut(rest, " ")
			levels = append(levels, is)
		}
		if got := strings.Join(levels, " "); got != want {
			t.Errorf("at %s: %s", level, out.String())
		}
	}
}
