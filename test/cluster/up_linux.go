// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Up starts a full node and returns once pods can run. It builds what is missing first. Where the cluster runs already, Up only checks it;
// what a start that failed left behind is removed before. The programs go on when this process ends; Down ends them.
func Up(ctx context.Context, opts NodeOptions) (*FullNode, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := needRoot(); err != nil {
		return nil, err
	}
	paths, err := pathsOf(opts.Name)
	if err != nil {
		return nil, err
	}
	unlock, err := lockCluster(ctx, paths)
	if err != nil {
		return nil, err
	}
	defer unlock()

	running, err := Attach(opts)
	if err == nil {
		return running, running.check(ctx)
	}
	if !errors.Is(err, errNoCluster) {
		return nil, err
	}
	if err := errors.Join(teardown(ctx, paths), removeState(paths)); err != nil {
		return nil, fmt.Errorf("remove the rest of an earlier start: %w", err)
	}
	return create(ctx, opts, paths)
}

// check wants a cluster that was started completely to work still.
func (n *FullNode) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	status, err := n.Status(ctx)
	if err != nil {
		return err
	}
	for _, s := range status {
		if !s.Running {
			return fmt.Errorf("the cluster was started, but %s does not run any more (its log: %s); \"testcluster down\" removes the cluster and all that is in it", s.Name, s.Log)
		}
	}
	if err := waitNodeReady(ctx, n.client, NodeName); err != nil {
		return fmt.Errorf("the cluster was started, but does not work any more (logs are in %s): %w; \"testcluster down\" removes the cluster and all that is in it", n.logDir(), err)
	}
	n.stepf("the cluster runs already")
	return nil
}

// create builds, prepares the machine and starts everything; a failure undoes all but the logs.
func create(ctx context.Context, opts NodeOptions, paths nodePaths) (*FullNode, error) {
	if err := preflight(ctx, opts); err != nil {
		return nil, err
	}
	built, err := buildSources(ctx, slices.Concat(controlPlaneSources, nodeSources), opts.Progress)
	if err != nil {
		return nil, err
	}
	n, err := newFullNode(opts, paths)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, opts.StartTimeout)
	defer cancel()
	if err := n.start(ctx, built.share); err != nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return nil, errors.Join(fmt.Errorf("start the cluster (logs are in %s): %w", n.logDir(), err), teardown(undo, paths))
	}
	n.stepf("the cluster is ready after %.1f s", time.Since(began).Seconds())
	return n, nil
}

// start brings everything up in the order of need.
func (n *FullNode) start(ctx context.Context, share string) error {
	if err := n.prepareMachine(ctx); err != nil {
		return err
	}
	port, err := n.startControlPlane(ctx)
	if err != nil {
		return err
	}
	if err := n.startNode(ctx); err != nil {
		return err
	}
	if err := n.startStorage(ctx); err != nil {
		return err
	}
	if err := installCRDs(ctx, n.client, filepath.Join(share, gatewayAPICRDs)); err != nil {
		return err
	}
	n.stepf("start cert-manager")
	if err := installCertManager(ctx, n.client, filepath.Join(share, "cert-manager-crds")); err != nil {
		return err
	}
	kubeconfig, err := n.componentKubeconfig("cert-manager")
	if err != nil {
		return err
	}
	if err := n.runDaemon(ctx, certManager(n.bin, kubeconfig)); err != nil {
		return err
	}
	n.stepf("wait for the node")
	if err := errors.Join(waitNodeReady(ctx, n.client, NodeName), n.waitDriverRegistered(ctx)); err != nil {
		return err
	}
	return n.saveState(port)
}

