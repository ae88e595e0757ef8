// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// ControlPlaneOptions choose what runs beside etcd, kube-apiserver and kube-controller-manager. The zero value is a working control plane.
type ControlPlaneOptions struct {
	// WithoutControllerManager leaves kube-controller-manager out: no StatefulSet makes a pod, nothing is garbage-collected.
	WithoutControllerManager bool
	// WithoutControllers are controllers that kube-controller-manager leaves out, by its own names for them.
	WithoutControllers []string
	// Scheduler runs kube-scheduler.
	Scheduler bool
	// SimulatedNodes is how many nodes kwok plays; pods on them become Ready without running. Implies Scheduler.
	SimulatedNodes int
	// CertManager installs cert-manager's CRDs and runs its controllers.
	CertManager bool
	// GatewayAPI installs the CRDs of the Gateway API, without a controller.
	GatewayAPI bool
	// AuditBodies writes into the audit log what every request that changes something says, and what it is answered: all that the
	// most talkative policy of a cluster would.
	AuditBodies bool
	// AuditPolicy is a policy of the audit log in the place of that, and Encryption an EncryptionConfiguration for what is stored. Both
	// are YAML.
	AuditPolicy, Encryption string
	// Dir is a new or empty folder for state and logs, which Stop keeps; empty means a temporary folder, which Stop removes.
	Dir string
	// StartTimeout bounds the start, builds excepted; zero means one minute.
	StartTimeout time.Duration
	// Progress receives a line for everything that takes long; nil means os.Stderr.
	Progress io.Writer
}

// ControlPlane is a running Kubernetes control plane of its own.
type ControlPlane struct {
	access
	temporary bool
	hostPath  bool
	processes []*process

	stopOnce sync.Once
	stopErr  error
}

// StartControlPlane starts a control plane and returns once it works. Programs that are missing or outdated are built first, which
// takes minutes in a fresh clone. Several may run at a time, also in several processes. The caller must call Stop; should it die before,
// the kernel ends what it started (on Linux).
func StartControlPlane(ctx context.Context, opts ControlPlaneOptions) (*ControlPlane, error) {
	if opts.Progress == nil {
		opts.Progress = os.Stderr
	}
	if opts.StartTimeout == 0 {
		opts.StartTimeout = time.Minute
	}
	opts.Scheduler = opts.Scheduler || opts.SimulatedNodes > 0
	built, err := buildSources(ctx, opts.sources(), opts.Progress)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, opts.StartTimeout)
	defer cancel()

	cp := &ControlPlane{access: access{bin: built.bin}}
	if err := cp.prepare(opts); err != nil {
		return nil, errors.Join(err, cp.Stop())
	}
	if err := cp.start(ctx, opts, built.share); err != nil {
		cp.temporary = false // the logs are wanted now
		return nil, errors.Join(fmt.Errorf("start a control plane (logs are kept in %s): %w", cp.dir, err), cp.Stop())
	}
	return cp, nil
}

// sources are what has to be built for these options.
func (o ControlPlaneOptions) sources() []source {
	names := []string{"etcd", "kube"}
	if o.CertManager {
		names = append(names, "cert-manager", "cert-manager-crds")
	}
	if o.GatewayAPI {
		names = append(names, gatewayAPICRDs)
	}
	if o.SimulatedNodes > 0 {
		names = append(names, "kwok", "kwok-stages")
	}
	return selectSources(names...)
}

// auditPolicy is the one that is asked for.
func (o ControlPlaneOptions) auditPolicy() string {
	switch {
	case o.AuditPolicy != "":
		return o.AuditPolicy
	case o.AuditBodies:
		return auditPolicyOfBodies
	default:
		return auditPolicy
	}
}

