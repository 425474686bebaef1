package faults_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registry"
)

// TestMixed lets customers, staff, registries, broken connections, dying processes and time act upon a few domains in any order,
// over every habit that the simulator has.
//
// H1: what commands have added is what they were sent for, and what is confirmed is there. H2: at most one renewal of a term.
// H3: what was paid for is renewed, on its way, refunded or credited, or somebody is asked. H4: money in is money out, credit and
// revenue. H5: paid-through moves with an event or an entry of the audit log. H7: processes die and begin on the way.
func TestMixed(t *testing.T) {
	t.Parallel()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		lives := "24"
		if testing.Short() {
			lives = "4"
		}
		_ = f.Value.Set(lives) // each is a life of weeks over a whole store; ask for more by the flag
	}
	rapid.Check(t, func(r *rapid.T) {
		m := &mixed{world: newWorld(drawn{t, r}, dbtest.SQLite(t)), r: r, through: map[string]string{}}
		m.open()
		for range rapid.IntRange(10, 40).Draw(r, "acts") {
			m.act()
			m.check()
		}
		m.settle()
		m.check()
		m.prove()
	})
}

// drawn is a test whose failures are those of a life that was drawn, so that a shorter one is looked for.
type drawn struct {
	*testing.T
	r *rapid.T
}

func (d drawn) Error(args ...any)            { d.r.Error(args...) }
func (d drawn) Errorf(s string, args ...any) { d.r.Errorf(s, args...) }
func (d drawn) Fatal(args ...any)            { d.r.Fatal(args...) }
func (d drawn) Fatalf(s string, args ...any) { d.r.Fatalf(s, args...) }
func (d drawn) Log(args ...any)              { d.r.Log(args...) }
func (d drawn) Logf(s string, args ...any)   { d.r.Logf(s, args...) }
func (d drawn) Failed() bool                 { return d.r.Failed() }

// mixed is a world in which anything happens.
type mixed struct {
	*world
	r         *rapid.T
	customers []string
	domains   []domainname.Domain // as they were in the beginning
	through   map[string]string   // paid-through, as it was seen last
	told      map[string]int      // what was written down about each then
	wires     int
}

func (m *mixed) open() {
	m.registry.AddAccount("registrar-2", password, nil)
	all := registry.Personalities()
	for i := range 2 {
		c, err := m.Customers.Create(m.ctx, customer.Input{Email: fmt.Sprintf("c%d@example.com", i), Name: fmt.Sprint("Customer ", i)})
		m.must(err)
		m.customers = append(m.customers, c.ID)
	}
	for i := range 3 {
		x := all[rapid.IntRange(0, len(all)-1).Draw(m.r, "habit")]
		days := rapid.IntRange(-9, 60).Draw(m.r, "ends")
		if x.ModeOnly || x.MovesAtExpiry {
			days = max(days, 3)
		}
		at := m.store.Clock.Now().AddDate(0, 0, days).Truncate(time.Hour)
		if x.MonthEnd {
			at = time.Date(at.Year(), at.Month()+1, 0, 12, 0, 0, 0, time.UTC)
		}
		if x.LateEvening {
			at = time.Date(at.Year(), at.Month(), at.Day(), 22, 59, 59, 999_000_000, time.UTC)
		}
		adapter := "lab"
		if x.Name == "modern" && rapid.Bool().Draw(m.r, "plain") {
			adapter = "plain"
		}
		d := m.put(fmt.Sprintf("m%d.%s", i, x.Name), at, m.customers[i%2], adapter)
		m.domains = append(m.domains, d)
		m.through[d.ID] = d.PaidThrough.String()
	}
	m.told = m.written()
}

var acts = []string{
	"order", "order", "pay", "pay", "pay", "pay twice", "work", "work", "work", "days", "days", "hours", "auto renew", "renew by hand", "release", "refund", "credit",
	"revoke", "set back", "void", "delete line", "sync", "adopt", "answer", "by hand", "next due", "cancel", "take back", "delete", "price", "by staff", "fault", "fault", "fault",
	"heal", "die", "restart", "elsewhere", "leave", "lock",
}

