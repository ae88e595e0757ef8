// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"time"
)

// etcd is the store, on sockets instead of ports: nothing else can reach it, and clusters side by side cannot collide.
// It does not wait for the disk, because no test outlives a power cut.
func etcd(bin, dir, socketDir string) program {
	client := etcdSocket(socketDir)
	clientURL, peerURL := "unix://"+client, "unix://"+filepath.Join(socketDir, "peer")
	return program{
		name: "etcd",
		path: filepath.Join(bin, "etcd"),
		args: []string{
			"--name=peernode", "--data-dir=" + filepath.Join(dir, "etcd"),
			"--listen-client-urls=" + clientURL, "--advertise-client-urls=" + clientURL,
			"--listen-peer-urls=" + peerURL, "--initial-advertise-peer-urls=" + peerURL,
			"--initial-cluster=peernode=" + peerURL,
			"--unsafe-no-fsync", "--log-level=warn", "--quota-backend-bytes=8589934592",
		},
		grace: 3 * time.Second,
		ready: func(ctx context.Context) error {
			conn, err := (&net.Dialer{}).DialContext(ctx, "unix", client)
			if err != nil {
				return fmt.Errorf("connect to etcd: %w", err)
			}
			return conn.Close()
		},
	}
}

// etcdSocket is where it listens for clients.
func etcdSocket(socketDir string) string { return filepath.Join(socketDir, "etcd") }
