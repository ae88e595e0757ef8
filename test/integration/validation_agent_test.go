// SPDX-License-Identifier: Apache-2.0

package integration

import "fmt"

const (
	peerID     = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"
	badBan     = "must be a duration such as 30m or 1h, between 1s and 720h"
	sameFolder = "configPath, keysPath, peersPath, announcePath and dataPath must differ and none may lie within another"
	samePort   = "tcp, websocket, api and metrics must differ"
)

// agent is a change of spec.software.p2pAgent.
func agent(fields string) string { return `spec: {software: {p2pAgent: {` + fields + `}}}` }

// contract is a change of spec.software.p2pAgent.contract.
func contract(fields string) string { return agent(`contract: {` + fields + `}`) }

var wrongAgents = map[string]wrong{
	"A trust level that the contract does not know is refused.": {
		p2pAgent, agent(`trustLevel: paranoid`), refusals{"spec.software.p2pAgent.trustLevel": noSuch},
	},
	"An agent without peers is none.": {
		p2pAgent, agent(`maxPeers: 0`), refusals{"spec.software.p2pAgent.maxPeers": tooSmall},
	},
	"More than 10000 peers are more than an agent holds.": {
		p2pAgent, agent(`maxPeers: 10001`), refusals{"spec.software.p2pAgent.maxPeers": tooLarge},
	},
	"A log level that the agent does not know is refused.": {
		p2pAgent, agent(`logLevel: trace`), refusals{"spec.software.p2pAgent.logLevel": noSuch},
	},
	"A key of another kind is no peer ID.": {
		p2pAgent, agent(`allowedPeers: [ssh-ed25519-` + long(40) + `]`), refusals{"spec.software.p2pAgent.allowedPeers[0]": noMatch},
	},
	"A placeholder from the guide is too short to be a peer ID.": {
		p2pAgent, agent(`allowedPeers: [QmPeer1]`), refusals{"spec.software.p2pAgent.allowedPeers[0]": tooShort},
	},
	"A peer ID with letters that base58 leaves out is refused.": {
		p2pAgent, agent(`allowedPeers: [12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2X0]`), refusals{"spec.software.p2pAgent.allowedPeers[0]": noMatch},
	},
	"A peer ID of 65 characters is too long.": {
		p2pAgent, agent(`allowedPeers: [12D3KooW` + long(57) + `]`), refusals{"spec.software.p2pAgent.allowedPeers[0]": tooLong},
	},
	"A peer is allowed once.": {
		p2pAgent, agent(`allowedPeers: [` + peerID + `, ` + peerID + `]`), refusals{"spec.software.p2pAgent.allowedPeers[1]": twice},
	},
	"More than 512 allowed peers are another way of saying relaxed.": {
		p2pAgent, agent(`allowedPeers: ` + many(513, func(i int) string { return fmt.Sprintf("12D3KooW%s%s", long(30), base58(i)) })),
		refusals{"spec.software.p2pAgent.allowedPeers": tooMany},
	},
	"An address without the ID of whom it reaches cannot be verified.": {
		p2pAgent, agent(`bootstrapPeers: [/dns4/boot.example.com/tcp/8000]`), refusals{"spec.software.p2pAgent.bootstrapPeers[0]": noMatch},
	},
	"A host and port are no multiaddress.": {
		p2pAgent, agent(`bootstrapPeers: ["boot.example.com:8000"]`), refusals{"spec.software.p2pAgent.bootstrapPeers[0]": noMatch},
	},
	"An address of 513 characters is too long.": {
		p2pAgent, agent(`bootstrapPeers: [/dns4/` + long(460) + `/tcp/8000/p2p/` + peerID + `]`), refusals{"spec.software.p2pAgent.bootstrapPeers[0]": tooLong},
	},
	"A bootstrap peer is named once.": {
		p2pAgent, agent(`bootstrapPeers: [/dns4/boot/tcp/8000/p2p/` + peerID + `, /dns4/boot/tcp/8000/p2p/` + peerID + `]`),
		refusals{"spec.software.p2pAgent.bootstrapPeers[1]": twice},
	},
	"More than 64 bootstrap peers are too many.": {
		p2pAgent, agent(`bootstrapPeers: ` + many(65, func(i int) string { return fmt.Sprintf("/ip4/192.0.2.%d/tcp/8000/p2p/%s", i, peerID) })),
		refusals{"spec.software.p2pAgent.bootstrapPeers": tooMany},
	},
	"A rate limit below that of one connection shuts everybody out.": {
		p2pAgent, agent(`rateLimit: {requestsPerMinute: 59, burst: 19}`),
		refusals{"spec.software.p2pAgent.rateLimit.requestsPerMinute": tooSmall, "spec.software.p2pAgent.rateLimit.burst": tooSmall},
	},
	"A rate limit of more than a million is none.": {
		p2pAgent, agent(`rateLimit: {requestsPerMinute: 1000001, burst: 1000001}`),
		refusals{"spec.software.p2pAgent.rateLimit.requestsPerMinute": tooLarge, "spec.software.p2pAgent.rateLimit.burst": tooLarge},
	},
	"A ban for a number without a unit is refused.": {
		p2pAgent, agent(`rateLimit: {banFor: "3600"}`), refusals{"spec.software.p2pAgent.rateLimit.banFor": badBan},
	},
	"A ban for no time is refused.": {
		p2pAgent, agent(`rateLimit: {banFor: 0s}`), refusals{"spec.software.p2pAgent.rateLimit.banFor": badBan},
	},
	"A ban for more than 30 days is refused.": {
		p2pAgent, agent(`rateLimit: {banFor: 720h1s}`), refusals{"spec.software.p2pAgent.rateLimit.banFor": badBan},
	},
	"A ban in days is no duration of Go.": {
		p2pAgent, agent(`rateLimit: {banFor: 7d}`), refusals{"spec.software.p2pAgent.rateLimit.banFor": badBan},
	},
	"A ban in too many words is refused.": {
		p2pAgent, agent(`rateLimit: {banFor: 1h1m1s1h1m1s1h1m1s}`), refusals{"spec.software.p2pAgent.rateLimit.banFor": tooLong},
	},
	"An empty command is not the image's own.": {
		p2pAgent, contract(`command: []`), refusals{"spec.software.p2pAgent.contract.command": tooFew},
	},
	"An empty word is no command.": {
		p2pAgent, contract(`command: [""]`), refusals{"spec.software.p2pAgent.contract.command[0]": tooShort},
	},
	"A command of 17 words is too long.": {
		p2pAgent, contract(`command: ` + many(17, func(int) string { return "word" })), refusals{"spec.software.p2pAgent.contract.command": tooMany},
	},
	"A word of 1025 letters in a command is too long.": {
		p2pAgent, contract(`command: [` + long(1025) + `]`), refusals{"spec.software.p2pAgent.contract.command[0]": tooLong},
	},
	"Paths of the contract are absolute.": {
		p2pAgent, contract(`configPath: config, keysPath: ./keys, peersPath: "~/peers", dataPath: data, livenessPath: healthz, readinessPath: "readyz"`),
		refusals{
			"spec.software.p2pAgent.contract.configPath": badPath, "spec.software.p2pAgent.contract.keysPath": badPath,
			"spec.software.p2pAgent.contract.peersPath": badPath, "spec.software.p2pAgent.contract.dataPath": badPath,
			"spec.software.p2pAgent.contract.livenessPath": badPath, "spec.software.p2pAgent.contract.readinessPath": badPath,
		},
	},
	"A pod has its own /tmp.": {
		p2pAgent, contract(`dataPath: /tmp`), refusals{"spec.software.p2pAgent.contract": "none of configPath, keysPath, peersPath, announcePath and dataPath can be /tmp"},
	},
	"Paths of the contract are clean.": {
		p2pAgent, contract(`configPath: /etc/../srv, keysPath: /keys/, peersPath: /a//b, dataPath: /, livenessPath: "/health?full=1", readinessPath: /./ready`),
		refusals{
			"spec.software.p2pAgent.contract.configPath": badPath, "spec.software.p2pAgent.contract.keysPath": badPath,
			"spec.software.p2pAgent.contract.peersPath": badPath, "spec.software.p2pAgent.contract.dataPath": badPath,
			"spec.software.p2pAgent.contract.livenessPath": badPath, "spec.software.p2pAgent.contract.readinessPath": badPath,
		},
	},
	"Paths of the contract are no longer than 256 characters.": {
		p2pAgent, contract(`configPath: /c` + long(255) + `, keysPath: /k` + long(255) + `, peersPath: /p` + long(255) +
			`, dataPath: /d` + long(255) + `, livenessPath: /l` + long(255) + `, readinessPath: /r` + long(255)),
		refusals{
			"spec.software.p2pAgent.contract.configPath": tooLong, "spec.software.p2pAgent.contract.keysPath": tooLong,
			"spec.software.p2pAgent.contract.peersPath": tooLong, "spec.software.p2pAgent.contract.dataPath": tooLong,
			"spec.software.p2pAgent.contract.livenessPath": tooLong, "spec.software.p2pAgent.contract.readinessPath": tooLong,
		},
	},
	"Two folders of the contract are the same.": {
		p2pAgent, contract(`keysPath: /data, dataPath: /data`), refusals{"spec.software.p2pAgent.contract": sameFolder},
	},
	"Keys would lie within the data that backups copy.": {
		p2pAgent, contract(`keysPath: /var/lib/p2p-agent/keys`), refusals{"spec.software.p2pAgent.contract": sameFolder},
	},
	"Ports of the contract need no privilege.": {
		p2pAgent, contract(`ports: {tcp: 80, websocket: 443, quic: 1023, api: 1, metrics: 0}`),
		refusals{
			"spec.software.p2pAgent.contract.ports.tcp": tooSmall, "spec.software.p2pAgent.contract.ports.websocket": tooSmall,
			"spec.software.p2pAgent.contract.ports.quic": tooSmall, "spec.software.p2pAgent.contract.ports.api": tooSmall,
			"spec.software.p2pAgent.contract.ports.metrics": tooSmall,
		},
	},
	"Ports of the contract end at 65535.": {
		p2pAgent, contract(`ports: {tcp: 65536, websocket: 65537, quic: 65538, api: 65539, metrics: 70000}`),
		refusals{
			"spec.software.p2pAgent.contract.ports.tcp": tooLarge, "spec.software.p2pAgent.contract.ports.websocket": tooLarge,
			"spec.software.p2pAgent.contract.ports.quic": tooLarge, "spec.software.p2pAgent.contract.ports.api": tooLarge,
			"spec.software.p2pAgent.contract.ports.metrics": tooLarge,
		},
	},
	"Two ports of the contract are the same.": {
		p2pAgent, contract(`ports: {tcp: 9000, websocket: 9000}`), refusals{"spec.software.p2pAgent.contract.ports": samePort},
	},
	"A port of the contract is the default of another.": {
		p2pAgent, contract(`ports: {api: 9090}`), refusals{"spec.software.p2pAgent.contract.ports": samePort},
	},
}

// base58 writes i with letters that peer IDs may have, two at least, so that all differ.
func base58(i int) string {
	const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	return string([]byte{digits[i/len(digits)], digits[i%len(digits)]})
}
