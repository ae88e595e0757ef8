// SPDX-License-Identifier: Apache-2.0

package intent_test

import (
	"encoding/json"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	applyappsv1 "k8s.io/client-go/applyconfigurations/apps/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	applyv1alpha1 "github.com/peernode/operator/api/v1alpha1/applyconfiguration/api/v1alpha1"
	"github.com/peernode/operator/pkg/intent"
)

// wanted is an intent with lists that merge by key, a list that does not, numbers, booleans and quantities.
func wanted() *applyappsv1.StatefulSetApplyConfiguration {
	return applyappsv1.StatefulSet("alpha", "peers").
		WithLabels(map[string]string{"app": "peer"}).
		WithOwnerReferences(applymetav1.OwnerReference().WithUID("uid-1").WithName("alpha").WithController(true)).
		WithSpec(applyappsv1.StatefulSetSpec().
			WithReplicas(0).
			WithTemplate(applycorev1.PodTemplateSpec().WithSpec(applycorev1.PodSpec().
				WithAutomountServiceAccountToken(false).
				WithVolumes(applycorev1.Volume().WithName("tmp").WithEmptyDir(applycorev1.EmptyDirVolumeSource())).
				WithContainers(applycorev1.Container().
					WithName("peer").
					WithArgs("start", "--verbose").
					WithEnv(applycorev1.EnvVar().WithName("A").WithValue("1")).
					WithVolumeMounts(
						applycorev1.VolumeMount().WithName("files").WithMountPath("/etc/a").WithSubPath("a"),
						applycorev1.VolumeMount().WithName("files").WithMountPath("/etc/b").WithSubPath("b")).
					WithResources(applycorev1.ResourceRequirements().WithRequests(corev1.ResourceList{
						"cpu": resource.MustParse("0.5"), "memory": resource.MustParse("1024Mi"),
					}))))))
}

// live is what an API server makes of an intent: the same, with defaults filled in.
func live(t *testing.T, want intent.Intent) *appsv1.StatefulSet {
	t.Helper()
	raw, err := json.Marshal(want.Object)
	if err != nil {
		t.Fatal(err)
	}
	set := &appsv1.StatefulSet{}
	if err := json.Unmarshal(raw, set); err != nil {
		t.Fatal(err)
	}
	set.TypeMeta = metav1.TypeMeta{} // As a typed client hands it out.
	set.UID, set.ResourceVersion, set.Generation = "uid-2", "7", 1
	set.Spec.PodManagementPolicy = appsv1.OrderedReadyPodManagement
	pod := &set.Spec.Template.Spec
	pod.RestartPolicy, pod.DNSPolicy = corev1.RestartPolicyAlways, corev1.DNSClusterFirst
	pod.Containers[0].ImagePullPolicy = corev1.PullIfNotPresent
	return set
}

