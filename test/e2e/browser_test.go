// Package e2e uses the built program as people do: in a browser.
package e2e

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/keystead/keystead/test/drive"
)

// browser is one visitor with a profile of their own.
type browser struct {
	t   *testing.T
	ctx context.Context
	url string // of the server

	mu       sync.Mutex
	problems []string // what the browser complained about
}

// newBrowser starts Chromium with an empty profile.
func newBrowser(t *testing.T, url string) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(drive.Tool(t, "chromium", "chromium-browser", "google-chrome")), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(drive.Patience),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-sync", true),
	)
	alloc, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(alloc)
	t.Cleanup(leave)
	b := &browser{t: t, ctx: ctx, url: url}
	b.do(chromedp.EmulateViewport(1440, 1000), chromedp.Func(b.listen))
	bounded, cancel := context.WithTimeout(ctx, 2*drive.Patience)
	t.Cleanup(cancel)
	b.ctx = bounded
	t.Cleanup(func() {
		for _, p := range b.complaints() {
			t.Errorf("the browser complains: %s", p)
		}
	})
	return b
}

// listen keeps what a person with the console open would see in red.
func (b *browser) listen(ctx context.Context, target *chromedp.Target) error {
	logged, thrown := cdp.Events(b.ctx, target, log.EntryAdded), cdp.Events(b.ctx, target, runtime.ExceptionThrown)
	go func() {
		for e, err := range logged {
			if err != nil {
				return
			}
			if e.Entry.Level == "error" && !strings.Contains(e.Entry.Text, "status of 422") {
				b.complain(e.Entry.Text + " " + e.Entry.URL)
			}
		}
	}()
	go func() {
		for e, err := range thrown {
			if err != nil {
				return
			}
			b.complain(e.ExceptionDetails.Text)
		}
	}()
	_, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{})
	return err
}

func (b *browser) complain(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = append(b.problems, text)
}

func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.problems
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.fail(err)
	}
}

// fail ends the test and says where the browser was.
func (b *browser) fail(err error) {
	b.t.Helper()
	short, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), 10*time.Second)
	defer cancel()
	at, _ := chromedp.Run(short, chromedp.Location())
	text, _ := chromedp.Run(short, chromedp.Evaluate[string]("document.body.innerText"))
	b.t.Fatalf("at %s: %v\n%s", at, err, text)
}

// ask runs an action that has a value.
func ask[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, action)
	if err != nil {
		b.fail(err)
	}
	return v
}

// script runs JavaScript for what it does.
func (b *browser) script(js string) { b.t.Helper(); ask(b, chromedp.Evaluate[any](js)) }

// open goes to a path of the server, or to a whole address.
func (b *browser) open(path string) {
	b.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = b.url + path
	}
	b.do(chromedp.Navigate(path))
}

// fill types into the field with that name.
func (b *browser) fill(name, value string) {
	b.t.Helper()
	sel := `main [name="` + name + `"]`
	b.do(chromedp.WaitVisible(chromedp.CSS(sel)))
	b.script(`document.querySelector(` + quote(sel) + `).value = ""`)
	b.do(chromedp.SendKeys(chromedp.CSS(sel), value))
}

// choose picks the option of a select whose text contains part.
func (b *browser) choose(name, part string) {
	b.t.Helper()
	value := ask(b, chromedp.Evaluate[string](`[...document.querySelector('main [name="`+name+`"]').options].find(o => o.text.includes(`+quote(part)+`))?.value ?? ""`))
	if value == "" {
		b.t.Fatalf("%s has no option with %q", name, part)
	}
	b.script(`document.querySelector('main [name="` + name + `"]').value = ` + quote(value))
}

// pick chooses the radio button whose label contains part.
func (b *browser) pick(name, part string) {
	b.t.Helper()
	b.script(`(() => {
		const hit = [...document.querySelectorAll('main [type="radio"][name="` + name + `"]')].find(e => e.labels[0].innerText.includes(` + quote(part) + `));
		if (!hit) throw new Error(` + quote(name+" has no choice with "+part) + `);
		hit.click();
	})()`)
}

