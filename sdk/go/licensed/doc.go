// Package licensed keeps software licensed by a Keystead server, also while the server is away.
//
// The server signs a local key, a lease, which says what the license allows and until when silence does no harm. The
// package asks for a new one when a check is due (every seven days, if the plan doesn't say otherwise), goes on trying
// for the days of grace (three), and after that turns off what was marked as the admin area, until the server answers.
// What faces the public is never turned off.
//
//	lic, err := licensed.New(licensed.Config{
//		Server: "https://licenses.example.com", Product: "widget", RootKeys: []string{"…", "…"},
//		Store: licensed.File("data/license.json"), Version: "2.1.0",
//	})
//	go lic.Run(ctx)                               // asks when a check is due
//	mux.Handle("/admin/", lic.Admin(admin))       // off while the license lapsed or is invalid
//	mux.Handle("/admin/license", lic.Page(auth))  // License Information; here a key is entered
//	mux.Handle("/", public)                       // never gated
//
// # How a license comes to be valid
//
//  1. There is no key: [NoKey]. An administrator enters one on the page, and [License.SetKey] has it activated.
//  2. A verified lease is kept: [Valid], until its check is due.
//  3. A check is due: [Due]. The server is asked; its answer brings a new lease, and with it 2 or 6.
//  4. The server was asked and is silent: [Grace]. It is asked again, less and less often.
//  5. The lease ended: [Lapsed]. The admin area is off. It is asked hourly, and when the admin area is opened.
//  6. A lease says no, or is for another place: [Invalid], at once, with the reason. Asked as in 5.
//  7. No lease is readable, because it was damaged or none ever came: [Unverified]. Asked at once.
//
// A definite answer is a lease that verifies with a pinned root key and echoes the nonce of this very request. All else
// is silence, and silence never ends a lease early.
package licensed
