// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	_ "embed"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"text/template"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/pkg/edge"
)

//go:embed nginx.conf.tmpl
var nginxTemplate string

// startEdge starts peer-companion edge as it is in a pod.
func (b *bed) startEdge(ctx context.Context) error {
	c, err := b.config()
	if err != nil {
		return err
	}
	document, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	path := filepath.Join(b.dir, "edge.yaml")
	if err := os.WriteFile(path, document, 0o600); err != nil {
		return err
	}
	p := &program{name: "edge", url: "https://" + c.Listen, access: filepath.Join(b.dir, "edge-access.log")}
	b.proxies = append(b.proxies, p)
	if err := b.run(p, filepath.Join(b.dir, "peer-companion"), "edge", "--config", path); err != nil {
		return err
	}
	return b.begins(ctx, p)
}

// startNginx starts nginx with the figures of the edge's document.
func (b *bed) startNginx(ctx context.Context) error {
	c, err := b.config()
	if err != nil {
		return err
	}
	me, err := user.Current()
	if err != nil {
		return err
	}
	p := &program{name: "nginx", url: "https://" + c.Listen, access: filepath.Join(b.dir, "nginx-access.log")}
	document, err := nginxDocument(nginxInput{Config: c, Dir: b.dir, Access: p.access, User: me.Username, Processors: runtime.GOMAXPROCS(0)})
	if err != nil {
		return err
	}
	path := filepath.Join(b.dir, "nginx.conf")
	if err := os.WriteFile(path, document, 0o600); err != nil {
		return err
	}
	b.proxies = append(b.proxies, p)
	if err := b.run(p, b.nginx, "-c", path, "-p", b.dir); err != nil {
		return err
	}
	return b.begins(ctx, p)
}

// config is the document of an edge with an address of its own.
func (b *bed) config() (edge.Config, error) {
	c := b.limits
	c.Software, c.Peer = edge.P2PAgent, strings.TrimPrefix(b.peer.url, "http://")
	c.TLS.Certificate, c.TLS.Key = filepath.Join(b.dir, "tls.crt"), filepath.Join(b.dir, "tls.key")
	c.Timeouts.Unready = metav1.Duration{}
	var err error
	if c.Listen, err = free(); err != nil {
		return c, err
	}
	c.Metrics, err = free()
	return c, err
}

// nginxInput is what the configuration of nginx is made of.
type nginxInput struct {
	edge.Config

	Dir, Access, User string
	Processors        int
}

func nginxDocument(in nginxInput) ([]byte, error) {
	t, err := template.New("nginx.conf").Option("missingkey=error").Parse(nginxTemplate)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, in)
	return out.Bytes(), err
}

// nginxVersion is what nginx says of itself.
func nginxVersion(nginx string) string {
	out, _ := exec.Command(nginx, "-V").CombinedOutput()
	var parts []string
	for _, pattern := range []string{`nginx version: (.+)`, `running with ([^)]+?)(?: \d+ \w+ \d+)?\)`} {
		if found := regexp.MustCompile(pattern).FindSubmatch(out); found != nil {
			parts = append(parts, string(found[1]))
		}
	}
	return strings.Join(parts, " with ")
}
