// SPDX-License-Identifier: Apache-2.0

package edge

import "strings"

// Software is what runs behind the edge.
type Software string

// What the edge knows the routes of.
const (
	Convex   Software = "Convex"
	P2PAgent Software = "P2PAgent"
	Custom   Software = "Custom"
)

// open are the routes of each software that are good for everybody.
var open = map[Software][]Route{
	// Reading, and a transaction that was signed elsewhere: prepare, sign offline, submit. The key stays with who signs.
	Convex: {
		{Path: "/api/v1/status", Methods: []string{"GET"}},
		{Path: "/api/v1/peers/{key}", Methods: []string{"GET"}},
		{Path: "/api/v1/accounts/{address}", Methods: []string{"GET"}},
		{Path: "/api/v1/blocks", Methods: []string{"GET"}},
		{Path: "/api/v1/blocks/{number}", Methods: []string{"GET"}},
		{Path: "/api/v1/tx", Methods: []string{"GET"}},
		{Path: "/api/v1/query", Methods: []string{"POST"}},
		{Path: "/api/v1/transaction/prepare", Methods: []string{"POST"}},
		{Path: "/api/v1/transaction/submit", Methods: []string{"POST"}},
	},
	P2PAgent: {
		{Path: "/api/v1/identity", Methods: []string{"GET"}},
		{Path: "/api/v1/peers", Methods: []string{"GET"}},
	},
	Custom: nil,
}

// closed are paths, with all below them and in whatever case, that stay closed whatever the routes of a document say.
// Convex knows its administrator by the address 127.0.0.1, which is the edge's; transact takes a private key in its
// body; message is the peer protocol; faucet and createAccount give away; the tools of mcp sign with the peer's keys.
var closed = map[Software][]string{
	Convex: {
		"/api/v1/peer", "/api/v1/transact", "/api/v1/message", "/api/v1/faucet", "/api/v1/createaccount",
		"/api/v1/admin", "/api/v1/signing", "/mcp", "/admin",
	},
}

// isClosed says whether the path is one that no route opens.
func (s Software) isClosed(path string) bool {
	path = strings.ToLower(path)
	for _, c := range closed[s] {
		if path == c || strings.HasPrefix(path, c+"/") {
			return true
		}
	}
	return false
}
