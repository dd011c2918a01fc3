package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

// client talks to the server and prints.
type client struct {
	base   string
	header http.Header
	json   bool
	web    *http.Client
	out    io.Writer
}

// ask makes a request, whose answer must be a success, and returns its body.
func (c *client) ask(ctx context.Context, method, path string, body any) ([]byte, error) {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/"+path, content)
	if err != nil {
		return nil, err
	}
	req.Header = c.header.Clone()
	req.Header.Set("Accept", "application/fhir+json")
	if body != nil {
		req.Header.Set("Content-Type", "application/fhir+json")
	}
	resp, err := c.web.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, refusal(resp.Status, answer)
	}
	return answer, nil
}

// refusal is what an OperationOutcome says.
func refusal(status string, body []byte) error {
	doc, err := fhirpath.Parse(body)
	if err != nil {
		return errors.New(status)
	}
	var problems []string
	for issue := range doc.Root().Get("issue").Elements() {
		text := issue.Path("details", "text").Text()
		if text == "" {
			text = issue.Get("diagnostics").Text()
		}
		for at := range issue.Get("expression").Elements() {
			text = at.Text() + ": " + text
		}
		problems = append(problems, text)
	}
	return fmt.Errorf("%s: %s", status, strings.Join(problems, "; "))
}

// read is ask, with a document for its answer. With -json the answer is printed, and
// shown is true.
func (c *client) read(ctx context.Context, method, path string, body any) (answer fhirpath.Node, shown bool, err error) {
	raw, err := c.ask(ctx, method, path, body)
	if err != nil {
		return fhirpath.Node{}, false, err
	}
	doc, err := fhirpath.Parse(raw)
	if err != nil {
		return fhirpath.Node{}, false, err
	}
	return doc.Root(), c.print(raw), nil
}

// notifications is ask for the operations that answer with notifications.
func (c *client) notifications(ctx context.Context, path string) (list []*notification.Notification, shown bool, err error) {
	raw, err := c.ask(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, false, err
	}
	list, err = notification.ParseAll(raw)
	if errors.Is(err, notification.ErrNoNotification) { // none that is asked about
		err = nil
	}
	return list, c.print(raw), err
}

func (c *client) print(raw []byte) (shown bool) {
	if !c.json {
		return false
	}
	var indented bytes.Buffer
	if json.Indent(&indented, raw, "", "  ") != nil {
		return false
	}
	fmt.Fprintln(c.out, indented.String())
	return true
}

// table prints rows below a head, in columns.
func (c *client) table(head string, rows [][]string) {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(strings.Fields(head), "\t"))
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
}

// release asks which release the server speaks.
func (c *client) release(ctx context.Context) (fhirpath.Release, error) {
	raw, err := c.ask(ctx, http.MethodGet, "metadata", nil)
	if err != nil {
		return 0, err
	}
	doc, err := fhirpath.Parse(raw)
	if err != nil {
		return 0, err
	}
	version := doc.Root().Get("fhirVersion").Text()
	for _, r := range []fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5} {
		if version != "" && strings.HasPrefix(version, r.Version()[:3]) {
			return r, nil
		}
	}
	return 0, errors.New("the server's release of FHIR is none of R4, R4B and R5")
}

// query is a path with parameters, of which empty ones are left out.
func query(path string, pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Add(pairs[i], pairs[i+1])
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// id returns the only argument, the id of a Subscription.
func id(args []string) (string, error) {
	if len(args) != 1 || strings.ContainsAny(args[0], "/?#") {
		return "", errUsage
	}
	return url.PathEscape(args[0]), nil
}

// resources are those of a Bundle's entries.
func resources(bundle fhirpath.Node) (list []fhirpath.Node) {
	for entry := range bundle.Get("entry").Elements() {
		list = append(list, entry.Get("resource"))
	}
	return list
}
