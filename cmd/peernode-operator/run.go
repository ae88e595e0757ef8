// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/cmd/internal/metricsguard"
	"github.com/peernode/operator/controllers"
)

// leaseName is the lease that keeps two replicas from working at a time.
const leaseName = "peernode-operator"

func run(ctx context.Context, f flags) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the API server: %w", err)
	}
	// The API server's own priority and fairness keeps clients in check; a second limit here only slows start-up.
	config.QPS = -1
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Cache:                         controllers.Cache(f.options()),
		Metrics:                       metricsOptions(f),
		HealthProbeBindAddress:        f.probeAddress,
		LeaderElection:                f.leaderElect,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       f.leaseNamespace,
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return fmt.Errorf("make the manager: %w", err)
	}
	if err := addChecks(mgr); err != nil {
		return err
	}
	if err := controllers.Setup(ctx, mgr, f.options()); err != nil {
		return err
	}
	if err := metrics.Registry.Register(controllers.Metrics{Reader: mgr.GetClient()}); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return mgr.Start(ctx)
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, certmanagerv1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("register kinds: %w", err)
		}
	}
	return scheme, nil
}

// metricsOptions serves metrics over TLS to those whom the API server lets read them.
func metricsOptions(f flags) metricsserver.Options {
	options := metricsserver.Options{BindAddress: f.metricsAddress}
	if !f.metricsInsecure {
		options.SecureServing = true
		options.FilterProvider = metricsguard.Provide
	}
	return options
}

func addChecks(mgr ctrl.Manager) error {
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("add health check: %w", err)
	}
	if err := mgr.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("add readiness check: %w", err)
	}
	return nil
}

// newLogger writes JSON lines through logr.
func newLogger(level slog.Level) logr.Logger {
	return logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}
