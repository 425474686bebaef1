package license

import (
	"testing"

	"github.com/keystead/keystead/internal/fail"
)

func TestLicensedOn(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		s.plan("pln_machine", "prd_widget", "Machine", "device", 0)
		s.product("prd_other", "other", "Other", "'', 0, FALSE")
		want := func(product, domain string, want bool) {
			t.Helper()
			if _, got, err := s.LicensedOn(t.Context(), product, domain); err != nil || got != want {
				t.Errorf("%s on %s: %v, %v", product, domain, got, err)
			}
		}
		activate := func(l License, identifier string) {
			t.Helper()
			if _, err := s.Activate(as(software), ActivateInput{Key: l.Key, Identifier: identifier}); err != nil {
				t.Fatal(err)
			}
		}
		active, bound := s.issue(IssueInput{}), s.issue(IssueInput{})
		activate(active, "active.example.com")
		activate(active, "localhost")
		activate(s.issue(IssueInput{PlanID: "pln_machine"}), "machine.example.com")
		s.bind(bound.ID, Place{Domain: "bound.example.com"})

		want("prd_widget", "https://www.Active.example.com/page", true)
		want("prd_widget", "bound.example.com", true)
		want("prd_other", "active.example.com", false)
		want("prd_widget", "none.example.com", false)
		want("prd_widget", "machine.example.com", false)
		want("prd_widget", "localhost", false)
		if _, _, err := s.LicensedOn(t.Context(), "prd_widget", "no domain"); fail.Of(err).Code != fail.CodeInvalidInput {
			t.Errorf("no domain: %v", err)
		}

		domains := []string{"*.example.net"}
		if _, err := s.Patch(as(sue), bound.ID, Patch{Places: PlacesPatch{Domains: &domains}}); err != nil {
			t.Fatal(err)
		}
		want("prd_widget", "bound.example.com", false)
		want("prd_widget", "a.b.example.net", true)
		want("prd_widget", "example.net", false)

		// It is activated there, but bound elsewhere.
		s.exec("UPDATE products SET enforce_domain = TRUE WHERE id = 'prd_widget'")
		activate(bound, "elsewhere.example.com")
		want("prd_widget", "elsewhere.example.com", false)

		if _, err := s.AddBan(as(sue), BanDomain, "*.example.net", ""); err != nil {
			t.Fatal(err)
		}
		want("prd_widget", "a.b.example.net", false)
		if _, err := s.PlaceHold(as(sue), active.ID, HoldStaff, ""); err != nil {
			t.Fatal(err)
		}
		want("prd_widget", "active.example.com", false)
	})
}
