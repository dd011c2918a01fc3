package workbench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/examples/playground/compose"
	"github.com/carillon-fhir/carillon/examples/playground/remote"
	"github.com/carillon-fhir/carillon/fhirpath"
)

// Changes are what a person has done to the server's data.
type Changes struct {
	Template  string  `json:"template"`
	Count     int     `json:"count"`
	PerSecond float64 `json:"perSecond"` // 0: one after the other, as fast as they are answered
	Patient   string  `json:"patient"`   // a reference; "": one is made; "random": anybody of the group
}

// Bounds of Changes and groups.
const (
	maxChanges   = 1000
	maxPerSecond = 100
	maxGroup     = 100
	random       = "random"
)

// Progress is how far Changes have come.
type Progress struct {
	Template string `json:"template"`
	Done     int    `json:"done"`
	Failed   int    `json:"failed"`
	Count    int    `json:"count"`
	Running  bool   `json:"running"`
}

// run is Changes under way.
type run struct {
	cancel context.CancelFunc
	Progress
}

var (
	errChanges = fmt.Errorf("workbench: the template must be known, the count 1 to %d, and the rate 0 to %d a second", maxChanges, maxPerSecond)
	errClosed  = errors.New("workbench: it is closed")
	errGroup   = fmt.Errorf("workbench: a group has 1 to %d members", maxGroup)
	errNoGroup = errors.New("workbench: make a group of patients first")
	errRefused = errors.New("workbench: the server refuses the resource; see its answer among the requests")
)

