package licenseapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/license/lease"
)

func TestPublishedKeys(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		sh := openShop(t, s)
		get := func(slug string) (int, http.Header, string) {
			t.Helper()
			answer, err := http.Get(sh.url + "/.well-known/keystead/" + slug + "/jwks.json")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = answer.Body.Close() }()
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			return answer.StatusCode, answer.Header, string(body)
		}
		status, header, body := get("widget")
		if status != 200 || header.Get("Content-Type") != "application/jwk-set+json" || header.Get("Cache-Control") != "public, max-age=3600" {
			t.Fatalf("= %d %v %s", status, header, body)
		}
		var set struct{ Keys []map[string]string }
		if err := json.Unmarshal([]byte(body), &set); err != nil {
			t.Fatal(err)
		}
		all, err := sh.Keys.Of(t.Context(), "prd_widget")
		if err != nil || len(set.Keys) != len(all.Keys) {
			t.Fatalf("%d keys of %d, %v", len(set.Keys), len(all.Keys), err)
		}
		for i, k := range set.Keys {
			public, err := lease.DecodeKey(k["x"])
			if err != nil || k["kty"] != "OKP" || k["crv"] != "Ed25519" || k["alg"] != "EdDSA" || k["use"] != "sig" || k["kid"] != lease.Thumbprint(public) || k["x"] != all.Keys[i].PublicKey {
				t.Errorf("key %d: %v", i, k)
			}
		}
		if strings.Contains(body, `"d"`) {
			t.Error("a private part is published")
		}
		if status, _, body := get("nothing"); status != 404 {
			t.Errorf("= %d %s", status, body)
		}
	})
}
