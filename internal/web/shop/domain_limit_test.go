package shop

import (
	"strconv"
	"testing"
)

// Each name that is looked for, or put into a cart, is questions to registrars: who asks too often is told when to come back.
func TestSearchesAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sellsNames()
	br := b.browser()
	br.post("/domains/cart", "name", "mine.example", "act", "register", "years", "1").to("/cart")
	for i := range perSearch.Count - 1 {
		br.get("/domains?q=name" + strconv.Itoa(i) + ".example").is(200)
	}
	page := br.get("/domains?q=late.example").is(429).says("You have looked for many names", "Try again in ", "minute", "stays there", `value="late.example"`)
	if page.Header.Get("Retry-After") == "" {
		t.Error("it is not said when to come back")
	}
	br.post("/domains/cart", "name", "other.example", "act", "register", "years", "1").toward("/domains")
	br.get("/domains").is(200).says("You have looked for many names")
	br.get("/cart").is(200).says("mine.example").hides("other.example")
	elsewhere := b.browser()
	elsewhere.ip = "198.51.100.7"
	elsewhere.get("/domains?q=late.example").is(200).says("late.example")
}
