package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/setting"
)

// bench is a store with mails and a mail server beside it.
type bench struct {
	*testing.T
	store  *dbtest.Store
	mails  *Service
	office *office
	box    *crypt.Box
}

func setup(t *testing.T, s *dbtest.Store) *bench {
	t.Helper()
	b := &bench{T: t, store: s, office: newOffice(t).open(), box: crypt.NewBox(crypt.NewKey())}
	b.mails = b.service(s.DB)
	b.set("mail.smtp", b.office.address)
	b.set("mail.smtp_tls", "none")
	b.set("mail.from", "shop@example.com")
	b.set("store.name", "Acme")
	b.set("store.base_url", "https://store.example.com")
	return b
}

func (b *bench) service(d *db.DB) *Service {
	s := New(d, Config{Settings: setting.New(d), Box: b.box, Sender: SMTP{}})
	s.random = func() float64 { return 0 }
	return s
}

func (b *bench) set(name string, value any) {
	b.Helper()
	raw, err := json.Marshal(value)
	if err == nil {
		_, err = b.mails.settings.Patch(b.Context(), map[string]json.RawMessage{name: raw})
	}
	if err != nil {
		b.Fatal(err)
	}
}

// queue queues a mail and returns its id.
func (b *bench) queue(m Message) string {
	b.Helper()
	if m.Data == nil {
		info, _ := infoOf(m.Kind)
		m.Data = info.Sample
	}
	if err := b.store.DB.Write(b.Context(), func(tx *db.Tx) error { return b.mails.Queue(b.Context(), tx, m) }); err != nil {
		b.Fatal(err)
	}
	all := b.list(Filter{})
	if len(all) == 0 {
		b.Fatal("nothing was queued")
	}
	return all[0].ID
}

func (b *bench) list(f Filter) []Mail {
	b.Helper()
	f.Limit = 200
	mails, _, err := b.mails.List(b.Context(), f)
	if err != nil {
		b.Fatal(err)
	}
	return mails
}

