package epp

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/registry"
	"github.com/keystead/keystead/test/drive"
)

// schemas is the entry point of the schemas in the folder that KEYSTEAD_EPP_SCHEMAS names.
func schemas(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("KEYSTEAD_EPP_SCHEMAS")
	if dir == "" {
		drive.Lacking(t, "KEYSTEAD_EPP_SCHEMAS names no folder of schemas")
	}
	for _, path := range []string{filepath.Join(dir, "all.xsd"), filepath.Join(dir, "xsd", "all.xsd")} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	drive.Lacking(t, "no all.xsd in "+dir)
	return ""
}

// judge has xmllint validate documents, all in one go.
func judge(t *testing.T, documents ...[]byte) error {
	t.Helper()
	lint := drive.Tool(t, "xmllint")
	dir := t.TempDir()
	args := []string{"--noout", "--nonet", "--schema", schemas(t)}
	for i, document := range documents {
		path := filepath.Join(dir, fmt.Sprintf("%04d.xml", i))
		if err := os.WriteFile(path, document, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	out, err := exec.CommandContext(t.Context(), lint, args...).CombinedOutput()
	if err == nil {
		return nil
	}
	var wrong []string
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, " validates") {
			wrong = append(wrong, strings.ReplaceAll(line, dir, ""))
		}
	}
	return errors.New(strings.Join(wrong, ""))
}

