// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"maps"
)

// validPeerNodes stand on the right side of each bound.
func validPeerNodes() map[string]wrong {
	all := map[string]wrong{
		"The smallest p2p-agent.":                    {base: p2pAgent},
		"The smallest custom software.":              {base: custom},
		"A p2p-agent with the operator's own image.": {base: p2pAgent, change: `spec: {image: null}`},
		"A name of one letter.":                      {base: p2pAgent, change: `metadata: {name: a}`},
		"A name of 52 letters.":                      {base: p2pAgent, change: `metadata: {name: ` + long(52) + `}`},
		"A name with dashes and digits.":             {base: p2pAgent, change: `metadata: {name: a-1--2}`},
		"An image by digest.":                        {base: p2pAgent, change: image("registry.example.com/p2p-agent@sha256:" + hex64)},
		"An image by tag and digest.":                {base: p2pAgent, change: image("registry.example.com/p2p-agent:v1.2@sha256:" + hex64)},
		"An image of a registry with a port.":        {base: p2pAgent, change: image("registry.example.com:5000/team/p2p-agent:v1")},
		"An image without a registry.":               {base: p2pAgent, change: image("p2p-agent:latest")},
		"An image of a local registry.":              {base: p2pAgent, change: image("localhost/p2p-agent:dev")},
		"An image of 512 characters.":                {base: p2pAgent, change: image(long(509) + ":v1")},
		"Eight pull Secrets.":                        {base: p2pAgent, change: `spec: {imagePullSecrets: ` + many(8, func(i int) string { return fmt.Sprintf("{name: s%d}", i) }) + `}`},
		"A reservation of an Ed25519 key.":           {base: reservation},
		"A reservation of a Secp256k1 key.": {
			base: reservation, change: `{metadata: {name: libp2p-secp256k1-02` + digits + `}, spec: {keyType: Secp256k1, publicKey: "02` + digits + `"}}`,
		},
		"A key that is expected.":                        {base: p2pAgent, change: `spec: {identity: {expectedPublicKey: ` + someKey + `}}`},
		"A key that is changed every hour.":              {base: p2pAgent, change: rotation(`every: 1h, overlap: 59m59s`)},
		"A key that is changed every ten years.":         {base: p2pAgent, change: rotation(`every: 87600h, overlap: 8760h, approval: Manual`)},
		"A key that is changed by the calendar.":         {base: p2pAgent, change: rotation(`schedule: "59 23 */7 JAN-JUN,12 1-5", timeZone: America/Argentina/Buenos_Aires`)},
		"Keys of a fleet that are changed every month.":  {base: peerFleet, change: `spec: {template: {spec: {identity: {rotation: {every: 720h}}}}}`},
		"Keys of which none is kept.":                    {base: p2pAgent, change: rotation(`keepPrevious: 0`)},
		"Keys of which a hundred are kept.":              {base: p2pAgent, change: rotation(`keepPrevious: 100`)},
		"A key that is changed on demand at once.":       {base: p2pAgent, change: rotation(`overlap: 0s, approval: Auto`)},
		"A key of the second type.":                      {base: p2pAgent, change: `spec: {identity: {type: Secp256k1}}`},
		"A volume of 1Mi.":                               {base: p2pAgent, change: `spec: {storage: {size: 1Mi}}`},
		"A volume given in bytes.":                       {base: p2pAgent, change: `spec: {storage: {size: 1048576}}`},
		"A volume of 64Ti.":                              {base: p2pAgent, change: `spec: {storage: {size: 64Ti}}`},
		"A volume for storage without ReadWriteOncePod.": {base: p2pAgent, change: `spec: {storage: {accessMode: ReadWriteOnce, storageClassName: fast.example.com}}`},
		"Data and keys that go with the peer.":           {base: p2pAgent, change: `spec: {deletionPolicy: {data: Delete, keys: Delete}}`},
		"Compute as numbers and as words.":               {base: p2pAgent, change: `spec: {resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: "2Gi"}}}`},
		"A pod template of anything.":                    {base: p2pAgent, change: `spec: {podTemplate: {spec: {nodeSelector: {disk: fast}, anything: {goes: here}}}}`},

		"An agent at its upper bounds.": {base: p2pAgent, change: agent(`maxPeers: 10000, logLevel: error, trustLevel: relaxed, rateLimit: {requestsPerMinute: 1000000, burst: 1000000, banFor: 720h}`)},
		"An agent at its lower bounds.": {base: p2pAgent, change: agent(`maxPeers: 1, logLevel: debug, rateLimit: {requestsPerMinute: 60, burst: 20, banFor: 1s}`)},
		"A ban in several units.":       {base: p2pAgent, change: agent(`rateLimit: {banFor: 1h30m15s}`)},
		"Peer IDs of each kind of key.": {base: p2pAgent, change: agent(`allowedPeers: [` + peerID +
			`, 16Uiu2HAmSxFjAQJn9mcsJQyK2QXRRHvPTB9PVQvBcfCPRMgJQVmf, QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N]`)},
		"Bootstrap peers by address, name and transport.": {base: p2pAgent, change: agent(`bootstrapPeers: [/ip4/192.0.2.1/tcp/8000/p2p/` + peerID +
			`, "/ip6/2001:db8::1/tcp/8001/ws/p2p/` + peerID + `", /dns/boot.example.com/udp/8002/quic-v1/p2p/` + peerID + `]`)},
		"512 allowed peers.": {base: p2pAgent, change: agent(`allowedPeers: ` + many(512, func(i int) string { return fmt.Sprintf("12D3KooW%s%s", long(30), base58(i)) }))},
		"A contract of another layout.": {base: p2pAgent, change: contract(`command: [/bin/agent, --quiet], configPath: /conf, keysPath: /keys, peersPath: /peers, dataPath: /data, ` +
			`livenessPath: /live, readinessPath: /api/v1/ready, ports: {tcp: 1024, websocket: 65535, quic: 1024}`)},
		"Folders of the contract with a common beginning.": {base: p2pAgent, change: contract(`keysPath: /data-keys, dataPath: /data`)},
		"A path with dots in its names.":                   {base: p2pAgent, change: contract(`configPath: /etc/agent.d/..conf`)},
		"QUIC on the number of another port.":              {base: p2pAgent, change: contract(`ports: {quic: 8000}`)},

		"Custom software at its upper bounds.": {base: custom, change: software(`runAsUser: 65535, terminationGracePeriodSeconds: 3600, args: ` +
			many(128, func(int) string { return "word" }) + `, files: ` + many(32, func(i int) string { return fmt.Sprintf(`{path: /etc/f%d, content: ""}`, i) }))},
		"Custom software at its lower bounds.": {base: custom, change: software(`runAsUser: 1, terminationGracePeriodSeconds: 1, env: [{name: _, value: ""}]`)},
		"One port number for TCP and UDP.":     {base: custom, change: port(`name: gossip-udp, port: 7946, protocol: UDP, purpose: Peer`)},
		"A port name of 15 letters.":           {base: custom, change: port(`name: ` + long(15) + `, port: 65535, purpose: Internal`)},
		"16 ports.":                            {base: custom, change: software(`ports: ` + many(16, func(i int) string { return fmt.Sprintf("{name: p%d, port: %d, purpose: Peer}", i, 1024+i) }))},
		"A file beside the data.":              {base: custom, change: software(`files: [{path: /var/lib/peer.json, content: "{}"}]`)},
		"A file of 256 KiB.":                   {base: custom, change: software(`files: [{path: /etc/big, content: ` + long(262144) + `}]`)},
		"A probe of each way.":                 {base: custom, change: software(`probes: {startup: {exec: {command: [/bin/true]}}, readiness: {httpGet: {path: /, port: gossip}}, liveness: {tcpSocket: {port: 7946}}}`)},
		"Data under a folder of the system.":   {base: custom, change: software(`dataPath: /tmp/peer`)},

		"Network peers of each kind in each list.": {base: p2pAgent, change: everywhere(`{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}, ` +
			`{ipBlock: {cidr: "2001:db8::/32", except: ["2001:db8:1::/48"]}}, {podSelector: {}}, {namespaceSelector: {}}, {podSelector: {}, namespaceSelector: {matchLabels: {team: peers}}}`)},
		"64 network peers in each list.":              {base: p2pAgent, change: everywhere(repeated(64, `{podSelector: {}}`))},
		"A closed API with an empty list.":            {base: p2pAgent, change: network(`api: {allowFrom: []}`)},
		"Peers of one name in two namespaces.":        {base: p2pAgent, change: network(`peers: [{name: beta}, {name: beta, namespace: elsewhere}]`)},
		"256 declared peers.":                         {base: p2pAgent, change: network(`peers: ` + many(256, func(i int) string { return fmt.Sprintf("{name: p%d}", i) }))},
		"A declared peer with names at their bounds.": {base: p2pAgent, change: network(`peers: [{name: ` + long(52) + `, namespace: ` + long(63) + `}]`)},
	}
	maps.Copy(all, validDirects)
	maps.Copy(all, validStores)
	maps.Copy(all, validBackups)
	maps.Copy(all, validRestores)
	maps.Copy(all, validSchedules)
	maps.Copy(all, validEdges)
	maps.Copy(all, validExposures)
	maps.Copy(all, validRoutes)
	return all
}

const hex64 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func image(reference string) string { return `spec: {image: "` + reference + `"}` }
