package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/backup"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/demo"
	"github.com/keystead/keystead/internal/demo/builtin"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/registrar/account"
)

type demoCommand struct {
	listenFlags
	logFlags    `embed:""`
	Data        string  `type:"path" placeholder:"DIR" help:"Folder of the demo store. Default: a temporary one, removed at the end."`
	DatabaseURL string  `name:"database-url" placeholder:"URL" help:"Empty PostgreSQL database to use; keys and files stay in --data."`
	Empty       bool    `help:"Make an empty store: settings, an owner and a token, nothing else."`
	Now         instant `placeholder:"TIME" help:"Where the clock of a new demo store stands, such as 2027-01-31T09:00:00Z. Default: the present."`
	JSON        bool    `name:"json" help:"Print one JSON object that says how to get in, once the store is served."`
}

// Help implements kong.HelpProvider.
func (demoCommand) Help() string {
	return `A demo store is a test store: it stays one for ever. It has a catalog, customers, and licenses, subscriptions and invoices in every
state; passwords are random. Calls from this machine are not rate-limited. A folder that holds a demo store is
continued with the same passwords, which are kept in the file demo.json in it.

Examples:

	keystead demo
	keystead demo --empty --data ./my-store
	keystead demo --json --listen 127.0.0.1:9090 2>demo.log`
}

// Run serves a demo store until a signal comes.
func (c *demoCommand) Run(ctx context.Context, s *session) (err error) {
	if !c.JSON && os.Getenv("KEYSTEAD_LOG_LEVEL") == "" && c.LogLevel == slog.LevelInfo {
		c.LogLevel = slog.LevelWarn // what follows is for people
	}
	log := c.logger(s.err)
	l, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	if !l.loopback() {
		s.say("warning: the demo store is reachable from other machines at %s", l.public.Addr())
	}
	dir, leave, err := c.folder(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, leave()) }()

	kept, err := c.prepare(ctx, s, dir, log)
	if err != nil {
		return err
	}
	config, err := c.config(s, dir, log)
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()
	if a.Facts.New || !a.Facts.TestMode {
		return fmt.Errorf("%s tells of another store than the one that is there", filepath.Join(dir, keptFile))
	}
	if err := beginDomains(ctx, a); err != nil {
		return err
	}
	return l.serve(ctx, log, a, func() error { return c.announce(context.WithoutCancel(ctx), s, a, l.url(), kept) })
}

// folder is where the demo store lives, and what to do with it in the end.
func (c *demoCommand) folder(s *session) (dir string, leave func() error, err error) {
	if c.Data != "" {
		return c.Data, func() error { return nil }, os.MkdirAll(c.Data, 0o700)
	}
	if dir, err = os.MkdirTemp("", "keystead-demo-"); err != nil {
		return "", nil, err
	}
	return dir, func() error {
		s.say("The demo store in %s is removed. To keep one, start it with --data DIR.", dir)
		return os.RemoveAll(dir)
	}, nil
}

func (c *demoCommand) config(s *session, dir string, log *slog.Logger) (app.Config, error) {
	config := app.Config{Dir: dir, TestMode: true, Now: c.start(), Logger: log, Version: s.version}
	config.Registry = filepath.Join(dir, registryFile)
	if c.DatabaseURL == "" {
		return config, nil
	}
	key, err := crypt.LoadOrCreateMasterKey(filepath.Join(dir, masterKeyFile))
	if err != nil {
		return app.Config{}, err
	}
	config.Dir, config.DatabaseURL, config.FilesDir = "", c.DatabaseURL, filepath.Join(dir, "files")
	config.MasterKey = fmt.Sprintf("%x", key[:])
	return config, nil
}

// beginDomains gives a store the shipped policies, and the registrar that reaches the built-in registry.
func beginDomains(ctx context.Context, a *app.App) error {
	if _, err := a.Domains.InstallShipped(ctx); err != nil {
		return err
	}
	all, err := a.Registrars.List(ctx)
	if err != nil || slices.ContainsFunc(all, func(r account.Account) bool { return r.Name == builtin.Adapter }) {
		return err
	}
	_, err = a.Registrars.Create(ctx, account.Input{Name: builtin.Adapter, Adapter: builtin.Adapter})
	return err
}

// start is where the clock of a new demo store stands.
func (c *demoCommand) start() time.Time {
	if c.Now == (instant{}) {
		c.Now = instant(clock.System().Now()) // for the making of the store and for its first start
	}
	return time.Time(c.Now)
}

const masterKeyFile = "master.key"

// keptFile is the file in a demo store's folder that keeps the passwords for the next time.
const keptFile = "demo.json"

