package admin

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license/lease"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func keysAt(productID string) string { return "/admin/products/" + productID + "/keys" }

func rootAt(productID, rootID string) string {
	return "/admin/products/" + productID + "/roots/" + rootID
}

// keysShow is the page of a product's signing keys and roots.
func (a *area) keysShow(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Catalog.Product(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	set, err := a.Keys.Of(r.Context(), p.ID)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, "Signing keys", "catalog")}
	v.Crumbs = []ui.Crumb{{Label: "Catalog", Href: "/admin/catalog"}, {Label: ui.Clip(p.Name, 60), Href: "/admin/products/" + p.ID}, {Label: "Signing keys"}}
	v.Head = ui.Head{Title: "Signing keys", Sub: "What " + p.Name + " trusts: leases are signed by the current key, which a root key has stated."}
	mayWrite := visitorOf(r).staff.Role.Can(staff.KeysWrite)
	if mayWrite {
		v.Head.Actions = []ui.Button{{Label: "Import a root key", Href: "/admin/products/" + p.ID + "/roots/use", Icon: "upload"}, {Label: "Rotate", Href: keysAt(p.ID) + "/rotate", Icon: "repeat", Confirm: rotateQuestionOf(p)}}
	}
	v.Callouts = keyTrouble(set)
	v.Left = []card{pinCard(p, set), keyCard(v.Page, set)}
	for _, root := range set.Roots {
		v.Right = append(v.Right, rootCard(v.Page, p, root, mayWrite))
	}
	v.Right = append(v.Right, card{
		Head:    ui.CardHead{Title: "For other readers", Text: "The public signing keys as a JWK set. The libraries don't need it."},
		Details: &ui.Details{Items: []ui.Detail{{Label: "Address", Value: ui.Mono(a.absolute(r, "/.well-known/keystead/"+p.Slug+"/jwks.json")).Copyable()}}},
	})
	return a.sheet(w, v)
}

// keyTrouble says what needs a person soon.
func keyTrouble(set lease.Set) []ui.Callout {
	reserve, here := 0, false
	for _, k := range set.Keys {
		if k.State == lease.Reserve {
			reserve++
		}
	}
	for _, root := range set.Roots {
		here = here || root.OnServer
	}
	if here || reserve > 1 {
		return nil
	}
	return []ui.Callout{{Tone: ui.Warn, Title: "Hardly any signing keys are left in reserve", Text: "No root key is on the server. Import one, so that it states the next keys. It is not kept."}}
}

// pinCard is what is built into software.
func pinCard(p catalog.Product, set lease.Set) card {
	var quoted, single []string
	for _, root := range set.Roots {
		quoted, single = append(quoted, fmt.Sprintf("%q", root.PublicKey)), append(single, "'"+root.PublicKey+"'")
	}
	return card{Head: ui.CardHead{Title: "Build these into " + ui.Clip(p.Name, 60), Text: "Both root keys: the second is a spare. Software trusts nothing else."}, Details: &ui.Details{Items: []ui.Detail{
		{Label: "In Go", Value: ui.Mono("RootKeys: []string{" + strings.Join(quoted, ", ") + "},").Copyable()},
		{Label: "In PHP", Value: ui.Mono("'rootKeys' => [" + strings.Join(single, ", ") + "],").Copyable()},
	}}}
}

func rootCard(p ui.Page, product catalog.Product, root lease.Root, mayWrite bool) card {
	name := rootName(root)
	d := &ui.Details{Items: []ui.Detail{{Label: "Public key", Value: ui.Mono(root.PublicKey).Copyable()}}}
	c := card{Head: ui.CardHead{Title: name}, Details: d}
	state := ui.Text("On this server, sealed")
	if !root.OnServer {
		state = ui.Text("Off this server")
	}
	d.Items = append(d.Items, ui.Detail{Label: "Private part", Value: state}, ui.Detail{Label: "Made", Value: ui.HTML(p.Ago(root.CreatedAt))})
	if root.ExportedAt != nil {
		d.Items = append(d.Items, ui.Detail{Label: "Handed out", Value: ui.HTML(p.Ago(*root.ExportedAt))})
	}
	if root.RemovedAt != nil {
		d.Items = append(d.Items, ui.Detail{Label: "Taken off", Value: ui.HTML(p.Ago(*root.RemovedAt))})
	}
	if mayWrite && root.OnServer {
		at := rootAt(product.ID, root.ID)
		c.Head.Actions = []ui.Button{{Label: "Export", Href: at + "/export", Icon: "download", Small: true}}
		if root.ExportedAt != nil {
			c.Head.Actions = append(c.Head.Actions, ui.Button{Label: "Take off the server", Href: at + "/remove", Kind: ui.Dangerous, Small: true})
		}
	}
	return c
}

