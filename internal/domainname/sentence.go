package domainname

import (
	"fmt"
	"strings"

	"github.com/keystead/keystead/internal/civil"
)

// Sentence says why in one sentence for the customer, with the first or the last day where there is one. Languages are
// those of mails: "de", and English for all others.
func (r Refusal) Sentence(language string) string {
	if base, _, _ := strings.Cut(language, "-"); strings.EqualFold(base, "de") {
		return r.german()
	}
	return r.english()
}

func (r Refusal) english() string {
	switch r.Reason {
	case NotPriced:
		return "This term is not for sale."
	case OverCap:
		return "No registration may end more than ten years from now" + dated(r.FirstDay, ": possible from %s on", "en") + "."
	case TooEarly:
		return "It is too early for a renewal" + dated(r.FirstDay, ": possible from %s on", "en") + "."
	case TooLate:
		return "It is too late for a renewal" + dated(r.LastDay, ": the last day was %s", "en") + "."
	case RegistryLimit:
		return "The registry does not take this term now."
	case InRedemption:
		return "The registration has run out, and can only be restored" + dated(r.LastDay, ", until %s at the latest", "en") + "."
	case AlreadyOpen:
		return "A renewal of this domain is under way already."
	case FreeWithProduct:
		return "This domain is free with a service of yours, and renews when that is paid."
	case FreeNotBundled:
		return "This domain is free of charge; to have it renewed, write to us."
	case RegistryLock:
		return "The registry has locked this domain; write to us to have it renewed."
	case NotActive:
		if r.Deleting {
			return "This domain is being deleted at the registry; write to us at once if you want to keep it."
		}
		return "This domain is not active."
	case QuoteNeeded:
		return "The registry has to be asked for the price first; write to us."
	case OrdersOff:
		return "Renewals can't be ordered at the moment."
	}
	return string(r.Reason)
}

func (r Refusal) german() string {
	switch r.Reason {
	case NotPriced:
		return "Diese Laufzeit wird nicht angeboten."
	case OverCap:
		return "Keine Registrierung darf weiter als zehn Jahre reichen" + dated(r.FirstDay, ": möglich ab %s", "de") + "."
	case TooEarly:
		return "Für eine Verlängerung ist es zu früh" + dated(r.FirstDay, ": möglich ab %s", "de") + "."
	case TooLate:
		return "Für eine Verlängerung ist es zu spät" + dated(r.LastDay, ": der letzte Tag war der %s", "de") + "."
	case RegistryLimit:
		return "Die Registrierungsstelle nimmt diese Laufzeit zurzeit nicht an."
	case InRedemption:
		return "Die Registrierung ist abgelaufen und kann nur noch wiederhergestellt werden" + dated(r.LastDay, ", spätestens am %s", "de") + "."
	case AlreadyOpen:
		return "Eine Verlängerung dieser Domain ist schon im Gang."
	case FreeWithProduct:
		return "Diese Domain ist in einer Ihrer Leistungen enthalten und verlängert sich, wenn diese bezahlt ist."
	case FreeNotBundled:
		return "Diese Domain ist kostenlos; schreiben Sie uns, um sie zu verlängern."
	case RegistryLock:
		return "Die Registrierungsstelle hat diese Domain gesperrt; schreiben Sie uns, um sie zu verlängern."
	case NotActive:
		if r.Deleting {
			return "Diese Domain wird gerade bei der Registrierungsstelle gelöscht; schreiben Sie uns sofort, wenn Sie sie behalten möchten."
		}
		return "Diese Domain ist nicht aktiv."
	case QuoteNeeded:
		return "Der Preis muss erst bei der Registrierungsstelle erfragt werden; schreiben Sie uns."
	case OrdersOff:
		return "Verlängerungen können zurzeit nicht bestellt werden."
	}
	return string(r.Reason)
}

// dated puts a day into a part of a sentence; nothing where there is no day.
func dated(d civil.Date, part, language string) string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf(part, d.Format(language))
}
