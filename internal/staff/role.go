package staff

import "slices"

// Role says what somebody may do.
type Role string

// The roles.
const (
	Owner    Role = "owner"     // everything
	Billing  Role = "billing"   // what is sold, to whom and for how much
	Support  Role = "support"   // licenses and the people who hold them
	ReadOnly Role = "read_only" // looks, changes nothing
)

// Permission is something that a role or an API token allows. As a token's scope it is written the same.
type Permission string

// The permissions. What has no permission to read of its own (jobs, the audit log) is read with EventsRead.
const (
	LicensesRead   Permission = "licenses:read"
	LicensesWrite  Permission = "licenses:write"
	SalesRead      Permission = "sales:read" // orders, invoices, payments
	SalesWrite     Permission = "sales:write"
	CatalogRead    Permission = "catalog:read" // products, plans, prices, releases
	CatalogWrite   Permission = "catalog:write"
	DomainsRead    Permission = "domains:read" // their renewals, notices and what registries say included
	DomainsWrite   Permission = "domains:write"
	CustomersRead  Permission = "customers:read"
	CustomersWrite Permission = "customers:write" // acting for a customer included
	SettingsRead   Permission = "settings:read"
	SettingsWrite  Permission = "settings:write"
	StaffWrite     Permission = "staff:write"
	EventsRead     Permission = "events:read"
	JobsWrite      Permission = "jobs:write"
	TokensWrite    Permission = "tokens:write"
	KeysWrite      Permission = "keys:write" // those that sign leases, and their roots
)

// reading is what every role may do.
var reading = []Permission{LicensesRead, SalesRead, DomainsRead, CatalogRead, CustomersRead, EventsRead}

// permissions is what each role may do.
var permissions = map[Role][]Permission{
	Owner: slices.Concat(reading, []Permission{
		LicensesWrite, SalesWrite, DomainsWrite, CatalogWrite, CustomersWrite, SettingsRead, SettingsWrite, StaffWrite, JobsWrite, TokensWrite, KeysWrite,
	}),
	Billing:  slices.Concat(reading, []Permission{SalesWrite, DomainsWrite, CatalogWrite, CustomersWrite, SettingsRead, JobsWrite}),
	Support:  slices.Concat(reading, []Permission{LicensesWrite, CustomersWrite, JobsWrite}),
	ReadOnly: slices.Concat(reading, []Permission{SettingsRead}),
}

// Roles lists the roles, the mightiest first.
func Roles() []Role { return []Role{Owner, Billing, Support, ReadOnly} }

// Permissions lists every permission there is, sorted.
func Permissions() []Permission { return slices.Sorted(slices.Values(permissions[Owner])) }

// IsValid reports whether r is a role.
func (r Role) IsValid() bool { return permissions[r] != nil }

// Can reports whether r allows p.
func (r Role) Can(p Permission) bool { return slices.Contains(permissions[r], p) }

// IsValid reports whether p is a permission.
func (p Permission) IsValid() bool { return Owner.Can(p) }
