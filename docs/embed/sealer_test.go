package embed_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// sealer encrypts Subscriptions by AES-GCM, with a key that is not in the database.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (sealer, error) { // 32 bytes, from your key store
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}, err
}

func (s sealer) Seal(_ context.Context, plain []byte) ([]byte, error) {
	return s.aead.Seal(nil, nil, plain, nil), nil
}

func (s sealer) Open(_ context.Context, sealed []byte) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, errors.New("a Subscription was sealed with another key")
	}
	return plain, nil
}

// With a Sealer neither endpoints nor headers are readable in the store.
func Example_sealer() {
	seal, err := newSealer([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		log.Fatal(err)
	}
	offered, err := topics()
	if err != nil {
		log.Fatal(err)
	}
	store := memory.New()
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Store: store, Channels: localChannels(), Topics: offered, Authorizer: policy{},
		Sealer: seal,
	})
	if err != nil {
		log.Fatal(err)
	}
	user := context.WithValue(context.Background(), userKey{}, "practice-7")
	created, err := engine.Create(user, "", json.RawMessage(subscriptionTo("http://127.0.0.1:8080/hook")))
	if err != nil {
		log.Fatal(err)
	}
	record, err := store.GetSubscription(context.Background(), "", created.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("in the store:", strings.Contains(fmt.Sprintf("%s %s", record.Resource, record.Spec), "127.0.0.1"))
	fmt.Println("for its owner:", strings.Contains(string(created.Resource), "127.0.0.1"))
	// Output:
	// in the store: false
	// for its owner: true
}
