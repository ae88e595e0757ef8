// SPDX-License-Identifier: Apache-2.0

package sealingkey

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/peernode/operator/pkg/seal"
)

// Ring is all sealing keys that an unsealer has, the newest first. There is at least one. NewRing makes it.
type Ring []Key

// NewRing puts keys in order.
func NewRing(keys ...Key) (Ring, error) {
	if len(keys) == 0 {
		return nil, errors.New("there is no sealing key")
	}
	ring := slices.SortedFunc(slices.Values(keys), func(a, b Key) int { return cmp.Compare(b.Number(), a.Number()) })
	for i, key := range ring[1:] {
		if key.Number() == ring[i].Number() {
			return nil, fmt.Errorf("there are two sealing keys %d", key.Number())
		}
	}
	return ring, nil
}

// InUse is the key to which new keys of peers are to be sealed.
func (r Ring) InUse() Key { return r[0] }

// Openers open what is sealed to any of the keys.
func (r Ring) Openers() []seal.Opener {
	var out []seal.Opener
	for _, key := range r {
		out = append(out, key.Opener())
	}
	return out
}

// Opens is the number of the newest key that opens an envelope, 0 where none does.
func (r Ring) Opens(h seal.Header) int {
	for _, key := range r {
		if slices.Contains(h.Recipients, key.Recipient().Info()) {
			return key.Number()
		}
	}
	return 0
}

// Published is what everybody may know of the keys. Peers are told of every authority, so that they know each replica
// of the unsealer while some have another key already and others do not.
func (r Ring) Published() Published {
	var authorities [][]byte
	for _, key := range r {
		authorities = append(authorities, key.CA())
	}
	return Published{Number: r.InUse().Number(), Recipient: r.InUse().Recipient(), CA: bytes.Join(authorities, nil)}
}

// Behind reports whether a newer key is published than those of the ring. Who is behind must not publish: what was sealed
// to the newer key would be forgotten.
func (r Ring) Behind(p Published) bool { return p.Number > r.InUse().Number() }

// Serving makes a certificate under which the unsealer serves names, valid for ServingLife. It is vouched for by the
// oldest authority that is good for long enough, which is the one that peers have known longest.
func (r Ring) Serving(names []string, now time.Time) (tls.Certificate, error) {
	for _, key := range slices.Backward(r) {
		if now.Add(ServingLife).Before(key.ca.NotAfter) {
			return key.Serving(names, now)
		}
	}
	return r.InUse().Serving(names, now)
}
