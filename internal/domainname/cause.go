package domainname

// Why a paid renewal waits, or needs a person: codes, as programs and the history have them. A refusal of section 3 of the
// specification is one, too; [Renewal.Why] says each to people.
const (
	WaitsForFee     = "fee_unpaid"        // what its stage costs besides is not paid yet
	WaitsForStage   = "stage_changed"     // its stage changed before the money came
	WaitsForMoney   = "money_away"        // its payment was taken back or is disputed
	WaitsForAccount = "account_held"      // the payment of another renewal of its customer is disputed
	WaitsForStaff   = "sent_by_staff"     // the store does not send renewals by itself
	WaitsForPremium = "premium"           // the registry asks for more for the name than was paid
	WaitsForRestore = "redemption"        // the registry has it in redemption, which costs more
	WaitsForQuote   = string(QuoteNeeded) // nobody has said yet what it costs
	WaitsForFunds   = "funds"             // the account at the registrar has too little money
	WaitsForLock    = "lock"              // the registry has locked the name, or our own lock can't be lifted
	WaitsForWindow  = string(TooEarly)    // the registry takes it later
	WaitsForCap     = string(OverCap)     // as above: it would end too far ahead now
	NoPolicy        = "no_policy"         // the extension has none
	NoRegistrar     = "no_registrar"      // nobody can be asked
	NoCommand       = "no_command"        // the registrar offers neither a renewal nor a mode
	NoRestore       = "no_restore"        // the registrar does not offer the report of a restore
	NoAnswer        = "no_answer"         // the registrar has not answered
	RefusedAgain    = "refused_again"     // it was sent again and again, and not done
	SentBefore      = "sent_before"       // it may have been sent before, and nothing tells
	Refused         = "refused"           // the registrar does not want to
	RefusedLater    = "message"           // a message of the registry, or its date, says otherwise than its answer
	RefusedByHand   = "by_hand"           // whoever works with the registrar by hand could not
	RefusedMode     = "mode"              // the registrar did not set the renewal mode
	NotOurs         = "not_ours"          // the registrar says that it is not ours, and the registry that it is
	OurFault        = "our_fault"         // the registrar does not understand, or allow, the command
	Deleting        = "deleted"           // the registry is about to delete it
	OddDate         = "date"              // the registry's date fits nothing
)

var whyWords = map[string]string{
	WaitsForFee:     "its fee is not paid yet",
	WaitsForStage:   "more is asked for since it was invoiced, as a later stage has begun",
	WaitsForMoney:   "its payment was taken back or is disputed",
	WaitsForAccount: "the payment of another renewal of the customer is disputed",
	WaitsForStaff:   "renewals are sent by staff",
	WaitsForPremium: "the registry asks for more than was paid for this premium name",
	WaitsForRestore: "the registry has put it into redemption",
	WaitsForQuote:   "its price must be quoted first",
	WaitsForFunds:   "the account at the registrar has not enough funds",
	WaitsForLock:    "it is locked against renewals",
	WaitsForWindow:  "the registry does not take it yet",
	WaitsForCap:     "it would end more than ten years from now",
	NoPolicy:        "its extension has no policy",
	NoRegistrar:     "it has no registrar",
	NoCommand:       "the registrar offers neither a renew command nor a renewal mode",
	NoRestore:       "the registrar does not offer the report of a restore, for which the registry waits",
	NoAnswer:        "the registrar has not answered",
	RefusedAgain:    "it was sent again and again, and not done",
	SentBefore:      "it may have been sent before: look at the registrar",
	Refused:         "the registrar has refused it",
	RefusedLater:    "the registry took it on, and did not do it",
	RefusedByHand:   "it could not be done by hand",
	RefusedMode:     "the registrar did not set the renewal mode",
	NotOurs:         "the registrar says that it is not ours, and the registry that it is",
	OurFault:        "the registrar does not understand the command, or does not allow it",
	Deleting:        "the registry is about to delete it",
	OddDate:         "the registry's date fits nothing",

	string(TooLate):       "it is too late for a renewal",
	string(NotActive):     "it is not active",
	string(RegistryLimit): "the registry does not take this term now",
}

// Because is the cause of a renewal that waits, needs a person or is over. One that goes on tells nothing of what it waited for
// before, only that staff have released it. Empty: there is none.
func (r Renewal) Because() string {
	if r.State.Open() && r.State != RenewalHeld && r.State != RenewalAttention && r.Cause != ByStaffsWord {
		return ""
	}
	return r.Cause
}

// Why says to staff why a renewal is where it is: [Renewal.Because] in words. The cause of one that is over may be words already,
// of whoever ended it.
func (r Renewal) Why() string {
	cause := r.Because()
	if words, ok := whyWords[cause]; ok {
		return words
	}
	return cause
}
