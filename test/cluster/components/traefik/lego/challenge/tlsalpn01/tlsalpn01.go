// SPDX-License-Identifier: Apache-2.0

// Package tlsalpn01 has how Traefik answers an authority by TLS.
package tlsalpn01

import (
	"errors"
	"time"
)

// ACMETLS1Protocol is what an authority names when it asks. Traefik knows such callers by it.
const ACMETLS1Protocol = "acme-tls/1"

// ChallengeOption is one of an answer.
type ChallengeOption struct{}

// SetDelay is an option.
func SetDelay(time.Duration) ChallengeOption { return ChallengeOption{} }

// ChallengeBlocks fails.
func ChallengeBlocks(_, _ string) (certificate, key []byte, err error) {
	return nil, nil, errors.ErrUnsupported
}