// prepare makes the demo store, unless the folder holds one, and returns how to get in.
func (c *demoCommand) prepare(ctx context.Context, s *session, dir string, log *slog.Logger) (kept demo.Access, err error) {
	text, err := os.ReadFile(filepath.Join(dir, keptFile))
	if err == nil {
		if err := json.Unmarshal(text, &kept); err != nil {
			return demo.Access{}, fmt.Errorf("%s: %w", filepath.Join(dir, keptFile), err)
		}
		if c.Now != (instant{}) {
			s.say("--now is for a new demo store: the clock of this one stays where it is.")
		}
		return kept, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return demo.Access{}, err
	}
	if err := c.unused(ctx, dir); err != nil {
		return demo.Access{}, err
	}
	config, err := c.config(s, dir, slog.New(hushed{log.Handler()}))
	if err != nil {
		return demo.Access{}, err
	}
	now := c.start()
	begin := now
	if !c.Empty {
		begin = now.Add(-demo.Past)
	}
	config.Clock = clock.NewTest(begin) // from the first, as ids tell the time too
	a, err := app.Open(ctx, config)
	if err != nil {
		return demo.Access{}, err
	}
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()
	if err := a.DB.StandStill(ctx, begin); err != nil {
		return demo.Access{}, err
	}
	if err := beginDomains(ctx, a); err != nil {
		return demo.Access{}, err
	}
	store := demo.Store{
		DB: a.DB, Domains: a.Domains, Registrars: a.Registrars, Registry: a.Registry,
		Clock: a.DB.Clock(), Automation: a.Automation, Settings: a.Settings, Staff: a.Staff, SignIn: a.SignIn, Tokens: a.Tokens,
		Customers: a.Customers, Catalog: a.Catalog, Coupons: a.Coupons, Releases: a.Releases, Licenses: a.Licenses, Counts: a.Counts,
		Billing: a.Billing, Payments: a.Payments, Sandbox: a.Sandbox, Orders: a.Orders, Subscriptions: a.Subscriptions,
	}
	if kept, err = demo.Open(ctx, store); err != nil {
		return demo.Access{}, err
	}
	if !c.Empty {
		bar := s.progress("Filling the demo store")
		kept.Customer, err = demo.Fill(ctx, store, now, bar.to)
		bar.end(err)
		if err != nil {
			return demo.Access{}, err
		}
	}
	return kept, keep(filepath.Join(dir, keptFile), kept)
}

// unused refuses a place where there is a store already, before it is opened: it may be anybody's.
func (c *demoCommand) unused(ctx context.Context, dir string) error {
	if c.DatabaseURL != "" {
		if err := backup.EmptyDatabase(ctx, c.DatabaseURL); err != nil {
			return fmt.Errorf("a demo store needs a database of its own: %w", err)
		}
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, db.FileName)); !errors.Is(err, os.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("%s holds a store, but no %s: it is no demo store, one that was not finished, or one that was restored. Name another folder, or serve it with 'keystead serve'", dir, keptFile))
	}
	return nil
}

// keep writes the passwords to a file that its owner alone can read. The file is what says that the store is finished.
func keep(path string, a demo.Access) error {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	temp := path + ".new"
	if err := os.WriteFile(temp, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// announced is what demo --json prints.
type announced struct {
	URL        string             `json:"url"`
	Staff      demo.Account       `json:"staff"`
	Customer   *demo.Account      `json:"customer"`
	AdminToken string             `json:"admin_token"`
	Licenses   []announcedLicense `json:"licenses"`
}

type announcedLicense struct {
	Key     string `json:"key"`
	Product string `json:"product"`
	Status  string `json:"status"`
	Type    string `json:"type"`
}

// mostAnnounced bounds what is printed of a demo store that has grown.
const mostAnnounced = 200

func (c *demoCommand) announce(ctx context.Context, s *session, a *app.App, url string, kept demo.Access) error {
	out := announced{URL: url, Staff: kept.Staff, Customer: kept.Customer, AdminToken: kept.AdminToken, Licenses: []announcedLicense{}}
	for l, err := range a.Licenses.All(ctx, license.Filter{}) {
		if err != nil {
			return err
		}
		out.Licenses = append(out.Licenses, announcedLicense{Key: l.Key, Product: l.ProductSlug, Status: string(l.Status), Type: string(l.Type)})
		if len(out.Licenses) == mostAnnounced {
			break
		}
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(out)
	}
	return c.welcome(s, a, out)
}

// welcome tells people where to click.
func (c *demoCommand) welcome(s *session, a *app.App, is announced) error {
	w := s.out
	fmt.Fprintf(w, "\nThe demo store is served at %s\n\n", is.URL)
	fmt.Fprintf(w, "  Staff area      %s/admin\n", is.URL)
	fmt.Fprintf(w, "                  %s   %s\n\n", is.Staff.Email, is.Staff.Password)
	if is.Customer != nil {
		fmt.Fprintf(w, "  Customer area   %s/account\n", is.URL)
		fmt.Fprintf(w, "                  %s   %s\n\n", is.Customer.Email, is.Customer.Password)
	}
	fmt.Fprintf(w, "  Admin API       %s/api/admin/v1/docs\n", is.URL)
	fmt.Fprintf(w, "                  %s\n\n", is.AdminToken)
	for _, l := range is.Licenses {
		if l.Status == string(license.Active) {
			fmt.Fprintf(w, "Ask whether a license is valid:\n\n  curl -s %s/api/v1/licenses/validate -d license_key=%s\n\n", is.URL, l.Key)
			break
		}
	}
	where := a.Dir()
	if where == "" {
		where = "the database"
	}
	if c.Data == "" {
		where += ", which is removed at the end"
	}
	_, err := fmt.Fprintf(w, "The store is in %s. Stop it with Ctrl-C.\n", where)
	return err
}
