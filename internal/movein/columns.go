package movein

import (
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/fail"
)

// The columns that are read, by the names that errors use where the file has no better one.
const (
	colKey         = "license_key"
	colEmail       = "email"
	colName        = "name"
	colFirstName   = "first_name"
	colLastName    = "last_name"
	colCompany     = "company"
	colProduct     = "product"
	colProductNo   = "product_id"
	colServiceNo   = "service_id"
	colPlan        = "plan"
	colStatus      = "status"
	colCreated     = "created_at"
	colExpires     = "expires_at"
	colDue         = "next_due_date"
	colSupport     = "support_until"
	colDomains     = "valid_domains"
	colIPs         = "valid_ips"
	colDirectories = "valid_directories"
	colActivations = "activations"
	colLimit       = "activation_limit"
	colReissues    = "reissues"
)

// aliases are what exports call each column, the likeliest first: letters and digits alone count.
var aliases = map[string][]string{
	colKey:         {"licensekey", "licencekey", "license", "licence", "key", "serial", "serialkey", "dlid", "downloadid"},
	colEmail:       {"email", "clientemail", "customeremail", "emailaddress", "useremail", "buyeremail"},
	colName:        {"clientname", "customername", "registeredname", "name", "fullname", "client", "customer", "username"},
	colFirstName:   {"firstname", "clientfirstname", "customerfirstname"},
	colLastName:    {"lastname", "clientlastname", "customerlastname"},
	colCompany:     {"companyname", "company", "clientcompany", "customercompany", "clientcompanyname"},
	colProduct:     {"product", "productname", "productslug", "extension"},
	colProductNo:   {"productid", "pid", "packageid"}, //nolint:misspell // so it is called
	colServiceNo:   {"serviceid", "hostingid", "relid"},
	colPlan:        {"plan", "planname", "licenseplan"},
	colStatus:      {"status", "licensestatus", "state"},
	colCreated:     {"regdate", "createdat", "created", "registrationdate", "datecreated", "createddate", "issuedat", "purchasedate", "purchasedat", "startdate"},
	colExpires:     {"expiresat", "expires", "expiry", "expirydate", "expirationdate", "expiration", "validuntil", "enddate"},
	colDue:         {"nextduedate", "nextdue", "duedate"},
	colSupport:     {"supportuntil", "updatesuntil", "supportandupdatesuntil", "supportexpiresat", "supportexpires", "supportenddate", "updatesexpire"},
	colDomains:     {"validdomain", "validdomains"},
	colIPs:         {"validip", "validips"},
	colDirectories: {"validdirectory", "validdirectories", "validdir"},
	colActivations: {"activations", "activationlist", "domains", "activateddomains", "activedomains", "sites", "identifiers", "domain"},
	colLimit:       {"activationlimit", "activationslimit", "maxactivations", "domainlimit", "maxdomains", "sitelimit", "limit"},
	colReissues:    {"reissues", "reissuecount"},
}

// columns are where a table has what is read.
type columns struct {
	header []string // as it is
	at     map[string]int
	unread []string // names of columns that are not read
}

// fold leaves letters and digits of a name.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return -1
		}
	}, name)
}

// headings are what a kind of table calls its columns, and which of them it can't do without.
type headings struct {
	aliases map[string][]string
	needed  []string
}

var licenseHeadings = headings{aliases, []string{colKey, colEmail}}

func columnsOf(header []string, of headings) (columns, error) {
	c := columns{header: header, at: map[string]int{}}
	names := make([]string, len(header))
	for i, h := range header {
		names[i] = fold(h)
	}
	read := make([]bool, len(header))
	for column, known := range of.aliases {
		for _, alias := range known {
			if i := slices.Index(names, alias); i >= 0 {
				c.at[column], read[i] = i, true
				break
			}
		}
	}
	// WHMCS has the domain of the hosting beside those that the license is bound to.
	if i, ok := c.at[colActivations]; ok && c.has(colDomains) && (names[i] == "domain" || names[i] == "domains") {
		delete(c.at, colActivations)
		read[i] = false
	}
	// A column that is only called "name" is the domain's where none is called so, else the customer's.
	if i, ok := c.at[colName]; ok && c.has(colDomain) && c.at[colDomain] == i {
		delete(c.at, colName)
	}
	for i, h := range header {
		if !read[i] && strings.TrimSpace(h) != "" {
			c.unread = append(c.unread, strings.TrimSpace(h))
		}
	}
	var bad fail.Fields
	for _, needed := range of.needed {
		if !c.has(needed) {
			bad.Add("file", "has no column for "+needed+": its first line must name it "+strings.Join(of.aliases[needed][:3], ", ")+" or alike")
		}
	}
	return c, bad.Err()
}

func (c columns) has(column string) bool {
	_, ok := c.at[column]
	return ok
}

// name is what the table calls a column.
func (c columns) name(column string) string {
	if i, ok := c.at[column]; ok {
		return strings.TrimSpace(c.header[i])
	}
	return column
}
