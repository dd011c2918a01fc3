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
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/invariant"
)

// kills is how often the server is killed. CARILLON_KILLS raises it for a soak.
func kills(t *testing.T) int {
	if text := os.Getenv("CARILLON_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		return n
	}
	return 8
}

// killed is a server process that is killed and started again, its clients and its
// subscriber.
type killed struct {
	t       *testing.T
	address string
	base    string
	file    string
	process *exec.Cmd
	client  http.Client
	checker invariant.Checker

	mu    sync.Mutex
	acked map[string]bool // references and versions whose write was answered
}

// TestKilledServerLosesNothing kills the real process with SIGKILL at random moments
// under load (delivery.md C2). What the restarted server itself shows as history is
// what was committed; everything of it must arrive, once or repeated after a kill,
// under numbers that never change.
func TestKilledServerLosesNothing(t *testing.T) {
	k := &killed{t: t, address: freeAddress(t), file: filepath.Join(t.TempDir(), "fhir.db"), acked: map[string]bool{}}
	k.base = "http://" + k.address + "/fhir"
	k.client = http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	subscriber := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil { // else the sender was killed in the middle
			if err := k.checker.Receive(r.URL.Path[1:], body); err != nil {
				t.Error(err)
			}
		}
	}))
	defer subscriber.Close()
	k.start()
	subs := []string{"one", "batched"}
	for i, id := range subs {
		k.subscribe(id, subscriber.URL+"/"+id, 1+9*i)
	}
	k.awaitActive(len(subs))

	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() { k.write(ctx, fmt.Sprint("w", w)) })
	}
	random := rand.New(rand.NewPCG(2, uint64(time.Now().UnixNano())))
	for range kills(t) {
		pause(ctx, time.Duration(150+random.IntN(500))*time.Millisecond)
		require.NoError(t, k.process.Process.Kill())
		_ = k.process.Wait()     // "signal: killed"
		k.checker.Excuse(1 + 10) // the batch of each that was under way
		k.start()
	}
	stop()
	writers.Wait()

	committed := k.committed()
	for reference := range k.acked {
		require.True(t, committed[reference], "an answered write is missing")
	}
	for reference := range committed {
		focus, version, _ := strings.Cut(reference, "#")
		for _, id := range subs {
			k.checker.Expect(id, invariant.Focus{Reference: focus, Version: version})
		}
	}
	// One event at a time to one subscriber is slower than four writers.
	patience := time.Minute + time.Duration(kills(t))*2*time.Second
	if !assert.Eventually(t, k.checker.Complete, patience, 50*time.Millisecond) {
		t.Fatal(k.checker.Report())
	}
	report := k.checker.Report()
	t.Logf("C2 kills=%d acknowledged=%d committed=%d %v", kills(t), len(k.acked), len(committed), report)
	require.NoError(t, report.Err())
	require.NotEmpty(t, k.acked)
	for _, id := range subs {
		require.Contains(t, string(k.get("/Subscription/"+id+"/$status")), fmt.Sprintf(`"events-since-subscription-start","valueString":"%d"`, len(committed)))
	}
	require.NoError(t, k.process.Process.Kill())
	_ = k.process.Wait()
}

// freeAddress is where the server listens each time it starts.
func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func (k *killed) start() {
	_, k.process = start(k.t, "-addr", k.address, "-store", "sqlite:"+k.file, "-allow-private", "-node", "one", "-retry", "100ms,200ms,500ms,1s,1s,1s,1s")
}

// call makes a request; 0 is the status of one that got no answer.
func (k *killed) call(ctx context.Context, method, path, body string) (int, []byte) {
	r, err := http.NewRequestWithContext(ctx, method, k.base+path, strings.NewReader(body))
	if err != nil {
		return 0, nil
	}
	res, err := k.client.Do(r)
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

func (k *killed) get(path string) []byte {
	status, raw := k.call(k.t.Context(), "GET", path, "")
	require.Equal(k.t, http.StatusOK, status)
	return raw
}

func (k *killed) subscribe(id, endpoint string, maxCount int) {
	const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	status, raw := k.call(k.t.Context(), "PUT", "/Subscription/"+id, fmt.Sprintf(`{"resourceType":"Subscription","id":%q,"status":"requested","reason":"test",
		"criteria":"https://carillon-fhir.github.io/topics/patient-change",
		"channel":{"type":"rest-hook","endpoint":%q,"payload":"application/fhir+json","extension":[{"url":"%[3]sbackport-max-count","valuePositiveInt":%[4]d}],
		"_payload":{"extension":[{"url":"%[3]sbackport-payload-content","valueCode":"full-resource"}]}}}`, id, endpoint, backport, maxCount))
	require.Equal(k.t, http.StatusCreated, status, string(raw))
}

func (k *killed) awaitActive(n int) {
	require.Eventually(k.t, func() bool {
		return bytes.Contains(k.get("/Subscription?status=active&_count=0"), fmt.Appendf(nil, `"total":%d`, n))
	}, 20*time.Second, 10*time.Millisecond)
}

// write updates one Patient after another until ctx ends.
func (k *killed) write(ctx context.Context, prefix string) {
	for i := 0; ctx.Err() == nil; i++ {
		id := fmt.Sprint(prefix, "-", i%5)
		status, raw := k.call(k.t.Context(), "PUT", "/Patient/"+id, fmt.Sprintf(`{"resourceType":"Patient","id":%q,"multipleBirthInteger":%d}`, id, i))
		if status != http.StatusOK && status != http.StatusCreated {
			pause(ctx, 5*time.Millisecond) // it was killed
			continue
		}
		var stored struct{ Meta struct{ VersionID string } }
		if err := json.Unmarshal(raw, &stored); err != nil {
			k.t.Error(err)
		}
		k.mu.Lock()
		k.acked["Patient/"+id+"#"+stored.Meta.VersionID] = true
		k.mu.Unlock()
	}
}

// committed reads every version of every Patient from the server's history.
func (k *killed) committed() map[string]bool {
	all := map[string]bool{}
	for w := range 4 {
		for i := range 5 {
			reference := fmt.Sprintf("Patient/w%d-%d", w, i)
			for path := "/" + reference + "/_history?_count=1000"; path != ""; {
				var bundle struct {
					Link  []struct{ Relation, URL string }
					Entry []struct {
						Resource struct{ Meta struct{ VersionID string } }
					}
				}
				status, raw := k.call(k.t.Context(), "GET", path, "")
				if status == http.StatusNotFound {
					break
				}
				require.NoError(k.t, json.Unmarshal(raw, &bundle))
				for _, e := range bundle.Entry {
					all[reference+"#"+e.Resource.Meta.VersionID] = true
				}
				path = ""
				for _, l := range bundle.Link {
					if l.Relation == "next" {
						path = strings.TrimPrefix(l.URL, k.base)
					}
				}
			}
		}
	}
	return all
}

// pause lets the load run; it does not wait for anything to happen.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