func (b *bench) get(id string) Mail {
	b.Helper()
	m, err := b.mails.ByID(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

func (b *bench) row(id string) (row query.Mail) {
	b.Helper()
	err := b.store.DB.Read(b.Context(), func(tx *db.Tx) (err error) {
		row, err = tx.GetMail(b.Context(), id)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return row
}

func (b *bench) sendDue(want int) {
	b.Helper()
	if n, err := b.mails.SendDue(b.Context()); n != want || err != nil {
		b.Fatalf("SendDue = %d, %v, want %d", n, err, want)
	}
}

func (b *bench) events(id string) (types []string) {
	b.Helper()
	err := b.store.DB.Read(b.Context(), func(tx *db.Tx) error {
		rows, err := tx.ListEventsBySubject(b.Context(), query.ListEventsBySubjectParams{SubjectID: id, N: 100})
		for _, r := range rows {
			types = append(types, r.Type+" "+r.Data)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return types
}

func TestSend(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		b.set("mail.reply_to", "help@example.com")
		b.set("store.name", "Zoë & Söhne")
		id := b.queue(Message{Kind: PaymentReceived, To: "ok@example.com", SubjectID: "inv_1", Occasion: "pay_1", Language: "de"})
		before := b.get(id)
		if before.State != Queued || before.DueAt == nil || before.Made || !strings.Contains(before.Text, "vielen") && !strings.Contains(before.Text, "erhalten") {
			t.Errorf("queued: %+v", before)
		}
		b.sendDue(1)
		m := b.get(id)
		if m.State != Sent || m.Tries != 1 || m.DueAt != nil || m.SettledAt == nil || m.LastError != "" || !m.Made {
			t.Errorf("sent: %+v", m)
		}
		got := b.office.received("ok@example.com")
		if len(got) != 1 {
			t.Fatalf("%d letters", len(got))
		}
		l := got[0]
		if l.subject != m.Subject || l.text != m.Text || l.html != m.HTML || l.from != "shop@example.com" {
			t.Errorf("another letter than the log shows:\n%s", l.raw)
		}
		from, err := l.header.AddressList("From")
		if err != nil || from[0].Name != "Zoë & Söhne" || from[0].Address != "shop@example.com" {
			t.Errorf("From: %v, %v", from, err)
		}
		for name, want := range map[string]string{
			"Message-Id": "<" + id + "@example.com>", "To": "<ok@example.com>", "Reply-To": "<help@example.com>",
			"Auto-Submitted": "auto-generated", "Date": "Sun, 01 Mar 2026 12:00:00 +0000", "Bcc": "",
		} {
			if got := l.header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		b.sendDue(0)
		if e := b.events(id); len(e) != 0 {
			t.Errorf("events: %q", e)
		}
	})
}

func TestQueueOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		m := Message{Kind: OverdueFirst, To: "ok@example.com", SubjectID: "inv_1", Occasion: "2026-03-15"}
		first := b.queue(m)
		b.sendDue(1)
		if b.queue(m) != first || len(b.list(Filter{})) != 1 {
			t.Error("the same was queued twice")
		}
		b.sendDue(0)
		other := m
		other.Kind = OverdueSecond
		later := m
		later.Occasion = "2026-04-15"
		if b.queue(other) == first || b.queue(later) == first {
			t.Error("something else was taken for the same")
		}
		undo := errors.New("undo")
		m.SubjectID = "inv_2"
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			info, _ := infoOf(m.Kind)
			m.Data = info.Sample
			if err := b.mails.Queue(t.Context(), tx, m); err != nil {
				return err
			}
			return undo
		})
		if !errors.Is(err, undo) || len(b.list(Filter{SubjectID: "inv_2"})) != 0 {
			t.Errorf("what was rolled back: %v", err)
		}
	})
}

func TestQueueFaults(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	for _, m := range []Message{
		{Kind: "greetings", Data: OverdueData{}}, {Kind: OverdueFirst}, {Kind: OverdueFirst, Data: &OverdueData{}}, {Kind: OverdueFirst, Data: LateMoneyData{}},
	} {
		m.To, m.SubjectID = "ok@example.com", "x"
		if err := b.store.DB.Write(t.Context(), func(tx *db.Tx) error { return b.mails.Queue(t.Context(), tx, m) }); err == nil {
			t.Errorf("%s with %T was queued", m.Kind, m.Data)
		}
	}
}

// What people typed never fails who queues; it shows in the log.
func TestAddressThatIsNone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		for i, to := range []string{"", "ada", "ada@example.com\r\nBcc: b@example.com", "a\x00@b\xff", "<ok@example.com>"} {
			id := b.queue(Message{Kind: OverdueFirst, To: to, SubjectID: fmt.Sprint("inv_", i)})
			b.sendDue(0)
			if m := b.get(id); m.State != Failed || m.LastError == "" || m.Tries != 0 {
				t.Errorf("%q: %+v", to, m)
			}
			if e := b.events(id); len(e) != 1 || !strings.HasPrefix(e[0], "mail.failed ") {
				t.Errorf("events: %q", e)
			}
		}
		if len(b.office.letters) != 0 {
			t.Error("something was sent")
		}
	})
}

func TestDueLater(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	b.queue(Message{Kind: OverdueFirst, To: "ok@example.com", SubjectID: "inv_1", DueAt: b.store.Clock.Now().Add(time.Hour)})
	b.sendDue(0)
	b.store.Clock.Advance(time.Hour)
	b.sendDue(1)
}

func TestServerThatWantsUsToComeAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		id := b.queue(Message{Kind: PaymentReceived, To: "later@example.com", SubjectID: "inv_1"})
		full := b.queue(Message{Kind: PaymentReceived, To: "full@example.com", SubjectID: "inv_2"})
		b.sendDue(2)
		if m := b.get(id); m.State != Queued || m.Tries != 1 || !strings.Contains(m.LastError, "451") || !m.DueAt.After(s.Clock.Now()) {
			t.Errorf("after a try: %+v", m)
		}
		if m := b.get(full); m.State != Queued || !strings.Contains(m.LastError, "452") {
			t.Errorf("after a try: %+v", m)
		}
		b.sendDue(0)
		subject := b.get(id).Subject
		b.set("store.name", "Renamed") // what was made stays
		s.Clock.Advance(time.Hour)
		b.sendDue(2)
		s.Clock.Advance(time.Hour)
		b.sendDue(2)
		if m := b.get(id); m.State != Sent || m.Tries != 3 || m.LastError != "" || m.Subject != subject || len(b.office.received("later@example.com")) != 1 {
			t.Errorf("in the end: %+v", m)
		}
		// The full mailbox is never emptied.
		for range 200 {
			s.Clock.Advance(time.Hour)
			if _, err := b.mails.SendDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if m := b.get(full); m.State != Failed || m.SettledAt.Sub(*m.TriedAt) < 3*24*time.Hour {
			t.Errorf("given up: %+v", m)
		}
	})
}

