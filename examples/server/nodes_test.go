//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/invariant"
)

// node is one of several server processes over the same store.
type node struct {
	t       *testing.T
	flags   []string
	base    string
	process *exec.Cmd
}

func (n *node) start() { _, n.process = start(n.t, n.flags...) }

// kill ends the process without a word.
func (n *node) kill() {
	require.NoError(n.t, n.process.Process.Kill())
	_ = n.process.Wait() // "signal: killed"
}

// end has the process finish its requests.
func (n *node) end() {
	require.NoError(n.t, n.process.Process.Signal(syscall.SIGTERM))
	require.NoError(n.t, n.process.Wait())
}

func (n *node) signal(s syscall.Signal) { require.NoError(n.t, n.process.Process.Signal(s)) }

// nodes are server processes, their clients and their subscriber.
type nodes struct {
	t          *testing.T
	all        []*node
	subscriber *httptest.Server
	checker    invariant.Checker
	hang       chan struct{} // who receives from it has a notification never answered

	mu    sync.Mutex
	acked map[string]bool // references and versions whose write was answered
}

// resources is how many Patients are written, by all writers and on all nodes.
const resources = 20

// clientBase is the base that all nodes say they have.
const clientBase = "http://fhir.test/fhir"

// startNodes starts so many nodes over a store.
func startNodes(t *testing.T, count int, store string, flags ...string) *nodes {
	ns := &nodes{t: t, hang: make(chan struct{}), acked: map[string]bool{}}
	ns.subscriber = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil { // else the sender was killed in the middle
			select {
			case ns.hang <- struct{}{}:
				<-r.Context().Done()
				return
			default:
			}
			if err := ns.checker.Receive(r.URL.Path[1:], body); err != nil {
				t.Error(err)
			}
		}
	}))
	t.Cleanup(ns.subscriber.Close)
	for i := range count {
		address := freeAddress(t)
		n := &node{t: t, base: "http://" + address + "/fhir", flags: append([]string{
			"-addr", address, "-base-url", clientBase, "-store", store, "-node", fmt.Sprint("n", i+1),
			"-allow-private", "-retry", "100ms,200ms,500ms" + strings.Repeat(",1s", 20),
		}, flags...)}
		ns.all = append(ns.all, n)
		n.start()
	}
	t.Cleanup(func() {
		for _, n := range ns.all {
			n.kill()
		}
	})
	return ns
}

func (ns *nodes) any() *node { return ns.all[rand.IntN(len(ns.all))] }

// freeAddress is where a node listens each time it starts.
func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// client gives up on a node that is stopped and holds on to its connections.
var client = http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// call makes a request; 0 is the status of one that got no answer.
func (n *node) call(method, path, body string) (int, []byte) {
	r, err := http.NewRequest(method, n.base+path, strings.NewReader(body))
	if err != nil {
		return 0, nil
	}
	res, err := client.Do(r)
	if err != nil {
		return 0, nil
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil
	}
	return res.StatusCode, raw
}

// get reads from a node that may still be busy with what happened to it.
func (n *node) get(path string) (raw []byte) {
	status := 0
	require.Eventually(n.t, func() bool {
		status, raw = n.call("GET", path, "")
		return status == http.StatusOK
	}, 20*time.Second, 10*time.Millisecond)
	return raw
}

// subscribe makes two Subscriptions to all Patients, one of which gets events in
// batches, and waits until they are active.
func (ns *nodes) subscribe() {
	const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	for i, id := range subscriptions {
		status, raw := ns.any().call("PUT", "/Subscription/"+id, fmt.Sprintf(`{"resourceType":"Subscription","id":%q,"status":"requested","reason":"test",
			"criteria":"https://carillon-fhir.github.io/topics/patient-change",
			"channel":{"type":"rest-hook","endpoint":"%s/%[1]s","payload":"application/fhir+json","extension":[{"url":"%[3]sbackport-max-count","valuePositiveInt":%[4]d}],
			"_payload":{"extension":[{"url":"%[3]sbackport-payload-content","valueCode":"full-resource"}]}}}`, id, ns.subscriber.URL, backport, 1+9*i))
		require.Equal(ns.t, http.StatusCreated, status, string(raw))
	}
	require.Eventually(ns.t, func() bool {
		return bytes.Contains(ns.any().get("/Subscription?status=active&_count=0"), fmt.Appendf(nil, `"total":%d`, len(subscriptions)))
	}, 20*time.Second, 10*time.Millisecond)
}

