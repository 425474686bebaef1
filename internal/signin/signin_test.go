package signin

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/staff"
)

const (
	secret      = "correct horse battery"
	otherSecret = "another horse entirely"
)

var here = Meta{IP: netip.MustParseAddr("192.0.2.1"), UserAgent: "Mozilla"}

// house is a store with an owner, Ann, and a customer, Bob.
type house struct {
	*testing.T
	*Service
	store *dbtest.Store
	owner staff.Staff
	bob   string
}

func newService(s *dbtest.Store) *Service {
	return New(s.DB, Config{Box: crypt.NewBox(crypt.NewKey()), Staff: staff.New(s.DB), Settings: setting.New(s.DB)})
}

func newHouse(t *testing.T, s *dbtest.Store) *house {
	t.Helper()
	h := &house{T: t, Service: newService(s), store: s, bob: "cus_bob"}
	h.limits.trustLoopback = true
	h.owner = h.member("ann@example.com", staff.Owner)
	h.write(func(tx *db.Tx) error {
		hash := h.hash(secret)
		err := tx.InsertCustomer(t.Context(), query.InsertCustomerParams{
			ID: h.bob, Email: "Bob@Example.com", EmailFold: "bob@example.com", Name: "Bob", NameFold: "bob", Currency: "EUR", CreatedAt: tx.Stamp,
		})
		if err != nil {
			return err
		}
		return tx.SetCustomerPassword(t.Context(), query.SetCustomerPasswordParams{ID: h.bob, PasswordHash: &hash})
	})
	return h
}

func (h *house) write(f func(tx *db.Tx) error) {
	h.Helper()
	if err := h.store.DB.Write(h.Context(), f); err != nil {
		h.Fatal(err)
	}
}

// hash is the hash of a password, computed once per test process.
func (h *house) hash(password string) string {
	h.Helper()
	hash, err := hashes(password)
	if err != nil {
		h.Fatal(err)
	}
	return hash
}

// member takes up a staff member with the usual password.
func (h *house) member(email string, role staff.Role) staff.Staff {
	h.Helper()
	m, err := h.staff.Create(h.Context(), staff.Input{Email: email, Name: "Ann", Role: role})
	if err != nil {
		h.Fatal(err)
	}
	h.write(func(tx *db.Tx) error {
		return tx.SetStaffPassword(h.Context(), query.SetStaffPasswordParams{ID: m.ID, PasswordHash: h.hash(secret)})
	})
	if m, err = h.staff.ByID(h.Context(), m.ID); err != nil {
		h.Fatal(err)
	}
	return m
}

func (h *house) signIn(email string) SignIn {
	h.Helper()
	in, err := h.StaffPassword(h.Context(), email, secret, here)
	if err != nil {
		h.Fatal(err)
	}
	return in
}

func (h *house) customerSignIn() SignIn {
	h.Helper()
	in, err := h.CustomerPassword(h.Context(), "bob@example.com", secret, here)
	if err != nil {
		h.Fatal(err)
	}
	return in
}

// sessionOf returns whether a token's session is alive.
func (h *house) alive(in SignIn) bool {
	h.Helper()
	_, err := h.session(h.Context(), in.Token, in.Session.Kind)
	if err != nil && fail.Of(err).Code != CodeSignedOut {
		h.Fatal(err)
	}
	return err == nil
}

// audit returns what the audit log has about a subject, the oldest first.
func (h *house) audit(subject string) (what []string) {
	h.Helper()
	entries, _, err := event.NewLog(h.store.DB).ListAudit(h.Context(), event.AuditFilter{SubjectID: subject})
	if err != nil {
		h.Fatal(err)
	}
	for _, e := range slices.Backward(entries) {
		what = append(what, e.What)
	}
	return what
}

func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	return fail.Of(err).Code
}

