// SPDX-License-Identifier: Apache-2.0

// Package peerlist reads the list of peers that may connect and that are
// dialled, and follows the file it comes from while the agent runs.
package peerlist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"go.yaml.in/yaml/v3"
)

// maxSize is the largest file read: a ConfigMap cannot be larger.
const maxSize = 1 << 20

// List is a parsed list of peers. It is never changed after it is made.
type List struct {
	// Allowed are the peers that may connect under trust level strict.
	Allowed map[peer.ID]struct{}
	// Bootstrap are the addresses to keep a connection to, by peer.
	Bootstrap map[peer.ID][]multiaddr.Multiaddr
}

// file is the shape of peers.yaml.
type file struct {
	AllowedPeers []string `yaml:"allowed_peers"`
	Bootstrap    []string `yaml:"bootstrap"`
}

// New parses peer IDs and bootstrap multiaddrs. Every wrong entry is reported
// with its place; prefix comes before it.
func New(prefix string, allowed, bootstrap []string) (List, error) {
	list := List{Allowed: map[peer.ID]struct{}{}, Bootstrap: map[peer.ID][]multiaddr.Multiaddr{}}
	var errs []error
	for i, s := range allowed {
		id, err := peer.Decode(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("%sallowed_peers[%d]: %q is not a peer ID: %w", prefix, i, s, err))
			continue
		}
		list.Allowed[id] = struct{}{}
	}
	for i, s := range bootstrap {
		info, err := peer.AddrInfoFromString(s)
		if err != nil || len(info.Addrs) == 0 {
			errs = append(errs, fmt.Errorf("%sbootstrap[%d]: %q must be a multiaddr that ends in /p2p/PEERID, as in /dns4/NAME/tcp/8000/p2p/PEERID", prefix, i, s))
			continue
		}
		list.Bootstrap[info.ID] = append(list.Bootstrap[info.ID], info.Addrs...)
	}
	return list, errors.Join(errs...)
}

// Merge returns a list with the entries of both.
func (l List) Merge(other List) List {
	merged := List{Allowed: maps.Clone(l.Allowed), Bootstrap: maps.Clone(l.Bootstrap)}
	maps.Copy(merged.Allowed, other.Allowed)
	for id, addrs := range other.Bootstrap {
		all := slices.Concat(merged.Bootstrap[id], addrs)
		merged.Bootstrap[id] = multiaddr.Unique(all)
	}
	return merged
}

// Without returns the list without id. A fleet may give every peer the same
// file; an agent finds itself in it and must not dial itself.
func (l List) Without(id peer.ID) List {
	rest := List{Allowed: maps.Clone(l.Allowed), Bootstrap: maps.Clone(l.Bootstrap)}
	delete(rest.Allowed, id)
	delete(rest.Bootstrap, id)
	return rest
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
	var f *file
	if err := dec.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return List{}, fmt.Errorf("want only allowed_peers and bootstrap, two lists of strings: %w", err)
	}
	if f == nil {
		return List{}, errors.New("the file holds no list; write allowed_peers: [] to allow nobody")
	}
	return New("", f.AllowedPeers, f.Bootstrap)
}

// read returns the content of the file at path, refusing what no ConfigMap
// could hold.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the peer list: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the peer list: %w", err)
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("the peer list %s is larger than %d bytes", path, maxSize)
	}
	return data, nil
}
