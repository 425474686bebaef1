package notice

import (
	"strings"

	"github.com/keystead/keystead/internal/civil"
)

// words are what builders write themselves. The rest is in the templates.
type words struct {
	reference string // to name with a bank transfer; before the invoice's number
	credit    string // what a payment out of the customer's credit is paid by
	cycles    map[civil.Cycle]string
	reasons   map[string]string // why a charge failed, by the gateway's code

	undelivered, undeliveredText string // invoice, what, error
	question                     string
	webhook, webhookText         string // address
	gone, failing                string // why a webhook was switched off

	orders, payments, renewals                 string // what happened
	failures, mails, lines, tasks, jobs, items string // what a person should look at
}

var languages = map[string]*words{
	"en": {
		reference: "Reference", credit: "your credit",
		cycles: map[civil.Cycle]string{
			civil.OneTime: "once", civil.Monthly: "monthly", civil.Quarterly: "quarterly", civil.SemiAnnual: "every six months",
			civil.Annual: "yearly", civil.Biennial: "every two years", civil.Triennial: "every three years",
		},
		reasons: map[string]string{
			"card_declined":         "The bank declined the payment.",
			"insufficient_funds":    "There is not enough money on the account.",
			"no_such_method":        "The saved payment method can no longer be charged.",
			"expired_card":          "The card has expired.",
			"authentication_failed": "The payment was not confirmed with the bank.",
			"cancelled":             "The payment was not confirmed with the bank.",
			"not_honoured":          "The bank did not pay.",
		},
		undelivered:     "Something that was paid could not be delivered",
		undeliveredText: "Invoice %s, %s: %s\n\nIt is tried again by itself for half a day. You can also try it again by hand, or revoke it.",
		question:        "Something needs a person",
		webhook:         "A webhook was switched off",
		webhookText:     "%s\n%s\n\nWhat happens meanwhile is not sent there. Switch it on again once it answers.",
		gone:            "It answered that it is gone for good.",
		failing:         "It has been failing for days.",
		orders:          "New orders", payments: "Payments received", renewals: "Renewals paid",
		failures: "Payments that failed", mails: "Mails that could not be sent", lines: "Paid lines that could not be delivered",
		tasks: "Open tasks", jobs: "Jobs that failed", items: "Items of the automation that failed",
	},
	"de": {
		reference: "Verwendungszweck", credit: "Ihr Guthaben",
		cycles: map[civil.Cycle]string{
			civil.OneTime: "einmalig", civil.Monthly: "monatlich", civil.Quarterly: "vierteljährlich", civil.SemiAnnual: "halbjährlich",
			civil.Annual: "jährlich", civil.Biennial: "alle zwei Jahre", civil.Triennial: "alle drei Jahre",
		},
		reasons: map[string]string{
			"card_declined":         "Die Bank hat die Zahlung abgelehnt.",
			"insufficient_funds":    "Das Konto ist nicht gedeckt.",
			"no_such_method":        "Die hinterlegte Zahlungsart kann nicht mehr belastet werden.",
			"expired_card":          "Die Karte ist abgelaufen.",
			"authentication_failed": "Die Zahlung wurde bei der Bank nicht bestätigt.",
			"cancelled":             "Die Zahlung wurde bei der Bank nicht bestätigt.",
			"not_honoured":          "Die Bank hat nicht gezahlt.",
		},
		undelivered:     "Etwas Bezahltes konnte nicht geliefert werden",
		undeliveredText: "Rechnung %s, %s: %s\n\nEs wird einen halben Tag lang von selbst wieder versucht. Sie können es auch von Hand versuchen oder zurücknehmen.",
		question:        "Etwas braucht einen Menschen",
		webhook:         "Ein Webhook wurde abgeschaltet",
		webhookText:     "%s\n%s\n\nWas inzwischen geschieht, wird nicht dorthin gesendet. Schalten Sie ihn wieder ein, sobald er antwortet.",
		gone:            "Er hat geantwortet, dass es ihn nicht mehr gibt.",
		failing:         "Er antwortet seit Tagen nicht richtig.",
		orders:          "Neue Bestellungen", payments: "Eingegangene Zahlungen", renewals: "Bezahlte Verlängerungen",
		failures: "Fehlgeschlagene Zahlungen", mails: "Nicht zustellbare Mails", lines: "Bezahlte Posten, die nicht geliefert werden konnten",
		tasks: "Offene Aufgaben", jobs: "Fehlgeschlagene Arbeiten", items: "Fehlgeschlagene Posten der Automatik",
	},
}

// wordsOf returns the words of the language of a BCP 47 tag.
func wordsOf(tag string) *words {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if w, ok := languages[base]; ok {
		return w
	}
	return languages["en"]
}
