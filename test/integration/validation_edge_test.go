// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"
)

const (
	noTLS      = "is required while network.api.enabled is true"
	noRoutes   = "must have routes while network.api.enabled is true"
	notBoth    = "exactly one of the fields in [issuerRef secretName] must be set"
	notForOurs = "must not be set beside dnsNames, ipAddresses, duration or renewBefore"
	badIP      = "must be an IP address"
	everyProxy = "must not hold all addresses"
	nowhere    = "must name the addresses behind keysURL"
)

// under is a p2p-agent whose API is served under a certificate.
func under(tls string) string {
	return `spec: {network: {api: {enabled: true}}, tls: {` + tls + `}}`
}

// issued is one that an issuer signs.
func issued(more string) string { return under(`issuerRef: {name: ca}, ` + more) }

// behind is a p2p-agent whose API is served by an edge.
func behind(edge string) string {
	return `spec: {network: {api: {enabled: true}}, tls: {secretName: ours}, edge: {` + edge + `}}`
}

// tokens are those of an issuer with an address, unless fields say otherwise.
func tokens(fields string) string {
	for _, field := range []string{`issuer: i`, `audiences: [a]`, `keysURL: "https://192.0.2.7/keys"`} {
		if name, _, _ := strings.Cut(field, ":"); !strings.Contains(fields, name+":") {
			fields += ", " + field
		}
	}
	return behind(`tokens: {` + fields + `}`)
}

// to are addresses of an issuer with a name.
func to(networkPeers string) string {
	return behind(`tokens: {issuer: i, audiences: [a], keysURL: "https://example.com/keys", allowTo: [` + networkPeers + `]}`)
}

func route(path string) string { return behind(`routes: [{path: "` + path + `", methods: [GET]}]`) }

func proxy(i int) string  { return fmt.Sprintf("10.%d.0.0/16", i) }
func host(i int) string   { return fmt.Sprintf("h%d.example.com", i) }
func person(i int) string { return fmt.Sprintf("a%d", i) }

