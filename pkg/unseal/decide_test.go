// SPDX-License-Identifier: Apache-2.0

package unseal_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/unseal"
)

func identityOf(epoch int64, peerID string) *v1alpha1.PeerIdentityStatus {
	return &v1alpha1.PeerIdentityStatus{Epoch: epoch, PeerID: peerID}
}

func unsealIs(state corev1.ContainerState) []corev1.ContainerStatus {
	return []corev1.ContainerStatus{{Name: "identity", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}, {Name: "unseal", State: state}}
}

func TestAPeerThatStartsGetsItsKey(t *testing.T) {
	for name, as := range map[string]func(*world){
		"as usual": func(*world) {},
		"whose key is recorded": func(w *world) {
			w.PeerNode.Status.Identity = identityOf(1, "12D3KooWalpha")
		},
		"with its second key": func(w *world) {
			w.PeerNode.Status.Identity, w.Header.Binding.Epoch = identityOf(2, ""), 2
		},
		"whose first key is recorded without a number": func(w *world) { w.PeerNode.Status.Identity = identityOf(0, "12D3KooWalpha") },
		"from its other address":                       func(w *world) { w.Source = netip.MustParseAddr("fd00::7") },
		"from an IPv4 address seen by IPv6":            func(w *world) { w.Source = netip.MustParseAddr("::ffff:10.0.0.7") },
		"from anywhere, where that is not looked at": func(w *world) {
			w.Source, w.Pod.Status.PodIPs = netip.Addr{}, nil
		},
		"whose reservation was deleted while it was there": func(w *world) { w.Reservation.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} },
		"again after its node restarted": func(w *world) {
			w.Pod.Status.Phase = corev1.PodRunning
			w.Pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodInitialized, Status: corev1.ConditionTrue}}
		},
		"with a name that looks like one of another's pod": func(w *world) {
			w.Reservation.Spec.Holder.Name = "relay-0"
			w.PeerNode.Name, w.StatefulSet.Name, w.Pod.Name, w.Header.Binding.PeerNode = "relay-0", "relay-0", "relay-0-0", "relay-0"
			w.StatefulSet.OwnerReferences[1].Name, w.Pod.OwnerReferences[1].Name = "relay-0", "relay-0"
			w.review.User.Extra["authentication.kubernetes.io/pod-name"] = []string{"relay-0-0"}
		},
		"with resources that a LimitRange filled in": func(w *world) {
			w.Pod.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: {}}
		},
	} {
		w := newWorld()
		as(w)
		if refusal := w.asks(); refusal != nil {
			t.Errorf("A peer that starts %s is refused: %s", name, refusal)
		}
	}
}

