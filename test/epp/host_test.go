package epp

import (
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/registry"
)

var hostModels = []registry.HostModel{registry.AnyHosts, registry.HostObjects, registry.HostAttributes}

// delegations has the adapter delegate domains at a registry that keeps its hosts in one way.
func delegations(t *testing.T, hosts registry.HostModel) *world {
	t.Helper()
	w := setup(t, registry.Extension{Name: "test", Hosts: hosts})
	ours := w.adapter(t, epp.Config{}, epp.Options{})
	ada := registrar.Contact{Name: "Ada", Address: []string{"10115 Berlin"}, Country: "DE", Email: "ada@shop.example"}
	delegated := func(name string, want ...string) {
		t.Helper()
		i, err := ours.Info(t.Context(), w.id(), name)
		slices.Sort(i.Nameservers)
		if err != nil || !slices.Equal(i.Nameservers, want) {
			t.Errorf("%s is delegated to %v, %v, want %v", name, i.Nameservers, err, want)
		}
	}
	register := func(name string, nameservers ...string) registrar.Answer {
		t.Helper()
		return ours.Register(t.Context(), w.id(), registrar.Registration{Name: name, Years: 1, Registrant: ada, Nameservers: nameservers})
	}
	set := func(name string, nameservers ...string) registrar.Answer {
		t.Helper()
		return ours.Update(t.Context(), w.id(), registrar.Update{Name: name, Nameservers: &nameservers})
	}
	done := func(a registrar.Answer) {
		t.Helper()
		if a.Class != registrar.Done {
			t.Errorf("%+v", a)
		}
	}
	refused := func(a registrar.Answer, why string) {
		t.Helper()
		if a.Class != registrar.Fault || !strings.Contains(a.Message, why) {
			t.Errorf("%+v, want that %s", a, why)
		}
	}

	done(register("new.test", "ns1.shop.example", "NS2.shop.example"))
	delegated("new.test", "ns1.shop.example", "ns2.shop.example")
	done(register("second.test", "ns1.shop.example"))
	done(set("second.test", "ns2.shop.example", "ns3.shop.example", "ns4.shop.example"))
	delegated("second.test", "ns2.shop.example", "ns3.shop.example", "ns4.shop.example")
	done(set("second.test"))
	delegated("second.test")

	// A host below the domain needs addresses: said at once, and nothing is sent.
	refused(register("own.test", "ns1.own.test"), "ns1.own.test lies below the domain itself")
	refused(set("new.test", "ns1.shop.example", "ns.NEW.test"), "ns.NEW.test lies below the domain itself")
	if n := w.arrived("create", "own.test") + w.arrived("update", "new.test"); n != 0 {
		t.Errorf("%d commands were sent that the registry can't do", n)
	}
	delegated("new.test", "ns1.shop.example", "ns2.shop.example")
	if again := w.registry.Repeated(); len(again) != 0 {
		t.Errorf("sent twice: %v", again)
	}
	return w
}

// Where hosts are objects they are made before a domain refers to them, where they are attributes they stand with it: the
// greeting says which.
func TestDelegation(t *testing.T) {
	t.Parallel()
	for _, hosts := range hostModels {
		t.Run("hosts "+string(hosts), func(t *testing.T) {
			t.Parallel()
			w := delegations(t, hosts)
			if made := w.hostsMade(); hosts == registry.HostObjects && made != 4 || hosts == registry.HostAttributes && made != 0 {
				t.Errorf("%d hosts were made", made)
			}
		})
	}
}

// hostsMade counts the commands that made a host.
func (w *world) hostsMade() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.frames {
		if !f.sent && strings.Contains(string(f.document), "<host:create") {
			n++
		}
	}
	return n
}

func TestEveryFrameOfDelegationsIsValid(t *testing.T) {
	t.Parallel()
	schemas(t)
	for _, hosts := range hostModels {
		delegations(t, hosts).judgeFrames(t)
	}
}

// A host that the registry neither has nor takes: the staff hear which, and why, and the domain is as it was.
func TestHostIsRefused(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Extension{Name: "test", Hosts: registry.HostObjects})
	ours := w.adapter(t, epp.Config{}, epp.Options{})
	w.put(t, "new.test", "2027-03-10")
	if err := w.registry.Put(registry.Domain{Name: "theirs.test", Sponsor: "other", Expiry: at(t, "2027-03-10")}); err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"ns.none.test", "ns.theirs.test"} {
		a := ours.Update(t.Context(), w.id(), registrar.Update{Name: "new.test", Nameservers: &[]string{host}})
		if a.Class != registrar.Fault || !strings.Contains(a.Message, "does not know the nameserver "+host) || w.arrived("update", "new.test") != 0 {
			t.Errorf("%s: %+v", host, a)
		}
	}
	// Nobody answers: the command has not left, and is made again.
	if err := w.registry.Inject(registry.Fault{Kind: registry.CutBefore, Command: "check", Times: 2}); err != nil {
		t.Fatal(err)
	}
	again := registrar.Update{Name: "new.test", Nameservers: &[]string{"ns.shop.example"}}
	if a := ours.Update(t.Context(), w.id(), again); a.Class != registrar.Session || w.arrived("update", "new.test") != 0 {
		t.Errorf("no answer: %+v", a)
	}
	if a := ours.Update(t.Context(), w.id(), again); a.Class != registrar.Done {
		t.Errorf("again: %+v", a)
	}
}
