package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/registry"
	"github.com/keystead/keystead/internal/web"
)

type registryCommand struct {
	Listen     string   `default:"127.0.0.1:7700" placeholder:"ADDR" help:"Address to speak EPP at, over TLS (default ${default})."`
	HTTPListen string   `name:"http-listen" default:"127.0.0.1:7701" placeholder:"ADDR" help:"Address of the control, plain and RDAP interfaces, which have no TLS; keep it on this machine (default ${default})."`
	Data       string   `type:"path" placeholder:"DIR" help:"Folder that keeps the registry. Default: a temporary one, removed at the end."`
	Name       []string `placeholder:"NAME" help:"Further name or address of a new certificate, beside localhost, 127.0.0.1 and ::1."`
	Now        instant  `placeholder:"TIME" help:"Stop the registry's clock there, such as at 2027-01-31T09:00:00Z. Default: it goes with the machine's, or stands where it was."`
	Balance    int64    `default:"-1" help:"What each registrar of a new registry has on its account, in cents; -1: never short of money (default ${default})."`
	JSON       bool     `name:"json" help:"Print one JSON object that says how to connect."`
}

// Help implements kong.HelpProvider.
func (registryCommand) Help() string {
	return `A simulated registry of domains, for trying out and for tests: an EPP server with two registrars and a top-level domain
for each habit that real registries have. Nothing in it is real, and no domain that it sells resolves.

Clock, faults and the ledger are reached over --http-listen.

Examples:

	keystead registry
	keystead registry --data ./registry --now 2027-03-01
	keystead registry --json --listen 127.0.0.1:0 --http-listen 127.0.0.1:0 >registry.json`
}

// registryFile keeps what a registry remembers.
const registryFile = "registry.json"

// saveEvery is how much of what happened a crash may take along.
const saveEvery = 2 * time.Second

// Run serves a registry until a signal comes.
func (c *registryCommand) Run(ctx context.Context, s *session) (err error) {
	dir, leave, err := c.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, leave()) }()
	var config net.ListenConfig
	eppListener, err := config.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return refused("--listen", err)
	}
	defer eppListener.Close()
	httpListener, err := config.Listen(ctx, "tcp", c.HTTPListen)
	if err != nil {
		return refused("--http-listen", err)
	}
	defer httpListener.Close()
	for _, l := range []net.Listener{eppListener, httpListener} {
		if addr, ok := l.Addr().(*net.TCPAddr); !ok || !addr.IP.IsLoopback() {
			s.say("warning: the registry is reachable from other machines at %s", l.Addr())
		}
	}
	r, err := c.open(filepath.Join(dir, registryFile))
	if err != nil {
		return err
	}
	identity, err := registry.LoadIdentity(dir, clock.System().Now(), append([]string{"localhost", "127.0.0.1", "::1"}, c.Name...)...)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 3)
	run := func(f func() error) {
		go func() {
			ended <- f()
			stop() // one that fails ends them all
		}()
	}
	run(func() error { return r.Serve(ctx, eppListener, identity) })
	run(func() error { return web.Serve(ctx, s.quietLog(), httpListener, r.Handler(), time.Second) })
	run(func() error { return saveRegistry(ctx, r, filepath.Join(dir, registryFile)) })
	err = c.announce(s, r, eppListener.Addr().String(), httpListener.Addr().String(), dir)
	if err != nil {
		stop()
	}
	for range cap(ended) {
		err = errors.Join(err, <-ended)
	}
	return err
}

func (c *registryCommand) folder() (dir string, leave func() error, err error) {
	if c.Data != "" {
		return c.Data, func() error { return nil }, os.MkdirAll(c.Data, 0o700)
	}
	if dir, err = os.MkdirTemp("", "keystead-registry-"); err != nil {
		return "", nil, err
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
}

// open continues the registry of a file, or makes a new one.
func (c *registryCommand) open(path string) (*registry.Registry, error) {
	r := registry.New(clock.System())
	found, err := r.Load(path)
	if err != nil {
		return nil, err
	}
	if !found {
		for _, id := range []string{"registrar-1", "registrar-2"} {
			var balance *int64
			if c.Balance >= 0 {
				balance = new(c.Balance)
			}
			r.AddAccount(id, rand.Text()[:16], balance)
		}
		for _, x := range registry.Personalities() {
			if err := r.AddExtension(x); err != nil {
				return nil, err
			}
		}
	}
	if c.Now != (instant{}) {
		r.SetClock(time.Time(c.Now))
	}
	return r, nil
}

// saveRegistry saves a registry whenever something has changed, and in the end.
func saveRegistry(ctx context.Context, r *registry.Registry, path string) error {
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	saved := int64(-1)
	for {
		if r.Changed() != saved {
			var err error
			if saved, err = r.Save(path); err != nil {
				return err
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			_, err := r.Save(path)
			return err
		}
	}
}

// announcedRegistry says how to connect.
type announcedRegistry struct {
	EPP        string            `json:"epp"`
	HTTP       string            `json:"http"`
	CA         string            `json:"ca"`
	Passwords  map[string]string `json:"passwords"`
	Extensions []string          `json:"extensions"`
}

func (c *registryCommand) announce(s *session, r *registry.Registry, epp, http, dir string) error {
	is := announcedRegistry{EPP: epp, HTTP: "http://" + http, CA: filepath.Join(dir, registry.CAFile), Passwords: r.Passwords(), Extensions: r.ExtensionNames()}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(is)
	}
	w := s.out
	fmt.Fprintf(w, "\nThe registry speaks EPP over TLS at %s\n\n", is.EPP)
	fmt.Fprintf(w, "  Certificate authority   %s\n", is.CA)
	for _, id := range slices.Sorted(maps.Keys(is.Passwords)) {
		fmt.Fprintf(w, "  Registrar               %s   %s\n", id, is.Passwords[id])
	}
	fmt.Fprintf(w, "\n  Control, plain, RDAP    %s\n", is.HTTP)
	fmt.Fprintf(w, "  Extensions              %s\n\n", strings.Join(is.Extensions, " "))
	fmt.Fprintf(w, "Look at the greeting:\n\n  openssl s_client -quiet -verify_return_error -CAfile %s -connect %s\n\n", is.CA, is.EPP)
	where := dir
	if c.Data == "" {
		where += ", which is removed at the end"
	}
	_, err := fmt.Fprintf(w, "The registry is in %s. Stop it with Ctrl-C.\n", where)
	return err
}
