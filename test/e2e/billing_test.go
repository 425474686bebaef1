package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/keystead/keystead/test/drive"
)

// billed is a test store that sells one product by the month, with those who use it.
type billed struct {
	t     *testing.T
	s     *drive.Server
	staff *browser
}

// openShop makes a store whose clock stands at the beginning of a month of 31 days, with a product that has two plans.
func openShop(t *testing.T) *billed {
	t.Helper()
	s := drive.StartDemo(t, "--empty", "--now", "2027-03-01T09:00:00Z", "--data", t.TempDir())
	b := &billed{t: t, s: s, staff: newBrowser(t, s.URL)}
	staff := b.staff
	staff.open("/admin/sign-in")
	staff.fill("email", s.Demo.Staff.Email)
	staff.fill("password", s.Demo.Staff.Password)
	staff.submit("email")
	staff.open("/admin/products/new")
	staff.fill("name", "Lighthouse")
	staff.fill("slug", "lighthouse")
	staff.submit("slug")
	for _, plan := range [][2]string{{"Starter", "19.00"}, {"Team", "49.00"}} {
		staff.follow("New plan")
		staff.fill("name", plan[0])
		staff.fill("activation_limit", "2")
		staff.submit("name")
		staff.choose("cycle", "month")
		staff.fill("amount", plan[1])
		staff.submit("amount")
		staff.sees("€" + plan[1])
	}
	return b
}

// advance moves the clock of the store on the page of the automation.
func (b *billed) advance(date string) {
	b.t.Helper()
	b.staff.open("/admin/automation")
	b.staff.script(`document.querySelector('main [name="date"]').value = ` + quote(date))
	b.staff.submit("date")
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		b.t.Fatal(err)
	}
	b.staff.sees("The clock stands at " + day.Format("2 January 2006"))
}

// settle lets all that is due, or under way, come to its end; the clock stays.
func (b *billed) settle() {
	b.t.Helper()
	b.s.Admin(b.t, http.MethodPost, "/test-clock/advance", map[string]any{"to": "2000-01-01"}, http.StatusOK, nil)
}

// buy lets a guest buy the smaller plan with the sandbox's good card, and gives the key of the thank-you page.
func (b *billed) buy(guest *browser, name, email string) (key string) {
	b.t.Helper()
	guest.open("/")
	guest.sees("Lighthouse")
	guest.open("/products/lighthouse")
	guest.sees("Starter", "€19", "Team", "€49")
	guest.followBy("Starter", "Add to cart")
	guest.follow("To the checkout")
	guest.fill("email", email)
	guest.fill("name", name)
	guest.pick("pay", "Test card")
	guest.submit("email")
	guest.sees("€19.00")
	guest.followStart("Sandbox •••• 4242")
	guest.sees("Thank you", "Your order is complete", "€19.00")
	return guest.value(".key-value")
}

// account gives a customer a password by the link that staff make, and signs them in.
func (b *billed) account(customer *browser, name string) {
	b.t.Helper()
	b.staff.open("/admin/customers")
	b.staff.follow(name)
	b.staff.click("More")
	b.staff.follow("Portal link")
	customer.open(b.staff.value(".key-value"))
	customer.fill("password", "analytical engines need good locks")
	customer.submit("password")
	customer.sees("Your password is set")
}

// subscription opens the page of a subscription of the customer with that name.
func (b *billed) subscription(customer string) {
	b.t.Helper()
	b.staff.open("/admin/subscriptions")
	b.staff.followBy(customer, "Lighthouse")
}

// latestPayment opens the newest payment of the customer with that name.
func (b *billed) latestPayment(customer string) {
	b.t.Helper()
	b.staff.open("/admin/payments")
	b.staff.leave(`document.querySelector("main tbody tr a").click()`)
	b.staff.sees(customer)
}

// licensed fails unless staff and the customer see the license in that status.
func (b *billed) licensed(customer *browser, key, status string) {
	b.t.Helper()
	b.staff.reach("/admin/search?q="+key, "History", status)
	customer.open("/account/licenses")
	customer.sees(status)
}

