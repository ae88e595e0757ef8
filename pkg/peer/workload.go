// SPDX-License-Identifier: Apache-2.0

package peer

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// Workload says how a peer runs, in the few terms that all peer software shares.
type Workload struct {
	Command, Args []string
	// Env are plain values; secrets never travel here.
	Env []Env
	// Ports lists every port with who may reach it.
	Ports []Port
	// Files are the configuration files, none secret.
	Files []File
	// DataPath is where the volume is mounted.
	DataPath string
	// KeyPath is the folder in which the software finds its key; empty for software that holds none.
	KeyPath string
	// IdentityCheck are the arguments with which the software's own program proves, before it starts, which key
	// it holds. Used when KeyPath is set.
	IdentityCheck []string
	// DataCheck are the arguments with which the software's own program says whether data are good that lie at DataPath,
	// without its key and without a network; nil where it cannot.
	DataCheck []string
	// Startup, Readiness and Liveness are nil where the software has none.
	Startup, Readiness, Liveness *corev1.Probe
	// User is the numeric user and group.
	User int64
	// GraceSeconds is how long a clean stop may take.
	GraceSeconds int64
}

// Env is an environment variable.
type Env struct{ Name, Value string }

// Port is a port of the software.
type Port struct {
	Name     string
	Number   int32
	Protocol corev1.Protocol
	Purpose  v1alpha1.PortPurpose
}

// File is a configuration file.
type File struct {
	// Key is the file's name in the ConfigMap.
	Key string
	// Path is where the software finds it.
	Path    string
	Content string
	// Live files are read again by the running software; a change of any other file replaces the pod. The folder
	// of a live file holds nothing else, because it is mounted as a whole: single mounted files are never updated.
	Live bool
	// Own live files are of one peer alone: the peers of a fleet share the others.
	Own bool
}

// PortsFor returns the ports of one purpose.
func PortsFor(ports []Port, purpose v1alpha1.PortPurpose) []Port {
	var out []Port
	for _, p := range ports {
		if p.Purpose == purpose {
			out = append(out, p)
		}
	}
	return out
}
