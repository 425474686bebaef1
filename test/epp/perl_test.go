package epp

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/registry"
	"github.com/keystead/keystead/test/drive"
)

// Net::EPP, which knows neither our client nor our simulator, gets along with the simulator, over TLS that it verifies.
func TestNetEPP(t *testing.T) {
	t.Parallel()
	if err := exec.CommandContext(t.Context(), "perl", "-MNet::EPP::Client", "-e1").Run(); err != nil {
		drive.Lacking(t, "Net::EPP is missing: Debian's libnet-epp-perl")
	}
	w := setup(t, registry.Extension{Name: "test", AutoRenews: true, ARGPDays: 45, RedemptionDays: 30, RestorePrice: 6000, Premium: map[string]int64{"dear.test": 25000}})
	w.put(t, "mine.test", "2026-11-21") // which makes a message
	dear := registry.Domain{Name: "dear.test", Sponsor: "leonet", Expiry: at(t, "2027-03-10"), Deleted: today, RedemptionUntil: today.AddDate(0, 0, 30), GoneAt: today.AddDate(0, 0, 35)}
	if err := w.registry.Put(dear); err != nil {
		t.Fatal(err)
	}
	if err := w.registry.Put(registry.Domain{Name: "others.test", Sponsor: "other", AuthInfo: "auth-1234", Expiry: at(t, "2027-03-10")}); err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, mustIdentity(t).CA, 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(w.address)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "perl", "drive.pl", port, ca, "leonet", "LAB-PASSWORD").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"expires 2027-11-22", "expires 2028-11-22", "renew again: 2004", "restore: 1000", "logout: 1500"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if n := w.added("perl.test"); n != 1 {
		t.Errorf("%d years added", n)
	}

	w.mu.Lock()
	defer w.mu.Unlock()
	var answers [][]byte
	for _, f := range w.frames {
		if f.sent {
			answers = append(answers, f.document)
		}
	}
	if err := judge(t, answers...); err != nil {
		t.Error(err)
	}
}
