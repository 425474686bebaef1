package notice

import "strings"

// Where the buttons of mails lead.
const (
	methodsLink = "/account/payment-methods"
	licenseLink = "/account/licenses"
	namesLink   = "/domains"
	adminLink   = "/admin"
	tasksLink   = "/admin/tasks"
)

func invoiceLink(id string) string      { return "/account/invoices/" + id }
func subscriptionLink(id string) string { return "/account/subscriptions/" + id }
func domainLink(id string) string       { return "/account/domains/" + id }
func noteLink(id string) string         { return "/account/credit-notes/" + id }
func shopLink(slug string) string       { return "/products/" + slug }

// reviveLink buys a subscription for a license that has expired.
func reviveLink(price, license string) string { return "/buy/" + price + "?license=" + license }

// staffPages are the pages of records, by the prefix of their ids.
var staffPages = map[string]string{
	"inv": "/admin/invoices/", "ord": "/admin/orders/", "sub": "/admin/subscriptions/", "cus": "/admin/customers/", "lic": "/admin/licenses/",
	"whe": "/admin/webhooks/", "dom": "/admin/domains/",
}

// staffLink is where staff see something: its own page, if it has one.
func staffLink(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	if page, ok := staffPages[prefix]; ok {
		return page + id
	}
	return adminLink
}
