//go:build race

package index

// underRace says that SQLite, which is translated from C, is twenty times slower.
const underRace = true
