// Package receiver is the subscriber's side of FHIR subscriptions: it takes
// notifications, of R4, R4B or R5, and calls a function of yours for each event, in the
// order of the events' numbers, each at least once, whatever is lost, repeated or
// reordered on the way (docs of the standard: Subscriptions, "Event Notifications" and
// "Recovering from Errors").
//
// A subscriber that is right:
//
//	server, err := receiver.NewServer(receiver.ServerConfig{BaseURL: "https://fhir.example.org/r4"})
//	positions, err := receiver.OpenFile("positions.json")
//	r, err := receiver.New(receiver.Config{
//		Verify:    receiver.SharedSecret("X-Secret", os.Getenv("SECRET")),
//		Handle:    func(ctx context.Context, e receiver.Event) error { return save(e) },
//		OnProblem: func(ctx context.Context, p receiver.Problem) { log.Print(p) },
//		Source:    server,
//		Positions: positions,
//	})
//	http.Handle("/notifications", r)
//
// # What it does about trouble
//
// Repetition: an event whose number has been handled is dropped.
//
// Gaps: when a number is missing, the [Source] is asked for it by the operation $events
// before anything later is handled. While the source does not answer, the notification is
// refused, so that the server sends it again; after Config.Patience, or if the source no
// longer has the event, OnProblem is told which numbers are lost.
//
// Silence: with Config.Silence set, [Receiver.Run] asks the source about a subscription
// that nothing was heard of for that long, fetches what was missed, and tells OnProblem.
//
// Restarts: [Positions] keeps the number of the last event handled. It is written after
// Handle has returned, so a crash between the two makes an event be handled twice. Who
// wants an effect exactly once puts it and the position into one transaction of a
// database: see [SQL].
package receiver
