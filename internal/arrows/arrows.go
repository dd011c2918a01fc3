// Package arrows holds the architecture: which package may import which. Its test
// asks the go command and fails on any arrow that points up or sideways.
//
//	examples        console   storetest  channeltest  topictest
//	   |               |          |          |           |
//	store/*  channel/*  fhirproto  receiver      (topic)
//	   └───────┬────────────┘         |
//	      subscription          notification
//	      ┌────┴─────┐
//	    topic    notification
//	      └────┬─────┘
//	        fhirpath
//
// Channels that send over HTTP stand on channel/egress.
package arrows
