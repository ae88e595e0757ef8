// SPDX-License-Identifier: Apache-2.0

// Package custom runs any peer program that the spec itself describes. It keeps the interface of package peer
// honest: nothing in it may be special to the software that the operator knows.
package custom

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/edge"
	"github.com/peernode/operator/pkg/peer"
)

// Kind is any other software.
type Kind struct{}

var _ peer.Kind = Kind{}

// Name is the arm of spec.software.
func (Kind) Name() string { return "custom" }

// Selected reports whether s describes its own software.
func (Kind) Selected(s v1alpha1.PeerSoftware) bool { return s.Custom != nil }

// Edge knows no route that is good for everybody: the spec has to name them.
func (Kind) Edge() edge.Software { return edge.Custom }

// Key is nil: custom software makes its identity under its data path.
func (Kind) Key() peer.Key { return nil }

// Workload translates the spec. It fails when a probe names a port that does not exist.
func (Kind) Workload(in peer.Input) (peer.Workload, error) {
	c := in.PeerNode.Spec.Software.Custom
	w := peer.Workload{
		Command:      c.Command,
		Args:         c.Args,
		DataPath:     string(c.DataPath),
		DataCheck:    c.DataCheck,
		User:         c.RunAsUser,
		GraceSeconds: c.TerminationGracePeriodSeconds,
	}
	for _, e := range c.Env {
		w.Env = append(w.Env, peer.Env{Name: e.Name, Value: e.Value})
	}
	for _, p := range c.Ports {
		w.Ports = append(w.Ports, peer.Port{Name: p.Name, Number: int32(p.Port), Protocol: p.Protocol, Purpose: p.Purpose})
	}
	for i, f := range c.Files {
		w.Files = append(w.Files, peer.File{Key: fmt.Sprintf("file-%d", i), Path: string(f.Path), Content: f.Content})
	}
	return w, probes(&w, c.Probes)
}

func probes(w *peer.Workload, p v1alpha1.CustomProbes) error {
	var err error
	if w.Startup, err = probe(w.Ports, p.Startup, "startup", 5, 120); err != nil {
		return err
	}
	if w.Readiness, err = probe(w.Ports, p.Readiness, "readiness", 5, 3); err != nil {
		return err
	}
	w.Liveness, err = probe(w.Ports, p.Liveness, "liveness", 10, 6)
	return err
}

func probe(ports []peer.Port, p *v1alpha1.CustomProbe, name string, periodSeconds, failures int32) (*corev1.Probe, error) {
	if p == nil {
		return nil, nil //nolint:nilnil // no probe is not an error
	}
	out := &corev1.Probe{PeriodSeconds: periodSeconds, FailureThreshold: failures, TimeoutSeconds: 3}
	switch {
	case p.HTTPGet != nil:
		out.HTTPGet = &corev1.HTTPGetAction{Path: p.HTTPGet.Path, Port: p.HTTPGet.Port}
		return out, known(ports, p.HTTPGet.Port, name)
	case p.TCPSocket != nil:
		out.TCPSocket = &corev1.TCPSocketAction{Port: p.TCPSocket.Port}
		return out, known(ports, p.TCPSocket.Port, name)
	default:
		out.Exec = &corev1.ExecAction{Command: p.Exec.Command}
		return out, nil
	}
}

// known repeats for ports given by name what admission checks only for their form.
func known(ports []peer.Port, port intstr.IntOrString, probe string) error {
	for _, p := range ports {
		if p.Protocol == corev1.ProtocolTCP && (port == intstr.FromString(p.Name) || port == intstr.FromInt32(p.Number)) {
			return nil
		}
	}
	return fmt.Errorf("spec.software.custom.probes.%s: port %s is not one of the TCP ports in spec.software.custom.ports", probe, port.String())
}
