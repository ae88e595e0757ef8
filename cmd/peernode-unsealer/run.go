// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/peernode/operator/cmd/internal/apiserver"
	"github.com/peernode/operator/cmd/internal/metricsguard"
	"github.com/peernode/operator/cmd/peernode-unsealer/internal/broker"
	"github.com/peernode/operator/cmd/peernode-unsealer/internal/keys"
	"github.com/peernode/operator/cmd/peernode-unsealer/internal/publish"
	"github.com/peernode/operator/cmd/peernode-unsealer/internal/serving"
	"github.com/peernode/operator/pkg/sealingkey"
)

// off is the address that turns a server off.
const off = "0"

// run reads the keys, and then publishes and serves until ctx ends or one of its parts cannot go on.
func run(ctx context.Context, f flags, log *slog.Logger) error {
	ring, err := keys.Read(f.sealingKeys)
	if err != nil {
		return err
	}
	config, err := apiserver.Config()
	if err != nil {
		return err
	}
	live, err := newClient(config)
	if err != nil {
		return err
	}
	counts, err := broker.NewMetrics(metrics.Registry)
	if err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	publisher := &publish.Publisher{Client: live, Namespace: f.namespace, Ring: ring, Log: log}
	keeper := broker.New(broker.Broker{Client: live, Ring: ring, Namespace: f.namespace, CheckSource: f.checkSource, Log: log, Metrics: counts})
	certificates := &serving.Certificates{Ring: ring, Names: sealingkey.Hosts(f.namespace), Now: time.Now}
	parts := []func(context.Context) error{
		func(ctx context.Context) error { publisher.Run(ctx); return nil },
		func(ctx context.Context) error {
			return serving.Serve(ctx, f.listen, certificates.TLS(), keeper.Handler(), log)
		},
	}
	if f.probeAddress != off {
		parts = append(parts, func(ctx context.Context) error {
			return serving.Serve(ctx, f.probeAddress, nil, probes(publisher.Done), log)
		})
	}
	if f.metricsAddress != off {
		server, err := metricsServer(f, config)
		if err != nil {
			return err
		}
		parts = append(parts, server.Start)
	}
	log.Info("the unsealer starts", "sealingKeys", len(ring), "sealingKey", ring.InUse().Number(), "recipient", ring.InUse().Recipient().Info().String(), "checkSourceAddress", f.checkSource)
	return all(ctx, parts)
}

// newClient makes a client without a cache: what it reads decides who gets a key.
func newClient(config *rest.Config) (client.Client, error) {
	scheme, err := apiserver.Scheme()
	if err != nil {
		return nil, err
	}
	live, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("make the client of the API server: %w", err)
	}
	return live, nil
}

func metricsServer(f flags, config *rest.Config) (metricsserver.Server, error) {
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("make the client that reviews readers of metrics: %w", err)
	}
	options := metricsserver.Options{BindAddress: f.metricsAddress, SecureServing: true, FilterProvider: metricsguard.Provide}
	server, err := metricsserver.NewServer(options, config, httpClient)
	if err != nil {
		return nil, fmt.Errorf("make the server of metrics: %w", err)
	}
	return server, nil
}

// probes say that the program lives, and that peers can be sent to it.
func probes(ready func() bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready() {
			http.Error(w, "what is published is not the newest sealing key that is here; the log says why", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok")
	})
	return mux
}

// all runs the parts until ctx ends or one of them fails, and waits for every one.
func all(ctx context.Context, parts []func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, len(parts))
	for _, part := range parts {
		go func() {
			err := part(ctx)
			cancel()
			done <- err
		}()
	}
	var errs []error
	for range parts {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}
