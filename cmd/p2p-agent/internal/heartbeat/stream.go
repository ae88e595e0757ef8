// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/peernode/operator/cmd/p2p-agent/internal/store"
)

// ProtocolID names the protocol: one stream, one envelope, one answer.
const ProtocolID protocol.ID = "/p2p-agent/record/1.0.0"

const (
	// maxMessage is far above the 300 bytes of a heartbeat.
	maxMessage    = 4096
	maxNameLength = 253
	// streamTimeout is below the interval, so a silent peer never delays the
	// next heartbeat of the others.
	streamTimeout = 4 * time.Second
)

// answer says whether the receiver accepted the heartbeat.
type answer struct {
	Accepted bool   `json:"accepted"`
	Reason   string `json:"reason,omitempty"`
}

// exchange sends data to p and waits for the answer.
func exchange(ctx context.Context, h libp2phost.Host, p peer.ID, data []byte) error {
	ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "heartbeat"), streamTimeout)
	defer cancel()
	stream, err := h.NewStream(ctx, p, ProtocolID)
	if err != nil {
		return fmt.Errorf("open a stream: %w", err)
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, func() { stream.Reset() })()
	if _, err := stream.Write(data); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if err := stream.CloseWrite(); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	var got answer
	if err := json.NewDecoder(io.LimitReader(stream, maxMessage)).Decode(&got); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if !got.Accepted {
		return fmt.Errorf("refused: %q", got.Reason)
	}
	return nil
}

// handle reads one heartbeat and answers it.
func (s *Service) handle(stream network.Stream) {
	defer stream.Close()
	if err := stream.SetDeadline(time.Now().Add(streamTimeout)); err != nil {
		s.Log.Debug("stream without deadline", "error", err)
	}
	from := stream.Conn().RemotePeer()
	data, err := io.ReadAll(io.LimitReader(stream, maxMessage))
	if err != nil {
		s.Log.Debug("heartbeat not received", "peer", from, "error", err)
		stream.Reset()
		return
	}
	got := answer{Accepted: true}
	if err := s.receive(from, data); err != nil {
		got = answer{Reason: err.Error()}
	}
	if err := json.NewEncoder(stream).Encode(got); err != nil {
		s.Log.Debug("answer not sent", "peer", from, "error", err)
	}
}

// receive checks a heartbeat and remembers it.
func (s *Service) receive(from peer.ID, data []byte) error {
	beat, err := Open(data, from, time.Now(), s.MaxAge)
	switch {
	case errors.Is(err, ErrSignature):
		s.Observer.InvalidSignature(from, err)
		return err
	case err != nil:
		s.Observer.Suspicious(from, err.Error())
		return err
	}
	beat.Name = printable(beat.Name)
	// A sequence that goes back means old data: a restored backup, or a copy of
	// the key that runs elsewhere. It is reported once and becomes the new base,
	// or a legitimate restore would ring the alarm for ever.
	if last, ok := s.Store.Last(from); ok && beat.Sequence <= last.Sequence {
		s.Observer.Suspicious(from, fmt.Sprintf("sequence went from %d back to %d", last.Sequence, beat.Sequence))
	}
	s.Store.Seen(from, store.LastSeen{Name: beat.Name, Sequence: beat.Sequence, Time: time.Now().UTC()})
	return nil
}

// printable bounds and cleans a name that a remote chose: it is stored, and
// shown on terminals.
func printable(name string) string {
	if len(name) > maxNameLength {
		name = name[:maxNameLength]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != utf8.RuneError {
			return r
		}
		return -1
	}, name)
}
