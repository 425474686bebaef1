package shop

import (
	"errors"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web/ui"
)

// verify tells a visitor whether a domain is licensed to run a product: yes or no, and nothing about whose license it is.
// Products that don't offer it have no such page.
func (s *shop) verify(w http.ResponseWriter, r *http.Request) error {
	p, err := s.Catalog.ProductBySlug(r.Context(), r.PathValue("product"))
	if err != nil {
		return err
	}
	if !p.PublicCheck {
		return errNoPage
	}
	v := gateView{
		Page: s.page(w, r, "Is it licensed?", ""), Heading: "Is it licensed?",
		Lead: "Enter the domain of a site, to see whether it is licensed to run " + p.Name + ".",
	}
	said := strings.TrimSpace(r.URL.Query().Get("domain"))
	field := ui.Field{Name: "domain", Label: "Domain", Value: said, Required: true, MaxLength: 255, Placeholder: "example.com"}
	status := http.StatusOK
	if r.URL.Query().Has("domain") {
		if err := s.limits.spend(s.limits.domains, r); err != nil {
			return err
		}
		var bad *fail.Error
		switch v.Callout, err = s.licensedOn(r, p, said); {
		case errors.As(err, &bad) && bad.Kind == fail.KindInvalid:
			status, field.Error = http.StatusUnprocessableEntity, "It "+bad.Fields[0].Message+"."
		case err != nil:
			return err
		}
	}
	v.Choose = &chooser{Action: "/verify/" + p.Slug, Submit: "Check", Field: field}
	return s.gate(w, status, v)
}

func (s *shop) licensedOn(r *http.Request, p catalog.Product, said string) (*ui.Callout, error) {
	domain, licensed, err := s.Licenses.LicensedOn(r.Context(), p.ID, said)
	switch {
	case err != nil:
		return nil, err
	case licensed:
		return &ui.Callout{Tone: ui.Success, Title: "Yes", Text: domain + " is licensed to run " + p.Name + "."}, nil
	default:
		return &ui.Callout{Tone: ui.Warn, Title: "No", Text: "No license for " + p.Name + " is in use on " + domain + ". Of places that the public can't reach, such as localhost, nothing is told."}, nil
	}
}
