// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/peernode/operator/cmd/p2p-agent/internal/api"
	"github.com/peernode/operator/cmd/p2p-agent/internal/identity"
)

// process is the built program, run as a pod would run it.
type process struct {
	*exec.Cmd
	binary, dir, health string
	info                identity.Info
	log                 *bytes.Buffer
}

func TestTheProgramAsAProcess(t *testing.T) {
	binary := build(t)
	beta := prepare(t, binary, "beta", "allowed_peers: []\n")
	beta.start(t)
	address := fmt.Sprintf("/ip4/127.0.0.1/tcp/%s/p2p/%s", freePort(t), beta.info.PeerID)
	beta.stop(t) // to start again on a known port
	beta.configure(t, strings.TrimSuffix(address, "/p2p/"+beta.info.PeerID.String()))
	alpha := prepare(t, binary, "alpha", fmt.Sprintf("allowed_peers: [%s]\nbootstrap: [%s]\n", beta.info.PeerID, address))
	beta.publish(t, fmt.Sprintf("allowed_peers: [%s]\n", alpha.info.PeerID))
	beta.start(t)
	alpha.start(t)

	waitFor(t, "alpha lists beta", func() bool {
		out, err := exec.Command(binary, "peers", "--address", alpha.health).Output()
		return err == nil && strings.Contains(string(out), beta.info.PeerID.String()) && strings.Contains(string(out), "beta")
	})
	before := beta.identity(t)
	if before.Starts != 2 || before.PeerID != beta.info.PeerID {
		t.Errorf("beta: %+v", before)
	}
	if err := beta.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	beta.Wait()
	beta.start(t)
	if after := beta.identity(t); after.Starts != 3 || after.Sequence < before.Sequence {
		t.Errorf("killed and started again: before %+v, after %+v", before, after)
	}
	waitFor(t, "alpha finds beta again", func() bool {
		out, err := exec.Command(binary, "peers", "--address", alpha.health, "-o", "json").Output()
		return err == nil && strings.Contains(string(out), beta.info.PeerID.String())
	})
	alpha.stop(t)
	beta.stop(t)
	for _, p := range []*process{alpha, beta} {
		for line := range strings.Lines(p.log.String()) {
			if !json.Valid([]byte(line)) {
				t.Errorf("the log is not JSON: %s", line)
			}
		}
	}
}

func TestStartFailsOnAConfigurationItCannotHonour(t *testing.T) {
	binary := build(t)
	p := prepare(t, binary, "alpha", "allowed_peers: []\n")
	if err := os.WriteFile(filepath.Join(p.dir, "agent.yaml"), []byte("security: {rbac: {enabled: true}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(binary, "start", "--config", filepath.Join(p.dir, "agent.yaml")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "security.rbac: there are no users or roles") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestMain removes the program that the tests built.
func TestMain(m *testing.M) {
	code := m.Run()
	if buildDir != "" {
		os.RemoveAll(buildDir)
	}
	os.Exit(code)
}

// buildDir is set once the program was built.
var buildDir string

// compiled compiles the program once, statically as for the image.
var compiled = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "p2p-agent-test-")
	if err != nil {
		return "", err
	}
	buildDir = dir
	cmd := exec.Command("go", "build", "-o", dir+"/p2p-agent", "../..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return dir + "/p2p-agent", nil
})

func build(t *testing.T) string {
	t.Helper()
	binary, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

func prepare(t *testing.T, binary, name, peers string) *process {
	t.Helper()
	p := &process{binary: binary, dir: t.TempDir()}
	out, err := exec.Command(binary, "identity", "generate", "--keys", filepath.Join(p.dir, "keys")).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &p.info); err != nil {
		t.Fatal(err)
	}
	p.health = "127.0.0.1:" + freePort(t)
	p.publish(t, peers)
	if err := os.WriteFile(filepath.Join(p.dir, "name"), []byte(name), 0o600); err != nil {
		t.Fatal(err)
	}
	p.configure(t, "/ip4/127.0.0.1/tcp/0")
	return p
}

func (p *process) configure(t *testing.T, listen string) {
	t.Helper()
	yaml := fmt.Sprintf(`agent: {name: %s}
identity: {storage: {location: %[2]s/keys}}
network: {listen: [%[3]s]}
peers: {file: %[2]s/peers.yaml}
storage: {path: %[2]s/data}
monitoring: {health: {listen: "%[4]s"}, metrics: {listen: "127.0.0.1:0"}}
`, read(t, filepath.Join(p.dir, "name")), p.dir, listen, p.health)
	if err := os.WriteFile(filepath.Join(p.dir, "agent.yaml"), []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *process) publish(t *testing.T, peers string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, "peers.yaml"), []byte(peers), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *process) start(t *testing.T) {
	t.Helper()
	p.log = &bytes.Buffer{}
	p.Cmd = exec.Command(p.binary, "start", "--config", filepath.Join(p.dir, "agent.yaml"))
	p.Stderr = p.log
	cmd := p.Cmd
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	waitFor(t, "the agent is ready", func() bool {
		response, err := http.Get("http://" + p.health + api.ReadyPath)
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// stop wants what the contract says: SIGTERM, exit code 0, within five seconds.
func (p *process) stop(t *testing.T) {
	t.Helper()
	begin := time.Now()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("exit after SIGTERM: %v\n%s", err, p.log)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %s to stop", took)
	}
}

func (p *process) identity(t *testing.T) (id api.Identity) {
	t.Helper()
	response, err := http.Get("http://" + p.health + api.IdentityPath)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for: %s", what)
}
