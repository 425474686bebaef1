package tax

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Percent is an exact percentage of at most 1000 with up to six decimals, such as 19 or 7.7. Two values are equal (==)
// if they stand for the same number, so it can be part of a key. In JSON and in a database it is text, as
// [Percent.String] writes it.
type Percent struct{ millionths int64 }

const (
	percentDecimals = 6
	perPercent      = 1_000_000
	maxPercent      = 1000
)

var errPercent = errors.New("a percentage is a number from 0 to 1000 with at most six decimals, such as 19 or 7.7")

// ParsePercent reads a percentage: digits, and optionally a point followed by at most six digits. There is no sign, no
// "%", no space, no exponent and no superfluous zero in front. Zeros at the end don't matter: "19.00" is 19.
func ParsePercent(s string) (Percent, error) {
	whole, fraction, point := strings.Cut(s, ".")
	if !allDigits(whole) || (len(whole) > 1 && whole[0] == '0') || (point && !allDigits(fraction)) || len(fraction) > percentDecimals {
		return Percent{}, fmt.Errorf("%w: %q", errPercent, s)
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", percentDecimals-len(fraction)), 10, 64)
	if err != nil || n > maxPercent*perPercent {
		return Percent{}, fmt.Errorf("%w: %q", errPercent, s)
	}
	return Percent{millionths: n}, nil
}

// MustPercent is [ParsePercent] for percentages that are written in the program; it panics on what is none.
func MustPercent(s string) Percent {
	p, err := ParsePercent(s)
	if err != nil {
		panic(err)
	}
	return p
}

func allDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

// IsZero reports whether p is 0 %.
func (p Percent) IsZero() bool { return p.millionths == 0 }

// Equal reports whether two percentages are the same; == says so as well, but not to those who compare by reflection.
func (p Percent) Equal(q Percent) bool { return p == q }

// Fraction returns the exact value: 19 % is 19/100.
func (p Percent) Fraction() *big.Rat { return big.NewRat(p.millionths, 100*perPercent) }

// String returns the number without the sign of percent and without superfluous zeros: "19", "7.7".
func (p Percent) String() string {
	s := strconv.FormatInt(p.millionths/perPercent, 10)
	if rest := p.millionths % perPercent; rest != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%0*d", percentDecimals, rest), "0")
	}
	return s
}

// MarshalText writes the percentage as [Percent.String] does.
func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a percentage as [ParsePercent] does.
func (p *Percent) UnmarshalText(text []byte) error {
	parsed, err := ParsePercent(string(text))
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}

// Value makes a percentage a database argument: TEXT.
func (p Percent) Value() (driver.Value, error) { return p.String(), nil }

// Scan reads what [Percent.Value] wrote.
func (p *Percent) Scan(src any) error {
	switch src := src.(type) {
	case string:
		return p.UnmarshalText([]byte(src))
	case []byte:
		return p.UnmarshalText(src)
	default:
		return fmt.Errorf("percentage from a database value of type %T", src)
	}
}
