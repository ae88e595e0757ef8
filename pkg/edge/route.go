// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"fmt"
	"slices"
	"strings"
)

// Route is a path that is open, and how it may be asked for.
type Route struct {
	// Path is compared segment by segment, in its case. {name} stands for one segment, {name...} at the end for one or more.
	Path string `json:"path"`
	// Methods are open. HEAD is where GET is.
	Methods []string `json:"methods"`
	// WebSocket lets the connection become a WebSocket.
	WebSocket bool `json:"webSocket"`
}

// Methods of which the rules know more than that a route names them.
const (
	get     = "GET"
	head    = "HEAD"
	options = "OPTIONS"
)

// methods are those that a route may name. The others address the proxy itself.
var methods = []string{get, head, "POST", "PUT", "PATCH", "DELETE", options}

func (r Route) allows(method string) bool {
	return slices.Contains(r.Methods, method) || method == head && slices.Contains(r.Methods, get)
}

// matches compares a path, of which the segments are known to be plain.
func (r Route) matches(path string) bool {
	pattern, segments := strings.Split(r.Path, "/"), strings.Split(path, "/")
	for i, p := range pattern {
		switch {
		case i >= len(segments):
			return false
		case strings.HasSuffix(p, "...}"):
			return !slices.Contains(segments[i:], "")
		case isWildcard(p) && segments[i] == "", !isWildcard(p) && p != segments[i]:
			return false
		}
	}
	return len(pattern) == len(segments)
}

func isWildcard(segment string) bool { return strings.HasPrefix(segment, "{") }

func (p *problems) routes(c *Config) {
	_, known := open[c.Software]
	p.checkf(known, "software", "is %q, must be %s, %s or %s", c.Software, Convex, P2PAgent, Custom)
	p.checkf(len(c.Routes) > 0 || c.Software != Custom, "routes", "is empty, so nothing could be asked for; %s software has no routes of its own", Custom)
	for i, r := range c.Routes {
		field := fmt.Sprintf("routes[%d]", i)
		p.checkf(validPattern(r.Path), field+".path", "%q is no path of plain segments, {name}, or {name...} at its end", r.Path)
		p.checkf(!c.Software.isClosed(r.Path), field+".path", "%q stays closed for %s: it belongs to whoever administers the peer", r.Path, c.Software)
		p.checkf(len(r.Methods) > 0, field+".methods", "is empty")
		for _, m := range r.Methods {
			p.checkf(slices.Contains(methods, m), field+".methods", "%q is none of %s", m, strings.Join(methods, ", "))
		}
		p.checkf(!r.WebSocket || slices.Contains(r.Methods, get), field+".methods", "a WebSocket begins with GET, which is missing")
	}
}

// validPattern accepts what a path can match.
func validPattern(pattern string) bool {
	segments := strings.Split(pattern, "/")
	for i, s := range segments {
		name, ends := strings.CutSuffix(strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}"), "...")
		wildcard := s != name || ends
		if wildcard && s != "{"+name+"}" && (s != "{"+name+"...}" || i != len(segments)-1) {
			return false
		}
		if wildcard {
			segments[i] = name
			if name == "" {
				return false
			}
		}
	}
	return checkPath(strings.Join(segments, "/")) == ""
}
