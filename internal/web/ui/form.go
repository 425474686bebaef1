package ui

import "strings"

// FieldKind is how a field is entered.
type FieldKind string

// The kinds. The others are the types of HTML's input element and named like them.
const (
	InputText     FieldKind = "text"
	InputEmail    FieldKind = "email"
	InputPassword FieldKind = "password"
	InputNumber   FieldKind = "number"
	InputDate     FieldKind = "date"
	InputURL      FieldKind = "url"
	InputFile     FieldKind = "file"
	InputSelect   FieldKind = "select"
	InputTextarea FieldKind = "textarea"
	InputCheckbox FieldKind = "checkbox"
	InputSwitch   FieldKind = "switch"
	InputRadio    FieldKind = "radio"
)

// Field is one entry of a form.
type Field struct {
	Kind         FieldKind // empty is InputText
	Name         string
	Label        string
	Value        string
	Hint         string
	Error        string
	Placeholder  string
	Required     bool
	Optional     bool // says so behind the label
	Checked      bool
	Disabled     bool
	ReadOnly     bool
	Autofocus    bool
	Mono         bool
	Short        bool // for numbers and codes
	Options      []Option
	Autocomplete string
	InputMode    string
	Pattern      string
	Min, Max     string
	Step         string
	MaxLength    int
	Rows         int
	Prefix       string // "€"
	Suffix       string // "days"
	Scope        string // keeps ids apart when two forms of one page share names
	Aside        *Link  // beside the label: "Forgot it?"
}

// ID is the id of the control.
func (f Field) ID() string {
	if f.Scope != "" {
		return "f-" + f.Scope + "-" + f.Name
	}
	return "f-" + f.Name
}

// Type is the type attribute of an input element.
func (f Field) Type() string {
	switch f.Kind {
	case "":
		return string(InputText)
	case InputSwitch:
		return string(InputCheckbox)
	default:
		return string(f.Kind)
	}
}

// Sent is the value of a checkbox or switch.
func (f Field) Sent() string {
	if f.Value == "" {
		return "on"
	}
	return f.Value
}

// DescribedBy lists the ids of hint and error.
func (f Field) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID()+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.ID()+"-error")
	}
	return strings.Join(ids, " ")
}

// Lines is the height of a textarea.
func (f Field) Lines() int {
	if f.Rows == 0 {
		return 4
	}
	return f.Rows
}

// FormSection is a group of fields under a heading.
type FormSection struct {
	Title  string
	Text   string
	Fields []Field
	Grid   bool // short fields stand side by side
}

// Form is a whole form. It sends a POST.
type Form struct {
	Action   string
	Error    string // about the form as a whole
	Sections []FormSection
	Hidden   []Hidden
	Submit   string
	Kind     Kind   // of the submit button; empty is Primary
	Cancel   string // URL
	Back     bool   // Cancel leads one step back: a wizard
	Stacked  bool   // headings above their fields, not beside: narrow places
	Upload   bool   // contains a file
}

// SubmitKind is that of the button.
func (f Form) SubmitKind() Kind {
	if f.Kind == "" {
		return Primary
	}
	return f.Kind
}

// Problems are the fields with errors, for the summary on top.
func (f Form) Problems() []Field {
	var out []Field
	for _, s := range f.Sections {
		for _, fd := range s.Fields {
			if fd.Error != "" {
				out = append(out, fd)
			}
		}
	}
	return out
}
