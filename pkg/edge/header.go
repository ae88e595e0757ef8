// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"slices"
	"strconv"
	"strings"
)

// flat is a header's name as servers compare them that take an underscore for a dash.
func flat(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

// overrides says whether a header, or a parameter, names another method than that of the request line.
func overrides(name string) bool {
	return slices.Contains([]string{"x-http-method", "x-http-method-override", "x-method-override"}, flat(name))
}

// rewrites are headers by which some servers take another target than that of the request line.
var rewrites = []string{"x-original-url", "x-rewrite-url", "x-original-uri", "x-original-path", "x-forwarded-uri", "x-forwarded-path", "x-forwarded-prefix"}

// single are headers of which a second one contradicts the first.
var single = []string{"authorization", "content-length", "content-type", "expect", "host", "origin", "transfer-encoding", "upgrade"}

// hops are what a client may say about its connection. Any other name there would have a proxy drop that header.
var hops = []string{"close", "keep-alive", "te", "upgrade"}

func checkHeaders(q Request) Reason {
	for name, values := range q.Headers {
		switch name := flat(name); {
		case overrides(name):
			return MethodOverride
		case slices.Contains(rewrites, name):
			return HeaderForbidden
		case name == "http2-settings":
			return UpgradeRefused
		case len(values) > 1 && slices.Contains(single, name):
			return HeaderAmbiguous
		case name == "host" && !slices.Equal(values, []string{q.Host}),
			name == "content-length" && !slices.Equal(values, []string{strconv.FormatInt(q.Body, 10)}):
			return HeaderAmbiguous
		}
	}
	for _, hop := range tokens(q.Headers, "Connection") {
		if !slices.Contains(hops, hop) {
			return HeaderAmbiguous
		}
	}
	return ""
}

// upgrade says whether the connection is to become a WebSocket. It becomes nothing else.
func upgrade(q Request, route Route) (webSocket bool, reason Reason) {
	to, asked := tokens(q.Headers, "Upgrade"), slices.Contains(tokens(q.Headers, "Connection"), "upgrade")
	switch {
	case len(to) == 0 && !asked:
		return false, ""
	case !asked || !slices.Equal(to, []string{"websocket"}) || q.Method != get || q.HTTP2 || !route.WebSocket:
		return false, UpgradeRefused
	}
	return true, ""
}

// tokens are the values of a header that is a list, in lower case.
func tokens(headers map[string][]string, name string) []string {
	var all []string
	for _, value := range headers[name] {
		for token := range strings.SplitSeq(value, ",") {
			all = append(all, strings.ToLower(strings.TrimSpace(token)))
		}
	}
	return all
}

// said are headers in which proxies say who a client is. Only the edge says that to the peer.
var said = []string{
	"forwarded", "via", "x-real-ip", "x-client-ip", "client-ip", "true-client-ip", "cf-connecting-ip", "fastly-client-ip",
	"x-cluster-client-ip", "x-originating-ip", "x-remote-ip", "x-remote-addr", "x-remote-user", "remote-user", "x-host",
	"x-client-cert", "client-cert", "client-cert-chain", "proxy", "expect", "te", "trailer",
}

// IsStripped says whether a client's header is kept from the peer: what only proxies say, also about certificates, and
// what is between the client and the edge.
func IsStripped(name string) bool {
	name = flat(name)
	return slices.Contains(said, name) || strings.HasPrefix(name, "x-forwarded-") || strings.HasPrefix(name, "x-ssl-") ||
		strings.HasPrefix(name, "ssl-") || strings.HasPrefix(name, "proxy-")
}