func TestServerThatRefuses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		for _, to := range []string{"nobody@example.com", "spam@example.com"} {
			id := b.queue(Message{Kind: OrderConfirmation, To: to, SubjectID: to})
			b.sendDue(1)
			if m := b.get(id); m.State != Failed || !strings.HasPrefix(m.LastError, "55") || m.DueAt != nil {
				t.Errorf("%+v", m)
			}
			if e := b.events(id); len(e) != 1 || e[0] != `mail.failed {"kind":"order_confirmation","subject_id":"`+to+`"}` {
				t.Errorf("events: %q", e)
			}
		}
		// The sender being refused is no fault of the mail.
		b.office.refuse = &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Not your address"}
		id := b.queue(Message{Kind: OrderConfirmation, To: "ok@example.com", SubjectID: "ord_1"})
		b.sendDue(1)
		if m := b.get(id); m.State != Queued || !strings.Contains(m.LastError, "553") {
			t.Errorf("%+v", m)
		}
		b.office.mu.Lock()
		b.office.refuse = nil
		b.office.mu.Unlock()
		s.Clock.Advance(time.Minute)
		b.sendDue(1)
		if len(b.office.received("ok@example.com")) != 1 {
			t.Error("not sent in the end")
		}
	})
}

func TestConnectionThatIsCut(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		for _, tt := range []struct {
			to             string
			kind           Kind
			tries          int64
			state          State
			letters, event int
		}{
			{"cut@example.com", InvoiceIssued, 2, Sent, 1, 0},
			{"cut@example.com", PaymentReceived, 1, Unknown, 0, 1}, // no harm in losing it
			{"accept-cut@example.com", SignInLink, 2, Sent, 2, 0},
			{"accept-cut@example.com", CardExpiring, 1, Unknown, 1, 1},
			{"cutalways@example.com", OverdueThird, 2, Unknown, 0, 1},
		} {
			t.Run(tt.to+" "+string(tt.kind), func(t *testing.T) {
				b := &bench{T: t, store: s, office: newOffice(t).open(), box: crypt.NewBox(crypt.NewKey())}
				b.mails = b.service(s.DB)
				b.set("mail.smtp", b.office.address)
				b.set("mail.smtp_tls", "none")
				b.set("mail.from", "shop@example.com")
				b.set("store.base_url", "https://store.example.com")
				id := b.queue(Message{Kind: tt.kind, To: tt.to, SubjectID: "x_1"})
				b.sendDue(1)
				if m := b.get(id); m.State != Unknown || (m.DueAt != nil) != (tt.tries > 1) || !strings.Contains(m.LastError, "did not answer") {
					t.Errorf("after the cut: %+v", m)
				}
				b.sendDue(0)
				for range 100 {
					s.Clock.Advance(time.Hour)
					if _, err := b.mails.SendDue(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				m := b.get(id)
				if m.State != tt.state || m.Tries != tt.tries || m.DueAt != nil || m.SettledAt == nil {
					t.Errorf("in the end: %+v", m)
				}
				got := b.office.received(tt.to)
				if len(got) != tt.letters || len(b.events(id)) != tt.event {
					t.Errorf("%d letters, events %q", len(got), b.events(id))
				}
				for _, l := range got {
					if l.header.Get("Message-Id") != "<"+m.MessageID+">" || l.html != got[0].html || l.header.Get("Date") != got[0].header.Get("Date") {
						t.Errorf("the copies differ:\n%s", l.raw)
					}
				}
			})
		}
	})
}

// The server ends the session, as servers do after so many letters: the letter goes by the next one.
func TestConnectionThatEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	id := b.queue(Message{Kind: OverdueFirst, To: "goodbye@example.com", SubjectID: "inv_1"})
	b.sendDue(1)
	if m := b.get(id); m.State != Sent || m.Tries != 1 || len(b.office.received("goodbye@example.com")) != 1 {
		t.Errorf("%+v", m)
	}
}

