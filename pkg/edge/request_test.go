// SPDX-License-Identifier: Apache-2.0

package edge_test

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/edge"
)

// rules are those of a software, with more routes.
func rules(software edge.Software, more ...edge.Route) edge.Rules {
	c := edge.Default()
	c.Software, c.Routes = software, more
	return edge.NewRules(c)
}

// ask is a request that nothing is wrong with, but for what is changed.
func ask(method, target string, change ...func(*edge.Request)) edge.Request {
	q := edge.Request{Method: method, Target: target, Host: "peer.example.com", Headers: map[string][]string{}}
	for _, c := range change {
		c(&q)
	}
	return q
}

func header(name string, values ...string) func(*edge.Request) {
	return func(q *edge.Request) { q.Headers[name] = values }
}

func host(name string) func(*edge.Request) { return func(q *edge.Request) { q.Host = name } }
func body(length int64) func(*edge.Request) {
	return func(q *edge.Request) { q.Body = length }
}
func http2(q *edge.Request) { q.HTTP2 = true }

const status = "/api/v1/status"

func TestWhatIsGoodForEverybodyPasses(t *testing.T) {
	chat := edge.Route{Path: "/chat", Methods: []string{"GET"}, WebSocket: true}
	files := edge.Route{Path: "/files/{path...}", Methods: []string{"GET", "PUT"}}
	for name, c := range map[string]struct {
		software edge.Software
		q        edge.Request
		want     edge.Verdict
	}{
		"The status of a Convex peer.":          {edge.Convex, ask("GET", status), edge.Verdict{Route: status, Path: status}},
		"HEAD is where GET is.":                 {edge.Convex, ask("HEAD", status), edge.Verdict{Route: status, Path: status}},
		"A query.":                              {edge.Convex, ask("POST", "/api/v1/query", body(100)), edge.Verdict{Route: "/api/v1/query", Path: "/api/v1/query"}},
		"A query of unknown length.":            {edge.Convex, ask("POST", "/api/v1/query", body(-1)), edge.Verdict{Route: "/api/v1/query", Path: "/api/v1/query"}},
		"A transaction signed elsewhere.":       {edge.Convex, ask("POST", "/api/v1/transaction/submit", body(9)), edge.Verdict{Route: "/api/v1/transaction/submit", Path: "/api/v1/transaction/submit"}},
		"An account.":                           {edge.Convex, ask("GET", "/api/v1/accounts/12"), edge.Verdict{Route: "/api/v1/accounts/{address}", Path: "/api/v1/accounts/12"}},
		"A query string goes along as it is.":   {edge.Convex, ask("GET", "/api/v1/blocks?limit=5&from=%2Fa+b"), edge.Verdict{Route: "/api/v1/blocks", Path: "/api/v1/blocks", Query: "limit=5&from=%2Fa+b"}},
		"The identity of an agent.":             {edge.P2PAgent, ask("GET", "/api/v1/identity"), edge.Verdict{Route: "/api/v1/identity", Path: "/api/v1/identity"}},
		"A route of the document.":              {edge.Custom, ask("GET", "/files/a/b.txt"), edge.Verdict{Route: "/files/{path...}", Path: "/files/a/b.txt"}},
		"A dot in a name is no dot segment.":    {edge.Custom, ask("PUT", "/files/.a/..b/c..", body(5)), edge.Verdict{Route: "/files/{path...}", Path: "/files/.a/..b/c.."}},
		"A WebSocket where there is one.":       {edge.Custom, ask("GET", "/chat", header("Connection", "keep-alive, Upgrade"), header("Upgrade", "WebSocket")), edge.Verdict{Route: "/chat", Path: "/chat", WebSocket: true}},
		"Another port in Host.":                 {edge.Convex, ask("GET", status, host("peer.example.com:8443")), edge.Verdict{Route: status, Path: status}},
		"An address in Host.":                   {edge.Convex, ask("GET", status, host("[::1]:8443")), edge.Verdict{Route: status, Path: status}},
		"A second header that may be repeated.": {edge.Convex, ask("GET", status, header("Accept", "a", "b")), edge.Verdict{Route: status, Path: status}},
		"HTTP/2 that names its host twice.":     {edge.Convex, ask("GET", status, http2, header("Host", "peer.example.com")), edge.Verdict{Route: status, Path: status}},
	} {
		if diff := cmp.Diff(c.want, rules(c.software, chat, files).Decide(c.q)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatIsNotIsRefusedWithItsReason(t *testing.T) {
	everything := edge.Route{Path: "/{all...}", Methods: []string{"GET", "POST"}}
	chat := edge.Route{Path: "/chat", Methods: []string{"GET", "POST"}, WebSocket: true}
	for name, c := range map[string]struct {
		q    edge.Request
		want edge.Reason
	}{
		"shutdown":                          {ask("POST", "/api/v1/peer/shutdown"), edge.RouteForbidden},
		"shutdown, in other case":           {ask("POST", "/API/v1/Peer/SHUTDOWN"), edge.RouteForbidden},
		"shutdown, with a slash at its end": {ask("POST", "/api/v1/peer/shutdown/"), edge.RouteForbidden},
		"shutdown, with a query":            {ask("POST", "/api/v1/peer/shutdown?x=/api/v1/status"), edge.RouteForbidden},
		"all of the administrator":          {ask("GET", "/api/v1/peer"), edge.RouteForbidden},
		"transact takes a private key":      {ask("POST", "/api/v1/transact"), edge.RouteForbidden},
		"the peer protocol":                 {ask("POST", "/api/v1/message"), edge.RouteForbidden},
		"the faucet":                        {ask("POST", "/api/v1/faucet"), edge.RouteForbidden},
		"accounts for everybody":            {ask("POST", "/api/v1/createAccount"), edge.RouteForbidden},
		"the tools that sign":               {ask("POST", "/mcp"), edge.RouteForbidden},
		"the tools that sign, below":        {ask("GET", "/mcp/sse"), edge.RouteForbidden},
		"an absolute target":                {ask("GET", "http://peer.example.com/api/v1/status"), edge.TargetForm},
		"an absolute target without http":   {ask("GET", "file:///etc/passwd"), edge.TargetForm},
		"a target of CONNECT":               {ask("CONNECT", "127.0.0.1:8080"), edge.TargetForm},
		"the server itself":                 {ask("OPTIONS", "*"), edge.TargetForm},
		"nothing":                           {ask("GET", ""), edge.TargetForm},
		"a relative target":                 {ask("GET", "api/v1/status"), edge.TargetForm},
		"a long target":                     {ask("GET", "/"+strings.Repeat("a", 5000)), edge.TargetTooLong},
		"a long query":                      {ask("GET", status+"?"+strings.Repeat("a", 5000)), edge.TargetTooLong},
		"two slashes before all":            {ask("POST", "//api/v1/peer/shutdown"), edge.PathAmbiguous},
		"two slashes within":                {ask("POST", "/api/v1//peer/shutdown"), edge.PathAmbiguous},
		"two slashes at the end":            {ask("GET", status+"//"), edge.PathAmbiguous},
		"a dot segment":                     {ask("POST", "/api/./v1/peer/shutdown"), edge.PathAmbiguous},
		"a way up":                          {ask("POST", "/api/v1/status/../peer/shutdown"), edge.PathAmbiguous},
		"a way up at the end":               {ask("POST", "/api/v1/peer/shutdown/x/.."), edge.PathAmbiguous},
		"three dots":                        {ask("POST", "/api/v1/.../peer"), edge.PathAmbiguous},
		"an encoded slash":                  {ask("POST", "/api/v1%2Fpeer%2fshutdown"), edge.PathAmbiguous},
		"an encoded letter":                 {ask("POST", "/api/v1/%70eer/shutdown"), edge.PathAmbiguous},
		"encoded dots":                      {ask("POST", "/api/v1/status/%2e%2e/peer/shutdown"), edge.PathAmbiguous},
		"half encoded dots":                 {ask("POST", "/api/v1/status/.%2E/peer/shutdown"), edge.PathAmbiguous},
		"encoded twice":                     {ask("POST", "/api/v1/status/%252e%252e/peer/shutdown"), edge.PathAmbiguous},
		"an overlong encoding":              {ask("POST", "/api/v1/status/%c0%ae%c0%ae/peer"), edge.PathAmbiguous},
		"a broken encoding":                 {ask("GET", "/api/v1/%zz"), edge.PathAmbiguous},
		"an encoded question mark":          {ask("POST", "/api/v1/peer/shutdown%3F"), edge.PathAmbiguous},
		"a backslash":                       {ask("POST", `/api/v1/status\..\peer\shutdown`), edge.PathAmbiguous},
		"an encoded backslash":              {ask("POST", "/api/v1/status%5c..%5cpeer"), edge.PathAmbiguous},
		"a NUL":                             {ask("POST", "/api/v1/status\x00/peer"), edge.PathAmbiguous},
		"an encoded NUL":                    {ask("POST", "/api/v1/peer%00/shutdown"), edge.PathAmbiguous},
		"a line feed":                       {ask("GET", "/api/v1/status\n"), edge.PathAmbiguous},
		"a tab":                             {ask("GET", "/api/v1/status\t"), edge.PathAmbiguous},
		"a path parameter":                  {ask("POST", "/api/v1;a=b/peer/shutdown"), edge.PathAmbiguous},
		"a path parameter that goes up":     {ask("POST", "/api/v1/status/..;/peer/shutdown"), edge.PathAmbiguous},
		"an encoded semicolon":              {ask("POST", "/api/v1/peer%3b/shutdown"), edge.PathAmbiguous},
		"a fragment":                        {ask("GET", "/api/v1/status#/../peer"), edge.PathAmbiguous},
		"letters that fold to others":       {ask("POST", "/api/v1/ＰＥＥＲ/shutdown"), edge.PathAmbiguous},
		"a byte that is no text":            {ask("GET", "/api/v1/\xff"), edge.PathAmbiguous},
		"a space":                           {ask("GET", "/api/v1/status HTTP/1.0"), edge.PathAmbiguous},
		"a query with a semicolon":          {ask("GET", status+"?a=1;b=2"), edge.QueryMalformed},
		"a query with a broken encoding":    {ask("GET", status+"?a=%"), edge.QueryMalformed},
		"a query with a fragment":           {ask("GET", status+"?a#b"), edge.QueryMalformed},
		"a query with a control":            {ask("GET", status+"?a=\r"), edge.QueryMalformed},
		"a method in the query":             {ask("GET", status+"?_method=DELETE"), edge.MethodOverride},
		"a method in the query, encoded":    {ask("GET", status+"?%5Fmethod=DELETE"), edge.MethodOverride},
		"a method in a header":              {ask("GET", status, header("X-Http-Method-Override", "POST")), edge.MethodOverride},
		"a method in a header, underscored": {ask("GET", status, header("X_HTTP_Method_Override", "POST")), edge.MethodOverride},
		"a method in another header":        {ask("GET", status, header("X-Http-Method", "PUT")), edge.MethodOverride},
		"a method in a third header":        {ask("GET", status, header("X-Method-Override", "PUT")), edge.MethodOverride},
		"another target in a header":        {ask("GET", status, header("X-Original-Url", "/api/v1/peer/shutdown")), edge.HeaderForbidden},
		"another target in another header":  {ask("GET", status, header("X-Rewrite-Url", "/api/v1/peer/shutdown")), edge.HeaderForbidden},
		"another prefix in a header":        {ask("GET", status, header("X-Forwarded-Prefix", "/api/v1/peer")), edge.HeaderForbidden},
		"TRACE":                             {ask("TRACE", status), edge.MethodRefused},
		"a method that nobody knows":        {ask("BREW", status), edge.MethodRefused},
		"a method in lower case":            {ask("get", status), edge.MethodRefused},
		"a method that is no route's":       {ask("DELETE", status), edge.MethodRefused},
		"two hosts":                         {ask("GET", status, header("Host", "peer.example.com", "other")), edge.HeaderAmbiguous},
		"a host that contradicts":           {ask("GET", status, http2, header("Host", "other")), edge.HeaderAmbiguous},
		"no host":                           {ask("GET", status, host("")), edge.HeaderAmbiguous},
		"a host with a path":                {ask("GET", status, host("peer.example.com/api")), edge.HeaderAmbiguous},
		"a host with a user":                {ask("GET", status, host("a@peer.example.com")), edge.HeaderAmbiguous},
		"a host with two ports":             {ask("GET", status, host("peer.example.com:1:2")), edge.HeaderAmbiguous},
		"a host with half an address":       {ask("GET", status, host("[::1")), edge.HeaderAmbiguous},
		"two tokens":                        {ask("GET", status, header("Authorization", "Bearer a", "Bearer b")), edge.HeaderAmbiguous},
		"two types":                         {ask("POST", "/api/v1/query", header("Content-Type", "a", "b")), edge.HeaderAmbiguous},
		"a header taken away by Connection": {ask("GET", status, header("Connection", "close, X-Forwarded-For")), edge.HeaderAmbiguous},
		"a token taken away by Connection":  {ask("GET", status, header("Connection", "keep-alive", "Authorization")), edge.HeaderAmbiguous},
		"HTTP/2 in plain":                   {ask("GET", status, header("Connection", "Upgrade"), header("Upgrade", "h2c")), edge.UpgradeRefused},
		"the settings of HTTP/2":            {ask("GET", status, header("Http2-Settings", "AAMAAABkAAQAAP__")), edge.UpgradeRefused},
		"a WebSocket where there is none":   {ask("GET", status, header("Connection", "Upgrade"), header("Upgrade", "websocket")), edge.UpgradeRefused},
		"a WebSocket and more":              {ask("GET", "/chat", header("Connection", "Upgrade"), header("Upgrade", "websocket, h2c")), edge.UpgradeRefused},
		"a WebSocket that is not asked for": {ask("GET", "/chat", header("Upgrade", "websocket")), edge.UpgradeRefused},
		"an upgrade to nothing":             {ask("GET", "/chat", header("Connection", "upgrade")), edge.UpgradeRefused},
		"a WebSocket by POST":               {ask("POST", "/chat", header("Connection", "Upgrade"), header("Upgrade", "websocket")), edge.UpgradeRefused},
		"a WebSocket in HTTP/2":             {ask("GET", "/chat", http2, header("Connection", "Upgrade"), header("Upgrade", "websocket")), edge.UpgradeRefused},
		"a body of GET":                     {ask("GET", status, body(10)), edge.BodyUnexpected},
		"a body of GET without a length":    {ask("GET", status, body(-1)), edge.BodyUnexpected},
		"a body that is known to be long":   {ask("POST", "/api/v1/query", body(1<<20+1)), edge.BodyTooLarge},
	} {
		if got := rules(edge.Convex, chat, everything).Decide(c.q).Reason; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestARouteIsWhatItSaysAndNoMore(t *testing.T) {
	for pattern, c := range map[string]struct{ matches, others []string }{
		status:              {[]string{status}, []string{"/", "/api/v1/status/", "/api/v1/status/x", "/api/v1/Status", "/api/v1/statu", "/api/v1"}},
		"/":                 {[]string{"/"}, []string{"/x"}},
		"/a/":               {[]string{"/a/"}, []string{"/a", "/a/b"}},
		"/a/{b}":            {[]string{"/a/b", "/a/..b"}, []string{"/a", "/a/", "/a/b/", "/a/b/c", "/b/b"}},
		"/a/{b}/c":          {[]string{"/a/b/c"}, []string{"/a/b", "/a/b/d", "/a/b/c/d"}},
		"/a/{b}/{rest...}":  {[]string{"/a/b/c", "/a/b/c/d"}, []string{"/a/b", "/a/b/", "/a/b/c/"}},
		"/{everything...}":  {[]string{"/a", "/a/b"}, []string{"/", "/a/"}},
		"/x:y@z/{a}/=+$,&.": {[]string{"/x:y@z/1/=+$,&."}, []string{"/x:y@z/1/=+$,&"}},
	} {
		r := rules(edge.Custom, edge.Route{Path: pattern, Methods: []string{"GET"}})
		for _, target := range c.matches {
			if v := r.Decide(ask("GET", target)); v.Reason != "" || v.Path != target {
				t.Errorf("%s and %s: %+v", pattern, target, v)
			}
		}
		for _, target := range c.others {
			if v := r.Decide(ask("GET", target)); v.Reason != edge.RouteUnknown {
				t.Errorf("%s and %s: %+v", pattern, target, v)
			}
		}
	}
}

func TestARefusedMethodNamesThoseThatAreOpen(t *testing.T) {
	r := rules(edge.Custom, edge.Route{Path: "/a", Methods: []string{"GET"}}, edge.Route{Path: "/a", Methods: []string{"PUT"}})
	if v := r.Decide(ask("PUT", "/a")); v.Reason != "" {
		t.Errorf("the second route of a path: %+v", v)
	}
	if v := r.Decide(ask("DELETE", "/a")); v.Reason != edge.MethodRefused || !slices.Equal(v.Allow, []string{"GET", "PUT"}) {
		t.Errorf("%+v", v)
	}
}

func TestOnlyTheNamesOfTheEdgeAreAnswered(t *testing.T) {
	c := edge.Default()
	c.Software, c.Hosts = edge.Convex, []string{"peer.example.com"}
	for name, want := range map[string]edge.Reason{"peer.example.com": "", "PEER.example.com:443": "", "other.example.com": edge.HostUnknown, "127.0.0.1": edge.HostUnknown, "[::1]": edge.HostUnknown} {
		if got := edge.NewRules(c).Decide(ask("GET", status, host(name))).Reason; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// What only a proxy may say about a client never comes from the client.
func TestWhatProxiesSayIsStripped(t *testing.T) {
	for name, want := range map[string]bool{
		"X-Forwarded-For": true, "X_Forwarded_For": true, "x-forwarded-anything": true, "Forwarded": true, "X-Real-Ip": true, "True-Client-Ip": true,
		"Cf-Connecting-Ip": true, "X-Client-Cert": true, "X-Ssl-Client-Verify": true, "Ssl-Client-Cert": true, "Proxy": true, "Proxy-Authorization": true,
		"Via": true, "Expect": true, "Te": true, "Remote-User": true,
		"Accept": false, "Content-Type": false, "Authorization": false, "Cookie": false, "Forwardedness": false, "X-Request-Id": false,
	} {
		if got := edge.IsStripped(name); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// What passes is read by everybody as it was judged: nothing decodes, cleans or splits it into something else.
func FuzzDecide(f *testing.F) {
	for _, seed := range []string{status, "/api/v1/peer/shutdown", "/api/v1/status/../peer", "//a", "/a%2fb", "/a;b", "/a?b=c&d", "/a?%41=%42", "/.a/b.", "http://a/", "/A/./b", "/\x00"} {
		f.Add("GET", seed)
	}
	r := rules(edge.Convex, edge.Route{Path: "/{all...}", Methods: []string{"GET", "POST"}}, edge.Route{Path: "/", Methods: []string{"GET"}})
	f.Fuzz(func(t *testing.T, method, target string) {
		v := r.Decide(ask(method, target))
		if v.Reason != "" {
			return
		}
		parsed, err := url.ParseRequestURI(target)
		if err != nil {
			t.Fatalf("%q passes and cannot be parsed: %v", target, err)
		}
		unescaped, err := url.PathUnescape(v.Path)
		if err != nil || unescaped != v.Path || parsed.Path != v.Path || parsed.RawQuery != v.Query || path.Clean(v.Path) != v.Path {
			t.Errorf("%q passes as %+v, and can be read as %q", target, v, parsed)
		}
		if sent := (&url.URL{Path: v.Path, RawQuery: v.Query}).RequestURI(); sent != strings.TrimSuffix(target, "?") && sent != target {
			t.Errorf("%q would be sent as %q", target, sent)
		}
		lower := strings.ToLower(v.Path)
		for _, closed := range []string{"/api/v1/peer", "/api/v1/transact", "/api/v1/faucet", "/mcp"} {
			if lower == closed || strings.HasPrefix(lower, closed+"/") {
				t.Errorf("%q passes", target)
			}
		}
	})
}
