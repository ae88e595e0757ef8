// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/peernode/operator/test/cluster/audit"
	"github.com/peernode/operator/test/testenv"
)

// operator is an operator that can be killed.
type operator struct {
	*testenv.Operator
	wire  *wire
	ended bool
}

// start starts an operator of the run's namespace, to be killed at write k; 0 lets it live.
func (h *Harness) start(ctx context.Context, w *World, s Scenario, k int, way Way) (*operator, error) {
	return h.startIn(ctx, w, newWire(k, way, s.KilledOver), nil)
}

// startIn starts an operator behind a wire, and behind whatever else lies between the two and the API server.
func (h *Harness) startIn(ctx context.Context, w *World, wire *wire, beyond func(http.RoundTripper) http.RoundTripper) (*operator, error) {
	ctx, wire.stop = context.WithCancel(ctx)
	through := wire.through
	if beyond != nil {
		through = func(next http.RoundTripper) http.RoundTripper { return wire.through(beyond(next)) }
	}
	running, err := h.env.StartOperator(ctx, testenv.OperatorOptions{Namespaces: []string{w.Namespace}, WrapTransport: through, Log: w.Log})
	if err != nil {
		wire.stop()
		return nil, err
	}
	return &operator{Operator: running, wire: wire}, nil
}

// end stops it, if nothing else has, and returns what it did wrong.
func (o *operator) end() error {
	if o == nil || o.ended {
		return nil
	}
	o.ended = true
	err := o.Stop()
	o.wire.stop()
	return errors.Join(err, o.wire.found())
}

func describe(writes []audit.Entry) string {
	lines := make([]string, 0, len(writes))
	for _, e := range writes {
		lines = append(lines, audit.VerbAndResource(e)+" "+e.Name)
	}
	return strings.Join(lines, ", ")
}