var wrongEdges = map[string]wrong{
	"An API is served under TLS alone.":              {p2pAgent, network(`api: {enabled: true}`), refusals{"spec.tls": noTLS}},
	"Custom software says what is open.":             {custom, under(`secretName: ours`), refusals{"spec.edge": noRoutes}},
	"A certificate comes from somewhere.":            {p2pAgent, under(``), refusals{"spec.tls": notBoth}},
	"A certificate comes from one place.":            {p2pAgent, issued(`secretName: ours`), refusals{"spec.tls": notBoth}},
	"What is in a certificate of ours is ours.":      {p2pAgent, under(`secretName: ours, duration: 720h`), refusals{"spec.tls.secretName": notForOurs}},
	"A Secret has a name.":                           {p2pAgent, under(`secretName: ""`), refusals{"spec.tls.secretName": tooShort}},
	"A Secret has a name in small letters.":          {p2pAgent, under(`secretName: Ours`), refusals{"spec.tls.secretName": noMatch}},
	"A Secret has a name of 253 letters.":            {p2pAgent, under(`secretName: ` + long(254)), refusals{"spec.tls.secretName": tooLong}},
	"An issuer has a name.":                          {p2pAgent, under(`issuerRef: {}`), refusals{"spec.tls.issuerRef.name": missing}},
	"The name of an issuer is not empty.":            {p2pAgent, under(`issuerRef: {name: ""}`), refusals{"spec.tls.issuerRef.name": tooShort}},
	"The name of an issuer has 253 letters.":         {p2pAgent, under(`issuerRef: {name: ` + long(254) + `}`), refusals{"spec.tls.issuerRef.name": tooLong}},
	"An issuer has a kind.":                          {p2pAgent, under(`issuerRef: {name: ca, kind: issuer}`), refusals{"spec.tls.issuerRef.kind": noMatch}},
	"The kind of an issuer has 63 letters.":          {p2pAgent, under(`issuerRef: {name: ca, kind: I` + long(63) + `}`), refusals{"spec.tls.issuerRef.kind": tooLong}},
	"An issuer has a group.":                         {p2pAgent, under(`issuerRef: {name: ca, group: Ours}`), refusals{"spec.tls.issuerRef.group": noMatch}},
	"The group of an issuer has 253 letters.":        {p2pAgent, under(`issuerRef: {name: ca, group: ` + long(254) + `}`), refusals{"spec.tls.issuerRef.group": tooLong}},
	"A name in a certificate is one.":                {p2pAgent, issued(`dnsNames: [Peer]`), refusals{"spec.tls.dnsNames[0]": noMatch}},
	"A name in a certificate has 253 letters.":       {p2pAgent, issued(`dnsNames: [` + long(254) + `]`), refusals{"spec.tls.dnsNames[0]": tooLong}},
	"A name is once in a certificate.":               {p2pAgent, issued(`dnsNames: [a, a]`), refusals{"spec.tls.dnsNames[1]": twice}},
	"33 names in a certificate.":                     {p2pAgent, issued(`dnsNames: ` + many(33, host)), refusals{"spec.tls.dnsNames": tooMany}},
	"An address in a certificate is one.":            {p2pAgent, issued(`ipAddresses: [peer]`), refusals{"spec.tls.ipAddresses[0]": badIP}},
	"An address has 45 characters.":                  {p2pAgent, issued(`ipAddresses: [` + long(46) + `]`), refusals{"spec.tls.ipAddresses[0]": tooLong}},
	"An address is once in a certificate.":           {p2pAgent, issued(`ipAddresses: [192.0.2.7, 192.0.2.7]`), refusals{"spec.tls.ipAddresses[1]": twice}},
	"Nine addresses in a certificate.":               {p2pAgent, issued(`ipAddresses: ` + many(9, func(i int) string { return fmt.Sprintf("192.0.2.%d", i) })), refusals{"spec.tls.ipAddresses": tooMany}},
	"A certificate holds for a length of time.":      {p2pAgent, issued(`duration: 90d`), refusals{"spec.tls.duration": noMatch}},
	"That length has two characters.":                {p2pAgent, issued(`duration: h`), refusals{"spec.tls.duration": tooShort}},
	"That length has 16 characters.":                 {p2pAgent, issued(`duration: 000000h0000m0000s1s`), refusals{"spec.tls.duration": tooLong}},
	"A certificate holds for an hour.":               {p2pAgent, issued(`duration: 59m, renewBefore: 5m`), refusals{"spec.tls.duration": "must be at least 1h"}},
	"A certificate is renewed a length of time.":     {p2pAgent, issued(`renewBefore: 30d`), refusals{"spec.tls.renewBefore": noMatch}},
	"That other length has two characters.":          {p2pAgent, issued(`renewBefore: h`), refusals{"spec.tls.renewBefore": tooShort}},
	"That other length has 16 characters.":           {p2pAgent, issued(`renewBefore: 000000h0000m0000s1s`), refusals{"spec.tls.renewBefore": tooLong}},
	"A certificate is renewed in time.":              {p2pAgent, issued(`renewBefore: 4m`), refusals{"spec.tls.renewBefore": "must be at least 5m"}},
	"A certificate is renewed after its beginning.":  {p2pAgent, issued(`renewBefore: 2160h`), refusals{"spec.tls.renewBefore": "must be shorter than duration"}},
	"TLS is not older than 1.2.":                     {p2pAgent, issued(`minVersion: "1.1"`), refusals{"spec.tls.minVersion": noSuch}},
	"A ConfigMap with authorities has a name.":       {p2pAgent, behind(`clientCertificates: {ca: {}}`), refusals{"spec.edge.clientCertificates.ca.configMapName": missing}},
	"Its name is in small letters.":                  {p2pAgent, behind(`clientCertificates: {ca: {configMapName: CA}}`), refusals{"spec.edge.clientCertificates.ca.configMapName": noMatch}},
	"Its name has 253 letters.":                      {p2pAgent, behind(`clientCertificates: {ca: {configMapName: ` + long(254) + `}}`), refusals{"spec.edge.clientCertificates.ca.configMapName": tooLong}},
	"Its key is no path.":                            {p2pAgent, behind(`clientCertificates: {ca: {configMapName: ca, key: a/b}}`), refusals{"spec.edge.clientCertificates.ca.key": noMatch}},
	"Its key has 253 letters.":                       {p2pAgent, behind(`clientCertificates: {ca: {configMapName: ca, key: ` + long(254) + `}}`), refusals{"spec.edge.clientCertificates.ca.key": tooLong}},
	"Somebody signs the certificates of clients.":    {p2pAgent, behind(`clientCertificates: {}`), refusals{"spec.edge.clientCertificates.ca": missing}},
	"A route has a path and methods.":                {p2pAgent, behind(`routes: [{}]`), refusals{"spec.edge.routes[0].path": missing, "spec.edge.routes[0].methods": missing}},
	"A path has no empty part.":                      {p2pAgent, route(`/a//b`), refusals{"spec.edge.routes[0].path": noMatch}},
	"A path does not lead elsewhere.":                {p2pAgent, route(`/a/../b`), refusals{"spec.edge.routes[0].path": noMatch}},
	"A path is open at its end.":                     {p2pAgent, route(`/{a...}/b`), refusals{"spec.edge.routes[0].path": noMatch}},
	"A path is not empty.":                           {p2pAgent, route(``), refusals{"spec.edge.routes[0].path": tooShort}},
	"A path has 512 characters.":                     {p2pAgent, route(`/` + long(512)), refusals{"spec.edge.routes[0].path": tooLong}},
	"A route is open for something.":                 {p2pAgent, behind(`routes: [{path: /a, methods: []}]`), refusals{"spec.edge.routes[0].methods": tooFew}},
	"A route is open for what there is.":             {p2pAgent, behind(`routes: [{path: /a, methods: [CONNECT]}]`), refusals{"spec.edge.routes[0].methods[0]": noSuch}},
	"A route is open for a method once.":             {p2pAgent, behind(`routes: [{path: /a, methods: [GET, GET]}]`), refusals{"spec.edge.routes[0].methods[1]": twice}},
	"There are seven methods.":                       {p2pAgent, behind(`routes: [{path: /a, methods: ` + many(8, func(int) string { return "GET" }) + `}]`), refusals{"spec.edge.routes[0].methods": tooMany}},
	"A WebSocket begins with GET.":                   {p2pAgent, behind(`routes: [{path: /a, methods: [POST], webSocket: true}]`), refusals{"spec.edge.routes[0].methods": "must hold GET"}},
	"65 routes.":                                     {p2pAgent, behind(`routes: ` + many(65, func(i int) string { return fmt.Sprintf("{path: /r%d, methods: [GET]}", i) })), refusals{"spec.edge.routes": tooMany}},
	"A host has no port.":                            {p2pAgent, behind(`hosts: ["a:443"]`), refusals{"spec.edge.hosts[0]": noMatch}},
	"A host has 253 letters.":                        {p2pAgent, behind(`hosts: [` + long(254) + `]`), refusals{"spec.edge.hosts[0]": tooLong}},
	"A host is there once.":                          {p2pAgent, behind(`hosts: [a, a]`), refusals{"spec.edge.hosts[1]": twice}},
	"33 hosts.":                                      {p2pAgent, behind(`hosts: ` + many(33, host)), refusals{"spec.edge.hosts": tooMany}},
	"A proxy is a range.":                            {p2pAgent, behind(`trustedProxies: [10.0.0.1]`), refusals{"spec.edge.trustedProxies[0]": badCIDR}},
	"A proxy has 49 characters.":                     {p2pAgent, behind(`trustedProxies: [` + long(50) + `]`), refusals{"spec.edge.trustedProxies[0]": tooLong}},
	"Not everybody is a proxy.":                      {p2pAgent, behind(`trustedProxies: [0.0.0.0/0]`), refusals{"spec.edge.trustedProxies": everyProxy}},
	"33 proxies.":                                    {p2pAgent, behind(`trustedProxies: ` + many(33, proxy)), refusals{"spec.edge.trustedProxies": tooMany}},
	"A client of an edge is not banned for a month.": {p2pAgent, behind(`rateLimit: {banFor: 721h}`), refusals{"spec.edge.rateLimit.banFor": "must be a duration"}},
	"A ban of an edge has 16 characters.":            {p2pAgent, behind(`rateLimit: {banFor: 0000000000000001h}`), refusals{"spec.edge.rateLimit.banFor": tooLong}},
	"An edge lets somebody ask something.": {p2pAgent, behind(`rateLimit: {requestsPerMinute: -1, burst: -1, banAfter: -1}, limits: {connections: -1, connectionsPerClient: -1, requests: -1, requestsPerClient: -1}`), refusals{
		"spec.edge.rateLimit.requestsPerMinute": tooSmall, "spec.edge.rateLimit.burst": tooSmall, "spec.edge.rateLimit.banAfter": tooSmall,
		"spec.edge.limits.connections": tooSmall, "spec.edge.limits.connectionsPerClient": tooSmall, "spec.edge.limits.requests": tooSmall, "spec.edge.limits.requestsPerClient": tooSmall,
	}},
	"An edge does not let everybody ask everything.": {p2pAgent, behind(`rateLimit: {requestsPerMinute: 10000001, burst: 1000001, banAfter: 1000001}, limits: {connections: 100001, connectionsPerClient: 100001, requests: 10001, requestsPerClient: 10001}`), refusals{
		"spec.edge.rateLimit.requestsPerMinute": tooLarge, "spec.edge.rateLimit.burst": tooLarge, "spec.edge.rateLimit.banAfter": tooLarge,
		"spec.edge.limits.connections": tooLarge, "spec.edge.limits.connectionsPerClient": tooLarge, "spec.edge.limits.requests": tooLarge, "spec.edge.limits.requestsPerClient": tooLarge,
	}},
	"One client does not have more than all.": {p2pAgent, behind(`limits: {connectionsPerClient: 1025, requestsPerClient: 257}`), refusals{
		"spec.edge.limits.connectionsPerClient": "must not exceed connections", "spec.edge.limits.requestsPerClient": "must not exceed requests",
	}},
	"A body is at most 1Gi.":                      {p2pAgent, behind(`limits: {body: 2Gi}`), refusals{"spec.edge.limits.body": "must be more than nothing and at most 1Gi"}},
	"A body is written without an exponent.":      {p2pAgent, behind(`limits: {body: "1e3"}`), refusals{"spec.edge.limits.body": "must be more than nothing and at most 1Gi"}},
	"Tokens are of somebody, for somebody.":       {p2pAgent, behind(`tokens: {}`), refusals{"spec.edge.tokens.issuer": missing, "spec.edge.tokens.audiences": missing, "spec.edge.tokens.keysURL": missing}},
	"An issuer of tokens has a name.":             {p2pAgent, tokens(`issuer: ""`), refusals{"spec.edge.tokens.issuer": tooShort}},
	"An issuer of tokens has 1024 letters.":       {p2pAgent, tokens(`issuer: ` + long(1025)), refusals{"spec.edge.tokens.issuer": tooLong}},
	"Tokens are for somebody.":                    {p2pAgent, tokens(`audiences: []`), refusals{"spec.edge.tokens.audiences": tooFew}},
	"Tokens are for somebody with a name.":        {p2pAgent, tokens(`audiences: [""]`), refusals{"spec.edge.tokens.audiences[0]": tooShort}},
	"That name has 1024 letters.":                 {p2pAgent, tokens(`audiences: [` + long(1025) + `]`), refusals{"spec.edge.tokens.audiences[0]": tooLong}},
	"That name is there once.":                    {p2pAgent, tokens(`audiences: [a, a]`), refusals{"spec.edge.tokens.audiences[1]": twice}},
	"17 audiences.":                               {p2pAgent, tokens(`audiences: ` + many(17, person)), refusals{"spec.edge.tokens.audiences": tooMany}},
	"Keys are not read by everybody.":             {p2pAgent, tokens(`keysURL: "http://192.0.2.7/keys"`), refusals{"spec.edge.tokens.keysURL": noMatch}},
	"Keys have an address.":                       {p2pAgent, tokens(`keysURL: "https://[2001:db8::7/keys"`), refusals{"spec.edge.tokens.keysURL": "must be https://"}},
	"The address of keys has 512 letters.":        {p2pAgent, tokens(`keysURL: "https://192.0.2.7/` + long(512) + `"`), refusals{"spec.edge.tokens.keysURL": tooLong}},
	"A firewall does not know the name of keys.":  {p2pAgent, tokens(`keysURL: "https://example.com/keys"`), refusals{"spec.edge.tokens.allowTo": nowhere}},
	"Tokens are not signed with a shared secret.": {p2pAgent, tokens(`algorithms: [HS256]`), refusals{"spec.edge.tokens.algorithms[0]": noSuch}},
	"An algorithm is there once.":                 {p2pAgent, tokens(`algorithms: [RS256, RS256]`), refusals{"spec.edge.tokens.algorithms[1]": twice}},
	"There are ten algorithms.":                   {p2pAgent, tokens(`algorithms: ` + many(11, func(int) string { return "RS256" })), refusals{"spec.edge.tokens.algorithms": tooMany}},
	"A ConfigMap of an issuer has a name.":        {p2pAgent, tokens(`ca: {}`), refusals{"spec.edge.tokens.ca.configMapName": missing}},
	"That of an issuer is in small letters.":      {p2pAgent, tokens(`ca: {configMapName: CA}`), refusals{"spec.edge.tokens.ca.configMapName": noMatch}},
	"That of an issuer has 253 letters.":          {p2pAgent, tokens(`ca: {configMapName: ` + long(254) + `}`), refusals{"spec.edge.tokens.ca.configMapName": tooLong}},
	"The key of an issuer's is no path.":          {p2pAgent, tokens(`ca: {configMapName: ca, key: a/b}`), refusals{"spec.edge.tokens.ca.key": noMatch}},
	"The key of an issuer's has 253 letters.":     {p2pAgent, tokens(`ca: {configMapName: ca, key: ` + long(254) + `}`), refusals{"spec.edge.tokens.ca.key": tooLong}},
	"Where keys are, is not everywhere.":          {p2pAgent, to(`{}`), refusals{"spec.edge.tokens.allowTo[0]": oneKindOfPeer}},
	"Where keys are, is a range.":                 {p2pAgent, to(`{ipBlock: {cidr: 10.0.0.1}}`), refusals{"spec.edge.tokens.allowTo[0].ipBlock.cidr": badCIDR}},
	"Where keys are, is written.":                 {p2pAgent, to(`{ipBlock: {except: [10.0.0.0/8]}}`), refusals{"spec.edge.tokens.allowTo[0].ipBlock.cidr": missing}},
	"Where keys are, is short.":                   {p2pAgent, to(`{ipBlock: {cidr: ` + long(50) + `}}`), refusals{"spec.edge.tokens.allowTo[0].ipBlock.cidr": tooLong}},
	"Where keys are not, is a range.":             {p2pAgent, to(`{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0]}}`), refusals{"spec.edge.tokens.allowTo[0].ipBlock.except[0]": badCIDR}},
	"Where keys are not, is short.":               {p2pAgent, to(`{ipBlock: {cidr: 10.0.0.0/8, except: [` + long(50) + `]}}`), refusals{"spec.edge.tokens.allowTo[0].ipBlock.except[0]": tooLong}},
	"Where keys are not, is where they could.":    {p2pAgent, to(`{ipBlock: {cidr: 10.0.0.0/8, except: [192.168.0.0/16]}}`), refusals{"spec.edge.tokens.allowTo[0].ipBlock.except": outside}},
	"Where keys are not, is said once.":           {p2pAgent, to(`{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.1.0.0/16]}}`), refusals{"spec.edge.tokens.allowTo[0].ipBlock.except[1]": twice}},
	"17 places where keys are not.":               {p2pAgent, to(`{ipBlock: {cidr: 10.0.0.0/8, except: ` + many(17, proxy) + `}}`), refusals{"spec.edge.tokens.allowTo[0].ipBlock.except": tooMany}},
	"17 places where keys are.":                   {p2pAgent, to(repeated(17, `{podSelector: {}}`)), refusals{"spec.edge.tokens.allowTo": tooMany}},
	"Compute of an edge has no exponent.": {p2pAgent, behind(`resources: {requests: {cpu: "1e3"}, limits: {memory: "1e9"}}`), refusals{
		"spec.edge.resources.requests": "must be written without exponents", "spec.edge.resources.limits": "must be written without exponents",
	}},
	"Compute of an edge is an amount, as is a body.": {p2pAgent, behind(`resources: {requests: {cpu: a lot}, limits: {memory: 1GB}}, limits: {body: large}`), refusals{
		"spec.edge.resources.requests.cpu": noMatch, "spec.edge.resources.limits.memory": noMatch, "spec.edge.limits.body": noMatch,
	}},
	"There are few kinds of compute.": {p2pAgent, behind(`resources: {requests: ` + resources(9) + `, limits: ` + resources(9) + `}`), refusals{
		"spec.edge.resources.requests": tooMany, "spec.edge.resources.limits": tooMany,
	}},
	"An edge does not ask for more than it may have.": {p2pAgent, behind(`resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}`), refusals{"spec.edge.resources.requests": "of cpu and memory must not exceed their limits"}},
}

