package adminapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/keystead/keystead/internal/fail"
)

type uploadKey struct{}

type uploadInput struct {
	ByID
	Name string `query:"name" maxLength:"255" doc:"The file's name; a form's file brings its own"`
}

// uploadFile receives a file as it comes: nothing of it is held in memory.
func (a *API) uploadFile(ctx context.Context, in *uploadInput) (ReleaseFile, error) {
	name, content, err := fileOf(ctx, in.Name)
	if err != nil {
		return ReleaseFile{}, err
	}
	f, err := a.Releases.AddFile(ctx, in.ID, name, content, a.MaxUpload)
	if err != nil {
		// A connection that broke is no fault of ours.
		if cut := (*interrupted)(nil); errors.As(err, &cut) {
			return ReleaseFile{}, fail.Malformed(codeMalformed, "The upload could not be read to its end.").Because(err)
		}
		return ReleaseFile{}, err
	}
	return showFile(f), nil
}

// fileOf finds the file that a request brings: the body itself, or the first file of a form.
func fileOf(ctx context.Context, name string) (string, io.Reader, error) {
	r, ok := ctx.Value(uploadKey{}).(*http.Request)
	if !ok {
		return "", nil, errors.New("an upload without its request")
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		if media == mediaJSON {
			return "", nil, fail.Malformed(codeMediaType, "The body must be a file, or a form with one.")
		}
		if name == "" {
			return "", nil, fail.Invalid("name", "is required")
		}
		return name, source{r.Body}, nil
	}
	form, err := r.MultipartReader()
	if err != nil {
		return "", nil, fail.Malformed(codeMalformed, "The form can't be read.").Because(err)
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return "", nil, fail.Invalid("file", "is required")
		}
		if err != nil {
			return "", nil, fail.Malformed(codeMalformed, "The form can't be read.").Because(err)
		}
		if part.FileName() != "" {
			if name == "" {
				name = part.FileName()
			}
			return name, source{part}, nil
		}
	}
}

// source tells a broken upload from a broken disk.
type source struct{ io.Reader }

type interrupted struct{ error }

func (e *interrupted) Unwrap() error { return e.error }

func (s source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &interrupted{err}
	}
	return n, err
}
