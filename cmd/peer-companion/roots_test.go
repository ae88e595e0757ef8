// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/x509"
	"os"
	"os/exec"
	"testing"
)

// alone is set in a process that finds no certificates in its system, like one in the image.
const alone = "PEER_COMPANION_TEST_ALONE"

func TestPublicAuthoritiesAreKnownWhereTheSystemKnowsNone(t *testing.T) {
	if os.Getenv(alone) == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
		again.Env = append(os.Environ(), alone+"=1", "SSL_CERT_FILE=/none", "SSL_CERT_DIR=/none")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	roots, err := x509.SystemCertPool()
	if err != nil || roots.Equal(x509.NewCertPool()) {
		t.Errorf("there is none, %v", err)
	}
}
