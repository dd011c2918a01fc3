package browsertest

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// A newcomer opens the page and presses the button that is there.
func TestTheFirstNotificationIsOneClickAway(t *testing.T) {
	for _, release := range []string{"R4", "R4B", "R5"} {
		b := open(t, start(t, "-release", release), 1440, 900)
		b.ready()
		b.shot("start-" + release)
		b.click("#go")
		b.played("first")
		require.Contains(t, eval[string](b, `document.querySelector("#arrivals").innerText`), "Event 1")
		require.Equal(t, "active", eval[string](b, `document.querySelector("#subscriptions article").dataset.status`))
		b.shot("first-" + release)
		b.quiet()
	}
}

// The same without a mouse: by tab and enter, and the tabs by arrow keys.
func TestByKeyboard(t *testing.T) {
	b := open(t, start(t), 1440, 900)
	b.ready()
	require.Equal(t, "Skip to the work area", b.tabTo(`document.activeElement.className === "skip"`))
	b.tabTo(`document.activeElement.id === "go"`)
	b.run(chromedp.KeyEvent(kb.Enter))
	b.played("first")
	b.run(chromedp.Focus(chromedp.CSS("#tab-start")), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	require.Equal(t, "tab-topics", eval[string](b, `document.activeElement.id`))
	require.True(t, eval[bool](b, `!document.querySelector("#panel-topics").hidden && document.querySelector("#panel-start").hidden`))
	b.run(chromedp.KeyEvent(kb.End))
	require.Equal(t, "tab-requests", eval[string](b, `document.activeElement.id`))
	b.run(chromedp.KeyEvent(kb.Home))
	b.tabTo(`document.activeElement.matches("#arrivals summary")`)
	b.run(chromedp.KeyEvent(kb.Enter))
	b.until(`document.querySelector("#arrivals details[open] .json")`)
	require.Contains(t, eval[string](b, `document.querySelector("#arrivals details[open]").innerText`), `"resourceType": "Bundle"`)
	b.until(`document.querySelector("#announce").textContent !== ""`)
	b.quiet()
}

// Every tour ends well: all channels, trouble, recovery, gaps, duplicates, filters.
func TestTours(t *testing.T) {
	b := open(t, start(t), 1440, 900)
	b.ready()
	for _, id := range []string{"trouble", "websocket", "email", "gap", "twice", "filter", "error"} {
		b.tour(id)
		b.shot("tour-" + id)
	}
	statuses := eval[[]string](b, `[...document.querySelectorAll("#subscriptions article")].map((a) => a.dataset.status)`)
	require.Len(t, statuses, 7)
	for _, status := range statuses {
		require.Equal(t, "active", status)
	}
	require.True(t, eval[bool](b, `document.querySelector("#timeline svg").getAttribute("aria-label").includes("7 Subscriptions")`))
	b.quiet()
}

// Every channel by the form, with a filter of the topic; then changes, and operations.
func TestForm(t *testing.T) {
	b := open(t, start(t), 1440, 900)
	b.ready()
	b.click("#tab-change")
	b.click(`#panel-change form:last-of-type button`) // a group
	b.until(`document.querySelector("#group-words").textContent.includes("5 members")`)
	b.shot("change")
	b.click("#tab-topics")
	b.until(`document.querySelectorAll("#panel-topics article").length === 5`)
	b.shot("topics")
	for i, channel := range []string{"rest-hook", "websocket", "email", "message"} {
		b.click("#tab-subscribe")
		b.click(`input[name="channel"][value="` + channel + `"]`)
		content := "full-resource"
		if channel == "email" {
			content = "id-only" // more is not sent by mail
		}
		b.click(`input[name="content"][value="` + content + `"]`)
		b.until(`document.querySelector("textarea[name=json]").value.includes('"type": "` + channel + `"')`)
		if i == 0 {
			b.click("#filters button")
			b.until(`document.querySelector("textarea[name=json]").value.includes("Encounter?patient=Patient/")`)
			b.shot("form")
			b.shotOf("form-json", "#send")
			b.click(`#filters [aria-label="Remove this filter"]`)
			b.until(`!document.querySelector("textarea[name=json]").value.includes("?patient=")`)
		}
		b.click("#send")
		b.until(fmt.Sprintf(`document.querySelector("#subscribe-form .notice.good") && document.querySelectorAll("#subscriptions article").length === %d`, i+1))
		if channel == "email" {
			b.click("#arrivals button.primary")
		}
		b.until(`document.querySelector("#subscriptions article")?.dataset.status === "active" && document.querySelector("#subscriptions dl").innerText.includes("` + channel + `")`)
	}
	b.click("#tab-change")
	b.run(chromedp.SetValue(chromedp.CSS(`[name="count"]`), "6"), chromedp.SetValue(chromedp.CSS(`[name="rate"]`), "20"), chromedp.SetValue(chromedp.CSS(`[name="patient"]`), "random"))
	b.click("#change")
	b.until(`[...document.querySelectorAll("#subscriptions article")].every((a) => a.querySelectorAll(".numbers .arrived").length === 6)`)
	b.shot("changes")
	for _, operation := range []string{"$status", "$events", "$resend"} {
		b.press("#subscriptions article:last-of-type button", operation)
		b.until(`document.querySelector("#subscriptions article:last-of-type h4")?.textContent === "Answer of ` + operation + `"`)
	}
	b.until(`document.querySelectorAll("#subscriptions article:last-of-type .numbers .duplicate").length === 6`)
	b.press("#subscriptions article:last-of-type button", "Turn off")
	b.until(`document.querySelector("#subscriptions article:last-of-type").dataset.status === "off"`)
	b.press("#subscriptions article:last-of-type button", "Edit")
	b.until(`document.querySelector("#dialog").open`)
	b.shot("edit")
	b.run(chromedp.Evaluate[chromedp.Void](`(() => { const t = document.querySelector("#dialog textarea"); t.value = t.value.replace('"status": "off"', '"status": "requested"'); })()`))
	b.click("#dialog button.primary")
	b.until(`!document.querySelector("#dialog").open && document.querySelector("#subscriptions article:last-of-type").dataset.status === "active"`)
	b.press("#subscriptions article:last-of-type button", "Delete")
	b.until(`document.querySelector("#subscriptions article:last-of-type").dataset.status === "deleted"`)
	b.click("#tab-endpoints")
	b.until(`document.querySelectorAll("#panel-endpoints article").length === 4`)
	b.shot("endpoints")
	b.click("#tab-requests")
	b.click("#panel-requests li summary")
	b.shot("requests")
	require.Contains(t, eval[string](b, `fetch("/api/export.http").then((r) => r.text())`, chromedp.EvalAwaitPromise), "POST {{base}}/Subscription")
	b.quiet()
}

// Query criteria, as Subscriptions had them before there were topics; and what others have
// made on the server is found.
func TestClassic(t *testing.T) {
	page := start(t)
	b := open(t, page, 1440, 900)
	b.ready()
	b.click("#tab-subscribe")
	b.run(chromedp.SetValue(chromedp.CSS(`[name="topic"]`), "classic"))
	b.until(`document.querySelector("textarea[name=json]").value.includes('"criteria": "Observation?code=')`)
	b.click("#send")
	b.until(`document.querySelector("#subscriptions article")?.dataset.status === "active"`)
	b.click("#tab-change")
	b.click(`input[name="template"][value="bilirubin-high"]`)
	b.click("#change")
	b.until(`document.querySelector("#arrivals").innerText.includes("Classic notification")`)
	b.quiet()
	require.Equal(t, int64(201), eval[int64](b, `fetch("/fhir/Subscription", { method: "POST", headers: { "Content-Type": "application/fhir+json" }, body: JSON.stringify({ resourceType: "Subscription", status: "requested",
		reason: "by another", criteria: "https://carillon-fhir.github.io/topics/patient-change", channel: { type: "websocket", payload: "application/fhir+json" } }) }).then((r) => r.status)`, chromedp.EvalAwaitPromise))
	require.Equal(t, 1, eval[int](b, `document.querySelectorAll("#subscriptions article").length`))
	b.click("#look")
	b.until(`document.querySelectorAll("#subscriptions article").length === 2 && document.querySelector("#subscriptions").innerText.includes("Patient change")`)
	b.quiet()
}

// Another server, of another release, by its base: the same click.
func TestAnotherServer(t *testing.T) {
	b := open(t, start(t), 1440, 900)
	b.ready()
	b.click("#tab-server")
	b.run(chromedp.SendKeys(chromedp.CSS(`[name="base"]`), start(t, "-release", "R5")+"fhir"))
	b.click("#panel-server button.primary")
	b.until(`document.querySelector("#server-chip").innerText.startsWith("R5 another server")`)
	b.until(`document.querySelector("#panel-server .notice.warn").innerText.includes("must be able to reach")`)
	b.shot("server-another")
	b.ready()
	b.click("#tab-start")
	b.click("#go")
	b.played("first")
	b.quiet()
}

// What is refused is said in words, where it was asked for; an own server is a click away.
func TestRefusals(t *testing.T) {
	b := open(t, start(t), 1440, 900)
	b.ready()
	b.click("#tab-subscribe")
	b.run(chromedp.SetValue(chromedp.CSS(`[name="topic"]`), "other"))
	b.run(chromedp.SendKeys(chromedp.CSS(`[name="criteria"]`), "https://example.org/topics/nothing"))
	b.until(`document.querySelector("textarea[name=json]").value.includes("topics/nothing")`)
	b.click("#send")
	b.until(`document.querySelector("#subscribe-form .notice.bad")`)
	b.until(`document.querySelectorAll("#panel-endpoints article").length === 0`) // none is left that nobody needs
	b.shot("refused")
	b.refusal = "422" // the API's, of the next
	b.click("#tab-server")
	b.run(chromedp.SendKeys(chromedp.CSS(`[name="base"]`), b.page+"nothing"))
	b.click("#panel-server button.primary")
	b.until(`document.querySelector("#panel-server [role=alert]:not([hidden])")`)
	b.until(`document.querySelector("#panel-server .notice.warn")`) // its reach
	b.shot("server-wrong")
	b.press("#panel-server button", "Use the built-in one")
	b.until(`document.querySelectorAll("#panel-server td .good").length > 5`)
	b.shot("server")
	b.quiet()
}

// Light, dark and narrow: what is said is the same, and nothing is wider than the screen.
func TestLooks(t *testing.T) {
	page := start(t)
	b := open(t, page, 390, 844)
	b.ready()
	b.shot("narrow-start")
	b.click("#go")
	b.played("first")
	b.shotFull("narrow-first")
	b.click("#theme")
	require.Equal(t, "dark", eval[string](b, `document.documentElement.dataset.theme`))
	for _, tab := range []string{"start", "server", "topics", "subscribe", "change", "endpoints", "requests", "live"} {
		b.click("#tab-" + tab)
		require.LessOrEqual(t, eval[int](b, `document.documentElement.scrollWidth`), 390, tab)
		b.shotFull("narrow-dark-" + tab)
	}
	b.run(chromedp.EmulateViewport(1440, 900), chromedp.Reload())
	b.ready()
	require.Equal(t, "dark", eval[string](b, `document.documentElement.dataset.theme`), "it is remembered")
	b.tour("gap")
	b.shot("dark-gap")
	require.Empty(t, b.contrast(), "dark")
	b.click("#theme")
	require.Empty(t, b.contrast(), "light")
	require.Empty(t, eval[[]string](b, `[...document.querySelectorAll("button, a, input, select, textarea")].filter((e) => !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length)).map((e) => e.outerHTML)`), "everything has a name")
	b.quiet()
}
