package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// listPage asks for one page of a list and gives its status and the cursor of the next page.
func listPage(ctx context.Context, client *http.Client, address, token string) (status int, next string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var page struct {
		Next *string `json:"next"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		return resp.StatusCode, "", err
	}
	if page.Next != nil {
		next = url.QueryEscape(*page.Next)
	}
	return resp.StatusCode, next, nil
}
