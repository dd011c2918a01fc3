package bare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Event is a change and the one subscriber who is told.
type Event struct {
	ID         int64
	Subscriber int64
	Number     int64 // among the subscriber's
	Resource   []byte

	durable      chan error
	acknowledged func()
}

// Log keeps events until they are acknowledged.
type Log interface {
	// Commit records what was added and forgets what is done, in one transaction. Separate
	// logs are called for both at the same time, one at a time for each.
	Commit(ctx context.Context, added, done []*Event) error
	Separate() bool
	Close() error
}

// Pipeline delivers changes of Observations to subscribers who are filtered by patient:
// subscriber i by Patient/pi.
type Pipeline struct {
	patients  map[string]int64
	numbers   []atomic.Int64
	ids       atomic.Int64
	receivers []string
	client    *http.Client

	added, done *batch // the same, if the log has them in one transaction
	due         chan *Event
	running     sync.WaitGroup
	sending     sync.WaitGroup

	mu  sync.Mutex
	err error
}

// Start starts a pipeline to receivers, at which subscribers are spread, with so many
// deliveries at once.
func Start(log Log, subscribers int, receivers []string, deliveries int) *Pipeline {
	p := &Pipeline{
		patients: make(map[string]int64, subscribers), numbers: make([]atomic.Int64, subscribers), receivers: receivers,
		client: &http.Client{Transport: &http.Transport{MaxIdleConns: 2 * deliveries, MaxIdleConnsPerHost: deliveries}},
		due:    make(chan *Event, 1024),
	}
	for i := range subscribers {
		p.patients[fmt.Sprintf("Patient/p%d", i)] = int64(i)
	}
	p.added = newBatch()
	p.done = p.added
	p.running.Go(func() { p.commit(log, p.added) })
	if log.Separate() {
		p.done = newBatch()
		p.running.Go(func() { p.commit(log, p.done) })
	}
	for range deliveries {
		p.sending.Go(p.deliver)
	}
	return p
}

// Change returns when a change is recorded. acknowledged is called when its delivery is,
// too.
func (p *Pipeline) Change(resource []byte, acknowledged func()) error {
	doc, err := fhirpath.Parse(resource)
	if err != nil {
		return err
	}
	subscriber, found := p.patients[doc.Root().Path("subject", "reference").Text()]
	if !found {
		return errors.New("bare: nobody is told of this change")
	}
	e := &Event{
		ID: p.ids.Add(1), Subscriber: subscriber, Number: p.numbers[subscriber].Add(1), Resource: resource,
		durable: make(chan error, 1), acknowledged: acknowledged,
	}
	p.added.add(e)
	return <-e.durable
}

// Close ends the pipeline after the last change was acknowledged, and returns the first
// error of a delivery.
func (p *Pipeline) Close() error {
	close(p.due)
	p.sending.Wait()
	p.added.close()
	p.done.close()
	p.running.Wait()
	p.client.CloseIdleConnections()
	return p.err
}

// commit writes what has come together, again and again.
func (p *Pipeline) commit(log Log, b *batch) {
	for {
		added, done := b.take()
		if len(added)+len(done) == 0 {
			return
		}
		err := log.Commit(context.Background(), added, done)
		p.note(err)
		for _, e := range added {
			e.durable <- err
		}
		for _, e := range added {
			p.due <- e
		}
		for _, e := range done {
			e.acknowledged()
		}
	}
}

func (p *Pipeline) deliver() {
	var body []byte
	for e := range p.due {
		body = AppendBundle(body[:0], e)
		if err := p.post(p.receivers[e.Subscriber%int64(len(p.receivers))], body); err != nil {
			p.note(err)
			continue
		}
		p.done.acknowledge(e)
	}
}

func (p *Pipeline) post(url string, body []byte) error {
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/fhir+json")
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return errors.Join(err, response.Body.Close())
}

// note keeps the first error.
func (p *Pipeline) note(err error) {
	if err == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
}
