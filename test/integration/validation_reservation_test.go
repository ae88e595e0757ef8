// SPDX-License-Identifier: Apache-2.0

package integration

import "strings"

var (
	digits      = strings.Repeat("0f", 32)
	reservation = `
apiVersion: peernode.dev/v1alpha1
kind: PeerIdentityReservation
metadata: {name: libp2p-ed25519-` + digits + `}
spec: {network: libp2p, keyType: Ed25519, publicKey: "` + digits + `", peerID: 12D3KooW, holder: {namespace: nowhere, name: alpha}, epoch: 1, secretName: alpha-identity-1}`
)

const badLock = "metadata.name must be <network>-<key type>-<public key>, in lower case"

var wrongReservations = map[string]wrong{
	"A name that is no lock on the key.":   {reservation, `metadata: {name: alpha}`, refusals{root: badLock}},
	"A name that locks another key.":       {reservation, `spec: {publicKey: "` + strings.Repeat("0e", 32) + `"}`, refusals{root: badLock}},
	"A name that locks another network.":   {reservation, `spec: {network: other}`, refusals{root: badLock}},
	"A name that locks another type.":      {reservation, `spec: {keyType: Secp256k1}`, refusals{root: badLock, "spec.publicKey": "must have the 64 digits"}},
	"No spec.":                             {reservation, `spec: null`, refusals{"spec": missing}},
	"No network.":                          {reservation, `spec: {network: null}`, refusals{"spec.network": missing}},
	"A network that is no name.":           {reservation, `spec: {network: LibP2P}`, refusals{"spec.network": noMatch}},
	"A long network.":                      {reservation, `spec: {network: ` + long(33) + `}`, refusals{"spec.network": tooLong}},
	"No type of key.":                      {reservation, `spec: {keyType: null}`, refusals{"spec.keyType": missing}},
	"An unknown type of key.":              {reservation, `spec: {keyType: RSA}`, refusals{"spec.keyType": noSuch}},
	"No key.":                              {reservation, `spec: {publicKey: null}`, refusals{"spec.publicKey": missing}},
	"A key in another encoding.":           {reservation, `spec: {publicKey: ` + someKey + `}`, refusals{"spec.publicKey": noMatch}},
	"A long key.":                          {reservation, `spec: {publicKey: ` + long(67) + `}`, refusals{"spec.publicKey": tooLong}},
	"A short key.":                         {reservation, `{metadata: {name: libp2p-ed25519-0f}, spec: {publicKey: "0f"}}`, refusals{"spec.publicKey": "must have the 64 digits"}},
	"No peer ID.":                          {reservation, `spec: {peerID: null}`, refusals{"spec.peerID": missing}},
	"An empty peer ID.":                    {reservation, `spec: {peerID: ""}`, refusals{"spec.peerID": tooShort}},
	"A long peer ID.":                      {reservation, `spec: {peerID: ` + long(129) + `}`, refusals{"spec.peerID": tooLong}},
	"No holder.":                           {reservation, `spec: {holder: null}`, refusals{"spec.holder": missing}},
	"A holder without a namespace.":        {reservation, `spec: {holder: {namespace: null}}`, refusals{"spec.holder.namespace": missing}},
	"A holder with an empty namespace.":    {reservation, `spec: {holder: {namespace: ""}}`, refusals{"spec.holder.namespace": tooShort}},
	"A holder with a long namespace.":      {reservation, `spec: {holder: {namespace: ` + long(64) + `}}`, refusals{"spec.holder.namespace": tooLong}},
	"A holder without a name.":             {reservation, `spec: {holder: {name: null}}`, refusals{"spec.holder.name": missing}},
	"A holder with an empty name.":         {reservation, `spec: {holder: {name: ""}}`, refusals{"spec.holder.name": tooShort}},
	"A holder with a name of no PeerNode.": {reservation, `spec: {holder: {name: ` + long(53) + `}}`, refusals{"spec.holder.name": tooLong}},
	"No epoch.":                            {reservation, `spec: {epoch: null}`, refusals{"spec.epoch": missing}},
	"An epoch before the first.":           {reservation, `spec: {epoch: 0}`, refusals{"spec.epoch": tooSmall}},
	"No Secret.":                           {reservation, `spec: {secretName: null}`, refusals{"spec.secretName": missing}},
	"A Secret without a name.":             {reservation, `spec: {secretName: ""}`, refusals{"spec.secretName": tooShort}},
	"A Secret with a long name.":           {reservation, `spec: {secretName: ` + long(254) + `}`, refusals{"spec.secretName": tooLong}},
}