func TestSetup(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		service := newService(s)
		ctx := t.Context()
		if first, err := service.FirstRun(ctx); !first || err != nil {
			t.Fatalf("FirstRun = %v, %v", first, err)
		}
		older, err := service.SetupLink(ctx)
		if err != nil {
			t.Fatal(err)
		}
		token, err := service.SetupLink(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if l, err := service.LookAtLink(ctx, token); err != nil || l.Purpose != SetUp || !l.ExpiresAt.Equal(s.Clock.Now().Add(24*time.Hour)) {
			t.Errorf("LookAtLink = %+v, %v", l, err)
		}
		good := SetupInput{Email: " Ann@example.com", Name: "Ann", Password: secret}
		for _, bad := range []string{older, "", "x", token + "x"} {
			if _, _, err := service.Setup(ctx, bad, good, here); code(t, err) != CodeLinkInvalid {
				t.Errorf("token %q: %v", bad, err)
			}
			if _, err := service.LookAtLink(ctx, bad); code(t, err) != CodeLinkInvalid {
				t.Errorf("look at %q: %v", bad, err)
			}
		}
		if _, err := service.UseLink(ctx, token, secret, here); code(t, err) != CodeLinkInvalid {
			t.Errorf("UseLink with a set-up link: %v", err)
		}
		_, _, err = service.Setup(ctx, token, SetupInput{Email: "ann", Name: "", Password: "short"}, here)
		var fields []string
		for _, f := range fail.Of(err).Fields {
			fields = append(fields, f.Field)
		}
		if !slices.Equal(fields, []string{"email", "name", "password"}) {
			t.Errorf("bad input: %v", err)
		}

		owner, in, err := service.Setup(ctx, token, good, here)
		if err != nil || owner.Email != "ann@example.com" || owner.Role != staff.Owner || !owner.HasPassword || in.NeedsSecondFactor() {
			t.Fatalf("Setup = %+v, %+v, %v", owner, in, err)
		}
		if session, err := service.StaffSession(ctx, in.Token); err != nil || session.StaffID != owner.ID || session.Name != "Ann" {
			t.Errorf("session %+v, %v", session, err)
		}
		if first, err := service.FirstRun(ctx); first || err != nil {
			t.Errorf("FirstRun = %v, %v", first, err)
		}
		if _, _, err := service.Setup(ctx, token, good, here); code(t, err) != CodeLinkInvalid {
			t.Errorf("a second use: %v", err)
		}
		if _, err := service.SetupLink(ctx); !errors.Is(err, errHasStaff) {
			t.Errorf("another link: %v", err)
		}
		if _, err := service.StaffPassword(ctx, "ann@example.com", secret, here); err != nil {
			t.Errorf("sign in: %v", err)
		}
	})
}

func TestSetupLinkOfAStoreThatWasSetUpMeanwhile(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		service := newService(s)
		token, err := service.SetupLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := service.staff.Create(t.Context(), staff.Input{Email: "a@example.com", Name: "A", Role: staff.Owner}); err != nil {
			t.Fatal(err)
		}
		_, _, err = service.Setup(t.Context(), token, SetupInput{Email: "b@example.com", Name: "B", Password: secret}, here)
		if !errors.Is(err, errHasStaff) {
			t.Errorf("error = %v", err)
		}
	})
}

func TestSetupLinkExpires(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		service := newService(s)
		token, err := service.SetupLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(24*time.Hour - time.Microsecond)
		if _, err := service.LookAtLink(t.Context(), token); err != nil {
			t.Errorf("just in time: %v", err)
		}
		s.Clock.Advance(time.Microsecond)
		if _, err := service.LookAtLink(t.Context(), token); code(t, err) != CodeLinkInvalid {
			t.Errorf("too late: %v", err)
		}
	})
}