// A mail server that is down for two days loses nothing, and nothing is sent twice.
func TestServerIsDownForTwoDays(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		b.office.close()
		const mails = 60
		for i := range mails {
			kind := Kinds()[i%len(kinds)].Kind
			b.queue(Message{Kind: kind, To: fmt.Sprintf("ok@%d.example.com", i), SubjectID: fmt.Sprint("x_", i)})
		}
		for range 48 * 4 {
			if n, err := b.mails.SendDue(t.Context()); n != 0 || err != nil {
				t.Fatalf("SendDue = %d, %v", n, err)
			}
			s.Clock.Advance(15 * time.Minute)
		}
		o, err := b.mails.Outbox(t.Context())
		if err != nil || o.Waiting != mails || o.OldestDue == nil || !o.OldestDue.Equal(dbtest.Start) || !strings.Contains(o.Trouble, "refused") || o.Missing != "" {
			t.Errorf("Outbox = %+v, %v", o, err)
		}
		why := 0
		for _, m := range b.list(Filter{State: Queued}) {
			if m.Tries != 0 {
				t.Errorf("a try without a server: %+v", m)
			}
			if strings.Contains(m.LastError, "refused") {
				why++
			}
		}
		if why == 0 {
			t.Error("no mail says why it waits")
		}
		b.office.open()
		b.sendDue(mails)
		b.sendDue(0)
		for i := range mails {
			if n := len(b.office.received(fmt.Sprintf("ok@%d.example.com", i))); n != 1 {
				t.Errorf("mail %d was sent %d times", i, n)
			}
		}
		if o, err := b.mails.Outbox(t.Context()); err != nil || o != (Outbox{}) {
			t.Errorf("Outbox = %+v, %v", o, err)
		}
	})
}

// A process that dies leaves mails that it only claimed, and mails that it was trying.
func TestProcessDies(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		claimed := b.queue(Message{Kind: PaymentReceived, To: "ok@1.example.com", SubjectID: "inv_1"})
		harmless := b.queue(Message{Kind: PaymentReceived, To: "ok@2.example.com", SubjectID: "inv_2"})
		vital := b.queue(Message{Kind: LicenseIssued, To: "ok@3.example.com", SubjectID: "lic_1"})
		dead := b.service(s.DB)
		claim, rows, err := dead.claim(t.Context())
		if err != nil || len(rows) != 3 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for _, row := range rows {
			if row.ID == claimed {
				continue
			}
			info, _ := infoOf(Kind(row.Kind))
			r := newRenderer(testSettings(), nil)
			m, err := dead.make(r, info, row)
			if err != nil {
				t.Fatal(err)
			}
			if begun, err := dead.begin(t.Context(), claim, info, m, &row); !begun || err != nil {
				t.Fatal(begun, err)
			}
			if row.ID == harmless {
				defer func() {
					// It was only slow, and comes back.
					if err := dead.settle(t.Context(), row, nil); err != nil {
						t.Error(err)
					}
					if got := b.get(harmless); got.State != Unknown {
						t.Errorf("a lost claim changed %+v", got)
					}
				}()
			}
		}
		b.sendDue(0)
		if m := b.get(vital); m.State != Sending || m.Tries != 1 {
			t.Errorf("%+v", m)
		}
		s.Clock.Advance(leaseTime)
		b.sendDue(1)
		if m := b.get(claimed); m.State != Sent || m.Tries != 1 {
			t.Errorf("claimed: %+v", m)
		}
		if m := b.get(harmless); m.State != Unknown || m.DueAt != nil {
			t.Errorf("harmless: %+v", m)
		}
		if m := b.get(vital); m.State != Unknown || m.DueAt == nil {
			t.Errorf("vital: %+v", m)
		}
		s.Clock.Advance(time.Hour)
		b.sendDue(1)
		if m := b.get(vital); m.State != Sent || m.Tries != 2 {
			t.Errorf("vital: %+v", m)
		}
	})
}

