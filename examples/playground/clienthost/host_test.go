package clienthost_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/playground/clienthost"
	"github.com/carillon-fhir/carillon/examples/playground/feed"
	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

func newHost(t *testing.T) (*clienthost.Host, *feed.Log) {
	events := feed.New(100, 1<<20)
	host := clienthost.New(clienthost.Config{URL: "http://hooks.example.org/", Feed: events})
	t.Cleanup(host.Close)
	return host, events
}

// bundle is a notification of Subscription s with these numbers.
func bundle(t testing.TB, r fhirpath.Release, kind notification.Type, count int64, numbers ...int64) string {
	n := &notification.Notification{
		ID: "n", StatusID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01", Timestamp: time.Now(), Type: kind, Content: notification.IDOnly,
		Subscription: "https://fhir.example.org/Subscription/s", Topic: "https://example.org/topic", Status: "active", EventsSinceSubscriptionStart: count,
	}
	for _, number := range numbers {
		n.Events = append(n.Events, notification.Event{Number: number, Timestamp: time.Now(), Focus: notification.Entry{FullURL: "https://fhir.example.org/Encounter/e", Method: "PUT"}})
	}
	raw, err := notification.Append(nil, r, n)
	require.NoError(t, err)
	return string(raw)
}

// post sends a body to an endpoint; 0 is a connection that is cut.
func post(h http.Handler, address, body string) (status int) {
	defer func() {
		if recover() == http.ErrAbortHandler {
			status = 0
		}
	}()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, address, strings.NewReader(body))
	h.ServeHTTP(w, r)
	return w.Code
}

func newest(h *clienthost.Host) clienthost.Arrival {
	all := h.Arrivals()
	return all[len(all)-1]
}

func Example() {
	events := feed.New(100, 1<<20)
	host := clienthost.New(clienthost.Config{URL: "http://127.0.0.1:9000", Feed: events})
	defer host.Close()
	endpoint, err := host.Open(clienthost.RestHook)
	if err != nil {
		panic(err)
	}
	body := bundle(&testing.T{}, fhirpath.R4, notification.EventNotification, 7, 7)
	fmt.Println(post(host, endpoint.Address, body))
	arrival := host.Arrivals()[0]
	fmt.Println(arrival.Kind, arrival.Subscription, arrival.Events[0].Number, arrival.Gap)
	// Output:
	// 200
	// event-notification s 7 [{1 6}]
}

// C7: what arrives is read, in each release, and kept; where nobody is, the answer is 410.
func TestReceipt(t *testing.T) {
	for _, r := range []fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5} {
		host, events := newHost(t)
		e, err := host.Open(clienthost.RestHook)
		require.NoError(t, err)
		require.Equal(t, 200, post(host, e.Address, bundle(t, r, notification.Handshake, 0)))
		require.Equal(t, "handshake", newest(host).Kind)
		require.Equal(t, 200, post(host, e.Address, bundle(t, r, notification.EventNotification, 2, 1, 2)))
		a := newest(host)
		require.True(t, a.Taken)
		require.Equal(t, "https://example.org/topic", a.Topic)
		require.Equal(t, "https://fhir.example.org/Encounter/e", a.Events[1].Focus)
		require.Less(t, *a.Events[1].Latency, time.Minute.Milliseconds())
		require.Empty(t, a.Gap)

		require.Equal(t, 200, post(host, e.Address, `{"resourceType":"Patient"}`), "a tester's endpoint takes all")
		require.Equal(t, clienthost.Unreadable, newest(host).Kind)
		require.NotEmpty(t, newest(host).Problems)
		require.Equal(t, 200, post(host, e.Address, ""))
		require.Equal(t, clienthost.Classic, newest(host).Kind)

		require.Equal(t, 410, post(host, e.Address+"0", ""))
		require.Equal(t, 404, post(host, "http://hooks.example.org/", ""))
		require.NoError(t, host.Delete(e.Key))
		require.Equal(t, 410, post(host, e.Address, ""))
		require.ErrorIs(t, host.Delete(e.Key), clienthost.ErrUnknown)
		require.Len(t, host.Arrivals(), 4)
		require.EqualValues(t, 6, events.Last(), "an endpoint, four arrivals, an endpoint deleted")
	}
}

