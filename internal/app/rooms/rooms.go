// Package rooms builds everything below the faces over an open store. The rooms meet each other here, through the
// interfaces that each declares: for the program, and for the tests of its faces.
package rooms

import (
	"context"
	"log/slog"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/collection"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/domainname/registration"
	"github.com/keystead/keystead/internal/domainname/reminder"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/domainname/watch"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/license/index"
	"github.com/keystead/keystead/internal/license/lease"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/movein"
	"github.com/keystead/keystead/internal/notice"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/recovery"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/token"
	"github.com/keystead/keystead/internal/webhook"
)

// Config is what the rooms need besides the store.
type Config struct {
	Dir      string // folder of a SQLite store, beside whose database checks are counted
	Files    string // folder of release files
	Key      crypt.Key
	TestMode bool
	// Rehearsal says that the store is a copy in which time is let pass to see what would happen: nothing that is built
	// over it may reach the world outside. Mails, webhooks and live gateways have stand-ins.
	Rehearsal bool
	// Adapters reach registrars, by name, beside those that every store has: a demo store's simulator, and those of tests.
	Adapters map[string]account.Maker
	// StandIn makes what answers for every registrar in a copy of the store, which lies in a folder, while time is let pass
	// there; nil: none does, and domains stay as they are.
	StandIn func(copied *db.DB, dir string) (account.Maker, error)
	Logger  *slog.Logger // nil: nothing is logged
}

// Rooms are the rooms of one store. They may be used at once; [Rooms.Start] begins what runs by itself.
type Rooms struct {
	Settings      *setting.Service
	Recovery      *recovery.Service // holds a restored store back until staff confirm
	Events        *event.Log
	Jobs          *job.Queue
	Automation    *automation.Service
	Staff         *staff.Service
	SignIn        *signin.Service
	Tokens        *token.Service
	Customers     *customer.Service
	Catalog       *catalog.Service
	Coupons       *coupon.Service
	Releases      *release.Service
	Licenses      *license.Service
	Index         *index.Index
	Checks        *check.Service
	Keys          *lease.Keys // that sign leases
	Counts        *index.Counts
	MoveIn        *movein.Service // takes over what other programs kept
	Billing       *billing.Service
	Payments      *payment.Service
	Sandbox       *sandbox.Sandbox // nil in a live store
	Orders        *order.Service
	Subscriptions *subscription.Service
	Collection    *collection.Service
	Domains       *domainname.Service
	Registrars    *account.Service
	Registrations *registration.Service // the money side of new domains
	Renewals      *renewal.Service      // the money side of their renewals
	Dispatch      *dispatch.Service     // sends commands to registrars
	Watch         *watch.Service        // reads registries
	Reminders     *reminder.Service     // writes before and after terms end
	Tasks         *task.Service         // what needs a person
	Mail          *mail.Service
	Notices       *notice.Service // which event writes to whom
	Webhooks      *webhook.Service
	Reports       *report.Service

	clock      clock.Clock
	db         *db.DB
	config     Config
	standIn    account.Maker // for registrars, in a rehearsal
	rehearsing chan struct{} // holds one while a dry run is made
}

// Build builds the rooms over a store, which must stay open until they are closed.
func Build(ctx context.Context, d *db.DB, c Config) (*Rooms, error) { return build(ctx, d, c, nil) }