var subscriptions = []string{"one", "batched"}

// atRisk is how many events may be sent once more after a fault: the batches of all
// subscriptions.
const atRisk = 1 + 10

// write updates a Patient and reports whether that was acknowledged.
func (ns *nodes) write(n *node, id string, value int) bool {
	status, raw := n.call("PUT", "/Patient/"+id, fmt.Sprintf(`{"resourceType":"Patient","id":%q,"multipleBirthInteger":%d}`, id, value))
	if status != http.StatusOK && status != http.StatusCreated {
		return false
	}
	var stored struct{ Meta struct{ VersionID string } }
	if err := json.Unmarshal(raw, &stored); err != nil {
		ns.t.Error(err)
	}
	ns.mu.Lock()
	defer ns.mu.Unlock()
	reference := "Patient/" + id + "#" + stored.Meta.VersionID
	if ns.acked[reference] {
		ns.t.Error("two writes were given the same version")
	}
	ns.acked[reference] = true
	return true
}

// load has writers write to all nodes until the function that it returns is called.
func (ns *nodes) load(writers int, rest time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(ns.t.Context())
	var ended sync.WaitGroup
	for range writers {
		ended.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if ns.write(ns.any(), fmt.Sprint("p", rand.IntN(resources)), i) {
					pause(ctx, rest)
				} else {
					pause(ctx, 5*time.Millisecond) // nobody is there
				}
			}
		})
	}
	return func() {
		cancel()
		ended.Wait()
	}
}

// committed reads every version of every Patient from a node's history.
func (n *node) committed() map[string]bool {
	all := map[string]bool{}
	for i := range resources {
		reference := fmt.Sprint("Patient/p", i)
		if status, _ := n.call("GET", "/"+reference, ""); status == http.StatusNotFound {
			continue
		}
		for path := "/" + reference + "/_history?_count=1000"; path != ""; {
			var bundle struct {
				Link  []struct{ Relation, URL string }
				Entry []struct {
					Resource struct{ Meta struct{ VersionID string } }
				}
			}
			require.NoError(n.t, json.Unmarshal(n.get(path), &bundle))
			for _, e := range bundle.Entry {
				all[reference+"#"+e.Resource.Meta.VersionID] = true
			}
			path = ""
			for _, l := range bundle.Link {
				if l.Relation == "next" {
					path = strings.TrimPrefix(l.URL, clientBase)
				}
			}
		}
	}
	return all
}

// judge holds what has arrived against what was committed, after the load has ended.
// All nodes are ended in good order and started again before, lest one still works on
// a request whose client has given up. label and faults are for the line it prints.
func (ns *nodes) judge(label, faults string) {
	t := ns.t
	for _, n := range ns.all {
		n.end()
		n.start()
	}
	committed := ns.any().committed()
	for reference := range ns.acked {
		require.True(t, committed[reference], "an answered write is missing")
	}
	for reference := range committed {
		focus, version, _ := strings.Cut(reference, "#")
		for _, id := range subscriptions {
			ns.checker.Expect(id, invariant.Focus{Reference: focus, Version: version})
		}
	}
	// One event at a time to one subscriber is slower than all writers.
	patience := time.Minute + time.Duration(len(committed))*20*time.Millisecond
	if !assert.Eventually(t, ns.checker.Complete, patience, 50*time.Millisecond) {
		t.Fatal(ns.checker.Report())
	}
	report := ns.checker.Report()
	t.Logf("%s %s acknowledged=%d committed=%d %v", label, faults, len(ns.acked), len(committed), report)
	require.NoError(t, report.Err())
	require.NotEmpty(t, ns.acked)
	for _, n := range ns.all {
		for _, id := range subscriptions {
			require.Contains(t, string(n.get("/Subscription/"+id+"/$status")),
				`"events-since-subscription-start","valueString":`+strconv.Quote(fmt.Sprint(len(committed))))
		}
	}
}

// pause lets the load run; it does not wait for anything to happen.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
