// Package sweep plays scenarios on clusters whose nodes fail, and judges what their
// subscribers got: the rows C1, C3, C7, C8 and N1 of the delivery contract's tests.
//
// A Cluster is a few Engines over one store, a host that writes and subscribers that
// receive. What was promised is read from the store's own change log, so a write
// that was not answered counts if, and only if, it was committed. A Scenario is what
// the host does; faults are plans of package faulty; package invariant is the judge.
//
// Every function takes the storetest.Harness of the store that is to be tested, and
// works in real time as well as in a bubble of testing/synctest, where it costs next
// to none.
package sweep
