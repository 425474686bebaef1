package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web/adminapi"
)

// client calls the store's local handler, in the server that runs on it or in this process.
type client struct {
	http  http.Client
	app   *app.App // nil: the store is open in a server
	close func() error
}

// host stands where the address of a server would: nobody looks it up.
const host = "http://keystead"

// dialServer returns a client of the server that runs on the data folder; nil if there is none.
func dialServer(ctx context.Context, dir string) *client {
	conn, err := app.DialSocket(ctx, dir)
	if err != nil {
		return nil
	}
	_ = conn.Close() // somebody answers
	t := &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return app.DialSocket(ctx, dir) },
	}
	return &client{http: http.Client{Transport: t}, close: func() error { return nil }}
}

// openedHere returns a client of a store that this process has opened.
func openedHere(a *app.App) *client {
	return &client{
		http: http.Client{Transport: inProcess{a.LocalHandler()}}, app: a,
		close: func() error { return a.Close(context.Background()) },
	}
}

// served reports whether a server has the store.
func (c *client) served() bool { return c.app == nil }

// get asks the admin API for something.
func (c *client) get(ctx context.Context, path string, out any) error {
	return c.call(ctx, http.MethodGet, adminapi.Base+path, nil, out)
}

// post lets the admin API do something.
func (c *client) post(ctx context.Context, path string, in, out any) error {
	return c.call(ctx, http.MethodPost, adminapi.Base+path, in, out)
}

// delete lets the admin API take something away.
func (c *client) delete(ctx context.Context, path string) error {
	return c.call(ctx, http.MethodDelete, adminapi.Base+path, nil, nil)
}

// upload sends a file to the admin API as it is read.
func (c *client) upload(ctx context.Context, path, mediaType string, file io.Reader, out any) error {
	path = adminapi.Base + path
	answer, err := c.send(ctx, http.MethodPost, path, mediaType, file)
	if err != nil {
		return err
	}
	return decode(answer, http.MethodPost, path, out)
}

// call makes one request with JSON both ways. What the handler refuses is an error of the same kind here.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	answer, err := c.open(ctx, method, path, in)
	if err != nil {
		return err
	}
	return decode(answer, method, path, out)
}

// decode reads an answer; nil: nobody wants it.
func decode(answer io.ReadCloser, method, path string, out any) error {
	defer func() { _ = answer.Close() }()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(answer).Decode(out); err != nil {
		return fmt.Errorf("the answer to %s %s can't be read: %w", method, path, err)
	}
	return nil
}

// open makes one request and returns the body of its answer.
func (c *client) open(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
	if in == nil {
		return c.send(ctx, method, path, "", nil)
	}
	text, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	return c.send(ctx, method, path, "application/json", bytes.NewReader(text))
}

func (c *client) send(ctx context.Context, method, path, mediaType string, body io.Reader) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, host+path, body)
	if err != nil {
		return nil, err
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", errors.Unwrap(err))
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer func() { _ = resp.Body.Close() }()
		return nil, refusal(resp)
	}
	return resp.Body, nil
}

// refusal is the error that an answer tells of, in the form of either API.
func refusal(resp *http.Response) error {
	var problem struct {
		adminapi.Problem
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("%s: %w", resp.Status, err)
	}
	if json.Unmarshal(text, &problem) != nil || problem.Code+problem.Error.Code == "" {
		return fmt.Errorf("the server answered %s: %s", resp.Status, strings.TrimSpace(string(text)))
	}
	if problem.Error.Code != "" {
		return &fail.Error{Code: problem.Error.Code, Detail: problem.Error.Message}
	}
	return &fail.Error{Code: problem.Code, Detail: problem.Detail, Fields: problem.Errors}
}

// explain is what a person is told of an error.
func explain(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	var e *fail.Error
	if !errors.As(err, &e) || e.Detail == "" {
		return err.Error()
	}
	text := e.Detail
	if len(e.Fields) > 1 {
		text = "several values are not valid"
		for _, f := range e.Fields {
			text += "\n  " + f.Field + " " + f.Message
		}
	} else if e.Field != "" && !strings.HasPrefix(text, e.Field) {
		text = e.Field + " " + text
	}
	if e.Err != nil {
		text += " (" + e.Err.Error() + ")"
	}
	return text
}
