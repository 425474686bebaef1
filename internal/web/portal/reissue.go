package portal

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/ui"
)

// moving is whether a customer may clear the place that a license is bound to. The license room decides when it is done;
// this is for saying so beforehand.
type moving struct {
	enforced bool // some of the place must match; else it is only noted
	allowed  bool
	why      string // not allowed: the reason
	most     int64  // 0: any number
	left     int64  // of them
}

func (a *area) moving(r *http.Request, l license.License) (moving, error) {
	if a.Catalog == nil {
		return moving{allowed: true}, nil
	}
	product, err := a.Catalog.Product(r.Context(), l.ProductID)
	if err != nil {
		return moving{}, err
	}
	return movingOf(product.Bindings, l), nil
}

func movingOf(b catalog.Bindings, l license.License) moving {
	m := moving{enforced: b.EnforceDomain || b.EnforceIP || b.EnforceDirectory, most: b.MaxReissues}
	switch {
	case l.Status == license.Revoked || l.Status == license.Cancelled:
		m.why = "This license is " + string(l.Status) + "."
	case !b.SelfReissue:
		m.why = "To move it elsewhere, write to us."
	case m.most > 0 && l.Reissues >= m.most:
		m.why = fmt.Sprintf("It was moved %d times, which is the most. Write to us if you need to move it again.", l.Reissues)
	default:
		m.allowed, m.left = true, max(0, m.most-l.Reissues)
	}
	return m
}

// words say it to the customer.
func (m moving) words() string {
	switch {
	case !m.allowed:
		return m.why
	case m.most > 0:
		return fmt.Sprintf("Release it before you move the software elsewhere: %d of %d are left.", m.left, m.most)
	}
	return "Release it before you move the software elsewhere."
}

// placeCard shows the place that a license is bound to; nil: none, or one that nobody compares.
func placeCard(l license.License, m moving) *card {
	if l.Bound.Empty() || !m.enforced {
		return nil
	}
	d := &ui.Details{}
	for _, part := range []struct {
		label  string
		values []string
	}{{"Domain", l.Bound.Domains}, {"IP address", l.Bound.IPs}, {"Directory", l.Bound.Directories}} {
		if len(part.values) > 0 {
			d.Items = append(d.Items, ui.Detail{Label: part.label, Value: ui.Mono(strings.Join(part.values, ", "))})
		}
	}
	c := &card{Head: ui.CardHead{Title: "Bound to this place", Text: "Where the software was checked first. " + m.words()}, Details: d}
	if m.allowed {
		c.Foot = []ui.Button{{Label: "Release this place", Href: reissueHref(l.ID), Small: true, Confirm: reissueQuestion(l, m)}}
	}
	return c
}

func reissueHref(licenseID string) string { return "/account/licenses/" + licenseID + "/reissue" }

func reissueQuestion(l license.License, m moving) *ui.Confirm {
	c := &ui.Confirm{
		ID: "reissue", Title: "Release this place?", Text: l.ProductName, Tone: ui.Info,
		Effects: []string{"The license is bound to the place of its next check.", "Where it is bound now, the software may no longer run after that."},
		Action:  reissueHref(l.ID), Label: "Release", Cancel: "/account/licenses/" + l.ID,
	}
	if m.most > 0 {
		c.Effects = append(c.Effects, fmt.Sprintf("Then %d of %d are left.", m.left-1, m.most))
	}
	return c
}

// reissueAsk is the question as a page.
func (a *area) reissueAsk(w http.ResponseWriter, r *http.Request) error {
	l, err := a.ownLicense(r)
	if err != nil {
		return err
	}
	m, err := a.moving(r, l)
	if err != nil {
		return err
	}
	if !m.allowed {
		return say(w, r, "/account/licenses/"+l.ID, ui.Warn, m.why)
	}
	return a.confirm(w, a.page(w, r, "Release", "licenses"), *reissueQuestion(l, m))
}

func (a *area) reissue(w http.ResponseWriter, r *http.Request) error {
	l, err := a.ownLicense(r)
	if err != nil {
		return err
	}
	back := "/account/licenses/" + l.ID
	// Staff who act for the customer may no more here than the customer; beyond that they have the staff area.
	m, err := a.moving(r, l)
	if err != nil {
		return err
	}
	if !m.allowed {
		return say(w, r, back, ui.Warn, m.why)
	}
	_, err = a.Licenses.Reissue(r.Context(), l.ID, "")
	switch e := fail.Of(err); {
	case err == nil:
		return done(w, r, back, "Released. The next check binds the license to the place that it comes from.")
	case e.Code == license.CodeReissueRefused:
		return say(w, r, back, ui.Warn, e.Detail)
	default:
		return err
	}
}