func rootName(root lease.Root) string {
	if root.Position > 1 {
		return "Spare root key"
	}
	return "Root key"
}

func keyCard(p ui.Page, set lease.Set) card {
	t := &ui.Table{Caption: "Signing keys", Flush: true, Columns: []ui.Column{{Label: "Serial"}, {Label: "State"}, {Label: "Signs"}, {Label: "Leases end by"}}}
	for i := len(set.Keys) - 1; i >= 0; i-- {
		k := set.Keys[i]
		signs := ui.Text("When it is its turn")
		switch {
		case k.RetiredAt != nil:
			signs = ui.HTML("until " + p.Day(*k.RetiredAt))
		case k.StartedAt != nil:
			signs = ui.HTML("since " + p.Day(*k.StartedAt))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Count(int(k.Serial)).With(k.PublicKey[:12] + "…"), keyState(k.State), signs, ui.HTML(p.Day(k.ExpiresAt))}})
	}
	return card{Head: ui.CardHead{Title: "Signing keys", Text: "The next one takes over every 90 days by itself."}, Table: t}
}

func keyState(s lease.KeyState) ui.Cell {
	b := ui.StatusBadge(string(s))
	if s == lease.Current {
		b.Tone = ui.Success
	}
	return ui.Cell{Badge: &b}
}

func rotateQuestionOf(p catalog.Product) *ui.Confirm {
	return &ui.Confirm{
		ID: "rotate", Title: "Let the next key sign?", Text: p.Name + ". It happens by itself every 90 days; by hand when a key may have leaked.",
		Effects: []string{"Leases that the current key has signed stay good until they end.", "Software that has seen the new key accepts none of the old one any more.", "Nothing has to be built or installed anew."},
		Fields:  []ui.Field{why("It stands in the audit log.")}, Action: keysAt(p.ID) + "/rotate", Label: "Rotate", Cancel: keysAt(p.ID), Tone: ui.Warn,
	}
}

