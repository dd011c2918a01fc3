// Package feed is a list of what happened, in order, that many can follow: each page that
// is open reads it from where it stands.
//
//	log := feed.New(1000, 1<<20)
//	log.Add("arrival", arrival)
//	entries, whole, changed := log.Since(0)
//	<-changed // closed by the next Add
package feed