var validEdges = map[string]wrong{
	"An API that nobody may use yet.":                     {base: p2pAgent, change: under(`secretName: ours`)},
	"An API under a certificate with everything.":         {base: p2pAgent, change: issued(`dnsNames: ["*.example.com", peer], ipAddresses: [192.0.2.7, "2001:db8::7"], duration: 1h, renewBefore: 59m, minVersion: "1.3"`)},
	"An API under a certificate of an external issuer.":   {base: p2pAgent, change: under(`issuerRef: {name: ca, kind: AWSPCAIssuer, group: awspca.cert-manager.io}`)},
	"A certificate for an API that is closed.":            {base: p2pAgent, change: `spec: {tls: {secretName: ours}}`},
	"An API of custom software.":                          {base: custom, change: behind(`routes: [{path: "/v1/.well-known/{name}/{rest...}", methods: [GET, POST], webSocket: true}, {path: /, methods: [OPTIONS]}]`)},
	"An edge at its upper bounds.":                        {base: p2pAgent, change: behind(`rateLimit: {requestsPerMinute: 10000000, burst: 1000000, banAfter: 1000000, banFor: 720h}, limits: {connections: 100000, connectionsPerClient: 100000, requests: 10000, requestsPerClient: 10000, body: 1Gi}`)},
	"An edge at its lower bounds.":                        {base: p2pAgent, change: behind(`rateLimit: {requestsPerMinute: 1, burst: 1, banAfter: 1, banFor: 1s}, limits: {connections: 1, connectionsPerClient: 1, requests: 1, requestsPerClient: 1, body: 1}`)},
	"Tokens of an issuer with an address.":                {base: p2pAgent, change: tokens(`algorithms: [ES256], ca: {configMapName: issuer, key: root.pem}`)},
	"Tokens of an issuer with an address of IPv6.":        {base: p2pAgent, change: tokens(`keysURL: "https://[2001:db8::7]:8443/keys"`)},
	"Tokens of an issuer with a name, and its addresses.": {base: p2pAgent, change: to(`{ipBlock: {cidr: 192.0.2.0/24}}`)},
	"Clients with certificates behind proxies.":           {base: p2pAgent, change: behind(`clientCertificates: {ca: {configMapName: clients}, optional: true}, trustedProxies: [10.0.0.0/8, "2001:db8::/32"], hosts: [peer.example.com]`)},
}
