package check

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/lease"
)

// FileRequest is a request file: how an installation that can't reach this server asks for a lease.
type FileRequest struct {
	Product    string `json:"product"`
	Key        string `json:"license_key"`
	Identifier string `json:"identifier"`
	Nonce      string `json:"nonce"`
	Version    string `json:"version"`
	Domain     string `json:"domain"`
	IP         string `json:"ip"`
	Directory  string `json:"directory"`
}

// MaxRequestFile is the most bytes that a request file has. Those of the libraries have a few hundred.
const MaxRequestFile = 16 << 10

// errNoRequestFile answers what is no request file at all.
var errNoRequestFile = fail.Invalid("request", "is not a request file. Make one on the License Information page of the installation, and take it as it is")

// ParseFileRequest reads a request file. Errors name the member that is wrong.
func ParseFileRequest(raw []byte) (FileRequest, error) {
	var r FileRequest
	if len(raw) > MaxRequestFile {
		return r, fail.Invalid("request", fmt.Sprintf("is larger than %d KB, so it is not a request file", MaxRequestFile>>10))
	}
	raw = []byte(strings.TrimSpace(strings.TrimPrefix(string(raw), "\uFEFF")))
	if len(raw) == 0 {
		return r, fail.Invalid("request", "is empty")
	}
	if !utf8.Valid(raw) || raw[0] != '{' {
		return r, errNoRequestFile
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		var typed *json.UnmarshalTypeError
		if errors.As(err, &typed) && typed.Field != "" {
			return r, fail.Invalid(typed.Field, "is not a text")
		}
		return r, errNoRequestFile.Because(err)
	}
	return r, r.check()
}

// mostText bounds the members that nothing else bounds.
const mostText = 1024

func (r *FileRequest) check() error {
	var bad fail.Fields
	required := func(name, value, remedy string) {
		if value == "" {
			bad.Add(name, "is missing"+remedy)
		}
	}
	required("product", r.Product, "")
	required("license_key", r.Key, "")
	required("identifier", r.Identifier, ": the software must say what it is installed on (Identifier in its configuration), as a lease file takes an activation")
	switch {
	case r.Nonce == "":
		bad.Add("nonce", "is missing")
	case !lease.IsNonce(r.Nonce):
		bad.Add("nonce", "is not 1 to 128 letters, digits, hyphens and underscores")
	}
	for _, m := range []struct{ name, value string }{
		{"product", r.Product},
		{"license_key", r.Key},
		{"identifier", r.Identifier},
		{"version", r.Version},
		{"domain", r.Domain},
		{"ip", r.IP},
		{"directory", r.Directory},
	} {
		if len(m.value) > mostText || strings.Contains(m.value, "\x00") {
			bad.Add(m.name, "is no text that can be right")
		}
	}
	return bad.Err()
}

// fileTries is how often a lease is made anew because its license has changed while it was made.
const fileTries = 5

// File answers the request file of an installation of a license with a lease file. It activates the identifier if that
// is not active, and binds what is open, as a check would. The same request again gets the same file and takes no
// further place.
func (s *Service) File(ctx context.Context, licenseID string, f FileRequest, from netip.Addr) (license.LeaseFile, error) {
	if err := f.check(); err != nil {
		return license.LeaseFile{}, err
	}
	days, err := s.Licenses.FileDays(ctx, licenseID)
	if err != nil {
		return license.LeaseFile{}, err
	}
	r := Request{
		Key: f.Key, Product: f.Product, Identifier: f.Identifier, Version: f.Version, From: from,
		Place: license.Place{Domain: f.Domain, IP: f.IP, Directory: f.Directory},
	}
	// A file is there after its activation is: looked at in this order, one that is made just now is not taken for one whose
	// activation was removed.
	before, answered, err := s.Licenses.FileOf(ctx, licenseID, f.Nonce)
	if err != nil {
		return license.LeaseFile{}, err
	}
	a, err := s.mayHaveFile(ctx, licenseID, r)
	if err != nil {
		return license.LeaseFile{}, err
	}
	if answered {
		return sameAgain(a, before)
	}
	if _, err := s.Activate(ctx, r, ""); err != nil {
		return license.LeaseFile{}, ofField("identifier", err)
	}
	if a.Places.Open(a.Place) {
		if _, err := s.Licenses.Bind(ctx, licenseID, r.Place); err != nil {
			return license.LeaseFile{}, err
		}
	}
	for range fileTries {
		made, version, err := s.makeFile(ctx, licenseID, r, f.Nonce, days)
		if err == nil {
			made, err = s.Licenses.KeepFile(ctx, made, version)
		}
		if !errors.Is(err, license.ErrFileStale) {
			return made, err
		}
	}
	return license.LeaseFile{}, fail.Conflict("LICENSE_CHANGES", "The license is being changed right now. Please try again.").Because(license.ErrFileStale)
}

