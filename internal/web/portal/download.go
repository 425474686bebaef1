package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/web/delivery"
)

// desk hands out files.
func (a *area) desk() delivery.Desk { return delivery.Desk{Releases: a.Releases, Log: a.Log} }

// download hands out a file of a published release of a license's product.
func (a *area) download(w http.ResponseWriter, r *http.Request) error {
	l, err := a.ownLicense(r)
	if err != nil {
		return err
	}
	return a.desk().Serve(w, r, l, r.PathValue("file"))
}
