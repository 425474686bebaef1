package rooms_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/keystead/keystead/internal/app/rooms"
	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/recovery"
	"github.com/keystead/keystead/internal/webhook"
)

// outside is the world that a store reaches: a mail server and a receiver of webhooks. They keep what comes, by its id.
type outside struct {
	mu       sync.Mutex
	mails    []string
	webhooks []string
	smtp     net.Listener
	http     *httptest.Server
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	o := &outside{}
	var err error
	if o.smtp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.smtp.Close() })
	go func() {
		for {
			conn, err := o.smtp.Accept()
			if err != nil {
				return
			}
			go o.takeMails(conn)
		}
	}()
	o.http = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.webhooks = append(o.webhooks, r.Header.Get("Webhook-Id"))
	}))
	t.Cleanup(o.http.Close)
	return o
}

// takeMails speaks as much SMTP as is needed.
func (o *outside) takeMails(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	say := func(s string) { _, _ = fmt.Fprintf(conn, "%s\r\n", s) }
	say("220 outside")
	body := false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line := lines.Text()
		switch verb := strings.ToUpper(line); {
		case body && line == ".":
			body = false
			say("250 taken")
		case body:
			if strings.HasPrefix(verb, "MESSAGE-ID:") {
				o.mu.Lock()
				o.mails = append(o.mails, line)
				o.mu.Unlock()
			}
		case strings.HasPrefix(verb, "DATA"):
			body = true
			say("354 go on")
		case strings.HasPrefix(verb, "QUIT"):
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

// came returns what has come so far.
func (o *outside) came() (mails, webhooks []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(slices.Values(o.mails)), slices.Sorted(slices.Values(o.webhooks))
}

// A restored store reaches nobody until staff confirm; then what waited goes out, once.
func TestRecovery(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		if err := s.DB.StandStill(ctx, s.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		world, key, files := newOutside(t), crypt.NewKey(), t.TempDir()
		open := func() *rooms.Rooms {
			t.Helper()
			return must(rooms.Build(ctx, s.DB, rooms.Config{Dir: s.Config.Dir, Files: files, Key: key, TestMode: true, Logger: roomstest.Log()}))(t)
		}
		shut := func(r *rooms.Rooms) {
			t.Helper()
			if err := r.Close(context.WithoutCancel(ctx)); err != nil {
				t.Fatal(err)
			}
		}
		sql := func(q string) (n int) {
			t.Helper()
			if err := s.DB.Read(ctx, func(tx *db.Tx) error { return tx.SQL().QueryRowContext(ctx, q).Scan(&n) }); err != nil {
				t.Fatal(err)
			}
			return n
		}

		// The store as the backup has it: a sale is paid and half of it given back, another is about to be charged, and
		// nothing of that has left the store.
		r := open()
		settings := map[string]json.RawMessage{}
		for name, value := range map[string]string{"mail.smtp": world.smtp.Addr().String(), "mail.from": "shop@example.com", "mail.smtp_tls": "none"} {
			settings[name] = must(json.Marshal(value))(t)
		}
		must(r.Settings.Patch(ctx, settings))(t)
		if _, _, err := r.Webhooks.Create(ctx, webhook.Input{URL: world.http.URL, EventTypes: []string{"*"}}); err != nil {
			t.Fatal(err)
		}
		product := must(r.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: "widget", Name: "Widget"}))(t)
		plan := must(r.Catalog.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: "Team", ActivationType: "device", ActivationLimit: 2}))(t)
		price := must(r.Catalog.CreatePrice(ctx, plan.ID, catalog.NewPrice{
			Cycle: string(civil.OneTime), Money: money.New(4900, "EUR"), ValidFor: civil.Span{Count: 1, Unit: civil.Year},
		}))(t)
		ada := must(r.Customers.Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada"}))(t)
		must(r.Payments.AddMethod(ctx, ada.ID, sandbox.Name, sandbox.OK))(t)
		place := func() order.Order {
			t.Helper()
			return must(r.Orders.Place(ctx, order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: price.ID, Quantity: 1}}}))(t)
		}
		paid, unpaid := place(), place()
		must(r.Payments.Charge(ctx, paid.InvoiceID, payment.ChargeOptions{}))(t)
		half := money.New(2000, "EUR")
		must(r.Payments.Refund(ctx, paid.InvoiceID, payment.RefundInput{Money: &half, Adjust: true}))(t)
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			inv, err := billing.LockWithCustomer(ctx, tx, unpaid.InvoiceID)
			if err == nil {
				_, err = r.Payments.RequestCharge(ctx, tx, inv, payment.ChargeOptions{})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		paid = must(r.Orders.ByID(ctx, paid.ID))(t)
		shut(r)
		if err := s.DB.Write(ctx, func(tx *db.Tx) error { return recovery.Mark(ctx, tx, tx.Now) }); err != nil {
			t.Fatal(err)
		}

		// In recovery, and again after a crash.
		for range 2 {
			r = open()
			if _, err := r.Automation.RunDue(ctx); !errors.Is(err, recovery.ErrHeld) {
				t.Errorf("due work: %v", err)
			}
			if _, err := r.Automation.Advance(ctx, s.Clock.Now().AddDate(1, 0, 0), nil); !errors.Is(err, recovery.ErrHeld) {
				t.Errorf("moving the clock: %v", err)
			}
			sent, told, ran := must(r.Mail.SendDue(ctx))(t), must(r.Webhooks.RunDue(ctx))(t), must(r.Jobs.RunDue(ctx))(t)
			if sent+told+ran != 0 {
				t.Errorf("%d mails, %d webhooks and %d jobs", sent, told, ran)
			}
			if o := must(r.Mail.Outbox(ctx))(t); !strings.Contains(o.Missing, "restored") {
				t.Errorf("the outbox waits for %q", o.Missing)
			}
			// Licenses are checked and sold, and pages read.
			l := must(r.Licenses.ByID(ctx, paid.LicenseIDs[0]))(t)
			if e := must(r.Index.Lookup(ctx, l.Key, s.Clock.Now()))(t); e.Status != license.Active {
				t.Errorf("the license is %s", e.Status)
			}
			must(r.Orders.Place(ctx, order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: price.ID, Quantity: 1}}}))(t)
			if mails, webhooks := world.came(); len(mails)+len(webhooks) > 0 || sql("SELECT COUNT(*) FROM sandbox_charges") != 1 || sql("SELECT COUNT(*) FROM sandbox_refunds") != 0 {
				t.Fatalf("mails %v, webhooks %v, %d charges", mails, webhooks, sql("SELECT COUNT(*) FROM sandbox_charges"))
			}
			is := must(r.Recovery.State(ctx))(t)
			if w := is.Waiting; w.Mails == 0 || w.Webhooks == 0 || w.Charges != 1 || w.Refunds != 1 {
				t.Errorf("waiting: %+v", w)
			}
			shut(r)
		}

		r = open()
		defer shut(r)
		must(r.Recovery.Confirm(ctx))(t)
		must(r.Automation.RunDue(ctx))(t)
		mails, webhooks := world.came()
		if n := sql("SELECT COUNT(*) FROM mails WHERE state = 'sent'"); n != len(mails) || n != sql("SELECT COUNT(*) FROM mails") || n == 0 {
			t.Errorf("%d mails of %d are sent, and %d came", n, sql("SELECT COUNT(*) FROM mails"), len(mails))
		}
		if n := sql("SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'delivered'"); n != len(webhooks) || n != sql("SELECT COUNT(*) FROM webhook_deliveries") || n == 0 {
			t.Errorf("%d webhooks of %d are delivered, and %d came", n, sql("SELECT COUNT(*) FROM webhook_deliveries"), len(webhooks))
		}
		if len(slices.Compact(slices.Clone(mails))) != len(mails) || len(slices.Compact(slices.Clone(webhooks))) != len(webhooks) {
			t.Errorf("something came twice: %v, %v", mails, webhooks)
		}
		if c, f := sql("SELECT COUNT(*) FROM sandbox_charges"), sql("SELECT COUNT(*) FROM sandbox_refunds"); c != 2 || f != 1 {
			t.Errorf("%d charges and %d refunds, want 2 and 1", c, f)
		}
		must(r.Automation.RunDue(ctx))(t)
		if again, more := world.came(); len(again) != len(mails) || len(more) != len(webhooks) {
			t.Errorf("later %d mails and %d webhooks came", len(again)-len(mails), len(more)-len(webhooks))
		}
		if found := must(r.Billing.Verify(ctx))(t); len(found) != 0 {
			t.Errorf("differences: %v", found)
		}
	})
}
