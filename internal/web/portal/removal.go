package portal

import (
	"fmt"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/text"
	"github.com/keystead/keystead/internal/web/ui"
)

// removal is whether a customer may remove activations of a license by themselves. The license room decides when one
// is removed; this is for saying so beforehand.
type removal struct {
	allowed bool
	why     string // not allowed: the reason
	most    int64  // in 30 days; 0: any number
	left    int64  // of them
	counted bool   // left is known
}

// removalWindow is the time in which removals are counted.
const removalWindow = 30 * 24 * time.Hour

func (a *area) removal(r *http.Request, l license.License) (removal, error) {
	if l.Status == license.Revoked || l.Status == license.Cancelled {
		return removal{why: "This license is " + string(l.Status) + "."}, nil
	}
	if a.Catalog == nil {
		return removal{allowed: true}, nil
	}
	product, err := a.Catalog.Product(r.Context(), l.ProductID)
	if err != nil {
		return removal{}, err
	}
	if !product.SelfRemoval {
		return removal{why: "To move it elsewhere, write to us: we remove one for you."}, nil
	}
	may := removal{allowed: true, most: product.SelfRemovalsPer30d}
	if may.most == 0 {
		return may, nil
	}
	used, counted, err := a.removalsSince(r, l.ID, a.Clock.Now().Add(-removalWindow), may.most)
	if err != nil {
		return removal{}, err
	}
	may.left, may.counted = max(0, may.most-used), counted
	if counted && may.left == 0 {
		may.allowed, may.why = false, fmt.Sprintf("You have removed %d in the last 30 days, which is the most. Write to us if you need to remove another.", may.most)
	}
	return may, nil
}

// removalsSince counts what the customer removed since an instant, up to most. A license with a very long recent
// history stays uncounted: no page of it is worth reading all of that.
func (a *area) removalsSince(r *http.Request, licenseID string, since time.Time, most int64) (n int64, counted bool, err error) {
	const pages, perPage = 5, 200
	next := ""
	for range pages {
		var entries []license.Entry
		if entries, next, err = a.Licenses.History(r.Context(), licenseID, next, perPage); err != nil {
			return 0, false, err
		}
		for _, e := range entries {
			if !e.At.After(since) {
				return n, true, nil
			}
			if e.What == license.WhatActivationRemoved && e.Actor.Kind == event.Customer {
				n++
			}
		}
		if next == "" || n >= most {
			return n, true, nil
		}
	}
	return n, false, nil
}

// words say it to the customer.
func (m removal) words(status license.Status) string {
	switch {
	case !m.allowed:
		return m.why
	case status != license.Active:
		return "New ones are refused while it is " + string(status) + "."
	case m.most == 0:
		return "Remove one to use the license elsewhere."
	case m.counted:
		return fmt.Sprintf("Remove one to use the license elsewhere: %d of %d in 30 days are left.", m.left, m.most)
	default:
		return fmt.Sprintf("Remove one to use the license elsewhere: at most %d in 30 days.", m.most)
	}
}

func removeHref(licenseID, activationID string) string {
	return "/account/licenses/" + licenseID + "/activations/" + activationID + "/remove"
}

func removeQuestion(l license.License, activationID, place string, may removal) *ui.Confirm {
	n := nounOf(l.ActivationType)
	c := &ui.Confirm{
		ID: "remove-" + activationID, Title: "Remove this " + n.one + "?", Text: place,
		Effects: []string{"The software there is told at its next check that it is not activated.", freed(l)},
		Action:  removeHref(l.ID, activationID), Label: "Remove", Cancel: "/account/licenses/" + l.ID,
	}
	if may.most > 0 && may.counted {
		c.Effects = append(c.Effects, fmt.Sprintf("You can then remove %d more, of %d in 30 days.", may.left-1, may.most))
	}
	return c
}

// freed says how full the license is after a removal.
func freed(l license.License) string {
	used := max(0, l.ActivationsUsed-1)
	if l.ActivationLimit == 0 {
		return fmt.Sprintf("The license then is in use in %d places.", used)
	}
	return fmt.Sprintf("The license then is in use in %d of %d places.", used, l.ActivationLimit)
}

// removeAsk is the question as a page.
func (a *area) removeAsk(w http.ResponseWriter, r *http.Request) error {
	l, err := a.ownLicense(r)
	if err != nil {
		return err
	}
	may, err := a.removal(r, l)
	if err != nil {
		return err
	}
	if !may.allowed {
		return say(w, r, "/account/licenses/"+l.ID, ui.Warn, may.why)
	}
	act, err := a.activation(r, l.ID)
	if err != nil {
		return err
	}
	kept, err := a.keptByFile(r, l.ID, act.ID)
	if err != nil {
		return err
	}
	if kept != "" {
		return say(w, r, "/account/licenses/"+l.ID, ui.Warn, kept)
	}
	return a.confirm(w, a.page(w, r, "Remove", "licenses"), *removeQuestion(l, act.ID, act.Identifier, may))
}

// activation finds the activation that the address names among the first thousand of a license. Beyond them it is only
// known by its id.
func (a *area) activation(r *http.Request, licenseID string) (license.Activation, error) {
	const pages, perPage = 5, 200
	id, next := r.PathValue("activation"), ""
	if !text.IsID(id) {
		return license.Activation{}, errNoPage
	}
	for range pages {
		found, more, err := a.Licenses.Activations(r.Context(), licenseID, next, perPage)
		if err != nil {
			return license.Activation{}, err
		}
		for _, act := range found {
			if act.ID == id {
				return act, nil
			}
		}
		if next = more; next == "" {
			return license.Activation{}, errNoPage
		}
	}
	return license.Activation{ID: id, LicenseID: licenseID, Identifier: "The one you chose"}, nil
}

func (a *area) remove(w http.ResponseWriter, r *http.Request) error {
	l, err := a.ownLicense(r)
	if err != nil {
		return err
	}
	id, back := r.PathValue("activation"), "/account/licenses/"+l.ID
	if !text.IsID(id) {
		return errNoPage
	}
	// Staff who act for the customer may no more here than the customer; beyond that they have the staff area.
	may, err := a.removal(r, l)
	if err != nil {
		return err
	}
	if !may.allowed {
		return say(w, r, back, ui.Warn, may.why)
	}
	kept, err := a.keptByFile(r, l.ID, id)
	if err != nil {
		return err
	}
	if kept != "" {
		return say(w, r, back, ui.Warn, kept)
	}
	err = a.Licenses.RemoveActivation(r.Context(), l.ID, id, "")
	switch e := fail.Of(err); {
	case err == nil:
		text := "Removed."
		if l.Status == license.Active {
			text += " The license can be activated elsewhere now."
		}
		return done(w, r, back, text)
	case e.Code == license.CodeRemovalRefused:
		return say(w, r, back, ui.Warn, e.Detail)
	default:
		return err
	}
}

// keptByFile says why an activation can't be removed while a lease file keeps it; empty: none does.
func (a *area) keptByFile(r *http.Request, licenseID, activationID string) (string, error) {
	held, err := a.Licenses.HeldByFiles(r.Context(), licenseID)
	if err != nil {
		return "", err
	}
	until, kept := held[activationID]
	if !kept {
		return "", nil
	}
	return "A lease file keeps this activation until " + until.UTC().Format("2 January 2006, 15:04") + " UTC. If the installation is gone, write to us.", nil
}
