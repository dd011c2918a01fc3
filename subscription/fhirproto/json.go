package fhirproto

import (
	"encoding/json"
	"errors"
	"sync"

	"github.com/google/fhir/go/fhirversion"
	"github.com/google/fhir/go/jsonformat"
	annotations "github.com/google/fhir/go/proto/google/fhir/proto/annotations_go_proto"
	bundles "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/bundle_and_contained_resource_go_proto"
	"google.golang.org/protobuf/proto"
)

// Errors of the conversions, for errors.Is. None says what a resource holds.
var (
	// ErrRelease: the message is no resource of R4.
	ErrRelease = errors.New("fhirproto: not a resource of FHIR R4")
	// ErrUnwritable: the resource can't be written as JSON: a value in it is outside what
	// its type allows, or it is nil or empty.
	ErrUnwritable = errors.New("fhirproto: the resource can't be written as JSON")
	// ErrUnreadable: the JSON can't be held by a proto: it is none, it has an element or
	// code that R4 does not define, or something in it would come back as something else.
	ErrUnreadable = errors.New("fhirproto: the JSON can't be read into a proto of R4")
)

// codec is made when it is first needed: its tables take a while.
var codec = sync.OnceValues(func() (c struct {
	writer *jsonformat.Marshaller
	reader *jsonformat.Unmarshaller
}, err error) {
	var readErr error
	c.writer, err = jsonformat.NewMarshaller(false, "", "", fhirversion.R4)
	// Required elements are the concern of who accepts a resource, not of its form.
	c.reader, readErr = jsonformat.NewUnmarshallerWithoutValidation("UTC", fhirversion.R4)
	return c, errors.Join(err, readErr)
})

// Resource returns the resource in a ContainedResource, nil if it is empty.
func Resource(c *bundles.ContainedResource) proto.Message {
	m := c.ProtoReflect()
	field := m.WhichOneof(m.Descriptor().Oneofs().Get(0))
	if field == nil {
		return nil
	}
	return m.Get(field).Message().Interface()
}

// typeOf returns the type of a resource of R4.
func typeOf(m proto.Message) (string, error) {
	if m == nil || !m.ProtoReflect().IsValid() {
		return "", ErrUnwritable
	}
	if contained, ok := m.(*bundles.ContainedResource); ok {
		if m = Resource(contained); m == nil {
			return "", ErrUnwritable
		}
	}
	of := m.ProtoReflect().Descriptor()
	kind, _ := proto.GetExtension(of.Options(), annotations.E_StructureDefinitionKind).(annotations.StructureDefinitionKindValue)
	if kind != annotations.StructureDefinitionKindValue_KIND_RESOURCE || of.ParentFile().Package() != "google.fhir.r4.core" {
		return "", ErrRelease
	}
	return string(of.Name()), nil
}

// ToJSON writes a resource of R4, or the resource in a ContainedResource. The error is
// ErrRelease or ErrUnwritable.
func ToJSON(resource proto.Message) (raw json.RawMessage, err error) {
	if _, err := typeOf(resource); err != nil {
		return nil, err
	}
	c, err := codec()
	if err != nil {
		return nil, err
	}
	defer func() { // a message that is not whole can make it panic
		if recover() != nil {
			raw, err = nil, ErrUnwritable
		}
	}()
	if contained, ok := resource.(*bundles.ContainedResource); ok {
		resource = Resource(contained)
	}
	// The writer puts references into another form where they are: the host's stay as they
	// are, and may be read by others meanwhile.
	if raw, err = c.writer.MarshalResource(proto.Clone(resource)); err != nil {
		return nil, ErrUnwritable // its own text may hold values
	}
	return raw, nil
}

// FromJSON reads a resource of R4 so that ToJSON says the same of it, but for the offsets
// of times. The error is ErrUnreadable.
func FromJSON(raw json.RawMessage) (resource *bundles.ContainedResource, err error) {
	c, err := codec()
	if err != nil {
		return nil, err
	}
	defer func() {
		if recover() != nil {
			resource, err = nil, ErrUnreadable
		}
	}()
	if resource, err = c.reader.UnmarshalR4(raw); err != nil {
		return nil, ErrUnreadable
	}
	// The reader takes codes in any case, Finished for finished, and more. What it has
	// understood must be what was there.
	again, err := ToJSON(resource)
	if err != nil || !same(raw, again) {
		return nil, ErrUnreadable
	}
	return resource, nil
}

// read is FromJSON for one type of resource.
func read[T interface {
	comparable
	proto.Message
}](raw json.RawMessage, of func(*bundles.ContainedResource) T) (T, error) {
	var none T
	resource, err := FromJSON(raw)
	if err != nil {
		return none, err
	}
	one := of(resource)
	if one == none {
		return none, ErrUnreadable
	}
	return one, nil
}

// Bundle reads a Bundle, such as the body of a subscription.Message: a notification in the
// form of the Backport guide for R4, or the answer of an operation.
func Bundle(raw json.RawMessage) (*bundles.Bundle, error) {
	return read(raw, (*bundles.ContainedResource).GetBundle)
}
