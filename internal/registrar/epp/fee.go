package epp

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Fee is what a command is agreed to cost. The amount is a decimal with the currency's own number of decimals.
type Fee struct {
	Currency string
	Amount   string
}

// Charged is what a registry says that it took.
type Charged struct {
	Currency string
	Fees     []string
	Balance  string
}

// FeeCommand is a command whose price is asked.
type FeeCommand struct {
	Command string // create, renew, transfer, restore
	Years   int    // 0: as the registry counts
}

// Quote is the price of one command for one name.
type Quote struct {
	Name     string
	Free     bool // to be registered
	Class    string
	Currency string
	Command  string
	Years    int
	Standard bool // the usual price, not that of a premium name
	Fees     []string
	Reason   string // why there is no price
}

// usual reports whether it is not the price of a premium name.
func (q Quote) usual() bool { return q.Standard || strings.EqualFold(q.Class, "standard") }

// CheckFees asks what commands cost. The currency is always named: some registries drop the connection otherwise.
func (c *Client) CheckFees(ctx context.Context, trid, currency string, commands []FeeCommand, names ...string) ([]Quote, error) {
	a, err := c.do(ctx, checkCommand(trid, names, func(w *writer) {
		w.open("fee:check", "xmlns:fee", nsFee)
		w.currency(currency)
		for _, asked := range commands {
			w.open("fee:command", "name", asked.Command)
			if asked.Years != 0 {
				w.period("fee:period", asked.Years)
			}
			w.close("fee:command")
		}
		w.close("fee:check")
	}))
	if err != nil {
		return nil, err
	}
	free := map[string]bool{}
	for _, name := range a.availability() {
		free[name.Name] = name.Free
	}
	return a.quotes(free), nil
}

func (a *answer) quotes(free map[string]bool) []Quote {
	data := a.extension.child(nsFee, "chkData")
	var quotes []Quote
	for _, cd := range data.all(nsFee, "cd") {
		name := cd.value(nsFee, "objID")
		for _, q := range cd.all(nsFee, "command") {
			reason := q.value(nsFee, "reason")
			if reason == "" {
				reason = cd.value(nsFee, "reason")
			}
			quotes = append(quotes, Quote{
				Name: name, Free: free[name], Class: cd.value(nsFee, "class"), Currency: data.value(nsFee, "currency"),
				Command: q.attr("name"), Years: years(q.child(nsFee, "period")), Standard: boolean(q.attr("standard")) || unclassed(cd, q),
				Fees: q.values(nsFee, "fee"), Reason: reason,
			})
		}
	}
	return quotes
}

// unclassed reports whether the registry says nothing of classes: it makes no use of them, then (RFC 8748, section 3.7), and
// all of its prices are the usual ones.
func unclassed(object, command *element) bool {
	return object.value(nsFee, "class") == "" && command.attr("standard") == ""
}

// years reads a period; 0 if it isn't one of years.
func years(period *element) int {
	if period.attr("unit") != "y" {
		return 0
	}
	return number(period.content())
}

// number reads a count; 0 if it is none.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// charged reads what a command cost.
func (a *answer) charged(tag string) Charged {
	data := a.extension.child(nsFee, tag)
	return Charged{Currency: data.value(nsFee, "currency"), Fees: data.values(nsFee, "fee"), Balance: data.value(nsFee, "balance")}
}

// feeOf writes the agreement to a price; nil for none.
func feeOf(command string, fee *Fee) func(*writer) {
	if fee == nil {
		return nil
	}
	return func(w *writer) {
		w.open("fee:"+command, "xmlns:fee", nsFee)
		w.currency(fee.Currency)
		if !amount.MatchString(fee.Amount) {
			w.fail(fmt.Errorf("fee of %q", fee.Amount))
		}
		w.leaf("fee:fee", fee.Amount)
		w.close("fee:" + command)
	}
}

var (
	amount       = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,4})?$`)
	currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)
)

func (w *writer) currency(code string) {
	if !currencyCode.MatchString(code) {
		w.fail(fmt.Errorf("currency %q", code))
	}
	w.leaf("fee:currency", code)
}