func TestCompare(t *testing.T) {
	const peer = "spec.template.spec.containers[peer]"
	for name, c := range map[string]struct {
		change func(*appsv1.StatefulSet)
		want   intent.Difference
	}{
		"What the server filled in does not count.": {},
		"Labels and annotations of others do not count.": {
			change: func(s *appsv1.StatefulSet) { s.Labels["theirs"] = "1"; s.Annotations["theirs"] = "1" },
		},
		"An owner of somebody else's does not count.": {
			change: func(s *appsv1.StatefulSet) {
				s.OwnerReferences = append([]metav1.OwnerReference{{UID: "uid-9", Name: "alpha"}}, s.OwnerReferences...)
			},
		},
		"Elements that others added to a list that merges by key do not count.": {
			change: func(s *appsv1.StatefulSet) {
				pod := &s.Spec.Template.Spec
				pod.Containers = append([]corev1.Container{{Name: "injected"}}, pod.Containers...)
				pod.Containers[1].Env = append([]corev1.EnvVar{{Name: "PROXY"}}, pod.Containers[1].Env...)
				pod.Containers[1].VolumeMounts = append([]corev1.VolumeMount{{Name: "files", MountPath: "/etc/0"}}, pod.Containers[1].VolumeMounts...)
			},
		},
		"A quantity written in another way is the same.": {
			change: func(s *appsv1.StatefulSet) {
				s.Spec.Template.Spec.Containers[0].Resources.Requests = corev1.ResourceList{"cpu": resource.MustParse("500m"), "memory": resource.MustParse("1Gi")}
			},
		},
		"Another quantity is drift.": {
			change: func(s *appsv1.StatefulSet) {
				s.Spec.Template.Spec.Containers[0].Resources.Requests["cpu"] = resource.MustParse("501m")
			},
			want: intent.Difference{Path: peer + ".resources.requests.cpu", Drift: true},
		},
		"Another number is drift.": {
			change: func(s *appsv1.StatefulSet) { s.Spec.Replicas = new(int32(1)) },
			want:   intent.Difference{Path: "spec.replicas", Drift: true},
		},
		"A zero that was removed is drift.": {
			change: func(s *appsv1.StatefulSet) { s.Spec.Replicas = nil },
			want:   intent.Difference{Path: "spec.replicas", Drift: true},
		},
		"A safeguard that was removed is drift, though false looks like nothing.": {
			change: func(s *appsv1.StatefulSet) { s.Spec.Template.Spec.AutomountServiceAccountToken = nil },
			want:   intent.Difference{Path: "spec.template.spec.automountServiceAccountToken", Drift: true},
		},
		"A label that was changed is drift.": {
			change: func(s *appsv1.StatefulSet) { s.Labels["app"] = "other" },
			want:   intent.Difference{Path: "metadata.labels.app", Drift: true},
		},
		"An owner that was removed is drift.": {
			change: func(s *appsv1.StatefulSet) { s.OwnerReferences = nil },
			want:   intent.Difference{Path: "metadata.ownerReferences[uid-1]", Drift: true},
		},
		"A container that was renamed is drift.": {
			change: func(s *appsv1.StatefulSet) { s.Spec.Template.Spec.Containers[0].Name = "mine" },
			want:   intent.Difference{Path: peer, Drift: true},
		},
		"A mount that was moved is drift, found by its path.": {
			change: func(s *appsv1.StatefulSet) { s.Spec.Template.Spec.Containers[0].VolumeMounts[1].SubPath = "c" },
			want:   intent.Difference{Path: peer + ".volumeMounts[/etc/b].subPath", Drift: true},
		},
		"A word in a list that belongs to one owner is drift.": {
			change: func(s *appsv1.StatefulSet) { s.Spec.Template.Spec.Containers[0].Args[1] = "--quiet" },
			want:   intent.Difference{Path: peer + ".args[1]", Drift: true},
		},
		"A word more in such a list is drift.": {
			change: func(s *appsv1.StatefulSet) {
				s.Spec.Template.Spec.Containers[0].Args = append(s.Spec.Template.Spec.Containers[0].Args, "--more")
			},
			want: intent.Difference{Path: peer + ".args", Drift: true},
		},
		"A list that was emptied is drift.": {
			change: func(s *appsv1.StatefulSet) { s.Spec.Template.Spec.Containers[0].Args = nil },
			want:   intent.Difference{Path: peer + ".args", Drift: true},
		},
		"A source of a volume that was replaced is drift of the volume.": {
			change: func(s *appsv1.StatefulSet) { s.Spec.Template.Spec.Volumes = nil },
			want:   intent.Difference{Path: "spec.template.spec.volumes[tmp]", Drift: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := from(t, wanted())
			set := live(t, want)
			if c.change != nil {
				c.change(set)
			}
			expect(t, want, set, c.want)
		})
	}
}

// Typed objects write quantities in one way; what was read without a type keeps its author's.
func TestQuantitiesAreComparedByWhatTheyMean(t *testing.T) {
	want := from(t, applycorev1.PersistentVolumeClaim("alpha-data", "peers").WithSpec(applycorev1.PersistentVolumeClaimSpec().
		WithResources(applycorev1.VolumeResourceRequirements().WithRequests(corev1.ResourceList{"storage": resource.MustParse("1Gi")}))))
	path := []string{"spec", "resources", "requests", "storage"}
	for written, difference := range map[string]intent.Difference{
		"1Gi":        {},
		"1024Mi":     {},
		"1073741824": {},
		"1G":         {Path: "spec.resources.requests.storage", Drift: true},
		"large":      {Path: "spec.resources.requests.storage", Drift: true},
	} {
		live := want.Object.DeepCopy()
		if err := unstructured.SetNestedField(live.Object, written, path...); err != nil {
			t.Fatal(err)
		}
		expect(t, want, live, difference)
	}
}