func (m *mixed) act() {
	d := m.domains[rapid.IntRange(0, len(m.domains)-1).Draw(m.r, "domain")]
	name := d.Name.String()
	all, err := m.Domains.Renewals(m.ctx, d.ID, 100)
	m.must(err)
	var last domainname.Renewal // what acts upon a renewal acts upon this one
	if len(all) > 0 {
		last = all[0]
	}
	yes := func(what string) bool { return rapid.Bool().Draw(m.r, what) }
	switch what := rapid.SampledFrom(acts).Draw(m.r, "act"); what {
	case "order":
		m.order(d, rapid.IntRange(1, 3).Draw(m.r, "years"))
	case "pay":
		m.pay(d.CustomerID)
	case "pay twice":
		if last.InvoiceID != "" {
			m.wires++
			_, err = m.Payments.Record(m.ctx, last.InvoiceID, payment.Manual{Money: money.New(1200, "EUR"), Reference: fmt.Sprint("again ", m.wires)})
		}
	case "work":
		m.works()
	case "days":
		m.pass(time.Duration(rapid.IntRange(1, 25).Draw(m.r, "days")) * 24 * time.Hour)
	case "hours":
		m.pass(time.Duration(rapid.IntRange(1, 20).Draw(m.r, "hours")) * time.Hour)
	case "auto renew":
		_, err = m.Renewals.SetAutoRenew(m.ctx, d.ID, yes("on"), "")
	case "renew by hand":
		move := yes("move")
		_, err = m.Renewals.Manual(m.ctx, d.ID, renewal.ManualInput{
			Years: rapid.IntRange(1, 2).Draw(m.r, "years"), MoveNextDue: &move, OpenLine: rapid.SampledFrom([]string{renewal.StillOwed, renewal.NotOwed}).Draw(m.r, "line"), Reason: "r",
		})
	case "release":
		_, err = m.Renewals.Release(m.ctx, last.ID, "r")
	case "refund", "credit":
		if last.InvoiceID != "" {
			in := payment.RefundInput{Adjust: yes("adjust"), Reason: "r", To: payment.ToCredit}
			if what == "refund" {
				in.To = payment.ToGateway
			}
			_, err = m.Payments.Refund(m.ctx, last.InvoiceID, in)
		}
	case "revoke":
		err = m.Renewals.Revoke(m.ctx, last.LineID, yes("elsewhere"), "r")
	case "set back":
		err = m.Renewals.Restore(m.ctx, last.LineID, "r")
	case "void":
		_, err = m.Billing.VoidInvoice(m.ctx, last.InvoiceID, "r")
	case "delete line":
		_, err = m.Billing.DeleteLine(m.ctx, last.InvoiceID, last.LineID, "r")
	case "sync":
		_, err = m.Watch.Sync(m.ctx, d.ID)
	case "adopt":
		_, err = m.Watch.Adopt(m.ctx, d.ID, yes("paid"), "r")
	case "answer":
		err = m.Renewals.Answer(m.ctx, d.ID, rapid.SampledFrom([]string{renewal.ExtendPaid, renewal.InvoiceAgain, renewal.LetGo}).Draw(m.r, "answer"), "r")
	case "by hand":
		if there, ok := m.registry.Domain(name); ok && yes("done") {
			err = m.Dispatch.ByHand(m.ctx, d.ID, dispatch.ByHand{Expiry: there.Expiry.Format(time.RFC3339Nano)})
		} else {
			err = m.Dispatch.ByHand(m.ctx, d.ID, dispatch.ByHand{Refused: "no"})
		}
	case "next due":
		due := domainname.RegistryDate(m.store.Clock.Now()).AddDays(rapid.IntRange(0, 30).Draw(m.r, "due"))
		_, err = m.Domains.Change(m.ctx, d.ID, domainname.Patch{NextDue: &due, Reason: "r"})
	case "cancel", "take back":
		status := domainname.Cancelled
		if what == "take back" {
			status = domainname.Active
		} else if rapid.IntRange(0, 3).Draw(m.r, "really") > 0 {
			return
		}
		_, err = m.Domains.Change(m.ctx, d.ID, domainname.Patch{Status: &status, Reason: "r"})
	case "delete":
		if rapid.IntRange(0, 3).Draw(m.r, "really") == 0 {
			_, err = m.Dispatch.Delete(m.ctx, d.ID, dispatch.Deletion{Name: name, Reason: "r"})
		}
	case "price":
		price := money.New(int64(rapid.IntRange(1, 2000).Draw(m.r, "price")), "EUR")
		_, err = m.Domains.Change(m.ctx, d.ID, domainname.Patch{Recurring: &price, Reason: "r"})
	case "by staff":
		m.set("domains.renew_on_payment", fmt.Sprint(yes("on payment")))
	case "fault":
		m.fault(name)
	case "heal":
		m.registry.Heal()
	case "die":
		m.life.mu.Lock()
		m.life.deaths[name] = rapid.SampledFrom([]death{beforeSending, afterSending}).Draw(m.r, "death")
		m.life.mu.Unlock()
	case "restart":
		m.restart()
	case "elsewhere":
		m.control(http.MethodPost, "/rest/domains/"+name+"/renew", `{"years":1}`)
	case "leave":
		if rapid.IntRange(0, 5).Draw(m.r, "really") == 0 {
			m.control(http.MethodPatch, "/control/domains/"+name, `{"sponsor":"registrar-2"}`)
		}
	case "lock":
		m.control(http.MethodPatch, "/control/domains/"+name, fmt.Sprintf(`{"statuses":{"serverRenewProhibited":%t}}`, yes("locked")))
	}
	m.answered(err)
}

