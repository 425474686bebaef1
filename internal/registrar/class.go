package registrar

// ClassOfCode returns the class of a result code of RFC 5730. A code that isn't known is a success if it begins with 1, as
// whoever reads afterwards will see; any other tells nothing.
func ClassOfCode(code int) Class {
	switch code {
	case 1001:
		return Pending
	case 2004, 2105, 2306, 2308:
		return Policy
	case 2304:
		return Status
	case 2104:
		return Money
	case 2201, 2202, 2303:
		return NotOurs
	case 2000, 2001, 2002, 2003, 2005, 2100, 2101, 2102, 2103, 2106, 2302, 2305, 2307:
		return Fault
	case 2200, 2501, 2502:
		return Session
	}
	if code >= 1000 && code <= 1999 {
		return Done
	}
	return Unknown
}
