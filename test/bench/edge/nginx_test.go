// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/pkg/edge"
)

func TestNginxGetsTheLimitsOfTheEdge(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*edge.Config)
		want   string
	}{
		"the rate":                 {func(c *edge.Config) { c.Clients.RequestsPerMinute = 4321 }, "rate=4321r/m;"},
		"the burst":                {func(c *edge.Config) { c.Clients.Burst = 4321 }, "burst=4321 nodelay;"},
		"connections":              {func(c *edge.Config) { c.Limits.Connections = 4321 }, "worker_connections 4321;"},
		"requests at a time":       {func(c *edge.Config) { c.Limits.Requests = 4321 }, "limit_conn all 4321;"},
		"those of one client":      {func(c *edge.Config) { c.Limits.RequestsPerClient = 4321 }, "limit_conn client 4321;"},
		"streams of a connection":  {func(c *edge.Config) { c.Limits.RequestsPerClient = 4321 }, "http2_max_concurrent_streams 4321;"},
		"bodies":                   {func(c *edge.Config) { c.Limits.BodyBytes = 4321 }, "client_max_body_size 4321;"},
		"targets":                  {func(c *edge.Config) { c.Limits.TargetBytes = 4321 }, "large_client_header_buffers 4 4321;"},
		"time for headers":         {func(c *edge.Config) { c.Timeouts.Header = lasts(4321) }, "client_header_timeout 4321ms;"},
		"time for requests":        {func(c *edge.Config) { c.Timeouts.Request = lasts(4321) }, "client_body_timeout 4321ms;"},
		"time for answers":         {func(c *edge.Config) { c.Timeouts.Response = lasts(4321) }, "send_timeout 4321ms;"},
		"time without requests":    {func(c *edge.Config) { c.Timeouts.Idle = lasts(4321) }, "keepalive_timeout 4321ms;"},
		"time to reach the peer":   {func(c *edge.Config) { c.Timeouts.Connect = lasts(4321) }, "proxy_connect_timeout 4321ms;"},
		"time for the peer":        {func(c *edge.Config) { c.Timeouts.Peer = lasts(4321) }, "proxy_read_timeout 4321ms;"},
		"connections to the peer":  {func(c *edge.Config) { c.Limits.Requests = 4321 }, "keepalive 4321;"},
		"the peer":                 {func(c *edge.Config) { c.Peer = "127.0.0.1:4321" }, "server 127.0.0.1:4321;"},
		"the file of certificates": {func(c *edge.Config) { c.TLS.Certificate = "/4321.crt" }, "ssl_certificate /4321.crt;"},
	} {
		t.Run(name, func(t *testing.T) {
			config := wide()
			c.change(&config)
			document, err := nginxDocument(nginxInput{Config: config, Processors: 2})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(document), c.want+"\n") {
				t.Errorf("%q is missing in\n%s", c.want, document)
			}
		})
	}
}

func lasts(milliseconds int) metav1.Duration {
	return metav1.Duration{Duration: time.Duration(milliseconds) * time.Millisecond}
}
