// SPDX-License-Identifier: Apache-2.0

package p2pagent

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
)

// Files of the contract. The agent reads configFile at start and follows the others while it runs.
const (
	configFile   = "agent.yaml"
	peersFile    = "peers.yaml"
	announceFile = "announce.yaml"
)

// config is agent.yaml: the sections of the guide that an agent honours.
type config struct {
	Agent      agentSection      `json:"agent"`
	Identity   identitySection   `json:"identity"`
	Network    networkSection    `json:"network"`
	Peers      peersSection      `json:"peers"`
	Storage    storageSection    `json:"storage"`
	Security   securitySection   `json:"security"`
	Monitoring monitoringSection `json:"monitoring"`
}

type agentSection struct {
	Name     string `json:"name"`
	LogLevel string `json:"log_level"`
}

type identitySection struct {
	KeyType string `json:"key_type"`
	Storage struct {
		Location string `json:"location"`
	} `json:"storage"`
}

type networkSection struct {
	Listen   []string `json:"listen"`
	MaxPeers int32    `json:"max_peers"`
	// AnnounceFile is not there while nobody asks for an exposure, so that the agent need not know of it.
	AnnounceFile string `json:"announce_file,omitempty"`
}

type peersSection struct {
	TrustLevel            string `json:"trust_level"`
	RequireAuthentication bool   `json:"require_authentication"`
	File                  string `json:"file"`
}

type storageSection struct {
	Path string `json:"path"`
}

type securitySection struct {
	DDoS ddosSection `json:"ddos"`
}

type ddosSection struct {
	Enabled           bool   `json:"enabled"`
	RateLimit         int32  `json:"rate_limit"`
	BurstLimit        int32  `json:"burst_limit"`
	BlacklistDuration string `json:"blacklist_duration"`
}

type monitoringSection struct {
	Health  listenSection `json:"health"`
	Metrics listenSection `json:"metrics"`
}

type listenSection struct {
	Listen string `json:"listen"`
}

// peerList is peers.yaml.
type peerList struct {
	AllowedPeers []string `json:"allowed_peers"`
	Bootstrap    []string `json:"bootstrap"`
	Siblings     []string `json:"siblings,omitempty"`
	// Fleets are the addresses of the peers of other fleets, by fleet.
	Fleets map[string][]string `json:"fleets,omitempty"`
}

func files(in peer.Input) ([]peer.File, error) {
	contract := in.PeerNode.Spec.Software.P2PAgent.Contract
	main, err := yaml.Marshal(agentConfig(in.PeerNode))
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", configFile, err)
	}
	list, err := yaml.Marshal(agentPeers(in))
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", peersFile, err)
	}
	out := []peer.File{
		{Key: configFile, Path: path.Join(string(contract.ConfigPath), configFile), Content: string(main)},
		{Key: peersFile, Path: path.Join(string(contract.PeersPath), peersFile), Content: string(list), Live: true},
	}
	if !in.PeerNode.Spec.Network.Peer.Exposure.Asked() {
		return out, nil
	}
	announced, err := yaml.Marshal(announcements{Announce: announced(in.Outside)})
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", announceFile, err)
	}
	return append(out, peer.File{Key: announceFile, Path: announcePath(contract), Content: string(announced), Live: true, Own: true}), nil
}

