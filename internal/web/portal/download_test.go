package portal

import (
	"net/http"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/release"
)

func TestDownload(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	g, other := b.newGoods("tool", "Tool", 1, 0), b.newGoods("other", "Other", 1, 0)
	l := b.sell(marie, g)
	file := b.publish(g, "1.0.0", "tööl \"x\".zip", "the content", true)
	draft, foreign := b.publish(g, "2.0.0", "draft.zip", "secret", false), b.publish(other, "1.0.0", "other.zip", "secret", true)
	br := b.signedIn(marie)
	base := "/account/licenses/" + l.ID + "/files/"

	r := br.get(base + file.ID).is(200)
	if r.Body != "the content" {
		t.Errorf("content %q", r.Body)
	}
	for name, want := range map[string]string{"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Etag": `"` + file.SHA256 + `"`} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if d := r.Header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment; filename") {
		t.Errorf("disposition %s", d)
	}
	if part := br.send(http.MethodGet, base+file.ID, nil, "Range: bytes=4-6").is(206); part.Body != "con" {
		t.Errorf("a part: %q", part.Body)
	}
	br.send(http.MethodHead, base+file.ID, nil).is(200)

	for _, id := range []string{draft.ID, foreign.ID} {
		br.get(base + id).is(404).hides("secret")
	}
	br.get("/account/licenses/" + l.ID + "/releases").hides("draft.zip")

	ctx := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Ada"})
	must(b.Licenses.PlaceHold(ctx, l.ID, license.HoldStaff, ""))(t)
	br.get(base + file.ID).is(403).says("the license must be active")

	var results []string
	for _, d := range must(b.Releases.Downloads(t.Context(), l.ID, 10))(t) {
		results = append(results, d.Result)
	}
	if got := strings.Join(results, " "); got != license.CodeInactive+" "+release.Served {
		t.Errorf("the download log: %s", got)
	}
}

func TestOneOfEachProduct(t *testing.T) {
	t.Parallel()
	got := bestOfEach([]license.License{
		{ID: "1", ProductID: "a", Status: license.Expired},
		{ID: "2", ProductID: "b", Status: license.Active},
		{ID: "3", ProductID: "a", Status: license.Active},
		{ID: "4", ProductID: "a", Status: license.Suspended},
	})
	if len(got) != 2 || got[0].ID != "3" || got[1].ID != "2" {
		t.Errorf("%+v", got)
	}
}
