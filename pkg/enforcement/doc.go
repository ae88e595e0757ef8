// SPDX-License-Identifier: Apache-2.0

// Package enforcement decides whether the cluster's network plugin enforces NetworkPolicies, from what a probe shows: a pod
// with a port that its policy opens to the operator, one that it closes, and no way out. A policy is only a wish where
// nobody enforces it, and nothing else tells.
package enforcement

// Name is that of the probe's Deployment, Service and NetworkPolicy.
const Name = "peernode-policy-probe"

// Ports of the probe, of which its policy opens one to the operator.
const (
	OpenPort   = 8080
	ClosedPort = 8081
)

const (
	// Path is where the probe answers.
	Path = "/probe"
	// ConnectTo is the parameter that names an address and port to which it is to connect.
	ConnectTo = "connect"
	// WayOutPath is what it asks for there.
	WayOutPath = "/healthz"
)

// Answer is what the probe says, on either port.
type Answer struct {
	// Client is the address from which it was asked, as it arrived.
	Client string `json:"client"`
	// Connected is whether a server of HTTP answered where it was to connect to.
	Connected bool `json:"connected"`
}
