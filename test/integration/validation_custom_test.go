// SPDX-License-Identifier: Apache-2.0

package integration

import "fmt"

const (
	oneProbe   = "exactly one of the fields in [httpGet tcpSocket exec] must be set"
	fileInData = "a file must not lie in or above dataPath, where the volume is mounted"
)

// software is a change of spec.software.custom.
func software(fields string) string { return `spec: {software: {custom: {` + fields + `}}}` }

// port is a list of ports with a wrong one in the second place.
func port(fields string) string {
	return software(`ports: [{name: gossip, port: 7946, purpose: Peer}, {` + fields + `}]`)
}

var wrongCustoms = map[string]wrong{
	"Custom software without ports and data is not described.": {
		custom, software(`ports: null, dataPath: null`),
		refusals{"spec.software.custom.ports": missing, "spec.software.custom.dataPath": missing},
	},
	"A peer without a port reaches nobody.": {
		custom, software(`ports: []`), refusals{"spec.software.custom.ports": tooFew},
	},
	"17 ports are too many.": {
		custom, software(`ports: ` + many(17, func(i int) string { return fmt.Sprintf("{name: p%d, port: %d, purpose: Peer}", i, 7000+i) })),
		refusals{"spec.software.custom.ports": tooMany},
	},
	"No port is for peers.": {
		custom, software(`ports: [{name: rpc, port: 7373, purpose: API}]`), refusals{"spec.software.custom.ports": "at least one port must have the purpose Peer"},
	},
	"A port number appears twice, once with its protocol left open.": {
		custom, port(`name: again, port: 7946, protocol: TCP, purpose: API`), refusals{"spec.software.custom.ports": "each port number may appear once per protocol"},
	},
	"A port name appears twice.": {
		custom, port(`name: gossip, port: 7947, purpose: API`), refusals{"spec.software.custom.ports[1]": twice},
	},
	"A file cannot be a folder too.": {
		custom, software(`files: [{path: /etc/peer, content: ""}, {path: /etc/peer/conf.json, content: ""}]`),
		refusals{"spec.software.custom.files": "a file must not lie below another file"},
	},
	"A port without a name, number and purpose is not described.": {
		custom, port(``), refusals{
			"spec.software.custom.ports[1].name": missing, "spec.software.custom.ports[1].port": missing, "spec.software.custom.ports[1].purpose": missing,
		},
	},
	"A port name of 16 letters is too long for a Service.": {
		custom, port(`name: ` + long(16) + `, port: 7000, purpose: Peer`), refusals{"spec.software.custom.ports[1].name": tooLong},
	},
	"A port name with a capital letter is no name for a Service.": {
		custom, port(`name: RPC, port: 7000, purpose: Peer`), refusals{"spec.software.custom.ports[1].name": noMatch},
	},
	"A port name of digits is taken for a number.": {
		custom, port(`name: "7000", port: 7000, purpose: Peer`), refusals{"spec.software.custom.ports[1].name": "must contain a letter and no '--'"},
	},
	"A port name with two dashes in a row is no name for a port.": {
		custom, port(`name: a--b, port: 7000, purpose: Peer`), refusals{"spec.software.custom.ports[1].name": "must contain a letter and no '--'"},
	},
	"A port that needs privileges cannot be opened.": {
		custom, port(`name: http, port: 80, purpose: API`), refusals{"spec.software.custom.ports[1].port": tooSmall},
	},
	"A port above 65535 does not exist.": {
		custom, port(`name: http, port: 65536, purpose: API`), refusals{"spec.software.custom.ports[1].port": tooLarge},
	},
	"SCTP is not for peers yet.": {
		custom, port(`name: sctp, port: 7000, protocol: SCTP, purpose: Peer`), refusals{"spec.software.custom.ports[1].protocol": noSuch},
	},
	"The admin routes of a peer have no purpose that would open them.": {
		custom, port(`name: admin, port: 7000, purpose: Admin`), refusals{"spec.software.custom.ports[1].purpose": noSuch},
	},
	"A command of 65 words is too long.": {
		custom, software(`command: ` + many(65, func(int) string { return "word" })), refusals{"spec.software.custom.command": tooMany},
	},
	"A check of data that says nothing asks nothing.": {
		custom, software(`dataCheck: []`), refusals{"spec.software.custom.dataCheck": tooFew},
	},
	"A word of a check of data is not empty.": {
		custom, software(`dataCheck: [""]`), refusals{"spec.software.custom.dataCheck[0]": tooShort},
	},
	"A check of data of 65 words is too long.": {
		custom, software(`dataCheck: ` + many(65, func(int) string { return "word" })), refusals{"spec.software.custom.dataCheck": tooMany},
	},
	"A word of 4097 letters in a check of data is too long.": {
		custom, software(`dataCheck: [` + long(4097) + `]`), refusals{"spec.software.custom.dataCheck[0]": tooLong},
	},
	"A word of 4097 letters in command and args is too long.": {
		custom, software(`command: [` + long(4097) + `], args: [` + long(4097) + `]`),
		refusals{"spec.software.custom.command[0]": tooLong, "spec.software.custom.args[0]": tooLong},
	},
	"129 arguments are too many.": {
		custom, software(`args: ` + many(129, func(int) string { return "word" })), refusals{"spec.software.custom.args": tooMany},
	},
	"129 variables are too many.": {
		custom, software(`env: ` + many(129, func(i int) string { return fmt.Sprintf(`{name: V%d, value: ""}`, i) })), refusals{"spec.software.custom.env": tooMany},
	},
	"A variable has a name and a value.": {
		custom, software(`env: [{}]`), refusals{"spec.software.custom.env[0].name": missing, "spec.software.custom.env[0].value": missing},
	},
	"A variable from a Secret is not among the plain ones.": {
		custom, software(`env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: s, key: k}}}]`), refusals{"": "unknown field"},
	},
	"A variable is set once.": {
		custom, software(`env: [{name: A, value: "1"}, {name: A, value: "2"}]`), refusals{"spec.software.custom.env[1]": twice},
	},
	"A variable with a dash in its name is out of a shell's reach.": {
		custom, software(`env: [{name: LOG-LEVEL, value: info}]`), refusals{"spec.software.custom.env[0].name": noMatch},
	},
	"A variable with a name of 257 letters or a value of 32769 is too long.": {
		custom, software(`env: [{name: ` + long(257) + `, value: ` + long(32769) + `}]`),
		refusals{"spec.software.custom.env[0].name": tooLong, "spec.software.custom.env[0].value": tooLong},
	},
	"33 files are too many.": {
		custom, software(`files: ` + many(33, func(i int) string { return fmt.Sprintf(`{path: /etc/f%d, content: ""}`, i) })), refusals{"spec.software.custom.files": tooMany},
	},
	"A file has a path and content.": {
		custom, software(`files: [{}]`), refusals{"spec.software.custom.files[0].path": missing, "spec.software.custom.files[0].content": missing},
	},
	"A file has a place once.": {
		custom, software(`files: [{path: /etc/a, content: ""}, {path: /etc/a, content: ""}]`), refusals{"spec.software.custom.files[1]": twice},
	},
	"A file with a relative path has no place.": {
		custom, software(`files: [{path: etc/serf.json, content: ""}]`), refusals{"spec.software.custom.files[0].path": badPath},
	},
	"A file with a path of 257 characters or content of 256 KiB and one is too long.": {
		custom, software(`files: [{path: /` + long(256) + `, content: ` + long(262145) + `}]`),
		refusals{"spec.software.custom.files[0].path": tooLong, "spec.software.custom.files[0].content": tooLong},
	},
	"A file in the data would be hidden by the volume.": {
		custom, software(`files: [{path: /var/lib/peer/conf.json, content: ""}]`), refusals{"spec.software.custom.files": fileInData},
	},
	"A file above the data would take the place of its folder.": {
		custom, software(`files: [{path: /var/lib, content: ""}]`), refusals{"spec.software.custom.files": fileInData},
	},
	"A data path with a step up is not clean.": {
		custom, software(`dataPath: /var/lib/../peer`), refusals{"spec.software.custom.dataPath": badPath},
	},
	"A data path of 257 characters is too long.": {
		custom, software(`dataPath: /` + long(256)), refusals{"spec.software.custom.dataPath": tooLong},
	},
	"A data path over the system's folders would hide them.": {
		custom, software(`dataPath: /etc`), refusals{"spec.software.custom.dataPath": "must not be a folder of the system"},
	},
	"A data path over /tmp is mounted twice.": {
		custom, software(`dataPath: /tmp`), refusals{"spec.software.custom.dataPath": "must not be a folder of the system"},
	},
	"A program cannot run as root.": {
		custom, software(`runAsUser: 0`), refusals{"spec.software.custom.runAsUser": tooSmall},
	},
	"A user above 65535 is not mapped into a user namespace.": {
		custom, software(`runAsUser: 65536`), refusals{"spec.software.custom.runAsUser": tooLarge},
	},
	"A program with no time to stop is killed.": {
		custom, software(`terminationGracePeriodSeconds: 0`), refusals{"spec.software.custom.terminationGracePeriodSeconds": tooSmall},
	},
	"A program with more than an hour to stop holds its node.": {
		custom, software(`terminationGracePeriodSeconds: 3601`), refusals{"spec.software.custom.terminationGracePeriodSeconds": tooLarge},
	},
	"A probe that asks nothing is none.": {
		custom, software(`probes: {startup: {}, readiness: {}, liveness: {}}`), refusals{
			"spec.software.custom.probes.startup": oneProbe, "spec.software.custom.probes.readiness": oneProbe, "spec.software.custom.probes.liveness": oneProbe,
		},
	},
	"A probe that asks in two ways is two.": {
		custom, software(`probes: {liveness: {tcpSocket: {port: gossip}, exec: {command: [/bin/true]}}}`),
		refusals{"spec.software.custom.probes.liveness": oneProbe},
	},
	"Each way to ask says what it asks.": {
		custom, software(`probes: {startup: {exec: {}}, readiness: {httpGet: {}}, liveness: {tcpSocket: {}}}`), refusals{
			"spec.software.custom.probes.startup.exec.command":    missing,
			"spec.software.custom.probes.readiness.httpGet.path":  missing,
			"spec.software.custom.probes.readiness.httpGet.port":  missing,
			"spec.software.custom.probes.liveness.tcpSocket.port": missing,
		},
	},
	"A path of a probe begins at the root.": {
		custom, software(`probes: {readiness: {httpGet: {path: healthz, port: 8080}}}`), refusals{"spec.software.custom.probes.readiness.httpGet.path": noMatch},
	},
	"A path of a probe of 1025 characters is too long.": {
		custom, software(`probes: {readiness: {httpGet: {path: /` + long(1024) + `, port: 8080}}}`), refusals{"spec.software.custom.probes.readiness.httpGet.path": tooLong},
	},
	"A probe that runs no command asks nothing.": {
		custom, software(`probes: {startup: {exec: {command: []}}}`), refusals{"spec.software.custom.probes.startup.exec.command": tooFew},
	},
	"A probe with a command of 33 words is too long.": {
		custom, software(`probes: {startup: {exec: {command: ` + many(33, func(int) string { return "word" }) + `}}}`),
		refusals{"spec.software.custom.probes.startup.exec.command": tooMany},
	},
	"A probe with a word of 4097 letters is too long.": {
		custom, software(`probes: {startup: {exec: {command: [` + long(4097) + `]}}}`), refusals{"spec.software.custom.probes.startup.exec.command[0]": tooLong},
	},
}
