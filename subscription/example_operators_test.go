package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/carillon-fhir/carillon/subscription"
)

// What those who run the server may see and do; the console is made of it.
func ExampleEngine_Overviews() {
	channel := printer{make(chan struct{})}
	engine, end := running(func(c *subscription.Config) { c.Channels, c.Node = []subscription.Channel{channel}, "n1" })
	defer end()
	ctx := context.Background()
	s, err := engine.Create(ctx, "", json.RawMessage(exampleSubscription))
	if err != nil {
		fmt.Println(err)
	}
	<-channel.done
	if err := engine.OnResourceChange(ctx, encounterOfPatient7("e1")); err != nil {
		fmt.Println(err)
	}
	<-channel.done
	delivered(engine, s.ID, 1)
	fmt.Println(engine.Pause(ctx, "", s.ID)) // its status is error until it is resumed
	o, _, err := engine.Overview(ctx, "", s.ID)
	fmt.Println(o.Status, o.Error, strings.Join(o.Filters, " "), o.Waiting(), o.Failing(), err)
	found, err := engine.Overviews(ctx, subscription.OverviewQuery{AllTenants: true, Status: subscription.StatusError, Limit: 10})
	fmt.Println(len(found.Subscriptions), err)
	var all subscription.Tally
	for part := (subscription.Tally{}); ; {
		if part, err = engine.Tally(ctx, part.Next); err != nil {
			fmt.Println(err)
			break
		}
		if all.Add(part); part.Next == 0 {
			break
		}
	}
	fmt.Println(all.Statuses)
	events, err := engine.EventLog(ctx, "", s.ID, 0, 10)
	fmt.Println(events[0].Number, events[0].ResourceType, err)
	hosts, broken, total := engine.Breakers(10)
	fmt.Println(engine.Node(), len(hosts), broken, total)
	if err := engine.Resume(ctx, "", s.ID); err != nil {
		fmt.Println(err)
	}
	<-channel.done
	fmt.Println(engine.TurnOff(ctx, "", s.ID))
	// Output:
	// handshake 0
	// event-notification 1
	// <nil>
	// error paused patient 0 true <nil>
	// 1 <nil>
	// map[error:1]
	// 1 Encounter <nil>
	// n1 0 0 0
	// handshake 1
	// <nil>
}
