// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"net/url"
	"slices"
	"strings"
)

// Request is what decides about a request, as it came.
type Request struct {
	Method string
	// Target is the request target of HTTP/1.1, or :path of HTTP/2.
	Target  string
	Host    string
	Headers map[string][]string
	HTTP2   bool
	// Body is how long the body is, -1 if that is not known.
	Body int64
}

// Verdict is what is to be done with a request: refuse it for the reason, or forward path and query as they are.
type Verdict struct {
	Reason      Reason
	Route       string
	Path, Query string
	WebSocket   bool
	// Allow are the methods of the route if that of the request is not among them.
	Allow []string
}

// Rules are the part of a document that is asked for each request.
type Rules struct {
	software    Software
	routes      []Route
	hosts       []string
	targetBytes int
	bodyBytes   int64
}

// NewRules takes the rules out of a valid document.
func NewRules(c Config) Rules {
	return Rules{
		software:    c.Software,
		routes:      append(slices.Clone(open[c.Software]), c.Routes...),
		hosts:       c.Hosts,
		targetBytes: c.Limits.TargetBytes,
		bodyBytes:   c.Limits.BodyBytes,
	}
}

// Decide judges a request: first how it is written, then whether it may be asked.
func (r Rules) Decide(q Request) Verdict {
	path, query, reason := r.target(q.Target)
	if reason != "" {
		return Verdict{Reason: reason}
	}
	for _, check := range []func(Request) Reason{checkMethod, checkHeaders, r.checkHost, r.checkBody} {
		if reason := check(q); reason != "" {
			return Verdict{Reason: reason}
		}
	}
	if r.software.isClosed(path) {
		return Verdict{Reason: RouteForbidden}
	}
	route, allow := r.route(path, q.Method)
	switch {
	case route == nil && allow == nil:
		return Verdict{Reason: RouteUnknown}
	case route == nil:
		return Verdict{Reason: MethodRefused, Allow: allow}
	}
	webSocket, reason := upgrade(q, *route)
	if reason != "" {
		return Verdict{Reason: reason, Route: route.Path}
	}
	return Verdict{Route: route.Path, Path: path, Query: query, WebSocket: webSocket}
}

// route finds the first route that is open for path and method, or the methods of those that are open for the path.
func (r Rules) route(path, method string) (*Route, []string) {
	var allow []string
	for i := range r.routes {
		switch route := &r.routes[i]; {
		case !route.matches(path):
		case route.allows(method):
			return route, nil
		default:
			allow = append(allow, route.Methods...)
		}
	}
	return nil, allow
}

// target splits a target that can be read in one way only.
func (r Rules) target(target string) (path, query string, reason Reason) {
	switch {
	case len(target) > r.targetBytes:
		return "", "", TargetTooLong
	case !strings.HasPrefix(target, "/"):
		// http://other/..., host:443 and * are for proxies and for the server itself.
		return "", "", TargetForm
	}
	path, query, _ = strings.Cut(target, "?")
	if reason := checkPath(path); reason != "" {
		return "", "", reason
	}
	return path, query, checkQuery(query)
}

// checkPath accepts paths of characters that no program decodes, and without segments that one could take away. There
// is no percent: what has to be encoded in a path is read differently by too many.
func checkPath(path string) Reason {
	if !strings.HasPrefix(path, "/") || strings.IndexFunc(path, func(c rune) bool { return !plain(c) }) >= 0 {
		return PathAmbiguous
	}
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		empty := s == "" && i != len(segments)-1
		if dots := strings.Trim(s, ".") == "" && s != ""; empty || dots {
			return PathAmbiguous
		}
	}
	return ""
}

// plain characters are written into a request as they are.
func plain(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("/-._~:@&=+$,", c)
}

// checkQuery accepts queries that are read in one way, and that do not ask for another method.
func checkQuery(query string) Reason {
	if strings.IndexFunc(query, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(`#\;`, c) }) >= 0 {
		return QueryMalformed
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return QueryMalformed
	}
	for name := range values {
		if overrides(name) || strings.EqualFold(name, "_method") {
			return MethodOverride
		}
	}
	return ""
}

func checkMethod(q Request) Reason {
	if !slices.Contains(methods, q.Method) {
		return MethodRefused
	}
	return ""
}

// checkHost compares the name that was asked for with those that the edge answers to.
func (r Rules) checkHost(q Request) Reason {
	if !validHost(q.Host) {
		return HeaderAmbiguous
	}
	name, _, _ := strings.Cut(strings.ToLower(q.Host), ":")
	if len(r.hosts) > 0 && !slices.Contains(r.hosts, name) {
		return HostUnknown
	}
	return ""
}

// checkBody refuses what is known to be too long, and a body where none belongs: a peer that does not read it could
// take it for the next request.
func (r Rules) checkBody(q Request) Reason {
	switch {
	case q.Body > r.bodyBytes:
		return BodyTooLarge
	case q.Body != 0 && (q.Method == get || q.Method == head || q.Method == options):
		return BodyUnexpected
	}
	return ""
}
