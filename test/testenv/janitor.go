// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/controllers/janitor"
)

// janitorFiles say what the janitor may do, in config/janitor.
var janitorFiles = []string{"role.yaml", "admission_policy.yaml"}

// EmployJanitor gives a namespace an account for a janitor, with the rights that it ships with and the limits to them, and
// returns the name of its user.
func (e *Env) EmployJanitor(ctx context.Context, namespace string) (string, error) {
	for _, file := range janitorFiles {
		raw, err := os.ReadFile(filepath.Join(Root(), "config", "janitor", file))
		if err != nil {
			return "", err
		}
		for document := range strings.SplitSeq(string(raw), "\n---\n") {
			object := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
				return "", fmt.Errorf("read %s: %w", file, err)
			}
			if err := e.Admin.Create(ctx, object); client.IgnoreAlreadyExists(err) != nil {
				return "", err
			}
		}
	}
	const name = "peernode-janitor"
	return "system:serviceaccount:" + namespace + ":" + name, e.Admin.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}},
	})
}

// RunJanitor lets the janitor work in a namespace, as a user, until ctx ends. Its requests go through what wrap makes of the
// way to the API server, but for its events.
func (e *Env) RunJanitor(ctx context.Context, user, namespace string, wrap func(http.RoundTripper) http.RoundTripper) error {
	kubeconfig, err := e.UserKubeconfig(user)
	if err != nil {
		return err
	}
	rest, err := configFrom(kubeconfig)
	if err != nil {
		return err
	}
	rest.Wrap(wrap)
	mgr, err := ctrl.NewManager(rest, ctrl.Options{
		Scheme:     e.Scheme,
		Cache:      janitor.Cache([]string{namespace}),
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	if err != nil {
		return fmt.Errorf("make the manager: %w", err)
	}
	r := &janitor.Reconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Events: mgr.GetEventRecorder("peernode-janitor")}
	if err := r.SetupWithManager(mgr); err != nil {
		return err
	}
	if err := mgr.Start(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// UserClient is the way in of a user who may have been given rights.
func (e *Env) UserClient(user string) (client.Client, error) {
	kubeconfig, err := e.UserKubeconfig(user)
	if err != nil {
		return nil, err
	}
	config, err := configFrom(kubeconfig)
	if err != nil {
		return nil, err
	}
	return client.New(config, client.Options{Scheme: e.Scheme})
}
