package cli

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// inProcess is a transport that ends in a handler of this process. The answer is read while the handler writes it.
type inProcess struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	body, pipe := io.Pipe()
	a := &pipedAnswer{header: http.Header{}, body: pipe, begun: make(chan struct{})}
	go func() {
		defer func() {
			// A handler that gives up in the middle of an answer panics with ErrAbortHandler.
			err := error(nil)
			if p := recover(); p != nil {
				if cause, ok := p.(error); !ok || !errors.Is(cause, http.ErrAbortHandler) {
					panic(p)
				}
				err = io.ErrUnexpectedEOF
			}
			a.WriteHeader(http.StatusOK)
			_ = pipe.CloseWithError(err)
		}()
		t.handler.ServeHTTP(a, in)
	}()
	<-a.begun
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.sent, Body: body, ContentLength: -1, Request: r,
	}, nil
}

// pipedAnswer is a http.ResponseWriter.
type pipedAnswer struct {
	header, sent http.Header
	status       int
	body         *io.PipeWriter
	once         sync.Once
	begun        chan struct{} // closed when status and sent are set
}

func (a *pipedAnswer) Header() http.Header { return a.header }

func (a *pipedAnswer) WriteHeader(status int) {
	a.once.Do(func() {
		a.status, a.sent = status, a.header.Clone()
		close(a.begun)
	})
}

func (a *pipedAnswer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// Flush implements http.Flusher: everything is passed on at once.
func (a *pipedAnswer) Flush() { a.WriteHeader(http.StatusOK) }
