// SPDX-License-Identifier: Apache-2.0

// Package broker answers requests for keys: it looks at everything that pkg/unseal decides by, and does what it says.
package broker

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/unseal"
)

const (
	// lookTimeout ends the questions to the API server about one request.
	lookTimeout = 15 * time.Second
	// maxAtATime is how many requests are decided at a time, and maxWait how long others wait for that. A thousand peers
	// that start at once are through long before that; what comes from somebody who only wants to be a burden is bounded.
	maxAtATime = 32
	maxWait    = 10 * time.Second
)

// Broker hands out keys. New makes one.
type Broker struct {
	// Client reads past every cache.
	Client client.Client
	// Ring opens the envelopes of this cluster, and Namespace is where its newest key is published.
	Ring      sealingkey.Ring
	Namespace string
	// CheckSource takes requests from the pod's own addresses only.
	CheckSource bool
	Log         *slog.Logger
	Metrics     *Metrics

	places, records chan struct{}
}

// New makes a broker that is ready to answer.
func New(b Broker) *Broker {
	b.places, b.records = make(chan struct{}, maxAtATime), make(chan struct{}, maxRecords)
	return &b
}

// Handler serves the two paths that there are.
func (b *Broker) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+unseal.Path, func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, unseal.Unsealed, b.unseal) })
	mux.HandleFunc("POST "+unseal.PathRecords, func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, unseal.Signed, b.sign) })
	return mux
}

// attempt is a request on its way, as far as it has come.
type attempt struct {
	caller unseal.Caller
	source netip.Addr
	// binding is that of the envelope, and backup the name of the one whose record is to be signed, as far as it is about
	// either.
	binding seal.Binding
	backup  string
	// sealingKey is the number of the one that opens the envelope, 0 while that is not known.
	sealingKey int
	answer     []byte
}

// serve answers a request with what is done with it, or with why not.
func (b *Broker) serve(w http.ResponseWriter, r *http.Request, granted unseal.Reason, do func(http.ResponseWriter, *http.Request, *attempt) *unseal.Refusal) {
	begun := time.Now()
	a := attempt{source: source(r)}
	refusal := do(w, r, &a)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	result := granted
	if refusal != nil {
		result = refusal.Reason
		w.WriteHeader(refusal.Status())
		_, _ = w.Write(refusal.Text())
	} else {
		_, _ = w.Write(a.answer)
	}
	took := time.Since(begun)
	b.Metrics.count(result, a.sealingKey, took)
	b.tell(a, result, refusal, took)
}

// unseal seals the key in an envelope to the one who may have it.
func (b *Broker) unseal(w http.ResponseWriter, r *http.Request, a *attempt) *unseal.Refusal {
	asked, refusal := unseal.ReadRequest(http.MaxBytesReader(w, r.Body, unseal.MaxRequest+1))
	if refusal != nil {
		return refusal
	}
	a.binding = asked.Envelope.Header().Binding
	return b.admit(r, a, func(ctx context.Context) *unseal.Refusal { return b.broker(ctx, asked, a) })
}

// admit finds out who asks, and lets some of them be decided at a time.
func (b *Broker) admit(r *http.Request, a *attempt, decide func(context.Context) *unseal.Refusal) *unseal.Refusal {
	token, refusal := bearer(r)
	if refusal != nil {
		return refusal
	}
	ctx, cancel := context.WithTimeout(r.Context(), lookTimeout)
	defer cancel()
	if !b.enter(ctx) {
		return unseal.NewRefusal(unseal.Busy, "the unsealer has too much to do; ask again")
	}
	defer b.leave()
	review, err := b.review(ctx, token)
	if err != nil {
		return b.undecided(err)
	}
	if a.caller, refusal = unseal.Identify(review, sealingkey.Audience); refusal != nil {
		return refusal
	}
	return decide(ctx)
}

func (b *Broker) broker(ctx context.Context, asked unseal.Asked, a *attempt) *unseal.Refusal {
	observed, err := b.look(ctx, a.caller)
	if err != nil {
		return b.undecided(err)
	}
	observed.Header = asked.Envelope.Header()
	if err := b.lookAtReservation(ctx, &observed); err != nil {
		return b.undecided(err)
	}
	if b.CheckSource {
		observed.Source = a.source
	}
	if refusal := unseal.Decide(observed); refusal != nil {
		return refusal
	}
	a.sealingKey = b.Ring.Opens(observed.Header)
	if a.sealingKey == 0 {
		return b.foreign(ctx)
	}
	answer, refusal := unseal.Rewrap(asked, b.Ring.Openers())
	a.answer = answer.Text()
	return refusal
}

// foreign finds out whether an envelope that no key here opens may be sealed to a newer one, which other replicas have.
func (b *Broker) foreign(ctx context.Context) *unseal.Refusal {
	published, err := b.published(ctx)
	if err != nil {
		return b.undecided(err)
	}
	return unseal.Foreign(b.Ring.InUse().Number(), published)
}

// undecided keeps to the log what is not for the one who asks.
func (b *Broker) undecided(err error) *unseal.Refusal {
	b.Log.Error("cannot ask the API server", "error", err.Error())
	return unseal.NewRefusal(unseal.Undecided, "the unsealer cannot ask the API server; its log says why")
}

func (b *Broker) enter(ctx context.Context) bool {
	select {
	case b.places <- struct{}{}:
		return true
	case <-time.After(maxWait):
		return false
	case <-ctx.Done():
		return false
	}
}

func (b *Broker) leave() { <-b.places }

// tell writes down who asked for what, and what came of it.
func (b *Broker) tell(a attempt, result unseal.Reason, refusal *unseal.Refusal, took time.Duration) {
	message := "a key was handed out"
	switch {
	case refusal != nil:
		message = refusal.Message
	case result == unseal.Signed:
		message = "a record was signed, or keys of records were told"
	}
	about := []any{"peerNode", a.binding.PeerNode, "peerNamespace", a.binding.Namespace, "epoch", a.binding.Epoch, "sealingKey", a.sealingKey}
	if a.backup != "" {
		about = []any{"backup", a.backup}
	}
	b.Log.Info(message, append([]any{"result", result, "namespace", a.caller.Namespace, "pod", a.caller.Pod, "serviceAccount", a.caller.ServiceAccount,
		"source", a.source.String(), "seconds", took.Seconds()}, about...)...)
}

// maxToken is far more than a token of a ServiceAccount has.
const maxToken = 16 << 10

func bearer(r *http.Request) (string, *unseal.Refusal) {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") || token == "" || len(token) > maxToken {
		return "", unseal.NewRefusal(unseal.TokenInvalid, "the request has no token; send the one that the kubelet projects into the pod")
	}
	return token, nil
}

// source is where the connection comes from. Headers that say otherwise are not looked at: anybody can write them.
func source(r *http.Request) netip.Addr {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.IPv6Unspecified() // no pod has it
	}
	return address.Addr().WithZone("").Unmap()
}
