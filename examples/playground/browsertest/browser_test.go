package browsertest

import (
	"bufio"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience is how long anything may take on a machine that is busy.
const patience = 2 * time.Minute

// screenshots are for people; the folder is not part of the repository.
const screenshots = "../../../build/playground"

// chromium finds a browser, or skips.
func chromium(t *testing.T) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no Chromium (Debian: apt-get install chromium): the playground's page is not tested")
	return ""
}

var folder string // of the binary; "": it was not built

// binary is the playground, built once.
var binary = sync.OnceValues(func() (_ string, err error) {
	if folder, err = os.MkdirTemp("", "playground"); err != nil {
		return "", err
	}
	path := filepath.Join(folder, "playground")
	build := exec.Command("go", "build", "-o", path, "./examples/playground")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if folder != "" {
		_ = os.RemoveAll(folder)
	}
	os.Exit(code)
}

// start runs a playground and returns what it prints as its URL.
func start(t *testing.T, args ...string) string {
	chromium(t) // before anything is built
	path, err := binary()
	require.NoError(t, err)
	process := exec.Command(path, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	t.Cleanup(func() {
		_ = process.Process.Signal(syscall.SIGTERM)
		require.NoError(t, process.Wait())
	})
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	at := regexp.MustCompile(`http://\S+`).FindString(lines.Text())
	require.NotEmpty(t, at, "one line, with the URL")
	return at
}

// browser is a page, and what it should not do.
type browser struct {
	*testing.T
	ctx  context.Context
	page string

	mu       sync.Mutex
	refusal  string // of the API, that is expected
	problems []string
	requests int
}

// open shows a page of a new browser, of a size.
func open(t *testing.T, page string, width, height int64) *browser {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.WSURLReadTimeout(patience))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	b := &browser{T: t, ctx: ctx, page: page}
	require.NoError(t, chromedp.Listen(ctx, b.listen))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	b.run(chromedp.EmulateViewport(width, height), chromedp.Navigate(page))
	return b
}

// listen notes errors of the console, exceptions, and requests to anybody else.
func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			b.problems = append(b.problems, fmt.Sprint("console: ", e.Args))
		}
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, fmt.Sprint("exception: ", e.ExceptionDetails.Text, " ", e.ExceptionDetails.Exception))
	case *cdplog.EventEntryAdded: // what the browser itself says, such as of the CSP
		if e.Entry.Level == "error" && (b.refusal == "" || !strings.Contains(e.Entry.Text, b.refusal)) {
			b.problems = append(b.problems, "browser: "+e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		b.requests++
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && !strings.HasPrefix(e.Request.URL, b.page) {
			b.problems = append(b.problems, "request to "+e.Request.URL)
		}
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 && fmt.Sprint(e.Response.Status) != b.refusal {
			b.problems = append(b.problems, fmt.Sprintf("%d for %s", e.Response.Status, e.Response.URL))
		}
	case *network.EventLoadingFailed:
		if !e.Canceled && e.Type != network.ResourceTypeEventSource {
			b.problems = append(b.problems, "failed: "+e.ErrorText)
		}
	}
}

// quiet checks that nothing was wrong.
func (b *browser) quiet() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b, b.problems)
	require.Positive(b, b.requests)
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	require.NoError(b, chromedp.Do(b.ctx, actions...))
}

// ready waits until the page knows its server.
func (b *browser) ready() {
	b.Helper()
	b.until(`document.querySelectorAll("#panel-topics article").length > 0`)
}

// eval returns the value of an expression.
func eval[T any](b *browser, expression string, options ...chromedp.EvaluateOption) T {
	b.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, options...))
	require.NoError(b, err, expression)
	return value
}

// until waits for an expression to be true.
func (b *browser) until(expression string) {
	b.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		if eval[bool](b, "Boolean("+expression+")") {
			return
		}
	}
	b.shot("failed")
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Fail(b, "it did not come to be", "%s\n%s", expression, strings.Join(b.problems, "\n"))
}

// click is one by the mouse, where the element is.
func (b *browser) click(selector string) {
	b.Helper()
	b.run(chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

// shot makes a screenshot.
func (b *browser) shot(name string) {
	b.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b, err)
	require.NoError(b, os.MkdirAll(screenshots, 0o755))
	require.NoError(b, os.WriteFile(filepath.Join(screenshots, name+".png"), png, 0o644))
}

// shotOf is one of where an element is.
func (b *browser) shotOf(name, selector string) {
	b.Helper()
	b.run(chromedp.ScrollIntoView(chromedp.CSS(selector)))
	b.shot(name)
}

// shotFull is one of all that the page is, where it scrolls as a whole.
func (b *browser) shotFull(name string) {
	b.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	require.NoError(b, err)
	require.NoError(b, os.MkdirAll(screenshots, 0o755))
	require.NoError(b, os.WriteFile(filepath.Join(screenshots, name+".png"), png, 0o644))
}

// tour plays one to its end.
func (b *browser) tour(id string) {
	b.Helper()
	b.click("#tab-start")
	b.click("#tour-" + id)
	b.played(id)
}

func (b *browser) played(id string) {
	b.Helper()
	b.until(`document.querySelector('[data-tour="` + id + `"]:not([data-state="playing"])')`)
	state := eval[string](b, `document.querySelector("[data-tour]").dataset.state`)
	if state != "done" {
		b.shot("failed")
	}
	require.Equal(b, "done", state, "%s\n%s", id, eval[string](b, `document.querySelector("[data-tour]").innerText`))
}
