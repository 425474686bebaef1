package setting

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

type values = map[string]json.RawMessage

func TestDefinitions(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range Definitions() {
		if seen[d.Name] {
			t.Errorf("%s is defined twice", d.Name)
		}
		seen[d.Name] = true
		if d.Label == "" || !strings.HasSuffix(d.Description, ".") || d.Type == "" || (d.Type == Choice) != (len(d.Choices) > 0) {
			t.Errorf("%s is not fully described: %+v", d.Name, d)
		}
	}
	s := standard() // panics if a default is not accepted
	if s.TimeZone != time.UTC || s.Currency != "EUR" || s.NumberFormat != "INV-{yyyy}-{n}" || s.DueDays != 14 || s.PerMinute != 60 ||
		s.UnknownPerHour != 40 || s.LicenseDock != "1.0" || s.RejectedDays != 90 || s.VerificationDays != 90 {
		t.Errorf("defaults: %+v", s)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 101)
	tests := []struct {
		name, value string
		want        string // as JSON; empty: not accepted
		problem     string
	}{
		{"store.name", `" Acme "`, `"Acme"`, ""},
		{"store.name", `"  "`, "", "is required"},
		{"store.name", `"` + long + `"`, "", "is longer than 100 characters"},
		{"store.name", `"a\u0000b"`, "", "contains control characters"},
		{"store.name", `1`, "", "must be text"},
		{"store.name", `"a" "b"`, "", "must be text"},
		{"store.name", ``, "", "must be text"},
		{"store.time_zone", `"Europe/Berlin"`, `"Europe/Berlin"`, ""},
		{"store.time_zone", `"UTC"`, `"UTC"`, ""},
		{"store.time_zone", `"Local"`, "", "must be a time zone such as Europe/Berlin"},
		{"store.time_zone", `""`, "", "must be a time zone such as Europe/Berlin"},
		{"store.time_zone", `"Mars/Base"`, "", "must be a time zone such as Europe/Berlin"},
		{"store.time_zone", `"../../etc/passwd"`, "", "must be a time zone such as Europe/Berlin"},
		{"store.currency", `"JPY"`, `"JPY"`, ""},
		{"store.currency", `"eur"`, "", "must be a currency code such as EUR"},
		{"store.exchange_rates", `{"EUR/USD":" 1.0842 ","EUR/JPY":"163.53"}`, `{"EUR/JPY":"163.53","EUR/USD":"1.0842"}`, ""},
		{"store.exchange_rates", `{"EUR/USD":1.0842}`, "", `must name pairs of currencies with decimal rates, such as {"EUR/USD": "1.0842"}`},
		{"store.exchange_rates", `{"EUR/USD":"0.00"}`, "", "the rate of EUR/USD is not a decimal above 0 such as 1.0842"},
		{"store.exchange_rates", `{"EUR/USD":"1e3"}`, "", "the rate of EUR/USD is not a decimal above 0 such as 1.0842"},
		{"store.exchange_rates", `{"EUR/USD":"-1"}`, "", "the rate of EUR/USD is not a decimal above 0 such as 1.0842"},
		{"store.exchange_rates", `{"EUR/EUR":"1"}`, "", `"EUR/EUR" is not a pair of two currencies such as EUR/USD`},
		{"store.exchange_rates", `{"EURUSD":"1"}`, "", `"EURUSD" is not a pair of two currencies such as EUR/USD`},
		{"store.exchange_rates", `{"EUR/XYZ":"1"}`, "", `"EUR/XYZ" is not a pair of two currencies such as EUR/USD`},
		{"store.exchange_rates", `{"EUR/USD":"1.1","USD/EUR":"0.9"}`, "", "EUR/USD is there in both directions"},
		{"store.address", `"Acme\r\nMain St. 1"`, `"Acme\nMain St. 1"`, ""},
		{"store.base_url", `"https://Store.example.com/"`, `"https://store.example.com"`, ""},
		{"store.base_url", `"http://[::1]:8080"`, `"http://[::1]:8080"`, ""},
		{"store.base_url", `""`, `""`, ""},
		{"store.base_url", `"store.example.com"`, "", "must be an address such as https://store.example.com, without a path"},
		{"store.base_url", `"javascript://x"`, "", "must be an address such as https://store.example.com, without a path"},
		{"store.base_url", `"https://u:p@store.example.com"`, "", "must be an address such as https://store.example.com, without a path"},
		{"store.base_url", `"https://store.example.com/shop"`, "", "must be an address such as https://store.example.com, without a path"},
		{"store.base_url", `"https://store.example.com?"`, "", "must be an address such as https://store.example.com, without a path"},
		{"store.base_url", `"https://:80"`, "", "must be an address such as https://store.example.com, without a path"},
		{"billing.number_format", `"{yyyy}{mm}-{n}"`, `"{yyyy}{mm}-{n}"`, ""},
		{"billing.number_format", `"R{n}"`, `"R{n}"`, ""},
		{"billing.number_format", `"INV-{yyyy}"`, "", "must contain {n} once"},
		{"billing.number_format", `"{n}{n}"`, "", "must contain {n} once"},
		{"billing.number_format", `"{dd}{n}"`, "", "may contain {yyyy}, {mm} and {n}, and no other braces"},
		{"billing.number_format", `"{n}}"`, "", "may contain {yyyy}, {mm} and {n}, and no other braces"},
		{"billing.number_format", `"{{n}"`, "", "may contain {yyyy}, {mm} and {n}, and no other braces"},
		{"billing.number_format", `"{mm}-{n}"`, `"{mm}-{n}"`, ""},
		{"billing.due_days", `0`, `0`, ""},
		{"billing.due_days", `-1`, "", "must be a whole number from 0 to 365"},
		{"billing.due_days", `366`, "", "must be a whole number from 0 to 365"},
		{"billing.due_days", `1.5`, "", "must be a whole number from 0 to 365"},
		{"billing.due_days", `"7"`, "", "must be a whole number from 0 to 365"},
		{"billing.due_days", `99999999999999999999`, "", "must be a whole number from 0 to 365"},
		{"limits.per_minute", `0`, "", "must be a whole number from 1 to 100000"},
		{"limits.exempt", `[]`, `[]`, ""},
		{"limits.exempt", `["10.1.2.3/8"," 192.0.2.1 ","10.0.0.0/8","2001:DB8::1"]`, `["10.0.0.0/8","192.0.2.1/32","2001:db8::1/128"]`, ""},
		{"limits.exempt", `["::ffff:192.0.2.1","::ffff:10.0.0.0/104"]`, `["192.0.2.1/32","10.0.0.0/8"]`, ""},
		{"limits.exempt", `["0.0.0.0/0","::/0"]`, `["0.0.0.0/0","::/0"]`, ""},
		{"limits.exempt", `["::ffff:0:0/64"]`, "", `"::ffff:0:0/64" is not a network such as 192.0.2.0/24 or 2001:db8::/32`},
		{"limits.exempt", `["example.com"]`, "", `"example.com" is not a network such as 192.0.2.0/24 or 2001:db8::/32`},
		{"limits.exempt", `["10.0.0.0/33"]`, "", `"10.0.0.0/33" is not a network such as 192.0.2.0/24 or 2001:db8::/32`},
		{"limits.exempt", `[null]`, "", `"" is not a network such as 192.0.2.0/24 or 2001:db8::/32`},
		{"limits.exempt", `"10.0.0.0/8"`, "", "must be a list of networks such as 192.0.2.0/24"},
		{"limits.trusted_proxies", `["127.0.0.1"]`, `["127.0.0.1/32"]`, ""},
		{"compat.licensedock", `"1.9"`, `"1.9"`, ""},
		{"compat.licensedock", `"2.0"`, "", "must be one of 1.0, 1.9"},
		{"compat.licensedock", `1.9`, "", "must be one of 1.0, 1.9"},
		{"logs.rejected_days", `0`, "", "must be a whole number from 1 to 3650"},
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
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(d.show(&s))
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
			// What is stored is read back as the same.
			var again Settings
			if err := d.read(got, &again); err != nil || !cmp.Equal(d.show(&again), d.show(&s)) {
				t.Errorf("read back: %v, %v", d.show(&again), err)
			}
		})
	}
}