// A hash such as 83552e8856267725 can be read as a number of nine billion digits, and so can what users write.
func TestTextIsNotTakenForAQuantity(t *testing.T) {
	claim := func(annotations map[string]string) *applycorev1.PersistentVolumeClaimApplyConfiguration {
		return applycorev1.PersistentVolumeClaim("alpha-data", "peers").WithAnnotations(annotations)
	}
	want := from(t, claim(map[string]string{"theirs": "1"}))
	for _, written := range []string{"1e99999999", "1000m", "1e0"} {
		live := want.Object.DeepCopy()
		if err := unstructured.SetNestedField(live.Object, written, "metadata", "annotations", "theirs"); err != nil {
			t.Fatal(err)
		}
		expect(t, want, live, intent.Difference{Path: "metadata.annotations.theirs", Drift: true})
	}
	live := want.Object.DeepCopy()
	if err := unstructured.SetNestedField(live.Object, "83552e8856267725", "metadata", "annotations", "peernode.dev/intent"); err != nil {
		t.Fatal(err)
	}
	expect(t, want, live, intent.Difference{Path: "metadata.annotations.peernode.dev/intent"})
}

// The live object still has everything that is wanted, so only the hash tells that less is wanted than before.
func TestAFieldThatTheIntentDroppedIsSeenByTheHash(t *testing.T) {
	before := wanted()
	before.Spec.Template.Spec.WithHostname("old")
	set := live(t, from(t, before))
	expect(t, from(t, wanted()), set, intent.Difference{Path: "metadata.annotations.peernode.dev/intent"})
}

// What was changed on purpose is no drift, wherever it is.
func TestAnIntentThatMovedOnIsNoDrift(t *testing.T) {
	set := live(t, from(t, wanted()))
	after := wanted()
	after.Spec.WithReplicas(1)
	expect(t, from(t, after), set, intent.Difference{Path: "metadata.annotations.peernode.dev/intent"})
	labelled := wanted().WithLabels(map[string]string{"app": "renamed"})
	expect(t, from(t, labelled), set, intent.Difference{Path: "metadata.annotations.peernode.dev/intent"})
}

func TestAnObjectThatWasNeverAppliedIsNoDrift(t *testing.T) {
	want := from(t, wanted())
	set := live(t, want)
	set.Annotations = nil
	expect(t, want, set, intent.Difference{Path: "metadata.annotations.peernode.dev/intent"})
}

func TestListsOfObjectsWithoutAKeyBelongToOneOwner(t *testing.T) {
	spread := func(skew int32) *applycorev1.TopologySpreadConstraintApplyConfiguration {
		return applycorev1.TopologySpreadConstraint().WithMaxSkew(skew)
	}
	build := func(skews ...int32) intent.Intent {
		pod := applycorev1.Pod("alpha", "peers").WithSpec(applycorev1.PodSpec())
		for _, skew := range skews {
			pod.Spec.WithTopologySpreadConstraints(spread(skew))
		}
		return from(t, pod)
	}
	have := func(want intent.Intent, skews ...int32) *corev1.Pod {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "alpha", Namespace: "peers", Annotations: want.Object.GetAnnotations()}}
		for _, skew := range skews {
			pod.Spec.TopologySpreadConstraints = append(pod.Spec.TopologySpreadConstraints, corev1.TopologySpreadConstraint{MaxSkew: skew})
		}
		return pod
	}
	want := build(1, 2)
	expect(t, want, have(want, 1, 2), intent.Difference{})
	expect(t, want, have(want, 1, 3), intent.Difference{Path: "spec.topologySpreadConstraints[1].maxSkew", Drift: true})
	expect(t, want, have(want, 1), intent.Difference{Path: "spec.topologySpreadConstraints", Drift: true})
}