// Several services, on PostgreSQL in several processes, share the work: each mail is sent once.
func TestServicesShare(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		const mails = 80
		info, _ := infoOf(InvoiceUpcoming)
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			for i := range mails {
				m := Message{Kind: InvoiceUpcoming, To: fmt.Sprintf("ok@%d.example.com", i), SubjectID: fmt.Sprint("inv_", i), Data: info.Sample}
				if err := b.mails.Queue(t.Context(), tx, m); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 3 {
			d := s.DB
			if s.Open != nil {
				d = s.Open(t)
			}
			wg.Go(func() {
				if _, err := b.service(d).SendDue(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for i := range mails {
			if n := len(b.office.received(fmt.Sprintf("ok@%d.example.com", i))); n != 1 {
				t.Errorf("mail %d was sent %d times", i, n)
			}
		}
		if n := b.office.sessions; n > 3*workers {
			t.Errorf("%d sessions for %d mails", n, mails)
		}
	})
}

// A store's clock may stand still; leases and pauses are of the machine's time all the same.
func TestClockThatStands(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		if err := s.DB.Close(); err != nil {
			t.Fatal(err)
		}
		wall := clock.NewTest(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
		s.Config.Wall = wall
		d, err := db.Open(t.Context(), s.Config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		s.DB = d
		b := setup(t, s)
		id := b.queue(Message{Kind: LicenseIssued, To: "ok@example.com", SubjectID: "lic_1"})
		if _, rows, err := b.mails.claim(t.Context()); err != nil || len(rows) != 1 {
			t.Fatal(err)
		}
		b.sendDue(0)
		wall.Advance(leaseTime)
		b.office.close()
		b.sendDue(0)
		b.office.open()
		b.sendDue(0)
		wall.Advance(shortestPause)
		b.sendDue(1)
		if m := b.get(id); m.State != Sent || !m.SettledAt.Equal(s.Clock.Now()) {
			t.Errorf("%+v", m)
		}
	})
}

func TestWithoutAServer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		id := b.queue(Message{Kind: OverdueFirst, To: "ok@example.com", SubjectID: "inv_1"})
		for name, missing := range map[string]string{"mail.smtp": missingServer, "mail.from": missingSender} {
			all, err := b.mails.settings.All(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			b.set(name, "")
			b.sendDue(0)
			if o, err := b.mails.Outbox(t.Context()); err != nil || o.Waiting != 1 || o.Missing != missing || b.mails.waitFor(t.Context()) != missing {
				t.Errorf("Outbox = %+v, %v", o, err)
			}
			b.set(name, all[name])
		}
		b.set("mail.smtp_user", "acme")
		b.sendDue(0)
		if o, err := b.mails.Outbox(t.Context()); err != nil || o.Missing != missingPassword {
			t.Errorf("Outbox = %+v, %v", o, err)
		}
		b.set("mail.smtp_user", "")
		b.mails.hold = func(context.Context) (string, error) { return "the store was restored", nil }
		b.sendDue(0)
		if o, err := b.mails.Outbox(t.Context()); err != nil || o.Missing != "the store was restored" {
			t.Errorf("Outbox = %+v, %v", o, err)
		}
		b.mails.hold = func(context.Context) (string, error) { return "", errors.New("away") }
		if n, err := b.mails.SendDue(t.Context()); n != 0 || err == nil {
			t.Errorf("SendDue = %d, %v", n, err)
		}
		b.mails.hold = func(context.Context) (string, error) { return "", nil }
		if b.mails.waitFor(t.Context()) != "" || b.get(id).State != Queued {
			t.Error("it waits for something else")
		}
		b.sendDue(1)
	})
}

// A demo store does not know its address: links lead to where it is served, until it is told one.
func TestLinksLeadToWhereATestStoreIsServed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		b.set("store.base_url", "")
		id := b.queue(Message{Kind: InvoiceIssued, To: "ok@example.com"})
		is := func(linkless bool, link string) {
			t.Helper()
			o, err := b.mails.Outbox(t.Context())
			text := b.get(id).Text
			if err != nil || o.Linkless != linkless || strings.Contains(text, "https://") || strings.Contains(text, "http://") == linkless || !strings.Contains(text, link) {
				t.Errorf("%+v, %v:\n%s", o, err, text)
			}
		}
		is(true, "")
		b.mails.ServedAt("http://127.0.0.1:8080")
		is(false, "http://127.0.0.1:8080/account/")
		b.queue(Message{Kind: SignInLink, To: "ok@example.com"})
		b.sendDue(2)
		for _, l := range b.office.letters {
			if !strings.Contains(l.text, "http://127.0.0.1:8080/account/") {
				t.Error(l.text)
			}
		}
		if now, err := b.mails.settings.Get(t.Context()); err != nil || now.BaseURL != "" {
			t.Errorf("%q, %v", now.BaseURL, err)
		}
	})
}