func TestPassword(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		invited, err := h.staff.Create(t.Context(), staff.Input{Email: "new@example.com", Name: "New", Role: staff.Support})
		if err != nil {
			t.Fatal(err)
		}
		gone := h.member("gone@example.com", staff.Support)
		if _, err := h.staff.Disable(t.Context(), gone.ID); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name            string
			sign            func(email, password string) (SignIn, error)
			email, password string
			want            string // id; empty: refused
		}{
			{"staff", h.staffIn, "ann@example.com", secret, h.owner.ID},
			{"staff, as people type", h.staffIn, " ANN@Example.COM ", secret, h.owner.ID},
			{"staff, wrong password", h.staffIn, "ann@example.com", otherSecret, ""},
			{"staff, password with a space", h.staffIn, "ann@example.com", secret + " ", ""},
			{"staff, no password", h.staffIn, "ann@example.com", "", ""},
			{"unknown staff", h.staffIn, "nobody@example.com", secret, ""},
			{"invited staff", h.staffIn, invited.Email, "", ""},
			{"disabled staff", h.staffIn, gone.Email, secret, ""},
			{"no address", h.staffIn, "", secret, ""},
			{"not an address", h.staffIn, "ann\x00\xff", secret, ""},
			{"a customer as staff", h.staffIn, "bob@example.com", secret, ""},
			{"customer", h.customerIn, "BOB@example.com", secret, h.bob},
			{"customer, wrong password", h.customerIn, "bob@example.com", otherSecret, ""},
			{"staff as a customer", h.customerIn, "ann@example.com", secret, ""},
			{"password of a megabyte", h.customerIn, "bob@example.com", strings.Repeat(secret, 50_000), ""},
		} {
			in, err := tt.sign(tt.email, tt.password)
			if tt.want == "" {
				if got := fail.Of(err); err == nil || got != errWrongSignIn {
					t.Errorf("%s: %+v, %v", tt.name, in, err)
				}
				continue
			}
			if got := in.Session.StaffID + in.Session.CustomerID; err != nil || got != tt.want || in.Session.Stage != SignedIn || !h.alive(in) {
				t.Errorf("%s: %+v, %v", tt.name, in, err)
			}
		}
		want := []string{"staff.created", "staff.signed_in", "staff.signed_in", "staff.sign_in_failed", "staff.sign_in_failed", "staff.sign_in_failed"}
		if got := h.audit(h.owner.ID); !slices.Equal(got, want) {
			t.Errorf("audit of the owner: %q", got)
		}
		if got, want := h.audit(h.bob), []string{"customer.signed_in", "customer.sign_in_failed", "customer.sign_in_failed"}; !slices.Equal(got, want) {
			t.Errorf("audit of the customer: %q", got)
		}
		// Unknown accounts cost the same work. What was typed is not kept.
		entries, _, err := event.NewLog(s.DB).ListAudit(t.Context(), event.AuditFilter{})
		if err != nil {
			t.Fatal(err)
		}
		unknown := 0
		for _, e := range entries {
			if e.SubjectID == "" && strings.HasSuffix(e.What, ".sign_in_failed") {
				unknown++
				if e.Actor.IP != "127.0.0.1" || e.Actor.ID != "" || e.After != "" {
					t.Errorf("entry %+v", e)
				}
			}
		}
		if unknown != 6 {
			t.Errorf("%d failures of unknown accounts, want 6", unknown)
		}
		if events, err := event.NewLog(s.DB).Recent(t.Context(), "", event.Filter{}); err != nil || len(events) != 0 {
			t.Errorf("sign-ins are in the public history: %v, %v", events, err)
		}
	})
}

var loopback = Meta{IP: netip.MustParseAddr("127.0.0.1")}

func (h *house) staffIn(email, password string) (SignIn, error) {
	return h.StaffPassword(h.Context(), email, password, loopback)
}

func (h *house) customerIn(email, password string) (SignIn, error) {
	return h.CustomerPassword(h.Context(), email, password, loopback)
}

// A password typed on a system that splits letters from their accents is the same password.
func TestPasswordIsNormalised(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		token, err := h.CustomerLink(t.Context(), h.bob)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.UseLink(t.Context(), token, "cafe\u0301 cafe\u0301 cafe", here); err != nil {
			t.Fatal(err)
		}
		if _, err := h.CustomerPassword(t.Context(), "bob@example.com", "café café cafe", here); err != nil {
			t.Error(err)
		}
	})
}

func TestOutdatedHashIsReplaced(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		old := cheapHash(secret)
		h.write(func(tx *db.Tx) error {
			return tx.SetStaffPassword(t.Context(), query.SetStaffPasswordParams{ID: h.owner.ID, PasswordHash: old})
		})
		h.signIn("ann@example.com")
		err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
			row, err := tx.GetStaff(t.Context(), h.owner.ID)
			if row.PasswordHash == old || row.PasswordHash == "" {
				t.Errorf("stored: %s", row.PasswordHash)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		h.signIn("ann@example.com")
	})
}

func TestPasswordChangedWhileItWasChecked(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		for _, a := range []account{{kind: Staff, id: h.owner.ID, hash: "old"}, {kind: Customer, id: h.bob, hash: "old"}} {
			err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return replace(t.Context(), tx, a, "new") })
			if code(t, err) != CodeWrongSignIn {
				t.Errorf("%s: %v", a.kind, err)
			}
		}
	})
}

