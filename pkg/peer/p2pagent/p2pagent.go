// SPDX-License-Identifier: Apache-2.0

// Package p2pagent knows how an agent that keeps the p2p-agent contract (docs/p2p-agent-contract.md) runs.
package p2pagent

import (
	"fmt"
	"path"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/edge"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/peer"
)

// user is the numeric user of the contract: any non-root user will do, this is the one of distroless images.
const user = 65532

// graceSeconds is twice the 5 s in which the contract asks an agent to stop, and a little more for a slow disk.
const graceSeconds = 15

// Kind is the p2p-agent.
type Kind struct{}

var _ peer.Kind = Kind{}

// Name is the arm of spec.software.
func (Kind) Name() string { return "p2pAgent" }

// Selected reports whether s asks for a p2p-agent.
func (Kind) Selected(s v1alpha1.PeerSoftware) bool { return s.P2PAgent != nil }

// Edge lets everybody read an agent's identity and its peers.
func (Kind) Edge() edge.Software { return edge.P2PAgent }

// Key is how an agent keeps its identity.
func (Kind) Key() peer.Key { return libp2pKey{} }

// Workload says how an agent runs.
func (Kind) Workload(in peer.Input) (peer.Workload, error) {
	contract := in.PeerNode.Spec.Software.P2PAgent.Contract
	files, err := files(in)
	if err != nil {
		return peer.Workload{}, err
	}
	check, err := identityCheck(in.PeerNode)
	if err != nil {
		return peer.Workload{}, err
	}
	return peer.Workload{
		Command:       contract.Command,
		Args:          []string{"start", "--config", path.Join(string(contract.ConfigPath), configFile)},
		Ports:         ports(contract.Ports),
		Files:         files,
		DataPath:      string(contract.DataPath),
		KeyPath:       string(contract.KeysPath),
		IdentityCheck: check,
		DataCheck:     []string{"storage", "verify", "--path", string(contract.DataPath), "--termination-log", corev1.TerminationMessagePathDefault},
		Readiness:     get(contract.ReadinessPath, 5, 3),
		Liveness:      get(contract.LivenessPath, 10, 6),
		Startup:       get(contract.LivenessPath, 1, 60),
		User:          user,
		GraceSeconds:  graceSeconds,
	}, nil
}

// identityCheck are the arguments with which an agent shows its key, and ends where it is not the expected one.
func identityCheck(p *v1alpha1.PeerNode) ([]string, error) {
	args := []string{"identity", "verify", "--keys", string(p.Spec.Software.P2PAgent.Contract.KeysPath), "--termination-log", corev1.TerminationMessagePathDefault}
	if p.Spec.Identity == nil || p.Spec.Identity.ExpectedPublicKey == "" {
		return args, nil
	}
	expected, err := identity.ParsePublicLibP2P(p.Spec.Identity.ExpectedPublicKey)
	if err != nil {
		return nil, fmt.Errorf("spec.identity.expectedPublicKey: %w", err)
	}
	return append(args, "--expect", expected.PeerID()), nil
}

// Names of ports, as in Services and NetworkPolicies.
const (
	portTCP       = "p2p"
	portWebSocket = "p2p-ws"
	portQUIC      = "p2p-quic"
	portAPI       = "api"
	portMetrics   = "metrics"
)

func ports(p v1alpha1.P2PAgentPorts) []peer.Port {
	return []peer.Port{
		{Name: portTCP, Number: int32(p.TCP), Protocol: corev1.ProtocolTCP, Purpose: v1alpha1.PurposePeer},
		{Name: portWebSocket, Number: int32(p.WebSocket), Protocol: corev1.ProtocolTCP, Purpose: v1alpha1.PurposePeer},
		{Name: portQUIC, Number: int32(p.QUIC), Protocol: corev1.ProtocolUDP, Purpose: v1alpha1.PurposePeer},
		{Name: portAPI, Number: int32(p.API), Protocol: corev1.ProtocolTCP, Purpose: v1alpha1.PurposeAPI},
		{Name: portMetrics, Number: int32(p.Metrics), Protocol: corev1.ProtocolTCP, Purpose: v1alpha1.PurposeMetrics},
	}
}

func get(p v1alpha1.AbsolutePath, periodSeconds, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:     corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: string(p), Port: intstr.FromString(portAPI)}},
		PeriodSeconds:    periodSeconds,
		FailureThreshold: failures,
		TimeoutSeconds:   3,
	}
}