// answered checks that whoever acts is told what is the matter, whatever it is.
func (m *mixed) answered(err error) {
	if err == nil {
		return
	}
	if fail.Of(err).Kind == fail.KindInternal {
		m.r.Fatalf("a fault of ours: %v", err)
	}
	m.r.Logf("refused: %v", err)
}

func (m *mixed) set(name, value string) {
	_, err := m.Settings.Patch(m.ctx, map[string]json.RawMessage{name: json.RawMessage(value)})
	m.must(err)
}

func (m *mixed) order(d domainname.Domain, years int) {
	_, err := m.Orders.Place(m.ctx, order.Input{CustomerID: d.CustomerID, Items: []order.Item{
		{Domain: &order.DomainItem{Action: domainname.ForRenewal, DomainID: d.ID, Years: years}},
	}})
	m.answered(err)
}

// pay pays what a customer owes.
func (m *mixed) pay(customerID string) {
	invoices, _, err := m.Billing.List(m.ctx, billing.Filter{CustomerID: customerID, Status: billing.Open})
	m.must(err)
	for _, inv := range invoices {
		if inv.Balance().Amount > 0 {
			m.wires++
			_, err := m.Payments.Record(m.ctx, inv.ID, payment.Manual{Money: inv.Balance(), Reference: fmt.Sprint("wire ", m.wires)})
			m.answered(err)
		}
	}
}

// works does what is due. If that ends a process, its leases end, too.
func (m *mixed) works() {
	if m.work() {
		m.store.Clock.Advance(6 * time.Minute)
	}
}

// pass lets time pass, with all that falls due on the way.
func (m *mixed) pass(d time.Duration) {
	end := m.store.Clock.Now().Add(d)
	for now := m.store.Clock.Now(); now.Before(end); now = m.store.Clock.Now() {
		m.store.Clock.Advance(min(end.Sub(now), 24*time.Hour))
		_, err := m.Automation.RunDue(m.ctx)
		m.must(err)
		m.works()
	}
}

// fault has something go wrong with a domain.
func (m *mixed) fault(name string) {
	f := registry.Fault{Name: name, Times: rapid.IntRange(1, 2).Draw(m.r, "times"), Skip: rapid.IntRange(0, 2).Draw(m.r, "skip")}
	f.Command = rapid.SampledFrom([]string{"renew", "renew", "renew", "info", "restore", "delete", "update"}).Draw(m.r, "command")
	f.Kind = rapid.SampledFrom([]registry.FaultKind{
		registry.CutBefore, registry.CutBefore, registry.CutAfter, registry.CutAfter, registry.Answer, registry.Answer, registry.NotUTF8, registry.NoClTRID,
		registry.UnknownCode, registry.ShortHeader, registry.NotSponsor,
	}).Draw(m.r, "kind")
	if f.Kind == registry.Answer {
		f.Code = rapid.SampledFrom([]int{2004, 2105, 2304, 2306, 2308, 2400, 2500, 2104, 2302}).Draw(m.r, "code")
		f.Commit = rapid.Bool().Draw(m.r, "commit")
	}
	if f.Kind == registry.NotSponsor {
		f.Command, f.Times = "info", 1 // twice in a row it would be believed, as it should
	}
	m.must(m.registry.Inject(f))
}

// control has somebody else do something at the registry. What goes wrong there can cut them off, too.
func (m *mixed) control(method, path, body string) {
	defer func() {
		cut := recover()
		if err, _ := cut.(error); cut != nil && !errors.Is(err, http.ErrAbortHandler) {
			panic(cut)
		}
	}()
	req := httptest.NewRequestWithContext(m.ctx, method, path, bytes.NewReader([]byte(body)))
	req.SetBasicAuth(login, password)
	answer := httptest.NewRecorder()
	m.registry.Handler().ServeHTTP(answer, req)
	said, _ := io.ReadAll(answer.Body)
	m.r.Logf("%s %s: %d %s", method, path, answer.Code, said)
}

