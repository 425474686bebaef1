package license

import (
	"slices"
	"sync"
	"testing"

	"github.com/keystead/keystead/internal/fail"
)

// bind lets a check bind a license, and reports whether it did.
func (s *store) bind(id string, at Place) bool {
	s.t.Helper()
	bound, err := s.Bind(as(software), id, at)
	if err != nil {
		s.t.Fatal(err)
	}
	return bound
}

func TestRacingFirstChecksBindOnce(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		l := s.issue(IssueInput{})
		var wg sync.WaitGroup
		bound := make([]bool, 8)
		for i := range bound {
			wg.Go(func() { bound[i] = s.bind(l.ID, Place{Domain: string(rune('a'+i)) + ".example.com"}) })
		}
		wg.Wait()
		if n := len(slices.DeleteFunc(bound, func(b bool) bool { return !b })); n != 1 {
			t.Errorf("%d checks have bound the license", n)
		}
		if domains := s.get(l.ID).Bound.Domains; len(domains) != 1 {
			t.Errorf("bound to %v", domains)
		}
	})
}

func TestReissue(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		l := s.issue(IssueInput{})
		rule := func(self bool, most int) {
			s.exec("UPDATE products SET self_reissue = $1, max_reissues = $2 WHERE id = 'prd_widget'", self, most)
		}
		rule(true, 2)
		version := s.get(l.ID).Version
		if l, err := s.Reissue(as(ann), l.ID, ""); err != nil || l.Reissues != 0 {
			t.Errorf("a license that is bound to nothing: %d, %v", l.Reissues, err)
		}
		s.bind(l.ID, Place{Domain: "www.One.example.com", IP: "192.0.2.1", Directory: "/srv/app/"})
		_, err := s.Reissue(as(bob), l.ID, "")
		wantCode(t, err, CodeNotFound)
		after, err := s.Reissue(as(ann), l.ID, "a new server")
		if err != nil || after.Reissues != 1 || !after.Bound.Empty() || after.Version <= version {
			t.Errorf("reissued: %+v, %v", after, err)
		}
		wantLines(t, "history", s.story(l.ID)[1:], "bound →one.example.com; 192.0.2.1; /srv/app", "reissued one.example.com; 192.0.2.1; /srv/app→")
		if !s.bind(l.ID, Place{Domain: "two.example.com"}) {
			t.Error("the next check does not bind anew")
		}
		_, err = s.Reissue(as(ann), l.ID, "")
		wantCode(t, err, "")
		s.bind(l.ID, Place{Domain: "three.example.com"})
		_, err = s.Reissue(as(ann), l.ID, "")
		wantCode(t, err, CodeReissueRefused)
		if s.get(l.ID).Bound.Empty() {
			t.Error("a refused reissue has cleared the place")
		}

		zero := int64(0)
		if l, err := s.Patch(as(sue), l.ID, Patch{Places: PlacesPatch{Reissues: &zero}, Reason: "they asked"}); err != nil || l.Reissues != 0 {
			t.Errorf("set back: %+v, %v", l, err)
		}
		rule(false, 0)
		_, err = s.Reissue(as(ann), l.ID, "")
		wantCode(t, err, CodeReissueRefused)
		if after, err := s.Reissue(as(sue), l.ID, ""); err != nil || !after.Bound.Empty() {
			t.Errorf("staff: %+v, %v", after, err)
		}
		rule(true, 0)
		revoked := Revoked
		if _, err := s.Patch(as(sue), l.ID, Patch{Status: &revoked}); err != nil {
			t.Fatal(err)
		}
		_, err = s.Reissue(as(ann), l.ID, "")
		wantCode(t, err, CodeInactive)
		if found, err := s.Verify(t.Context()); err != nil || len(found) > 0 {
			t.Errorf("verify: %v, %v", found, err)
		}
	})
}

func TestStaffEditPlaces(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		l := s.issue(IssueInput{})
		lists := func(domains, ips, directories []string) Patch {
			return Patch{Places: PlacesPatch{Domains: &domains, IPs: &ips, Directories: &directories}, Reason: "as agreed"}
		}
		after, err := s.Patch(as(sue), l.ID, lists(
			[]string{"https://WWW.Shop.example.com/admin", "shop.example.com", "*.example.org", "bücher.example"},
			[]string{"2001:DB8::1", "2001:db8::/32", "192.0.2.77/24", "::ffff:192.0.2.5"}, []string{"/srv/app/", "C:\\web\\"},
		))
		if err != nil {
			t.Fatal(err)
		}
		want := Places{
			Domains: []string{"shop.example.com", "*.example.org", "xn--bcher-kva.example"},
			IPs:     []string{"2001:db8::1", "2001:db8::/32", "192.0.2.0/24", "192.0.2.5"}, Directories: []string{"/srv/app", `C:\web`},
		}
		if !after.Bound.equal(want) {
			t.Errorf("bound to %+v", after.Bound)
		}
		all := Enforced{Domain: true, IP: true, Directory: true}
		for at, wrong := range map[Place]string{
			{"shop.example.com", "2001:db8:ffff::9", "/srv/app"}: "", {"a.b.example.org", "192.0.2.200", `C:\web`}: "",
			{"example.org", "192.0.2.200", "/srv/app"}: WrongDomain, {"shop.example.com", "198.51.100.1", "/srv/app"}: WrongIP,
			{"shop.example.com", "192.0.2.5", "/srv/other"}: WrongDirectory, {}: WrongDomain,
		} {
			if got := after.Bound.Refuse(all, at); got != wrong {
				t.Errorf("%+v is refused as %q, want %q", at, got, wrong)
			}
		}
		story := len(s.story(l.ID))
		if _, err := s.Patch(as(sue), l.ID, lists(want.Domains, want.IPs, want.Directories)); err != nil || len(s.story(l.ID)) != story {
			t.Errorf("the same places again are a change: %v", err)
		}
		_, err = s.Patch(as(sue), l.ID, lists([]string{"no domain"}, []string{"10.0.0.0/33"}, []string{""}))
		if len(fail.Of(err).Fields) != 3 {
			t.Errorf("%v does not list the three fields", err)
		}
		hosts := []string{"stage.example.com"}
		_, err = s.Patch(as(sue), l.ID, Patch{Places: PlacesPatch{AllowedHosts: &hosts}})
		wantCode(t, err, fail.CodeInvalidInput)
		s.exec("UPDATE licenses SET type = 'development' WHERE id = $1", l.ID)
		if l, err := s.Patch(as(sue), l.ID, Patch{Places: PlacesPatch{AllowedHosts: &hosts}}); err != nil || !slices.Equal(l.AllowedHosts, hosts) {
			t.Errorf("allowed hosts: %v, %v", l.AllowedHosts, err)
		}
		if found, err := s.Verify(t.Context()); err != nil || len(found) > 0 {
			t.Errorf("verify: %v, %v", found, err)
		}
	})
}
