package release

import (
	"errors"
	"fmt"
	"strings"
)

// maxVersion bounds the text of a version. It keeps every number in it under 100 digits, which Precedence counts on.
const maxVersion = 64

// Version is a semantic version (semver.org 2.0.0). The zero value is not a version; [ParseVersion] makes one.
type Version struct {
	text string
	core [3]string // major, minor, patch: digits
	pre  []string  // pre-release identifiers; none for a release
}

// ParseVersion reads a semantic version. A leading v is ignored, and a minor or patch number that is left out is 0,
// so "v2.1" is 2.1.0. Anything else that semver.org refuses is refused, and the error says why.
func ParseVersion(s string) (Version, error) {
	v := Version{text: strings.TrimSpace(s)}
	if len(v.text) > 0 && (v.text[0] == 'v' || v.text[0] == 'V') {
		v.text = v.text[1:]
	}
	switch {
	case v.text == "":
		return Version{}, errors.New("is required")
	case len(v.text) > maxVersion:
		return Version{}, fmt.Errorf("is longer than %d characters", maxVersion)
	}
	rest, build, hasBuild := strings.Cut(v.text, "+")
	core, pre, hasPre := strings.Cut(rest, "-")

	numbers := strings.Split(core, ".")
	if len(numbers) > len(v.core) {
		return Version{}, fmt.Errorf("has %d numbers; a version is major.minor.patch, such as 2.1.0", len(numbers))
	}
	v.core = [3]string{"0", "0", "0"}
	for i, n := range numbers {
		if !isNumber(n) {
			return Version{}, errors.New("is not a version such as 2.1.0 or 2.1.0-beta.1")
		}
		if len(n) > 1 && n[0] == '0' {
			return Version{}, fmt.Errorf("has a number with a leading zero (%s)", n)
		}
		v.core[i] = n
	}
	if hasPre {
		v.pre = strings.Split(pre, ".")
		for _, id := range v.pre {
			if !isIdentifier(id) {
				return Version{}, errors.New("has a pre-release part that is not made of letters, digits, hyphens and single dots")
			}
			if isNumber(id) && len(id) > 1 && id[0] == '0' {
				return Version{}, fmt.Errorf("has a number with a leading zero (%s)", id)
			}
		}
	}
	if hasBuild {
		for id := range strings.SplitSeq(build, ".") {
			if !isIdentifier(id) {
				return Version{}, errors.New("has build metadata that is not made of letters, digits, hyphens and single dots")
			}
		}
	}
	return v, nil
}

// String returns the version as it was written, without a leading v.
func (v Version) String() string { return v.text }

// Prerelease reports whether v comes before the release of the same number.
func (v Version) Prerelease() bool { return len(v.pre) > 0 }

// Precedence returns a text for which byte order is the order of versions: of two versions the one with the smaller
// text comes first, and versions that differ in build metadata alone have the same text. Databases sort by it.
//
// A number is written as its count of digits and the digits. After the three numbers stands "~" for a release, or
// "-" and the pre-release identifiers: "0" and a number, or "1" and the letters, each ended by "!". "!" sorts before
// every character of an identifier, and "-" before "~".
func (v Version) Precedence() string {
	var b strings.Builder
	for _, n := range v.core {
		writeNumber(&b, n)
	}
	if len(v.pre) == 0 {
		b.WriteByte('~')
		return b.String()
	}
	b.WriteByte('-')
	for _, id := range v.pre {
		if isNumber(id) {
			b.WriteByte('0')
			writeNumber(&b, id)
		} else {
			b.WriteByte('1')
			b.WriteString(id)
		}
		b.WriteByte('!')
	}
	return b.String()
}

// Newer reports whether v comes after o.
func (v Version) Newer(o Version) bool { return v.Precedence() > o.Precedence() }

func writeNumber(b *strings.Builder, digits string) {
	fmt.Fprintf(b, "%02d%s", len(digits), digits)
}

func isNumber(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func isIdentifier(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return true
}