// written counts what was written down about each domain that says why its dates move.
func (m *mixed) written() map[string]int {
	n := map[string]int{}
	for _, d := range m.domains {
		n[d.ID] = m.count(`SELECT COUNT(*) FROM events WHERE subject_id = $1 AND type IN ('domain.renewal_paid', 'domain.renewal_refunded', 'domain.renewed',
			'domain.restored', 'domain.renewal_satisfied', 'domain.sync_corrected', 'domain.renewal_withdrawn', 'domain.transferred_away')`, d.ID) +
			m.count(`SELECT COUNT(*) FROM audit_log WHERE subject_id = $1`, d.ID)
	}
	return n
}

// check is what holds at any time.
func (m *mixed) check() {
	m.Helper()
	told := m.written()
	for _, was := range m.domains {
		d, all := m.now(was.ID)
		if through := d.PaidThrough.String(); through != m.through[d.ID] {
			if told[d.ID] == m.told[d.ID] {
				m.r.Fatalf("paid-through of %s moved from %s to %s, and nothing says why", d.Name, m.through[d.ID], through)
			}
			m.through[d.ID] = through
		}
		bases := map[string]int{}
		for _, r := range all {
			if r.State.Open() || r.State == domainname.RenewalConfirmed || r.State == domainname.RenewalSatisfied {
				bases[r.Base.String()]++
			}
			m.paidFor(d, r)
			m.sentFor(d, r)
			if r.State.Open() && r.PaidAt != nil && d.Status == domainname.Expired {
				m.r.Fatalf("%s is expired, and its renewal is %s", d.Name, r.State)
			}
			waits := r.State == domainname.RenewalHeld && r.Hold != domainname.HeldTopUp && r.Cause != domainname.WaitsForStaff || r.State == domainname.RenewalAttention
			if waits && m.count(`SELECT COUNT(*) FROM staff_tasks WHERE subject_id = $1`, d.ID) == 0 {
				m.r.Fatalf("the renewal of %s is %s (%s %s), and nobody was asked", d.Name, r.State, r.Hold, r.Cause)
			}
			if n := m.count(`SELECT COUNT(*) FROM events WHERE subject_id = $1 AND type = 'domain.renewed' AND data LIKE $2`, d.ID, "%"+r.ID+"%"); n > 1 {
				m.r.Fatalf("that %s is renewed was told %d times", d.Name, n)
			}
		}
		for base, n := range bases {
			if n > 1 {
				m.r.Fatalf("%d renewals of %s from %s", n, d.Name, base)
			}
		}
	}
	m.told = told
	var twice string
	m.must(m.db.Read(m.ctx, func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(m.ctx, `SELECT COALESCE(MAX(what), '') FROM (SELECT recipient || ' ' || data AS what FROM mails
			WHERE resend_of IS NULL AND kind = 'domain_renewed' GROUP BY recipient, data HAVING COUNT(*) > 1) AS same`).Scan(&twice)
	}))
	if twice != "" {
		m.story()
		m.r.Fatalf("written twice: %s", twice)
	}
}

// story logs what has happened to the domains.
func (m *mixed) story() {
	for _, d := range m.domains {
		list, err := m.Events.List(m.ctx, "", event.Filter{SubjectID: d.ID})
		m.must(err)
		for _, e := range list {
			m.r.Logf("%s %s %s %s", d.Name, e.OccurredAt.Format(time.DateTime), e.Type, e.Data)
		}
	}
}

func (m *mixed) now(id string) (d domainname.Domain, all []domainname.Renewal) {
	m.Helper()
	m.must(m.db.Read(m.ctx, func(tx *db.Tx) (err error) {
		if d, err = domainname.Load(m.ctx, tx, id); err != nil {
			return err
		}
		all, err = domainname.RenewalsOf(m.ctx, tx, id, 100)
		return err
	}))
	return d, all
}