func TestStaff(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		tell := func() {
			t.Helper()
			err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
				return b.mails.QueueStaff(t.Context(), tx, Message{Kind: StaffAlert, SubjectID: "pay_1", Data: StaffAlertData{Title: "Look at this"}})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		tell()
		b.set("mail.staff", []string{"ok@a.example.com", "ok@b.example.com"})
		tell()
		tell()
		b.sendDue(2)
		for _, to := range []string{"ok@a.example.com", "ok@b.example.com"} {
			if got := b.office.received(to); len(got) != 1 || got[0].subject != "Acme: Look at this" {
				t.Errorf("%s: %+v", to, got)
			}
		}
	})
}

// Of a mail with a secret link, neither the store nor its staff keep the link.
func TestSecretMails(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		const secret = "tok_very_secret"
		id := b.queue(Message{Kind: SignInLink, To: "later@example.com", SubjectID: "cus_1", Data: SignInLinkData{Name: "Ada", Link: "/in/" + secret}})
		look := func(when string) {
			t.Helper()
			row := b.row(id)
			if all := fmt.Sprintf("%+v %+v", row, b.get(id)); strings.Contains(all, secret) {
				t.Errorf("%s the secret is readable: %s", when, all)
			}
		}
		look("queued")
		b.sendDue(1)
		look("tried")
		s.Clock.Advance(time.Hour)
		b.sendDue(1)
		s.Clock.Advance(time.Hour)
		b.sendDue(1)
		got := b.office.received("later@example.com")
		if len(got) != 1 || !strings.Contains(got[0].text, "https://store.example.com/in/"+secret) {
			t.Fatalf("%+v", got)
		}
		look("sent")
		if row := b.row(id); row.Data != "" || row.BodyText != "" || row.BodyHtml != "" || State(row.State) != Sent {
			t.Errorf("kept: %+v", row)
		}
		if _, err := b.mails.Resend(t.Context(), id); !errors.Is(err, errSecret) {
			t.Errorf("Resend: %v", err)
		}
		cancelled := b.queue(Message{Kind: GuestClaim, To: "ok@example.com", SubjectID: "ord_1"})
		if _, err := b.mails.Cancel(t.Context(), cancelled); err != nil {
			t.Fatal(err)
		}
		if row := b.row(cancelled); row.Data != "" {
			t.Errorf("kept: %+v", row)
		}
	})
}

