// Go-webapp is a small web application that is licensed by Keystead: a public page that always works, and an admin area
// that is off while there is no valid license. See README.md for its settings.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/keystead/keystead/sdk/go/licensed"
)

const version = "2.1.0"

var released = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

func main() {
	lic, err := license(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	go lic.Run(context.Background()) // looks each minute whether a check is due

	s := &http.Server{
		Addr: cmp.Or(os.Getenv("LICENSED_DEMO_LISTEN"), "127.0.0.1:8090"),
		Handler: routes(lic, accounts{
			name:     cmp.Or(os.Getenv("LICENSED_DEMO_ADMIN"), "admin"),
			password: cmp.Or(os.Getenv("LICENSED_DEMO_PASSWORD"), "demo"),
		}),
		ReadHeaderTimeout: 5 * time.Second,
	}
	log.Print("listening on http://", s.Addr)
	log.Fatal(s.ListenAndServe())
}

// license is all that the application has to do to be licensed, but for the routes.
func license(env func(string) string) (*licensed.License, error) {
	// Software in the field has them compiled in.
	roots := strings.FieldsFunc(env("LICENSED_DEMO_ROOT_KEYS"), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	var timeout time.Duration
	if text := env("LICENSED_DEMO_TIMEOUT"); text != "" {
		var err error
		if timeout, err = time.ParseDuration(text); err != nil {
			return nil, fmt.Errorf("LICENSED_DEMO_TIMEOUT: %w", err)
		}
	}
	return licensed.New(licensed.Config{
		Server:     env("LICENSED_DEMO_SERVER"),
		Product:    env("LICENSED_DEMO_PRODUCT"),
		RootKeys:   roots,
		Store:      licensed.File(filepath.Join(cmp.Or(env("LICENSED_DEMO_DATA"), "data"), "license.json")),
		Version:    cmp.Or(env("LICENSED_DEMO_VERSION"), version),
		ReleasedAt: released,
		Identifier: licensed.Fixed(env("LICENSED_DEMO_IDENTIFIER")),
		Place:      licensed.Fixed(licensed.Place{Domain: env("LICENSED_DEMO_DOMAIN"), IP: env("LICENSED_DEMO_IP"), Directory: env("LICENSED_DEMO_DIRECTORY")}),
		Timeout:    timeout,
		Now:        clock(env("LICENSED_DEMO_NOW")),
	})
}

// clock is the machine's, moved by the duration that a file holds ("168h"). It lets tests live through ten days.
func clock(file string) func() time.Time {
	if file == "" {
		return time.Now
	}
	return func() time.Time {
		raw, err := os.ReadFile(file)
		if err != nil {
			return time.Now()
		}
		offset, err := time.ParseDuration(strings.TrimSpace(string(raw)))
		if err != nil {
			log.Print("the clock's file holds no duration: ", err)
		}
		return time.Now().Add(offset)
	}
}
