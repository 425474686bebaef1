package demo

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/keystead/keystead/internal/customer"
)

// person is a customer of the demo store.
type person struct {
	name, email, company, country, zone string
	domain                              string // where the software runs
}

// The first one is the customer whose password is printed. All addresses are reserved for examples.
var people = []person{
	{"Ada Marlowe", "ada@example.com", "Marlowe & Daughters", "GB", "Europe/London", "marlowe.example"},
	{"Jonas Lindqvist", "jonas@lindqvist.example", "Lindqvist Snickeri AB", "SE", "Europe/Stockholm", "lindqvist.example"},
	{"Marta Kowalczyk", "marta@zielony.example", "Zielony Ogród", "PL", "Europe/Warsaw", "zielony.example"},
	{"Tomás Herrera", "tomas@herrera.example", "", "ES", "Europe/Madrid", "herrera.example"},
	{"Claire Fontaine", "claire@atelier-fontaine.example", "Atelier Fontaine", "FR", "Europe/Paris", "atelier-fontaine.example"},
	{"Hiroshi Tanabe", "tanabe@minato-press.example", "Minato Press", "JP", "Asia/Tokyo", "minato-press.example"},
	{"Fatima El Idrissi", "fatima@riad-nour.example", "Riad Nour", "MA", "Africa/Casablanca", "riad-nour.example"},
	{"Lukas Baumgartner", "lukas@baumgartner.example", "Baumgartner Druck GmbH", "AT", "Europe/Vienna", "baumgartner.example"},
	{"Niamh O'Connell", "niamh@tideline.example", "Tideline Surf School", "IE", "Europe/Dublin", "tideline.example"},
	{"Priya Raman", "priya@raman-clinic.example", "Raman Clinic", "IN", "Asia/Kolkata", "raman-clinic.example"},
	{"Sven de Wit", "sven@dewit.example", "De Wit Logistiek", "NL", "Europe/Amsterdam", "dewit.example"},
	{"Beatriz Almeida", "beatriz@casa-almeida.example", "Casa Almeida", "PT", "Europe/Lisbon", "casa-almeida.example"},
	{"Grace Okafor", "grace@okafor-studio.example", "Okafor Studio", "NG", "Africa/Lagos", "okafor-studio.example"},
	{"Mikko Virtanen", "mikko@virtanen.example", "Virtanen Oy", "FI", "Europe/Helsinki", "virtanen.example"},
	{"Elena Petrova", "elena@petrova-books.example", "Petrova Books", "BG", "Europe/Sofia", "petrova-books.example"},
	{"Daniel Hartmann", "daniel@hartmann-it.example", "Hartmann IT", "DE", "Europe/Berlin", "hartmann-it.example"},
	{"Giulia Ferri", "giulia@ferri.example", "Cantine Ferri", "IT", "Europe/Rome", "ferri.example"},
	{"Samuel Reyes", "samuel@reyes-photo.example", "Reyes Photography", "US", "America/Chicago", "reyes-photo.example"},
	{"Ingrid Solberg", "ingrid@solberg.example", "Solberg Arkitekter", "NO", "Europe/Oslo", "solberg.example"},
	{"Owen Price", "owen@pricefarm.example", "", "GB", "Europe/London", "pricefarm.example"},
	{"Katarína Horváthová", "katarina@horvathova.example", "Horváthová Design", "SK", "Europe/Bratislava", "horvathova.example"},
	{"Ahmed Mansour", "ahmed@mansour-freight.example", "Mansour Freight", "EG", "Africa/Cairo", "mansour-freight.example"},
	{"Chloé Tremblay", "chloe@erabliere.example", "Érablière Tremblay", "CA", "America/Toronto", "erabliere.example"},
	{"Wei Zhang", "wei@harbourlight.example", "Harbourlight Pte Ltd", "SG", "Asia/Singapore", "harbourlight.example"},
	{"Rosa Jiménez", "rosa@jimenez.example", "", "MX", "America/Mexico_City", "jimenez.example"},
}

// join lets the customers appear, one by one, before each buys for the first time.
func (s *story) join(ctx context.Context, who int) error {
	if s.customers[who] != "" {
		return nil
	}
	p := people[who]
	made, err := s.Customers.Create(ctx, customer.Input{
		Email: p.email, Name: p.name, Company: p.company, Country: p.country, TimeZone: p.zone,
		Address: fmt.Sprintf("%d Example Street\n%s", 3*who+1, strings.ReplaceAll(path.Base(p.zone), "_", " ")),
	})
	if err != nil {
		return fmt.Errorf("customer %s: %w", p.email, err)
	}
	s.customers[who] = made.ID
	return nil
}