// mails are the kinds of the mails to an address, in the log of the store.
func (b *billed) mails(to string) map[string]int {
	b.t.Helper()
	var page struct {
		Data []struct {
			Kind string `json:"kind"`
		} `json:"data"`
	}
	b.s.Admin(b.t, "GET", "/mail?limit=100&q="+to, nil, 200, &page)
	kinds := map[string]int{}
	for _, m := range page.Data {
		kinds[m.Kind]++
	}
	return kinds
}

// A year of renewals, a change of the plan, a card that declines, and the way back: all by clicking.
func TestLifeOfSubscription(t *testing.T) {
	t.Parallel()
	b := openShop(t)
	ada := newBrowser(t, b.s.URL)
	key := b.buy(ada, "Ada Lovelace", "ada@example.com")
	b.account(ada, "Ada Lovelace")
	b.licensed(ada, key, "Active")

	b.advance("2028-03-11")
	b.subscription("Ada Lovelace")
	b.staff.sees("Active", "1 Apr 2028")
	// The page shows the latest twelve, which are the renewals: the first period was paid in the shop.
	if paid := ask(b.staff, chromedp.Evaluate[int](`[...document.querySelectorAll("#periods tbody tr")].filter(r => r.innerText.includes("Paid")).length`)); paid != 12 {
		t.Errorf("%d renewals of a year are paid, want 12:\n%s", paid, b.staff.text())
	}
	b.staff.sees("1 Apr 2027 – 30 Apr 2027", "1 Mar 2028 – 31 Mar 2028", "INV-2027-1", "INV-2028-13")

	// 21 of the 31 days of March are left.
	ada.open("/account/subscriptions")
	ada.follow("Manage")
	ada.follow("Change plan or quantity")
	ada.pick("price", "Team")
	ada.pick("when", "Now")
	ada.submit("price")
	ada.sees("11 March 2028", "€33.19", "−€12.87", "€20.32")
	ada.picture("portal-change-preview")
	ada.followStart("Change it and pay")
	ada.sees("Paid and changed", "Lighthouse – Team", "€49.00 a month")
	b.latestPayment("Ada Lovelace")
	b.staff.sees("€20.32", "Succeeded")

	ada.saveCard("declined")
	ada.clickBy("4242", "Remove")
	ada.follow("Remove")
	ada.sees("•••• 4242 is removed")

	// Due on 1 April, suspended when the 14 days of grace are over.
	b.advance("2028-04-14")
	b.licensed(ada, key, "Active")
	b.advance("2028-04-16")
	b.licensed(ada, key, "Suspended")
	b.subscription("Ada Lovelace")
	b.staff.sees("Past due", "€49.00")
	kinds := b.mails("ada@example.com")
	for kind, want := range map[string]int{"payment_failed": 5, "overdue_1": 1, "overdue_2": 1, "license_suspended": 1, "subscription_recovered": 0} {
		if kinds[kind] != want {
			t.Errorf("%d mails %s, want %d; all: %v", kinds[kind], kind, want, kinds)
		}
	}

	ada.open("/account/subscriptions")
	ada.sees("Suspended, because a payment is missing")
	ada.follow("Manage")
	ada.picture("portal-past-due")
	ada.newCard("succeeds", "Pay €49.00 now") // the new card pays what is overdue in the same step
	ada.sees("Your payment has arrived")
	b.licensed(ada, key, "Active")
	ada.open("/account/subscriptions")
	ada.sees("Active", "Paid until 30 April 2028")
	if kinds := b.mails("ada@example.com"); kinds["subscription_recovered"] != 1 {
		t.Errorf("nobody told the customer that it works again: %v", kinds)
	}
}

// saveCard adds a card of the sandbox that does what is wanted, by which renewals are then paid.
func (b *browser) saveCard(does string) {
	b.t.Helper()
	b.newCard(does, "Save")
	b.sees("Renewals are charged to it from now on")
}

