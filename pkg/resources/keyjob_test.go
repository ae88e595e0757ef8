// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/seal"
)

// keyJobInput seals the key of a scenario to recipients that are the same every time: one hybrid, one of X25519.
func keyJobInput(t *testing.T, in resources.Input) resources.KeyJobInput {
	t.Helper()
	file, err := os.Open("../seal/testdata/v1.recovery.key")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	openers, err := seal.ParseOpeners(file)
	if err != nil {
		t.Fatal(err)
	}
	out := resources.KeyJobInput{
		PeerNode: in.PeerNode, Epoch: 1, KeyType: in.PeerNode.Spec.Identity.Type,
		Image: companionImage, HostUsers: in.Options.HostUsers,
	}
	for _, o := range openers {
		out.Recipients = append(out.Recipients, o.Recipient())
	}
	return out
}

// keyJob is the Job as the API server would read it.
func keyJob(t *testing.T, in resources.KeyJobInput) batchv1.Job {
	t.Helper()
	var job batchv1.Job
	convert(t, resources.KeyJob(in), &job)
	return job
}

func keyJobOf(t *testing.T, scenario string, change ...func(*resources.KeyJobInput)) batchv1.Job {
	t.Helper()
	in := keyJobInput(t, scenarios[scenario].input(t, scenario))
	for _, c := range change {
		c(&in)
	}
	return keyJob(t, in)
}

// to seals to so many hybrid recipients.
func to(t *testing.T, n int) func(*resources.KeyJobInput) {
	t.Helper()
	return func(in *resources.KeyJobInput) {
		in.Recipients = nil
		for range n {
			o, err := seal.NewOpener()
			if err != nil {
				t.Fatal(err)
			}
			in.Recipients = append(in.Recipients, o.Recipient())
		}
	}
}

func TestTheJobOfAKeyHasAContainerForEachPart(t *testing.T) {
	for n, want := range map[int]struct{ before, beside []string }{
		1: {nil, []string{"keygen"}},
		2: {[]string{"keygen"}, []string{"part-2"}},
		5: {[]string{"keygen"}, []string{"part-2", "part-3"}},
	} {
		pod := keyJobOf(t, "p2p-agent-minimal", to(t, n)).Spec.Template.Spec
		if diff := cmp.Diff([][]string{want.before, want.beside}, [][]string{namesOf(pod.InitContainers), namesOf(pod.Containers)}); diff != "" {
			t.Errorf("%d recipients (-want +got):\n%s", n, diff)
		}
		if parts := len(want.before) + len(want.beside); (parts > 1) != (len(pod.Volumes) == 1) {
			t.Errorf("%d recipients: the pod has the volumes %v", n, pod.Volumes)
		}
		for _, v := range pod.Volumes {
			if v.EmptyDir == nil || v.EmptyDir.Medium != corev1.StorageMediumMemory || v.EmptyDir.SizeLimit == nil {
				t.Errorf("volume %s is not a little memory", v.Name)
			}
		}
	}
}

func namesOf(containers []corev1.Container) []string {
	var out []string
	for _, c := range containers {
		out = append(out, c.Name)
	}
	return out
}

func TestTheContainerThatMakesTheKeyIsToldAllOfIt(t *testing.T) {
	in := keyJobInput(t, scenarios["p2p-agent-full"].input(t, "p2p-agent-full"))
	in.Epoch, in.KeyType = 7, v1alpha1.IdentitySecp256k1
	job := keyJob(t, in)
	want := []string{
		"keygen", "--namespace=" + in.PeerNode.Namespace, "--peernode=" + in.PeerNode.Name, "--epoch=7", "--type=Secp256k1",
		"--termination-log=/dev/termination-log", "--parts=2", "--hand-over-dir=/run/peernode/hand-over",
		"--recipient=" + in.Recipients[0].String(), "--recipient=" + in.Recipients[1].String(),
	}
	if diff := cmp.Diff(want, job.Spec.Template.Spec.InitContainers[0].Args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if job.Name != names.Key(in.PeerNode, 7) {
		t.Errorf("the Job is named %s", job.Name)
	}
}

// The Job has the name of the Secret, and puts it into a label.
func TestTheNameOfTheJobOfAFirstKeyFitsIntoItsLabel(t *testing.T) {
	job := keyJobOf(t, "p2p-agent-minimal", func(in *resources.KeyJobInput) { in.PeerNode.Name = strings.Repeat("a", 52) })
	if errs := validation.IsValidLabelValue(job.Name); len(errs) > 0 {
		t.Errorf("%s: %v", job.Name, errs)
	}
}

func TestThePodThatMakesAKeyIsRestrictedAndCannotCallTheAPIServer(t *testing.T) {
	for _, scenario := range []string{"p2p-agent-minimal", "p2p-agent-full", "of-a-fleet"} {
		s := keyJobOf(t, scenario).Spec.Template.Spec
		if c := s.SecurityContext; c == nil || !isTrue(c.RunAsNonRoot) || *c.RunAsUser != 65532 || c.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Errorf("%s: the pod has the security context %v", scenario, c)
		}
		if want := scenarios[scenario].options.HostUsers; s.HostUsers == nil || *s.HostUsers != want {
			t.Errorf("%s: hostUsers is %v, want %v", scenario, s.HostUsers, want)
		}
		if !isFalse(s.AutomountServiceAccountToken) || !isFalse(s.EnableServiceLinks) || s.RestartPolicy != corev1.RestartPolicyNever {
			t.Errorf("%s: token %v, service links %v, restarts %s", scenario, s.AutomountServiceAccountToken, s.EnableServiceLinks, s.RestartPolicy)
		}
		for _, container := range slices.Concat(s.InitContainers, s.Containers) {
			c := container.SecurityContext
			if !isFalse(c.AllowPrivilegeEscalation) || !isTrue(c.ReadOnlyRootFilesystem) || len(c.Capabilities.Drop) != 1 || len(c.Capabilities.Add) > 0 {
				t.Errorf("%s: container %s has the security context %v", scenario, container.Name, c)
			}
			if len(container.Env) > 0 || len(container.EnvFrom) > 0 || container.TerminationMessagePolicy != corev1.TerminationMessageReadFile {
				t.Errorf("%s: container %s has an environment, or ends with its log", scenario, container.Name)
			}
		}
	}
}