func TestPatch(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		settings := New(s.DB)
		ctx := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Ann"})
		if got, err := settings.Get(ctx); err != nil || got.DueDays != 14 {
			t.Fatalf("at first: %+v, %v", got, err)
		}
		got, err := settings.Patch(ctx, values{
			"store.time_zone": []byte(`"Europe/Berlin"`), "billing.due_days": []byte(`30`), "store.currency": []byte(`"EUR"`),
		})
		if err != nil || got.DueDays != 30 || got.TimeZone.String() != "Europe/Berlin" {
			t.Fatalf("Patch = %+v, %v", got, err)
		}
		all, err := settings.All(ctx)
		if err != nil || all["billing.due_days"] != 30 || all["store.time_zone"] != "Europe/Berlin" || all["limits.per_minute"] != 60 || len(all) != len(definitions) {
			t.Errorf("All = %v, %v", all, err)
		}

		// What did not change is neither an event nor in the audit log.
		events, audit := written(t, s.DB, "billing.due_days")
		if len(events) != 1 || events[0].Type != "settings.changed" || events[0].ActorID != "stf_1" ||
			events[0].Data != `{"settings":{"billing.due_days":30,"store.time_zone":"Europe/Berlin"}}` {
			t.Errorf("events: %+v", events)
		}
		if len(audit) != 1 || audit[0].What != "setting.changed" || audit[0].Before != "14" || audit[0].After != "30" || audit[0].ActorName != "Ann" {
			t.Errorf("audit: %+v", audit)
		}
		if _, audit := written(t, s.DB, "store.currency"); len(audit) != 0 {
			t.Errorf("an unchanged setting is in the audit log: %+v", audit)
		}

		if got, err := settings.Patch(ctx, values{"billing.due_days": []byte(" null")}); err != nil || got.DueDays != 14 {
			t.Errorf("null: %+v, %v", got, err)
		}
		if got, err := New(s.DB).Get(ctx); err != nil || got.DueDays != 14 || got.TimeZone.String() != "Europe/Berlin" {
			t.Errorf("a second reader: %+v, %v", got, err)
		}
		if events, _ := written(t, s.DB, ""); len(events) != 2 {
			t.Errorf("%d events, want 2", len(events))
		}
	})
}