// Everything that the client can say, and everything that the simulator answers, is valid.
func TestEveryFrameIsValid(t *testing.T) {
	t.Parallel()
	schemas(t)
	w := setup(t, registry.Extension{
		Name: "test", AutoRenews: true, ARGPDays: 45, RedemptionDays: 30, RenewPrice: 900, RestorePrice: 6000, Premium: map[string]int64{"gold.test": 25000, "dear.test": 30000},
	}, registry.Extension{Name: "async", AsyncMinutes: 1}, registry.Extension{Name: "silent", NoDate: true})
	for _, name := range []string{"auto.test", "gold.test", "away.test"} {
		w.put(t, name, "2027-03-10")
	}
	w.put(t, "late.async", "2027-03-10")
	w.put(t, "quiet.silent", "2027-03-10")
	other := w.client(t, epp.Config{ClientID: "other", Password: "OTHER-PASSWORD"})
	ctx := t.Context()
	long := strings.Repeat("x", 60)
	contact := epp.Contact{
		ID: "c-1", Name: "Ada & Co", Company: "Co", Street: []string{"1 <Main> St", "2", "3"}, City: "London", Region: "L", Postcode: "N1", Country: "GB",
		Phone: "+44.2012345678", Email: "ada@shop.example", AuthInfo: "secret",
	}
	local := contact
	local.ID, local.Local, local.Name = "c-2", true, "Äda"

	var outcomes []epp.Class
	run := func(_ any, err error) { outcomes = append(outcomes, epp.ClassOf(err)) }
	run(w.Hello(ctx))
	run(w.Check(ctx, w.id(), "a.test", "auto.test", "a.unknown"))
	run(w.CheckFees(ctx, w.id(), "EUR", []epp.FeeCommand{{Command: "create", Years: 1}, {Command: "renew", Years: 9}, {Command: "transfer"}, {Command: "restore"}}, "gold.test", "a.test", "x.unknown"))
	run(w.CheckContacts(ctx, w.id(), "c-1", "lab-c1"))
	run(w.CheckHosts(ctx, w.id(), "ns1.lab.example", "ns2.lab.example"))
	run(w.CreateHost(ctx, w.id(), "ns1.lab.example"))
	run(w.CreateHost(ctx, w.id(), "ns1.lab.example"))
	run(w.CreateContact(ctx, w.id(), contact))
	run(w.CreateContact(ctx, w.id(), local))
	run(w.UpdateContact(ctx, w.id(), contact))
	run(w.InfoContact(ctx, w.id(), "c-1"))
	run(w.InfoContact(ctx, w.id(), "c-2"))
	run(w.Create(ctx, w.id(), epp.Create{
		Name: "new.test", Years: 10, Registrant: "c-1", Contacts: []epp.DomainContact{{Role: "admin", ID: "c-1"}, {Role: "tech", ID: "c-2"}, {Role: "billing", ID: "c-2"}},
		Nameservers: []epp.Nameserver{{Name: "ns1.new.test", Inline: true, Addresses: []string{"192.0.2.1", "2001:db8::1"}}}, AuthInfo: "p&<w>",
	}))
	run(w.Create(ctx, w.id(), epp.Create{Name: "gold2.test", Years: 1, AuthInfo: "pw", Nameservers: []epp.Nameserver{{Name: "ns.lab.example"}}, Fee: &epp.Fee{Currency: "EUR", Amount: "8.00"}}))
	run(w.Info(ctx, w.id(), "new.test", "p&<w>"))
	run(w.Info(ctx, w.id(), "none.test", ""))
	run(w.Update(ctx, w.id(), epp.Update{
		Name:   "new.test",
		Add:    epp.Parts{Nameservers: []epp.Nameserver{{Name: "ns2.lab.example"}}, Statuses: []string{"clientHold", "clientDeleteProhibited"}},
		Remove: epp.Parts{Contacts: []epp.DomainContact{{Role: "tech", ID: "c-2"}}}, Registrant: "c-2", AuthInfo: "other",
	}))
	run(w.Info(ctx, w.id(), "new.test", ""))
	run(w.Renew(ctx, w.id(), epp.Renew{Name: "auto.test", Guard: civil.On(2027, 3, 10), Years: 1}))
	run(w.Renew(ctx, w.id(), epp.Renew{Name: "auto.test", Guard: civil.On(2027, 3, 10), Years: 1}))
	run(w.Renew(ctx, w.id(), epp.Renew{Name: "gold.test", Guard: civil.On(2027, 3, 10), Years: 1, Fee: &epp.Fee{Currency: "EUR", Amount: "250.00"}}))
	run(w.Renew(ctx, w.id(), epp.Renew{Name: "late.async", Guard: civil.On(2027, 3, 10), Years: 1}))
	run(w.Renew(ctx, w.id(), epp.Renew{Name: "quiet.silent", Guard: civil.On(2027, 3, 10), Years: 1}))
	run(w.Info(ctx, w.id(), "late.async", ""))
	for _, op := range []epp.TransferOp{epp.TransferRequest, epp.TransferQuery, epp.TransferCancel, epp.TransferRequest} {
		run(other.Transfer(ctx, w.id(), epp.Transfer{Name: "away.test", Op: op, AuthInfo: "auth-1234"}))
	}
	run(w.Transfer(ctx, w.id(), epp.Transfer{Name: "away.test", Op: epp.TransferReject}))
	run(other.Transfer(ctx, w.id(), epp.Transfer{Name: "away.test", Op: epp.TransferRequest, AuthInfo: "auth-1234", Years: 1}))
	run(w.Transfer(ctx, w.id(), epp.Transfer{Name: "away.test", Op: epp.TransferApprove}))
	run(other.Transfer(ctx, w.id(), epp.Transfer{
		Name: "gold.test", Op: epp.TransferRequest, AuthInfo: "auth-1234", Years: 1, Fee: &epp.Fee{Currency: "EUR", Amount: "250.00"},
	}))
	w.registry.SetClock(at(t, "2028-03-12"))
	for {
		m, err := w.Poll(ctx, w.id())
		run(m, err)
		if m == nil {
			break
		}
		run(w.Ack(ctx, w.id(), m.ID))
	}
	run(w.Ack(ctx, w.id(), "nothing"))
	run(w.Delete(ctx, w.id(), "auto.test"))
	run(w.Info(ctx, w.id(), "auto.test", ""))
	run(w.Restore(ctx, w.id(), epp.Restore{Name: "auto.test"}))
	run(w.Info(ctx, w.id(), "auto.test", ""))
	run(w.RestoreReport(ctx, w.id(), epp.Report{
		Name: "auto.test", Before: "a & b", After: "<c>", Deleted: today, Restored: today.Add(time.Microsecond), Reason: "r", Statements: [2]string{long, long}, Other: "o",
	}))
	w.put(t, "dear.test", "2028-04-10")
	run(w.Delete(ctx, w.id(), "dear.test"))
	run(w.Restore(ctx, w.id(), epp.Restore{Name: "dear.test", Fee: &epp.Fee{Currency: "EUR", Amount: "80.00"}}))
	run(w.Restore(ctx, w.id(), epp.Restore{Name: "dear.test", Fee: &epp.Fee{Currency: "EUR", Amount: "60.00"}}))
	run(w.DeleteContact(ctx, w.id(), "c-1"))
	for code := 2000; code <= 2502; code++ {
		if epp.ClassOfCode(code) == epp.ClassUnknown && !slices.Contains([]int{2300, 2301, 2400, 2500}, code) {
			continue
		}
		if err := w.registry.Inject(registry.Fault{Kind: registry.Answer, Command: "check", Code: code, Times: 1}); err != nil {
			t.Fatal(err)
		}
		_, err := w.Check(ctx, w.id(), "a.test")
		if e := asError(err); e == nil || e.Code != code || e.Class != epp.ClassOfCode(code) {
			t.Errorf("code %d came as %v", code, err)
		}
	}
	w.Close(ctx)
	other.Close(ctx)
	if slices.Contains(outcomes, epp.ClassUnknown) || slices.Contains(outcomes, epp.ClassSession) {
		t.Fatalf("outcomes %v", outcomes)
	}

	w.mu.Lock()
	defer w.mu.Unlock()
	documents := make([][]byte, 0, len(w.frames))
	for _, f := range w.frames {
		documents = append(documents, f.document)
	}
	if err := judge(t, documents...); err != nil {
		t.Errorf("of %d frames:\n%v", len(documents), err)
	}
}

// The judge does refuse what is wrong.
func TestTheJudgeRefuses(t *testing.T) {
	t.Parallel()
	wrong := `<epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><command><renew><domain:renew xmlns:domain="urn:ietf:params:xml:ns:domain-1.0">` +
		`<domain:name>a.test</domain:name><domain:period unit="y">1</domain:period><domain:curExpDate>2027-03-10</domain:curExpDate></domain:renew></renew></command></epp>`
	if judge(t, []byte(wrong)) == nil {
		t.Error("a renewal with its elements in the wrong order is valid?")
	}
}
