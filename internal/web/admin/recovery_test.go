package admin

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/recovery"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web"
)

func TestRecoveryBanner(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return recovery.Mark(t.Context(), tx, tx.Now.AddDate(0, 0, -1)) })
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, s, roomstest.New(t, s, roomstest.Log()), nil, false)
	b.Recovery = b.rooms.Recovery
	h, err := New(b.Config)
	if err != nil {
		t.Fatal(err)
	}
	b.h = web.Identify(func() []netip.Prefix { return nil }, h)

	const act = "/admin/recovery/confirm"
	support := b.as(b.colleague("Joan", staff.Support))
	if page := support.get("/admin/licenses").is(200).sound().says("Restored from a backup", "28 February 2026"); strings.Contains(page.Body, act) {
		t.Error("support may let the store go on")
	}
	support.post(act).is(403)
	br := b.owner()
	br.get("/admin").is(200).sound().says("Restored from a backup", "No mail, webhook or charge waits.", act)
	br.get(act).is(200).sound().says("Let the restored store go on?", "no server still serves the original")
	br.post(act).to("/admin")
	if page := br.get("/admin").is(200).sound().says("The store goes on."); strings.Contains(page.Body, "Restored from a backup") {
		t.Error("the banner is still there")
	}
	br.get(act).is(409)
	br.post(act).is(409)
	br.get("/admin/audit").is(200).says("Restored store goes on")
}

func TestHeldInWords(t *testing.T) {
	t.Parallel()
	for want, w := range map[string]recovery.Waiting{
		"No mail, webhook or charge waits.":                     {Jobs: 3},
		"Waiting: 1 mail.":                                      {Mails: 1},
		"Waiting: 1\u202f200 mails and 1 refund.":               {Mails: 1200, Refunds: 1},
		"Waiting: 2 mails, 1 webhook, 3 charges and 2 refunds.": {Mails: 2, Webhooks: 1, Charges: 1, Unanswered: 2, Refunds: 2},
	} {
		if got := held(w); got != want {
			t.Errorf("held(%+v) = %q, want %q", w, got, want)
		}
	}
}
