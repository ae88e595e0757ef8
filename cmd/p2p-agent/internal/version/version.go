// SPDX-License-Identifier: Apache-2.0

// Package version says which agent this binary is.
package version

import "runtime/debug"

// Version is set at link time:
// -ldflags "-X github.com/peernode/operator/cmd/p2p-agent/internal/version.Version=v1.2.3".
var Version = "dev"

// LibP2P returns the version of go-libp2p the binary was built with, or
// "unknown" when the build carries no module information.
func LibP2P() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dep := range info.Deps {
		if dep.Path == "github.com/libp2p/go-libp2p" {
			return dep.Version
		}
	}
	return "unknown"
}
