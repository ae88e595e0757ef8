// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/testenv"
)

// janitor is that of a namespace.
type janitor struct {
	*story
	user string
	// used are the rights that it used.
	used map[string]bool
}

// employ gives a namespace a janitor that does not work yet.
func (s *story) employ() *janitor {
	s.Helper()
	user, err := env.EmployJanitor(s.Context(), s.ns)
	s.must(err)
	return &janitor{story: s, user: user, used: map[string]bool{}}
}

// works starts the real program. It ends with the test.
func (j *janitor) works() {
	j.Helper()
	p := build(j.T, "cmd/peernode-janitor")
	kubeconfig, err := env.UserKubeconfig(j.user)
	j.must(err)
	said := &lockedBuffer{}
	probes := freeAddress(j.T)
	cmd := exec.Command(p.path, "--namespaces", j.ns, "--health-probe-bind-address", probes)
	cmd.Dir, cmd.Stderr, cmd.Env = p.dir, said, append(os.Environ(), "KUBECONFIG="+kubeconfig)
	j.must(cmd.Start())
	j.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil || j.Failed() {
			j.Errorf("the janitor ends with %v, and said:\n%s", err, said)
		}
	})
	j.eventually(func() error {
		response, err := http.Get("http://" + probes + "/readyz")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		return nil
	})
}

// keeping keeps so many keys, and lets the one of before go soon.
func keeping(n int32) func(*v1alpha1.PeerNode) {
	return rotating(func(r *v1alpha1.KeyRotation) { r.Overlap, r.KeepPrevious = "1s", &n })
}

// rotate changes the key of a peer until that of an epoch is in use, and all others are given up.
func (s *story) rotate(p *v1alpha1.PeerNode, epoch int64) {
	s.Helper()
	s.edit(p, annotate(v1alpha1.AnnotationRotateKey, fmt.Sprint("to ", epoch)))
	s.eventually(func() error {
		_ = env.ProveIdentity(s.Context(), s.ns, p.Name)
		if err := s.get(p.Name, p); err != nil {
			return err
		}
		for _, e := range p.Status.Identity.Epochs {
			if (e.Epoch == epoch) != (e.Stage == v1alpha1.KeyActive) || e.Stage != v1alpha1.KeyActive && e.Stage != v1alpha1.KeyRevoked {
				return fmt.Errorf("the keys are %v, and that of epoch %d is to be in use", stagesOf(p), epoch)
			}
		}
		return nil
	})
}

// keys waits until these epochs have a Secret and no others, and the record says so.
func (s *story) keys(p *v1alpha1.PeerNode, removedThrough int64, epochs ...int64) {
	s.Helper()
	var want []string
	for _, epoch := range epochs {
		want = append(want, fmt.Sprintf("%s-identity-%d", p.Name, epoch))
	}
	s.eventually(func() error {
		secrets := &corev1.SecretList{}
		if err := env.Admin.List(s.Context(), secrets, client.InNamespace(s.ns), client.MatchingLabels{v1alpha1.LabelPeerNode: p.Name}); err != nil {
			return err
		}
		var got []string
		for i := range secrets.Items {
			got = append(got, secrets.Items[i].Name)
		}
		if err := s.get(p.Name, p); err != nil {
			return err
		}
		if through := p.Status.Identity.RemovedThrough; !slices.Equal(got, want) || through != removedThrough {
			return fmt.Errorf("there are the Secrets %v, removed through %d; want %v, through %d", got, through, want, removedThrough)
		}
		return nil
	})
}

