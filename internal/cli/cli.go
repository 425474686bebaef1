// Package cli is the command line: it reads flags, variables and the configuration file, and hands over to the rooms.
//
// A command speaks to a store through the admin API's own handler. While a server runs on the same data folder, the
// command reaches it through the socket in that folder; otherwise it opens the store itself. So a command does what
// the API does, under the same rules, and there is one client for both (client.go).
//
// Standard output carries what was asked for, standard error everything said besides. The exit status is 0 when it
// is done, 1 when it failed, 2 when the command was used wrongly.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// The exit statuses.
const (
	done   = 0
	failed = 1
	misuse = 2
)

// grammar is every command. Each flag can also be set by a variable: KEYSTEAD_ and its name.
type grammar struct {
	Config kong.ConfigFlag `help:"File of settings: lines of the form 'listen = 127.0.0.1:8080', named like the flags." placeholder:"FILE"`

	Serve   serveCommand   `cmd:"" help:"Serve a store."`
	Demo    demoCommand    `cmd:"" help:"Serve a demo store, filled with examples."`
	Token   tokenCommand   `cmd:"" help:"Make, list and revoke tokens of the admin API."`
	License licenseCommand `cmd:"" help:"Issue, show, activate and validate licenses."`
	Import  importCommand  `cmd:"" help:"Take over what another program kept."`

	Automation automationCommand `cmd:"" help:"Run what is due, or tell what would happen."`
	Clock      clockCommand      `cmd:"" help:"Show and move the clock of a test store."`

	Backup   backupCommand   `cmd:"" help:"Write the whole store into one file."`
	Restore  restoreCommand  `cmd:"" help:"Make a store of a backup."`
	Recovery recoveryCommand `cmd:"" help:"Show what a restored store holds back, and let it go on."`
	Migrate  migrateCommand  `cmd:"" help:"Bring the schema of a store up to date."`
	Verify   verifyCommand   `cmd:"" help:"Prove the books, the invoice numbers and the licenses."`
	Doctor   doctorCommand   `cmd:"" help:"Look for what may go wrong with a store and the machine."`

	Registry registryCommand `cmd:"" help:"Serve a simulated registry of domains."`

	Completion completionCommand `cmd:"" help:"Print what a shell needs to complete commands and flags."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
}

// session is what a command works with besides its flags.
type session struct {
	in       io.Reader
	out, err io.Writer
	version  string
}

// say tells people something. It never goes to standard output.
func (s *session) say(format string, args ...any) { fmt.Fprintf(s.err, format+"\n", args...) }

// Main runs the command that the process was started with and returns its exit status.
func Main(version string) int {
	syscall.Umask(0o077) // what is written is its owner's alone: customers, keys, sockets
	return run(os.Args[1:], &session{in: os.Stdin, out: os.Stdout, err: os.Stderr, version: version})
}

// stopped ends parsing where a flag has done everything that was asked for (--help).
type stopped struct{ status int }

func run(args []string, s *session) (status int) {
	defer func() {
		if p := recover(); p != nil {
			stop, ok := p.(stopped)
			if !ok {
				panic(p)
			}
			status = stop.status
		}
	}()
	var g grammar
	parser, err := kong.New(&g,
		kong.Name("keystead"),
		kong.Description("Keystead sells software and domains: orders, invoices, payments, licenses that are checked, and renewals at registries. `keystead demo` shows it all in a minute; `keystead serve` opens a store of your own, whose staff pages are at /admin."),
		kong.Writers(s.out, s.err),
		kong.Exit(func(status int) { panic(stopped{status}) }),
		kong.DefaultEnvars("KEYSTEAD"),
		kong.Configuration(readConfig),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil {
		panic(err) // the grammar itself is wrong
	}
	if len(args) == 0 {
		args = []string{"--help"}
	} else if args[0] == "help" { // as other programs have it: keystead help import domains
		args = append(slices.Clone(args[1:]), "--help")
	}
	command, err := parser.Parse(args)
	if err != nil {
		var parse *kong.ParseError
		if errors.As(err, &parse) {
			command = parse.Context
		}
		return s.misused(err, command)
	}
	ctx, stop := untilInterrupted()
	defer stop()
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(s, parser.Model); err != nil {
		var wrong *usageError
		if errors.As(err, &wrong) {
			return s.misused(err, command)
		}
		s.say("keystead: %s", explain(err))
		return failed
	}
	return done
}

// usageError says that a command was used wrongly in a way that only shows once it runs.
type usageError struct{ detail string }

func (e *usageError) Error() string { return e.detail }

// misused says what is wrong with a call, and where the help of its command is, as far as that is known.
func (s *session) misused(err error, in *kong.Context) int {
	s.say("keystead: %s", err)
	command := "keystead"
	if in != nil {
		if node := in.Selected(); node != nil {
			command = strings.TrimSpace("keystead " + node.Path())
		}
	}
	s.say("Try '%s --help'.", command)
	return misuse
}
