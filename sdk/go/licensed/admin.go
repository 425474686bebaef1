package licensed

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Admin gates the admin area: next while the license is [Valid], [Due] or in [Grace]; else a page that says why it is
// off and how to mend it. Opening a closed area asks the server anew, at most once a minute, so that a payment or a
// mended line shows soon.
//
// It belongs inside the application's own sign-in, and [License.Page] outside of it. Pages for the public are never
// gated.
func (l *License) Admin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st, _ := l.check(r.Context(), opening, true)
		if st.State.Open() {
			next.ServeHTTP(w, r)
			return
		}
		l.refuse(w, r, st)
	})
}

// refuse answers a request to the admin area while it is off.
func (l *License) refuse(w http.ResponseWriter, r *http.Request, st Status) {
	w.Header().Set("Cache-Control", "no-store")
	accept := r.Header.Get("Accept")
	if strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{
			"code": "LICENSE_" + strings.ToUpper(string(st.State)), "reason": string(st.code()),
			"message": st.Sentence(), "license_page": l.cfg.PageURL,
		}})
		return
	}
	v := view{Title: "Admin area is off", Info: l.Info(), PageURL: l.cfg.PageURL}
	v.Sentence, v.Help, v.Status = st.Sentence(), l.Help(st.code()), st
	render(w, http.StatusForbidden, "refusal", v)
}
