// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// What the node is called and where its networks lie. They are fixed, so there is one full node per machine.
const (
	// NodeName is the one real node.
	NodeName   = "peernode-node-1"
	bridgeName = "peernode0"
	podNetwork = "10.244.0.0/24"
	// nodeIP is the bridge's own address: pods reach the API server, the DNS and the kubelet there, and nothing else listens on it.
	nodeIP        = "10.244.0.1"
	clusterDomain = "cluster.local"
)

// NodeOptions choose a full node. The zero value is the cluster that "testcluster up" makes.
type NodeOptions struct {
	// Name tells the state folders of clusters apart; empty means "default".
	Name string
	// Install lets Up install missing Debian packages with apt-get.
	Install bool
	// StartTimeout bounds the start, builds excepted; zero means three minutes.
	StartTimeout time.Duration
	// Progress receives a line for every step; nil means os.Stderr.
	Progress io.Writer
}

// FullNode is a cluster whose pods really run. Its programs are daemons: they outlive the process that started them, until Down.
type FullNode struct {
	access
	paths    nodePaths
	progress io.Writer
	daemons  int // how many were started, which numbers the next
}

// nodePaths are all folders of a full node.
type nodePaths struct {
	// state is below the repository's cache.
	state string
	// run is short, because it holds sockets, and a socket's path has 108 bytes.
	run string
	// kubelet is short for the same reason, but on disk.
	kubelet string
	// cgroup is the parent of all pods' control groups, relative to the root of each hierarchy.
	cgroup string
}

var clusterName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,19}$`)

// withDefaults fills in what was left empty and checks the rest.
func (o NodeOptions) withDefaults() (NodeOptions, error) {
	if o.Name == "" {
		o.Name = "default"
	}
	if !clusterName.MatchString(o.Name) {
		return o, fmt.Errorf("the cluster's name %q has to match %s", o.Name, clusterName)
	}
	if o.Progress == nil {
		o.Progress = os.Stderr
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = 3 * time.Minute
	}
	return o, nil
}

// pathsOf lays out the folders of the cluster of this name.
func pathsOf(name string) (nodePaths, error) {
	root, err := RepoRoot()
	if err != nil {
		return nodePaths{}, err
	}
	return nodePaths{
		state:   filepath.Join(root, ".cache", "cluster", name),
		run:     "/run/peernode-" + name,
		kubelet: "/var/lib/peernode-" + name,
		cgroup:  "/peernode-" + name,
	}, nil
}

func (p nodePaths) pids() string           { return filepath.Join(p.state, "pids") }
func (p nodePaths) containerdSock() string { return filepath.Join(p.run, "containerd.sock") }
func (p nodePaths) csiSock() string        { return filepath.Join(p.run, "csi.sock") }
func (p nodePaths) nriSock() string        { return filepath.Join(p.run, "nri.sock") }

// KubeletDir is where the kubelet keeps the volumes of pods, those in memory too.
func (n *FullNode) KubeletDir() string { return n.paths.kubelet }

// stepf tells the user what is going on.
func (n *FullNode) stepf(format string, args ...any) {
	fmt.Fprintf(n.progress, format+"\n", args...)
}

// ProgramStatus is one program of a full node.
type ProgramStatus struct {
	Name    string
	PID     int
	Running bool
	Log     string // path
}