func TestNewPasswords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		password string
		want     error
	}{
		{"123456789", errShort},
		{"1234567890", nil},
		{"ääääääääää", nil},
		{"äääää", errShort},
		{strings.Repeat("e\u0301", 9), errShort},
		{strings.Repeat("x", 256), nil},
		{strings.Repeat("x", 257), errLong},
		{"Ann@Example.com", errObvious},
		{"1234567890\xff", errNotText},
		{"          ", nil}, // a choice
	} {
		if err := checkNew(tt.password, "ann@example.com"); !errors.Is(err, tt.want) {
			t.Errorf("%q: %v, want %v", tt.password, err, tt.want)
		}
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		for _, tt := range []struct {
			kind   Kind
			id     string
			signIn func() SignIn
			again  func(password string) (SignIn, error)
			link   func() (string, error)
		}{
			{
				Staff, h.owner.ID, func() SignIn { return h.signIn("ann@example.com") },
				func(p string) (SignIn, error) { return h.staffIn("ann@example.com", p) },
				func() (string, error) { return h.StaffLink(t.Context(), h.owner.ID) },
			},
			{
				Customer, h.bob, h.customerSignIn,
				func(p string) (SignIn, error) { return h.customerIn("bob@example.com", p) },
				func() (string, error) { return h.CustomerLink(t.Context(), h.bob) },
			},
		} {
			mine, other := tt.signIn(), tt.signIn()
			link, err := tt.link()
			if err != nil {
				t.Fatal(err)
			}
			m := here
			m.Token = mine.Token
			if _, err := h.ChangePassword(t.Context(), tt.kind, tt.id, otherSecret, otherSecret, m); code(t, err) != CodeWrongPassword {
				t.Errorf("wrong current password: %v", err)
			}
			if _, err := h.ChangePassword(t.Context(), tt.kind, tt.id, secret, "short", m); fail.Of(err).Field != "password" {
				t.Errorf("short password: %v", err)
			}
			if !h.alive(mine) || !h.alive(other) {
				t.Error("a refused change ended a session")
			}
			fresh, err := h.ChangePassword(t.Context(), tt.kind, tt.id, secret, otherSecret, m)
			if err != nil {
				t.Fatal(err)
			}
			if h.alive(mine) || h.alive(other) || !h.alive(fresh) {
				t.Errorf("alive: mine %v, other %v, fresh %v", h.alive(mine), h.alive(other), h.alive(fresh))
			}
			if _, err := h.LookAtLink(t.Context(), link); code(t, err) != CodeLinkInvalid {
				t.Errorf("a link from before: %v", err)
			}
			if _, err := tt.again(secret); code(t, err) != CodeWrongSignIn {
				t.Errorf("the old password: %v", err)
			}
			if _, err := tt.again(otherSecret); err != nil {
				t.Errorf("the new password: %v", err)
			}
			if got := h.audit(tt.id); !slices.Contains(got, string(tt.kind)+".password_changed") {
				t.Errorf("audit: %q", got)
			}
		}
		for _, id := range []string{"stf_unknown", ""} {
			if _, err := h.ChangePassword(t.Context(), Staff, id, secret, otherSecret, loopback); code(t, err) != CodeSignedOut {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := newLimits(false)
	ip := func(n byte) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, n}) }
	tries := func(try func() error) (n int, wait time.Duration) {
		t.Helper()
		for {
			if err := try(); err != nil {
				if got := fail.Of(err); got.Kind != fail.KindLimited || got.RetryAfter <= 0 {
					t.Fatal(err)
				}
				return n, fail.Of(err).RetryAfter
			}
			n++
		}
	}
	expect := func(what string, want int, wait time.Duration, try func() error) {
		t.Helper()
		if n, w := tries(try); n != want || w != wait {
			t.Errorf("%s: %d tries, then wait %v; want %d, %v", what, n, w, want, wait)
		}
	}
	expect("one account", 10, 90*time.Second, func() error { return l.password(ip(1), "staff ann", now) })
	expect("another account from there", 10, 90*time.Second, func() error { return l.password(ip(1), "staff bob", now) })
	expect("the same account from elsewhere", 10, 90*time.Second, func() error { return l.password(ip(2), "staff ann", now) })
	i := 0
	expect("many accounts from one address", 60, 15*time.Second, func() error {
		i++
		return l.password(ip(3), "staff "+string(rune('a'+i)), now)
	})
	i = 0
	expect("one account from many addresses", 100, 36*time.Second, func() error {
		i++
		return l.password(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), "staff eve", now)
	})
	expect("codes, from many addresses", 10, 6*time.Minute, func() error {
		i++
		return l.code(netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}), "stf_1", now)
	})
	i = 0
	expect("links from one /64", 60, 15*time.Second, func() error {
		i++
		return l.secret(netip.MustParseAddr("2001:db8::1").Next(), now)
	})
	// Nobody is locked out for good.
	later := now.Add(90 * time.Second)
	expect("after the wait", 1, 90*time.Second, func() error { return l.password(ip(1), "staff ann", later) })

	l = newLimits(true)
	for range 200 {
		for _, addr := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1"} {
			a := netip.MustParseAddr(addr)
			if err := errors.Join(l.password(a, "staff ann", now), l.code(a, "stf_1", now), l.secret(a, now)); err != nil {
				t.Fatalf("%s in a demo store: %v", addr, err)
			}
		}
	}
}

