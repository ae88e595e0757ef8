// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/unseal"
	"github.com/peernode/operator/test/testenv"
)

const (
	// unsealerUser is the name under which the unsealer talks to the API server.
	unsealerUser = "peernode-unsealer"
	system       = "peernode-system"
)

// seedOf is the private key of all peers in these tests, so that it can be looked for where it must not be.
var seedOf = []byte("0123456789abcdefghijklmnopqrstuv")

// unsealer is the real program, and a test that talks to it.
type unsealer struct {
	*story
	cmd                      *exec.Cmd
	address, metrics, probes string
	sealing                  sealingkey.Key
	published                sealingkey.Published
	said                     lockedBuffer
	// tokens are all that were ever sent.
	tokens [][]byte
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// startUnsealer runs the program as its own user, with the roles that it ships with.
func startUnsealer(s *story) *unsealer {
	s.Helper()
	u := &unsealer{story: s, address: freeAddress(s.T), metrics: freeAddress(s.T), probes: freeAddress(s.T)}
	s.must(client.IgnoreAlreadyExists(env.Admin.Create(s.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: system}})))
	for _, file := range unsealerRoles {
		object := &unstructured.Unstructured{}
		s.must(yaml.Unmarshal(u.manifest(file), &object.Object))
		s.must(env.Admin.Create(s.Context(), object))
	}
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: unsealerUser}}
	s.must(env.Admin.Create(s.Context(), &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: unsealerUser}, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "peernode-unsealer"}}))
	s.must(env.Admin.Create(s.Context(), &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: unsealerUser}, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "peernode-unsealer"}}))
	u.start(u.mountKey())
	s.eventually(func() error { return u.probe("/readyz") })
	u.readPublished()
	return u
}

func (u *unsealer) manifest(file string) []byte {
	u.Helper()
	raw, err := os.ReadFile(filepath.Join(testenv.Root(), "config", "unsealer", file))
	u.must(err)
	return raw
}

// mountKey lays a sealing key out as the kubelet does.
func (u *unsealer) mountKey() string {
	u.Helper()
	secret, err := sealingkey.NewSecret(system, 1, time.Now())
	u.must(err)
	u.sealing, err = sealingkey.Read(secret.Data)
	u.must(err)
	folder := u.TempDir()
	u.must(os.Mkdir(filepath.Join(folder, "1"), 0o700))
	for name, content := range secret.Data {
		u.must(os.WriteFile(filepath.Join(folder, "1", name), content, 0o600))
	}
	return folder
}

func (u *unsealer) start(keys string) {
	u.Helper()
	p := build(u.T, "cmd/peernode-unsealer")
	kubeconfig, err := env.UserKubeconfig(unsealerUser)
	u.must(err)
	u.cmd = exec.Command(p.path, "--sealing-keys", keys, "--listen", u.address, "--metrics-bind-address", u.metrics, "--health-probe-bind-address", u.probes)
	u.cmd.Dir, u.cmd.Stderr = p.dir, &u.said
	u.cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "POD_NAMESPACE="+system)
	u.must(u.cmd.Start())
	u.Cleanup(func() {
		u.cmd.Process.Kill()
		u.cmd.Wait()
		if u.Failed() {
			u.Logf("the unsealer said:\n%s", &u.said)
		}
	})
}

// stop asks the program to end, as the kubelet does.
func (u *unsealer) stop() {
	u.Helper()
	u.must(u.cmd.Process.Signal(syscall.SIGTERM))
	if err := u.cmd.Wait(); err != nil {
		u.Errorf("the unsealer ends with %v", err)
	}
}

func (u *unsealer) probe(path string) error {
	response, err := http.Get("http://" + u.probes + path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

func (u *unsealer) readPublished() {
	u.Helper()
	configMap := &corev1.ConfigMap{}
	u.must(env.Admin.Get(u.Context(), types.NamespacedName{Namespace: system, Name: "peernode-unsealer"}, configMap))
	var err error
	u.published, err = sealingkey.ReadPublished(configMap.Data)
	u.must(err)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// client connects to the unsealer by the name that pods use, from a local address.
func (u *unsealer) client(from string) *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(u.published.CA)
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		MaxIdleConnsPerHost: 100,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, u.address)
		},
	}}
}

// request is what an init container sends, and how.
type request struct {
	token     string
	envelope  string
	recipient seal.Recipient
	client    *http.Client
}

