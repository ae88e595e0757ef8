// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/edge"
	"github.com/peernode/operator/pkg/peer"
)

// Edge is what serves the API of a peer.
type Edge struct {
	// Config is its document, and Document the same in YAML.
	Config   edge.Config
	Document string
	// Port is where it serves, Metrics where its probes and metrics are.
	Port, Metrics int32
}

// Ports at which an edge serves, or the next that the software leaves free.
const (
	firstEdgePort        = 8443
	firstEdgeMetricsPort = 9095
)

// Where the edge finds its files.
const (
	edgeFile       = "edge.yaml"
	edgeFolder     = "/etc/peernode/edge"
	tlsFolder      = "/etc/peernode/tls"
	clientCAFolder = "/etc/peernode/client-ca"
	issuerCAFolder = "/etc/peernode/issuer-ca"
)

// edgeDrain is how long requests may take once the pod is to stop. The peer stops at the same time, and there is no
// other to which anybody could be led, so nothing is gained by serving on.
const edgeDrain = 10 * time.Second

// EdgeFor is the edge of a peer, nil while it has no API. The error names what in the spec contradicts the software.
func EdgeFor(p *v1alpha1.PeerNode, software edge.Software, w peer.Workload) (*Edge, error) {
	ports := peer.PortsFor(w.Ports, v1alpha1.PurposeAPI)
	if !p.Spec.Network.API.Enabled || len(ports) == 0 {
		return nil, nil //nolint:nilnil // no API is not an error
	}
	if len(ports) > 1 || ports[0].Protocol != corev1.ProtocolTCP {
		return nil, errors.New("spec.software: the edge serves one port with purpose API, and that over TCP; give the others another purpose")
	}
	e := &Edge{Port: freePort(w.Ports, firstEdgePort), Metrics: freePort(w.Ports, firstEdgeMetricsPort)}
	var err error
	if e.Config, err = edgeConfig(p.Spec, software); err != nil {
		return nil, err
	}
	e.Config.Listen, e.Config.Metrics = everywhere(e.Port), everywhere(e.Metrics)
	e.Config.Peer = fmt.Sprintf("127.0.0.1:%d", ports[0].Number)
	if err := e.Config.Validate(); err != nil {
		return nil, fmt.Errorf("spec.edge: %w", err)
	}
	document, err := yaml.Marshal(e.Config)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", edgeFile, err)
	}
	e.Document = string(document)
	return e, nil
}

func everywhere(port int32) string { return fmt.Sprintf("0.0.0.0:%d", port) }

// freePort is the first one from a number on that the software does not use.
func freePort(used []peer.Port, from int32) int32 {
	for slices.ContainsFunc(used, func(p peer.Port) bool { return p.Number == from && p.Protocol == corev1.ProtocolTCP }) {
		from++
	}
	return from
}

// edgeConfig is the spec in the words of the edge. The spec has its defaults filled in.
func edgeConfig(spec v1alpha1.PeerNodeSpec, software edge.Software) (edge.Config, error) {
	c, e := edge.Default(), spec.Edge
	c.Software = software
	c.Hosts = e.Hosts
	c.TLS = edge.TLS{Certificate: path.Join(tlsFolder, corev1.TLSCertKey), Key: path.Join(tlsFolder, corev1.TLSPrivateKeyKey), MinVersion: string(spec.TLS.MinVersion)}
	for _, r := range e.Routes {
		route := edge.Route{Path: r.Path, WebSocket: r.WebSocket}
		for _, m := range r.Methods {
			route.Methods = append(route.Methods, string(m))
		}
		c.Routes = append(c.Routes, route)
	}
	for i, text := range e.TrustedProxies {
		proxy, err := netip.ParsePrefix(string(text))
		if err != nil {
			return c, fmt.Errorf("spec.edge.trustedProxies[%d]: %w", i, err)
		}
		c.TrustedProxies = append(c.TrustedProxies, proxy.Masked())
	}
	ban, err := time.ParseDuration(string(e.RateLimit.BanFor))
	if err != nil {
		return c, fmt.Errorf("spec.edge.rateLimit.banFor: %w", err)
	}
	c.Clients.RequestsPerMinute, c.Clients.Burst = int(e.RateLimit.RequestsPerMinute), int(e.RateLimit.Burst)
	c.Clients.Ban.Offences, c.Clients.Ban.Duration = int(e.RateLimit.BanAfter), metav1.Duration{Duration: ban}
	c.Limits.Connections, c.Limits.ConnectionsPerClient = int(e.Limits.Connections), int(e.Limits.ConnectionsPerClient)
	c.Limits.Requests, c.Limits.RequestsPerClient = int(e.Limits.Requests), int(e.Limits.RequestsPerClient)
	c.Limits.BodyBytes = e.Limits.Body.Value()
	c.Timeouts.Unready, c.Timeouts.Drain = metav1.Duration{}, metav1.Duration{Duration: edgeDrain}
	edgeAuthentication(&c, e)
	return c, nil
}

// edgeAuthentication is whom the edge lets in.
func edgeAuthentication(c *edge.Config, e *v1alpha1.PeerEdge) {
	if clients := e.ClientCertificates; clients != nil {
		c.TLS.Clients = &edge.ClientCertificates{CA: path.Join(clientCAFolder, clients.CA.Key), Optional: clients.Optional}
	}
	tokens := e.Tokens
	if tokens == nil {
		return
	}
	c.JWT = edge.DefaultJWT()
	c.JWT.Issuer, c.JWT.Audiences, c.JWT.Keys = tokens.Issuer, tokens.Audiences, tokens.KeysURL
	if tokens.CA != nil {
		c.JWT.CA = path.Join(issuerCAFolder, tokens.CA.Key)
	}
	if len(tokens.Algorithms) > 0 {
		c.JWT.Algorithms = nil
		for _, a := range tokens.Algorithms {
			c.JWT.Algorithms = append(c.JWT.Algorithms, string(a))
		}
	}
}