// newCard saves a card on a page that offers something.
func (b *browser) newCard(does, offer string) {
	b.t.Helper()
	b.open("/account/payment-methods")
	b.follow("Add")
	b.sees(offer)
	b.pick("token", does)
	b.submit("token")
}

// Money that goes back: a refund in full, a dispute that is won and one that is lost.
func TestMoneyBack(t *testing.T) {
	t.Parallel()
	b := openShop(t)
	ada, grace := newBrowser(t, b.s.URL), newBrowser(t, b.s.URL)
	adas := b.buy(ada, "Ada Lovelace", "ada@example.com")
	b.account(ada, "Ada Lovelace")
	staff := b.staff

	staff.open("/admin/invoices")
	staff.follow("INV-2027-1")
	staff.follow("Refund")
	staff.pick("of", "All of it: €19.00")
	staff.fill("why", "Does not fit their site.")
	staff.submit("why")
	staff.sees("Nothing has happened yet", "€19.00")
	staff.sees("is revoked", "The subscription is over at once")
	staff.picture("staff-refund-preview")
	staff.follow("Refund €19.00")
	staff.sees("€19.00 were refunded")
	b.licensed(ada, adas, "Revoked")
	b.settle() // the gateway gives the money back, which a job asks it for
	ada.open("/account/invoices")
	ada.follow("INV-2027-1")
	ada.sees("Credited", "CN-2027-1", "Given back")
	staff.open("/admin/credit-notes")
	staff.follow("CN-2027-1")
	staff.sees("Total credited", "Corrects invoice", "INV-2027-1", "Does not fit their site.")
	staff.picture("staff-credit-note")
	if got, want := staff.download("PDF"), `200 application/pdf attachment; filename="CN-2027-1.pdf"; filename*=UTF-8''CN-2027-1.pdf %PDF-`; got != want {
		t.Errorf("the credit note downloads as %s\nwant %s", got, want)
	}

	graces := b.buy(grace, "Grace Hopper", "grace@example.com")
	b.account(grace, "Grace Hopper")
	b.latestPayment("Grace Hopper")
	staff.follow("Dispute it")
	staff.sees("are held")
	staff.follow("Dispute")
	b.licensed(grace, graces, "Suspended")
	b.subscription("Grace Hopper")
	staff.sees("Suspended", "A payment is disputed")
	grace.picture("portal-licenses-held")
	b.decide("Won")
	b.licensed(grace, graces, "Active")
	b.subscription("Grace Hopper")
	staff.sees("Active")

	b.advance("2027-04-02")
	b.latestPayment("Grace Hopper")
	staff.follow("Dispute it")
	staff.follow("Dispute")
	b.licensed(grace, graces, "Suspended")
	b.decide("Lost")
	b.licensed(grace, graces, "Revoked")
	b.subscription("Grace Hopper")
	staff.sees("Over since 2 Apr 2027", "A dispute was lost")
	grace.open("/account/subscriptions")
	grace.sees("Ended")
}

// decide lets the bank decide the dispute that is open.
func (b *billed) decide(outcome string) {
	b.t.Helper()
	b.staff.reach("/admin/disputes?status=open", "sbd_")
	b.staff.leave(`document.querySelector("main tbody tr a").click()`)
	b.staff.follow("Decide it")
	b.staff.pick("outcome", outcome)
	b.staff.submit("outcome")
	b.staff.reach(ask(b.staff, chromedp.Location()), "Dispute over €19.00", "It was "+strings.ToLower(outcome))
	b.staff.picture("staff-dispute")
}

// download is what the link with that text downloads: its status, type and name, and how it begins.
func (b *browser) download(link string) string {
	b.t.Helper()
	return ask(b, chromedp.Evaluate[string](`(async () => {
		const r = await fetch([...document.querySelectorAll("main a")].find(a => a.innerText.trim() === `+quote(link)+`).href), text = await r.text();
		return [r.status, r.headers.get("content-type"), r.headers.get("content-disposition"), text.slice(0, 5)].join(" ");
	})()`, chromedp.EvalAwaitPromise))
}
