package cli

import (
	"context"
	"errors"
	"net/url"
	"strings"
)

// with reaches the store, lets f use it, and leaves it.
func (f *storeFlags) with(ctx context.Context, s *session, use func(*client) error) error {
	api, err := f.reach(ctx, s)
	if err != nil {
		return err
	}
	return errors.Join(use(api), api.close())
}

// adminPath is a path below the admin API, of parts that may hold anything.
func adminPath(parts ...string) string {
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return "/" + strings.Join(parts, "/")
}

// each walks through a list of the admin API, page by page.
func each[T any](ctx context.Context, api *client, path string, f func(T) error) error {
	address, err := url.Parse(path)
	if err != nil {
		return err
	}
	for {
		var page struct {
			Data []T     `json:"data"`
			Next *string `json:"next"`
		}
		if err := api.get(ctx, address.String(), &page); err != nil {
			return err
		}
		for _, item := range page.Data {
			if err := f(item); err != nil {
				return err
			}
		}
		if page.Next == nil {
			return nil
		}
		q := address.Query()
		q.Set("cursor", *page.Next)
		address.RawQuery = q.Encode()
	}
}
