package domainname

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// together are the scripts that are written in one word in Japanese, Chinese and Korean, with Latin letters among them. They
// are what UTS 39, section 5.2, allows at its level "highly restrictive"; whatever else mixes scripts is made to be mistaken
// for something else.
var together = [][]string{{"Han", "Hiragana", "Katakana", "Latin"}, {"Bopomofo", "Han", "Latin"}, {"Han", "Hangul", "Latin"}}

// scriptNames are all scripts, sorted, but for the two that say that a character belongs to many.
var scriptNames = slices.DeleteFunc(slices.Sorted(maps.Keys(unicode.Scripts)), func(name string) bool { return name == "Common" || name == "Inherited" })

// oneScript reports in a sentence's end which scripts a label mixes that are not written together.
func oneScript(label []rune) error {
	var used []string
	for _, r := range label {
		if unicode.In(r, unicode.Common, unicode.Inherited) {
			continue
		}
		i := slices.IndexFunc(scriptNames, func(name string) bool { return unicode.Is(unicode.Scripts[name], r) })
		if i >= 0 && !slices.Contains(used, scriptNames[i]) {
			used = append(used, scriptNames[i])
		}
	}
	if len(used) <= 1 {
		return nil
	}
	for _, all := range together {
		if !slices.ContainsFunc(used, func(name string) bool { return !slices.Contains(all, name) }) {
			return nil
		}
	}
	slices.Sort(used)
	return fmt.Errorf("mixes letters that are not written together: %s", strings.Join(used, ", "))
}
