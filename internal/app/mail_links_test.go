package app

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/web/admin"
	"github.com/keystead/keystead/internal/web/portal"
	"github.com/keystead/keystead/internal/web/shop"
)

// linksIn are all paths that a mail's data holds.
func linksIn(v reflect.Value) (links []string) {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); strings.HasPrefix(s, "/") {
			return []string{s}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			links = append(links, linksIn(v.Field(i))...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			links = append(links, linksIn(v.Index(i))...)
		}
	default:
	}
	return links
}

// Every link of every kind of mail, as previews show it, is the address of a page.
func TestLinksOfMailsLeadSomewhere(t *testing.T) {
	t.Parallel()
	router := http.NewServeMux()
	for _, pattern := range slices.Concat(admin.Patterns(), portal.Patterns(), shop.Patterns()) {
		router.Handle(pattern, http.NotFoundHandler())
	}
	n := 0
	for _, kind := range mail.Kinds() {
		for _, link := range linksIn(reflect.ValueOf(kind.Sample)) {
			n++
			q := httptest.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
			if _, pattern := router.Handler(q); pattern == "" {
				t.Errorf("%s leads to %s, where nothing is", kind.Kind, link)
			}
			if staff := strings.HasPrefix(link, "/admin"); staff != kind.Staff {
				t.Errorf("%s leads to %s", kind.Kind, link)
			}
		}
	}
	if n < len(mail.Kinds()) {
		t.Errorf("only %d links in %d kinds of mails", n, len(mail.Kinds()))
	}
}