func TestTheJanitorRemovesRevokedKeysThatAreNotKept(t *testing.T) {
	s := tell(t)
	log := s.reads()
	j := s.employ()
	alpha := s.proven("alpha", keeping(1))
	beta := s.proven("beta", rotating(func(r *v1alpha1.KeyRotation) { r.Overlap = "1s" }))
	for epoch := range int64(3) {
		s.rotate(alpha, epoch+2)
	}
	s.rotate(beta, 2)
	s.keys(alpha, 0, 1, 2, 3, 4)
	j.works()
	s.keys(alpha, 2, 3, 4)
	s.keys(beta, 0, 1, 2)
	s.tellsOfRemoved("alpha-identity-1", "alpha-identity-2")
	s.serves(alpha)

	s.settle(quiet)
	j.writes(log)
	s.silent(quiet)
	if sent := j.writes(log); len(sent) > 0 {
		s.Errorf("the janitor has nothing to do, and sent %v", sent)
	}

	s.edit(alpha, func(p *v1alpha1.PeerNode) { p.Spec.Identity.Rotation.KeepPrevious = new(int32(0)) })
	s.keys(alpha, 3, 4)
	s.rotate(alpha, 5)
	s.keys(alpha, 4, 5)
	s.edit(alpha, func(p *v1alpha1.PeerNode) { p.Spec.Identity.Rotation.KeepPrevious = new(int32(1)) })
	s.serves(alpha) // So the operator has told a status since.
	if tellers := s.tellersOfRemoved(alpha); !slices.Equal(tellers, []string{"peernode-janitor, and others: false"}) {
		s.Errorf("what was removed is told by %q", tellers)
	}
	if n := s.identities("alpha"); n != 5 {
		s.Errorf("there are %d reservations, and keep others from 5 identities", n)
	}

	// What comes back begins anew, with the key that it had, and removes what it gives up itself.
	s.remove(alpha)
	alpha = s.proven("alpha", keeping(0))
	s.keys(alpha, 0, 5)
	s.rotate(alpha, 6)
	s.keys(alpha, 5, 6)
	j.everyGrantIsUsed(log)
}

// tellsOfRemoved waits for one event about each Secret.
func (s *story) tellsOfRemoved(secrets ...string) {
	s.Helper()
	s.eventually(func() error {
		list := &eventsv1.EventList{}
		if err := env.Admin.List(s.Context(), list, client.InNamespace(s.ns)); err != nil {
			return err
		}
		var about []string
		for i := range list.Items {
			if e := &list.Items[i]; e.Reason == v1alpha1.ReasonKeyRemoved && e.Regarding.Name == "alpha" && e.Related != nil {
				about = append(about, e.Related.Name)
			}
		}
		slices.Sort(about)
		if !slices.Equal(about, secrets) {
			return fmt.Errorf("there are events about %v, want %v", about, secrets)
		}
		return nil
	})
}

func (s *story) identities(name string) (n int) {
	s.Helper()
	list := &v1alpha1.PeerIdentityReservationList{}
	s.must(env.Admin.List(s.Context(), list))
	for i := range list.Items {
		if h := list.Items[i].Spec.Holder; h.Namespace == s.ns && h.Name == name {
			n++
		}
	}
	return n
}

// tellersOfRemoved are who applied the field of the janitor, and whether they applied others as well.
func (s *story) tellersOfRemoved(p *v1alpha1.PeerNode) []string {
	s.Helper()
	s.is(p.Name, p)
	var out []string
	for _, m := range p.ManagedFields {
		if fields := m.FieldsV1.GetRawString(); strings.Contains(fields, `"f:removedThrough"`) {
			out = append(out, fmt.Sprintf("%s, and others: %v", m.Manager, strings.Contains(fields, `"f:peerID"`)))
		}
	}
	return out
}

// Somebody else's Secret stays, whatever it is called.
func TestTheJanitorLeavesSecretsOfOthersAlone(t *testing.T) {
	s := tell(t)
	j := s.employ()
	alpha := s.proven("alpha", keeping(0))
	s.must(env.Admin.Create(s.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "alpha-identity-2"}}))
	j.works()
	s.rotate(alpha, 3)
	s.keys(alpha, 1, 3)
	s.rotate(alpha, 4)
	s.keys(alpha, 3, 4)
	s.is("alpha-identity-2", &corev1.Secret{})
}