// Every form that takes a secret is behind a limit.
func TestFormsAreLimited(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	h := newHouse(t, s)
	for range perNetwork.Count {
		if err := h.limits.secret(here.IP, s.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	waiting := SignIn{}
	h.write(func(tx *db.Tx) (err error) {
		a := account{kind: Staff, id: h.owner.ID}
		waiting, err = begin(t.Context(), tx, a, SecondFactor, here)
		return err
	})
	ctx := t.Context()
	for name, form := range map[string]func() error{
		"StaffPassword":     func() error { _, err := h.StaffPassword(ctx, "ann@example.com", secret, here); return err },
		"unknown account":   func() error { _, err := h.StaffPassword(ctx, "nobody@example.com", secret, here); return err },
		"CustomerPassword":  func() error { _, err := h.CustomerPassword(ctx, "bob@example.com", secret, here); return err },
		"ChangePassword":    func() error { _, err := h.ChangePassword(ctx, Customer, h.bob, secret, otherSecret, here); return err },
		"StaffSecondFactor": func() error { _, err := h.StaffSecondFactor(ctx, waiting.Token, "123456", here); return err },
		"BeginTOTP":         func() error { _, err := h.BeginTOTP(ctx, h.owner.ID, secret, here); return err },
		"ConfirmTOTP":       func() error { _, err := h.ConfirmTOTP(ctx, h.owner.ID, "123456", here); return err },
		"RemoveTOTP":        func() error { return h.RemoveTOTP(ctx, h.owner.ID, secret, here) },
		"NewRecoveryCodes":  func() error { _, err := h.NewRecoveryCodes(ctx, h.owner.ID, secret, here); return err },
		"UseLink":           func() error { _, err := h.UseLink(ctx, "x", secret, here); return err },
		"Setup":             func() error { _, _, err := h.Setup(ctx, "x", SetupInput{}, here); return err },
	} {
		if err := form(); err == nil || fail.Of(err).Kind != fail.KindLimited || fail.Of(err).RetryAfter == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		staffIn, customerIn := h.signIn("ann@example.com"), h.customerSignIn()
		link, err := h.CustomerLink(t.Context(), h.bob)
		if err != nil {
			t.Fatal(err)
		}
		count := func() (n int64) {
			t.Helper()
			err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
				return tx.SQL().QueryRowContext(t.Context(), "SELECT (SELECT COUNT(*) FROM sessions) + (SELECT COUNT(*) FROM one_time_links)").Scan(&n)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for _, step := range []struct {
			at   time.Time
			want int64
		}{
			{s.Clock.Now(), 3},
			{s.Clock.Now().Add(3*24*time.Hour + time.Microsecond), 2},
			{staffIn.Session.ExpiresAt.Add(time.Microsecond), 1},
			{customerIn.Session.ExpiresAt, 1},
			{customerIn.Session.ExpiresAt.Add(time.Microsecond), 0},
		} {
			s.Clock.Set(step.at)
			if err := h.Prune(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := count(); got != step.want {
				t.Errorf("at %v %d are left, want %d (link %s)", step.at, got, step.want, link)
			}
		}
	})
}

func TestMetaIsStoredSafely(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		meta      Meta
		ip, agent string
	}{
		{Meta{}, "", ""},
		{here, "192.0.2.1", "Mozilla"},
		{Meta{UserAgent: "a\x00b\xffc\r\nd\x7f"}, "", "abcd"},
		{Meta{UserAgent: strings.Repeat("ä", 300)}, "", strings.Repeat("ä", 255)},
	} {
		if tt.meta.ip() != tt.ip || tt.meta.agent() != tt.agent {
			t.Errorf("%+v: %q, %q", tt.meta, tt.meta.ip(), tt.meta.agent())
		}
	}
}
