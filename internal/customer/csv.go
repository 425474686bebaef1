package customer

import "time"

// CSVHeader names the columns of [Customer.CSV].
var CSVHeader = []string{"id", "email", "name", "company", "country", "state", "address", "tax_id", "language", "currency", "time_zone", "created_at"}

// CSV returns the customer as a row of an export.
func (c Customer) CSV() []string {
	return []string{
		c.ID, c.Email, c.Name, c.Company, c.Country, c.State, c.Address, c.TaxID, c.Language, string(c.Currency), c.TimeZone,
		c.CreatedAt.Format(time.RFC3339),
	}
}
