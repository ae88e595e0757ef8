// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/peernode/operator/controllers/janitor"
)

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
