package licensed

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Config is what the software knows of its license when it is built or started.
type Config struct {
	// Server is the URL of the license server. Empty: no server is ever asked; the license comes by lease files.
	Server string
	// Product is the slug of the product.
	Product string
	// RootKeys are the product's public root keys as the server shows them. Leases are trusted through them alone.
	RootKeys []string
	// Store is where key and lease are kept, see [File].
	Store *FileStore

	// Version of the software, and when it was released. Both may be left out.
	Version    string
	ReleasedAt time.Time

	// Identifier names the place that uses an activation: a domain (in its ASCII form), a device, a seat or an instance,
	// as the plan counts. Nil or an empty result: the license is not activated, only checked. [Fixed] gives a constant.
	Identifier func() string
	// Place is where the software runs, for licenses that are bound to one.
	Place func() Place

	// PageURL is where [License.Page] is mounted: where the admin area links to while it is off. Default /admin/license.
	PageURL string
	// HelpURL is the Troubleshooting page. The code of a reason is appended as a fragment.
	HelpURL string

	// Timeout bounds one exchange with the server, and so how long a check may wait. Default 5 s.
	Timeout time.Duration
	// Transport replaces the way to the server, for proxies and private certificate authorities.
	Transport http.RoundTripper
	// Now is the own clock. Default time.Now.
	Now func() time.Time
}

// Place is where the software runs. What a license is not bound to may be left out.
type Place struct {
	Domain, IP, Directory string
}

// Fixed returns a function that always returns v, for the members of [Config] that are functions.
func Fixed[T any](v T) func() T { return func() T { return v } }

const (
	defaultPageURL = "/admin/license"
	defaultHelpURL = "https://github.com/keystead/keystead/blob/main/docs/troubleshooting.md"
	defaultTimeout = 5 * time.Second
)

// License is the license of one installation. It is safe for use by several goroutines.
type License struct {
	cfg   Config
	roots []ed25519.PublicKey
	http  *http.Client
	limit *limiter

	turn chan struct{} // held by whoever speaks with the server and writes the store

	mu     sync.Mutex
	cache  *saved
	marks  marks // of the files when cache was read
	flight *flight
}

// New checks the configuration. It asks nobody and reads nothing, so a server that is away or a store that is damaged
// never keep the software from starting.
func New(cfg Config) (*License, error) {
	var bad []error
	if cfg.Server != "" {
		u, err := url.Parse(cfg.Server)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
			bad = append(bad, fmt.Errorf("licensed: Server %q is not an http or https URL", cfg.Server))
		}
		cfg.Server = strings.TrimRight(cfg.Server, "/")
	}
	if cfg.Product == "" {
		bad = append(bad, errors.New("licensed: Product is missing"))
	}
	if cfg.Store == nil || cfg.Store.path == "" {
		bad = append(bad, errors.New("licensed: Store is missing"))
	}
	if len(cfg.RootKeys) == 0 {
		bad = append(bad, errors.New("licensed: RootKeys are missing"))
	}
	l := &License{turn: make(chan struct{}, 1)}
	for _, x := range cfg.RootKeys {
		k, err := decodeKey(x)
		if err != nil {
			bad = append(bad, fmt.Errorf("licensed: root key %q %w", x, err))
			continue
		}
		l.roots = append(l.roots, k)
	}
	if len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	if cfg.Identifier == nil {
		cfg.Identifier = Fixed("")
	}
	if cfg.Place == nil {
		cfg.Place = Fixed(Place{})
	}
	if cfg.PageURL == "" {
		cfg.PageURL = defaultPageURL
	}
	if cfg.HelpURL == "" {
		cfg.HelpURL = defaultHelpURL
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	l.cfg = cfg
	l.http = newClient(cfg)
	l.limit = newLimiter(cfg.Now)
	return l, nil
}