// prepare makes the folders and the certificates.
func (cp *ControlPlane) prepare(opts ControlPlaneOptions) (err error) {
	cp.dir = opts.Dir
	if cp.dir == "" {
		cp.temporary = true
		if cp.dir, err = newTemporaryDir(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(cp.logDir(), 0o700); err != nil {
		return fmt.Errorf("create the state folder: %w", err)
	}
	if cp.socketDir, err = newSocketDir(cp.dir); err != nil {
		return err
	}
	if cp.pki, err = newAuthority(filepath.Join(cp.dir, "pki")); err != nil {
		return err
	}
	return issueAPIServerCertificates(cp.pki, "")
}

// start brings the programs up in the order in which they need each other.
func (cp *ControlPlane) start(ctx context.Context, opts ControlPlaneOptions, share string) error {
	if err := cp.run(ctx, etcd(cp.bin, cp.dir, cp.socketDir)); err != nil {
		return err
	}
	if err := cp.startAPIServer(ctx, opts); err != nil {
		return err
	}
	if !opts.WithoutControllerManager {
		cp.hostPath = true
		if err := applyStorageClass(ctx, cp.client, "kubernetes.io/host-path"); err != nil {
			return err
		}
		kubeconfig, err := cp.componentKubeconfig("kube-controller-manager")
		if err != nil {
			return err
		}
		if err := cp.run(ctx, controllerManager(cp.bin, kubeconfig, cp.pki, true, opts.WithoutControllers, cp.client)); err != nil {
			return err
		}
	}
	if opts.Scheduler {
		kubeconfig, err := cp.componentKubeconfig("kube-scheduler")
		if err != nil {
			return err
		}
		if err := cp.run(ctx, scheduler(cp.bin, kubeconfig)); err != nil {
			return err
		}
	}
	if opts.SimulatedNodes > 0 {
		if err := cp.simulate(ctx, opts.SimulatedNodes, filepath.Join(share, "kwok-stages")); err != nil {
			return err
		}
	}
	if opts.GatewayAPI {
		if err := cp.InstallGatewayAPI(ctx); err != nil {
			return err
		}
	}
	if opts.CertManager {
		return cp.InstallCertManager(ctx)
	}
	return nil
}

// InstallGatewayAPI installs the CRDs of the Gateway API.
func (cp *ControlPlane) InstallGatewayAPI(ctx context.Context) error {
	built, err := buildSources(ctx, selectSources(gatewayAPICRDs), nil)
	if err != nil {
		return err
	}
	return installCRDs(ctx, cp.client, filepath.Join(built.share, gatewayAPICRDs))
}

// InstallCertManager installs cert-manager's CRDs and runs its controllers.
func (cp *ControlPlane) InstallCertManager(ctx context.Context) error {
	built, err := buildSources(ctx, selectSources("cert-manager", "cert-manager-crds"), nil)
	if err != nil {
		return err
	}
	if err := installCertManager(ctx, cp.client, filepath.Join(built.share, "cert-manager-crds")); err != nil {
		return err
	}
	kubeconfig, err := cp.componentKubeconfig("cert-manager")
	if err != nil {
		return err
	}
	return cp.run(ctx, certManager(cp.bin, kubeconfig))
}

// startAPIServer tries a few ports, because another process may take one between choosing and listening.
func (cp *ControlPlane) startAPIServer(ctx context.Context, opts ControlPlaneOptions) error {
	var failures []error
	for range 3 {
		port, err := freePort()
		if err != nil {
			return err
		}
		if err := cp.becomeAdmin(port); err != nil {
			return err
		}
		program, err := apiServer(apiServerConfig{
			bin: cp.bin, dir: cp.dir, socketDir: cp.socketDir, pki: cp.pki, port: port, auditPolicy: opts.auditPolicy(), encryption: opts.Encryption,
		}, cp.client)
		if err != nil {
			return err
		}
		if err = cp.run(ctx, program); err == nil {
			return nil
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failures...)
}

// simulate starts kwok and adds the nodes it plays.
func (cp *ControlPlane) simulate(ctx context.Context, nodes int, stages string) error {
	kubeconfig, err := cp.componentKubeconfig("kwok")
	if err != nil {
		return err
	}
	program, err := simulator(cp.bin, stages, kubeconfig)
	if err != nil {
		return err
	}
	if err := restrainSimulator(ctx, cp.client); err != nil {
		return err
	}
	if err := cp.run(ctx, program); err != nil {
		return err
	}
	return addSimulatedNodes(ctx, cp.client, nodes)
}

// run starts one program and waits until it is ready.
func (cp *ControlPlane) run(ctx context.Context, p program) error {
	process, err := start(p, cp.logDir(), false)
	if err != nil {
		return err
	}
	cp.processes = append(cp.processes, process)
	return process.waitReady(ctx)
}
