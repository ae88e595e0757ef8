// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// pauseImage holds each pod's namespaces; it is assembled here like every other image.
const pauseImage = "registry.peernode.dev/pause:1"

// containerdConfig keeps every path away from a containerd that the machine may have of its own.
const containerdConfig = `version = 3
root = "%[1]s/containerd"
state = "%[2]s/containerd"
disabled_plugins = ["io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.erofs"]

[grpc]
  address = "%[2]s/containerd.sock"

[plugins.'io.containerd.internal.v1.opt']
  path = "%[1]s/opt"

[plugins.'io.containerd.nri.v1.nri']
  socket_path = "%[2]s/nri.sock"
  plugin_path = "%[1]s/nri/plugins"
  plugin_config_path = "%[1]s/nri/conf.d"

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "` + pauseImage + `"

[plugins.'io.containerd.cri.v1.runtime']
  # A virtual machine may lack CAP_SYS_RESOURCE, which lowering the score needs.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  cdi_spec_dirs = ["%[1]s/cdi"]

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["%[3]s"]
  conf_dir = "%[1]s/cni/net.d"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = "%[3]s/runc"
  Root = "%[2]s/runc"
  SystemdCgroup = false
`

// containerd runs the containers, with the runc and the CNI plugins that were built with it.
func (n *FullNode) containerd() (program, error) {
	config := filepath.Join(n.dir, "containerd.toml")
	content := fmt.Sprintf(containerdConfig, n.paths.state, n.paths.run, n.bin)
	if err := os.WriteFile(config, []byte(content), 0o600); err != nil {
		return program{}, fmt.Errorf("write containerd's configuration: %w", err)
	}
	return program{
		name:  "containerd",
		path:  filepath.Join(n.bin, "containerd"),
		args:  []string{"--config", config},
		env:   []string{"PATH=" + n.bin + ":" + os.Getenv("PATH")}, // it looks its shim up
		grace: 5 * time.Second,
		ready: func(ctx context.Context) error { return n.ctr(ctx, "version") },
	}, nil
}

// ctr runs containerd's own client in the namespace of Kubernetes.
func (n *FullNode) ctr(ctx context.Context, args ...string) error {
	args = append([]string{"--address", n.paths.containerdSock(), "--namespace", "k8s.io"}, args...)
	out, err := exec.CommandContext(ctx, filepath.Join(n.bin, "ctr"), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ctr %s: %w: %s", args[4], err, out)
	}
	return nil
}
