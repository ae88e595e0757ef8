// SPDX-License-Identifier: Apache-2.0

// Package heartbeat is the agent's application protocol: every few seconds each
// agent sends each connected peer a signed record of who it is and how far it
// has counted, and the receiver checks and remembers it.
package heartbeat

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
)

const (
	// signatureDomain keeps a signature made here from being valid elsewhere.
	signatureDomain = "p2p-agent-heartbeat"
	payloadType     = "/p2p-agent/heartbeat"
)

// The ways in which a received heartbeat can be wrong.
var (
	// ErrSignature: not signed, or not by the peer that the connection is with.
	ErrSignature = errors.New("invalid signature")
	// ErrSuspicious: signed by the peer, yet not what an honest agent sends.
	ErrSuspicious = errors.New("suspicious heartbeat")

	errPayload = errors.New("payload is no heartbeat")
)

// Beat is the content of a heartbeat.
type Beat struct {
	PeerID   peer.ID   `json:"peerID"`
	Name     string    `json:"name"`
	Sequence uint64    `json:"sequence"`
	Time     time.Time `json:"time"`
}

var _ record.Record = (*Beat)(nil)

// Domain is part of what is signed.
func (*Beat) Domain() string { return signatureDomain }

// Codec names the payload's type in the envelope.
func (*Beat) Codec() []byte { return []byte(payloadType) }

// MarshalRecord returns the payload.
func (b *Beat) MarshalRecord() ([]byte, error) { return json.Marshal(b) }

// UnmarshalRecord reads the payload.
func (b *Beat) UnmarshalRecord(data []byte) error {
	if err := json.Unmarshal(data, b); err != nil {
		return errors.Join(errPayload, err)
	}
	return nil
}

// Seal signs b with key.
func Seal(b Beat, key crypto.PrivKey) ([]byte, error) {
	envelope, err := record.Seal(&b, key)
	if err != nil {
		return nil, fmt.Errorf("sign the heartbeat: %w", err)
	}
	return envelope.Marshal()
}

// Open checks that data is a heartbeat that from signed and sent at about now.
func Open(data []byte, from peer.ID, now time.Time, maxAge time.Duration) (Beat, error) {
	var b Beat
	if _, err := record.UnmarshalEnvelope(data); err != nil {
		return Beat{}, fmt.Errorf("%w: not a signed envelope: %w", ErrSuspicious, err)
	}
	envelope, err := record.ConsumeTypedEnvelope(data, &b)
	switch {
	case errors.Is(err, errPayload):
		return Beat{}, fmt.Errorf("%w: %w", ErrSuspicious, err)
	case err != nil:
		return Beat{}, fmt.Errorf("%w: %w", ErrSignature, err)
	case !from.MatchesPublicKey(envelope.PublicKey):
		return Beat{}, fmt.Errorf("%w: signed with a key that is not %s's", ErrSignature, from)
	case b.PeerID != from:
		return Beat{}, fmt.Errorf("%w: names %s as its sender", ErrSuspicious, b.PeerID)
	case now.Sub(b.Time).Abs() > maxAge:
		return Beat{}, fmt.Errorf("%w: dated %s, more than %s away; replayed, or a clock is wrong", ErrSuspicious, b.Time.Format(time.RFC3339), maxAge)
	}
	return b, nil
}
