// SPDX-License-Identifier: Apache-2.0

package integration

import "fmt"

const (
	oneKindOfPeer = "must have either ipBlock, or namespaceSelector and/or podSelector"
	outside       = "each exception must lie within cidr and be smaller than it"
	closedAPI     = "has no effect while the API is not enabled; set enabled: true or remove it"
)

// network is a change of spec.network.
func network(fields string) string { return `spec: {network: {` + fields + `}}` }

// everywhere puts one network peer into each of the four lists of them.
func everywhere(networkPeer string) string {
	return fmt.Sprintf(`spec: {tls: {secretName: ours}, network: {peer: {allowFrom: [%[1]s], allowTo: [%[1]s]}, api: {enabled: true, allowFrom: [%[1]s]}, metrics: {allowFrom: [%[1]s]}}}`, networkPeer)
}

// inEach expects one refusal in each of the four lists.
func inEach(field, fragment string) refusals {
	out := refusals{}
	for _, list := range []string{"peer.allowFrom", "peer.allowTo", "api.allowFrom", "metrics.allowFrom"} {
		out["spec.network."+list+field] = fragment
	}
	return out
}

var wrongNetworks = map[string]wrong{
	"A network peer that names nobody would be everybody in a NetworkPolicy.": {
		p2pAgent, everywhere(`{}`), inEach("[0]", oneKindOfPeer),
	},
	"A network peer is addresses or pods, not both.": {
		p2pAgent, everywhere(`{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}`), inEach("[0]", oneKindOfPeer),
	},
	"A range of addresses names the range.": {
		p2pAgent, everywhere(`{ipBlock: {except: [10.0.0.0/8]}}`), inEach("[0].ipBlock.cidr", missing),
	},
	"An address without a length is no range.": {
		p2pAgent, everywhere(`{ipBlock: {cidr: 10.0.0.1}}`), inEach("[0].ipBlock.cidr", badCIDR),
	},
	"A name is no range of addresses.": {
		p2pAgent, everywhere(`{ipBlock: {cidr: peers.example.com}}`), inEach("[0].ipBlock.cidr", badCIDR),
	},
	"A range of 50 characters is none.": {
		p2pAgent, everywhere(`{ipBlock: {cidr: ` + long(50) + `}}`), inEach("[0].ipBlock.cidr", tooLong),
	},
	"An exception is a range as well.": {
		p2pAgent, everywhere(`{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0]}}`), inEach("[0].ipBlock.except[0]", badCIDR),
	},
	"An exception of 50 characters is none.": {
		p2pAgent, everywhere(`{ipBlock: {cidr: 10.0.0.0/8, except: [` + long(50) + `]}}`), inEach("[0].ipBlock.except[0]", tooLong),
	},
	"An exception outside its range has no effect.": {
		p2pAgent, everywhere(`{ipBlock: {cidr: 10.0.0.0/8, except: [192.168.0.0/16]}}`), inEach("[0].ipBlock.except", outside),
	},
	"An exception of the whole range leaves nothing.": {
		p2pAgent, everywhere(`{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}`), inEach("[0].ipBlock.except", outside),
	},
	"An exception of the other family has no effect.": {
		p2pAgent, everywhere(`{ipBlock: {cidr: 10.0.0.0/8, except: ["2001:db8::/64"]}}`), inEach("[0].ipBlock.except", outside),
	},
	"An exception is made once.": {
		p2pAgent, everywhere(`{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.1.0.0/16]}}`), inEach("[0].ipBlock.except[1]", twice),
	},
	"17 exceptions are too many.": {
		p2pAgent, everywhere(`{ipBlock: {cidr: 10.0.0.0/8, except: ` + many(17, func(i int) string { return fmt.Sprintf("10.%d.0.0/16", i) }) + `}}`),
		inEach("[0].ipBlock.except", tooMany),
	},
	"A PeerNode is not its own peer.": {
		p2pAgent, network(`peers: [{name: alpha}]`), refusals{"spec.network.peers": "must not list the PeerNode itself"},
	},
	"A fleet to talk to has a name.":              {p2pAgent, network(`fleets: [{namespace: peers}]`), refusals{"spec.network.fleets[0].name": missing}},
	"A fleet to talk to has more than no letter.": {p2pAgent, network(`fleets: [{name: ""}]`), refusals{"spec.network.fleets[0].name": tooShort}},
	"A fleet to talk to is in small letters.":     {p2pAgent, network(`fleets: [{name: Relay}]`), refusals{"spec.network.fleets[0].name": noMatch}},
	"A fleet to talk to has at most 47 letters.":  {p2pAgent, network(`fleets: [{name: ` + long(48) + `}]`), refusals{"spec.network.fleets[0].name": tooLong}},
	"A fleet to talk to is in a namespace.": {
		p2pAgent, network(`fleets: [{name: relay, namespace: Peers}]`), refusals{"spec.network.fleets[0].namespace": noMatch},
	},
	"A fleet to talk to is in one that can be.": {
		p2pAgent, network(`fleets: [{name: relay, namespace: ` + long(64) + `}]`), refusals{"spec.network.fleets[0].namespace": tooLong},
	},
	"A fleet to talk to is named once.": {
		p2pAgent, network(`fleets: [{name: relay}, {name: relay}]`), refusals{"spec.network.fleets[1]": twice},
	},
	"17 fleets are too many to talk to.": {
		p2pAgent, network(`fleets: ` + many(17, func(i int) string { return fmt.Sprintf("{name: f%d}", i) })), refusals{"spec.network.fleets": tooMany},
	},
	"65 network peers are too many.": {
		p2pAgent, everywhere(repeated(65, `{podSelector: {}}`)), inEach("", tooMany),
	},
	"A selector with an expression that is none is refused.": {
		p2pAgent, everywhere(`{podSelector: {matchExpressions: [{}]}, namespaceSelector: {matchExpressions: [{}]}}`),
		inEach("[0].podSelector.matchExpressions[0].key", missing),
	},
	"A list of who may use the API has no effect while that is closed.": {
		p2pAgent, network(`api: {allowFrom: [{podSelector: {}}]}`), refusals{"spec.network.api.allowFrom": closedAPI},
	},
	"A list of who may use the API has no effect while that is closed on purpose.": {
		p2pAgent, network(`api: {enabled: false, allowFrom: [{podSelector: {}}]}`), refusals{"spec.network.api.allowFrom": closedAPI},
	},
	"A declared peer has a name.": {
		p2pAgent, network(`peers: [{namespace: peers}]`), refusals{"spec.network.peers[0].name": missing},
	},
	"A declared peer has a name that is not empty.": {
		p2pAgent, network(`peers: [{name: ""}]`), refusals{"spec.network.peers[0].name": tooShort},
	},
	"A declared peer has the name of a PeerNode.": {
		p2pAgent, network(`peers: [{name: Beta}]`), refusals{"spec.network.peers[0].name": noMatch},
	},
	"A declared peer with a name of 53 letters cannot exist.": {
		p2pAgent, network(`peers: [{name: ` + long(53) + `}]`), refusals{"spec.network.peers[0].name": tooLong},
	},
	"A declared peer has the namespace of a PeerNode.": {
		p2pAgent, network(`peers: [{name: beta, namespace: Peers}]`), refusals{"spec.network.peers[0].namespace": noMatch},
	},
	"A declared peer in a namespace of 64 letters cannot exist.": {
		p2pAgent, network(`peers: [{name: beta, namespace: ` + long(64) + `}]`), refusals{"spec.network.peers[0].namespace": tooLong},
	},
	"A peer is declared once.": {
		p2pAgent, network(`peers: [{name: beta}, {name: beta}]`), refusals{"spec.network.peers[1]": twice},
	},
	"257 declared peers are too many.": {
		p2pAgent, network(`peers: ` + many(257, func(i int) string { return fmt.Sprintf("{name: p%d}", i) })), refusals{"spec.network.peers": tooMany},
	},
}

// repeated is one element n times, without the brackets of the list.
func repeated(n int, element string) string {
	list := many(n, func(int) string { return element })
	return list[1 : len(list)-1]
}
