package topictest

// Criteria are the criteria of the suite in one language. What each has to mean is
// said beside it; "" says that the language can't express it.
type Criteria struct {
	// Of an Encounter.

	Finished string // the status of current is finished, and that of previous is another or there is no previous
	Current  string // the status of current is finished; previous is not mentioned
	Created  string // there is no previous state
	Deleted  string // there is no current state
	Type     string // a coding of a type of current has the system http://example.org/types and the code b
	Open     string // the period of current has no end, or there is no period
	Provider string // the reference of current's serviceProvider is Organization/o1
	Reason   string // the text of a reasonCode of current is Übelkeit 🤢
	Early    string // the start of current's period is there and before 2026-03-01T08:00:00Z

	// Of an Observation.

	Value string // current has a value, of whichever type
	High  string // the value of current is a Quantity, and its value is above 6.3
	Risen string // the value of both states is a Quantity, and that of current is above that of previous

	// What must not work, all of an Encounter.

	Failing    string // it is evaluated to an error where current has several types or no number for an id
	Unknown    string // it reads the element statuss, which an Encounter does not have
	Mistyped   string // it compares the status with a number
	Malformed  string // it is no expression of the language
	NotBoolean string // it gives the status

	// Loops returns as many loops over the types of current, each inside the one
	// before, that give true in the end. nil: the language has no loops.
	Loops func(depth int) string
	// Deep returns true, in as many brackets or operators, each inside the one before.
	Deep func(depth int) string
}
