package licenseapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/release"
)

// queryLengths bounds each parameter of the GET endpoints, in bytes. Others are ignored.
var queryLengths = map[string]int{
	"license_key": 255, "dlid": 255, "identifier": 2048, "version": 100, "channel": 32,
	"element": 100, "type": 20, "client": 20, "folder": 100,
}

// readQuery reads the parameters of a GET: the first value of each name, without the space around it. What is empty
// is the same as what was left out.
func readQuery(r *http.Request) (params, error) {
	// Joomla joins the download key to an address that has a query with "&amp;".
	values, err := url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, "&amp;", "&"))
	if err != nil {
		return nil, malformedBody("The query of the address can't be read.")
	}
	p := params{}
	for name, limit := range queryLengths {
		v := values.Get(name)
		switch {
		case !utf8.ValidString(v):
			return nil, malformed(name, "is not valid UTF-8")
		case strings.IndexFunc(v, isControl) >= 0:
			return nil, malformed(name, "holds control characters")
		case len(v) > limit:
			return nil, malformed(name, "is too long")
		}
		if v = strings.TrimSpace(v); v != "" {
			p[name] = v
		}
	}
	if p["license_key"] == "" && p["dlid"] != "" {
		p["license_key"] = p["dlid"]
	}
	return p, nil
}

// product finds what the path names by id or slug. A product that is not there has nothing to download.
func (a *api) product(ctx context.Context, name string) (release.Product, error) {
	p, err := a.releases.Product(ctx, name)
	if e := fail.Of(err); err != nil && e.Code == release.CodeProductNotFound {
		return p, fail.NotFound(release.CodeDownloadNotFound, "There is no such product.")
	}
	return p, err
}

// licenseOf finds the license of the product that key opens. Its status is the caller's business.
func (a *api) licenseOf(ctx context.Context, key string, p release.Product) (license.CheckFacts, error) {
	facts, err := a.licenses.ReadForCheck(ctx, key)
	if errors.Is(err, license.ErrNotFound) {
		return facts, a.unknownKey(ctx, err)
	}
	if err == nil && facts.ProductID != p.ID {
		err = license.ErrProductMismatch
	}
	return facts, err
}
