// SPDX-License-Identifier: Apache-2.0

package unseal

import "fmt"

// Reason says, in one word, why a key was not handed out. A reason is never reused for another meaning.
type Reason string

// What logs and metrics call a request that was granted.
const (
	// Unsealed: a key was handed out.
	Unsealed Reason = "Unsealed"
	// Signed: a record was signed, or the keys were told by which records are known.
	Signed Reason = "Signed"
)

// What the request itself shows.
const (
	// RequestMalformed: it is not what a peer-companion of this release sends.
	RequestMalformed Reason = "RequestMalformed"
	// RecipientNotHybrid: the ephemeral public key is not of the family that withstands quantum computers.
	RecipientNotHybrid Reason = "RecipientNotHybrid"
	// EnvelopeDamaged: it cannot be read, was changed, or holds another key than it names.
	EnvelopeDamaged Reason = "EnvelopeDamaged"
	// EnvelopeForeign: it is sealed to no sealing key of this cluster.
	EnvelopeForeign Reason = "EnvelopeForeign"
)

// What the token shows.
const (
	// TokenInvalid: there is none, or the API server does not accept it: it is no token, expired, or of a pod that is gone.
	TokenInvalid Reason = "TokenInvalid"
	// WrongAudience: the token was made for somebody else than the unsealer.
	WrongAudience Reason = "WrongAudience"
	// NotAServiceAccount: the token is that of a person or a node.
	NotAServiceAccount Reason = "NotAServiceAccount"
	// TokenNotBound: the token is not bound to a pod, so it says nothing about who uses it.
	TokenNotBound Reason = "TokenNotBound"
)

// What the pod shows.
const (
	// PodGone: there is no pod of that name, or it is another one than the token's.
	PodGone Reason = "PodGone"
	// PodDeleting: the pod is on its way out.
	PodDeleting Reason = "PodDeleting"
	// WrongServiceAccount: the pod runs under another ServiceAccount than the token's.
	WrongServiceAccount Reason = "WrongServiceAccount"
	// NotAPeersPod: no PeerNode has a pod of that name.
	NotAPeersPod Reason = "NotAPeersPod"
	// NotOfStatefulSet: the pod is not controlled by the StatefulSet of the peer.
	NotOfStatefulSet Reason = "NotOfStatefulSet"
	// NotOfPeerNode: the StatefulSet is not controlled by the PeerNode.
	NotOfPeerNode Reason = "NotOfPeerNode"
	// Stopped: the StatefulSet wants no pod.
	Stopped Reason = "Stopped"
	// NotOfBackup: the pod is not controlled by the Job of a PeerBackup.
	NotOfBackup Reason = "NotOfBackup"
	// PodChanged: the pod does not run what the template says from which it was made.
	PodChanged Reason = "PodChanged"
	// WrongAddress: the request does not come from the pod.
	WrongAddress Reason = "WrongAddress"
)

// What the PeerNode shows.
const (
	// WrongPeer: the envelope is that of another peer, or of another use.
	WrongPeer Reason = "WrongPeer"
	// EpochRevoked: the key is one of before, or compromised.
	EpochRevoked Reason = "EpochRevoked"
	// WrongKey: the envelope holds another key than the one that is recorded for the peer.
	WrongKey Reason = "WrongKey"
	// WrongRecord: the record is that of another backup than the pod's.
	WrongRecord Reason = "WrongRecord"
	// ReservedForAnother: the identity is that of another PeerNode of the cluster.
	ReservedForAnother Reason = "ReservedForAnother"
)

// What may be otherwise in a moment.
const (
	// NotUnsealing: as far as the API server knows, the init container that asks is not running: it has not been reported
	// yet, or is done. A token that is used again once the peer runs ends here.
	NotUnsealing Reason = "NotUnsealing"
	// AddressUnknown: the address of the pod is not reported yet.
	AddressUnknown Reason = "AddressUnknown"
	// EpochNotInUse: the peer has not come to this key yet. It may in a moment.
	EpochNotInUse Reason = "EpochNotInUse"
	// NotReserved: nothing says that the identity is this peer's and no other's. The operator has yet to reserve it.
	NotReserved Reason = "NotReserved"
	// SealingKeyNotMounted: the envelope may be sealed to a newer sealing key than this replica of the unsealer has. It is
	// on its way out, and others have the key.
	SealingKeyNotMounted Reason = "SealingKeyNotMounted"
	// Busy: the unsealer has as much to do as it takes on.
	Busy Reason = "Busy"
	// Undecided: the unsealer cannot ask the API server.
	Undecided Reason = "Undecided"
)

// Statuses of HTTP that answers have.
const (
	StatusRefused     = 403
	StatusNotYet      = 409
	StatusUnavailable = 503
)

// statuses are all reasons for which a key is not handed out.
var statuses = map[Reason]int{
	RequestMalformed:     StatusRefused,
	RecipientNotHybrid:   StatusRefused,
	EnvelopeDamaged:      StatusRefused,
	EnvelopeForeign:      StatusRefused,
	TokenInvalid:         StatusRefused,
	WrongAudience:        StatusRefused,
	NotAServiceAccount:   StatusRefused,
	TokenNotBound:        StatusRefused,
	PodGone:              StatusRefused,
	PodDeleting:          StatusRefused,
	WrongServiceAccount:  StatusRefused,
	NotAPeersPod:         StatusRefused,
	NotOfStatefulSet:     StatusRefused,
	NotOfPeerNode:        StatusRefused,
	Stopped:              StatusRefused,
	NotOfBackup:          StatusRefused,
	WrongRecord:          StatusRefused,
	PodChanged:           StatusRefused,
	WrongAddress:         StatusRefused,
	WrongPeer:            StatusRefused,
	EpochRevoked:         StatusRefused,
	WrongKey:             StatusRefused,
	ReservedForAnother:   StatusRefused,
	NotUnsealing:         StatusNotYet,
	AddressUnknown:       StatusNotYet,
	EpochNotInUse:        StatusNotYet,
	NotReserved:          StatusNotYet,
	SealingKeyNotMounted: StatusUnavailable,
	Busy:                 StatusUnavailable,
	Undecided:            StatusUnavailable,
}

// Refusal is why a key is not handed out, now or ever.
type Refusal struct {
	Reason Reason `json:"reason"`
	// Message tells what to do. It holds neither key nor token.
	Message string `json:"message"`
}

// NewRefusal refuses for one of the reasons of this package.
func NewRefusal(reason Reason, message string) *Refusal {
	return &Refusal{Reason: reason, Message: message}
}

func refuse(reason Reason, format string, args ...any) *Refusal {
	return NewRefusal(reason, fmt.Sprintf(format, args...))
}

// Status is that of the HTTP answer.
func (r Refusal) Status() int { return statuses[r.Reason] }

// ForGood reports whether asking again would change nothing.
func (r Refusal) ForGood() bool { return r.Status() == StatusRefused }

// String is the reason and the message.
func (r Refusal) String() string { return string(r.Reason) + ": " + r.Message }
