// SPDX-License-Identifier: Apache-2.0

// Package testenv gives a test a real API server with the project's CRDs and RBAC, and the operator running
// against it under its own user, with no rights but those that it ships with.
package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/cluster"
)

// OperatorUser is the name under which operators of this package talk to the API server.
const OperatorUser = "peernode-operator"

// Env is a control plane with the project installed.
type Env struct {
	*cluster.ControlPlane
	// Admin may do everything.
	Admin client.Client
	// AdminConfig and OperatorConfig are the two ways in.
	AdminConfig, OperatorConfig *rest.Config
	// Scheme knows Kubernetes' kinds and ours.
	Scheme *kruntime.Scheme
	// Sealing is the sealing key that is published there.
	Sealing sealingkey.Key
	// KeyJobs plays the containers that make keys, nil without simulated nodes.
	KeyJobs *KeyJobs
	// Keys are those that were made there.
	Keys *Keys
	// Programs are the project's own that run there. They go with it.
	Programs Programs

	stopPlaying context.CancelFunc
}

// Start starts a control plane and installs CRDs and RBAC from config/. On simulated nodes the Jobs that make keys are
// played.
func Start(ctx context.Context, options cluster.ControlPlaneOptions) (*Env, error) {
	controlPlane, err := cluster.StartControlPlane(ctx, options)
	if err != nil {
		return nil, err
	}
	env := &Env{ControlPlane: controlPlane, Keys: &Keys{}}
	if err := env.install(ctx); err != nil {
		_ = controlPlane.Stop()
		return nil, err
	}
	if options.CertManager {
		if err := env.Admin.Create(ctx, Issuer()); err != nil {
			_ = controlPlane.Stop()
			return nil, fmt.Errorf("make the issuer: %w", err)
		}
	}
	playing, stop := context.WithCancel(ctx)
	env.stopPlaying = stop
	if options.SimulatedNodes > 0 {
		if env.KeyJobs, err = env.PlayKeyJobs(playing); err != nil {
			_ = env.Stop()
			return nil, fmt.Errorf("play the Jobs of keys: %w", err)
		}
	}
	return env, nil
}

// Stop ends the control plane.
func (e *Env) Stop() error {
	e.stopPlaying()
	if e.KeyJobs != nil {
		e.KeyJobs.wait()
	}
	return errors.Join(e.ControlPlane.Stop(), e.Programs.Remove())
}

func (e *Env) install(ctx context.Context) error {
	var err error
	if e.Scheme, err = Scheme(); err != nil {
		return err
	}
	if e.AdminConfig, err = configFrom(e.Kubeconfig()); err != nil {
		return err
	}
	kubeconfig, err := e.UserKubeconfig(OperatorUser)
	if err != nil {
		return err
	}
	if e.OperatorConfig, err = configFrom(kubeconfig); err != nil {
		return err
	}
	if e.Admin, err = client.New(e.AdminConfig, client.Options{Scheme: e.Scheme}); err != nil {
		return err
	}
	for _, file := range []string{"crd/bases/peernode.dev_peerbackups.yaml", "crd/bases/peernode.dev_peerbackupstores.yaml", "crd/bases/peernode.dev_peerfleets.yaml", "crd/bases/peernode.dev_peeridentityreservations.yaml", "crd/bases/peernode.dev_peernodes.yaml", "rbac/role.yaml"} {
		if err := e.applyFile(ctx, file); err != nil {
			return err
		}
	}
	if err := e.Admin.Create(ctx, binding()); err != nil {
		return fmt.Errorf("bind the operator's role: %w", err)
	}
	if err := e.publishSealing(ctx); err != nil {
		return err
	}
	return e.served(ctx)
}

// Issuer is the ClusterIssuer of tests, which signs whatever it is asked.
func Issuer() *certmanagerv1.ClusterIssuer {
	return &certmanagerv1.ClusterIssuer{
		ObjectMeta: metav1.ObjectMeta{Name: builders.ClusterIssuer},
		Spec:       certmanagerv1.IssuerSpec{IssuerConfig: certmanagerv1.IssuerConfig{SelfSigned: &certmanagerv1.SelfSignedIssuer{}}},
	}
}

// Scheme knows Kubernetes' kinds, those of cert-manager and of the Gateway API, and ours.
func Scheme() (*kruntime.Scheme, error) {
	scheme := kruntime.NewScheme()
	for _, add := range []func(*kruntime.Scheme) error{clientgoscheme.AddToScheme, certmanagerv1.AddToScheme, gatewayv1.Install, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return scheme, nil
}

// OperatorResources are those that the role of the operator names, without subresources: all that it may ever look at or
// write.
func (e *Env) OperatorResources() (map[schema.GroupResource]bool, error) {
	role := &rbacv1.ClusterRole{}
	if err := e.Admin.Get(context.Background(), client.ObjectKey{Name: binding().RoleRef.Name}, role); err != nil {
		return nil, fmt.Errorf("read the operator's role: %w", err)
	}
	out := map[schema.GroupResource]bool{}
	for _, rule := range role.Rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				out[schema.GroupResource{Group: group, Resource: resource}] = true
			}
		}
	}
	return out, nil
}

func configFrom(kubeconfig string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	return config, nil
}

func (e *Env) applyFile(ctx context.Context, file string) error {
	raw, err := os.ReadFile(filepath.Join(Root(), "config", file))
	if err != nil {
		return err
	}
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(raw, &object.Object); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return e.Admin.Create(ctx, object)
}

func binding() *rbacv1.ClusterRoleBinding {
	b := &rbacv1.ClusterRoleBinding{}
	b.Name = "peernode-operator"
	b.RoleRef = rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "peernode-operator"}
	b.Subjects = []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: OperatorUser}}
	return b
}

// served waits until the API server serves our kinds.
func (e *Env) served(ctx context.Context) error {
	return Eventually(ctx, func() error { return e.Admin.List(ctx, &v1alpha1.PeerNodeList{}) })
}

// Root is the top of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}
