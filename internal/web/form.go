package web

import (
	"errors"
	"net/http"

	"github.com/keystead/keystead/internal/fail"
)

// ReadForm reads the form in a request's body, which may be limit bytes long. Handlers read what it holds with
// PostFormValue. Without it, a form of any length would be kept, most of it in temporary files, for whoever sends it.
func ReadForm(w http.ResponseWriter, r *http.Request, limit int64) error {
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	err := r.ParseForm()
	if err == nil {
		err = r.ParseMultipartForm(limit)
	}
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil, errors.Is(err, http.ErrNotMultipart):
		return nil
	case errors.As(err, &tooLarge):
		return fail.TooLarge("The form is too large.").Because(err)
	default:
		return fail.Malformed("INVALID_REQUEST", "The form can't be read.").Because(err)
	}
}

// FormStatus is the status of a form that comes back with err, and tells the client when to send it again if err knows.
func FormStatus(w http.ResponseWriter, err error) int {
	e := fail.Of(err)
	SetRetryAfter(w, e)
	if e.Kind == fail.KindUnauthenticated {
		return http.StatusUnprocessableEntity // 401 would make the browser ask
	}
	return e.Kind.Status()
}
