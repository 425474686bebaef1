package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// AssetPrefix is the path below which Assets must be mounted.
const AssetPrefix = "/assets/"

//go:embed assets
var assetFiles embed.FS

type asset struct {
	url     string
	kind    string
	plain   []byte
	gzipped []byte
}

var assets = loadAssets()

// loadAssets names every file after its content: the address changes with the content,
// so an answer may be kept for ever.
func loadAssets() map[string]*asset {
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	out := make(map[string]*asset, len(entries))
	for _, e := range entries {
		text, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(text)
		ext := path.Ext(e.Name())
		var z bytes.Buffer
		zw, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
		_, _ = zw.Write(text) // a bytes.Buffer takes everything
		_ = zw.Close()
		out[e.Name()] = &asset{
			url:     AssetPrefix + strings.TrimSuffix(e.Name(), ext) + "-" + hex.EncodeToString(sum[:6]) + ext,
			kind:    mime.TypeByExtension(ext),
			plain:   text,
			gzipped: z.Bytes(),
		}
	}
	return out
}

// AssetURL is the address of a file of the assets folder. It panics on a name that
// isn't there, which is a typing error in a template.
func AssetURL(name string) string {
	a, ok := assets[name]
	if !ok {
		panic("ui: no asset " + name)
	}
	return a.url
}

// Assets serves the style sheet, the script and the icon below AssetPrefix.
func Assets() http.Handler {
	byURL := make(map[string]*asset, len(assets))
	for _, a := range assets {
		byURL[a.url] = a
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := byURL[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Add("Vary", "Accept-Encoding")
		body := a.plain
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = a.gzipped
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}
