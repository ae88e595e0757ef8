// SPDX-License-Identifier: Apache-2.0

package integration

import "maps"

// wrongChange is a change of an existing PeerNode that must be refused.
type wrongChange struct {
	base, before, change string
	refused              refusals
}

const (
	fixedSoftware = "the kind of software is fixed at creation"
	fixedType     = "type is fixed at creation; a peer with another type of key is another peer"
	fixedKeys     = "keys is fixed at creation"
	fixedClaim    = "is fixed at creation, as it is for a PersistentVolumeClaim"
)

func wrongChanges() map[string]wrongChange {
	all := map[string]wrongChange{
		"A p2p-agent does not become other software.": {
			p2pAgent, ``, `spec: {software: {p2pAgent: null, custom: {ports: [{name: gossip, port: 7946, purpose: Peer}], dataPath: /var/lib/peer}}}`,
			refusals{"spec.software": fixedSoftware},
		},
		"Other software does not become a p2p-agent.": {
			custom, ``, `spec: {software: {custom: null, p2pAgent: {}}}`, refusals{"spec.software": fixedSoftware},
		},
		"A volume does not shrink.": {
			p2pAgent, ``, `spec: {storage: {size: 512Mi}}`, refusals{"spec.storage.size": neverSmall},
		},
		"A volume does not shrink by a change of the unit.": {
			p2pAgent, ``, `spec: {storage: {size: 1G}}`, refusals{"spec.storage.size": neverSmall},
		},
		"The storage class is not set later.": {
			p2pAgent, ``, `spec: {storage: {storageClassName: standard}}`, refusals{"spec.storage.storageClassName": fixedClaim},
		},
		"The storage class is not changed.": {
			p2pAgent, `spec: {storage: {storageClassName: standard}}`, `spec: {storage: {storageClassName: fast}}`,
			refusals{"spec.storage.storageClassName": fixedClaim},
		},
		"The storage class is not taken away.": {
			p2pAgent, `spec: {storage: {storageClassName: standard}}`, `spec: {storage: {storageClassName: null}}`,
			refusals{"spec.storage.storageClassName": fixedClaim},
		},
		"The access mode is not changed from its default.": {
			p2pAgent, ``, `spec: {storage: {accessMode: ReadWriteOnce}}`, refusals{"spec.storage.accessMode": fixedClaim},
		},
		"The access mode is not changed back to its default by leaving it out.": {
			p2pAgent, `spec: {storage: {accessMode: ReadWriteOnce}}`, `spec: {storage: {accessMode: null}}`, refusals{"spec.storage.accessMode": fixedClaim},
		},
		"The type of the key is not changed from its default.": {
			p2pAgent, ``, `spec: {identity: {type: Secp256k1}}`, refusals{"spec.identity": fixedType},
		},
		"The type of the key is not changed.": {
			p2pAgent, `spec: {identity: {type: Secp256k1}}`, `spec: {identity: {type: Ed25519}}`, refusals{"spec.identity": fixedType},
		},
		"The type of the key is not changed back to its default by leaving it out.": {
			p2pAgent, `spec: {identity: {type: Secp256k1}}`, `spec: {identity: null}`, refusals{"spec.identity": fixedType},
		},
		"An identity does not go over to another PeerNode.": {
			reservation, ``, `spec: {holder: {name: beta}}`, refusals{"spec": "is fixed at creation; to give the identity to another PeerNode, delete the reservation"},
		},
		"A peer does not go over to another fleet.": {
			p2pAgent, `spec: {fleet: {name: relay}}`, `spec: {fleet: {name: other}}`, refusals{"spec.fleet.name": "is fixed once set"},
		},
		"What becomes of the keys is not changed from its default.": {
			p2pAgent, ``, `spec: {deletionPolicy: {data: Delete, keys: Delete}}`, refusals{"spec.deletionPolicy": fixedKeys},
		},
		"What becomes of the keys is not changed back to its default by leaving it out.": {
			p2pAgent, `spec: {deletionPolicy: {data: Delete, keys: Delete}}`, `spec: {deletionPolicy: null}`, refusals{"spec.deletionPolicy": fixedKeys},
		},
	}
	maps.Copy(all, wrongDirectChanges)
	maps.Copy(all, wrongImportChanges)
	maps.Copy(all, wrongBackupChanges)
	maps.Copy(all, wrongRestoreChanges)
	return all
}

// validChange is a change that must be accepted.
type validChange struct{ base, before, change string }

func validChanges() map[string]validChange {
	all := map[string]validChange{
		"A volume grows.":                   {p2pAgent, ``, `spec: {storage: {size: 2Gi}}`},
		"A size is written in another way.": {p2pAgent, ``, `spec: {storage: {size: 1024Mi}}`},
		"A default is written out.":         {p2pAgent, ``, `spec: {storage: {accessMode: ReadWriteOncePod}, identity: {type: Ed25519}, deletionPolicy: {keys: Retain, data: Retain}}`},
		"A default that was written out is left out.": {
			p2pAgent, `spec: {storage: {accessMode: ReadWriteOncePod}, identity: {type: Ed25519}, deletionPolicy: {keys: Retain}}`,
			`spec: {storage: {accessMode: null}, identity: null, deletionPolicy: null}`,
		},
		"A storage class is kept while the volume grows.": {
			p2pAgent, `spec: {storage: {storageClassName: standard}}`, `spec: {storage: {size: 3Gi}}`,
		},
		"What becomes of the data is decided at the end.": {p2pAgent, ``, `spec: {deletionPolicy: {data: Delete}}`},
		"A peer is suspended, with another image.":        {p2pAgent, ``, `spec: {suspend: true, image: "registry.example.com/p2p-agent:v2"}`},
		"The image is left to the operator.":              {p2pAgent, ``, `spec: {image: null}`},
		"Custom software moves to other ports.": {
			custom, ``, `spec: {software: {custom: {ports: [{name: swarm, port: 4001, purpose: Peer}]}}}`,
		},
		"Labels are nobody's business.": {p2pAgent, ``, `metadata: {labels: {team: peers}}`},
	}
	maps.Copy(all, validDirectChanges)
	maps.Copy(all, validStoreChanges)
	maps.Copy(all, validBackupChanges)
	maps.Copy(all, validRestoreChanges)
	return all
}