// Whoever sends can't make the Host remember without end: names of Subscriptions are the
// sender's, and a large body about several is kept once.
func TestManySubscriptions(t *testing.T) {
	host, events := newHost(t)
	e, err := host.Open(clienthost.RestHook)
	require.NoError(t, err)
	about := func(id string) string {
		return strings.ReplaceAll(bundle(t, fhirpath.R4, notification.EventNotification, 1, 1), "Subscription/s", "Subscription/"+id)
	}
	for range 2 {
		require.Equal(t, 200, post(host, e.Address, about("s")))
	}
	require.True(t, newest(host).Events[0].Duplicate)
	for i := range 200 {
		require.Equal(t, 200, post(host, e.Address, about(fmt.Sprint("other", i))))
	}
	require.Equal(t, 200, post(host, e.Address, about("s")))
	require.False(t, newest(host).Events[0].Duplicate, "it is forgotten")

	status := bundle(t, fhirpath.R4, notification.Heartbeat, 0)
	at := strings.Index(status, `"entry":[`) + len(`"entry":[`)
	end := strings.LastIndexByte(status, ']')
	entry := status[at:end]
	several := status[:at] + entry + strings.Repeat(","+entry, 199) + status[end:]
	before := len(host.Arrivals())
	require.Equal(t, 200, post(host, e.Address, several))
	kept := 0
	for _, a := range host.Arrivals()[before:] {
		kept += len(a.Body)
	}
	require.Len(t, host.Arrivals()[before:], 200)
	require.Equal(t, len(several), kept)
	require.NotZero(t, events.Last())
}

func TestMessagesAreUnwrapped(t *testing.T) {
	host, _ := newHost(t)
	e, err := host.Open(clienthost.Message)
	require.NoError(t, err)
	body := `{"resourceType":"Bundle","type":"message","entry":[{"resource":{"resourceType":"MessageHeader"}},{"resource":` + bundle(t, fhirpath.R4, notification.EventNotification, 1, 1) + `}]}`
	require.Equal(t, 200, post(host, e.Address+"/$process-message", body))
	require.Equal(t, "event-notification", newest(host).Kind)
	require.EqualValues(t, 1, newest(host).Events[0].Number)
}

// What numbers say: each case is what arrives, and the last arrival's verdict.
func TestGapsAndDuplicates(t *testing.T) {
	handshake, heartbeat, event := notification.Handshake, notification.Heartbeat, notification.EventNotification
	type step struct {
		kind    notification.Type
		count   int64
		numbers []int64
	}
	for name, tc := range map[string]struct {
		steps     []step
		gap       []clienthost.Range
		duplicate bool
		late      bool
	}{
		"in order":                        {steps: []step{{handshake, 0, nil}, {event, 1, []int64{1}}, {event, 2, []int64{2}}}},
		"the first is missing":            {steps: []step{{handshake, 0, nil}, {event, 3, []int64{3}}}, gap: []clienthost.Range{{First: 1, Last: 2}}},
		"no handshake":                    {steps: []step{{event, 2, []int64{2}}}, gap: []clienthost.Range{{First: 1, Last: 1}}},
		"it began elsewhere":              {steps: []step{{handshake, 5, nil}, {event, 7, []int64{7}}}},
		"and went on":                     {steps: []step{{handshake, 5, nil}, {event, 7, []int64{7}}, {event, 9, []int64{9}}}, gap: []clienthost.Range{{First: 8, Last: 8}}},
		"within a batch":                  {steps: []step{{handshake, 0, nil}, {event, 5, []int64{1, 2, 5}}}, gap: []clienthost.Range{{First: 3, Last: 4}}},
		"the same again":                  {steps: []step{{event, 1, []int64{1}}, {event, 1, []int64{1}}}, duplicate: true},
		"what was missing":                {steps: []step{{event, 1, []int64{1}}, {event, 3, []int64{3}}, {event, 3, []int64{2}}}, late: true},
		"what was missing, twice":         {steps: []step{{event, 3, []int64{3}}, {event, 3, []int64{2}}, {event, 3, []int64{2}}}, duplicate: true},
		"a heartbeat knows more":          {steps: []step{{handshake, 0, nil}, {event, 1, []int64{1}}, {heartbeat, 3, nil}}, gap: []clienthost.Range{{First: 2, Last: 3}}},
		"and the gap is told once":        {steps: []step{{handshake, 0, nil}, {heartbeat, 1, nil}, {heartbeat, 1, nil}}},
		"a new handshake changes nothing": {steps: []step{{handshake, 0, nil}, {event, 1, []int64{1}}, {handshake, 3, nil}, {event, 3, []int64{3}}}, gap: []clienthost.Range{{First: 2, Last: 2}}},
	} {
		host, _ := newHost(t)
		e, err := host.Open(clienthost.RestHook)
		require.NoError(t, err)
		for _, s := range tc.steps {
			require.Equal(t, 200, post(host, e.Address, bundle(t, fhirpath.R4, s.kind, s.count, s.numbers...)), name)
		}
		a := newest(host)
		require.Equal(t, tc.gap, a.Gap, name)
		require.Equal(t, tc.duplicate, len(a.Events) == 1 && a.Events[0].Duplicate, name)
		require.Equal(t, tc.late, len(a.Events) == 1 && a.Events[0].Late, name)
	}
}

