package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// watching prints what becomes of notifications, and how many changes a hook records.
type watching struct{ done chan struct{} }

func (w watching) Observe(_ context.Context, o subscription.Observation) {
	switch o := o.(type) {
	case subscription.HookCalled:
		fmt.Println("hook:", o.Recorded, "of", o.Changes, "recorded")
	case subscription.NotificationAttempted:
		fmt.Println(o.Channel, o.Type, o.Events, o.Result)
		if o.Type == notification.EventNotification {
			close(w.done)
		}
	}
}

// An Observer is told what the engine does. Observers tells several of them.
func ExampleObserver() {
	patients, err := topic.Parse([]byte(anyPatientText))
	if err != nil {
		panic(err)
	}
	seen := watching{make(chan struct{})}
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: base, Store: memory.New(),
		Channels: []subscription.Channel{new(peer)}, Topics: []*topic.Topic{patients},
		Authorizer: subscription.InsecureAllowAll{},
		Observer:   subscription.Observers{seen},
	})
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	if _, err := engine.Create(ctx, "", json.RawMessage(subscriptionJSON(anyPatient))); err != nil {
		panic(err)
	}
	if err := engine.OnResourceChange(ctx, patient("1", 1)); err != nil {
		panic(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	<-seen.done
	stop()
	fmt.Println(<-ended)
	// Output:
	// hook: 1 of 1 recorded
	// rest-hook handshake 0 ok
	// rest-hook event-notification 1 ok
	// <nil>
}