func (u *unsealer) send(r request) (int, []byte, error) {
	body := unseal.Request{Envelope: r.envelope, Recipient: r.recipient.String()}.Text()
	post, err := http.NewRequest(http.MethodPost, sealingkey.URL(system)+unseal.Path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	post.Header.Set("Authorization", "Bearer "+r.token)
	response, err := r.client.Do(post)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, text, err
}

// unsealing is a peer whose init container asks.
type unsealing struct {
	*unsealer
	*v1alpha1.PeerNode
	envelope  string
	ephemeral seal.Opener
}

// withUnseal gives the peer's pod the init container that asks. No kubelet runs it here.
func withUnseal(p *v1alpha1.PeerNode) {
	p.Spec.PodTemplate = &runtime.RawExtension{Raw: []byte(`{"spec":{"initContainers":[{"name":"unseal","image":"registry.example.com/peer-companion:v1",` +
		`"securityContext":{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"drop":["ALL"]}}}]}}`)}
}

// peer makes a peer whose init container asks now.
func (u *unsealer) peer(name string) *unsealing {
	u.Helper()
	ephemeral, err := seal.NewOpener()
	u.must(err)
	p := &unsealing{unsealer: u, PeerNode: u.serving(name, withUnseal), ephemeral: ephemeral}
	p.envelope = p.sealed(u.ns, name, 1)
	p.reports(corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}})
	return p
}

// sealed is an envelope for a place, sealed to the recipient that the unsealer has published.
func (u *unsealer) sealed(namespace, name string, epoch int64) string {
	u.Helper()
	return u.sealedTo(u.published.Recipient, namespace, name, epoch)
}

func (u *unsealer) sealedTo(recipient seal.Recipient, namespace, name string, epoch int64) string {
	u.Helper()
	key, err := identity.Parse(v1alpha1.IdentityEd25519, seedOf)
	u.must(err)
	e, err := seal.Seal(key, seal.Binding{Namespace: namespace, PeerNode: name, Role: seal.RoleIdentity, Epoch: epoch}, []seal.Recipient{recipient})
	u.must(err)
	return string(e.Text())
}

// reports plays the kubelet of a simulated node: the pod is on this machine, and unseal is in a state.
func (p *unsealing) reports(state corev1.ContainerState) {
	p.Helper()
	p.report(p.Name+"-0", state)
}

func (u *unsealer) report(name string, state corev1.ContainerState) {
	u.Helper()
	pod := &corev1.Pod{}
	u.is(name, pod)
	before := pod.DeepCopy()
	pod.Status.PodIP, pod.Status.PodIPs = "127.0.0.1", []corev1.PodIP{{IP: "127.0.0.1"}}
	pod.Status.InitContainerStatuses = slices.DeleteFunc(pod.Status.InitContainerStatuses, func(s corev1.ContainerStatus) bool { return s.Name == unseal.Container })
	pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, corev1.ContainerStatus{Name: unseal.Container, State: state})
	u.must(env.Admin.Status().Patch(u.Context(), pod, client.MergeFrom(before)))
}

// token asks for a token as the kubelet does, for the unsealer and bound to a pod.
func (u *unsealer) token(account, pod string, change ...func(*authenticationv1.TokenRequestSpec)) string {
	u.Helper()
	is := &corev1.Pod{}
	u.is(pod, is)
	asked := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		Audiences:         []string{sealingkey.Audience},
		ExpirationSeconds: new(int64(600)),
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod, UID: is.UID},
	}}
	for _, c := range change {
		c(&asked.Spec)
	}
	serviceAccount := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: u.ns, Name: account}}
	u.must(env.Admin.SubResource("token").Create(u.Context(), serviceAccount, asked))
	u.tokens = append(u.tokens, []byte(asked.Status.Token))
	return asked.Status.Token
}

// request is that of the peer's own init container.
func (p *unsealing) request(change ...func(*request)) request {
	p.Helper()
	r := request{envelope: p.envelope, recipient: p.ephemeral.Recipient(), client: p.client("127.0.0.1")}
	for _, c := range change {
		c(&r)
	}
	if r.token == "" {
		r.token = p.token(p.Name, p.Name+"-0")
	}
	return r
}

// gets fails unless the request brings the key.
func (p *unsealing) gets(when string, r request) {
	p.Helper()
	if err := p.brings(r); err != nil {
		p.Errorf("%s: %v", when, err)
	}
}

func (p *unsealing) brings(r request) error {
	status, text, err := p.send(r)
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("%d %s %w", status, text, err)
	}
	e, err := seal.Read(bytes.NewReader(text))
	if err != nil {
		return err
	}
	opened, err := e.Open(seal.Binding{Namespace: p.Namespace, PeerNode: p.Name, Role: seal.RoleIdentity, Epoch: 1}, p.ephemeral)
	if err != nil {
		return err
	}
	if !bytes.Equal(opened.Key.Secret(), seedOf) {
		return errors.New("this is another key")
	}
	return nil
}

// refused returns nil if the request ends with the reason.
func (u *unsealer) refused(r request, reason unseal.Reason) error {
	status, text, err := u.send(r)
	if err != nil {
		return err
	}
	var is unseal.Refusal
	if err := json.Unmarshal(text, &is); err != nil || is.Reason != reason || status != is.Status() || !strings.Contains(is.Message, " ") {
		return fmt.Errorf("got %d %.300s, want %s", status, text, reason)
	}
	return nil
}
