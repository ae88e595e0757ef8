// SPDX-License-Identifier: Apache-2.0

package integration

import "fmt"

// wrongPeerNodes are the wrong inputs at creation. TestEveryRuleRefusesSomething keeps the tables complete.
func wrongPeerNodes() map[string]wrong {
	all := map[string]wrong{}
	for about, table := range map[string]map[string]wrong{
		"peer": wrongSpecs, "direct": wrongDirects, "rotation": wrongRotations, "agent": wrongAgents, "custom": wrongCustoms, "network": wrongNetworks, "exposure": wrongExposures, "fleet": wrongFleets, "member": wrongMembers, "reservation": wrongReservations, "store": wrongStores, "backup": wrongBackups, "schedule": wrongSchedules, "restore": wrongRestores, "edge": wrongEdges, "routes": wrongRoutes,
	} {
		for name, c := range table {
			all[about+": "+name] = c
		}
	}
	return all
}

// root is how the server names the object as a whole.
const root = "<nil>"

// What the server says, beside the field.
const (
	badImage   = "must be an image reference such as registry.example.com/peer@sha256:<64 hexadecimal digits>"
	tagless    = "must carry a digest (@sha256:...) or at least a tag"
	badName    = "metadata.name must be at most 52 characters of lower case letters, digits and '-', begin with a letter"
	noMatch    = "should match"
	noSuch     = "Unsupported value"
	tooLong    = "Too long"
	tooMany    = "Too many"
	noExponent = "must be written without exponents, such as 500m or 2Gi"
	tooFew     = "should have at least"
	tooShort   = "should be at least"
	tooSmall   = "should be greater than or equal to"
	tooLarge   = "should be less than or equal to"
	missing    = "Required value"
	twice      = "Duplicate value"
	wrongType  = "must be of type"
	badPath    = "must be an absolute path of letters, digits, '_', '.' and '-', without '.' or '..' as a part and without a '/' at the end"
	badCIDR    = "must be a range of addresses in CIDR notation"
	neverSmall = "may grow but never shrink"
)

// someKey is the public key of an Ed25519 key, as libp2p writes it.
const someKey = "CAESINQbYTrwJRB2rDZYnHgwGJ1wNR0y/1UjTQ+qRZrB7e8j"

