package simulation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sort"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/subscription"
)

// prove holds the store against the invariants.
func (w *world) prove(ctx context.Context) error {
	differences, err := w.r.Billing.Verify(ctx)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if len(differences) > 0 {
		return fmt.Errorf("the books are wrong: %+v", differences)
	}
	licenses, err := w.r.Licenses.Verify(ctx)
	if err != nil || len(licenses) > 0 {
		return fmt.Errorf("the licenses are wrong: %+v %w", licenses, err)
	}
	failures, _, err := w.r.Automation.Failures(ctx, automation.Filter{})
	if err != nil || len(failures) > 0 {
		return fmt.Errorf("due work failed: %+v %w", failures, err)
	}
	jobs, _, err := w.r.Jobs.List(ctx, job.Filter{State: job.Failed})
	if err != nil || len(jobs) > 0 {
		return fmt.Errorf("jobs failed: %+v %w", jobs, err)
	}
	for sub, err := range w.r.Subscriptions.All(ctx, subscription.Filter{}) {
		if err != nil {
			return err
		}
		if err := w.proveSubscription(ctx, sub); err != nil {
			return fmt.Errorf("subscription %s (%s, %s): %w", sub.ID, sub.Status, sub.EndReason, err)
		}
	}
	return nil
}

// proveSubscription: its periods tile time (I7), and its license is what is paid for (I11).
func (w *world) proveSubscription(ctx context.Context, sub subscription.Subscription) error {
	for i, p := range sub.Periods {
		if i > 0 && p.Start != sub.Periods[i-1].End {
			return fmt.Errorf("after %s comes %s: a gap, or twice the same time", sub.Periods[i-1].Period, p.Period)
		}
	}
	if n := len(sub.Periods); n > 0 && sub.Periods[n-1].End != sub.NextDue {
		return fmt.Errorf("next due on %s, the last period is %s", sub.NextDue, sub.Periods[n-1].Period)
	}
	if sub.Kind == subscription.OfAddon || sub.LicenseID == "" {
		return nil
	}
	l, err := w.r.Licenses.ByID(ctx, sub.LicenseID)
	if err != nil {
		return err
	}
	want := map[subscription.Status]license.Status{
		subscription.Trialing: license.Active, subscription.Active: license.Active, subscription.Cancelled: license.Active,
		subscription.PastDue: license.Suspended, subscription.Suspended: license.Suspended, subscription.Expired: license.Expired,
	}[sub.Status]
	if sub.EndReason == subscription.EndedRefunded || sub.EndReason == subscription.EndedDisputeLost {
		want = license.Revoked
	}
	if l.Status == want || removed(sub) || sub.Ended() && l.Status == license.Revoked { // refunded after its end
		return nil
	}
	return fmt.Errorf("license %s is %s, want %s (holds %v, expires %v, grace %v, ends %v)", l.ID, l.Status, want, l.Holds, l.ExpiresAt, l.GraceUntil, l.EndsAt)
}

// removed reports whether a person has to decide about a period: meanwhile the license may run out. Or something that was
// paid before is in dispute, which holds the license whatever became of the subscription.
func removed(sub subscription.Subscription) bool {
	for _, p := range sub.Periods {
		if p.State == subscription.PeriodRemoved || p.State == subscription.PeriodDisputed {
			return true
		}
	}
	return false
}

// hash is what the store says about everybody at the end, in the order in which they came.
func (w *world) hash(ctx context.Context) (string, error) {
	h := sha256.New()
	for n, p := range w.who {
		c, err := w.r.Customers.ByID(ctx, p.id)
		if err != nil {
			return "", err
		}
		var lines []string
		say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
		say("credit %v", c.Credit)
		for inv, err := range w.r.Billing.All(ctx, billing.Filter{CustomerID: p.id}) {
			if err != nil {
				return "", err
			}
			w.sum.Invoices++
			say("invoice %s %s %s %s paid %s credited %s due %s", inv.Kind, inv.Status, inv.IssuedOn, inv.Total, inv.Paid, inv.Credited, inv.DueOn)
			for _, l := range inv.Lines {
				say("line %s %s %s %s", inv.IssuedOn, l.Description, l.Period, l.Total)
			}
		}
		for sub, err := range w.r.Subscriptions.All(ctx, subscription.Filter{CustomerID: p.id}) {
			if err != nil {
				return "", err
			}
			say("subscription %s %s %s %s %s next %s", sub.Description, sub.Status, sub.EndReason, sub.Recurring(), sub.Anchor, sub.NextDue)
			for _, period := range sub.Periods {
				say("period %s %s %s", period.Period, period.State, period.Amount)
			}
		}
		list, _, err := w.r.Licenses.List(ctx, license.Filter{CustomerID: p.id, Limit: 500})
		if err != nil {
			return "", err
		}
		for _, l := range list {
			say("license %s %s %d", l.PlanName, l.Status, l.ActivationLimit)
		}
		payments, _, err := w.r.Payments.List(ctx, payment.Filter{CustomerID: p.id, Limit: 500})
		if err != nil {
			return "", err
		}
		for _, pay := range payments {
			w.sum.Payments++
			say("payment %s %s %s refunded %s %s", pay.Gateway, pay.State, pay.Money, pay.Refunded, pay.Dispute)
		}
		sort.Strings(lines) // ids of one instant have no order
		for _, line := range lines {
			_, _ = fmt.Fprintf(h, "%d %s\n", n, line)
			if w.Logf != nil {
				w.Logf("%d %s", n, line)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}
