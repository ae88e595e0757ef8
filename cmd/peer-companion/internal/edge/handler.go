// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/peernode/operator/pkg/edge"
)

// handler answers every request: it refuses it, or has the proxy forward it.
type handler struct {
	config  edge.Config
	rules   edge.Rules
	guard   *guard
	tokens  *tokens
	proxy   http.Handler
	metrics *metrics
	access  *slog.Logger
}

// ServeHTTP keeps account of a request from its beginning to its end.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	c := connectionOf(r.Context())
	c.begin()
	defer c.end()
	e := &exchange{
		ResponseWriter: w, request: r, tunnels: h.config.Timeouts.WebSocket.Duration,
		client: edge.Client(addressOf(c.RemoteAddr()), r.Header["X-Forwarded-For"], h.config.TrustedProxies),
	}
	// Deferred: the proxy panics when an answer breaks off, and that is to be seen as well.
	defer func() {
		h.end(e, time.Since(begun))
	}()
	h.answer(e, edge.Group(e.client))
}

// answer asks the questions in the order of what they cost.
func (h *handler) answer(e *exchange, group netip.Prefix) {
	if reason, wait := h.guard.ask(group); reason != "" {
		e.refuse(reason, wait)
		return
	}
	r := e.request
	e.verdict = h.rules.Decide(edge.Request{
		Method: r.Method, Target: r.RequestURI, Host: r.Host, Headers: r.Header, HTTP2: r.ProtoMajor >= 2, Body: r.ContentLength,
	})
	reason := e.verdict.Reason
	if reason == "" && h.tokens != nil {
		reason = h.tokens.check(r.Header.Get("Authorization"), time.Now())
	}
	if reason == "" {
		reason = h.guard.enter(group)
	}
	if reason != "" {
		e.refuse(reason, 0)
		return
	}
	defer h.guard.leave(group)
	r.Body = &body{ReadCloser: http.MaxBytesReader(e.ResponseWriter, r.Body, h.config.Limits.BodyBytes)}
	h.proxy.ServeHTTP(e, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e)))
}

// refuse answers in place of the peer. It says why: who is refused can read how in the documentation anyway.
func (e *exchange) refuse(reason edge.Reason, wait time.Duration) {
	e.reason = reason
	if e.status != 0 {
		return
	}
	header := e.Header()
	clear(header)
	header.Set("Content-Type", "application/json")
	switch status := reason.Status(); {
	case reason == edge.MethodRefused && len(e.verdict.Allow) > 0:
		header.Set("Allow", strings.Join(e.verdict.Allow, ", "))
	case status == http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer")
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		header.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
	}
	if !slices.Contains(goesOn, reason) {
		header.Set("Connection", "close")
	}
	answer, _ := json.Marshal(map[string]edge.Reason{"refused": reason})
	e.WriteHeader(reason.Status())
	_, _ = e.Write(append(answer, '\n'))
}

// goesOn are the refusals after which the connection is good for more. After all others the bytes that follow may not
// be what they seem.
var goesOn = []edge.Reason{
	edge.RouteUnknown, edge.MethodRefused, edge.RateLimited, edge.ClientBusy, edge.TokenMissing, edge.TokenInvalid,
	edge.Busy, edge.KeysUnknown, edge.PeerUnreachable, edge.PeerTooSlow,
}

// end counts and logs a request, and what it means for its client.
func (h *handler) end(e *exchange, took time.Duration) {
	if e.status == 0 {
		e.status, e.reason = edge.ClientGone.Status(), edge.ClientGone
	}
	h.metrics.request(e, took)
	ban := e.reason.Offence() && h.guard.offend(edge.Group(e.client))
	if ban {
		h.metrics.bans.Inc()
	}
	h.access.LogAttrs(context.Background(), slog.LevelInfo, "request",
		slog.String("client", e.client.String()),
		slog.String("method", short(e.request.Method, 16)),
		slog.String("path", path(e.request.RequestURI)),
		slog.String("route", e.verdict.Route),
		slog.String("protocol", e.request.Proto),
		slog.Int("status", e.status),
		slog.String("reason", string(e.reason)),
		slog.Bool("ban", ban),
		slog.Int64("bytes", e.bytes.Load()),
		slog.Float64("seconds", took.Seconds()),
	)
}

// path is what the log has of a target: no query, and nothing of one that is no path, which may hold a password.
func path(target string) string {
	if !strings.HasPrefix(target, "/") {
		return ""
	}
	path, _, _ := strings.Cut(target, "?")
	return short(path, 256)
}

func short(text string, bytes int) string {
	if len(text) > bytes {
		return strings.ToValidUTF8(text[:bytes], "") + "..."
	}
	return text
}