func agentConfig(p *v1alpha1.PeerNode) config {
	agent := p.Spec.Software.P2PAgent
	ports := agent.Contract.Ports
	c := config{
		Agent:   agentSection{Name: p.Name, LogLevel: agent.LogLevel},
		Network: networkSection{Listen: listen(ports), MaxPeers: agent.MaxPeers},
		Peers: peersSection{
			TrustLevel:            string(agent.TrustLevel),
			RequireAuthentication: true,
			File:                  path.Join(string(agent.Contract.PeersPath), peersFile),
		},
		Storage: storageSection{Path: string(agent.Contract.DataPath)},
		Security: securitySection{DDoS: ddosSection{
			Enabled:           true,
			RateLimit:         agent.RateLimit.RequestsPerMinute,
			BurstLimit:        agent.RateLimit.Burst,
			BlacklistDuration: string(agent.RateLimit.BanFor),
		}},
		Monitoring: monitoringSection{
			Health:  listenSection{Listen: fmt.Sprintf("0.0.0.0:%d", ports.API)},
			Metrics: listenSection{Listen: fmt.Sprintf("0.0.0.0:%d", ports.Metrics)},
		},
	}
	if p.Spec.Network.Peer.Exposure.Asked() {
		c.Network.AnnounceFile = announcePath(agent.Contract)
	}
	c.Identity.KeyType = strings.ToLower(string(p.Spec.Identity.Type))
	c.Identity.Storage.Location = string(agent.Contract.KeysPath)
	return c
}

func listen(p v1alpha1.P2PAgentPorts) []string {
	return []string{
		fmt.Sprintf("/ip4/0.0.0.0/tcp/%d", p.TCP),
		fmt.Sprintf("/ip4/0.0.0.0/tcp/%d/ws", p.WebSocket),
		fmt.Sprintf("/ip4/0.0.0.0/udp/%d/quic-v1", p.QUIC),
	}
}

// agentPeers merges the declared peers with those that the spec names by ID. The order is fixed, so that the same
// peers always give the same file.
func agentPeers(in peer.Input) peerList {
	agent := in.PeerNode.Spec.Software.P2PAgent
	list := peerList{AllowedPeers: []string{}, Bootstrap: []string{}}
	for _, id := range agent.AllowedPeers {
		list.AllowedPeers = append(list.AllowedPeers, string(id))
	}
	for _, address := range agent.BootstrapPeers {
		list.Bootstrap = append(list.Bootstrap, string(address))
		list.AllowedPeers = append(list.AllowedPeers, peerIDOf(address))
	}
	for _, n := range in.Peers {
		if n.PeerID == "" {
			continue
		}
		list.AllowedPeers = append(append(list.AllowedPeers, n.PeerID), n.Also...)
		switch n.Fleet {
		case "":
			list.Bootstrap = append(list.Bootstrap, addressesOf(n)...)
		case fleetOf(in.PeerNode):
			list.Siblings = append(list.Siblings, addressesOf(n)...)
		default:
			list.addToFleet(n.Fleet, addressesOf(n))
		}
	}
	for _, l := range []*[]string{&list.AllowedPeers, &list.Bootstrap, &list.Siblings} {
		slices.Sort(*l)
		*l = slices.Compact(*l)
	}
	for _, addresses := range list.Fleets {
		slices.Sort(addresses)
	}
	return list
}

// fleetOf is "<namespace>/<name>" of the peer's fleet, "" where it has none.
func fleetOf(p *v1alpha1.PeerNode) string {
	if p.Spec.Fleet == nil {
		return ""
	}
	return p.Namespace + "/" + p.Spec.Fleet.Name
}

func (l *peerList) addToFleet(fleet string, addresses []string) {
	if len(addresses) == 0 {
		return
	}
	if l.Fleets == nil {
		l.Fleets = map[string][]string{}
	}
	l.Fleets[fleet] = append(l.Fleets[fleet], addresses...)
}

// addressesOf gives the address by which the cluster's DNS finds a neighbour; none for software without a TCP
// port of the agent's own name, which an agent could not talk to anyway.
func addressesOf(n peer.Neighbour) []string {
	for _, p := range n.Ports {
		if p.Name == portTCP {
			return []string{fmt.Sprintf("/dns/%s/tcp/%d/p2p/%s", names.Host(n.Name, n.Namespace), p.Number, n.PeerID)}
		}
	}
	return nil
}

func peerIDOf(address v1alpha1.Multiaddr) string {
	return string(address[strings.LastIndex(string(address), "/")+1:])
}
