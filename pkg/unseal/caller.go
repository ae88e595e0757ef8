// SPDX-License-Identifier: Apache-2.0

package unseal

import (
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
)

// Caller is who asks, as the API server knows the token.
type Caller struct {
	// Namespace and ServiceAccount are whose token it is.
	Namespace, ServiceAccount string
	// Pod and PodUID are what the token is bound to.
	Pod, PodUID string
}

const (
	userPrefix  = "system:serviceaccount:"
	extraPod    = "authentication.kubernetes.io/pod-name"
	extraPodUID = "authentication.kubernetes.io/pod-uid"
)

// Identify reads what the API server said of a token that was reviewed for an audience.
func Identify(review authenticationv1.TokenReviewStatus, audience string) (Caller, *Refusal) {
	if !review.Authenticated {
		// The API server has no other way of saying this. It is refused in any case, only the word differs.
		if strings.Contains(review.Error, "audiences") {
			return Caller{}, wrongAudience(audience)
		}
		return Caller{}, refuse(TokenInvalid, "the API server does not accept the token: it has expired, is damaged, or its pod is gone; a new pod gets another one")
	}
	if !slices.Contains(review.Audiences, audience) {
		return Caller{}, wrongAudience(audience)
	}
	namespace, serviceAccount, ok := strings.Cut(strings.TrimPrefix(review.User.Username, userPrefix), ":")
	if !ok || !strings.HasPrefix(review.User.Username, userPrefix) {
		return Caller{}, refuse(NotAServiceAccount, "the token is that of %q: keys are for pods, whose tokens are those of ServiceAccounts", review.User.Username)
	}
	pod, uid := review.User.Extra[extraPod], review.User.Extra[extraPodUID]
	if len(pod) != 1 || len(uid) != 1 || pod[0] == "" || uid[0] == "" {
		return Caller{}, refuse(TokenNotBound, "the token is not bound to a pod; take the one that the kubelet projects into the pod")
	}
	return Caller{Namespace: namespace, ServiceAccount: serviceAccount, Pod: pod[0], PodUID: uid[0]}, nil
}

func wrongAudience(audience string) *Refusal {
	return refuse(WrongAudience, "the token is not for the unsealer: its audience must be %s", audience)
}

// PeerNode is the only one that may have a pod of the caller's name, false where none may.
func (c Caller) PeerNode() (string, bool) { return strings.CutSuffix(c.Pod, "-0") }
