// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/peernode/operator/pkg/edge"
)

// exchange is one request and what becomes of it. It stands between the server and who answers, and keeps account.
type exchange struct {
	http.ResponseWriter

	request *http.Request
	client  netip.Addr
	verdict edge.Verdict
	reason  edge.Reason

	status int
	// bytes grows in other goroutines, too, once the exchange is a tunnel.
	bytes   atomic.Int64
	tunnels time.Duration
}

// WriteHeader notes the final status.
func (e *exchange) WriteHeader(status int) {
	if e.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		e.status = status
	}
	e.ResponseWriter.WriteHeader(status)
}

// Write notes how much was written.
func (e *exchange) Write(p []byte) (int, error) {
	if e.status == 0 {
		e.status = http.StatusOK
	}
	n, err := e.ResponseWriter.Write(p)
	e.bytes.Add(int64(n))
	return n, err
}

// Unwrap is for http.ResponseController.
func (e *exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// Hijack hands the connection over to a WebSocket. The deadlines of requests end there; one begins that moves on with
// every byte.
func (e *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(e.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	e.status = http.StatusSwitchingProtocols
	return &tunnel{Conn: c, idle: e.tunnels, written: &e.bytes}, rw, nil
}

// tunnel is a connection that ends when nothing is said on it.
type tunnel struct {
	net.Conn

	idle    time.Duration
	written *atomic.Int64
}

// Read waits for the client as long as a silence may last.
func (t *tunnel) Read(p []byte) (int, error) {
	if err := t.SetDeadline(time.Now().Add(t.idle)); err != nil {
		return 0, err
	}
	return t.Conn.Read(p)
}

// Write ends the silence.
func (t *tunnel) Write(p []byte) (int, error) {
	if err := t.SetDeadline(time.Now().Add(t.idle)); err != nil {
		return 0, err
	}
	n, err := t.Conn.Write(p)
	t.written.Add(int64(n))
	return n, err
}

// body is that of a request. It remembers why it ended early, which the proxy tells from a failure of the peer by it.
type body struct {
	io.ReadCloser

	// failed is set by whoever sends the body on, and read when the peer has failed meanwhile.
	failed atomic.Pointer[error]
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed.Store(&err)
	}
	return n, err
}

// why turns an error of the proxy into a reason.
func (e *exchange) why(err error) edge.Reason {
	var tooLarge *http.MaxBytesError
	var sending error
	if sent, ok := e.request.Body.(*body); ok && sent.failed.Load() != nil {
		sending = *sent.failed.Load()
	}
	switch {
	case errors.As(sending, &tooLarge):
		return edge.BodyTooLarge
	case errors.Is(sending, os.ErrDeadlineExceeded):
		return edge.BodyTooSlow
	case e.request.Context().Err() != nil, sending != nil:
		return edge.ClientGone
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return edge.PeerTooSlow
	}
	return edge.PeerUnreachable
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
