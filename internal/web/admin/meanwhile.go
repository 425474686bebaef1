package admin

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web/ui"
)

// editing has a form send along which version of a record it was made from: what a colleague saves while it is open is
// not overwritten unseen.
func editing(f ui.Form, version int64) ui.Form {
	f.Hidden = append(f.Hidden, ui.Hidden{Name: "version", Value: strconv.FormatInt(version, 10)})
	return f
}

// editedVersion is the version that a form of [editing] was made from; 0, which compares nothing, for a request that
// does not say.
func editedVersion(r *http.Request) (int64, error) {
	s := r.PostFormValue("version")
	if s == "" {
		return 0, nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fail.Malformed("INVALID_REQUEST", "The form can't be read.")
	}
	return v, nil
}

func changedMeanwhile(err error) bool { return fail.Of(err).Code == "CHANGED_MEANWHILE" }

// besideNow is the form typed as it comes back when somebody else was faster: with what was typed, and at each field
// that differs from now, the form of what is stored, what that is. Saving it once more overwrites knowingly.
func besideNow(typed, now ui.Form) ui.Form {
	typed.Error = "Somebody else changed this meanwhile, so nothing was saved. Fields that differ from what is stored say so. Saving now puts yours in their place."
	stored := map[string]ui.Field{}
	for _, s := range now.Sections {
		for _, f := range s.Fields {
			stored[f.ID()] = f
		}
	}
	for _, s := range typed.Sections {
		for i := range s.Fields {
			f := &s.Fields[i]
			if is := fieldText(stored[f.ID()]); fieldText(*f) != is && !f.Disabled && !f.ReadOnly {
				f.Error = "is " + is + " in the store"
			}
		}
	}
	return typed
}

// fieldText is what a field holds, in words.
func fieldText(f ui.Field) string {
	value := strings.TrimSpace(unixLines(f.Value))
	switch {
	case (f.Kind == ui.InputSwitch || f.Kind == ui.InputCheckbox) && f.Checked:
		return "on"
	case f.Kind == ui.InputSwitch || f.Kind == ui.InputCheckbox:
		return "off"
	case value == "":
		return "empty"
	default:
		return "“" + strings.ReplaceAll(value, "\n", ", ") + "”"
	}
}
