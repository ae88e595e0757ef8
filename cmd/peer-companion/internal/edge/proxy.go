// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/peernode/operator/pkg/edge"
)

// exchangeKey is where the context of a request has its exchange.
type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	return ctx.Value(exchangeKey{}).(*exchange) //nolint:forcetypeassert // put there by the handler, for the proxy alone
}

// newProxy forwards what was admitted, and nothing that a client said about itself.
func newProxy(c edge.Config, log *slog.Logger) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			e := exchangeOf(p.In.Context())
			// Built from the verdict: what was judged is what is sent.
			p.Out.URL = &url.URL{Scheme: "http", Host: c.Peer, Path: e.verdict.Path, RawQuery: e.verdict.Query}
			p.Out.Host = p.In.Host
			p.Out.Trailer = nil
			for name := range p.Out.Header {
				if edge.IsStripped(name) {
					delete(p.Out.Header, name)
				}
			}
			if c.JWT != nil {
				// The token is for the edge. The peer could use it elsewhere.
				p.Out.Header.Del("Authorization")
			}
			p.Out.Header.Set("X-Forwarded-For", e.client.String())
			p.Out.Header.Set("X-Real-IP", e.client.String())
			p.Out.Header.Set("X-Forwarded-Host", p.In.Host)
			p.Out.Header.Set("X-Forwarded-Proto", "https")
		},
		Transport:  newTransport(c),
		BufferPool: newBuffers(),
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			e := exchangeOf(r.Context())
			reason := e.why(err)
			if reason.Status() >= 500 {
				log.Warn("the peer does not answer", "reason", reason, "error", err.Error())
			}
			e.refuse(reason, 0)
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// newTransport speaks to the peer, and to nobody else: it knows no proxy of the environment and follows no redirect.
func newTransport(c edge.Config) *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: c.Timeouts.Connect.Duration}).DialContext,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    c.Limits.Requests,
		IdleConnTimeout:        30 * time.Second,
		ResponseHeaderTimeout:  c.Timeouts.Peer.Duration,
		MaxResponseHeaderBytes: 64 << 10,
	}
}