// paidFor checks that a line which is paid and not credited belongs to a renewal that is done or on its way, or that staff have
// taken apart from it.
func (m *mixed) paidFor(d domainname.Domain, r domainname.Renewal) {
	m.Helper()
	if r.LineID == "" || r.InvoiceID == "" {
		return
	}
	inv, err := m.Billing.ByID(m.ctx, r.InvoiceID)
	m.must(err)
	line, ok := inv.Line(r.LineID)
	if !ok || inv.Status != billing.Paid || line.Left().Amount == 0 {
		return
	}
	over := []domainname.RenewalState{domainname.RenewalWithdrawn, domainname.RenewalRefunded, domainname.RenewalLost, domainname.RenewalOpen}
	if slices.Contains(over, r.State) {
		m.r.Fatalf("the renewal of %s is %s, and its line is paid: %+v", d.Name, r.State, line)
	}
}

// sentFor checks that the commands of a renewal have added no more years than it is for.
func (m *mixed) sentFor(d domainname.Domain, r domainname.Renewal) {
	m.Helper()
	years, entries := 0, []registry.Entry{}
	for _, e := range m.registry.Ledger() {
		if e.ClTRID != "" && m.count(`SELECT COUNT(*) FROM registrar_commands WHERE transaction_id = $1 AND renewal_id = $2`, e.ClTRID, r.ID) > 0 {
			years, entries = years+e.Years, append(entries, e)
		}
	}
	if years > r.Years {
		m.r.Fatalf("%d years were added to %s for a renewal of %d (%s): %+v", years, d.Name, r.Years, r.State, entries)
	}
}

// settle ends all trouble, and lets everybody do what is theirs to do.
func (m *mixed) settle() {
	m.registry.Heal()
	m.fund()
	m.set("domains.renew_on_payment", "true")
	for _, d := range m.domains {
		m.control(http.MethodPatch, "/control/domains/"+d.Name.String(), `{"statuses":{"serverRenewProhibited":false}}`)
	}
	m.life.mu.Lock()
	clear(m.life.deaths)
	m.life.mu.Unlock()
	m.store.Clock.Advance(10 * time.Minute) // leases end
	for range 2 {
		for range 12 {
			m.store.Clock.Advance(time.Hour)
			m.works()
		}
		for _, d := range m.domains {
			_, all := m.now(d.ID)
			for _, r := range all {
				if r.State == domainname.RenewalHeld {
					_, err := m.Renewals.Release(m.ctx, r.ID, "look again")
					m.answered(err)
				}
			}
		}
	}
	for range 12 {
		m.store.Clock.Advance(time.Hour)
		m.works()
	}
}

// prove is what holds when all is quiet: nothing is on its way, what is confirmed is there, and the books agree.
func (m *mixed) prove() {
	m.Helper()
	added, ours := map[string]int{}, map[string]int{}
	for _, e := range m.registry.Ledger() {
		added[e.Name] += e.Years
		if e.ClTRID != "" && m.count(`SELECT COUNT(*) FROM registrar_commands WHERE transaction_id = $1`, e.ClTRID) > 0 {
			ours[e.Name] += e.Years
		}
	}
	for _, was := range m.domains {
		d, all := m.now(was.ID)
		done, sent := 0, 0
		for _, r := range all {
			switch r.State {
			case domainname.RenewalConfirmed, domainname.RenewalSatisfied:
				sent += r.Years
				if r.Cause != "renewal elsewhere" { // staff's word for it is enough
					done += r.Years
				}
			case domainname.RenewalPaid, domainname.RenewalSubmitted, domainname.RenewalUnknown:
				m.r.Fatalf("the renewal of %s is %s, and nothing is in its way: %+v", d.Name, r.State, r)
			case domainname.RenewalHeld, domainname.RenewalAttention, domainname.RenewalArranged, domainname.RenewalRevoked, domainname.RenewalRefunded, domainname.RenewalLost:
				sent += r.Years
			default:
			}
		}
		name := d.Name.String()
		if there, ok := m.registry.Domain(name); done > added[name] && ok && there.Deleted.IsZero() && !strings.HasSuffix(name, ".at-expiry") && !strings.HasSuffix(name, ".mode") {
			m.r.Fatalf("renewals of %d years of %s are done, and the registry has added %d: %+v", done, name, added[name], all)
		}
		if ours[name] > sent {
			m.r.Fatalf("commands have added %d years to %s, and %d were to be sent: %+v", ours[name], name, sent, all)
		}
	}
	found, err := m.Billing.Verify(m.ctx)
	m.must(err)
	if len(found) > 0 {
		m.r.Fatalf("the books differ: %+v", found)
	}
	if again := m.registry.Repeated(); len(again) > 0 {
		m.r.Fatalf("transaction ids came twice: %v", again)
	}
}
