package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

// logFlags say what a server logs, to standard error.
type logFlags struct {
	LogLevel  slog.Level `name:"log-level" default:"info" placeholder:"LEVEL" help:"Least level that is logged: debug, info, warn or error (default ${default})."`
	LogFormat string     `name:"log-format" default:"text" enum:"text,json" placeholder:"FORMAT" help:"Form of the log: text or json (default ${default})."`
}

func (f logFlags) logger(w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: f.LogLevel}
	if f.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// hushed logs at debug what is no fault where a store is only being filled: there, cards fail and answers are lost on purpose.
// What is an error stays one.
type hushed struct{ slog.Handler }

// Enabled implements slog.Handler.
func (h hushed) Enabled(ctx context.Context, level slog.Level) bool {
	return h.Handler.Enabled(ctx, hush(level))
}

// Handle implements slog.Handler.
func (h hushed) Handle(ctx context.Context, r slog.Record) error {
	r.Level = hush(r.Level)
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h hushed) WithAttrs(attrs []slog.Attr) slog.Handler { return hushed{h.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (h hushed) WithGroup(name string) slog.Handler { return hushed{h.Handler.WithGroup(name)} }

func hush(level slog.Level) slog.Level {
	if level >= slog.LevelError {
		return level
	}
	return min(level, slog.LevelDebug)
}

// quietLog is the log of a command that opens the store for a moment: only what a person must know.
func (s *session) quietLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(s *session) error {
	_, err := fmt.Fprintln(s.out, "keystead "+s.version)
	return err
}