// With the token of the janitor nobody reads a Secret, or deletes one that is no key.
func TestTheAccountOfTheJanitorCanDoLittle(t *testing.T) {
	s := tell(t)
	j := s.employ()
	s.proven("alpha")
	other := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "alpha-identity-7"}, StringData: map[string]string{"password": "correct horse"}}
	s.must(env.Admin.Create(s.Context(), other))
	stolen := j.client()
	foreground := []client.DeleteOption{client.DryRunAll, client.PropagationPolicy(metav1.DeletePropagationForeground)}
	s.eventually(func() error { // The API server learns of a policy a moment after it is made.
		err := stolen.Delete(s.Context(), other.DeepCopy(), client.DryRunAll)
		if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "deletes nothing but Secrets with the sealed key of a peer") {
			return fmt.Errorf("another's Secret could be deleted: %w", err)
		}
		return nil
	})
	for name, secret := range map[string]*corev1.Secret{
		"of another name":           s.secret("else", nil),
		"with another's label":      s.secret("alpha-identity-8", func(l map[string]string) { l[v1alpha1.LabelPeerNode] = "beta" }),
		"of another component":      s.secret("alpha-identity-9", func(l map[string]string) { l[v1alpha1.LabelComponent] = "password" }),
		"of somebody else's making": s.secret("alpha-identity-10", func(l map[string]string) { l[v1alpha1.LabelManagedBy] = "helm" }),
		"without labels":            other,
	} {
		for _, options := range [][]client.DeleteOption{nil, foreground} {
			if err := stolen.Delete(s.Context(), secret.DeepCopy(), options...); !apierrors.IsInvalid(err) {
				s.Errorf("a Secret %s: got %v", name, err)
			}
		}
	}
	for what, err := range map[string]error{
		"get":    stolen.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: "alpha-identity-1"}, &corev1.Secret{}),
		"list":   stolen.List(s.Context(), &corev1.SecretList{}, client.InNamespace(s.ns)),
		"clear":  stolen.DeleteAllOf(s.Context(), &corev1.Secret{}, client.InNamespace(s.ns)),
		"update": stolen.Update(s.Context(), other.DeepCopy()),
		"edit":   stolen.Update(s.Context(), builders.PeerNode(s.ns, "alpha")),
	} {
		if !apierrors.IsForbidden(err) {
			s.Errorf("%s: got %v", what, err)
		}
	}
	key := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "alpha-identity-1"}}
	if err := stolen.Delete(s.Context(), key, client.DryRunAll); err != nil {
		s.Errorf("the key of a peer cannot be removed: %v", err)
	}
}

// secret makes a Secret with the labels of a key of alpha, but for a change.
func (s *story) secret(name string, change func(map[string]string)) *corev1.Secret {
	s.Helper()
	key := &corev1.Secret{}
	s.is("alpha-identity-1", key)
	if change != nil {
		change(key.Labels)
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name, Labels: key.Labels}}
	s.must(env.Admin.Create(s.Context(), secret))
	return secret
}

func (j *janitor) client() client.Client {
	j.Helper()
	c, err := env.UserClient(j.user)
	j.must(err)
	return c
}

// interrupted is a way to the API server that ends at a request.
type interrupted struct {
	verb, resource string
	answerLost     bool
	cut            chan struct{}
}

func (i *interrupted) through(next http.RoundTripper) http.RoundTripper {
	return testenv.RoundTripper(func(r *http.Request) (*http.Response, error) {
		select {
		case <-i.cut:
			return nil, errors.New("the janitor was killed")
		default:
		}
		if r.Method != i.verb || !strings.Contains(r.URL.Path, i.resource) || r.URL.Query().Has("dryRun") {
			return next.RoundTrip(r)
		}
		if i.answerLost {
			if response, err := next.RoundTrip(r); err == nil {
				_ = response.Body.Close()
			}
		}
		close(i.cut)
		return nil, errors.New("the janitor was killed")
	})
}

// Killed at any of its writes, before it is sent or before it is answered, another one goes on.
func TestAJanitorThatIsKilledIsFollowedByAnother(t *testing.T) {
	s := tell(t)
	j := s.employ()
	alpha := s.proven("alpha", keeping(0))
	epoch := int64(1)
	for _, at := range []interrupted{
		{verb: http.MethodDelete, resource: "/secrets/"},
		{verb: http.MethodDelete, resource: "/secrets/", answerLost: true},
		{verb: http.MethodPatch, resource: "/status"},
		{verb: http.MethodPatch, resource: "/status", answerLost: true},
	} {
		epoch++
		s.rotate(alpha, epoch)
		at.cut = make(chan struct{})
		j.worksUntil(at.cut, at.through)
		j.worksUntil(s.removed(alpha, epoch), func(next http.RoundTripper) http.RoundTripper { return next })
		s.keys(alpha, epoch-1, epoch)
	}
	s.serves(alpha)
}

