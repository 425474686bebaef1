package ui

import (
	"html/template"
	"sort"
)

// icons are drawn on a grid of 24 with a stroke of 1.75, in the colour of the text.
var icons = map[string]string{
	"home":        `<path d="M4 10.5 12 4l8 6.5V19a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z"/>`,
	"users":       `<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c.4-3.6 3-5.5 6.5-5.5s6.1 1.9 6.5 5.5M16 4.8a3.5 3.5 0 0 1 0 6.4M18 14.9c2 .7 3.2 2.4 3.5 5.1"/>`,
	"user":        `<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.6-4 3.5-6 7.5-6s6.9 2 7.5 6"/>`,
	"key":         `<circle cx="8" cy="15.5" r="4.5"/><path d="m11.3 12.3 8.2-8.2M16 7.5l3 3M13.5 10l2 2"/>`,
	"cart":        `<path d="M5 8h14l-1 12H6zM9 10.5V7a3 3 0 0 1 6 0v3.5"/>`,
	"invoice":     `<path d="M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6"/>`,
	"repeat":      `<path d="M4 11V9.5A2.5 2.5 0 0 1 6.5 7H19m-3-3 3 3-3 3M20 13v1.5a2.5 2.5 0 0 1-2.5 2.5H5m3 3-3-3 3-3"/>`,
	"globe":       `<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c2.4 2.4 3.5 5.2 3.5 8.5s-1.1 6.1-3.5 8.5c-2.4-2.4-3.5-5.2-3.5-8.5s1.1-6.1 3.5-8.5"/>`,
	"box":         `<path d="m12 3 8 4.3v9.4L12 21l-8-4.3V7.3zM4.3 7.5 12 11.7l7.7-4.2M12 11.7V21"/>`,
	"clock":       `<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.3 2"/>`,
	"mail":        `<rect x="3" y="5" width="18" height="14" rx="2"/><path d="m3.5 7.5 8.5 6 8.5-6"/>`,
	"activity":    `<path d="M3 12h4l3-8 4 16 3-8h4"/>`,
	"settings":    `<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>`,
	"shield":      `<path d="M12 3 5 5.8v5.4c0 4.3 2.8 7.7 7 9.8 4.2-2.1 7-5.5 7-9.8V5.8zM9 12l2.2 2.2L15.2 10"/>`,
	"log":         `<path d="M5 4h14v16H5zM8.5 8.5h7M8.5 12h7M8.5 15.5h4"/>`,
	"search":      `<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/>`,
	"plus":        `<path d="M12 5v14M5 12h14"/>`,
	"minus":       `<path d="M5 12h14"/>`,
	"check":       `<path d="m5 12.5 4.5 4.5L19 7.5"/>`,
	"x":           `<path d="m6 6 12 12M18 6 6 18"/>`,
	"copy":        `<rect x="8.5" y="8.5" width="11.5" height="11.5" rx="2"/><path d="M5.5 15.5H5A1.5 1.5 0 0 1 3.5 14V5A1.5 1.5 0 0 1 5 3.5h9A1.5 1.5 0 0 1 15.5 5v.5"/>`,
	"down":        `<path d="m6 9.5 6 6 6-6"/>`,
	"left":        `<path d="m14.5 6-6 6 6 6"/>`,
	"right":       `<path d="m9.5 6 6 6-6 6"/>`,
	"arrow-up":    `<path d="M12 19V5.5M6 11l6-6 6 6"/>`,
	"arrow-down":  `<path d="M12 5v13.5M6 13l6 6 6-6"/>`,
	"arrow-right": `<path d="M5 12h13.5M13 6l6 6-6 6"/>`,
	"sort":        `<path d="m8 10 4-4 4 4M8 14l4 4 4-4"/>`,
	"external":    `<path d="M13.5 4.5h6v6M19.5 4.5 11 13M17 14v4.5a1 1 0 0 1-1 1H5.5a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1H10"/>`,
	"download":    `<path d="M12 4v11M7 10.5l5 5 5-5M4.5 19.5h15"/>`,
	"upload":      `<path d="M12 15.5v-11M7 9l5-5 5 5M4.5 19.5h15"/>`,
	"trash":       `<path d="M4.5 6.5h15M9.5 6.5v-3h5v3M6.5 6.5l.8 13.5h9.4l.8-13.5M10 10.5v5.5M14 10.5v5.5"/>`,
	"edit":        `<path d="m4.5 19.5.8-4L16 4.8a1.5 1.5 0 0 1 2.1 0l1.1 1.1a1.5 1.5 0 0 1 0 2.1L8.5 18.7zM14 7l3 3"/>`,
	"filter":      `<path d="M4 6h16M7 12h10M10 18h4"/>`,
	"more":        `<circle cx="5.5" cy="12" r="1"/><circle cx="12" cy="12" r="1"/><circle cx="18.5" cy="12" r="1"/>`,
	"menu":        `<path d="M4 7h16M4 12h16M4 17h16"/>`,
	"sun":         `<circle cx="12" cy="12" r="4"/><path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"/>`,
	"moon":        `<path d="M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z"/>`,
	"monitor":     `<rect x="3" y="4.5" width="18" height="12" rx="1.5"/><path d="M8.5 20.5h7M12 16.5v4"/>`,
	"warn":        `<path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.1"/>`,
	"info":        `<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5M12 7.9V8"/>`,
	"success":     `<circle cx="12" cy="12" r="8.5"/><path d="m8.3 12.3 2.5 2.5 5-5.3"/>`,
	"danger":      `<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5v5.5M12 16v.1"/>`,
	"lock":        `<rect x="5" y="10.5" width="14" height="10" rx="2"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5"/>`,
	"unlock":      `<rect x="5" y="10.5" width="14" height="10" rx="2"/><path d="M8 10.5V8a4 4 0 0 1 7.7-1.5"/>`,
	"sign-out":    `<path d="M14 4.5H6a1 1 0 0 0-1 1v13a1 1 0 0 0 1 1h8M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5"/>`,
	"card":        `<rect x="3" y="5.5" width="18" height="13" rx="2"/><path d="M3 10h18M6.5 15h4"/>`,
	"pause":       `<path d="M8.5 5.5v13M15.5 5.5v13"/>`,
	"play":        `<path d="M7.5 5v14l11-7z"/>`,
	"undo":        `<path d="M4.5 9.5H15a5 5 0 0 1 0 10h-5M8.5 5.5l-4 4 4 4"/>`,
	"refresh":     `<path d="M19.5 11A7.7 7.7 0 0 0 5.3 8M5 4v4.5h4.5M4.5 13a7.7 7.7 0 0 0 14.2 3m.3 4v-4.5h-4.5"/>`,
	"calendar":    `<rect x="4" y="5.5" width="16" height="14.5" rx="2"/><path d="M4 10h16M8.5 3.5v4M15.5 3.5v4"/>`,
	"link":        `<path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.3 1.3M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.3-1.3"/>`,
	"server":      `<rect x="4" y="4.5" width="16" height="6.5" rx="1.5"/><rect x="4" y="13" width="16" height="6.5" rx="1.5"/><path d="M7.5 7.8v.1M7.5 16.2v.1"/>`,
	"file":        `<path d="M6 3.5h8l4 4v13H6zM13.5 3.5V8H18"/>`,
	"tag":         `<path d="M4 4.5h7.5l8.5 8.5-7 7L4.5 11.5zM8.3 8.4v.1"/>`,
	"bell":        `<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4"/>`,
	"help":        `<circle cx="12" cy="12" r="8.5"/><path d="M9.5 9.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M12 16.5v.1"/>`,
	"eye":         `<path d="M2.5 12C4.5 8 8 6 12 6s7.5 2 9.5 6c-2 4-5.5 6-9.5 6s-7.5-2-9.5-6z"/><circle cx="12" cy="12" r="2.8"/>`,
	"code":        `<path d="m8.5 7-5 5 5 5M15.5 7l5 5-5 5"/>`,
	"fingerprint": `<path d="M6 18c1-2 1.5-4 1.5-6a4.5 4.5 0 0 1 9 0c0 2-.2 4-.8 6M12 12c0 3-.6 5.5-2 8M4.5 14c.3-.7.4-1.3.4-2a7.1 7.1 0 0 1 11-6M19.1 12c0 2.5-.2 4.5-.7 6.5"/>`,
	"chart":       `<path d="M4 20h16M7 16.5v-5M12 16.5v-10M17 16.5v-7.5"/>`,
	"dot":         `<circle cx="12" cy="12" r="3"/>`,
}

