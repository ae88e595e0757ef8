// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/containerd/nri/pkg/api"
	"golang.org/x/sys/unix"
)

// connectNRI lets the controller hear of a pod's address from containerd, before the pod's first packet. The API server learns it a second
// later, and until then the pod would be nobody: held by no policy, let in by none. Upstream knows one path only, which may be
// that of another containerd; a connection that exists already it takes from the environment.
func connectNRI(socket string) error {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: socket})
	if err != nil {
		return fmt.Errorf("connect to containerd: %w", err)
	}
	defer conn.Close()
	file, err := conn.File()
	if err != nil {
		return fmt.Errorf("hand the connection to containerd over: %w", err)
	}
	defer file.Close()
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("hand the connection to containerd over: %w", err)
	}
	return os.Setenv(api.PluginSocketEnvVar, strconv.Itoa(fd))
}
