package rooms_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/registrar/registrartest"
	"github.com/keystead/keystead/internal/webhook"
)

// A test store has not come to rest while somebody outside is being asked, whoever of the store asks.
func TestRestWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(o *outsider, t *testing.T){
		"a mail server":          (*outsider).takesMails,
		"a receiver of webhooks": (*outsider).takesWebhooks,
		"a registrar":            (*outsider).takesCommands,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := dbtest.SQLite(t)
			fake := registrartest.New(s.Clock)
			o := &outsider{
				Rooms: roomstest.InTestMode(t, s, roomstest.Log(), roomstest.Reach("fake", fake)), store: s, fake: fake,
				asked: make(chan struct{}), let: make(chan struct{}),
			}
			must(o.Automation.Advance(t.Context(), s.Clock.Now(), nil))(t) // which does the upkeep
			prepare(o, t)
			o.Start(t.Context())
			<-o.asked
			impatient, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			if r, err := o.Automation.Advance(impatient, s.Clock.Now(), nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("at rest while it is asked: %+v, %v", r, err)
			}
			close(o.let)
			must(o.Automation.Advance(t.Context(), s.Clock.Now(), nil))(t)
		})
	}
}

// outsider is somebody who takes his time.
type outsider struct {
	*roomstest.Rooms
	store *dbtest.Store
	fake  *registrartest.Fake

	once  sync.Once
	asked chan struct{} // closed when he is asked for the first time
	let   chan struct{} // closed when he may answer
}

func (o *outsider) wait() {
	o.once.Do(func() { close(o.asked) })
	<-o.let
}

func (o *outsider) takesMails(t *testing.T) {
	l := must((&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			o.wait()
			_ = c.Close()
		}
	}()
	address := must(json.Marshal(l.Addr().String()))(t)
	must(o.Settings.Patch(t.Context(), map[string]json.RawMessage{
		"mail.smtp": address, "mail.smtp_tls": json.RawMessage(`"none"`), "mail.from": json.RawMessage(`"shop@example.com"`),
	}))(t)
	err := o.store.DB.Write(t.Context(), func(tx *db.Tx) error {
		return o.Mail.Queue(t.Context(), tx, mail.Message{Kind: mail.SubscriptionPaused, To: "ada@example.com", SubjectID: "sub_1", Data: mail.SubscriptionPausedData{}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (o *outsider) takesWebhooks(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { o.wait() }))
	t.Cleanup(server.Close)
	if _, _, err := o.Webhooks.Create(t.Context(), webhook.Input{URL: server.URL, EventTypes: []string{"customer.*"}}); err != nil {
		t.Fatal(err)
	}
	must(o.Customers.Create(t.Context(), customer.Input{Email: "ada@example.com", Name: "Ada"}))(t)
}

func (o *outsider) takesCommands(t *testing.T) {
	o.fake.Before = func(string, string) { o.wait() }
	must(o.Registrars.Create(t.Context(), account.Input{Name: "Fake", Adapter: "fake", SyncMode: account.SyncOn}))(t)
}