func TestPatchIsAllOrNone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		settings := New(s.DB)
		_, err := settings.Patch(t.Context(), values{
			"store.name": []byte(`"Acme"`), "store.colour": []byte(`"red"`), "billing.due_days": []byte(`-1`), "": nil,
		})
		want := []fail.FieldError{
			{Field: "", Message: "is not a setting"},
			{Field: "billing.due_days", Message: "must be a whole number from 0 to 365"},
			{Field: "store.colour", Message: "is not a setting"},
		}
		if got := fail.Of(err); got.Kind != fail.KindInvalid || !slices.Equal(got.Fields, want) {
			t.Errorf("error = %v, want %v", got, want)
		}
		_, err = settings.Patch(t.Context(), values{"store.colour": []byte("1")})
		if got := fail.Of(err); got.Kind.Status() != 422 || got.Field != "store.colour" {
			t.Errorf("error = %v", err)
		}
		if got, err := settings.Get(t.Context()); err != nil || got.StoreName != "Keystead" {
			t.Errorf("something was stored: %+v, %v", got, err)
		}
	})
}

func TestSnapshotInATransaction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		settings := New(s.DB)
		undo := errors.New("undo")
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			ctx := db.With(t.Context(), tx)
			if _, err := settings.Patch(ctx, values{"billing.due_days": []byte(`1`)}); err != nil {
				return err
			}
			if got, err := Load(ctx, tx); err != nil || got.DueDays != 1 {
				t.Errorf("Load in the transaction: %+v, %v", got, err)
			}
			if got, err := settings.Get(ctx); err != nil || got.DueDays != 14 {
				t.Errorf("Get shows what is not committed: %+v, %v", got, err)
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Fatal(err)
		}
		if got, err := settings.Get(t.Context()); err != nil || got.DueDays != 14 {
			t.Errorf("after a rollback: %+v, %v", got, err)
		}
	})
}

func TestChangesOfAnotherProcess(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	here, there := New(s.DB), New(s.Open(t))
	here.kept = db.NewKept[snapshot, *Settings](s.DB, time.Millisecond)
	if _, err := here.Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := there.Patch(t.Context(), values{"billing.due_days": []byte(`1`)}); err != nil {
		t.Fatal(err)
	}
	for {
		got, err := here.Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.DueDays == 1 {
			return
		}
	}
}

func TestConcurrentPatches(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		settings := New(s.DB)
		const n = 8
		errs := make(chan error)
		for i := range n {
			go func() {
				raw, _ := json.Marshal(100 + i)
				_, err := settings.Patch(context.Background(), values{"billing.due_days": raw, "limits.per_minute": raw})
				errs <- err
			}()
		}
		for range n {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		// Each change in the audit log begins where the one before it ended.
		_, audit := written(t, s.DB, "billing.due_days")
		if len(audit) != n {
			t.Fatalf("%d entries, want %d", len(audit), n)
		}
		byBefore := map[string]string{}
		for _, a := range audit {
			byBefore[a.Before] = a.After
		}
		last := "14"
		for range n {
			next, ok := byBefore[last]
			if !ok {
				t.Fatalf("the chain of changes is broken at %s: %v", last, byBefore)
			}
			last = next
		}
		if got, err := settings.Get(t.Context()); err != nil || got.DueDays != got.PerMinute {
			t.Errorf("half of one change, half of another: %+v, %v", got, err)
		}
	})
}

func TestDamagedValueIsNamed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		put := func(name, value string) {
			err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
				return tx.PutSetting(t.Context(), query.PutSettingParams{Name: name, Value: value, UpdatedAt: tx.Stamp})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		put("of.another_version", `"x"`)
		if _, err := New(s.DB).Get(t.Context()); err != nil {
			t.Errorf("a setting of another version: %v", err)
		}
		put("billing.due_days", `"soon"`)
		if _, err := New(s.DB).Get(t.Context()); err == nil || !strings.Contains(err.Error(), `setting billing.due_days: stored value "soon"`) {
			t.Errorf("error = %v", err)
		}
	})
}

func written(t *testing.T, d *db.DB, name string) (events []query.Event, audit []query.AuditLog) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) (err error) {
		if events, err = tx.ListEventsBySubject(t.Context(), query.ListEventsBySubjectParams{SubjectID: "settings", N: 100}); err != nil {
			return err
		}
		audit, err = tx.ListAuditBySubject(t.Context(), query.ListAuditBySubjectParams{SubjectID: name, N: 100})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return events, audit
}
