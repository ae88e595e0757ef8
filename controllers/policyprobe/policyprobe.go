// SPDX-License-Identifier: Apache-2.0

// Package policyprobe finds out whether the cluster's network plugin enforces NetworkPolicies. It promises to ask the probe
// for as long as the operator leads, and to say what has been seen often enough.
package policyprobe

import (
	"context"
	"errors"
	"time"

	"github.com/go-logr/logr"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/peernode/operator/controllers/internal/enforced"
	"github.com/peernode/operator/pkg/enforcement"
	"github.com/peernode/operator/pkg/settings"
)

// Prober asks the probe.
type Prober struct {
	// Probe is where it is.
	Probe settings.Probe
	// State is where the word goes.
	State *enforced.State
	// Now is the clock.
	Now func() time.Time
}

// NeedLeaderElection leaves the asking to the replica that tells.
func (*Prober) NeedLeaderElection() bool { return true }

// Start asks until ctx ends.
func (p *Prober) Start(ctx context.Context) error {
	log := logf.FromContext(ctx).WithName("policyprobe")
	var memory enforcement.Memory
	for {
		verdict, err := p.look(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // The operator is on its way out.
		}
		memory = memory.Look(verdict, p.Probe.Pace, p.Now())
		p.say(log, memory.Word(), verdict, err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(memory.Pause(p.Probe.Pace)):
		}
	}
}

// look asks at every address of the probe.
func (p *Prober) look(ctx context.Context) (enforcement.Verdict, error) {
	addresses, err := p.addresses(ctx)
	if err != nil {
		return enforcement.Verdict{}, err
	}
	var all []enforcement.Seen
	var failures []error
	for _, address := range addresses {
		seen, err := p.ask(ctx, address)
		all, failures = append(all, seen), append(failures, err)
	}
	return enforcement.Worst(all), errors.Join(failures...)
}

// say tells of a word that changed, with what the probe has shown last and what went wrong with asking it, which is in no
// condition. That the closed port is silent is no failure.
func (p *Prober) say(log logr.Logger, word enforcement.Word, verdict enforcement.Verdict, err error) {
	details := []any{"ingress", verdict.Ingress, "egress", verdict.Egress, "sources", verdict.Sources}
	if err != nil {
		details = append(details, "failure", err.Error())
	}
	if p.State.Set(word) && word.Heard {
		log.Info("what is known of NetworkPolicies has changed", details...)
		return
	}
	log.V(1).Info("asked the probe of NetworkPolicies", details...)
}