func (a *area) rotateQuestion(r *http.Request) (*ui.Confirm, error) {
	p, err := a.Catalog.Product(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return rotateQuestionOf(p), nil
}

func (a *area) rotateKeys(r *http.Request) (to, text string, err error) {
	reason, err := reasonGiven(r)
	if err == nil {
		err = a.Keys.Rotate(r.Context(), r.PathValue("id"), reason)
	}
	return keysAt(r.PathValue("id")), "The next key signs from now on.", err
}

var errRootGone = fail.NotFound("ROOT_NOT_FOUND", "The product has no such root key, or its private part is not on this server any more.")

// rootHere is the product and the root that an address names, whose private part must be here.
func (a *area) rootHere(r *http.Request) (catalog.Product, lease.Root, error) {
	p, err := a.Catalog.Product(r.Context(), r.PathValue("id"))
	if err != nil {
		return p, lease.Root{}, err
	}
	set, err := a.Keys.Of(r.Context(), p.ID)
	if err != nil {
		return p, lease.Root{}, err
	}
	for _, root := range set.Roots {
		if root.ID == r.PathValue("root") && root.OnServer {
			return p, root, nil
		}
	}
	return p, lease.Root{}, errRootGone
}

func (a *area) exportQuestion(r *http.Request) (*ui.Confirm, error) {
	p, root, err := a.rootHere(r)
	if err != nil {
		return nil, err
	}
	return &ui.Confirm{
		ID: "export", Title: "Export the private part?", Text: rootName(root) + " of " + p.Name + ".",
		Effects: []string{"A file is downloaded. Whoever has it can sign leases of the product.", "Keep it off every network: on paper or a stick, in a safe.", "The audit log tells that you have exported it."},
		Action:  rootAt(p.ID, root.ID) + "/export", Label: "Download it", Cancel: keysAt(p.ID), Tone: ui.Warn,
	}, nil
}

func (a *area) rootExport(w http.ResponseWriter, r *http.Request) error {
	p, root, err := a.rootHere(r)
	if err != nil {
		return err
	}
	raw, err := a.Keys.ExportRoot(r.Context(), p.ID, root.ID)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-pem-file")
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", fmt.Sprintf("%s-root-%d.pem", p.Slug, root.Position)))
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(raw) // a client that went away needs no answer
	return nil
}

func (a *area) removeRootQuestion(r *http.Request) (*ui.Confirm, error) {
	p, root, err := a.rootHere(r)
	if err != nil {
		return nil, err
	}
	return &ui.Confirm{
		ID: "remove-root", Title: "Take the private part off the server?", Text: rootName(root) + " of " + p.Name + ".",
		Effects: []string{"Nothing brings it back but the file that was exported. Make sure that you can read it.", "Software goes on trusting it, and the keys in reserve go on signing.", "When the reserve runs low and no root key is here, you are asked to import one."},
		Fields:  []ui.Field{{Kind: ui.InputCheckbox, Name: "kept", Label: "I have the exported file, and have read it back", Required: true}},
		Action:  rootAt(p.ID, root.ID) + "/remove", Label: "Take it off", Cancel: keysAt(p.ID),
	}, nil
}

func (a *area) rootRemove(r *http.Request) (to, text string, err error) {
	id := r.PathValue("id")
	if r.PostFormValue("kept") == "" {
		return "", "", fail.Invalid("kept", "is required: nothing brings the key back but its file")
	}
	err = a.Keys.RemoveRoot(r.Context(), id, r.PathValue("root"))
	return keysAt(id), "The private part is off the server.", err
}

func rootUseForm(p catalog.Product) ui.Form {
	return ui.Form{Action: "/admin/products/" + p.ID + "/roots/use", Submit: "State keys", Cancel: keysAt(p.ID), Sections: []ui.FormSection{{
		Title: "Root key", Text: "The file that was exported. It states signing keys until the reserve is full, and is not kept.",
		Fields: []ui.Field{{Kind: ui.InputTextarea, Name: "root", Label: "Private key in PEM", Required: true, Mono: true, Rows: 6, Placeholder: "-----BEGIN PRIVATE KEY-----", Autocomplete: "off"}},
	}}}
}

func (a *area) rootUseView(w http.ResponseWriter, r *http.Request, status int, p catalog.Product, f ui.Form) error {
	v := formView{Page: a.page(r, "Import a root key", "catalog"), Head: ui.Head{Title: "Import a root key"}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Catalog", Href: "/admin/catalog"}, {Label: ui.Clip(p.Name, 60), Href: "/admin/products/" + p.ID}, {Label: "Signing keys", Href: keysAt(p.ID)}, {Label: "Import"}}
	return a.form(w, status, v)
}

func (a *area) rootUsePage(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Catalog.Product(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.rootUseView(w, r, http.StatusOK, p, rootUseForm(p))
}

func (a *area) rootUse(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Catalog.Product(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	stated, err := a.Keys.UseRoot(r.Context(), p.ID, []byte(unixLines(r.PostFormValue("root"))))
	if err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		// What was pasted is not sent back.
		return a.rootUseView(w, r, http.StatusUnprocessableEntity, p, ui.WithErrors(rootUseForm(p), bad, whole))
	}
	text := many(stated, "key was", "keys were") + " stated for the reserve."
	if stated == 0 {
		text = "The reserve is full already."
	}
	return done(w, r, keysAt(p.ID), text)
}
