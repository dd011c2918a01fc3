package receiver_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/notification/receiver"
	"github.com/carillon-fhir/carillon/notification/receiver/receivertest"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
)

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// What was missed is fetched from the FHIR server itself.
func ExampleNewServer() {
	fhir := receivertest.New(http.NotFoundHandler()) // the server; its notifications get lost
	for i := range 3 {
		fhir.Happen("1", json.RawMessage(fmt.Sprintf(`{"resourceType":"Encounter","id":"e%d"}`, i+1)))
	}
	web := httptest.NewServer(fhir)
	defer web.Close()
	client := web.Client() // in practice one that shows the server a token
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	server := must(receiver.NewServer(receiver.ServerConfig{BaseURL: web.URL + "/fhir", Client: client}))
	r := must(receiver.New(receiver.Config{
		Source: server,
		Handle: func(_ context.Context, e receiver.Event) error {
			fmt.Println(e.Number, e.Focus.URL, e.Recovered)
			return nil
		},
		OnProblem: func(_ context.Context, p receiver.Problem) { fmt.Println(p) },
	}))
	status := must(server.Status(context.Background(), "1"))
	fmt.Println(r.Receive(context.Background(), status)) // it counts three, of which none has come
	client.CloseIdleConnections()
	// Output:
	// 1 Encounter/e1 true
	// 2 Encounter/e2 true
	// 3 Encounter/e3 true
	// <nil>
}

// Positions survive the process: what was handled is not handled again.
func ExampleOpenFile() {
	dir := must(os.MkdirTemp("", "receiver"))
	defer os.RemoveAll(dir)
	var server *receivertest.Server
	for process := range 2 {
		positions := must(receiver.OpenFile(filepath.Join(dir, "positions.json")))
		r := must(receiver.New(receiver.Config{
			Positions: positions, Source: source(&server),
			Handle: func(_ context.Context, e receiver.Event) error {
				fmt.Println("process", process, "event", e.Number)
				return nil
			},
			OnProblem: func(_ context.Context, p receiver.Problem) { fmt.Println(p) },
		}))
		if process == 0 {
			server = receivertest.New(r)
			server.Happen("1", json.RawMessage(`{"resourceType":"Encounter","id":"e1"}`))
			server.Send("1", 1)
			continue
		}
		after := receivertest.New(r) // the same server, seen by the next process
		for range 2 {
			after.Happen("1", json.RawMessage(`{"resourceType":"Encounter","id":"e"}`))
		}
		server = after
		after.Send("1", 1)
		after.Send("1", 2)
	}
	// Output:
	// process 0 event 1
	// process 1 event 2
}

// The effect of an event and its position in one transaction: exactly once.
func ExampleSQL() {
	dir := must(os.MkdirTemp("", "receiver"))
	defer os.RemoveAll(dir)
	db := must(modernc.Open(filepath.Join(dir, "effects.db")))
	defer db.Close()
	must(db.Exec(receiver.CreateTable("position")))
	must(db.Exec(`CREATE TABLE visit (id TEXT)`))
	positions := receiver.NewSQL(db, "position", true)
	handle := func(ctx context.Context, e receiver.Event) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		first, err := positions.Advance(ctx, tx, e)
		if err != nil || !first {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO visit VALUES (?)`, e.Focus.FullURL); err != nil {
			return err
		}
		return tx.Commit()
	}
	r := must(receiver.New(receiver.Config{
		Positions: positions, Handle: handle,
		OnProblem: func(_ context.Context, p receiver.Problem) { fmt.Println(p) },
	}))
	server := receivertest.New(r)
	server.Happen("1", json.RawMessage(`{"resourceType":"Encounter","id":"e1"}`))
	server.Send("1", 1)
	server.Send("1", 1)
	var visits int
	if err := db.QueryRow(`SELECT count(*) FROM visit`).Scan(&visits); err != nil && err != sql.ErrNoRows {
		log.Fatal(err)
	}
	fmt.Println(visits)
	// Output: 1
}

// A server that signs by Standard Webhooks is believed by its key.
func ExampleSignatures() {
	key := []byte("0123456789abcdef0123456789abcdef")
	verify := must(receiver.Signatures("whsec_" + base64.StdEncoding.EncodeToString(key)))
	request := func(body string) *http.Request {
		r := httptest.NewRequest("POST", "/hook", nil)
		now := strconv.FormatInt(time.Now().Unix(), 10)
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte("m-1." + now + "." + body))
		r.Header.Set("Webhook-Id", "m-1")
		r.Header.Set("Webhook-Timestamp", now)
		r.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		return r
	}
	fmt.Println(verify(request(`{}`), []byte(`{}`)))
	fmt.Println(verify(request(`{}`), []byte(`{"a":1}`)) != nil)
	// Output:
	// <nil>
	// true
}

// Only notifications of Subscriptions that are expected are taken; a server that falls silent,
// begins anew or fails is reported.
func ExampleReceiver_Expect() {
	var server *receivertest.Server
	r := must(receiver.New(receiver.Config{
		Source: source(&server), Silence: time.Hour,
		Handle:    func(context.Context, receiver.Event) error { return nil },
		OnProblem: func(_ context.Context, p receiver.Problem) { fmt.Println(p.Kind) },
	}))
	server = receivertest.New(r)
	r.Expect("1")
	fmt.Println(server.Heartbeat("1"), server.Heartbeat("2"))
	server.Happen("1", json.RawMessage(`{"resourceType":"Encounter","id":"e1"}`))
	server.Send("1", 1)
	server.Happen("1", json.RawMessage(`{"resourceType":"Encounter","id":"e2"}`))
	server.Prune("1", 2) // before it arrived: $events no longer has it
	server.Heartbeat("1")
	server.Reset("1")
	server.Heartbeat("1")
	server.SetStatus("1", "error")
	server.Heartbeat("1")
	r.Forget("1")
	fmt.Println(server.Heartbeat("1"))

	ctx, stop := context.WithCancel(context.Background())
	stop()
	fmt.Println(r.Run(ctx)) // as long as ctx lasts it watches for silence
	err := r.Receive(context.Background(), &notification.Notification{Type: notification.Heartbeat, Subscription: "nonsense"})
	fmt.Println(err != nil)
	// Output:
	// 200 404
	// lost
	// reset
	// failing
	// 404
	// <nil>
	// true
}