// start begins Changes. Those under way are stopped.
func (b *Workbench) start(ctx context.Context, c Changes) (Progress, error) {
	template, ok := compose.Lookup(c.Template)
	if !ok || c.Count < 1 || c.Count > maxChanges || c.PerSecond < 0 || c.PerSecond > maxPerSecond {
		return Progress{}, errChanges
	}
	server, capability, err := b.capabilities(ctx)
	if err != nil {
		return Progress{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx.Err() != nil {
		return Progress{}, errClosed
	}
	if c.Patient == random && b.group == "" {
		return Progress{}, errNoGroup
	}
	b.stop()
	ctx, cancel := context.WithCancel(b.ctx)
	r := &run{cancel, Progress{Template: c.Template, Count: c.Count, Running: true}}
	b.changes = r
	b.running.Add(1)
	go func() {
		defer b.running.Done()
		defer cancel()
		b.make(ctx, server, capability.FHIRRelease(), template, c, r)
	}()
	return r.Progress, nil
}

// stop ends Changes under way. b.mu is held.
func (b *Workbench) stop() {
	if b.changes != nil {
		b.changes.cancel()
		b.changes = nil
	}
}

func (b *Workbench) make(ctx context.Context, server *remote.Server, release fhirpath.Release, t compose.Template, c Changes, r *run) {
	var pace <-chan time.Time
	if c.PerSecond > 0 {
		ticker := time.NewTicker(time.Duration(float64(time.Second) / c.PerSecond))
		defer ticker.Stop()
		pace = ticker.C
	}
	for i := range c.Count {
		if i > 0 && pace != nil {
			select {
			case <-pace:
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			break
		}
		err := b.change(ctx, server, release, t, c.Patient)
		if ctx.Err() != nil {
			break
		}
		b.mu.Lock()
		if r.Done++; err != nil {
			r.Failed++
		}
		r.Running = r.Done < r.Count
		b.cfg.Feed.Add("changes", r.Progress)
		b.mu.Unlock()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Running {
		r.Running = false
		b.cfg.Feed.Add("changes", r.Progress)
	}
	if b.changes == r {
		b.changes = nil
	}
}

// change makes one.
func (b *Workbench) change(ctx context.Context, server *remote.Server, release fhirpath.Release, t compose.Template, patient string) error {
	switch {
	case !t.Patient:
	case patient == random:
		b.mu.Lock()
		patient = b.patients[rand.IntN(len(b.patients))]
		b.mu.Unlock()
	case patient == "":
		var err error
		if patient, err = b.anybody(ctx, server, release); err != nil {
			return err
		}
	}
	request := remote.Request{Method: http.MethodPost, Why: t.Title}
	id, about := b.unfinished(t)
	if about != "" {
		patient = about
	}
	body := t.Resource(release, id, patient, time.Now())
	var written struct{ ResourceType string }
	if err := json.Unmarshal(body, &written); err != nil {
		return err
	}
	request.Path, request.Body = written.ResourceType, string(body)
	if id != "" {
		request.Method, request.Path = http.MethodPut, written.ResourceType+"/"+id
	}
	reference, err := create(ctx, server, request)
	if err == nil && id == "" && t.Updates == "" {
		b.mu.Lock()
		b.open[t.ID] = append(b.open[t.ID], made{reference, patient})
		b.mu.Unlock()
	}
	return err
}

// made is a resource that a template has made.
type made struct{ reference, patient string }

// unfinished takes the newest that t may update: its id, and whom it is about.
func (b *Workbench) unfinished(t compose.Template) (id, patient string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.open[t.Updates]
	if t.Updates == "" || len(list) == 0 {
		return "", ""
	}
	newest := list[len(list)-1]
	b.open[t.Updates] = list[:len(list)-1]
	_, id, _ = cutReference(newest.reference)
	return id, newest.patient
}

// anybody is a patient that the workbench has made, or makes.
func (b *Workbench) anybody(ctx context.Context, server *remote.Server, release fhirpath.Release) (string, error) {
	b.mu.Lock()
	if len(b.patients) > 0 {
		defer b.mu.Unlock()
		return b.patients[0], nil
	}
	b.mu.Unlock()
	list, err := b.makePatients(ctx, server, release, 1)
	if err != nil {
		return "", err
	}
	return list[0], nil
}

func (b *Workbench) makePatients(ctx context.Context, server *remote.Server, release fhirpath.Release, n int) ([]string, error) {
	template, _ := compose.Lookup("patient-new")
	var list []string
	for range n {
		reference, err := create(ctx, server, remote.Request{
			Method: http.MethodPost, Path: "Patient", Why: "A made-up patient", Body: string(template.Resource(release, "", "", time.Now())),
		})
		if err != nil {
			return nil, err
		}
		list = append(list, reference)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.server == server {
		b.patients = append(b.patients, list...)
		b.cfg.Feed.Add("patients", b.people())
	}
	return list, nil
}

// People are whom changes can be about.
type People struct {
	Patients []string `json:"patients"` // references
	Group    string   `json:"group"`    // a reference; "": there is none
}

// people is for the page. b.mu is held.
func (b *Workbench) people() People { return People{append([]string{}, b.patients...), b.group} }

// makeGroup makes patients and a Group of all that there are.
func (b *Workbench) makeGroup(ctx context.Context, size int) (People, error) {
	if size < 1 || size > maxGroup {
		return People{}, errGroup
	}
	server, capability, err := b.capabilities(ctx)
	if err != nil {
		return People{}, err
	}
	b.mu.Lock()
	more := size - len(b.patients)
	b.mu.Unlock()
	if more > 0 {
		if _, err := b.makePatients(ctx, server, capability.FHIRRelease(), more); err != nil {
			return People{}, err
		}
	}
	b.mu.Lock()
	members := slices.Clone(b.patients)
	b.mu.Unlock()
	group, err := create(ctx, server, remote.Request{
		Method: http.MethodPost, Path: "Group", Why: "A group of the made-up patients", Body: string(compose.Group(capability.FHIRRelease(), members)),
	})
	if err != nil {
		return People{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.group = group
	b.cfg.Feed.Add("patients", b.people())
	return b.people(), nil
}

// create writes a resource and returns its reference.
func create(ctx context.Context, server *remote.Server, r remote.Request) (string, error) {
	e, err := server.Do(ctx, r)
	if err != nil {
		return "", err
	}
	if e.Status != http.StatusCreated && e.Status != http.StatusOK {
		return "", errRefused
	}
	var made struct{ ResourceType, ID string }
	if json.Unmarshal([]byte(e.Answer), &made) == nil && fhirpath.IsID(made.ID) {
		return made.ResourceType + "/" + made.ID, nil
	}
	if resourceType, id, ok := cutReference(e.Headers["Location"]); ok {
		return resourceType + "/" + id, nil
	}
	return "", errRefused
}