func TestResend(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		id := b.queue(Message{Kind: OrderConfirmation, To: "ok@example.com", SubjectID: "ord_1"})
		if _, err := b.mails.Resend(t.Context(), id); !errors.Is(err, errNotResendable) {
			t.Errorf("Resend of what waits: %v", err)
		}
		b.sendDue(1)
		b.set("store.name", "Renamed")
		for range 2 {
			again, err := b.mails.Resend(t.Context(), id)
			if err != nil || again.ResendOf != id || again.State != Queued || again.MessageID == b.get(id).MessageID {
				t.Fatalf("Resend = %+v, %v", again, err)
			}
			if e := b.events(again.ID); len(e) != 1 || e[0] != `mail.resent {"kind":"order_confirmation","resend_of":"`+id+`"}` {
				t.Errorf("events: %q", e)
			}
			b.sendDue(1)
		}
		got := b.office.received("ok@example.com")
		if len(got) != 3 || got[0].html != got[2].html || got[0].subject != got[1].subject || got[0].header.Get("Message-Id") == got[1].header.Get("Message-Id") {
			t.Errorf("%+v", got)
		}
		for _, unknown := range []string{"mai_unknown", "", "x'\x00"} {
			if _, err := b.mails.Resend(t.Context(), unknown); !errors.Is(err, errNotFound) {
				t.Errorf("Resend(%q): %v", unknown, err)
			}
			if _, err := b.mails.Cancel(t.Context(), unknown); !errors.Is(err, errNotFound) {
				t.Errorf("Cancel(%q): %v", unknown, err)
			}
		}
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		id := b.queue(Message{Kind: OverdueFirst, To: "ok@example.com", SubjectID: "inv_1"})
		// Even one that a worker holds already, but has not begun.
		claim, rows, err := b.mails.claim(t.Context())
		if err != nil || len(rows) != 1 {
			t.Fatal(err)
		}
		m, err := b.mails.Cancel(t.Context(), id)
		if err != nil || m.State != Cancelled || m.SettledAt == nil {
			t.Fatalf("Cancel = %+v, %v", m, err)
		}
		info, _ := infoOf(OverdueFirst)
		if begun, err := b.mails.begin(t.Context(), claim, info, Rendered{}, &rows[0]); begun || err != nil {
			t.Errorf("begun: %t, %v", begun, err)
		}
		b.sendDue(0)
		if _, err := b.mails.Cancel(t.Context(), id); !errors.Is(err, errNotQueued) {
			t.Errorf("Cancel again: %v", err)
		}
		again, err := b.mails.Resend(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		b.sendDue(1)
		if b.get(again.ID).State != Sent {
			t.Error("what was cancelled can't be sent after all")
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		const customer = "cus_1"
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(t.Context(), `INSERT INTO customers (id, email, email_fold, name, name_fold, currency, created_at, updated_at)
				VALUES ($1, 'ada@example.com', 'ada@example.com', 'Ada', 'ada', 'EUR', 0, 0)`, customer)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range []Message{
			{Kind: OverdueFirst, To: "Ada@example.com", CustomerID: customer},
			{Kind: OverdueSecond, To: "Ada@example.com", CustomerID: customer},
			{Kind: OverdueFirst, To: "bob@example.com"},
			{Kind: OverdueThird, To: "nobody@example.com"},
		} {
			m.SubjectID = fmt.Sprint("inv_", i)
			b.queue(m)
		}
		first := b.list(Filter{})[3]
		for _, tt := range []struct {
			name   string
			filter Filter
			want   int
		}{
			{"all", Filter{}, 4},
			{"customer", Filter{CustomerID: customer}, 2},
			{"nobody's", Filter{CustomerID: "cus_x"}, 0},
			{"kind", Filter{Kind: OverdueFirst}, 2},
			{"kind and customer", Filter{Kind: OverdueFirst, CustomerID: customer}, 1},
			{"state", Filter{State: Sent}, 0},
			{"address", Filter{Query: "ADA@"}, 2},
			{"subject", Filter{Query: "inv_2"}, 1},
			{"subject field", Filter{SubjectID: "inv_3"}, 1},
			{"id", Filter{Query: first.ID}, 1},
			{"wildcard", Filter{Query: "%"}, 0},
		} {
			if got := b.list(tt.filter); len(got) != tt.want {
				t.Errorf("%s: %d mails, want %d", tt.name, len(got), tt.want)
			}
		}
		var seen []string
		for cursor := ""; ; {
			mails, next, err := b.mails.List(t.Context(), Filter{Cursor: cursor, Limit: 3})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range mails {
				seen = append(seen, m.SubjectID)
			}
			if cursor = next; next == "" {
				break
			}
		}
		if diff := cmp.Diff([]string{"inv_3", "inv_2", "inv_1", "inv_0"}, seen); diff != "" {
			t.Error(diff)
		}
		for _, f := range []Filter{{State: "lost"}, {Kind: "x"}, {CustomerID: "\x00"}, {SubjectID: "a\nb"}, {Query: "a\x00"}, {Cursor: "mai_1"}} {
			if _, _, err := b.mails.List(t.Context(), f); fail.Of(err).Kind != fail.KindInvalid {
				t.Errorf("%+v: %v", f, err)
			}
		}
		b.sendDue(4)
		if got := b.list(Filter{State: Failed}); len(got) != 1 || got[0].Subject == "" || got[0].Text != "" {
			t.Errorf("%+v", got)
		}
		// Whoever prunes keeps what waits and what is new.
		wait := b.queue(Message{Kind: OverdueFirst, To: "bob@example.com", SubjectID: "inv_9", DueAt: s.Clock.Now().Add(time.Hour)})
		if n, err := b.mails.Prune(t.Context(), s.Clock.Now()); n != 0 || err != nil {
			t.Errorf("Prune = %d, %v", n, err)
		}
		if n, err := b.mails.Prune(t.Context(), s.Clock.Now().Add(time.Millisecond)); n != 4 || err != nil {
			t.Errorf("Prune = %d, %v", n, err)
		}
		if got := b.list(Filter{}); len(got) != 1 || got[0].ID != wait {
			t.Errorf("%+v", got)
		}
	})
}

