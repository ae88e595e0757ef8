// SPDX-License-Identifier: Apache-2.0

// Package dns01 has how Traefik answers an authority by DNS.
package dns01

import (
	"strings"
	"time"
)

// Options are those of a client.
type Options struct{ RecursiveNameservers []string }

// Client asks the DNS.
type Client struct{}

// NewClient makes one.
func NewClient(*Options) *Client { return &Client{} }

// SetDefaultClient says which one asks.
func SetDefaultClient(*Client) {}

// ChallengeOption is one of an answer.
type ChallengeOption struct{}

// CondOptions are options under a condition.
func CondOptions(bool, ...ChallengeOption) ChallengeOption { return ChallengeOption{} }

// DisableAuthoritativeNssPropagationRequirement is an option.
func DisableAuthoritativeNssPropagationRequirement() ChallengeOption { return ChallengeOption{} }

// DisableRecursiveNSsPropagationRequirement is an option.
func DisableRecursiveNSsPropagationRequirement() ChallengeOption { return ChallengeOption{} }

// PropagationWait is an option.
func PropagationWait(time.Duration, bool) ChallengeOption { return ChallengeOption{} }

// UnFqdn takes the last dot off a name. Traefik calls it for every certificate that it serves.
func UnFqdn(name string) string { return strings.TrimSuffix(name, ".") }