// Icon draws a decorative icon; the words beside it carry the meaning. An unknown name
// draws a dot, so that a typing error never breaks a page.
func Icon(name string) template.HTML {
	d, ok := icons[name]
	if !ok {
		d = icons["dot"]
	}
	//nolint:gosec // from the table above
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">` + d + `</svg>`)
}

// IconNames lists the icons.
func IconNames() []string {
	out := make([]string, 0, len(icons))
	for n := range icons {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// The mark: an arch, held together by its keystone. What stays open below is a door.
const mark = `<path class="mark-arch" d="M11.5 5.9A12 12 0 0 0 4 17v11h6V17a6 6 0 0 1 3.2-5.3zM20.5 5.9A12 12 0 0 1 28 17v11h-6V17a6 6 0 0 0-3.2-5.3z"/><path class="mark-stone" d="M12.1 3h7.8l-2.1 9h-3.6z"/>`

// logo draws the mark.
func logo() template.HTML {
	return `<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">` + mark + `</svg>`
}

// arts are the small pictures of empty states: a thing on the line of the horizon.
var arts = map[string]string{
	"key":     `<circle class="a-fill" cx="44" cy="40" r="14"/><circle class="a-line" cx="44" cy="40" r="14"/><circle class="a-hole" cx="40" cy="40" r="4"/><path class="a-line" d="M58 40h34v9M82 40v7"/>`,
	"list":    `<rect class="a-fill" x="34" y="16" width="52" height="48" rx="5"/><rect class="a-line" x="34" y="16" width="52" height="48" rx="5"/><path class="a-line" d="M43 29h6M55 29h22M43 40h6M55 40h16M43 51h6M55 51h20"/>`,
	"search":  `<circle class="a-fill" cx="56" cy="36" r="17"/><circle class="a-line" cx="56" cy="36" r="17"/><path class="a-line" d="m69 49 15 15M50 36h12"/>`,
	"invoice": `<path class="a-fill" d="M40 12h40v54l-7-5-6.5 5-6.5-5-6.5 5-6.5-5-7 5z"/><path class="a-line" d="M40 12h40v54l-7-5-6.5 5-6.5-5-6.5 5-6.5-5-7 5zM49 26h22M49 36h22M49 46h12"/>`,
	"globe":   `<circle class="a-fill" cx="60" cy="38" r="25"/><circle class="a-line" cx="60" cy="38" r="25"/><path class="a-line" d="M35 38h50M60 13c7 7 10 15 10 25s-3 18-10 25c-7-7-10-15-10-25s3-18 10-25"/>`,
	"box":     `<path class="a-fill" d="m60 12 27 13v28L60 66 33 53V25z"/><path class="a-line" d="m60 12 27 13v28L60 66 33 53V25zM33 25l27 13 27-13M60 38v28"/>`,
	"done":    `<path class="a-fill" d="M38 66V42a22 22 0 0 1 44 0v24H70V42a10 10 0 0 0-20 0v24z"/><path class="a-line" d="M38 66V42a22 22 0 0 1 44 0v24H70V42a10 10 0 0 0-20 0v24z"/><path class="a-stone" d="M53 14h14l-4 18h-6z"/>`,
}

func art(name string) template.HTML {
	d, ok := arts[name]
	if !ok {
		d = arts["list"]
	}
	//nolint:gosec // from the table above
	return template.HTML(`<svg class="art" viewBox="0 0 120 80" fill="none" aria-hidden="true" focusable="false">` +
		`<path class="a-ground" d="M12 66.5h96M22 72.5h14M88 72.5h10"/>` + d + `</svg>`)
}