// References by two names are elements of their own, each told apart from one of the same name elsewhere. The server
// fills an open namespace with "", which a typed object leaves out again.
func TestReferencesAreFoundByBothNames(t *testing.T) {
	type refs = []v1alpha1.PeerReference
	here, there, yonder := v1alpha1.PeerReference{Name: "beta"}, v1alpha1.PeerReference{Name: "beta", Namespace: "there"}, v1alpha1.PeerReference{Name: "beta", Namespace: "yonder"}
	const path = "spec.network.peers"
	for name, c := range map[string]struct {
		wanted, live refs
		want         intent.Difference
	}{
		"The same.":                                   {refs{here, there}, refs{here, there}, intent.Difference{}},
		"The same in another order.":                  {refs{here, there, yonder}, refs{yonder, here, there}, intent.Difference{}},
		"One that somebody added.":                    {refs{there}, refs{here, there, yonder}, intent.Difference{}},
		"One that is gone, beside one of its name.":   {refs{here, there}, refs{here}, intent.Difference{Path: path + "[there/beta]", Drift: true}},
		"One that is gone, beside one elsewhere.":     {refs{here, there}, refs{there}, intent.Difference{Path: path + "[beta]", Drift: true}},
		"One in another namespace in place of one.":   {refs{there}, refs{yonder}, intent.Difference{Path: path + "[there/beta]", Drift: true}},
		"One in a namespace in place of one without.": {refs{here}, refs{there}, intent.Difference{Path: path + "[beta]", Drift: true}},
		"One without a namespace in place of one in.": {refs{there}, refs{here}, intent.Difference{Path: path + "[there/beta]", Drift: true}},
	} {
		spec := applyv1alpha1.PeerNodeSpec().WithNetwork(applyv1alpha1.PeerNetwork())
		for _, ref := range c.wanted {
			element := applyv1alpha1.PeerReference().WithName(ref.Name)
			if ref.Namespace != "" {
				element.WithNamespace(ref.Namespace)
			}
			spec.Network.WithPeers(element)
		}
		want := from(t, applyv1alpha1.PeerNode("alpha", "peers").WithSpec(spec))
		p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Name: "alpha", Namespace: "peers", Annotations: want.Object.GetAnnotations()}}
		p.Spec.Network.Peers = c.live
		t.Run(name, func(t *testing.T) { expect(t, want, p, c.want) })
	}
}

// A list of files is merged by path: one that somebody added is theirs.
func TestFilesAreFoundByPath(t *testing.T) {
	file := func(path, content string) v1alpha1.CustomFile {
		return v1alpha1.CustomFile{Path: v1alpha1.AbsolutePath(path), Content: content}
	}
	software := applyv1alpha1.CustomSoftware().WithFiles(applyv1alpha1.CustomFile().WithPath("/etc/peer/a").WithContent("a"))
	want := from(t, applyv1alpha1.PeerNode("alpha", "peers").WithSpec(applyv1alpha1.PeerNodeSpec().
		WithSoftware(applyv1alpha1.PeerSoftware().WithCustom(software))))
	for name, c := range map[string]struct {
		live []v1alpha1.CustomFile
		want intent.Difference
	}{
		"One that somebody added before it.": {[]v1alpha1.CustomFile{file("/etc/peer/0", "0"), file("/etc/peer/a", "a")}, intent.Difference{}},
		"One that somebody changed.": {
			[]v1alpha1.CustomFile{file("/etc/peer/a", "b")}, intent.Difference{Path: "spec.software.custom.files[/etc/peer/a].content", Drift: true},
		},
		"One that somebody took away.": {nil, intent.Difference{Path: "spec.software.custom.files[/etc/peer/a]", Drift: true}},
	} {
		p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Name: "alpha", Namespace: "peers", Annotations: want.Object.GetAnnotations()}}
		p.Spec.Software.Custom = &v1alpha1.CustomSoftware{Files: c.live}
		t.Run(name, func(t *testing.T) { expect(t, want, p, c.want) })
	}
}

// What is read without a type still has the "" that the server filled in.
func TestAnOpenNamespaceIsTheSameAsNone(t *testing.T) {
	want := from(t, applyv1alpha1.PeerNode("alpha", "peers").WithSpec(applyv1alpha1.PeerNodeSpec().
		WithNetwork(applyv1alpha1.PeerNetwork().WithPeers(applyv1alpha1.PeerReference().WithName("beta")))))
	live := want.Object.DeepCopy()
	peers := []any{map[string]any{"name": "beta", "namespace": ""}}
	if err := unstructured.SetNestedSlice(live.Object, peers, "spec", "network", "peers"); err != nil {
		t.Fatal(err)
	}
	expect(t, want, live, intent.Difference{})
}

func expect(t *testing.T, want intent.Intent, live runtime.Object, difference intent.Difference) {
	t.Helper()
	got, err := intent.Compare(want, live)
	if err != nil {
		t.Fatal(err)
	}
	if got != difference {
		t.Errorf("Compare = %+v, want %+v", got, difference)
	}
}