// C4: each kind of trouble, what the sender gets, and whether the endpoint has it.
func TestTrouble(t *testing.T) {
	for _, tc := range []struct {
		trouble clienthost.Trouble
		status  int
		taken   bool
	}{
		{clienthost.Trouble{}, 200, true},
		{clienthost.Trouble{Kind: clienthost.Down}, 0, false},
		{clienthost.Trouble{Kind: clienthost.Reject, Status: 503}, 503, false},
		{clienthost.Trouble{Kind: clienthost.Reject, Status: 410}, 410, false},
		{clienthost.Trouble{Kind: clienthost.Lose}, 200, false},
		{clienthost.Trouble{Kind: clienthost.Break}, 0, true},
		{clienthost.Trouble{Kind: clienthost.Slow, Delay: 7}, 200, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			host, _ := newHost(t)
			e, err := host.Open(clienthost.RestHook)
			require.NoError(t, err)
			require.NoError(t, host.SetTrouble(e.Key, tc.trouble))
			before := time.Now()
			require.Equal(t, tc.status, post(host, e.Address, bundle(t, fhirpath.R4, notification.EventNotification, 1, 1)), tc.trouble)
			require.Equal(t, time.Duration(tc.trouble.Delay)*time.Second, time.Since(before))
			require.Equal(t, tc.taken, newest(host).Taken, tc.trouble)
			require.NotEmpty(t, newest(host).Answer)
			require.NoError(t, host.SetTrouble(e.Key, clienthost.Trouble{}))
			require.Equal(t, 200, post(host, e.Address, bundle(t, fhirpath.R4, notification.EventNotification, 1, 1)))
			require.Equal(t, tc.taken, newest(host).Events[0].Duplicate, "%v: it counts only if it was taken", tc.trouble)
		})
	}
}

func TestTroubleEveryThirdTime(t *testing.T) {
	host, _ := newHost(t)
	e, err := host.Open(clienthost.RestHook)
	require.NoError(t, err)
	require.NoError(t, host.SetTrouble(e.Key, clienthost.Trouble{Kind: clienthost.Reject, Status: 500, Every: 3}))
	var got []int
	for range 7 {
		got = append(got, post(host, e.Address, bundle(t, fhirpath.R4, notification.Heartbeat, 0)))
	}
	require.Equal(t, []int{200, 200, 500, 200, 200, 500, 200}, got)
}

func TestWhatCannotBe(t *testing.T) {
	host, _ := newHost(t)
	_, err := host.Open("sms")
	require.ErrorIs(t, err, clienthost.ErrChannel)
	hook, err := host.Open(clienthost.RestHook)
	require.NoError(t, err)
	socket, err := host.Open(clienthost.Websocket)
	require.NoError(t, err)
	for _, bad := range []clienthost.Trouble{{Kind: "fire"}, {Kind: clienthost.Reject, Status: 200}, {Kind: clienthost.Slow}, {Kind: clienthost.Slow, Delay: 1000}, {Kind: clienthost.Down, Every: -1}} {
		require.Error(t, host.SetTrouble(hook.Key, bad), bad)
	}
	require.ErrorIs(t, host.SetTrouble(socket.Key, clienthost.Trouble{Kind: clienthost.Break}), clienthost.ErrTrouble)
	require.ErrorIs(t, host.SetTrouble("nobody", clienthost.Trouble{}), clienthost.ErrUnknown)
	require.ErrorIs(t, host.Bind(hook.Key, nil, "s"), clienthost.ErrUnknown, "it is no websocket")
	for i := 2; i < 200; i++ {
		_, err = host.Open(clienthost.RestHook)
		require.NoError(t, err)
	}
	_, err = host.Open(clienthost.RestHook)
	require.ErrorIs(t, err, clienthost.ErrMany)
	require.Len(t, host.Endpoints(), 200)
}

// Only so much is kept, and the newest of it.
func TestOldArrivalsGo(t *testing.T) {
	host, _ := newHost(t)
	e, err := host.Open(clienthost.RestHook)
	require.NoError(t, err)
	body := bundle(t, fhirpath.R4, notification.Heartbeat, 0)
	for range 1010 {
		post(host, e.Address, body)
	}
	require.Len(t, host.Arrivals(), 1000)
	require.EqualValues(t, 1010, newest(host).ID)
}