func build(ctx context.Context, d *db.DB, c Config, standIn account.Maker) (*Rooms, error) {
	counts, err := index.OpenCounts(ctx, d, index.CountOptions{Dir: c.Dir, Logger: c.Logger})
	if err != nil {
		return nil, err
	}
	r := &Rooms{Counts: counts, clock: d.Clock(), db: d, config: c, standIn: standIn, rehearsing: make(chan struct{}, 1)}
	r.Settings = setting.New(d)
	r.Recovery = recovery.New(d, recovery.Config{
		Ask: r.askGateways,
		Go:  func() { r.Automation.Look() },
	})
	r.Events = event.NewLog(d)
	r.Webhooks = webhook.New(d, webhook.Config{
		Box: crypt.NewBox(c.Key.Derive("webhook secrets")), TestMode: c.TestMode, Allowed: r.webhookNetworks, Held: r.Recovery.Held, Logger: c.Logger,
	})
	r.Mail = mail.New(d, mail.Config{
		Settings: r.Settings, Box: crypt.NewBox(c.Key.Derive("mail secrets")), Sender: mail.SMTP{}, Hold: r.Recovery.Reason, Logger: c.Logger,
	})
	r.Tasks = task.New(d)
	r.Jobs = job.NewQueue(d, c.Logger)
	r.Jobs.HoldWhile(r.Recovery.Held)
	r.Automation = automation.New(d, r.Jobs, automation.Options{Logger: c.Logger, Recovery: r.Recovery})
	r.Staff = staff.New(d)
	r.Tokens = token.New(d)
	r.SignIn = signin.New(d, signin.Config{
		Box: crypt.NewBox(c.Key.Derive("sign-in secrets")), Staff: r.Staff, Settings: r.Settings, TrustLoopback: c.TestMode,
	})
	r.Customers = customer.New(d, func(ctx context.Context, tx *db.Tx) (money.Currency, error) {
		s, err := setting.Load(ctx, tx)
		return s.Currency, err
	})
	r.Catalog = catalog.New(d)
	r.Coupons = coupon.New(d)
	r.Releases = release.New(d, c.Files)
	r.Licenses = license.New(d)
	r.Catalog.UseKeys(r.Licenses)
	r.Catalog.UseBox(crypt.NewBox(c.Key.Derive("check secrets")))
	r.Index = index.New(d, r.Licenses, index.Options{Logger: c.Logger})
	r.Licenses.OnChange(r.Index.Touch)
	r.Catalog.OnChange(r.Index.NoteCatalogChange)
	r.Keys = lease.NewKeys(d, crypt.NewBox(c.Key.Derive("signing keys")))
	r.Checks = check.New(check.Config{
		Licenses: r.Licenses, Index: r.Index, Counts: counts, Keys: r.Keys, Releases: r.Releases, Clock: d.Clock(), Issuer: r.issuer,
		OpenSecret: r.Catalog.OpenCheckSecret,
	})
	r.Customers.OnChange(r.Licenses.NoteCustomerChange)
	r.Licenses.ShowPending(counts.PendingIn)
	r.Licenses.FlushBefore(counts.Flush)
	r.MoveIn = movein.New(d, r.Catalog, r.Customers, r.Licenses)
	r.Billing = billing.New(d, invoiceTerms, r.Jobs)
	r.Billing.Register(billing.KindLicense, LicenseIssuer{r.Licenses})
	r.Billing.CheckTargets(billing.KindLicense, r.Licenses.MissingLines)
	r.Payments = payment.New(d, r.Billing, r.Jobs, c.Logger)
	r.Payments.UseRecovery(r.Recovery)
	if err := r.useGateways(ctx, d, c); err != nil {
		return nil, err
	}
	r.Orders = order.New(d, r.Billing, r.Payments)
	r.Subscriptions = subscription.New(d, r.Billing, r.Payments, r.Licenses)
	r.Collection = collection.New(d, r.Billing, r.Payments)
	r.Notices = notice.New(d, r.Mail, c.Logger)
	r.Orders.UseClaims(r.mailClaim)
	r.buildDomains(d, c)
	r.Reports = report.New(d)
	r.registerJobs()
	r.registerTasks()
	r.Automation.Beside(r.Mail, r.Webhooks, r.Dispatch)
	return r, nil
}

// Start begins what runs by itself: jobs, due work, the warming of the index, the feed of other processes' changes.
func (r *Rooms) Start(ctx context.Context) {
	r.Index.Start()
	r.Jobs.Start(ctx)
	r.Automation.Start(ctx)
	if !r.config.Rehearsal {
		r.Mail.Start(ctx)
		r.Webhooks.Start(ctx)
		r.Dispatch.Start(ctx)
		r.Watch.Start(ctx)
	}
}

// Close stops what Start began, and folds what is counted.
func (r *Rooms) Close(ctx context.Context) error {
	r.Watch.Stop()
	r.Dispatch.Stop()
	r.Webhooks.Stop()
	r.Mail.Stop()
	r.Automation.Stop()
	r.Jobs.Stop()
	r.Index.Close()
	r.Registrars.Close(ctx)
	return r.Counts.Close(ctx)
}

// askGateways takes in what gateways have told since the backup was made, and asks about the charges whose outcome is not
// known.
func (r *Rooms) askGateways(ctx context.Context) (recovery.Asked, error) {
	if err := r.Payments.CatchUp(ctx); err != nil && r.config.Logger != nil {
		r.config.Logger.Warn("ask gateways what they have told since the backup; that is tried again every hour", "err", err)
	}
	return r.Payments.FindAll(ctx)
}

// issuer is how leases name this store: information only, as hosts move.
func (r *Rooms) issuer(ctx context.Context) (string, error) {
	s, err := r.Settings.Get(ctx)
	if err != nil {
		return "", err
	}
	return s.BaseURL, nil
}