func TestExactlyOneThingWrongIsEnough(t *testing.T) {
	for name, c := range map[string]struct {
		wrong  func(*world)
		reason unseal.Reason
		says   string
	}{
		"A token that the API server does not know.": {func(w *world) { w.review.Authenticated = false }, unseal.TokenInvalid, "has expired, is damaged"},
		"A token for another audience, as the API server says it.": {func(w *world) {
			w.review.Authenticated, w.review.Error = false, `token audiences ["vault"] is invalid for the target audiences ["unsealer.peernode.dev"]`
		}, unseal.WrongAudience, "must be unsealer.peernode.dev"},
		"A token for another audience, as others say it.": {func(w *world) { w.review.Audiences = []string{"vault"} }, unseal.WrongAudience, "must be unsealer.peernode.dev"},
		"A token for any audience.":                       {func(w *world) { w.review.Audiences = nil }, unseal.WrongAudience, "must be unsealer.peernode.dev"},
		"A person.":                                       {func(w *world) { w.review.User.Username = "admin" }, unseal.NotAServiceAccount, `that of "admin"`},
		"A person who is named like a ServiceAccount.":    {func(w *world) { w.review.User.Username = "peers:alpha" }, unseal.NotAServiceAccount, "peers:alpha"},
		"A token that is bound to nothing.":               {func(w *world) { w.review.User.Extra = nil }, unseal.TokenNotBound, "take the one that the kubelet projects"},
		"A token that is bound to half a pod.":            {func(w *world) { delete(w.review.User.Extra, "authentication.kubernetes.io/pod-uid") }, unseal.TokenNotBound, "not bound to a pod"},

		"A pod that is gone.":              {func(w *world) { w.Pod = nil }, unseal.PodGone, "there is no pod peers/alpha-0 any more"},
		"A pod that has a successor.":      {func(w *world) { w.Pod.UID = "uid-of-successor" }, unseal.PodGone, "is another one by now"},
		"A pod that is being deleted.":     {func(w *world) { w.Pod.DeletionTimestamp = &metav1.Time{Time: time.Unix(0, 0)} }, unseal.PodDeleting, "is being deleted"},
		"A pod that has ended.":            {func(w *world) { w.Pod.Status.Phase = corev1.PodFailed }, unseal.PodDeleting, "has ended"},
		"A pod of another ServiceAccount.": {func(w *world) { w.Pod.Spec.ServiceAccountName = "beta" }, unseal.WrongServiceAccount, "runs under the ServiceAccount beta"},
		"A pod of another name.": {func(w *world) {
			w.Pod.Name = "alpha-1"
			w.review.User.Extra["authentication.kubernetes.io/pod-name"] = []string{"alpha-1"}
		}, unseal.NotAPeersPod, "no PeerNode has a pod of the name alpha-1"},
		"A second pod of the peer's StatefulSet.": {func(w *world) { w.Pod.Name = "alpha-1" }, unseal.NotAPeersPod, "is alpha-0, not alpha-1"},

		"A peer without a StatefulSet.":                   {func(w *world) { w.StatefulSet = nil }, unseal.NotOfStatefulSet, "delete the pod"},
		"A pod without a controller.":                     {func(w *world) { w.Pod.OwnerReferences = nil }, unseal.NotOfStatefulSet, "delete the pod"},
		"A pod of a StatefulSet of before.":               {func(w *world) { w.Pod.OwnerReferences[1].UID = "uid-of-old-set" }, unseal.NotOfStatefulSet, "not controlled by"},
		"A pod of another StatefulSet.":                   {func(w *world) { w.Pod.OwnerReferences[1].Name = "beta" }, unseal.NotOfStatefulSet, "not controlled by"},
		"A pod of a Job with the UID of the StatefulSet.": {func(w *world) { w.Pod.OwnerReferences[1].Kind = "Job" }, unseal.NotOfStatefulSet, "not controlled by"},
		"A pod that the StatefulSet owns, yet not runs.":  {func(w *world) { w.Pod.OwnerReferences[1].Controller = nil }, unseal.NotOfStatefulSet, "not controlled by"},
		"A StatefulSet without a PeerNode.":               {func(w *world) { w.PeerNode = nil }, unseal.NotOfPeerNode, "see the conditions"},
		"A StatefulSet that somebody made.":               {func(w *world) { w.StatefulSet.OwnerReferences = nil }, unseal.NotOfPeerNode, "not controlled by the PeerNode alpha"},
		"A StatefulSet of a PeerNode of before.":          {func(w *world) { w.StatefulSet.OwnerReferences[1].UID = "uid-of-old-peernode" }, unseal.NotOfPeerNode, "not controlled by"},
		"A StatefulSet of another namespace.":             {func(w *world) { w.StatefulSet.Namespace = "elsewhere" }, unseal.NotOfStatefulSet, "not controlled by"},
		"A peer that is to be stopped.":                   {func(w *world) { w.StatefulSet.Spec.Replicas = new(int32(0)) }, unseal.Stopped, "wants no pod"},
		"An envelope for another PeerNode.":               {func(w *world) { w.Header.Binding.PeerNode = "beta" }, unseal.WrongPeer, "the envelope is for peers/beta"},
		"An envelope for another namespace.":              {func(w *world) { w.Header.Binding.Namespace = "elsewhere" }, unseal.WrongPeer, "the envelope is for elsewhere/alpha"},
		"An envelope for another role.":                   {func(w *world) { w.Header.Binding.Role = "stake-controller" }, unseal.WrongPeer, "role stake-controller"},
		"A key of before.":                                {func(w *world) { w.PeerNode.Status.Identity = identityOf(2, "") }, unseal.EpochRevoked, "of epoch 1 is one of before"},
		"A key to come.":                                  {func(w *world) { w.Header.Binding.Epoch = 2 }, unseal.EpochNotInUse, "of epoch 2 is not in use yet"},
		"Another key than the recorded one.":              {func(w *world) { w.PeerNode.Status.Identity = identityOf(1, "12D3KooWother") }, unseal.WrongKey, "that of peers/alpha is 12D3KooWother"},
		"A key that nobody has reserved.":                 {func(w *world) { w.Reservation = nil }, unseal.NotReserved, "the identity 12D3KooWalpha is that of peers/alpha"},
		"A reservation of another key.":                   {func(w *world) { w.Reservation.Spec.PublicKey = "be7a" }, unseal.NotReserved, "see the conditions of the PeerNode"},
		"A key that is another PeerNode's.":               {func(w *world) { w.Reservation.Spec.Holder.Name = "beta" }, unseal.ReservedForAnother, "that of peers/beta"},
		"A key of a namesake in another namespace.":       {func(w *world) { w.Reservation.Spec.Holder.Namespace = "elsewhere" }, unseal.ReservedForAnother, "that of elsewhere/alpha"},
		"A reservation that was deleted before.": {func(w *world) {
			w.Reservation.DeletionTimestamp, w.PeerNode.CreationTimestamp = &metav1.Time{Time: time.Unix(1, 0)}, metav1.Unix(2, 0)
		}, unseal.NotReserved, "may be another's in a moment"},
		"A request from elsewhere.":            {func(w *world) { w.Source = netip.MustParseAddr("10.0.0.8") }, unseal.WrongAddress, "comes from 10.0.0.8"},
		"A pod whose address is not reported.": {func(w *world) { w.Pod.Status.PodIPs = nil }, unseal.AddressUnknown, "not reported yet"},
		"A pod that has not been reported.":    {func(w *world) { w.Pod.Status.InitContainerStatuses = nil }, unseal.NotUnsealing, "not reported as running"},
		"A pod whose init container waits.": {func(w *world) {
			w.Pod.Status.InitContainerStatuses = unsealIs(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}})
		}, unseal.NotUnsealing, "not reported as running"},
		"A token that is used again once the peer has it.": {func(w *world) {
			w.Pod.Status.InitContainerStatuses = unsealIs(corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}})
		}, unseal.NotUnsealing, "and not later"},
		"A pod whose init container failed.": {func(w *world) {
			w.Pod.Status.InitContainerStatuses = unsealIs(corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1}})
		}, unseal.NotUnsealing, "not reported as running"},
	} {
		w := newWorld()
		c.wrong(w)
		refusal := w.asks()
		if refusal == nil {
			t.Errorf("%s It gets the key", name)
			continue
		}
		if refusal.Reason != c.reason || !strings.Contains(refusal.Message, c.says) {
			t.Errorf("%s got %s, want %s and %q", name, refusal, c.reason, c.says)
		}
	}
}

func TestAPodThatRunsSomethingElseIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		wrong func(*corev1.PodSpec)
		says  string
	}{
		"A debugger.": {func(s *corev1.PodSpec) {
			s.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "debugger"}}}
		}, "ephemeral container debugger"},
		"Another init container's image.": {func(s *corev1.PodSpec) { s.InitContainers[1].Image = "evil:v1" }, "the image of init container identity"},
		"Another image.":                  {func(s *corev1.PodSpec) { s.Containers[0].Image = "evil:v1" }, "the image of container peer"},
		"Another command.":                {func(s *corev1.PodSpec) { s.Containers[0].Command = []string{"sh"} }, "the command of container peer"},
		"Other arguments.":                {func(s *corev1.PodSpec) { s.InitContainers[0].Args = []string{"unseal", "--to=/data"} }, "the arguments of init container unseal"},
		"A library from elsewhere.": {func(s *corev1.PodSpec) {
			s.Containers[0].Env = append(s.Containers[0].Env, corev1.EnvVar{Name: "LD_PRELOAD"})
		}, "the environment"},
		"A hook.": {func(s *corev1.PodSpec) {
			s.Containers[0].Lifecycle = &corev1.Lifecycle{PostStart: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"cat"}}}}
		}, "a hook"},
		"One container more.":      {func(s *corev1.PodSpec) { s.Containers = append(s.Containers, corev1.Container{Name: "proxy"}) }, "container proxy is not in the template"},
		"One init container more.": {func(s *corev1.PodSpec) { s.InitContainers = append(s.InitContainers, corev1.Container{Name: "proxy"}) }, "init container proxy is not in the template"},
		"One init container less.": {func(s *corev1.PodSpec) { s.InitContainers = s.InitContainers[:1] }, "init container identity is missing"},
		"Another order.": {func(s *corev1.PodSpec) {
			s.InitContainers[0], s.InitContainers[1] = s.InitContainers[1], s.InitContainers[0]
		}, "is at another place"},
		"A volume that is not in memory.": {func(s *corev1.PodSpec) {
			s.Volumes[0].EmptyDir, s.Volumes[0].HostPath = nil, &corev1.HostPathVolumeSource{Path: "/tmp"}
		}, "volumes"},
		"The processes of the node.":   {func(s *corev1.PodSpec) { s.HostPID = true }, "hostPID"},
		"The processes of each other.": {func(s *corev1.PodSpec) { s.ShareProcessNamespace = new(true) }, "shareProcessNamespace"},
		"The network of the node.":     {func(s *corev1.PodSpec) { s.HostNetwork = true }, "hostNetwork"},
		"The memory of the node.":      {func(s *corev1.PodSpec) { s.HostIPC = true }, "hostIPC"},
		"The users of the node.":       {func(s *corev1.PodSpec) { s.HostUsers = new(true) }, "hostUsers"},
		"Root.":                        {func(s *corev1.PodSpec) { s.SecurityContext.RunAsNonRoot = new(false) }, "securityContext"},
		"Another runtime.":             {func(s *corev1.PodSpec) { s.RuntimeClassName = new("evil") }, "runtimeClassName"},
		"A device of a container.":     {func(s *corev1.PodSpec) { s.Containers[0].Resources.Claims = []corev1.ResourceClaim{{Name: "evil"}} }, "a device"},
		"A device of the pod.":         {func(s *corev1.PodSpec) { s.ResourceClaims = []corev1.PodResourceClaim{{Name: "evil"}} }, "resourceClaims"},
		"A token of the API.":          {func(s *corev1.PodSpec) { s.AutomountServiceAccountToken = new(true) }, "automountServiceAccountToken"},
	} {
		w := newWorld()
		c.wrong(&w.Pod.Spec)
		refusal := w.asks()
		if refusal == nil || refusal.Reason != unseal.PodChanged || !strings.Contains(refusal.Message, c.says) {
			t.Errorf("%s got %v, want %s and %q", name, refusal, unseal.PodChanged, c.says)
		}
	}
	w := newWorld()
	w.StatefulSet.Spec.Template.Spec.ServiceAccountName = "beta"
	if refusal := w.asks(); refusal == nil || refusal.Reason != unseal.PodChanged {
		t.Errorf("A pod of another ServiceAccount than the template's got %v", refusal)
	}
}
