// SPDX-License-Identifier: Apache-2.0

package edge

// Reason is why a request is refused: a label of metrics and a field of the access log. The empty one means it is not.
type Reason string

// Reasons, by what they are about.
const (
	// About what is asked.

	TargetForm      Reason = "TargetForm"
	TargetTooLong   Reason = "TargetTooLong"
	PathAmbiguous   Reason = "PathAmbiguous"
	QueryMalformed  Reason = "QueryMalformed"
	RouteForbidden  Reason = "RouteForbidden"
	RouteUnknown    Reason = "RouteUnknown"
	MethodRefused   Reason = "MethodRefused"
	MethodOverride  Reason = "MethodOverride"
	HeaderAmbiguous Reason = "HeaderAmbiguous"
	HeaderForbidden Reason = "HeaderForbidden"
	HostUnknown     Reason = "HostUnknown"
	UpgradeRefused  Reason = "UpgradeRefused"
	BodyUnexpected  Reason = "BodyUnexpected"
	BodyTooLarge    Reason = "BodyTooLarge"
	BodyTooSlow     Reason = "BodyTooSlow"

	// About who asks.

	RateLimited  Reason = "RateLimited"
	Banned       Reason = "Banned"
	ClientBusy   Reason = "ClientBusy"
	TokenMissing Reason = "TokenMissing"
	TokenInvalid Reason = "TokenInvalid"

	// About who answers.

	Busy            Reason = "Busy"
	KeysUnknown     Reason = "KeysUnknown"
	PeerUnreachable Reason = "PeerUnreachable"
	PeerTooSlow     Reason = "PeerTooSlow"
	// ClientGone is nobody's fault: the client did not wait for the answer.
	ClientGone Reason = "ClientGone"
)

// statuses are the HTTP statuses of refusals. What is not here is a bad request.
var statuses = map[Reason]int{
	TargetTooLong:   414,
	RouteForbidden:  404,
	RouteUnknown:    404,
	MethodRefused:   405,
	HostUnknown:     421,
	BodyTooLarge:    413,
	BodyTooSlow:     408,
	RateLimited:     429,
	Banned:          429,
	ClientBusy:      429,
	TokenMissing:    401,
	TokenInvalid:    401,
	Busy:            503,
	KeysUnknown:     503,
	PeerUnreachable: 502,
	PeerTooSlow:     504,
	ClientGone:      499,
}

// Reasons are all there are, for metrics that begin at zero.
func Reasons() []Reason {
	return []Reason{
		TargetForm, TargetTooLong, PathAmbiguous, QueryMalformed, RouteForbidden, RouteUnknown, MethodRefused, MethodOverride,
		HeaderAmbiguous, HeaderForbidden, HostUnknown, UpgradeRefused, BodyUnexpected, BodyTooLarge, BodyTooSlow,
		RateLimited, Banned, ClientBusy, TokenMissing, TokenInvalid, Busy, KeysUnknown, PeerUnreachable, PeerTooSlow, ClientGone,
	}
}

// Status is the HTTP status of the refusal.
func (r Reason) Status() int {
	if status, ok := statuses[r]; ok {
		return status
	}
	return 400
}

// Offence says whether the refusal counts towards a ban: all that is the client's doing. A client that left, or that is
// banned already, does not make it worse.
func (r Reason) Offence() bool {
	return r != "" && r != Banned && r != ClientGone && r.Status() < 500
}
