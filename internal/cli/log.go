package cli

import (
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
