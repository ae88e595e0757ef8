// SPDX-License-Identifier: Apache-2.0

// Package unseal is what a starting peer and the unsealer say to each other, and how the unsealer decides. The peer's
// init container sends its envelope and an ephemeral public key, under a token that is bound to its pod. If everything
// that the API server knows agrees, it receives the envelope again, sealed to that ephemeral key and nobody else.
package unseal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	strictjson "sigs.k8s.io/json"

	"github.com/peernode/operator/pkg/seal"
)

// Path is where the unsealer takes requests, by POST. The token is in the header Authorization, after Bearer.
const Path = "/v1/unseal"

// Container is the init container of a peer's pod that asks.
const Container = "unseal"

const (
	// MaxRequest is the most that ReadRequest takes: an envelope, whose quotes and line breaks are escaped in JSON, and
	// a public key.
	MaxRequest = 2 * seal.MaxSize
	// MaxAnswer is the most that anybody needs to read of an answer.
	MaxAnswer = seal.MaxSize
	// maxRecipient is twice the size of a hybrid public key.
	maxRecipient = 4 << 10
)

// Request is what the init container sends.
type Request struct {
	// Envelope is the text of the peer's envelope.
	Envelope string `json:"envelope"`
	// Recipient is the ephemeral public key of age to which the answer is to be sealed.
	Recipient string `json:"recipient"`
}

// Text is the request in writing.
func (r Request) Text() []byte {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings only
	}
	return text
}

// Asked is a request that makes sense.
type Asked struct {
	Envelope  seal.Envelope
	Recipient seal.Recipient
}

// ReadRequest reads and checks a request as far as that is possible without looking at anything else.
func ReadRequest(r io.Reader) (Asked, *Refusal) {
	request, err := decode(r)
	if err != nil {
		return Asked{}, refuse(RequestMalformed, "this is no request to unseal: %s; use the peer-companion of the operator's release", err)
	}
	recipient, err := seal.ParseRecipient(request.Recipient)
	if err != nil {
		return Asked{}, refuse(RequestMalformed, "the recipient: %s; use the peer-companion of the operator's release", err)
	}
	if recipient.Family() != seal.Hybrid {
		return Asked{}, refuse(RecipientNotHybrid, "the ephemeral recipient is of the family %s: a key is handed out to %s recipients only", recipient.Family(), seal.Hybrid)
	}
	envelope, err := seal.Read(strings.NewReader(request.Envelope))
	if err != nil {
		return Asked{}, refuse(EnvelopeDamaged, "%s; bring the Secret back from a backup", err)
	}
	return Asked{Envelope: envelope, Recipient: recipient}, nil
}

// decode repeats nothing of what it reads in its errors: anybody may send anything.
func decode(r io.Reader) (Request, error) {
	var request Request
	text, err := io.ReadAll(io.LimitReader(r, MaxRequest+1))
	switch {
	case err != nil:
		return request, errors.New("it was cut off")
	case len(text) > MaxRequest:
		return request, fmt.Errorf("it is larger than %d bytes", MaxRequest)
	}
	unwanted, err := strictjson.UnmarshalStrict(text, &request)
	switch {
	case err != nil || len(unwanted) > 0:
		return request, errors.New("it is not a JSON object of envelope and recipient")
	case len(request.Recipient) > maxRecipient:
		return request, errors.New("its recipient is too long")
	}
	return request, nil
}

// Text is the refusal in writing.
func (r Refusal) Text() []byte {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings only
	}
	return text
}

// ReadRefusal reads the answer to a request that was not granted, false where it is something else: an answer of
// somebody in between, such as a proxy.
func ReadRefusal(text []byte) (Refusal, bool) {
	var r Refusal
	if err := json.Unmarshal(text, &r); err != nil {
		return r, false
	}
	_, known := statuses[r.Reason]
	return r, known
}