func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

// submit sends the form that a field belongs to and waits for the next page.
func (b *browser) submit(field string) {
	b.t.Helper()
	b.leave(`document.querySelector('main [name="` + field + `"]').form.requestSubmit()`)
}

// click presses the button or link with that text, in the page or in an open dialog.
func (b *browser) click(text string) {
	b.t.Helper()
	b.script(clickScript(text))
}

// follow is click on what leads to another page.
func (b *browser) follow(text string) {
	b.t.Helper()
	b.leave(clickScript(text))
}

// clickBy presses what begins with that text in the smallest row, plan or card that says part.
func (b *browser) clickBy(part, text string) { b.t.Helper(); b.script(clickByScript(part, text)) }

// followBy is clickBy on what leads to another page.
func (b *browser) followBy(part, text string) { b.t.Helper(); b.leave(clickByScript(part, text)) }

func clickByScript(part, text string) string {
	return `(() => {
		const around = e => { while (e && !e.innerText.includes(` + quote(part) + `)) e = e.parentElement; return e?.innerText.length ?? Infinity; };
		const hits = [...document.querySelectorAll("main a, main button")].filter(e => e.innerText.trim().startsWith(` + quote(text) + `) && e.offsetParent !== null);
		if (!hits.length) throw new Error("nothing to click says " + ` + quote(text) + ` + " by " + ` + quote(part) + `);
		hits.reduce((a, b) => around(b) < around(a) ? b : a).click();
	})()`
}

// followStart is follow on what begins with that text.
func (b *browser) followStart(text string) {
	b.t.Helper()
	b.leave(strings.Replace(clickScript(text), "=== "+quote(text), ".startsWith("+quote(text)+")", 1))
}

func clickScript(text string) string {
	return `(() => {
		const open = document.querySelector("dialog[open]") ?? document;
		const hit = [...open.querySelectorAll("a, button, summary")].find(e => e.innerText.trim() === ` + quote(text) + ` && e.offsetParent !== null);
		if (!hit) throw new Error("nothing to click says " + ` + quote(text) + `);
		hit.click();
	})()`
}

// leave runs a script that loads another page, and waits for that.
func (b *browser) leave(script string) {
	b.t.Helper()
	b.script(`window.leaving = true`)
	b.script(script)
	for begun := time.Now(); time.Since(begun) < drive.Patience; {
		// Between two pages there is none that could answer; that is no fault.
		there, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`window.leaving === undefined && document.readyState === "complete"`))
		if err == nil && there {
			return
		}
		select {
		case <-b.ctx.Done():
			b.fail(b.ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	b.t.Fatal("no other page came")
}

// text is what the page says.
func (b *browser) text() string {
	b.t.Helper()
	return ask(b, chromedp.Evaluate[string]("document.body.innerText"))
}

// sees fails unless the page says all of it.
func (b *browser) sees(parts ...string) {
	b.t.Helper()
	text := b.text()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			at := ask(b, chromedp.Location())
			b.t.Fatalf("%s does not say %q:\n%s", at, part, text)
		}
	}
}

// reach opens a page until it says all of it: what a gateway reports arrives by itself, a moment later.
func (b *browser) reach(path string, parts ...string) {
	b.t.Helper()
	for begun := time.Now(); time.Since(begun) < drive.Patience; time.Sleep(20 * time.Millisecond) {
		b.open(path)
		text := b.text()
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) }) {
			return
		}
	}
	b.sees(parts...)
}

// value is the text of the first element that a selector finds.
func (b *browser) value(selector string) string {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(selector)))
	return strings.TrimSpace(ask(b, chromedp.Evaluate[string](`document.querySelector(`+quote(selector)+`).innerText`)))
}

// look sets the size of the window and the colour scheme.
func (b *browser) look(width, height int64, scheme string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			// Without motion a picture never shows something half-way.
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	}))
}
