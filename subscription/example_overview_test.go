package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/carillon-fhir/carillon/subscription"
)

// An operator pauses a Subscription while its subscriber moves house. Nothing is lost.
func ExampleEngine_Pause() {
	engine, stop := running(nil)
	defer stop()
	ctx := context.Background()
	s, err := engine.Create(ctx, "", json.RawMessage(exampleSubscription))
	if err != nil {
		fmt.Println(err)
	}
	if err := engine.Pause(ctx, "", s.ID); err != nil {
		fmt.Println(err)
	}
	if err := engine.OnResourceChange(ctx, encounterOfPatient7("e1")); err != nil {
		fmt.Println(err)
	}
	var o subscription.Overview
	for o.Waiting() == 0 && err == nil {
		runtime.Gosched()
		o, _, err = engine.Overview(ctx, "", s.ID)
	}
	fmt.Println(o.Status, o.Error, "waiting:", o.Waiting(), "failing:", o.Failing(), err)
	log, err := engine.EventOverviews(ctx, "", s.ID, 0, 10)
	fmt.Println("event", log[0].Number, log[0].Interaction, log[0].ResourceType, "delivered:", log[0].Delivered, err)

	if err := engine.Resume(ctx, "", s.ID); err != nil {
		fmt.Println(err)
	}
	for o.Waiting() > 0 && err == nil {
		runtime.Gosched()
		o, _, err = engine.Overview(ctx, "", s.ID)
	}
	fmt.Println(o.Status, "delivered:", o.Delivered, err)
	err = engine.TurnOff(ctx, "", s.ID)
	o, _, _ = engine.Overview(ctx, "", s.ID)
	fmt.Println(o.Status, o.Error, err)
	// Output:
	// error paused waiting: 1 failing: true <nil>
	// event 1 create Encounter delivered: false <nil>
	// active delivered: 1 <nil>
	// off turned-off <nil>
}

// How is everybody? A part of the Subscriptions at a time, so that nobody waits for a
// million.
func ExampleEngine_Overviews() {
	engine := exampleEngine(silent{})
	ctx := context.Background()
	for range 3 {
		if _, err := engine.Create(ctx, "", json.RawMessage(exampleSubscription)); err != nil {
			fmt.Println(err)
		}
	}
	for q := (subscription.OverviewQuery{AllTenants: true, Limit: 2}); ; {
		page, err := engine.Overviews(ctx, q)
		for _, o := range page.Subscriptions {
			fmt.Println(o.Status, o.ChannelType, o.Filters)
		}
		if q.After = page.Next; q.After == 0 {
			fmt.Println(err)
			break
		}
	}
	var all subscription.Tally
	for {
		part, err := engine.Tally(ctx, all.Next)
		if all.Add(part); all.Next == 0 {
			fmt.Println(all.Statuses, all.Failing, all.Waiting, err)
			break
		}
	}
	_, broken, _ := engine.Breakers(10)
	fmt.Println("broken hosts:", broken, "node named:", engine.Node() != "", "topics:", len(engine.TopicOverviews()))
	// Output:
	// requested rest-hook [patient]
	// requested rest-hook [patient]
	// requested rest-hook [patient]
	// <nil>
	// map[requested:3] 0 0 <nil>
	// broken hosts: 0 node named: true topics: 1
}