// prepareMachine makes folders, certificates, network and control groups.
func (n *FullNode) prepareMachine(ctx context.Context) (err error) {
	n.stepf("prepare folders, certificates, network and control groups")
	for _, dir := range []string{n.dir, n.logDir(), n.paths.pids(), n.paths.run, n.paths.kubelet} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("create the cluster's folders: %w", err)
		}
	}
	// A pod in a user namespace reaches its root and its volumes as a user who is not root here; passing through is enough.
	if err := errors.Join(os.Chmod(n.paths.run, 0o711), os.Chmod(n.paths.kubelet, 0o711)); err != nil {
		return fmt.Errorf("let pods pass through the cluster's folders: %w", err)
	}
	if n.pki, err = newAuthority(filepath.Join(n.dir, "pki")); err != nil {
		return err
	}
	if err := issueAPIServerCertificates(n.pki, nodeIP); err != nil {
		return err
	}
	return errors.Join(n.createNetwork(ctx), n.writeCNI(), createCgroups(n.paths.cgroup))
}

// startControlPlane starts etcd, API server, controller-manager and scheduler, and returns the API server's port.
func (n *FullNode) startControlPlane(ctx context.Context) (port int, err error) {
	n.stepf("start etcd, kube-apiserver, kube-controller-manager and kube-scheduler")
	if port, err = freePort(); err != nil {
		return 0, err
	}
	if err := n.becomeAdmin(port); err != nil {
		return 0, err
	}
	server, err := apiServer(apiServerConfig{bin: n.bin, dir: n.dir, socketDir: n.socketDir, pki: n.pki, port: port, advertise: nodeIP, auditPolicy: auditPolicy}, n.client)
	if err != nil {
		return 0, err
	}
	manager, err := n.componentKubeconfig("kube-controller-manager")
	if err != nil {
		return 0, err
	}
	schedulerConfig, err := n.componentKubeconfig("kube-scheduler")
	if err != nil {
		return 0, err
	}
	for _, p := range []program{etcd(n.bin, n.dir, n.socketDir), server, controllerManager(n.bin, manager, n.pki, false, nil, n.client), scheduler(n.bin, schedulerConfig)} {
		if err := n.runDaemon(ctx, p); err != nil {
			return 0, err
		}
	}
	return port, nil
}

// startNode starts what runs pods and connects them.
func (n *FullNode) startNode(ctx context.Context) error {
	n.stepf("start containerd, the judge of NetworkPolicies, kubelet, kube-proxy and CoreDNS")
	runtime, err := n.containerd()
	if err != nil {
		return err
	}
	if err := n.runDaemon(ctx, runtime); err != nil {
		return err
	}
	if err := n.loadPause(ctx); err != nil {
		return err
	}
	for _, configure := range []func() (program, error){n.networkPolicies, n.kubelet, n.kubeProxy, n.coreDNS} {
		p, err := configure()
		if err != nil {
			return err
		}
		if err := n.runDaemon(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// startStorage starts the CSI driver and upstream's provisioner and resizer.
func (n *FullNode) startStorage(ctx context.Context) error {
	n.stepf("start storage")
	driver, err := n.csiDriver()
	if err != nil {
		return err
	}
	if err := n.client.apply(ctx, "/apis/storage.k8s.io/v1/csidrivers/"+csiDriverName, csiDriverYAML); err != nil {
		return fmt.Errorf("create the CSIDriver object: %w", err)
	}
	if err := applyStorageClass(ctx, n.client, csiDriverName); err != nil {
		return err
	}
	kubeconfig, err := n.componentKubeconfig("csi")
	if err != nil {
		return err
	}
	for _, p := range []program{driver, n.csiSidecar("csi-provisioner", kubeconfig, "--default-fstype=xfs"), n.csiSidecar("csi-resizer", kubeconfig)} {
		if err := n.runDaemon(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// Status tells of every program whether it runs.
func (n *FullNode) Status(_ context.Context) ([]ProgramStatus, error) {
	daemons, err := readDaemons(n.paths)
	if err != nil {
		return nil, err
	}
	var status []ProgramStatus
	for _, d := range daemons {
		status = append(status, ProgramStatus{Name: d.name, PID: d.pid, Running: d.runs(), Log: filepath.Join(n.logDir(), d.name+".log")})
	}
	return status, nil
}
