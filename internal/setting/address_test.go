package setting

import (
	"encoding/json"
	"testing"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	const server = "must be a server and its port, such as smtp.example.com:587"
	const page = "must be the address of a page, such as https://example.com/terms"
	tests := []struct {
		name, value string
		want        string // as JSON; empty: not accepted
		problem     string
	}{
		{"mail.smtp", `" SMTP.example.com:587 "`, `"smtp.example.com:587"`, ""},
		{"mail.smtp", `""`, `""`, ""},
		{"mail.smtp", `"[::1]:25"`, `"[::1]:25"`, ""},
		{"mail.smtp", `"192.0.2.1:2525"`, `"192.0.2.1:2525"`, ""},
		{"mail.smtp", `"smtp.example.com"`, "", server},
		{"mail.smtp", `"smtp.example.com:0"`, "", server},
		{"mail.smtp", `"smtp.example.com:70000"`, "", server},
		{"mail.smtp", `":25"`, "", server},
		{"mail.smtp", `"smtp.example.com/x:25"`, "", server},
		{"mail.smtp", `"smtp\r\nexample:25"`, "", server},
		{"mail.from", `"shop@example.com"`, `"shop@example.com"`, ""},
		{"mail.from", `"  "`, `""`, ""},
		{"mail.from", `"Shop <shop@example.com>"`, "", "is not an e-mail address"},
		{"mail.from", `"a@example.com\nBcc: b@example.com"`, "", "contains control characters"},
		{"shop.terms_url", `" https://example.com/terms?v=2#all "`, `"https://example.com/terms?v=2#all"`, ""},
		{"shop.terms_url", `"  "`, `""`, ""},
		{"shop.terms_url", `"javascript:alert(1)"`, "", page},
		{"shop.terms_url", `"/terms"`, "", page},
		{"shop.terms_url", `"https://user@example.com/"`, "", page},
		{"shop.terms_url", `"https://"`, "", page},
		{"mail.staff", `[" ann@example.com ","Ann@example.com","bob@example.com"]`, `["ann@example.com","bob@example.com"]`, ""},
		{"mail.staff", `[]`, `[]`, ""},
		{"mail.staff", `["ann"]`, "", `"ann" is not an e-mail address`},
		{"mail.staff", `"ann@example.com"`, "", "must be a list of e-mail addresses"},
	}
	for _, tt := range tests {
		t.Run(tt.name+" "+tt.value, func(t *testing.T) {
			t.Parallel()
			d, ok := definition(tt.name)
			if !ok {
				t.Fatal("no such setting")
			}
			var s Settings
			err := d.read(json.RawMessage(tt.value), &s)
			if tt.want == "" {
				if err == nil || err.Error() != tt.problem {
					t.Fatalf("error = %v, want %s", err, tt.problem)
				}
				return
			}
			got, merr := json.Marshal(d.show(&s))
			if err != nil || merr != nil || string(got) != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}