// mayHaveFile refuses a request that is not about the license, and a license that would not run there.
func (s *Service) mayHaveFile(ctx context.Context, licenseID string, r Request) (Answer, error) {
	a, err := s.again(ctx, r, s.Clock.Now())
	switch {
	case errors.Is(err, license.ErrNotFound) || err == nil && a.ID != licenseID:
		return a, fail.Invalid("license_key", "is not the key of this license. Open the page of the license that the installation has the key of")
	case err != nil:
		return a, ofField("identifier", err)
	case a.Key != r.Key && a.Key != strings.ToUpper(r.Key) && a.Key != strings.ToLower(r.Key):
		// The lease names the key as it was issued, and without the server the installation can't learn how that is written.
		return a, fail.Invalid("license_key", "differs from the license's in upper and lower case. Make a new request file with the key as it stands on the license's page")
	case !a.IsProduct(r.Product):
		return a, fail.Invalid("product", fmt.Sprintf("is %s, and this license is for %s", r.Product, a.ProductSlug))
	}
	return a, refusalOf(a, r)
}

// ofField makes an error of the license API about a member one of the file.
func ofField(field string, err error) error {
	e := fail.Of(err)
	if e.Kind != fail.KindMalformed {
		return err
	}
	return fail.Invalid(field, strings.TrimPrefix(e.Detail, field+" ")).Because(err)
}

// refusalOf says why no lease file is made for what would not be valid; nil if it would.
func refusalOf(a Answer, r Request) error {
	if a.Valid {
		return nil
	}
	elsewhere := func(field, said string) error {
		if said == "" {
			return fail.Invalid(field, "is missing, and the license is bound to one")
		}
		return fail.Invalid(field, said+" is not where this license may be used. See the places it is bound to on its page")
	}
	switch a.Reason {
	case license.WrongDomain:
		return elsewhere("domain", r.Place.Domain)
	case license.WrongIP:
		return elsewhere("ip", r.Place.IP)
	case license.WrongDirectory:
		return elsewhere("directory", r.Place.Directory)
	case Banned:
		return fail.Conflict(license.CodeRefused, "Licenses can't be used there. Please ask our support.")
	case string(license.Expired):
		return fail.Conflict(license.CodeExpired, "The license has expired, so it gets no lease file. Renew it first.")
	default:
		return fail.Conflict(license.CodeInactive, fmt.Sprintf("The license is %s, so it gets no lease file.", a.Reason))
	}
}

// sameAgain hands out the file that answered the request before, as long as its activation is there.
func sameAgain(a Answer, before license.LeaseFile) (license.LeaseFile, error) {
	if !a.Activated || a.Identifier != before.Identifier {
		return license.LeaseFile{}, fail.Conflict("LEASE_FILE_USED", "This request was answered before, and its activation was removed since. Make a new request file in the installation.")
	}
	return before, nil
}

// makeFile signs a lease that lasts for days, and tells from which version of the license it was made.
func (s *Service) makeFile(ctx context.Context, licenseID string, r Request, nonce string, days int64) (license.LeaseFile, int64, error) {
	var none license.LeaseFile
	a, err := s.again(ctx, r, s.Clock.Now())
	if err != nil {
		return none, 0, err
	}
	if err := refusalOf(a, r); err != nil {
		return none, 0, err
	}
	if a.Reason != "" {
		return none, 0, license.ErrFileStale // its activation was removed, or its support ended, meanwhile
	}
	signer, c, err := s.claims(ctx, a, nonce)
	if err != nil {
		return none, 0, err
	}
	c.ID = s.Licenses.NewFileID()
	c.Times(a.At, lease.Terms{Interval: time.Duration(days) * 24 * time.Hour}, earlier(a.Until(), signer.Expires))
	return license.LeaseFile{
		ID: c.ID, LicenseID: licenseID, Identifier: a.Identifier, Nonce: nonce, ExpiresAt: c.Expires,
		Lease: string(signer.AppendSigned(nil, &c)),
	}, a.Version, nil
}

// FileContent is a lease file as it is handed out.
func FileContent(f license.LeaseFile) []byte {
	raw, err := json.Marshal(struct {
		Lease string `json:"lease"`
	}{f.Lease})
	if err != nil {
		panic("license/check: " + err.Error()) // a string always marshals
	}
	return append(raw, '\n')
}
