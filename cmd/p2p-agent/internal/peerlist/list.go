// SPDX-License-Identifier: Apache-2.0

// Package peerlist reads the list of peers that may connect and that are
// dialled.
package peerlist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"go.yaml.in/yaml/v3"
)

// Addresses are those of some peers, by peer.
type Addresses map[peer.ID][]multiaddr.Multiaddr

// List is a parsed list of peers. It is never changed after it is made.
type List struct {
	// Allowed are the peers that may connect under trust level strict.
	Allowed map[peer.ID]struct{}
	// Bootstrap are the peers to keep a connection to.
	Bootstrap Addresses
	// Siblings are the peers of the same fleet. A connection is kept to the
	// fingers among them.
	Siblings Addresses
	// Fleets are the peers of other fleets. A connection is kept to the contacts
	// in each.
	Fleets Fleets
}

// Entries is a list of peers as it is written, and the shape of peers.yaml.
type Entries struct {
	AllowedPeers []string            `yaml:"allowed_peers"`
	Bootstrap    []string            `yaml:"bootstrap"`
	Siblings     []string            `yaml:"siblings"`
	Fleets       map[string][]string `yaml:"fleets"`
}

// New parses peer IDs and multiaddrs. Every wrong entry is reported with its
// place; prefix comes before it.
func New(prefix string, entries Entries) (List, error) {
	list := List{Allowed: map[peer.ID]struct{}{}}
	var errs []error
	for i, s := range entries.AllowedPeers {
		id, err := peer.Decode(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("%sallowed_peers[%d]: %q is not a peer ID: %w", prefix, i, s, err))
			continue
		}
		list.Allowed[id] = struct{}{}
	}
	var bootstrapErr, siblingsErr, fleetsErr error
	list.Bootstrap, bootstrapErr = parseAddresses(prefix+"bootstrap", entries.Bootstrap)
	list.Siblings, siblingsErr = parseAddresses(prefix+"siblings", entries.Siblings)
	list.Fleets, fleetsErr = parseFleets(prefix+"fleets", entries.Fleets)
	return list, errors.Join(append(errs, bootstrapErr, siblingsErr, fleetsErr)...)
}

// parseAddresses reads the multiaddrs of the named key.
func parseAddresses(key string, entries []string) (Addresses, error) {
	addresses := Addresses{}
	var errs []error
	for i, s := range entries {
		info, err := peer.AddrInfoFromString(s)
		if err != nil || len(info.Addrs) == 0 {
			errs = append(errs, fmt.Errorf("%s[%d]: %q must be a multiaddr that ends in /p2p/PEERID, as in /dns4/NAME/tcp/8000/p2p/PEERID", key, i, s))
			continue
		}
		addresses[info.ID] = append(addresses[info.ID], info.Addrs...)
	}
	return addresses, errors.Join(errs...)
}

// Merge returns a list with the entries of both.
func (l List) Merge(other List) List {
	merged := List{
		Allowed: maps.Clone(l.Allowed), Bootstrap: l.Bootstrap.merge(other.Bootstrap),
		Siblings: l.Siblings.merge(other.Siblings), Fleets: l.Fleets.merge(other.Fleets),
	}
	maps.Copy(merged.Allowed, other.Allowed)
	return merged
}

func (a Addresses) merge(other Addresses) Addresses {
	merged := Addresses{}
	maps.Copy(merged, a)
	for id, addrs := range other {
		merged[id] = multiaddr.Unique(slices.Concat(merged[id], addrs))
	}
	return merged
}

func (a Addresses) without(id peer.ID) Addresses {
	rest := maps.Clone(a)
	delete(rest, id)
	return rest
}

// Without returns the list without id. A fleet may give every peer the same
// file; an agent finds itself in it and must not dial itself.
func (l List) Without(id peer.ID) List {
	rest := List{
		Allowed: maps.Clone(l.Allowed), Bootstrap: l.Bootstrap.without(id),
		Siblings: l.Siblings.without(id), Fleets: l.Fleets.without(id),
	}
	delete(rest.Allowed, id)
	return rest
}

// Ring is the fleet of self: its siblings and itself. Bootstrap peers keep their
// place in it, because other agents may know the same peer as a sibling only.
func (l List) Ring(self peer.ID) Ring {
	return NewRing(append(slices.Collect(maps.Keys(l.Siblings)), self)...)
}

// Dialled are the peers that self keeps a connection to: every bootstrap peer,
// its fingers among the siblings, and its contacts in each other fleet. A peer
// that is several of these has the addresses of the first, fleets coming in the
// order of their names.
func (l List) Dialled(self peer.ID) Addresses {
	dialled := maps.Clone(l.Bootstrap)
	dialled.add(l.Siblings, l.Ring(self).Fingers(self))
	for _, name := range slices.Sorted(maps.Keys(l.Fleets)) {
		members := l.Fleets[name]
		dialled.add(members, members.contacts(self))
	}
	return dialled
}

// add gives those of the chosen peers that are not there yet their addresses.
func (a Addresses) add(known Addresses, chosen []peer.ID) {
	for _, id := range chosen {
		if _, ok := a[id]; !ok {
			a[id] = known[id]
		}
	}
}

// Spare are the connected siblings that neither self nor they themselves would
// dial: an earlier list asked for the connection. A member of another fleet
// never is: it chooses its contacts on a ring of its own, not on that of self.
func (l List) Spare(self peer.ID, connected []peer.ID) []peer.ID {
	ring := l.Ring(self)
	var spare []peer.ID
	for _, id := range connected {
		_, bootstrap := l.Bootstrap[id]
		_, sibling := l.Siblings[id]
		if sibling && !bootstrap && !l.Fleets.has(id) && !ring.Linked(self, id) {
			spare = append(spare, id)
		}
	}
	return spare
}

// Parse reads the content of peers.yaml. Empty content is an error: under trust
// level strict a truncated file would otherwise disconnect everybody. A list
// that allows nobody is written as allowed_peers: [].
func Parse(data []byte) (List, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return List{}, errors.New("the file is empty; write allowed_peers: [] to allow nobody")
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	var entries *Entries
	if err := dec.Decode(&entries); err != nil && !errors.Is(err, io.EOF) {
		return List{}, fmt.Errorf("want only allowed_peers, bootstrap and siblings, three lists of strings, and fleets, such lists by name: %w", err)
	}
	if entries == nil {
		return List{}, errors.New("the file holds no list; write allowed_peers: [] to allow nobody")
	}
	return New("", *entries)
}
