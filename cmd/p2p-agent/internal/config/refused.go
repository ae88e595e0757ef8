// SPDX-License-Identifier: Apache-2.0

package config

// Refusal is a field of the guides that this agent cannot honour.
type Refusal struct {
	// Path is the field, or the section whose every field is refused.
	Path string
	// Reason says why, and what to do instead.
	Reason string
}

// Refusals returns the whole table, in the order of the file's sections.
func Refusals() []Refusal { return refusals }

// refusal returns why path is refused, or "" when it is not.
func refusal(path string) string {
	for _, r := range refusals {
		if r.Path == path {
			return r.Reason
		}
	}
	return ""
}

// refusals is deliberately one table: a reader sees at a glance what the agent
// does not do. docs/p2p-agent-contract.md repeats it and a test compares both.
var refusals = []Refusal{
	{"agent.type", "this agent has one role and processes no tasks; remove it"},
	{"agent.capabilities", "this agent has one role and processes no tasks; remove it"},
	{"agent.resources", "a process cannot limit itself reliably; set the container's resources (PeerNode spec.resources)"},

	{"identity.storage.permissions", "not set by the agent but checked by it: a key that others can read or the group can write is refused at start; remove it"},
	{"identity.storage.backup", "the agent makes no key backups by itself; run p2p-agent identity backup with an offline age recipient"},
	{"identity.storage.backup_location", "the agent makes no key backups by itself; run p2p-agent identity backup with an offline age recipient"},
	{"identity.rotation", "the peer ID is the key, so an agent cannot rotate alone: the new ID must be on the other agents' allow lists first; rotate from outside (p2p-agent identity rotate)"},

	{"network.listen_addresses", "called network.listen here; rename it"},
	{"network.bootstrap_nodes", "called peers.bootstrap here; move it"},
	{"network.behavior", "use network.max_peers; timeouts and the backoff of reconnects are fixed"},
	{"network.nat", "port mapping and hole punching are off: they would open ways in past the declared Service and NetworkPolicies; remove it"},

	{"tasks", "this agent processes no tasks; remove the section"},

	{"storage.encryption", "the agent's state holds no secret and is written in plain; encrypt the volume (StorageClass) and the backups"},
	{"storage.local", "use storage.path"},
	{"storage.max_size", "the size is that of the volume (PeerNode spec.storage.size); remove it"},
	{"storage.cleanup_interval", "the agent's state is one small file of bounded size; remove it"},
	{"storage.distributed", "there is no distributed storage; remove it"},
	{"storage.cache", "there is no cache; remove it"},

	{"privacy", "the agent processes no personal data, so there is nothing to retain, anonymise or blur; remove the section"},

	{"security.identity", "use the section identity"},
	{"security.communication.cipher_suites", "fixed by the implementation (Go TLS 1.3 and Noise); remove it"},
	{"security.communication.key_exchange", "fixed by the implementation (Go TLS 1.3 and Noise); remove it"},
	{"security.communication.verify_peers", "always on: the handshake proves the peer ID; remove it"},
	{"security.communication.allowed_peers", "use peers.allowed_peers"},
	{"security.messages.encryption", "messages are encrypted by the connection, not a second time; remove it"},
	{"security.messages.nonce_length", "fixed by the implementation (Go TLS 1.3 and Noise); remove it"},
	{"security.data.end_to_end_encryption", "there are no relays, so each connection already ends at the two peers; nothing is encrypted a second time; remove it"},
	{"security.access", "use peers.trust_level, peers.allowed_peers and security.ddos; addresses are restricted by NetworkPolicies (PeerNode spec.network)"},
	{"security.auth", "there are no users to authenticate, only peers, by their keys; remove the section"},
	{"security.api", "the agent's API is plain HTTP, read only and meant for its own pod; authentication and limits belong to a proxy in front of it; remove the section"},
	{"security.rbac", "there are no users or roles in the agent; use Kubernetes RBAC; remove the section"},
	{"security.resources", "a process cannot limit itself reliably; set the container's resources (PeerNode spec.resources)"},
	{"security.audit", "the agent keeps no audit trail; ship its JSON log to an append-only store; remove the section"},
	{"security.incident_response", "the agent calls nobody; alert on its metrics; remove the section"},
	{"security.auto_response", "the responses are fixed: refuse, rate limit, disconnect and ban (security.ddos), count and log; remove the section"},
	{"security.backup", "the agent makes no backups; have its volume backed up (PeerBackup); remove the section"},
	{"security.compliance", "a program cannot claim compliance; remove the section"},
	{"security.policies", "there are no passwords or sessions; remove the section"},
	{"security.testing", "the agent does not test itself; scan its image and cluster from outside; remove the section"},

	{"monitoring.security", "use agent.log_level; the log is always JSON on stderr and never holds keys; retention and alerts belong to the log and metrics systems"},
	{"monitoring.logging", "use agent.log_level; the log is always JSON on stderr and never holds keys; retention and alerts belong to the log and metrics systems"},
	{"monitoring.metrics.enabled", "always on; remove it"},
	{"monitoring.metrics.interval", "metrics are read when scraped; remove it"},
	{"monitoring.metrics.exporters", "only Prometheus; set monitoring.metrics.listen"},
	{"monitoring.health.enabled", "always on; remove it"},
	{"monitoring.health.interval", "checked when asked; set the probe's period in the pod"},
	{"monitoring.health.timeout", "checked when asked; set the probe's timeout in the pod"},
	{"monitoring.health.checks", "the checks are fixed: listeners and storage; CPU, memory and disk belong to node monitoring"},

	{"advanced", "there are no tuning, debug or experimental switches; remove the section"},
}