var wrongSpecs = map[string]wrong{
	"A name of 53 letters leaves no room for the names of pods and Services.": {
		p2pAgent, `metadata: {name: ` + long(53) + `}`, refusals{root: badName},
	},
	"A name that begins with a digit is no name for a Service.": {
		p2pAgent, `metadata: {name: 1alpha}`, refusals{root: badName},
	},
	"A name with a dot is no name for a Service.": {
		p2pAgent, `metadata: {name: alpha.beta}`, refusals{root: badName},
	},
	"A PeerNode without a spec is nothing.": {
		p2pAgent, `spec: null`, refusals{"spec": missing},
	},
	"A misspelt field is not dropped in silence.": {
		p2pAgent, `spec: {softwares: {}}`, refusals{"": `unknown field "spec.softwares"`},
	},
	"A field of the design that does nothing yet is unknown.": {
		p2pAgent, `spec: {quarantine: {since: now}}`, refusals{"": `unknown field "spec.quarantine"`},
	},
	"A peer without software and storage cannot run.": {
		p2pAgent, `spec: {software: null, storage: null}`, refusals{"spec.software": missing, "spec.storage": missing},
	},
	"No software is chosen.": {
		p2pAgent, `spec: {software: {p2pAgent: null}}`, refusals{"spec.software": "exactly one of the fields in [p2pAgent custom] must be set"},
	},
	"Two kinds of software are chosen.": {
		custom, `spec: {software: {p2pAgent: {}}}`, refusals{"spec.software": "exactly one of the fields in [p2pAgent custom] must be set"},
	},
	"Custom software has no default image.": {
		custom, `spec: {image: null}`, refusals{"spec.image": "is required for software.custom"},
	},
	"Custom software keeps its own identity.": {
		custom, `spec: {identity: {type: Ed25519}}`, refusals{"spec.identity": "must not be set for software.custom"},
	},
	"An image with a space in it is no reference.": {
		p2pAgent, `spec: {image: "p2p agent:v1"}`, refusals{"spec.image": badImage},
	},
	"An image with a short digest is no reference.": {
		p2pAgent, `spec: {image: "registry.example.com/p2p-agent@sha256:e3b0c442"}`, refusals{"spec.image": badImage},
	},
	"An image with two tags is no reference.": {
		p2pAgent, `spec: {image: "p2p-agent:v1:v2"}`, refusals{"spec.image": badImage},
	},
	"An image with a capital letter in its path is no reference.": {
		p2pAgent, `spec: {image: "registry.example.com/P2P/agent:v1"}`, refusals{"spec.image": badImage},
	},
	"An image that begins with a dash is no reference.": {
		p2pAgent, `spec: {image: "-registry/p2p-agent:v1"}`, refusals{"spec.image": badImage},
	},
	"An image without tag or digest could change at any restart.": {
		p2pAgent, `spec: {image: registry.example.com/p2p-agent}`, refusals{"spec.image": tagless},
	},
	"The port of a registry is not taken for a tag.": {
		p2pAgent, `spec: {image: "registry.example.com:5000/p2p-agent"}`, refusals{"spec.image": tagless},
	},
	"An empty image is not the same as none.": {
		p2pAgent, `spec: {image: ""}`, refusals{"spec.image": tooShort},
	},
	"An image of 513 characters is too long.": {
		p2pAgent, `spec: {image: "` + long(510) + `:v1"}`, refusals{"spec.image": tooLong},
	},
	"Nine pull Secrets are too many.": {
		p2pAgent, `spec: {imagePullSecrets: ` + many(9, func(i int) string { return fmt.Sprintf("{name: s%d}", i) }) + `}`,
		refusals{"spec.imagePullSecrets": tooMany},
	},
	"A pull Secret has a name.": {
		p2pAgent, `spec: {imagePullSecrets: [{}]}`, refusals{"spec.imagePullSecrets": "each entry must have the name of a Secret"},
	},
	"A pull Secret is named once.": {
		p2pAgent, `spec: {imagePullSecrets: [{name: registry}, {name: registry}]}`, refusals{"spec.imagePullSecrets[1]": twice},
	},
	"An unknown type of key is refused.": {
		p2pAgent, `spec: {identity: {type: RSA}}`, refusals{"spec.identity.type": noSuch},
	},
	"An expected key is one that a status shows.": {
		p2pAgent, `spec: {identity: {expectedPublicKey: 12D3KooW}}`, refusals{"spec.identity.expectedPublicKey": noMatch},
	},
	"An expected key of 53 characters is none.": {
		p2pAgent, `spec: {identity: {expectedPublicKey: ` + long(53) + `}}`, refusals{"spec.identity.expectedPublicKey": tooLong},
	},
	"An expected key is of the peer's type.": {
		p2pAgent, `spec: {identity: {type: Secp256k1, expectedPublicKey: ` + someKey + `}}`, refusals{"spec.identity.expectedPublicKey": "must be a key of the type in type"},
	},
	"Recovery recipients are public keys of age.": {
		p2pAgent, `spec: {identity: {recoveryRecipients: [AGE-SECRET-KEY-PQ-1QQQQ]}}`, refusals{"spec.identity.recoveryRecipients[0]": noMatch},
	},
	"A recovery recipient of 2049 characters is none.": {
		p2pAgent, `spec: {identity: {recoveryRecipients: [age1` + long(2045) + `]}}`, refusals{"spec.identity.recoveryRecipients[0]": tooLong},
	},
	"Nobody recovers a key twice.": {
		p2pAgent, `spec: {identity: {recoveryRecipients: [age1qq, age1qq]}}`, refusals{"spec.identity.recoveryRecipients[1]": twice},
	},
	"More than 4 recovery recipients do not fit into an envelope on its way.": {
		p2pAgent, `spec: {identity: {recoveryRecipients: ` + many(5, recipient) + `}}`,
		refusals{"spec.identity.recoveryRecipients": tooMany},
	},
	"Storage without a size is no request.": {
		p2pAgent, `spec: {storage: {size: null}}`, refusals{"spec.storage.size": missing},
	},
	"A size that is no quantity is refused.": {
		p2pAgent, `spec: {storage: {size: large}}`, refusals{"spec.storage.size": noMatch},
	},
	"A volume of no size is refused.": {
		p2pAgent, `spec: {storage: {size: "0"}}`, refusals{"spec.storage.size": "must be at least 1Mi"},
	},
	"A volume of less than nothing is refused.": {
		p2pAgent, `spec: {storage: {size: -1Gi}}`, refusals{"spec.storage.size": "must be at least 1Mi"},
	},
	"A volume of one byte less than 1Mi is too small, also as a bare number.": {
		p2pAgent, `spec: {storage: {size: 1048575}}`, refusals{"spec.storage.size": "must be at least 1Mi"},
	},
	"A volume of more than 64Ti is a slip of the pen.": {
		p2pAgent, `spec: {storage: {size: 65Ti}}`, refusals{"spec.storage.size": "must be at most 64Ti"},
	},
	"A size with an exponent is refused, before anybody calculates with it.": {
		p2pAgent, `spec: {storage: {size: "1e99999999"}}`, refusals{"spec.storage.size": "must be at most 64Ti, and written without an exponent"},
	},
	"An access mode that lets other pods in is refused.": {
		p2pAgent, `spec: {storage: {accessMode: ReadWriteMany}}`, refusals{"spec.storage.accessMode": noSuch},
	},
	"An empty storage class would mean that the claim is never provisioned.": {
		p2pAgent, `spec: {storage: {storageClassName: ""}}`, refusals{"spec.storage.storageClassName": tooShort},
	},
	"A storage class with a capital letter cannot exist.": {
		p2pAgent, `spec: {storage: {storageClassName: Fast}}`, refusals{"spec.storage.storageClassName": noMatch},
	},
	"A storage class with an empty part cannot exist.": {
		p2pAgent, `spec: {storage: {storageClassName: a..b}}`, refusals{"spec.storage.storageClassName": noMatch},
	},
	"A storage class of 254 letters cannot exist.": {
		p2pAgent, `spec: {storage: {storageClassName: ` + long(254) + `}}`, refusals{"spec.storage.storageClassName": tooLong},
	},
	"Data is retained or deleted, nothing between.": {
		p2pAgent, `spec: {deletionPolicy: {data: Recycle}}`, refusals{"spec.deletionPolicy.data": noSuch},
	},
	"A volume does not outlive the key of its peer.": {
		p2pAgent, `spec: {deletionPolicy: {keys: Delete}}`, refusals{"spec.deletionPolicy.data": "must be Delete where keys is Delete"},
	},
	"Keys are retained or deleted, nothing between.": {
		p2pAgent, `spec: {deletionPolicy: {keys: retain}}`, refusals{"spec.deletionPolicy.keys": noSuch},
	},
	"A request for compute that is no quantity is refused.": {
		p2pAgent, `spec: {resources: {requests: {cpu: a lot}, limits: {memory: 1GB}}}`,
		refusals{"spec.resources.requests.cpu": noMatch, "spec.resources.limits.memory": noMatch},
	},
	"Compute with an exponent is refused, before anybody calculates with it.": {
		p2pAgent, `spec: {resources: {requests: {cpu: "1e99999999"}, limits: {memory: "1E9"}}}`,
		refusals{"spec.resources.requests": noExponent, "spec.resources.limits": noExponent},
	},
	"A request above its limit can never be met.": {
		p2pAgent, `spec: {resources: {requests: {cpu: 100m, memory: 1Gi}, limits: {memory: 1023Mi}}}`,
		refusals{"spec.resources.requests": "of cpu and memory must not exceed their limits"},
	},
	"Compute of more kinds than there are is refused.": {
		p2pAgent, `spec: {resources: {requests: ` + resources(9) + `, limits: ` + resources(9) + `}}`,
		refusals{"spec.resources.requests": tooMany, "spec.resources.limits": tooMany},
	},
	"A pod template that is no object is refused.": {
		p2pAgent, `spec: {podTemplate: "hostNetwork: true"}`, refusals{"spec.podTemplate": wrongType},
	},
	"Suspend is true or false, not a word.": {
		p2pAgent, `spec: {suspend: "yes"}`, refusals{"spec.suspend": wrongType},
	},
}
