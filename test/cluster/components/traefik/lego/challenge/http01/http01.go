// SPDX-License-Identifier: Apache-2.0

// Package http01 has how Traefik answers an authority by HTTP.
package http01

import "time"

// PathPrefix is where an authority asks.
const PathPrefix = "/.well-known/acme-challenge/"

// ChallengeOption is one of an answer.
type ChallengeOption struct{}

// SetDelay is an option.
func SetDelay(time.Duration) ChallengeOption { return ChallengeOption{} }
