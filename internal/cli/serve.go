package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/web"
)

type serveCommand struct {
	storeFlags
	listenFlags
	logFlags
	BaseURL string `name:"base-url" placeholder:"URL" help:"Address under which customers reach the store, such as https://licenses.example.com."`
}

// listenFlags say where a server is reached.
type listenFlags struct {
	Listen        string        `default:"127.0.0.1:8080" placeholder:"ADDR" help:"Address to serve at (default ${default})."`
	MetricsListen string        `name:"metrics-listen" placeholder:"ADDR" help:"Private address to serve figures for Prometheus at, under /metrics."`
	Drain         time.Duration `default:"20s" placeholder:"TIME" help:"How long running requests may take after SIGTERM (default ${default})."`
}

// Help implements kong.HelpProvider.
func (serveCommand) Help() string {
	return `The first start makes the store and prints a one-time link to make the owner's account. Every start brings the
schema up to date.

On SIGTERM or SIGINT the server takes no more connections, finishes the running requests, and ends. Put a proxy
with TLS in front, and name it in the setting limits.trusted_proxies.

Examples:

	keystead serve --data /var/lib/keystead --base-url https://licenses.example.com
	keystead serve --database-url postgres://keystead@db/keystead --files /srv/releases \
	  --master-key-file /run/secrets/master-key --listen 0.0.0.0:8080
	keystead serve --config /etc/keystead.conf`
}

// Run serves until a signal comes.
func (c *serveCommand) Run(ctx context.Context, s *session) (err error) {
	log := c.logger(s.err)
	config, err := c.config(s, log)
	if err != nil {
		return err
	}
	config.BaseURL = c.BaseURL
	l, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	a, err := app.Open(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()
	if err := c.offerSetup(ctx, s, a, l); err != nil {
		return err
	}
	if _, err := a.Domains.InstallShipped(ctx); err != nil {
		return err
	}
	if held, err := a.Recovery.Held(ctx); err != nil {
		return err
	} else if held {
		log.Warn("the store was restored from a backup: no mail, webhook or charge leaves it until 'keystead recovery confirm', or staff in the staff area, let it go on")
	}
	return l.serve(ctx, log, a, func() error {
		log.Info("ready", "url", l.url(), "store", a.Facts.StoreID, "engine", a.DB.Engine(), "test_mode", a.Facts.TestMode, "version", s.version)
		return nil
	})
}

// offerSetup prints the one-time link of a store that has no staff yet.
func (c *serveCommand) offerSetup(ctx context.Context, s *session, a *app.App, l *listeners) error {
	first, err := a.SignIn.FirstRun(ctx)
	if err != nil || !first {
		return err
	}
	token, err := a.SignIn.SetupLink(ctx)
	if err != nil {
		return fmt.Errorf("set-up link: %w", err)
	}
	settings, err := a.Settings.Get(ctx)
	if err != nil {
		return err
	}
	base := settings.BaseURL
	if base == "" {
		base = l.url()
	}
	s.say("This store has no owner yet. Make the owner's account with this link, which works once:\n\n  %s/admin/setup/%s\n", base, url.PathEscape(token))
	return nil
}

// listeners are the addresses of a server, taken before the store is opened: a taken port shows at once.
type listeners struct {
	public, metrics net.Listener // metrics: nil for none
	drain           time.Duration
}

func (f listenFlags) open(ctx context.Context) (*listeners, error) {
	var config net.ListenConfig
	l := &listeners{drain: f.Drain}
	var err error
	if l.public, err = config.Listen(ctx, "tcp", f.Listen); err != nil {
		return nil, refused("--listen", err)
	}
	if f.MetricsListen == "" {
		return l, nil
	}
	if l.metrics, err = config.Listen(ctx, "tcp", f.MetricsListen); err != nil {
		l.close()
		return nil, refused("--metrics-listen", err)
	}
	return l, nil
}

// refused says what to do about an address that can't be had.
func refused(flag string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: %w. Stop what serves there, or name another address, such as %s 127.0.0.1:8090", flag, err, flag)
	}
	return fmt.Errorf("%s: %w. Write an address and a port, such as 127.0.0.1:8080", flag, err)
}

// close gives the addresses back. What is closed already stays so.
func (l *listeners) close() {
	_ = l.public.Close()
	if l.metrics != nil {
		_ = l.metrics.Close()
	}
}

// url is where people on this machine reach the server.
func (l *listeners) url() string {
	addr, ok := l.public.Addr().(*net.TCPAddr)
	if !ok {
		return "http://" + l.public.Addr().String()
	}
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(addr.Port))
}

// loopback reports whether only this machine reaches the server.
func (l *listeners) loopback() bool {
	addr, ok := l.public.Addr().(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}

// serve starts the program, says that it is ready, and serves until ctx ends: the pages and APIs, the socket for
// commands, and the figures.
func (l *listeners) serve(ctx context.Context, log *slog.Logger, a *app.App, ready func() error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if a.Facts.TestMode {
		a.Mail.ServedAt(l.url())
	}
	a.Start(context.WithoutCancel(ctx))

	var ended []chan error
	start := func(listener net.Listener, h http.Handler) {
		end := make(chan error, 1)
		ended = append(ended, end)
		go func() {
			end <- web.Serve(ctx, log, listener, h, l.drain)
			stop() // one that fails ends them all
		}()
	}
	handler := a.PublicHandler()
	if l.metrics != nil {
		figures := newMetrics(a)
		handler = figures.watch(handler)
		start(l.metrics, figures.handler())
	}
	socket, err := a.ListenSocket(ctx)
	if err != nil {
		stop()
		return errors.Join(err, wait(ended))
	}
	if socket != nil { // there is none where commands open the store themselves
		start(socket, a.LocalHandler())
	}
	start(l.public, handler)
	if err = ready(); err != nil {
		stop()
	}
	return errors.Join(err, wait(ended))
}

func wait(ended []chan error) error {
	var errs []error
	for _, end := range ended {
		errs = append(errs, <-end)
	}
	return errors.Join(errs...)
}