func TestLoop(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		sent := make(chan Letter, 10)
		b.mails.sender = tell{sent}
		b.mails.Start(t.Context())
		b.mails.Start(t.Context())
		id := b.queue(Message{Kind: OverdueFirst, To: "ok@example.com", SubjectID: "inv_1"})
		if l := <-sent; l.To != "ok@example.com" {
			t.Errorf("%+v", l)
		}
		b.mails.Stop()
		b.mails.Stop()
		if m := b.get(id); m.State != Sent {
			t.Errorf("after Stop: %+v", m)
		}
		b.queue(Message{Kind: OverdueFirst, To: "ok@example.com", SubjectID: "inv_2"})
		b.mails.Start(t.Context())
		if l := <-sent; l.Subject == "" {
			t.Errorf("%+v", l)
		}
		b.mails.Stop()
	})
}

// A loop that is paused begins nothing, and what it has begun is settled: nobody else would find that as due.
func TestPause(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		sent := make(chan Letter) // the server accepts what somebody takes
		b.mails.sender = tell{sent}
		b.mails.Start(t.Context())
		defer b.mails.Stop()
		id := b.queue(Message{Kind: OverdueFirst, To: "ok@example.com", SubjectID: "inv_1"})
		for b.get(id).State != Sending {
			runtime.Gosched()
		}
		impatient, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := b.mails.Pause(impatient); !errors.Is(err, context.Canceled) {
			t.Errorf("paused while a mail is sent: %v", err)
		}
		go func() { <-sent }()
		resume, err := b.mails.Pause(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if m := b.get(id); m.State != Sent {
			t.Errorf("the mail is %s", m.State)
		}
		id = b.queue(Message{Kind: OverdueFirst, To: "ok@example.com", SubjectID: "inv_2"})
		if err := b.mails.turn(t.Context()); err != nil {
			t.Fatal(err)
		}
		if m := b.get(id); m.State != Queued {
			t.Errorf("while the loop is paused the mail is %s", m.State)
		}
		resume()
		if l := <-sent; l.To != "ok@example.com" {
			t.Errorf("%+v", l)
		}
	})
}

// tell is a mail server that tells of what it accepts.
type tell struct{ letters chan Letter }

func (s tell) Connect(context.Context, Server) (Connection, error) { return s, nil }
func (s tell) Close()                                              {}

func (s tell) Send(_ context.Context, l Letter) error {
	s.letters <- l
	return nil
}

func TestQueueAll(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		info, _ := infoOf(InvoiceIssued)
		var all []Message
		for i := range 123 {
			all = append(all, Message{Kind: InvoiceIssued, To: fmt.Sprintf("c%d@example.com", i), SubjectID: fmt.Sprintf("inv_%d", i), Data: info.Sample})
		}
		queue := func(all []Message) error {
			return s.DB.Write(t.Context(), func(tx *db.Tx) error { return b.mails.QueueAll(t.Context(), tx, all) })
		}
		if err := queue(all[:100]); err != nil {
			t.Fatal(err)
		}
		if err := queue(all[90:]); !db.Duplicate(err) {
			t.Errorf("mails that are there already: %v", err)
		}
		if err := errors.Join(queue(all[100:]), queue(nil)); err != nil {
			t.Fatal(err)
		}
		b.sendDue(123)
		if n := len(b.list(Filter{State: Sent})); n != 123 {
			t.Errorf("%d were sent", n)
		}
		one := b.list(Filter{SubjectID: "inv_7"})
		if len(one) != 1 || one[0].To != "c7@example.com" || one[0].Kind != InvoiceIssued {
			t.Errorf("%+v", one)
		}
		if err := queue([]Message{{Kind: "greetings"}}); err == nil {
			t.Error("a kind that there is not")
		}
	})
}
