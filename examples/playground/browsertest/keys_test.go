package browsertest

import (
	"fmt"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// tabTo presses tab until an expression is true, and returns what has the focus then.
func (b *browser) tabTo(expression string) string {
	b.Helper()
	for range 80 {
		b.run(chromedp.KeyEvent(kb.Tab))
		if eval[bool](b, expression) {
			return eval[string](b, `document.activeElement.textContent`)
		}
	}
	require.Fail(b, "tab does not lead there", expression)
	return ""
}

// press clicks on the first of several elements that has the text.
func (b *browser) press(selector, text string) {
	b.Helper()
	b.until(fmt.Sprintf(`(() => { for (const e of document.querySelectorAll("[data-pressed]")) delete e.dataset.pressed;
		const e = [...document.querySelectorAll(%q)].find((e) => e.textContent.trim() === %q && e.offsetParent); if (e) e.dataset.pressed = 1; return e; })()`, selector, text))
	b.click("[data-pressed]")
}

// contrast lists texts whose colour is too near to their background's (WCAG 1.4.3: 4.5, and
// 3 for large ones).
func (b *browser) contrast() []string {
	b.Helper()
	return eval[[]string](b, `(() => {
		const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
		const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
		const read = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
		const behind = (e) => { for (; e; e = e.parentElement) { const c = read(getComputedStyle(e).backgroundColor); if (c[3] > 250) return c.slice(0, 3); } return [255, 255, 255]; };
		const bad = [];
		const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (texts.nextNode()) {
			const e = texts.currentNode.parentElement, style = getComputedStyle(e);
			if (!texts.currentNode.textContent.trim() || !e.checkVisibility() || e.closest("svg, .unseen, :disabled, .skip")) continue;
			const [a, z] = [light(read(style.color).slice(0, 3)), light(behind(e))].sort((x, y) => y - x);
			const ratio = (a + .05) / (z + .05), large = parseFloat(style.fontSize) >= 24;
			if (ratio < (large ? 3 : 4.5)) bad.push(ratio.toFixed(2) + " " + e.className + ": " + texts.currentNode.textContent.slice(0, 40));
		}
		return bad;
	})()`)
}