// removed is closed once all keys before that of an epoch are said to be removed.
func (s *story) removed(p *v1alpha1.PeerNode, epoch int64) chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := testenv.Eventually(s.Context(), func() error {
			now := &v1alpha1.PeerNode{}
			if err := s.get(p.Name, now); err != nil || now.Status.Identity.RemovedThrough < epoch-1 {
				return fmt.Errorf("the key of epoch %d is not removed: %w", epoch-1, err)
			}
			return nil
		}); err != nil {
			s.Error(err)
		}
	}()
	return done
}

// worksUntil lets a janitor work in this process, and ends it.
func (j *janitor) worksUntil(end <-chan struct{}, wrap func(http.RoundTripper) http.RoundTripper) {
	j.Helper()
	ctx, cancel := context.WithTimeout(j.Context(), 2*time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- env.RunJanitor(ctx, j.user, j.ns, wrap) }()
	select {
	case <-end:
	case <-ctx.Done():
		j.Error("the janitor did not come so far")
	}
	cancel()
	j.must(<-done)
}

// between is a way to the API server on which something happens just before a request is passed on, once.
func between(is func(*http.Request) bool, happens func() error, answered func(*http.Response) error) func(http.RoundTripper) http.RoundTripper {
	var once sync.Once
	return func(next http.RoundTripper) http.RoundTripper {
		return testenv.RoundTripper(func(r *http.Request) (*http.Response, error) {
			first := false
			if is(r) {
				once.Do(func() { first = true })
			}
			if !first {
				return next.RoundTrip(r)
			}
			if err := happens(); err != nil {
				return nil, err
			}
			response, err := next.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			if err := answered(response); err != nil {
				_ = response.Body.Close()
				return nil, err
			}
			return response, nil
		})
	}
}

// deletes tells deletions of Secrets, or their dry runs.
func deletes(dry bool) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/secrets/") && r.URL.Query().Has("dryRun") == dry
	}
}

// The name may have been given to another Secret since the janitor looked.
func TestADeletionThatComesLateMeetsNoLaterSecret(t *testing.T) {
	s := tell(t)
	j := s.employ()
	alpha := s.proven("alpha", keeping(0))
	s.rotate(alpha, 2)
	later := &corev1.Secret{}
	s.is("alpha-identity-1", later)
	later.ResourceVersion, later.UID = "", ""
	answer := make(chan int, 1)
	done := make(chan struct{})
	j.worksUntil(done, between(deletes(false), func() error {
		return errors.Join(env.Admin.Delete(s.Context(), later.DeepCopy()), env.Admin.Create(s.Context(), later))
	}, func(response *http.Response) error {
		answer <- response.StatusCode
		close(done)
		return errors.New("the janitor was killed")
	}))
	if code := <-answer; code != http.StatusConflict {
		s.Errorf("the deletion was answered with %d", code)
	}
	now := &corev1.Secret{}
	if s.is("alpha-identity-1", now); now.UID != later.UID {
		s.Error("the later Secret is gone")
	}
}

// What the spec says when the keys are about to go counts, and not what the janitor last heard of it.
func TestKeysStayThatAreToBeKeptAtTheLastMoment(t *testing.T) {
	s := tell(t)
	j := s.employ()
	alpha := s.proven("alpha", keeping(0))
	s.rotate(alpha, 2)
	done := make(chan struct{})
	asks := between(deletes(true), func() error {
		keep := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"identity":{"rotation":{"keepPrevious":1}}}}`))
		return env.Admin.Patch(s.Context(), alpha.DeepCopy(), keep)
	}, func(*http.Response) error {
		time.AfterFunc(pause, func() { close(done) })
		return nil
	})
	j.worksUntil(done, func(next http.RoundTripper) http.RoundTripper {
		return asks(testenv.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if deletes(false)(r) {
				s.Errorf("%s is deleted", r.URL.Path)
			}
			return next.RoundTrip(r)
		}))
	})
	s.keys(alpha, 0, 1, 2)
}
