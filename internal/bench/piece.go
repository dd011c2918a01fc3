package main

import (
	"github.com/carillon-fhir/carillon/internal/bench/report"
)

// piece is one part of the benchmark that can be run alone.
type piece struct {
	name    string
	measure func(options) (report.Result, error)
}

// pieces are all, in the order of the table.
var pieces = []piece{
	{"hook", measureHook},
	{"parse", measureParse},
	{"match", measureMatch},
	{"memory", measurePipelineOn(storeMemory)},
	{"sqlite", measurePipelineOn(storeSQLite)},
	{"postgres", measurePipelineOn(storePostgres)},
	{"fanout", measureFanout},
	{"wide", measureWide},
	{"notification", measureNotification},
	{"resthook", measureRestHook},
	{"email", measureEmail},
	{"heartbeat", measureHeartbeat},
	{"start", measureStart},
	{"rest", measureREST},
}

func pieceNames() (names []string) {
	for _, p := range pieces {
		names = append(names, p.name)
	}
	return names
}

// options say how much is measured.
type options struct{ quick, long bool }

// of returns the size for a quick, a usual and a long run.
func (o options) of(quick, usual, long int) int {
	switch {
	case o.quick:
		return quick
	case o.long:
		return long
	}
	return usual
}

// runs is how often everything is measured.
func (o options) runs() int { return o.of(1, 3, 7) }

func (o options) flags() (flags []string) {
	if o.quick {
		flags = append(flags, "-quick")
	}
	if o.long {
		flags = append(flags, "-long")
	}
	return flags
}
