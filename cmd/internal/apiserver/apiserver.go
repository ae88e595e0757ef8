// SPDX-License-Identifier: Apache-2.0

// Package apiserver is how commands come to the API server.
package apiserver

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"

	"github.com/peernode/operator/api/v1alpha1"
)

// Config finds the API server.
func Config() (*rest.Config, error) {
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("find the API server: %w", err)
	}
	// The API server's own priority and fairness keeps clients in check; a second limit here only slows start-up.
	config.QPS = -1
	return config, nil
}

// Scheme knows Kubernetes' kinds, ours, and more.
func Scheme(more ...func(*runtime.Scheme) error) (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range append(more, clientgoscheme.AddToScheme, v1alpha1.AddToScheme) {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("register kinds: %w", err)
		}
	}
	return scheme, nil
}

// Manager makes a manager that answers probes as long as its process does. It knows Kubernetes' kinds and ours, unless the
// options name a scheme.
func Manager(options ctrl.Options) (ctrl.Manager, error) {
	config, err := Config()
	if err != nil {
		return nil, err
	}
	if options.Scheme == nil {
		if options.Scheme, err = Scheme(); err != nil {
			return nil, err
		}
	}
	mgr, err := ctrl.NewManager(config, options)
	if err != nil {
		return nil, fmt.Errorf("make the manager: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("add health check: %w", err)
	}
	if err := mgr.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("add readiness check: %w", err)
	}
	return mgr, nil
}
