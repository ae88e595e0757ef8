// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// The ports for API servers lie below those of Services of type NodePort and those that the kernel takes for outgoing connections.
const (
	firstPort = 20000
	lastPort  = 29999
)

// freePort picks a port that nobody listens on. Someone may still take it first, so a caller must be ready to try again.
func freePort() (int, error) {
	var last error
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			last = err
			continue
		}
		return port, listener.Close()
	}
	return 0, errors.Join(fmt.Errorf("no free port found between %d and %d", firstPort, lastPort), last)
}
