// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/unseal"
	"github.com/peernode/operator/test/testenv"
)

// unsealerUser is the name under which the unsealer talks to the API server.
const unsealerUser = "peernode-unsealer"

// unsealer is the real program, and a test that talks to it.
type unsealer struct {
	*story
	// system is its namespace. It is not the one that the operator of these tests looks into.
	system                   string
	cmd                      *exec.Cmd
	address, metrics, probes string
	sealing                  sealingkey.Key
	published                sealingkey.Published
	said                     lockedBuffer
	// tokens are all that were ever sent, secrets the private keys of all peers.
	tokens, secrets [][]byte
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
	u := &unsealer{story: s, system: namespace(s.T), address: freeAddress(s.T), metrics: freeAddress(s.T), probes: freeAddress(s.T)}
	for _, file := range unsealerRoles {
		object := &unstructured.Unstructured{}
		s.must(yaml.Unmarshal(u.manifest(file), &object.Object))
		if object.GetKind() == "Role" {
			object.SetNamespace(u.system)
		}
		u.creates(object)
	}
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: unsealerUser}}
	u.creates(&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: unsealerUser}, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "peernode-unsealer"}})
	u.creates(&rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: u.system, Name: unsealerUser}, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "peernode-unsealer"}})
	u.start(u.mountKey())
	s.eventually(func() error { return u.probe("/readyz") })
	u.readPublished()
	return u
}

// creates makes what goes with the test.
func (u *unsealer) creates(o client.Object) {
	u.Helper()
	u.must(env.Admin.Create(u.Context(), o))
	u.Cleanup(func() { _ = env.Admin.Delete(context.Background(), o) })
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
	secret, err := sealingkey.NewSecret(u.system, 1, time.Now())
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
	u.cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "POD_NAMESPACE="+u.system)
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
	u.must(env.Admin.Get(u.Context(), types.NamespacedName{Namespace: u.system, Name: "peernode-unsealer"}, configMap))
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
	return u.post(unseal.Path, unseal.Request{Envelope: r.envelope, Recipient: r.recipient.String()}.Text(), r)
}

// post sends a body to one of the paths.
func (u *unsealer) post(path string, body []byte, r request) (int, []byte, error) {
	post, err := http.NewRequest(http.MethodPost, sealingkey.URL(u.system)+path, bytes.NewReader(body))
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
