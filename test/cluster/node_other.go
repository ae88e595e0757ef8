// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package cluster

import (
	"context"
	"errors"
)

var errNotLinux = errors.New("a full node needs Linux, because it starts containers: use a cluster that you have " +
	"(KUBECONFIG=/path/to/kubeconfig make demo), or the control plane alone (testcluster control-plane)")

// Up needs Linux.
func Up(context.Context, NodeOptions) (*FullNode, error) { return nil, errNotLinux }

// Down needs Linux.
func Down(context.Context, NodeOptions) error { return errNotLinux }

// Status needs Linux.
func (n *FullNode) Status(context.Context) ([]ProgramStatus, error) { return nil, errNotLinux }

// CheckPackages needs Linux.
func CheckPackages(context.Context, NodeOptions) error { return errNotLinux }
