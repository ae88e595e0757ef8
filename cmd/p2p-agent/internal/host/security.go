// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	"github.com/quic-go/quic-go"
)

// securities returns the handshakes for TCP and WebSocket, TLS preferred. QUIC
// brings its own TLS 1.3.
func securities(encryption string, failed func(error)) []libp2p.Option {
	var options []libp2p.Option
	if encryption != "noise" {
		options = append(options, libp2p.Security(libp2ptls.ID,
			func(id protocol.ID, key crypto.PrivKey, muxers []upgrader.StreamMuxer) (*watchedSecurity, error) {
				t, err := libp2ptls.New(id, key, muxers)
				return &watchedSecurity{t, failed}, err
			}))
	}
	if encryption != "tls1.3" {
		options = append(options, libp2p.Security(noise.ID,
			func(id protocol.ID, key crypto.PrivKey, muxers []upgrader.StreamMuxer) (*watchedSecurity, error) {
				t, err := noise.New(id, key, muxers)
				return &watchedSecurity{t, failed}, err
			}))
	}
	return options
}

// watchedSecurity reports handshakes that fail; libp2p itself only logs them.
type watchedSecurity struct {
	sec.SecureTransport
	failed func(error)
}

// SecureInbound does the handshake of an accepted connection.
func (w *watchedSecurity) SecureInbound(ctx context.Context, conn net.Conn, p peer.ID) (sec.SecureConn, error) {
	c, err := w.SecureTransport.SecureInbound(ctx, conn, p)
	w.report(ctx, err)
	return c, err
}

// SecureOutbound does the handshake of a dialled connection.
func (w *watchedSecurity) SecureOutbound(ctx context.Context, conn net.Conn, p peer.ID) (sec.SecureConn, error) {
	c, err := w.SecureTransport.SecureOutbound(ctx, conn, p)
	w.report(ctx, err)
	return c, err
}

// report leaves out handshakes that this agent gave up itself, because another
// address answered first or because it stops, and connections that were lost.
func (w *watchedSecurity) report(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil && !lost(err) {
		w.failed(err)
	}
}

// lost is true when a connection ended, as opposed to what was said on it being
// wrong.
func lost(err error) bool {
	for _, gone := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, os.ErrDeadlineExceeded} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}

// quicHandshakeError finds a failed QUIC handshake in the error of a dial. It
// cannot be watched where it happens, unlike those of TCP and WebSocket.
func quicHandshakeError(err error) error {
	var failed *quic.TransportError
	if errors.As(err, &failed) && failed.ErrorCode.IsCryptoError() {
		return failed
	}
	return nil
}