// A pod of the Job that was taken for the peer's would be counted, served and protected as one.
func TestThePodThatMakesAKeyIsTakenForNoOther(t *testing.T) {
	job := keyJobOf(t, "of-a-fleet")
	peer := scenarios["of-a-fleet"].input(t, "of-a-fleet").PeerNode
	for _, l := range []map[string]string{job.Labels, job.Spec.Template.Labels} {
		if l[v1alpha1.LabelPeerNode] != peer.Name || l[v1alpha1.LabelComponent] != "keygen" {
			t.Errorf("the labels are %v", l)
		}
		if labels.SelectorFromSet(names.FleetSelector(peer.Spec.Fleet.Name)).Matches(labels.Set(l)) {
			t.Errorf("the labels %v are those of the fleet", l)
		}
	}
}

func TestImagePullSecretsOfThePeerNodeServeForTheKeyToo(t *testing.T) {
	in := keyJobInput(t, scenarios["p2p-agent-minimal"].input(t, "p2p-agent-minimal"))
	in.PeerNode.Spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: "registry"}}
	if diff := cmp.Diff(in.PeerNode.Spec.ImagePullSecrets, keyJob(t, in).Spec.Template.Spec.ImagePullSecrets); diff != "" {
		t.Errorf("image pull secrets (-want +got):\n%s", diff)
	}
}

// podOfTwo is a pod of a Job in two parts, and how keygen and part-2 have ended.
func podOfTwo(keygen, part *corev1.ContainerStateTerminated) *corev1.Pod {
	beside := &corev1.ContainerStateTerminated{ExitCode: 3, Message: "not ours"}
	state := func(name string, end *corev1.ContainerStateTerminated) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Terminated: end}}
	}
	return &corev1.Pod{Status: corev1.PodStatus{
		InitContainerStatuses: []corev1.ContainerStatus{state("mesh-init", beside), state("keygen", keygen)},
		ContainerStatuses:     []corev1.ContainerStatus{state("part-2", part), state("mesh", beside)},
	}}
}

func well(message string) *corev1.ContainerStateTerminated {
	return &corev1.ContainerStateTerminated{Message: message, Reason: "Completed"}
}

func badly(message string) *corev1.ContainerStateTerminated {
	return &corev1.ContainerStateTerminated{Message: message, Reason: "Error", ExitCode: 1}
}

func TestMessagesAreReadWhenAllAreThere(t *testing.T) {
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		want []string
	}{
		"All have ended well.":          {podOfTwo(well("one"), well("two")), []string{"one", "two"}},
		"The first has ended.":          {podOfTwo(well("one"), nil), nil},
		"The second has ended somehow.": {podOfTwo(nil, well("two")), nil},
		"None has ended.":               {podOfTwo(nil, nil), nil},
		"The first has ended badly.":    {podOfTwo(badly("error: x"), nil), nil},
		"The second has ended badly.":   {podOfTwo(well("one"), badly("error: x")), nil},
		"The pod has no status yet.":    {&corev1.Pod{}, nil},
	} {
		got, ok := resources.KeyJobMessages(c.pod)
		if diff := cmp.Diff(c.want, got); diff != "" || ok != (c.want != nil) {
			t.Errorf("%s ok: %v (-want +got):\n%s", name, ok, diff)
		}
	}
}

func TestAFailureIsToldInTheWordsOfWhoFailed(t *testing.T) {
	with := func(pod *corev1.Pod, phase corev1.PodPhase, reason, message string) *corev1.Pod {
		pod.Status.Phase, pod.Status.Reason, pod.Status.Message = phase, reason, message
		return pod
	}
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		want string
	}{
		"No key was made.":       {with(podOfTwo(badly("error: make the key: no entropy\n"), nil), corev1.PodFailed, "", ""), "make the key: no entropy"},
		"A part was lost.":       {with(podOfTwo(well("one"), badly("error: no part")), corev1.PodFailed, "", ""), "no part"},
		"One died in silence.":   {with(podOfTwo(&corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}, nil), corev1.PodFailed, "", ""), "container keygen ended with exit code 137, OOMKilled"},
		"The pod was evicted.":   {with(podOfTwo(nil, nil), corev1.PodFailed, "Evicted", "The node was low on memory."), "The node was low on memory."},
		"The kubelet was brief.": {with(podOfTwo(nil, nil), corev1.PodFailed, "NodeLost", ""), "NodeLost"},
		"Nobody says anything.":  {with(podOfTwo(nil, nil), corev1.PodFailed, "", ""), "the pod failed and does not say why"},
		"It still runs.":         {with(podOfTwo(well("one"), nil), corev1.PodRunning, "", ""), ""},
		"It waits.":              {with(podOfTwo(nil, nil), corev1.PodPending, "", ""), ""},
		"It has made a key.":     {with(podOfTwo(well("one"), well("two")), corev1.PodSucceeded, "", ""), ""},
	} {
		if got, ok := resources.KeyJobFailure(c.pod); got != c.want || ok != (c.want != "") {
			t.Errorf("%s got %q, %v, want %q", name, got, ok, c.want)
		}
	}
}
