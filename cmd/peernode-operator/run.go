// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/peernode/operator/cmd/internal/apiserver"
	"github.com/peernode/operator/cmd/internal/metricsguard"
	"github.com/peernode/operator/controllers"
)

// leaseName is the lease that keeps two replicas from working at a time.
const leaseName = "peernode-operator"

func run(ctx context.Context, f flags) error {
	scheme, err := apiserver.Scheme(certmanagerv1.AddToScheme, gatewayv1.Install)
	if err != nil {
		return err
	}
	mgr, err := apiserver.Manager(ctrl.Options{
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
		return err
	}
	told, err := controllers.Setup(ctx, mgr, f.options())
	if err != nil {
		return err
	}
	if err := metrics.Registry.Register(told); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return mgr.Start(ctx)
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

// newLogger writes JSON lines through logr.
func newLogger(level slog.Level) logr.Logger {
	return logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}
