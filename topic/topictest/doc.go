// Package topictest tests an evaluator of topics: what makes a topic.Program of
// criteria in a language of its own. An evaluator that passes can be given to the
// engine.
//
// Its own test calls Run with a Harness, which says how to make it and how the suite's
// criteria are written in its language:
//
//	func TestEvaluator(t *testing.T) {
//		topictest.Run(t, topictest.Harness{
//			New: func(t testing.TB) topictest.Evaluator { return NewEvaluator() },
//			Criteria: topictest.Criteria{
//				Finished: `current.status == "finished" && previous.status != "finished"`,
//				…
//			},
//		})
//	}
//
// What a language can't say is an empty criterion; the clauses that need it are
// skipped and say so.
//
// Clauses are listed by Clauses, so that the suite can itself be tested: an evaluator
// that breaks one must fail. Run the suite with -race: the race detector is part of it.
package topictest
