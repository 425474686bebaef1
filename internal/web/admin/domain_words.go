package admin

import (
	"cmp"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/web/ui"
)

// renewalHoldWords say for what a paid renewal waits.
var renewalHoldWords = map[domainname.Hold]string{
	domainname.HeldTopUp: "Waits for the difference in price", domainname.HeldPrice: "Waits until the customer accepts the registry's price",
	domainname.HeldFunds: "Too little money at the registrar", domainname.HeldLock: "The registry has locked the name",
	domainname.HeldStaff: "Waits for “renew now”", domainname.HeldRegistry: "The registry refuses, or can't be reached",
}

// renewWord is what a renewal of a domain is called: in redemption it is a restore.
func renewWord(s domainname.Status) string {
	return yesNo(s == domainname.Redemption, "Restore", "Renew")
}

// kindWords say why a renewal was made.
var kindWords = map[domainname.RenewalKind]string{
	domainname.Automatic: "Automatic", domainname.Ordered: "Ordered", domainname.WithFree: "Free with a service", domainname.Manual: "By staff",
}

// stageWords say what a renewal takes on a day.
var stageWords = map[domainname.Stage]string{
	domainname.StageActive: "Plain renewal", domainname.StageGrace: "Plain renewal, with the grace fee", domainname.StageTooLate: "Too late for customers; staff may try",
	domainname.StageRedemption: "Restore, with the redemption fee", domainname.StageExpired: "Nothing is possible any more",
}

// sourceWords say who told a registry's date.
var sourceWords = map[domainname.Source]string{
	domainname.FromEPP: "Read over EPP", domainname.FromRegistrar: "Told by the registrar", domainname.FromStaff: "Entered by staff",
	domainname.FromImport: "Imported", domainname.Predicted: "Foretold, not read yet",
}

// findingWords say what a reading of a registry found.
var findingWords = map[string]string{
	"": "As stored", "same": "As stored", "corrected": "Corrected by a few days", "ahead": "The registry is whole years ahead", "held": "Held for review",
	"unreadable": "Not a date that can be true", "not_found": "The registry does not have it", "other_sponsor": "Another registrar has it", "failed": "Could not be read",
}

var findingTones = map[string]ui.Tone{"corrected": ui.Info, "ahead": ui.Info, "held": ui.Warn, "unreadable": ui.Warn, "not_found": ui.Danger, "other_sponsor": ui.Danger, "failed": ui.Warn}

func findingText(finding string) string { return cmp.Or(findingWords[finding], sentence(finding)) }

func findingBadge(finding string) ui.Cell {
	return ui.Cell{Badge: &ui.Badge{Text: findingText(finding), Tone: cmp.Or(findingTones[finding], ui.Success)}}
}

// stepWords are what may happen to a domain by itself.
var stepWords = map[string]string{
	"invoice": "Invoice", "no_invoice": "No invoice", "charge": "Charged", "renew": "Renewed at the registry", "term_ends": "End of the term", "last_day": "Last day of a plain renewal",
	"grace_ends": "End of grace", "redemption_ends": "End of redemption", "registry_date_moves": "The registry's date moves",
}

// stepFees are what the amount of a step is that asks for no payment by itself.
var stepFees = map[string]string{"last_day": "late fee", "grace_ends": "late fee", "redemption_ends": "redemption fee"}

func stepText(what string) string { return cmp.Or(stepWords[what], sentence(what)) }

// answerWords are what staff can say about a term that the registry has and nobody paid for.
var answerWords = []ui.Option{
	{Value: renewal.ExtendPaid, Label: "It is paid for", Hint: "Paid-through moves to the registry's date; nothing is asked of the customer."},
	{Value: renewal.InvoiceAgain, Label: "Invoice it again", Hint: "The customer is asked to pay for it."},
	{Value: renewal.LetGo, Label: "Let it go", Hint: "Nothing is invoiced and it is not renewed by itself any more. Where the registry takes its own year back, delete it there in time."},
}
