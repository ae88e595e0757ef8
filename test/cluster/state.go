// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// nodeState is what has to be known about a full node to use it; the file is written once everything works.
type nodeState struct {
	Port int `json:"port"`
}

func (p nodePaths) stateFile() string { return filepath.Join(p.state, "cluster.json") }

// errNoCluster is returned when a cluster that is to be used was not started.
var errNoCluster = errors.New("the cluster does not run: start it with \"testcluster up\"")

// saveState notes that the cluster was started completely.
func (n *FullNode) saveState(port int) error {
	data, err := json.Marshal(nodeState{Port: port})
	if err != nil {
		return fmt.Errorf("encode the cluster's state: %w", err)
	}
	if err := os.WriteFile(n.paths.stateFile(), data, 0o600); err != nil {
		return fmt.Errorf("note the cluster's state: %w", err)
	}
	return nil
}

// Attach returns the full node that Up started, maybe in another process, without looking whether it still works; see Status.
func Attach(opts NodeOptions) (*FullNode, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	paths, err := pathsOf(opts.Name)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(paths.stateFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNoCluster
	}
	if err != nil {
		return nil, fmt.Errorf("read the cluster's state: %w", err)
	}
	var state nodeState
	if err := json.Unmarshal(data, &state); err != nil {
		return nil, fmt.Errorf("read the cluster's state: %w; remove the cluster with \"testcluster down\"", err)
	}
	return open(opts, paths, state)
}

// open connects to the cluster that the state describes.
func open(opts NodeOptions, paths nodePaths, state nodeState) (*FullNode, error) {
	n, err := newFullNode(opts, paths)
	if err != nil {
		return nil, err
	}
	if n.pki, err = loadAuthority(filepath.Join(paths.state, "pki")); err != nil {
		return nil, err
	}
	n.setServer(state.Port)
	n.client, err = newAPIClient(n.server, n.pki, "admin")
	return n, err
}

// newFullNode knows the folders, and nothing of what runs.
func newFullNode(opts NodeOptions, paths nodePaths) (*FullNode, error) {
	root, err := RepoRoot()
	if err != nil {
		return nil, err
	}
	return &FullNode{
		access:   access{dir: paths.state, bin: filepath.Join(root, ".cache", "bin"), socketDir: paths.run},
		paths:    paths,
		progress: opts.Progress,
	}, nil
}

// lockCluster lets one process at a time start or stop the cluster.
func lockCluster(ctx context.Context, paths nodePaths) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(paths.state), 0o755); err != nil {
		return nil, fmt.Errorf("create the folder of the clusters: %w", err)
	}
	unlock, err = lockFile(ctx, paths.state+".lock")
	if err != nil {
		return nil, fmt.Errorf("wait for another \"testcluster up\" or \"down\": %w", err)
	}
	return unlock, nil
}
